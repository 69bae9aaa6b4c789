"""The lattice taken in hand: pins, edited and forbidden steps, paths taken apart, the pass played."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SLUG, SCENE = "segmentation", "trellis"


@pytest.fixture
def trellis(visit):
    seen = visit()
    seen.open(f"tab={SLUG}&scene={SCENE}&lang=en").ready(SLUG, SCENE)
    return seen


def field(seen, name):
    return seen.page.locator(f"#in-{SLUG}-{SCENE}-{name}").locator("textarea, input").first


def shown(seen, expression):
    """Something about the payload that the stage shows."""
    stage = f"document.querySelector('#stage-{SLUG}-{SCENE} .stage').gallery.payload"
    return seen.page.evaluate(f"(() => {{ const shown = {stage}; return {expression}; }})()")


def test_a_click_pins_a_tag_and_another_frees_it(trellis):
    stage = trellis.stage(SLUG, SCENE)
    stage.locator(".target[data-t='0'][data-j='3']").click()
    expect(field(trellis, "pins")).to_have_value("0=S")
    assert shown(trellis, "shown.blocks[0].paths.every((path) => path.tags[0] === 3)")
    assert "pins=0%3DS" in trellis.page.url
    stage.locator(".target[data-t='0'][data-j='3']").click()
    expect(field(trellis, "pins")).to_have_value("")
    assert trellis.errors == []


def test_steps_are_dragged_forbidden_and_restored(trellis):
    stage, page = trellis.stage(SLUG, SCENE), trellis.page
    cell = stage.locator(".matrix .cell[data-i='3'][data-j='0']")  # S to B
    cell.scroll_into_view_if_needed()
    place = cell.bounding_box()
    page.mouse.move(place["x"] + 20, place["y"] + 10)
    page.mouse.down()
    for step in range(8):
        page.mouse.move(place["x"] + 20, place["y"] + 10 + 8 * step)
    page.mouse.up()
    expect(cell).not_to_have_text(".70")
    expect(field(trellis, "steps")).not_to_have_value("")
    row = shown(trellis, "shown.blocks[1].cells[3].reduce((a, b) => a + (b ?? 0), 0)")
    assert row == pytest.approx(1, abs=0.01)  # the other steps share the rest
    cell.dblclick()
    expect(cell).to_have_text("×")
    expect(field(trellis, "steps")).to_have_value("S>B=x")
    stage.get_by_role("button", name="undo all").click()
    expect(cell).to_have_text(".70")
    expect(field(trellis, "steps")).to_have_value("")
    assert trellis.errors == []


def test_a_path_is_taken_apart(trellis):
    stage = trellis.stage(SLUG, SCENE)
    stage.locator(".path-row").nth(1).click()
    rows = stage.locator(".terms tr[data-t]")
    expect(rows).to_have_count(shown(trellis, "shown.blocks[0].h.length"))
    number = lambda text: float(text.replace("−", "-"))  # noqa: E731
    sums = [number(text) for text in rows.locator("td:nth-child(6)").all_inner_texts()]
    path = shown(trellis, "shown.blocks[0].paths[1]")
    assert sums[-1] + path["end"] == pytest.approx(path["score"], abs=0.02)
    assert stage.locator(".terms tr.differs").count() >= 1


def test_the_forward_pass_plays_to_the_end(trellis):
    stage = trellis.stage(SLUG, SCENE)
    stage.get_by_role("button", name="▶ play").click()
    expect(stage.locator(".pointer").first).to_be_attached()
    expect(stage.get_by_role("button", name="▶ play")).to_be_visible(timeout=10_000)
    expect(stage.locator(".pointer")).to_have_count(0)
    assert trellis.errors == []
