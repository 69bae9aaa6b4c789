// Stretches of text that are read in several ways: each way with the methods that read it so.
import { el } from "../gallery.js";
import { readable } from "./chars.js";

export function draw(node, block) {
  node.className = "panel block-readings";
  const words = (list) => el("span", { class: "minis" }, ...list.map((word) => el("span", { class: "mini", lang: "zh" }, readable(word))));
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    ...block.rows.map((row) => el("div", { class: "reading" },
      el("code", {}, row.where),
      el("div", {}, ...row.ways.map((way) => el("div", { class: "reading-way" }, words(way.words), el("small", {}, way.by)))))),
    block.rows.length ? "" : el("p", { class: "fine" }, block.none),
  );
}
