// Several readings of one text under each other, like voices of a score: a column is a character, spans are
// bars, a step that the tag scheme does not allow is struck in red, columns of disagreement are tinted.
import { el, style, t } from "../gallery.js";
import { characters, codePoint, sign } from "./chars.js";

style(import.meta.url);

const LONG = 160; // characters from which lines without disagreement are folded
const MOST = 2000; // characters drawn

export function draw(node, block) {
  node.className = "panel block-sheet";
  const own = node.own ?? (node.own = skeleton(node));
  if (own.block?.text !== block.text) own.only = characters(block.text).length > LONG;
  own.block = block;
  own.chars = characters(block.text).slice(0, MOST);
  own.title.replaceChildren(block.title, el("small", {}, block.hint));
  paint(own);
}

function skeleton(node) {
  const own = { node };
  own.title = el("h3");
  own.lines = el("div", { class: "sheet-lines" });
  own.box = el("input", { type: "checkbox", onchange: (event) => { own.only = event.target.checked; paint(own); } });
  own.tools = el("div", { class: "tools" }, el("label", {}, own.box, t("只看有分歧的行", "only lines with disagreement")));
  node.replaceChildren(own.title, own.lines, own.tools);
  new ResizeObserver(() => own.block && own.width !== own.lines.clientWidth && paint(own)).observe(own.lines);
  return own;
}

function paint(own) {
  const { block, chars } = own;
  own.width = own.lines.clientWidth;
  const [label, cell] = own.width < 480 ? [62, 24] : [104, 28];
  const columns = Math.max(6, Math.floor((own.width - label) / cell));
  const differ = new Set(block.differ);
  const lines = [];
  let folded = 0;
  for (let from = 0; from < chars.length; from += columns) {
    const to = Math.min(chars.length, from + columns);
    if (own.only && !block.differ.some((place) => place >= from && place < to)) { folded++; continue; }
    lines.push(el("div", { class: "sheet", style: `--cell:${cell}px;--label:${label}px;--columns:${to - from}` },
      el("div", { class: "sheet-label" }, el("small", {}, `[${from}:${to}]`)),
      ...chars.slice(from, to).map((char, k) => el("div", {
        class: `sheet-head${differ.has(from + k) ? " differ" : ""}`, lang: "zh", title: `[${from + k}] ${codePoint(char)}`,
      }, sign(char))),
      ...block.rows.flatMap((row) => voice(own, row, from, to))));
  }
  own.lines.replaceChildren(...lines, folded ? el("p", { class: "fine" }, t(`${folded} 行读法一致，已折起。`, `${folded} lines on which all agree are folded.`)) : "");
  own.box.checked = own.only;
  own.tools.hidden = chars.length <= columns;
}

function voice(own, row, from, to) {
  const { block } = own;
  const wrong = new Set(row.illegal);
  const cells = [];
  const spans = new Map();
  for (const [start, end, kind, name] of row.spans) {
    for (let place = Math.max(start, from); place < Math.min(end, to); place++) spans.set(place, { start, end, kind, name });
  }
  for (let place = from; place < to; place++) {
    const span = spans.get(place);
    const tag = row.tags[place];
    const classes = ["sheet-cell"];
    if (span) {
      classes.push("in", `kind-${span.kind}`);
      if (span.start === place) classes.push("first");
      if (span.end === place + 1) classes.push("last");
    }
    const illegal = wrong.has(place) || (place + 1 === row.tags.length && wrong.has(place + 1));
    if (illegal) classes.push("illegal");
    const shown = block.show === "characters" ? sign(own.chars[place]) : tag === "O" ? "·" : tag.split("-")[0];
    const before = place ? row.tags[place - 1] : "^";
    const title = `${row.label} [${place}] ${tag}${span?.name ? ` ${span.name}` : ""}${illegal ? ` · ${t("不合法", "illegal")} ${wrong.has(place) ? `${before} → ${tag}` : `${tag} → $`}` : ""}`;
    cells.push(el("div", { class: classes.join(" "), title, lang: "zh" }, shown));
  }
  return [el("div", { class: "sheet-label", title: row.note ?? "" }, row.label), ...cells];
}
