// Many lines tagged one by one: figures, a file to download, and the first lines with their entities.
import { copy, download, el, style, t } from "../gallery.js";
import { characters, percent, readable } from "./chars.js";
import { fileButtons } from "./lines-file.js";

style(import.meta.url);

const BYTES = 200_000;

export function draw(node, block, stage) {
  node.className = "panel block-batch";
  const line = (row) => {
    const chars = characters(row.text);
    const parts = [];
    let place = 0;
    for (const [start, end, kind, label, p] of row.spans) {
      parts.push(readable(chars.slice(place, start).join("")), el("span", { class: `span first last kind-${kind}`, title: `${label} ${percent(p)} [${start}:${end}]`, style: `--sure:${Math.round(100 * p)}%` }, readable(chars.slice(start, end).join("")), el("small", {}, label)));
      place = end;
    }
    return el("tr", {}, el("td", { class: "number" }, row.line), el("td", { lang: "zh", class: "batch-text" }, ...parts, readable(chars.slice(place).join(""))));
  };
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    el("div", { class: "tools" },
      ...fileButtons(node, stage, BYTES),
      el("button", { type: "button", class: "quiet-button", onclick: () => download("entities.jsonl", block.jsonl, "application/jsonl") }, t("下载 JSONL", "download JSONL")),
      el("button", { type: "button", class: "quiet-button", onclick: () => copy(block.jsonl) }, t("复制 JSONL", "copy JSONL"))),
    el("div", { class: "figures" }, ...block.figures.map(([name, value]) => el("div", {}, el("b", {}, value), el("small", {}, name)))),
    el("div", { class: "scroll" }, el("table", {}, ...block.rows.map(line))),
    block.more ? el("p", { class: "fine" }, block.more) : "",
  );
}
