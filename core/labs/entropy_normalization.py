r"""Sharpen or flatten a distribution until it has a wanted entropy.

After https://kexue.fm/archives/8829. With :math:`\tilde p_i=p_i^\gamma/\sum_j p_j^\gamma` the entropy

.. math:: H(\gamma)=\ln\sum_i p_i^\gamma-\gamma\frac{\sum_i p_i^\gamma\ln p_i}{\sum_i p_i^\gamma}

falls from :math:`\ln n` at :math:`\gamma=0` to the logarithm of the number of maxima, with
:math:`dH/d\ln\gamma=-\gamma^2\operatorname{Var}_{\tilde p}(\ln p)`. The post
takes Newton steps on :math:`\gamma`, which often overshoot and do not come back (`entropy_newton`).
The solver here works with :math:`\ln p` and keeps the solution between two values of
:math:`\ln\gamma`; a Newton step that leaves them is replaced by their middle, so it always arrives.

Entropies are in nats.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.labs import _inputs
from core.labs._inputs import Array

MAX_NUMBERS = 2000
METHODS = ("newton", "bisection")


@dataclass(frozen=True)
class Round:
    """One round of a solver."""

    gamma: float  # exponent relative to the distribution given
    entropy: float  # reached with it; nan once the numbers break down
    kind: str  # "newton", "bisection" or "post"


@dataclass(frozen=True)
class Normalised:
    """A distribution with the wanted entropy."""

    before: Array  # (n,), sums to 1
    after: Array
    gamma: float  # 0 for the uniform distribution, inf for ties of the maximum
    entropy_before: float
    entropy_after: float
    target: float
    rounds: tuple[Round, ...]


@dataclass(frozen=True)
class EntropyCurve:
    """Entropy against the exponent."""

    gamma: Array
    entropy: Array
    floor: float  # logarithm of the number of maxima
    ceiling: float  # logarithm of the number of non-zero entries


def normalise(
    values: npt.ArrayLike,
    target: float,
    *,
    logits: bool = False,
    method: str = "newton",
    rounds: int = 200,
) -> Normalised:
    """The power of a distribution that has entropy `target`.

    `values` are non-negative weights, or logarithms of weights with `logits`; zeros stay zero.
    "newton" takes safeguarded Newton steps, "bisection" only halves. Raises `InputError` when no
    power has the wanted entropy: it must lie between the logarithms of the number of maxima and of
    the number of non-zero weights.
    """
    kind = _inputs.choice("method", method, METHODS, zh="解法")
    rounds = _inputs.integer("number of rounds", rounds, 1, 1000, zh="轮数")
    log_p = log_weights(values, logits)
    target = _inputs.number("entropy", target, 0, math.log(MAX_NUMBERS), zh="熵")
    before = power(log_p, 1.0)
    floor, ceiling = limits(log_p)
    if not floor - 1e-12 <= target <= ceiling + 1e-12:
        raise InputError(
            en=f"The entropy {target:.6g} cannot be reached; powers of this distribution have "
            f"entropies from {floor:.6g} to {ceiling:.6g}. Choose one of those.",
            zh=f"熵 {target:.6g} 达不到，这个分布的幂的熵在 {floor:.6g} 到 {ceiling:.6g} 之间，"
            "请在其中取值。",
        )
    gamma, log = _solve(log_p, target, floor, ceiling, kind, rounds)
    return Normalised(
        before,
        power(log_p, gamma),
        gamma,
        entropy(log_p, 1.0),
        entropy(log_p, gamma),
        target,
        tuple(log),
    )


def entropy_curve(
    values: npt.ArrayLike,
    *,
    logits: bool = False,
    gammas: tuple[float, float] = (1e-2, 1e2),
    count: int = 200,
) -> EntropyCurve:
    """H(gamma) for exponents evenly spaced in the logarithm."""
    log_p = log_weights(values, logits)
    low, high = (_inputs.number("gamma", g, 1e-9, 1e9, zh="γ") for g in gammas)
    count = _inputs.integer("number of points", count, 2, 1000, zh="点数")
    spaced = np.geomspace(low, high, count)
    return EntropyCurve(spaced, np.array([entropy(log_p, g) for g in spaced]), *limits(log_p))


def gamma_gradient(values: npt.ArrayLike, target: float, *, logits: bool = False) -> Array:
    r"""How the exponent reacts to the input: :math:`\partial\gamma/\partial\ln p_k`, shape `(n,)`.

    From :math:`H(\gamma,\ln p)=H^*` by the implicit-function theorem, with
    :math:`\ell=\ln p`, expectation and variance under :math:`\tilde p`:

    .. math:: \frac{\partial\gamma}{\partial\ell_k}
        =-\frac{\gamma\,\tilde p_k\,(\ell_k-\mathbb E\ell)}{\operatorname{Var}(\ell)} .
    """
    found = normalise(values, target, logits=logits)
    log_p = log_weights(values, logits)
    if not 0 < found.gamma < math.inf:
        raise InputError(
            en=f"At entropy {target:.6g} the exponent is {found.gamma:g} and has no gradient. "
            f"Choose an entropy between the limits.",
            zh=f"熵为 {target:.6g} 时指数是 {found.gamma:g}，没有梯度，请在两端之间取值。",
        )
    alive = np.isfinite(log_p)
    deviation = np.zeros_like(log_p)
    deviation[alive] = log_p[alive] - found.after[alive] @ log_p[alive]
    variance = found.after @ deviation**2
    gradient: Array = -found.gamma * found.after * deviation / variance
    return gradient


def entropy(log_p: Array, gamma: float) -> float:
    """H(gamma) in nats of the weights exp(log_p), stable for every exponent; 0 ln 0 is 0."""
    if gamma == math.inf:
        return limits(log_p)[0]
    p, scaled = power(log_p, gamma), _scaled(log_p, gamma)
    alive = p > 0
    return float(np.log(np.exp(scaled).sum()) - p[alive] @ scaled[alive])


def log_weights(values: npt.ArrayLike, logits: bool) -> Array:
    """Logarithms of the weights, the largest zero; -inf for a weight of zero."""
    if logits:
        log_p = _inputs.vector(
            "list of logits", values, sizes=(2, MAX_NUMBERS), bounds=(-1e6, 1e6), zh="logits"
        )
    else:
        weights = _inputs.vector(
            "list of weights", values, sizes=(2, MAX_NUMBERS), bounds=(0.0, 1e300), zh="权重"
        )
        if not weights.any():
            raise InputError(
                en="All weights are 0. Make at least one positive.",
                zh="所有权重都是 0，请至少让一个大于零。",
            )
        with np.errstate(divide="ignore"):
            log_p = np.log(weights)
    top: Array = log_p - log_p.max()
    return top


def _scaled(log_p: Array, gamma: float) -> Array:
    """gamma * log_p, where a weight of zero stays zero even for gamma = 0."""
    alive = np.isfinite(log_p)
    return np.where(alive, gamma * np.where(alive, log_p, 0.0), -np.inf)


def power(log_p: Array, gamma: float) -> Array:
    """The normalised power of the weights exp(log_p); inf keeps the maxima alone."""
    weights = (
        (log_p == 0).astype(np.float64) if gamma == math.inf else np.exp(_scaled(log_p, gamma))
    )
    normalised: Array = weights / weights.sum()
    return normalised


def limits(log_p: Array) -> tuple[float, float]:
    """The entropies between which powers lie: ln of the number of maxima and of non-zero weights."""
    return math.log((log_p == 0).sum()), math.log(np.isfinite(log_p).sum())


def exponents(log_p: Array, targets: Array) -> Array:
    """The exponents `(rows,)` that give each row of log-weights `(rows, n)` its entropy, all at once.

    As `normalise` finds them one by one: inf where only the maxima can be left, 0 (or 1 for equal
    weights) where the target is the upper limit. A target beyond the limits is taken for the limit.
    """
    log_p = log_p - log_p.max(axis=1, keepdims=True)
    floor = np.log((log_p == 0).sum(axis=1))
    ceiling = np.log(np.isfinite(log_p).sum(axis=1))
    inside = (targets > floor + 1e-12) & (targets < ceiling - 1e-12)
    whole = np.where(ceiling - floor > 1e-12, 0.0, 1.0)
    gamma = np.where(targets >= ceiling - 1e-12, whole, np.inf)
    rows, wanted = log_p[inside], targets[inside]
    low, high = np.zeros(len(rows)), np.zeros(len(rows))
    reach = 1.0
    while (outside := _moments(rows, high)[0] > wanted).any():
        low, high = np.where(outside, high, low), np.where(outside, high + reach, high)
        reach *= 2
    reach = 1.0
    while (outside := _moments(rows, low)[0] < wanted).any():
        low, high = np.where(outside, low - reach, low), np.where(outside, low, high)
        reach *= 2
    s = np.clip(0.0, low, high)
    for _ in range(200):
        entropies, variance = _moments(rows, s)
        miss = entropies - wanted
        if ((np.abs(miss) < 1e-13 * np.maximum(1.0, wanted)) | (high - low < 1e-15)).all():
            break
        low, high = np.where(miss > 0, s, low), np.where(miss > 0, high, s)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = s + miss / variance
        s = np.where((low < step) & (step < high), step, (low + high) / 2)
    gamma[inside] = np.exp(s)
    return gamma


def _moments(log_p: Array, s: Array) -> tuple[Array, Array]:
    """Entropy of every row's power exp(s), and its variance: minus the entropy's slope in s."""
    scaled = np.exp(s)[:, None] * log_p
    weights = np.exp(scaled)
    total = weights.sum(axis=1)
    p = weights / total[:, None]
    scaled[weights == 0] = 0.0  # counts for nothing, and may be -inf
    mean = (p * scaled).sum(axis=1)
    variance: Array = (p * (scaled - mean[:, None]) ** 2).sum(axis=1)
    return np.log(total) - mean, variance


def _solve(
    log_p: Array, target: float, floor: float, ceiling: float, kind: str, rounds: int
) -> tuple[float, list[Round]]:
    """The exponent with the wanted entropy, by bracketing in s = ln gamma."""
    if target >= ceiling - 1e-12:
        return 0.0 if ceiling - floor > 1e-12 else 1.0, []
    if target <= floor + 1e-12:
        return math.inf, []
    s, log = 0.0, [Round(1.0, entropy(log_p, 1.0), kind)]
    low, high = 0.0, 0.0
    reach = 1.0
    if log[0].entropy > target:  # walk out until the target lies between
        while entropy(log_p, math.exp(high)) > target:
            low, high, reach = high, high + reach, 2 * reach
    else:
        while entropy(log_p, math.exp(low)) < target:
            low, high, reach = low - reach, low, 2 * reach
    for _ in range(rounds):
        gamma = math.exp(s)
        p = power(log_p, gamma)
        alive = p > 0
        mean = float(p[alive] @ log_p[alive])
        slope = -(gamma**2) * float(p[alive] @ (log_p[alive] - mean) ** 2)
        miss = entropy(log_p, gamma) - target
        if abs(miss) < 1e-14 * max(1.0, target) or high - low < 1e-16:
            break
        if miss > 0:
            low = s
        else:
            high = s
        step = s - miss / slope if slope < 0 else math.nan
        newton = kind == "newton" and low < step < high
        s = step if newton else (low + high) / 2
        log.append(
            Round(math.exp(s), entropy(log_p, math.exp(s)), "newton" if newton else "bisection")
        )
    return math.exp(s), log
