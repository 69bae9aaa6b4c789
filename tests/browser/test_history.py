"""The history of a training run in the browser: scrubbed, played to its end and stopped on the way."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

RUNS = [
    ("flow-2d", "flow", "density"),
    ("gan-interpolation", "toy", "toygan"),
    ("glow-sampling", "plane", "duel"),
]


@pytest.fixture(params=RUNS, ids=lambda run: run[2])
def run(request, visit):
    """A page with a finished run, the node of its history, its slider and its player's button."""
    slug, scene, kind = request.param
    seen = visit().open(f"tab={slug}&scene={scene}&lang=en").ready(slug, scene)
    node = seen.stage(slug, scene).locator(f".block-{kind}")
    slider = node.get_by_role("slider", name="progress of training")
    return seen, node, slider, node.get_by_role("button", name="play the training")


def test_a_run_opens_at_its_end_and_is_scrubbed(run):
    seen, node, slider, _ = run
    end = slider.get_attribute("max")
    assert int(end) > 3
    expect(slider).to_have_value(end)
    picture = "node => node.querySelector('canvas').toDataURL()"
    last, step = node.evaluate(picture), slider.get_attribute("aria-valuetext")
    slider.fill("1")
    assert int(slider.get_attribute("aria-valuetext")) < int(step)
    assert node.evaluate(picture) != last
    slider.fill(end)
    assert node.evaluate(picture) == last
    assert seen.errors == []


def test_a_run_is_played_stopped_and_played_to_its_end(run):
    seen, _, slider, play = run
    clock = seen.page.clock
    clock.install(time=0)
    clock.pause_at(1000)  # from here time runs where the test says so
    play.click()  # the end is on show, so it starts from the beginning
    clock.run_for(600)
    expect(play).to_have_text("❚❚")
    expect(slider).to_have_value("1")
    play.click()
    expect(play).to_have_text("▶")
    clock.run_for(600)
    expect(slider).to_have_value("1")
    play.click()
    clock.run_for(20_000)
    expect(slider).to_have_value(slider.get_attribute("max"))
    expect(play).to_have_text("▶")
    assert seen.errors == []
