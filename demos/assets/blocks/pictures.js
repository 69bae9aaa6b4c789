// A grid of pictures from one sprite. A click picks one: an action of the scene, or a way to another scene.
//
// `r.sprite` (or `sprite`), `count`, `columns` and `size` (pixels, or [width, height]) say what is where in
// it; `shown` is the width of a tile on the page, `across` a fixed number of tiles in a row. `captions` stand
// below, `marks` are classes by index ("chosen", "plus", "minus"). `pick` names an action that gets
// {index, value}; `send` are buttons {label, scene, inputs} for the picked one, where "$" stands for its value.
import { download, el, style, t } from "../gallery.js";

style(import.meta.url);

/** The sprite of a block as a decoded image. */
export async function spriteOf(block) {
  const image = new Image();
  image.src = block.r?.sprite ?? block.sprite;
  await image.decode();
  return image;
}

/** Width and height of a picture in the sprite. */
export const sides = (block) => (Array.isArray(block.size) ? block.size : [block.size, block.size]);

/** Draw picture `i` of a sprite so that it fills a canvas of its own resolution. */
export function paintTile(canvas, image, block, i) {
  const [w, h] = sides(block);
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  canvas.getContext("2d").drawImage(image, (i % block.columns) * w, Math.floor(i / block.columns) * h, w, h, 0, 0, w, h);
}

/** A canvas with picture `i`; small pictures are shown with their pixels. */
export function tileCanvas(image, block, i, attributes = {}) {
  const canvas = el("canvas", { class: sides(block)[0] < 48 ? "crisp" : "", ...attributes });
  paintTile(canvas, image, block, i);
  return canvas;
}

/** Open another scene of the same tab with some of its inputs set. */
export function openScene(stage, scene, inputs) {
  document.getElementById(`scene-${stage.slug}-${scene}-button`)?.click();
  const wait = (tries) => {
    const other = document.querySelector(`#stage-${stage.slug}-${scene} .stage`)?.gallery;
    if (other?.payload) other.restore({ ...other.payload.inputs, ...inputs });
    else if (tries) setTimeout(wait, 60, tries - 1);
  };
  setTimeout(wait, 60, 1000);
}

/** The sheet of all pictures, an image or a canvas, as a PNG file. */
export function saveSheet(image, name) {
  const canvas = el("canvas", { width: image.naturalWidth ?? image.width, height: image.naturalHeight ?? image.height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  canvas.toBlob((blob) => download(name, blob), "image/png");
}

const filled = (inputs, value) =>
  Object.fromEntries(Object.entries(inputs).map(([name, v]) => [name, v === "$" ? value : v]));

export async function draw(node, block, stage) {
  const image = await spriteOf(block);
  node.className = "block-pictures panel";
  const picks = block.pick || block.send;
  const bar = el("div", { class: "picture-bar" });
  const values = block.values ?? block.captions ?? [];
  const press = (tile, chosen) => {
    tile.classList.toggle("chosen", chosen);
    tile.setAttribute("aria-pressed", String(chosen));
  };
  const choose = (i) => {
    node.querySelectorAll(".tile").forEach((tile, j) => press(tile, i === j));
    if (block.pick) stage.act(block.pick, { index: i, value: values[i] ?? i });
    if (block.send) {
      bar.replaceChildren(
        el("span", {}, (block.sendHint ?? "").replace("$", block.captions?.[i] ?? i + 1)),
        ...block.send.map(({ label, scene, inputs }) =>
          el("button", { type: "button", onclick: () => openScene(stage, scene, filled(inputs, values[i])) }, label)),
        saver());
    }
  };
  const saver = () => el("button", { type: "button", class: "push", onclick: () => saveSheet(image, `${stage.slug}-${stage.scene}.png`) }, t("存 PNG", "save PNG"));
  const tiles = Array.from({ length: block.count }, (_, i) => {
    const caption = block.captions?.[i];
    const mark = block.marks?.[i] ?? "";
    return el(picks ? "button" : "div", {
      class: `tile ${mark}`, type: picks ? "button" : null, title: block.titles?.[i],
      "aria-label": picks ? `${t("图片", "picture")} ${caption ?? i + 1}` : null,
      "aria-pressed": picks ? String(mark.includes("chosen")) : null, onclick: picks ? () => choose(i) : null,
    },
      tileCanvas(image, block, i, { role: "img", "aria-label": `${t("图片", "picture")} ${caption ?? i + 1}` }),
      caption === undefined || caption === null ? null : el("span", {}, String(caption)));
  });
  bar.replaceChildren(block.send ? el("span", {}, block.sendIdle ?? t("点一张图", "click a picture")) : "", saver());
  const grid = el("div", { class: `tiles${block.across ? " fixed" : ""}${block.captions ? " captioned" : ""}`, role: "group", "aria-label": block.alt }, ...tiles);
  grid.style.setProperty("--shown", `${block.shown ?? 96}px`);
  if (block.across) grid.style.setProperty("--columns", block.across);
  if (block.gap !== undefined) grid.style.setProperty("--gap", `${block.gap}px`);
  node.replaceChildren(...(block.title ? [el("h3", {}, block.title, el("small", {}, block.hint ?? ""))] : []), grid, bar);
}
