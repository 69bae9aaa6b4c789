"""What an invertible layer is."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Layer(nn.Module, ABC):
    """An invertible map of pictures `(batch, channels, height, width)`, differentiable both ways."""

    @abstractmethod
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The image of `x` and ln|det J|, `(batch,)`, in nats."""

    @abstractmethod
    def inverse(self, y: Tensor) -> Tensor:
        """The exact inverse of `forward`."""

    def start(self, x: Tensor) -> Tensor:
        """Choose the numbers that depend on data from a first batch; returns the image of `x`."""
        with torch.no_grad():
            return self(x)[0]  # type: ignore[no-any-return]


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A 1x1 convolution of `x` with `weight` `(out, in)` and `bias` `(out,)`, never in half precision.

    As one matrix product over all pixels. On tensors in channels-last order nothing is copied for it,
    and the result is in that order too.
    """
    with torch.autocast(x.device.type, enabled=False):
        return F.linear(x.permute(0, 2, 3, 1), weight, bias).permute(0, 3, 1, 2)


def total(x: Tensor) -> Tensor:
    """The sum over everything but the batch, `(batch,)`."""
    return x.flatten(1).sum(dim=1)


def single(x: Tensor) -> Tensor:
    """Half precision, as automatic casting leaves it, made single: a flow's own algebra needs it."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def channel_moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of every channel over batch and pixels, the latter never zero."""
    mean = x.mean(dim=(0, 2, 3))
    deviation = (x - mean[:, None, None]).square().mean(dim=(0, 2, 3)).sqrt()
    return mean, deviation.clamp_min(1e-6)
