"""The picture that all families are given: a face made by one of them from a seed, or a photograph."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from core import runtime
from core.errors import InputError, check_choice
from core.runtime import Timing
from core.tasks.families.diffusion import denoised
from core.tasks.families.members import FAMILIES, USUAL, Member, Roll, added, member
from core.tasks.families.passes import decode
from core.tasks.ogan.ends import checked_seed
from core.tasks.photos import read_picture

STEPS = 25  # of a diffusion that makes a face for the others


def pictures_of(
    sources: Sequence[int | str], made_by: str, roll: Roll
) -> tuple[Tensor, Timing | None]:
    """uint8 pictures `(sources, 3, side, side)` of seeds and data URLs, the time that making them took.

    A seed is the face that the family `made_by` draws from it at its usual temperature. The side is
    that of the largest pictures among those who take part.
    """
    check_choice("made_by", made_by, FAMILIES, zh="出图的模型")
    if not sources:
        raise InputError(
            en="A picture is missing. Give a seed or a photo.", zh="缺少图片，请给种子或照片。"
        )
    made: list[Tensor] = []
    spent: Timing | None = None
    for source in sources:
        seed = checked_seed(source)
        if seed is None:
            made.append(read_picture(str(source), roll.size))
            continue
        face, timing = face_of(member(made_by), seed)
        spent = added(spent, timing)
        made.append(fitted(face, roll.size)[0])
    return torch.stack(made), spent


def face_of(maker: Member, seed: int) -> tuple[Tensor, Timing | None]:
    """The face of a seed, uint8 `(1, 3, size, size)`."""
    noise = USUAL[maker.family] * runtime.noise(seed, 1, maker.code)
    if maker.family != "diffusion":
        return decode(maker, noise)
    *_, last = denoised(maker, noise, [seed], STEPS)
    return last.pictures, last.timing


def fitted(pixels: Tensor, size: int) -> Tensor:
    """uint8 pictures `(rows, 3, side, side)` at another size: averages when smaller, smooth when larger."""
    side = pixels.shape[-1]
    if side == size:
        return pixels
    if side > size:
        moved = F.adaptive_avg_pool2d(pixels.float(), size)
    else:
        moved = F.interpolate(pixels.float(), (size, size), mode="bilinear", align_corners=False)
    return moved.round().clamp(0, 255).to(torch.uint8)
