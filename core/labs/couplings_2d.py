r"""RealNVP in the plane: coupling layers, ways to mix the coordinates between them, and a scale.

A coupling changes one coordinate given the other, :math:`y_2=e^{s(x_1)}x_2+t(x_1)`, so that its
inverse is as cheap as itself and :math:`\ln|\det J|=s(x_1)` (https://kexue.fm/archives/5807; Dinh et
al. 2017, https://arxiv.org/abs/1605.08803). Kinds: "affine", "tanh" (:math:`|s|\le2`) and "additive"
(:math:`s=0`, the NICE of https://kexue.fm/archives/5776).

Between couplings the coordinates are mixed: "reverse", a random "permutation" (in the plane: swapped
or not), a random "rotation", a learned 1x1 matrix "lu" :math:`PL(U+\operatorname{diag}s)` (Kingma and
Dhariwal 2018, https://arxiv.org/abs/1807.03039), or "none", with which one coordinate is never
changed. A learned scale per coordinate closes the flow, without which an additive one could not
change volume at all.
"""

import math
from abc import ABC, abstractmethod
from typing import cast

import torch
from torch import Tensor, nn

from core.labs.training_2d import linear, normal

COUPLINGS = ("affine", "tanh", "additive")
MIXINGS = ("reverse", "permutation", "rotation", "lu", "none")
_CLAMP = 2.0  # of "tanh" couplings: scales between e^-2 and e^2


class Layer(nn.Module, ABC):
    """An invertible map of rows `(batch, 2)` with a known log-determinant."""

    @abstractmethod
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, 2)` to the same and the log-determinant `(batch,)`."""

    @abstractmethod
    def inverse(self, y: Tensor) -> Tensor:
        """The exact inverse of `forward`."""


class Coupling(Layer):
    """y1 = x1, y2 = exp(s(x1)) x2 + t(x1), on rows `(batch, 2)`."""

    def __init__(self, kind: str, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.kind = kind
        self.net = nn.Sequential(
            linear(1, width, generator),
            nn.SiLU(),
            linear(width, width, generator),
            nn.SiLU(),
            linear(width, 1 if kind == "additive" else 2, generator),
        )
        with torch.no_grad():  # begin near the identity
            for p in self.net[-1].parameters():
                p.mul_(0.1)

    def _shift_and_log_scale(self, x1: Tensor) -> tuple[Tensor, Tensor]:
        out = self.net(x1)
        if self.kind == "additive":
            return out, torch.zeros_like(out)
        shift, log_scale = out[:, :1], out[:, 1:]
        return shift, _CLAMP * (log_scale / _CLAMP).tanh() if self.kind == "tanh" else log_scale

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, 2)` to the same and the log-determinant `(batch,)`."""
        x1, x2 = x[:, :1], x[:, 1:]
        shift, log_scale = self._shift_and_log_scale(x1)
        return torch.cat([x1, log_scale.exp() * x2 + shift], dim=1), log_scale[:, 0]

    def inverse(self, y: Tensor) -> Tensor:
        """The exact inverse of `forward`."""
        shift, log_scale = self._shift_and_log_scale(y[:, :1])
        return torch.cat([y[:, :1], (y[:, 1:] - shift) * (-log_scale).exp()], dim=1)


class Swap(Layer):
    """Exchange both coordinates, or not: the permutations of the plane."""

    def __init__(self, swaps: bool) -> None:
        super().__init__()
        self.swaps = swaps

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, 2)` to the same and a log-determinant of zero, `(batch,)`."""
        return self.inverse(x), x.new_zeros(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        """Its own inverse."""
        return y.flip(1) if self.swaps else y


class Rotation(Layer):
    """Turn the plane by a fixed angle, in radians."""

    turn: Tensor

    def __init__(self, angle: float) -> None:
        super().__init__()
        c, s = math.cos(angle), math.sin(angle)
        self.register_buffer("turn", torch.tensor([[c, -s], [s, c]], dtype=torch.float64))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, 2)` to the same and a log-determinant of zero, `(batch,)`."""
        return x @ self.turn.T, x.new_zeros(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        """The turn back."""
        return y @ self.turn


class LU(Layer):
    """y = W x with W = P L (U + diag(s)), P fixed, L and U with one free entry each."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.swap = Swap(bool(torch.randint(2, (1,), generator=generator)))
        self.entries = nn.Parameter(0.1 * normal((2,), generator))
        self.log_scale = nn.Parameter(torch.zeros(2, dtype=torch.float64))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, 2)` to the same and the log-determinant sum ln s, `(batch,)`."""
        scale = self.log_scale.exp()
        upper = torch.stack([scale[0] * x[:, 0] + self.entries[0] * x[:, 1], scale[1] * x[:, 1]], 1)
        lower = torch.stack([upper[:, 0], upper[:, 1] + self.entries[1] * upper[:, 0]], 1)
        return self.swap.inverse(lower), self.log_scale.sum().expand(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        """Substitution, forwards through L and backwards through U."""
        lower = self.swap.inverse(y)
        u0, u1 = lower[:, 0], lower[:, 1] - self.entries[1] * lower[:, 0]
        scale = self.log_scale.exp()
        x1 = u1 / scale[1]
        return torch.stack([(u0 - self.entries[0] * x1) / scale[0], x1], dim=1)


class Scale(Layer):
    """y = exp(s) x per coordinate."""

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(2, dtype=torch.float64))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, 2)` to the same and the log-determinant `(batch,)`."""
        return x * self.log_scale.exp(), self.log_scale.sum().expand(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        """Division by the scale."""
        return y * (-self.log_scale).exp()


def mixing(kind: str, generator: torch.Generator) -> Layer:
    """A new layer of one of `MIXINGS`; draws from `generator` where the kind is random."""
    if kind == "lu":
        return LU(generator)
    if kind == "rotation":
        # Away from multiples of a quarter turn, where a rotation mixes no better than a swap.
        share = float(torch.rand((), generator=generator, dtype=torch.float64))
        return Rotation(math.pi * (1 / 6 + share / 6))
    if kind == "permutation":
        return Swap(bool(torch.randint(2, (1,), generator=generator)))
    return Swap(kind == "reverse")


class RealNVP(nn.Module):
    """`depth` couplings, each followed by a mixing of the coordinates, and a scale at the end."""

    def __init__(
        self, *, depth: int, width: int, coupling: str, mix: str, generator: torch.Generator
    ) -> None:
        super().__init__()
        layers: list[Layer] = []
        for _ in range(depth):
            layers += [Coupling(coupling, width, generator), mixing(mix, generator)]
        self.layers = nn.ModuleList([*layers, Scale()])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, 2)` to noise of that shape and the log-determinant `(batch,)`."""
        total = x.new_zeros(len(x))
        for layer in self.parts():
            x, log_det = layer(x)
            total = total + log_det
        return x, total

    def inverse(self, z: Tensor) -> Tensor:
        """Noise `(batch, 2)` to data."""
        for layer in reversed(self.parts()):
            z = layer.inverse(z)
        return z

    def stages(self) -> list[list[Layer]]:
        """The layers from data to noise, each coupling with its mixing, the scale with the last."""
        layers = self.parts()
        pairs = [layers[i : i + 2] for i in range(0, len(layers) - 1, 2)]
        pairs[-1].append(layers[-1])
        return pairs

    def parts(self) -> list[Layer]:
        """The layers from data to noise."""
        return cast(list[Layer], list(self.layers))
