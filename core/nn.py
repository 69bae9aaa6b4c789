"""Pieces that two or more model families use identically."""

from typing import NamedTuple

import torch
from torch import Tensor


class DiagonalGaussian(NamedTuple):
    """A normal distribution with independent components, `mean` and `log_var` of one shape `(batch, ...)`."""

    mean: Tensor
    log_var: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """`mean + std * noise`, the reparameterisation of Kingma and Welling (2013)."""
        return self.mean + (0.5 * self.log_var).exp() * noise

    def kl(self) -> Tensor:
        """KL divergence from the standard normal in nats, per component, shape of `mean`."""
        return 0.5 * (self.mean.square() + self.log_var.exp() - self.log_var - 1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats, per component."""
        return standard_normal_log_prob((value - self.mean) * (-0.5 * self.log_var).exp()) - (
            0.5 * self.log_var
        )


class Terms(NamedTuple):
    """The parts of a joint density `p(x, z)` whose prior is a flow: `z` is made of standard noise.

    A model without a flow has `noise = z` and log-determinants of zero.
    """

    logits: Tensor  # (batch, length, vocab_size) of p(x|z)
    noise: Tensor  # (batch, latent)
    log_det: Tensor  # (batch, parts), of the map from z to noise; parts of the code side by side

    def log_prior(self) -> Tensor:
        """`log p(z)` in nats, `(batch,)`."""
        return standard_normal_log_prob(self.noise).sum(dim=1) + self.log_det.sum(dim=1)


LOG_2PI = 1.8378770664093453


def standard_normal_log_prob(value: Tensor) -> Tensor:
    """Log-density of the standard normal in nats, per component."""
    return -0.5 * (value.square() + LOG_2PI)


def single_or_double(x: Tensor) -> Tensor:
    """`x` in at least single precision: half precision has too few digits for 256 levels, or for sums."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
