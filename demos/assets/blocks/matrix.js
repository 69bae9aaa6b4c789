// The transition scores as a heat map that can be changed: drag a cell, or choose it and use the slider;
// a double click forbids the step. Every change is decoded at once. Of many tags only those in `focus` are
// shown at first, together with all that have been there since the text was read.
import { el, style, t } from "../gallery.js";
import { adjust } from "./adjust.js";

style(import.meta.url);

const MANY = 20; // tags from which those out of focus are folded

export function draw(node, block, stage) {
  node.className = "panel block-matrix";
  const shown = names(node, block, stage.payload?.inputs?.text);
  const same = node.own && (node.own.key === key(block, shown) || node.own.drag); // a drag keeps its cells
  const own = same ? node.own : (node.own = skeleton(node, block, shown));
  Object.assign(own, { block, stage });
  own.title.replaceChildren(block.title, el("small", {}, block.hint));
  own.most = Math.max(1, ...block.cells.flat().map((v) => Math.abs(v ?? 0)));
  own.from.forEach((a, i) => own.to.forEach((b, j) => refresh(own, i, j)));
  own.reset.hidden = !Object.keys(block.edited).length;
  if (own.chosen) editor(own);
}

const key = (block, shown) => JSON.stringify([shown, block.scale]);

/** The tags that are shown: [from, to]. */
function names(node, block, text) {
  if (node.text !== text) Object.assign(node, { text, focus: new Set() });
  for (const tag of block.focus ?? []) node.focus.add(tag);
  for (const step of Object.keys(block.edited)) step.split(">").forEach((tag) => node.focus.add(tag));
  const tags = (list) => list.filter((tag) => node.all || list.length <= MANY || node.focus.has(tag) || tag === "^" || tag === "$");
  return [tags(block.from), tags(block.to)];
}

function skeleton(node, block, shown) {
  const [from, to] = shown;
  const own = {
    key: key(block, shown), from, to, chosen: null, drag: null,
    rows: from.map((tag) => block.from.indexOf(tag)), columns: to.map((tag) => block.to.indexOf(tag)),
  };
  own.title = el("h3");
  own.cells = own.from.map((a, i) => own.to.map((b, j) =>
    el("div", { class: "cell", role: "gridcell", tabindex: i + j ? -1 : 0, dataset: { i, j } })));
  const small = own.to.length > 20 ? " small" : own.to.length < 8 ? " large" : "";
  own.grid = el("div", {
    class: `matrix${small}`, role: "grid", "aria-label": block.title,
    style: `grid-template-columns: auto repeat(${own.to.length}, var(--cell))`,
  },
    el("div", { class: "corner", "aria-hidden": "true" }, t("从 ↓ 到 →", "from ↓ to →")),
    ...own.to.map((b) => el("div", { class: `column kind-${block.kinds[b]}`, role: "columnheader" }, el("span", {}, b))),
    ...own.from.flatMap((a, i) => [el("div", { class: `row kind-${block.kinds[a]}`, role: "rowheader" }, a), ...own.cells[i]]));
  own.editor = el("div", { class: "matrix-editor", "aria-live": "polite" }, el("small", {}, t("点一格来改它；拖动改数值，双击禁止；键盘：方向键、+、−、X。", "Choose a cell to change it; drag changes, a double click forbids. Keys: arrows, +, −, X.")));
  own.reset = el("button", { type: "button", class: "quiet-button", onclick: () => adjust(own.stage, { steps: "" }) }, t("全部还原", "undo all"));
  const fold = el("button", { type: "button", class: "quiet-button", onclick: () => { node.all = !node.all; draw(node, own.block, own.stage); } },
    node.all ? t("只看有可能的标签", "only possible tags") : t(`全部 ${block.from.length - 1} 个标签`, `all ${block.from.length - 1} tags`));
  node.replaceChildren(own.title, el("div", { class: "scroll" }, own.grid), own.editor,
    el("div", { class: "tools" }, block.to.length > MANY ? fold : null, own.reset));
  const at = (event) => {
    const cell = event.target.closest?.(".cell");
    return cell ? [Number(cell.dataset.i), Number(cell.dataset.j)] : null;
  };
  own.grid.addEventListener("pointerdown", (event) => {
    const place = at(event);
    if (!place) return;
    choose(own, ...place);
    if (event.pointerType !== "mouse" || !possible(own, ...place)) return;
    own.drag = { place, x: event.clientX, y: event.clientY, value: value(own, ...place), moved: false };
    own.grid.setPointerCapture(event.pointerId);
  });
  own.grid.addEventListener("pointermove", (event) => {
    if (!own.drag) {
      const place = at(event);
      if (place && !own.chosen) own.grid.title = label(own, ...place);
      return;
    }
    const by = event.clientX - own.drag.x + own.drag.y - event.clientY;
    if (!own.drag.moved && Math.abs(by) < 4) return;
    own.drag.moved = true;
    set(own, ...own.drag.place, clip(own, own.drag.value + by * (own.block.scale === "probability" ? 0.005 : 0.06)));
  });
  const end = () => { own.drag = null; };
  own.grid.addEventListener("pointerup", end);
  own.grid.addEventListener("pointercancel", end);
  own.grid.addEventListener("dblclick", (event) => {
    const place = at(event) ?? own.chosen;
    if (place) forbid(own, ...place);
  });
  own.grid.addEventListener("keydown", (event) => press(own, event));
  return own;
}

// -- one cell -----------------------------------------------------------------------------------

const name = (own, i, j) => `${own.from[i]}>${own.to[j]}`;
const possible = (own, i, j) => own.block.legal[own.rows[i]][own.columns[j]];
const raw = (own, i, j) => own.block.cells[own.rows[i]][own.columns[j]];
const value = (own, i, j) => raw(own, i, j) ?? (own.block.scale === "probability" ? 0 : -10);
const bounds = (own) => (own.block.scale === "probability" ? [0, 1] : [-12, 12]);
const clip = (own, v) => {
  const [low, high] = bounds(own);
  return Math.max(low, Math.min(high, Math.round(v * 100) / 100));
};
const shown = (own, v) => (v === null ? "×" : own.block.scale === "probability" ? v.toFixed(2).replace(/^0/, "") : v.toFixed(1).replace("-", "−"));

function label(own, i, j) {
  const state = !possible(own, i, j) ? t("标签体系不允许", "not allowed by the scheme") : raw(own, i, j) === null ? t("已禁止", "forbidden") : `${own.block.scale === "probability" ? "p" : "g"} = ${raw(own, i, j).toFixed(2)}`;
  return `${own.from[i]} → ${own.to[j]}: ${state}`;
}

function refresh(own, i, j) {
  const cell = own.cells[i][j], v = raw(own, i, j);
  const forbidden = possible(own, i, j) && v === null;
  cell.className = "cell";
  cell.classList.toggle("impossible", !possible(own, i, j));
  cell.classList.toggle("forbidden", forbidden);
  cell.classList.toggle("edited", name(own, i, j) in own.block.edited);
  cell.classList.toggle("chosen", own.chosen?.[0] === i && own.chosen?.[1] === j);
  const strength = v === null ? 0 : own.block.scale === "probability" ? v : Math.abs(v) / own.most;
  cell.style.setProperty("--heat", `${Math.round(72 * strength)}%`);
  cell.classList.toggle("minus", (v ?? 0) < 0);
  cell.textContent = possible(own, i, j) ? shown(own, v) : "";
  cell.setAttribute("aria-label", label(own, i, j));
}

function choose(own, i, j) {
  const before = own.chosen;
  own.chosen = [i, j];
  if (before) {
    refresh(own, ...before);
    own.cells[before[0]][before[1]].tabIndex = -1;
  }
  own.cells[0][0].tabIndex = -1;
  const cell = own.cells[i][j];
  cell.tabIndex = 0;
  refresh(own, i, j);
  cell.focus({ preventScroll: false });
  own.grid.removeAttribute("title");
  editor(own, true);
}

function editor(own, rebuild = false) {
  const [i, j] = own.chosen;
  const open = possible(own, i, j);
  if (!rebuild && own.slider?.isConnected) {
    if (document.activeElement !== own.slider) own.slider.value = value(own, i, j);
    own.output.textContent = label(own, i, j);
    own.ban.textContent = raw(own, i, j) === null ? t("放行", "allow") : t("禁止", "forbid");
    own.undo.hidden = !(name(own, i, j) in own.block.edited);
    return;
  }
  const [low, high] = bounds(own);
  own.output = el("b", {}, label(own, i, j));
  own.slider = el("input", { type: "range", min: low, max: high, step: 0.01, "aria-label": label(own, i, j), oninput: (event) => set(own, ...own.chosen, Number(event.target.value)) });
  own.slider.value = value(own, i, j);
  own.ban = el("button", { type: "button", class: "quiet-button", onclick: () => forbid(own, ...own.chosen) }, raw(own, i, j) === null ? t("放行", "allow") : t("禁止", "forbid"));
  own.undo = el("button", { type: "button", class: "quiet-button", onclick: () => set(own, ...own.chosen, undefined) }, t("还原", "undo"));
  own.undo.hidden = !(name(own, i, j) in own.block.edited);
  own.editor.replaceChildren(own.output, ...(open ? [own.slider, own.ban, own.undo] : []));
}

// -- acting -------------------------------------------------------------------------------------

const forbid = (own, i, j) => possible(own, i, j) && set(own, i, j, raw(own, i, j) === null ? undefined : null);

/** Write all edits anew with one changed: a number, null to forbid, undefined to take it back. */
function set(own, i, j, to) {
  if (!possible(own, i, j)) return;
  const edits = { ...own.block.edited };
  if (to === undefined) delete edits[name(own, i, j)];
  else edits[name(own, i, j)] = to;
  const written = Object.entries(edits).map(([step, v]) => `${step}=${v === null ? "x" : Number(v.toFixed(2))}`);
  adjust(own.stage, { steps: written.join(" ") });
}

function press(own, event) {
  const cell = event.target.closest?.(".cell");
  if (!cell) return;
  const [i, j] = [Number(cell.dataset.i), Number(cell.dataset.j)];
  const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const by = own.block.scale === "probability" ? 0.05 : 0.5;
  if (move) choose(own, Math.max(0, Math.min(own.from.length - 1, i + move[0])), Math.max(0, Math.min(own.to.length - 1, j + move[1])));
  else if (event.key === "Enter" || event.key === " ") choose(own, i, j);
  else if (event.key === "+" || event.key === "=") set(own, i, j, clip(own, value(own, i, j) + by));
  else if (event.key === "-" || event.key === "_") set(own, i, j, clip(own, value(own, i, j) - by));
  else if (event.key.toLowerCase() === "x" || event.key === "Delete") forbid(own, i, j);
  else return;
  event.preventDefault();
}
