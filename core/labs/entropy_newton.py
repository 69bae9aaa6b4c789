r"""The Newton iteration of the post on entropy normalisation, and the map of where it fails.

After https://kexue.fm/archives/8829, which iterates from :math:`\gamma=1`

.. math:: \gamma\leftarrow1+\frac{H^*-H}{H^2-\mathbb E[\ln^2p]},\qquad
    p\leftarrow p^\gamma/\textstyle\sum p^\gamma ,

and finds three or four rounds enough. On random distributions it often is not: a step that is too
long either flattens p beyond return or lets its entries underflow. `entropy_normalization` has a
solver that always arrives. Entropies are in nats.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from core.labs import _inputs
from core.labs._distributions import entropies, softmax
from core.labs._inputs import Array
from core.labs.entropy_normalization import (
    MAX_NUMBERS,
    Normalised,
    Round,
    exponents,
    limits,
    log_weights,
    normalise,
    power,
)

Spread = Literal["uniform", "log-normal"]
SPREADS: tuple[Spread, ...] = ("uniform", "log-normal")


@dataclass(frozen=True)
class PostIteration:
    """What the post's iteration does from the same start."""

    after: Array  # (n,); may contain nan
    rounds: tuple[Round, ...]
    miss: float  # |entropy - target| after the last round, inf when the numbers broke down


@dataclass(frozen=True)
class TargetSweep:
    """One distribution and many wanted entropies."""

    targets: Array  # nats, ascending, all within reach
    miss: Array  # |entropy - target| of the post's iteration; inf where the numbers broke down


@dataclass(frozen=True)
class FailureMap:
    """How often the post's iteration misses by more than a tolerance.

    `missed[i, j]` is the fraction for targets `targets[i]` * ln n and spread `scales[j]`.
    """

    targets: Array
    scales: Array
    missed: Array
    overall: float  # mean of `missed`
    draws: int  # distributions per cell
    solver_worst: float  # largest miss in nats of the bracketed solver, on one case of every cell


@dataclass(frozen=True)
class CellCase:
    """One random distribution of a cell of the map, as both solvers see it."""

    logits: Array  # (n,)
    solver: Normalised
    post: PostIteration


def post_iteration(
    values: npt.ArrayLike,
    target: float,
    *,
    logits: bool = False,
    rounds: int = 10,
    literal: bool = False,
) -> PostIteration:
    """The post's Newton iteration on p itself, with its overflows.

    Where a probability underflows, 0 ln 0 counts as 0; with `literal` as nan, which a program
    that writes the formula down word for word gets.
    """
    log_p = log_weights(values, logits)
    target = _inputs.number("entropy", target, 0, math.log(MAX_NUMBERS), zh="熵")
    rounds = _inputs.integer("number of rounds", rounds, 1, 100, zh="轮数")
    p, total = power(log_p, 1.0), 1.0
    log: list[Round] = []
    for _ in range(rounds):
        p, gamma = _post_round(p[None], np.array([target]), literal)
        p, total = p[0], total * float(gamma[0])
        log.append(Round(total, float(entropies(p[None])[0]), "post"))
    miss = abs(log[-1].entropy - target)
    return PostIteration(p, tuple(log), miss if math.isfinite(miss) else math.inf)


def target_sweep(
    values: npt.ArrayLike,
    *,
    logits: bool = False,
    rounds: int = 10,
    count: int = 60,
    literal: bool = False,
) -> TargetSweep:
    """The post's iteration from one distribution to `count` entropies between its limits."""
    log_p = log_weights(values, logits)
    rounds = _inputs.integer("number of rounds", rounds, 1, 100, zh="轮数")
    count = _inputs.integer("number of targets", count, 1, 500, zh="目标数")
    floor, ceiling = limits(log_p)
    targets = np.linspace(floor, ceiling, count + 2)[1:-1]
    p = np.repeat(power(log_p, 1.0)[None], count, axis=0)
    for _ in range(rounds):
        p, _ = _post_round(p, targets, literal)
    miss = np.abs(entropies(p) - targets)
    return TargetSweep(targets, np.where(np.isfinite(miss), miss, np.inf))


def failure_map(
    *,
    size: int = 100,
    spread: str = "log-normal",
    rounds: int = 10,
    tolerance: float = 0.01,
    scales: tuple[float, float] = (0.25, 8.0),
    resolution: int = 12,
    draws: int = 40,
    seed: int = 0,
    literal: bool = False,
) -> FailureMap:
    """Where the post's iteration fails, over targets from 5 % to 95 % of ln n and spreads.

    "log-normal" draws weights exp(scale * normal), "uniform" numbers between 0 and 1 to the power
    `scale`.
    """
    size = _inputs.integer("size", size, 2, MAX_NUMBERS, zh="个数")
    resolution = _inputs.integer("resolution", resolution, 2, 40, zh="分辨率")
    low, high = (_inputs.number("scale", s, 1e-3, 100, zh="尺度") for s in scales)
    targets, widths = np.linspace(0.05, 0.95, resolution), np.geomspace(low, high, resolution)
    missed = np.empty((resolution, resolution))
    checked: list[tuple[Array, Array]] = []
    for j, scale in enumerate(widths):
        for i, target in enumerate(targets):
            span = (float(target), float(target))
            missed[i, j] = miss_fraction(
                size=size,
                spread=spread,
                scale=float(scale),
                targets=span,
                rounds=rounds,
                tolerance=tolerance,
                draws=draws,
                seed=seed,
                literal=literal,
            )
            checked.append(
                random_cases(
                    size=size, spread=spread, scale=float(scale), targets=span, draws=1, seed=seed
                )
            )
    log_p, wanted = (np.concatenate(parts) for parts in zip(*checked, strict=True))
    log_p -= log_p.max(axis=1, keepdims=True)
    reached = entropies(softmax(exponents(log_p, wanted)[:, None] * log_p))
    worst = float(np.abs(reached - wanted).max())
    return FailureMap(targets, widths, missed, float(missed.mean()), draws, worst)


def cell_case(
    target: float,
    scale: float,
    *,
    size: int = 100,
    spread: str = "log-normal",
    rounds: int = 10,
    tolerance: float = 0.01,
    draws: int = 40,
    seed: int = 0,
    literal: bool = False,
) -> CellCase:
    """A case of one cell: the first that the post's iteration misses, else the first at all.

    `target` is a fraction of ln n; the draws are those of `failure_map` with the same arguments.
    """
    log_p, wanted = random_cases(
        size=size, spread=spread, scale=scale, targets=(target, target), draws=draws, seed=seed
    )
    for row, aim in zip(log_p, wanted, strict=True):
        post = post_iteration(row, float(aim), logits=True, rounds=rounds, literal=literal)
        if not post.miss <= tolerance:
            return CellCase(row, normalise(row, float(aim), logits=True), post)
    row, aim = log_p[0], float(wanted[0])
    post = post_iteration(row, aim, logits=True, rounds=rounds, literal=literal)
    return CellCase(row, normalise(row, aim, logits=True), post)


def miss_fraction(
    *,
    size: int = 100,
    spread: str = "uniform",
    scale: float = 1.0,
    targets: tuple[float, float] = (0.05, 0.95),
    rounds: int = 3,
    tolerance: float = 0.01,
    draws: int = 1000,
    seed: int = 0,
    literal: bool = False,
) -> float:
    """The fraction of random distributions that the post's iteration misses by `tolerance` nats.

    Targets are uniform between the given fractions of ln n; `literal` as in `post_iteration`.
    """
    size = _inputs.integer("size", size, 2, MAX_NUMBERS, zh="个数")
    draws = _inputs.integer("number of draws", draws, 1, 5000, zh="抽样数")
    rounds = _inputs.integer("number of rounds", rounds, 1, 100, zh="轮数")
    tolerance = _inputs.number("tolerance", tolerance, 1e-12, 10, zh="容差")
    log_p, wanted = random_cases(
        size=size, spread=spread, scale=scale, targets=targets, draws=draws, seed=seed
    )
    p = softmax(log_p)
    for _ in range(rounds):
        p, _ = _post_round(p, wanted, literal)
    miss = np.abs(entropies(p) - wanted)
    return float(np.mean(~(miss <= tolerance)))  # nan is a miss


def random_cases(
    *,
    size: int,
    spread: str,
    scale: float,
    targets: tuple[float, float],
    draws: int,
    seed: int,
) -> tuple[Array, Array]:
    """Log-weights `(draws, size)` and wanted entropies `(draws,)` of `miss_fraction`."""
    kind = _inputs.choice("spread", spread, SPREADS, zh="分布")
    scale = _inputs.number("scale", scale, 1e-3, 100, zh="尺度")
    low, high = (_inputs.number("target", t, 0, 1, zh="目标比例") for t in targets)
    rng = np.random.default_rng(_inputs.seed(seed))
    if kind == "uniform":
        # Of (0, 1], never the logarithm of zero.
        log_p = scale * np.log(1.0 - rng.random((draws, size)))
    else:
        log_p = scale * rng.standard_normal((draws, size))
    return log_p, rng.uniform(low, high, draws) * math.log(size)


def _post_round(p: Array, target: Array, literal: bool) -> tuple[Array, Array]:
    """One round of the post's iteration on distributions `(cases, n)`: new p and gamma."""
    with np.errstate(all="ignore"):
        log = np.log(p)
        counted = (p != 0) | literal
        h = -np.where(counted, p * log, 0.0).sum(axis=-1)
        second = np.where(counted, p * log**2, 0.0).sum(axis=-1)
        gamma = 1 + (target - h) / (h**2 - second)
        raised = p ** gamma[:, None]
        return raised / raised.sum(axis=-1, keepdims=True), gamma
