// A panel with a title and paragraphs; `tone` may be "note" or "warning".
import { el } from "../gallery.js";

export function draw(node, block) {
  node.className = "panel";
  node.replaceChildren(
    ...(block.title ? [el("h3", {}, block.title, block.hint ? el("small", {}, block.hint) : null)] : []),
    ...block.lines.map((line) => el("p", { style: "margin:0 0 4px" }, line)),
  );
}
