r"""Glow as simplified in 2018: fixed random permutations of channels and additive couplings.

A step is actnorm that begins as the identity, a fixed permutation, and an additive coupling with the
author's network; levels and density are those of `core.models.flows.multi_scale`, priors of what leaves
without bounds. Numbers lie in [-1, 1].

After Su Jianlin, https://kexue.fm/archives/5807. Other than there: training noise fills each grey level's
bin (his covers half of it), so that the loss is a bound on bits per dimension.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.models.flows.actnorm import ActNorm
from core.models.flows.coupling import AdditiveCoupling
from core.models.flows.multi_scale import MultiScaleFlow
from core.models.flows.networks import PlainNetwork
from core.models.flows.permutation import Permutation
from core.models.flows.quantization import Quantization
from core.models.flows.step import Step


@dataclass(frozen=True, kw_only=True)
class Glow2018Config:
    """Sizes; the defaults are the author's at 64 pixels (at 32 he has 6 steps)."""

    size: int = 64  # pixels of a side
    levels: int = 3
    steps: int = 10  # of each level
    width: int = 512  # channels inside the couplings' networks
    bits: int = 8  # of a pixel's colour


class Glow2018(MultiScaleFlow):
    """The author's model; the verbs are those of `MultiScaleFlow`."""

    Config = Glow2018Config

    def __init__(self, config: Glow2018Config) -> None:
        self.config = c = config
        super().__init__(
            size=c.size,
            levels=c.levels,
            steps=c.steps,
            make_step=lambda channels: Step(
                ActNorm(channels),
                Permutation(channels),
                AdditiveCoupling(channels, PlainNetwork(channels // 2, c.width, channels // 2)),
            ),
            quantization=Quantization(bits=c.bits, low=-1.0, high=1.0),
        )

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Nothing: his actnorms begin as the identity."""
