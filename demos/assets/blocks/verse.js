// Poems as well-set verse: across or down, with pinyin, in either script. A click on a character shows
// what else could have stood there; a click on a poem opens its details below.
import { colour, copy, download, el, safetensors, t } from "../gallery.js";

const wish = (name) => localStorage.getItem(`gallery-verse-${name}`);
const options = () => ({ down: wish("down") !== "0", pinyin: wish("pinyin") === "1", old: wish("old") === "1" });

export async function draw(node, block, stage) {
  if (node.block !== block) Object.assign(node, { block, chosen: 0 });
  const redraw = () => draw(node, block, stage);
  const now = options();
  const toggle = (name, label) => {
    const box = el("input", { type: "checkbox", onchange: (event) => {
      localStorage.setItem(`gallery-verse-${name}`, event.target.checked ? "1" : "0");
      redraw();
    } });
    box.checked = now[name];
    return el("label", {}, box, label);
  };
  const choose = (i) => { node.chosen = i; redraw(); };
  const cards = block.poems.map((poem, i) => card(poem, i, node, now, stage, choose));
  const long = block.poems[0].lines[0].length > 5 ? " long" : "";
  const grid = el("div", { class: `verses ${now.down ? "down" : "across"}${long}` }, ...cards);
  const tools = el("div", { class: "tools" },
    toggle("down", t("竖排", "vertical")),
    toggle("pinyin", t("拼音", "pinyin")),
    toggle("old", t("繁体", "traditional")),
    el("span", { style: "flex:1" }),
    el("button", { type: "button", class: "quiet-button", onclick: () => copy(block.poems.map(plain).join("\n")) }, t("复制全部", "copy all")),
  );
  const details = el("div", { class: "verse-details" });
  node.replaceChildren(grid, tools, details);
  for (const part of block.poems[node.chosen].details ?? []) {
    const box = el("div");
    details.append(box);
    const drawer = await import(new URL(`${part.kind}.js`, import.meta.url).href);
    drawer.draw(box, part, stage);
  }
}

const plain = (poem) =>
  poem.lines.map((line, i) => line.map((c) => c.c).join("") + (i % 2 ? "。" : "，")).join("");

function card(poem, i, node, now, stage, choose) {
  const { block } = node;
  const lines = poem.lines.map((line) =>
    el("div", { class: "line" }, ...line.map((c) => character(c, now))));
  const badges = (poem.badges ?? []).map((b) => el("span", { class: `badge ${b.kind}`, title: b.title || null }, b.text));
  const buttons = [
    el("button", { type: "button", onclick: () => copy(plain(poem)) }, t("复制", "copy")),
    el("button", { type: "button", title: t("存成图片", "save as picture"), onclick: () => picture(poem, now) }, "PNG"),
    ...(poem.value?.code ? [el("button", { type: "button", title: t("高斯编码，safetensors", "its Gaussian code, as safetensors"), onclick: () => download("code.safetensors", safetensors({ code: poem.value.code })) }, t("编码", "code"))] : []),
    ...(block.actions ?? []).map((action) =>
      el("button", { type: "button", onclick: () => stage.act(action.name, poem.value) }, action.label)),
  ];
  const several = block.poems.length > 1 && poem.details?.length;
  return el("figure", {
    class: `verse-card${several && i === node.chosen ? " chosen" : ""}`,
    onclick: (event) => { if (several && i !== node.chosen && !event.target.closest("figcaption")) choose(i); },
  },
    poem.title ? el("div", { class: "verse-title" }, poem.title) : null,
    el("div", { class: "verse", lang: "zh" }, ...lines),
    badges.length ? el("div", { class: "badges" }, ...badges) : null,
    el("figcaption", {}, ...buttons));
}

function character(c, now) {
  const shown = now.old ? c.t ?? c.c : c.c;
  const faint = c.p !== undefined && c.p < 0.3;
  const label = c.p === undefined ? c.c : `${c.c} ${Math.round(100 * c.p)}%`;
  return el("button", {
    type: "button", class: `char${faint ? " faint" : ""}${c.mark ? ` ${c.mark}` : ""}`, title: label,
    "aria-label": label, onclick: (event) => rivals(event.currentTarget, c),
  }, now.pinyin && c.py ? el("ruby", {}, shown, el("rt", {}, c.py)) : shown);
}

function rivals(anchor, c) {
  document.querySelector(".rivals")?.remove();
  if (!c.r?.length) return;
  const most = Math.max(...c.r.map(([, p]) => p), 1e-9);
  const list = c.r.map(([char, p]) => el("tr", {},
    el("td", { class: char === c.c ? "own" : "" }, char),
    el("td", { style: "width:90px" }, el("div", { class: "bar" }, el("i", { style: `width:${100 * p / most}%` }))),
    el("td", { class: "number" }, `${(100 * p).toFixed(1)} %`)));
  const box = el("div", { class: "rivals", role: "dialog", "aria-label": t("候选字", "candidates") },
    el("small", {}, t("此处的候选", "What could stand here")), el("table", {}, ...list));
  document.body.append(box);
  const at = anchor.getBoundingClientRect();
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.offsetWidth - 8)) + scrollX}px`;
  box.style.top = `${at.bottom + 6 + scrollY}px`;
  const close = (event) => {
    if (event.type === "keydown" && event.key !== "Escape") return;
    if (event.type === "pointerdown" && box.contains(event.target)) return;
    box.remove();
    document.removeEventListener("pointerdown", close);
    document.removeEventListener("keydown", close);
  };
  setTimeout(() => {
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
  });
}

function picture(poem, now) {
  const size = 64, gap = 40, margin = 60;
  const rows = poem.lines.length, columns = poem.lines[0].length;
  const canvas = el("canvas");
  const along = columns * size * 1.25, across = rows * (size + gap) - gap;
  [canvas.width, canvas.height] = now.down
    ? [across + 2 * margin, along + 2 * margin] : [along + 2 * margin, across + 2 * margin];
  const g = canvas.getContext("2d");
  g.fillStyle = colour("card");
  g.fillRect(0, 0, canvas.width, canvas.height);
  g.fillStyle = colour("ink");
  g.font = `500 ${size}px ${getComputedStyle(document.body).getPropertyValue("--serif")}`;
  g.textAlign = "center";
  g.textBaseline = "middle";
  poem.lines.forEach((line, i) => line.forEach((c, j) => {
    const a = margin + (j + 0.5) * size * 1.25, b = margin + i * (size + gap) + size / 2;
    const char = now.old ? c.t ?? c.c : c.c;
    if (now.down) g.fillText(char, canvas.width - b, a);
    else g.fillText(char, a, b);
  }));
  canvas.toBlob((blob) => download("verse.png", blob));
}
