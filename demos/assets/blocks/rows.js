// Rows of pictures from one sprite, each with a name and a note at its left; `captions` stand over the columns.
// `rows` are {name, note}, `columns` pictures a row; `gap` puts some room after that many columns.
import { el, style, t } from "../gallery.js";
import { saveSheet, spriteOf, tileCanvas } from "./pictures.js";

style(import.meta.url);

export async function draw(node, block, stage) {
  const image = await spriteOf(block);
  node.className = "block-rows panel";
  const cell = (row, column) => {
    const canvas = tileCanvas(image, block, row * block.columns + column, { role: "img", "aria-label": `${block.rows[row].name}, ${block.captions?.[column] ?? column + 1}` });
    if (block.gap && column === block.gap) canvas.classList.add("apart");
    return canvas;
  };
  const grid = el("div", { class: "picture-rows", role: "group", "aria-label": block.alt },
    ...(block.captions ? [el("span", { class: "corner-cell" }), ...block.captions.map((c) => el("span", { class: "over" }, c))] : []),
    ...block.rows.flatMap(({ name, note }, row) => [
      el("div", { class: "row-name" }, el("b", {}, name), note ? el("small", {}, note) : null),
      ...Array.from({ length: block.columns }, (_, column) => cell(row, column)),
    ]));
  grid.style.setProperty("--columns", block.columns);
  const save = el("button", { type: "button", class: "push", onclick: () => saveSheet(image, `${stage.slug}-${stage.scene}.png`) }, t("存 PNG", "save PNG"));
  node.replaceChildren(
    ...(block.title ? [el("h3", {}, block.title, el("small", {}, block.hint ?? ""))] : []),
    grid, el("div", { class: "picture-bar" }, save));
}
