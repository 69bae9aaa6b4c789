// The two stages over the characters of one piece: pointer curves of subjects, and for one subject the heat
// map of predicates and characters. The thresholds are lines that move with the sliders.
import { el, t } from "../gallery.js";
import { percent, sign } from "./chars.js";
import { subjectsOf } from "./triples-decode.js";

const NS = "http://www.w3.org/2000/svg";
const [STEP, HIGH, ROW, NAMES] = [19, 84, 20, 104];
const LEAST = 0.02; // predicates that never reach it are folded away

function svg(name, attributes, ...children) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

export class Stages {
  /** `ask` is told the place of a subject that was clicked. */
  constructor(ask) {
    Object.assign(this, { ask, piece: 0, subject: null, all: false });
    this.head = el("div", { class: "tools stage-tools" });
    this.scroll = el("div", { class: "scroll stage-scroll", tabindex: 0, role: "group", "aria-label": t("两级概率，可横向滚动", "probabilities of both stages, scrolls sideways") });
    this.readout = el("div", { class: "readout", "aria-live": "polite" });
    this.node = el("div", { class: "stages" }, this.head, this.scroll, this.readout);
  }

  set(block, chars, levels) {
    if (block !== this.block) Object.assign(this, { piece: 0, subject: null });
    Object.assign(this, { block, chars, levels });
    this.draw();
  }

  /** Show the stage-two heat map of a subject; goes to its piece. */
  open(place) {
    const number = this.block.pieces.findIndex((piece) => piece.subjects.some(([a, b]) => a === place[0] && b === place[1]));
    if (number < 0) return false;
    Object.assign(this, { piece: number, subject: place });
    this.draw();
    this.scroll.scrollTo({ left: Math.max(0, (place[0] - this.block.pieces[number].start) * STEP - 40), behavior: "smooth" });
    return true;
  }

  draw() {
    const { block, levels } = this;
    const piece = block.pieces[Math.min(this.piece, block.pieces.length - 1)];
    const subjects = subjectsOf(piece, levels);
    const forced = block.forced.filter(([a]) => a >= piece.first && a < piece.last);
    const count = piece.end - piece.start;
    const heat = this.subject ? this.rows(piece) : [];
    const height = HIGH + 44 + heat.length * ROW + (heat.length ? 24 : 0);
    const x = (i) => NAMES + (i + 0.5) * STEP;
    const y = (p) => HIGH - p * (HIGH - 12);
    const parts = [];
    // Names of rows stay in sight when the characters are scrolled sideways.
    const names = svg("g", { class: "names" }, svg("rect", { x: 0, y: 0, width: NAMES - 2, height, class: "ground" }));
    const line = (p, name, label) => {
      parts.push(svg("line", { x1: NAMES, x2: NAMES + count * STEP, y1: y(p), y2: y(p), class: `level ${name}` }));
      names.append(svg("text", { x: NAMES - 6, y: y(p) + 4, class: `level-name ${name}` }, label));
    };
    line(levels.subject, "start", t(`始 ${levels.subject.toFixed(2)}`, `start ${levels.subject.toFixed(2)}`));
    line(levels.share * levels.subject, "end", "");
    for (const [name, values] of [["start", piece.s], ["end", piece.e]]) {
      parts.push(svg("path", { class: `curve ${name}`, d: values.map((p, i) => `${i ? "L" : "M"}${x(i)} ${y(p).toFixed(1)}`).join("") }));
      values.forEach((p, i) => p >= 0.1 && parts.push(svg("circle", { class: `dot ${name}`, cx: x(i), cy: y(p), r: 2.6 })));
    }
    for (let i = 0; i < count; i++) parts.push(svg("text", { x: x(i), y: HIGH + 19, class: "char", lang: "zh" }, sign(this.chars[piece.start + i])));
    const named = [...subjects.map((place) => ({ place, kind: "read" })), ...forced.map((place) => ({ place, kind: "forced" }))];
    for (const place of piece.subjects) if (!named.some((one) => one.place[0] === place[0] && one.place[1] === place[1])) named.push({ place, kind: "near" });
    for (const { place: [a, b], kind } of named.reverse()) {
      const on = this.subject && this.subject[0] === a && this.subject[1] === b;
      parts.push(svg("g", { class: `bracket ${kind}${on ? " on" : ""}`, role: "button", tabindex: kind === "near" ? -1 : 0, "aria-label": this.chars.slice(a, b).join(""), onclick: () => this.ask([a, b]), onkeydown: (event) => event.key === "Enter" && this.ask([a, b]) },
        svg("title", {}, `${this.chars.slice(a, b).join("")} [${a}:${b}] ${percent(piece.s[a - piece.start])} · ${percent(piece.e[b - 1 - piece.start])}`),
        svg("rect", { x: NAMES + (a - piece.start) * STEP + 1, y: HIGH + 4, width: (b - a) * STEP - 2, height: 22, rx: 5 })));
    }
    if (this.subject) parts.push(...this.heat(piece, heat, x, names));
    parts.push(names);
    const picture = svg("svg", { width: NAMES + count * STEP + 8, height, class: "stage-picture", role: "img", "aria-label": t("第一级主语指针曲线与第二级热图", "pointer curves of stage one and heat map of stage two") }, ...parts);
    picture.addEventListener("pointermove", (event) => this.point(event, piece, heat));
    const left = this.scroll.scrollLeft;
    this.scroll.replaceChildren(picture);
    this.scroll.scrollLeft = left;
    const follow = () => names.setAttribute("transform", `translate(${this.scroll.scrollLeft} 0)`);
    this.scroll.onscroll = follow;
    follow();
    this.tools(piece, subjects);
  }

  /** Predicates of the heat map with their probabilities, the strongest first. */
  rows(piece) {
    const number = piece.subjects.findIndex(([a, b]) => a === this.subject[0] && b === this.subject[1]);
    const rows = this.block.kinds.map((kind, i) => ({ kind, i, cells: [], best: 0 }));
    for (const [subject, position, end, kind, p] of piece.cells) {
      if (subject !== number) continue;
      rows[kind].cells.push([position - piece.start, end, p]);
      rows[kind].best = Math.max(rows[kind].best, p);
    }
    return rows.filter((row) => this.all || row.best >= LEAST).sort((a, b) => b.best - a.best || a.i - b.i);
  }

  heat(piece, rows, x, names) {
    const top = HIGH + 50;
    const parts = [svg("text", { x: NAMES, y: top - 8, class: "row-title" }, t(`“${this.chars.slice(...this.subject).join("").slice(0, 12)}”的宾语：上半格起点，下半格终点`, `objects of ${this.chars.slice(...this.subject).join("").slice(0, 12)}: upper half starts, lower half ends`))];
    const [a, b] = this.subject;
    parts.push(svg("rect", { x: NAMES + (a - piece.start) * STEP, y: top, width: (b - a) * STEP, height: rows.length * ROW, class: "subject-column" }));
    rows.forEach((row, k) => {
      const y = top + k * ROW;
      parts.push(svg("line", { x1: 0, x2: NAMES + (piece.end - piece.start) * STEP, y1: y + ROW, y2: y + ROW, class: "rule" }));
      names.append(svg("text", { x: NAMES - 6, y: y + 14, class: `row-name${row.best >= this.levels.object ? " sure" : ""}` }, row.kind[1]));
      for (const [i, end, p] of row.cells) {
        const sure = p >= (end ? this.levels.share : 1) * this.levels.object;
        parts.push(svg("rect", { x: x(i) - STEP / 2 + 1, y: y + 1 + (end ? ROW / 2 : 0), width: STEP - 2, height: ROW / 2 - 1, class: `cell ${end ? "end" : "start"}${sure ? " sure" : ""}`, "fill-opacity": (0.08 + 0.92 * p).toFixed(3) }));
      }
    });
    return parts;
  }

  tools(piece, subjects) {
    const { block } = this;
    const go = (by) => { this.piece = (this.piece + by + block.pieces.length) % block.pieces.length; this.subject = null; this.draw(); };
    const several = block.pieces.length > 1 ? [
      el("button", { type: "button", class: "quiet-button", onclick: () => go(-1), "aria-label": t("上一段", "previous piece") }, "‹"),
      el("span", {}, t(`第 ${this.piece + 1} / ${block.pieces.length} 段`, `piece ${this.piece + 1} of ${block.pieces.length}`)),
      el("button", { type: "button", class: "quiet-button", onclick: () => go(1), "aria-label": t("下一段", "next piece") }, "›")] : [];
    const fold = el("input", { type: "checkbox", onchange: (event) => { this.all = event.target.checked; this.draw(); } });
    fold.checked = this.all;
    this.head.replaceChildren(...several,
      el("span", { class: "key start" }, t("起点", "start")), el("span", { class: "key end" }, t("终点", "end")),
      this.subject ? el("label", {}, fold, t(`全部 ${block.kinds.length} 类`, `all ${block.kinds.length} kinds`)) : el("span", {}, t(`点一个主语（框住的字）看它的宾语；此处读出 ${subjects.length} 个`, `click a framed subject to see its objects; ${subjects.length} read here`)));
  }

  point(event, piece, rows) {
    const box = this.scroll.firstChild.getBoundingClientRect();
    const i = Math.floor((event.clientX - box.left - NAMES) / STEP);
    if (i < 0 || i >= piece.end - piece.start) return;
    const row = rows[Math.floor((event.clientY - box.top - HIGH - 50) / ROW)];
    const char = sign(this.chars[piece.start + i]);
    const parts = [el("b", { lang: "zh" }, char), el("code", {}, `[${piece.start + i}]`)];
    if (row && event.clientY - box.top > HIGH + 50) {
      const of = (end) => row.cells.find(([at, side]) => at === i && side === end)?.[2] ?? 0;
      parts.push(el("span", {}, row.kind[1]), el("span", {}, t(`宾语起点 ${percent(of(0))}，终点 ${percent(of(1))}`, `object starts ${percent(of(0))}, ends ${percent(of(1))}`)), el("small", {}, `${row.kind[0]} → ${row.kind[2]}`));
    } else parts.push(el("span", {}, t(`主语起点 ${percent(piece.s[i])}，终点 ${percent(piece.e[i])}`, `subject starts ${percent(piece.s[i])}, ends ${percent(piece.e[i])}`)));
    this.readout.replaceChildren(...parts);
  }
}
