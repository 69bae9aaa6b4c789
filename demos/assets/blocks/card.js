// Model card: what it is, what it was trained on, what was measured.
import { el, t } from "../gallery.js";

export function draw(node, card) {
  if (card.error) {
    node.replaceChildren(el("h3", {}, card.name), el("p", { class: "notice" }, card.error));
    return;
  }
  const rows = (card.facts ?? []).map(([name, value]) =>
    el("tr", {}, el("th", {}, name), el("td", {}, String(value))));
  const figures = (card.metrics ?? []).map((m) =>
    el("tr", {},
      el("td", {}, m.label),
      el("td", { class: "number" }, m.value ?? "–"),
      el("td", { class: "number" }, m.author ?? "–")));
  node.replaceChildren(
    el("h3", {}, card.title ?? card.name, el("small", {}, card.name)),
    ...(card.summary ? [el("p", {}, card.summary)] : []),
    el("table", { class: "facts" }, ...rows),
    ...(figures.length
      ? [el("div", { class: "scroll", style: "margin-top:12px" }, el("table", {},
          el("tr", {}, el("th", {}, t("实测", "Measured")), el("th", { class: "number" }, t("本模型", "this model")), el("th", { class: "number" }, t("作者", "author"))),
          ...figures))]
      : []),
    ...(card.limits ?? []).map((text) => el("p", {}, text)),
  );
}
