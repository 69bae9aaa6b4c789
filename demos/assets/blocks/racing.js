// The two pictures of a race, drawn on canvases: the map with its paths and the chart over the steps.
import { colour } from "../gallery.js";
import { terrain } from "./terrain.js";

const MARGIN = { left: 34, right: 8, top: 8, bottom: 24 };

export const axisOf = {
  /** Round numbers between `low` and `high`, about `count` of them. */
  ticks(low, high, count) {
    const rough = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const stride = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough);
    const found = [];
    for (let v = Math.ceil(low / stride) * stride; v <= high + 1e-9 * stride; v += stride) found.push(Number(v.toPrecision(10)));
    return found;
  },
  /** Logarithms of round numbers: powers of ten, or 1, 2 and 5 of each when there are few decades. */
  decades(low, high) {
    if (high - low > 2) return axisOf.ticks(low, high, 6).filter(Number.isInteger);
    if (high - low < 0.3) return axisOf.ticks(10 ** low, 10 ** high, 4).map(Math.log10);
    const found = [];
    for (let k = Math.floor(low); k <= high; k++) for (const m of [1, 2, 5]) found.push(k + Math.log10(m));
    return found.filter((v) => v >= low && v <= high);
  },
  /** A number in a few characters. */
  short(v) {
    if (v === 0) return "0";
    const size = Math.abs(v);
    const text = size >= 1e5 || size < 1e-3 ? v.toExponential(1) : v.toPrecision(3);
    return text.replace("e+", "e").replace(".0e", "e").replaceAll("-", "−");
  },
};

/** A canvas of the right size for its box, cleared; returns its context and size in page pixels. */
function fresh(canvas, height) {
  const width = canvas.parentElement.clientWidth, scale = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  canvas.style.height = `${height}px`;
  const g = canvas.getContext("2d");
  g.setTransform(scale, 0, 0, scale, 0, 0);
  g.clearRect(0, 0, width, height);
  g.font = `11px ${getComputedStyle(document.body).getPropertyValue("--mono")}`;
  return { g, width, height, scale };
}

/** The window of the map: the block's, or what the shown paths need of it. */
export function windowOf(own) {
  const { block } = own;
  if (!own.zoomed || block.outline) return block.box;
  const [x0, x1, y0, y1] = block.box;
  const inside = (v, low, high) => v !== null && v >= low && v <= high;
  const shown = block.paths.filter((path) => !own.hidden.get(path.id));
  const xs = [block.start[0], ...shown.flatMap((path) => path.x.filter((v) => inside(v, x0, x1)))];
  const ys = [block.start[1], ...shown.flatMap((path) => path.y.filter((v) => inside(v, y0, y1)))];
  const fit = (values, low, high) => {
    const [a, b] = [Math.min(...values), Math.max(...values)];
    const wide = Math.max(1.24 * (b - a), 0.08 * (high - low));
    return [Math.max(low, (a + b - wide) / 2), Math.min(high, (a + b + wide) / 2)];
  };
  return [...fit(xs, x0, x1), ...fit(ys, y0, y1)];
}

export function drawMap(own) {
  const { block } = own, [x0, x1, y0, y1] = own.box;
  const wide = own.mapBox.clientWidth;
  const bare = Boolean(block.outline); // a figure with corners of its own needs no axes
  const margin = bare ? { left: 30, right: 30, top: 24, bottom: 26 } : MARGIN;
  const inner = wide - margin.left - margin.right;
  const tall = block.equal ? (inner * (y1 - y0)) / (x1 - x0) : Math.min(360, Math.max(230, 0.86 * inner));
  const { g, height, scale } = fresh(own.map, tall + margin.top + margin.bottom);
  const place = (x, y) => [margin.left + ((x - x0) / (x1 - x0)) * inner, margin.top + tall - ((y - y0) / (y1 - y0)) * tall];
  own.frame = {
    place,
    inverse: (px, py) => [x0 + ((px - margin.left) / inner) * (x1 - x0), y0 + ((margin.top + tall - py) / tall) * (y1 - y0)],
  };
  g.save();
  g.beginPath();
  if (block.outline) outline(g, block.outline, place);
  else g.rect(margin.left, margin.top, inner, tall);
  g.save();
  g.clip();
  if (block.surface) {
    const key = `${block.surface.key} ${own.box} ${inner} ${tall} ${scale}`;
    const [left, right, bottom, top] = block.box;
    const part = [(x0 - left) / (right - left), (x1 - left) / (right - left), (y0 - bottom) / (top - bottom), (y1 - bottom) / (top - bottom)];
    if (own.ground?.key !== key) own.ground = { key, picture: terrain(block.surface, Math.round(inner * scale), Math.round(tall * scale), part) };
    g.drawImage(own.ground.picture, margin.left, margin.top, inner, tall);
  }
  g.restore();
  g.strokeStyle = colour(bare ? "soft" : "line");
  g.lineWidth = bare ? 1.5 : 1;
  g.stroke();
  g.restore();
  if (!bare) axes(g, own, place, { margin, height });
  g.save();
  g.beginPath();
  if (bare) g.rect(0, 0, wide, height); // paths may run along the edge
  else g.rect(margin.left, margin.top, inner, tall);
  g.clip();
  marks(g, block, place);
  const shown = block.paths.filter((path) => !own.hidden.get(path.id));
  for (const path of shown) trail(g, path, own.last, place, { faint: true });
  for (const path of shown) trail(g, path, own.step, place, {});
  for (const path of shown) head(g, path, own.step, place);
  g.restore();
  g.fillStyle = colour("ink");
  g.font = `13px ${getComputedStyle(document.body).getPropertyValue("--sans")}`;
  for (const corner of block.corners ?? []) {
    const [x, y] = place(corner.x, corner.y);
    g.textAlign = "center";
    g.fillText(corner.text, Math.max(24, Math.min(wide - 24, x)), y + (corner.y > (y0 + y1) / 2 ? -8 : 18));
  }
}

function outline(g, points, place) {
  points.forEach(([x, y], i) => (i ? g.lineTo(...place(x, y)) : g.moveTo(...place(x, y))));
  g.closePath();
}

function axes(g, own, place, { margin, height }) {
  const [x0, x1, y0, y1] = own.box, [xName, yName] = own.block.axes ?? ["x", "y"];
  g.fillStyle = colour("soft");
  g.textAlign = "center";
  for (const v of axisOf.ticks(x0, x1, 5).filter((v) => v < x1 - 0.06 * (x1 - x0))) g.fillText(tidy(v), place(v, y0)[0], height - 8);
  g.fillText(xName, place(x1, y0)[0] - 6, height - 8);
  g.textAlign = "right";
  for (const v of axisOf.ticks(y0, y1, 5).filter((v) => v < y1 - 0.06 * (y1 - y0))) g.fillText(tidy(v), margin.left - 6, place(x0, v)[1] + 4);
  g.fillText(yName, margin.left - 6, margin.top + 9);
}

const tick = (v) => axisOf.short(Number(v.toPrecision(2))).replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, "");
const tidy = (v) => String(v).replace("-", "−");

function marks(g, block, place) {
  g.font = `12px ${getComputedStyle(document.body).getPropertyValue("--sans")}`;
  for (const mark of block.marks ?? []) {
    const [x, y] = place(mark.x, mark.y);
    g.strokeStyle = g.fillStyle = colour(mark.colour ?? "ink");
    g.lineWidth = 1.5;
    g.beginPath();
    g.moveTo(x - 5, y); g.lineTo(x + 5, y); g.moveTo(x, y - 5); g.lineTo(x, y + 5);
    g.stroke();
    if (mark.text) {
      g.textAlign = "left";
      g.fillText(mark.text, x + 8, y + 14);
    }
  }
}

/** The line through the first `until` steps; faint for what is still to come. */
function trail(g, path, until, place, { faint }) {
  g.strokeStyle = g.fillStyle = colour(path.colour);
  g.globalAlpha = faint ? 0.28 : 1;
  g.lineWidth = faint ? 1.2 : 2;
  g.lineJoin = "round";
  g.setLineDash(path.dash ? [6, 4] : []);
  g.beginPath();
  const whole = Math.floor(until), count = Math.min(whole, path.x.length - 1);
  for (let i = 0; i <= count && path.x[i] !== null; i++) {
    const point = place(path.x[i], path.y[i]);
    if (i) g.lineTo(...point);
    else g.moveTo(...point);
  }
  const now = at(path, until);
  if (now && until > whole) g.lineTo(...place(...now));
  g.stroke();
  g.setLineDash([]);
  // Dots show that the steps are steps; an equation's path has none.
  if (!path.dash && !faint && path.x.length <= 160) {
    for (let i = 0; i <= count && path.x[i] !== null; i++) {
      g.beginPath();
      g.arc(...place(path.x[i], path.y[i]), 2.2, 0, 7);
      g.fill();
    }
  }
  g.globalAlpha = 1;
}

function head(g, path, step, place) {
  const now = at(path, step);
  if (!now) return;
  g.fillStyle = colour(path.colour);
  g.strokeStyle = colour("card");
  g.lineWidth = 2;
  g.beginPath();
  g.arc(...place(...now), 6, 0, 7);
  g.fill();
  g.stroke();
}

/** The position at a step that need not be whole; null once the path has diverged. */
function at(path, step) {
  const i = Math.min(Math.floor(step), path.x.length - 1), rest = step - i;
  if (path.x[i] === null) return null;
  const next = i + 1 < path.x.length && path.x[i + 1] !== null ? i + 1 : i;
  return [path.x[i] + rest * (path.x[next] - path.x[i]), path.y[i] + rest * (path.y[next] - path.y[i])];
}

export function drawChart(own) {
  const { block } = own, { log } = block.charts.find((chart) => chart.name === own.chart);
  const tall = own.map.clientHeight - own.quantities.offsetHeight - 2;
  const beside = own.views.clientWidth > own.mapBox.clientWidth + 20;
  const margin = { left: 50, right: 10, top: 8, bottom: 24 };
  const { g, width, height } = fresh(own.chartCanvas, beside ? tall : 190);
  const shown = block.paths.filter((path) => !own.hidden.get(path.id) && path.values?.[own.chart]);
  const scale = (v) => (log ? Math.log10(v) : v);
  const usable = (v) => v !== null && (!log || v > 0);
  const seen = shown.flatMap((path) => path.values[own.chart].filter(usable).map(scale));
  let [low, high] = seen.length ? [Math.min(...seen), Math.max(...seen)] : [0, 1];
  // A path on its way to infinity would flatten all others: cut it where the picture still speaks.
  if (log) low = Math.max(low, high - 18);
  else {
    const first = Math.max(0, ...shown.map((path) => Math.abs(path.values[own.chart][0] ?? 0)));
    if (first > 0 && high > 20 * first) high = 4 * first;
  }
  if (high - low < 1e-12) [low, high] = [low - 0.5, high + 0.5];
  const [w, h] = [width - margin.left - margin.right, height - margin.top - margin.bottom];
  const x = (step) => margin.left + (step / Math.max(1, own.last)) * w;
  const y = (v) => margin.top + h - ((v - low) / (high - low)) * h;
  own.chartFrame = { inverse: (px) => ((px - margin.left) / w) * own.last };
  g.strokeStyle = colour("line");
  g.fillStyle = colour("soft");
  g.lineWidth = 1;
  g.textAlign = "right";
  const marked = log ? axisOf.decades(low, high) : axisOf.ticks(low, high, 5);
  for (const v of marked) {
    line(g, margin.left, y(v), width - margin.right, y(v));
    g.fillText(log ? tick(10 ** v) : tidy(v), margin.left - 6, y(v) + 4);
  }
  g.textAlign = "center";
  for (const v of axisOf.ticks(0, own.last, 4)) if (v < 0.86 * own.last) g.fillText(String(v), x(v), height - 7);
  g.textAlign = "right";
  g.fillText(block.clock?.label ?? "", width - margin.right, height - 7);
  g.save();
  g.beginPath();
  g.rect(margin.left, margin.top - 4, w + 4, h + 8);
  g.clip();
  for (const path of shown) {
    g.strokeStyle = colour(path.colour);
    g.lineWidth = 1.8;
    g.setLineDash(path.dash ? [6, 4] : []);
    g.beginPath();
    let pen = false;
    path.values[own.chart].forEach((v, i) => {
      if (!usable(v)) { pen = false; return; }
      if (pen) g.lineTo(x(i), y(scale(v)));
      else g.moveTo(x(i), y(scale(v)));
      pen = true;
    });
    g.stroke();
  }
  g.setLineDash([]);
  g.strokeStyle = colour("ink");
  g.globalAlpha = 0.5;
  line(g, x(own.step), margin.top, x(own.step), margin.top + h);
  g.restore();
}

function line(g, ...[x0, y0, x1, y1]) {
  g.beginPath();
  g.moveTo(x0, y0);
  g.lineTo(x1, y1);
  g.stroke();
}
