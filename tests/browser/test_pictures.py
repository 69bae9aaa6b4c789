"""Pictures in the browser: a face is picked and walked to, films are scrubbed and saved, photos aligned."""

import base64
import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.drawn_face import drawn_face
from tests.test_pictures import file

pytestmark = pytest.mark.browser


SLUG = "gan-interpolation"


def opened(visit, scene, query=""):
    seen = visit()
    return seen.open(f"tab={SLUG}&scene={scene}&lang=en{query}").ready(SLUG, scene)


def shown(seen, scene, expression):
    """Something about the payload that a stage shows."""
    stage = f"document.querySelector('#stage-{SLUG}-{scene} .stage').gallery.payload"
    return seen.page.evaluate(f"(() => {{ const shown = {stage}; return {expression}; }})()")


def answered(seen, scene, action):
    """Do something and wait until the stage has drawn the next answer."""
    stage = seen.stage(SLUG, scene)
    before = int(stage.get_attribute("data-ready"))
    action()
    seen.ready(SLUG, scene, before + 1)


def photo(name="photo.png", image=None):
    picture = image or drawn_face(200)
    return {"name": name, "mimeType": "image/png", "buffer": file(picture)}


def test_a_face_of_the_grid_becomes_an_end_of_the_path(visit):
    seen = opened(visit, "faces")
    stage = seen.stage(SLUG, "faces")
    tile = stage.locator(".tile").nth(4)
    seed = int(tile.locator("span").inner_text())
    tile.click()
    expect(tile).to_have_class("tile chosen")
    stage.get_by_role("button", name="→ B").click()
    seen.page.wait_for_function(
        """seed => document.querySelector('#stage-gan-interpolation-path .stage')
             ?.gallery?.payload?.inputs?.seed_b === seed""",
        arg=seed,
    )
    assert seen.errors == []


def test_the_film_is_scrubbed_and_played_without_a_request(visit):
    seen = opened(visit, "path")
    stage, page = seen.stage(SLUG, "path"), seen.page
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    frame = stage.locator(".film-frame")
    box = frame.bounding_box()
    for share, expected in ((0.02, 1), (0.5, 30), (0.98, 58)):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 20)
        at = int(frame.get_attribute("aria-valuenow"))
        assert abs(at - expected) <= 2
    frame.focus()
    page.keyboard.press("Home")
    expect(frame).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("ArrowRight")
    expect(frame).to_have_attribute("aria-valuenow", "1")
    stage.get_by_role("button", name="play").click()
    page.wait_for_function(
        "() => Number(document.querySelector('.film-frame').getAttribute('aria-valuenow')) > 5"
    )
    assert [url for url in requests if not url.startswith(("data:", "blob:"))] == []
    assert seen.errors == []


def test_the_film_is_saved_as_gif_and_sheet(visit, tmp_path):
    seen = opened(visit, "path", "&steps=6")
    stage, page = seen.stage(SLUG, "path"), seen.page
    with page.expect_download() as caught:
        stage.get_by_role("button", name="save GIF").click()
    caught.value.save_as(tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 10  # there and back
        assert film.size == (256, 256) and film.info["loop"] == 0
        first = film.convert("RGB")
    sprite = shown(seen, "path", "shown.blocks[0].r.sprite").partition(",")[2]
    with Image.open(io.BytesIO(base64.b64decode(sprite))) as sheet:
        own = sheet.convert("RGB").crop((0, 0, 64, 64)).resize((256, 256))
    apart = [abs(a - b) for a, b in zip(first.tobytes(), own.tobytes(), strict=True)]
    assert sum(apart) / len(apart) < 12  # 256 colours for all frames
    with page.expect_download() as caught:
        stage.get_by_role("button", name="save sprite").click()
    caught.value.save_as(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (3 * 64, 2 * 64)


def test_a_photo_becomes_an_end_and_goes_again(visit):
    seen = opened(visit, "path")
    stage = seen.stage(SLUG, "path")
    slot = stage.locator(".photo-slot").first
    answered(seen, "path", lambda: slot.locator("input[type=file]").set_input_files(photo()))
    assert shown(seen, "path", "shown.inputs.photo_a.startsWith('data:image/png')")
    slot = stage.locator(".photo-slot").first
    expect(slot.locator("img")).to_have_count(2)
    slot.get_by_role("button", name="crop by hand").click()
    expect(slot.locator(".photo-crop .frame")).to_be_visible()
    before = shown(seen, "path", "shown.inputs.photo_a")
    slot.locator(".photo-crop .frame").press("ArrowRight")
    answered(seen, "path", lambda: slot.get_by_role("button", name="use this square").click())
    assert shown(seen, "path", "shown.inputs.photo_a") != before
    slot = stage.locator(".photo-slot").first
    answered(seen, "path", lambda: slot.get_by_role("button", name="remove photo").click())
    assert shown(seen, "path", "shown.inputs.photo_a") == ""
    assert seen.errors == []


def test_bad_photos_are_refused_beside_the_slot(visit):
    seen = opened(visit, "encode")
    slot = seen.stage(SLUG, "encode").locator(".photo-slot")
    chooser = slot.locator("input[type=file]")
    message = slot.locator(".photo-message")
    chooser.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"not a picture"})
    expect(message).to_contain_text("no picture")
    chooser.set_input_files(photo("cut.png"))  # a good one first, then one that breaks off
    whole = file(drawn_face(200))
    chooser.set_input_files(
        {"name": "b.png", "mimeType": "image/png", "buffer": whole[: len(whole) // 2]}
    )
    expect(slot.locator(".photo-message.bad")).to_contain_text("damaged", timeout=20_000)
    chooser.set_input_files(photo("sea.png", Image.new("RGB", (120, 90), "navy")))
    expect(slot.locator(".photo-message.bad")).to_contain_text("No face", timeout=20_000)
    expect(slot.locator(".photo-crop .frame")).to_be_visible()
    assert seen.errors == []


def test_the_plane_follows_the_pointer(visit):
    seen = opened(visit, "plane")
    stage, page = seen.stage(SLUG, "plane"), seen.page
    pad = stage.locator(".faceplane-map")
    box = pad.bounding_box()
    for step in range(30):
        page.mouse.move(box["x"] + 20 + 8 * step, box["y"] + 40 + 3 * step)
    page.wait_for_function(
        "() => Number(document.querySelector('.faceplane-map').dataset.frames) >= 2"
    )
    value = pad.get_attribute("aria-valuetext")
    assert re.fullmatch(r"(place|位置) 0\.\d\d, 0\.\d\d.(\s)?(realism|真实度) −?\d\.\d{3}", value)
    assert 0 <= float(pad.get_attribute("aria-valuenow")) <= 1
    pad.focus()
    page.keyboard.press("ArrowLeft")
    expect(pad).not_to_have_attribute("aria-valuetext", value)
    assert seen.errors == []


def test_groups_are_clicked_together_and_directions_survive_a_file(visit, tmp_path):
    seen = opened(visit, "arithmetic")
    stage, page = seen.stage(SLUG, "arithmetic"), seen.page
    tiles = stage.locator(".block-groups .tile")
    before = shown(seen, "arithmetic", "shown.inputs.plus")
    free = next(i for i in range(36) if tiles.nth(i).get_attribute("class").strip() == "tile")
    tiles.nth(free).click()
    expect(tiles.nth(free)).to_have_class("tile plus")
    answered(
        seen, "arithmetic", lambda: stage.get_by_role("button", name="use these groups").click()
    )
    assert shown(seen, "arithmetic", "shown.inputs.plus") != before
    with page.expect_download() as caught:
        stage.get_by_role("button", name="save safetensors").click()
    path = tmp_path / "direction.safetensors"
    caught.value.save_as(path)
    chooser = stage.locator(".block-direction input[type=file]")
    answered(seen, "arithmetic", lambda: chooser.set_input_files(path))
    assert shown(seen, "arithmetic", "shown.inputs.direction.length") > 100
    chooser = stage.locator(".block-direction input[type=file]")
    chooser.set_input_files(
        {"name": "x.safetensors", "mimeType": "application/octet-stream", "buffer": b"nonsense"}
    )
    expect(page.locator(f"#notice-{SLUG}-arithmetic .notice.error")).to_contain_text("no file")
    assert seen.errors == []
