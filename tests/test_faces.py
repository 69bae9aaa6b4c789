"""Faces are found where they were drawn, and cut out so that the eyes lie where they should."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from core import faces
from core.errors import InputError
from core.faces import TIGHT, WIDE, Face, Template
from tests import laws
from tests.drawn_face import EYES, drawn_face

GREY = (120, 130, 140)


def tensor(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def turned(degrees: float) -> Image.Image:
    """The drawn face turned anticlockwise."""
    return drawn_face().rotate(degrees, Image.Resampling.BICUBIC, fillcolor=GREY)


def placed(side: int, at: tuple[int, int], width: int, height: int) -> torch.Tensor:
    """The drawn face with a side of `side` pixels in a larger photo."""
    photo = Image.new("RGB", (width, height), GREY)
    photo.paste(drawn_face(side), at)
    return tensor(photo)


def test_eyes_are_found_where_they_were_drawn():
    (face,) = faces.find(tensor(drawn_face()))
    for found, drawn in zip((face.left_eye, face.right_eye), EYES, strict=True):
        assert math.dist(found, [256 * v for v in drawn]) < 7
    assert abs(face.tilt) < 2


@pytest.mark.parametrize("degrees", [-15, -8, 10])
def test_tilt_is_that_of_the_photo(degrees):
    (face,) = faces.find(tensor(turned(degrees)))
    assert abs(face.tilt + degrees) < 3


@pytest.mark.parametrize(
    "side, at, size", [(180, (500, 60), (1000, 400)), (96, (300, 500), (960, 720))]
)
def test_faces_anywhere_in_a_photo(side, at, size):
    face = faces.largest(placed(side, at, *size))
    for found, drawn in zip((face.left_eye, face.right_eye), EYES, strict=True):
        expected = [at[i] + side * drawn[i] for i in (0, 1)]
        assert math.dist(found, expected) < 0.04 * side


def test_the_largest_face_comes_first():
    photo = placed(300, (20, 40), 800, 400)
    photo[:, 100:250, 560:710] = tensor(drawn_face(150))
    found = faces.find(photo)
    assert len(found) == 2 and found[0].width > 1.5 * found[1].width
    assert faces.largest(photo) == found[0]


def test_no_face_is_said_with_the_way_out():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (3, 200, 300), generator=generator).to(torch.uint8)
    for photo in (torch.zeros(3, 16, 16, dtype=torch.uint8), noise):
        assert faces.find(photo) == ()
        with pytest.raises(InputError, match="by hand"):
            faces.largest(photo)


@pytest.mark.parametrize("template", [TIGHT, WIDE, Template((0.2, 0.5), (0.7, 0.4))])
@pytest.mark.parametrize("tilt", [-40, 0, 25])
def test_alignment_puts_the_eyes_on_the_template(template, tilt):
    """White dots in place of the eyes of any face end where the template has them."""
    turn = math.radians(tilt)
    left = (300.0, 260.0)
    right = (left[0] + 120 * math.cos(turn), left[1] + 120 * math.sin(turn))
    photo = torch.zeros(3, 600, 700, dtype=torch.uint8)
    y, x = torch.meshgrid(torch.arange(600) + 0.5, torch.arange(700) + 0.5, indexing="ij")
    for channel, (ex, ey) in enumerate((left, right)):
        photo[channel] = (255 * torch.exp(-((x - ex) ** 2 + (y - ey) ** 2) / 60)).to(torch.uint8)
    cut = faces.aligned(photo, Face(left, right, 200.0, 1.0), 64, template).double()
    places = (torch.arange(64, dtype=torch.float64) + 0.5) / 64
    for channel, eye in enumerate((template.left_eye, template.right_eye)):
        mass = cut[channel] / cut[channel].sum()
        assert float((mass.sum(dim=0) * places).sum()) == pytest.approx(eye[0], abs=0.004)
        assert float((mass.sum(dim=1) * places).sum()) == pytest.approx(eye[1], abs=0.004)


def test_alignment_undoes_turning_and_scaling():
    straight = tensor(drawn_face())
    expected = faces.aligned(straight, faces.largest(straight), 64).float()
    other = tensor(turned(-12).resize((420, 420), Image.Resampling.LANCZOS))
    found = faces.aligned(other, faces.largest(other), 64).float()
    assert (found - expected)[:, 8:56, 8:56].abs().mean() < 12


def test_an_aligned_face_is_found_at_the_template():
    photo = placed(400, (100, 30), 640, 480)
    again = faces.aligned(photo, faces.largest(photo), 128)
    face = faces.largest(again)
    assert math.dist(face.left_eye, [128 * v for v in TIGHT.left_eye]) < 4
    assert math.dist(face.right_eye, [128 * v for v in TIGHT.right_eye]) < 4


def test_visitors_at_once_get_their_own_faces():
    photos = [placed(180, (40 * i, 10 * i), 500, 400) for i in range(4)]
    calls = [lambda photo=photo: faces.find(photo) for photo in photos]
    laws.same_in_any_company(calls, lambda a, b: [a] == [b] or pytest.fail(f"{a} is not {b}"))
