r"""A hanging chain over flat ground and above a planet: the right curves and two famous mistakes.

Uniform gravity, after https://kexue.fm/archives/1128: :math:`y=a\cosh\frac{x-b}a+c`, fitted here to
two ends and a length.

Point mass, corrected after https://kexue.fm/archives/1361. That post minimises
:math:`-k\int ds/r` without the multiplier that keeps the length and finds the logarithmic spiral
:math:`r=Ae^{B|\theta|}` with a kink. The hanging chain has tension :math:`T=\lambda-k/r` and
constant torque :math:`Tr\sin\phi=C`, hence with :math:`u=1/r`

.. math:: u'^2=\frac{(\lambda-ku)^2}{C^2}-u^2 .

With the lowest point :math:`r_0` at :math:`\theta_0`, :math:`m=C/k` and :math:`q=m^{-2}-1` (of any
sign) its solutions are one family,

.. math:: \frac{r_0}r=1-\frac{1+m}m\,\frac{\cosh(\sqrt q(\theta-\theta_0))-1}q,
    \qquad \lambda=\frac{k(1+m)}{r_0},

which contains the three forms :math:`C<k,\ C=k,\ C>k` of the textbook and the straight line
(:math:`m\to\infty`). Because :math:`\frac d{ds}(T\,t\cdot r)=T+k/r=\lambda`, the arc from the lowest
point is :math:`s=\sqrt{(\lambda r-k)^2-C^2}/\lambda`, and the energy is
:math:`-k(\Delta\tau-\Delta\theta/m)` with :math:`\lambda s=C\sinh\tau`. A chain as long as
:math:`r_1+r_2` reaches the planet, where its energy has no lower bound.

Lengths are in the units of the ends; the chain has mass one per length, and :math:`k=GM`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.labs import _inputs
from core.labs._inputs import Array

Point = tuple[float, float]

_SLACK = 1.0005  # the shortest chain, relative to the distance of its ends
REACH = 0.995  # the longest chain near a planet, relative to the sum of the ends' distances


@dataclass(frozen=True)
class UniformChain:
    """y = a cosh((x - b) / a) + c under gravity of strength `gravity` in the direction of -y."""

    a: float
    b: float
    c: float
    points: Array  # (n, 2), equally spaced along the chain, from left to right
    arc: Array  # (n,), arc length from the left end
    tension: Array  # (n,), gravity * (y - c)
    energy: float  # gravity * integral of y ds


@dataclass(frozen=True)
class Parabola:
    """y = a (x - b)^2 + c with the same ends and length: the shape Galileo took for the chain's."""

    a: float
    b: float
    c: float
    points: Array  # (n, 2), equally spaced sideways, from left to right
    energy: float


@dataclass(frozen=True)
class PlanetChain:
    """The chain above a point mass at the origin."""

    lowest: float  # r0
    angle: float  # theta0, radians, anticlockwise from the x-axis
    torque: float  # C
    multiplier: float  # lambda
    ratio: float  # m = C / k
    points: Array  # (n, 2), equally spaced along the chain, from the first end to the second
    arc: Array
    tension: Array  # lambda - k / r, positive
    energy: float


@dataclass(frozen=True)
class Spiral:
    """The curve r = A exp(B |theta - theta0|) of 2011 with the same ends and length."""

    a: float
    b: float
    angle: float  # of the kink, radians
    points: Array  # (n, 2)
    energy: float


@dataclass(frozen=True)
class RadiusLimit:
    """How the chain above a planet approaches the hyperbolic cosine as the planet grows."""

    radii: Array
    deviation: Array  # largest vertical distance between the two curves
    flat: Array  # (n, 2), the hyperbolic cosine, heights from the ends
    curved: tuple[Array, ...]  # (n, 2) each, above the planet of each radius


def uniform(
    left: Point, right: Point, length: float, *, gravity: float = 1.0, points: int = 200
) -> UniformChain:
    r"""The chain between two ends under uniform gravity.

    With width :math:`d`, rise :math:`v` and length :math:`L`,
    :math:`2a\sinh\frac d{2a}=\sqrt{L^2-v^2}` fixes :math:`a`, and the middle of the two ends lies
    :math:`a\operatorname{artanh}(v/L)` to the right of :math:`b`.
    """
    from scipy.optimize import brentq

    first, second = check_end(left), check_end(right)
    if first[0] > second[0]:
        first, second = second, first
    gravity = _inputs.number("gravity", gravity, 1e-3, 1e3, zh="重力")
    points = _inputs.integer("number of points", points, 2, 5000, zh="点数")
    width, rise = second - first
    length = check_length(length, first, second, math.inf)
    length = _spread(length, width)
    excess = math.log(math.sqrt(length**2 - rise**2) / width)

    def miss(z: float) -> float:  # ln(sinh z / z) - excess, without overflow
        return z + math.log(-math.expm1(-2 * z) / (2 * z)) - excess

    z = brentq(miss, 1e-3, 2 * excess + 20, xtol=1e-15, rtol=1e-15)
    a = width / (2 * z)
    b = (first[0] + second[0]) / 2 - a * math.atanh(rise / length)
    t0, t1 = (first[0] - b) / a, (second[0] - b) / a
    c = first[1] - a * math.cosh(t0)
    arc = np.linspace(0, length, points)
    from_lowest = a * math.sinh(t0) + arc
    x = b + a * np.arcsinh(from_lowest / a)
    height = np.hypot(a, from_lowest)  # a cosh((x - b) / a)
    energy = a**2 * ((t1 - t0) / 2 + (math.sinh(2 * t1) - math.sinh(2 * t0)) / 4) + c * length
    return UniformChain(
        a, b, c, np.stack([x, height + c], axis=1), arc, gravity * height, gravity * energy
    )


def parabola(
    left: Point, right: Point, length: float, *, gravity: float = 1.0, points: int = 200
) -> Parabola:
    r"""The parabola with these ends and this length, and the energy a chain would have on it.

    The slope :math:`s=2a(x-b)` runs from :math:`\bar s-h` to :math:`\bar s+h` with
    :math:`\bar s=v/d`; :math:`h` follows from
    :math:`L=\frac d{2h}\int\sqrt{1+s^2}\,ds`.
    """
    from scipy.optimize import brentq

    first, second = check_end(left), check_end(right)
    if first[0] > second[0]:
        first, second = second, first
    gravity = _inputs.number("gravity", gravity, 1e-3, 1e3, zh="重力")
    points = _inputs.integer("number of points", points, 2, 5000, zh="点数")
    width, rise = second - first
    length = _spread(check_length(length, first, second, math.inf), width)
    mean = rise / width

    def plain(s: float) -> float:  # integral of sqrt(1 + s^2)
        return (s * math.hypot(1, s) + math.asinh(s)) / 2

    def squared(s: float) -> float:  # integral of s^2 sqrt(1 + s^2)
        return (s * (2 * s * s + 1) * math.hypot(1, s) - math.asinh(s)) / 8

    def excess(h: float) -> float:
        return float(width * (plain(mean + h) - plain(mean - h)) / (2 * h) - length)

    h = brentq(excess, 1e-6, 4 * length / width, xtol=1e-14, rtol=1e-14)
    a = h / width
    b = first[0] - (mean - h) / (2 * a)
    c = first[1] - (mean - h) ** 2 / (4 * a)
    x = np.linspace(first[0], second[0], points)
    moment = (squared(mean + h) - squared(mean - h)) / (8 * a * a)
    return Parabola(
        a,
        float(b),
        float(c),
        np.stack([x, a * (x - b) ** 2 + c], axis=1),
        gravity * float(moment + c * length),
    )


def point_mass(
    first: Point, second: Point, length: float, *, k: float = 1.0, points: int = 200
) -> PlanetChain:
    """The hanging chain between two ends above a point mass at the origin.

    For every m one lowest angle fits the directions and distances of the ends; m is then found by
    its length, which falls from r1 + r2 to the straight distance as m grows. Raises `InputError`
    for a chain that is too short, or long enough to reach the planet, or whose ends face each
    other across it.
    """
    from scipy.optimize import brentq

    one, two = check_end(first), check_end(second)
    k = _inputs.number("k", k, 1e-3, 1e9, zh="k")
    points = _inputs.integer("number of points", points, 2, 5000, zh="点数")
    r1, r2, theta1, span, sense = _polar(one, two)
    length = check_length(length, one, two, REACH * (r1 + r2))

    def widest(log_m: float) -> float:
        return _angle(0.0, math.exp(log_m))

    # Below this m the curve escapes to infinity before it has turned by half the span.
    low = brentq(lambda x: widest(x) - span / 2, -20.0, 20.0, xtol=1e-14)
    low += 1e-9

    def fitted(log_m: float) -> tuple[float, float]:
        """Angle of the lowest point, from the first end on, and its distance r0."""
        m, reach = math.exp(log_m), widest(log_m)
        margin = 1e-12 + 1e-9 * (2 * reach - span)

        def imbalance(angle: float) -> float:
            return math.log(_ratio(-angle, m) / _ratio(span - angle, m) * r1 / r2)

        angle = brentq(imbalance, span - reach + margin, reach - margin, xtol=1e-14)
        return angle, r1 * _ratio(-angle, m)

    def arcs(log_m: float) -> tuple[float, float]:
        """Signed arc lengths from the lowest point to both ends."""
        angle, r0 = fitted(log_m)
        m = math.exp(log_m)
        return (
            math.copysign(_arc(r1, r0, m), -angle),
            math.copysign(_arc(r2, r0, m), span - angle),
        )

    def excess(log_m: float) -> float:
        s1, s2 = arcs(log_m)
        return s2 - s1 - length

    try:
        log_m = brentq(excess, low, 16.0, xtol=1e-13)
    except ValueError:
        raise InputError(
            en=f"No hanging chain of length {length:.4g} was found between these ends. "
            f"Change the length a little or move an end.",
            zh=f"在这两端之间找不到长 {length:.4g} 的悬链，请略改长度或移动一端。",
        ) from None
    angle, r0 = fitted(log_m)
    m = math.exp(log_m)
    s1, s2 = arcs(log_m)
    s = np.linspace(s1, s2, points)
    r = r0 * (1 + np.sqrt(m**2 + ((1 + m) * s / r0) ** 2)) / (1 + m)
    theta = theta1 + sense * (angle + np.sign(s) * np.array([_angle(r0 / x, m) for x in r]))
    tau1, tau2 = (math.asinh((1 + m) * s / (m * r0)) for s in (s1, s2))
    multiplier = k * (1 + m) / r0
    return PlanetChain(
        lowest=r0,
        angle=theta1 + sense * angle,
        torque=k * m,
        multiplier=multiplier,
        ratio=m,
        points=_cartesian(r, theta),
        arc=s - s1,
        tension=multiplier - k / r,
        energy=-k * (tau2 - tau1 - span / m),
    )


def planet_radius(chain: PlanetChain, angles: Array) -> Array:
    """Distance from the planet of a chain's curve (extended beyond its ends) at polar `angles`."""
    turned = np.angle(np.exp(1j * (angles - chain.angle)))
    return chain.lowest / np.array([_ratio(float(t), chain.ratio) for t in turned])


def log_spiral(
    first: Point, second: Point, length: float, *, k: float = 1.0, points: int = 200
) -> Spiral | None:
    r"""The 2011 post's curve with these ends and this length, or None if there is none.

    The kink lies where both branches meet,
    :math:`\theta_0=\frac{\theta_1+\theta_2}2+\frac{\ln(r_1/r_2)}{2B}`; the length is
    :math:`\frac{\sqrt{1+B^2}}B(r_1+r_2-2A)` with :math:`A=\sqrt{r_1r_2}e^{-B\Delta\theta/2}`, and
    the energy :math:`-k\sqrt{1+B^2}\,\Delta\theta`.
    """
    from scipy.optimize import brentq

    one, two = check_end(first), check_end(second)
    k = _inputs.number("k", k, 1e-3, 1e9, zh="k")
    points = _inputs.integer("number of points", points, 2, 5000, zh="点数")
    r1, r2, theta1, span, sense = _polar(one, two)
    length = check_length(length, one, two, REACH * (r1 + r2))

    def excess(b: float) -> float:
        a = math.sqrt(r1 * r2) * math.exp(-b * span / 2)
        return math.sqrt(1 + b * b) / b * (r1 + r2 - 2 * a) - length

    # The kink must lie between the ends. Of two solutions the deeper has the lower energy.
    least = max(abs(math.log(r1 / r2)) / span, 1e-6)
    trial = np.geomspace(least, least + 1e3, 2000)
    signs = np.array([excess(b) for b in trial]) > 0
    rising = np.flatnonzero(~signs[:-1] & signs[1:])
    if not len(rising):
        return None
    b = brentq(excess, trial[rising[0]], trial[rising[0] + 1], xtol=1e-14)
    a = math.sqrt(r1 * r2) * math.exp(-b * span / 2)
    kink = span / 2 + math.log(r1 / r2) / (2 * b)
    theta = np.union1d(np.linspace(0, span, points), kink)
    return Spiral(
        a,
        b,
        theta1 + sense * kink,
        _cartesian(a * np.exp(b * np.abs(theta - kink)), theta1 + sense * theta),
        -k * math.sqrt(1 + b * b) * span,
    )


def radius_limit(
    *, width: float = 1.0, length: float = 1.3, radii: Sequence[float] = (2, 4, 8, 16, 32, 64)
) -> RadiusLimit:
    """Two ends at the height of the surface, gravity one there: the planet's curve against cosh."""
    width = _inputs.number("width", width, 0.01, 10, zh="宽度")
    sizes = _inputs.vector("list of radii", radii, sizes=(1, 20), bounds=(width, 1e4), zh="半径列")
    flat = uniform((-width / 2, 0.0), (width / 2, 0.0), length)
    curves, deviation = [], []
    for radius in sizes:
        height = math.sqrt(radius**2 - width**2 / 4)
        ends = (-width / 2, height), (width / 2, height)
        chain = point_mass(*ends, length, k=float(radius) ** 2, points=400)
        curve = chain.points - [0.0, height]
        at = np.interp(flat.points[:, 0], *curve.T)
        curves.append(curve)
        deviation.append(float(np.abs(at - flat.points[:, 1]).max()))
    return RadiusLimit(sizes, np.array(deviation), flat.points, tuple(curves))


def _ratio(theta: float, m: float) -> float:
    """r0 / r at an angle from the lowest point."""
    q = 1 / m**2 - 1
    z = q * theta**2
    if abs(z) < 1e-4:
        series = 0.5 + z / 24 + z**2 / 720
    elif z > 0:
        series = 2 * math.sinh(math.sqrt(z) / 2) ** 2 / z
    else:
        series = -2 * math.sin(math.sqrt(-z) / 2) ** 2 / z
    return 1 - (1 + m) / m * theta**2 * series


def _spread(length: float, width: float) -> float:
    """`length`, if the ends are far enough apart sideways for it."""
    if width < 1e-3 * length:
        raise InputError(
            en=f"The ends are only {width:.3g} apart sideways for a chain of {length:.4g}. "
            f"Move one end sideways or shorten the chain.",
            zh=f"两端的水平距离只有 {width:.3g}，而链长 {length:.4g}，请把一端向旁边移或缩短链条。",
        )
    return length


def _angle(ratio: float, m: float) -> float:
    """The angle from the lowest point at which r0 / r = `ratio`; the inverse of `_ratio`."""
    q = 1 / m**2 - 1
    y = max(1 - ratio, 0.0) * m / (1 + m)
    z = q * y / 2
    if abs(z) < 1e-4:
        factor = 1 - z / 6 + 3 * z**2 / 40
    elif z > 0:
        factor = math.asinh(math.sqrt(z)) / math.sqrt(z)
    else:
        factor = math.asin(math.sqrt(min(-z, 1.0))) / math.sqrt(-z)
    return math.sqrt(2 * y) * factor


def _arc(r: float, r0: float, m: float) -> float:
    """Arc length between the lowest point and distance r."""
    inner = (1 + m) * r / r0 - 1
    return r0 * math.sqrt(max((inner - m) * (inner + m), 0.0)) / (1 + m)


def _cartesian(r: Array, theta: Array) -> Array:
    return np.stack([r * np.cos(theta), r * np.sin(theta)], axis=1)


def _polar(one: Array, two: Array) -> tuple[float, float, float, float, float]:
    """Distances of both ends, direction of the first, angle to the second and its sense.

    The sense is +1 when the second end lies anticlockwise; curves are found for that case and
    turned the other way round if need be.
    """
    r1, r2 = float(np.hypot(*one)), float(np.hypot(*two))
    if min(r1, r2) < 0.05:
        raise InputError(
            en=f"An end is {min(r1, r2):.3g} from the planet's centre. Keep at least 0.05 away.",
            zh=f"有一端离行星中心只有 {min(r1, r2):.3g}，请至少离开 0.05。",
        )
    theta1 = math.atan2(one[1], one[0])
    span = math.remainder(math.atan2(two[1], two[0]) - theta1, 2 * math.pi)
    if not 0.01 <= abs(span) <= 3.0:
        raise InputError(
            en=f"Seen from the planet the ends are {math.degrees(abs(span)):.3g} degrees apart; "
            f"between 0.6 and 171 can be solved. Move an end.",
            zh=f"从行星看两端相隔 {math.degrees(abs(span)):.3g} 度，只能解 0.6 到 171 度，请移动一端。",
        )
    return r1, r2, theta1, abs(span), math.copysign(1.0, span)


def check_end(point: Point) -> Array:
    return _inputs.vector("end of the chain", point, sizes=(2, 2), bounds=(-2e4, 2e4), zh="端点")


def check_length(length: float, one: Array, two: Array, longest: float) -> float:
    chord = float(np.hypot(*(two - one)))
    if chord < 1e-6:
        raise InputError(
            en="Both ends are at the same place. Move them apart.",
            zh="两端在同一处，请把它们分开。",
        )
    if not chord * _SLACK <= float(length) <= min(1000 * chord, longest):
        reason, reason_zh = ("", "")
        if float(length) > longest:
            reason = "; a longer chain falls onto the planet"
            reason_zh = "，再长就会落到行星上"
        raise InputError(
            en=f"A chain of length {float(length):.5g} cannot hang here; it must be between "
            f"{chord * _SLACK:.5g} and {min(1000 * chord, longest):.5g}{reason}. "
            f"Change the length or move an end.",
            zh=f"长 {float(length):.5g} 的链条挂不住，须在 {chord * _SLACK:.5g} 到 "
            f"{min(1000 * chord, longest):.5g} 之间{reason_zh}，请改长度或移动一端。",
        )
    return float(length)
