"""Sliced Wasserstein distance between two sets of pictures, at every scale of a Laplacian pyramid.

Small patches of each pyramid level are compared along random directions: along one direction the
Wasserstein distance of two equally large sets is the mean difference after sorting. After Karras et
al. 2018 (https://arxiv.org/abs/1710.10196): patches of 7 x 7, levels down to 16 pixels, 512 directions,
values times 1000. Departure: both sets are normalised with the colour statistics of the first one, the
real pictures, instead of each with its own, so that a colour cast counts.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from core.levels import scaled

PATCH = 7  # side of a patch
SMALLEST = 16  # side of the coarsest level
_BLUR = (1.0, 4.0, 6.0, 4.0, 1.0)


def sliced_wasserstein(
    real: Tensor, other: Tensor, *, patches: int = 128, directions: int = 512, seed: int = 0
) -> dict[str, float]:
    """Distance of `other` from `real`, uint8 `(count, 3, size, size)` each, by side of the level.

    The key `mean` is the average over levels. `patches` is how many a picture of the smaller set gives
    on average; both sets give equally many in all. Equal inputs have distance 0. Computed where `real`
    lies. Raises `ValueError` for pictures of different sizes or an empty set.
    """
    if real.shape[1:] != other.shape[1:] or not len(real) or not len(other):
        raise ValueError(f"cannot compare pictures {tuple(real.shape)} and {tuple(other.shape)}")
    generator = torch.Generator().manual_seed(seed)
    sides = _sides(real.shape[-1])
    count = patches * min(len(real), len(other))
    # The same places in both sets, so that equal sets give equal patches.
    places = [torch.randint(side - PATCH + 1, (2, count), generator=generator) for side in sides]
    pairs = zip(_patches(real, places), _patches(other.to(real.device), places), strict=True)
    found: dict[str, float] = {}
    for side, (a, b) in zip(sides, pairs, strict=True):
        mean, std = a.mean(dim=(0, 2), keepdim=True), a.std(dim=(0, 2), keepdim=True)
        x, y = (((z - mean) / std.clamp_min(1e-8)).flatten(1) for z in (a, b))
        total = 0.0
        for part in torch.arange(directions).split(64):
            axes = torch.randn(x.shape[1], len(part), generator=generator).to(x.device)
            axes = axes / axes.norm(dim=0)
            gap = (x @ axes).sort(dim=0).values - (y @ axes).sort(dim=0).values
            total += float(gap.abs().mean(dim=0).sum())
        found[str(side)] = 1000 * total / directions
    found["mean"] = sum(found.values()) / len(found)
    return found


def laplacian_pyramid(x: Tensor, levels: int) -> list[Tensor]:
    """Differences of pictures `(count, 3, size, size)` from their blurred halves; the last level is left.

    Adding every level to the one below it, enlarged, gives the pictures back.
    """
    pyramid = []
    for _ in range(levels - 1):
        half = _blur(x)[:, :, ::2, ::2]
        pyramid.append(x - enlarged(half))
        x = half
    return [*pyramid, x]


def enlarged(x: Tensor) -> Tensor:
    """Pictures at twice the side: zeros between the pixels, blurred."""
    wide = x.new_zeros((*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]))
    wide[:, :, ::2, ::2] = x
    return 4 * _blur(wide)


def _blur(x: Tensor) -> Tensor:
    """A binomial filter of 5 x 5 pixels, mirrored at the border; rows, then columns."""
    height, width = x.shape[-2:]
    x = F.pad(x, (2, 2, 2, 2), mode="reflect")
    x = torch.stack([w / 16 * x[..., i : i + height, :] for i, w in enumerate(_BLUR)]).sum(dim=0)
    return torch.stack([w / 16 * x[..., i : i + width] for i, w in enumerate(_BLUR)]).sum(dim=0)


def _sides(size: int) -> list[int]:
    """Sides of the levels, from the whole picture to the coarsest."""
    sides = [size]
    while sides[-1] % 2 == 0 and sides[-1] // 2 >= SMALLEST:
        sides.append(sides[-1] // 2)
    return sides


def _patches(pictures: Tensor, places: list[Tensor]) -> list[Tensor]:
    """Patches `(count, 3, 49)` of every pyramid level, dealt out evenly over the pictures.

    `places` has for each level the first row and the first column of each patch, `(2, count)`.
    """
    device, count = pictures.device, places[0].shape[1]
    owner = torch.arange(count) * len(pictures) // count
    within = torch.arange(PATCH)
    found: list[list[Tensor]] = [[] for _ in places]
    for first in range(0, len(pictures), 256):
        some = scaled(pictures[first : first + 256])
        mine = (owner >= first) & (owner < first + 256)
        owners = (owner[mine] - first)[:, None, None].to(device)
        for parts, level, place in zip(
            found, laplacian_pyramid(some, len(places)), places, strict=True
        ):
            rows = (place[0, mine, None, None] + within[:, None]).to(device)
            columns = (place[1, mine, None, None] + within).to(device)
            cut = level.permute(0, 2, 3, 1)[owners, rows, columns]  # (count, 7, 7, 3)
            parts.append(cut.flatten(1, 2).transpose(1, 2))
    return [torch.cat(parts) for parts in found]
