r"""A chain of rigid links that falls and comes to rest, over flat ground or among planets.

The check of the closed forms in `core.labs.catenary`, and the only answer where there is none:
several planets. The links' masses sit at their middles. A fall with friction finds the valley;
Newton's method for positions and tensions together,

.. math:: \frac{T_{i+1}e_{i+1}-T_ie_i}\ell=\frac\ell2(\nabla V_i+\nabla V_{i+1}),
    \qquad |e_i|=\ell,

then solves for the rest position to rounding error. Units as in `core.labs.catenary`.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.labs import _inputs
from core.labs._inputs import Array
from core.labs.catenary import (
    REACH,
    PlanetChain,
    Point,
    Spiral,
    check_end,
    check_length,
    log_spiral,
    planet_radius,
    point_mass,
)

MAX_LINKS = 200
MAX_FRAMES = 240


@dataclass(frozen=True)
class Relaxation:
    """A chain of rigid links that falls, comes to rest and is then solved to rounding error."""

    frames: Array  # (frames, links + 1, 2)
    energies: Array  # (frames,)
    beads: Array  # (links + 1, 2), the equilibrium
    tension: Array  # (links,)
    energy: float
    residual: float  # largest unbalanced force at the equilibrium


@dataclass(frozen=True)
class PlanetComparison:
    """Curve, chain of links and spiral with the same ends and length."""

    curve: PlanetChain
    chain: Relaxation
    spiral: Spiral | None  # None when no spiral has this length
    deviation: float  # largest radial distance of a bead from the curve


def parse_planets(text: str) -> tuple[tuple[float, float, float], ...]:
    """Planets `x, y, k`, one a line or separated by semicolons; no planet means uniform gravity."""
    if len(text) > 1000:
        raise InputError(
            en=f"The list of planets has {len(text)} characters; at most 1000 are read.",
            zh=f"行星列表有 {len(text)} 个字符，最多读 1000 个，请缩短。",
        )
    found = []
    for line in re.split(r"[\n;；]", text):
        words = [word for word in re.split(r"[\s,，]+", line) if word]
        if not words:
            continue
        try:
            x, y, k = map(float, words)
        except ValueError:
            raise InputError(
                en=f"{line.strip()[:30]!r} is no planet. Write x, y, k, such as 0, -1, 1.",
                zh=f"{line.strip()[:30]!r} 不是一个行星，请写 x, y, k，例如 0, -1, 1。",
            ) from None
        found.append((x, y, k))
    return tuple(found)


def relax(
    first: Point,
    second: Point,
    length: float,
    *,
    planets: Sequence[tuple[float, float, float]] = (),
    gravity: float = 1.0,
    links: int = 60,
    frames: int = 60,
    seed: int = 0,
) -> Relaxation:
    """Let a chain of rigid links fall until it rests.

    Without `planets` gravity is uniform; otherwise each planet is `(x, y, k)`. The links' masses
    sit at their middles. The chain starts as a bent wire, moves with friction and keeps its link
    lengths exactly (a tridiagonal system per step); the rest position is then solved by Newton's
    method for positions and tensions together.
    """
    one, two = check_end(first), check_end(second)
    length = check_length(length, one, two, math.inf)
    links = _inputs.integer("number of links", links, 2, MAX_LINKS, zh="链节数")
    frames = _inputs.integer("number of frames", frames, 1, MAX_FRAMES, zh="帧数")
    field = _field(planets, gravity, one, two, length)
    rng = np.random.default_rng(_inputs.seed(seed))
    link = length / links
    x = _bent_wire(one, two, length, links, field)
    x[1:-1] += 0.02 * link * rng.standard_normal((links - 1, 2))
    x = _keep_lengths(x, link)
    v = np.zeros_like(x)
    shots, energies = [x], [_energy(x, link, field)]
    for _ in range(frames - 1):
        for _ in range(8):
            force = _force(x, link, field)[0]
            pull = float(np.abs(force).max()) / link + 1e-12
            dt = 0.02 * math.sqrt(length / pull)
            v[1:-1] = 0.96 * v[1:-1] + dt * force / link
            moved = x.copy()
            moved[1:-1] += np.clip(dt * v[1:-1], -link, link)
            moved = _keep_lengths(moved, link)
            v, x = (moved - x) / dt, moved
        shots.append(x)
        energies.append(_energy(x, link, field))
    beads, tension, residual = _equilibrium(x, link, field)
    return Relaxation(
        np.stack(shots),
        np.array(energies),
        beads,
        tension,
        _energy(beads, link, field),
        residual,
    )


def compare_on_planet(
    first: Point, second: Point, length: float, *, k: float = 1.0, links: int = 60, seed: int = 0
) -> PlanetComparison:
    """Curve, chain and spiral: which of them has the lowest energy?"""
    curve = point_mass(first, second, length, k=k)
    chain = relax(first, second, length, planets=((0.0, 0.0, k),), links=links, seed=seed)
    radius = np.hypot(*chain.beads.T)
    angles = np.arctan2(chain.beads[:, 1], chain.beads[:, 0])
    deviation = float(np.abs(radius - planet_radius(curve, angles)).max())
    return PlanetComparison(curve, chain, log_spiral(first, second, length, k=k), deviation)


# A field gives, for points (n, 2), the potential (n,), its gradient (n, 2) and Hessian (n, 2, 2).
_Field = Callable[[Array], tuple[Array, Array, Array]]


def _field(
    planets: Sequence[tuple[float, float, float]],
    gravity: float,
    one: Array,
    two: Array,
    length: float,
) -> _Field:
    if not planets:
        strength = _inputs.number("gravity", gravity, 1e-3, 1e3, zh="重力")

        def flat(x: Array) -> tuple[Array, Array, Array]:
            slope = np.zeros_like(x)
            slope[:, 1] = strength
            return strength * x[:, 1], slope, np.zeros((len(x), 2, 2))

        return flat
    if len(planets) > 8:
        raise InputError(
            en=f"{len(planets)} planets are too many. Use at most 8.",
            zh=f"{len(planets)} 个行星太多，最多 8 个。",
        )
    table = np.stack(
        [_inputs.vector("planet", p, sizes=(3, 3), bounds=(-2e4, 1e9), zh="行星") for p in planets]
    )
    if (table[:, 2] <= 0).any():
        raise InputError(
            en="A planet's k must be positive. Raise it.",
            zh="行星的 k 须为正，请增大。",
        )
    for centre in table[:, :2]:
        total = float(np.hypot(*(one - centre)) + np.hypot(*(two - centre)))
        check_length(length, one, two, REACH * total)

    def attracted(x: Array) -> tuple[Array, Array, Array]:
        offset = x[:, None, :] - table[:, :2]  # (n, planets, 2)
        r2 = (offset**2).sum(axis=-1)
        k = table[:, 2]
        potential = -(k / np.sqrt(r2)).sum(axis=1)
        weight = k / r2**1.5
        slope = (weight[..., None] * offset).sum(axis=1)
        outer = offset[..., :, None] * offset[..., None, :]
        curve = weight[..., None, None] * (np.eye(2) - 3 * outer / r2[..., None, None])
        return potential, slope, curve.sum(axis=1)

    return attracted


def _bent_wire(one: Array, two: Array, length: float, links: int, field: _Field) -> Array:
    """Beads along two straight arms of the chain's length, bent towards the lower potential."""
    chord = float(np.hypot(*(two - one)))
    arm = max(0.3 * length, length / 2 - 0.45 * chord)
    along = (two - one) / chord
    across = np.array([-along[1], along[0]])
    foot = (arm**2 - (length - arm) ** 2 + chord**2) / (2 * chord)
    height = math.sqrt(max(arm**2 - foot**2, 0.0))
    corners = np.stack([one + foot * along + side * height * across for side in (1, -1)])
    potential = field(corners)[0]
    # With equal potentials (a vertical chain) either side will do.
    corner = corners[int(np.argmin(potential))]
    s = np.linspace(0, length, links + 1)
    return np.stack(
        [np.interp(s, [0, arm, length], [one[axis], corner[axis], two[axis]]) for axis in range(2)],
        axis=1,
    )


def _energy(x: Array, link: float, field: _Field) -> float:
    return float(link * field((x[1:] + x[:-1]) / 2)[0].sum())


def _force(x: Array, link: float, field: _Field) -> tuple[Array, Array]:
    """Forces on the inner beads `(links - 1, 2)` and the potential's Hessian per link."""
    _, slope, curve = field((x[1:] + x[:-1]) / 2)
    return -link * (slope[1:] + slope[:-1]) / 2, curve


def _keep_lengths(x: Array, link: float) -> Array:
    """Move the inner beads as little as possible so that every link has its length."""
    from scipy.linalg import solve_banded

    x = x.copy()
    free = np.full(len(x), 1.0)
    free[[0, -1]] = 0.0
    for _ in range(12):
        e = np.diff(x, axis=0)
        square = (e**2).sum(axis=1)
        miss = square - link**2
        if np.abs(miss).max() < 1e-10 * link**2:
            break
        bands = np.zeros((3, len(e)))
        bands[1] = 4 * square * (free[1:] + free[:-1])
        inner = -4 * (e[1:] * e[:-1]).sum(axis=1)
        bands[0, 1:] = bands[2, :-1] = inner
        bands[1] += 1e-12 * link**2
        push = solve_banded((1, 1), bands, miss, check_finite=False)
        shift = 2 * push[:, None] * e
        shift *= min(1.0, 0.5 * link / (np.abs(shift).max() + 1e-300))
        x[1:-1] += shift[1:] - shift[:-1]
    return x


def _equilibrium(x: Array, link: float, field: _Field) -> tuple[Array, Array, float]:
    """Beads, tensions and largest unbalanced force, by Newton's method with backtracking.

    Unknown are the inner beads and one tension per link; the equations are the balance of forces
    and the lengths of the links.
    """
    inner = len(x) - 2
    e = np.diff(x, axis=0)

    def residual(x: Array, tension: Array) -> Array:
        e = np.diff(x, axis=0)
        pull = tension[:, None] * e / link
        balance = _force(x, link, field)[0] + pull[1:] - pull[:-1]
        lengths = ((e**2).sum(axis=1) - link**2) / (2 * link)
        return np.concatenate([balance.ravel(), lengths])

    # Tensions that balance the forces best where the chain is now.
    system = np.zeros((inner, 2, len(e)))
    for i in range(inner):
        system[i, :, i + 1], system[i, :, i] = e[i + 1] / link, -e[i] / link
    tension = np.linalg.lstsq(
        system.reshape(2 * inner, -1), -_force(x, link, field)[0].ravel(), rcond=None
    )[0]
    now = residual(x, tension)
    for _ in range(60):
        size = float(np.abs(now).max())
        if size < 1e-13:
            break
        e = np.diff(x, axis=0)
        curve = _force(x, link, field)[1]
        matrix = np.zeros((2 * inner + len(e), 2 * inner + len(e)))
        # Link i joins beads i and i + 1; inner bead j occupies the columns 2j - 2 and 2j - 1.
        for i in range(len(e)):
            stiff = tension[i] / link * np.eye(2)
            soft = link / 4 * curve[i]
            direction = e[i] / link
            row = 2 * inner + i
            for bead, sign in ((i, -1.0), (i + 1, 1.0)):
                if not 1 <= bead <= inner:
                    continue
                block = slice(2 * bead - 2, 2 * bead)
                matrix[block, block] -= stiff + soft
                matrix[block, row] -= sign * direction
                matrix[row, block] += sign * direction
                other = 2 * i + 1 - bead
                if 1 <= other <= inner:
                    matrix[block, slice(2 * other - 2, 2 * other)] += stiff - soft
        step = np.linalg.lstsq(matrix, -now, rcond=None)[0]
        scale = 1.0
        while scale > 1e-6:
            trial = x.copy()
            trial[1:-1] += scale * step[: 2 * inner].reshape(-1, 2)
            trial_tension = tension + scale * step[2 * inner :]
            new = residual(trial, trial_tension)
            if np.linalg.norm(new) < (1 - 1e-4 * scale) * np.linalg.norm(now):
                break
            scale /= 2
        else:
            break
        x, tension, now = trial, trial_tension, new
    return x, tension, float(np.abs(now[: 2 * inner]).max())
