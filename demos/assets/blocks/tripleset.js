// Many lines with their triples: figures, the merged knowledge graph, a list, files.
import { el, style, t } from "../gallery.js";
import { readable } from "./chars.js";
import { Graph } from "./graph.js";
import { fileButtons } from "./lines-file.js";
import { exportButtons, sendable } from "./triples.js";

style(new URL("triples.js", import.meta.url).href);
style(import.meta.url);

const BYTES = 400_000;
const NAMES = 60; // of the drawn graph, those with most relations

export function draw(node, block, stage) {
  node.className = "block-tripleset";
  const own = node.own ?? (node.own = skeleton(node, stage));
  Object.assign(own, { block, stage, chosen: null });
  own.all = merged(block.lines);
  own.figures.replaceChildren(...block.figures.map(([name, value]) => el("div", {}, el("b", {}, value), el("small", {}, name))));
  const degree = new Map();
  for (const edge of own.all) for (const name of [edge.subject, edge.object]) degree.set(name, (degree.get(name) ?? 0) + 1);
  const kept = new Set([...degree].sort((a, b) => b[1] - a[1]).slice(0, NAMES).map(([name]) => name));
  const edges = own.all.filter((edge) => kept.has(edge.subject) && kept.has(edge.object));
  const types = new Map();
  for (const edge of own.all) types.set(edge.subject, edge.subjectType).set(edge.object, edge.objectType);
  own.graph.set([...kept].map((name) => ({ name, type: types.get(name) })), edges);
  own.about.textContent = degree.size > NAMES ? t(`${degree.size} 个名字里关系最多的 ${NAMES} 个`, `the ${NAMES} best connected of ${degree.size} names`) : t("点名字或箭头，下面的句子随之选中", "click a name or an arrow to see its sentences below");
  own.panel.hidden = !kept.size;
  const left = block.left ? t(`另有 ${block.left} 行在接口的答案里`, `${block.left} more lines are in the API's answer`) : "";
  own.left.textContent = left;
  own.exports.replaceChildren(...exportButtons(stage, () => block.lines.map((line) => ({ text: line.text, triples: line.triples.map(sendable) })), "triples"));
  list(own);
}

/** Equal triples of all lines as one edge. */
function merged(lines) {
  const edges = new Map();
  for (const line of lines) {
    for (const one of line.triples) {
      const id = JSON.stringify([one.subject, one.predicate, one.object]);
      const known = edges.get(id) ?? edges.set(id, { ...one, id, lines: new Set() }).get(id);
      known.p = Math.max(known.p, one.p);
      known.lines.add(line.line);
    }
  }
  return [...edges.values()];
}

function skeleton(node, stage) {
  const own = { node, stage };
  own.figures = el("div", { class: "figures" });
  own.about = el("small");
  own.left = el("small");
  own.box = el("div", { class: "graph-box" });
  own.graph = new Graph(own.box, (what) => {
    const edges = own.all.filter((edge) => what?.edges ? what.edges.includes(edge.id) : what && (edge.subject === what.name || edge.object === what.name));
    own.chosen = what && edges.length ? { ids: edges.map((edge) => edge.id), names: what.name ? [what.name] : edges.flatMap((edge) => [edge.subject, edge.object]), lines: new Set(edges.flatMap((edge) => [...edge.lines])) } : null;
    own.graph.choose(own.chosen?.names, own.chosen?.ids);
    list(own);
  });
  own.rows = el("div", { class: "tripleset-rows" });
  own.exports = el("div", { class: "tools" });
  own.panel = el("section", { class: "panel" }, el("h3", {}, t("合并的知识图谱", "Merged knowledge graph"), own.about), own.box);
  node.replaceChildren(
    el("section", { class: "panel" }, own.figures, el("div", { class: "tools" }, ...fileButtons(node, stage, BYTES), el("small", {}, t("或拖到这里；每行一条", "or drop it here; one text a line"))), own.exports),
    own.panel,
    el("section", { class: "panel" }, el("h3", {}, t("逐行", "Line by line"), own.left), own.rows),
  );
  return own;
}

function list(own) {
  const shown = own.block.lines.filter((line) => !own.chosen || own.chosen.lines.has(line.line));
  own.rows.replaceChildren(...shown.map((line) => el("div", { class: "tripleset-row" },
    el("code", {}, line.line),
    el("div", {}, el("p", { lang: "zh" }, readable(line.text)),
      line.triples.length ? el("ul", {}, ...line.triples.map((one) => {
        const id = JSON.stringify([one.subject, one.predicate, one.object]);
        return el("li", { lang: "zh", class: own.chosen?.ids.includes(id) ? "on" : "" }, one.subject, el("i", {}, one.predicate), one.object, el("small", {}, one.p.toFixed(2)));
      })) : el("small", {}, t("没有三元组", "no triple"))))));
}
