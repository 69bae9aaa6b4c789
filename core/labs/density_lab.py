"""Live training in the plane: pictures of a run at its milestones, open to any number of visitors.

Training is deterministic, so a step number and the settings say everything about a state. What was
computed once (pictures, and snapshots to go on from) is kept in a memory of bounded size; what has
been forgotten is computed again with the same result. Nothing else is kept between requests.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cache, lru_cache

import numpy as np

from core.labs import _inputs, points_2d
from core.labs._inputs import Array, IntArray
from core.labs.energy_2d import EnergySettings, EnergyTrainer, Langevin
from core.labs.flow_2d import Conditions, FlowSettings, FlowTrainer
from core.labs.training_2d import Snapshot, Trainer

Settings = FlowSettings | EnergySettings

MAX_STEPS = 2000
RESOLUTION = 56  # of the density
GRID = 21  # lines of the square grid each way
REACH = 2.4  # of that grid, in standard deviations
SHOWN = 300  # points of every kind in a picture
HELD_OUT = 1000  # points that measure a run; training never sees them
_BYTES = 96 * 2**20  # kept in all
_FAR = 1e4  # stands for points and densities that are no number


@dataclass(frozen=True)
class Moment:
    """A run seen at one step. Points are pairs of one numbering: the i-th noise made the i-th sample.

    Points that are no number lie at `_FAR`.
    """

    step: int
    nll: float  # nats per held-out point; inf where a density underflows
    total: float  # integral of the density over the window from -4 to 4
    log_density: Array  # (RESOLUTION, RESOLUTION), rows along y, nats per unit area
    volume: Array | None  # the same of ln |det| from data to noise; flows only
    samples: Array  # (SHOWN, 2)
    codes: Array  # (SHOWN, 2), data sent to the noise; for energies the noise the encoder finds
    grid: Array  # (GRID, GRID, 2), a square grid of noise seen in the plane of the data
    losses: dict[str, Array]  # of every step so far, (step,) each


@dataclass(frozen=True)
class Scenery:
    """What does not change while a run is trained."""

    data: Array  # (SHOWN, 2); the i-th datum has the i-th code
    noise: Array  # (SHOWN, 2), behind the samples
    square: Array  # (GRID * GRID, 2), the grid before it is warped


@dataclass(frozen=True)
class Closeness:
    """Shares of samples that lie within 0.2 of one of the held-out data."""

    before: float
    after: float


@dataclass(frozen=True)
class Account:
    """How the density at one point of the data comes about; nats, in the data's units."""

    point: Array  # (2,)
    code: Array  # (2,)
    log_normal: float  # ln N(z)
    log_det: float
    log_prob: float  # their sum


@dataclass(frozen=True)
class Surface:
    """An energy model as a landscape: heights are U + ln Z = -ln q, in nats."""

    x: Array  # (n,)
    y: Array  # (n,)
    heights: Array  # (n, n), rows along y
    samples: Array  # (SHOWN, 2) of the generator
    sample_heights: Array  # (SHOWN,)
    log_partition: float


@dataclass(frozen=True)
class History:
    """How a run went, for curves."""

    losses: dict[str, Array]  # (steps,) each
    steps: IntArray  # of the milestones
    nll: Array  # at the milestones


@dataclass(frozen=True)
class Run:
    """A finished training run."""

    steps: int  # fewer than asked for if a loss stopped being a number
    nll: float  # nats per held-out point, in the data's units
    total: float  # integral of the density over the window
    history: History
    samples: Array  # (300, 2)
    log_density: Array  # (56, 56) on the window from -4 to 4, rows along y


@dataclass(frozen=True)
class Film:
    """A trained flow layer by layer, from noise to data."""

    points: Array  # (layers + 1, SHOWN, 2)
    grid: Array  # (layers + 1, GRID, GRID, 2)
    conditions: Conditions  # from data to noise


@dataclass
class _Record:
    """What is known of one run."""

    moments: dict[int, Moment] = field(default_factory=dict)
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    end: int = MAX_STEPS  # earlier if training broke off

    @property
    def size(self) -> int:
        pictures = len(self.moments) * 8 * (2 * RESOLUTION**2 + 2 * GRID**2 + 4 * SHOWN)
        return pictures + sum(snapshot.size for snapshot in self.snapshots.values())


class _Memory:
    """The records of the runs asked for most recently, within `_BYTES`."""

    def __init__(self) -> None:
        self._records: OrderedDict[Settings, _Record] = OrderedDict()
        self._lock = threading.Lock()

    def record(self, settings: Settings) -> _Record:
        with self._lock:
            record = self._records.setdefault(settings, _Record())
            self._records.move_to_end(settings)
            while len(self._records) > 1 and sum(r.size for r in self._records.values()) > _BYTES:
                self._records.popitem(last=False)
            return record

    def keep(self, record: _Record, moment: Moment, snapshot: Snapshot) -> None:
        with self._lock:
            record.moments[moment.step] = moment
            record.snapshots[snapshot.step] = snapshot

    def nearest(self, record: _Record, step: int) -> Snapshot | None:
        with self._lock:
            before = [s for s in record.snapshots if s <= step]
            return record.snapshots[max(before)] if before else None

    def forget(self) -> None:
        with self._lock:
            self._records.clear()


_memory = _Memory()
_turns = threading.BoundedSemaphore(2)  # more trainings at once only slow each other down


def forget() -> None:
    """Empty the memory; answers stay the same and take longer."""
    _memory.forget()


def milestones(steps: int) -> list[int]:
    """The steps of a run of length `steps` that get a picture: dense at first, then sparser."""
    steps = _inputs.integer("number of steps", steps, 0, MAX_STEPS, zh="步数")
    marks, mark = [0], 5
    while mark < steps:
        marks.append(mark)
        mark += next(gap for upto, gap in _GAPS if mark < upto)
    return [*marks, steps] if steps else marks


_GAPS = ((10, 5), (40, 10), (100, 20), (200, 25), (400, 50), (1000, 100), (MAX_STEPS, 200))


def moments(settings: Settings, steps: int = 300) -> Generator[Moment, None, None]:
    """Train and show each milestone as it is reached; ends early if a loss stops being a number.

    Stopping halfway loses nothing: a later call goes on from the last milestone reached.
    """
    record = _memory.record(settings)
    trainer: Trainer | None = None
    for step in milestones(steps):
        moment = record.moments.get(min(step, record.end))
        if moment is None:
            with _turns:
                if trainer is None:
                    trainer = _trainer(settings, record, step)
                _advance(trainer, record, step)
                moment = _picture(trainer)
                _memory.keep(record, moment, trainer.snapshot())
        yield moment
        if moment.step < step:
            return


def known(settings: Settings, steps: int) -> bool:
    """Whether all pictures of a run lie ready, so that its answer takes no training."""
    record = _memory.record(settings)
    return all(min(step, record.end) in record.moments for step in milestones(steps))


def flow_at(settings: FlowSettings, step: int) -> FlowTrainer:
    """A trainer of the caller's own in the state after `step` steps, or where training broke off."""
    trainer = _at(settings, step)
    assert isinstance(trainer, FlowTrainer)
    return trainer


def energy_at(settings: EnergySettings, step: int) -> EnergyTrainer:
    """The same for an energy model."""
    trainer = _at(settings, step)
    assert isinstance(trainer, EnergyTrainer)
    return trainer


def _at(settings: Settings, step: int) -> Trainer:
    step = _inputs.integer("step", step, 0, MAX_STEPS, zh="步")
    record = _memory.record(settings)
    with _turns:
        trainer = _trainer(settings, record, step)
        _advance(trainer, record, step)
    return trainer


def _trainer(settings: Settings, record: _Record, step: int) -> Trainer:
    made = (
        EnergyTrainer(settings) if isinstance(settings, EnergySettings) else FlowTrainer(settings)
    )
    snapshot = _memory.nearest(record, step)
    if snapshot is not None:
        made.restore(snapshot)
    return made


def _advance(trainer: Trainer, record: _Record, step: int) -> None:
    ahead = min(step, record.end) - trainer.steps
    if ahead > 0 and not trainer.step(ahead).finite:
        record.end = trainer.steps


# -- pictures -----------------------------------------------------------------------------------------


@cache
def _square() -> Array:
    line = np.linspace(-REACH, REACH, GRID)
    grid: Array = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    return grid


@cache
def _noise() -> Array:
    return np.random.default_rng(1).standard_normal((SHOWN, 2))


def scenery(settings: Settings) -> Scenery:
    """What all pictures of a run have in common."""
    rng = np.random.default_rng(0)
    data = points_2d.sample(settings.data, SHOWN, rng, settings.own)
    if isinstance(settings, FlowSettings):
        return Scenery(data, _noise(), _square())
    z = EnergyTrainer(settings).noise(SHOWN)
    return Scenery(data, z[:, :2], _square())


def _picture(trainer: Trainer) -> Moment:
    if isinstance(trainer, EnergyTrainer):
        return _energy_picture(trainer)
    assert isinstance(trainer, FlowTrainer)
    density, volume = trainer.maps(resolution=RESOLUTION)
    with np.errstate(over="ignore"):
        nll = -float(trainer.log_prob(trainer.data(HELD_OUT, seed=1)).mean())
    both = trainer.decode(np.concatenate([_noise(), _square()]))
    return Moment(
        trainer.steps,
        nll,
        density.total,
        _finite(density.values),
        _finite(volume.values),
        _finite(both[:SHOWN]),
        _finite(trainer.encode(trainer.data(SHOWN))),
        _finite(both[SHOWN:]).reshape(GRID, GRID, 2),
        _losses(trainer),
    )


def _energy_picture(trainer: EnergyTrainer) -> Moment:
    surface = trainer.density(resolution=RESOLUTION)
    latent = trainer.settings.latent
    z = np.zeros((GRID**2, latent))
    z[:, : min(2, latent)] = _square()[:, : min(2, latent)]
    samples = trainer.samples(SHOWN)
    return Moment(
        trainer.steps,
        -trainer.log_likelihood(trainer.data(HELD_OUT, seed=1)),
        surface.total,
        _finite(surface.values),
        None,
        _finite(samples),
        _finite(trainer.recover(samples)),
        _finite(trainer.decode(z)).reshape(GRID, GRID, 2),
        _losses(trainer),
    )


def _losses(trainer: Trainer) -> dict[str, Array]:
    return {name: np.array(values) for name, values in trainer.losses.items()}


def _finite(values: Array) -> Array:
    fixed: Array = np.nan_to_num(values, nan=_FAR, posinf=_FAR, neginf=-_FAR)
    return fixed


# -- whole runs ---------------------------------------------------------------------------------------


def train_realnvp(
    data: str = "moons",
    own: str = "",
    coupling: str = "affine",
    mixing: str = "reverse",
    depth: int = 8,
    width: int = 32,
    volume: bool = True,
    rate: float = 0.01,
    steps: int = 300,
    seed: int = 0,
) -> Run:
    """Train a RealNVP; `own` are points written as "x,y x,y" for data="own"."""
    settings = FlowSettings(
        data=data,
        own=points_2d.parsed(own) if data == "own" else (),
        coupling=coupling,
        mixing=mixing,
        depth=depth,
        width=width,
        volume=volume,
        rate=rate,
        seed=seed,
    )
    return finished(settings, steps)


def train_residual(
    data: str = "moons",
    own: str = "",
    lipschitz: float = 0.9,
    depth: int = 6,
    width: int = 24,
    log_det: str = "exact",
    terms: int = 5,
    rate: float = 0.01,
    steps: int = 200,
    seed: int = 0,
) -> Run:
    """Train an invertible residual network; `own` as for `train_realnvp`."""
    settings = FlowSettings(
        data=data,
        own=points_2d.parsed(own) if data == "own" else (),
        model="i-resnet",
        lipschitz=lipschitz,
        depth=depth,
        width=width,
        log_det=log_det,
        terms=terms,
        rate=rate,
        seed=seed,
    )
    return finished(settings, steps)


def train_energy(
    data: str = "gaussians",
    own: str = "",
    entropy: float = 3.0,
    penalty: float = 0.03,
    width: int = 48,
    rate: float = 2e-3,
    steps: int = 300,
    seed: int = 0,
) -> Run:
    """Train an energy and its generator; `own` as for `train_realnvp`."""
    settings = EnergySettings(
        data=data,
        own=points_2d.parsed(own) if data == "own" else (),
        entropy=entropy,
        penalty=penalty,
        width=width,
        rate=rate,
        seed=seed,
    )
    return finished(settings, steps)


def finished(settings: Settings, steps: int) -> Run:
    """The run after `steps` steps."""
    return summary(list(moments(settings, steps)))


def summary(seen: list[Moment]) -> Run:
    """A run in short, from its moments."""
    final = seen[-1]
    curves = History(
        final.losses,
        np.array([moment.step for moment in seen]),
        np.array([moment.nll for moment in seen]),
    )
    return Run(final.step, final.nll, final.total, curves, final.samples, final.log_density)


def film(settings: FlowSettings, step: int) -> Film:
    """The flow after `step` steps taken apart into its layers."""
    trainer = flow_at(settings, step)
    stages = _finite(trainer.journey(np.concatenate([_noise(), _square()])))
    return Film(
        stages[:, :SHOWN],
        stages[:, SHOWN:].reshape(len(stages), GRID, GRID, 2),
        trainer.conditions(),
    )


def window(points: Array) -> int:
    """A whole number r such that the square from -r to r shows nearly all points, 4 to 12."""
    reach = float(np.quantile(np.abs(points), 0.985))
    return min(12, max(4, math.ceil(1.1 * reach)))


def account(settings: FlowSettings, step: int) -> Account:
    """The change of variables written out for the first datum shown."""
    trainer = flow_at(settings, step)
    point = trainer.data(SHOWN)[:1]
    code = trainer.encode(point)
    log_normal = float(-0.5 * (code**2).sum() - math.log(2 * math.pi))
    log_prob = float(trainer.log_prob(point)[0])
    return Account(point[0], code[0], log_normal, log_prob - log_normal, log_prob)


@lru_cache(maxsize=16)  # the same while a visitor tries different walks on it
def surface(settings: EnergySettings, step: int, *, resolution: int = 40) -> Surface:
    """The landscape after `step` steps, with the generator's samples on it."""
    trainer = energy_at(settings, step)
    seen = trainer.density(resolution=resolution)
    samples = trainer.samples(SHOWN)
    return Surface(
        seen.x,
        seen.y,
        -seen.values,
        samples,
        -trainer.log_prob(samples),
        trainer.energy_map(resolution=resolution).log_partition,
    )


def refine(
    settings: EnergySettings,
    step: int,
    *,
    walk: int = 60,
    step_size: float = 0.01,
    space: str = "data",
    metropolis: bool = True,
) -> Langevin:
    """Langevin steps from the generator's samples on the energy after `step` training steps."""
    trainer = energy_at(settings, step)
    return trainer.langevin(
        count=SHOWN,
        steps=walk,
        step_size=step_size,
        space=space,
        metropolis=metropolis,
        shown=100,
    )


def closeness(settings: EnergySettings, walk: Langevin) -> Closeness:
    """How many samples are near data before and after a walk."""
    rng = np.random.default_rng(1)
    data = points_2d.sample(settings.data, HELD_OUT, rng, settings.own)

    def share(points: Array) -> float:
        distance = np.linalg.norm(points[:, None] - data[None], axis=2).min(axis=1)
        return float((distance < 0.2).mean())

    return Closeness(share(walk.before), share(walk.after))
