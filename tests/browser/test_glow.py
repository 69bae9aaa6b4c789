"""Glow in the browser: a dragged temperature, faces sent on, photos in, groups clicked, a film stopped."""

import io
import re

import pytest
from playwright.sync_api import expect

from tests.drawn_face import drawn_face

pytestmark = pytest.mark.browser

SLUG = "glow-sampling"


@pytest.fixture
def scene(visit):
    """Open a scene and wait for its first answer."""

    def opened(name: str, **context):
        seen = visit(**context)
        return seen.open(f"tab={SLUG}&scene={name}&lang=en").ready(SLUG, name)

    return opened


def pixels(seen, name: str, selector: str = ".tile canvas") -> str:
    """The first picture of a scene as the page shows it."""
    return str(
        seen.stage(SLUG, name).locator(selector).first.evaluate("canvas => canvas.toDataURL()")
    )


def count(seen, name: str) -> int:
    return int(seen.stage(SLUG, name).get_attribute("data-ready"))


def test_a_dragged_temperature_repaints_the_grid(scene):
    seen = scene("sample")
    expect(seen.stage(SLUG, "sample").locator(".tile")).to_have_count(16)
    before = pixels(seen, "sample")
    slider = seen.page.locator(f"#in-{SLUG}-sample-temperature input[type=range]")
    slider.focus()
    slider.press("ArrowLeft")
    seen.ready(SLUG, "sample", 2)
    assert pixels(seen, "sample") != before
    expect(seen.page).to_have_url(re.compile("temperature=0.65"))
    assert seen.errors == [] and seen.outside == []


def test_a_face_is_taken_to_another_scene(scene):
    seen = scene("sample")
    stage = seen.stage(SLUG, "sample")
    stage.locator(".tile").nth(3).click()
    stage.get_by_role("button", name="encode", exact=True).click()
    box = seen.page.locator(f"#in-{SLUG}-encode-source textarea, #in-{SLUG}-encode-source input")
    expect(box).to_have_value(re.compile(r"^\d+#3@0\.7$"), timeout=30_000)
    seen.page.wait_for_url(re.compile(r"source=\d+%233%400\.7"), timeout=30_000)
    assert seen.errors == []


def test_a_photo_is_aligned_encoded_and_taken_away(scene):
    seen = scene("encode")
    data = io.BytesIO()
    drawn_face(320).save(data, "PNG")
    stage = seen.stage(SLUG, "encode")
    stage.locator("input[type=file]").set_input_files(
        {"name": "face.png", "mimeType": "image/png", "buffer": data.getvalue()}
    )
    expect(stage.get_by_role("button", name="remove photo")).to_be_visible(timeout=30_000)
    expect(stage).to_contain_text("colours changed: 0")
    stage.get_by_role("button", name="remove photo").click()
    expect(stage.get_by_role("button", name="use a photo")).to_be_visible(timeout=30_000)
    assert seen.errors == []


def test_a_file_that_is_no_picture_is_refused_in_a_sentence(scene):
    seen = scene("encode")
    stage = seen.stage(SLUG, "encode")
    stage.locator("input[type=file]").set_input_files(
        {"name": "face.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(stage.locator(".photo-message")).to_contain_text("JPEG", timeout=20_000)


def test_groups_are_clicked_together(scene):
    seen = scene("edit")
    seen.page.get_by_role("button", name="groups of your own", exact=True).click()
    stage = seen.stage(SLUG, "edit")
    expect(stage.locator(".block-groups .tile")).to_have_count(24, timeout=30_000)
    chosen = stage.locator(".block-groups .tile.plus")
    expect(chosen).to_have_count(4)
    stage.locator(".block-groups .tile").nth(11).click()
    expect(chosen).to_have_count(5)
    stage.get_by_role("button", name="use these groups").click()
    seen.page.wait_for_url(re.compile(r"group=.*12"), timeout=30_000)
    assert seen.errors == []


def test_a_film_streams_and_stops(scene):
    seen = scene("film")
    before = count(seen, "film")
    seen.primary(SLUG, "film").click()
    seen.ready(SLUG, "film", before + 2)
    expect(seen.stage(SLUG, "film")).to_contain_text("Noise added level by level", timeout=60_000)
    assert seen.errors == []


def test_the_plane_trains_both_and_scrubs_back(scene):
    seen = scene("plane")
    stage = seen.stage(SLUG, "plane")
    expect(stage.locator(".block-duel output").first).to_contain_text("nats")
    after = stage.locator(".block-duel output").first.inner_text()
    slider = stage.locator(".block-duel input[type=range]")
    slider.fill("0")
    expect(stage.locator(".block-duel")).to_contain_text("step 0 /")
    assert stage.locator(".block-duel output").first.inner_text() != after
    assert seen.errors == []


@pytest.mark.parametrize(
    "name",
    ["sample", "strip", "levels", "encode", "judge", "morph", "exchange", "edit", "film", "plane"],
)
def test_fits_a_phone(scene, name):
    seen = scene(name, viewport={"width": 390, "height": 844})
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
    assert seen.errors == []
