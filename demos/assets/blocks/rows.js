// Rows of pictures, each with a name and a note at its left; `captions` stand over the columns.
// `rows` are {name, note} of one sprite, `columns` pictures a row; `gap` puts some room after that many columns.
// A row may bring a sprite of its own, {r, columns, size}, as pictures of another size do; `lines` stand below
// its note, `share` from 0 to 1 is how far it has come, and a `reason` stands in place of its pictures.
import { el, style, t } from "../gallery.js";
import { saveSheet, sides, spriteOf, tileCanvas } from "./pictures.js";

style(import.meta.url);

export async function draw(node, block, stage) {
  node.wanted = block;
  const own = (row) => Boolean(row.r);
  const shared = block.r ? await spriteOf(block) : null;
  const images = await Promise.all(block.rows.map((row) => (own(row) ? spriteOf(row) : shared)));
  if (node.wanted !== block) return; // a newer one came meanwhile and draws itself
  node.className = "block-rows panel";
  const source = (row) => (own(block.rows[row]) ? [block.rows[row], 0] : [block, row * block.columns]);
  const cell = (row, column) => {
    const [sprite, first] = source(row);
    const canvas = tileCanvas(images[row], sprite, first + column, { role: "img", "aria-label": `${block.rows[row].name}, ${block.captions?.[column] ?? column + 1}` });
    if (block.gap && column === block.gap) canvas.classList.add("apart");
    return canvas;
  };
  const bar = (share) => el("div", { class: "bar" }, el("i", { style: `width:${Math.round(100 * share)}%` }));
  const head = ({ name, note, lines, share }) => el("div", { class: "row-name" },
    el("b", {}, name), note ? el("small", {}, note) : null, ...(lines ?? []).map((line) => el("small", {}, line)),
    share === undefined || share === null || share >= 1 ? null : bar(share));
  const grid = el("div", { class: "picture-rows", role: "group", "aria-label": block.alt },
    ...(block.captions ? [el("span", { class: "corner-cell" }), ...block.captions.map((c) => el("span", { class: "over" }, c))] : []),
    ...block.rows.flatMap((row, i) => [
      head(row),
      ...(row.reason ? [el("p", { class: "row-reason" }, row.reason)] : Array.from({ length: block.columns }, (_, column) => cell(i, column))),
    ]));
  grid.style.setProperty("--columns", block.columns);
  if (block.shown) grid.style.setProperty("--shown", `${block.shown}px`);
  if (block.shown) grid.classList.add("bounded");
  const name = `${stage.slug}-${stage.scene}.png`;
  const save = el("button", { type: "button", class: "push", onclick: () => (shared ? saveSheet(shared, name) : saveRows()) }, t("存 PNG", "save PNG"));
  /** Rows of different sprites in one picture, all as large as the largest. */
  const saveRows = () => {
    const shown = block.rows.map((row, i) => [row, images[i]]).filter(([row]) => own(row));
    const side = Math.max(...shown.map(([row]) => sides(row)[0]));
    const canvas = el("canvas", { width: side * block.columns, height: side * shown.length });
    const g = canvas.getContext("2d");
    g.imageSmoothingEnabled = false;
    shown.forEach(([row, image], k) => {
      for (let i = 0; i < block.columns; i++) {
        const [w, h] = sides(row);
        g.drawImage(image, (i % row.columns) * w, Math.floor(i / row.columns) * h, w, h, i * side, k * side, side, side);
      }
    });
    saveSheet(canvas, name);
  };
  node.replaceChildren(
    ...(block.title ? [el("h3", {}, block.title, el("small", {}, block.hint ?? ""))] : []),
    grid, block.foot ? el("p", { class: "fine" }, block.foot) : "", el("div", { class: "picture-bar" }, save));
}
