// A file of lines, chosen or dropped: read in the browser and put into the scene's text box, as if typed.
import { el, t } from "../gallery.js";

/** UTF-8, and where it is not, the encoding of older Chinese files. */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

async function read(stage, file, most) {
  if (!file) return;
  if (file.size > most) {
    const size = Math.round(file.size / 1000);
    return stage.notice(t(`文件有 ${size} kB，最多 ${most / 1000} kB。`, `The file has ${size} kB; at most ${most / 1000} kB are read.`), "error");
  }
  const field = document.querySelector(`#in-${stage.slug}-${stage.scene}-lines textarea`);
  field.value = decoded(await file.arrayBuffer());
  field.dispatchEvent(new Event("input", { bubbles: true }));
  // The box hands its text over after the event; the press must come behind it.
  setTimeout(() => stage.root.closest(".scene").querySelector("button.primary").click(), 60);
}

/** Lets files of at most `most` bytes be dropped on `node`; the buttons to choose one. */
export function fileButtons(node, stage, most) {
  const over = (event) => {
    event.preventDefault();
    node.classList.toggle("dropping", event.type === "dragover");
    if (event.type === "drop") read(stage, event.dataTransfer.files[0], most);
  };
  node.ondragover = node.ondragleave = node.ondrop = over;
  const pick = el("input", { type: "file", accept: ".txt,.csv,.json,.jsonl,text/plain", class: "visually-hidden", tabindex: -1, onchange: () => {
    read(stage, pick.files[0], most);
    pick.value = "";
  } });
  return [el("button", { type: "button", class: "quiet-button", onclick: () => pick.click() }, t("读入文件…", "read a file…")), pick];
}
