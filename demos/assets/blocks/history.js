// The history of a training run that streams in: its pictures in order, a slider through them and a player.
//
// `node.state` holds `frames`, `at` (the one on show), `follow` (whether the newest is to be shown) and, while
// playing, `timer`; every move draws the node again by its `repaint` (see `keepDrawn`).
import { el, t } from "../gallery.js";
import { button } from "./plane.js";

const stepOf = (frame) => (frame.r ?? frame).step;
const last = (state) => state.frames.length - 1;

/** Put fresh frames among the old ones in the order of their steps; of two at the same step the fresh one stays. */
export function merge(frames, fresh) {
  for (const frame of fresh) {
    const found = frames.findIndex((old) => stepOf(old) >= stepOf(frame));
    if (found < 0) frames.push(frame);
    else frames.splice(found, stepOf(frames[found]) === stepOf(frame) ? 1 : 0, frame);
  }
}

/** Take over an answer with `run`, `frames`, `target` and `done`; says whether another run has begun with it. */
export function collect(node, block) {
  const { state } = node;
  const another = state.run !== block.run;
  if (another) {
    Object.assign(state, { run: block.run, frames: [], at: 0, follow: true });
    stop(node);
  }
  merge(state.frames, block.frames);
  if (block.done) {
    // A shorter run of the same settings ends earlier: later pictures belong to a future now undone.
    state.frames = state.frames.filter((frame) => stepOf(frame) <= block.target);
    state.follow = true;
  }
  state.at = state.follow ? last(state) : Math.min(state.at, last(state));
  return another;
}

export function seek(node, at) {
  node.state.at = at;
  node.state.follow = at === last(node.state);
  node.repaint();
}

/** Show frame after frame, from the start if the end is on show. */
function play(node, pause) {
  const { state } = node;
  if (state.at >= last(state)) state.at = -1;
  state.timer = setInterval(() => {
    if (!node.isConnected || state.at >= last(state)) stop(node);
    else seek(node, state.at + 1);
  }, pause);
}

function stop(node) {
  clearInterval(node.state.timer);
  node.state.timer = null;
  node.repaint();
}

/** Button, slider and the output for the step, to be put into `node.parts`; `pause` in ms between frames. */
export function player(node, pause = 220) {
  const slider = el("input", {
    type: "range", min: 0, max: 1, step: 1, "aria-label": t("训练进程", "progress of training"),
    oninput: () => seek(node, Number(slider.value)),
  });
  const toggle = () => (node.state.timer ? stop(node) : play(node, pause));
  return { play: button("▶", toggle, { "aria-label": t("播放训练过程", "play the training") }), slider, step: el("output") };
}

/** Let the parts made by `player` show where the history stands; `text` names the step for the eye. */
export function showPlace({ state, parts }, step, text) {
  parts.slider.max = last(state);
  parts.slider.value = state.at;
  parts.slider.setAttribute("aria-valuetext", String(step));
  parts.step.textContent = text;
  parts.play.textContent = state.timer ? "❚❚" : "▶";
}
