// A text with its spans marked in place: types can be hidden, doubtful spans stand back, a click tells more.
// Spans may overlap; every piece of text between two borders is one node.
import { copy, download, el, lang, style, t } from "../gallery.js";
import { characters, codePoint, percent, readable, sign } from "./chars.js";

style(import.meta.url);

const ROWS = 300; // of the table
const CONTEXT = 60; // characters that the lattice can draw

export function draw(node, block, stage) {
  node.className = "panel block-spans";
  const own = node.own ?? (node.own = { hidden: new Set(), threshold: 0, doubts: false });
  Object.assign(own, { block, stage, node, chars: characters(block.text), chosen: null });
  own.spans = block.spans.map(([start, end, type, p], i) => ({ start, end, type, p, i }));
  own.text = el("div", { class: "span-text", lang: "zh", dir: "ltr" });
  own.detail = el("div", { class: "span-detail", "aria-live": "polite" });
  own.table = el("details", { class: "span-table" }, el("summary", {}, t("表格", "Table")));
  own.table.addEventListener("toggle", () => own.table.open && table(own));
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    legend(own), own.text, own.detail, exports(own), own.table,
  );
  paint(own);
}

const shown = (own, span) => !own.hidden.has(span.type) && span.p >= own.threshold;
const kindOf = (own, type) => own.block.types.findIndex((one) => one.name === type);
const labelOf = (own, type) => own.block.types[kindOf(own, type)]?.label ?? type;

function legend(own) {
  const counts = new Map();
  for (const span of own.spans) counts.set(span.type, (counts.get(span.type) ?? 0) + 1);
  const buttons = own.block.types.filter((type) => counts.has(type.name) || own.block.types.length < 5).map((type) =>
    el("button", {
      type: "button", class: `kind kind-${kindOf(own, type.name)}`, "aria-pressed": String(!own.hidden.has(type.name)),
      title: t("点一下藏起或显示这一类", "click to hide or show this type"),
      onclick: (event) => {
        if (!own.hidden.delete(type.name)) own.hidden.add(type.name);
        event.currentTarget.setAttribute("aria-pressed", String(!own.hidden.has(type.name)));
        paint(own);
      },
    }, type.label, el("small", {}, String(counts.get(type.name) ?? 0))));
  const value = el("output", {}, own.threshold.toFixed(2));
  const slider = el("input", {
    type: "range", min: 0, max: 1, step: 0.01, value: own.threshold,
    "aria-label": t("至少多可信", "least confidence"),
    oninput: (event) => { own.threshold = Number(event.target.value); value.textContent = own.threshold.toFixed(2); paint(own); },
  });
  const doubts = el("input", { type: "checkbox", onchange: (event) => { own.doubts = event.target.checked; paint(own); } });
  doubts.checked = own.doubts;
  return el("div", { class: "tools span-tools" }, ...buttons, el("span", { class: "space" }),
    el("label", { title: t("低于它的实体只留斜纹，也不导出", "entities below it stay hatched and are not exported") }, t("至少可信", "at least"), slider, value),
    own.block.doubts.length ? el("label", { title: t("标签不到九成把握的字", "characters whose tag is less than nine tenths sure") }, doubts, t("疑处", "doubts")) : null);
}

/** Cut the text at all borders and mark every piece with the spans it belongs to. */
function paint(own) {
  const visible = own.spans.filter((span) => !own.hidden.has(span.type));
  const doubts = new Map(own.doubts ? own.block.doubts.map(([place, p, rivals]) => [place, { p, rivals }]) : []);
  const borders = new Set([0, own.chars.length]);
  for (const span of visible) borders.add(span.start).add(span.end);
  for (const place of doubts.keys()) borders.add(place).add(place + 1);
  const cuts = [...borders].sort((a, b) => a - b);
  const pieces = [];
  let next = 0;
  let open = [];
  for (let k = 0; k + 1 < cuts.length; k++) {
    const [start, end] = [cuts[k], cuts[k + 1]];
    open = open.filter((span) => span.end > start);
    while (next < visible.length && visible[next].start <= start) open.push(visible[next++]);
    pieces.push(piece(own, start, end, open, doubts.get(start)));
  }
  own.text.replaceChildren(...pieces.flat());
  own.text.setAttribute("aria-label", t(`${visible.length} 个实体`, `${visible.length} entities`));
  if (own.chosen) choose(own, own.spans[own.chosen.i], false);
}

function piece(own, start, end, open, doubt) {
  const text = readable(own.chars.slice(start, end).join(""));
  if (!open.length) {
    if (!doubt) return [text];
    const rivals = doubt.rivals.map(([tag, p]) => `${tag} ${percent(p)}`).join(", ");
    return [el("span", { class: "doubt", title: `${percent(doubt.p)} · ${rivals}` }, text)];
  }
  const span = open[open.length - 1];
  const faint = !shown(own, span);
  const classes = ["span", `kind-${kindOf(own, span.type)}`];
  if (faint) classes.push("faint");
  if (doubt) classes.push("doubt");
  if (open.length > 1) classes.push("nested");
  if (span.start === start) classes.push("first");
  if (span.end === end) classes.push("last");
  const label = `${labelOf(own, span.type)} ${percent(span.p)} [${span.start}:${span.end}]`;
  const node = el("button", {
    type: "button", class: classes.join(" "), title: label, dataset: { i: span.i },
    style: `--sure:${Math.round(100 * span.p)}%`,
    "aria-label": `${text} ${label}`, onclick: () => choose(own, span, true),
  }, text);
  if (span.end === end) node.append(el("small", {}, labelOf(own, span.type)));
  return [node];
}

/** Slice, confidence and the doubts inside one span. */
function choose(own, span, toggle) {
  const same = toggle && own.chosen?.i === span.i;
  own.chosen = same ? null : span;
  own.node.querySelectorAll("[data-i]").forEach((one) => one.classList.toggle("chosen", Number(one.dataset.i) === own.chosen?.i));
  if (!own.chosen) return own.detail.replaceChildren();
  const inside = own.chars.slice(span.start, span.end);
  const doubts = new Map(own.block.doubts.map(([place, p, rivals]) => [place, { p, rivals }]));
  const cells = inside.map((char, k) => {
    const doubt = doubts.get(span.start + k);
    const rivals = doubt ? doubt.rivals.map(([tag, p]) => `${tag} ${percent(p)}`).join(" · ") : "";
    return el("div", { class: "span-char", title: codePoint(char) }, el("b", { lang: "zh" }, sign(char)),
      el("div", { class: "bar" }, el("i", { style: `width:${100 * (doubt?.p ?? 1)}%` })), el("small", {}, rivals || t("确定", "sure")));
  });
  const [from, to] = sentence(own, span);
  const look = new URLSearchParams({ tab: own.stage.slug, scene: "lattice", text: own.chars.slice(from, to).join(""), lang });
  if (own.block.model) look.set("model", own.block.model);
  own.detail.replaceChildren(
    el("div", { class: `span-line kind-${kindOf(own, span.type)}` },
      el("b", {}, labelOf(own, span.type)),
      el("code", {}, `text[${span.start}:${span.end}] == ${quoted(inside.join(""))}`),
      el("span", {}, `${t("可信度", "confidence")} ${percent(span.p)}`),
      el("a", { href: `?${look}` }, t("看它的网格", "see its lattice"))),
    el("div", { class: "span-chars" }, ...cells.slice(0, 40)),
  );
}

const quoted = (text) => `"${text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/\t/g, "\\t")}"`;

/** The sentence around a span, no longer than the lattice can draw. */
function sentence(own, span) {
  const ends = /[。！？；!?;\n]/;
  let [from, to] = [span.start, span.end];
  while (from > 0 && !ends.test(own.chars[from - 1]) && to - from < CONTEXT / 2 + (span.end - span.start)) from--;
  while (to < own.chars.length && to - from < CONTEXT && !ends.test(own.chars[to - 1])) to++;
  return [from, Math.min(to, from + CONTEXT)];
}

const kept = (own) => own.spans.filter((span) => shown(own, span));

function exports(own) {
  const preview = el("div", { class: "export" });
  const ask = async (form) => {
    const entities = kept(own).map((span) => [span.start, span.end, span.type, span.p]);
    const answer = await own.stage.live("export_entities", { text: own.block.text, entities, form });
    if (answer.error) return own.stage.notice(answer.error, "error");
    const short = answer.text.length > 3000 ? `${answer.text.slice(0, 3000)}\n…` : answer.text;
    preview.replaceChildren(
      el("div", { class: "tools" }, el("b", {}, form.toUpperCase()),
        el("button", { type: "button", class: "quiet-button", onclick: () => copy(answer.text) }, t("复制", "copy")),
        el("button", { type: "button", class: "quiet-button", onclick: () => download(`entities.${form === "json" || form === "jsonl" ? form : "txt"}`, answer.text, "text/plain") }, t("下载", "download")),
        el("button", { type: "button", class: "quiet-button", onclick: () => preview.replaceChildren() }, t("收起", "close"))),
      el("pre", {}, short));
  };
  const buttons = ["bio", "bioes", "conll", "json", "jsonl"].map((form) =>
    el("button", { type: "button", class: "quiet-button", onclick: () => ask(form) }, form.toUpperCase()));
  return el("div", {}, el("div", { class: "tools" }, el("span", {}, t("导出", "Export")), ...buttons), preview);
}

function table(own) {
  const rows = kept(own);
  const line = (span) => el("tr", { dataset: { i: span.i }, onclick: () => choose(own, span, false) },
    el("td", { lang: "zh" }, readable(own.chars.slice(span.start, span.end).join(""))),
    el("td", {}, labelOf(own, span.type)), el("td", { class: "number" }, `[${span.start}:${span.end}]`),
    el("td", { class: "number" }, percent(span.p)));
  own.table.replaceChildren(own.table.firstChild,
    el("div", { class: "scroll" }, el("table", {},
      el("tr", {}, el("th", {}, t("文字", "text")), el("th", {}, t("类型", "type")), el("th", { class: "number" }, t("切片", "slice")), el("th", { class: "number" }, t("可信度", "confidence"))),
      ...rows.slice(0, ROWS).map(line))),
    rows.length > ROWS ? el("p", { class: "fine" }, t(`另有 ${rows.length - ROWS} 个，见导出。`, `${rows.length - ROWS} more are in the export.`)) : "");
}
