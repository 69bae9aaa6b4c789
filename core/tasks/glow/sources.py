"""Pictures by their names: faces made from a seed, test pictures, photographs as data URLs.

`"7"` is the face of seed 7 at temperature 0.7, rounded to whole grey levels like any picture;
`"7#3@0.9"` picture 3 of `sample(seed=7, temperature=0.9)`, counted from 0.
A test picture that is made from a face takes one behind a colon: `"flipped:7"`, or a data URL.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from core import runtime
from core.errors import InputError, check_choice, check_whole
from core.pictures import Pictures
from core.runtime import Timing
from core.tasks.glow.checks import MAX_PICTURES, MAX_SEED, check_temperature
from core.tasks.glow.resources import MODELS, layout_of
from core.tasks.glow.sampling import decoded
from core.tasks.photos import read_picture

FACE_TEMPERATURE = 0.7
_FACE = re.compile(r"([0-9]{1,12})(?:#([0-9]{1,3}))?(?:@([0-9]{0,2}\.?[0-9]{1,6}))?")
Change = Callable[[Tensor], Tensor]  # of a picture (3, size, size)


class Face(NamedTuple):
    """A row of a seed's noise at a temperature."""

    seed: int
    place: int
    temperature: float


def _same(picture: Tensor) -> Tensor:
    return picture


def _shuffled(picture: Tensor) -> Tensor:
    """The same pixels in another order, always the same one."""
    order = runtime.uniform(1, 1, picture[0].numel())[0].argsort()
    return picture.flatten(1)[:, order].view_as(picture)


# Made from a face: its temperature, and what is done to its pixels.
OF_FACES: dict[str, tuple[float, Change]] = {
    "mean": (0.0, _same),
    "cold": (0.3, _same),
    "hot": (1.0, _same),
    "flipped": (FACE_TEMPERATURE, lambda picture: picture.flip(1)),
    "inverted": (FACE_TEMPERATURE, lambda picture: 255 - picture),
    "shuffled": (FACE_TEMPERATURE, _shuffled),
}
DRAWN = ("grey", "gradient", "disc", "checkers", "checkerboard", "noise")
TESTS = (*OF_FACES, *DRAWN)


def pictures_of(sources: Sequence[str], model: str) -> tuple[Tensor, Timing | None]:
    """The pictures of some sources, `(count, 3, size, size)`; raises `InputError` for a bad one.

    The timing is that of the faces made for it; None when there were none.
    """
    layout = layout_of(model)
    made: list[Tensor | None] = [None] * len(sources)
    faces: list[tuple[int, Face, Change]] = []
    for place, source in enumerate(sources):
        name, _, rest = str(source).strip().partition(":")
        if name in DRAWN and not rest:
            made[place] = _drawn(name, layout.size)
            continue
        temperature, change = OF_FACES.get(name, (FACE_TEMPERATURE, _same))
        base = (rest or "0") if name in OF_FACES else str(source).strip()
        if base.startswith("data:"):
            made[place] = change(read_picture(base, layout.size))
        else:
            faces.append((place, _face(base, temperature, str(source)), change))
    timing = None
    if faces:
        noise = torch.cat(
            [runtime.noise(f.seed, f.place + 1, layout.dimensions)[-1:] for _, f, _ in faces]
        )
        heat = torch.tensor([f.temperature for _, f, _ in faces])[:, None]
        pixels, timing = decoded(model, noise, heat.expand(-1, layout.levels).contiguous())
        for (place, _, change), face in zip(faces, pixels, strict=True):
            made[place] = change(face)
    return torch.stack([picture for picture in made if picture is not None]), timing


def pictures(sources: Sequence[str], model: str = "glow-faces") -> Pictures:
    """The pictures of some sources as they are, such as faces to choose from."""
    check_choice("model", model, MODELS, zh="模型")
    return Pictures(pictures_of(sources, model)[0])


def _face(text: str, temperature: float, source: str) -> Face:
    """The face that `SEED`, `SEED#INDEX` and `SEED@TEMPERATURE` name."""
    if not source.strip():
        raise InputError(
            en="A picture is missing. Give a seed or a photograph for every picture that is needed.",
            zh="缺一张图片，请为每张需要的图给出种子或照片。",
        )
    found = _FACE.fullmatch(text)
    if found is None:
        raise InputError(
            en=f"{source[:30]!r} is no picture. Give a whole number, a photograph, or one of: "
            f"{', '.join(TESTS)}.",
            zh=f"“{source[:30]}”不是图片。请给整数种子、照片，或其中之一：{'、'.join(TESTS)}。",
        )
    seed, index, heat = found.groups()
    check_whole("the seed", int(seed), 0, MAX_SEED, zh="种子")
    check_whole("the number of the face", int(index or 0), 0, MAX_PICTURES - 1, zh="第几张")
    chosen = temperature if heat is None else check_temperature(float(heat))
    return Face(int(seed), int(index or 0), chosen)


def _drawn(name: str, size: int) -> Tensor:
    """A picture by a rule, `(3, size, size)`."""
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    if name == "noise":
        return (256 * runtime.uniform(0, 1, 3, size, size)[0]).to(torch.uint8)
    if name == "gradient":
        ramp = (255 * x / (size - 1)).round()
        return torch.stack([ramp, 255 - ramp, 255 * y / (size - 1)]).to(torch.uint8)
    if name == "disc":
        inside = (x - size / 2 + 0.5).square() + (y - size / 2 + 0.5).square() < (size / 3) ** 2
        skin, ground = torch.tensor([214, 165, 138]), torch.tensor([70, 74, 82])
        return torch.where(inside, skin[:, None, None], ground[:, None, None]).to(torch.uint8)
    if name == "checkers":
        side = max(1, size // 8)
        grey = 255 * ((x // side + y // side) % 2)
    elif name == "checkerboard":
        grey = 255 * ((x + y) % 2)
    else:
        grey = torch.full_like(x, 128)
    return grey.to(torch.uint8).expand(3, -1, -1).contiguous()
