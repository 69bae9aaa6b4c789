r"""What a finite learning rate adds to the loss: implicit gradient regularisation.

After https://kexue.fm/archives/7787 and Barrett and Dherin 2020, https://arxiv.org/abs/2009.11162.
Gradient descent with rate :math:`\gamma` does not follow :math:`\dot\theta=-\nabla L` but, to first
order in the rate,

.. math:: \dot\theta=-\nabla\Bigl(L+\frac\gamma4\lVert\nabla L\rVert^2\Bigr)
    =-\nabla L-\frac\gamma2 H\nabla L ,

because a difference is :math:`e^{\gamma D}-1` in terms of the derivative :math:`D`, and
:math:`\gamma D/(e^{\gamma D}-1)=1-\frac12\gamma D+\frac1{12}\gamma^2D^2-\dots`. At a fixed time the
distance from descent to the plain flow is therefore of order :math:`\gamma`, that to the modified
flow of order :math:`\gamma^2`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.errors import InputError
from core.labs import _inputs, landscapes
from core.labs._flow import integrate
from core.labs._inputs import Array
from core.labs.landscapes import Box, Landscape

MAX_STEPS = 5000
MAX_ALL_STEPS = 60_000
HORIZON = 1e3


@dataclass(frozen=True)
class Trajectories:
    """Descent and the two flows at the same times."""

    times: Array  # (steps + 1,)
    descent: Array  # (steps + 1, 2), nan after divergence
    flow: Array
    modified_flow: Array
    gap_flow: Array  # (steps + 1,): distance from descent to the flow
    gap_modified: Array


@dataclass(frozen=True)
class OrderPlot:
    """Distances at one fixed time against the rate; the slopes are those of the log-log plot."""

    rates: Array  # descending, each half of the one before
    gap_flow: Array
    gap_modified: Array
    slope_flow: float  # fitted to the smaller half of the rates; theory: 1
    slope_modified: float  # theory: 2


@dataclass(frozen=True)
class Descent:
    """One run of gradient descent on a loss with an explicit gradient penalty."""

    rate: float
    penalty: float  # mu of L + mu |grad L|^2
    points: Array  # (at most 400, 2): the path, thinned
    end: Array  # (2,)
    loss: float
    gradient_norm: float
    sharpness: float  # largest eigenvalue of the Hessian at the end; nan after divergence


@dataclass(frozen=True)
class PenaltyRace:
    """A large rate, a tiny rate, and a tiny rate with the penalty that imitates the large one."""

    large: Descent
    small: Descent
    penalised: Descent
    distance_without: float  # between the ends of `large` and `small`
    distance_with: float  # between the ends of `large` and `penalised`


@dataclass(frozen=True)
class PenaltyCurve:
    """How far a tiny rate with penalty mu ends from a large rate without, over mu."""

    penalties: Array
    distances: Array  # nan after divergence
    best: float  # the penalty with the smallest distance
    theory: float  # (rate - small_rate) / 4: the tiny rate brings its own share


@dataclass(frozen=True)
class SharpnessSweep:
    """Where descent ends, for several rates and one total time."""

    rates: Array
    ends: Array  # (rates, 2), nan after divergence
    loss: Array
    sharpness: Array  # largest Hessian eigenvalue at the end
    flow_sharpness: float  # at the end of the plain flow, the limit of small rates


def trajectories(
    text: str,
    start: tuple[float, float],
    *,
    rate: float = 0.1,
    steps: int = 60,
    box: Box | None = None,
) -> Trajectories:
    """Gradient descent beside the plain and the modified flow."""
    land, origin = landscapes.landscape(text, box), landscapes.checked_start(start)
    rate = _checked_rate(rate)
    steps = _inputs.integer("number of steps", steps, 1, 1000, zh="步数")
    times = rate * np.arange(steps + 1)
    path = _descent(land, origin, rate, 0.0, steps)
    flow = _flow(land, origin, times, 0.0, tolerance=1e-9)
    modified = _flow(land, origin, times, rate, tolerance=1e-9)
    return Trajectories(times, path, flow, modified, _gap(path, flow), _gap(path, modified))


def order_plot(
    text: str,
    start: tuple[float, float],
    *,
    time: float = 1.0,
    fewest_steps: int = 10,
    halvings: int = 6,
    box: Box | None = None,
) -> OrderPlot:
    """Distances from descent to both flows at `time`, for rates time/fewest_steps, half of it, ….

    Raises `InputError` when descent diverges or has already arrived, so that no order shows.
    """
    land, origin = landscapes.landscape(text, box), landscapes.checked_start(start)
    time = _inputs.number("time", time, 1e-3, 100, zh="时间")
    fewest_steps = _inputs.integer("fewest steps", fewest_steps, 1, 1000, zh="最少步数")
    halvings = _inputs.integer("number of halvings", halvings, 2, 10, zh="折半次数")
    counts = fewest_steps * 2 ** np.arange(halvings + 1)
    if counts[-1] > MAX_STEPS:
        raise InputError(
            en=f"The smallest rate would take {counts[-1]} steps, more than {MAX_STEPS}. "
            f"Use fewer halvings or fewer steps.",
            zh=f"最小的学习率要走 {counts[-1]} 步，超过 {MAX_STEPS}，请减少折半次数或步数。",
        )
    rates = time / counts
    flow = _flow(land, origin, np.array([0.0, time]), 0.0)[-1]
    gap_flow, gap_modified = np.empty(len(rates)), np.empty(len(rates))
    for i, (rate, count) in enumerate(zip(rates, counts, strict=True)):
        end = _descent(land, origin, rate, 0.0, int(count))[-1]
        modified = _flow(land, origin, np.array([0.0, time]), rate)[-1]
        gap_flow[i], gap_modified[i] = _gap(end, flow), _gap(end, modified)
    if not np.isfinite(gap_flow + gap_modified).all() or gap_modified[-1] < 1e-11:
        raise InputError(
            en=f"At time {time:g} descent has diverged or already arrived, so the order cannot "
            f"be seen. Choose another time or more steps.",
            zh=f"在时刻 {time:g} 下降已发散或已到终点，看不出阶数，请换一个时间或增加步数。",
        )
    smaller = slice(len(rates) // 2, None)
    return OrderPlot(
        rates,
        gap_flow,
        gap_modified,
        float(np.polyfit(np.log(rates[smaller]), np.log(gap_flow[smaller]), 1)[0]),
        float(np.polyfit(np.log(rates[smaller]), np.log(gap_modified[smaller]), 1)[0]),
    )


def penalty_race(
    text: str = "two-layers",
    start: tuple[float, float] = (2.8, 0.1),
    *,
    rate: float = 0.2,
    small_rate: float = 0.005,
    penalty: float | None = None,
    time: float = 20.0,
    box: Box | None = None,
) -> PenaltyRace:
    """Does an explicit penalty with a tiny rate find what a large rate finds?

    `penalty` is mu; without it rate/4, the value of the theory. All runs last `time`.
    """
    land, origin = landscapes.landscape(text, box), landscapes.checked_start(start)
    rate, small_rate = _checked_rate(rate), _checked_rate(small_rate)
    time = _inputs.number("time", time, 1e-3, 1000, zh="时间")
    mu = rate / 4 if penalty is None else _inputs.number("penalty", penalty, 0, 100, zh="惩罚系数")
    large = _run(land, origin, rate, 0.0, time)
    small = _run(land, origin, small_rate, 0.0, time)
    penalised = _run(land, origin, small_rate, mu, time)
    return PenaltyRace(
        large,
        small,
        penalised,
        float(_gap(large.end, small.end)),
        float(_gap(large.end, penalised.end)),
    )


def penalty_curve(
    text: str = "two-layers",
    start: tuple[float, float] = (2.8, 0.1),
    *,
    rate: float = 0.2,
    small_rate: float = 0.02,
    time: float = 20.0,
    largest: float = 4.0,
    count: int = 25,
    grid: tuple[float, ...] | None = None,
    box: Box | None = None,
) -> PenaltyCurve:
    """Distances between the ends for `count` penalties from 0 to `largest` times rate/4.

    All penalised runs advance together as one array. With a `grid` its penalties in that range are
    taken instead; their runs do not depend on the rate and are remembered for other rates.
    """
    land, origin = landscapes.landscape(text, box), landscapes.checked_start(start)
    rate, small_rate = _checked_rate(rate), _checked_rate(small_rate)
    time = _inputs.number("time", time, 1e-3, 1000, zh="时间")
    largest = _inputs.number("largest penalty", largest, 0.1, 100, zh="最大惩罚系数")
    count = _inputs.integer("number of penalties", count, 2, 200, zh="惩罚系数个数")
    target = _run(land, origin, rate, 0.0, time).end
    most = largest * rate / 4
    if grid is None:
        penalties = np.linspace(0, most, count)
        ends = _penalised_ends(land, origin, small_rate, time, penalties)
    else:
        penalties = np.array(grid)
        ends = _remembered_ends(text, start, small_rate, time, grid, box)
        inside = penalties <= most * (1 + 1e-9)
        if inside.sum() < 2:
            raise InputError(
                en=f"Fewer than two penalties of the grid lie between 0 and {most:.4g}.",
                zh=f"网格中落在 0 到 {most:.4g} 之间的惩罚系数不足两个。",
            )
        penalties, ends = penalties[inside], ends[inside]
    distances = _gap(ends, target)
    if not np.isfinite(distances).any():
        raise InputError(
            en=f"Rate {rate:g} or {small_rate:g} diverges from this start. Lower the rates.",
            zh=f"从这个起点出发，学习率 {rate:g} 或 {small_rate:g} 会发散，请减小学习率。",
        )
    return PenaltyCurve(
        penalties, distances, float(penalties[np.nanargmin(distances)]), (rate - small_rate) / 4
    )


@lru_cache(maxsize=16)
def _remembered_ends(
    text: str,
    start: tuple[float, float],
    small_rate: float,
    time: float,
    penalties: tuple[float, ...],
    box: Box | None,
) -> Array:
    land, origin = landscapes.landscape(text, box), landscapes.checked_start(start)
    return _penalised_ends(land, origin, small_rate, time, np.array(penalties))


def _penalised_ends(
    land: Landscape, origin: Array, small_rate: float, time: float, penalties: Array
) -> Array:
    """Where descents with these penalties end, `(count, 2)`; nan where they diverge."""
    theta = np.repeat(origin[:, None], len(penalties), axis=1)  # (2, count)
    with np.errstate(all="ignore"):
        for _ in range(_steps(small_rate, time)):
            slope, bend = land.formula.derivatives(*theta)
            theta = theta - small_rate * (slope + 2 * penalties * (bend * slope).sum(axis=1))
            theta[:, ~(np.abs(theta).max(axis=0) < HORIZON)] = np.nan
    return theta.T


def sharpness_sweep(
    text: str = "two-layers",
    start: tuple[float, float] = (2.8, 0.1),
    *,
    rates: tuple[float, float] = (0.005, 0.3),
    count: int = 16,
    time: float = 20.0,
    box: Box | None = None,
) -> SharpnessSweep:
    """Sharpness of the minimum that descent reaches, for `count` rates evenly spaced in the log."""
    land, origin = landscapes.landscape(text, box), landscapes.checked_start(start)
    count = _inputs.integer("number of rates", count, 2, 60, zh="学习率个数")
    time = _inputs.number("time", time, 1e-3, 1000, zh="时间")
    spaced = np.geomspace(_checked_rate(rates[0]), _checked_rate(rates[1]), count)
    if (time / spaced).sum() > MAX_ALL_STEPS:
        raise InputError(
            en=f"These rates take {(time / spaced).sum():.0f} steps in all, more than "
            f"{MAX_ALL_STEPS}. Shorten the time or raise the smallest rate.",
            zh=f"这些学习率合计要 {(time / spaced).sum():.0f} 步，超过 {MAX_ALL_STEPS}，"
            "请缩短时间或提高最小学习率。",
        )
    runs = [_run(land, origin, float(rate), 0.0, time) for rate in spaced]
    flow_end = _flow(land, origin, np.array([0.0, time]), 0.0)[-1]
    return SharpnessSweep(
        spaced,
        np.stack([run.end for run in runs]),
        np.array([run.loss for run in runs]),
        np.array([run.sharpness for run in runs]),
        _sharpness(land, flow_end),
    )


def _descent(land: Landscape, origin: Array, rate: float, penalty: float, steps: int) -> Array:
    """The path `(steps + 1, 2)` of descent on L + penalty |grad L|^2."""
    path = np.full((steps + 1, 2), np.nan)
    path[0] = origin
    x, y = origin.tolist()
    slope, bend = land.formula.gradient_at, land.formula.hessian_at
    for step in range(1, steps + 1):
        gx, gy = slope(x, y)
        if penalty:
            xx, xy, _, yy = bend(x, y)
            gx, gy = (
                gx + 2 * penalty * (xx * gx + xy * gy),
                gy + 2 * penalty * (xy * gx + yy * gy),
            )
        x, y = x - rate * gx, y - rate * gy
        if not abs(x) + abs(y) < HORIZON:  # nan too
            break
        path[step] = x, y
    return path


def _flow(
    land: Landscape, origin: Array, times: Array, rate: float, *, tolerance: float = 1e-12
) -> Array:
    """The plain flow for `rate` zero, else the modified flow of that rate."""

    slope, bend = land.formula.gradient_at, land.formula.hessian_at

    def field(theta: Array) -> list[float]:
        x, y = theta.tolist()
        gx, gy = slope(x, y)
        if not rate:
            return [-gx, -gy]
        xx, xy, _, yy = bend(x, y)
        return [-gx - rate / 2 * (xx * gx + xy * gy), -gy - rate / 2 * (xy * gx + yy * gy)]

    return integrate(field, origin, times, horizon=HORIZON, tolerance=tolerance)


def _run(land: Landscape, origin: Array, rate: float, penalty: float, time: float) -> Descent:
    steps = _steps(rate, time)
    path = _descent(land, origin, rate, penalty, steps)
    end = path[-1]
    shown = np.unique(np.linspace(0, steps, min(steps + 1, 400)).astype(int))
    return Descent(
        rate,
        penalty,
        path[shown],
        end,
        float(land.value(end)),
        float(np.linalg.norm(land.gradient(end))),
        _sharpness(land, end),
    )


def _steps(rate: float, time: float) -> int:
    """How many steps of `rate` last `time`."""
    steps = max(1, round(time / rate))
    if steps > MAX_ALL_STEPS:
        raise InputError(
            en=f"Rate {rate:g} takes {steps} steps up to time {time:g}, more than "
            f"{MAX_ALL_STEPS}. Raise the rate or shorten the time.",
            zh=f"学习率 {rate:g} 到时刻 {time:g} 要走 {steps} 步，超过 {MAX_ALL_STEPS}，"
            "请提高学习率或缩短时间。",
        )
    return steps


def _sharpness(land: Landscape, point: Array) -> float:
    hessian = land.hessian(point)
    return float(np.linalg.eigvalsh(hessian)[-1]) if np.isfinite(hessian).all() else math.nan


def _gap(a: Array, b: Array) -> Array:
    gap: Array = np.linalg.norm(a - b, axis=-1)
    return gap


def _checked_rate(rate: float) -> float:
    return _inputs.number("learning rate", rate, 1e-5, 10, zh="学习率")
