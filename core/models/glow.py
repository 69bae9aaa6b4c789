r"""Glow: an exactly invertible model of pictures, trained by their likelihood.

A step is actnorm, an invertible 1x1 convolution in LU form, and an affine coupling whose network has
three convolutions; levels and density are those of `core.models.flows.multi_scale`.

After: Su Jianlin, https://kexue.fm/archives/5807; Kingma and Dhariwal 2018,
https://arxiv.org/abs/1807.03039. Other than there: the scales of couplings have a floor, so that no step
magnifies rounding much on the way back, and gains stand for the actnorms inside the networks.
"""

from dataclasses import dataclass

from core.models.flows.actnorm import ActNorm
from core.models.flows.coupling import AdditiveCoupling, AffineCoupling, Coupling
from core.models.flows.lu_convolution import LUConvolution
from core.models.flows.multi_scale import MultiScaleFlow
from core.models.flows.networks import GainedNetwork
from core.models.flows.quantization import Quantization
from core.models.flows.step import Step

COUPLINGS = ("affine", "additive")


@dataclass(frozen=True, kw_only=True)
class GlowConfig:
    """Sizes; the defaults are the shipped model's at 64 pixels."""

    size: int = 64  # pixels of a side
    levels: int = 4
    steps: int = 20  # of each level
    width: int = 192  # channels inside the couplings' networks
    coupling: str = "affine"  # or "additive"
    least_scale: float = 0.2  # of affine couplings
    bits: int = 8  # of a pixel's colour; 5 leaves out the finest shades

    def __post_init__(self) -> None:
        if self.coupling not in COUPLINGS:
            raise ValueError(f"expected one of {', '.join(COUPLINGS)}, got {self.coupling!r}")
        if not 0 <= self.least_scale < 1:
            raise ValueError(f"expected least_scale from 0 to 1, got {self.least_scale}")


class Glow(MultiScaleFlow):
    """The full model; the verbs are those of `MultiScaleFlow`."""

    Config = GlowConfig

    def __init__(self, config: GlowConfig) -> None:
        self.config = c = config
        super().__init__(
            size=c.size,
            levels=c.levels,
            steps=c.steps,
            make_step=lambda channels: Step(
                ActNorm(channels), LUConvolution(channels), self._coupling(channels)
            ),
            quantization=Quantization(bits=c.bits),
            bound=3.0,
        )

    def _coupling(self, channels: int) -> Coupling:
        kept, moving = channels - channels // 2, channels // 2
        if self.config.coupling == "additive":
            return AdditiveCoupling(channels, GainedNetwork(kept, self.config.width, moving))
        network = GainedNetwork(kept, self.config.width, 2 * moving)
        return AffineCoupling(channels, network, self.config.least_scale)
