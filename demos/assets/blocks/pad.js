// A square that pointer and arrow keys move a point in, and one request at a time for where it is.

const clip = (v) => Math.max(0, Math.min(1, v));

/** Say where a handle with the role of a slider stands: one number, which the role demands, and the words. */
export function tellPlace(handle, value, low, high, words) {
  const facts = { valuemin: low, valuemax: high, valuenow: value, valuetext: words };
  for (const [name, fact] of Object.entries(facts)) handle.setAttribute(`aria-${name}`, fact);
}

/** Call `go(x, y)`, both from 0 to 1, while the pointer is over `pad` or arrow keys are pressed in it. */
export function follow(pad, state, go) {
  const point = (event) => {
    const box = pad.getBoundingClientRect();
    go(clip((event.clientX - box.left) / box.width), clip((event.clientY - box.top) / box.height));
  };
  pad.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.buttons) point(event); });
  pad.addEventListener("pointerdown", (event) => { pad.setPointerCapture(event.pointerId); point(event); });
  pad.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    go(clip(state.x + 0.05 * step[0]), clip(state.y + 0.05 * step[1]));
  });
}

/** `request` made one at a time: of the calls that come while it runs only the newest is kept. */
export function newestOnly(node, request) {
  let busy = false, wanted = null;
  const ask = async (...given) => {
    if (busy) { wanted = given; return; }
    busy = true;
    try {
      await request(...given);
    } finally {
      busy = false;
    }
    if (wanted && node.isConnected) { const next = wanted; wanted = null; ask(...next); }
  };
  return ask;
}
