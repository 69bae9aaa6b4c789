// A picture, its reconstructions, and the figures that say how exact they are. `r.pictures` are data URLs.
import { el, style, t } from "../gallery.js";

style(import.meta.url);

export function draw(node, block) {
  node.className = "block-rebuilt panel";
  const { pictures, errors, changed } = block.r;
  const figure = (url, i) => el("figure", {},
    el("img", { src: url, alt: block.names[i] }),
    el("figcaption", {}, block.names[i],
      errors[i] ? el("b", {}, `${t("最大误差", "largest error")} ${errors[i]}`) : null,
      changed[i] === null ? null : el("span", {}, t(`变了的颜色值 ${changed[i]}`, `colours changed: ${changed[i]}`))));
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    el("div", { class: "rebuilt", role: "group", "aria-label": block.alt }, ...pictures.map(figure)),
    el("p", { class: "rebuilt-figures" }, ...block.figures.map(([value, name]) => el("span", {}, el("b", {}, value), name))),
  );
}
