r"""A flow over pictures in several levels: at the end of each, half of the channels leave.

.. math::
    h_0 = x, \quad (h_l, z_l) = \text{halves of } f_l(\text{squeeze}(h_{l-1})), \quad
    \varepsilon_l = (z_l - \mu_l(h_l)) / \sigma_l(h_l)

At the last level nothing stays, and :math:`\mu, \sigma` are one number a channel (a last actnorm). Outside
this file a code is always the *noise* :math:`\varepsilon_1,\dots,\varepsilon_L`, level by level, finest
first: independent standard normal numbers, as many as the picture has. The density is

.. math::
    \ln p(x) = \sum_l \underbrace{\ln N(z_l; \mu_l, \sigma_l^2)}_{\text{prior}}
             + \sum_l \underbrace{\ln|\det f_l'|}_{\text{log-determinant}}

After Dinh et al. 2017, https://arxiv.org/abs/1605.08803, and Su Jianlin,
https://kexue.fm/archives/5807.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from core.models.flows.actnorm import ActNorm
from core.models.flows.conditional_prior import ConditionalPrior
from core.models.flows.quantization import Quantization
from core.models.flows.squeeze import squeeze, unsqueeze
from core.models.flows.step import Step
from core.nn import standard_normal_log_prob

Noise = tuple[Tensor, ...]  # one tensor a level, finest first
Temperature = float | Sequence[float] | Tensor


class Density(NamedTuple):
    """What a log-density is made of, in nats; each `(batch, levels)`, finest level first."""

    prior: Tensor  # of what leaves at a level, given what stays
    log_det: Tensor  # of the level's steps
    noise: Noise

    def log_prob(self) -> Tensor:
        """The log-density, `(batch,)`: the sum of all contributions."""
        return self.prior.sum(dim=1) + self.log_det.sum(dim=1)


class Level(nn.Module):
    """Squeeze, steps, and the prior of the channels that leave; all leave when it is the last."""

    def __init__(self, steps: list[Step], channels: int, last: bool, bound: float | None) -> None:
        super().__init__()
        self.steps = nn.ModuleList(steps)
        self.staying = 0 if last else channels // 2
        self.prior: ActNorm | ConditionalPrior = (
            ActNorm(channels)
            if last
            else ConditionalPrior(self.staying, channels - self.staying, bound)
        )

    def parts(self) -> list[Step]:
        """The steps from pictures to noise."""
        return cast(list[Step], list(self.steps))

    def leave(self, x: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        """What stays (None at the last level), the noise of what leaves, its log-determinant."""
        if isinstance(self.prior, ActNorm):
            return None, *self.prior(x)
        stays, leaves = x[:, : self.staying], x[:, self.staying :]
        return stays, *self.prior(stays, leaves)

    def join(self, stays: Tensor | None, noise: Tensor) -> Tensor:
        """The inverse of `leave`."""
        if isinstance(self.prior, ActNorm):
            return self.prior.inverse(noise)
        assert stays is not None
        return torch.cat([stays, self.prior.inverse(stays, noise)], dim=1)


class MultiScaleFlow(nn.Module):
    """Pictures of `size` pixels and three colours to noise of `levels` sizes and back.

    `make_step(channels)` builds a step. Training may set `recompute`: then the steps' inner
    activations are computed again in the backward pass instead of being kept.
    """

    def __init__(
        self,
        *,
        size: int,
        levels: int,
        steps: int,
        make_step: Callable[[int], Step],
        quantization: Quantization,
        bound: float | None = None,
    ) -> None:
        super().__init__()
        if levels < 1 or size % (1 << levels):
            raise ValueError(f"{size} pixels cannot be halved {levels} times")
        self.size, self.quantization = size, quantization
        self.recompute = False
        built, channels = [], 3
        for index in range(levels):
            channels *= 4
            last = index == levels - 1
            built.append(Level([make_step(channels) for _ in range(steps)], channels, last, bound))
            channels //= 2
        self.levels = nn.ModuleList(built)

    @property
    def dimensions(self) -> int:
        """How many numbers a picture has, and its noise."""
        return 3 * self.size**2

    def parts(self) -> list[Level]:
        """The levels, finest first."""
        return cast(list[Level], list(self.levels))

    def noise_shapes(self) -> list[tuple[int, int, int]]:
        """`(channels, height, width)` of each level's noise, finest first."""
        count, shapes = len(self.levels), []
        for index in range(count):
            side = self.size >> (index + 1)
            channels = 6 << index if index < count - 1 else 12 << index
            shapes.append((channels, side, side))
        return shapes

    def split(self, flat: Tensor) -> Noise:
        """Rows of numbers `(batch, dimensions)` as noise level by level."""
        shapes = self.noise_shapes()
        parts = flat.split([c * h * w for c, h, w in shapes], dim=1)
        return tuple(part.unflatten(1, shape) for part, shape in zip(parts, shapes, strict=True))

    def flatten(self, noise: Sequence[Tensor]) -> Tensor:
        """Noise level by level as rows `(batch, dimensions)`; the inverse of `split`."""
        return torch.cat([part.flatten(1) for part in noise], dim=1)

    def dequantize(self, pixels: Tensor, noise: Tensor | float) -> Tensor:
        """uint8 pictures as numbers of the parameters' type, `noise` in [0, 1) inside their bins."""
        dtype = next(self.parameters()).dtype
        return self.quantization.dequantize(pixels, noise, dtype)

    def forward(self, x: Tensor) -> tuple[Noise, Tensor]:
        """Noise of `x` `(batch, 3, size, size)` and ln|det| of the whole map, `(batch,)`."""
        noise, of_steps, of_priors = self._encode(x)
        return noise, (of_steps + of_priors).sum(dim=1)

    def inverse(self, noise: Sequence[Tensor]) -> Tensor:
        """The numbers `x` `(batch, 3, size, size)` of noise; the exact inverse of `forward`."""
        stays: Tensor | None = None
        for level, part in zip(reversed(self.parts()), reversed(noise), strict=True):
            x = level.join(stays, part)
            for step in reversed(level.parts()):
                x = step.inverse(x)
            stays = unsqueeze(x)
        assert stays is not None
        return stays

    def log_prob(self, x: Tensor) -> Density:
        """The log-density of `x` `(batch, 3, size, size)`, cut up by level and by kind."""
        noise, of_steps, of_priors = self._encode(x)
        gaussian = [standard_normal_log_prob(part).flatten(1).sum(dim=1) for part in noise]
        return Density(torch.stack(gaussian, dim=1) + of_priors, of_steps, noise)

    def bits_per_dim(self, pixels: Tensor, noise: Tensor | float) -> Tensor:
        """Bits per dimension, `(batch,)`, of uint8 pictures with `noise` uniform in their bins."""
        density = self.log_prob(self.dequantize(pixels, noise))
        return self.quantization.bits_per_dim(density.log_prob(), self.dimensions)

    def sample(self, noise: Sequence[Tensor], temperature: Temperature = 1.0) -> Tensor:
        """Pictures as numbers from noise level by level, each multiplied by its temperature.

        `temperature` is one number, one for each level, or a tensor `(batch, levels)`.
        """
        return self.inverse(tempered(noise, temperature))

    def encode(self, pixels: Tensor) -> Noise:
        """Noise of uint8 pictures, taken at the middle of their bins."""
        noise: Noise = self(self.dequantize(pixels, 0.5))[0]
        return noise

    def start(self, x: Tensor) -> None:
        """Choose the numbers that depend on data from a first batch `(batch, 3, size, size)`."""
        for level in self.parts():
            x = squeeze(x)
            for step in level.parts():
                x = step.start(x)
            if isinstance(level.prior, ActNorm):
                x = level.prior.start(x)
            else:
                x = x[:, : level.staying]

    def golden(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Bits per dimension of `input.pixels`, a sample of `input.noise`, in double precision.

        A flow magnifies rounding; in double precision any machine gets the same digits.
        """
        with torch.random.fork_rng(devices=[]):
            exact = type(self)(self.config).double()  # type: ignore[call-arg, arg-type]
        exact.load_state_dict(self.state_dict())
        exact.requires_grad_(False)
        pixels, noise = inputs["input.pixels"], inputs["input.noise"]
        density = exact.log_prob(exact.dequantize(pixels, 0.5))
        return {
            "output.prior": density.prior.float() / self.dimensions,
            "output.log_det": density.log_det.float() / self.dimensions,
            "output.sample": exact.sample(exact.split(noise.double()), 0.7).float(),
        }

    def _encode(self, x: Tensor) -> tuple[Noise, Tensor, Tensor]:
        """Noise, and the log-determinants of steps and of priors, each `(batch, levels)`."""
        noise, of_steps, of_priors = [], [], []
        again = self.recompute and torch.is_grad_enabled()
        for level in self.parts():
            x = squeeze(x)
            log_det = x.new_zeros(len(x))
            for step in level.parts():
                x, more = checkpoint(step, x, use_reentrant=False) if again else step(x)
                log_det = log_det + more
            stays, part, more = level.leave(x)
            noise.append(part)
            of_steps.append(log_det)
            of_priors.append(more)
            x = part if stays is None else stays
        return tuple(noise), torch.stack(of_steps, dim=1), torch.stack(of_priors, dim=1)


def tempered(noise: Sequence[Tensor], temperature: Temperature) -> list[Tensor]:
    """Noise level by level, each times its temperature; see `MultiScaleFlow.sample`."""
    if isinstance(temperature, Tensor):
        return [
            part * temperature[:, i].to(part)[:, None, None, None] for i, part in enumerate(noise)
        ]
    if isinstance(temperature, float | int):
        return [part * float(temperature) for part in noise]
    return [part * float(t) for part, t in zip(noise, temperature, strict=True)]
