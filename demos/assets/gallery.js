// The page around the tabs: language, theme, search, links, and the small helpers all blocks use.

const query = () => new URLSearchParams(location.search);
export const lang = window.galleryLang === "en" ? "en" : "zh";

/** The text in the page's language. */
export const t = (zh, en) => (lang === "zh" ? zh : en);

/** An element with attributes and children; strings become text nodes, never markup. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  // An output is announced at every change: far too often under a drag or a film, whose slider speaks.
  if (name === "output") node.setAttribute("aria-live", "off");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(node.dataset, value);
    else if (key === "style") node.style.cssText = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined));
  return node;
}

export function toast(text) {
  document.querySelector(".toast")?.remove();
  const note = el("div", { class: "toast", role: "status" }, text);
  document.body.append(note);
  setTimeout(() => note.remove(), 2200);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // clipboards are closed to plain http pages and to some frames
    const area = el("textarea", { style: "position:fixed;opacity:0" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(t("已复制", "Copied"));
}

/** Copy a link; says so when a text was too long to be in it. */
export async function copyLink(link) {
  await copy(`${location.origin}${location.pathname}?${link}`);
  if (link.has("kept")) toast(t("已复制；文本太长，不在链接里", "Copied, without the text, which is too long for a link"));
}

/** The style sheet that stands beside a script, `blocks/KIND.css`; call once with `import.meta.url`. */
export function style(url) {
  document.head.append(el("link", { rel: "stylesheet", href: url.replace(/\.js$/, ".css") }));
}

export function download(name, content, type = "application/json") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** One-dimensional tensors in the safetensors format: header length, JSON header, raw floats. */
export function safetensors(tensors) {
  const header = {}, parts = [];
  let offset = 0;
  for (const [name, values] of Object.entries(tensors)) {
    const data = Float32Array.from(values);
    header[name] = { dtype: "F32", shape: [data.length], data_offsets: [offset, offset += data.byteLength] };
    parts.push(data);
  }
  let text = JSON.stringify(header);
  text += " ".repeat((8 - (text.length % 8)) % 8);
  const length = new BigUint64Array([BigInt(text.length)]);
  return new Blob([length, text, ...parts], { type: "application/octet-stream" });
}

/** A colour of the page's palette, for canvases and plots. */
export const colour = (name) =>
  getComputedStyle(document.body).getPropertyValue(`--${name}`).trim();

// -- stages: what each scene shows at present ---------------------------------------------------

const shown = new Map(); // "slug/scene" -> the last answer

export function remember(slug, scene, payload) {
  shown.set(`${slug}/${scene}`, payload);
}

const LONGEST_LINK = 8000; // characters; servers refuse addresses of 64 kB, messengers cut far earlier

/** The address that brings back a scene: only what differs from the defaults. */
export function linkOf(slug, scene, inputs, defaults, weights) {
  const link = new URLSearchParams({ tab: slug });
  if (scene !== "main") link.set("scene", scene);
  for (const [name, value] of Object.entries(inputs ?? {})) {
    if (JSON.stringify(value) !== JSON.stringify(defaults?.[name])) link.set(name, value ?? "");
  }
  // What is too long for an address, or a picture, stays in this browser tab: reloading loses nothing,
  // and no photo of a visitor gets into a history or a log.
  const long = {};
  const hold = (name) => {
    long[name] = link.get(name);
    link.delete(name);
  };
  [...link.keys()].filter((name) => link.get(name).includes("data:")).forEach(hold);
  const longest = () => [...link.keys()].reduce((a, b) => (link.get(b).length > link.get(a).length ? b : a));
  while (String(link).length > LONGEST_LINK) hold(longest());
  if (Object.keys(long).length) link.set("kept", keep(long));
  if (weights) link.set("w", weights);
  link.set("lang", lang);
  if (query().has("embed")) link.set("embed", "1");
  return link;
}

/** Put values into this browser tab's store; returns the name they are found by. */
function keep(values) {
  const text = JSON.stringify(values);
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  const key = (hash >>> 0).toString(36);
  try {
    const old = Object.keys(sessionStorage).filter((name) => name.startsWith("gallery-kept-"));
    if (old.length > 9) old.forEach((name) => sessionStorage.removeItem(name));
    sessionStorage.setItem(`gallery-kept-${key}`, text);
  } catch {
    // a full or closed store: the link still opens the scene
  }
  return key;
}

/** Values that `linkOf` kept back; null when they were kept in another browser tab. */
export const kept = (key) => JSON.parse(sessionStorage.getItem(`gallery-kept-${key}`) ?? "null");

/** Values in a scene's widgets right now, typed but not yet run included. */
export function typed(slug, scene, names) {
  const values = {};
  for (const name of names) {
    const box = document.getElementById(`in-${slug}-${scene}-${name}`);
    const field = box?.querySelector("textarea, input[type=number], input[type=range]");
    const ticked = box?.querySelector("input[type=checkbox]");
    if (field) values[name] = field.value;
    else if (ticked) values[name] = ticked.checked;
  }
  return values;
}

export function setAddress(link) {
  history.replaceState(null, "", `${location.pathname}?${link}`);
}

/** Whether a stage is on screen; on a phone it has no box of its own, so its blocks are asked. */
export const visible = (stage) => stage.querySelector(".blocks")?.getClientRects().length > 0;

function currentStage() {
  return [...document.querySelectorAll(".stage")].find(visible)?.gallery;
}

// -- tabs ---------------------------------------------------------------------------------------

const tabs = () => window.galleryTabs ?? [];

export function openTab(slug) {
  const tab = tabs().find((one) => one.slug === slug);
  if (!tab) return;
  document.getElementById(`section-${tab.section}-button`)?.click();
  const inner = () => document.getElementById(`tab-${slug}-button`);
  const press = (tries) => (inner() ? inner().click() : tries && setTimeout(press, 30, tries - 1));
  press(60);
}

/** The address names the scene that was just opened, as soon as that has begun. */
function follow(tries) {
  const stage = currentStage();
  if (stage) setAddress(stage.link());
  else if (tries) setTimeout(follow, 250, tries - 1);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[role=tab]");
  if (button && event.isTrusted) setTimeout(follow, 250, 120);
});

// -- header -------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const target = event.target.closest?.("[data-gallery]");
  if (!target) return;
  const what = target.dataset.gallery;
  if (what === "theme") setTheme(document.body.classList.contains("dark") ? "light" : "dark");
  if (what === "lang") switchLanguage();
  if (what === "search") openFinder();
  if (what === "copy-link") {
    const link = currentStage()?.link();
    if (link) copyLink(link);
  }
  if (what === "card" || what === "code") currentStage()?.open(what);
});

function setTheme(theme) {
  localStorage.setItem("gallery-theme", theme);
  document.body.classList.toggle("dark", theme === "dark");
  window.dispatchEvent(new CustomEvent("gallery-theme"));
}

function switchLanguage() {
  const other = lang === "zh" ? "en" : "zh";
  document.cookie = `lang=${other};path=/;max-age=31536000;samesite=lax`;
  const link = currentStage()?.link({ typed: true }) ?? query();
  link.set("lang", other);
  location.href = `${location.pathname}?${link}`;
}

function openFinder() {
  const panel = document.querySelector(".finder-panel");
  if (!panel) return;
  panel.hidden = false;
  const input = panel.querySelector("input");
  const list = panel.querySelector("ul");
  let chosen = 0;
  let found = [];
  const refresh = () => {
    const words = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    found = tabs().filter((tab) => words.every((word) => tab.search.includes(word)));
    chosen = Math.min(chosen, Math.max(0, found.length - 1));
    list.replaceChildren(
      ...found.map((tab, i) =>
        el("li", {}, el("button", {
          type: "button", role: "option", "aria-selected": String(i === chosen),
          onclick: () => pick(i),
        }, tab.title, el("small", {}, tab.summary)))),
    );
    if (!found.length) list.replaceChildren(el("li", {}, t("没有这样的页签", "No such tab")));
  };
  const close = () => { panel.hidden = true; };
  const pick = (i) => { if (found[i]) openTab(found[i].slug); close(); };
  input.oninput = () => { chosen = 0; refresh(); };
  input.onkeydown = (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter") pick(chosen);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      chosen = Math.max(0, Math.min(found.length - 1, chosen + (event.key === "ArrowDown" ? 1 : -1)));
      event.preventDefault();
      refresh();
    }
  };
  const outside = (event) => {
    if (event.target.closest(".finder")) return;
    close();
    document.removeEventListener("pointerdown", outside);
  };
  document.addEventListener("pointerdown", outside);
  input.value = "";
  refresh();
  input.focus();
}

document.addEventListener("keydown", (event) => {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openFinder();
  }
});

// -- start --------------------------------------------------------------------------------------

window.gallery = {
  lang,
  /** The seed (or another input) of the shown result, for the "reuse" button. */
  shownInput: ([slug, scene, name]) => shown.get(`${slug}/${scene}`)?.inputs?.[name],
};

document.documentElement.lang = lang; // Gradio sets the browser's own
const wanted = query().get("tab");
if (query().has("embed")) document.documentElement.classList.add("embedded");
if (localStorage.getItem("gallery-theme")) {
  const apply = () => setTheme(localStorage.getItem("gallery-theme"));
  apply();
  setTimeout(apply, 1500); // Gradio sets its own class once when it mounts
}
if (wanted) {
  const waitForTabs = (tries) => {
    if (document.querySelector("button[role=tab]")) openTab(wanted);
    else if (tries) setTimeout(waitForTabs, 50, tries - 1);
  };
  waitForTabs(600);
}
