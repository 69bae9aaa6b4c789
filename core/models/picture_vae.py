r"""A convolutional VAE over pictures, with the one number of noise that makes its likelihood honest.

The encoder gives each picture a normal distribution over :math:`d` numbers, the decoder gives codes a
mean picture, and pixels are normal around it with one deviation :math:`\sigma` for all, learned with the
rest:

.. math::
    -\log p(x) \le \frac{\lVert x-g(z)\rVert^2}{2\sigma^2} + D\log\sigma + \frac D2\log 2\pi
        + \tfrac12\sum_{i=1}^d\bigl(\mu_i^2+\sigma_i^2-\log\sigma_i^2-1\bigr)

The best :math:`\sigma` is the root of the mean squared error, so that reconstruction and divergence are
weighed by what the model can do and not by hand (Rybkin et al. 2021, https://arxiv.org/abs/2006.13202).

Source: Su Jianlin, https://kexue.fm/archives/5253 and the likelihood by importance sampling of
https://kexue.fm/archives/8791. Departures: :math:`\sigma` is learned where the post has 1; the last map
of 4 x 4 is flattened where the post averages it, so that codes know places.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.flows.quantization import Quantization
from core.nn import LOG_2PI, DiagonalGaussian, single_or_double, standard_normal_log_prob

LEVELS = Quantization(low=-1.0, high=1.0)  # the grey levels of a picture as numbers
_SIZES = (16, 32, 64, 128)


@dataclass(frozen=True, kw_only=True)
class PictureVAEConfig:
    """Sizes; the defaults are the shipped model's."""

    size: int = 64  # side of the pictures in pixels
    latent: int = 128  # numbers of a code
    width: int = 32  # channels at half the side; they double with every halving

    def __post_init__(self) -> None:
        if self.size not in _SIZES:
            raise ValueError(f"size is one of {list(_SIZES)}, got {self.size}")

    @property
    def channels(self) -> list[int]:
        """Channels after each halving of the side, down to a map of 4 x 4."""
        return [self.width * 2**i for i in range(int(math.log2(self.size // 4)))]


class PictureVAE(nn.Module):
    """Both networks; pictures are `(batch, 3, size, size)` in [-1, 1], codes `(batch, latent)`."""

    Config = PictureVAEConfig

    def __init__(self, config: PictureVAEConfig) -> None:
        super().__init__()
        self.config = c = config
        down, up = [3, *c.channels], [*c.channels[::-1], c.width]
        self.down = nn.ModuleList(
            nn.Conv2d(i, o, 5, stride=2, padding=2, bias=False)
            for i, o in zip(down, down[1:], strict=False)
        )
        self.down_norms = nn.ModuleList(nn.BatchNorm2d(o) for o in down[1:])
        self.posterior = nn.Linear(16 * c.channels[-1], 2 * c.latent)
        self.unfold = nn.Linear(c.latent, 16 * c.channels[-1])
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(i, o, 5, stride=2, padding=2, output_padding=1, bias=False)
            for i, o in zip(up, up[1:], strict=False)
        )
        self.up_norms = nn.ModuleList(nn.BatchNorm2d(i) for i in up)
        self.output = nn.Conv2d(c.width, 3, 5, padding=2)
        self.log_sigma = nn.Parameter(torch.tensor(-1.0))

    @property
    def dimensions(self) -> int:
        """D: numbers in a picture."""
        return 3 * self.config.size**2

    def encode(self, images: Tensor) -> DiagonalGaussian:
        """What a picture says of its code: mean and log-variance, `(batch, latent)` each."""
        x = images
        for convolution, norm in zip(self.down, self.down_norms, strict=True):
            x = F.leaky_relu(norm(convolution(x)), 0.2)
        mean, log_var = single_or_double(self.posterior(x.flatten(1))).chunk(2, dim=1)
        # A variance beyond that of the prior by e^4, or a point, is of no use and ends in overflow.
        return DiagonalGaussian(mean, log_var.clamp(-16.0, 4.0))

    def generate(self, z: Tensor) -> Tensor:
        """The mean pictures of codes, in [-1, 1]."""
        x: Tensor = self.unfold(z).unflatten(1, (-1, 4, 4))
        for convolution, norm in zip(self.up, self.up_norms, strict=False):
            x = convolution(F.relu(norm(x)))
        x = self.output(F.relu(self.up_norms[-1](x)))
        # Half precision has too few steps near 1 for 256 levels.
        return torch.tanh(single_or_double(x))

    def reconstruct(self, images: Tensor) -> Tensor:
        """Pictures through the means of their codes and back."""
        return self.generate(self.encode(images).mean)

    def log_likelihood(self, images: Tensor, z: Tensor) -> Tensor:
        """`log p(x|z)` in nats, `(batch,)`, as a density of pictures in [-1, 1]."""
        error = (images - self.generate(z)).flatten(1).square().sum(dim=1)
        constant = self.dimensions * (self.log_sigma + 0.5 * LOG_2PI)
        return -0.5 * error * torch.exp(-2 * self.log_sigma) - constant

    def elbo(self, images: Tensor, noise: Tensor) -> Tensor:
        """The evidence lower bound in nats, `(batch,)`; `noise` is standard normal `(batch, latent)`."""
        posterior = self.encode(images)
        return self.log_likelihood(images, posterior.sample(noise)) - posterior.kl().sum(dim=1)

    def importance_weights(self, image: Tensor, noise: Tensor) -> Tensor:
        """`log p(x|z) p(z) / q(z|x)` for each row of `noise` `(samples, latent)`: `(samples,)`, nats.

        `image` is one picture, `(3, size, size)`. The log of the weights' mean bounds `log p(x)` from
        below, the tighter the more samples (Burda et al. 2016, https://arxiv.org/abs/1509.00519).
        """
        posterior = self.encode(image[None])
        z = posterior.sample(noise)
        prior = standard_normal_log_prob(z).sum(dim=1)
        proposal = posterior.log_prob(z).sum(dim=1)
        return self.log_likelihood(image[None], z) + prior - proposal

    def bits_per_dim(self, log_prob: Tensor) -> Tensor:
        """Bits for each pixel's colour from densities in nats; comparable with a flow's."""
        return LEVELS.bits_per_dim(log_prob, self.dimensions)

    def golden(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Pictures of `input.z`; the posterior of `input.images`, their reconstruction and ELBO."""
        images = inputs["input.images"]
        posterior = self.encode(images)
        return {
            "output.images": self.generate(inputs["input.z"]),
            "output.mean": posterior.mean,
            "output.log_var": posterior.log_var,
            "output.reconstruction": self.reconstruct(images),
            "output.elbo": self.elbo(images, inputs["input.z"]) / self.dimensions,
        }
