"""Noise distributions: density, distribution function, quantiles, and where a quadrature must break.

Seven by name, and any density that a visitor types.
"""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from core.errors import InputError
from core.labs import formula
from core.labs._inputs import Array

Noise = Literal["gumbel", "normal", "logistic", "uniform", "laplace", "exponential", "cauchy"]
NOISES: tuple[Noise, ...] = (
    "gumbel",
    "normal",
    "logistic",
    "uniform",
    "laplace",
    "exponential",
    "cauchy",
)
DEVIATIONS = {  # standard deviations; the Cauchy has none
    "gumbel": math.pi / math.sqrt(6),
    "normal": 1.0,
    "logistic": math.pi / math.sqrt(3),
    "uniform": 1 / math.sqrt(3),
    "laplace": math.sqrt(2),
    "exponential": 1.0,
}
CUSTOM_WINDOW = 12.0  # a typed density is cut off beyond this distance


class Law(NamedTuple):
    """A noise distribution with what the quadrature needs to know about it."""

    density: Callable[[Array], Array]
    cumulative: Callable[[Array], Array]
    quantile: Callable[[Array], Array]
    breaks: Array  # ends, kinks and scale of the density, ascending


def law_of(noise: str) -> Law:
    """The noise of a name of `NOISES`, or of a density typed in x."""
    if noise not in NOISES:
        return _custom(noise)
    return _LAWS[noise]()


def _both_sides(*distances: float) -> Array:
    return np.unique([sign * d for d in distances for sign in (-1.0, 1.0)])


def _gumbel() -> Law:
    def density(x: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.exp(-x - np.exp(-x))

    def cumulative(x: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.exp(-np.exp(-x))

    breaks = np.array([-6.0, -4, -3, -2, -1, 0, 1, 2, 4, 6, 9, 13, 20, 28, 38])
    return Law(density, cumulative, lambda u: -np.log(-np.log(u)), breaks)


def _normal() -> Law:
    from scipy.special import ndtr, ndtri

    return Law(
        lambda x: np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi),
        ndtr,
        ndtri,
        _both_sides(0, 1, 2, 3, 4.5, 6, 8, 10),
    )


def _logistic() -> Law:
    from scipy.special import expit, logit

    return Law(
        lambda x: expit(x) * expit(-x),
        expit,
        logit,
        _both_sides(0, 1, 2, 3, 5, 8, 12, 18, 26, 38),
    )


def _uniform() -> Law:
    return Law(
        lambda x: np.where(np.abs(x) < 1, 0.5, 0.0),
        lambda x: np.clip(0.5 * (x + 1), 0.0, 1.0),
        lambda u: 2 * u - 1,
        np.array([-1.0, 1.0]),
    )


def _laplace() -> Law:
    return Law(
        lambda x: 0.5 * np.exp(-np.abs(x)),
        lambda x: (
            np.where(x < 0, 0.5, 0.0) * np.exp(-np.abs(x))
            + np.where(x < 0, 0.0, 1 - 0.5 * np.exp(-np.abs(x)))
        ),
        lambda u: np.where(u < 0.5, np.log(2 * u), -np.log(2 * (1 - u))),
        _both_sides(0, 1, 2, 4, 7, 12, 18, 26, 38),
    )


def _exponential() -> Law:
    return Law(
        lambda x: np.where(x < 0, 0.0, np.exp(-np.maximum(x, 0.0))),
        lambda x: -np.expm1(-np.maximum(x, 0.0)),
        lambda u: -np.log1p(-u),
        np.array([0.0, 1, 2, 4, 7, 12, 18, 26, 38]),
    )


def _cauchy() -> Law:
    return Law(
        lambda x: 1 / (math.pi * (1 + x * x)),
        lambda x: 0.5 + np.arctan(x) / math.pi,
        lambda u: np.tan(math.pi * (u - 0.5)),
        # The tails fall like 1/x^2: panels that double reach a neglected mass of 1e-13.
        _both_sides(0, 0.5, *2.0 ** np.arange(43)),
    )


_LAWS: dict[str, Callable[[], Law]] = {
    "gumbel": _gumbel,
    "normal": _normal,
    "logistic": _logistic,
    "uniform": _uniform,
    "laplace": _laplace,
    "exponential": _exponential,
    "cauchy": _cauchy,
}


def _custom(text: str) -> Law:
    """A density typed in x, tabulated with its integral between -12 and 12."""
    from scipy.interpolate import CubicHermiteSpline

    parsed = formula.parse(text, ("x",))
    edges = np.linspace(-CUSTOM_WINDOW, CUSTOM_WINDOW, 2401)
    nodes, weights = np.polynomial.legendre.leggauss(5)
    step = edges[1] - edges[0]
    inside = edges[:-1, None] + step * (1 + nodes) / 2
    heights, at_edges = parsed.value(inside), parsed.value(edges)
    if not (np.isfinite(heights).all() and np.isfinite(at_edges).all()) or (
        min(heights.min(), at_edges.min()) < 0
    ):
        raise InputError(
            en=f"{text:.40} is not a density: it is negative or undefined between -12 and 12. "
            f"Try exp(-x^2) or choose one of: {', '.join(NOISES)}.",
            zh=f"{text:.40} 不是密度：在 -12 到 12 之间为负或没有定义。可以试 exp(-x^2)，"
            f"或从这些里选：{', '.join(NOISES)}。",
        )
    cumulated = np.concatenate([[0.0], np.cumsum(heights @ weights * step / 2)])
    mass = cumulated[-1]
    if not 1e-12 < mass < 1e12:
        raise InputError(
            en=f"{text:.40} has the integral {mass:.3g} between -12 and 12, which cannot be "
            f"normalised. Choose a density that is larger or smaller there.",
            zh=f"{text:.40} 在 -12 到 12 之间的积分是 {mass:.3g}，无法归一化，请换一个密度。",
        )
    cumulated = cumulated / mass
    spline = CubicHermiteSpline(edges, cumulated, at_edges / mass)

    def cumulative(x: Array) -> Array:
        value: Array = spline(np.clip(x, -CUSTOM_WINDOW, CUSTOM_WINDOW))
        return np.clip(value, 0.0, 1.0)

    def density(x: Array) -> Array:
        within = np.abs(x) < CUSTOM_WINDOW
        return np.where(within, parsed.value(np.where(within, x, 0.0)) / mass, 0.0)

    rising = np.concatenate([[True], np.diff(cumulated) > 0])
    return Law(
        density,
        cumulative,
        lambda u: np.interp(u, cumulated[rising], edges[rising]),
        np.linspace(-CUSTOM_WINDOW, CUSTOM_WINDOW, 49),
    )
