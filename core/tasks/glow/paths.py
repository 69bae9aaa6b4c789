"""Between pictures: paths from one to another, the sheet between four, their levels exchanged."""

import math

import torch
from torch import Tensor

from core import latent
from core.errors import check_choice, check_range, check_whole
from core.pictures import Pictures
from core.tasks.glow.checks import repeated
from core.tasks.glow.reading import encoded
from core.tasks.glow.records import Exchange, Path, Sheet
from core.tasks.glow.resources import MODELS, Layout, layout_of
from core.tasks.glow.sampling import decoded
from core.tasks.glow.sources import pictures_of

PATHS = tuple(latent.PATHS)
MAX_STEPS = 33
MAX_SIDE = 7


def interpolate(
    a: str = "7",
    b: str = "21",
    model: str = "glow-faces",
    *,
    steps: int = 17,
    path: str = "slerp",
) -> Path:
    """Pictures between two, along a path of their codes; both ends come back exactly.

    `path` is slerp (along the sphere where codes live), lerp (straight) or mean (over the model's
    average picture).
    """
    check_choice("model", model, MODELS, zh="模型")
    check_choice("path", path, PATHS, zh="路径")
    check_whole("the number of steps", steps, 2, MAX_STEPS, zh="步数")
    layout = layout_of(model)
    ends, made = pictures_of([a, b], model)
    codes, spent = encoded(ends, model)
    points = latent.path(codes[0], codes[1], int(steps), path)
    pixels, timing = decoded(model, points, repeated([1.0] * layout.levels, int(steps)))
    timing = spent + timing if made is None else made + spent + timing
    return Path(
        pictures=Pictures(pixels),
        ends=Pictures(ends),
        positions=tuple(round(i / (steps - 1), 4) for i in range(int(steps))),
        radii=tuple(radii_of(points)),
        angle=_angle(codes[0], codes[1]),
        timing=timing,
    )


def blend(
    a: str = "7",
    b: str = "21",
    c: str = "3",
    d: str = "12",
    model: str = "glow-faces",
    *,
    side: int = 5,
) -> Sheet:
    """A square grid between four pictures: top left, top right, bottom left, bottom right."""
    check_choice("model", model, MODELS, zh="模型")
    check_whole("the side of the grid", side, 2, MAX_SIDE, zh="每边张数")
    layout, count = layout_of(model), int(side) ** 2
    corners, made = pictures_of([a, b, c, d], model)
    codes, spent = encoded(corners, model)
    points = latent.sheet(codes, int(side), int(side)).flatten(0, 1)
    pixels, timing = decoded(model, points, repeated([1.0] * layout.levels, count))
    timing = spent + timing if made is None else made + spent + timing
    return Sheet(Pictures(pixels), Pictures(corners), int(side), int(side), timing)


def exchange(
    a: str = "7", b: str = "21", model: str = "glow-faces", *, amount: float = 1.0
) -> Exchange:
    """Every way to take the coarse, the middle and the fine levels from picture A or from B.

    `amount` is how far the levels that do not come from A go towards B, 0 to 1, along the sphere.
    """
    check_choice("model", model, MODELS, zh="模型")
    check_range("amount", amount, 0, 1, zh="程度")
    layout = layout_of(model)
    ends, made = pictures_of([a, b], model)
    codes, spent = encoded(ends, model)
    moved = [
        latent.slerp(from_a, from_b, float(amount))
        for from_a, from_b in zip(*(code.split(list(layout.parts)) for code in codes), strict=True)
    ]
    groups = layout.groups
    taken = [
        "".join("AB"[(number >> (len(groups) - 1 - place)) & 1] for place in range(len(groups)))
        for number in range(2 ** len(groups))
    ]
    points = torch.stack([_mixed(codes[0], moved, which, layout) for which in taken])
    pixels, timing = decoded(model, points, repeated([1.0] * layout.levels, len(points)))
    timing = spent + timing if made is None else made + spent + timing
    return Exchange(Pictures(pixels), tuple(taken), Pictures(ends), groups, timing)


def radii_of(codes: Tensor) -> list[float]:
    """Root mean squares of codes `(count, dimensions)`."""
    return [float(r) for r in codes.double().square().mean(dim=1).sqrt()]


def _mixed(first: Tensor, moved: list[Tensor], which: str, layout: Layout) -> Tensor:
    """The code whose levels are A's or the moved ones; `which` names the coarsest group first."""
    parts = first.split(list(layout.parts))
    return torch.cat(
        [
            moved[level] if which[layout.groups.index(layout.group(level))] == "B" else parts[level]
            for level in range(layout.levels)
        ]
    )


def _angle(a: Tensor, b: Tensor) -> float:
    """Degrees between two codes; 90 between unrelated ones in many dimensions."""
    cosine = torch.dot(a.double(), b.double()) / (a.double().norm() * b.double().norm())
    return math.degrees(math.acos(max(-1.0, min(1.0, float(cosine)))))
