r"""Actnorm: a scale and a shift for every channel that begin as the normalisation of one batch.

.. math:: y_c = e^{s_c} x_c + b_c, \qquad \ln|\det J| = h w \sum_c s_c

After Kingma and Dhariwal 2018, https://arxiv.org/abs/1807.03039. Without `start` it begins as the
identity, which is what https://kexue.fm/archives/5807 does.
"""

import torch
from torch import Tensor, nn

from core.models.flows.layer import Layer, channel_moments


class ActNorm(Layer):
    """Scale and shift of `channels` channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled and shifted."""
        y = x * self.log_scale.exp()[:, None, None] + self.shift[:, None, None]
        pixels = x.shape[2] * x.shape[3]
        return y, (pixels * self.log_scale.sum()).expand(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        """Shifted and scaled back."""
        return (y - self.shift[:, None, None]) * (-self.log_scale).exp()[:, None, None]

    @torch.no_grad()
    def start(self, x: Tensor) -> Tensor:
        """Every channel of this batch leaves with mean 0 and variance 1."""
        mean, deviation = channel_moments(x)
        self.log_scale.copy_(-deviation.log())
        self.shift.copy_(-mean / deviation)
        y: Tensor = self(x)[0]
        return y
