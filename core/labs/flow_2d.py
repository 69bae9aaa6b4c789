r"""Normalising flows in the plane: what to train, the trainer, and the density it has learned.

A flow maps data :math:`x` to :math:`z\sim\mathcal N(0,I)` by layers with known inverse and
Jacobian, so

.. math:: \ln p(x)=\ln\mathcal N(z)+\sum_l\ln|\det J_l| .

The layers are those of RealNVP (`core.labs.couplings_2d`) or of an invertible residual network
(`core.labs.residual_2d`). Data are divided by their standard deviation first; all densities refer to
the data's own units. Everything is float64 on the CPU.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.errors import InputError
from core.labs import _inputs, points_2d
from core.labs._inputs import Array
from core.labs.couplings_2d import COUPLINGS, MIXINGS, Layer, RealNVP
from core.labs.points_2d import VIEW, Box, DensityMap
from core.labs.residual_2d import LOG_DETS, ResidualBlocks
from core.labs.training_2d import Adam, Trainer
from core.nn import standard_normal_log_prob

Model = Literal["realnvp", "i-resnet"]
MODELS: tuple[Model, ...] = ("realnvp", "i-resnet")


@dataclass(frozen=True, kw_only=True)
class FlowSettings:
    """What to train; the defaults learn the moons within 300 steps, seconds on one core."""

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
    volume: bool = True  # False leaves ln |det| out of the loss, which then collapses
    rate: float = 1e-2
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
        _inputs.number("Lipschitz bound", self.lipschitz, 0.05, 4.0, zh="Lipschitz 上界")
        _inputs.choice("log-determinant", self.log_det, LOG_DETS, zh="对数行列式算法")
        _inputs.integer("number of terms", self.terms, 1, 30, zh="项数")
        _inputs.number("learning rate", self.rate, 1e-6, 0.3, zh="学习率")
        _inputs.integer("batch size", self.batch, 8, 4096, zh="批大小")
        _inputs.seed(self.seed)


@dataclass(frozen=True)
class Deformation:
    """A square grid carried through the layers."""

    layers: Array  # (layers + 1, resolution, resolution, 2)


@dataclass(frozen=True)
class Conditions:
    """How stretched the map from data to layer l is at data points, for every l."""

    median: Array  # (layers + 1,) of the condition number of the Jacobian
    worst: Array  # (layers + 1,)


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
            RealNVP(
                depth=settings.depth,
                width=settings.width,
                coupling=settings.coupling,
                mix=settings.mixing,
                generator=self.generator,
            )
            if settings.model == "realnvp"
            else ResidualBlocks(
                depth=settings.depth,
                width=settings.width,
                lipschitz=settings.lipschitz,
                log_det=settings.log_det,
                terms=settings.terms,
                generator=self.generator,
            )
        )
        self.modules = [self.flow]
        self.optimisers = [Adam([self.flow], settings.rate)]

    def _update(self) -> dict[str, float]:
        settings = self.settings
        x = points_2d.sample(settings.data, settings.batch, self.rng, settings.own)
        self.flow.train()
        loss = -self._log_prob(torch.from_numpy(x), volume=settings.volume).mean()
        self.optimisers[0].minimise(loss)
        return {"loss": float(loss.detach())}

    def _log_prob(self, x: Tensor, *, volume: bool = True) -> Tensor:
        z, log_det = self.flow((x - self.shift) / self.spread)
        log_prob: Tensor = standard_normal_log_prob(z).sum(dim=1)
        return log_prob + log_det - self.spread.log().sum() if volume else log_prob

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

    def log_density(self, *, resolution: int = 80, box: Box = VIEW) -> DensityMap:
        """The log-density on a grid of cell centres."""
        return self.maps(resolution=resolution, box=box)[0]

    def volume_map(self, *, resolution: int = 80, box: Box = VIEW) -> DensityMap:
        """ln |det| of the map from data to noise: constant for additive couplings."""
        return self.maps(resolution=resolution, box=box)[1]

    @torch.no_grad()
    def maps(self, *, resolution: int = 80, box: Box = VIEW) -> tuple[DensityMap, DensityMap]:
        """`log_density` and `volume_map` at the price of one."""
        x, y, grid, cell = points_2d.cells(resolution, box)
        resolution = len(x)
        self.flow.eval()
        made = []
        # In pieces, so that the hidden layers stay in the processor's cache.
        for part in np.array_split(grid, 1 + len(grid) // 2048):
            z, log_det = self.flow(self.standardised(part))
            log_det = log_det - self.spread.log().sum()
            made.append(torch.stack([standard_normal_log_prob(z).sum(dim=1) + log_det, log_det]))
        density, volume = torch.cat(made, dim=1).numpy().reshape(2, resolution, resolution)
        density = np.nan_to_num(density, nan=-math.inf, neginf=-math.inf, posinf=math.inf)
        with np.errstate(over="ignore"):
            total = float(np.exp(density).sum() * cell)
        return DensityMap(x, y, density, total), DensityMap(x, y, volume, total)

    def grid_deformation(self, *, resolution: int = 21, reach: float = 2.5) -> Deformation:
        """A square grid of noise on its way to the data, layer by layer."""
        resolution = _inputs.integer("resolution", resolution, 2, 80, zh="分辨率")
        reach = _inputs.number("reach", reach, 0.1, 10, zh="范围")
        line = np.linspace(-reach, reach, resolution)
        layers = self.journey(np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2))
        return Deformation(layers.reshape(len(layers), resolution, resolution, 2))

    @torch.no_grad()
    def journey(self, noise: npt.ArrayLike) -> Array:
        """Noise `(n, 2)` on its way to the data, `(layers + 1, n, 2)`.

        A mixing counts with the coupling before it; the last stage is in the data's units, the
        ones before in units of their spread.
        """
        self.flow.eval()
        shots = [_points(noise)]
        for inverse in self._inverse_layers():
            shots.append(inverse(shots[-1]))
        shots[-1] = shots[-1] * self.spread + self.shift
        stacked: Array = torch.stack(shots).numpy()
        return stacked

    def _inverse_layers(self) -> list[Callable[[Tensor], Tensor]]:
        """The layers from noise to data."""
        flow = self.flow
        if isinstance(flow, ResidualBlocks):
            matrices = flow.matrices()
            blocks = reversed(range(flow.depth))
            return [partial(flow.undo, block, matrices=matrices) for block in blocks]
        return [partial(_undone, layers) for layers in reversed(flow.stages())]

    def conditions(self, *, count: int = 200, seed: int = 0) -> Conditions:
        """Condition numbers of the Jacobian from the data to each layer."""
        count = _inputs.integer("number of points", count, 1, 2000, zh="点数")
        self.flow.eval()
        x = self.standardised(self.data(count, seed=seed)).requires_grad_()
        numbers = [torch.ones(count, dtype=torch.float64)]
        for state in self.states(x)[1:]:
            rows = [
                torch.autograd.grad(state[:, i].sum(), x, retain_graph=True)[0] for i in range(2)
            ]
            values = torch.linalg.svdvals(torch.stack(rows, dim=1))
            numbers.append(values[:, 0] / values[:, 1].clamp_min(1e-300))
        stacked = torch.stack(numbers).detach().numpy()
        return Conditions(np.median(stacked, axis=1), stacked.max(axis=1))

    def standardised(self, points: Array) -> Tensor:
        """Points `(n, 2)` in units of the data's spread, as the layers see them."""
        return (torch.from_numpy(points) - self.shift) / self.spread

    def states(self, x: Tensor) -> list[Tensor]:
        """Standardised points `(n, 2)` before the first layer and after every one."""
        flow, states = self.flow, [x]
        if isinstance(flow, ResidualBlocks):
            matrices = flow.matrices()
            for block in range(flow.depth):
                states.append(states[-1] + flow.residual(block, states[-1], matrices))
            return states
        for layers in flow.stages():
            for layer in layers:
                x = layer(x)[0]
            states.append(x)
        return states


def _undone(layers: list[Layer], y: Tensor) -> Tensor:
    for layer in reversed(layers):
        y = layer.inverse(y)
    return y


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
