r"""Normalising flows in the plane, trained live: RealNVP and its variants, invertible ResNets.

A flow maps data :math:`x` to :math:`z\sim\mathcal N(0,I)` by layers with known inverse and
Jacobian, so

.. math:: \ln p(x)=\ln\mathcal N(z)+\sum_l\ln|\det J_l| .

**RealNVP** (https://kexue.fm/archives/5807; Dinh et al. 2017, https://arxiv.org/abs/1605.08803).
A coupling changes one coordinate given the other, :math:`y_2=e^{s(x_1)}x_2+t(x_1)`: "affine",
"tanh" (:math:`|s|\le2`), or "additive" (:math:`s=0`, the NICE of https://kexue.fm/archives/5776).
Between couplings the coordinates are mixed by reversal, by a random permutation (in the plane:
swapped or not) or by a learned 1x1 matrix :math:`PL(U+\operatorname{diag}s)` (Kingma and Dhariwal
2018). A learned scale per coordinate closes the flow, without which an additive one could not
change volume at all.

**i-ResNet** (https://kexue.fm/archives/6482; Behrmann et al. 2019,
https://arxiv.org/abs/1811.00995). A block :math:`y=x+g(x)` with :math:`\mathrm{Lip}(g)\le c<1` is
inverted by the fixed point :math:`x_{n+1}=y-g(x_n)` with error at most
:math:`\frac{c^n}{1-c}\lVert x_1-x_0\rVert`. As in the post every matrix is divided by its spectral
norm; the product over the three layers of :math:`g` is :math:`c` here, where the post writes
:math:`c` per layer. In the plane :math:`\det(I+J)` is exact and cheap; the post's estimator

.. math:: \ln\det(I+J)\approx\sum_{n=1}^N\frac{(-1)^{n-1}}n u^\top J^nu

and its unbiased Russian-roulette version can be trained with and studied instead. The Jacobian is
carried forward through :math:`g` explicitly, which gives the same numbers as vector-Jacobian
products.

Data are divided by their standard deviation first; all densities refer to the data's own units.
Everything is float64 on the CPU.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from core.errors import InputError
from core.labs import _inputs, points_2d
from core.labs._inputs import Array, IntArray
from core.labs.training_2d import Adam, Trainer, linear, normal
from core.nn import standard_normal_log_prob

Model = Literal["realnvp", "i-resnet"]
MODELS: tuple[Model, ...] = ("realnvp", "i-resnet")
COUPLINGS = ("affine", "tanh", "additive")
MIXINGS = ("reverse", "permutation", "lu")
LOG_DETS = ("exact", "series", "roulette")
BOX = (-4.0, 4.0, -4.0, 4.0)
_CLAMP = 2.0  # of "tanh" couplings: scales between e^-2 and e^2
_STOP = 0.5  # chance of the roulette to end after each term


@dataclass(frozen=True, kw_only=True)
class FlowSettings:
    """What to train; the defaults learn the moons in about ten seconds on one core."""

    data: str = "moons"
    own: tuple[tuple[float, float], ...] = ()  # points for data="own"
    model: str = "realnvp"
    depth: int = 8  # couplings or residual blocks
    width: int = 32  # hidden units
    coupling: str = "affine"  # realnvp
    mixing: str = "reverse"  # realnvp
    lipschitz: float = 0.9  # i-resnet: the bound c of each block
    log_det: str = "exact"  # i-resnet: what the loss uses
    terms: int = 5  # i-resnet: N of the series
    rate: float = 5e-3
    batch: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        _inputs.choice("data", self.data, points_2d.NAMES, zh="数据")
        if self.data == "own":
            points_2d.checked_own(self.own)
        _inputs.choice("model", self.model, MODELS, zh="模型")
        _inputs.integer("depth", self.depth, 1, 16, zh="层数")
        _inputs.integer("width", self.width, 2, 128, zh="宽度")
        _inputs.choice("coupling", self.coupling, COUPLINGS, zh="耦合")
        _inputs.choice("mixing", self.mixing, MIXINGS, zh="混合")
        # Above one on purpose: the tab shows how inversion then fails.
        _inputs.number("Lipschitz bound", self.lipschitz, 0.05, 2.0, zh="Lipschitz 上界")
        _inputs.choice("log-determinant", self.log_det, LOG_DETS, zh="对数行列式算法")
        _inputs.integer("number of terms", self.terms, 1, 30, zh="项数")
        _inputs.number("learning rate", self.rate, 1e-6, 0.3, zh="学习率")
        _inputs.integer("batch size", self.batch, 8, 4096, zh="批大小")
        _inputs.seed(self.seed)


@dataclass(frozen=True)
class DensityMap:
    """Log-density on a grid; `values[row, column]` belongs to `(x[column], y[row])`."""

    x: Array
    y: Array
    values: Array  # nats per unit area; or the log-determinant of the map, by `volume_map`
    total: float  # integral of the density over the window


@dataclass(frozen=True)
class Deformation:
    """A square grid carried through the layers."""

    layers: Array  # (layers + 1, resolution, resolution, 2)


@dataclass(frozen=True)
class Conditions:
    """How stretched the map from data to layer l is at data points, for every l."""

    median: Array  # (layers + 1,) of the condition number of the Jacobian
    worst: Array  # (layers + 1,)


@dataclass(frozen=True)
class Inversion:
    """Points on their way back through fixed-point iterations.

    Errors are the largest Euclidean distances from the true points.
    """

    iterates: Array  # (iterations + 1, points, 2), of the last block alone
    errors: Array  # (iterations + 1,), of the last block
    bounds: Array  # (iterations + 1,), c^n / (1 - c) times the first step; inf for c >= 1
    whole_errors: Array  # (iterations + 1,), of the whole network with n iterations per block
    lipschitz: float  # c, the product of the last block's spectral norms


@dataclass(frozen=True)
class LogDetStudy:
    """Bias and spread of the estimators of ln det(I + J), summed over the blocks.

    All arrays are over the number of terms N = 1, 2, …; errors are means over data points.
    """

    terms: IntArray
    truncation: Array  # mean |series with exact traces - exact|
    deviation: Array  # standard deviation of the one-vector estimate, mean over points
    roulette_bias: float  # mean of (roulette - exact)
    roulette_error: float  # standard error of that mean
    roulette_deviation: float


class Layer(nn.Module):
    """An invertible map of rows `(batch, 2)` with a known log-determinant."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, 2)` to the same and the log-determinant `(batch,)`."""
        raise NotImplementedError

    def inverse(self, y: Tensor) -> Tensor:
        """The exact inverse of `forward`."""
        raise NotImplementedError


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


class RealNVP(nn.Module):
    """Couplings, each followed by a mixing of the coordinates, and a scale at the end."""

    def __init__(self, settings: FlowSettings, generator: torch.Generator) -> None:
        super().__init__()
        layers: list[Layer] = []
        for _ in range(settings.depth):
            layers.append(Coupling(settings.coupling, settings.width, generator))
            if settings.mixing == "lu":
                layers.append(LU(generator))
            else:
                random = bool(torch.randint(2, (1,), generator=generator))
                layers.append(Swap(settings.mixing == "reverse" or random))
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

    def parts(self) -> list[Layer]:
        """The layers from data to noise."""
        return cast(list[Layer], list(self.layers))


class ResidualBlocks(nn.Module):
    """All blocks x + g(x) of an i-ResNet, their weights stacked along the first axis.

    g is a network with two hidden layers and ELU, whose slope never exceeds one. In training the
    spectral norms come from power iterations that go on from step to step; in evaluation they are
    exact.
    """

    def __init__(self, settings: FlowSettings, generator: torch.Generator) -> None:
        super().__init__()
        self.lipschitz = settings.lipschitz
        self.log_det, self.terms = settings.log_det, settings.terms
        self.generator = generator
        depth, width = settings.depth, settings.width
        shapes = [(depth, width, 2), (depth, width, width), (depth, 2, width)]
        # Norms near one, because a step changes a normalised matrix in proportion to rate / norm.
        self.weights = nn.ParameterList(
            [normal(s, generator) / (s[1] ** 0.5 + s[2] ** 0.5) for s in shapes]
        )
        self.biases = nn.ParameterList([0.5 * normal(s[:2], generator) for s in shapes])
        for i, shape in enumerate(shapes):
            direction = normal((depth, shape[2], 1), generator)
            self.register_buffer(f"direction{i}", direction / direction.norm(dim=1, keepdim=True))

    def matrices(self) -> list[Tensor]:
        """The three stacks of matrices, each of spectral norm c^(1/3)."""
        share = self.lipschitz ** (1 / 3)
        return [share * w / self._norms(i)[:, None, None] for i, w in enumerate(self.weights)]

    def _norms(self, i: int) -> Tensor:
        w = self.weights[i]
        if not self.training:
            exact: Tensor = torch.linalg.matrix_norm(w, ord=2)
            return exact
        with torch.no_grad():
            v = getattr(self, f"direction{i}")
            for _ in range(2):
                u = w @ v
                u = u / u.norm(dim=1, keepdim=True)
                v = w.mT @ u
                v = v / v.norm(dim=1, keepdim=True)
            getattr(self, f"direction{i}").copy_(v)
        norms: Tensor = (u * (w @ v)).sum(dim=(1, 2))
        return norms

    def residual(self, block: int, x: Tensor, matrices: list[Tensor]) -> Tensor:
        """g of one block, `(batch, 2)` to the same."""
        a, b, c = (m[block] for m in matrices)
        first, second, third = (bias[block] for bias in self.biases)
        hidden = nn.functional.elu(x @ a.T + first)
        g: Tensor = nn.functional.elu(hidden @ b.T + second) @ c.T + third
        return g

    def residual_and_jacobian(
        self, block: int, x: Tensor, matrices: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """g and its Jacobian `(batch, 2, 2)`, carried along through the layers."""
        a, b, c = (m[block] for m in matrices)
        first, second, third = (bias[block] for bias in self.biases)
        hidden = x @ a.T + first
        tangent = _elu_slope(hidden)[:, None, :] * a.T  # (batch, 2, width): one row per input
        hidden = nn.functional.elu(hidden) @ b.T + second
        tangent = _elu_slope(hidden)[:, None, :] * (tangent @ b.T)
        return nn.functional.elu(hidden) @ c.T + third, (tangent @ c.T).mT

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, 2)` to noise and the log-determinant, estimated in training if so chosen."""
        matrices = self.matrices()
        total = x.new_zeros(len(x))
        for block in range(len(self.weights[0])):
            g, jacobian = self.residual_and_jacobian(block, x, matrices)
            if not self.training or self.log_det == "exact":
                total = total + log_abs_det(jacobian)
            else:
                u = normal((len(x), 2), self.generator)
                if self.log_det == "series":
                    total = total + hutchinson(jacobian, u, self.terms)[-1]
                else:
                    total = total + roulette(jacobian, u, self.generator)
            x = x + g
        return x, total

    def inverse(self, z: Tensor, iterations: int = 60) -> Tensor:
        """Noise `(batch, 2)` to data by `iterations` fixed-point steps per block."""
        matrices = self.matrices()
        for block in range(len(self.weights[0]) - 1, -1, -1):
            z = self.fixed_point(block, z, iterations, matrices)[-1]
        return z

    def fixed_point(
        self, block: int, y: Tensor, iterations: int, matrices: list[Tensor]
    ) -> list[Tensor]:
        """The iterates of x = y - g(x), beginning with y."""
        iterates = [y]
        for _ in range(iterations):
            iterates.append(y - self.residual(block, iterates[-1], matrices))
        return iterates


def log_abs_det(jacobian: Tensor) -> Tensor:
    """ln |det(I + J)| of 2x2 matrices `(batch, 2, 2)`."""
    j = jacobian
    return ((1 + j[:, 0, 0]) * (1 + j[:, 1, 1]) - j[:, 0, 1] * j[:, 1, 0]).abs().log()


def hutchinson(jacobian: Tensor, u: Tensor, terms: int) -> Tensor:
    """Partial sums `(terms, batch)` of the series for ln det(I + J) with u^T J^n u as traces."""
    v, total, sums = u, jacobian.new_zeros(len(jacobian)), []
    for n in range(1, terms + 1):
        v = (jacobian @ v[:, :, None])[:, :, 0]
        total = total + (-1) ** (n - 1) / n * (u * v).sum(dim=1)
        sums.append(total)
    return torch.stack(sums)


def roulette(jacobian: Tensor, u: Tensor, generator: torch.Generator) -> Tensor:
    """An unbiased estimate `(batch,)`: a random number of terms, each over its chance to occur.

    Two terms are always taken; then each further one with probability one half (one number of
    terms for the whole batch).
    """
    extra = 0
    while extra < 60 and float(torch.rand((), generator=generator)) > _STOP:
        extra += 1
    sums = hutchinson(jacobian, u, 2 + extra)
    total = sums[1]
    for k in range(extra):
        total = total + (sums[2 + k] - sums[1 + k]) / (1 - _STOP) ** (k + 1)
    return total


def _solved(flow: ResidualBlocks, block: int, matrices: list[Tensor], y: Tensor) -> Tensor:
    return flow.fixed_point(block, y, 60, matrices)[-1]


def _undone(first: Layer, second: Layer, y: Tensor) -> Tensor:
    return first.inverse(second.inverse(y))


def _elu_slope(x: Tensor) -> Tensor:
    return x.clamp_max(0).exp()


class FlowTrainer(Trainer):
    """Trains one flow by maximum likelihood and draws its pictures.

    `step`, `rewind`, `steps`, `stored` and `losses["loss"]` (nats per point, in the data's units)
    are inherited from `Trainer`.
    """

    def __init__(self, settings: FlowSettings | None = None) -> None:
        self.settings = settings = settings or FlowSettings()
        super().__init__(settings.seed)
        probe = points_2d.sample(settings.data, 4000, np.random.default_rng(0), settings.own)
        # Two points on one line would have no spread across it.
        self.shift = torch.from_numpy(probe.mean(axis=0))
        self.spread = torch.from_numpy(np.maximum(probe.std(axis=0), 0.05))
        self.flow: RealNVP | ResidualBlocks = (
            RealNVP(settings, self.generator)
            if settings.model == "realnvp"
            else ResidualBlocks(settings, self.generator)
        )
        self.modules = [self.flow]
        self.optimisers = [Adam([self.flow], settings.rate)]

    def _update(self) -> dict[str, float]:
        settings = self.settings
        x = points_2d.sample(settings.data, settings.batch, self.rng, settings.own)
        self.flow.train()
        loss = -self._log_prob(torch.from_numpy(x)).mean()
        self.optimisers[0].minimise(loss)
        return {"loss": float(loss.detach())}

    def _log_prob(self, x: Tensor) -> Tensor:
        z, log_det = self.flow((x - self.shift) / self.spread)
        log_prob: Tensor = standard_normal_log_prob(z).sum(dim=1) + log_det
        return log_prob - self.spread.log().sum()

    @torch.no_grad()
    def log_prob(self, points: npt.ArrayLike) -> Array:
        """Log-density of points `(n, 2)` in nats per unit area, shape `(n,)`.

        -inf far out, where the noise overflows.
        """
        self.flow.eval()
        result: Array = self._log_prob(_points(points)).nan_to_num(nan=-math.inf).numpy()
        return result

    @torch.no_grad()
    def encode(self, points: npt.ArrayLike) -> Array:
        """The noise `(n, 2)` that belongs to points `(n, 2)`."""
        self.flow.eval()
        result: Array = self.flow((_points(points) - self.shift) / self.spread)[0].numpy()
        return result

    @torch.no_grad()
    def decode(self, noise: npt.ArrayLike) -> Array:
        """The points `(n, 2)` that belong to noise `(n, 2)`."""
        self.flow.eval()
        result: Array = (self.flow.inverse(_points(noise)) * self.spread + self.shift).numpy()
        return result

    def samples(self, count: int = 1000, *, seed: int = 0, temperature: float = 1.0) -> Array:
        """`count` points `(count, 2)` from the model; the noise is multiplied by `temperature`."""
        count = _inputs.integer("number of samples", count, 1, points_2d.MAX_POINTS, zh="样本数")
        temperature = _inputs.number("temperature", temperature, 0, 3, zh="温度")
        rng = np.random.default_rng(_inputs.seed(seed))
        return self.decode(temperature * rng.standard_normal((count, 2)))

    def data(self, count: int = 1000, *, seed: int = 0) -> Array:
        """Points `(count, 2)` of the data, for showing; training draws its own."""
        rng = np.random.default_rng(_inputs.seed(seed))
        return points_2d.sample(self.settings.data, count, rng, self.settings.own)

    def log_density(
        self, *, resolution: int = 80, box: tuple[float, float, float, float] = BOX
    ) -> DensityMap:
        """The log-density on a grid of cell centres."""
        return self._map(resolution, box, self.log_prob)

    def volume_map(
        self, *, resolution: int = 80, box: tuple[float, float, float, float] = BOX
    ) -> DensityMap:
        """ln |det| of the map from data to noise: constant for additive couplings."""

        @torch.no_grad()
        def volume(points: Array) -> Array:
            self.flow.eval()
            _, log_det = self.flow((_points(points) - self.shift) / self.spread)
            result: Array = (log_det - self.spread.log().sum()).numpy()
            return result

        return self._map(resolution, box, volume)

    def _map(
        self,
        resolution: int,
        box: tuple[float, float, float, float],
        function: Callable[[Array], Array],
    ) -> DensityMap:
        resolution = _inputs.integer("resolution", resolution, 2, 500, zh="分辨率")
        x0, x1, y0, y1 = _inputs.vector("window", box, sizes=(4, 4), bounds=(-100, 100), zh="窗口")
        if x0 >= x1 or y0 >= y1:
            raise InputError(
                en=f"The window {box} is empty. Give (x from, x to, y from, y to), from < to.",
                zh=f"窗口 {box} 是空的，请按（x 起, x 止, y 起, y 止）给出，且起小于止。",
            )
        middle = (np.arange(resolution) + 0.5) / resolution
        x, y = x0 + (x1 - x0) * middle, y0 + (y1 - y0) * middle
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        values = np.concatenate(
            [function(part) for part in np.array_split(grid, 1 + len(grid) // 8192)]
        )
        cell = (x1 - x0) * (y1 - y0) / resolution**2
        with np.errstate(over="ignore"):
            total = float(np.exp(values).sum() * cell)
        return DensityMap(x, y, values.reshape(resolution, resolution), total)

    @torch.no_grad()
    def grid_deformation(self, *, resolution: int = 21, reach: float = 2.5) -> Deformation:
        """A square grid of noise on its way to the data, layer by layer."""
        resolution = _inputs.integer("resolution", resolution, 2, 80, zh="分辨率")
        reach = _inputs.number("reach", reach, 0.1, 10, zh="范围")
        self.flow.eval()
        line = np.linspace(-reach, reach, resolution)
        z = _points(np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2))
        shots = [z]
        for inverse in self._inverse_layers():
            shots.append(inverse(shots[-1]))
        shots[-1] = shots[-1] * self.spread + self.shift
        stacked: Array = torch.stack(shots).numpy()
        return Deformation(stacked.reshape(len(shots), resolution, resolution, 2))

    def _inverse_layers(self) -> list[Callable[[Tensor], Tensor]]:
        """The layers from noise to data; mixings count with the coupling before them."""
        flow = self.flow
        if isinstance(flow, ResidualBlocks):
            matrices = flow.matrices()
            blocks = range(len(flow.weights[0]) - 1, -1, -1)
            return [partial(_solved, flow, block, matrices) for block in blocks]
        *layers, scale = flow.parts()
        pairs = [(layers[i], layers[i + 1]) for i in range(0, len(layers), 2)]
        return [scale.inverse, *(partial(_undone, *pair) for pair in reversed(pairs))]

    def conditions(self, *, count: int = 200, seed: int = 0) -> Conditions:
        """Condition numbers of the Jacobian from the data to each layer."""
        count = _inputs.integer("number of points", count, 1, 2000, zh="点数")
        self.flow.eval()
        x = (torch.from_numpy(self.data(count, seed=seed)) - self.shift) / self.spread
        x.requires_grad_()
        numbers = [torch.ones(count, dtype=torch.float64)]
        for state in self._states(x):
            rows = [
                torch.autograd.grad(state[:, i].sum(), x, retain_graph=True)[0] for i in range(2)
            ]
            values = torch.linalg.svdvals(torch.stack(rows, dim=1))
            numbers.append(values[:, 0] / values[:, 1].clamp_min(1e-300))
        stacked = torch.stack(numbers).detach().numpy()
        return Conditions(np.median(stacked, axis=1), stacked.max(axis=1))

    def _states(self, x: Tensor) -> list[Tensor]:
        """The point after every layer on its way from data to noise."""
        flow, states = self.flow, []
        if isinstance(flow, ResidualBlocks):
            matrices = flow.matrices()
            for block in range(len(flow.weights[0])):
                x = x + flow.residual(block, x, matrices)
                states.append(x)
            return states
        for layer in flow.parts():
            x = layer(x)[0]
            if not isinstance(layer, Coupling):
                states.append(x)
        return states

    @torch.no_grad()
    def inversion(self, *, iterations: int = 20, count: int = 60, seed: int = 0) -> Inversion:
        """Invert an i-ResNet at data points and compare with the points and with the theory."""
        flow = self._residual()
        iterations = _inputs.integer("number of iterations", iterations, 1, 200, zh="迭代次数")
        count = _inputs.integer("number of points", count, 1, 2000, zh="点数")
        flow.eval()
        x = (torch.from_numpy(self.data(count, seed=seed)) - self.shift) / self.spread
        *_, before, z = [x, x, *self._states(x)]  # before and after the last block
        matrices = flow.matrices()
        last = len(flow.weights[0]) - 1
        iterates = torch.stack(flow.fixed_point(last, z, iterations, matrices))
        errors = (iterates - before).norm(dim=2).amax(dim=1)
        c = flow.lipschitz
        first = float((iterates[1] - iterates[0]).norm(dim=1).max())
        powers = c ** np.arange(iterations + 1)
        whole = [float((flow.inverse(z, n) - x).norm(dim=1).max()) for n in range(iterations + 1)]
        norms = [float(torch.linalg.matrix_norm(m[last], ord=2)) for m in matrices]
        return Inversion(
            iterates.numpy(),
            errors.numpy(),
            powers / (1 - c) * first if c < 1 else np.full(iterations + 1, np.inf),
            np.array(whole),
            math.prod(norms),
        )

    @torch.no_grad()
    def log_det_study(
        self, *, terms: int = 12, draws: int = 200, count: int = 100, seed: int = 0
    ) -> LogDetStudy:
        """Bias and spread of the i-ResNet's log-determinant estimators at data points."""
        flow = self._residual()
        terms = _inputs.integer("number of terms", terms, 1, 60, zh="项数")
        draws = _inputs.integer("number of draws", draws, 2, 5000, zh="抽样数")
        count = _inputs.integer("number of points", count, 1, 1000, zh="点数")
        flow.eval()
        generator = torch.Generator().manual_seed(_inputs.seed(seed))
        x = (torch.from_numpy(self.data(count, seed=seed)) - self.shift) / self.spread
        matrices = flow.matrices()
        exact = x.new_zeros(count)
        series = x.new_zeros(terms, count)
        jacobians = []
        for block in range(len(flow.weights[0])):
            g, jacobian = flow.residual_and_jacobian(block, x, matrices)
            jacobians.append(jacobian)
            exact = exact + log_abs_det(jacobian)
            # The two unit vectors together give the exact trace.
            for axis in torch.eye(2, dtype=torch.float64):
                series = series + hutchinson(jacobian, axis.expand(count, 2), terms)
            x = x + g
        estimates = x.new_zeros(draws, terms, count)
        gambles = x.new_zeros(draws)
        for draw in range(draws):
            for jacobian in jacobians:
                u = normal((count, 2), generator)
                estimates[draw] += hutchinson(jacobian, u, terms)
                gambles[draw] += roulette(jacobian, u, generator).mean()
        miss = gambles - exact.mean()
        return LogDetStudy(
            np.arange(1, terms + 1),
            (series - exact).abs().mean(dim=1).numpy(),
            estimates.std(dim=0).mean(dim=1).numpy(),
            float(miss.mean()),
            float(miss.std() / math.sqrt(draws)),
            float(miss.std()),
        )

    def _residual(self) -> ResidualBlocks:
        if not isinstance(self.flow, ResidualBlocks):
            raise InputError(
                en='Only an i-ResNet is inverted by iteration. Train with model="i-resnet".',
                zh="只有 i-ResNet 用迭代求逆，请选用 i-resnet 模型训练。",
            )
        return self.flow


def _points(points: npt.ArrayLike) -> Tensor:
    try:
        array = np.array(points, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) > 500_000:
        raise InputError(
            en=f"Points must have the shape (n, 2), got {array.shape}. Give pairs of numbers.",
            zh=f"点的形状须为 (n, 2)，现在是 {array.shape}，请给出成对的数。",
        )
    return torch.from_numpy(array)
