// A stage draws one scene's answer: blocks, run line, examples, how it works, code, model card.

import { copy, copyLink, download, el, kept, linkOf, remember, setAddress, t, toast, typed, visible } from "./gallery.js";

/** Kinds that only show what they are given: the same again needs no drawing. */
const PICTURES = new Set(["plot", "density", "table", "text", "terms"]);

const led = new Set(); // tabs whose scene the page's address has chosen, if it names one

/** Whether any of an element is in the window. */
function inWindow(node) {
  const { top, bottom } = node.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

const here = (path) => new URL(path, import.meta.url).href;

export async function mount(ctx) {
  const root = ctx.element.querySelector(".stage");
  if (!root || root.gallery) return;
  root.gallery = true;
  const { slug, scene } = ctx.props;
  const answer = await fetch(here(`../../scene/${slug}/${scene}?lang=${window.gallery.lang}`));
  new Stage(ctx, root, await answer.json());
}

class Stage {
  constructor(ctx, root, facts) {
    const { slug, scene } = ctx.props;
    Object.assign(this, { ctx, root, slug, scene, payload: null, ...facts });
    this.weights = facts.card;
    root.gallery = this;
    this.blocks = el("div", { class: "blocks" });
    this.run = el("div", { class: "runline" });
    this.chips = this.drawExamples();
    this.how = el("details", { class: "how" }, el("summary", {}, t("它怎样工作", "How it works")));
    this.code = el("details", { class: "code" }, el("summary", {}, t("用代码调用", "Call it from code")));
    this.card = el("details", { class: "card" }, el("summary", {}, t("模型卡", "Model card")));
    this.card.addEventListener("toggle", () => this.card.open && this.drawCards());
    for (const details of [this.how, this.code]) details.addEventListener("toggle", () => this.drawDetails());
    root.replaceChildren(this.blocks, this.run, this.chips, this.how, this.code);
    if (this.weights.length) root.append(this.card);
    ctx.watch("value", () => this.receive());
    root.closest(".scene")?.addEventListener("click", (event) => {
      if (event.target.closest("button.primary")) root.classList.add("stale");
    });
    this.begin();
  }

  /** First content: what Gradio already has, what the address asks for, or the stored example. */
  async begin() {
    const first = !led.has(this.slug);
    led.add(this.slug);
    if (this.ctx.props.value) return this.receive();
    const asked = new URLSearchParams(location.search);
    const forMe = asked.get("tab") === this.slug && (asked.get("scene") ?? "main") === this.scene;
    const names = Object.keys(this.defaults).filter((name) => asked.has(name));
    if (forMe && (names.length || asked.has("w") || asked.has("kept"))) {
      const long = asked.has("kept") ? kept(asked.get("kept")) : {};
      this.expected = asked.get("w");
      this.restore({ ...Object.fromEntries(names.map((name) => [name, asked.get(name)])), ...long });
      if (!long) toast(t("文本太长，没有写进链接，只留在原来的窗口里。", "The text was too long for the link and stayed in the window it was made in."));
      return;
    }
    // Only for the tab's first scene: of one that is opened later the address may not know yet.
    if (first && asked.get("scene") && asked.get("tab") === this.slug && !forMe) {
      document.getElementById(`scene-${this.slug}-${asked.get("scene")}-button`)?.click();
    }
    const lang = window.gallery.lang;
    const stored = await fetch(here(`examples/${this.slug}.${this.scene}.${lang}.json`));
    if (stored.ok && !this.payload) this.show(await stored.json());
    else if (!this.payload) this.restore({});
  }

  restore(inputs) {
    this.root.classList.add("stale");
    this.ctx.trigger("restore", { inputs });
  }

  act(name, value) {
    this.root.classList.add("stale");
    this.ctx.trigger("act", { name, value });
  }

  async live(name, value) {
    return this.ctx.server[name]({ lang: window.gallery.lang, value });
  }

  receive() {
    if (!this.ctx.props.value) return;
    const payload = JSON.parse(this.ctx.props.value);
    this.show(payload);
    if (visible(this.root)) setAddress(this.link());
  }

  link({ typed: unsent = false } = {}) {
    let inputs = this.payload?.inputs ?? {};
    if (unsent) inputs = { ...inputs, ...typed(this.slug, this.scene, Object.keys(this.defaults)) };
    return linkOf(this.slug, this.scene, inputs, this.defaults, this.payload?.run?.weights);
  }

  open(what) {
    const details = what === "card" ? this.card : this.code;
    details.open = true;
    details.scrollIntoView({ behavior: "smooth", block: "center" });
  }

  async show(payload) {
    this.root.classList.remove("stale");
    this.notice(payload.error, "error");
    if (payload.error) {
      this.failed = payload;
      if (!this.payload) this.blocks.replaceChildren(el("p", { class: "notice" }, payload.error));
      return;
    }
    this.payload = payload;
    remember(this.slug, this.scene, payload);
    if (this.expected && payload.run && this.expected !== payload.run.weights) {
      this.notice(t("链接来自另一版权重，结果可能不同。", "The link was made with other weights; the result may differ."), "note");
    }
    this.expected = null;
    await this.inTurn(payload.blocks, () => this.drawBlocks(payload.blocks));
    this.drawRun(payload);
    this.how.hidden = !payload.how?.length;
    this.drawDetails();
    this.root.dataset.ready = String(Number(this.root.dataset.ready ?? 0) + 1);
  }

  /** A sentence beside the inputs; an empty one takes the last away. */
  notice(text, kind) {
    const slot = document.getElementById(`notice-${this.slug}-${this.scene}`);
    slot?.querySelectorAll(".notice").forEach((old) => old.remove());
    if (text) slot?.append(el("div", { class: `notice ${kind}`, role: "alert" }, text));
  }

  /** One drawing after the other, so that an older answer never ends up over a newer one. */
  inTurn(blocks, draw) {
    const turn = (this.turn ?? Promise.resolve()).then(() => (this.payload.blocks === blocks ? draw() : null));
    this.turn = turn.catch(() => {});
    return turn;
  }

  /** What can be seen at once; blocks above or below the window follow, unless a newer answer comes first. */
  async drawBlocks(blocks) {
    const nodes = [...this.blocks.children];
    const later = [];
    for (const [i, block] of blocks.entries()) {
      let node = nodes[i];
      if (!node || node.dataset.kind !== block.kind) {
        const fresh = el("div", { class: `block-${block.kind}`, dataset: { kind: block.kind } });
        if (node) node.replaceWith(fresh);
        else this.blocks.append(fresh);
        node = fresh;
      } else if (node.childElementCount && !inWindow(node)) {
        later.push([node, block]);
        continue;
      }
      await this.drawBlock(node, block);
      if (this.payload.blocks !== blocks) return;
    }
    [...this.blocks.children].slice(blocks.length).forEach((old) => old.remove());
    if (later.length) setTimeout(() => this.inTurn(blocks, () => this.catchUp(later, blocks)), 120);
  }

  async catchUp(later, blocks) {
    for (const [node, block] of later) {
      if (this.payload.blocks === blocks) await this.drawBlock(node, block);
    }
  }

  async drawBlock(node, block) {
    if (PICTURES.has(block.kind)) {
      const text = JSON.stringify(block);
      if (node.drawn === text && node.lang === window.gallery.lang) return;
      Object.assign(node, { drawn: text, lang: window.gallery.lang });
    }
    const { draw } = await import(here(`blocks/${block.kind}.js`));
    await draw(node, block, this);
  }

  drawRun({ run, progress, stored }) {
    const parts = [];
    if (run && stored) {
      parts.push(el("b", {}, `○ ${t("预先算好的例子", "computed beforehand")}`));
    } else if (run) {
      parts.push(el("b", {}, `● ${t("计算", "compute")} ${run.compute_ms} ms`));
      parts.push(el("span", {}, `${t("排队", "queue")} ${run.queue_ms} ms`));
      parts.push(el("span", {}, run.device));
      parts.push(el("span", {}, `${t("批", "batch")} ${run.batch}`));
    }
    if (run?.weights) parts.push(el("span", {}, `${t("权重", "weights")} ${run.weights}`));
    if (progress !== null && progress !== undefined) {
      parts.push(el("span", {}, `${Math.round(100 * progress)} %`));
    }
    const link = () => copyLink(this.link());
    const save = () => download(`${this.slug}-${this.scene}.json`, JSON.stringify(this.payload, null, 1));
    parts.push(el("button", { type: "button", onclick: link }, t("复制链接", "copy link")));
    parts.push(el("button", { type: "button", onclick: save }, t("下载 JSON", "save JSON")));
    this.run.replaceChildren(...parts);
  }

  drawExamples() {
    const chips = this.examples.map((example) =>
      el("button", {
        type: "button",
        title: example.note,
        onclick: () => {
          this.restore(example.inputs);
          this.pendingNote = example.note;
          if (example.note) toast(example.note);
        },
      }, example.title));
    return el("div", { class: "examples" }, chips.length ? el("span", {}, t("试试", "Try")) : null, ...chips);
  }

  /** The explanation and the code are written when somebody looks at them. */
  drawDetails() {
    if (!this.payload) return;
    if (this.how.open) this.drawHow(this.payload.how);
    if (this.code.open) this.drawCode(this.payload);
  }

  drawHow(how) {
    const parts = (how ?? []).map((part) => {
      if (!part.math) return el("p", {}, part.text);
      const box = el("div");
      box.innerHTML = part.math; // made by our own formula(), from our own LaTeX and numbers
      return box;
    });
    this.how.replaceChildren(this.how.firstChild, ...parts);
  }

  drawCode({ code, inputs }) {
    const address = `${location.origin}${location.pathname.replace(/\/$/, "")}`;
    const shell =
      `curl -s -X POST ${address}/gradio_api/call/v2/${this.endpoint} \\\n` +
      `  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(inputs).replaceAll("'", "'\\''")}'`;
    const piece = (title, text) => [
      el("p", {}, title, " ", el("button", { type: "button", class: "quiet-button", onclick: () => copy(text) }, t("复制", "copy"))),
      el("pre", {}, text),
    ];
    this.code.replaceChildren(
      this.code.firstChild,
      ...(code ? piece(t("Python 库", "Python library"), code) : []),
      ...piece(t("HTTP 接口（返回 event_id，再 GET 同一地址加 /event_id）", "HTTP API (returns an event_id; GET the same address plus /event_id)"), shell),
    );
  }

  async drawCards() {
    if (this.card.dataset.drawn) return;
    this.card.dataset.drawn = "1";
    const { draw } = await import(here("blocks/card.js"));
    for (const name of this.weights) {
      const answer = await fetch(new URL(`../../card/${name}?lang=${window.gallery.lang}`, import.meta.url));
      const node = el("div", { class: "panel", style: "margin-top:10px" });
      this.card.append(node);
      draw(node, await answer.json(), this);
    }
  }
}
