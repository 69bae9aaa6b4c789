// Where a poem repeats its training corpus: the longest shared runs, marked in the text.
import { el } from "../gallery.js";

export function draw(node, block) {
  node.className = "panel";
  const lines = block.lines.map((line, i) => {
    const marks = new Array(line.length).fill(false);
    for (const run of block.runs) {
      if (run.line === i) marks.fill(true, run.start, run.start + run.length);
    }
    return el("div", { class: "run-line" }, ...[...line].map((char, j) =>
      marks[j] ? el("mark", {}, char) : char));
  });
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    ...lines,
    el("p", { class: "fine" }, block.verdict),
  );
}
