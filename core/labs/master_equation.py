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
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.labs import _inputs
from core.labs._inputs import Array, IntArray

MAX_STATES = 400
MAX_EDGES = 4000
MAX_EVENTS = 20_000_000  # jumps of one simulation, all paths together
MAX_TYPED = 20_000

Edge = tuple[str, str, float]  # from, to, rate


@dataclass(frozen=True)
class RateGraph:
    """States, jump rates, and where the states lie in the plane.

    `rates[x, y]` is the rate of the jump from y to x. `coordinates` are molecule or animal numbers
    for the presets (shape `(states, 1 or 2)`) and points of a circle for drawn graphs.
    """

    name: str
    labels: tuple[str, ...]
    coordinates: Array
    axes: tuple[str, ...]  # what the coordinates count
    rates: Array  # (states, states), zero diagonal
    start: int  # a state to begin in
    mean_field: "MeanField | None" = None  # of presets


class MeanField(NamedTuple):
    """The deterministic equation of the coordinates, for graphs made from reactions."""

    slope: Callable[[Array], Array]  # of coordinates (dimension,)


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
class DiffusionLimit:
    """Stationary birth-death distribution against its Fokker-Planck density, by system size."""

    counts: IntArray
    exact: Array
    fokker_planck: Array
    total_variation: float


def preset(name: str, *, size: int = 30) -> RateGraph:
    """A ready rate graph: "birth-death", "epidemic", "gene-switch" or "predator-prey".

    `size` is the largest number counted along an axis; jumps beyond it are left out.
    """
    name = _inputs.choice("rate graph", name, tuple(_PRESETS), zh="速率图")
    largest = 100 if name in ("birth-death", "epidemic", "gene-switch") else 18
    size = _inputs.integer("size", size, 2, largest, zh="规模")
    return _PRESETS[name](size)


def from_edges(edges: Sequence[Edge], *, name: str = "drawn") -> RateGraph:
    """A graph of named states from edges (from, to, rate); several rates of one jump add up."""
    if not 1 <= len(edges) <= MAX_EDGES:
        raise InputError(
            en=f"The graph has {len(edges)} jumps; it needs 1 to {MAX_EDGES}. Add or remove some.",
            zh=f"图里有 {len(edges)} 条跳转，须有 1 到 {MAX_EDGES} 条，请增减。",
        )
    labels = tuple(dict.fromkeys(str(label) for edge in edges for label in edge[:2]))
    if len(labels) > MAX_STATES:
        raise InputError(
            en=f"The graph has {len(labels)} states; at most {MAX_STATES} can be solved.",
            zh=f"图里有 {len(labels)} 个状态，最多能解 {MAX_STATES} 个。",
        )
    index = {label: i for i, label in enumerate(labels)}
    rates = np.zeros((len(labels), len(labels)))
    for start, end, rate in edges:
        if start == end:
            raise InputError(
                en=f"The jump {start}->{end} leads nowhere. Remove it or change one state.",
                zh=f"跳转 {start}->{end} 原地不动，请删去或改掉一个状态。",
            )
        rates[index[end], index[start]] += _inputs.number("rate", rate, 0, 1e4, zh="速率")
    turn = 2 * np.pi * np.arange(len(labels)) / len(labels)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return RateGraph(name, labels, circle, ("x", "y"), rates, 0)


_RATE = r"([0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+)"
# Spaces are single and the line short by then, so that no text takes long to match.
_LINE = re.compile(
    rf"([\w.+()]{{1,20}}) ?(<?->|→|↔) ?([\w.+()]{{1,20}}) ?[:：,， ] ?{_RATE}(?: ?[/,， ] ?{_RATE})?"
)


def parse_edges(text: str) -> list[Edge]:
    """Read lines such as `A -> B: 1.5` or `A <-> B: 1.5 / 0.2` (there / back)."""
    if len(text) > MAX_TYPED:
        raise InputError(
            en=f"The text has {len(text)} characters; at most {MAX_TYPED} are read. Shorten it.",
            zh=f"文本有 {len(text)} 个字符，最多读 {MAX_TYPED} 个，请缩短。",
        )
    edges: list[Edge] = []
    for place, line in enumerate(re.split(r"[\n;；]", text), start=1):
        words = " ".join(line.split())
        if not words:
            continue
        match = _LINE.fullmatch(words) if len(words) <= 100 else None
        if not match or (match[5] is not None) != (match[2] in ("<->", "↔")):
            raise InputError(
                en=f"Line {place}, {words!r:.40}, cannot be read. Write A -> B: 1.5, or "
                f"A <-> B: 1.5 / 0.2 for both directions.",
                zh=f"第 {place} 行 {words!r:.40} 读不懂，请写成 A -> B: 1.5，"
                f"双向则写 A <-> B: 1.5 / 0.2。",
            )
        edges.append((match[1], match[3], float(match[4])))
        if match[5] is not None:
            edges.append((match[3], match[1], float(match[5])))
    return edges


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
    return Paths(
        tuple(np.array(t) for t in times),
        tuple(np.array(v) for v in visited),
        histogram,
        float(np.abs(histogram - exact).sum() / 2),
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
    return DiffusionLimit(n, exact, density, float(np.abs(exact - density).sum() / 2))


class _Reaction(NamedTuple):
    change: tuple[int, ...]
    rate: Callable[[Array], float]  # of coordinates (dimension,)


def _lattice(
    name: str,
    limits: tuple[int, ...],
    axes: tuple[str, ...],
    reactions: Sequence[_Reaction],
    start: tuple[int, ...],
) -> RateGraph:
    """The graph of all count vectors up to `limits`; jumps that leave the box are left out."""
    shape = tuple(limit + 1 for limit in limits)
    counts = np.stack(np.unravel_index(np.arange(math.prod(shape)), shape), axis=1)
    rates = np.zeros((len(counts), len(counts)))
    for y, state in enumerate(counts):
        for reaction in reactions:
            target = state + reaction.change
            rate = reaction.rate(state.astype(np.float64))
            if rate > 0 and (target >= 0).all() and (target < shape).all():
                rates[np.ravel_multi_index(tuple(target), shape), y] += rate
    labels = tuple(",".join(map(str, state)) for state in counts)

    def slope(x: Array) -> Array:
        inside = np.clip(x, 0, limits)
        total = np.zeros(len(limits))
        for reaction in reactions:
            total = total + reaction.rate(inside) * np.array(reaction.change)
        return total

    first = int(np.ravel_multi_index(start, shape))
    coordinates = counts.astype(np.float64)
    return RateGraph(name, labels, coordinates, axes, rates, first, MeanField(slope))


def _birth_death(size: int) -> RateGraph:
    birth = size / 3
    return _lattice(
        "birth-death",
        (size,),
        ("individuals",),
        (_Reaction((1,), lambda x: birth), _Reaction((-1,), lambda x: x[0])),
        (0,),
    )


def _epidemic(size: int) -> RateGraph:
    """Infection 2 I S / N, recovery at rate 1; the infection always dies out in the end."""
    return _lattice(
        "epidemic",
        (size,),
        ("infected",),
        (
            _Reaction((1,), lambda x: 2 * x[0] * (size - x[0]) / size),
            _Reaction((-1,), lambda x: x[0]),
        ),
        (max(1, size // 10),),
    )


def _gene_switch(size: int) -> RateGraph:
    """A gene that turns on and off slowly and makes protein while on."""
    making = size / 2
    return _lattice(
        "gene-switch",
        (1, size),
        ("gene on", "proteins"),
        (
            _Reaction((1, 0), lambda x: 0.15 * (1 - x[0])),
            _Reaction((-1, 0), lambda x: 0.15 * x[0]),
            _Reaction((0, 1), lambda x: making * x[0] + 0.5),
            _Reaction((0, -1), lambda x: x[1]),
        ),
        (0, 0),
    )


def _predator_prey(size: int) -> RateGraph:
    """Lotka and Volterra with a trickle of immigrants, so that nobody dies out for ever."""
    meet = 3.0 / size
    return _lattice(
        "predator-prey",
        (size, size),
        ("prey", "predators"),
        (
            _Reaction((1, 0), lambda x: x[0] + 0.2),
            _Reaction((-1, 1), lambda x: meet * x[0] * x[1]),
            _Reaction((0, -1), lambda x: x[1]),
            _Reaction((0, 1), lambda x: 0.2),
        ),
        (size // 2, size // 4),
    )


_PRESETS: dict[str, Callable[[int], RateGraph]] = {
    "birth-death": _birth_death,
    "epidemic": _epidemic,
    "gene-switch": _gene_switch,
    "predator-prey": _predator_prey,
}
PRESETS = tuple(_PRESETS)


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


def _entropy(p: Array) -> float:
    positive = p[p > 0]
    return float(-(positive * np.log(positive)).sum())


def _divergence(p: Array, reference: Array) -> float:
    used = p > 1e-300
    if (reference[used] == 0).any():
        return math.inf
    return float((p[used] * np.log(p[used] / reference[used])).sum())
