"""Differentiable augmentation: the discriminator never sees a picture as it is, real or generated.

With few pictures a discriminator learns them by heart. Random changes of both kinds of pictures keep it
from that, and the generator learns the unchanged distribution because gradients flow through the
changes. After Zhao et al. 2020 (https://arxiv.org/abs/2006.10738), whose strengths these are.

    change = Augmentation(("colour", "shift", "cutout")).draw(len(x), x.shape[-1], x.device)
    encoder(change(real)), encoder(change(fake))     # pair by pair the same change
"""

from dataclasses import dataclass

import torch
from torch import Tensor

KINDS = ("colour", "shift", "cutout")
SHIFT = 1 / 8  # of the side, in each direction
CUTOUT = 1 / 2  # of the side


@dataclass(frozen=True)
class Change:
    """One random change for every row of a batch; None for kinds that are left out."""

    colour: Tensor | None  # (3, batch) in [0, 1): brightness, saturation, contrast
    shift: Tensor | None  # (2, batch) whole pixels: downwards, to the right
    cutout: Tensor | None  # (2, batch) centre of the hole: row, column

    def __call__(self, x: Tensor) -> Tensor:
        """Pictures `(batch, 3, size, size)` changed row by row, with gradients."""
        if self.colour is not None:
            x = _recolour(x, self.colour)
        if self.shift is not None:
            x = _shift(x, self.shift)
        if self.cutout is not None:
            x = x * _holes(x, self.cutout)
        return x


@dataclass(frozen=True)
class Augmentation:
    """What may be changed: `colour`, `shift` and `cutout`, any of them."""

    kinds: tuple[str, ...]

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.kinds) - set(KINDS)):
            raise ValueError(f"unknown augmentation {unknown}; known: {', '.join(KINDS)}")

    def draw(self, count: int, size: int, device: torch.device | str = "cpu") -> Change:
        """Changes for `count` pictures of `size` pixels, from torch's own random numbers."""
        reach = round(size * SHIFT)
        return Change(
            torch.rand(3, count, device=device) if "colour" in self.kinds else None,
            torch.randint(-reach, reach + 1, (2, count), device=device)
            if "shift" in self.kinds
            else None,
            torch.randint(0, size + 1, (2, count), device=device)
            if "cutout" in self.kinds
            else None,
        )


def _recolour(x: Tensor, amounts: Tensor) -> Tensor:
    """Brightness by up to half of one, saturation by 0 to 2, contrast by 0.5 to 1.5."""
    brightness, saturation, contrast = (a[:, None, None, None] for a in amounts)
    x = x + (brightness - 0.5)
    grey = x.mean(dim=1, keepdim=True)
    x = grey + 2 * saturation * (x - grey)
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    changed: Tensor = mean + (0.5 + contrast) * (x - mean)
    return changed


def _shift(x: Tensor, shift: Tensor) -> Tensor:
    """Pictures moved by whole pixels, zeros where nothing comes from."""
    for axis in (2, 3):
        side = x.shape[axis]
        shape = [len(x), 1, 1, 1]
        shape[axis] = side
        source = torch.arange(side, device=x.device) - shift[axis - 2, :, None]
        inside = ((source >= 0) & (source < side)).view(shape)
        index = source.clamp(0, side - 1).view(shape).expand_as(x)
        x = x.gather(axis, index) * inside
    return x


def _holes(x: Tensor, centre: Tensor) -> Tensor:
    """0 inside a square of half the side around the centre, cut off at the border, 1 elsewhere."""
    size = x.shape[-1]
    half = round(size * CUTOUT) // 2
    place = torch.arange(size, device=x.device)
    near = [(place - c[:, None] >= -half) & (place - c[:, None] < half) for c in centre]
    hole = near[0][:, None, :, None] & near[1][:, None, None, :]
    kept: Tensor = ~hole
    return kept.to(x.dtype)
