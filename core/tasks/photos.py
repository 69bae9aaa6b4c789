"""Visitors' photos: decoded, the face found and aligned as training faces were, or a square by hand.

Nothing is kept: a photo lives as long as the call that cuts the face out of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from core import faces, pictures
from core.errors import InputError, check_choice, check_whole
from core.faces import TIGHT, WIDE, Face, Template
from core.pictures import Pictures

TEMPLATES: dict[str, Template] = {"tight": TIGHT, "wide": WIDE}
Square = tuple[float, float, float]  # left, top, side in units of the photo's shorter side


@dataclass(frozen=True)
class Portrait:
    """A square picture cut out of a photo."""

    picture: Pictures  # one
    faces: int  # found in the photo; the largest was taken
    face: Face | None  # None for a square by hand and when no face was found
    square: Square  # about what was cut out, upright: where a cut by hand may begin
    photo: Pictures  # the photo itself, upright, at most 512 pixels wide or high

    @property
    def url(self) -> str:
        """The picture as a lossless data URL, as tasks take pictures."""
        return pictures.picture_url(self.picture.pixels[0], lossless=True)


def portrait(
    photo: str,
    *,
    size: int = 64,
    template: str = "tight",
    square: Sequence[float] | None = None,
    anything: bool = False,
) -> Portrait:
    """Cut a face out of a photo, given as a data URL.

    The largest face found is turned, scaled and moved until the eyes lie where the training faces of
    `template` (`tight` or `wide`) have them; with a `square` (left, top, side, in units of the shorter
    side) that is cut instead. Without a face there is an `InputError`, or with `anything` the square
    in the middle.
    """
    check_whole("size", size, 8, 512, zh="边长")
    check_choice("template", template, TEMPLATES, zh="模板")
    decoded = pictures.decode_url(photo)
    seen = Pictures(_shrunk(decoded).unsqueeze(0))
    if square is not None:
        left, top, side = _checked(square)
        cut = pictures.square(decoded, left, top, side, size)
        return Portrait(Pictures(cut.unsqueeze(0)), 0, None, (left, top, side), seen)
    found = faces.find(decoded)
    if found:
        cut = faces.aligned(decoded, found[0], size, TEMPLATES[template])
        around = _around(decoded, found[0], TEMPLATES[template])
        return Portrait(Pictures(cut.unsqueeze(0)), len(found), found[0], around, seen)
    if not anything:
        faces.largest(decoded)  # says what to do
    cut = pictures.centre_square(decoded, size)
    return Portrait(Pictures(cut.unsqueeze(0)), 0, None, _middle(decoded), seen)


def read_picture(url: str, size: int) -> Tensor:
    """A picture that a task was given, uint8 `(3, size, size)`.

    One of that size is taken as it is; out of any other the face is cut, as `portrait` does.
    """
    decoded = pictures.decode_url(url)
    if tuple(decoded.shape) == (3, size, size):
        return decoded
    return portrait(url, size=size).picture.pixels[0]


def _shrunk(photo: Tensor) -> Tensor:
    """At most 512 pixels wide and high, by averages of whole blocks."""
    factor = -(-max(photo.shape[1:]) // 512)
    if factor == 1:
        return photo
    height, width = (side // factor * factor for side in photo.shape[1:])
    blocks = photo[:, :height, :width].float().unflatten(2, (-1, factor)).unflatten(1, (-1, factor))
    means: Tensor = blocks.mean(dim=(2, 4))
    return means.round().to(photo.dtype)


def _middle(photo: Tensor) -> Square:
    height, width = photo.shape[1:]
    short = min(height, width)
    return ((width / short - 1) / 2, (height / short - 1) / 2, 1.0)


def _around(photo: Tensor, face: Face, template: Template) -> Square:
    """The upright square with the middle of the eyes and the scale of the aligned cut, within the photo."""
    height, width = photo.shape[1:]
    short = min(height, width)
    (x0, y0), (x1, y1) = face.left_eye, face.right_eye
    apart = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    side = min(apart / (template.right_eye[0] - template.left_eye[0]), float(short))
    left = (x0 + x1) / 2 - side * (template.left_eye[0] + template.right_eye[0]) / 2
    top = (y0 + y1) / 2 - side * (template.left_eye[1] + template.right_eye[1]) / 2
    left, top = min(max(left, 0.0), width - side), min(max(top, 0.0), height - side)
    return (left / short, top / short, side / short)


def _checked(square: Sequence[float]) -> Square:
    try:
        left, top, side = (float(v) for v in square)
    except (TypeError, ValueError):
        raise InputError(
            en="A square is given by three numbers: left, top and side. Draw it again.",
            zh="方框由三个数给出：左、上、边长，请重新画。",
        ) from None
    return (left, top, side)
