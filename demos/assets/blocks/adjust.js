// Change some inputs from inside a block: the quick lane answers, the widgets and the address follow.
// The scene needs `live={"adjust": ...}`: a function that takes all inputs and returns a payload.
import { setAddress } from "../gallery.js";

const lanes = new WeakMap(); // stage -> what is wanted next

/** Answer with `changes` to the shown inputs. While one answer is on its way only the newest wish is kept. */
export async function adjust(stage, changes) {
  const lane = lanes.get(stage) ?? { busy: false, wanted: null };
  lanes.set(stage, lane);
  lane.wanted = { ...(lane.wanted ?? lane.asked ?? stage.payload.inputs), ...changes };
  if (lane.busy) return;
  lane.busy = true;
  while (lane.wanted) {
    const inputs = (lane.asked = lane.wanted);
    lane.wanted = null;
    const started = performance.now();
    const answer = await stage.live("adjust", inputs).catch((error) => ({ error: String(error) }));
    if (answer.error) stage.notice(answer.error, "error");
    else {
      answer.roundTrip = performance.now() - started;
      await stage.show({ ...answer, inputs });
      follow(stage, inputs, Object.keys(changes));
    }
  }
  lane.asked = null;
  lane.busy = false;
}

/** Widgets show what the blocks changed, so that the button and the link start from there. */
function follow(stage, inputs, names) {
  for (const name of names) {
    const field = document.querySelector(`#in-${stage.slug}-${stage.scene}-${name} :is(textarea, input)`);
    if (!field || field.value === inputs[name]) continue;
    field.value = inputs[name];
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  setAddress(stage.link());
}
