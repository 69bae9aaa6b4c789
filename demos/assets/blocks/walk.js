// Two walks between two poems side by side; a slider scrubs both, changed characters stand out.
import { el, t } from "../gallery.js";

export function draw(node, block) {
  node.className = "block-walk panel";
  const columns = block.paths.map((path) => {
    const rows = path.poems.map((poem, i) =>
      el("button", {
        type: "button", class: "step", dataset: { i },
        onclick: () => choose(i), onpointerenter: () => choose(i),
      },
        el("small", {}, path.positions[i].toFixed(2)),
        el("span", { class: "step-verse", lang: "zh" }, ...poem.lines.flatMap((line, l) => [
          ...line.map((c) => el("span", { class: c.mark ?? "", title: c.p === undefined ? "" : `${Math.round(100 * c.p)}%` }, c.c)),
          l + 1 < poem.lines.length ? "　" : "",
        ]))));
    return el("div", { class: "path" }, el("h4", {}, path.title), ...rows);
  });
  const last = block.paths[0].poems.length - 1;
  const slider = el("input", { type: "range", min: 0, max: last, step: 1, value: Math.round(last / 2), "aria-label": t("路上的位置", "place on the path"), oninput: (e) => choose(Number(e.target.value)) });
  const choose = (i) => {
    slider.value = i;
    node.querySelectorAll(".step").forEach((step) => step.classList.toggle("on", Number(step.dataset.i) === i));
  };
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    slider,
    el("div", { class: "paths" }, ...columns),
  );
  choose(Math.round(last / 2));
}
