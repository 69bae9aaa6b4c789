// Rows of pictures, each with a name and a note at its left; `captions` stand over the columns.
// `rows` are {name, note} of one sprite, `columns` pictures a row; `gap` puts some room after that many columns.
// A row may bring a sprite of its own, {r, columns, size}, as pictures of another size do; `lines` stand below
// its note, `share` from 0 to 1 is how far it has come, and a `reason` stands in place of its pictures.
// `follows` {input, live}: while that slider is dragged, the live function answers with rows that are drawn
// at once; those that it leaves out are dimmed until the next run.
import { el, style, t, typed } from "../gallery.js";
import { paintTile, saveSheet, sides, spriteOf, tileCanvas } from "./pictures.js";

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
  if (block.follows) follow(node, block, stage, grid);
  node.replaceChildren(
    ...(block.title ? [el("h3", {}, block.title, el("small", {}, block.hint ?? ""))] : []),
    grid, block.foot ? el("p", { class: "fine" }, block.foot) : "", el("div", { class: "picture-bar" }, save));
}

/** Draw the rows that a dragged slider can have at once; one request at a time, the newest value last. */
function follow(node, block, stage, grid) {
  const slider = document.querySelector(`#in-${stage.slug}-${stage.scene}-${block.follows.input} input[type=range]`);
  if (!slider) return;
  node.unfollow?.();
  const canvases = [...grid.querySelectorAll("canvas")];
  const heads = [...grid.querySelectorAll(".row-name")];
  const shown = block.rows.filter((row) => !row.reason);
  let busy = false, wanted = false;
  const ask = async () => {
    wanted = true;
    if (busy) return;
    busy = true;
    while (wanted) {
      wanted = false;
      const answer = await stage.live(block.follows.live, { ...stage.payload.inputs, ...typed(stage.slug, stage.scene, Object.keys(stage.defaults)) }).catch(() => null);
      if (!answer?.rows || node.wanted !== block) continue;
      const images = await Promise.all(answer.rows.map(spriteOf));
      if (answer.rows.some((row) => row.columns !== block.columns)) continue; // another number of pictures: the next run
      shown.forEach((row, i) => {
        const k = answer.rows.findIndex((fresh) => fresh.name === row.name);
        const own = canvases.slice(i * block.columns, (i + 1) * block.columns);
        own.forEach((canvas, column) => {
          canvas.classList.toggle("waiting", k < 0);
          if (k >= 0) paintTile(canvas, images[k], answer.rows[k], column);
        });
        const line = heads[block.rows.indexOf(row)]?.querySelector("small");
        if (line && k >= 0 && answer.rows[k].lines) line.textContent = answer.rows[k].lines[0];
      });
    }
    busy = false;
  };
  slider.addEventListener("input", ask);
  node.unfollow = () => slider.removeEventListener("input", ask);
}
