// Faces to sort into two groups by clicking: with, without, neither. `with` and `without` are the two inputs'
// present members, `names` the inputs themselves; the button puts the choice into them and runs.
import { el, style, t } from "../gallery.js";
import { spriteOf, tileCanvas } from "./pictures.js";

style(import.meta.url);

export async function draw(node, block, stage) {
  const image = await spriteOf(block);
  node.className = "block-groups panel";
  const marks = new Map([...block.with.map((s) => [s, "plus"]), ...block.without.map((s) => [s, "minus"])]);
  const next = { plus: "minus", minus: undefined, undefined: "plus" };
  const words = { plus: t("有", "with"), minus: t("没有", "without") };
  const members = (mark) => [...marks].filter(([, m]) => m === mark).map(([s]) => s);
  const names = block.inputs ?? { with: "group", without: "others" };
  const also = block.also ?? { kind: "own" }; // other inputs that the choice sets
  const run = el("button", {
    type: "button",
    onclick: () => stage.restore({ ...stage.payload.inputs, ...also, [names.with]: members("plus").join(", "), [names.without]: members("minus").join(", ") }),
  }, t("用这两组", "use these groups"));
  const count = el("output");
  const tiles = block.seeds.map((seed, i) => {
    const name = String(seed);
    const badge = el("b", { class: "badge-mark", hidden: true });
    const tile = el("button", { type: "button", class: "tile" }, tileCanvas(image, block, i, { "aria-hidden": "true" }), badge);
    const show = () => {
      const mark = marks.get(name);
      tile.className = `tile ${mark ?? ""}`;
      tile.setAttribute("aria-label", `${t("种子", "seed")} ${name}: ${words[mark] ?? t("不用", "neither")}`);
      badge.hidden = !mark;
      badge.textContent = mark === "plus" ? "+" : "−";
    };
    tile.addEventListener("click", () => {
      const mark = next[marks.get(name)];
      if (mark) marks.set(name, mark);
      else marks.delete(name);
      show();
      total();
    });
    show();
    return tile;
  });
  const total = () => {
    const [plus, minus] = [members("plus").length, members("minus").length];
    count.textContent = `+${plus} / −${minus}`;
    run.disabled = !plus || !minus;
  };
  total();
  const grid = el("div", { class: "tiles", role: "group", "aria-label": block.alt }, ...tiles);
  grid.style.setProperty("--shown", "72px");
  node.replaceChildren(el("h3", {}, block.title, el("small", {}, block.hint)), grid, el("div", { class: "picture-bar" }, count, el("span", { class: "push" }, run)));
}
