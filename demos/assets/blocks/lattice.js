// The lattice of one sentence: columns are characters, rows are tags, circles are as large as the tag is
// probable. A path and its score's terms are drawn; the forward pass can be played; a click on a circle pins
// its tag, a click on a character or a path takes the score apart.
import { el, style, t } from "../gallery.js";
import { adjust } from "./adjust.js";
import { characters, codePoint, percent, sign } from "./chars.js";
import { termsTable } from "./terms.js";

style(import.meta.url);

const HEAD = 52, TERMS = 66, PAUSE = 420; // pixels, pixels, milliseconds per column
const MANY = 16; // tags from which rows without any probability are folded

export function draw(node, block, stage) {
  node.className = "panel block-lattice";
  const fresh = node.own?.block.text !== block.text;
  const own = node.own ?? (node.own = skeleton(node));
  clearInterval(own.timer);
  if (fresh) Object.assign(own, { cursor: [0, 0], all: false });
  Object.assign(own, { block, stage, chars: characters(block.text), chosen: 0, column: block.h.length, timer: null });
  own.title.replaceChildren(block.title, el("small", {}, block.hint));
  own.slider.max = block.h.length;
  paint(own);
  listPaths(own);
  takeApart(own);
  say(own, summary(own));
}

function skeleton(node) {
  const own = { node };
  own.title = el("h3");
  own.labels = svg("svg", { class: "lattice-labels", "aria-hidden": "true" });
  own.body = svg("svg", { class: "lattice-body" });
  own.field = el("div", { class: "lattice-scroll", tabindex: 0, role: "group", "aria-describedby": "lattice-help" }, own.body);
  own.frame = el("div", { class: "lattice-frame" }, own.labels, own.field);
  own.readout = el("div", { class: "readout", "aria-live": "polite" });
  own.play = el("button", { type: "button", class: "quiet-button", onclick: () => toggle(own) }, t("▶ 逐列播放", "▶ play"));
  own.slider = el("input", { type: "range", min: 1, step: 1, "aria-label": t("前向算到第几个字", "forward pass up to character"), oninput: (event) => { stop(own); go(own, Number(event.target.value)); } });
  own.fold = el("button", { type: "button", class: "quiet-button", onclick: () => { own.all = !own.all; paint(own); } });
  own.clear = el("button", { type: "button", class: "quiet-button", onclick: () => adjust(own.stage, { pins: "" }) }, t("撤掉固定", "unpin all"));
  own.list = el("div", { class: "lattice-paths" });
  own.apart = el("details", { class: "lattice-apart", ontoggle: () => { if (own.apart.open !== Boolean(own.apart.querySelector("table"))) takeApart(own); } }, el("summary", {}, ""));
  const arrow = (label, by, name) => el("button", { type: "button", class: "quiet-button", "aria-label": name, onclick: () => { stop(own); go(own, own.column + by); } }, label);
  node.replaceChildren(
    own.title,
    el("div", { class: "tools lattice-tools" }, own.play, arrow("‹", -1, t("退一列", "one column back")), arrow("›", 1, t("进一列", "one column on")), own.slider, own.fold, own.clear),
    own.frame,
    own.readout, own.list, own.apart,
    el("p", { class: "visually-hidden", id: "lattice-help" }, t("方向键在格点间移动，回车固定或放开标签，P 播放。", "Arrow keys move between the nodes, Enter pins or frees a tag, P plays.")),
  );
  const at = (event) => event.target.closest?.("[data-t]");
  own.body.addEventListener("pointermove", (event) => {
    const hit = at(event);
    if (hit) tell(own, Number(hit.dataset.t), hit.dataset.j === undefined ? null : Number(hit.dataset.j));
  });
  own.body.addEventListener("pointerleave", () => say(own, summary(own)));
  own.body.addEventListener("click", (event) => {
    const hit = at(event);
    if (!hit) return;
    if (hit.dataset.j !== undefined) pin(own, Number(hit.dataset.t), Number(hit.dataset.j));
    else openApart(own, Number(hit.dataset.t));
  });
  own.field.addEventListener("keydown", (event) => key(own, event));
  own.field.addEventListener("focus", () => mark(own));
  own.field.addEventListener("blur", () => own.body.querySelector(".cursor")?.remove());
  new ResizeObserver(() => own.block && own.width !== own.field.clientWidth && paint(own)).observe(own.field);
  return own;
}

// -- drawing ------------------------------------------------------------------------------------

function paint(own) {
  const { block, chars } = own;
  const n = chars.length;
  own.width = own.field.clientWidth;
  own.rows = rows(own);
  own.step = Math.max(34, Math.min(own.rows.length < 6 ? 84 : 58, (own.width - 4) / n));
  own.high = own.rows.length > 20 ? 20 : own.rows.length < 6 ? 40 : 25;
  const [wide, deep] = [n * own.step, HEAD + own.rows.length * own.high];
  size(own.body, wide, deep + TERMS);
  own.margin = Math.ceil(12 + 7.3 * Math.max(2, ...own.rows.map((j) => block.tags[j].name.length)));
  own.frame.style.setProperty("--labels", `${own.margin}px`);
  size(own.labels, own.margin, deep + TERMS);
  const path = block.paths[own.chosen];
  const done = own.column >= n;
  own.body.replaceChildren(
    ...bands(own, deep), ...guides(own, wide), ...heads(own, path, done),
    ...(done ? [] : pointers(own)),
    ...ways(own, done), ...nodes(own, done), ...terms(own, path, deep, done),
  );
  own.labels.replaceChildren(...own.rows.map((j, row) =>
    svg("text", { x: own.margin - 6, y: HEAD + (row + 0.5) * own.high + 4, "text-anchor": "end", class: `tag ${kind(own, j)}` }, block.tags[j].name)),
  svg("text", { x: own.margin - 6, y: deep + 32, "text-anchor": "end", class: "term-h" }, "h"),
  svg("text", { x: own.margin - 6, y: deep + 50, "text-anchor": "end", class: "term-g" }, "g"));
  own.field.setAttribute("aria-label", alternative(own));
  own.slider.value = own.column;
  own.fold.hidden = block.tags.length < MANY;
  own.fold.textContent = own.all ? t("只看有可能的标签", "only possible tags") : t(`全部 ${block.tags.length} 个标签`, `all ${block.tags.length} tags`);
  own.clear.hidden = !Object.keys(block.pinned).length;
  if (document.activeElement === own.field) mark(own);
}

/** Tags that are drawn: all, or of many those with some probability somewhere. */
function rows(own) {
  const { block } = own;
  const all = block.tags.map((_, j) => j);
  if (own.all || all.length < MANY) return all;
  const used = new Set(block.paths.flatMap((path) => path.tags));
  Object.values(block.pinned).forEach((name) => used.add(block.tags.findIndex((tag) => tag.name === name)));
  return all.filter((j) => used.has(j) || block.p.some((row) => row[j] >= 0.01));
}

const x = (own, time) => (time + 0.5) * own.step;
const y = (own, j) => {
  const row = own.rows.indexOf(j);
  return row < 0 ? null : HEAD + (row + 0.5) * own.high;
};
const kind = (own, j) => `kind-${own.block.tags[j].kind}`;

const bands = (own, deep) => own.chars.map((_, time) =>
  svg("rect", { x: time * own.step, y: 0, width: own.step, height: deep + TERMS, class: `band${time >= own.column ? " later" : ""}`, dataset: { t: time } }));

const guides = (own, wide) => own.rows.map((j) =>
  svg("line", { x1: 0, x2: wide, y1: y(own, j), y2: y(own, j), class: "guide" }));

/** Characters, their offsets, and the spans of the chosen path. */
function heads(own, path, done) {
  const parts = own.chars.flatMap((char, time) => [
    svg("text", { x: x(own, time), y: 12, class: "offset" }, String(time)),
    svg("text", { x: x(own, time), y: 34, class: "char", lang: "zh" }, sign(char), svg("title", {}, codePoint(char))),
  ]);
  for (const span of done ? path.spans : []) {
    const [from, to] = [span.s * own.step + 5, span.e * own.step - 5];
    parts.push(svg("line", { x1: from, x2: to, y1: 43, y2: 43, class: `span-bar kind-${span.kind}` }));
  }
  return parts;
}

/** Where the forward pass is: from every tag so far to the tag that its best beginning comes from. */
function pointers(own) {
  const { block } = own;
  const parts = [];
  for (let time = 1; time < own.column; time++) {
    for (const j of own.rows) {
      const i = block.back[time][j];
      if (i < 0 || y(own, i) === null) continue;
      parts.push(svg("line", { x1: x(own, time - 1), y1: y(own, i), x2: x(own, time), y2: y(own, j), class: `pointer${time === own.column - 1 ? " now" : ""}` }));
    }
  }
  return parts;
}

function ways(own, done) {
  if (!done) {
    const best = own.block.best[own.column - 1];
    const last = own.rows.reduce((a, b) => ((best[b] ?? -Infinity) > (best[a] ?? -Infinity) ? b : a));
    const tags = [last];
    for (let time = own.column - 1; time > 0 && tags[0] >= 0; time--) tags.unshift(own.block.back[time][tags[0]]);
    return [way(own, tags, "best partial")];
  }
  const parts = [way(own, own.block.paths[0].tags, "best")];
  const path = own.block.paths[own.chosen];
  if (own.chosen) parts.push(way(own, path.tags, "other"));
  for (const time of path.illegal) {
    const [a, b] = [path.tags[time - 1], path.tags[time]];
    const at = [a, b].filter((j) => j !== undefined && y(own, j) !== null).map((j) => y(own, j));
    const place = Math.max(8, Math.min(own.chars.length * own.step - 8, time * own.step));
    parts.push(svg("text", { x: place, y: at.reduce((u, v) => u + v, 0) / at.length + 6, class: "illegal" }, "×", svg("title", {}, t("不合法的一步", "an illegal step"))));
  }
  return parts;
}

const way = (own, tags, name) =>
  svg("polyline", { class: `way ${name}`, points: tags.map((j, time) => `${x(own, time)},${y(own, j) ?? HEAD}`).join(" ") });

function nodes(own, done) {
  const { block } = own;
  const parts = [];
  const most = Math.min(own.high, own.step) / 2 - 2.5;
  own.chars.forEach((_, time) => {
    const row = done ? block.p[time] : time < own.column ? shares(block.alpha[time]) : null;
    for (const j of own.rows) {
      const possible = block.alpha[time][j] !== null && block.beta[time][j] !== null;
      const p = row ? row[j] : 0;
      const pinned = block.pinned[time] === block.tags[j].name;
      const place = { cx: x(own, time), cy: y(own, j) };
      if (pinned) parts.push(svg("rect", { x: place.cx - most - 1, y: place.cy - most - 1, width: 2 * most + 2, height: 2 * most + 2, rx: 4, class: "pinned" }));
      if (possible || p > 0) {
        parts.push(svg("circle", { ...place, r: 2 + (most - 2) * Math.sqrt(p), class: `node ${kind(own, j)}`, "fill-opacity": (0.22 + 0.78 * p).toFixed(3) }));
      } else {
        parts.push(svg("circle", { ...place, r: 1.2, class: "nothing" }));
      }
      parts.push(svg("rect", { x: time * own.step, y: place.cy - own.high / 2, width: own.step, height: own.high, class: "target", dataset: { t: time, j } }));
    }
  });
  return parts;
}

/** Log-sums of a column as shares of it: what the forward pass believes before it has read on. */
function shares(column) {
  const most = Math.max(...column.map((v) => v ?? -Infinity));
  const weights = column.map((v) => (v === null ? 0 : Math.exp(v - most)));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((v) => v / total);
}

/** The terms of the chosen path's score under each character. */
function terms(own, path, deep, done) {
  const all = [0, ...path.h, ...path.g];
  const [low, top] = [Math.min(...all), Math.max(...all)];
  const scale = (TERMS - 18) / Math.max(1e-9, top - low), zero = deep + 10 + top * scale, wide = Math.min(12, own.step / 3);
  const bar = (time, value, side, name) =>
    svg("rect", { x: x(own, time) + side * (wide / 2 + 0.5) - wide / 2, width: wide, y: value > 0 ? zero - value * scale : zero, height: Math.max(0.5, Math.abs(value) * scale), class: name });
  return [
    svg("line", { x1: 0, x2: own.chars.length * own.step, y1: zero, y2: zero, class: "guide" }),
    ...path.h.flatMap((h, time) => (done || time < own.column ? [bar(time, h, -1, "bar-h"), bar(time, path.g[time], 1, "bar-g")] : [])),
    ...own.chars.map((_, time) => svg("rect", { x: time * own.step, y: deep, width: own.step, height: TERMS, class: "target", dataset: { t: time } })),
  ];
}

// -- the paths ----------------------------------------------------------------------------------

function listPaths(own) {
  const { paths } = own.block;
  const best = new Set(paths[0].spans.map((span) => `${span.s}:${span.e}:${span.label}`));
  own.list.replaceChildren(...paths.map((path, k) => {
    const long = k > 0 && paths[0].tags.length >= 30; // then words that are cut alike need no repeating
    const spans = path.spans.filter((span) => span.label || !long || !best.has(`${span.s}:${span.e}:${span.label}`)).map((span) =>
      el("span", { class: `mini kind-${span.kind}${best.has(`${span.s}:${span.e}:${span.label}`) ? "" : " new"}`, lang: "zh" },
        own.chars.slice(span.s, span.e).map(sign).join(""), span.label ? el("small", {}, span.label) : ""));
    return el("button", {
      type: "button", class: "path-row", "aria-pressed": String(k === own.chosen),
      onclick: () => choose(own, k),
    },
      el("b", {}, String(k + 1)),
      el("span", { class: "number" }, percent(path.p)),
      el("span", { class: "bar" }, el("i", { style: `width:${100 * path.p}%` })),
      el("span", { class: "number", title: t("分数与差距（nats）", "score and gap (nats)") }, `s ${number(path.score)}${k ? ` (−${(paths[0].score - path.score).toFixed(2)})` : ""}`),
      path.illegal.length ? el("span", { class: "badge bad" }, t(`${path.illegal.length} 处不合法`, `${path.illegal.length} illegal`)) : "",
      el("span", { class: "minis" }, ...(spans.length ? spans : [el("small", {}, t("没有实体", "no span"))])));
  }));
}

function choose(own, k) {
  own.chosen = k;
  stop(own);
  own.column = own.chars.length;
  paint(own);
  listPaths(own);
  own.list.children[k].focus({ preventScroll: true });
  say(own, summary(own));
  openApart(own, null);
}

/** The chosen path's score term by term, at a character if one was clicked. */
function openApart(own, time) {
  own.apart.open = true;
  takeApart(own);
  if (time === null) return;
  const row = own.apart.querySelector(`tr[data-t="${time}"]`);
  row.classList.add("here");
  const frame = row.closest(".scroll");
  frame.scrollTop = row.offsetTop - frame.clientHeight / 2;
}

function takeApart(own) {
  const title = own.chosen ? t(`第 ${own.chosen + 1} 条路径的分数怎样加起来`, `How the score of path ${own.chosen + 1} adds up`) : t("最优路径的分数怎样加起来", "How the best path's score adds up");
  own.apart.firstChild.textContent = title;
  const table = own.apart.open ? [el("div", { class: "scroll", tabindex: 0 }, termsTable(own.block, own.chars, own.chosen))] : [];
  own.apart.replaceChildren(own.apart.firstChild, ...table);
}

// -- words --------------------------------------------------------------------------------------

const say = (own, parts) => own.readout.replaceChildren(...parts);
const number = (value, digits = 2) => (value === null || value === undefined ? "−∞" : value.toFixed(digits).replace("-", "−"));
const term = (name, value, extra = "") => el("span", { class: extra }, name, " ", el("b", {}, value));

function summary(own) {
  const path = own.block.paths[own.chosen];
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  return [
    term(own.chosen ? t(`第 ${own.chosen + 1} 条`, `path ${own.chosen + 1}`) : t("最优", "best"), percent(path.p)),
    term("Σh", number(sum(path.h)), "term-h"), term("Σg", number(sum(path.g) + path.end), "term-g"),
    term("s", number(path.score)), term("log Z", number(own.block.log_z)),
    term("log p = s − log Z", number(path.score - own.block.log_z, 3)),
    took(own.stage.payload),
  ];
}

/** How long an edit took: decoding alone, and all the way here and back. */
function took(payload) {
  if (!payload?.roundTrip) return "";
  const [inside, all] = [payload.run.compute_ms, payload.roundTrip].map((ms) => Math.round(ms));
  return el("small", {}, t(`重新解码 ${inside} ms，往返 ${all} ms`, `decoded again in ${inside} ms, ${all} ms there and back`));
}

/** A node, or a character with the terms of the chosen path there. */
function tell(own, time, j) {
  const { block } = own;
  const char = own.chars[time];
  if (j === null) {
    const path = block.paths[own.chosen];
    const before = time ? block.tags[path.tags[time - 1]].name : "^";
    return say(own, [
      el("b", { lang: "zh" }, `${sign(char)} [${time}]`), el("span", {}, block.tags[path.tags[time]].name),
      term("h", number(path.h[time]), "term-h"), term(`g(${before} → ${block.tags[path.tags[time]].name})`, number(path.g[time]), "term-g"),
      term(t("到此为止", "so far"), number(path.h.slice(0, time + 1).reduce((a, b) => a + b, 0) + path.g.slice(0, time + 1).reduce((a, b) => a + b, 0))),
    ]);
  }
  const from = block.back[time][j];
  const g = time === 0 ? block.start[j] : from < 0 ? null : block.transitions[from][j];
  say(own, [
    el("b", { lang: "zh" }, `${sign(char)} [${time}]`), el("span", { class: kind(own, j) }, el("b", { class: "tag-name" }, block.tags[j].name)),
    term("p", percent(block.p[time][j])), term("h", number(block.h[time][j]), "term-h"),
    term(time === 0 ? "g(^)" : from < 0 ? "g" : `g(${block.tags[from].name} → ${block.tags[j].name})`, number(g), "term-g"),
    term("log α", number(block.alpha[time][j])), term("log β", number(block.beta[time][j])),
    el("small", {}, block.alpha[time][j] === null || block.beta[time][j] === null
      ? t("没有路径经过", "no path goes through")
      : `log p = ${number(block.alpha[time][j])} + ${number(block.beta[time][j])} − ${number(block.log_z)}`.replaceAll("+ −", "− ")),
  ]);
}

function alternative(own) {
  const path = own.block.paths[0];
  const spans = path.spans.map((span) => `${own.chars.slice(span.s, span.e).join("")} ${span.label}`.trim()).join(t("、", ", "));
  return t(`网格：${own.chars.length} 个字，${own.block.tags.length} 个标签。最优路径概率 ${percent(path.p)}：${spans || "没有实体"}。`,
    `Lattice of ${own.chars.length} characters and ${own.block.tags.length} tags. The best path has ${percent(path.p)}: ${spans || "no span"}.`);
}

// -- acting -------------------------------------------------------------------------------------

function pin(own, time, j) {
  const name = own.block.tags[j].name;
  const pinned = { ...own.block.pinned };
  if (pinned[time] === name) delete pinned[time];
  else pinned[time] = name;
  const written = Object.keys(pinned).map(Number).sort((a, b) => a - b).map((place) => `${place}=${pinned[place]}`);
  adjust(own.stage, { pins: written.join(" ") });
}

function go(own, column) {
  own.column = Math.max(1, Math.min(own.chars.length, column));
  paint(own);
  if (own.column === own.chars.length) return say(own, summary(own));
  const time = own.column - 1;
  const belief = shares(own.block.alpha[time]);
  const j = belief.indexOf(Math.max(...belief));
  say(own, [
    el("b", { lang: "zh" }, `${sign(own.chars[time])} [${time}]`),
    term(t("读到这里最像", "likeliest so far"), `${own.block.tags[j].name} ${percent(belief[j])}`),
    term("log α", number(own.block.alpha[time][j])), term(t("最好的开头", "best beginning"), number(own.block.best[time][j])),
    el("small", {}, t("细线是回溯指针", "thin lines are back-pointers")),
  ]);
  const edge = x(own, time) - own.field.clientWidth / 2;
  if (own.body.clientWidth > own.field.clientWidth) own.field.scrollLeft = edge;
}

function toggle(own) {
  if (own.timer) return stop(own);
  if (own.column >= own.chars.length) go(own, 1);
  own.play.textContent = t("❚❚ 暂停", "❚❚ pause");
  own.timer = setInterval(() => {
    if (!own.node.isConnected) return clearInterval(own.timer);
    go(own, own.column + 1);
    if (own.column >= own.chars.length) stop(own);
  }, PAUSE);
}

function stop(own) {
  clearInterval(own.timer);
  own.timer = null;
  own.play.textContent = t("▶ 逐列播放", "▶ play");
}

function key(own, event) {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const [time, row] = own.cursor;
  if (move) {
    own.cursor = [
      Math.max(0, Math.min(own.chars.length - 1, time + move[0])),
      Math.max(0, Math.min(own.rows.length - 1, row + move[1])),
    ];
    mark(own);
  } else if (event.key === "Enter" || event.key === " ") pin(own, time, own.rows[row]);
  else if (event.key.toLowerCase() === "p") toggle(own);
  else return;
  event.preventDefault();
}

/** The ring that the arrow keys move. */
function mark(own) {
  const [time, row] = own.cursor;
  const j = own.rows[Math.min(row, own.rows.length - 1)];
  own.body.querySelector(".cursor")?.remove();
  own.body.append(svg("rect", { x: time * own.step + 2, y: y(own, j) - own.high / 2 + 1, width: own.step - 4, height: own.high - 2, rx: 4, class: "cursor" }));
  const edge = x(own, time);
  if (edge < own.field.scrollLeft || edge > own.field.scrollLeft + own.field.clientWidth) own.field.scrollLeft = edge - own.field.clientWidth / 2;
  tell(own, time, j);
}

// -- SVG ----------------------------------------------------------------------------------------

function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "dataset") Object.assign(node.dataset, value);
    else if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

function size(node, width, height) {
  node.setAttribute("width", width);
  node.setAttribute("height", height);
  node.setAttribute("viewBox", `0 0 ${width} ${height}`);
}
