// Stretches of text that are read in several ways: each way with the methods that read it so, and with how
// they read it before, if that is what is compared.
import { el, style } from "../gallery.js";
import { readable } from "./chars.js";

style(import.meta.url);

export function draw(node, block) {
  node.className = "panel block-readings";
  const words = (list, was = "") => el("span", { class: `minis ${was}` }, ...list.map((word) => el("span", { class: "mini", lang: "zh" }, readable(word))));
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    ...block.rows.map((row) => el("div", { class: "reading" },
      el("code", {}, row.where),
      el("div", {}, ...row.ways.map((way) => el("div", { class: "reading-way" }, ...(way.was ? [words(way.was, "was"), "→"] : []), words(way.words), el("small", {}, way.by)))))),
    block.rows.length ? "" : el("p", { class: "fine" }, block.none),
  );
}
