// Dragging inside a block: the quick lane answers while the hand moves, the widgets follow at the end.
// The scene needs `live={"adjust": ...}`: a function that takes all inputs and returns a payload.

const lanes = new WeakMap(); // stage -> what is asked for

/** Answer with `changes` to the inputs. While one answer is on its way only the newest wish is kept. */
export async function steer(stage, changes) {
  const lane = lanes.get(stage) ?? { busy: false, wanted: null, held: null };
  lanes.set(stage, lane);
  lane.held = lane.wanted = { ...(lane.held ?? stage.payload.inputs), ...changes };
  if (lane.busy) return;
  lane.busy = true;
  while (lane.wanted) {
    const inputs = lane.wanted;
    lane.wanted = null;
    const answer = await stage.live("adjust", inputs).catch((error) => ({ error: String(error) }));
    if (answer.error) stage.notice(answer.error, "error");
    else await stage.show({ ...answer, inputs });
  }
  lane.busy = false;
  if (lane.ending) settle(stage);
}

/** The hand lets go: widgets, address and history take the values over. */
export function settle(stage, changes = {}) {
  const lane = lanes.get(stage) ?? { busy: false, held: null };
  lanes.set(stage, lane);
  lane.ending = lane.busy;
  if (lane.busy) {
    lane.held = { ...lane.held, ...changes };
    return;
  }
  const inputs = { ...(lane.held ?? stage.payload.inputs), ...changes };
  lane.held = null;
  stage.ctx.trigger("restore", { inputs });
}

/** Where a pointer is, in the units of an SVG's view box. */
export function place(svg, event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [point.x, point.y];
}

/** An SVG element with attributes and children. */
export function shape(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
