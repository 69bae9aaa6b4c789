// Two flows of the plane side by side while they learn the same points; one slider scrubs both.
import { el, t } from "../gallery.js";
import { merge, player, showPlace } from "./history.js";
import { Plane, button, curves, keepDrawn, levels, points } from "./plane.js";

const COLOURS = ["seal", "celadon"];

export function draw(node, block) {
  node.className = "block-duel panel";
  if (!node.parts) build(node);
  const { state } = node;
  state.block = block;
  if (state.run !== block.run) Object.assign(state, { run: block.run, sides: [[], []], follow: true });
  block.r.sides.forEach((frames, side) => {
    if (block.done) state.sides[side] = frames;
    else merge(state.sides[side], frames);
  });
  const [left, right] = state.sides;
  state.frames = left.length < right.length ? right : left; // the longer one is what the player goes through
  const last = state.frames.length - 1;
  state.at = state.follow || block.done ? last : Math.min(state.at, last);
  node.parts.title.replaceChildren(block.title, el("small", {}, block.hint));
  paint(node);
}

function build(node) {
  const state = (node.state = { show: { density: true, data: false, samples: true, grid: true } });
  const canvas = (kind) => el("canvas", { class: kind, role: "img" });
  const p = (node.parts = { title: el("h3"), planes: [canvas("plane"), canvas("plane")], names: [el("span"), el("span")], values: [el("output"), el("output")], loss: canvas("curve"), ...player(node, 250), toggles: {} });
  p.loss.setAttribute("aria-label", t("没见过的点的损失", "loss on held-out points"));
  node.planes = p.planes.map((one) => new Plane(one, 4));
  const toggle = (name, label, dot) => (p.toggles[name] = button(label, () => { state.show[name] = !state.show[name]; paint(node); }, { class: "key", style: `--dot: var(--${dot})` }));
  node.replaceChildren(
    p.title,
    el("div", { class: "plane-views" }, ...p.planes.map((one, i) => el("figure", {}, el("figcaption", {}, p.names[i], p.values[i]), one))),
    el("div", { class: "plane-bar" }, toggle("density", t("密度", "density"), "celadon"), toggle("grid", t("网格", "grid"), "ochre"), toggle("samples", t("样本", "samples"), "seal"), toggle("data", t("数据", "data"), "ink")),
    p.loss,
    el("div", { class: "plane-bar" }, p.play, p.slider, p.step),
  );
  keepDrawn(node, p.planes[0], () => paint(node));
}

function paint(node) {
  const { state, parts: p, planes } = node;
  if (!state.sides || !node.clientWidth || !state.sides[0].length) return;
  const { block, show } = state;
  const fixed = (v) => (v === null ? "∞" : v.toFixed(3).replace("-", "−"));
  planes.forEach((plane, side) => {
    const frames = state.sides[side];
    const frame = frames[Math.min(state.at, frames.length - 1)];
    p.names[side].textContent = block.names[side];
    p.values[side].textContent = `${fixed(frame.nll)} nats`;
    p.planes[side].setAttribute("aria-label", `${block.names[side]}: ${block.alt}`);
    if (!plane.begin()) return;
    if (show.density) plane.density(levels(frame.density, block.densitySpan), block.resolution);
    if (show.grid) plane.grid(points(frame.grid, block.span), block.lines, "ochre");
    if (show.data) plane.dots(points(block.r.data, block.span), "ink", 1.5, 0.5);
    if (show.samples) plane.dots(points(frame.samples, block.span), "seal", 1.8, 0.8);
    plane.axes();
  });
  const step = state.sides[0][Math.min(state.at, state.sides[0].length - 1)].step;
  curves(p.loss, state.sides.map((frames, i) => ({ label: block.names[i], colour: COLOURS[i], x: frames.map((f) => f.step), y: frames.map((f) => f.nll), dots: true })), { xlabel: t("步", "steps"), ylabel: "nats", at: step, xmax: Math.max(block.target, 1) });
  showPlace(node, step, `${t("第", "step")} ${step} / ${block.target}${t(" 步", "")}`);
  for (const [name, one] of Object.entries(p.toggles)) one.setAttribute("aria-pressed", String(show[name]));
}
