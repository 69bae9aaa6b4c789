r"""A GAN seen from energy in the plane: an energy surface, a generator, an entropy term, Langevin.

After https://kexue.fm/archives/6331 and Kumar et al. 2019, https://arxiv.org/abs/1901.08508. The
energy model :math:`q(x)=e^{-U(x)}/Z` learns by pushing data down and the generator's points up,

.. math:: \min_U\ \mathbb E_pU(x)-\mathbb E_zU(G(z))+\lambda\,\mathbb E\lVert\nabla_xU\rVert^2,

where the post penalises the slope at data alone. Here the mean is over data and generated points in
equal parts: with data alone the energy digs wells of any depth wherever the generator has just been.
The generator follows the energy and keeps its entropy,

.. math:: \min_{G,E}\ \mathbb E_zU(G(z))+\mu\,\mathbb E_z\lVert z-E(G(z))\rVert^2 .

The last term bounds :math:`-H(X)`: as :math:`X=G(z)` is a function of :math:`z`,
:math:`H(X)=I(X,Z)`, which a good reconstruction of :math:`z` guarantees. Without it
(:math:`\mu=0`) the generator collapses into the deepest valleys.

Langevin refinement, in the plane or in the latent space with energy :math:`U(G(z))` (plus
:math:`\lVert z\rVert^2/2`, so that the prior is kept),

.. math:: x\leftarrow x-\tfrac\epsilon2\nabla U(x)+\sqrt\epsilon\,\alpha,

is exact only for :math:`\epsilon\to0`; Metropolis' test makes it exact for every step size. The
latent version is exact for the density of :math:`G(z)` only if G preserves volume.

In the plane :math:`Z` is a plain sum over a grid, so that the likelihood of the energy model can be
shown, which is out of reach elsewhere. Everything is float64 on the CPU.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.labs import _inputs, points_2d
from core.labs._inputs import Array
from core.labs.points_2d import VIEW, Box, DensityMap
from core.labs.training_2d import Adam, Trainer, linear, normal

SPACES = ("data", "latent")
BOX = 5.0  # the energy model lives on the square from -BOX to BOX
_FINE = 120  # cells each way of the sum for Z; finer ones change its logarithm by less than 1e-3
_SCALE = 2.0  # data are divided by it before any network sees them


@dataclass(frozen=True, kw_only=True)
class EnergySettings:
    """What to train; the defaults cover all 25 Gaussians."""

    data: str = "gaussians"
    own: tuple[tuple[float, float], ...] = ()  # points for data="own"
    width: int = 48  # hidden units of all three networks
    latent: int = 2  # dimension of z
    penalty: float = 0.03  # lambda, of the energy's slope
    entropy: float = 3.0  # mu; 0 switches the entropy term off
    rate: float = 2e-3
    batch: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        _inputs.choice("data", self.data, points_2d.NAMES, zh="数据")
        if self.data == "own":
            points_2d.checked_own(self.own)
        _inputs.integer("width", self.width, 2, 256, zh="宽度")
        _inputs.integer("latent dimension", self.latent, 1, 16, zh="隐变量维数")
        _inputs.number("gradient penalty", self.penalty, 0, 100, zh="梯度惩罚")
        _inputs.number("entropy weight", self.entropy, 0, 100, zh="熵权重")
        _inputs.number("learning rate", self.rate, 1e-6, 0.1, zh="学习率")
        _inputs.integer("batch size", self.batch, 8, 4096, zh="批大小")
        _inputs.seed(self.seed)


@dataclass(frozen=True)
class EnergyMap:
    """The energy on a grid of cell centres; `values[row, column]` at `(x[column], y[row])`."""

    x: Array
    y: Array
    values: Array
    log_partition: float  # ln Z, by summing over the grid


@dataclass(frozen=True)
class Coverage:
    """How well points represent the 25 Gaussians."""

    modes: int  # with at least a tenth of a fair share of points within three deviations
    close: float  # fraction of points within three deviations of some mode
    counts: Array  # (25,)


@dataclass(frozen=True)
class Langevin:
    """Generator samples before and after a walk on the energy surface."""

    before: Array  # (count, 2)
    after: Array  # (count, 2)
    paths: Array  # (steps + 1, shown, 2) of the first few
    energy: Array  # (steps + 1,), mean over the samples
    acceptance: float  # of Metropolis' test; 1 without it


class EnergyTrainer(Trainer):
    """Trains energy and generator in turns.

    `losses["energy"]` is the energy's loss, `losses["generator"]` the mean energy of generated
    points and `losses["reconstruction"]` the error of z. See `Trainer` for `step` and `rewind`.
    """

    def __init__(self, settings: EnergySettings | None = None) -> None:
        self.settings = settings = settings or EnergySettings()
        super().__init__(settings.seed)
        width, latent = settings.width, settings.latent
        self.energy = _seeing(width, 1, self.generator)
        self.sampler = _network(latent, width, 2, self.generator)
        self.encoder = _seeing(width, latent, self.generator)
        self.modules = [self.energy, self.sampler, self.encoder]
        self.optimisers = [
            Adam([self.energy], settings.rate, (0.5, 0.9)),
            Adam([self.sampler, self.encoder], settings.rate, (0.5, 0.9)),
        ]

    def _update(self) -> dict[str, float]:
        settings = self.settings
        x = points_2d.sample(settings.data, settings.batch, self.rng, settings.own) / _SCALE
        real = torch.from_numpy(x)
        z = normal((settings.batch, settings.latent), self.generator)
        with torch.no_grad():
            fake = self.sampler(z)
        both = torch.cat([real, fake]).requires_grad_()
        energies = self.energy(both)[:, 0]
        (slope,) = torch.autograd.grad(energies.sum(), both, create_graph=True)
        loss = energies[: len(real)].mean() - energies[len(real) :].mean()
        loss = loss + settings.penalty * slope.square().sum(dim=1).mean()
        self.optimisers[0].minimise(loss)
        z = normal((settings.batch, settings.latent), self.generator)
        made = self.sampler(z)
        height = self.energy(made).mean()
        recovered = (z - self.encoder(made)).square().sum(dim=1).mean()
        self.optimisers[1].minimise(height + settings.entropy * recovered)
        return {
            "energy": float(loss.detach()),
            "generator": float(height.detach()),
            "reconstruction": float(recovered.detach()),
        }

    def data(self, count: int = 1000, *, seed: int = 0) -> Array:
        """Points `(count, 2)` of the data, for showing; training draws its own."""
        rng = np.random.default_rng(_inputs.seed(seed))
        return points_2d.sample(self.settings.data, count, rng, self.settings.own)

    @torch.no_grad()
    def samples(self, count: int = 1000, *, seed: int = 0) -> Array:
        """`count` generated points `(count, 2)`."""
        count = _inputs.integer("number of samples", count, 1, points_2d.MAX_POINTS, zh="样本数")
        return self.decode(self.noise(count, seed=seed))

    def noise(self, count: int, *, seed: int = 0) -> Array:
        """The noise `(count, latent)` that `samples` of this seed are made of."""
        generator = torch.Generator().manual_seed(_inputs.seed(seed))
        z: Array = normal((count, self.settings.latent), generator).numpy()
        return z

    @torch.no_grad()
    def energy_map(self, *, resolution: int = 80) -> EnergyMap:
        """The surface on the square from -5 to 5 and its partition function."""
        x, y, grid, cell = points_2d.cells(resolution, (-BOX, BOX, -BOX, BOX))
        values = self.energy(torch.from_numpy(grid) / _SCALE)[:, 0]
        log_z = float((-values).logsumexp(dim=0)) + np.log(cell)
        return EnergyMap(x, y, values.numpy().reshape(len(y), len(x)), float(log_z))

    @torch.no_grad()
    def density(self, *, resolution: int = 80, box: Box = VIEW) -> DensityMap:
        """The log-density ln q = -U - ln Z on a grid of cell centres of `box`."""
        x, y, grid, cell = points_2d.cells(resolution, box)
        heights: Array = self.energy(torch.from_numpy(grid) / _SCALE)[:, 0].numpy()
        values = -heights.reshape(len(y), len(x))
        values = values - self.energy_map(resolution=_FINE).log_partition
        return DensityMap(x, y, values, float(np.exp(values).sum() * cell))

    @torch.no_grad()
    def decode(self, noise: Array) -> Array:
        """The points `(n, 2)` that the generator makes of noise `(n, latent)`."""
        made: Array = (_SCALE * self.sampler(torch.from_numpy(noise))).numpy()
        return made

    @torch.no_grad()
    def recover(self, points: Array) -> Array:
        """The encoder's guess `(n, latent)` of the noise behind points `(n, 2)`."""
        guess: Array = self.encoder(torch.from_numpy(points) / _SCALE).numpy()
        return guess

    @torch.no_grad()
    def log_prob(self, points: Array) -> Array:
        """Log-density of the energy model at points `(n, 2)`, nats per unit area, `(n,)`."""
        heights: Array = self.energy(torch.from_numpy(points) / _SCALE)[:, 0].numpy()
        return -heights - self.energy_map(resolution=_FINE).log_partition

    def log_likelihood(self, points: Array) -> float:
        """Mean of `log_prob` at points `(n, 2)`."""
        return float(self.log_prob(np.asarray(points, dtype=np.float64)).mean())

    def langevin(
        self,
        *,
        count: int = 1000,
        steps: int = 60,
        step_size: float = 0.01,
        space: str = "data",
        metropolis: bool = True,
        shown: int = 20,
        seed: int = 0,
    ) -> Langevin:
        """Walk generator samples downhill with noise, in "data" or "latent" space.

        `step_size` is epsilon, in squared units of the space.
        """
        count = _inputs.integer("number of samples", count, 1, 5000, zh="样本数")
        check_walk(steps, step_size, space)
        shown = _inputs.integer("number of paths", shown, 0, min(count, 100), zh="路径数")
        generator = torch.Generator().manual_seed(_inputs.seed(seed))
        z = normal((count, self.settings.latent), generator)

        def in_data(x: Tensor) -> Tensor:
            energy: Tensor = self.energy(x / _SCALE)[:, 0]
            return energy

        def in_latent(z: Tensor) -> Tensor:
            energy: Tensor = self.energy(self.sampler(z))[:, 0]
            return energy + 0.5 * z.square().sum(dim=1)

        def to_plane(state: Tensor) -> Tensor:
            with torch.no_grad():
                made: Tensor = _SCALE * self.sampler(state) if space == "latent" else state
            return made

        with torch.no_grad():
            state = z if space == "latent" else _SCALE * self.sampler(z)
        potential = in_latent if space == "latent" else in_data
        before = to_plane(state).numpy()
        paths = [to_plane(state[:shown])]
        height, slope = _slope(potential, state)
        heights = [float(height.mean())]
        accepted = 0.0
        for _ in range(steps):
            noise = normal(tuple(state.shape), generator)
            proposal = state - step_size / 2 * slope + step_size**0.5 * noise
            new_height, new_slope = _slope(potential, proposal)
            if metropolis:
                back = state - proposal + step_size / 2 * new_slope
                log_ratio = height - new_height
                log_ratio += (noise.square() - back.square() / step_size).sum(dim=1) / 2
                chance = torch.rand(count, dtype=torch.float64, generator=generator)
                take = chance.log() < log_ratio
                accepted += float(take.double().mean())
                state = torch.where(take[:, None], proposal, state)
                slope = torch.where(take[:, None], new_slope, slope)
                height = torch.where(take, new_height, height)
            else:
                accepted += 1.0
                state, slope, height = proposal, new_slope, new_height
            paths.append(to_plane(state[:shown]))
            heights.append(float(height.mean()))
        return Langevin(
            before,
            to_plane(state).numpy(),
            torch.stack(paths).numpy(),
            np.array(heights),
            accepted / steps,
        )


def check_walk(steps: int, step_size: float, space: str) -> None:
    """Raise `InputError` unless `EnergyTrainer.langevin` takes these values."""
    _inputs.integer("number of Langevin steps", steps, 1, 2000, zh="Langevin 步数")
    _inputs.number("Langevin step size", step_size, 1e-7, 10, zh="Langevin 步长")
    _inputs.choice("space", space, SPACES, zh="空间")


def coverage(points: Array) -> Coverage:
    """Which of the 25 Gaussians points `(n, 2)` cover, and how many points belong to any."""
    distance = np.linalg.norm(points[:, None] - points_2d.MODES, axis=2)
    nearest = distance.argmin(axis=1)
    close = distance.min(axis=1) < 3 * points_2d.MODE_WIDTH
    counts = np.bincount(nearest[close], minlength=25).astype(np.float64)
    return Coverage(int((counts >= 0.1 * len(points) / 25).sum()), float(close.mean()), counts)


class Waves(nn.Module):
    """Coordinates `(n, 2)` with sines and cosines of them, `(n, 2 + 4 * frequencies)`.

    Without them a small network sees the plane too blurred to tell 25 valleys apart.
    """

    def __init__(self, frequencies: int = 6) -> None:
        super().__init__()
        self.frequencies = torch.pi / 2 * torch.arange(1, frequencies + 1, dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        """All waves of every coordinate, slowest first."""
        angle = (x[:, :, None] * self.frequencies).flatten(1)
        return torch.cat([x, angle.sin(), angle.cos()], dim=1)


def _seeing(width: int, outputs: int, generator: torch.Generator) -> nn.Module:
    """A network on the plane: of the energy and of the encoder."""
    return nn.Sequential(Waves(), *_network(26, width, outputs, generator))


def _network(inputs: int, width: int, outputs: int, generator: torch.Generator) -> nn.Sequential:
    return nn.Sequential(
        linear(inputs, width, generator),
        nn.SiLU(),
        linear(width, width, generator),
        nn.SiLU(),
        linear(width, width, generator),
        nn.SiLU(),
        linear(width, outputs, generator),
    )


def _slope(potential: Callable[[Tensor], Tensor], state: Tensor) -> tuple[Tensor, Tensor]:
    """Energies `(n,)` and their gradients, detached."""
    state = state.detach().requires_grad_()
    height = potential(state)
    (slope,) = torch.autograd.grad(height.sum(), state)
    return height.detach(), slope
