// A table: `columns` are titles, `rows` are cells; numbers are set in the figure face.
import { el } from "../gallery.js";

export function draw(node, block) {
  node.className = "panel";
  const cell = (value) => el("td", typeof value === "number" ? { class: "number" } : {}, String(value ?? ""));
  node.replaceChildren(
    ...(block.title ? [el("h3", {}, block.title, block.hint ? el("small", {}, block.hint) : null)] : []),
    el("div", { class: "scroll" }, el("table", {},
      el("tr", {}, ...block.columns.map((title, i) =>
        el("th", typeof block.rows[0]?.[i] === "number" ? { class: "number" } : {}, title))),
      ...block.rows.map((row) => el("tr", {}, ...row.map(cell))))),
  );
}
