// One text's triples from stored probabilities: thresholds, text with arcs, table, graph and both stages, with
// one selection for all of them. The scene's sliders act here at once, without the server.
import { copy, download, el, style, t } from "../gallery.js";
import { characters, percent } from "./chars.js";
import { Graph } from "./graph.js";
import { comparable, decode, keyOf, subjectsOf, unpack } from "./triples-decode.js";
import { Stages } from "./triples-stages.js";
import { MarkedText, legend } from "./triples-text.js";

style(import.meta.url);

const SLIDERS = ["subject", "object", "triple"];
export const FORMS = [["jsonl", "JSONL", "application/jsonl"], ["csv", "CSV", "text/csv"], ["turtle", "Turtle", "text/turtle", "ttl"], ["graphml", "GraphML", "application/xml"], ["html", "HTML", "text/html"]];

export function draw(node, block, stage) {
  node.className = "block-triples";
  const own = node.own ?? (node.own = skeleton(node, stage));
  unpack(block);
  Object.assign(own, { block, stage, chars: characters(block.text), levels: { ...block.levels }, hidden: new Set(), chosen: null });
  own.asked.clear();
  own.stages.subject = null;
  listen(own);
  update(own);
}

function skeleton(node, stage) {
  const own = { node, asked: new Set() };
  const pick = (what) => choose(own, what);
  own.text = new MarkedText(pick, (place) => offer(own, place));
  own.box = el("div", { class: "graph-box" });
  own.graph = new Graph(own.box, pick);
  own.stages = new Stages((place) => choose(own, { subject: place }));
  own.kinds = el("div", { class: "tools triple-kinds", role: "group", "aria-label": t("谓词", "predicates") });
  own.note = el("div", { class: "triple-note", "aria-live": "polite" });
  own.rows = el("div", { class: "scroll" });
  own.verdicts = el("div", { class: "panel" });
  own.exports = el("div", { class: "tools" });
  own.count = el("small");
  own.graphTitle = el("small");
  node.replaceChildren(
    own.verdicts,
    el("section", { class: "panel" }, el("h3", {}, t("文中的三元组", "Triples in the text"), own.count), own.kinds, own.text.node, legend(), own.note),
    el("section", { class: "panel" }, el("h3", {}, t("知识图谱", "Knowledge graph"), own.graphTitle), own.box),
    el("section", { class: "panel" }, el("h3", {}, t("表", "Table"), el("small", {}, t("点一行，三处同时选中", "click a row to select it everywhere"))), own.rows, own.exports),
    el("section", { class: "panel" }, el("h3", {}, t("两级概率", "Both stages"), el("small", {}, t("P(s) 的指针曲线，与点中主语后的 P(o,p|s)", "pointer curves of P(s), and P(o,p|s) of a clicked subject"))), own.stages.node),
  );
  return own;
}

/** The scene's threshold sliders: their values are used at once, and kept for the link. */
function listen(own) {
  const { stage } = own;
  for (const name of SLIDERS) {
    const box = document.getElementById(`in-${stage.slug}-${stage.scene}-${name}`);
    if (!box || box.triples === own) continue;
    box.triples = own;
    const use = (written) => {
      const value = Number(written);
      if (written === "" || !(value >= 0 && value <= 1) || value === own.levels[name]) return;
      own.levels[name] = value;
      if (own.stage.payload?.inputs) own.stage.payload.inputs[name] = value;
      cancelAnimationFrame(own.frame);
      own.frame = requestAnimationFrame(() => update(own));
    };
    box.addEventListener("input", (event) => use(event.target.value));
    // The button that puts a slider back tells nobody.
    box.addEventListener("click", () => setTimeout(() => use(box.querySelector("input[type=number]")?.value ?? ""), 60));
  }
}

function update(own) {
  const { block, chars, levels } = own;
  own.all = decode(block, chars, levels);
  own.all.forEach((triple, i) => (triple.id = JSON.stringify([triple.subject, triple.predicate, triple.object])));
  own.triples = own.all.filter((triple) => !own.hidden.has(triple.predicate) && (!block.only.length || block.only.includes(triple.predicate)));
  if (own.chosen && !own.triples.some((triple) => own.chosen.ids.includes(triple.id)) && !own.chosen.names.length) own.chosen = null;
  const from = block.remembered.length ? t(`，先验认出 ${block.remembered.length} 处`, `; the prior recognised ${block.remembered.length}`) : "";
  own.count.textContent = t(`${own.triples.length} 条${from}`, `${own.triples.length}${from}`);
  predicates(own);
  own.text.set(chars, own.triples, block.forced);
  table(own);
  const nodes = new Map();
  for (const one of own.triples) {
    for (const [name, type] of [[one.subject, one.subjectType], [one.object, one.objectType]]) if (!nodes.has(name)) nodes.set(name, { name, type });
  }
  own.graph.set([...nodes.values()], own.triples);
  own.graphTitle.textContent = t(`${nodes.size} 个名字；拖动可移`, `${nodes.size} names; drag to move`);
  own.box.closest("section").hidden = !own.triples.length;
  own.stages.set(block, chars, levels);
  notes(own);
  verdicts(own);
  exportsOf(own);
  mark(own);
}

/** Predicates that occur, with the types they connect; a click hides one. */
function predicates(own) {
  const counts = new Map();
  for (const one of own.all) counts.set(one.predicate, (counts.get(one.predicate) ?? 0) + 1);
  own.kinds.replaceChildren(...[...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => {
    const types = own.block.kinds.filter((kind) => kind[1] === name).map(([a, , b]) => `${a} → ${b}`).join("; ");
    const outside = own.block.only.length && !own.block.only.includes(name);
    return el("button", {
      type: "button", class: `kind predicate${outside ? " outside" : ""}`, "aria-pressed": String(!own.hidden.has(name) && !outside), title: `${types}${t("；点一下藏起或显示", "; click to hide or show")}`,
      onclick: () => { if (!own.hidden.delete(name)) own.hidden.add(name); update(own); },
    }, name, el("small", {}, String(count)));
  }));
}

const spans = (places) => places.map(([a, b]) => `[${a}:${b}]`).join(" ");

function table(own) {
  const rows = own.triples.map((one) => el("tr", { dataset: { id: one.id }, tabindex: 0, onclick: () => choose(own, { edges: [one.id] }), onkeydown: (event) => event.key === "Enter" && choose(own, { edges: [one.id] }) },
    el("td", { lang: "zh" }, one.subject, el("small", {}, one.subjectType), el("code", { title: t("全部位置", "all places") }, spans(one.subjectPlaces))),
    el("td", { lang: "zh", class: "predicate" }, one.predicate, one.inferred ? el("small", { title: t("由反向谓词推出", "read backwards off its inverse") }, t("反推", "inferred")) : null),
    el("td", { lang: "zh" }, one.object, el("small", {}, one.objectType), el("code", {}, spans(one.objectPlaces))),
    el("td", { class: "number", title: `P(s) ${percent(one.first)} × P(o,p|s) ${percent(one.second)}` }, `${one.first.toFixed(2)} × ${one.second.toFixed(2)} = ${one.p.toFixed(3)}`)));
  own.rows.replaceChildren(el("table", { class: "triple-table" },
    el("tr", {}, ...[t("主语", "subject"), t("谓词", "predicate"), t("宾语", "object")].map((name) => el("th", {}, name)), el("th", { class: "number" }, "P(s) × P(o,p|s)")), ...rows));
  own.rows.closest("section").hidden = !own.triples.length;
}

/** What to say when nothing was found: how near the nearest triples came, and which threshold stopped them. */
function notes(own) {
  const { block, levels, chars } = own;
  own.note.replaceChildren();
  if (own.triples.length) return;
  const held = decode(block, chars, block.levels).map((one) => [one.subject, one.predicate, one.object, one.first, one.second, startOf(block, one)]);
  const misses = [...held, ...block.misses].filter((miss) => !block.only.length || block.only.includes(miss[1])).sort((a, b) => b[3] * b[4] - a[3] * a[4]).slice(0, 5);
  const stopped = ([, , , first, second, ps]) => {
    if (ps < levels.subject) return t(`主语概率 ${ps.toFixed(2)} 低于 ${levels.subject.toFixed(2)}`, `subject ${ps.toFixed(2)} below ${levels.subject.toFixed(2)}`);
    if (first * second < levels.triple) return t(`乘积 ${(first * second).toFixed(3)} 低于 ${levels.triple.toFixed(3)}`, `product ${(first * second).toFixed(3)} below ${levels.triple.toFixed(3)}`);
    return t(`宾语概率 ${second.toFixed(2)}`, `object ${second.toFixed(2)}`);
  };
  own.note.append(el("p", {}, own.all.length ? t("三元组都被谓词筛掉了。", "All triples are hidden by the filter.") : t("在这组阈值下没有三元组。", "No triple at these thresholds.")));
  if (!misses.length) return;
  own.note.append(el("p", {}, t("最接近的：", "The nearest misses:")), el("ul", {}, ...misses.map((miss) =>
    el("li", {}, el("b", { lang: "zh" }, `${miss[0]} — ${miss[1]} — ${miss[2]}`), el("span", {}, `P = ${(miss[3] * miss[4]).toFixed(4)}`), el("small", {}, stopped(miss))))));
}

/** Stage one's probability of the character where a triple's subject was read. */
function startOf(block, one) {
  const place = (one.inferred ? one.o : one.s)[0];
  const piece = block.pieces.find(({ first, last }) => first <= place && place < last);
  return piece.s[place - piece.start];
}

/** Found beside expected triples, when the scene has any; counted again whenever a slider moves. */
function verdicts(own) {
  const { block, chars } = own;
  own.verdicts.hidden = !block.expected;
  if (!block.expected) return;
  const gold = new Map(block.expected.map(([s, p, o]) => [keyOf(s, p, o), [s, p, o]]));
  const found = new Map(own.triples.map((one) => [keyOf(one.subject, one.predicate, one.object), one]));
  const right = [...found.keys()].filter((key) => gold.has(key)).length;
  const [precision, recall] = [found.size ? right / found.size : 0, gold.size ? right / gold.size : 0];
  const f1 = found.size + gold.size ? (2 * right) / (found.size + gold.size) : 0;
  const lower = chars.join("").toLowerCase();
  const read = new Set(block.pieces.flatMap((piece) => subjectsOf(piece, own.levels).map((place) => comparable(chars.slice(...place).join("")))));
  const near = new Map(block.near.map(([s, p, o, chance]) => [keyOf(s, p, o), chance]));
  const why = (key, [s, , o]) => {
    if (!lower.includes(comparable(s))) return t("文中没有这个主语", "the subject is not in the text");
    if (!lower.includes(comparable(o))) return t("文中没有这个宾语", "the object is not in the text");
    if (!read.has(comparable(s))) return t("第一级没有读出主语", "stage one did not read the subject");
    return t("第二级没有读出宾语", "stage two did not read the object");
  };
  const rows = [
    ...[...found].filter(([key]) => gold.has(key)).map(([, one]) => ["both", one.subject, one.predicate, one.object, one.p, t("对上了", "right")]),
    ...[...gold].filter(([key]) => !found.has(key)).map(([key, fact]) => ["missed", ...fact, near.get(key) ?? 0, why(key, fact)]),
    ...[...found].filter(([key]) => !gold.has(key)).map(([, one]) => ["extra", one.subject, one.predicate, one.object, one.p, t("期望里没有", "not expected")]),
  ];
  const figure = (name, value, title) => el("div", { title }, el("b", {}, percent(value)), el("small", {}, name));
  own.verdicts.replaceChildren(
    el("h3", {}, t("与期望对照", "Against what is expected"), el("small", {}, t("小写、去书名号后逐字相等才算对", "equal letter by letter, in lower case and without title marks"))),
    el("div", { class: "figures" }, figure(t("准确率", "precision"), precision, `${right} / ${found.size}`), figure(t("召回率", "recall"), recall, `${right} / ${gold.size}`), figure("F1", f1, "")),
    el("div", { class: "scroll" }, el("table", { class: "verdict-table" }, ...rows.map(([kind, s, p, o, chance, note]) =>
      el("tr", { class: kind }, el("td", {}, { both: "✓", missed: "−", extra: "+" }[kind]), el("td", { lang: "zh" }, s), el("td", { lang: "zh" }, p), el("td", { lang: "zh" }, o), el("td", { class: "number" }, chance ? chance.toFixed(3) : "–"), el("td", {}, note))))),
  );
}

function exportsOf(own) {
  const documents = () => [{ text: own.block.text, triples: own.triples.map(sendable) }];
  own.exports.replaceChildren(...exportButtons(own.stage, documents, "triples"));
}

/** A triple as the export endpoint takes it. */
export const sendable = (one) => ({ subject: one.subject, predicate: one.predicate, object: one.object, subject_type: one.subjectType, object_type: one.objectType, subject_places: one.subjectPlaces, object_places: one.objectPlaces, first: one.first, second: one.second, inferred: one.inferred });

/** Buttons that let the library write the shown triples as files. */
export function exportButtons(stage, documents, name) {
  return [el("span", {}, t("导出", "Export")), ...FORMS.map(([form, label, type, ending]) => el("button", {
    type: "button", class: "quiet-button", onclick: async () => {
      const answer = await stage.live("export_triples", { documents: documents(), form });
      if (answer.error) return stage.notice(answer.error, "error");
      if (form === "html") window.open(URL.createObjectURL(new Blob([answer.text], { type: "text/html" })), "_blank");
      download(`${name}.${ending ?? form}`, answer.text, type);
    },
  }, label)), el("button", { type: "button", class: "quiet-button", onclick: async () => {
    const answer = await stage.live("export_triples", { documents: documents(), form: "jsonl" });
    answer.error ? stage.notice(answer.error, "error") : copy(answer.text);
  } }, t("复制 JSONL", "copy JSONL"))];
}

// -- one selection for text, table, graph and stages ----------------------------------------------

function choose(own, what) {
  if (!what) own.chosen = null;
  else if (what.edges) {
    const ids = own.chosen?.ids.length === what.edges.length && what.edges.every((id) => own.chosen.ids.includes(id)) ? [] : what.edges;
    const mine = own.triples.filter((one) => ids.includes(one.id));
    own.chosen = ids.length ? { ids, names: mine.flatMap((one) => [one.subject, one.object]) } : null;
    if (mine.length) own.stages.open(mine[0].inferred ? mine[0].o : mine[0].s);
  } else {
    const name = what.name ?? own.chars.slice(...what.subject).join("");
    const mine = own.triples.filter((one) => one.subject === name || one.object === name);
    own.chosen = { ids: mine.map((one) => one.id), names: [name] };
    const place = what.subject ?? what.place ?? mine.find((one) => one.subject === name)?.s;
    if (place && !own.stages.open(place) && what.place) offer(own, what.place);
  }
  mark(own);
}

function mark(own) {
  const { chosen } = own;
  own.text.choose(chosen?.names, chosen?.ids);
  own.graph.choose(chosen?.names, chosen?.ids);
  for (const row of own.rows.querySelectorAll("tr[data-id]")) row.classList.toggle("on", Boolean(chosen?.ids.includes(row.dataset.id)));
}

/** A selected piece of the text may be taken for a subject: the server is asked for its objects. */
function offer(own, place) {
  own.note.querySelector(".offer")?.remove();
  if (!place) return;
  const name = own.chars.slice(...place).join("");
  if (!name.trim() || own.block.forced.some(([a, b]) => a === place[0] && b === place[1])) return;
  own.note.append(el("p", { class: "offer" }, el("b", { lang: "zh" }, name), el("code", {}, `[${place[0]}:${place[1]}]`),
    el("button", { type: "button", class: "quiet-button", onclick: () => force(own, place) }, t("当作主语，看它的宾语", "take it as a subject"))));
}

async function force(own, place) {
  const { block, stage } = own;
  const answer = await stage.live("ask_subject", { text: block.text, place, prior: block.prior, facts: block.facts });
  if (answer.error) return stage.notice(answer.error, "error");
  for (const fresh of answer.pieces) {
    const piece = block.pieces.find((one) => one.start === fresh.start);
    if (piece) Object.assign(piece, { subjects: fresh.subjects, cells: fresh.cells.map(([subject, position, end, kind, p]) => [subject, position, end, kind, p / 10000]) });
  }
  block.forced = [...block.forced, place];
  update(own);
  choose(own, { subject: place });
}
