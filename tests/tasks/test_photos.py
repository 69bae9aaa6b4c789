"""A photo becomes a square picture: the face aligned, a square by hand, or a sentence that says why not."""

import math

import pytest
import torch
from PIL import Image

from core import faces, pictures
from core.errors import InputError
from core.tasks import photos
from demos._pictures import photo_aligner, photo_block
from demos._words import resolve
from tests.drawn_face import drawn_face
from tests.test_pictures import file


def url(image: Image.Image, kind="PNG", **options) -> str:
    import base64

    data = base64.b64encode(file(image, kind, **options)).decode()
    return f"data:image/{kind.lower()};base64,{data}"


def crowd() -> Image.Image:
    photo = Image.new("RGB", (900, 500), (120, 130, 140))
    photo.paste(drawn_face(400), (40, 50))
    photo.paste(drawn_face(200), (600, 150))
    return photo


@pytest.mark.parametrize("template", ["tight", "wide"])
def test_the_largest_face_is_aligned(template):
    cut = photos.portrait(url(crowd()), size=128, template=template)
    assert cut.faces == 2 and cut.face is not None
    assert tuple(cut.picture.pixels.shape) == (1, 3, 128, 128)
    again = faces.largest(cut.picture.pixels[0])
    wanted = photos.TEMPLATES[template]
    assert math.dist(again.left_eye, [128 * v for v in wanted.left_eye]) < 6
    assert math.dist(again.right_eye, [128 * v for v in wanted.right_eye]) < 6


def test_the_square_offered_for_cutting_by_hand_holds_the_same_face():
    cut = photos.portrait(url(crowd()))
    by_hand = photos.portrait(url(crowd()), square=cut.square)
    assert by_hand.face is None and by_hand.faces == 0
    difference = cut.picture.pixels.float() - by_hand.picture.pixels.float()
    assert difference.abs().mean() < 8
    assert max(cut.photo.pixels.shape[2:]) <= 512


def test_a_turned_phone_makes_no_difference():
    exif = Image.Exif()
    exif[274] = 6
    sideways = crowd().transpose(Image.Transpose.ROTATE_90)
    straight, turned = (
        photos.portrait(url(image, "PNG", **more))
        for image, more in ((crowd(), {}), (sideways, {"exif": exif}))
    )
    assert torch.equal(straight.picture.pixels, turned.picture.pixels)


def test_without_a_face():
    landscape = url(Image.linear_gradient("L").convert("RGB").resize((300, 200)))
    with pytest.raises(InputError, match="by hand"):
        photos.portrait(landscape)
    cut = photos.portrait(landscape, anything=True)
    assert cut.faces == 0 and cut.square == (0.25, 0.0, 1.0)


@pytest.mark.parametrize(
    "square", [(0, 0), (0, 0, "x"), (0, 0, 2), (-1, 0, 0.5), (0, 0, float("inf"))]
)
def test_bad_squares(square):
    with pytest.raises(InputError):
        photos.portrait(url(crowd()), square=square)


def test_pictures_of_the_right_size_are_taken_as_they_are():
    cut = photos.portrait(url(crowd()))
    assert torch.equal(photos.read_picture(cut.url, 64), cut.picture.pixels[0])
    assert torch.equal(photos.read_picture(url(crowd()), 64), cut.picture.pixels[0])


@pytest.mark.parametrize("size", [(20_000, 313), (313, 20_000), (1024, 16), (16, 16)])
def test_strips_at_the_limit_are_still_cut(size):
    cut = photos.portrait(url(Image.new("RGB", size, "navy")), anything=True)
    assert tuple(cut.picture.pixels.shape) == (1, 3, 64, 64)
    assert min(cut.photo.pixels.shape[2:]) > 0 and cut.url


def test_every_photo_block_says_beforehand_what_is_accepted():
    for block in (photo_block([], title="", hint="h", size=64), photo_block([], title="", size=64)):
        zh, en = (resolve(block["limits"], lang) for lang in ("zh", "en"))
        for text in (zh, en):
            assert f"{pictures.MAX_BYTES / 1e6:.0f} MB" in text
            assert str(pictures.MIN_SIDE) in text
        assert f"{pictures.MAX_PIXELS / 1e6:.0f} million" in en and "not kept" in en
        assert f"{pictures.MAX_PIXELS // 10_000} 万" in zh and "不会被保存" in zh
        assert block["most"] == pictures.MAX_BYTES and block["hint"]


def test_the_page_gets_picture_preview_and_message():
    align = photo_aligner(64)
    answer = align({"photo": url(crowd()), "square": None})
    assert answer["faces"] == 2 and "2" in answer["message"]
    assert pictures.decode_url(answer["picture"]).shape == (3, 64, 64)
    assert answer["preview"]["size"] == [450, 250]
    blank = align({"photo": url(Image.new("RGB", (80, 60), "navy"))})
    assert blank["faces"] == 0 and blank["message"]
    strip = url(Image.new("RGB", (20_000, 20)))
    for bad in (None, {}, {"photo": 3}, {"photo": "nothing"}, {"photo": strip}):
        with pytest.raises(InputError):
            align(bad)
