r"""Where noise carries a descent: Boltzmann's density over a landscape, and escapes from a well.

After https://kexue.fm/archives/5655. Gradient descent with noise is Langevin's equation, with
momentum Kramers' equation (`core.labs.sgd_dynamics` has the constants). In the long run both stand
at :math:`\theta` with density proportional to :math:`e^{-L(\theta)/\sigma^2}`, and they leave a
well of depth :math:`\Delta L` after a time of order :math:`e^{\Delta L/\sigma^2}`.

Lengths, losses and times are in the units of the landscape's formula.
"""

import math
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.labs import _inputs, formula, landscapes
from core.labs._inputs import Array
from core.labs.landscapes import Box, Landscape
from core.labs.sgd_dynamics import checked_momentum, checked_rate, inertia

MAX_WALKER_STEPS = 8_000_000


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
    kinetic: float  # mean of half the squared velocity, which should equal `temperature`; nan
    # without momentum


@dataclass(frozen=True)
class EscapeTimes:
    """First passages from a well to a target, in units of the equation's time."""

    times: Array  # of the walkers that arrived, sorted
    arrived: float  # fraction
    mean: float  # total time of all walkers per arrival, so that those still inside count too
    exact_mean: float  # by quadrature of the exact formula
    arrhenius: float  # Kramers' estimate, exp(barrier / temperature) times a prefactor


@dataclass(frozen=True)
class PassageCurve:
    """Mean escape times against the temperature, without any walker."""

    temperatures: Array
    exact: Array  # by quadrature
    arrhenius: Array  # Kramers' estimate


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
    rate, momentum = checked_rate(rate), checked_momentum(momentum)
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
    swift: list[Array] = []  # squared speeds, per step
    every = max(1, steps // 200)  # successive positions are nearly equal
    with np.errstate(all="ignore"):  # walkers that run away overflow and count as outside
        for step in range(1, steps + 1):
            noise = rng.standard_normal(theta.shape)
            v = momentum * v - rate * land.gradient(theta) + kick * noise
            theta = theta + v
            if step > steps // 2 and step % every == 0:
                kept.append(theta)
                swift.append((v**2).sum(axis=1))
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
        kinetic=_kinetic(swift, dynamics.time_step) if momentum else math.nan,
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
    energy, start, target = _checked_escape(potential, start, target)
    temperature = _inputs.number("temperature", temperature, 1e-3, 100, zh="温度")
    rate = checked_rate(rate)
    walkers = _inputs.integer("number of walkers", walkers, 10, 5000, zh="粒子数")
    max_steps = _inputs.integer("number of steps", max_steps, 10, 50_000, zh="步数")
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


def passage_curve(
    potential: str = "(x^2-1)^2",
    *,
    start: float = -1.0,
    target: float = 1.0,
    temperatures: tuple[float, float] = (0.1, 1.0),
    count: int = 13,
) -> PassageCurve:
    """Exact and estimated mean escape times for temperatures evenly spaced in their inverse.

    Both are nan for temperatures at which the barrier is too high for numbers.
    """
    energy, start, target = _checked_escape(potential, start, target)
    low, high = (_inputs.number("temperature", t, 1e-3, 100, zh="温度") for t in temperatures)
    count = _inputs.integer("number of temperatures", count, 2, 60, zh="温度个数")
    spaced = 1 / np.linspace(1 / low, 1 / high, count)
    exact, arrhenius = np.full(count, np.nan), np.full(count, np.nan)
    for i, temperature in enumerate(spaced):
        try:
            exact[i], arrhenius[i] = _passage_theory(energy, start, target, float(temperature))
        except InputError:
            if i == count - 1 and np.isnan(exact).all():
                raise  # the potential, not the temperature, is at fault
    return PassageCurve(spaced, exact, arrhenius)


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


def _kinetic(squares: list[Array], time_step: float) -> float:
    """Mean of half the squared velocity over the walkers that have not run away."""
    squared = np.concatenate(squares)
    return float(squared[np.isfinite(squared)].mean()) / time_step**2 / 2


def _ks(ordered: Array, low: float, high: float, cells: Array) -> float:
    """Largest gap between the empirical distribution of sorted values and that of `cells`."""
    edges = np.linspace(low, high, len(cells) + 1)
    theory = np.interp(ordered, edges, np.concatenate([[0.0], np.cumsum(cells)]))
    count = len(ordered)
    above = np.arange(1, count + 1) / count - theory
    return float(max(above.max(), (theory - np.arange(count) / count).max()))


def _checked_escape(
    potential: str, start: float, target: float
) -> tuple[formula.Formula, float, float]:
    energy = formula.parse(potential, ("x",))
    start = _inputs.number("start", start, -20, 20, zh="起点")
    target = _inputs.number("target", target, -20, 20, zh="终点")
    if abs(target - start) < 1e-6:
        raise InputError(
            en=f"Start and target are both {start:g}. Move the target to the other well.",
            zh=f"起点和终点都是 {start:g}，请把终点移到另一个阱里。",
        )
    return energy, start, target


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
