// A direction among codes: its components as bars, saved as safetensors, or another one loaded in its place.
import { colour, download, el, t } from "../gallery.js";
import { keepDrawn } from "./plane.js";
import "./pictures.js";

const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

export function draw(node, block, stage) {
  node.className = "block-direction panel";
  const bars = el("canvas", { role: "img", "aria-label": block.alt, style: "display:block;width:100%;height:84px" });
  const chooser = el("input", { type: "file", accept: ".safetensors", hidden: true, onchange: () => chooser.files[0] && load(chooser.files[0]) });
  const button = (text, onclick, more = {}) => el("button", { type: "button", onclick, ...more }, text);
  const inputs = () => stage.payload.inputs;
  const load = async (file) => {
    if (file.size > 100000) return stage.notice(t("方向文件不会超过 100 kB。", "A file of a direction is never above 100 kB."), "error");
    const data = new Uint8Array(await file.arrayBuffer());
    const answer = await stage.live("read_direction", btoa(String.fromCharCode(...data)));
    if (answer.error) return stage.notice(answer.error, "error");
    stage.restore({ ...inputs(), direction: answer.direction, model: answer.model });
  };
  node.replaceChildren(
    el("h3", {}, block.title, el("small", {}, block.hint)),
    bars,
    el("div", { class: "picture-bar" }, chooser,
      button(t("存 safetensors", "save safetensors"), () => download(block.name, new Blob([bytesOf(block.r.file)], { type: "application/octet-stream" }))),
      button(t("读入方向…", "load a direction …"), () => chooser.click()),
      block.loaded ? button(t("改回两组", "back to the groups"), () => stage.restore({ ...inputs(), direction: "" })) : null));
  const paint = () => {
    const { clientWidth: w, clientHeight: h } = bars;
    if (!w) return;
    const scale = devicePixelRatio || 1;
    Object.assign(bars, { width: w * scale, height: h * scale });
    const g = bars.getContext("2d");
    g.scale(scale, scale);
    const { values } = block.r;
    const top = Math.max(1e-6, ...values.map(Math.abs));
    const step = w / values.length;
    values.forEach((v, i) => {
      g.fillStyle = colour(v < 0 ? "seal" : "celadon");
      const length = (Math.abs(v) / top) * (h / 2 - 2);
      g.fillRect(i * step + 0.15 * step, v < 0 ? h / 2 : h / 2 - length, Math.max(1, 0.7 * step), length);
    });
    g.fillStyle = colour("line");
    g.fillRect(0, h / 2 - 0.5, w, 1);
  };
  keepDrawn(node, bars, paint);
  paint();
}
