r"""From whole grey levels to numbers that have a density, and the honest bits per dimension.

A picture of :math:`n=2^{\text{bits}}` levels becomes :math:`x = a + (b-a)(q+u)/n` with
:math:`u\sim U(0,1)`: the noise fills each level's bin wholly. Then, for any density :math:`p`,

.. math:: -\frac1D \log_2 p(x) + \log_2\frac{n}{b-a}

is on average an upper bound on the bits per dimension that the model needs for the levels themselves
(Theis et al. 2016, https://arxiv.org/abs/1511.01844). Noise that covers half of a bin, as in the script of
https://kexue.fm/archives/5807, gives no such bound.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from core.nn import single_or_double


@dataclass(frozen=True, kw_only=True)
class Quantization:
    """`bits` per value (8, or 5 to leave out the finest shades) between `low` and `high`."""

    bits: int = 8
    low: float = -0.5
    high: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 8:
            raise ValueError(f"expected 1 to 8 bits, got {self.bits}")
        if not self.low < self.high:
            raise ValueError(f"expected low < high, got {self.low} and {self.high}")

    @property
    def levels(self) -> int:
        """How many values a pixel's colour can have."""
        return 1 << self.bits

    def dequantize(
        self, pixels: Tensor, noise: Tensor | float, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """Numbers in `[low, high)` from uint8 pictures; `noise` in [0, 1) is the place in the bin."""
        level = (pixels >> (8 - self.bits)).to(dtype)
        return self.low + (level + noise) * ((self.high - self.low) / self.levels)

    def pixels(self, x: Tensor) -> Tensor:
        """uint8 pictures: the level whose bin holds `x`, shown at the middle of what it stands for.

        What lies outside `[low, high)` becomes the nearest level; what is not a number, the lowest.
        """
        place = (single_or_double(x) - self.low) * (self.levels / (self.high - self.low))
        level = place.nan_to_num(0.0).floor().clamp(0, self.levels - 1).to(torch.int32)
        width = 256 // self.levels
        return (level * width + (width - 1) // 2).to(torch.uint8)

    def bits_per_dim(self, log_prob: Tensor, dimensions: int) -> Tensor:
        """Bits for each pixel's colour from log-densities in nats, of any shape."""
        offset = math.log2(self.levels / (self.high - self.low))
        return -log_prob / (dimensions * math.log(2)) + offset
