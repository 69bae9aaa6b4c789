r"""Couplings: one half of the channels moves by what a network says about the other half.

.. math:: y_1 = x_1, \qquad y_2 = s(x_1) \odot x_2 + t(x_1), \qquad \ln|\det J| = \sum \ln s

The network is never inverted. After Dinh et al. 2017, https://arxiv.org/abs/1605.08803, and Su Jianlin,
https://kexue.fm/archives/5807.
"""

from abc import abstractmethod

import torch
from torch import Tensor

from core.models.flows.layer import Layer, single, total
from core.models.flows.networks import Network


class Coupling(Layer):
    """The first `kept` channels stay, the others move; subclasses say how."""

    def __init__(self, channels: int, network: Network) -> None:
        super().__init__()
        self.kept = channels - channels // 2
        self.network = network

    def start(self, x: Tensor) -> Tensor:
        """The network's own start, then the image."""
        self.network.start(x[:, : self.kept])
        return super().start(x)

    @abstractmethod
    def shift_and_scale(self, raw: Tensor) -> tuple[Tensor, Tensor | None]:
        """t and s of the moving channels from what the network said; None is a scale of one."""

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        kept, moving = x[:, : self.kept], x[:, self.kept :]
        return kept, moving, *self.shift_and_scale(single(self.network(kept)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Kept channels, then moved ones."""
        kept, moving, shift, scale = self._parts(x)
        if scale is None:
            return torch.cat([kept, moving + shift], dim=1), x.new_zeros(len(x))
        return torch.cat([kept, torch.addcmul(shift, moving, scale)], dim=1), total(scale.log())

    def inverse(self, y: Tensor) -> Tensor:
        """The moved channels moved back."""
        kept, moved, shift, scale = self._parts(y)
        back = moved - shift
        return torch.cat([kept, back if scale is None else back / scale], dim=1)


class AdditiveCoupling(Coupling):
    """`s = 1`: volumes stay; the network has one output for each moving channel."""

    def shift_and_scale(self, raw: Tensor) -> tuple[Tensor, Tensor | None]:
        """The shift alone."""
        return raw, None


class AffineCoupling(Coupling):
    """`s = least + (1 - least) sigmoid(r + 2)`: between `least` and 1, near 0.9 at first.

    The network has two outputs for each moving channel: shifts, then `r`. Glow itself has
    `least = 0`; a floor bounds what the inverse can magnify, which keeps round trips exact in single
    precision (Behrmann et al. 2021, https://arxiv.org/abs/2006.09347).
    """

    def __init__(self, channels: int, network: Network, least: float = 0.0) -> None:
        super().__init__(channels, network)
        self.least = least

    def shift_and_scale(self, raw: Tensor) -> tuple[Tensor, Tensor | None]:
        """Both halves of the network's outputs."""
        shift, rate = raw.chunk(2, dim=1)
        return shift, self.least + (1 - self.least) * torch.sigmoid(rate + 2)
