r"""Gradient methods as dynamics: a marble on a landscape, with and without inertia and noise.

After https://kexue.fm/archives/5655. Gradient descent is Euler's method for
:math:`\dot\theta=-\nabla L`. With normal noise of standard deviation :math:`s` in every component
of the gradient (a mini-batch) it becomes Langevin's equation, whose stationary density is

.. math:: P(\theta)\propto e^{-L/\sigma^2},\qquad \sigma^2=\gamma s^2/2 ,

so a small batch or a large rate :math:`\gamma` means a high temperature :math:`\sigma^2`. Momentum
is the leap-frog scheme for :math:`\ddot\theta+\lambda\dot\theta=-\nabla L` with time step
:math:`h`:

.. math:: v\leftarrow\beta v-\alpha\nabla L(\theta),\quad \theta\leftarrow\theta+v,\qquad
    \beta=\frac{1-\lambda h/2}{1+\lambda h/2},\quad \alpha=\frac{h^2}{1+\lambda h/2},

hence :math:`h=\sqrt{2\alpha/(1+\beta)}` and :math:`\lambda=2(1-\beta)/((1+\beta)h)`. Nesterov's
method takes the gradient at :math:`\theta+\beta v`, the post's half-step variant at
:math:`\theta+\frac\beta2 v`; both belong to the same equation. With noise this is Kramers'
equation, :math:`P\propto\exp(-(\dot\theta^2/2+L)/\sigma^2)` with
:math:`\sigma^2=\gamma s^2/(2(1-\beta))`. `core.labs.langevin` puts both densities to the test.

Lengths, losses and times are in the units of the landscape's formula.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import InputError
from core.labs import _inputs, landscapes
from core.labs._flow import integrate
from core.labs._inputs import Array
from core.labs.landscapes import Box, Landscape

Method = Literal[
    "gd", "sgd", "momentum", "sgd-momentum", "nesterov", "half-nesterov", "flow", "momentum-flow"
]
METHODS: tuple[Method, ...] = (
    "gd",
    "sgd",
    "momentum",
    "sgd-momentum",
    "nesterov",
    "half-nesterov",
    "flow",
    "momentum-flow",
)
# Where each discrete method takes its gradient: theta + LOOK_AHEAD * beta * v.
LOOK_AHEAD: dict[str, float] = {"momentum": 0.0, "half-nesterov": 0.5, "nesterov": 1.0}
_WITHOUT_INERTIA = ("gd", "sgd", "flow")
_NOISY = ("sgd", "sgd-momentum")

MAX_STEPS = 2000
HORIZON = 1e3  # a path that goes further has diverged
_TOLERANCE = 1e-7  # of the differential equations


@dataclass(frozen=True)
class Path:
    """One method's way down."""

    method: str
    points: Array  # (steps + 1, 2); nan after divergence
    loss: Array  # (steps + 1,)
    energy: Array  # (steps + 1,): loss plus half the squared velocity
    diverged_at: int | None  # first step without a position


@dataclass(frozen=True)
class Race:
    """Several methods from one start, and the constants of the equations behind them."""

    paths: tuple[Path, ...]
    temperature: float  # sigma^2 of SGD
    momentum_temperature: float  # sigma^2 of SGD with momentum
    time_step: float  # h of momentum
    friction: float  # lambda of momentum


@dataclass(frozen=True)
class Inertia:
    """The equation behind a momentum method."""

    time_step: float  # h
    friction: float  # lambda


@dataclass(frozen=True)
class Retuned:
    """Momentum after the rate has been multiplied by `ratio`."""

    momentum: float  # the post's rule 1 - (1 - beta) sqrt(ratio)
    exact: float  # keeps the friction exactly
    friction_before: float
    friction_after: float  # with the post's rule
    friction_untuned: float  # if beta had been left alone


@dataclass(frozen=True)
class RetunedRace:
    """One momentum descent before and after its rate is cut, at equal times of the equation."""

    rule: Retuned
    times: Array  # (steps + 1,)
    before: Array  # (steps + 1, 2), nan after divergence
    untuned: Array  # the new rate with the old momentum
    retuned: Array  # the new rate with the momentum of the post's rule
    flow: Array  # the equation whose friction is that of `before`
    steps_after: int  # that the new rate takes for the same time


@dataclass(frozen=True)
class StabilityMap:
    """Spectral radius of a momentum method on a parabola of curvature c.

    `radius[i, j]` belongs to `momentum[i]` and `rate_curvature[j]` = rate times c; below one the
    method converges. `limit[i]` is the largest stable product.
    """

    method: str
    rate_curvature: Array
    momentum: Array
    radius: Array
    limit: Array


@dataclass(frozen=True)
class OutcomeMap:
    """Loss after a number of steps for every pair of rate and momentum; nan is divergence."""

    rates: Array
    momentum: Array
    loss: Array  # (momentum, rates)


def race(
    text: str,
    start: tuple[float, float],
    *,
    rate: float = 0.05,
    momentum: float = 0.9,
    noise: float = 0.0,
    steps: int = 100,
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    box: Box | None = None,
) -> Race:
    """Let `methods` run from `start` on a preset or formula.

    `rate` is the learning rate of all methods, `momentum` is beta, `noise` the standard deviation s
    of each gradient component in the methods "sgd" and "sgd-momentum". "flow" is the exact
    solution of the equation behind "gd" at times `n * rate`, "momentum-flow" that behind
    "momentum" at times `n * time_step`.
    """
    land, origin = landscapes.landscape(text, box), landscapes.checked_start(start)
    rate, momentum = checked_rate(rate), checked_momentum(momentum)
    noise = _inputs.number("noise", noise, 0, 100, zh="噪声")
    steps = _inputs.integer("number of steps", steps, 1, MAX_STEPS, zh="步数")
    chosen = [_inputs.choice("method", m, METHODS, zh="方法") for m in methods]
    rng = np.random.default_rng(_inputs.seed(seed))
    dynamics = inertia(rate, momentum)
    discrete = [m for m in chosen if not m.endswith("flow")]
    positions, velocities = _descend(land, origin, discrete, rate, momentum, noise, steps, rng)
    paths: dict[str, Path] = {}
    for i, method in enumerate(discrete):
        h = rate if method in _WITHOUT_INERTIA else dynamics.time_step
        kinetic = (
            np.zeros(steps + 1)
            if method in _WITHOUT_INERTIA
            else _half_square(velocities[:, i] / h)
        )
        paths[method] = _path(land, method, positions[:, i], kinetic)
    slope = land.formula.gradient_at
    if "flow" in chosen:
        times = rate * np.arange(steps + 1)
        flow = integrate(
            lambda p: [-g for g in slope(*p.tolist())],
            origin,
            times,
            horizon=HORIZON,
            tolerance=_TOLERANCE,
        )
        paths["flow"] = _path(land, "flow", flow, np.zeros(steps + 1))
    if "momentum-flow" in chosen:
        times = dynamics.time_step * np.arange(steps + 1)

        def newton(state: Array) -> list[float]:
            x, y, u, v = state.tolist()
            gx, gy = slope(x, y)
            return [u, v, -dynamics.friction * u - gx, -dynamics.friction * v - gy]

        rest = np.concatenate([origin, [0.0, 0.0]])
        state = integrate(newton, rest, times, horizon=HORIZON, tolerance=_TOLERANCE)
        paths["momentum-flow"] = _path(
            land, "momentum-flow", state[:, :2], _half_square(state[:, 2:])
        )
    return Race(
        tuple(paths[m] for m in chosen),
        temperature(rate, noise),
        temperature(rate, noise, momentum),
        dynamics.time_step,
        dynamics.friction,
    )


def temperature(rate: float, noise: float, momentum: float = 0.0) -> float:
    r"""sigma^2 of SGD whose gradient components have noise of standard deviation `noise`.

    Without momentum :math:`\gamma s^2/2`. With it a step's kick is :math:`\gamma s`, that of Kramers'
    equation :math:`h\sqrt{2\lambda\sigma^2h}/(1+\lambda h/2)`; equal kicks give
    :math:`\gamma s^2/(2(1-\beta))`: momentum heats.
    """
    return checked_rate(rate) * noise**2 / (2 * (1 - checked_momentum(momentum)))


def inertia(rate: float, momentum: float) -> Inertia:
    """Time step and friction of the equation behind momentum with this rate and beta."""
    rate, momentum = checked_rate(rate), checked_momentum(momentum)
    time_step = math.sqrt(2 * rate / (1 + momentum))
    return Inertia(time_step, 2 * (1 - momentum) / ((1 + momentum) * time_step))


def retune(rate: float, momentum: float, ratio: float) -> Retuned:
    """Which momentum keeps the friction when the rate becomes `ratio * rate`.

    The post's rule is 1 - (1 - beta) sqrt(ratio). Exactly: with z = lambda h / 2 the old pair has
    z = (1 - beta) / (1 + beta), rate = h^2 / (1 + z); the new h solves
    h'^2 = ratio * rate * (1 + lambda h' / 2).
    """
    ratio = _inputs.number("ratio", ratio, 1e-4, 1e4, zh="学习率之比")
    before = inertia(rate, momentum)
    scale = checked_rate(rate) * ratio
    half = scale * before.friction / 4
    h = half + math.sqrt(half**2 + scale)
    exact = (1 - before.friction * h / 2) / (1 + before.friction * h / 2)
    rule = 1 - (1 - momentum) * math.sqrt(ratio)
    if rule < 0:
        raise InputError(
            en=f"The rule gives a negative momentum {rule:.3g} for ratio {ratio:g}. "
            f"Choose a smaller ratio.",
            zh=f"比值 {ratio:g} 使动量变成负数 {rule:.3g}，请取小一些的比值。",
        )
    return Retuned(
        rule,
        exact,
        before.friction,
        inertia(scale, rule).friction,
        inertia(scale, momentum).friction,
    )


def retuned_race(
    text: str,
    start: tuple[float, float],
    *,
    rate: float = 0.05,
    momentum: float = 0.9,
    ratio: float = 0.1,
    steps: int = 60,
    box: Box | None = None,
) -> RetunedRace:
    """Cut the rate of a momentum descent to `ratio * rate`, with and without retuning momentum.

    All runs last the time of `steps` steps before the cut; positions between two steps are
    interpolated. `ratio` is between 0.01 and 1.
    """
    ratio = _inputs.number("ratio", ratio, 0.01, 1, zh="学习率之比")
    rule = retune(rate, momentum, ratio)
    first = race(
        text,
        start,
        rate=rate,
        momentum=momentum,
        steps=steps,
        methods=("momentum", "momentum-flow"),
        box=box,
    )
    times = first.time_step * np.arange(steps + 1)
    followers: list[Array] = []
    count = 0
    for beta in (momentum, rule.momentum):
        step = inertia(rate * ratio, beta).time_step
        count = max(1, math.ceil(times[-1] / step))
        run = race(
            text,
            start,
            rate=rate * ratio,
            momentum=beta,
            steps=count,
            methods=("momentum",),
            box=box,
        ).paths[0]
        own = step * np.arange(count + 1)
        followers.append(np.stack([np.interp(times, own, run.points[:, i]) for i in (0, 1)], -1))
    before, flow = (path.points for path in first.paths)
    return RetunedRace(rule, times, before, followers[0], followers[1], flow, count)


def curvatures(text: str, point: tuple[float, float]) -> Array:
    """The two eigenvalues of the Hessian at a point, ascending."""
    land = landscapes.landscape(text)
    hessian = land.hessian(landscapes.checked_start(point))
    if not np.isfinite(hessian).all():
        raise InputError(
            en=f"The landscape has no curvature at {point}. Choose another point.",
            zh=f"地形在 {point} 处没有曲率，请换一点。",
        )
    return np.linalg.eigvalsh(hessian)


def stability_map(
    method: str = "momentum", *, resolution: int = 80, largest: float = 5.0
) -> StabilityMap:
    r"""Where "momentum", "half-nesterov" and "nesterov" converge on a parabola.

    With :math:`a` = rate times curvature and gradient at :math:`\theta+\kappa\beta v`, one step
    multiplies :math:`(v,\theta)` by a matrix of determinant :math:`\beta(1-\kappa a)` and trace
    :math:`1+\beta-a-\kappa\beta a`; it is stable for
    :math:`a<2(1+\beta)/(1+2\kappa\beta)` and :math:`\beta<1`. Momentum zero is plain gradient
    descent.
    """
    kind = _inputs.choice("method", method, tuple(LOOK_AHEAD), zh="方法")
    resolution = _inputs.integer("resolution", resolution, 2, 400, zh="分辨率")
    largest = _inputs.number("largest product", largest, 0.1, 100, zh="最大乘积")
    look = LOOK_AHEAD[kind]
    a = np.linspace(0, largest, resolution + 1)[1:]
    beta = np.linspace(0, 1, resolution, endpoint=False)
    determinant = beta[:, None] * (1 - look * a)
    trace = 1 + beta[:, None] - a - look * beta[:, None] * a
    root = np.sqrt((trace**2 / 4 - determinant).astype(np.complex128))
    radius = np.maximum(np.abs(trace / 2 + root), np.abs(trace / 2 - root))
    limit = 2 * (1 + beta) / (1 + 2 * look * beta)
    return StabilityMap(kind, a, beta, radius, limit)


def outcome_map(
    text: str,
    start: tuple[float, float],
    method: str = "momentum",
    *,
    steps: int = 100,
    rates: tuple[float, float] = (1e-3, 1.0),
    resolution: int = 40,
    box: Box | None = None,
) -> OutcomeMap:
    """The loss that a method reaches from `start` for every rate and momentum of a grid.

    Rates are spaced evenly in the logarithm. All runs advance together as one array.
    """
    land, origin = landscapes.landscape(text, box), landscapes.checked_start(start)
    kind = _inputs.choice("method", method, tuple(LOOK_AHEAD), zh="方法")
    steps = _inputs.integer("number of steps", steps, 1, 500, zh="步数")
    resolution = _inputs.integer("resolution", resolution, 2, 100, zh="分辨率")
    low, high = checked_rate(rates[0]), checked_rate(rates[1])
    alpha = np.geomspace(low, high, resolution)
    beta = np.linspace(0, 1, resolution, endpoint=False)
    b, a = (grid[..., None] for grid in np.meshgrid(beta, alpha, indexing="ij"))
    theta = np.broadcast_to(origin, (resolution, resolution, 2)).copy()
    v = np.zeros_like(theta)
    with np.errstate(all="ignore"):
        for _ in range(steps):
            v = b * v - a * land.gradient(theta + LOOK_AHEAD[kind] * b * v)
            theta = theta + v
            theta[np.abs(theta).max(axis=-1) > HORIZON] = np.nan
        loss = land.value(theta)
    return OutcomeMap(alpha, beta, np.where(np.isfinite(loss), loss, np.nan))


def _descend(
    land: Landscape,
    origin: Array,
    methods: Sequence[str],
    rate: float,
    momentum: float,
    noise: float,
    steps: int,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Positions and velocities `(steps + 1, methods, 2)` of the discrete methods, all at once."""
    shape = (steps + 1, len(methods), 2)
    beta = np.array([[0.0 if m in _WITHOUT_INERTIA else momentum] for m in methods])
    ahead = beta * np.array([[LOOK_AHEAD.get(m, 0.0)] for m in methods])
    shake = noise * np.array([[1.0 if m in _NOISY else 0.0] for m in methods])
    positions, velocities = np.full(shape, np.nan), np.full(shape, np.nan)
    # One noise for all methods: they see the same mini-batches.
    xi = rng.standard_normal((steps, 1, 2))
    if not methods:
        return positions, velocities
    theta, v = np.broadcast_to(origin, shape[1:]).copy(), np.zeros(shape[1:])
    positions[0], velocities[0] = theta, v
    with np.errstate(all="ignore"):
        for step in range(1, steps + 1):
            v = beta * v - rate * (land.gradient(theta + ahead * v) + shake * xi[step - 1])
            theta = theta + v
            theta[~(np.abs(theta).max(axis=-1) < HORIZON)] = np.nan
            positions[step], velocities[step] = theta, v
    return positions, velocities


def _path(land: Landscape, method: str, points: Array, kinetic: Array) -> Path:
    loss = land.value(points)
    loss = np.where(np.isfinite(loss), loss, np.nan)
    lost = np.flatnonzero(np.isnan(points[:, 0]))
    return Path(method, points, loss, loss + kinetic, int(lost[0]) if len(lost) else None)


def _half_square(velocity: Array) -> Array:
    with np.errstate(over="ignore"):
        energy: Array = 0.5 * (velocity**2).sum(axis=-1)
        return energy


def checked_rate(rate: float) -> float:
    """A learning rate within its bounds."""
    return _inputs.number("learning rate", rate, 1e-6, 100, zh="学习率")


def checked_momentum(momentum: float) -> float:
    """A momentum coefficient within its bounds."""
    return _inputs.number("momentum", momentum, 0, 0.9999, zh="动量")
