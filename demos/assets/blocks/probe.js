// Every character hidden in turn: the more an entity's probability falls, the darker the character.
import { el, style, t } from "../gallery.js";
import { characters, percent, sign } from "./chars.js";

style(import.meta.url);

export function draw(node, block) {
  node.className = "panel block-probe";
  const chars = characters(block.text);
  const flips = new Set(block.flips);
  const told = el("div", { class: "readout", "aria-live": "polite" }, el("span", {}, block.rest));
  const tell = (parts) => told.replaceChildren(...parts);
  const rows = block.influences.map((one) =>
    el("div", { class: "probe-row" },
      el("div", { class: `probe-name kind-${one.kind}` }, el("b", { lang: "zh" }, chars.slice(one.s, one.e).map(sign).join("")), el("small", {}, `${one.label} ${percent(one.p)}`)),
      el("div", { class: "probe-text", lang: "zh" }, ...chars.map((char, i) => {
        const change = one.without[i] - one.p;
        const say = () => tell([
          el("b", { lang: "zh" }, `${t("藏起", "hide")} ${sign(char)} [${i}]`),
          el("span", {}, `${chars.slice(one.s, one.e).join("")}: ${percent(one.p)} → ${percent(one.without[i])}`),
          flips.has(i) ? el("span", {}, `${t("整句变成", "the sentence becomes")} ${block.hidden[i] || t("没有实体", "no entity")}`) : "",
        ]);
        return el("button", {
          type: "button", class: `probe-char${i >= one.s && i < one.e ? " own" : ""}${change > 0.005 ? " up" : ""}`,
          style: `--heat:${Math.round(70 * Math.sqrt(Math.min(1, Math.abs(change))))}%`, tabindex: i === one.s ? 0 : -1,
          "aria-label": `${sign(char)} ${percent(one.p)} → ${percent(one.without[i])}`,
          onpointerenter: say, onfocus: say, onkeydown: arrows,
        }, sign(char));
      }))));
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    ...(rows.length ? rows : [el("p", { class: "fine" }, block.none)]),
    told,
    flips.size ? el("p", { class: "fine" }, t("藏起它就改变答案的字：", "Hiding any of these changes the answer: "), ...[...flips].map((i) => el("span", { class: "flip", lang: "zh", title: block.hidden[i] }, `${sign(chars[i])}`, el("small", {}, String(i))))) : "",
  );
}

function arrows(event) {
  const by = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[event.key];
  if (!by) return;
  event.preventDefault();
  event.currentTarget[by]?.focus();
}
