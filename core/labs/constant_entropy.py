r"""Attention whose entropy does not grow with the length of the text.

An application that https://kexue.fm/archives/8829 suggests. A softmax over n independent normal scores
of standard deviation :math:`\sigma` spreads out as n grows: while it is spread over many keys its
entropy is close to :math:`\ln n-\sigma^2/2`. Multiplying the scores by the :math:`\gamma` of
`entropy_normalization.normalise` holds the entropy of every query at :math:`H^*`, whatever the
length. Over the lengths in use :math:`\gamma` is close to a straight line in :math:`\ln n`, which is
fitted here.

Entropies are in nats.
"""

import math
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.labs import _inputs
from core.labs import entropy_normalization as en
from core.labs._distributions import entropies, softmax
from core.labs._inputs import Array, IntArray

LONGEST = 2000


@dataclass(frozen=True)
class AttentionLengths:
    """Attention over more and more keys."""

    lengths: IntArray  # (m,)
    entropy: Array  # (m,) of the plain softmax, mean over the queries
    gamma: Array  # (m,) that gives the wanted entropy, median over the queries
    target: float
    intercept: float  # of the line gamma = intercept + slope ln n, by least squares
    slope: float
    short: tuple[
        Array, Array
    ]  # weights of one query, descending, at the first length: plain, normalised
    long: tuple[Array, Array]  # at the last length
    worst: float  # largest distance from the wanted entropy


def attention(
    target: float = 1.5,
    *,
    spread: float = 1.0,
    shortest: int = 8,
    longest: int = 1024,
    queries: int = 16,
    seed: int = 0,
) -> AttentionLengths:
    """Normal scores of standard deviation `spread`, at lengths that double from `shortest` on.

    Raises `InputError` when the entropy is above the logarithm of the shortest length.
    """
    target = _inputs.number("entropy", target, 0.01, math.log(LONGEST), zh="熵")
    spread = _inputs.number("spread of the scores", spread, 0.01, 100, zh="分数的标准差")
    shortest = _inputs.integer("shortest length", shortest, 2, LONGEST, zh="最短长度")
    longest = _inputs.integer("longest length", longest, shortest, LONGEST, zh="最长长度")
    queries = _inputs.integer("number of queries", queries, 1, 64, zh="查询数")
    if target >= math.log(shortest):
        raise InputError(
            en=f"{shortest} keys have at most {math.log(shortest):.3g} nats of entropy; {target:.3g} "
            "cannot be reached. Lower the entropy or lengthen the shortest text.",
            zh=f"{shortest} 个键的熵最多 {math.log(shortest):.3g} nats，达不到 {target:.3g}。"
            "请降低熵，或加长最短的文本。",
        )
    rng = np.random.default_rng(_inputs.seed(seed))
    scores = spread * rng.standard_normal(
        (queries, longest)
    )  # a longer text begins with the shorter
    lengths = np.array(
        [shortest << k for k in range(64) if shortest << k <= longest], dtype=np.int64
    )
    means, gammas, worst = np.empty(len(lengths)), np.empty(len(lengths)), 0.0
    pictures: list[tuple[Array, Array]] = []
    for i, n in enumerate(lengths):
        rows = scores[:, :n]
        powers = en.exponents(rows, np.full(queries, target))
        # A near tie of the two largest scores is an outlier, hence the median.
        gammas[i] = np.median(powers)
        plain, sharpened = softmax(rows), softmax(powers[:, None] * rows)
        means[i] = entropies(plain).mean()
        worst = max(worst, float(np.abs(entropies(sharpened) - target).max()))
        pictures.append((np.sort(plain[0])[::-1], np.sort(sharpened[0])[::-1]))
    slope, intercept = (
        np.polyfit(np.log(lengths), gammas, 1) if len(lengths) > 1 else (0.0, gammas[0])
    )
    return AttentionLengths(
        lengths,
        means,
        gammas,
        target,
        float(intercept),
        float(slope),
        pictures[0],
        pictures[-1],
        worst,
    )
