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
equation, :math:`P\propto\exp(-(\dot\theta^2/2+L)/\sigma^2)`.

Lengths, losses and times are in the units of the landscape's formula.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import InputError
from core.labs import _inputs, formula, landscapes
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
MAX_WALKER_STEPS = 8_000_000


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


@dataclass(frozen=True)
class Boltzmann:
    """Where noisy walkers are found, against the density exp(-L / temperature)."""

    x: Array  # bin centres
    y: Array
    histogram: Array  # (y, x), probability per unit area
    theory: Array  # the same
    marginal_x: Array  # the walkers' density over x
    marginal_y: Array
    theory_x: Array
    theory_y: Array
    ks_x: float  # Kolmogorov-Smirnov distance of the marginals
    ks_y: float
    total_variation: float  # of the two-dimensional histograms
    outside: float  # fraction of positions beyond the window
    temperature: float


@dataclass(frozen=True)
class EscapeTimes:
    """First passages from a well to a target, in units of the equation's time."""

    times: Array  # of the walkers that arrived, sorted
    arrived: float  # fraction
    mean: float  # total time of all walkers per arrival, so that those still inside count too
    exact_mean: float  # by quadrature of the exact formula
    arrhenius: float  # Kramers' estimate, exp(barrier / temperature) times a prefactor


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
    rate, momentum = _checked_rate(rate), _checked_momentum(momentum)
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
    if "flow" in chosen:
        times = rate * np.arange(steps + 1)
        flow = integrate(
            lambda p: -land.gradient_at(p), origin, times, horizon=HORIZON, tolerance=_TOLERANCE
        )
        paths["flow"] = _path(land, "flow", flow, np.zeros(steps + 1))
    if "momentum-flow" in chosen:
        times = dynamics.time_step * np.arange(steps + 1)

        def newton(state: Array) -> Array:
            return np.concatenate(
                [state[2:], -dynamics.friction * state[2:] - land.gradient_at(state[:2])]
            )

        rest = np.concatenate([origin, [0.0, 0.0]])
        state = integrate(newton, rest, times, horizon=HORIZON, tolerance=_TOLERANCE)
        paths["momentum-flow"] = _path(
            land, "momentum-flow", state[:, :2], _half_square(state[:, 2:])
        )
    return Race(
        tuple(paths[m] for m in chosen),
        temperature(rate, noise),
        dynamics.time_step,
        dynamics.friction,
    )


def temperature(rate: float, noise: float) -> float:
    """sigma^2 = rate * noise^2 / 2: the temperature of SGD whose gradient has this noise."""
    return rate * noise**2 / 2


def inertia(rate: float, momentum: float) -> Inertia:
    """Time step and friction of the equation behind momentum with this rate and beta."""
    rate, momentum = _checked_rate(rate), _checked_momentum(momentum)
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
    scale = _checked_rate(rate) * ratio
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
    low, high = _checked_rate(rates[0]), _checked_rate(rates[1])
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


def boltzmann(
    text: str,
    *,
    temperature: float = 0.3,
    rate: float = 0.01,
    momentum: float = 0.0,
    steps: int = 1000,
    walkers: int = 2000,
    bins: int = 48,
    start: tuple[float, float] | None = None,
    seed: int = 0,
    box: Box | None = None,
) -> Boltzmann:
    r"""Run noisy descents and compare where they are with :math:`e^{-L/\sigma^2}`.

    With `momentum` zero a step is SGD, :math:`\theta-\gamma\nabla L+\sqrt{2\gamma\sigma^2}\,\xi`;
    otherwise Kramers' equation by the leap-frog scheme, whose kick is
    :math:`h\sqrt{2\lambda\sigma^2h}/(1+\lambda h/2)\,\xi`. The walkers begin at `start`, or spread
    over the window; the second half of the steps is counted. Raises `InputError` when the density
    does not fit into the window (flat or unbounded landscapes, high temperatures).
    """
    land = landscapes.landscape(text, box)
    temperature = _inputs.number("temperature", temperature, 1e-4, 1e3, zh="温度")
    rate, momentum = _checked_rate(rate), _checked_momentum(momentum)
    steps = _inputs.integer("number of steps", steps, 2, 20_000, zh="步数")
    walkers = _inputs.integer("number of walkers", walkers, 10, 20_000, zh="粒子数")
    bins = _inputs.integer("number of bins", bins, 4, 100, zh="格数")
    if steps * walkers > MAX_WALKER_STEPS:
        raise InputError(
            en=f"{walkers} walkers times {steps} steps is more than {MAX_WALKER_STEPS}. "
            f"Lower one of them.",
            zh=f"{walkers} 个粒子乘 {steps} 步超过 {MAX_WALKER_STEPS}，请减少其一。",
        )
    rng = np.random.default_rng(_inputs.seed(seed))
    x0, x1, y0, y1 = land.box
    fine_x, fine_y, cells = _cell_probabilities(land, temperature, bins)
    if start is None:
        theta: Array = rng.uniform((x0, y0), (x1, y1), size=(walkers, 2))
    else:
        theta = np.broadcast_to(landscapes.checked_start(start), (walkers, 2)).copy()
    dynamics = inertia(rate, momentum)
    damping = 1 + dynamics.friction * dynamics.time_step / 2
    if momentum == 0:
        kick = math.sqrt(2 * rate * temperature)
    else:
        swing = math.sqrt(2 * dynamics.friction * temperature * dynamics.time_step)
        kick = dynamics.time_step * swing / damping
    v = np.zeros_like(theta)
    kept: list[Array] = []
    every = max(1, steps // 200)  # successive positions are nearly equal
    with np.errstate(all="ignore"):  # walkers that run away overflow and count as outside
        for step in range(1, steps + 1):
            noise = rng.standard_normal(theta.shape)
            v = momentum * v - rate * land.gradient(theta) + kick * noise
            theta = theta + v
            if step > steps // 2 and step % every == 0:
                kept.append(theta)
    seen = np.concatenate(kept) if kept else theta
    inside = (seen > (x0, y0)).all(axis=1) & (seen < (x1, y1)).all(axis=1)  # nan is outside
    if not inside.any():
        raise InputError(
            en=f"With rate {rate:g} every walker leaves the window. Choose a smaller rate.",
            zh=f"学习率为 {rate:g} 时所有粒子都跑出了窗口，请取小一些的学习率。",
        )
    xs, ys = np.sort(seen[inside, 0]), np.sort(seen[inside, 1])
    edges_x, edges_y = np.linspace(x0, x1, bins + 1), np.linspace(y0, y1, bins + 1)
    counts = np.histogram2d(seen[inside, 1], seen[inside, 0], bins=(edges_y, edges_x))[0]
    observed = counts / counts.sum()
    fold = len(fine_x) // bins
    expected = cells.reshape(bins, fold, bins, fold).sum(axis=(1, 3))
    width, height = (x1 - x0) / bins, (y1 - y0) / bins
    return Boltzmann(
        x=edges_x[:-1] + width / 2,
        y=edges_y[:-1] + height / 2,
        histogram=observed / (width * height),
        theory=expected / (width * height),
        marginal_x=observed.sum(axis=0) / width,
        marginal_y=observed.sum(axis=1) / height,
        theory_x=expected.sum(axis=0) / width,
        theory_y=expected.sum(axis=1) / height,
        ks_x=_ks(xs, x0, x1, cells.sum(axis=0)),
        ks_y=_ks(ys, y0, y1, cells.sum(axis=1)),
        total_variation=float(np.abs(observed - expected).sum() / 2),
        outside=float(1 - inside.mean()),
        temperature=temperature,
    )


def escape_times(
    potential: str = "(x^2-1)^2",
    *,
    start: float = -1.0,
    target: float = 1.0,
    temperature: float = 0.35,
    rate: float = 0.005,
    walkers: int = 400,
    max_steps: int = 20_000,
    seed: int = 0,
) -> EscapeTimes:
    r"""How long noise takes to carry a walker from `start` over a barrier to `target` (1-D).

    For :math:`dx=-U'dt+\sqrt{2\sigma^2}dW` and a target on the right the mean is exactly

    .. math:: \tau=\frac1{\sigma^2}\int_{start}^{target}dy\,e^{U(y)/\sigma^2}
        \int_{-\infty}^{y}dz\,e^{-U(z)/\sigma^2},

    and for a high barrier
    :math:`\tau\approx\frac{2\pi}{\sqrt{U''_{well}|U''_{top}|}}e^{\Delta U/\sigma^2}` (Kramers).
    """
    energy = formula.parse(potential, ("x",))
    start = _inputs.number("start", start, -20, 20, zh="起点")
    target = _inputs.number("target", target, -20, 20, zh="终点")
    temperature = _inputs.number("temperature", temperature, 1e-3, 100, zh="温度")
    rate = _checked_rate(rate)
    walkers = _inputs.integer("number of walkers", walkers, 10, 5000, zh="粒子数")
    max_steps = _inputs.integer("number of steps", max_steps, 10, 50_000, zh="步数")
    if abs(target - start) < 1e-6:
        raise InputError(
            en=f"Start and target are both {start:g}. Move the target to the other well.",
            zh=f"起点和终点都是 {start:g}，请把终点移到另一个阱里。",
        )
    side = 1.0 if target > start else -1.0
    exact, arrhenius = _passage_theory(energy, start, target, temperature)
    rng = np.random.default_rng(_inputs.seed(seed))
    x = np.full(walkers, start)
    kick = math.sqrt(2 * rate * temperature)
    times: list[Array] = []
    for step in range(1, max_steps + 1):
        x = x - rate * energy.gradient(x)[0] + kick * rng.standard_normal(len(x))
        there = side * (x - target) >= 0
        if there.any():
            times.append(np.full(int(there.sum()), step * rate))
            x = x[~there]
        if not len(x):
            break
    arrived = np.concatenate(times) if times else np.empty(0)
    total = float(arrived.sum()) + (walkers - len(arrived)) * max_steps * rate
    return EscapeTimes(
        arrived,
        len(arrived) / walkers,
        total / len(arrived) if len(arrived) else math.nan,
        exact,
        arrhenius,
    )


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


def _cell_probabilities(
    land: Landscape, temperature: float, bins: int
) -> tuple[Array, Array, Array]:
    """Midpoints and probabilities `(y, x)` of a grid that divides each bin into equal cells."""
    x0, x1, y0, y1 = land.box
    count = bins * math.ceil(240 / bins)
    x = x0 + (x1 - x0) * (np.arange(count) + 0.5) / count
    y = y0 + (y1 - y0) * (np.arange(count) + 0.5) / count
    energy = land.value(np.stack(np.meshgrid(x, y), axis=-1))
    energy = np.where(np.isfinite(energy), energy, np.inf)
    weight = np.exp(-(energy - energy.min()) / temperature)
    weight /= weight.sum()
    border = weight[[0, -1], :].sum() + weight[:, [0, -1]].sum()
    if border > 2e-3:
        raise InputError(
            en=f"At temperature {temperature:g} the density does not fit into the window "
            f"{land.box}. Lower the temperature or widen the window.",
            zh=f"温度为 {temperature:g} 时密度超出窗口 {land.box}，请降低温度或放大窗口。",
        )
    return x, y, weight


def _ks(ordered: Array, low: float, high: float, cells: Array) -> float:
    """Largest gap between the empirical distribution of sorted values and that of `cells`."""
    edges = np.linspace(low, high, len(cells) + 1)
    theory = np.interp(ordered, edges, np.concatenate([[0.0], np.cumsum(cells)]))
    count = len(ordered)
    above = np.arange(1, count + 1) / count - theory
    return float(max(above.max(), (theory - np.arange(count) / count).max()))


def _passage_theory(
    energy: formula.Formula, start: float, target: float, temperature: float
) -> tuple[float, float]:
    """Exact mean first-passage time and Kramers' estimate, both by fine midpoint sums."""
    side = 1.0 if target > start else -1.0
    reach = abs(target - start)
    # Distance along the way to the target, beginning far behind the start.
    s = np.linspace(-4 * reach, reach, 50_001)
    centre, width = (s[1:] + s[:-1]) / 2, s[1] - s[0]
    u = energy.value(start + side * centre) / temperature
    way = centre > 0
    if not np.isfinite(u).all() or u[0] - u[way].min() < 5:
        raise InputError(
            en=f"The potential {energy.text:.40} does not hold a walker behind the start. "
            f"It must rise on the far side; try (x^2-1)^2.",
            zh=f"势能 {energy.text:.40} 在起点背后拦不住粒子，那一侧须升高，可以试 (x^2-1)^2。",
        )
    top = u[way].max()
    low = u[centre < reach].min()
    if top - low > 600:
        raise InputError(
            en=f"The barrier is {top - low:.3g} temperatures high; no walker would ever cross. "
            f"Raise the temperature.",
            zh=f"势垒有 {top - low:.3g} 倍温度那么高，没有粒子能越过，请升高温度。",
        )
    inner = np.cumsum(np.exp(-(u - low))) * width
    outer = np.exp(u[way] - top) * inner[way]
    exact = float(outer.sum() * width * math.exp(top - low) / temperature)
    peak = start + side * float(centre[way][np.argmax(u[way])])
    before = centre < side * (peak - start)
    well = start + side * float(centre[before][np.argmin(u[before])])
    product = energy.hessian(well)[0, 0] * abs(energy.hessian(peak)[0, 0])
    barrier = (energy.value(peak) - energy.value(well)) / temperature
    arrhenius = 2 * math.pi / math.sqrt(product) * math.exp(barrier) if product > 0 else math.nan
    return exact, arrhenius


def _checked_rate(rate: float) -> float:
    return _inputs.number("learning rate", rate, 1e-6, 100, zh="学习率")


def _checked_momentum(momentum: float) -> float:
    return _inputs.number("momentum", momentum, 0, 0.9999, zh="动量")
