// A knowledge graph: names as boxes, predicates as arrows, laid out by forces; drag a name, click to select.
// Stands alone as a block, and `Graph` is used by other blocks that link selections.
import { el, style, t } from "../gallery.js";

style(import.meta.url);

export function draw(node, block) {
  node.className = "panel block-graph";
  const own = node.own ?? (node.own = { box: el("div", { class: "graph-box" }), title: el("h3") });
  node.replaceChildren(own.title, own.box);
  own.title.replaceChildren(block.title ?? "", el("small", {}, block.hint ?? ""));
  own.graph ??= new Graph(own.box, () => {});
  own.graph.set(block.nodes, block.edges);
}

const NS = "http://www.w3.org/2000/svg";
function svg(name, attributes, ...children) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

let graphs = 0; // on the page; a marker of a hidden picture would hide all of the same name

const SIZE = 13; // of the letters
/** Width of a name on the picture: Latin letters are about half as wide as Chinese characters. */
const widthOf = (name) => [...name].reduce((sum, char) => sum + (char.codePointAt(0) < 0x2e80 ? 0.6 : 1), 0) * SIZE + 18;
const short = (name) => ([...name].length > 14 ? `${[...name].slice(0, 13).join("")}…` : name);

export class Graph {
  /** `pick(what)` is told what was clicked: {name} or {edges: [...]}, null for the ground. */
  constructor(box, pick) {
    Object.assign(this, { box, pick, nodes: [], links: [], places: new Map(), chosen: null, mark: `graph-arrow-${graphs++}` });
    this.picture = svg("svg", { class: "graph", role: "img" });
    this.picture.addEventListener("click", (event) => event.target === this.picture && this.pick(null));
    box.replaceChildren(this.picture);
    new ResizeObserver(() => this.nodes.length && this.width !== box.clientWidth && this.layout()).observe(box);
  }

  /** Names `{name, type}` and edges `{id, subject, predicate, object, p}`; names keep their places. */
  set(nodes, edges) {
    const links = new Map();
    for (const edge of edges) {
      const key = JSON.stringify([edge.subject, edge.object]);
      (links.get(key) ?? links.set(key, []).get(key)).push(edge);
    }
    this.links = [...links.values()].map((all) => ({ from: all[0].subject, to: all[0].object, edges: all, p: Math.max(...all.map((edge) => edge.p)) }));
    const old = this.places;
    const groups = this.groups(nodes);
    this.places = new Map();
    this.nodes = nodes.map((node) => {
      const [group, i] = groups.get(node.name);
      // Groups without a relation between them start apart; the golden angle spreads any number evenly.
      const centre = group ? 90 * Math.sqrt(group + 1) : 0;
      const radius = 10 + 22 * Math.sqrt(i);
      const known = old.get(node.name);
      const body = known ?? { x: (centre * Math.cos(2.4 * group) + radius * Math.cos(2.4 * i)) * 1.6, y: centre * Math.sin(2.4 * group) + radius * Math.sin(2.4 * i), held: false };
      Object.assign(body, node, { w: widthOf(short(node.name)), vx: 0, vy: 0, fresh: !known });
      this.places.set(node.name, body);
      return body;
    });
    this.picture.setAttribute("aria-label", t(`知识图谱：${nodes.length} 个名字，${edges.length} 条关系`, `knowledge graph: ${nodes.length} names, ${edges.length} relations`));
    this.layout();
  }

  /** For every name the number of its connected group, the largest first, and its own number there. */
  groups(nodes) {
    const root = new Map(nodes.map(({ name }) => [name, name]));
    const find = (name) => (root.get(name) === name ? name : find(root.get(name)));
    for (const { from, to } of this.links) root.set(find(from), find(to));
    const members = new Map();
    for (const { name } of nodes) (members.get(find(name)) ?? members.set(find(name), []).get(find(name))).push(name);
    const sorted = [...members.values()].sort((a, b) => b.length - a.length);
    return new Map(sorted.flatMap((names, group) => names.map((name, i) => [name, [group, i]])));
  }

  /** Which names and edges (by id) are picked out; null for none. */
  choose(names, ids) {
    this.chosen = names || ids ? { names: new Set(names ?? []), ids: new Set(ids ?? []) } : null;
    this.paint();
  }

  layout() {
    this.width = Math.max(260, this.box.clientWidth);
    this.height = Math.min(560, 130 + 26 * this.nodes.length);
    this.picture.setAttribute("viewBox", `${-this.width / 2} ${-this.height / 2} ${this.width} ${this.height}`);
    this.picture.setAttribute("height", this.height);
    const rounds = this.nodes.length > 150 ? 120 : 320;
    for (let i = 0; i < rounds; i++) this.step(1 - i / rounds);
    this.fit(true);
    this.paint();
  }

  /** One round of forces: names push each other apart, edges pull, all are drawn to the middle. */
  step(heat) {
    const { nodes, links } = this;
    const ideal = this.width < 480 ? 92 : 128;
    for (let i = 0; i < nodes.length; i++) {
      for (let j = i + 1; j < nodes.length; j++) {
        const [a, b] = [nodes[i], nodes[j]];
        let dx = a.x - b.x, dy = (a.y - b.y) * 1.5;
        const room = (a.w + b.w) / 2;
        if (dx === 0 && dy === 0) [dx, dy] = [0.1 * (i - j), 0.1];
        const square = Math.max(100, dx * dx + dy * dy);
        let push = (0.55 * ideal * ideal) / square;
        if (Math.abs(dx) < room && Math.abs(dy) < 48) push += 3; // boxes must not cover each other
        const length = Math.sqrt(square);
        a.vx += (dx / length) * push; a.vy += (dy / length) * push;
        b.vx -= (dx / length) * push; b.vy -= (dy / length) * push;
      }
    }
    for (const link of links) {
      const [a, b] = [this.places.get(link.from), this.places.get(link.to)];
      if (a === b) continue;
      const dx = b.x - a.x, dy = b.y - a.y;
      const length = Math.max(1, Math.hypot(dx, dy));
      const pull = 0.05 * (length - ideal - 0.2 * (a.w + b.w));
      a.vx += (dx / length) * pull; a.vy += (dy / length) * pull;
      b.vx -= (dx / length) * pull; b.vy -= (dy / length) * pull;
    }
    for (const node of nodes) {
      node.vx -= 0.008 * node.x; node.vy -= 0.02 * node.y;
      if (!node.held) {
        const most = 2 + 16 * heat;
        node.x += Math.max(-most, Math.min(most, node.vx));
        node.y += Math.max(-most, Math.min(most, node.vy));
      }
      node.vx *= 0.5; node.vy *= 0.5;
    }
  }

  /** Shrink what does not fit, spread what leaves room, and keep every box inside the picture. */
  fit(settle = false) {
    const wide = Math.max(1, ...this.nodes.map((n) => Math.abs(n.x) + n.w / 2)) / (this.width / 2 - 4);
    const high = Math.max(1, ...this.nodes.map((n) => Math.abs(n.y) + 16)) / (this.height / 2 - 4);
    for (const node of this.nodes) {
      if (settle) node.x /= Math.max(0.55, wide);
      if (settle) node.y /= Math.max(0.7, high);
      node.x = Math.max(node.w / 2 - this.width / 2 + 2, Math.min(this.width / 2 - node.w / 2 - 2, node.x));
      node.y = Math.max(16 - this.height / 2, Math.min(this.height / 2 - 16, node.y));
    }
  }

  paint() {
    const parts = [svg("defs", {}, ...["", "-on"].map((which) => svg("marker", { id: `${this.mark}${which}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse", class: `graph-arrow${which}` }, svg("path", { d: "M0 0L8 4L0 8z" }))))];
    for (const link of this.links) parts.push(this.paintLink(link));
    for (const node of this.nodes) parts.push(this.paintNode(node));
    this.picture.replaceChildren(...parts);
  }

  paintLink(link) {
    const [a, b] = [this.places.get(link.from), this.places.get(link.to)];
    const on = this.chosen && link.edges.some((edge) => this.chosen.ids.has(edge.id));
    const back = this.links.some((other) => other.from === link.to && other.to === link.from && other !== link);
    const label = link.edges.map((edge) => edge.predicate).join(" · ");
    let path, x, y;
    if (a === b) {
      path = `M${a.x - 14} ${a.y - 14}C${a.x - 40} ${a.y - 62} ${a.x + 40} ${a.y - 62} ${a.x + 14} ${a.y - 14}`;
      [x, y] = [a.x, a.y - 52];
    } else {
      const [p, q] = [edgeOf(a, b), edgeOf(b, a)];
      const bend = back ? 22 : 0;
      const length = Math.max(1, Math.hypot(q.x - p.x, q.y - p.y));
      const [nx, ny] = [(-(q.y - p.y) / length) * bend, ((q.x - p.x) / length) * bend];
      [x, y] = [(p.x + q.x) / 2 + nx / 1.6, (p.y + q.y) / 2 + ny / 1.6];
      path = `M${p.x} ${p.y}Q${(p.x + q.x) / 2 + nx} ${(p.y + q.y) / 2 + ny} ${q.x} ${q.y}`;
    }
    return svg("g", { class: `graph-link${on ? " on" : this.chosen ? " off" : ""}`, onclick: () => this.pick({ edges: link.edges.map((edge) => edge.id) }) },
      svg("path", { d: path, class: "grip" }),
      svg("path", { d: path, "marker-end": `url(#${this.mark}${on ? "-on" : ""})`, "stroke-opacity": 0.35 + 0.65 * link.p }),
      svg("text", { x, y: y + 4 }, label));
  }

  paintNode(node) {
    const on = this.chosen?.names.has(node.name);
    const group = svg("g", { class: `graph-node${on ? " on" : this.chosen ? " off" : ""}`, transform: `translate(${node.x} ${node.y})`, tabindex: 0, role: "button", "aria-label": `${node.name} ${node.type}` },
      svg("title", {}, `${node.name} · ${node.type}`),
      svg("rect", { x: -node.w / 2, y: -14, width: node.w, height: 28, rx: 14 }),
      svg("text", { y: 5 }, short(node.name)));
    const choose = () => this.pick({ name: node.name });
    group.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose()));
    group.addEventListener("pointerdown", (event) => this.drag(event, node, group, choose));
    return group;
  }

  /** Move a name by hand; a press without a move selects it. */
  drag(event, node, group, choose) {
    event.preventDefault();
    const scale = this.width / this.picture.clientWidth;
    const from = { x: event.clientX, y: event.clientY };
    const began = { x: node.x, y: node.y };
    let moved = false;
    node.held = true;
    const move = (next) => {
      const [dx, dy] = [(next.clientX - from.x) * scale, (next.clientY - from.y) * scale];
      if (Math.abs(dx) + Math.abs(dy) > 3) moved = true;
      if (!moved) return;
      [node.x, node.y] = [began.x + dx, began.y + dy];
      for (let i = 0; i < 3; i++) this.step(0.3);
      this.fit();
      this.paint();
    };
    const stop = () => {
      node.held = false;
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", stop);
      window.removeEventListener("pointercancel", stop);
      if (!moved) choose();
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop);
    window.addEventListener("pointercancel", stop);
  }
}

/** Where the straight way from the middle of one box to another leaves the first. */
function edgeOf(a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const share = Math.min(1, 1 / Math.max(Math.abs(dx) / (a.w / 2 + 3), Math.abs(dy) / 17, 1e-9));
  return { x: a.x + dx * share, y: a.y + dy * share };
}
