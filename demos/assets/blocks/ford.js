// The walk through the tree of all fractions, drawn with Ford circles: p/q has a circle of diameter 1/q²
// on the line, neighbours in the tree touch, and the line at the wanted number cuts the good ones.
import { el, setAddress, style, t } from "../gallery.js";
import { shape, still } from "./steer.js";

style(import.meta.url);

const LEAST = 2.5; // pixels: smaller circles are left out
const WHOLE = [0, 1, 2, 3, 4, 5, 6, 7]; // whole numbers stand on the line from the beginning

export function draw(node, block, stage) {
  node.className = "panel block-ford";
  const own = node.own ?? (node.own = skeleton(node));
  Object.assign(own, { block, stage });
  own.title.replaceChildren(block.title, el("small", {}, block.hint));
  own.svg.setAttribute("aria-label", block.alt);
  own.slider.max = block.steps.length;
  // A run's last turn already leaves the convergent behind: the step before it is shown.
  let end = 0;
  own.ends = block.runs.map((run, i) => ((end += run), i + 1 < block.runs.length ? end - 1 : end));
  own.runs.replaceChildren(...block.runs.map((run, i) =>
    el("button", { type: "button", class: "run", onclick: () => { stop(own); go(own, own.ends[i]); }, title: `${block.steps[own.ends[i] - 1]?.p}/${block.steps[own.ends[i] - 1]?.q}` },
      (i % 2 ? "L" : "R"), el("sup", {}, String(run)))));
  own.step = Math.min(block.at, block.steps.length);
  own.window = reach(own, own.step);
  paint(own);
}

function skeleton(node) {
  const own = { node };
  own.title = el("h3");
  own.svg = shape("svg", { role: "img" });
  own.slider = el("input", { type: "range", min: 0, max: 1, step: 1, "aria-label": t("步", "step"), oninput: () => { stop(own); go(own, Number(own.slider.value)); } });
  own.button = el("button", { type: "button", class: "quiet-button", onclick: () => (own.playing ? stop(own) : play(own)) }, t("播放", "Play"));
  own.says = el("div", { class: "ford-says", "aria-live": "polite" });
  own.runs = el("div", { class: "ford-runs", role: "group", "aria-label": t("转弯", "turns") });
  const by = (d) => () => { stop(own); go(own, own.step + d); };
  node.replaceChildren(own.title, own.svg,
    el("div", { class: "tools" }, own.button, el("button", { type: "button", class: "quiet-button", "aria-label": t("上一步", "back"), onclick: by(-1) }, "‹"),
      own.slider, el("button", { type: "button", class: "quiet-button", "aria-label": t("下一步", "forward"), onclick: by(1) }, "›")),
    own.says, own.runs);
  new ResizeObserver(() => own.block && own.svg.clientWidth !== own.width && paint(own)).observe(own.svg);
  return own;
}

// -- the walk ---------------------------------------------------------------------------------------

/** Where the walk is after n turns: the fraction, its bounds, all fractions met. */
function state(own, n) {
  const { steps, target } = own.block;
  let now = { p: 1, q: 1, off: 1 - target }, low = { p: 0, q: 1, off: -target }, high = null;
  const met = [low, now];
  for (const step of steps.slice(0, n)) {
    if (step.turn === "R") low = now;
    else high = now;
    now = step;
    met.push(step);
  }
  return { now, low, high, met };
}

/** Half the width of the window: the fraction and its nearer bound are in it. */
function reach(own, n) {
  const { now, low, high } = state(own, n);
  return 1.6 * Math.max(Math.abs(now.off), Math.min(Math.abs(low.off), high ? Math.abs(high.off) : Infinity));
}

function go(own, n) {
  cancelAnimationFrame(own.moving);
  own.step = Math.max(0, Math.min(own.block.steps.length, n));
  keep(own);
  const [from, to, began] = [own.window, reach(own, own.step), performance.now()];
  const tick = (now) => {
    const share = still() ? 1 : Math.min(1, Math.max(0, now - began) / (own.playing ? 160 : 320));
    own.window = from * (to / from) ** (share * (2 - share));
    paint(own);
    if (share < 1) own.moving = requestAnimationFrame(tick);
  };
  tick(began);
  if (!still()) own.moving = requestAnimationFrame(tick);
  else { own.window = to; paint(own); }
}

/** The link brings back the step that is seen. */
function keep({ stage, step }) {
  if (!stage.payload?.inputs) return;
  stage.payload.inputs = { ...stage.payload.inputs, at: step };
  setAddress(stage.link());
}

function play(own) {
  if (own.step >= own.block.steps.length) own.step = 0;
  own.playing = true;
  own.button.textContent = t("暂停", "Pause");
  const next = () => {
    if (!own.playing || !own.node.isConnected) return;
    if (own.step >= own.block.steps.length) return stop(own);
    // Long runs of equal turns would be dull: they are crossed in ten strides.
    const run = own.ends.findIndex((end) => end > own.step);
    const stride = Math.max(1, Math.round(own.block.runs[run] / 10));
    go(own, Math.min(own.ends[run], own.step + stride));
    own.timer = setTimeout(next, 420);
  };
  next();
}

function stop(own) {
  clearTimeout(own.timer);
  own.playing = false;
  own.button.textContent = t("播放", "Play");
}

// -- picture ----------------------------------------------------------------------------------------

function paint(own) {
  const { block } = own;
  own.width = own.svg.clientWidth || 600;
  const high = own.width < 520 ? 300 : 340, base = high - 26, scale = own.width / 2 / own.window;
  own.svg.setAttribute("viewBox", `0 0 ${own.width} ${high}`);
  own.svg.style.height = `${high}px`;
  const here = state(own, own.step);
  const x = (f) => own.width / 2 + scale * f.off, r = (f) => scale / (2 * f.q * f.q);
  const shown = gather(here.met, block.target, (f) => r(f) > LEAST, (a, b) => x(a) < own.width + 50 && x(b) > -50)
    .filter((f) => r(f) > LEAST && x(f) + r(f) > 0 && x(f) - r(f) < own.width);
  const same = (a, b) => a && b && a.p === b.p && a.q === b.q;
  const kind = (f) => (same(f, here.now) ? "now" : same(f, here.low) || same(f, here.high) ? "bound" : Math.abs(f.off) < 1 / (2 * f.q * f.q) ? "cut" : "");
  const labelled = shown.filter((f) => r(f) > 15 + 2.6 * `${f.p}${f.q}`.length || kind(f) === "now" || kind(f) === "bound");
  own.svg.replaceChildren(
    shape("path", { d: `M0 ${base}H${own.width}`, class: "ground" }),
    ...shown.map((f) => shape("circle", { cx: x(f).toFixed(1), cy: (base - r(f)).toFixed(1), r: r(f).toFixed(1), class: `ford ${kind(f)}` })),
    shape("path", { d: `M${own.width / 2} 0V${base}`, class: "target" }),
    shape("text", { x: own.width / 2 + 6, y: 14, class: "aim" }, block.name),
    ...labelled.filter((f) => x(f) > 20 && x(f) < own.width - 20).map((f) => {
      const small = r(f) < 15 + 2.6 * `${f.p}${f.q}`.length;
      return shape("text", { x: x(f), y: small ? base - 2 * r(f) - 7 : Math.max(30, base - Math.min(r(f), 90)) + 4, class: `fraction ${kind(f)}` }, `${f.p}/${f.q}`);
    }),
    shape("text", { x: own.width - 6, y: high - 8, class: "ruler" }, `${t("窗宽", "width")} ${power(Math.log10(2 * own.window))}`),
    shape("text", { x: 6, y: high - 8, class: "ruler start" }, `${t("第", "step")} ${own.step}${t(" 步", "")}`),
  );
  tell(own, here);
}

/** Fractions met, whole numbers, and the mediants between neighbours as long as they can be seen. */
function gather(met, target, visible, inside) {
  const known = new Map();
  for (const n of WHOLE) known.set(`${n}/1`, { p: n, q: 1, off: n - target });
  for (const f of met) known.set(`${f.p}/${f.q}`, f);
  const line = [...known.values()].sort((a, b) => a.off - b.off);
  const found = [...line];
  const between = (a, b, depth) => {
    if (depth > 400 || found.length > 700 || !inside(a, b)) return;
    const m = { p: a.p + b.p, q: a.q + b.q, off: (a.q * a.off + b.q * b.off) / (a.q + b.q) };
    if (!visible(m)) return;
    found.push(m);
    between(a, m, depth + 1);
    between(m, b, depth + 1);
  };
  for (let i = 0; i + 1 < line.length; i++) between(line[i], line[i + 1], 0);
  return found;
}

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** A number given by its decimal logarithm, such as 2.67 × 10⁻⁷. */
function power(log) {
  const whole = Math.floor(log);
  const front = (10 ** (log - whole)).toFixed(2);
  if (whole >= -2 && whole <= 2) return (10 ** log).toPrecision(3);
  return `${front} × 10${[...String(whole)].map((c) => RAISED[c]).join("")}`;
}

function tell(own, { now }) {
  const { block } = own;
  own.slider.value = own.step;
  const log = now.log ?? Math.log10(Math.abs(now.off));
  const scaled = 2 * Math.log10(now.q) + log;
  own.says.replaceChildren(
    el("b", {}, `${now.p}/${now.q}`),
    el("span", {}, now.off > 0 ? t(`比 ${block.name} 大，下一步向左`, `above ${block.name}, so turn left`) : t(`比 ${block.name} 小，下一步向右`, `below ${block.name}, so turn right`)),
    el("span", {}, `${t("误差", "error")} ${power(log)}`),
    el("span", {}, `q² × ${t("误差", "error")} = ${power(scaled)}`),
  );
  const run = own.ends.findIndex((end) => end >= own.step);
  [...own.runs.children].forEach((button, i) => button.setAttribute("aria-pressed", String(own.step > 0 && i === run)));
}
