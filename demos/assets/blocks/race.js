// Paths over a landscape, step by step: play, step, scrub, hide paths, drag the start point. Beside the
// map a quantity of every path over the steps, which is a scrubber too.
//
// The block: `box` [x0, x1, y0, y1], `surface` {key, values, levels} or null, `paths` with id, label,
// colour, dash, hidden, x, y and `values` by quantity, `charts` (the quantities: name, label, log),
// `start`, `zoomed`, `drag` (names of the inputs that the start sets, with the affine map from the plane, and the
// digits), `marks` and `corners` (x, y, text), `outline`, `axes`, `equal`, `clock` {label, unit}.
import { colour, el, style, t } from "../gallery.js";
import { axisOf, drawChart, drawMap, windowOf } from "./racing.js";
import { settle, steer, still } from "./steer.js";

style(import.meta.url);

const SPEEDS = [5, 15, 40, 120]; // steps a second

export function draw(node, block, stage) {
  node.className = "panel block-race";
  const own = node.own ?? (node.own = skeleton(node));
  const last = Math.max(...block.paths.map((path) => path.x.length)) - 1;
  // Who looks at the end of one race wants the end of the next, who has stopped in between stays there.
  const step = own.block && own.step < own.last ? Math.min(own.step, last) : last;
  // What a visitor shows or hides stays so, until the race itself changes its mind (noise came or went).
  for (const path of block.paths) {
    if (own.proposed.get(path.id) !== Boolean(path.hidden)) own.hidden.set(path.id, Boolean(path.hidden));
    own.proposed.set(path.id, Boolean(path.hidden));
  }
  if (!block.charts.some((chart) => chart.name === own.chart)) own.chart = block.charts[0]?.name;
  Object.assign(own, { block, stage, last, step });
  own.title.replaceChildren(block.title ?? "", el("small", {}, block.hint ?? ""));
  own.map.setAttribute("aria-label", block.alt);
  own.views.classList.toggle("alone", !block.charts.length);
  own.chartBox.hidden = !block.charts.length;
  own.mapBox.classList.toggle("movable", Boolean(block.drag));
  own.zoomed ??= Boolean(block.zoomed);
  own.zoom.hidden = Boolean(block.outline);
  own.start.hidden = !block.start;
  own.start.disabled = !block.drag;
  own.range.max = last;
  own.player.hidden = last < 1;
  own.play.hidden = own.speed.hidden = still();
  own.quantities.replaceChildren(...(block.charts.length === 1
    ? [el("span", {}, block.charts[0].label)]
    : block.charts.map((chart) => el("button", {
      type: "button", "aria-pressed": String(chart.name === own.chart),
      onclick: () => { own.chart = chart.name; draw(node, own.block, stage); },
    }, chart.label))));
  chips(own);
  paint(own);
}

function skeleton(node) {
  const own = { node, hidden: new Map(), proposed: new Map(), step: 0, last: 0, playing: null };
  own.title = el("h3");
  own.map = el("canvas", { role: "img" });
  own.start = el("button", { type: "button", class: "race-start", "aria-label": t("起点，拖动或用方向键移动", "start point: drag it or use the arrow keys"), title: t("起点：拖动它", "start: drag it"), onkeydown: (event) => key(own, event) });
  own.zoom = el("button", { type: "button", class: "race-zoom", onclick: () => { own.zoomed = !own.zoomed; paint(own); } });
  own.mapBox = el("div", { class: "race-map" }, own.map, own.start, own.zoom);
  own.chartCanvas = el("canvas", { role: "img", "aria-label": t("各步的数值；拖动换步", "values over the steps; drag to choose a step") });
  own.quantities = el("div", { class: "race-quantities", role: "group" });
  own.chartBox = el("div", { class: "race-chart" }, own.quantities, own.chartCanvas);
  own.views = el("div", { class: "race-views" }, own.mapBox, own.chartBox);
  const button = (name, sign, label, press) => el("button", { type: "button", class: name, "aria-label": label, title: label, onclick: press }, sign);
  own.play = button("play", "▶", t("播放", "play"), () => toggle(own));
  own.range = el("input", { type: "range", min: 0, step: 1, "aria-label": t("步", "step"), oninput: (event) => { halt(own); go(own, Number(event.target.value)); } });
  own.told = el("output");
  own.speed = el("select", { "aria-label": t("速度", "speed") }, ...SPEEDS.map((speed) => el("option", { value: speed, selected: speed === 15 }, t(`${speed} 步/秒`, `${speed}/s`))));
  own.player = el("div", { class: "race-player" },
    button("back", "«", t("回到起点", "to the start"), () => { halt(own); go(own, 0); }),
    button("one", "‹", t("后退一步", "one step back"), () => { halt(own); go(own, Math.ceil(own.step) - 1); }),
    own.play,
    button("one", "›", t("前进一步", "one step on"), () => { halt(own); go(own, Math.floor(own.step) + 1); }),
    own.range, own.told, own.speed);
  own.chips = el("div", { class: "race-paths", role: "group", "aria-label": t("显示哪些路径", "which paths are shown") });
  node.replaceChildren(own.title, own.views, own.player, own.chips);
  moving(own);
  scrubbing(own);
  new ResizeObserver(() => own.block && paint(own)).observe(own.views);
  window.addEventListener("gallery-theme", () => { own.ground = null; if (node.isConnected && own.block) { chips(own); paint(own); } });
  return own;
}

// -- the clock ------------------------------------------------------------------------------------

function go(own, step) {
  own.step = Math.max(0, Math.min(own.last, step));
  paint(own);
}

function halt(own) {
  cancelAnimationFrame(own.playing);
  own.playing = null;
  own.play.textContent = "▶";
  own.play.setAttribute("aria-label", t("播放", "play"));
}

function toggle(own) {
  if (own.playing !== null) return halt(own);
  if (own.step >= own.last) own.step = 0;
  own.play.textContent = "❚❚";
  own.play.setAttribute("aria-label", t("暂停", "pause"));
  let before = null;
  const tick = (now) => {
    if (!own.node.isConnected) return halt(own);
    if (before !== null) own.step += Math.min(0.1, (now - before) / 1000) * Number(own.speed.value);
    before = now;
    if (own.step >= own.last) { halt(own); return go(own, own.last); }
    own.playing = requestAnimationFrame(tick);
    return paint(own);
  };
  own.playing = requestAnimationFrame(tick);
}

// -- the start point --------------------------------------------------------------------------------

function moving(own) {
  const place = (event) => {
    const box = own.map.getBoundingClientRect();
    return own.frame.inverse(event.clientX - box.left, event.clientY - box.top);
  };
  // A click anywhere on the map; on a touch screen a tap, so that the page still scrolls.
  own.map.addEventListener("click", (event) => own.block.drag && put(own, place(event), true));
  own.start.addEventListener("pointerdown", (event) => {
    own.start.setPointerCapture(event.pointerId);
    own.dragged = true;
    own.moved = false;
    halt(own);
  });
  own.start.addEventListener("pointermove", (event) => {
    if (!own.dragged || !(event.movementX || event.movementY)) return;
    own.moved = true;
    put(own, place(event), false);
  });
  own.start.addEventListener("pointerup", (event) => {
    if (own.dragged && own.moved) put(own, place(event), true);
    own.dragged = false;
  });
  own.start.addEventListener("pointercancel", () => { own.dragged = false; });
}

/** Move the start; the quick lane answers, and at the end the widgets and the address follow. */
function put(own, point, final) {
  const { drag, box } = own.block;
  const [x, y] = [clip(point[0], box[0], box[1]), clip(point[1], box[2], box[3])];
  let numbers = drag.map.map(([a, b, c]) => a * x + b * y + c);
  if (drag.simplex) {
    numbers = numbers.map((v) => Math.max(0, v));
    const sum = numbers.reduce((a, b) => a + b, 0);
    if (sum > 1) numbers = numbers.map((v) => v / sum);
  }
  const changes = Object.fromEntries(drag.names.map((name, i) => [name, Number(numbers[i].toFixed(drag.digits))]));
  if (final) settle(own.stage, changes);
  else steer(own.stage, changes);
}

function key(own, event) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!way || !own.block.drag) return;
  event.preventDefault();
  const { start } = own.block, { box } = own;
  const stride = event.shiftKey ? 0.1 : 0.02;
  put(own, [start[0] + way[0] * stride * (box[1] - box[0]), start[1] + way[1] * stride * (box[3] - box[2])], true);
}

// -- pictures ---------------------------------------------------------------------------------------

function scrubbing(own) {
  const follow = (event) => {
    const box = own.chartCanvas.getBoundingClientRect();
    halt(own);
    go(own, Math.round(own.chartFrame.inverse(event.clientX - box.left)));
  };
  own.chartCanvas.addEventListener("pointerdown", (event) => {
    own.chartCanvas.setPointerCapture(event.pointerId);
    own.scrubbed = true;
    follow(event);
  });
  own.chartCanvas.addEventListener("pointermove", (event) => own.scrubbed && follow(event));
  for (const end of ["pointerup", "pointercancel"]) own.chartCanvas.addEventListener(end, () => { own.scrubbed = false; });
}

function chips(own) {
  own.told.textContent = "";
  own.chips.replaceChildren(...own.block.paths.map((path) => el("button", {
    type: "button", "aria-pressed": String(!own.hidden.get(path.id)), title: path.note ?? "",
    onclick: () => { own.hidden.set(path.id, !own.hidden.get(path.id)); chips(own); paint(own); },
  }, el("i", { class: path.dash ? "dash" : "", style: `--path: ${colour(path.colour)}` }), path.label, el("b", {}))));
}

function paint(own) {
  const { block } = own;
  if (!own.mapBox.clientWidth) return; // in a tab that is not shown; the observer paints it then
  if (!own.dragged || !own.box) own.box = windowOf(own); // a window that moved under the hand would run away
  own.zoom.textContent = own.zoomed ? t("全图", "whole map") : t("放大", "zoom in");
  drawMap(own);
  if (block.charts.length) drawChart(own);
  const whole = Math.round(own.step);
  own.range.value = whole;
  own.told.textContent = `${block.clock?.label ?? t("步", "step")} ${whole}/${own.last}`;
  const [left, top] = block.start ? own.frame.place(block.start[0], block.start[1]) : [0, 0];
  Object.assign(own.start.style, { left: `${left}px`, top: `${top}px` });
  own.chips.querySelectorAll("b").forEach((told, i) => {
    const values = block.paths[i].values?.[own.chart];
    const value = values?.[Math.min(whole, values.length - 1)];
    told.hidden = !values;
    told.textContent = value === null || value === undefined ? t("发散", "diverged") : axisOf.short(value);
    told.classList.toggle("lost", value === null);
  });
}

const clip = (v, low, high) => Math.max(low, Math.min(high, v));
