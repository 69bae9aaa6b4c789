r"""O-GAN in the plane: why the code is compared by correlation and not by squared error.

After https://kexue.fm/archives/6409. A generator makes points :math:`G(z)` of noise
:math:`z\sim\mathcal N(0,I_n)`, an encoder :math:`E` gives :math:`n` numbers back. Their average is the
judgement (low for data). Both learn in one step, the average by the quadratic potential divergence,

.. math::
    \overline{E(x)}-\overline{E(G(z))}+\frac{[\overline{E(x)}-\overline{E(G(z))}]^2}{4\,\overline{(x-G(z))^2}},
    \qquad G:\ \overline{E(G(z))},

and the code by one of three terms of weight :math:`\lambda`:

* `pearson`: :math:`-\rho(z,E(G(z)))`, which leaves average and spread of :math:`E` free;
* `mse`: :math:`\tfrac1n\lVert z-E(G(z))\rVert^2`, which fixes all :math:`n` numbers, the judging average
  among them: at its optimum :math:`\overline{E(G(z))}=\bar z` whatever the generator draws;
* `none`: nothing, a plain GAN.

In the plane two numbers decide a point, so :math:`n` of them cannot all be read from it; with `mse` what
is left over is pulled to its mean, 0. Everything is float64 on the CPU.
"""

import threading
from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.labs import _inputs, points_2d
from core.labs._inputs import Array
from core.labs._one_thread import one_thread
from core.labs.energy_2d import Waves
from core.labs.training_2d import Adam, Snapshot, Trainer, linear, normal
from core.models.ogan_code import Scores, decompose, pearson

LOSSES = ("pearson", "mse", "none")
MAX_STEPS = 3000
SHOWN = 300  # points of each kind in a picture
MEASURED = 500  # points behind the figures
RESOLUTION = 40  # of the map of scores
_SCALE = 2.0  # data are divided by it before any network sees them


@dataclass(frozen=True, kw_only=True)
class OGAN2DSettings:
    """What to train."""

    data: str = "moons"
    own: tuple[tuple[float, float], ...] = ()  # points for data="own"
    loss: str = "pearson"  # of the code
    weight: float = 0.5  # lambda
    latent: int = 4  # n
    width: int = 32  # hidden units of both networks
    rate: float = 2e-3
    batch: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        _inputs.choice("data", self.data, points_2d.NAMES, zh="数据")
        if self.data == "own":
            points_2d.checked_own(self.own)
        _inputs.choice("loss", self.loss, LOSSES, zh="损失")
        _inputs.number("weight", self.weight, 0, 100, zh="权重")
        _inputs.integer("latent dimension", self.latent, 3, 32, zh="隐变量维数")
        _inputs.integer("width", self.width, 2, 256, zh="宽度")
        _inputs.number("learning rate", self.rate, 1e-6, 0.1, zh="学习率")
        _inputs.integer("batch size", self.batch, 8, 4096, zh="批大小")
        _inputs.seed(self.seed)


class OGAN2DTrainer(Trainer):
    """Trains both players in one step.

    `losses` has `gap` (average of E at samples minus that at data), `correlation` of z and E(G(z)), and
    `error`, the mean square of their difference.
    """

    def __init__(self, settings: OGAN2DSettings | None = None) -> None:
        self.settings = settings = settings or OGAN2DSettings()
        super().__init__(settings.seed)
        width, latent = settings.width, settings.latent
        self.sampler = _network(latent, width, 2, self.generator)
        self.encoder = nn.Sequential(Waves(), *_network(26, width, latent, self.generator))
        self.modules = [self.sampler, self.encoder]
        self.optimisers = [Adam([self.sampler, self.encoder], settings.rate, (0.5, 0.99))]

    def _update(self) -> dict[str, float]:
        settings = self.settings
        x = points_2d.sample(settings.data, settings.batch, self.rng, settings.own) / _SCALE
        real = torch.from_numpy(x)
        z = normal((settings.batch, settings.latent), self.generator)
        fake = self.sampler(z)
        read = self.encoder(fake)
        scores = Scores(
            self.encoder(real).mean(dim=1),
            read.mean(dim=1),
            self.encoder(fake.detach()).mean(dim=1),
        )
        # Distances of single pairs come close to 0 in the plane, so the penalty has their mean.
        loss = scores.real.mean() - scores.fixed.mean() + scores.fake.mean() - scores.fixed.mean()
        distance = (real - fake.detach()).square().mean()
        loss = loss + (scores.real - scores.fixed).square().mean() / (4 * distance + 1e-3)
        rho = pearson(z, read).mean()
        error = (z - read).square().mean()
        if settings.loss == "pearson":
            loss = loss - settings.weight * rho
        elif settings.loss == "mse":
            loss = loss + settings.weight * error
        self.optimisers[0].minimise(loss)
        return {
            "gap": float((scores.fixed - scores.real).mean().detach()),
            "correlation": float(rho.detach()),
            "error": float(error.detach()),
        }

    @torch.no_grad()
    def samples(self, count: int = SHOWN, *, seed: int = 1) -> Array:
        """`count` generated points `(count, 2)`; the same noise at every step."""
        count = _inputs.integer("number of samples", count, 1, points_2d.MAX_POINTS, zh="样本数")
        made: Array = (_SCALE * self.sampler(self._noise(count, seed))).numpy()
        return made

    @torch.no_grad()
    def score_map(self, *, resolution: int = RESOLUTION) -> Array:
        """The average of E at cell centres of the window, `(resolution, resolution)`, rows along y."""
        _, _, grid, _ = points_2d.cells(resolution, points_2d.VIEW)
        scores: Array = self.encoder(torch.from_numpy(grid) / _SCALE).mean(dim=1).numpy()
        return scores.reshape(resolution, resolution)

    @one_thread()
    @torch.no_grad()
    def moment(self) -> "Moment":
        """What is to be seen of the present state."""
        z = self._noise(MEASURED, 2)
        made = self.sampler(z)
        data = torch.from_numpy(scenery(self.settings, MEASURED)) / _SCALE
        read, real = decompose(self.encoder(made)), decompose(self.encoder(data))
        apart = _SCALE * torch.cdist(data, made)
        finite = {name: np.array(values) for name, values in self.losses.items()}
        return Moment(
            step=self.steps,
            samples=np.nan_to_num(self.samples(), nan=1e4, posinf=1e4, neginf=-1e4),
            scores=np.nan_to_num(self.score_map(), posinf=1e4, neginf=-1e4),
            correlation=float(pearson(z, read.code).mean()),
            gap=float(read.score.mean() - real.score.mean()),
            spread=float(read.spread.mean()),
            missed=float(apart.amin(dim=1).mean()),
            stray=float(apart.amin(dim=0).mean()),
            losses=finite,
        )

    def _noise(self, count: int, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(_inputs.seed(seed))
        return normal((count, self.settings.latent), generator)


@dataclass(frozen=True)
class Moment:
    """A run seen at one step."""

    step: int
    samples: Array  # (SHOWN, 2)
    scores: Array  # (RESOLUTION, RESOLUTION) of the average of E, rows along y
    correlation: float  # of fresh noise and E(G(z)), mean
    gap: float  # average of E at samples minus that at data; what the judge tells apart
    spread: float  # of E(G(z)) over its components, mean
    missed: float  # mean distance of data to the nearest sample: large after a collapse
    stray: float  # mean distance of samples to the nearest datum: large when they are elsewhere
    losses: dict[str, Array]  # of every step so far, (step,) each


def scenery(settings: OGAN2DSettings, count: int = SHOWN) -> Array:
    """Points of the data `(count, 2)`, for showing and measuring."""
    return points_2d.sample(settings.data, count, np.random.default_rng(0), settings.own)


class _Memory:
    """Pictures and snapshots of the runs asked for most recently; forgetting changes no answer."""

    def __init__(self, most: int = 16) -> None:
        self.most = most
        self._runs: OrderedDict[OGAN2DSettings, dict[int, tuple[Moment, Snapshot]]] = OrderedDict()
        self._lock = threading.Lock()

    def run(self, settings: OGAN2DSettings) -> dict[int, tuple[Moment, Snapshot]]:
        with self._lock:
            found = self._runs.setdefault(settings, {})
            self._runs.move_to_end(settings)
            while len(self._runs) > self.most:
                self._runs.popitem(last=False)
            return found

    def forget(self) -> None:
        with self._lock:
            self._runs.clear()


_memory = _Memory()
_turns = threading.BoundedSemaphore(2)  # more trainings at once only slow each other down
forget = _memory.forget


def milestones(steps: int) -> list[int]:
    """The steps of a run of length `steps` that get a picture: dense at first, then sparser."""
    steps = _inputs.integer("number of steps", steps, 0, MAX_STEPS, zh="步数")
    marks = [m for m in (0, 10, 20, 40, 60, 80, *range(100, MAX_STEPS, 50)) if m < steps]
    return [*marks, steps]


def moments(settings: OGAN2DSettings, steps: int = 600) -> Generator[Moment, None, None]:
    """Train and show each milestone as it is reached; what lies ready is not computed again.

    Training is deterministic, so stopping, going on and winding back lose and change nothing.
    """
    known = _memory.run(settings)
    trainer: OGAN2DTrainer | None = None
    for step in milestones(steps):
        if step not in known:
            with _turns:
                if trainer is None:
                    trainer = OGAN2DTrainer(settings)
                if before := [s for s in list(known) if trainer.steps < s <= step]:
                    trainer.restore(known[max(before)][1])
                if step > trainer.steps:
                    trainer.step(step - trainer.steps)
                known[step] = (trainer.moment(), trainer.snapshot())
        yield known[step][0]


def known(settings: OGAN2DSettings, steps: int) -> bool:
    """Whether all pictures of a run lie ready."""
    kept = _memory.run(settings)
    return all(step in kept for step in milestones(steps))


@dataclass(frozen=True)
class Comparison:
    """Two runs that differ in the loss of the code alone, at their ends."""

    steps: int
    losses: tuple[str, str]
    correlation: tuple[float, float]
    gap: tuple[float, float]
    missed: tuple[float, float]
    stray: tuple[float, float]


def compare(
    data: str = "moons",
    own: str = "",
    losses: tuple[str, str] = ("pearson", "mse"),
    weight: float = 0.5,
    latent: int = 4,
    rate: float = 2e-3,
    steps: int = 600,
    seed: int = 0,
) -> Comparison:
    """Train two O-GANs that differ in the loss of the code; `own` are points as "x,y x,y"."""
    ends = []
    for settings in pair(data, own, losses, weight, latent, rate, seed):
        *_, end = moments(settings, steps)
        ends.append(end)
    return comparison(losses, ends[0], ends[1])


def pair(
    data: str,
    own: str,
    losses: tuple[str, str],
    weight: float,
    latent: int,
    rate: float,
    seed: int,
) -> tuple[OGAN2DSettings, OGAN2DSettings]:
    """The settings of two runs to be compared."""
    points = points_2d.parsed(own) if data == "own" else ()
    first, second = (
        OGAN2DSettings(
            data=data, own=points, loss=loss, weight=weight, latent=latent, rate=rate, seed=seed
        )
        for loss in losses
    )
    return first, second


def comparison(losses: tuple[str, str], a: Moment, b: Moment) -> Comparison:
    """Two moments in short."""
    return Comparison(
        max(a.step, b.step),
        losses,
        (a.correlation, b.correlation),
        (a.gap, b.gap),
        (a.missed, b.missed),
        (a.stray, b.stray),
    )


def _network(inputs: int, width: int, outputs: int, generator: torch.Generator) -> nn.Sequential:
    return nn.Sequential(
        linear(inputs, width, generator),
        nn.SiLU(),
        linear(width, width, generator),
        nn.SiLU(),
        linear(width, outputs, generator),
    )
