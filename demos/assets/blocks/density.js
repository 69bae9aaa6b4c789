// A training run in the plane: data, samples, density and warped grid; the noise; the loss. Scrub through
// its history, step on, go back, or draw points of one's own.
import { el, t } from "../gallery.js";
import { collect, player, seek, showPlace } from "./history.js";
import { Plane, button, curves, keepDrawn, levels, points } from "./plane.js";

const MOST = 300; // points of one's own

export function draw(node, block, stage) {
  node.className = "block-density panel";
  if (!node.parts) build(node, stage);
  const { state } = node;
  state.block = block;
  if (collect(node, block)) state.own = null; // what the visitor chose to see is kept
  const p = node.parts;
  p.title.replaceChildren(block.title, el("small", {}, block.hint));
  p.base.firstChild.textContent = block.baseTitle;
  p.data.setAttribute("aria-label", block.alt);
  p.noise.setAttribute("aria-label", block.baseTitle);
  p.toggles.volume.hidden = !state.frames[0].r.volume;
  paint(node);
}

function build(node, stage) {
  const state = (node.state = { show: { density: true, volume: false, data: true, samples: false, grid: false }, mark: null });
  const canvas = (name) => el("canvas", { class: name, role: "img" });
  const p = (node.parts = {
    title: el("h3"), figures: el("div", { class: "plane-figures" }),
    data: canvas("plane"), noise: canvas("plane"), loss: canvas("curve"),
    ...player(node), where: el("output"), base: el("figcaption", {}, el("span")), toggles: {},
  });
  p.loss.setAttribute("aria-label", t("损失曲线，点一下跳到那一步", "loss curve; click to go to a step"));
  node.planes = [new Plane(p.data, 4), new Plane(p.noise, 4)];
  const toggle = (name, label, dot) => {
    const b = button(label, () => {
      state.show[name] = !state.show[name];
      if (state.show[name] && name === "volume") state.show.density = false;
      if (state.show[name] && name === "density") state.show.volume = false;
      paint(node);
    }, { class: "key", style: `--dot: var(--${dot})` });
    p.toggles[name] = b;
    return b;
  };
  const inputs = () => stage.payload?.inputs ?? {};
  const to = (steps) => stage.restore({ ...inputs(), steps });
  p.back = button(t("退回到这一步", "rewind to here"), () => to(now(state).step));
  p.one = button(t("+1 步", "+1 step"), () => to(last(state).step + 1));
  p.more = button(t("+100 步", "+100 steps"), () => to(last(state).step + 100));
  p.pen = button(t("✎ 自己画数据", "✎ draw data"), () => pen(node));
  p.train = button(t("用这些点训练", "train on these"), () => {
    const own = state.own.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
    state.own = null;
    stage.restore({ ...inputs(), data: "own", own });
  });
  p.clear = button(t("清空", "clear"), () => { state.own = []; paint(node); });
  p.drawing = el("div", { class: "plane-bar" }, p.train, p.clear, p.count = el("output"));
  p.views = el("div", { class: "plane-bar" },
    toggle("density", t("密度", "density"), "celadon"), toggle("volume", "ln|det J|", "indigo"),
    toggle("data", t("数据", "data"), "ink"), toggle("samples", t("样本", "samples"), "seal"),
    toggle("grid", t("网格", "grid"), "ochre"), el("span", { class: "push" }, p.pen));
  node.replaceChildren(
    p.title, p.figures,
    el("div", { class: "plane-views" },
      el("figure", {}, el("figcaption", {}, el("span", {}, t("数据空间 x", "data space x")), p.where), p.data),
      el("figure", {}, p.base, p.noise)),
    p.views, p.drawing,
    p.loss,
    el("div", { class: "plane-bar" }, p.play, p.slider, p.step, p.back, p.one, p.more),
  );
  point(node);
  keepDrawn(node, p.data, () => paint(node));
}

const now = (state) => state.frames[state.at].r;
const last = (state) => state.frames.at(-1).r;

function pen(node) {
  const { state } = node;
  state.own = state.own ? null : [];
  paint(node);
}

/** Hovering reads the density and shows where the nearest datum goes; in drawing mode points are put. */
function point(node) {
  const { state, parts: p, planes: [plane] } = node;
  let down = false, before = null;
  const put = (event) => {
    const [x, y] = plane.at(event);
    const far = !before || Math.hypot(x - before[0], y - before[1]) > 0.12;
    if (!far || Math.max(Math.abs(x), Math.abs(y)) > 3.95 || state.own.length >= MOST) return;
    before = [x, y];
    state.own.push(before);
    paint(node);
  };
  p.data.addEventListener("pointerdown", (event) => {
    if (!state.own) return;
    p.data.setPointerCapture(event.pointerId);
    down = true;
    before = null;
    put(event);
  });
  p.data.addEventListener("pointermove", (event) => {
    if (state.own) { if (down) put(event); return; }
    const place = plane.at(event);
    const data = points(state.block.r.data, 8);
    let best = -1, least = 0.3;
    for (let i = 0; i < data.length; i += 2) {
      const d = Math.hypot(data[i] - place[0], data[i + 1] - place[1]);
      if (d < least) [best, least] = [i, d];
    }
    state.mark = best < 0 ? null : best;
    state.place = place;
    paint(node);
  });
  p.data.addEventListener("pointerup", () => { down = false; });
  p.data.addEventListener("pointerleave", () => { state.mark = state.place = null; paint(node); });
  p.loss.addEventListener("click", (event) => {
    const step = node.toStep(event.clientX);
    const distances = state.frames.map((frame) => Math.abs(frame.r.step - step));
    seek(node, distances.indexOf(Math.min(...distances)));
  });
}

function paint(node) {
  const { state, parts: p, planes: [plane, base] } = node;
  if (!state.frames?.length || !node.clientWidth) return;
  const { block, show } = state;
  const frame = now(state);
  const drawing = Boolean(state.own);
  const logs = levels(frame.density, block.span);
  const data = points(block.r.data, 8), codes = points(frame.codes, 8);
  p.data.classList.toggle("drawing", drawing);
  if (plane.begin()) {
    if (!drawing) {
      if (show.volume && frame.volume) {
        const volume = levels(frame.volume, block.volumeSpan);
        const most = Math.max(0.5, ...volume.map(Math.abs));
        plane.signed(volume, block.resolution / 2, most);
        plane.note(`${t("靛", "blue")} +${most.toFixed(1)} … ${t("赭", "ochre")} −${most.toFixed(1)}`, -3.9, 3.65);
      } else if (show.density) plane.density(logs, block.resolution);
      if (show.grid) plane.grid(points(frame.grid, 8), block.lines, "ochre");
      if (show.data) plane.dots(data, "ink", 1.5, 0.5);
      if (show.samples) plane.dots(points(frame.samples, 8), "seal", 1.9, 0.85);
      if (state.mark !== null) plane.ring(data[state.mark], data[state.mark + 1], 5, "seal");
    } else plane.dots(state.own.flat(), "ink", 2.4, 0.9);
    plane.axes();
  }
  if (base.begin()) {
    base.circles();
    if (show.grid) base.grid(points(block.r.square, 8), block.lines, "ochre", 0.5);
    base.dots(codes, "ink", 1.5, 0.6);
    if (show.samples) base.dots(points(block.r.noise, 8), "seal", 1.9, 0.6);
    if (state.mark !== null) base.ring(codes[state.mark], codes[state.mark + 1], 5, "seal");
    base.axes();
  }
  p.where.textContent = drawing ? t("按住拖动来画点", "press and drag") : reading(state, logs);
  const total = block.done ? last(state).step : block.target;
  const { steps } = block.losses.r;
  const lines = Object.entries(block.losses.r.values).map(([name, y], i) => ({
    label: block.lossNames[name], colour: ["soft", "ochre", "indigo"][i], x: steps, y, faint: i === 0,
  }));
  lines.push({ label: t("测试 NLL", "held-out NLL"), colour: "celadon", x: state.frames.map((f) => f.r.step), y: state.frames.map((f) => f.r.nll), dots: true });
  node.toStep = curves(p.loss, lines, { xlabel: t("步", "steps"), ylabel: "nats", at: frame.step, xmax: Math.max(total, 1) });
  const fixed = (v) => (v === null ? "∞" : Math.abs(v) > 999 ? v.toExponential(1) : v.toFixed(2).replace("-", "−"));
  p.figures.replaceChildren(
    el("span", {}, el("b", { class: frame.nll === null || frame.nll > 8 ? "bad" : "" }, fixed(frame.nll)), t("nats／点，没见过的数据", "nats per held-out point")),
    el("span", {}, el("b", { class: Math.abs(frame.total - 1) > block.slack ? "bad" : "" }, fixed(frame.total)), t("窗口内 ∫p", "∫p over the window")),
  );
  showPlace(node, frame.step, `${t("第", "step")} ${frame.step} / ${total}${t(" 步", "")}`);
  p.back.disabled = frame.step === last(state).step;
  for (const [b, ahead] of [[p.one, 1], [p.more, 100]]) b.disabled = last(state).step + ahead > block.limit;
  for (const [name, b] of Object.entries(p.toggles)) b.setAttribute("aria-pressed", String(show[name]));
  p.pen.setAttribute("aria-pressed", String(drawing));
  p.pen.firstChild.textContent = drawing ? t("不画了", "stop drawing") : t("✎ 自己画数据", "✎ draw data");
  p.drawing.hidden = !drawing;
  p.drawing.style.display = drawing ? "" : "none";
  p.train.disabled = !drawing || state.own.length < 8;
  p.count.textContent = drawing ? t(`${state.own.length} 点（至少 8，至多 ${MOST}）`, `${state.own.length} points (8 to ${MOST})`) : "";
}

/** ln p under the pointer. */
function reading({ place, block }, logs) {
  if (!place) return "";
  const n = block.resolution;
  const [column, row] = place.map((v) => Math.max(0, Math.min(n - 1, Math.floor(((v + 4) / 8) * n))));
  const value = logs[row * n + column];
  const shown = value <= block.span[0] ? `< ${block.span[0]}` : value.toFixed(2);
  return `(${place.map((v) => v.toFixed(1)).join(", ")})  ln p ${shown}`.replaceAll("-", "−");
}
