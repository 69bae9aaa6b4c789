// A hanging chain that can be taken in hand: ends, planets and the lowest point move by pointer or arrow
// keys. Curves may be coloured by tension; a film of a falling chain is played and scrubbed.
import { el, style, t } from "../gallery.js";
import { tellPlace } from "./pad.js";
import { place, settle, shape, steer, still } from "./steer.js";

style(import.meta.url);

const STEP = 0.05; // of an arrow key, in lengths of the scene
const round = (value) => Math.round(value * 1000) / 1000;
const flat = (frame) => Array.from({ length: frame.length / 2 }, (_, i) => [frame[2 * i], frame[2 * i + 1]]);

export function draw(node, block, stage) {
  node.className = "panel block-chain";
  const own = node.own ?? (node.own = skeleton(node));
  Object.assign(own, { block, stage });
  own.title.replaceChildren(block.title, el("small", {}, block.hint));
  own.svg.setAttribute("aria-label", block.alt);
  own.keys.replaceChildren(...block.curves.filter((curve) => curve.label).map((curve) =>
    el("span", {}, el("i", curve.tension ? { class: "tint", title: t("颜色：张力由小到大", "colour: tension from small to large") } : { style: `border-color:var(--${curve.colour});border-top-style:${curve.dash ? "dashed" : "solid"}` }), curve.label)));
  if (!own.drag) fit(own);
  placeHandles(own);
  paint(own);
  roll(own);
}

function skeleton(node) {
  const own = { node, handles: new Map(), at: 0 };
  own.title = el("h3");
  own.field = shape("g");
  own.curves = shape("g");
  own.film = shape("g", { class: "film" });
  own.grips = shape("g");
  own.svg = shape("svg", { role: "group" }, own.field, own.curves, own.film, own.grips);
  own.keys = el("div", { class: "chain-keys" });
  own.reel = el("div", { class: "tools chain-reel" });
  node.replaceChildren(own.title, own.svg, own.keys, own.reel);
  new ResizeObserver(() => {
    if (!own.block || own.width === own.svg.clientWidth || own.drag) return;
    fit(own);
    placeHandles(own);
    paint(own);
    showFrame(own, own.at);
  }).observe(own.svg);
  return own;
}

/** Choose the window so that everything is seen, with equal scales; held still while a hand drags. */
function fit(own) {
  const { block } = own;
  const points = [
    ...block.curves.flatMap((curve) => curve.points),
    ...(block.handles ?? []).map((h) => [h.x, h.y]),
    ...(block.planets ?? []).flatMap((p) => [[p.x - p.r, p.y - p.r], [p.x + p.r, p.y + p.r]]),
    ...(block.film?.frames ?? []).filter((_, i) => i % 6 === 0).flatMap(flat),
  ];
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  own.width = own.svg.clientWidth || 600;
  const wide = right - left + 0.3, tall = high - low + 0.3, pad = 34;
  const most = own.width < 520 ? 340 : 400;
  own.scale = Math.min((own.width - 2 * pad) / wide, (most - 2 * pad) / tall);
  own.height = Math.max(230, Math.min(most, own.scale * tall + 2 * pad));
  own.middle = [(left + right) / 2, (low + high) / 2];
  own.svg.setAttribute("viewBox", `0 0 ${own.width} ${own.height}`);
  own.svg.style.height = `${own.height}px`;
}

const px = (own, [x, y]) => [own.width / 2 + (x - own.middle[0]) * own.scale, own.height / 2 - (y - own.middle[1]) * own.scale];
const world = (own, [x, y]) => [own.middle[0] + (x - own.width / 2) / own.scale, own.middle[1] - (y - own.height / 2) / own.scale];
const line = (own, points) => "M" + points.map((p) => px(own, p).map((v) => v.toFixed(1)).join(" ")).join("L");

function paint(own) {
  const { block } = own;
  const field = (block.planets ?? []).map((planet) => {
    const [x, y] = px(own, [planet.x, planet.y]);
    return [
      shape("circle", { cx: x, cy: y, r: Math.max(7, planet.r * own.scale), class: "planet" }),
      planet.label ? shape("text", { x, y: y + Math.max(20, planet.r * own.scale) + 15, class: "note" }, planet.label) : null,
    ];
  });
  if (!field.length && block.gravity !== false) {
    field.push(shape("path", { d: `M22 18v30m-5 -7l5 7l5 -7`, class: "gravity" }), shape("text", { x: 34, y: 38, class: "note start" }, "g"));
  }
  own.field.replaceChildren(...field.flat().filter(Boolean));
  own.curves.replaceChildren(...block.curves.flatMap((curve) => (curve.tension ? tinted(own, curve) : [
    shape("path", { d: line(own, curve.points), class: "curve", style: `stroke:var(--${curve.colour})`, "stroke-width": curve.width ?? 2, "stroke-dasharray": curve.dash ? "6 5" : null }),
  ])), ...(block.marks ?? []).flatMap((mark) => {
    const [x, y] = px(own, [mark.x, mark.y]);
    return [shape("circle", { cx: x, cy: y, r: 3, class: "mark" }), shape("text", { x, y: y + (mark.below ? 20 : -10), class: "note" }, mark.label)];
  }));
}

/** A curve in pieces, celadon where the tension is least and seal where it is greatest. */
function tinted(own, curve) {
  const pieces = 48, last = curve.points.length - 1;
  return Array.from({ length: pieces }, (_, i) => {
    const [from, to] = [Math.round((i * last) / pieces), Math.round(((i + 1) * last) / pieces)];
    const share = Math.round(100 * curve.tension[Math.round((from + to) / 2)]);
    return shape("path", {
      d: line(own, curve.points.slice(from, to + 1)), class: "curve", "stroke-width": curve.width ?? 5,
      style: `stroke:color-mix(in oklab, var(--seal) ${share}%, var(--celadon))`,
    });
  });
}

// -- handles --------------------------------------------------------------------------------------

/** Handles stay the same elements, so that a drag and the focus survive every answer. */
function placeHandles(own) {
  const seen = new Set();
  for (const handle of own.block.handles ?? []) {
    seen.add(handle.id);
    let grip = own.handles.get(handle.id);
    if (!grip) {
      grip = makeGrip(own, handle.id);
      own.handles.set(handle.id, grip);
      own.grips.append(grip);
    }
    grip.handle = handle;
    if (own.drag?.id !== handle.id) moveGrip(own, grip, [handle.x, handle.y]);
  }
  for (const [id, grip] of own.handles) if (!seen.has(id)) { grip.remove(); own.handles.delete(id); }
}

function moveGrip(own, grip, point) {
  const [x, y] = px(own, point);
  grip.setAttribute("transform", `translate(${x} ${y})`);
  const { label, what } = grip.handle;
  const length = own.block.length?.toFixed(2) ?? "";
  const words = what === "length" ? length : `${point[0].toFixed(2)}, ${point[1].toFixed(2)}`;
  grip.setAttribute("aria-label", `${label} ${words}`);
  if (what === "length") tellPlace(grip, length, 0, own.block.longest ?? 12, words);
  else tellPlace(grip, point[0].toFixed(2), ...[0, own.width].map((edge) => world(own, [edge, 0])[0].toFixed(2)), words);
  grip.setAttribute("class", `grip ${what}`);
}

function makeGrip(own, id) {
  const grip = shape("g", { tabindex: 0, role: "slider" },
    shape("circle", { r: 18, class: "touch" }), shape("circle", { r: 8, class: "knob" }), shape("path", { d: "M-4 -2l4 -5l4 5M-4 2l4 5l4 -5", class: "arrows" }));
  const find = (what) => own.block.handles.find((handle) => handle.id === what);
  grip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    grip.focus({ preventScroll: true });
    grip.setPointerCapture(event.pointerId);
    own.drag = { id, length: own.block.length, start: [find(id).x, find(id).y] };
    own.svg.classList.add("dragging");
  });
  grip.addEventListener("pointermove", (event) => {
    if (own.drag?.id === id) pull(own, grip, world(own, place(own.svg, event)));
  });
  const release = () => {
    if (own.drag?.id !== id) return;
    const changes = own.drag.changes;
    own.drag = null;
    own.svg.classList.remove("dragging");
    if (changes) settle(own.stage, changes);
  };
  grip.addEventListener("pointerup", release);
  grip.addEventListener("pointercancel", release);
  grip.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const handle = find(id);
    own.drag = { id, length: own.block.length, start: [handle.x, handle.y] };
    const size = event.shiftKey ? STEP / 5 : STEP;
    const point = [handle.x + size * step[0], handle.y + size * step[1]];
    if (handle.what === "length") own.drag.changes = { length: round(own.block.length - size * (step[1] - step[0])) };
    else pull(own, grip, point, false);
    const { changes } = own.drag;
    own.drag = null;
    settle(own.stage, changes);
  });
  return grip;
}

/** Take a handle to a point: constraints first, then ask. */
function pull(own, grip, point, ask = true) {
  const { handle } = grip;
  const ends = own.block.handles.filter((h) => h.what === "end");
  let changes;
  if (handle.what === "length") {
    // The chain is as long as the way over the hand, in proportion to where it was taken.
    const over = (p) => ends.reduce((sum, end) => sum + Math.hypot(end.x - p[0], end.y - p[1]), 0);
    const chord = Math.hypot(ends[0].x - ends[1].x, ends[0].y - ends[1].y);
    const taken = over(own.drag.start) - chord * 0.999;
    changes = { length: round(Math.min(own.block.longest ?? 12, Math.max(1.002 * chord, chord + ((own.drag.length - chord) * Math.max(over(point) - chord * 0.999, 0)) / taken))) };
  } else if (handle.what === "end") {
    // A chain lets its end go no farther than it is long.
    const other = ends.find((end) => end.id !== handle.id);
    const far = Math.hypot(point[0] - other.x, point[1] - other.y), most = own.block.length / 1.002;
    if (far > most) point = [other.x + ((point[0] - other.x) * most) / far, other.y + ((point[1] - other.y) * most) / far];
    changes = { [handle.inputs[0]]: round(point[0]), [handle.inputs[1]]: round(point[1]) };
    [handle.x, handle.y] = point;
  } else {
    [handle.x, handle.y] = point.map((v) => Math.round(v * 100) / 100);
    const planets = own.block.handles.filter((h) => h.what === "planet");
    changes = { planets: planets.map((p) => `${p.x}, ${p.y}, ${p.k}`).join("\n") };
    const drawn = own.block.planets.find((p) => p.id === handle.id);
    if (drawn) [drawn.x, drawn.y] = [handle.x, handle.y];
  }
  own.drag.changes = changes;
  moveGrip(own, grip, point);
  if (ask && own.block.live) steer(own.stage, changes);
  else if (!own.block.live) paint(own);
}

// -- film -----------------------------------------------------------------------------------------

function roll(own) {
  cancelAnimationFrame(own.running);
  const { film } = own.block;
  own.reel.hidden = !film;
  own.film.replaceChildren();
  if (!film) return;
  const last = film.frames.length - 1;
  own.slider = el("input", { type: "range", min: 0, max: last, step: 1, value: 0, "aria-label": t("影片的位置", "place in the film"), oninput: () => { cancelAnimationFrame(own.running); own.button.textContent = t("播放", "Play"); showFrame(own, Number(own.slider.value)); } });
  own.button = el("button", { type: "button", class: "quiet-button", onclick: () => (own.playing ? stop(own) : play(own, own.at >= last ? 0 : own.at)) }, t("播放", "Play"));
  own.says = el("output");
  own.trace = shape("svg", { viewBox: "0 0 200 46", class: "trace", role: "img", "aria-label": t("能量随时间下降", "energy falling with time") });
  own.reel.replaceChildren(own.button, own.slider, own.says, own.trace);
  if (film !== own.shownFilm && !still()) play(own, 0);
  else showFrame(own, last);
  own.shownFilm = film;
}

function play(own, from) {
  own.playing = true;
  own.button.textContent = t("暂停", "Pause");
  const started = performance.now(), last = own.block.film.frames.length - 1;
  const tick = (now) => {
    const at = Math.min(last, from + Math.max(0, now - started) / 45);
    showFrame(own, at);
    if (at < last && own.node.isConnected) own.running = requestAnimationFrame(tick);
    else stop(own);
  };
  own.running = requestAnimationFrame(tick);
}

function stop(own) {
  cancelAnimationFrame(own.running);
  own.playing = false;
  own.button.textContent = t("播放", "Play");
}

/** The chain between two frames. */
function showFrame(own, at) {
  const { film } = own.block;
  if (!film) return;
  own.at = at;
  const [i, share] = [Math.floor(at), at % 1];
  const now = film.frames[i], next = film.frames[Math.min(i + 1, film.frames.length - 1)];
  const points = flat(now.map((v, j) => v + share * (next[j] - v)));
  own.film.replaceChildren(
    shape("path", { d: line(own, points), class: "links" }),
    ...(points.length < 130 ? points.map((p) => shape("circle", { cx: px(own, p)[0], cy: px(own, p)[1], r: points.length > 50 ? 2 : 3, class: "bead" })) : []),
  );
  own.slider.value = i;
  own.says.textContent = `E = ${film.energies[i].toFixed(4)}`.replace("-", "−");
  const high = Math.max(...film.energies), span = high - film.rest || 1;
  const spot = (k, e) => [4 + (192 * k) / (film.frames.length - 1), 40 - 34 * ((e - film.rest) / span)];
  own.trace.replaceChildren(
    shape("path", { d: "M4 40H196", class: "rest" }),
    shape("path", { d: "M" + film.energies.map((e, k) => spot(k, e).map((v) => v.toFixed(1)).join(" ")).join("L"), class: "fall" }),
    shape("circle", { cx: spot(i, 0)[0], cy: spot(i, film.energies[i])[1], r: 3.5, class: "now" }),
  );
}
