// Long decimals under each other; what agrees is dark, the first wrong digit is marked, the rest is faint.
import { el, style, t } from "../gallery.js";

style(import.meta.url);

export function draw(node, block) {
  node.className = "panel block-digits";
  node.replaceChildren(
    ...(block.title ? [el("h3", {}, block.title, el("small", {}, block.hint ?? ""))] : []),
    el("div", { class: "digit-rows" }, ...block.rows.map(row)),
  );
}

function row({ title, math, text, agree, note, tone }) {
  const head = el("div", { class: "digit-head" }, title ? el("b", {}, title) : null);
  if (math) {
    const box = el("span", { class: "digit-math" });
    box.innerHTML = math; // MathML made from our own LaTeX by `formula`
    head.append(box);
  }
  if (note) head.append(el("small", { class: tone ?? "" }, note));
  const all = agree >= text.length;
  return el("div", { class: "digit-row" }, head, el("div", { class: "digit-text", "aria-label": t(`前 ${Math.max(agree - 2, 0)} 位小数相同`, `${Math.max(agree - 2, 0)} decimals agree`) },
    el("span", {}, text.slice(0, agree)), ...(all ? [] : [el("mark", {}, text[agree]), el("i", {}, text.slice(agree + 1))])));
}
