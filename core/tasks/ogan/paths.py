"""Between two pictures, and on the square between four."""

import math
from collections.abc import Sequence

import torch

from core.errors import InputError, check_choice, check_range, check_whole
from core.latent import PATHS as _PATHS
from core.latent import bilinear, path
from core.latent import sheet as codes_of_sheet
from core.pictures import Pictures
from core.tasks.ogan.drawing import drawn
from core.tasks.ogan.ends import (
    End,
    check_strength,
    checked_code,
    codes_of,
    floats,
    numbers_of,
    total,
)
from core.tasks.ogan.records import Frame, Sheet, Walk

PATHS = tuple(_PATHS)  # lerp, slerp, mean
MAX_STEPS = 64
MAX_SHEET = 10


def walk(
    a: End,
    b: End,
    model: str = "ogan-faces",
    *,
    kind: str = "slerp",
    steps: int = 60,
    truncation: float = 0.9,
    prior: str = "normal",
) -> Walk:
    """Pictures on the way from `a` to `b`, each a seed or a photo, computed as one batch.

    `kind` is `lerp` (straight), `slerp` (along the sphere) or `mean` (straight to the mean and on).
    Codes on the way are multiplied by `truncation`; seeds are drawn from `prior`.
    """
    check_choice("path", kind, PATHS, zh="路径")
    check_whole("steps", steps, 2, MAX_STEPS, zh="帧数")
    check_strength(truncation)
    codes, given, timing = codes_of([a, b], model, prior=prior)
    start, end = codes
    z = path(start, end, steps, kind)
    out, drawing = drawn(truncation * z, model)
    cosine = float(start @ end / (start.norm() * end.norm()).clamp_min(1e-9))
    made = Pictures(out["pixels"])
    sources = None
    if any(picture is not None for picture in given):
        ends = [made.pixels[0], made.pixels[-1]]
        both = [e if g is None else g for e, g in zip(ends, given, strict=True)]
        sources = Pictures(torch.stack(both))
    return Walk(
        pictures=made,
        positions=tuple(round(i / (steps - 1), 4) for i in range(steps)),
        norms=floats(z.norm(dim=1)),
        middle=float(path(start, end, 3, kind)[1].norm()),
        numbers=numbers_of(out),
        angle=math.degrees(math.acos(max(-1.0, min(1.0, cosine)))),
        sources=sources,
        timing=total(timing, drawing),
    )


def sheet(
    corners: Sequence[End],
    model: str = "ogan-faces",
    *,
    rows: int = 7,
    columns: int = 7,
    truncation: float = 0.9,
    prior: str = "normal",
) -> Sheet:
    """A grid of pictures between four: top left, top right, bottom left, bottom right."""
    check_whole("rows", rows, 1, MAX_SHEET, zh="行数")
    check_whole("columns", columns, 1, MAX_SHEET, zh="列数")
    check_strength(truncation)
    _check_four(len(corners))
    codes, _, timing = codes_of(corners, model, prior=prior)
    z = truncation * codes_of_sheet(codes, rows, columns).flatten(0, 1)
    out, drawing = drawn(z, model)
    return Sheet(
        pictures=Pictures(out["pixels"]),
        rows=rows,
        columns=columns,
        corners=tuple(floats(code) for code in codes),
        numbers=numbers_of(out),
        timing=total(timing, drawing),
    )


def blend(
    corners: Sequence[Sequence[float]],
    x: float,
    y: float,
    model: str = "ogan-faces",
    *,
    truncation: float = 0.9,
) -> Frame:
    """The picture at `(x, y)` of the unit square between four codes; `y` grows downwards."""
    _check_four(len(corners))
    check_range("x", x, 0, 1, zh="横坐标")
    check_range("y", y, 0, 1, zh="纵坐标")
    check_strength(truncation)
    codes = [checked_code(code, model) for code in corners]
    z = truncation * bilinear(codes[0], codes[1], codes[2], codes[3], x, y)
    out, timing = drawn(z.unsqueeze(0), model)
    return Frame(
        Pictures(out["pixels"]), float(out["score"][0]), float(out["correlation"][0]), timing
    )


def _check_four(count: int) -> None:
    if count != 4:
        raise InputError(
            en=f"{count} corners were given; a square has four.",
            zh=f"给了 {count} 个角，方形有四个角。",
        )
