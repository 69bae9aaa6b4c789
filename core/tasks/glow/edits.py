"""Directions of attributes: those shipped with the weights, and the difference of two groups of pictures."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from core import latent
from core.errors import InputError, check_choice, check_range, check_whole
from core.pictures import Pictures
from core.tasks.glow.checks import evenly, repeated
from core.tasks.glow.reading import encoded
from core.tasks.glow.records import Edits
from core.tasks.glow.resources import MODELS, directions_of, layout_of
from core.tasks.glow.sampling import decoded
from core.tasks.glow.sources import pictures_of

ATTRIBUTES = ("age", "smile", "glasses", "beard")
MAX_STRENGTH = 8.0
MAX_STEPS = 9
MAX_GROUP = 32


def attributes(
    source: str = "7",
    model: str = "glow-faces",
    *,
    names: Sequence[str] = ATTRIBUTES,
    strength: float = 1.5,
    steps: int = 7,
    orthogonal: bool = False,
) -> Edits:
    """A picture moved along directions shipped with the weights, a row for each.

    A step of 1 is what changes on average between pictures that differ by one unit: ten years of age, or
    from certainly without to certainly with. `steps` strengths go from `-strength` to `strength`.
    `orthogonal` takes out of each direction what it shares with the others.
    """
    check_choice("model", model, MODELS, zh="模型")
    check_whole("the number of directions", len(names), 1, len(ATTRIBUTES), zh="方向个数")
    known = directions_of(model)
    for name in names:
        check_choice("direction", name, tuple(known), zh="方向")
    chosen = {name: known[name] for name in names}
    if orthogonal:
        chosen = _orthogonal(chosen)
    return moved(source, model, chosen, strength, steps)


def group_direction(
    source: str = "7",
    model: str = "glow-faces",
    *,
    group: Sequence[str] = ("3", "5", "8"),
    others: Sequence[str] = ("4", "6", "9"),
    strength: float = 1.5,
    steps: int = 7,
) -> Edits:
    """A picture moved along the difference of two groups' average codes.

    `group` and `others` are sources, 1 to 32 each; a step of 1 is the distance of the averages.
    """
    check_choice("model", model, MODELS, zh="模型")
    for members, en, zh in (
        (group, "the group", "有此特征的一组"),
        (others, "the others", "另一组"),
    ):
        check_whole(f"the size of {en}", len(members), 1, MAX_GROUP, zh=f"{zh}的张数")
    if set(map(str, group)) == set(map(str, others)):
        raise InputError(
            en="Both groups have the same members, so nothing tells them apart. Change one of them.",
            zh="两组成员相同，没有差别可言，请改动其中一组。",
        )
    pixels, _ = pictures_of([*group, *others], model)
    codes, _ = encoded(pixels, model)
    found = latent.direction(codes[: len(group)], codes[len(group) :])
    return moved(source, model, {"group": found}, strength, steps)


def moved(
    source: str, model: str, chosen: Mapping[str, Tensor], strength: float, steps: int
) -> Edits:
    """The picture of a source with each direction added in `steps` strengths."""
    check_range("strength", strength, 0.1, MAX_STRENGTH, zh="强度")
    check_whole("the number of strengths", steps, 2, MAX_STEPS, zh="强度个数")
    layout = layout_of(model)
    picture, made = pictures_of([source], model)
    code, spent = encoded(picture, model)
    strengths = evenly(-strength, strength, int(steps))
    points = torch.cat([code + s * way for way in chosen.values() for s in strengths])
    pixels, timing = decoded(model, points, repeated([1.0] * layout.levels, len(points)))
    ways = torch.stack(list(chosen.values())).double()
    units = ways / ways.norm(dim=1, keepdim=True).clamp_min(1e-12)
    lengths = ways.norm(dim=1) / code.double().norm().clamp_min(1e-12)
    timing = spent + timing if made is None else made + spent + timing
    return Edits(
        source=Pictures(picture),
        names=tuple(chosen),
        strengths=strengths,
        pictures=Pictures(pixels),
        lengths=tuple(lengths.tolist()),
        cosines=tuple(tuple(row) for row in (units @ units.T).tolist()),
        timing=timing,
    )


def _orthogonal(chosen: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each direction without its projection onto the span of all others."""
    ways = torch.stack(list(chosen.values())).double()
    left = {}
    for i, name in enumerate(chosen):
        others = torch.cat([ways[:i], ways[i + 1 :]])
        way = ways[i]
        if len(others):
            basis = torch.linalg.qr(others.T).Q
            way = way - basis @ (basis.T @ way)
        left[name] = way.float()
    return left
