// Tones line by line: what the pattern expects, what the character has, and what goes wrong.
import { el, t } from "../gallery.js";

export function draw(node, block) {
  node.className = "panel";
  const sign = { level: t("平", "level"), oblique: t("仄", "oblique"), both: t("平仄", "either"), unknown: "?" };
  const lines = block.lines.map((line) =>
    el("div", { class: "tones" }, ...line.map((c) =>
      el("div", { class: c.ok ? "" : "bad", title: c.title }, c.c,
        el("small", {}, sign[c.tone], c.ok || !c.expected ? "" : ` → ${sign[c.expected]}`)))));
  const notes = block.notes.map((note) => el("li", { class: note.kind }, note.text));
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    el("div", { class: "tone-grid" }, ...lines),
    notes.length ? el("ul", { class: "notes" }, ...notes) : el("p", { class: "fine" }, block.fine),
  );
}
