// Four poems at the corners of a square; the verse follows the pointer. Arrow keys move it too.
import { colour, el, t } from "../gallery.js";
import { follow, newestOnly, tellPlace } from "./pad.js";

export function draw(node, block, stage) {
  node.className = "block-palette panel";
  node.setAttribute("aria-live", "off"); // the pad itself speaks the verse
  const state = { x: block.x, y: block.y, trail: [] };
  const verse = el("div", { class: "palette-verse", lang: "zh" });
  const pad = el("canvas", { class: "palette-pad", tabindex: 0, role: "slider", "aria-label": t("调色板，方向键移动", "palette, move with the arrow keys") });
  const timing = el("small", {});
  const corner = (i, where) => el("div", { class: `corner ${where}`, lang: "zh" }, ...block.corners[i].map((line) => el("div", {}, line)));
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint), timing),
    el("div", { class: "palette-grid" },
      corner(0, "tl"), corner(1, "tr"), pad, corner(2, "bl"), corner(3, "br")),
    verse,
  );
  const paint = () => {
    const size = pad.clientWidth;
    const scale = devicePixelRatio || 1;
    pad.width = pad.height = size * scale;
    const g = pad.getContext("2d");
    g.scale(scale, scale);
    const tints = [["celadon", 0, 0], ["seal", 1, 0], ["ochre", 0, 1], ["indigo", 1, 1]];
    g.fillStyle = colour("paper");
    g.fillRect(0, 0, size, size);
    for (const [name, cx, cy] of tints) {
      const shade = g.createRadialGradient(cx * size, cy * size, 0, cx * size, cy * size, size);
      shade.addColorStop(0, colour(name) + "66");
      shade.addColorStop(1, colour(name) + "00");
      g.fillStyle = shade;
      g.fillRect(0, 0, size, size);
    }
    g.strokeStyle = colour("soft");
    g.beginPath();
    state.trail.forEach(([x, y], i) => (i ? g.lineTo(x * size, y * size) : g.moveTo(x * size, y * size)));
    g.stroke();
    g.fillStyle = colour("ink");
    g.beginPath();
    g.arc(state.x * size, state.y * size, 6, 0, 7);
    g.fill();
  };
  const write = (poem) => {
    verse.replaceChildren(...poem.lines.map((line) =>
      el("div", {}, ...line.map((c) => el("span", { class: c.p < 0.3 ? "faint" : "" }, c.c)))));
    tellPlace(pad, state.x.toFixed(2), 0, 1, poem.lines.map((line) => line.map((c) => c.c).join("")).join("，"));
  };
  const request = newestOnly(node, async () => {
    const started = performance.now();
    const { x, y } = state;
    const answer = await stage.live("blend_corners", { codes: block.codes, form: block.form, model: block.model, x, y });
    if (answer.error) stage.notice(answer.error, "error");
    else {
      write(answer.poem);
      timing.textContent = `${Math.round(performance.now() - started)} ms`;
    }
  });
  follow(pad, state, (x, y) => {
    Object.assign(state, { x, y });
    state.trail.push([x, y]);
    if (state.trail.length > 60) state.trail.shift();
    paint();
    request();
  });
  window.addEventListener("gallery-theme", () => node.isConnected && paint());
  paint();
  write(block.poem);
}
