r"""The channels that leave at the end of a level are Gaussian given those that stay.

.. math:: \varepsilon = (z - \mu(h)) / \sigma(h), \qquad \ln|\det J| = -\sum \ln \sigma

with :math:`\mu` and :math:`\ln\sigma` from one 3x3 convolution of the channels :math:`h` that stay, zero at
first. After Su Jianlin, https://kexue.fm/archives/5807 ("conditional actnorm"), and Kingma and
Dhariwal 2018, https://arxiv.org/abs/1807.03039.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.flows.layer import single, total
from core.models.flows.networks import Convolution


class ConditionalPrior(nn.Module):
    """Noise of `leaving` channels given `staying` ones; `bound` limits `|ln sigma|` smoothly."""

    def __init__(self, staying: int, leaving: int, bound: float | None = None) -> None:
        super().__init__()
        self.bound = bound
        self.weight = nn.Parameter(
            torch.zeros(2 * leaving, staying, 3, 3).to(memory_format=torch.channels_last)
        )
        self.bias = nn.Parameter(torch.zeros(2 * leaving))

    def convolution(self) -> Convolution:
        """Weight and bias of the convolution: means, then log-deviations."""
        return self.weight, self.bias

    def moments(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-deviation from the convolution's outputs."""
        mean, log_deviation = raw.chunk(2, dim=1)
        if self.bound is not None:
            log_deviation = self.bound * torch.tanh(log_deviation / self.bound)
        return mean, log_deviation

    def _moments(self, staying: Tensor) -> tuple[Tensor, Tensor]:
        return self.moments(single(F.conv2d(staying, self.weight, self.bias, padding=1)))

    def forward(self, staying: Tensor, leaving: Tensor) -> tuple[Tensor, Tensor]:
        """Noise of what leaves, of its shape, and the log-determinant `(batch,)`."""
        mean, log_deviation = self._moments(staying)
        return (leaving - mean) * (-log_deviation).exp(), -total(log_deviation)

    def inverse(self, staying: Tensor, noise: Tensor) -> Tensor:
        """What leaves, from its noise."""
        mean, log_deviation = self._moments(staying)
        return torch.addcmul(mean, noise, log_deviation.exp())
