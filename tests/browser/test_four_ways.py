"""Four ways in the browser: a dragged temperature, a photo, one scrubber for all, a film stopped, the table."""

import io
import re

import pytest
from playwright.sync_api import expect

from core.tasks import families
from tests.drawn_face import drawn_face

pytestmark = pytest.mark.browser

SLUG = "four-ways"
DIFFUSION = ["denoise"] if "diffusion" in families.known() else []
SCENES = ["sample", "photo", "morph", *DIFFUSION, "compare"]


@pytest.fixture
def scene(visit):
    """Open a scene and wait for its first answer."""

    def opened(name: str, **context):
        seen = visit(**context)
        return seen.open(f"tab={SLUG}&scene={name}&lang=en").ready(SLUG, name)

    return opened


def row(seen, name: str, label: str, column: int = 0) -> str:
    """A picture of a family's row as the page shows it."""
    canvas = seen.stage(SLUG, name).locator(f'.picture-rows canvas[aria-label^="{label},"]')
    return str(canvas.nth(column).evaluate("canvas => canvas.toDataURL()"))


def other_than(seen, name: str, label: str, before: str) -> None:
    """Wait until a family's row shows another first picture."""
    seen.page.wait_for_function(
        "([name, label, before]) => { const shown = document.querySelector("
        "`#stage-four-ways-${name} .picture-rows canvas[aria-label^='${label},']`); "
        "return shown && shown.toDataURL() !== before; }",
        arg=[name, label, before],
        timeout=60_000,
    )


def frames(seen, name: str) -> list[str]:
    found = seen.stage(SLUG, name).locator(".film-frame")
    return list(found.evaluate_all("all => all.map(canvas => canvas.toDataURL())"))


def test_a_dragged_temperature_repaints_what_is_quick(scene):
    seen = scene("sample")
    stage = seen.stage(SLUG, "sample")
    ready = stage.get_attribute("data-ready")
    before = row(seen, "sample", "O-GAN")
    slider = seen.page.locator(f"#in-{SLUG}-sample-temperature input[type=range]")
    slider.focus()
    slider.press("ArrowLeft")
    other_than(seen, "sample", "O-GAN", before)
    assert (
        stage.get_attribute("data-ready") == ready
    )  # no run, so the link is still that of the last one
    seen.primary(SLUG, "sample").click()
    seen.page.wait_for_url(re.compile("temperature=0.75"), timeout=60_000)
    assert seen.errors == [] and seen.outside == []


def test_every_family_has_a_row_of_pictures_or_a_reason(scene):
    seen = scene("sample")
    stage = seen.stage(SLUG, "sample")
    expect(stage.locator(".row-name")).to_have_count(4)
    shown = len(families.known())
    expect(stage.locator(".picture-rows canvas")).to_have_count(6 * shown)
    expect(stage.locator(".row-reason")).to_have_count(4 - shown)


def test_a_photo_goes_through_all_and_away(scene):
    seen = scene("photo")
    data = io.BytesIO()
    drawn_face(320).save(data, "PNG")
    stage = seen.stage(SLUG, "photo")
    before = row(seen, "photo", "Glow")
    stage.locator("input[type=file]").set_input_files(
        {"name": "face.png", "mimeType": "image/png", "buffer": data.getvalue()}
    )
    expect(stage.get_by_role("button", name="remove photo")).to_be_visible(timeout=60_000)
    other_than(seen, "photo", "Glow", before)
    expect(stage.locator(".picture-rows")).to_contain_text("largest error 0")  # Glow is exact
    assert "photo=" not in seen.page.url  # photos get into no address
    stage.get_by_role("button", name="remove photo").click()
    expect(stage.get_by_role("button", name="use a photo")).to_be_visible(timeout=60_000)
    assert seen.errors == []


def test_one_scrubber_moves_all_films(scene):
    seen = scene("morph")
    films = seen.stage(SLUG, "morph").locator(".block-film")
    slider = films.locator("input[type=range]")
    slider.fill("0")
    first = frames(seen, "morph")
    assert len(first) == len(families.known())
    slider.fill("12")
    assert all(a != b for a, b in zip(first, frames(seen, "morph"), strict=True))
    expect(films.locator("figcaption output")).to_have_text("t = 1.00")
    films.locator(".film-frame").first.press("Home")
    assert frames(seen, "morph") == first
    with seen.page.expect_download() as saved:
        films.get_by_role("button", name="save GIF").click()
    assert saved.value.suggested_filename.endswith(".gif")
    assert seen.errors == []


@pytest.mark.parametrize("name", DIFFUSION)
def test_a_stopped_film_stays_and_is_scrubbed(scene, name):
    seen = scene(name)
    stage = seen.stage(SLUG, name)
    slider = seen.page.locator(f"#in-{SLUG}-{name}-steps input[type=range]")
    slider.fill("100")
    before = int(stage.get_attribute("data-ready"))
    seen.primary(SLUG, name).click()
    seen.ready(SLUG, name, before + 2)
    seen.page.locator(f".controls:has(#notice-{SLUG}-{name}) button.stop").click()
    notice = seen.page.locator(f"#notice-{SLUG}-{name} .notice")
    expect(notice).to_contain_text("Stopped", timeout=30_000)
    expect(stage).to_contain_text(re.compile(r"\d+ of 100 steps"))
    last = frames(seen, name)
    stage.locator(".block-film input[type=range]").fill("0")
    assert frames(seen, name)[0] != last[0]
    assert seen.errors == []


def test_the_table_has_a_column_for_each_family(scene):
    seen = scene("compare")
    table = seen.stage(SLUG, "compare").locator("table")
    expect(table.locator("thead th")).to_have_count(5)
    expect(table.locator("tbody tr")).to_have_count(9)
    expect(table).to_contain_text("a GAN has no density")
    assert seen.errors == []


def test_nonsense_is_explained_and_nothing_is_lost(scene):
    seen = scene("photo")
    seen.page.get_by_role("button", name="failure: no such seed", exact=True).first.click()
    notice = seen.page.locator(f"#notice-{SLUG}-photo .notice")
    expect(notice).to_contain_text("between 0 and", timeout=30_000)
    expect(seen.stage(SLUG, "photo").locator(".picture-rows canvas").first).to_be_visible()


@pytest.mark.parametrize("name", SCENES)
def test_fits_a_phone(scene, name):
    seen = scene(name, viewport={"width": 390, "height": 844})
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 390
    assert seen.errors == []
