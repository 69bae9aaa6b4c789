r"""Can pi be a fraction? Best fractions, a walk through all fractions, and a race of series.

After https://kexue.fm/archives/6469 (pi day). Everything is exact: pi is an integer of as many
digits as needed (Chudnovsky's series, summed by binary splitting), fractions are Python integers, and
errors are given as decimal logarithms, because most are too small for a float.

Series, with the digits that each term adds:

.. math:: \pi&=4\sum\frac{(-1)^k}{2k+1} &&\text{(Leibniz, none)}\\
    \pi&=16\arctan\tfrac15-4\arctan\tfrac1{239} &&\text{(Machin, 1.4)}\\
    \frac1\pi&=\frac{2\sqrt2}{99^2}\sum\frac{(4k)!}{k!^4}\frac{1103+26390k}{396^{4k}}
    &&\text{(Ramanujan, 8.0)}\\
    \frac1\pi&=12\sum\frac{(-1)^k(6k)!}{(3k)!k!^3}\frac{13591409+545140134k}{640320^{3k+3/2}}
    &&\text{(Chudnovsky, 14.2)}
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np

from core.errors import InputError
from core.labs import _inputs
from core.labs._inputs import Array, IntArray

MAX_DIGITS = 4000  # Python turns no longer integers into text
MAX_TERMS = 1000
SERIES = ("leibniz", "machin", "ramanujan", "chudnovsky")


@dataclass(frozen=True)
class Approximation:
    """A fraction p/q beside pi."""

    numerator: int
    denominator: int
    log10_error: float  # of |pi - p/q|
    above: bool  # whether p/q is larger than pi
    scaled_error: float  # q^2 |pi - p/q|: below 1 only for convergents and their neighbours
    exponent: float  # mu in |pi - p/q| = q^-mu; nan for q = 1


@dataclass(frozen=True)
class ContinuedFraction:
    """pi = [3; 7, 15, 1, 292, …]: terms and the convergents they end in."""

    terms: tuple[int, ...]
    convergents: tuple[Approximation, ...]
    geometric_mean: float  # of the terms after the first; 2.685… for almost all numbers


@dataclass(frozen=True)
class TermStatistics:
    """Relative frequencies of the terms of pi's continued fraction."""

    values: IntArray  # 1, 2, …
    observed: Array
    expected: Array  # for almost all numbers


@dataclass(frozen=True)
class SternBrocot:
    """The walk towards pi in the tree of all fractions, from 1/1."""

    turns: str  # "R" (pi is larger) and "L"
    fractions: tuple[Approximation, ...]  # the one reached after each turn
    runs: tuple[int, ...]  # lengths of equal turns: the terms of the continued fraction


@dataclass(frozen=True)
class Judgement:
    """What to make of somebody's fraction for pi."""

    fraction: Approximation  # reduced
    digits: int  # decimals that agree with pi
    text: str  # the fraction as a decimal number, truncated after 40 places
    best: Approximation  # the nearest fraction with at most this denominator
    is_best: bool


@dataclass(frozen=True)
class Scatter:
    """The nearest fraction for every denominator."""

    denominators: IntArray
    numerators: IntArray
    scaled_error: Array  # q^2 |pi - p/q|


@dataclass(frozen=True)
class SeriesRun:
    """One series in the race."""

    name: str
    digits: Array  # (terms,): -log10 |partial result - pi|, capped at the precision
    per_term: float  # digits that one more term adds, measured at the end
    theory: float  # digits per term by the ratio of successive terms


@dataclass(frozen=True)
class Readout:
    """What a series says after some terms, digit by digit."""

    name: str
    text: str  # "3." and the decimals, truncated
    agreeing: int  # characters that are those of pi, counted from the first


@dataclass(frozen=True)
class Identity:
    """A formula of the post or its relatives, checked numerically."""

    name: str
    latex: str
    left: str
    right: str
    log10_difference: float  # -inf when nothing differs at the working precision
    exact: bool  # whether mathematics says both sides are equal


def digits(places: int) -> str:
    """pi with `places` decimals, not rounded."""
    places = _inputs.integer("number of decimals", places, 1, MAX_DIGITS - 10, zh="小数位数")
    text = str(_scaled_pi(places + 10))[:-10]
    return f"{text[0]}.{text[1:]}"


def continued_fraction(terms: int = 20) -> ContinuedFraction:
    """The first `terms` terms and their convergents."""
    terms = _inputs.integer("number of terms", terms, 1, MAX_TERMS, zh="项数")
    found = _terms_of_pi(terms)
    convergents = []
    p, q, p_before, q_before = 1, 0, 0, 1
    for term in found:
        p, p_before = term * p + p_before, p
        q, q_before = term * q + q_before, q
        convergents.append(_approximation(p, q))
    later = found[1:]
    mean = math.exp(sum(map(math.log, later)) / len(later)) if later else math.nan
    return ContinuedFraction(found, tuple(convergents), mean)


def stern_brocot(steps: int = 60) -> SternBrocot:
    """Walk `steps` turns; every fraction on the way is the mediant of its nearest neighbours."""
    steps = _inputs.integer("number of steps", steps, 1, 2000, zh="步数")
    p_low, q_low, p_high, q_high = 0, 1, 1, 0
    reached = _approximation(1, 1)
    turns, visited = [], []
    for _ in range(steps):
        if reached.above:
            p_high, q_high = reached.numerator, reached.denominator
        else:
            p_low, q_low = reached.numerator, reached.denominator
        turns.append("L" if reached.above else "R")
        reached = _approximation(p_low + p_high, q_low + q_high)
        visited.append(reached)
    runs: list[int] = []
    for turn, before in zip(turns, [""] + turns, strict=False):
        if turn == before:
            runs[-1] += 1
        else:
            runs.append(1)
    return SternBrocot("".join(turns), tuple(visited), tuple(runs))


def best_fractions(largest: int = 1000) -> tuple[Approximation, ...]:
    """All fractions with denominators up to `largest` that beat every smaller denominator."""
    largest = _inputs.integer("largest denominator", largest, 1, 10**15, zh="最大分母")
    found = [Fraction(3)]
    p, q, p_before, q_before = 3, 1, 1, 0
    pi = _pi_fraction(40)
    for term in _terms_of_pi(60)[1:]:
        # Between two convergents the better ones are p_before + k p over q_before + k q.
        for k in range(1, term + 1):
            candidate = Fraction(p_before + k * p, q_before + k * q)
            if candidate.denominator > largest:
                return tuple(_approximation(f.numerator, f.denominator) for f in found)
            if abs(candidate - pi) < abs(found[-1] - pi):
                found.append(candidate)
        p, q, p_before, q_before = term * p + p_before, term * q + q_before, p, q
    raise AssertionError("60 terms reach far beyond the largest denominator")


def judge(numerator: int, denominator: int) -> Judgement:
    """How good p/q is, and the best that its denominator allows."""
    p = _inputs.integer("numerator", numerator, 1, 10**15, zh="分子")
    q = _inputs.integer("denominator", denominator, 1, 10**15, zh="分母")
    fraction = Fraction(p, q)
    reduced = _approximation(fraction.numerator, fraction.denominator)
    best = best_fractions(q)[-1]
    agreeing = 0
    ten, pi = Fraction(1), _pi_fraction(60)
    while math.floor(fraction * ten) == math.floor(pi * ten):
        agreeing, ten = agreeing + 1, ten * 10
    return Judgement(
        reduced,
        max(agreeing - 1, 0),
        _decimal(fraction, 40),
        best,
        (best.numerator, best.denominator) == (reduced.numerator, reduced.denominator),
    )


def term_statistics(terms: int = 1000, *, largest: int = 10) -> TermStatistics:
    r"""How often the terms 1, 2, … occur, against :math:`-\log_2(1-(k+1)^{-2})`.

    Gauss and Kuzmin: almost every number has its terms so distributed; for pi it is not proved.
    """
    terms = _inputs.integer("number of terms", terms, 2, MAX_TERMS, zh="项数")
    largest = _inputs.integer("largest term", largest, 1, 1000, zh="最大的项")
    found = _terms_of_pi(terms)[1:]
    values = np.arange(1, largest + 1)
    return TermStatistics(
        values,
        np.array([found.count(k) for k in values.tolist()]) / len(found),
        -np.log2(1 - 1.0 / (values + 1.0) ** 2),
    )


def scatter(largest: int = 1000) -> Scatter:
    """q^2 |pi - p/q| for every q: Dirichlet promises values below 1 again and again."""
    largest = _inputs.integer("largest denominator", largest, 1, 100_000, zh="最大分母")
    q = np.arange(1, largest + 1)
    p = np.rint(q * math.pi).astype(np.int64)
    # math.pi is off by 1.2e-16, which q^2 turns into at most 1.3e-6 here.
    return Scatter(q, p, q * np.abs(q * math.pi - p + q * 1.2246467991473532e-16))


def race(*, terms: int = 50, precision: int = 400) -> tuple[SeriesRun, ...]:
    """Digits of pi after each term of every series, to at most `precision` digits."""
    terms = _inputs.integer("number of terms", terms, 2, MAX_TERMS, zh="项数")
    precision = _inputs.integer("precision", precision, 20, MAX_DIGITS - 20, zh="精度")
    working = precision + 15
    exact = _scaled_pi(working)
    runs = []
    for name in SERIES:
        reached = np.empty(terms)
        for i, partial in zip(range(terms), _partial_results(name, working), strict=False):
            miss = abs(partial - exact)
            reached[i] = precision if miss == 0 else min(precision, working - math.log10(miss))
        below = np.flatnonzero(reached < precision)
        last = int(below[-1]) if len(below) > 1 else terms - 1
        middle = last // 2
        slope = (reached[last] - reached[middle]) / max(last - middle, 1)
        runs.append(SeriesRun(name, reached, float(slope), _DIGITS_PER_TERM[name]))
    return tuple(runs)


def readouts(*, terms: int = 5, places: int = 60) -> tuple[Readout, ...]:
    """The decimals that every series has after `terms` terms."""
    terms = _inputs.integer("number of terms", terms, 1, MAX_TERMS, zh="项数")
    places = _inputs.integer("number of decimals", places, 5, 1000, zh="小数位数")
    pi = digits(places)
    found = []
    for name in SERIES:
        text = str(_nth_partial(name, terms, places + 10))[:-10]
        text = f"{text[0]}.{text[1:]}"
        same = next((i for i, (a, b) in enumerate(zip(text, pi, strict=True)) if a != b), len(pi))
        found.append(Readout(name, text, same))
    return tuple(found)


def identities(places: int = 40) -> tuple[Identity, ...]:
    """The post's identities and near misses to `places` digits.

    The two integrals over logarithms of trigonometric functions are classical ones.
    """
    places = _inputs.integer("number of digits", places, 10, 100, zh="位数")
    mp = _context(places + 10)
    pi = mp.pi
    golden = (1 + mp.sqrt(5)) / 2
    fraction = mp.mpf(0)
    for k in range(int(places / 2.7) + 5, 0, -1):  # each level gains 2.7 digits and more
        fraction = mp.exp(-2 * pi * k) / (1 + fraction)
    rogers = mp.exp(-2 * pi / 5) / (1 + fraction)
    heegner = mp.exp(pi * mp.sqrt(163))
    log_sine = mp.quad(lambda x: mp.log(mp.sin(x)), [0, pi / 2])
    log_square = mp.quad(lambda x: mp.log(2 * mp.sin(x)) ** 2, [0, pi / 2])
    first = 9801 / (2 * mp.sqrt(2) * 1103)
    series = {
        name: mp.mpf(_nth_partial(name, _terms_needed(name, places), places + 10))
        / mp.mpf(10) ** (places + 10)
        for name in ("machin", "ramanujan", "chudnovsky")
    }
    table: list[tuple[str, str, Any, Any, bool]] = [
        (
            "rogers-ramanujan",
            r"\cfrac{e^{-2\pi/5}}{1+\cfrac{e^{-2\pi}}{1+\cfrac{e^{-4\pi}}{1+\cdots}}}"
            r"=\sqrt{\phi+2}-\phi",
            rogers,
            mp.sqrt(golden + 2) - golden,
            True,
        ),
        (
            "ramanujan",
            r"\frac1\pi=\frac{2\sqrt2}{99^2}\sum_k\frac{(4k)!}{k!^4}"
            r"\frac{1103+26390k}{396^{4k}}",
            series["ramanujan"],
            pi,
            True,
        ),
        (
            "chudnovsky",
            r"\frac1\pi=12\sum_k\frac{(-1)^k(6k)!}{(3k)!\,k!^3}"
            r"\frac{13591409+545140134k}{640320^{3k+3/2}}",
            series["chudnovsky"],
            pi,
            True,
        ),
        (
            "machin",
            r"\pi=16\arctan\tfrac15-4\arctan\tfrac1{239}",
            series["machin"],
            pi,
            True,
        ),
        (
            "log-sine",
            r"\int_0^{\pi/2}\ln\sin x\,dx=-\frac\pi2\ln2",
            log_sine,
            -pi / 2 * mp.log(2),
            True,
        ),
        (
            "log-sine-squared",
            r"\int_0^{\pi/2}\ln^2(2\sin x)\,dx=\frac{\pi^3}{24}",
            log_square,
            pi**3 / 24,
            True,
        ),
        (
            "heegner",
            r"e^{\pi\sqrt{163}}\approx640320^3+744",
            heegner,
            mp.mpf(640320**3 + 744),
            False,
        ),
        (
            "first-term",
            r"\frac{9801}{2206\sqrt2}\approx\pi",
            first,
            pi,
            False,
        ),
    ]
    found = []
    for name, latex, left, right, exact in table:
        gap = abs(left - right)
        difference = float(mp.log10(gap)) if gap else -math.inf
        shown = (mp.nstr(left, places), mp.nstr(right, places))
        found.append(Identity(name, latex, *shown, difference, exact))
    return tuple(found)


@lru_cache(maxsize=16)
def _scaled_pi(places: int) -> int:
    """floor(10^places pi) up to a unit in the last place, by Chudnovsky's series."""
    guard = 10

    def split(first: int, last: int) -> tuple[int, int, int]:
        """P, Q, T of the terms first <= k < last."""
        if last - first == 1:
            if first == 0:
                p = q = 1
            else:
                p = (6 * first - 5) * (2 * first - 1) * (6 * first - 1)
                q = 10939058860032000 * first**3  # 640320^3 / 24
            t = p * (13591409 + 545140134 * first)
            return p, q, -t if first % 2 else t
        middle = (first + last) // 2
        p1, q1, t1 = split(first, middle)
        p2, q2, t2 = split(middle, last)
        return p1 * p2, q1 * q2, q2 * t1 + p1 * t2

    _, q, t = split(0, (places + guard) // 14 + 2)
    root = math.isqrt(10005 * 10 ** (2 * (places + guard)))
    scaled: int = q * 426880 * root // t // 10**guard
    return scaled


def _decimal(fraction: Fraction, places: int) -> str:
    """A positive fraction with `places` decimals, truncated."""
    whole, rest = divmod(fraction.numerator * 10**places // fraction.denominator, 10**places)
    return f"{whole}.{rest:0{places}d}"


def _pi_fraction(places: int) -> Fraction:
    return Fraction(_scaled_pi(places), 10**places)


def _terms_of_pi(terms: int) -> tuple[int, ...]:
    """Terms of the continued fraction that both neighbours of a decimal truncation agree on."""
    places = 40 + 13 * terms // 10  # a term costs about 1.03 digits
    while True:
        scaled = _scaled_pi(places)
        agreed: list[int] = []
        below, above = (_expand(scaled + shift, 10**places) for shift in (-1, 2))
        for a, b in zip(below, above, strict=False):
            if a != b or len(agreed) == terms:
                break
            agreed.append(a)
        if len(agreed) == terms:
            return tuple(agreed)
        places *= 2


def _expand(p: int, q: int) -> Iterator[int]:
    while q:
        term, rest = divmod(p, q)
        yield term
        p, q = q, rest


def _approximation(p: int, q: int) -> Approximation:
    """Measure p/q with enough digits that the error has at least fifteen of its own."""
    if q == 0:
        raise InputError(en="The denominator is 0. Choose at least 1.", zh="分母是 0，请至少取 1。")
    places = 2 * len(f"{q:x}") * 6 // 5 + 60  # hexadecimal length avoids the limit on decimals
    # Rounded up in steps, so that neighbours share one computation of pi.
    places = (places + 99) // 100 * 100
    difference = p * 10**places - _scaled_pi(places) * q
    log_error = math.log10(abs(difference)) - math.log10(q) - places
    log_q = math.log10(q)
    return Approximation(
        p,
        q,
        log_error,
        difference > 0,
        10 ** (2 * log_q + log_error) if 2 * log_q + log_error < 300 else math.inf,
        -log_error / log_q if q > 1 else math.nan,
    )


_DIGITS_PER_TERM = {
    "leibniz": 0.0,
    "machin": math.log10(25),
    "ramanujan": math.log10(396**4 / 4**4),
    "chudnovsky": math.log10(640320**3 / 1728),
}


def _terms_needed(name: str, places: int) -> int:
    return int(places / _DIGITS_PER_TERM[name]) + 12


def _nth_partial(name: str, terms: int, places: int) -> int:
    for i, partial in enumerate(_partial_results(name, places), start=1):
        if i == terms:
            return partial
    raise AssertionError("the series are endless")


def _partial_results(name: str, places: int) -> Iterator[int]:
    """Approximations of pi after 1, 2, … terms, scaled by 10^places, truncated."""
    guard = 10
    one: int = 10 ** (places + guard)
    if name == "leibniz":
        total = 0
        for k in count():
            total += (-1) ** k * 4 * one // (2 * k + 1)
            yield total // 10**guard
    elif name == "machin":
        total, fifth, other = 0, 16 * one // 5, 4 * one // 239
        for k in count():
            total += (-1) ** k * (fifth - other) // (2 * k + 1)
            fifth, other = fifth // 25, other // 57121
            yield total // 10**guard
    elif name == "ramanujan":
        # Terms (4k)! (1103 + 26390 k) / (k!^4 396^(4k)) over the number 9801 / (2 sqrt 2).
        root = math.isqrt(2 * one * one)
        total, factor = 0, one
        for k in count():
            total += factor * (1103 + 26390 * k)
            yield 9801 * one * one // (2 * root) * one // total // 10**guard
            up = (4 * k + 1) * (4 * k + 2) * (4 * k + 3) * (4 * k + 4)
            factor = factor * up // ((k + 1) ** 4 * 396**4)
    else:
        root = math.isqrt(10005 * one * one)
        total, size = 0, one
        for k in count():
            total += (-1) ** k * size * (13591409 + 545140134 * k)
            yield 426880 * root * one // total // 10**guard
            up = math.prod(6 * k + i for i in range(1, 7))
            down = math.prod(3 * k + i for i in range(1, 4)) * (k + 1) ** 3 * 640320**3
            size = size * up // down


def _context(places: int) -> Any:
    """A private mpmath context: the global one is shared between threads."""
    from mpmath.ctx_mp import MPContext  # type: ignore[import-untyped]

    mp = MPContext()
    mp.dps = places
    return mp
