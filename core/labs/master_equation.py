r"""From random jumps to the master equation: rate graphs, exact evolution, single paths.

After https://kexue.fm/archives/4598. With rates :math:`W_{xy}` of the jump from :math:`y` to
:math:`x` the distribution follows

.. math:: \dot p_x=\sum_y\bigl(W_{xy}p_y-W_{yx}p_x\bigr)=(\tilde Wp)_x,\qquad
    \tilde W=W-\operatorname{diag}\Bigl(\sum_xW_{xy}\Bigr),

whose columns sum to zero, so probability is conserved and :math:`p(t)=e^{\tilde Wt}p(0)`. Single
paths are drawn by Gillespie's algorithm. A stationary :math:`\pi` is in detailed balance when every
current :math:`W_{xy}\pi_y-W_{yx}\pi_x` vanishes; otherwise entropy is produced at the rate
:math:`\frac12\sum(W_{xy}p_y-W_{yx}p_x)\ln\frac{W_{xy}p_y}{W_{yx}p_x}\ge0`.

Rates are per unit time, entropies in nats.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.labs import _inputs
from core.labs._inputs import Array, IntArray
from core.labs.rate_graphs import RateGraph, from_edges, parse_edges, preset, state_named

MAX_EVENTS = 20_000_000  # jumps of one simulation, all paths together
MAX_DRAWN = 24  # states of a graph that is studied in full


@dataclass(frozen=True)
class Evolution:
    """The exact distribution at equally spaced times."""

    times: Array  # (times,)
    distribution: Array  # (times, states)
    mean: Array  # (times, dimension), of the coordinates
    mean_field: Array | None  # (times, dimension): the deterministic equation from the same start
    entropy: Array  # (times,)
    production: Array  # (times,), entropy production; inf when a jump has no reverse
    divergence: Array  # (times,): relative entropy to the stationary distribution


@dataclass(frozen=True)
class Paths:
    """Simulated paths; `end_distribution` is their histogram at the last time."""

    jump_times: tuple[Array, ...]  # of the first paths, each beginning with 0
    jump_states: tuple[IntArray, ...]  # the state from that time on
    end_distribution: Array  # (states,)
    total_variation: float  # from the exact distribution at the last time
    sizes: IntArray  # numbers of paths, growing to all of them
    distances: Array  # total variation of that many first paths
    events: int  # jumps of all paths


@dataclass(frozen=True)
class Stationary:
    """What remains after a long time."""

    distribution: Array  # (states,)
    residual: float  # largest |sum_y W_xy pi_y - W_yx pi_x|
    unique: bool  # the same from every start
    closed_classes: tuple[tuple[int, ...], ...]  # sets of states that are never left
    currents: Array  # (states, states): W_xy pi_y - W_yx pi_x
    detailed_balance: bool
    largest_current: float
    entropy_production: float
    relaxation_time: float  # 1 / slowest decay rate; inf when nothing decays


@dataclass(frozen=True)
class Cycle:
    """A closed way through the graph, and how far it is from detailed balance.

    Kolmogorov: a graph whose jumps all have a reverse is in detailed balance exactly when every
    cycle's affinity is zero.
    """

    states: tuple[int, ...]  # each once, in the order of the walk
    there: float  # product of the rates along the walk
    back: float  # product of the rates against it
    affinity: float  # ln(there / back) >= 0; inf when one direction is closed


@dataclass(frozen=True)
class GraphStudy:
    """All about a small graph: the answer of `study`."""

    graph: RateGraph
    start: int
    evolution: Evolution
    stationary: Stationary
    cycle: Cycle | None  # the one farthest from balance; None in a graph without cycles


@dataclass(frozen=True)
class Experiment:
    """Exact distribution, simulated paths and deterministic equation of one model."""

    graph: RateGraph
    evolution: Evolution
    paths: Paths
    stationary: Stationary


@dataclass(frozen=True)
class DiffusionLimit:
    """Stationary birth-death distribution against its Fokker-Planck density, by system size."""

    counts: IntArray
    exact: Array
    fokker_planck: Array
    total_variation: float


def generator(graph: RateGraph) -> Array:
    """The matrix W~, shape `(states, states)`; its columns sum to zero."""
    matrix: Array = graph.rates - np.diag(graph.rates.sum(axis=0))
    return matrix


def evolve(
    graph: RateGraph, *, time: float = 10.0, count: int = 101, start: int | None = None
) -> Evolution:
    """The exact distribution from a certain state, by one matrix exponential and its powers."""
    from scipy.linalg import expm

    time = _inputs.number("time", time, 1e-6, 1e6, zh="时间")
    count = _inputs.integer("number of times", count, 2, 1000, zh="时刻数")
    begin = _start(graph, start)
    times = np.linspace(0, time, count)
    step = expm(generator(graph) * (times[1] - times[0]))
    p = np.zeros((count, len(graph.labels)))
    p[0, begin] = 1.0
    for i in range(1, count):
        # Rounding can leave tiny negative numbers and a sum off by 1e-15 per step.
        p[i] = np.maximum(step @ p[i - 1], 0.0)
        p[i] /= p[i].sum()
    pi = stationary(graph, start=begin).distribution
    return Evolution(
        times,
        p,
        p @ graph.coordinates,
        _deterministic(graph, begin, times),
        np.array([_entropy(row) for row in p]),
        np.array([entropy_production(graph, row) for row in p]),
        np.array([_divergence(row, pi) for row in p]),
    )


def gillespie(
    graph: RateGraph,
    *,
    time: float = 10.0,
    paths: int = 10_000,
    shown: int = 5,
    start: int | None = None,
    seed: int = 0,
) -> Paths:
    """Draw paths up to `time`: exponential waiting times, then a jump in proportion to its rate.

    All paths advance together; the first `shown` are recorded in full.
    """
    from scipy.linalg import expm

    time = _inputs.number("time", time, 1e-6, 1e6, zh="时间")
    paths = _inputs.integer("number of paths", paths, 1, 200_000, zh="路径数")
    shown = _inputs.integer("number of shown paths", shown, 0, min(paths, 50), zh="展示路径数")
    begin = _start(graph, start)
    rng = np.random.default_rng(_inputs.seed(seed))
    leaving = graph.rates.sum(axis=0)  # (states,)
    exact = expm(generator(graph) * time)[:, begin]
    targets, cumulative = _jump_table(graph.rates)
    states = np.full(paths, begin)
    clocks = np.zeros(paths)
    running = np.arange(paths)  # paths whose next jump may still lie before the end
    times: list[list[float]] = [[0.0] for _ in range(shown)]
    visited: list[list[int]] = [[begin] for _ in range(shown)]
    events = 0
    with np.errstate(divide="ignore"):
        while len(running):
            here = states[running]
            clocks[running] += rng.exponential(size=len(running)) / leaving[here]
            alive = clocks[running] <= time  # an absorbing state waits for ever
            running, here = running[alive], here[alive]
            pick = rng.random(len(running))[:, None] > cumulative[here]
            states[running] = targets[here, pick.sum(axis=1)]
            events += len(running)
            if events > MAX_EVENTS:
                raise InputError(
                    en=f"The paths make more than {MAX_EVENTS} jumps up to time {time:g}. "
                    f"Use fewer paths or a shorter time.",
                    zh=f"到时刻 {time:g} 为止跳转超过 {MAX_EVENTS} 次，请减少路径或缩短时间。",
                )
            for path in running[: np.searchsorted(running, shown)]:
                times[path].append(float(clocks[path]))
                visited[path].append(int(states[path]))
    histogram = np.bincount(states, minlength=len(graph.labels)) / paths
    sizes = np.unique(np.geomspace(min(10, paths), paths, 13).astype(int))
    return Paths(
        tuple(np.array(t) for t in times),
        tuple(np.array(v) for v in visited),
        histogram,
        _distance(histogram, exact),
        sizes,
        np.array(
            [
                _distance(np.bincount(states[:n], minlength=len(exact)) / n, exact)
                for n in sizes.tolist()
            ]
        ),
        events,
    )


def stationary(graph: RateGraph, *, start: int | None = None) -> Stationary:
    """The distribution after a long time, from `start` when it depends on it.

    Within each closed class the balance equations are solved by the elimination of Grassmann,
    Taksar and Heyman, which subtracts nothing and keeps every probability accurate; the classes
    are weighted by the chance of ending in them.
    """
    begin = _start(graph, start)
    classes = _closed_classes(graph.rates)
    pi = np.zeros(len(graph.labels))
    for members, weight in zip(classes, _absorption(graph, classes, begin), strict=True):
        inside = np.array(members)
        pi[inside] = weight * _balance(graph.rates[np.ix_(inside, inside)])
    flow = graph.rates * pi
    currents = flow - flow.T
    largest = float(np.abs(currents).max())
    decay = -np.linalg.eigvals(generator(graph)).real
    scale = max(float(np.abs(flow).max()), 1e-300)
    slow = np.sort(decay)[len(classes) :]
    return Stationary(
        distribution=pi,
        residual=float(np.abs(currents.sum(axis=1)).max()),
        unique=len(classes) == 1,
        closed_classes=classes,
        currents=currents,
        detailed_balance=largest <= 1e-10 * scale,
        largest_current=largest,
        entropy_production=entropy_production(graph, pi),
        relaxation_time=float(1 / slow[0]) if len(slow) and slow[0] > 0 else math.inf,
    )


def study(edges: str, *, start: str = "", time: float = 10.0, count: int = 101) -> GraphStudy:
    """Read a graph (see `parse_edges`) of at most `MAX_DRAWN` states and solve all of it."""
    graph = from_edges(parse_edges(edges))
    if len(graph.labels) > MAX_DRAWN:
        raise InputError(
            en=f"The graph has {len(graph.labels)} states; at most {MAX_DRAWN} can be drawn.",
            zh=f"图里有 {len(graph.labels)} 个状态，最多能画 {MAX_DRAWN} 个，请减少。",
        )
    begin = state_named(graph, start)
    return GraphStudy(
        graph,
        begin,
        evolve(graph, time=time, count=count, start=begin),
        stationary(graph, start=begin),
        strongest_cycle(graph),
    )


def experiment(
    name: str,
    *,
    size: int = 30,
    strength: float | None = None,
    time: float = 10.0,
    paths: int = 10_000,
    shown: int = 5,
    seed: int = 0,
) -> Experiment:
    """One of the `rate_graphs.PRESETS`, solved exactly and by simulation."""
    graph = preset(name, size=size, strength=strength)
    return Experiment(
        graph,
        evolve(graph, time=time),
        gillespie(graph, time=time, paths=paths, shown=shown, seed=seed),
        stationary(graph),
    )


def strongest_cycle(graph: RateGraph) -> Cycle | None:
    """The cycle with the largest affinity among those that one edge closes on a spanning tree.

    These cycles generate all others, so all affinities are zero when this one's is. The tree is
    searched breadth first, which keeps cycles short.
    """
    joined = (graph.rates > 0) | (graph.rates.T > 0)
    parent = np.full(len(joined), -1)
    seen, best = np.zeros(len(joined), dtype=bool), None
    for root in range(len(joined)):
        if seen[root]:
            continue
        seen[root] = True
        queue = [root]
        for here in queue:
            for there in np.flatnonzero(joined[here] & ~seen).tolist():
                seen[there], parent[there] = True, here
                queue.append(there)
    for x, y in np.argwhere(np.triu(joined)).tolist():
        if parent[x] == y or parent[y] == x:
            continue
        cycle = _close(graph.rates, _to_root(parent, x), _to_root(parent, y))
        if best is None or cycle.affinity > best.affinity:
            best = cycle
    return best


def entropy_production(graph: RateGraph, distribution: npt.ArrayLike) -> float:
    """Entropy produced per time in a distribution; inf when a used jump has no reverse."""
    p = _inputs.vector(
        "distribution",
        distribution,
        sizes=(len(graph.labels), len(graph.labels)),
        bounds=(0.0, 1.0 + 1e-9),
        zh="分布",
    )
    flow = graph.rates * p
    back = flow.T
    if ((graph.rates > 0) & (graph.rates.T == 0) & (flow > 1e-14)).any():
        return math.inf
    both = (flow > 0) & (back > 0)
    ratio = np.log(flow[both]) - np.log(back[both])
    return float(0.5 * ((flow[both] - back[both]) * ratio).sum())


def diffusion_limit(
    *, birth: float = 1.0, death: float = 1.0, size: float = 30.0
) -> DiffusionLimit:
    r"""Births at rate `birth * size` and deaths at rate `death * n` against their diffusion.

    The exact stationary distribution is Poisson with mean `birth * size / death`. The
    Fokker-Planck density with drift :math:`a(x)=b-dx` and diffusion :math:`D(x)=b+dx` (:math:`b` =
    birth * size) is :math:`\propto\frac1{D}\exp\int\frac{2a}{D}dx
    =\frac1De^{-2x}(b+dx)^{4b/d}`; the two approach each other as `size` grows.
    """
    birth = _inputs.number("birth rate", birth, 1e-3, 1e3, zh="出生率")
    death = _inputs.number("death rate", death, 1e-3, 1e3, zh="死亡率")
    size = _inputs.number("size", size, 0.1, 1e4, zh="规模")
    b = birth * size
    mean = b / death
    if mean > 2e4:
        raise InputError(
            en=f"The mean number would be {mean:.3g}, more than 20000. Lower the birth rate.",
            zh=f"平均数将是 {mean:.3g}，超过 20000，请降低出生率。",
        )
    low = max(0, math.floor(mean - 12 * math.sqrt(mean) - 5))
    n = np.arange(low, math.ceil(mean + 12 * math.sqrt(mean) + 20))
    log_exact = n * math.log(mean) - np.array([math.lgamma(k + 1.0) for k in n])
    diffusion = b + death * n
    log_density = -np.log(diffusion) - 2 * n + 4 * mean * np.log(diffusion)
    exact, density = (np.exp(log - log.max()) for log in (log_exact, log_density))
    exact, density = exact / exact.sum(), density / density.sum()
    return DiffusionLimit(n, exact, density, _distance(exact, density))


def _start(graph: RateGraph, start: int | None) -> int:
    if start is None:
        return graph.start
    return _inputs.integer("starting state", start, 0, len(graph.labels) - 1, zh="起始状态")


def _deterministic(graph: RateGraph, start: int, times: Array) -> Array | None:
    from core.labs._flow import integrate

    if graph.mean_field is None:
        return None
    return integrate(graph.mean_field.slope, graph.coordinates[start], times, tolerance=1e-7)


def _jump_table(rates: Array) -> tuple[IntArray, Array]:
    """Targets `(states, jumps)` and cumulative chances; unused places repeat the last target."""
    states = len(rates)
    width = max(1, int((rates > 0).sum(axis=0).max()))
    targets = np.zeros((states, width), dtype=np.int64)
    cumulative = np.ones((states, width))
    for y in range(states):
        (to,) = np.nonzero(rates[:, y])
        if len(to):
            targets[y] = to[-1]
            targets[y, : len(to)] = to
            sums = np.cumsum(rates[to, y])
            cumulative[y, : len(to)] = sums / sums[-1]
    return targets, cumulative


def _closed_classes(rates: Array) -> tuple[tuple[int, ...], ...]:
    """Sets of states that reach each other and nothing else."""
    from scipy.sparse.csgraph import connected_components

    count, member = connected_components(rates.T > 0, directed=True, connection="strong")
    left = np.zeros(count, dtype=bool)
    to, origin = np.nonzero(rates)
    left[member[origin[member[to] != member[origin]]]] = True
    return tuple(
        tuple(int(i) for i in np.flatnonzero(member == c)) for c in range(count) if not left[c]
    )


def _absorption(graph: RateGraph, classes: tuple[tuple[int, ...], ...], start: int) -> list[float]:
    """The chance of ending in each closed class."""
    for members in classes:
        if start in members:
            return [float(start in other) for other in classes]
    if len(classes) == 1:
        return [1.0]
    kept = sorted({*range(len(graph.labels))} - {i for members in classes for i in members})
    position = kept.index(start)
    inner = generator(graph)[np.ix_(kept, kept)]
    # Expected time in each transient state, then the rate out of it into each class.
    unit = np.zeros(len(kept))
    unit[position] = -1.0
    stay = np.linalg.solve(inner, unit)
    chances = [float((graph.rates[np.ix_(m, kept)] @ stay).sum()) for m in classes]
    return [chance / sum(chances) for chance in chances]


def _balance(rates: Array) -> Array:
    """Stationary distribution of an irreducible chain; `rates[x, y]` from y to x."""
    w = rates.T.copy()  # w[from, to]
    size = len(w)
    for last in range(size - 1, 0, -1):
        out = w[last, :last].sum()
        w[:last, last] /= out
        w[:last, :last] += np.outer(w[:last, last], w[last, :last])
        np.fill_diagonal(w[:last, :last], 0.0)
    pi = np.ones(size)
    for state in range(1, size):
        pi[state] = pi[:state] @ w[:state, state]
        pi[: state + 1] /= pi[: state + 1].sum()  # keeps the numbers within range
    balanced: Array = pi / pi.sum()
    return balanced


def _to_root(parent: IntArray, state: int) -> list[int]:
    way = [state]
    while parent[way[-1]] >= 0:
        way.append(int(parent[way[-1]]))
    return way


def _close(rates: Array, one: list[int], two: list[int]) -> Cycle:
    """The cycle made by two ways to the root and the edge between their beginnings."""
    while len(one) > 1 and len(two) > 1 and one[-2] == two[-2]:
        one, two = one[:-1], two[:-1]
    states = one + two[-2::-1]
    along = [rates[b, a] for a, b in zip(states, states[1:] + states[:1], strict=True)]
    against = [rates[a, b] for a, b in zip(states, states[1:] + states[:1], strict=True)]
    there, back = float(np.prod(along)), float(np.prod(against))
    if back > there:
        states, there, back = states[::-1], back, there
    if there == 0:
        return Cycle(tuple(states), there, back, 0.0)  # closed in both directions
    return Cycle(tuple(states), there, back, math.log(there / back) if back else math.inf)


def _distance(p: Array, q: Array) -> float:
    """Total variation."""
    return float(np.abs(p - q).sum() / 2)


def _entropy(p: Array) -> float:
    positive = p[p > 0]
    return float(-(positive * np.log(positive)).sum())


def _divergence(p: Array, reference: Array) -> float:
    used = p > 1e-300
    if (reference[used] == 0).any():
        return math.inf
    return float((p[used] * np.log(p[used] / reference[used])).sum())
