// Photos as inputs: choose, drop or paste one; the face in it is found and aligned, or a square drawn by hand.
//
// Each slot: `input` (a hidden input of the scene that takes the aligned picture as a data URL), `label`,
// `note`, `pictures` [{url, caption}] to show, `used` whether a photo is in it now, `lines` [[name, value]].
// `limits` says before the first try what is accepted and kept; `most` is the largest file in bytes.
// `live` names the server function: {photo, square} to {picture, preview, faces, square, message}.
// The photo stays in this browser tab and is sent for cutting only; nothing is kept by the server.
import { el, style, t } from "../gallery.js";

style(import.meta.url);

const readFile = (file) => new Promise((done, fail) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.onerror = () => fail(reader.error);
  reader.readAsDataURL(file);
});

export function draw(node, block, stage) {
  node.className = "block-photo panel";
  node.photos ??= {}; // by input: what this visitor sent last, for cropping it again
  const slots = block.slots.map((slot) => slotNode(node, block, slot, stage));
  node.replaceChildren(
    ...(block.title ? [el("h3", {}, block.title, el("small", {}, block.hint ?? ""))] : []),
    el("p", { class: "photo-limits" }, block.limits),
    el("div", { class: "photo-slots" }, ...slots));
  if (!node.pasting) {
    node.pasting = (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
      if (!file || !node.getClientRects().length || !node.isConnected) return;
      const free = node.querySelector(".photo-slot:hover, .photo-slot:focus-within") ?? node.querySelector(".photo-slot:not(.used)") ?? node.querySelector(".photo-slot");
      free?.take(file);
    };
    document.addEventListener("paste", node.pasting);
  }
}

function slotNode(node, block, slot, stage) {
  if (!slot.used && node.photos[slot.input]?.done) delete node.photos[slot.input];
  // What a visitor sent and was told outlives this drawing: answers of a stream redraw the slot meanwhile,
  // so an answer about a photo speaks through `kept.say` and `kept.openCrop`, which are those of the newest.
  const kept = (node.photos[slot.input] ??= {});
  const message = el("p", { class: "photo-message", hidden: true, role: "status" });
  const crop = el("div");
  kept.say = (text, bad = false) => {
    kept.said = [text, bad];
    message.hidden = !text;
    message.textContent = text ?? "";
    message.classList.toggle("bad", bad);
  };
  const set = (picture) => stage.restore({ ...stage.payload.inputs, [slot.input]: picture });
  const ask = async (square) => {
    kept.say(t("正在找脸…", "looking for a face …"));
    const turn = (kept.turn = (kept.turn ?? 0) + 1);
    let answer;
    try {
      answer = await stage.live(block.live, { photo: kept.photo, square: square ?? null });
    } catch {
      answer = { error: t("照片没能传到服务器。", "The photo did not reach the server.") };
    }
    if (turn !== kept.turn) return; // another photo came meanwhile
    if (answer.error) return kept.say(answer.error, true);
    Object.assign(kept, { preview: answer.preview ?? kept.preview, square: answer.square });
    if (answer.faces || square) {
      Object.assign(kept, { done: false, cropping: false });
      kept.say(answer.message);
      set(answer.picture);
    } else {
      kept.say(answer.message, true);
      kept.openCrop();
    }
  };
  const take = async (file) => {
    const [has, most] = [file.size, block.most].map((bytes) => `${Math.round(bytes / 1e6)} MB`);
    if (file.size > block.most) return kept.say(t(`文件有 ${has}，上限 ${most}。`, `The file has ${has}; ${most} are accepted.`), true);
    Object.assign(kept, { photo: await readFile(file), preview: null, square: null, cropping: false });
    crop.replaceChildren();
    await ask(null);
  };
  kept.openCrop = () => {
    kept.cropping = true;
    crop.replaceChildren(...cropper(kept, slot, (square) => ask(square)));
  };
  const chooser = el("input", { type: "file", accept: "image/*,.tif,.tiff", hidden: true, onchange: () => chooser.files[0] && take(chooser.files[0]) });
  const button = (text, onclick, more = {}) => el("button", { type: "button", onclick, ...more }, text);
  const box = el("div", { class: `photo-slot${slot.used ? " used" : ""}` },
    el("h4", {}, slot.label, el("small", {}, slot.note ?? "")),
    el("div", { class: "photo-row" },
      ...slot.pictures.map(({ url, caption, r }) => el("figure", {},
        el("img", { src: r?.url ?? url, alt: caption, class: block.size < 48 ? "crisp" : null }), el("figcaption", {}, caption))),
      slot.lines?.length ? el("div", { class: "lines" }, ...slot.lines.map(([name, value]) => el("div", {}, `${name} `, el("b", {}, typeof value === "number" ? value.toFixed(2).replace("-", "−") : value)))) : null),
    el("div", { class: "picture-bar" },
      chooser,
      button(slot.used ? t("换照片", "another photo") : t("放一张照片", "use a photo"), () => chooser.click()),
      slot.used && kept.preview ? button(t("手动裁剪", "crop by hand"), () => kept.openCrop()) : null,
      slot.used ? button(t("移除照片", "remove photo"), () => { delete node.photos[slot.input]; set(""); }) : null),
    message, crop);
  box.take = take;
  if (slot.used) kept.done = true;
  if (kept.said) kept.say(...kept.said);
  if (kept.cropping && kept.preview) kept.openCrop();
  box.addEventListener("dragover", (event) => { event.preventDefault(); box.classList.add("over"); });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("over");
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
  return box;
}

/** A square over the photo that is moved and resized by pointer or keys; places in units of the shorter side. */
function cropper(kept, slot, use) {
  const [w, h] = kept.preview.size;
  const short = Math.min(w, h);
  let [left, top, side] = kept.square ?? [(w / short - 0.8) / 2, (h / short - 0.8) / 2, 0.8];
  const grip = el("span", { class: "grip" });
  const frame = el("div", { class: "frame", tabindex: 0, role: "group", "aria-label": t("裁剪框：方向键移动，加减号缩放", "square: arrow keys move it, plus and minus resize it") }, el("i"), grip);
  const box = el("div", { class: "photo-crop" }, el("img", { src: kept.preview.url, alt: slot.label, draggable: "false" }), el("div", { class: "clip" }, frame));
  const place = () => {
    side = Math.max(0.08, Math.min(side, 1));
    left = Math.max(0, Math.min(left, w / short - side));
    top = Math.max(0, Math.min(top, h / short - side));
    const across = (v) => `${((100 * v * short) / w).toFixed(3)}%`, down = (v) => `${((100 * v * short) / h).toFixed(3)}%`;
    Object.assign(frame.style, { left: across(left), top: down(top), width: across(side), height: down(side) });
  };
  const drag = (event) => {
    event.preventDefault();
    const unit = (box.getBoundingClientRect().width / w) * short;
    const start = [event.clientX, event.clientY, left, top, side];
    const resizing = event.target === grip;
    frame.setPointerCapture(event.pointerId);
    frame.onpointermove = (e) => {
      const dx = (e.clientX - start[0]) / unit, dy = (e.clientY - start[1]) / unit;
      if (resizing) side = Math.min(start[4] + Math.max(dx, dy), w / short - left, h / short - top);
      else { left = start[2] + dx; top = start[3] + dy; }
      place();
    };
    frame.onpointerup = () => { frame.onpointermove = null; };
  };
  frame.addEventListener("pointerdown", drag);
  frame.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0], "+": [-0.5, -0.5, 1], "=": [-0.5, -0.5, 1], "-": [0.5, 0.5, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    left += 0.01 * step[0];
    top += 0.01 * step[1];
    side += 0.01 * step[2];
    place();
  });
  place();
  const bar = el("div", { class: "picture-bar" },
    el("span", {}, t("虚线对准眼睛，框从额头到下巴", "dashed line on the eyes; forehead to chin")),
    el("button", { type: "button", onclick: () => use([left, top, side]) }, t("就用这个方块", "use this square")));
  return [box, bar];
}
