r"""Discrete distributions from "noise, then argmax": which one comes out of which noise.

After https://kexue.fm/archives/9085. For scores :math:`\mu` and independent noise with density
:math:`f` and distribution function :math:`F`,

.. math:: p_i=P\bigl[\arg\max_j(\mu_j+\varepsilon_j)=i\bigr]
    =\int f(t-\mu_i)\prod_{j\ne i}F(t-\mu_j)\,dt .

Gumbel noise gives the softmax exactly. The post sums over :math:`K` quantiles,
:math:`\frac1K\sum_k\prod_{j\ne i}F\bigl(\mu_i-\mu_j+F^{-1}(\tfrac k{K+1})\bigr)`, which leaves out
the tails, so its result does not sum to one. Here the integral is taken by Gauss-Legendre
quadrature on panels that break at every kink of :math:`f(t-\mu_j)`, to about 1e-12.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from core.labs import _inputs
from core.labs._distributions import entropies, softmax
from core.labs._inputs import Array, IntArray
from core.labs.noises import DEVIATIONS, NOISES, Law, law_of

MAX_CATEGORIES = 16
MAX_DRAWS = 2_000_000
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, math.sqrt(3) / 2]])  # of the drawn triangle
_NODES = 16  # Gauss-Legendre nodes of one panel


@dataclass(frozen=True)
class Comparison:
    """Four answers to one question, each of shape `(n,)`."""

    exact: Array  # by quadrature; sums to one
    softmax: Array
    post: Array  # the post's sum over quantiles
    post_total: float
    post_renormalised: Array
    frequencies: Array  # of a simulation
    counts: IntArray
    standard_error: Array  # of the frequencies
    total_variation: float  # between simulation and exact


@dataclass(frozen=True)
class SimplexMap:
    """Distributions of three categories over a grid of scores.

    `probabilities[i, j]` belongs to the scores `(scores[i], scores[j], 0)`; `softmax` likewise. The
    corners of `plane` coordinates are (0, 0), (1, 0) and (1/2, sqrt(3)/2).
    """

    scores: Array
    probabilities: Array  # (resolution, resolution, 3)
    softmax: Array
    plane: Array  # (resolution, resolution, 2), for drawing
    softmax_plane: Array


@dataclass(frozen=True)
class SimplexRings:
    """Rings of scores and where they land on the triangle, the first direction repeated at the end.

    Ring r holds the scores whose mean is zero and whose length is `radii[r]`.
    """

    radii: Array  # (rings,)
    scores: Array  # (rings, directions + 1, 3)
    probabilities: Array  # like the scores
    softmax: Array
    plane: Array  # (rings, directions + 1, 2), for drawing, as in `SimplexMap`
    softmax_plane: Array


@dataclass(frozen=True)
class PullCurve:
    """How hard an example pulls on its scores: d ln p / d margin of two classes, per noise."""

    margins: Array  # score of the label minus that of the other class
    pull: dict[str, Array]  # nan where the label has no probability


@dataclass(frozen=True)
class LoserCurve:
    """Chance that the lower of two scores wins, against their difference, per noise."""

    gaps: Array
    probability: dict[str, Array]


@dataclass(frozen=True)
class Sparsity:
    """How concentrated the distributions of random scores are; means over the cases, per noise."""

    top: dict[str, float]  # largest probability
    effective: dict[str, float]  # exponential of the entropy
    support: dict[str, float]  # entries above a thousandth
    zeros: dict[str, float]  # entries that are exactly zero


@dataclass(frozen=True)
class Race:
    """Densities of score plus noise, one row per category: the rightmost wins."""

    x: Array  # (points,)
    density: Array  # (n, points)


@dataclass(frozen=True)
class NodeCurve:
    """What the post's sum is off by, against the number of quantiles; largest entry each."""

    nodes: IntArray
    error: Array
    error_renormalised: Array


def probabilities(scores: npt.ArrayLike, noise: str = "gumbel", *, scale: float = 1.0) -> Array:
    """Exact probabilities `(n,)`; `noise` is a name of `NOISES` or a density typed in x.

    `scale` multiplies the noise. A typed density need not be normalised; it counts between
    -12 and 12.
    """
    found: Array = _integrate(_scores(scores, scale)[None], law_of(noise))[0]
    return found


def compare(
    scores: npt.ArrayLike,
    noise: str = "gumbel",
    *,
    scale: float = 1.0,
    nodes: int = 200,
    draws: int = 100_000,
    seed: int = 0,
) -> Comparison:
    """Quadrature, the post's sum with `nodes` quantiles, a simulation, and the softmax."""
    mu, law = _scores(scores, scale), law_of(noise)
    nodes = _inputs.integer("number of nodes", nodes, 1, 100_000, zh="节点数")
    draws = _inputs.integer("number of draws", draws, 1, MAX_DRAWS, zh="抽样数")
    exact = _integrate(mu[None], law)[0]
    post = _post_sum(mu, law, nodes)
    counts = _simulate(mu, law, draws, np.random.default_rng(_inputs.seed(seed)))
    frequencies = counts / draws
    total = float(post.sum())
    return Comparison(
        exact=exact,
        softmax=softmax(mu),
        post=post,
        post_total=total,
        post_renormalised=post / total if total > 0 else post,
        frequencies=frequencies,
        counts=counts,
        standard_error=np.sqrt(frequencies * (1 - frequencies) / draws),
        total_variation=float(np.abs(frequencies - exact).sum() / 2),
    )


def simplex_map(
    noise: str = "normal", *, reach: float = 4.0, resolution: int = 17, scale: float = 1.0
) -> SimplexMap:
    """How a square grid of scores lands on the triangle of distributions."""
    reach = _inputs.number("reach", reach, 0.1, 20, zh="范围")
    resolution = _inputs.integer("resolution", resolution, 2, 41, zh="分辨率")
    scores = np.linspace(-reach, reach, resolution)
    a, b = np.meshgrid(scores, scores, indexing="ij")
    mu = np.stack([a, b, np.zeros_like(a)], axis=-1).reshape(-1, 3)
    mu = mu / _inputs.number("scale", scale, 1e-3, 1e3, zh="噪声尺度")
    law = law_of(noise)
    # In pieces, so that a typed density with its many panels stays within memory.
    found = np.concatenate([_integrate(mu[k : k + 64], law) for k in range(0, len(mu), 64)])
    found, soft = found.reshape(*a.shape, 3), softmax(mu).reshape(*a.shape, 3)
    return SimplexMap(scores, found, soft, found @ _CORNERS, soft @ _CORNERS)


def simplex_rings(
    noise: str = "normal",
    *,
    reach: float = 4.0,
    rings: int = 5,
    directions: int = 36,
    scale: float = 1.0,
) -> SimplexRings:
    """How circles in the plane of scores land on the triangle of distributions."""
    reach = _inputs.number("reach", reach, 0.1, 20, zh="范围")
    rings = _inputs.integer("number of rings", rings, 1, 12, zh="圈数")
    directions = _inputs.integer("number of directions", directions, 3, 120, zh="方向数")
    factor = _inputs.number("scale", scale, 1e-3, 1e3, zh="噪声尺度")
    radii = np.linspace(0, reach, rings + 1)[1:]
    angle = 2 * np.pi * np.arange(directions) / directions
    across, along = np.array([-1, 1, 0]) / math.sqrt(2), np.array([-1, -1, 2]) / math.sqrt(6)
    circle = np.cos(angle)[:, None] * across + np.sin(angle)[:, None] * along
    mu = (radii[:, None, None] * circle).reshape(-1, 3)
    law = law_of(noise)
    found = np.concatenate(
        [_integrate(mu[k : k + 64] / factor, law) for k in range(0, len(mu), 64)]
    )

    def closed(values: Array) -> Array:
        rows = values.reshape(rings, directions, -1)
        return np.concatenate([rows, rows[:, :1]], axis=1)

    probability, soft = closed(found), closed(softmax(mu / factor))
    return SimplexRings(
        radii, closed(mu), probability, soft, probability @ _CORNERS, soft @ _CORNERS
    )


def pull_curve(
    noises: tuple[str, ...] = NOISES, *, reach: float = 6.0, count: int = 61
) -> PullCurve:
    """The derivative of ln p for margins from `-reach` (wrong) to `reach` (right).

    By central differences of the quadrature, which is exact to about 1e-12.
    """
    reach = _inputs.number("reach", reach, 0.1, 30, zh="范围")
    count = _inputs.integer("number of points", count, 2, 1000, zh="点数")
    margins, h = np.linspace(-reach, reach, count), 1e-4
    ends = np.concatenate([margins + h, margins - h])
    mu = np.stack([ends, np.zeros(2 * count)], axis=1)
    pull = {}
    for noise in noises:
        with np.errstate(divide="ignore", invalid="ignore"):
            log_p = np.log(_integrate(mu, law_of(noise))[:, 0])
            slope = (log_p[:count] - log_p[count:]) / (2 * h)
        pull[noise] = np.where(np.isfinite(slope), slope, np.nan)
    return PullCurve(margins, pull)


def loser_curve(
    noises: tuple[str, ...] = NOISES,
    *,
    largest: float = 8.0,
    count: int = 60,
    unit_variance: bool = False,
) -> LoserCurve:
    """How fast each noise forgets the lower of two scores: its tail decides.

    With `unit_variance` all noises have standard deviation 1, except the Cauchy, which has none.
    """
    largest = _inputs.number("largest gap", largest, 0.1, 50, zh="最大差距")
    count = _inputs.integer("number of points", count, 2, 300, zh="点数")
    gaps = np.linspace(0, largest, count)
    mu = np.stack([gaps, np.zeros(count)], axis=-1)
    return LoserCurve(
        gaps,
        {
            name: _integrate(
                mu * (DEVIATIONS.get(name, 1.0) if unit_variance else 1.0), law_of(name)
            )[:, 1]
            for name in noises
        },
    )


def sparsity(
    noises: tuple[str, ...] = NOISES,
    *,
    size: int = 8,
    spread: float = 2.0,
    cases: int = 40,
    unit_variance: bool = False,
    seed: int = 0,
) -> Sparsity:
    """Normal scores of standard deviation `spread` under each noise; `unit_variance` as above."""
    size = _inputs.integer("number of categories", size, 2, MAX_CATEGORIES, zh="类别数")
    spread = _inputs.number("spread", spread, 0, 20, zh="分数的标准差")
    cases = _inputs.integer("number of cases", cases, 1, 400, zh="次数")
    mu = spread * np.random.default_rng(_inputs.seed(seed)).standard_normal((cases, size))
    found = {}
    for name in noises:
        factor = DEVIATIONS.get(name, 1.0) if unit_variance else 1.0
        # One by one, so that the many panels of many cases stay within memory.
        found[name] = np.stack([_integrate(row[None] * factor, law_of(name))[0] for row in mu])
    return Sparsity(
        {name: float(p.max(axis=1).mean()) for name, p in found.items()},
        {name: float(np.exp(entropies(p)).mean()) for name, p in found.items()},
        {name: float((p > 1e-3).sum(axis=1).mean()) for name, p in found.items()},
        {name: float((p == 0).sum(axis=1).mean()) for name, p in found.items()},
    )


def race(
    scores: npt.ArrayLike, noise: str = "gumbel", *, scale: float = 1.0, count: int = 160
) -> Race:
    """The densities that compete, over a window that holds nearly all of them, to be drawn."""
    mu, law = _scores(scores, scale), law_of(noise)
    count = _inputs.integer("number of points", count, 2, 1000, zh="点数")
    low, high = (float(law.quantile(np.array([u]))[0]) for u in (0.01, 0.99))
    low, high = (
        max(low, -8.0),
        min(high, 8.0),
    )  # the Cauchy's tails would leave no room for its peak
    x = np.linspace(mu.min() + low - 0.3, mu.max() + high + 0.3, count)
    return Race(x * scale, law.density(x - mu[:, None]) / scale)


def node_curve(
    scores: npt.ArrayLike, noise: str = "gumbel", *, scale: float = 1.0, most: int = 10_000
) -> NodeCurve:
    """The post's sum against the exact answer for numbers of quantiles up to `most`."""
    mu, law = _scores(scores, scale), law_of(noise)
    most = _inputs.integer("number of nodes", most, 10, 100_000, zh="节点数")
    exact = _integrate(mu[None], law)[0]
    nodes = np.unique(np.geomspace(5, most, 16).round().astype(np.int64))
    sums = [_post_sum(mu, law, int(k)) for k in nodes]
    return NodeCurve(
        nodes,
        np.array([np.abs(p - exact).max() for p in sums]),
        np.array([np.abs(p / p.sum() - exact).max() if p.sum() > 0 else np.nan for p in sums]),
    )


def _scores(scores: npt.ArrayLike, scale: float) -> Array:
    mu = _inputs.vector(
        "list of scores", scores, sizes=(2, MAX_CATEGORIES), bounds=(-50.0, 50.0), zh="分数列"
    )
    scaled: Array = mu / _inputs.number("scale", scale, 1e-3, 1e3, zh="噪声尺度")
    return scaled


@cache
def _legendre() -> tuple[Array, Array]:
    """Nodes and weights of Gauss-Legendre quadrature on [-1, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _integrate(mu: Array, law: Law) -> Array:
    """Probabilities `(cases, n)` for scores `(cases, n)`."""
    cases, n = mu.shape
    edges = np.sort((mu[:, :, None] + law.breaks).reshape(cases, -1), axis=1)
    if cases == 1:  # equal edges, common for round scores, only cost time
        edges = np.unique(edges)[None]
    nodes, weights = _legendre()
    half = np.diff(edges, axis=1)[:, :, None] / 2
    t = (edges[:, :-1, None] + half * (1 + nodes)).reshape(cases, -1)
    weight = (half * weights).reshape(cases, -1)
    shifted = t[:, None, :] - mu[:, :, None]  # (cases, n, nodes)
    below = law.cumulative(shifted)
    others = np.ones_like(below)  # the product of all but one, without dividing by zero
    for i in range(1, n):
        others[:, i] = others[:, i - 1] * below[:, i - 1]
    right = np.ones_like(t)
    for i in range(n - 2, -1, -1):
        right = right * below[:, i + 1]
        others[:, i] *= right
    found = np.einsum("cit,cit,ct->ci", law.density(shifted), others, weight)
    normalised: Array = found / found.sum(axis=1, keepdims=True)
    return normalised


def _post_sum(mu: Array, law: Law, nodes: int) -> Array:
    noise = law.quantile(np.arange(1, nodes + 1) / (nodes + 1))
    result = np.empty_like(mu)
    for i in range(len(mu)):
        others = np.delete(mu, i)
        result[i] = law.cumulative(mu[i] - others[:, None] + noise).prod(axis=0).mean()
    return result


def _simulate(mu: Array, law: Law, draws: int, rng: np.random.Generator) -> IntArray:
    counts = np.zeros(len(mu), dtype=np.int64)
    for first in range(0, draws, 100_000):
        size = (min(100_000, draws - first), len(mu))
        noise = law.quantile(rng.random(size) + 2.0**-54)  # never exactly zero
        counts += np.bincount((mu + noise).argmax(axis=1), minlength=len(mu))
    return counts
