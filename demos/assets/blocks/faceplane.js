// A square between four faces: a map of pictures computed beforehand, and the face under the pointer.
//
// Where no server answers, the nearest picture of the map stands in.
import { el, style, t } from "../gallery.js";
import { follow, newestOnly, tellPlace } from "./pad.js";
import { paintTile, spriteOf } from "./pictures.js";

style(import.meta.url);

export async function draw(node, block, stage) {
  const image = await spriteOf(block);
  node.className = "block-faceplane panel";
  node.setAttribute("aria-live", "off"); // the pad itself says where it is and what is there
  const state = { x: 0.5, y: 0.5, times: [] };
  const map = el("canvas", { width: image.naturalWidth, height: image.naturalHeight, "aria-hidden": "true" });
  map.getContext("2d").drawImage(image, 0, 0);
  const dot = el("i");
  const pad = el("div", { class: "faceplane-map", dataset: { follows: "face_at", frames: 0 }, tabindex: 0, role: "slider", "aria-label": block.alt }, map, dot);
  const face = el("canvas", { role: "img", "aria-label": t("指针处的脸", "the face under the pointer") });
  const realism = el("dd"), rho = el("dd"), place = el("dd"), rate = el("dd");
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    el("div", { class: "faceplane" }, pad,
      el("figure", {}, face, el("dl", {},
        el("dt", {}, t("位置", "place")), place, el("dt", {}, t("真实度", "realism")), realism,
        el("dt", {}, "ρ"), rho, el("dt", {}, t("往返", "round trip")), rate))));
  const number = (v, digits) => Number(v).toFixed(digits).replace("-", "−");
  const tell = (r, c) => {
    realism.textContent = number(r, 3);
    rho.textContent = number(c, 3);
    place.textContent = `${state.x.toFixed(2)}, ${state.y.toFixed(2)}`;
    const shown = t(`位置 ${place.textContent}，真实度 ${realism.textContent}`, `place ${place.textContent}, realism ${realism.textContent}`);
    tellPlace(pad, state.x.toFixed(2), 0, 1, shown);
  };
  const nearest = () => {
    const column = Math.round(state.x * (block.columns - 1)), row = Math.round(state.y * (block.rows - 1));
    const i = row * block.columns + column;
    paintTile(face, image, block, i);
    tell(block.r.realism[i], block.r.correlation[i]);
  };
  const move = (x, y) => {
    Object.assign(state, { x, y });
    Object.assign(dot.style, { left: `${100 * x}%`, top: `${100 * y}%` });
  };
  const show = async (answer, asked) => {
    const picture = new Image();
    picture.src = answer.picture;
    await picture.decode();
    Object.assign(face, { width: picture.naturalWidth, height: picture.naturalHeight });
    face.getContext("2d").drawImage(picture, 0, 0);
    tell(answer.realism, answer.correlation);
    const took = performance.now() - asked;
    state.times = [...state.times.slice(-9), took];
    const mean = state.times.reduce((a, b) => a + b) / state.times.length;
    rate.textContent = `${Math.round(mean)} ms · ${Math.round(1000 / mean)}/s`;
    pad.dataset.frames = String(Number(pad.dataset.frames) + 1); // what a benchmark of dragging waits for
  };
  const request = newestOnly(node, async () => {
    const asked = performance.now();
    try {
      const answer = await stage.live("face_at", { codes: block.r.codes, x: state.x, y: state.y, truncation: block.truncation, model: block.model });
      if (answer.error) stage.notice(answer.error, "error");
      else await show(answer, asked);
    } catch {
      nearest(); // without the server the map still answers
    }
  });
  follow(pad, state, (x, y) => { move(x, y); request(); });
  move(0.5, 0.5);
  nearest();
  rate.textContent = "–";
}
