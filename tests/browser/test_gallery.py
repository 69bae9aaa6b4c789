"""The page in a real browser: every scene, both languages, wide and narrow, light and dark."""

import re
import time
from urllib.parse import parse_qs, urlencode, urlparse

import pytest
from playwright.sync_api import expect

from demos import discover
from demos._words import resolve
from scripts.examples import scenes_of

pytestmark = pytest.mark.browser

DEMOS = discover()[0]
SCENES = [scene for demo in DEMOS for scene in scenes_of(demo)]
# What a screen reader could not use: a slider without its number, a value announced at every frame,
# a tile that looks pressed and does not say so.
UNHEARD = (
    "[role=slider]:not([aria-valuenow][aria-valuemin][aria-valuemax]), output:not([aria-live=off]), "
    "button.tile.chosen:not([aria-pressed=true])"
)


def name(scene):
    return f"{scene.tab.slug}/{scene.name}"


def _views():
    """Two views a scene, which show it in both languages, widths and schemes; scenes take turns."""
    pairs = (
        [("zh", 1280, "light"), ("en", 390, "dark")],
        [("en", 1280, "dark"), ("zh", 390, "light")],
    )
    for i, scene in enumerate(SCENES):
        for view in pairs[i % 2]:
            yield pytest.param(scene, *view, id="-".join([name(scene), *map(str, view)]))


@pytest.mark.parametrize(("scene", "lang", "width", "scheme"), list(_views()))
def test_scene_opens_with_a_result(visit, scene, lang, width, scheme):
    seen = visit(viewport={"width": width, "height": 844}, color_scheme=scheme)
    slug = scene.tab.slug
    seen.open(f"tab={slug}&scene={scene.name}&lang={lang}").ready(slug, scene.name)
    heading = resolve(scene.tab.demo.heading, lang)
    expect(seen.page.locator("h2", has_text=heading).first).to_be_visible()
    blocks = seen.stage(slug, scene.name).locator(".blocks > *")
    expect(blocks.first).to_be_visible()
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
    assert not re.search("[\ue000\ue001\ue002]", seen.page.inner_text("body"))
    unheard = seen.stage(slug, scene.name).locator(UNHEARD)
    assert unheard.evaluate_all("nodes => nodes.map(node => node.outerHTML.slice(0, 99))") == []
    assert seen.errors == []
    assert seen.outside == []


@pytest.mark.parametrize("scene", SCENES, ids=name)
def test_primary_button_answers(visit, scene):
    seen = visit()
    slug = scene.tab.slug
    seen.open(f"tab={slug}&scene={scene.name}&lang=zh").ready(slug, scene.name)
    seen.primary(slug, scene.name).click()
    seen.ready(slug, scene.name, 2)
    run = seen.stage(slug, scene.name).locator(".runline")
    expect(run).to_contain_text("计算")
    assert seen.errors == []


@pytest.mark.parametrize("scene", SCENES, ids=name)
def test_link_restores_the_scene(visit, scene):
    seen = visit()
    slug = scene.tab.slug
    example = next(
        e for e in scene.examples if e.inputs and "failure" not in resolve(e.title, "en")
    )
    query = urlencode(example.inputs)
    seen.open(f"tab={slug}&scene={scene.name}&lang=en&{query}").ready(slug, scene.name)
    address = parse_qs(urlparse(seen.page.url).query, keep_blank_values=True)
    for key, value in example.inputs.items():
        shown = address.get(key, [str(scene.defaults[key])])[0]
        try:
            assert float(shown) == float(value)
        except (TypeError, ValueError):
            assert shown.lower() == str(value).lower()
    assert address["lang"] == ["en"] and address["tab"] == [slug]


def test_a_scene_that_begins_late_stays_open_and_gets_into_the_address(visit):
    seen = visit()
    seen.open("tab=poem-vae&scene=compose&lang=en").ready("poem-vae", "compose")

    def late(route):
        time.sleep(1)
        route.continue_()

    seen.page.route("**/gallery/scene/poem-vae/walk*", late)
    seen.page.locator("#scene-poem-vae-walk-button").click()
    seen.ready("poem-vae", "walk")
    seen.page.wait_for_url(re.compile("scene=walk"))
    expect(seen.stage("poem-vae", "walk").locator(".blocks")).to_be_visible()
    assert seen.errors == []


def test_language_switch_keeps_what_was_typed(visit):
    seen = visit()
    seen.open("tab=poem-vae&scene=read&lang=zh").ready("poem-vae", "read")
    box = seen.page.locator("#in-poem-vae-read-text textarea")
    box.fill("一片两片三四片")
    seen.page.locator('[data-gallery="lang"]').click()
    seen.page.wait_for_url(re.compile("lang=en"))
    expect(seen.page.locator("#in-poem-vae-read-text textarea")).to_have_value(
        "一片两片三四片", timeout=30_000
    )
    expect(seen.page.locator("#notice-poem-vae-read .notice")).to_contain_text("7 characters")


def test_bad_input_keeps_result_and_text(visit):
    seen = visit()
    seen.open("tab=poem-vae&scene=read&lang=zh").ready("poem-vae", "read")
    before = seen.stage("poem-vae", "read").locator(".blocks").inner_text()
    box = seen.page.locator("#in-poem-vae-read-text textarea")
    attack = "<img src=x onerror=alert(1)>"
    box.fill(attack)
    seen.primary("poem-vae", "read").click()
    notice = seen.page.locator("#notice-poem-vae-read .notice")
    expect(notice).to_contain_text("只认得汉字")
    assert box.input_value() == attack
    assert seen.stage("poem-vae", "read").locator(".blocks").inner_text() == before
    assert seen.page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize(
    ("lang", "typed", "sentence"),
    [
        ("zh", "", "“随机种子”是空的"),
        ("en", "-1", "Seed is -1; it must be between 0 and"),
        ("en", "9999999999", "Seed is 9999999999"),
    ],
)
def test_a_seed_that_is_none_keeps_the_result(visit, lang, typed, sentence):
    seen = visit()
    seen.open(f"tab=poem-vae&scene=compose&lang={lang}").ready("poem-vae", "compose")
    stage = seen.stage("poem-vae", "compose")
    before = stage.locator(".blocks").inner_text()
    seen.page.locator("#in-poem-vae-compose-seed input").fill(typed)
    seen.primary("poem-vae", "compose").click()
    expect(seen.page.locator("#notice-poem-vae-compose .notice")).to_contain_text(sentence)
    expect(stage).not_to_have_class(re.compile("stale"))
    assert stage.locator(".blocks").inner_text() == before
    assert seen.page.locator(".toast-body").count() == 0
    assert seen.errors == []


def test_search_finds_a_tab(visit):
    seen = visit()
    seen.open("lang=en").ready("poem-vae", "compose")
    seen.page.keyboard.press("Control+k")
    seen.page.locator(".finder-panel input").fill("poetry")
    expect(seen.page.locator(".finder-panel li")).to_have_count(1)
    seen.page.keyboard.press("Enter")
    expect(seen.page.locator(".finder-panel")).to_be_hidden()


def test_click_on_a_character_shows_its_rivals(visit):
    seen = visit()
    seen.open("tab=poem-vae&lang=zh").ready("poem-vae", "compose")
    seen.page.locator(".verse .char").first.click()
    expect(seen.page.locator(".rivals tr")).to_have_count(10)
    seen.page.keyboard.press("Escape")
    expect(seen.page.locator(".rivals")).to_have_count(0)


def test_another_seed_runs_and_reuse_brings_it_back(visit):
    seen = visit()
    seen.open("tab=poem-vae&lang=zh").ready("poem-vae", "compose")
    number = seen.page.locator("#in-poem-vae-compose-seed input")
    seen.page.get_by_role("button", name="换一个").first.click()
    seen.ready("poem-vae", "compose", 2)
    drawn = number.input_value()
    assert drawn != "20180324"
    number.fill("5")
    seen.page.get_by_role("button", name="沿用").first.click()
    expect(number).to_have_value(drawn)


def test_palette_follows_the_pointer(visit):
    seen = visit()
    seen.open("tab=poem-vae&scene=palette&lang=zh").ready("poem-vae", "palette")
    pad = seen.page.locator(".palette-pad")
    verse = seen.page.locator(".palette-verse")
    box = pad.bounding_box()
    corners = [("白日依山尽黄河入海流", 12), ("明月松间照清泉石上流", box["width"] - 12)]
    for typed, x in corners:
        pad.hover(position={"x": x, "y": 12})
        # A model decodes its own reading of a verse, so a character here and there may differ.
        seen.page.wait_for_function(
            """([box, typed]) => [...box.textContent].filter((c, i) => c === typed[i]).length >= 6""",
            arg=[verse.element_handle(), typed],
            timeout=10_000,
        )


def test_embedded_page_shows_only_the_tab(visit, address):
    seen = visit()
    seen.page.goto(f"{address}/embed/poem-vae?lang=zh")
    seen.ready("poem-vae", "compose")
    expect(seen.page.locator(".masthead")).to_be_hidden()
    expect(seen.page.locator(".verse").first).to_be_visible()


def test_theme_button_reaches_plots(visit):
    seen = visit()
    seen.open("tab=poem-vae&scene=read&lang=zh").ready("poem-vae", "read")
    plot = seen.page.locator("#stage-poem-vae-read .chart .main-svg").first
    expect(plot).to_be_visible(timeout=20_000)
    expect(seen.page.locator("#stage-poem-vae-read .chart")).to_have_attribute(
        "aria-label", re.compile("后验")
    )
    before = seen.page.evaluate("getComputedStyle(document.querySelector('.chart text')).fill")
    seen.page.locator('[data-gallery="theme"]').click()
    seen.page.wait_for_function(
        "(old) => getComputedStyle(document.querySelector('.chart text')).fill !== old", arg=before
    )
    assert "sendChartToCloud" not in seen.page.content()
