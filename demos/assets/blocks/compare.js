// Families beside each other: a row for each property, a number and a note in each cell, the best one marked.
//
// `columns` are {name, note, reason}; `rows` {name, note, cells: [{text, note, r: {best, bar}}]}, where `bar` from
// 0 to 1 is drawn under the number. On a phone every property becomes a card with a line for each family.
import { copy, el, style, t } from "../gallery.js";

style(import.meta.url);

export function draw(node, block) {
  node.className = "block-compare panel";
  const { columns, rows } = block;
  const bar = (share) => (share === undefined ? null : el("span", { class: "compare-bar" }, el("i", { style: `width:${Math.round(100 * share)}%` })));
  const cell = (value, column) => el("td", { class: value.r?.best ? "best" : "", "data-name": column.name },
    el("span", { class: "compare-value" }, el("b", {}, value.text), value.r?.best ? el("span", { class: "visually-hidden" }, t("（最好）", " (best)")) : null),
    bar(value.r?.bar), value.note ? el("small", {}, value.note) : null);
  const table = el("table", { "aria-label": block.alt },
    el("thead", {}, el("tr", {}, el("th", {}), ...columns.map((column) => el("th", { scope: "col" }, el("b", {}, column.name), el("small", {}, column.note || ""))))),
    el("tbody", {}, ...rows.map((row) => el("tr", {},
      el("th", { scope: "row" }, el("b", {}, row.name), row.note ? el("small", {}, row.note) : null),
      ...row.cells.map((value, i) => cell(value, columns[i]))))));
  const markdown = () => [
    ["", ...columns.map((column) => `${column.name} ${column.note}`.trim())], columns.map(() => "---").concat("---"),
    ...rows.map((row) => [row.name, ...row.cells.map((value) => [value.text, value.note && `(${value.note})`].filter(Boolean).join(" "))]),
  ].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const missing = columns.filter((column) => column.reason);
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    table,
    ...missing.map((column) => el("p", { class: "compare-reason" }, el("b", {}, column.name), " ", column.reason)),
    el("div", { class: "picture-bar" }, el("button", { type: "button", class: "push", onclick: () => copy(markdown()) }, t("复制为 Markdown", "copy as Markdown"))));
}
