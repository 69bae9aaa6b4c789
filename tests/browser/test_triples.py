"""Triples in the browser: one selection everywhere, sliders without the server, files in and out."""

import json
import xml.etree.ElementTree as ElementTree

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SLUG = "triples"


@pytest.fixture
def extracted(visit):
    seen = visit()
    seen.open(f"tab={SLUG}&scene=extract&lang=en").ready(SLUG, "extract")
    return seen


def rows(seen):
    return seen.stage(SLUG, "extract").locator("tr[data-id]")


def test_a_row_a_name_and_the_ground_select_everywhere(extracted):
    stage = extracted.stage(SLUG, "extract")
    rows(extracted).first.click()
    expect(stage.locator("tr[data-id].on")).to_have_count(1)
    expect(stage.locator(".graph .on").first).to_be_attached()
    rows(extracted).first.click()
    expect(stage.locator("tr[data-id].on")).to_have_count(0)
    assert extracted.errors == []


def test_a_dragged_name_stays_where_it_was_put(extracted):
    page, stage = extracted.page, extracted.stage(SLUG, "extract")
    name = stage.locator(".graph-node").first
    name.scroll_into_view_if_needed()
    before = name.bounding_box()
    x, y = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 7):
        page.mouse.move(x + 8 * step, y + 5 * step)
    page.mouse.up()
    after = stage.locator(".graph-node").first.bounding_box()
    assert after["x"] - before["x"] > 20 and after["y"] - before["y"] > 10
    assert extracted.errors == []


def test_a_threshold_acts_without_the_server(extracted):
    asked = []
    extracted.page.on("request", lambda request: asked.append(request.url))
    number = extracted.page.locator(f"#in-{SLUG}-extract-triple input[type=number]")
    count = rows(extracted).count()
    number.fill("1")
    expect(rows(extracted)).to_have_count(0)
    expect(extracted.stage(SLUG, "extract")).to_contain_text("nearest misses")
    number.fill("0")
    expect(rows(extracted)).not_to_have_count(0)
    assert rows(extracted).count() >= count
    assert not [url for url in asked if "queue" in url or "predict" in url or "live" in url]


def test_exports_are_files_in_their_formats(extracted):
    stage, page = extracted.stage(SLUG, "extract"), extracted.page
    count = rows(extracted).count()
    for button, check in (
        ("JSONL", lambda text: len(json.loads(text)["spo_list"]) == count),
        ("CSV", lambda text: len(text.strip().splitlines()) == count + 1),
        ("Turtle", lambda text: "@prefix" in text),
        ("GraphML", lambda text: ElementTree.fromstring(text).tag.endswith("graphml")),
    ):
        with page.expect_download() as caught:
            stage.get_by_role("button", name=button, exact=True).click()
        assert check(caught.value.path().read_text(encoding="utf-8")), button
    with page.context.expect_page() as opened, page.expect_download():
        stage.get_by_role("button", name="HTML", exact=True).click()
    assert opened.value.evaluate("document.querySelectorAll('script[src], link[href]').length") == 0
    assert extracted.outside == []


def test_a_file_of_lines_is_read_and_a_large_one_refused(visit, tmp_path):
    seen = visit()
    seen.open(f"tab={SLUG}&scene=batch&lang=en").ready(SLUG, "batch")
    box = seen.page.locator(f"#in-{SLUG}-batch-lines textarea")
    choose = seen.stage(SLUG, "batch").locator("input[type=file]")
    large = tmp_path / "large.txt"
    large.write_text("鲁迅写了《呐喊》。\n" * 30_000, encoding="utf-8")
    before = box.input_value()
    choose.set_input_files(large)
    expect(seen.page.locator(f"#notice-{SLUG}-batch .notice")).to_contain_text("at most 400 kB")
    assert box.input_value() == before
    older = tmp_path / "older.txt"
    older.write_bytes("《呐喊》的作者是鲁迅。\n《茶馆》是老舍写的话剧。\n".encode("gb18030"))
    choose.set_input_files(older)
    expect(box).to_have_value("《呐喊》的作者是鲁迅。\n《茶馆》是老舍写的话剧。\n")
    expect(seen.stage(SLUG, "batch").locator(".tripleset-row")).to_have_count(2, timeout=30_000)
    assert seen.errors == []


def test_stop_ends_a_long_batch(visit):
    seen = visit()
    seen.open(f"tab={SLUG}&scene=batch&lang=en").ready(SLUG, "batch")
    line = "《红楼梦》的作者是曹雪芹，《西游记》的作者是吴承恩，姚明出生于上海。"
    seen.page.locator(f"#in-{SLUG}-batch-lines textarea").fill("\n".join([line] * 1000))
    seen.primary(SLUG, "batch").click()
    stop = seen.page.locator(f".controls:has(#notice-{SLUG}-batch) button.stop")
    seen.ready(SLUG, "batch", 2)  # the first part of the answer
    stop.click()
    expect(seen.page.locator(f"#notice-{SLUG}-batch .notice")).to_contain_text("topped")
    done = seen.stage(SLUG, "batch").locator(".figures b").first.inner_text()
    assert 0 < int(done.split("/")[0].replace(",", "")) < 1000
    assert seen.errors == []
