"""A fixed random permutation of the channels, the author's way to mix them between couplings.

After Su Jianlin, https://kexue.fm/archives/5807.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from core.models.flows.layer import Layer


class Permutation(Layer):
    """Channel `i` of the result is channel `order[i]` of the input."""

    order: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("order", torch.randperm(channels))

    def matrix(self) -> Tensor:
        """The permutation as a matrix `(channels, channels)`, in the default precision."""
        return F.one_hot(self.order, len(self.order)).to(torch.get_default_dtype())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Shuffled; the log-determinant is zero."""
        return x[:, self.order], x.new_zeros(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        """Put back."""
        return y[:, self.order.argsort()]
