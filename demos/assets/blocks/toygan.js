// Two GANs trained on the same points, side by side: samples on the judge's map. Scrub, step on, wind back.
import { el, style, t } from "../gallery.js";
import { collect, player, showPlace } from "./history.js";
import { Plane, button, curves, keepDrawn, levels, points } from "./plane.js";

style(import.meta.url);

export function draw(node, block, stage) {
  node.className = "block-toygan panel";
  if (!node.parts) build(node, stage);
  node.state.block = block;
  collect(node, block);
  node.parts.title.replaceChildren(block.title, el("small", {}, block.hint));
  paint(node);
}

function build(node, stage) {
  const state = (node.state = {});
  const p = (node.parts = { title: el("h3"), sides: [], chart: el("canvas", { class: "curve", role: "img", "aria-label": t("训练中的相关系数", "correlation during training") }), ...player(node) });
  for (let i = 0; i < 2; i++) {
    const canvas = el("canvas", { class: "plane", role: "img" });
    p.sides.push({ canvas, plane: new Plane(canvas, 4), caption: el("figcaption"), figures: el("p") });
  }
  const inputs = () => stage.payload?.inputs ?? {};
  const to = (steps) => stage.restore({ ...inputs(), steps });
  const last = () => state.frames.at(-1).r.step;
  p.back = button(t("退回到这一步", "rewind to here"), () => to(state.frames[state.at].r.step));
  p.one = button(t("+10 步", "+10 steps"), () => to(last() + 10));
  p.more = button(t("+200 步", "+200 steps"), () => to(last() + 200));
  node.replaceChildren(
    p.title,
    el("div", { class: "toygan-pair" }, ...p.sides.map(({ canvas, caption, figures }) => el("figure", {}, caption, canvas, figures))),
    p.chart,
    el("div", { class: "plane-bar" }, p.play, p.slider, p.step, p.back, p.one, p.more));
  keepDrawn(node, p.sides[0].canvas, () => paint(node));
}

function paint(node) {
  const { state, parts: p } = node;
  if (!state.frames?.length || !node.clientWidth) return;
  const { block } = state;
  const frame = state.frames[state.at].r;
  const data = points(block.r.data, 8);
  const number = (v, digits = 2) => (v === null ? "∞" : v.toFixed(digits).replace("-", "−"));
  frame.runs.forEach((run, i) => {
    const { canvas, plane, caption, figures } = p.sides[i];
    caption.textContent = block.names[i];
    canvas.setAttribute("aria-label", `${block.names[i]}: ${block.alt}`);
    if (plane.begin()) {
      plane.judged(levels(run.scores, [0, 1]), block.resolution);
      plane.dots(data, "ink", 1.4, 0.4);
      plane.dots(points(run.samples, 8), "indigo", 1.9, 0.85);
      const made = points(run.samples, 8);
      const outside = made.filter((v, k) => k % 2 === 0 && !(Math.max(Math.abs(v), Math.abs(made[k + 1])) <= 4)).length / (made.length / 2);
      if (outside > 0.05) plane.note(t(`${Math.round(100 * outside)}% 的样本在窗口外`, `${Math.round(100 * outside)}% of samples outside`), -3.9, 3.0);
      plane.axes();
    }
    const figure = (name, value, good, bad) => [el("span", {}, `${name} `, el("b", { class: good ? "good" : bad ? "bad" : "" }, number(value)))];
    figures.replaceChildren(
      ...figure("ρ", run.correlation, run.correlation > 0.6, run.correlation !== null && run.correlation < 0.3),
      ...figure(t("样本离数据", "samples off data"), run.stray, run.stray !== null && run.stray < 0.4, run.stray === null || run.stray > 1),
      ...figure(t("漏掉的数据", "data missed by"), run.missed, run.missed !== null && run.missed < 0.3, run.missed === null || run.missed > 1));
  });
  const total = block.done ? state.frames.at(-1).r.step : block.target;
  curves(p.chart, block.curves.r.map((line, i) => ({ label: block.names[i], colour: ["celadon", "seal"][i], x: line.x, y: line.y })),
    { xlabel: t("步", "steps"), ylabel: "ρ", at: frame.step, xmax: Math.max(total, 1) });
  showPlace(node, frame.step, `${frame.step} / ${total}`);
  p.back.disabled = frame.step === state.frames.at(-1).r.step;
  p.one.disabled = total + 10 > block.limit;
  p.more.disabled = total + 200 > block.limit;
}
