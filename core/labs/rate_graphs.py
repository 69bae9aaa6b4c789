"""States and the rates of the jumps between them: typed by hand, or models of populations and genes.

The graphs that `core.labs.master_equation` solves. Rates are per unit time.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.errors import InputError
from core.labs import _inputs
from core.labs._inputs import Array

MAX_STATES = 400
MAX_EDGES = 4000
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


def preset(name: str, *, size: int = 30, strength: float | None = None) -> RateGraph:
    """A ready rate graph: "birth-death", "epidemic", "gene-switch" or "predator-prey".

    `size` is the largest number counted along an axis; jumps beyond it are left out. `strength` is
    the model's own number (`STRENGTHS` has defaults and bounds): births per place and death,
    infections per recovery (R0), switchings of the gene per protein's life, or meetings.
    """
    name = _inputs.choice("rate graph", name, tuple(_PRESETS), zh="速率图")
    largest = 100 if name in ("birth-death", "epidemic", "gene-switch") else 18
    size = _inputs.integer("size", size, 2, largest, zh="规模")
    usual = STRENGTHS[name]
    if strength is None:
        strength = usual.default
    strength = _inputs.number("strength", strength, usual.low, usual.high, zh="强度")
    return _PRESETS[name](size, strength)


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


def format_edges(graph: RateGraph) -> str:
    """The text that `parse_edges` reads back into the same rates."""
    lines = []
    for y, here in enumerate(graph.labels):
        for x, there in enumerate(graph.labels):
            out, back = graph.rates[x, y], graph.rates[y, x]
            if out > 0 and back > 0 and y < x:
                lines.append(f"{here} <-> {there}: {out:g} / {back:g}")
            elif out > 0 and not back > 0:
                lines.append(f"{here} -> {there}: {out:g}")
    return "\n".join(lines)


def state_named(graph: RateGraph, label: str) -> int:
    """The index of a state; an empty label is the graph's own start."""
    if not label.strip():
        return graph.start
    if label.strip() not in graph.labels:
        known = ", ".join(graph.labels[:12])
        raise InputError(
            en=f"There is no state {label.strip()[:20]!r}. Choose one of {known}.",
            zh=f"没有叫 {label.strip()[:20]!r} 的状态，请从 {known} 里选。",
        )
    return graph.labels.index(label.strip())


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


def _birth_death(size: int, strength: float) -> RateGraph:
    """Immigrants come at a constant rate, everybody leaves or dies at rate 1."""
    birth = strength * size
    return _lattice(
        "birth-death",
        (size,),
        ("individuals",),
        (_Reaction((1,), lambda x: birth), _Reaction((-1,), lambda x: x[0])),
        (0,),
    )


def _epidemic(size: int, strength: float) -> RateGraph:
    """Infection R0 I S / N, recovery at rate 1; the infection always dies out in the end."""
    return _lattice(
        "epidemic",
        (size,),
        ("infected",),
        (
            _Reaction((1,), lambda x: strength * x[0] * (size - x[0]) / size),
            _Reaction((-1,), lambda x: x[0]),
        ),
        (max(1, size // 10),),
    )


def _gene_switch(size: int, strength: float) -> RateGraph:
    """A gene that turns on and off and makes protein while on."""
    making = size / 2
    return _lattice(
        "gene-switch",
        (1, size),
        ("gene on", "proteins"),
        (
            _Reaction((1, 0), lambda x: strength * (1 - x[0])),
            _Reaction((-1, 0), lambda x: strength * x[0]),
            _Reaction((0, 1), lambda x: making * x[0] + 0.5),
            _Reaction((0, -1), lambda x: x[1]),
        ),
        (0, 0),
    )


def _predator_prey(size: int, strength: float) -> RateGraph:
    """Lotka and Volterra with a trickle of immigrants, so that nobody dies out for ever."""
    meet = strength / size
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


_PRESETS: dict[str, Callable[[int, float], RateGraph]] = {
    "birth-death": _birth_death,
    "epidemic": _epidemic,
    "gene-switch": _gene_switch,
    "predator-prey": _predator_prey,
}
PRESETS = tuple(_PRESETS)


class Strength(NamedTuple):
    """The number a preset can be turned by."""

    default: float
    low: float
    high: float


STRENGTHS = {
    "birth-death": Strength(1 / 3, 0.01, 2.0),
    "epidemic": Strength(2.0, 0.1, 8.0),
    "gene-switch": Strength(0.15, 0.01, 20.0),
    "predator-prey": Strength(3.0, 0.5, 8.0),
}
