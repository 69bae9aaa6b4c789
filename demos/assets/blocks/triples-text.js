// A text with its subjects and objects marked and arcs from each subject to its objects, over any number of
// lines. The text is laid out by the browser; the arcs are measured from it and drawn again when it changes.
import { el, t } from "../gallery.js";
import { readable } from "./chars.js";

const NS = "http://www.w3.org/2000/svg";
const STEP = 15; // pixels between two arcs that lie over each other
const ARCS = 60; // drawn at once; the rest only when selected

function svg(name, attributes, ...children) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

export class MarkedText {
  /** `pick` is told {name} or {edges}; `select` the place of a selected piece of text. */
  constructor(pick, select) {
    Object.assign(this, { pick, select, chars: [], triples: [], chosen: null });
    this.words = el("div", { class: "triple-words", lang: "zh", dir: "ltr" });
    this.arcs = svg("svg", { class: "triple-arcs", "aria-hidden": "true" });
    this.node = el("div", { class: "triple-text" }, this.words, this.arcs);
    this.words.addEventListener("mouseup", () => this.selected());
    this.words.addEventListener("touchend", () => setTimeout(() => this.selected(), 60));
    new ResizeObserver(() => this.width !== this.words.clientWidth && this.draw()).observe(this.words);
  }

  set(chars, triples, forced) {
    Object.assign(this, { chars, triples, forced });
    this.write();
  }

  choose(names, ids) {
    this.chosen = names || ids ? { names: new Set(names ?? []), ids: new Set(ids ?? []) } : null;
    for (const piece of this.words.children) {
      const mine = piece.names ?? [];
      piece.classList.toggle("on", Boolean(this.chosen && mine.some((name) => this.chosen.names.has(name))));
    }
    this.draw();
  }

  /** Cut the text at all borders of names; each piece knows the names it belongs to. */
  write() {
    const marks = new Map(); // "start:end" -> {s, e, roles, name}
    const add = ([s, e], role, name) => {
      const key = `${s}:${e}`;
      const mark = marks.get(key) ?? marks.set(key, { s, e, name, roles: new Set() }).get(key);
      mark.roles.add(role);
    };
    for (const triple of this.triples) {
      for (const place of triple.subjectPlaces) add(place, "s", triple.subject);
      for (const place of triple.objectPlaces) add(place, "o", triple.object);
    }
    for (const place of this.forced) add(place, "f", this.chars.slice(...place).join(""));
    const all = [...marks.values()];
    const borders = [...new Set([0, this.chars.length, ...all.flatMap(({ s, e }) => [s, e])])].sort((a, b) => a - b);
    const pieces = [];
    for (let k = 0; k + 1 < borders.length; k++) {
      const [s, e] = [borders[k], borders[k + 1]];
      const over = all.filter((mark) => mark.s <= s && mark.e >= e);
      const text = readable(this.chars.slice(s, e).join(""));
      let node;
      if (!over.length) node = el("span", {}, text);
      else {
        const roles = new Set(over.flatMap((mark) => [...mark.roles]));
        const inner = over.reduce((a, b) => (b.e - b.s < a.e - a.s ? b : a));
        const role = roles.has("s") && roles.has("o") ? "both" : roles.has("o") ? "object" : roles.has("s") ? "subject" : "asked";
        const classes = ["mark", role, over.some((mark) => mark.s === s) ? "first" : "", over.some((mark) => mark.e === e) ? "last" : ""];
        node = el("span", { class: classes.filter(Boolean).join(" "), role: "button", tabindex: 0, title: `${inner.name} [${inner.s}:${inner.e}]` }, text);
        node.names = over.map((mark) => mark.name);
        const choose = () => String(getSelection()) === "" && this.pick({ name: inner.name, place: [inner.s, inner.e] });
        node.addEventListener("click", choose);
        node.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose()));
      }
      node.start = s;
      pieces.push(node);
    }
    this.words.replaceChildren(...pieces);
    this.pieces = pieces;
    this.draw();
  }

  /** Where a place of the text is on the page: the boxes of its first and last line. */
  boxOf([s, e]) {
    const mine = this.pieces.filter((piece) => piece.start >= s && piece.start < e);
    if (!mine.length) return null;
    const base = this.node.getBoundingClientRect();
    const boxes = mine.flatMap((piece) => [...piece.getClientRects()]).filter((box) => box.width);
    if (!boxes.length) return null;
    const first = boxes[0];
    const line = boxes.filter((box) => Math.abs(box.top - first.top) < 4);
    const [left, right] = [Math.min(...line.map((box) => box.left)), Math.max(...line.map((box) => box.right))];
    return { x: (left + right) / 2 - base.left, y: first.top - base.top, bottom: first.bottom - base.top };
  }

  draw() {
    if (!this.pieces || !this.node.isConnected) return;
    const shown = this.triples.filter((triple, i) => i < ARCS || this.chosen?.ids.has(triple.id));
    // Room for the arcs first: the most that lie over each other, estimated from the text's own places.
    const spans = shown.map((triple) => ({ triple, a: Math.min(triple.s[0], triple.o[0]), b: Math.max(triple.s[1], triple.o[1]) }));
    spans.sort((one, other) => one.b - one.a - (other.b - other.a));
    for (const span of spans) {
      const under = spans.filter((other) => other !== span && other.level !== undefined && other.a < span.b && span.a < other.b);
      span.level = 0;
      while (under.some((other) => other.level === span.level)) span.level++;
      span.level = Math.min(span.level, 7);
    }
    const most = Math.max(0, ...spans.map((span) => span.level + 1));
    this.words.style.lineHeight = `${34 + most * STEP}px`;
    this.words.style.paddingTop = `${Math.max(0, most * STEP - 8) / 2}px`;
    this.width = this.words.clientWidth;
    this.arcs.setAttribute("width", this.width);
    this.arcs.setAttribute("height", this.words.offsetHeight);
    this.arcs.replaceChildren(...spans.map((span) => this.arc(span)).filter(Boolean));
  }

  arc({ triple, level }) {
    const [from, to] = [this.boxOf(triple.s), this.boxOf(triple.o)];
    if (!from || !to) return null;
    const on = this.chosen?.ids.has(triple.id);
    const lift = 14 + STEP * level;
    const label = triple.predicate;
    const [ax, bx] = [from.x - 3, to.x + (Math.abs(to.x - from.x) < 8 ? 9 : 3)];
    let path, x, y;
    if (Math.abs(from.y - to.y) < 4) {
      const top = from.y + 6 - lift;
      const round = Math.min(9, Math.abs(bx - ax) / 2);
      const way = bx > ax ? 1 : -1;
      path = `M${ax} ${from.y + 5}V${top + round}Q${ax} ${top} ${ax + way * round} ${top}H${bx - way * round}Q${bx} ${top} ${bx} ${top + round}V${to.y + 5}`;
      [x, y] = [(ax + bx) / 2, top];
    } else {
      // Over several lines: out of the text's way along the margin that is nearer.
      const [top, low] = [from.y + 6 - lift, to.y + 6 - lift];
      const side = (ax + bx) / 2 < this.width / 2 ? 3 + 3 * level : this.width - 3 - 3 * level;
      path = `M${ax} ${from.y + 5}V${top}H${side}V${low}H${bx}V${to.y + 5}`;
      [x, y] = [(side + bx) / 2, low];
      const half = ([...label].length * 11) / 2 + 4;
      x = Math.max(half, Math.min(this.width - half, x));
    }
    return svg("g", { class: `arc${on ? " on" : this.chosen ? " off" : ""}${triple.inferred ? " inferred" : ""}`, onclick: () => this.pick({ edges: [triple.id] }) },
      svg("path", { d: path, class: "grip" }),
      svg("path", { d: path }),
      svg("path", { d: `M${bx - 3} ${to.y}L${bx} ${to.y + 6}L${bx + 3} ${to.y}z`, class: "tip" }),
      svg("text", { x, y: y + 4 }, label));
  }

  /** A piece of text that the visitor has selected, as a place of code points. */
  selected() {
    const range = getSelection().rangeCount ? getSelection().getRangeAt(0) : null;
    if (!range || range.collapsed || !this.words.contains(range.commonAncestorContainer)) return this.select(null);
    const offset = (node, inside) => {
      const piece = this.pieces.find((one) => one === node || one.contains(node));
      if (!piece) return null;
      return piece.start + [...piece.textContent.slice(0, node === piece ? (inside ? piece.textContent.length : 0) : inside)].length;
    };
    const [start, end] = [offset(range.startContainer, range.startOffset), offset(range.endContainer, range.endOffset)];
    if (start !== null && end !== null && end > start && end - start <= 60) this.select([start, end]);
  }
}

export const legend = () => el("div", { class: "triple-legend" },
  el("span", { class: "mark subject first last" }, t("主语", "subject")), el("span", { class: "mark object first last" }, t("宾语", "object")), el("span", { class: "mark both first last" }, t("两者", "both")));
