"""From slider to picture: how long after a slider moves the stage has drawn the new answer.

In Chromium, for every slider that answers while it is dragged (`Scene.live_inputs`): the slider is
moved by the arrow keys, a step at a time, and the next step waits for the answer. A time runs from the
browser's own time stamp of the slider's event to the frame after the stage has counted up its
`data-ready`. It holds everything in between: the queue, the computation, the transport, the drawing.
"""

import statistics
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from benchmarks.speed import chromium
from benchmarks.speed.load import percentile
from demos import Demo
from demos._tab import Scene
from scripts.examples import scenes_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOVES = 20  # of every slider
LIMIT_MS = 20_000  # for one answer
SETTLE_MS = 300  # after the first picture, for what is still being fetched

PROBE = """([slider, stage]) => {
  const probe = (window.sliderProbe = { moved: null, times: [] });
  document.querySelector(slider).addEventListener("input", (event) => {
    probe.moved ??= event.timeStamp;
  }, true);
  new MutationObserver(() => {
    if (probe.moved === null) return;
    const moved = probe.moved;
    probe.moved = null;
    requestAnimationFrame(() => setTimeout(() => probe.times.push(performance.now() - moved)));
  }).observe(document.querySelector(stage), { attributes: true, attributeFilter: ["data-ready"] });
}"""
ANSWERED = """([count, notice]) =>
  window.sliderProbe.times.length > count || document.querySelector(notice) !== null"""


class Moved(NamedTuple):
    """What the moves of one slider gave."""

    milliseconds: list[float]
    refused: int  # moves that were answered by a sentence instead of a picture


def measure_sliders(port: int, demo: Demo, report: Callable[[str], None]) -> dict[str, Any]:
    """`slider_p50_ms` and `slider_p95_ms` over all moves of a tab, and those of each slider.

    None where the tab has no such slider; without a browser `slider_note` says what to install.
    """
    figures: dict[str, Any] = {"slider_p50_ms": None, "slider_p95_ms": None}
    wanted = [(scene, name) for scene in scenes_of(demo) for name in live_sliders(scene)]
    if not wanted:
        return figures
    executable = chromium.path()
    if executable is None:
        return figures | {"slider_note": chromium.MISSING}
    every: list[float] = []
    each: dict[str, Any] = {}
    with chromium.opened(executable) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for scene, name in wanted:
            report(f"{demo.slug}: slider {scene.name}.{name}")
            found = move(page, f"http://127.0.0.1:{port}", scene, name)
            every += found.milliseconds
            each[f"{scene.name}.{name}"] = {
                **quantiles(found.milliseconds),
                "moves": len(found.milliseconds),
                "refused": found.refused,
            }
    total = quantiles(every)
    return {f"slider_{key}": value for key, value in total.items()} | {"sliders": each}


def live_sliders(scene: Scene) -> list[str]:
    """Names of a scene's sliders that answer while they move."""
    return [
        name
        for name, component in scene.inputs.items()
        if isinstance(component, gr.Slider) and any(component is one for one in scene.live_inputs)
    ]


def move(page: "Page", address: str, scene: Scene, name: str, moves: int = MOVES) -> Moved:
    """Open a scene and move one of its sliders `moves` times."""
    slug, component = scene.tab.slug, scene.inputs[name]
    assert isinstance(component, gr.Slider)
    slider = f"#in-{slug}-{scene.name}-{name} input[type=range]"
    stage = f"#stage-{slug}-{scene.name} .stage"
    page.goto(f"{address}/?tab={slug}&scene={scene.name}&lang=en", timeout=60_000)
    page.wait_for_selector(f"{stage}[data-ready]", state="attached", timeout=60_000)
    page.wait_for_timeout(SETTLE_MS)
    # A slider under "more" is not even there until that is opened.
    if page.locator(slider).count() == 0 or not page.locator(slider).is_visible():
        controls = page.locator(f".controls:has(#notice-{slug}-{scene.name})")
        for more in controls.locator(".more > button").all():
            more.click()
        page.wait_for_selector(slider, timeout=LIMIT_MS)
    page.evaluate(PROBE, [slider, stage])
    page.focus(slider)
    refused = 0
    notice = f"#notice-{slug}-{scene.name} .notice.error"
    for key in keys(component, moves):
        before = int(page.evaluate("window.sliderProbe.times.length"))
        page.evaluate(
            "(notice) => { document.querySelector(notice)?.remove(); window.sliderProbe.moved = null; }",
            notice,
        )
        page.keyboard.press(key)
        page.wait_for_function(ANSWERED, arg=[before, notice], timeout=LIMIT_MS)
        refused += page.locator(notice).count() > 0
    return Moved([float(t) for t in page.evaluate("window.sliderProbe.times")], refused)


def keys(slider: gr.Slider, moves: int) -> list[str]:
    """Arrow keys that keep a slider within its ends: half the way in one direction, then back.

    A slider with few steps goes to and fro.
    """
    step = float(slider.step or 1)
    room = int((float(slider.maximum) - float(slider.value)) / step + 1e-9)
    back = int((float(slider.value) - float(slider.minimum)) / step + 1e-9)
    first, second = ("ArrowRight", "ArrowLeft") if room >= back else ("ArrowLeft", "ArrowRight")
    stretch = max(1, min(max(room, back), moves // 2))
    way = [first] * stretch + [second] * stretch
    return (way * (moves // len(way) + 1))[:moves]


def quantiles(milliseconds: list[float]) -> dict[str, float | None]:
    """`p50_ms` and `p95_ms`; None without any time."""
    if not milliseconds:
        return {"p50_ms": None, "p95_ms": None}
    return {
        "p50_ms": round(statistics.median(milliseconds), 1),
        "p95_ms": percentile([value / 1000 for value in milliseconds], 95),
    }
