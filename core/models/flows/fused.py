"""The fast path of a finished flow: pictures to noise and noise to pictures, without densities.

What differs from `MultiScaleFlow`, which it has to agree with up to rounding:

* actnorm and the mixing of channels are one 1x1 convolution, and its inverse matrix is computed once;
* gains are folded into the weights, the coupling's constant into a bias;
* couplings write where they read, so halves are never put together again;
* everything is in channels-last order, in which those convolutions are plain matrix products;
* on a GPU the whole of it is recorded once for each batch size (`core.models.flows.graphs`).

In half precision only the networks inside couplings and priors are halved; the flow's own numbers stay in
single precision, so that what is inverted is inverted exactly.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn import functional as F

from core.models.flows.actnorm import ActNorm
from core.models.flows.conditional_prior import ConditionalPrior
from core.models.flows.coupling import AffineCoupling
from core.models.flows.graphs import Recorded
from core.models.flows.layer import linear
from core.models.flows.multi_scale import Level, MultiScaleFlow, Noise, Temperature, tempered
from core.models.flows.networks import Convolution
from core.models.flows.squeeze import squeeze, unsqueeze
from core.models.flows.step import Step


class FusedStep:
    """One step with everything that does not depend on its input worked out."""

    def __init__(self, step: Step, dtype: torch.dtype) -> None:
        exact = [part.double() for part in step.affine()]
        inverse = torch.linalg.inv(exact[0])
        single = step.actnorm.shift.dtype
        self.weight, self.bias = (part.to(single) for part in exact)
        self.inverse_weight = inverse.to(single)
        self.inverse_bias = -(inverse @ exact[1]).to(single)
        coupling = step.coupling
        self.kept = coupling.kept
        self.least = coupling.least if isinstance(coupling, AffineCoupling) else None
        self.first, self.second, self.last = (
            _typed(convolution, dtype) for convolution in coupling.network.convolutions()
        )
        if self.least is not None:
            weight, bias = self.last
            bias = bias.clone()
            bias[len(bias) // 2 :] += 2  # of sigmoid(r + 2)
            self.last = weight, bias

    def forward(self, x: Tensor) -> Tensor:
        """From pictures to noise."""
        y = linear(x, self.weight, self.bias)
        shift, scale = self._say(y)
        moving = y[:, self.kept :]
        if scale is not None:
            moving.mul_(scale)
        moving.add_(shift)
        return y

    def inverse(self, y: Tensor) -> Tensor:
        """From noise to pictures; changes `y`."""
        shift, scale = self._say(y)
        moved = y[:, self.kept :]
        moved.sub_(shift)
        if scale is not None:
            moved.div_(scale)
        return linear(y, self.inverse_weight, self.inverse_bias)

    def _say(self, y: Tensor) -> tuple[Tensor, Tensor | None]:
        """Shift and scale of the moving channels."""
        kept = y[:, : self.kept].to(self.first[0].dtype, memory_format=torch.channels_last)
        hidden = F.relu_(F.conv2d(kept, *self.first, padding=1))
        hidden = F.relu_(F.conv2d(hidden, *self.second))
        raw = F.conv2d(hidden, *self.last, padding=1)
        if raw.dtype != y.dtype:
            raw = raw.to(y.dtype)
        if self.least is None:
            return raw, None
        shift, rate = raw.chunk(2, dim=1)
        rate = rate.contiguous(memory_format=torch.channels_last)  # four times faster than its view
        return shift, rate.sigmoid_().mul_(1 - self.least).add_(self.least)


class FusedLevel:
    """The steps of a level and the prior of what leaves."""

    def __init__(self, level: Level, dtype: torch.dtype) -> None:
        self.steps = [FusedStep(step, dtype) for step in level.parts()]
        self.staying = level.staying
        self.prior = level.prior
        self.convolution: Convolution | None = None
        if isinstance(level.prior, ConditionalPrior):
            self.convolution = _typed(level.prior.convolution(), dtype)

    def forward(self, x: Tensor) -> tuple[Tensor | None, Tensor]:
        """What stays, and the noise of what leaves."""
        for step in self.steps:
            x = step.forward(x)
        if isinstance(self.prior, ActNorm):
            return None, self.prior(x)[0]
        stays = x[:, : self.staying]
        mean, log_deviation = self._moments(stays)
        return stays, (x[:, self.staying :] - mean) * (-log_deviation).exp()

    def inverse(self, stays: Tensor | None, noise: Tensor) -> Tensor:
        """What came into the level, squeezed."""
        if isinstance(self.prior, ActNorm):
            x = self.prior.inverse(noise)
        else:
            assert stays is not None
            mean, log_deviation = self._moments(stays)
            x = torch.cat([stays, torch.addcmul(mean, noise, log_deviation.exp_())], dim=1)
        x = x.contiguous(memory_format=torch.channels_last)
        for step in reversed(self.steps):
            x = step.inverse(x)
        return x

    def _moments(self, stays: Tensor) -> tuple[Tensor, Tensor]:
        assert self.convolution is not None and isinstance(self.prior, ConditionalPrior)
        weight, bias = self.convolution
        kept = stays.to(weight.dtype, memory_format=torch.channels_last)
        return self.prior.moments(F.conv2d(kept, weight, bias, padding=1).to(stays.dtype))


class FusedFlow:
    """A finished flow on its device; its parameters must not change any more.

    `dtype` is that of the networks inside; `record` allows graphs where the device has them.
    """

    def __init__(
        self, flow: MultiScaleFlow, dtype: torch.dtype | None = None, *, record: bool = True
    ) -> None:
        parameter = next(flow.parameters())
        self.dtype = dtype or parameter.dtype
        self.device = parameter.device
        with torch.no_grad():
            self.levels = [FusedLevel(level, self.dtype) for level in flow.parts()]
        self._inverse = Recorded(self._run_inverse) if record else self._run_inverse
        self._forward = Recorded(self._run_forward) if record else self._run_forward

    def sample(self, noise: Sequence[Tensor], temperature: Temperature = 1.0) -> Tensor:
        """As `MultiScaleFlow.sample`, without gradients."""
        return self.inverse(tempered(noise, temperature))

    def inverse(self, noise: Sequence[Tensor]) -> Tensor:
        """As `MultiScaleFlow.inverse`, without gradients."""
        with self._exactly():
            return self._inverse(*noise)[0]

    def forward(self, x: Tensor) -> Noise:
        """The noise of `x`, as of `MultiScaleFlow.forward`, without gradients."""
        with self._exactly():
            return self._forward(x)

    def _run_inverse(self, *noise: Tensor) -> tuple[Tensor, ...]:
        stays: Tensor | None = None
        for level, part in zip(reversed(self.levels), reversed(noise), strict=True):
            stays = unsqueeze(level.inverse(stays, part))
        assert stays is not None
        return (stays.contiguous(),)

    def _run_forward(self, x: Tensor) -> tuple[Tensor, ...]:
        noise: list[Tensor] = []
        stays: Tensor | None = x
        for level in self.levels:
            assert stays is not None
            stays, part = level.forward(squeeze(stays))
            noise.append(part)
        return tuple(noise)

    @contextmanager
    def _exactly(self) -> Iterator[None]:
        """No automatic casting; on a GPU no shortened mantissas where single precision is asked for.

        No gradients either, but not in inference mode: a recording's tensors are written to again by
        callers of both kinds.
        """
        shortened = torch.backends.cudnn.allow_tf32
        if self.device.type == "cuda" and self.dtype == torch.float32:
            torch.backends.cudnn.allow_tf32 = False
        try:
            with (
                torch.inference_mode(False),
                torch.no_grad(),
                torch.autocast(self.device.type, enabled=False),
            ):
                yield
        finally:
            torch.backends.cudnn.allow_tf32 = shortened


_finished: WeakKeyDictionary[MultiScaleFlow, dict[object, FusedFlow]] = WeakKeyDictionary()


def fused(flow: MultiScaleFlow, dtype: torch.dtype | None = None) -> FusedFlow:
    """The fast path of a finished flow, made at the first call and kept as long as the flow."""
    known = _finished.setdefault(flow, {})
    parameter = next(flow.parameters())
    key = (dtype or parameter.dtype, parameter.dtype, parameter.device, parameter.data_ptr())
    if key not in known:
        known[key] = FusedFlow(flow, dtype)
    return known[key]


def _typed(convolution: Convolution, dtype: torch.dtype) -> Convolution:
    weight, bias = convolution
    return weight.to(dtype, memory_format=torch.channels_last), bias.to(dtype)
