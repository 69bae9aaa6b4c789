// All dictionary words that stand in a text as arcs over it; the chosen way through them is drawn dark.
import { el, style, t } from "../gallery.js";
import { characters, sign } from "./chars.js";

style(import.meta.url);

export function draw(node, block) {
  node.className = "panel block-wordgraph";
  const own = node.own ?? (node.own = skeleton(node));
  Object.assign(own, { block, chars: characters(block.text) });
  own.way = Math.min(own.way, block.ways.length - 1);
  own.title.replaceChildren(block.title, el("small", {}, block.hint));
  own.switch.replaceChildren(...block.ways.map((way, k) =>
    el("button", { type: "button", class: "kind", "aria-pressed": String(k === own.way), onclick: () => { own.way = k; draw(node, own.block); } }, way.label)));
  paint(own);
}

function skeleton(node) {
  const own = { node, way: 2 };
  own.title = el("h3");
  own.switch = el("div", { class: "tools", role: "group", "aria-label": t("走法", "ways through") });
  own.figure = el("div", { class: "graph-lines" });
  own.readout = el("div", { class: "readout", "aria-live": "polite" });
  own.list = el("details", { class: "span-table" }, el("summary", {}, t("所有的词", "All words")));
  node.replaceChildren(own.title, own.switch, own.figure, own.readout, own.list);
  new ResizeObserver(() => own.block && own.width !== own.figure.clientWidth && paint(own)).observe(own.figure);
  return own;
}

/** The text in lines that are cut only where no word crosses. */
function paint(own) {
  const { block, chars } = own;
  own.width = own.figure.clientWidth;
  const step = Math.max(own.width < 480 ? 26 : 34, Math.min(58, Math.floor((own.width - 8) / chars.length)));
  const most = Math.max(8, Math.floor((own.width - 8) / step));
  const crossed = new Set(block.edges.flatMap((edge) => Array.from({ length: edge.e - edge.s - 1 }, (_, k) => edge.s + k + 1)));
  const lines = [];
  for (let from = 0; from < chars.length;) {
    let to = Math.min(chars.length, from + most);
    while (to < chars.length && to > from + 1 && crossed.has(to)) to--;
    if (to === from + 1 && most > 1) to = Math.min(chars.length, from + most);
    lines.push(line(own, from, to, step));
    from = to;
  }
  own.figure.replaceChildren(...lines);
  own.figure.setAttribute("role", "img");
  own.figure.setAttribute("aria-label", `${block.ways[own.way].label}: ${block.ways[own.way].words.map(([s, e]) => chars.slice(s, e).join("")).join(" / ")}`);
  own.readout.replaceChildren(el("span", {}, block.ways[own.way].note));
  own.list.replaceChildren(own.list.firstChild, el("div", { class: "minis" }, ...block.edges.filter((edge) => edge.e - edge.s > 1).map((edge) =>
    el("span", { class: "mini", lang: "zh" }, chars.slice(edge.s, edge.e).map(sign).join(""), el("small", {}, `[${edge.s}:${edge.e}] ${edge.p.toFixed(1)}`)))));
}

function line(own, from, to, step) {
  const { block, chars } = own;
  const taken = new Set(block.ways[own.way].words.map(([s, e]) => `${s}:${e}`));
  const edges = block.edges.filter((edge) => edge.s >= from && edge.e <= to);
  const longest = Math.max(1, ...edges.map((edge) => edge.e - edge.s));
  const rise = (length) => 8 + 17 * (length - 1);
  const high = rise(longest) + 22;
  const labels = [];
  const parts = edges.filter((edge) => edge.e - edge.s > 1 || taken.has(`${edge.s}:${edge.e}`)).map((edge) => {
    const [a, b, up] = [(edge.s - from) * step + 5, (edge.e - from) * step - 5, rise(edge.e - edge.s)];
    const name = `${taken.has(`${edge.s}:${edge.e}`) ? "arc taken" : "arc"}${edge.own ? " own" : ""}${edge.known ? "" : " unknown"}`;
    const path = svg("path", { d: `M${a} ${high} C${a} ${high - 1.3 * up}, ${b} ${high - 1.3 * up}, ${b} ${high}`, class: name, tabindex: -1 });
    const say = () => own.readout.replaceChildren(
      el("b", { lang: "zh" }, chars.slice(edge.s, edge.e).map(sign).join("")), el("code", {}, `[${edge.s}:${edge.e}]`),
      el("span", {}, `log p = ${edge.p.toFixed(2).replace("-", "−")}`),
      el("small", {}, edge.own ? t("你加的词", "your word") : edge.known ? t("词典里的词", "in the dictionary") : t("词典不认得，单字成词", "unknown: stands for itself")));
    path.addEventListener("pointerenter", say);
    if (step >= 34 && edge.e - edge.s > 1) labels.push({ x: (a + b) / 2, y: high - up - 4, taken: taken.has(`${edge.s}:${edge.e}`), text: edge.p.toFixed(1).replace("-", "−") });
    return path;
  });
  // Numbers of the chosen way first; any other that would stand in one's place is left to the pointer.
  const clear = [];
  for (const label of labels.sort((one, other) => other.taken - one.taken)) {
    if (clear.every((one) => Math.abs(one.x - label.x) > 34 || Math.abs(one.y - label.y) > 12)) clear.push(label);
  }
  parts.push(...clear.map(({ x, y, taken: chosen, text }) => svg("text", { x, y, class: `weight${chosen ? " taken" : ""}` }, text)));
  const text = chars.slice(from, to).map((char, k) => svg("text", { x: (k + 0.5) * step, y: high + 24, class: "char", lang: "zh" }, sign(char)));
  const picture = svg("svg", { width: (to - from) * step, height: high + 36, class: "wordgraph" });
  picture.append(...parts.filter((p) => !p.getAttribute("class").includes("taken")), ...parts.filter((p) => p.getAttribute("class").includes("taken")), ...text);
  return picture;
}

function svg(name, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
