"""Between poems: a walk from one to another, a blend of four."""

from collections.abc import Sequence

import torch

from core.errors import InputError, check_choice, check_range, check_whole
from core.latent import bilinear, lerp, slerp
from core.tasks.poems.checks import checked_code, checked_form
from core.tasks.poems.reading import encoded
from core.tasks.poems.records import Blend, Walk
from core.tasks.poems.resources import MODELS
from core.tasks.poems.writing import decoded


def interpolate(a: str, b: str, model: str = "poem-vae", *, steps: int = 9) -> Walk:
    """Walk from one verse to another of the same form, in a straight line and along the sphere."""
    check_choice("model", model, MODELS, zh="模型")
    check_whole("steps", steps, 3, 21, zh="步数")
    (start, end), shape, codes, timing = encoded([a, b], model)
    positions = torch.linspace(0, 1, steps)
    first, last = codes[0], codes[1]
    straight = torch.stack([lerp(first, last, float(t)) for t in positions])
    spherical = torch.stack([slerp(first, last, float(t)) for t in positions])
    walked = decoded(model, shape, torch.cat([straight, spherical]), 0)
    return Walk(
        a=start,
        b=end,
        positions=tuple(round(float(t), 4) for t in positions),
        straight=walked.poems[:steps],
        spherical=walked.poems[steps:],
        timing=timing + walked.timing,
    )


def blend(
    codes: Sequence[Sequence[float]],
    x: float,
    y: float,
    model: str = "poem-vae",
    *,
    form: str = "couplet5",
) -> Blend:
    """The verse at `(x, y)` of a unit square with a code at each corner.

    Corner order: top left, top right, bottom left, bottom right; `y` grows downwards. Norms are
    interpolated too, so that the middle is as typical a code as the corners.
    """
    shape = checked_form(model, form)
    check_range("x", x, 0, 1, zh="横坐标")
    check_range("y", y, 0, 1, zh="纵坐标")
    if len(codes) != 4:
        raise InputError(
            en=f"{len(codes)} corners were given; a palette has four.",
            zh=f"给了 {len(codes)} 个角，调色板有四个。",
        )
    corners = [checked_code(code, model, shape) for code in codes]
    z = bilinear(corners[0], corners[1], corners[2], corners[3], x, y)
    written = decoded(model, shape, z.unsqueeze(0), 0)
    return Blend(written.poems[0], written.timing)
