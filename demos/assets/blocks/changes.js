// What an edit changed: spans that came and spans that went.
import { el, style } from "../gallery.js";
import { percent, readable } from "./chars.js";

style(import.meta.url);

export function draw(node, block) {
  node.className = "panel block-changes";
  const rows = block.rows.map((row) =>
    el("li", { class: row.sign === "+" ? "came" : "went" },
      el("b", { "aria-hidden": "true" }, row.sign === "+" ? "+" : "−"),
      el("span", { lang: "zh" }, readable(row.text)),
      el("span", { class: `kind-${row.kind}` }, el("small", {}, row.label)),
      el("code", {}, row.where),
      row.p === null ? "" : el("small", {}, percent(row.p))));
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    rows.length ? el("ul", {}, ...rows) : el("p", { class: "fine" }, block.none),
  );
}
