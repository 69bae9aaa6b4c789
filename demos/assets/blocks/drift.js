// Points that move through stages (layers, iterations, Langevin steps), with curves of what happens.
import { el, t } from "../gallery.js";
import { Plane, button, curves, keepDrawn, levels, points } from "./plane.js";

const SPAN = 16;

export function draw(node, block) {
  node.className = "block-drift panel";
  clearInterval(node.timer);
  node.timer = null;
  const plane = el("canvas", { class: "plane", role: "img", "aria-label": block.alt });
  const chart = el("canvas", { class: "curve tall", role: "img", "aria-label": block.curveTitle });
  const picture = new Plane(plane, block.reach);
  const all = points(block.r.points, SPAN);
  const stages = block.labels.length;
  const size = all.length / stages;
  const part = (i) => all.subarray(i * size, (i + 1) * size);
  const grids = block.r.grid ? points(block.r.grid, SPAN) : null;
  const targets = block.r.targets ? points(block.r.targets, SPAN) : null;
  const heat = block.r.density ? levels(block.r.density, block.span) : null;
  let at = block.start ?? stages - 1;
  const label = el("output");
  const slider = el("input", { type: "range", min: 0, max: stages - 1, step: 1, "aria-label": block.title, oninput: () => { at = Number(slider.value); paint(); } });
  const player = button("▶", () => {
    if (node.timer) { clearInterval(node.timer); node.timer = null; paint(); return; }
    if (at === stages - 1) at = -1;
    node.timer = setInterval(() => {
      at += 1;
      if (!node.isConnected || at >= stages - 1) { clearInterval(node.timer); node.timer = null; }
      paint();
    }, 6000 / Math.max(stages, 12));
  }, { "aria-label": t("播放", "play") });
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    el("div", { class: "plane-views" },
      el("figure", {}, el("figcaption", {}, label), plane),
      el("figure", { style: "display:flex;flex-direction:column" }, el("figcaption", {}, block.curveTitle), chart)),
    el("div", { class: "plane-bar" }, player, slider),
    ...(block.lines ?? []).map((line) => el("p", { style: "margin:8px 0 0;font-size:14px;color:var(--soft)" }, line)),
  );
  const paint = () => {
    if (!node.clientWidth) return;
    at = Math.max(0, at);
    const here = part(at);
    if (picture.begin()) {
      if (heat) picture.density(heat, block.resolution);
      if (grids) picture.grid(grids.subarray(at * block.lines2, (at + 1) * block.lines2), block.gridLines, "ochre");
      if (block.trails) {
        for (let i = 0; i < Math.min(size, 2 * block.trails); i += 2) {
          const way = [];
          for (let s = Math.max(0, at - 40); s <= at; s++) way.push([all[s * size + i], all[s * size + i + 1]]);
          picture.path(way, "indigo", 1, 0.55);
        }
      }
      if (targets) for (let i = 0; i < targets.length; i += 2) picture.ring(targets[i], targets[i + 1], 4, "celadon", 1.4);
      picture.dots(here, block.colour ?? "seal", targets ? 2.4 : 1.9, 0.9);
      picture.axes();
    }
    const marked = block.at[at];
    curves(chart, block.r.curves, { xlabel: block.xlabel, ylabel: block.ylabel, at: marked, log: block.log, dotted: block.r.curves[0].x.length < 40 });
    label.textContent = block.labels[at];
    slider.value = at;
    player.textContent = node.timer ? "❚❚" : "▶";
  };
  keepDrawn(node, plane, paint);
  paint();
}
