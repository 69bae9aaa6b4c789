// A film of pictures from one sprite: drag over it or play it, with curves that follow, and save it.
//
// `films` in place of a sprite are several that run together, {name, note, r, count, columns, size}, or a
// `reason` where one cannot be shown; a shorter one is stretched to the length of the longest.
// `values` are curves under a common axis, {label, y, colour, digits}; `ends` names both ends; `labels` may
// name each frame; `axis` {label, from, to} is what runs along the film. Everything runs in the browser: 60 frames a second, no request.
import { colour, download, el, style, t, toast } from "../gallery.js";
import { gif } from "./gif.js";
import { paintTile, saveSheet, sides, spriteOf } from "./pictures.js";
import { curves, keepDrawn } from "./plane.js";

style(import.meta.url);

const SAVED = 256; // pixels of a saved frame's side, about

export async function draw(node, block, stage) {
  const all = block.films ?? [block];
  const reels = all.filter((reel) => !reel.reason);
  const images = await Promise.all(reels.map(spriteOf));
  clearInterval(node.timer);
  node.timer = null;
  node.className = "block-film panel";
  node.setAttribute("aria-live", "off"); // of a film that plays nobody wants every frame announced
  const several = Boolean(block.films);
  const count = Math.max(1, ...reels.map((reel) => reel.count));
  const last = count - 1;
  const state = { at: Math.min(block.at ?? node.film?.at ?? Math.round(last / 2), last), loop: node.film?.loop ?? true, way: 1, fps: node.film?.fps ?? block.fps ?? 12 };
  node.film = state;
  const axis = { label: "t", from: 0, to: 1, ...(block.axis ?? {}) };
  /** Picture of a reel when the film is at `i`. */
  const place = (reel, i) => (last ? Math.round((i / last) * (reel.count - 1)) : 0);
  const along = (i) => (last ? axis.from + (i / last) * (axis.to - axis.from) : axis.from);
  const frames = reels.map((reel, k) => el("canvas", {
    class: `film-frame${sides(reel)[0] < 48 ? " crisp" : ""}`,
    ...(k ? { role: "img", "aria-label": reel.name } : { tabindex: 0, role: "slider", "aria-label": block.alt, "aria-valuemin": 0, "aria-valuemax": last }),
  }));
  const frame = frames[0];
  const where = el("output");
  const strips = reels.map((reel) => el("canvas", { class: "film-strip", role: "img", "aria-label": `${reel.name ?? ""} ${t("所有帧", "all frames")}` }));
  const charts = (block.values ?? []).map((line) => ({
    line, canvas: el("canvas", { role: "img", "aria-label": line.label }), output: el("output"),
  }));
  const slider = el("input", { type: "range", min: 0, max: last, step: 1, "aria-label": t("路上的位置", "place on the path"), oninput: () => seek(Number(slider.value)) });
  const button = (text, onclick, more = {}) => el("button", { type: "button", onclick, ...more }, text);
  const player = button("▶", () => (node.timer ? stop() : play()), { "aria-label": t("播放", "play") });
  const looper = button(t("循环", "loop"), () => { state.loop = !state.loop; paint(); });
  const rate = el("select", { "aria-label": t("每秒帧数", "frames per second"), onchange: () => { state.fps = Number(rate.value); if (node.timer) { stop(); play(); } } },
    ...[6, 12, 24, 60].map((v) => el("option", { value: v, selected: v === state.fps }, `${v} ${t("帧/秒", "fps")}`)));
  const [leftEnd, rightEnd] = block.ends ?? ["", ""];
  const caption = el("figcaption", {}, el("span", {}, leftEnd), where, el("span", {}, rightEnd));
  const values = el("div", { class: "film-values" }, ...charts.map(({ line, canvas, output }) => el("div", {}, el("h4", {}, line.label, output), canvas)));
  const figure = (reel) => el("figure", {},
    el("h4", {}, reel.name),
    reel.reason ? el("p", { class: "film-reason" }, reel.reason) : frames[reels.indexOf(reel)],
    reel.note ? el("small", {}, reel.note) : null);
  node.replaceChildren(
    el("h3", {}, block.title ?? "", el("small", {}, block.hint ?? "")),
    ...(several
      ? [el("div", { class: "film-several" }, el("div", {}, el("div", { class: "films" }, ...all.map(figure)), el("div", { class: "film-foot" }, caption)), charts.length ? values : "")]
      : [el("div", { class: "film" }, el("figure", {}, frame, caption), values)]),
    el("div", { class: several ? "film-strips" : "" }, ...strips),
    el("div", { class: "picture-bar" }, player, slider, looper, rate),
    el("div", { class: "picture-bar" },
      button(t("存 GIF", "save GIF"), () => saveGif()),
      button(t("存视频", "save video"), (event) => saveVideo(event.target), { disabled: !videoType() }),
      button(t("存拼图 PNG", "save sprite"), () => saveSprite())),
  );
  node.style.setProperty("--films", all.length);
  if (!reels.length) return;

  const paint = () => {
    reels.forEach((reel, k) => paintTile(frames[k], images[k], reel, place(reel, state.at)));
    const label = block.labels?.[state.at] ?? `${axis.label} = ${along(state.at).toFixed(2).replace("-", "−")}`;
    where.textContent = label;
    frame.setAttribute("aria-valuenow", state.at);
    frame.setAttribute("aria-valuetext", label);
    slider.value = state.at;
    player.textContent = node.timer ? "❚❚" : "▶";
    looper.setAttribute("aria-pressed", String(state.loop));
    for (const chart of charts) {
      const { line, canvas, output } = chart;
      if (!canvas.clientWidth) continue;
      const x = line.y.map((_, i) => along(i));
      chart.place = curves(canvas, [{ label: "", colour: line.colour ?? "celadon", x, y: line.y }], { xlabel: axis.label, ylabel: "", at: along(state.at), xmax: axis.to });
      output.textContent = line.y[state.at] === null ? "–" : Number(line.y[state.at]).toFixed(line.digits ?? 2).replace("-", "−");
    }
    reels.forEach((reel, k) => paintStrip(strips[k], images[k], reel));
  };
  const paintStrip = (strip, image, reel) => {
    const { clientWidth: width, clientHeight: height } = strip;
    if (!width) return;
    const scale = devicePixelRatio || 1;
    Object.assign(strip, { width: width * scale, height: height * scale });
    const g = strip.getContext("2d");
    g.scale(scale, scale);
    const [pw, ph] = sides(reel);
    // Of a short film frames stand there twice rather than stretched.
    const shown = Math.max(1, Math.floor(width / (height * (pw / ph))));
    for (let k = 0; k < shown; k++) {
      const i = shown === 1 ? 0 : Math.round((k * (reel.count - 1)) / (shown - 1));
      g.drawImage(image, (i % reel.columns) * pw, Math.floor(i / reel.columns) * ph, pw, ph, (k * width) / shown, 0, width / shown, height);
    }
    const x = (last ? state.at / last : 0) * width;
    g.fillStyle = colour("seal");
    g.fillRect(Math.min(width - 2, Math.max(0, x - 1)), 0, 2.5, height);
  };
  const seek = (i) => { state.at = Math.max(0, Math.min(last, i)); paint(); };
  const play = () => {
    if (!state.loop && state.at === last) state.at = 0;
    node.timer = setInterval(() => {
      if (!node.isConnected) return stop();
      if (state.loop) {
        if (state.at >= last) state.way = -1;
        if (state.at <= 0) state.way = 1;
        seek(state.at + state.way);
      } else if (state.at >= last) stop();
      else seek(state.at + 1);
    }, 1000 / state.fps);
    paint();
  };
  const stop = () => { clearInterval(node.timer); node.timer = null; paint(); };
  const follow = (canvas, share) => {
    const move = (event) => {
      if (event.pointerType !== "mouse" && !event.buttons) return;
      if (node.timer) stop();
      const box = canvas.getBoundingClientRect();
      seek(Math.round(last * share(event.clientX, box)));
    };
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerdown", move);
  };
  const straight = (x, box) => Math.max(0, Math.min(1, (x - box.left) / box.width));
  for (const canvas of [...frames, ...strips]) follow(canvas, straight);
  for (const chart of charts) follow(chart.canvas, (x) => Math.max(0, Math.min(1, ((chart.place?.(x) ?? axis.from) - axis.from) / (axis.to - axis.from))));
  frame.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -count, End: count }[event.key];
    if (event.key === " ") { event.preventDefault(); node.timer ? stop() : play(); }
    if (!step) return;
    event.preventDefault();
    seek(state.at + step);
  });

  // -- files: there and back, so that the loop has no jump ------------------------------------------------
  const order = () => {
    const there = Array.from({ length: count }, (_, i) => i);
    return state.loop ? [...there, ...there.slice(1, -1).reverse()] : there;
  };
  const painter = () => {
    const [pw, ph] = sides(reels.reduce((a, b) => (sides(b)[0] > sides(a)[0] ? b : a)));
    const times = Math.max(1, Math.round(SAVED / pw));
    const [w, h] = [pw * times, ph * times];
    const canvas = el("canvas", { width: w * reels.length, height: h });
    const g = canvas.getContext("2d", { willReadFrequently: true });
    g.imageSmoothingQuality = "high";
    const show = (i) => reels.forEach((reel, k) => {
      const [rw, rh] = sides(reel), at = place(reel, i);
      g.imageSmoothingEnabled = rw >= 48;
      g.drawImage(images[k], (at % reel.columns) * rw, Math.floor(at / reel.columns) * rh, rw, rh, k * w, 0, w, h);
    });
    return { canvas, g, show };
  };
  /** The one sprite as it is; of several all frames, a row for each. */
  const saveSprite = () => {
    const name = `${stage.slug}-${stage.scene}.png`;
    if (!several) return saveSheet(images[0], name);
    const w = Math.max(...reels.map((reel) => sides(reel)[0]));
    const canvas = el("canvas", { width: w * count, height: w * reels.length });
    const g = canvas.getContext("2d");
    g.imageSmoothingEnabled = false;
    reels.forEach((reel, k) => {
      const [rw, rh] = sides(reel);
      for (let i = 0; i < count; i++) {
        const at = place(reel, i);
        g.drawImage(images[k], (at % reel.columns) * rw, Math.floor(at / reel.columns) * rh, rw, rh, i * w, k * w, w, w);
      }
    });
    saveSheet(canvas, name);
  };
  const saveGif = () => {
    const { canvas, g, show } = painter();
    const frames = order().map((i) => { show(i); return g.getImageData(0, 0, canvas.width, canvas.height); });
    // Viewers slow anything faster than 50 frames a second down to ten.
    download(`${stage.slug}-${stage.scene}.gif`, gif(frames, Math.min(state.fps, 50)));
  };
  const saveVideo = (pressed) => {
    const type = videoType();
    const { canvas, show } = painter();
    const recorder = new MediaRecorder(canvas.captureStream(60), { mimeType: type, videoBitsPerSecond: 4e6 });
    const parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => {
      pressed.disabled = false;
      download(`${stage.slug}-${stage.scene}.${type.includes("mp4") ? "mp4" : "webm"}`, new Blob(parts, { type }));
    };
    pressed.disabled = true;
    toast(t("正在录制一遍…", "recording one round …"));
    const list = order();
    let k = 0;
    show(list[0]);
    recorder.start();
    const timer = setInterval(() => {
      k += 1;
      if (k < list.length) show(list[k]);
      else { clearInterval(timer); recorder.stop(); }
    }, 1000 / state.fps);
  };
  keepDrawn(node, frame, paint);
  paint();
}

/** The best kind of video that this browser writes, MP4 before WebM. */
function videoType() {
  const kinds = ["video/mp4;codecs=avc1.42E01E", "video/mp4;codecs=vp9", "video/mp4", "video/webm;codecs=vp9", "video/webm"];
  return window.MediaRecorder && kinds.find((kind) => MediaRecorder.isTypeSupported(kind));
}
