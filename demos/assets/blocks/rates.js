// A rate graph to edit: states on a ring, arrows with rates, probabilities that flow as time is scrubbed.
// Every change is written back as the text of the `edges` input.
import { el, style, t } from "../gallery.js";
import { place, settle, shape, steer, still } from "./steer.js";

style(import.meta.url);

const short = (value) => Number(value.toPrecision(3)).toString();

export function draw(node, block, stage) {
  node.className = "panel block-rates";
  const own = node.own ?? (node.own = skeleton(node));
  const names = (b) => b?.states.map((s) => s.label).join("\n");
  const other = own.block && names(own.block) !== names(block);
  Object.assign(own, { block, stage });
  own.edges = block.edges.map((edge) => ({ ...edge }));
  if (!own.drag && (other || !known(own))) own.chosen = null;
  own.title.replaceChildren(block.title, el("small", {}, block.hint));
  own.slider.max = block.times.length - 1;
  const fresh = own.at === undefined || other;
  own.at ??= block.times.length - 1;
  own.at = Math.min(own.at, block.times.length - 1);
  paint(own);
  if (!own.adjusting) tools(own);
  if (fresh && !still()) play(own, 0); // once, to show what moves
}

const known = ({ chosen, block }) => !chosen || (chosen.state !== undefined ? chosen.state < block.states.length : block.edges.some((e) => e.from === chosen.from && e.to === chosen.to));

function skeleton(node) {
  const own = { node };
  own.title = el("h3");
  own.svg = shape("svg", { role: "group", "aria-label": t("速率图", "rate graph") });
  own.svg.addEventListener("pointermove", (event) => own.drag && follow(own, event));
  own.svg.addEventListener("pointerup", () => own.drag && connect(own));
  own.svg.addEventListener("pointercancel", () => { own.drag = null; paint(own); });
  own.tools = el("div", { class: "tools rate-tools" });
  own.slider = el("input", { type: "range", min: 0, max: 1, step: 1, "aria-label": t("时间", "time"), oninput: () => { stop(own); own.at = Number(own.slider.value); paint(own); } });
  own.clock = el("output");
  own.button = el("button", { type: "button", class: "quiet-button", onclick: () => (own.running ? stop(own) : play(own)) }, t("播放", "Play"));
  node.replaceChildren(own.title, own.svg, own.tools, el("div", { class: "tools rate-clock" }, own.button, own.slider, own.clock));
  new ResizeObserver(() => own.block && own.svg.clientWidth !== own.width && paint(own)).observe(own.svg);
  return own;
}

// -- picture --------------------------------------------------------------------------------------

function paint(own) {
  const { block } = own;
  const count = block.states.length;
  own.width = own.svg.clientWidth || 600;
  own.height = own.width < 520 ? 330 : 380;
  own.svg.setAttribute("viewBox", `0 0 ${own.width} ${own.height}`);
  own.svg.style.height = `${own.height}px`;
  own.size = Math.max(13, Math.min(27, 150 / count + 6));
  const [rx, ry] = [Math.min(own.width / 2 - own.size - 34, own.height * 0.75), own.height / 2 - own.size - 26];
  own.spots = block.states.map((_, i) => {
    const turn = (2 * Math.PI * i) / count - Math.PI / 2;
    return count === 1 ? [own.width / 2, own.height / 2] : [own.width / 2 + rx * Math.cos(turn), own.height / 2 + ry * Math.sin(turn)];
  });
  const now = block.distribution[own.at];
  const swift = Math.max(...own.edges.map((e) => e.rate), 1e-9);
  const strong = Math.max(...own.edges.map((e) => Math.max(0, flow(own, now, e))), 1e-12);
  own.svg.replaceChildren(
    shape("defs", {}, ...["plain", "net"].map((name) => shape("marker", { id: `arrow-${own.stage.slug}-${name}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" }, shape("path", { d: "M0 0L8 4L0 8Z", class: `head ${name}` })))),
    ...own.edges.map((edge) => arrow(own, edge, swift, Math.max(0, flow(own, now, edge)) / strong, strong)),
    ...block.states.map((state, i) => knot(own, state, i, now[i])),
    ...(own.drag?.to ? [shape("path", { d: `M${own.spots[own.drag.from].join(" ")}L${own.drag.to.join(" ")}`, class: "pulled" })] : []),
  );
  own.slider.value = own.at;
  own.clock.textContent = own.at === block.times.length - 1 ? `t = ${short(block.times[own.at])}` : `t = ${block.times[own.at].toFixed(2)}`;
}

/** Net probability per time along an edge. */
function flow(own, p, edge) {
  const back = own.edges.find((e) => e.from === edge.to && e.to === edge.from);
  return edge.rate * p[edge.from] - (back ? back.rate * p[edge.to] : 0);
}

function arrow(own, edge, swift, share, strong) {
  const [a, b] = [own.spots[edge.from], own.spots[edge.to]];
  const away = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const [ux, uy] = [(b[0] - a[0]) / away, (b[1] - a[1]) / away];
  const bend = 0.13 * away + 8;
  const middle = [(a[0] + b[0]) / 2 - bend * -uy, (a[1] + b[1]) / 2 - bend * ux];
  const edgeOf = (spot, towards, gap) => {
    const far = Math.hypot(towards[0] - spot[0], towards[1] - spot[1]) || 1;
    return [spot[0] + ((towards[0] - spot[0]) * gap) / far, spot[1] + ((towards[1] - spot[1]) * gap) / far];
  };
  const from = edgeOf(a, middle, own.size + 2), to = edgeOf(b, middle, own.size + 4);
  const path = `M${from.join(" ")}Q${middle.join(" ")} ${to.join(" ")}`;
  // Beside the curve, on its outer side.
  const label = [(from[0] + 2 * middle[0] + to[0]) / 4 + 11 * uy, (from[1] + 2 * middle[1] + to[1]) / 4 - 9 * ux];
  const net = share > 0.02 && strong > 1e-9;
  const chosen = own.chosen?.from === edge.from && own.chosen?.to === edge.to;
  const pick = () => { own.chosen = { from: edge.from, to: edge.to }; paint(own); tools(own); };
  const names = own.block.states;
  return shape("g", {
    class: `arrow${net ? " net" : ""}${chosen ? " chosen" : ""}`, tabindex: 0, role: "button",
    "aria-label": `${names[edge.from].label} → ${names[edge.to].label} ${short(edge.rate)}`,
    onclick: pick, onkeydown: (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(); }
      const step = { ArrowUp: 1.1, ArrowRight: 1.1, ArrowDown: 1 / 1.1, ArrowLeft: 1 / 1.1 }[event.key];
      if (step) { event.preventDefault(); pick(); rate(own, edge, edge.rate * step, true); refocus(own, edge); }
    },
  },
    shape("path", { d: path, class: "touch" }),
    shape("path", { d: path, class: "shaft", "stroke-width": (1 + 2.2 * (net ? share : 0.3 * (edge.rate / swift))).toFixed(2), "marker-end": `url(#arrow-${own.stage.slug}-${net ? "net" : "plain"})` }),
    names.length <= 12 ? shape("text", { x: label[0], y: label[1] + 4, class: "rate" }, short(edge.rate)) : null,
  );
}

function refocus(own, edge) {
  const i = own.edges.findIndex((e) => e.from === edge.from && e.to === edge.to);
  own.svg.querySelectorAll(".arrow")[i]?.focus();
}

function knot(own, state, i, p) {
  const [x, y] = own.spots[i];
  const chosen = own.chosen?.state === i;
  const pick = () => {
    own.chosen = { state: i };
    paint(own);
    tools(own);
    own.svg.querySelectorAll(".knot")[i]?.focus({ preventScroll: true });
  };
  return shape("g", {
    class: `knot${chosen ? " chosen" : ""}${i === own.block.start ? " start" : ""}`, tabindex: 0, role: "button", transform: `translate(${x} ${y})`,
    "aria-label": `${state.label} p = ${p.toFixed(3)}`,
    onpointerdown: (event) => { event.preventDefault(); own.drag = { from: i, pick }; own.svg.setPointerCapture(event.pointerId); },
    onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(); } },
  },
    shape("circle", { r: own.size, class: "rim" }),
    shape("circle", { r: (own.size - 1.5) * Math.sqrt(Math.max(0, p)), class: "fill" }),
    shape("text", { y: 5, class: "name", style: own.size < 19 ? "font-size:11px" : null }, state.label),
    own.block.states.length <= 12 ? shape("text", { y: y < own.height / 2 ? -own.size - 8 : own.size + 17, class: "p" }, p.toFixed(3)) : null,
  );
}

// -- drawing an arrow from state to state -----------------------------------------------------------

const near = (own, point) => own.spots.findIndex((spot) => Math.hypot(spot[0] - point[0], spot[1] - point[1]) < own.size + 10);

function follow(own, event) {
  const point = place(own.svg, event);
  const from = own.spots[own.drag.from];
  if (!own.drag.to && Math.hypot(point[0] - from[0], point[1] - from[1]) < own.size) return;
  own.drag.to = point;
  paint(own);
}

function connect(own) {
  const { from, to, pick } = own.drag;
  own.drag = null;
  const other = to ? near(own, to) : -1;
  if (!to) return pick();
  if (other >= 0 && other !== from) return join(own, from, other);
  paint(own);
}

function join(own, from, to) {
  own.chosen = { from, to };
  if (!own.edges.some((e) => e.from === from && e.to === to)) own.edges.push({ from, to, rate: 1 });
  write(own);
}

// -- tools ----------------------------------------------------------------------------------------

function tools(own) {
  const { block, chosen } = own;
  const name = (i) => block.states[i].label;
  const button = (text, act) => el("button", { type: "button", class: "quiet-button", onclick: act }, text);
  const parts = [];
  if (chosen?.from !== undefined) {
    const edge = own.edges.find((e) => e.from === chosen.from && e.to === chosen.to);
    const field = el("input", { type: "number", min: 0, step: "any", value: short(edge.rate), "aria-label": t("速率", "rate"), onchange: () => rate(own, edge, Number(field.value), true) });
    const slider = el("input", {
      type: "range", min: -2, max: 2, step: 0.02, value: Math.log10(edge.rate || 0.01), "aria-label": t("速率（对数）", "rate (logarithm)"),
      oninput: () => { own.adjusting = true; field.value = short(10 ** slider.value); rate(own, edge, 10 ** slider.value, false); },
      onchange: () => { own.adjusting = false; rate(own, edge, 10 ** slider.value, true); },
    });
    parts.push(el("b", {}, `${name(edge.from)} → ${name(edge.to)}`), slider, field,
      button(t("加反向", "add reverse"), () => join(own, edge.to, edge.from)),
      button(t("删去", "delete"), () => { own.edges = own.edges.filter((e) => e !== edge); own.chosen = null; write(own); }));
  } else if (chosen) {
    const others = block.states.map((_, i) => i).filter((i) => i !== chosen.state && !own.edges.some((e) => e.from === chosen.state && e.to === i));
    const target = el("select", { "aria-label": t("箭头指向", "arrow to"), onchange: () => target.value && join(own, chosen.state, Number(target.value)) },
      el("option", { value: "" }, t("箭头指向…", "arrow to …")), ...others.map((i) => el("option", { value: i }, name(i))));
    parts.push(el("b", {}, name(chosen.state)),
      button(t("从这里出发", "start here"), () => settle(own.stage, { start: name(chosen.state) })), others.length ? target : "",
      button(t("删去", "delete"), () => { own.edges = own.edges.filter((e) => e.from !== chosen.state && e.to !== chosen.state); own.chosen = null; write(own, chosen.state); }));
  } else {
    parts.push(el("span", {}, t("点箭头改速率，点状态选起点；从一个状态拖到另一个画箭头", "click an arrow for its rate, a state to start there; drag from state to state for a new arrow")));
  }
  parts.push(el("span", { class: "space" }), button(t("加状态", "add state"), () => add(own)));
  own.tools.replaceChildren(...parts);
}

/** A new state, joined both ways with the chosen or the last one. */
function add(own) {
  const taken = new Set(own.block.states.map((s) => s.label));
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const label = [...letters].find((l) => !taken.has(l)) ?? `S${taken.size}`;
  const from = own.chosen?.state ?? own.block.states.length - 1;
  const to = own.block.states.length;
  own.block = { ...own.block, states: [...own.block.states, { label }] };
  own.edges.push({ from, to, rate: 1 }, { from: to, to: from, rate: 1 });
  own.chosen = null;
  write(own);
}

function rate(own, edge, value, last) {
  if (!(value > 0 && value <= 1e4)) return;
  edge.rate = Number(value.toPrecision(3));
  own.edges = own.edges.map((e) => (e.from === edge.from && e.to === edge.to ? edge : e));
  if (last) return write(own);
  paint(own);
  steer(own.stage, { edges: text(own) });
}

function text(own) {
  const { states } = own.block;
  return own.edges.flatMap((edge) => {
    const back = own.edges.find((e) => e.from === edge.to && e.to === edge.from);
    const [a, b] = [states[edge.from].label, states[edge.to].label];
    if (!back) return [`${a} -> ${b}: ${short(edge.rate)}`];
    const first = own.edges.indexOf(edge) < own.edges.indexOf(back);
    return first ? [`${a} <-> ${b}: ${short(edge.rate)} / ${short(back.rate)}`] : [];
  }).join("\n");
}

function write(own, gone = -1) {
  const changes = { edges: text(own) };
  if (gone === own.block.start) changes.start = "";
  settle(own.stage, changes);
}

// -- time -----------------------------------------------------------------------------------------

function play(own, from = own.at >= own.block.times.length - 1 ? 0 : own.at) {
  stop(own);
  const last = own.block.times.length - 1;
  const began = performance.now();
  own.button.textContent = t("暂停", "Pause");
  const tick = (now) => {
    own.at = Math.min(last, Math.round(from + Math.max(0, now - began) / (still() ? 1 : 60)));
    paint(own);
    if (own.at < last && own.node.isConnected) own.running = requestAnimationFrame(tick);
    else stop(own);
  };
  own.running = requestAnimationFrame(tick);
}

function stop(own) {
  cancelAnimationFrame(own.running);
  own.running = null;
  own.button.textContent = t("播放", "Play");
}
