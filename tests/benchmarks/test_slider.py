"""The probe of sliders: which keys it presses, and what it measures in a real browser."""

import gradio as gr
import pytest

from benchmarks.speed import chromium, slider, tab
from benchmarks.speed.server import serving
from demos import discover
from scripts.examples import scenes_of

DEMOS = {demo.slug: demo for demo in discover()[0]}


@pytest.mark.parametrize(
    ("low", "high", "step", "value"),
    [
        (0, 100, 0.5, 70),
        (1, 30, 1, 30),
        (1, 30, 1, 1),
        (1, 3, 1, 2),
        (-1, 3, 0.05, 2.9),
        (0, 1, 1, 0),
    ],
)
def test_keys_never_leave_the_slider(low, high, step, value):
    pressed = slider.keys(gr.Slider(low, high, value=value, step=step), 20)
    assert len(pressed) == 20
    at, places = value, [value]
    for key in pressed:
        at += step if key == "ArrowRight" else -step
        places.append(at)
    assert min(places) >= low - 1e-9 and max(places) <= high + 1e-9
    assert all(a != b for a, b in zip(places, places[1:], strict=False))


def test_live_sliders_are_those_that_answer_while_they_move():
    scene = scenes_of(DEMOS["smooth-functions"])[0]
    assert slider.live_sliders(scene) == ["exponent", "k"]


def test_quantiles():
    assert slider.quantiles([]) == {"p50_ms": None, "p95_ms": None}
    found = slider.quantiles([float(n) for n in range(1, 101)])
    assert found["p50_ms"] == 50.5 and found["p95_ms"] == 96


def test_without_a_browser_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(chromium, "path", lambda: None)
    found = slider.measure_sliders(1, DEMOS["smooth-functions"], lambda line: None)
    assert found["slider_p50_ms"] is None and "requirements-dev.txt" in found["slider_note"]


def test_a_browser_that_fails_costs_only_its_figures(monkeypatch):
    monkeypatch.setattr(chromium, "path", lambda: "/nowhere/chromium")
    found = tab.drawn(1, DEMOS["smooth-functions"], lambda line: None)
    assert found["slider_p50_ms"] is None and found["slider_note"]


def test_times_of_a_real_slider():
    executable = chromium.path()
    assert executable is not None, "no Chromium: run `python -m scripts.browser`"
    scene = scenes_of(DEMOS["smooth-functions"])[1]
    with (
        serving("app.py", "--offline", "--only", "smooth-functions") as server,
        chromium.opened(executable) as browser,
    ):
        page = browser.new_page()
        found = slider.move(page, f"http://127.0.0.1:{server.port}", scene, "exponent", moves=4)
    assert len(found.milliseconds) == 4 and found.refused == 0
    assert all(1 < value < slider.LIMIT_MS for value in found.milliseconds)
