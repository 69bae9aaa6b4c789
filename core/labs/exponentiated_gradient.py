r"""Multiplicative updates: positive parameters, probabilities, step sizes that learn themselves.

After https://kexue.fm/archives/8968 and Amid et al. 2022, https://arxiv.org/abs/2202.00145. The
exponentiated gradient :math:`\theta\leftarrow\theta\odot e^{-\eta g}` never leaves the positive
numbers; divided by its sum it never leaves the simplex. Applied to the step sizes themselves,

.. math:: \nu_{t+1}=\nu_t\odot e^{\gamma\,g_{t-1}\odot g_t},\qquad
    \theta_{t+1}=\theta_t-\eta\,\nu_{t+1}\odot g_t ,

each coordinate speeds up while its gradient keeps its sign and slows down when it changes. The
paper's normalisation and global gain are left out, as in the post. Raw products of gradients can
be huge, so two guards are offered here: each exponent is clipped to :math:`\pm c`, and the products
can be replaced by their signs.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.labs import _inputs, landscapes
from core.labs._inputs import Array
from core.labs.landscapes import Box

PROBLEMS = ("regression", "portfolio", "nearest", "linear")
MAX_STEPS = 3000
_NU_RANGE = (1e-12, 1e12)  # of the learned step sizes: beyond it they mean nothing any more


@dataclass(frozen=True)
class SimplexRace:
    """Two ways to minimise over probabilities.

    The gap :math:`p\\cdot g-\\min_i g_i` bounds how far a loss is above the minimum.
    """

    exponentiated: Array  # (steps + 1, dimension)
    projected: Array
    exponentiated_loss: Array  # (steps + 1,)
    projected_loss: Array
    exponentiated_gap: Array
    projected_gap: Array
    optimum: Array  # (dimension,), found by a long accelerated run
    optimum_loss: float
    optimum_gap: float  # certificate: optimum_loss is within this of the minimum
    drift: float  # how far unprojected descent leaves the simplex in one step from the start


@dataclass(frozen=True)
class SimplexSurface:
    """Losses of a problem in three dimensions, over the plane in which its triangle is drawn.

    The distribution p is at :math:`(p_2+p_3/2,\\ \\sqrt3\\,p_3/2)`.
    """

    x: Array
    y: Array
    values: Array  # (y, x), nan outside the triangle and its border


@dataclass(frozen=True)
class PositiveRace:
    """Two ways to fit a regression with non-negative weights."""

    exponentiated: Array  # (steps + 1, features)
    projected: Array
    exponentiated_loss: Array  # (steps + 1,)
    projected_loss: Array
    optimum: Array  # (features,), by an active-set method
    optimum_loss: float
    truth: Array  # (features,), the weights behind the data


@dataclass(frozen=True)
class LearnedSteps:
    """One optimiser race; `nu` are the multipliers of the learned step sizes."""

    sgd: Array  # (steps + 1, dimension), nan after divergence
    adam: Array
    learned: Array
    sgd_loss: Array  # (steps + 1,)
    adam_loss: Array
    learned_loss: Array
    nu: Array  # (steps + 1, dimension)


@dataclass(frozen=True)
class RateSweep:
    """Final losses for initial rates over many decades; inf where the method diverged."""

    rates: Array
    sgd: Array
    adam: Array
    learned: Array


def project_to_simplex(point: Array) -> Array:
    """The nearest probability vector in Euclidean distance; `point` of shape `(dimension,)`."""
    ordered = np.sort(point)[::-1]
    surplus = (np.cumsum(ordered) - 1) / np.arange(1, len(point) + 1)
    count = int(np.flatnonzero(ordered > surplus)[-1])
    projected: Array = np.maximum(point - surplus[count], 0.0)
    return projected


def simplex_race(
    problem: str = "regression",
    *,
    dimension: int = 3,
    rate: float = 2.0,
    projected_rate: float = 0.2,
    steps: int = 200,
    start: Sequence[float] | None = None,
    seed: int = 0,
) -> SimplexRace:
    """Exponentiated gradient against projected descent, from `start` or the uniform distribution.

    `start` are weights that are divided by their sum; a weight of zero stays zero under the
    multiplicative update.

    Problems: "regression" recovers a sparse distribution from noisy linear measurements,
    "portfolio" maximises the mean log return, "nearest" looks for the point nearest to one outside
    the simplex, "linear" has its minimum in a corner.
    """
    problem = _inputs.choice("problem", problem, PROBLEMS, zh="问题")
    dimension = _inputs.integer("dimension", dimension, 2, 100, zh="维数")
    rate = _inputs.number("rate", rate, 1e-6, 1e3, zh="学习率")
    projected_rate = _inputs.number("projected rate", projected_rate, 1e-6, 1e3, zh="投影法学习率")
    steps = _inputs.integer("number of steps", steps, 1, MAX_STEPS, zh="步数")
    loss, gradient = _simplex_problem(problem, dimension, np.random.default_rng(_inputs.seed(seed)))

    def exponentiated(p: Array) -> Array:
        slope = gradient(p)
        q = p * np.exp(-rate * (slope - slope[support].min()))  # the largest factor is one
        distribution: Array = q / q.sum()
        # What is positive stays so, however small: rounding must not make a zero of it.
        distribution[support] = np.maximum(distribution[support], 1e-300)
        return distribution

    def projected(p: Array) -> Array:
        return project_to_simplex(p - projected_rate * gradient(p))

    origin = _distribution(start, dimension)
    support = origin > 0
    optimum = _accelerated(loss, gradient, np.full(dimension, 1 / dimension))
    with np.errstate(over="ignore"):  # of factors for weights that are zero
        first = _iterate(exponentiated, origin, steps)
    second = _iterate(projected, origin, steps)
    free = origin - projected_rate * gradient(origin)
    return SimplexRace(
        exponentiated=first,
        projected=second,
        exponentiated_loss=np.array([loss(p) for p in first]),
        projected_loss=np.array([loss(p) for p in second]),
        exponentiated_gap=np.array([_gap(p, gradient(p)) for p in first]),
        projected_gap=np.array([_gap(p, gradient(p)) for p in second]),
        optimum=optimum,
        optimum_loss=loss(optimum),
        optimum_gap=_gap(optimum, gradient(optimum)),
        drift=float(np.linalg.norm(free - project_to_simplex(free))),
    )


def simplex_surface(
    problem: str = "regression", *, seed: int = 0, resolution: int = 61
) -> SimplexSurface:
    """The loss of `simplex_race` in three dimensions, on a grid over its triangle."""
    problem = _inputs.choice("problem", problem, PROBLEMS, zh="问题")
    resolution = _inputs.integer("resolution", resolution, 2, 200, zh="分辨率")
    loss, _ = _simplex_problem(problem, 3, np.random.default_rng(_inputs.seed(seed)))
    x, y = np.linspace(0, 1, resolution), np.linspace(0, math.sqrt(3) / 2, resolution)
    third = np.broadcast_to(2 / math.sqrt(3) * y[:, None], (resolution, resolution))
    second = x[None, :] - third / 2
    points = np.stack([1 - second - third, second, third], axis=-1)
    # A few cells more than the triangle, so that a picture cut along its edges has no gaps.
    inside = points.min(axis=-1) >= -3 / resolution
    points = np.maximum(points, 0.0)
    points /= points.sum(axis=-1, keepdims=True)
    values = np.full((resolution, resolution), np.nan)
    values[inside] = [loss(p) for p in points[inside]]
    return SimplexSurface(x, y, values)


def positive_race(
    *,
    features: int = 12,
    samples: int = 40,
    nonzero: int = 4,
    noise: float = 0.05,
    rate: float = 0.2,
    projected_rate: float = 0.2,
    steps: int = 300,
    seed: int = 0,
) -> PositiveRace:
    r"""Non-negative least squares, multiplicatively and by projection.

    :math:`\theta\odot e^{-\eta g}` races :math:`\max(0,\theta-\eta g)`. The loss
    is half the mean squared residual; `nonzero` of the true weights are positive.
    """
    from scipy.optimize import nnls

    features = _inputs.integer("number of features", features, 2, 100, zh="特征数")
    samples = _inputs.integer("number of samples", samples, 2, 500, zh="样本数")
    nonzero = _inputs.integer("number of non-zero weights", nonzero, 1, features, zh="非零权重数")
    noise = _inputs.number("noise", noise, 0, 10, zh="噪声")
    rate = _inputs.number("rate", rate, 1e-6, 1e3, zh="学习率")
    projected_rate = _inputs.number("projected rate", projected_rate, 1e-6, 1e3, zh="投影法学习率")
    steps = _inputs.integer("number of steps", steps, 1, MAX_STEPS, zh="步数")
    rng = np.random.default_rng(_inputs.seed(seed))
    a = rng.standard_normal((samples, features))
    truth = np.zeros(features)
    truth[rng.choice(features, nonzero, replace=False)] = rng.uniform(0.5, 2.0, nonzero)
    b = a @ truth + noise * rng.standard_normal(samples)

    def gradient(theta: Array) -> Array:
        slope: Array = a.T @ (a @ theta - b) / samples
        return slope

    def loss(path: Array) -> Array:
        residual = path @ a.T - b
        half: Array = 0.5 * (residual**2).mean(axis=-1)
        return half

    start = np.full(features, 0.5)
    with np.errstate(all="ignore"):
        first = _iterate(lambda t: t * np.exp(-rate * gradient(t)), start, steps)
        second = _iterate(lambda t: np.maximum(t - projected_rate * gradient(t), 0.0), start, steps)
        losses = loss(first), loss(second)
    optimum = nnls(a, b)[0]
    return PositiveRace(first, second, *losses, optimum, float(loss(optimum)), truth)


def learned_steps(
    text: str = "valley",
    start: tuple[float, float] = (-2.6, 1.2),
    *,
    rate: float = 1e-3,
    gamma: float = 0.1,
    clip: float = 0.5,
    signs: bool = False,
    noise: float = 0.0,
    steps: int = 150,
    seed: int = 0,
    box: Box | None = None,
) -> LearnedSteps:
    """Fixed rate, Adam and learned step sizes on a landscape of the plane, from one `rate`.

    `clip` bounds each exponent of the step sizes (`math.inf` leaves the post's raw update),
    `signs` replaces products of gradients by their signs, `noise` is added to every gradient.
    """
    land, origin = landscapes.landscape(text, box), landscapes.checked_start(start)
    settings = _Settings.checked(gamma, clip, signs, noise)
    rate = _inputs.number("rate", rate, 1e-8, 100, zh="学习率")
    steps = _inputs.integer("number of steps", steps, 1, MAX_STEPS, zh="步数")
    rng = np.random.default_rng(_inputs.seed(seed))
    paths, nu = _optimise(land.gradient, origin, np.array(rate), settings, steps, rng)
    sgd, adam, learned = (land.value(path) for path in paths)
    return LearnedSteps(*paths, sgd, adam, learned, nu)


def valley_race(
    *,
    dimension: int = 20,
    condition: float = 1000.0,
    rate: float = 1e-3,
    gamma: float = 0.1,
    clip: float = 0.5,
    signs: bool = False,
    noise: float = 0.0,
    steps: int = 300,
    seed: int = 0,
) -> LearnedSteps:
    """The same race in many dimensions: curvatures from 1/condition to 1, start at ones."""
    curvature = _valley(dimension, condition)
    settings = _Settings.checked(gamma, clip, signs, noise)
    rate = _inputs.number("rate", rate, 1e-8, 100, zh="学习率")
    steps = _inputs.integer("number of steps", steps, 1, MAX_STEPS, zh="步数")
    rng = np.random.default_rng(_inputs.seed(seed))
    start = np.ones(len(curvature))
    paths, nu = _optimise(lambda t: curvature * t, start, np.array(rate), settings, steps, rng)
    with np.errstate(over="ignore"):
        sgd, adam, learned = (0.5 * (curvature * path**2).sum(axis=-1) for path in paths)
    return LearnedSteps(*paths, sgd, adam, learned, nu)


def rate_sweep(
    *,
    rates: tuple[float, float] = (1e-5, 1.0),
    count: int = 30,
    dimension: int = 20,
    condition: float = 1000.0,
    gamma: float = 0.1,
    clip: float = 0.5,
    signs: bool = False,
    noise: float = 0.0,
    steps: int = 300,
    seed: int = 0,
) -> RateSweep:
    """Final losses in the valley for `count` initial rates, evenly spaced in the logarithm."""
    curvature = _valley(dimension, condition)
    settings = _Settings.checked(gamma, clip, signs, noise)
    count = _inputs.integer("number of rates", count, 2, 100, zh="学习率个数")
    steps = _inputs.integer("number of steps", steps, 1, MAX_STEPS, zh="步数")
    low, high = (_inputs.number("rate", r, 1e-8, 1e3, zh="学习率") for r in rates)
    spaced = np.geomspace(low, high, count)
    rng = np.random.default_rng(_inputs.seed(seed))
    start = np.ones((count, len(curvature)))
    paths, _ = _optimise(
        lambda t: curvature * t, start, spaced[:, None], settings, steps, rng, last_only=True
    )
    finals: list[Array] = []
    for path in paths:
        with np.errstate(over="ignore"):
            loss = 0.5 * (curvature * path[-1] ** 2).sum(axis=-1)
        finals.append(np.where(np.isfinite(loss), loss, np.inf))
    return RateSweep(spaced, *finals)


@dataclass(frozen=True)
class _Settings:
    gamma: float
    clip: float
    signs: bool
    noise: float

    @classmethod
    def checked(cls, gamma: float, clip: float, signs: bool, noise: float) -> "_Settings":
        return cls(
            _inputs.number("gamma", gamma, 0, 100, zh="γ"),
            _inputs.number("clip", clip, 1e-6, math.inf, zh="截断"),
            bool(signs),
            _inputs.number("noise", noise, 0, 100, zh="噪声"),
        )


def _optimise(
    gradient: Callable[[Array], Array],
    start: Array,
    rate: Array,
    settings: _Settings,
    steps: int,
    rng: np.random.Generator,
    *,
    last_only: bool = False,
) -> tuple[tuple[Array, Array, Array], Array]:
    """Paths of SGD, Adam and learned steps, `(steps + 1, *start)`, and the multipliers nu.

    The three see the same noise. With `last_only` the paths hold the last point alone.
    """
    theta = [start.copy() for _ in range(3)]
    paths: list[list[Array]] = [[t] for t in theta]
    nu, nus = np.ones_like(start), [np.ones_like(start)]
    before = np.zeros_like(start)  # no gradient yet: the first multiplier stays one
    first, second = np.zeros_like(start), np.zeros_like(start)
    with np.errstate(all="ignore"):
        for step in range(1, steps + 1):
            shake = settings.noise * rng.standard_normal(start.shape) if settings.noise else 0.0
            g_sgd, g_adam, g = (gradient(t) + shake for t in theta)
            first = 0.9 * first + 0.1 * g_adam
            second = 0.999 * second + 0.001 * g_adam**2
            direction = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
            product = before * g
            if settings.signs:
                product = np.sign(product)
            exponent = np.clip(settings.gamma * product, -settings.clip, settings.clip)
            nu = np.clip(nu * np.exp(exponent), *_NU_RANGE)
            before = g
            theta = [
                theta[0] - rate * g_sgd,
                theta[1] - rate * direction,
                theta[2] - rate * nu * g,
            ]
            theta = [np.where(np.abs(t) < 1e100, t, np.nan) for t in theta]
            for path, t in zip(paths, theta, strict=True):
                if last_only:
                    path[0] = t
                else:
                    path.append(t)
            nus.append(nu)
    sgd, adam, learned = (np.stack(path) for path in paths)
    return (sgd, adam, learned), nus[-1] if last_only else np.stack(nus)


def _valley(dimension: int, condition: float) -> Array:
    dimension = _inputs.integer("dimension", dimension, 2, 200, zh="维数")
    condition = _inputs.number("condition number", condition, 1, 1e8, zh="条件数")
    return np.geomspace(1 / condition, 1, dimension)


def _distribution(weights: Sequence[float] | None, dimension: int) -> Array:
    if weights is None:
        return np.full(dimension, 1 / dimension)
    found = _inputs.vector(
        "start", weights, sizes=(dimension, dimension), bounds=(0, 1e6), zh="起点"
    )
    if found.sum() <= 0:
        raise InputError(
            en="All weights of the start are zero. Give at least one a positive value.",
            zh="起点的各个权重都是零，请至少让一个为正。",
        )
    distribution: Array = found / found.sum()
    return distribution


def _simplex_problem(
    problem: str, dimension: int, rng: np.random.Generator
) -> tuple[Callable[[Array], float], Callable[[Array], Array]]:
    """A convex loss over distributions and its gradient."""
    if problem == "regression":
        samples = 3 * dimension
        a = rng.standard_normal((samples, dimension))
        truth = np.zeros(dimension)
        truth[rng.choice(dimension, max(1, dimension // 3), replace=False)] = 1.0
        b = a @ (truth / truth.sum()) + 0.05 * rng.standard_normal(samples)
        return (
            lambda p: float(0.5 * np.mean((a @ p - b) ** 2)),
            lambda p: a.T @ (a @ p - b) / samples,
        )
    if problem == "portfolio":
        drift = rng.normal(0.02, 0.03, dimension)
        returns = np.exp(drift + 0.25 * rng.standard_normal((250, dimension)))
        return (
            lambda p: float(-np.mean(np.log(returns @ p))),
            lambda p: -(returns / (returns @ p)[:, None]).mean(axis=0),
        )
    target = rng.normal(1 / dimension, 0.6, dimension)
    if problem == "nearest":
        return lambda p: float(0.5 * np.sum((p - target) ** 2)), lambda p: p - target
    return lambda p: float(target @ p), lambda p: target


def _accelerated(
    loss: Callable[[Array], float], gradient: Callable[[Array], Array], start: Array
) -> Array:
    """Projected descent with Nesterov's momentum, restarts and a backtracked rate."""
    p = ahead = start
    rate, weight = 1.0, 1.0
    for _ in range(2000):
        slope = gradient(ahead)
        while True:
            new = project_to_simplex(ahead - rate * slope)
            shift = new - ahead
            bound = loss(ahead) + slope @ shift + shift @ shift / (2 * rate)
            if loss(new) <= bound + 1e-15 or rate < 1e-12:
                break
            rate /= 2
        if loss(new) > loss(p):  # the momentum went too far
            if ahead is p:
                return p
            ahead, weight = p, 1.0
            continue
        if _gap(new, gradient(new)) < 1e-9:
            return new
        next_weight = (1 + math.sqrt(1 + 4 * weight**2)) / 2
        # Projected, because the losses are defined on the simplex only.
        ahead = project_to_simplex(new + (weight - 1) / next_weight * (new - p))
        p, weight = new, next_weight
    return p


def _gap(p: Array, slope: Array) -> float:
    return float(p @ slope - slope.min())


def _iterate(step: Callable[[Array], Array], start: Array, steps: int) -> Array:
    path = [start]
    for _ in range(steps):
        path.append(step(path[-1]))
    return np.stack(path)
