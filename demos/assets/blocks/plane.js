// Pictures of the plane on a canvas, shared by blocks: heat maps, dots, grids, and small line charts.
import { colour, el, style } from "../gallery.js";

style(import.meta.url);

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** Numbers packed as 16-bit integers between -span and span; those at the rim lie outside. */
export function points(text, span) {
  const raw = new Int16Array(bytes(text).buffer);
  return Float32Array.from(raw, (v) => (Math.abs(v) >= 32767 ? NaN : (v / 32767) * span));
}

/** Numbers packed as bytes from low to high. */
export function levels(text, [low, high]) {
  return Float32Array.from(bytes(text), (v) => low + ((high - low) * v) / 255);
}

/** Red, green and blue of one of the page's colours, each 0 to 255. */
function rgb(name) {
  const text = colour(name).replace("#", "");
  const full = text.length === 3 ? [...text].map((c) => c + c).join("") : text;
  return [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16));
}

/** A function from 0..1 to a mixture of the named colours. */
function ramp(...names) {
  const stops = names.map(rgb);
  return (t) => {
    const at = Math.max(0, Math.min(1, t)) * (stops.length - 1);
    const i = Math.min(stops.length - 2, Math.floor(at));
    return stops[i].map((v, k) => v + (at - i) * (stops[i + 1][k] - v));
  };
}

/** Fit a canvas to its place on the page; returns a context in CSS pixels and the size. */
function fitted(canvas) {
  const { clientWidth: w, clientHeight: h } = canvas;
  const scale = devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(w * scale));
  canvas.height = Math.max(1, Math.round(h * scale));
  const g = canvas.getContext("2d");
  g.setTransform(scale, 0, 0, scale, 0, 0);
  g.clearRect(0, 0, w, h);
  return [g, w, h];
}

/** A square window of the plane, from -reach to reach both ways. */
export class Plane {
  constructor(canvas, reach) {
    Object.assign(this, { canvas, reach });
  }

  begin() {
    [this.g, this.size] = fitted(this.canvas);
    return this.size > 0;
  }

  x = (v) => ((v + this.reach) / (2 * this.reach)) * this.size;
  y = (v) => ((this.reach - v) / (2 * this.reach)) * this.size;

  /** The place in the plane under a pointer. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * 2 * this.reach - this.reach,
      this.reach - ((event.clientY - box.top) / box.height) * 2 * this.reach,
    ];
  }

  /** `resolution`^2 shades in rows from below to above; `shade` gives [r, g, b] of a value. */
  raster(values, resolution, shade) {
    const small = document.createElement("canvas");
    small.width = small.height = resolution;
    const g = small.getContext("2d", { willReadFrequently: true });
    const picture = g.createImageData(resolution, resolution);
    for (let row = 0; row < resolution; row++) {
      for (let column = 0; column < resolution; column++) {
        const to = 4 * ((resolution - 1 - row) * resolution + column);
        const [r, green, b] = shade(values[row * resolution + column]);
        picture.data.set([r, green, b, 255], to);
      }
    }
    g.putImageData(picture, 0, 0);
    this.g.imageSmoothingQuality = "high";
    this.g.drawImage(small, 0, 0, this.size, this.size);
  }

  /** A density given by its logarithm; darkest where most of its mass lies. */
  density(logs, resolution) {
    let mass = 0, square = 0;
    for (const v of logs) {
      const p = Math.exp(v);
      mass += p;
      square += p * p;
    }
    const typical = Math.max(square / mass || 1, 0.004); // what is spread over far more is shown faint
    const tint = ramp("paper", "pale-celadon", "celadon");
    this.raster(logs, resolution, (v) => tint(0.94 * (1 - Math.exp(-Math.exp(v) / (0.6 * typical)))));
  }

  /** A quantity with a sign: ochre below zero, indigo above. */
  signed(values, resolution, most) {
    const tint = ramp("ochre", "pale-ochre", "paper", "pale-indigo", "indigo");
    this.raster(values, resolution, (v) => tint(0.5 + v / (2 * most)));
  }

  /** A judgement from 0 (real, celadon) to 1 (fake, seal). */
  judged(values, resolution) {
    const tint = ramp("celadon", "paper", "seal");
    this.raster(values, resolution, (v) => tint(0.26 + 0.48 * v));
  }

  dots(flat, name, radius = 1.6, alpha = 0.8) {
    const { g } = this;
    g.fillStyle = colour(name);
    g.globalAlpha = alpha;
    for (let i = 0; i + 1 < flat.length; i += 2) {
      if (Number.isNaN(flat[i]) || Number.isNaN(flat[i + 1])) continue;
      g.beginPath();
      g.arc(this.x(flat[i]), this.y(flat[i + 1]), radius, 0, 7);
      g.fill();
    }
    g.globalAlpha = 1;
  }

  ring(x, y, radius, name, width = 2) {
    const { g } = this;
    g.strokeStyle = colour(name);
    g.lineWidth = width;
    g.beginPath();
    g.arc(this.x(x), this.y(y), radius, 0, 7);
    g.stroke();
  }

  /** Lines along both directions of a square grid, row after row. */
  grid(flat, lines, name, alpha = 0.75) {
    for (let i = 0; i < lines; i++) {
      const row = [], column = [];
      for (let j = 0; j < lines; j++) {
        row.push(2 * (i * lines + j));
        column.push(2 * (j * lines + i));
      }
      for (const way of [row, column]) this.path(way.map((at) => [flat[at], flat[at + 1]]), name, 0.8, alpha);
    }
  }

  path(places, name, width = 1, alpha = 1) {
    const { g } = this;
    g.strokeStyle = colour(name);
    g.lineWidth = width;
    g.globalAlpha = alpha;
    g.beginPath();
    let down = false;
    for (const [x, y] of places) {
      if (Number.isNaN(x) || Number.isNaN(y)) { down = false; continue; }
      down ? g.lineTo(this.x(x), this.y(y)) : g.moveTo(this.x(x), this.y(y));
      down = true;
    }
    g.stroke();
    g.globalAlpha = 1;
  }

  /** Circles one, two, three standard deviations from the origin. */
  circles() {
    const unit = this.size / (2 * this.reach);
    for (const r of [1, 2, 3]) this.ring(0, 0, r * unit, "line", 1.2);
    this.note("1σ", this.reach * 0.02 + 1, 0);
  }

  /** Ticks at the rim. */
  axes() {
    const { g, size } = this;
    g.font = `11px ${getComputedStyle(document.body).getPropertyValue("--mono")}`;
    g.fillStyle = colour("soft");
    const far = 2 ** Math.floor(Math.log2(0.9 * this.reach));
    const ticks = [-far, 0, far];
    g.textAlign = "center";
    for (const v of ticks) g.fillText(String(v).replace("-", "−"), this.x(v), size - 5);
    g.textAlign = "left";
    for (const v of ticks) g.fillText(String(v).replace("-", "−"), 5, this.y(v) + 4);
  }

  note(text, x, y) {
    this.g.font = `11px ${getComputedStyle(document.body).getPropertyValue("--mono")}`;
    this.g.fillStyle = colour("soft");
    this.g.textAlign = "left";
    this.g.fillText(text, this.x(x) + 3, this.y(y) - 3);
  }
}

const ticksOf = (low, high, count) => {
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const ticks = [];
  for (let v = Math.ceil(low / step) * step; v <= high + 1e-9; v += step) ticks.push(Number(v.toPrecision(6)));
  return ticks;
};

const powerOf = (v) => `1e${v}`.replace("-", "−");

/** Curves `{label, colour, x, y, dash}` over a common axis, named at their ends; a cursor at `at`.
 *
 *  Returns the function from a pixel to the axis. With `log` heights are shown by their powers of ten.
 */
export function curves(canvas, lines, { xlabel, ylabel, at = null, log = false, dotted = false, xmax = null }) {
  const [g, w, h] = fitted(canvas);
  const height = (v) => (log ? Math.log10(Math.max(v, 1e-17)) : v);
  const usable = (v) => v !== null && Number.isFinite(v);
  const xs = lines.flatMap((line) => line.x);
  const heights = lines.flatMap((line) => line.y.filter(usable).map(height)).sort((a, b) => a - b);
  const pick = (share) => heights[Math.min(heights.length - 1, Math.floor(share * heights.length))] ?? 0;
  // Curves of training begin far above the rest; the rest is what one wants to see.
  let low = pick(0), high = log || heights.length < 20 ? pick(1) : Math.max(pick(0.985), low + 0.1);
  if (high - low < 1e-9) { low -= 0.5; high += 0.5; }
  const pad = 0.08 * (high - low);
  low -= pad;
  high += pad;
  const sans = getComputedStyle(document.body).getPropertyValue("--sans");
  g.font = `12px ${sans}`;
  const named = lines.filter((line) => line.label && line.y.some(usable));
  const left = 46, top = 8, bottom = 30;
  const right = 12 + Math.max(0, ...named.map((line) => g.measureText(line.label).width));
  const x0 = Math.min(...xs, 0), x1 = xmax ?? Math.max(...xs, 1);
  const px = (x) => left + ((x - x0) / (x1 - x0 || 1)) * (w - left - right);
  const py = (v) => top + ((high - Math.min(height(v), high)) / (high - low)) * (h - top - bottom);
  g.font = `11px ${sans}`;
  g.lineWidth = 1;
  for (const v of ticksOf(low, high, h > 180 ? 5 : 3)) {
    if (log && v % 1) continue;
    const y = top + ((high - v) / (high - low)) * (h - top - bottom);
    g.strokeStyle = colour("line");
    g.beginPath();
    g.moveTo(left, y);
    g.lineTo(w - right, y);
    g.stroke();
    g.fillStyle = colour("soft");
    g.textAlign = "right";
    g.fillText(log ? powerOf(v) : String(v).replace("-", "−"), left - 5, y + 4);
  }
  g.textAlign = "center";
  for (const v of ticksOf(x0, x1, w > 500 ? 8 : 4)) g.fillText(String(v).replace("-", "−"), px(v), h - bottom + 14);
  g.textAlign = "right";
  g.fillText(xlabel, w - right, h - 3);
  g.textAlign = "left";
  g.fillText(ylabel, 2, h - 3);
  for (const line of lines) {
    g.strokeStyle = g.fillStyle = colour(line.colour);
    g.globalAlpha = line.faint ? 0.35 : 1;
    g.lineWidth = line.faint ? 1 : 1.8;
    g.setLineDash(line.dash ? [5, 4] : []);
    g.beginPath();
    let down = false;
    line.y.forEach((v, i) => {
      if (!usable(v)) { down = false; return; }
      down ? g.lineTo(px(line.x[i]), py(v)) : g.moveTo(px(line.x[i]), py(v));
      down = true;
    });
    g.stroke();
    g.setLineDash([]);
    g.globalAlpha = 1;
    if (dotted || line.dots) line.y.forEach((v, i) => usable(v) && (g.beginPath(), g.arc(px(line.x[i]), py(v), 2.4, 0, 7), g.fill()));
  }
  // Names stand right of the curves' ends, pushed apart where ends are close.
  const ends = named.map((line) => py(line.y.filter(usable).at(-1)));
  const order = ends.map((_, i) => i).sort((a, b) => ends[a] - ends[b]);
  g.font = `12px ${sans}`;
  g.textAlign = "left";
  let before = h - bottom + 14;
  for (const i of order.reverse()) {
    const y = Math.min(before - 14, ends[i] + 4);
    before = y;
    g.fillStyle = colour(named[i].colour);
    g.fillText(named[i].label, w - right + 6, y);
  }
  if (at !== null) {
    g.strokeStyle = colour("ink");
    g.lineWidth = 1;
    g.beginPath();
    g.moveTo(px(at), top);
    g.lineTo(px(at), h - bottom);
    g.stroke();
  }
  return (clientX) => {
    const box = canvas.getBoundingClientRect();
    return x0 + ((clientX - box.left - left) / (w - left - right)) * (x1 - x0);
  };
}

/** A button of a bar below a picture. */
export const button = (text, onclick, attributes = {}) => el("button", { type: "button", onclick, ...attributes }, text);

/** Redraw when the theme or the width changes; once per node. */
export function keepDrawn(node, canvas, paint) {
  node.repaint = paint;
  if (node.watched) return;
  node.watched = true;
  window.addEventListener("gallery-theme", () => node.isConnected && node.repaint());
  new ResizeObserver(() => node.repaint()).observe(node);
}
