"""The functions inside couplings: three convolutions; what they compute is never inverted."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.flows.layer import channel_moments

Convolution = tuple[Tensor, Tensor]  # weight (out, in, k, k) and bias (out,)


class GainedConvolution(nn.Module):
    """A convolution whose output channels have a learned gain, folded into the weight.

    The same as a convolution followed by actnorm, without a pass over the activations for it. With
    `zero` it returns zeros at first and its gain learns `haste` times as fast.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, zero: bool = False, haste: float = 1.0
    ) -> None:
        super().__init__()
        self.kernel, self.haste = kernel, haste
        weight = torch.zeros(outputs, inputs, kernel, kernel)
        if not zero:
            nn.init.normal_(weight, std=0.05)
        self.weight = nn.Parameter(weight.to(memory_format=torch.channels_last))
        self.log_gain = nn.Parameter(torch.zeros(outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def convolution(self) -> Convolution:
        """The plain convolution that this is: weight with its gain, and bias."""
        gain = (self.haste * self.log_gain).exp()
        return self.weight * gain[:, None, None, None], self.bias

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, inputs, height, width)` to `(batch, outputs, height, width)`."""
        return F.conv2d(x, *self.convolution(), padding=self.kernel // 2)

    @torch.no_grad()
    def start(self, x: Tensor) -> Tensor:
        """Choose gain and bias so that this batch's outputs have mean 0 and variance 1."""
        mean, deviation = channel_moments(F.conv2d(x, self.weight, padding=self.kernel // 2))
        self.log_gain.copy_(-deviation.log() / self.haste)
        self.bias.copy_(-mean / deviation)
        y: Tensor = self(x)
        return y


class GainedNetwork(nn.Module):
    """Convolutions 3x3, 1x1, 3x3 with gains and ReLU between; zeros at first."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.first = GainedConvolution(inputs, width, 3)
        self.second = GainedConvolution(width, width, 1)
        self.last = GainedConvolution(width, outputs, 3, zero=True, haste=3.0)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, inputs, height, width)` to `(batch, outputs, height, width)`."""
        hidden = F.relu(self.second(F.relu(self.first(x))))
        y: Tensor = self.last(hidden)
        return y

    def start(self, x: Tensor) -> None:
        """Normalise the two hidden layers on a first batch."""
        self.second.start(F.relu(self.first.start(x)))

    def convolutions(self) -> list[Convolution]:
        """The three convolutions, with ReLU between them."""
        return [part.convolution() for part in (self.first, self.second, self.last)]


class PlainNetwork(nn.Module):
    """The author's: the same three convolutions without gains; the last one zeros at first."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 1)
        self.last = nn.Conv2d(width, outputs, 3, padding=1)
        for layer in (self.first, self.second):
            nn.init.xavier_uniform_(layer.weight)  # what his framework does by default
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, inputs, height, width)` to `(batch, outputs, height, width)`."""
        y: Tensor = self.last(F.relu(self.second(F.relu(self.first(x)))))
        return y

    def start(self, x: Tensor) -> None:
        """Nothing depends on data."""

    def convolutions(self) -> list[Convolution]:
        """The three convolutions, with ReLU between them."""
        layers = (self.first, self.second, self.last)
        return [(layer.weight, layer.bias) for layer in layers]  # type: ignore[misc]


Network = GainedNetwork | PlainNetwork
