// Bars that are dragged, or painted in one sweep; keys move them too. They write the numbers into one of
// the scene's inputs, and the scene answers through `live={"adjust": ...}` while the pointer moves.
// Below, hanging down, what the answer makes of them; a tick may mark a second answer.
import { el, style, t } from "../gallery.js";
import { adjust } from "./adjust.js";

style(import.meta.url);

const ROOM = 18; // pixels over the tallest bar, for its number

export function draw(node, block, stage) {
  node.className = "panel block-bars";
  const held = node.bars?.held ?? false;
  const values = held ? node.bars.values : [...block.values];
  // A scale that moved under the pointer would run away from it.
  const scale = held ? node.bars.scale : { low: block.low, high: block.high };
  const count = node.bars?.columns.length;
  node.bars = { ...node.bars, held, values, scale, block, stage };
  if (count !== values.length) build(node);
  node.querySelector("h3").replaceChildren(block.title, el("small", {}, block.hint ?? ""));
  paint(node);
}

function build(node) {
  const { values, block } = node.bars;
  const columns = values.map((_, i) => {
    const fill = el("i"), told = el("b"), down = el("i"), below = el("b"), mark = el("u");
    const handle = el("div", { class: "bars-up", role: "slider", tabindex: i ? -1 : 0, "aria-orientation": "vertical", onkeydown: (event) => key(node, i, event), onfocus: () => rove(node, i) }, fill, told);
    return { handle, fill, told, down, below, mark, name: el("span", { class: "bars-name" }), whole: null };
  });
  columns.forEach((c) => {
    c.whole = el("div", { class: "bars-column" }, c.handle, c.name, ...(block.result ? [el("div", { class: "bars-down" }, c.down, c.mark, c.below)] : []));
  });
  const area = el("div", { class: "bars-area" }, ...columns.map((c) => c.whole));
  const axis = el("div", { class: "bars-axis", "aria-hidden": "true" });
  const legend = el("div", { class: "bars-key" });
  node.bars.columns = columns;
  node.bars.parts = { area, axis, legend };
  node.replaceChildren(el("h3"), el("div", { class: "bars-frame" }, axis, area), legend, tools(node));
  area.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".bars-up") || event.button) return;
    event.preventDefault();
    area.setPointerCapture(event.pointerId);
    Object.assign(node.bars, { held: true, last: null });
    follow(node, event);
  });
  area.addEventListener("pointermove", (event) => node.bars.held && follow(node, event));
  const release = () => {
    if (!node.bars.held) return;
    node.bars.held = false;
    const { block: latest } = node.bars;
    node.bars.scale = { low: latest.low, high: latest.high };
    paint(node);
  };
  area.addEventListener("pointerup", release);
  area.addEventListener("pointercancel", release);
}

/** The bar under the pointer takes its height; bars that a quick sweep jumped over are filled in. */
function follow(node, event) {
  const { columns, values, scale, last } = node.bars;
  const box = columns[0].handle.getBoundingClientRect();
  const right = columns.at(-1).handle.getBoundingClientRect().right;
  const clip = (v, top) => Math.max(0, Math.min(top, v));
  const i = clip(Math.floor(((event.clientX - box.left) / (right - box.left)) * values.length), values.length - 1);
  const share = clip((box.bottom - event.clientY) / (box.height - ROOM), 1);
  const value = scale.low + share * (scale.high - scale.low);
  const from = last ?? { i, value };
  const step = i >= from.i ? 1 : -1;
  for (let j = from.i; j !== i + step; j += step) {
    const way = i === from.i ? 1 : (j - from.i) / (i - from.i);
    values[j] = rounded(node, from.value + way * (value - from.value));
  }
  node.bars.last = { i, value };
  rove(node, i);
  paint(node);
  send(node);
}

function key(node, i, event) {
  const { block, values, columns } = node.bars;
  const by = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
  const to = { Home: block.low, End: block.high }[event.key];
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by === undefined && to === undefined && move === undefined) return;
  event.preventDefault();
  if (move) return columns[i + move]?.handle.focus();
  values[i] = rounded(node, to ?? Math.max(block.low, Math.min(block.high, values[i] + by * block.step)));
  paint(node);
  send(node);
}

function rounded(node, value) {
  const { step, low, high } = node.bars.block;
  const near = Math.round(value / step) * step;
  return Number(Math.max(low, Math.min(high, near)).toFixed(6));
}

/** Only one bar at a time is reached with the tab key; left and right go on from there. */
function rove(node, i) {
  node.bars.columns.forEach((c, j) => c.handle.setAttribute("tabindex", j === i ? 0 : -1));
}

const send = (node) =>
  adjust(node.bars.stage, { [node.bars.block.input]: node.bars.values.join(" ") });

function paint(node) {
  const { columns, values, scale, block, parts } = node.bars;
  const part = (v, whole) => `calc(${Math.max(0, Math.min(1, v)).toFixed(4)} * (var(--bars-${whole}) - ${ROOM}px))`;
  const height = scale.high - scale.low;
  const zero = Math.max(0, -scale.low) / height;
  columns.forEach((c, i) => {
    const top = (values[i] - scale.low) / height;
    c.fill.style.bottom = part(Math.min(zero, top), "up");
    c.fill.style.height = part(Math.abs(top - zero), "up");
    c.told.style.bottom = part(Math.max(top, zero), "up");
    c.told.textContent = short(values[i]);
    const name = block.names?.[i] ?? String(i + 1);
    c.name.textContent = name;
    c.handle.setAttribute("aria-label", `${block.axis} ${name}`);
    c.handle.setAttribute("aria-valuemin", scale.low);
    c.handle.setAttribute("aria-valuemax", scale.high);
    c.handle.setAttribute("aria-valuenow", values[i]);
    const { result } = block;
    if (!result || result.values.length !== values.length) return;
    const share = (v) => (result.top > 0 ? v / result.top : 0);
    c.down.style.height = part(share(result.values[i]), "down");
    c.below.style.top = part(share(Math.max(result.values[i], result.marks?.[i] ?? 0)), "down");
    c.below.textContent = short(result.values[i]);
    c.down.parentNode.title = `${name}: ${result.axis} ${result.values[i]}${result.marks ? `, ${result.marked} ${result.marks[i]}` : ""}`;
    c.mark.hidden = !result.marks;
    if (result.marks) c.mark.style.top = part(share(result.marks[i]), "down");
  });
  const line = (value, at) => el("span", { style: `top:${at}` }, short(value));
  parts.axis.replaceChildren(
    line(scale.high, `${ROOM}px`),
    ...(zero > 0.08 && zero < 0.92 ? [line(0, `calc(var(--bars-up) - ${part(zero, "up")})`)] : []),
    line(scale.low, "var(--bars-up)"),
    ...(block.result ? [line(block.result.top, `calc(var(--bars-end) - ${ROOM}px)`)] : []),
  );
  parts.area.style.setProperty("--zero", part(zero, "up"));
  const { result } = block;
  parts.legend.replaceChildren(
    el("span", { class: "up" }, block.axis),
    ...(result ? [el("span", { class: "down" }, result.axis)] : []),
    ...(result?.marks ? [el("span", { class: "mark" }, result.marked)] : []),
  );
}

/** A number in the space over a bar. */
function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1000 || size < 0.001) return value.toExponential(0).replace("e+", "e");
  return String(Number(value.toPrecision(size < 1 ? 2 : 3)));
}

/** Buttons for what would be many drags. */
function tools(node) {
  const change = (make) => () => {
    const { values, block, stage } = node.bars;
    const next = make([...values], block).map((v) => rounded(node, v));
    adjust(stage, { [block.input]: next.join(" ") });
  };
  const button = (text, make) => el("button", { type: "button", class: "quiet-button", onclick: change(make) }, text);
  const draws = (count, { low, high }) => Array.from({ length: count }, () => low + Math.random() * (high - low));
  const { least = 2, most = 24 } = node.bars.block;
  const fixed = least >= most;
  return el("div", { class: "tools bars-tools" },
    ...(fixed ? [] : [
      button(t("加一根", "add one"), (v, b) => (v.length < most ? [...v, b.low + 0.5 * (b.high - b.low)] : v)),
      button(t("减一根", "remove one"), (v) => (v.length > least ? v.slice(0, -1) : v)),
    ]),
    button(t("随机", "random"), (v, b) => draws(v.length, b)),
    button(t("排序", "sort"), (v) => v.sort((a, b) => b - a)),
    button(t("拉平", "level"), (v) => v.map(() => v.reduce((a, b) => a + b) / v.length)));
}
