// Many lines tagged one by one: figures, a file to download, and the first lines with their entities.
// A file of lines, chosen or dropped, is read in the browser and put into the scene's text box, as if typed.
import { copy, download, el, style, t } from "../gallery.js";
import { characters, percent, readable } from "./chars.js";

style(import.meta.url);

const BYTES = 200_000;

/** UTF-8, and where it is not, the encoding of older Chinese files. */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

export function draw(node, block, stage) {
  node.className = "panel block-batch";
  const field = () => document.querySelector(`#in-${stage.slug}-${stage.scene}-lines textarea`);
  const read = async (file) => {
    if (!file) return;
    if (file.size > BYTES) return stage.notice(t(`文件有 ${Math.round(file.size / 1000)} kB，最多 ${BYTES / 1000} kB。`, `The file has ${Math.round(file.size / 1000)} kB; at most ${BYTES / 1000} kB are read.`), "error");
    field().value = decoded(await file.arrayBuffer());
    field().dispatchEvent(new Event("input", { bubbles: true }));
    // The box hands its text over after the event; the press must come behind it.
    setTimeout(() => stage.root.closest(".scene").querySelector("button.primary").click(), 60);
  };
  const pick = el("input", { type: "file", accept: ".txt,.csv,.json,.jsonl,text/plain", class: "visually-hidden", tabindex: -1, onchange: () => {
    read(pick.files[0]);
    pick.value = "";
  } });
  const over = (event) => {
    event.preventDefault();
    node.classList.toggle("dropping", event.type === "dragover");
    if (event.type === "drop") read(event.dataTransfer.files[0]);
  };
  node.ondragover = node.ondragleave = node.ondrop = over;
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
      el("button", { type: "button", class: "quiet-button", onclick: () => pick.click() }, t("读入文件…", "read a file…")), pick,
      el("button", { type: "button", class: "quiet-button", onclick: () => download("entities.jsonl", block.jsonl, "application/jsonl") }, t("下载 JSONL", "download JSONL")),
      el("button", { type: "button", class: "quiet-button", onclick: () => copy(block.jsonl) }, t("复制 JSONL", "copy JSONL"))),
    el("div", { class: "figures" }, ...block.figures.map(([name, value]) => el("div", {}, el("b", {}, value), el("small", {}, name)))),
    el("div", { class: "scroll" }, el("table", {}, ...block.rows.map(line))),
    block.more ? el("p", { class: "fine" }, block.more) : "",
  );
}
