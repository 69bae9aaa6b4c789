// Where a poem repeats its training corpus: the longest shared runs, marked in the text.
import { el } from "../gallery.js";

export function draw(node, block) {
  node.className = "panel";
  // A run longer than its line is a whole couplet and goes on in the next one.
  const text = block.lines.join("");
  const width = block.lines[0].length;
  const known = new Array(text.length).fill(false);
  for (const run of block.runs) {
    const start = run.line * width + run.start;
    known.fill(true, start, start + run.length);
  }
  const lines = block.lines.map((line, i) =>
    el("div", { class: "run-line", lang: "zh" }, ...[...line].map((char, j) =>
      known[i * width + j] ? el("mark", {}, char) : char)));
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    ...lines,
    el("p", { class: "fine" }, block.verdict),
  );
}
