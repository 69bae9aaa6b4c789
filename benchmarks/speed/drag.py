"""From pointer to picture: how long after a move over a picture that follows it the new one is shown.

A block whose picture follows the pointer has an element with `data-follows` that counts shown pictures
in its `data-frames`. The pointer is moved over it a few pixels at a time, and the next move waits for the
picture: the request, the computation, the transport and the drawing are all in a time.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from benchmarks.speed import chromium
from benchmarks.speed.slider import LIMIT_MS, SETTLE_MS, quantiles
from demos import Demo
from demos._tab import Scene
from scripts.examples import path_of, scenes_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOVES = 30
FOLLOWING = {"faceplane"}  # kinds of blocks whose picture follows the pointer

PROBE = """(pad) => {
  const node = document.querySelector(pad);
  const probe = (window.dragProbe = { moved: null, times: [] });
  node.addEventListener("pointermove", (event) => { probe.moved ??= event.timeStamp; }, true);
  new MutationObserver(() => {
    if (probe.moved === null) return;
    const moved = probe.moved;
    probe.moved = null;
    requestAnimationFrame(() => setTimeout(() => probe.times.push(performance.now() - moved)));
  }).observe(node, { attributes: true, attributeFilter: ["data-frames"] });
}"""


def measure_drags(port: int, demo: Demo, report: Callable[[str], None]) -> dict[str, Any]:
    """`drag_p50_ms` and `drag_p95_ms` over all scenes with such a block; empty where there is none."""
    scenes = [scene for scene in scenes_of(demo) if follows(scene)]
    if not scenes:
        return {}
    executable = chromium.path()
    if executable is None:
        return {"drag_note": chromium.MISSING}
    times: list[float] = []
    with chromium.opened(executable) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for scene in scenes:
            report(f"{demo.slug}: dragging in {scene.name}")
            times += drag(page, f"http://127.0.0.1:{port}", scene)
    return {f"drag_{key}": value for key, value in quantiles(times).items()} | {
        "drag_moves": len(times)
    }


def follows(scene: Scene) -> bool:
    """Whether a block of the scene's stored first answer follows the pointer."""
    stored = path_of(scene, "en")
    if not stored.is_file():
        return False
    blocks = json.loads(stored.read_text(encoding="utf-8"))["blocks"]
    return any(block["kind"] in FOLLOWING for block in blocks)


def drag(page: "Page", address: str, scene: Scene, moves: int = MOVES) -> list[float]:
    """Open a scene and move the pointer over its picture `moves` times; milliseconds of each."""
    stage = f"#stage-{scene.tab.slug}-{scene.name} .stage"
    pad = f"{stage} [data-follows]"
    page.goto(f"{address}/?tab={scene.tab.slug}&scene={scene.name}&lang=en", timeout=60_000)
    page.wait_for_selector(pad, timeout=60_000)
    page.wait_for_timeout(SETTLE_MS)
    page.locator(pad).scroll_into_view_if_needed()
    page.evaluate(PROBE, pad)
    box = page.locator(pad).bounding_box()
    assert box is not None
    for number in range(moves):
        before = int(page.evaluate("window.dragProbe.times.length"))
        share = 0.1 + 0.8 * number / moves
        page.mouse.move(
            box["x"] + share * box["width"], box["y"] + (0.3 + 0.4 * share) * box["height"]
        )
        page.wait_for_function(
            "(count) => window.dragProbe.times.length > count", arg=before, timeout=LIMIT_MS
        )
    return [float(t) for t in page.evaluate("window.dragProbe.times")]
