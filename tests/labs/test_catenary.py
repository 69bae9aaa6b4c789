"""Hanging chains: closed forms against the equations they solve and against chains of links."""

import math

import numpy as np
import pytest

from core.errors import InputError
from core.labs import catenary, chain_of_links

# The case of the specification: ends at distance 2 and angles of 0.6, length 1.15 chords, k = 1.
LEFT = (2 * math.cos(0.6), -2 * math.sin(0.6))
RIGHT = (2 * math.cos(0.6), 2 * math.sin(0.6))
LENGTH = 1.15 * 4 * math.sin(0.6)


def random_planet_case(rng: np.random.Generator):
    r1, r2 = np.exp(rng.uniform(-1, 1.5, 2))
    turn, span = rng.uniform(-3, 3), rng.uniform(0.05, 2.9) * rng.choice([-1, 1])
    one = (r1 * math.cos(turn), r1 * math.sin(turn))
    two = (r2 * math.cos(turn + span), r2 * math.sin(turn + span))
    low, high = 1.001 * math.dist(one, two), 0.99 * (r1 + r2)
    return (one, two, rng.uniform(low, high)) if low < high else None


def test_uniform_chain_meets_its_ends_and_length() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        left, right = rng.uniform(-2, 0, 2), rng.uniform(0.1, 2, 2)
        length = math.dist(left, right) * (1.001 + rng.exponential(1.0))
        chain = catenary.uniform(tuple(left), tuple(right), length, gravity=2.0)
        scale = 1e-9 * length
        np.testing.assert_allclose(chain.points[0], left, atol=scale)
        np.testing.assert_allclose(chain.points[-1], right, atol=scale)
        y = chain.a * np.cosh((chain.points[:, 0] - chain.b) / chain.a) + chain.c
        np.testing.assert_allclose(chain.points[:, 1], y, atol=1e-8 * length)
        middle = (chain.points[1:, 1] + chain.points[:-1, 1]) / 2
        assert chain.energy == pytest.approx(2 * middle.mean() * length, abs=2e-3 * length**2)
        np.testing.assert_allclose(chain.tension, 2 * (chain.points[:, 1] - chain.c), atol=scale)


def test_the_parabola_has_ends_and_length_and_never_the_lower_energy() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        left, right = rng.uniform(-2, 0, 2), rng.uniform(0.1, 2, 2)
        length = math.dist(left, right) * (1.01 + rng.exponential(0.7))
        curve = catenary.parabola(tuple(left), tuple(right), length, gravity=2.0, points=4000)
        np.testing.assert_allclose(curve.points[[0, -1]], [left, right], atol=1e-8 * length)
        steps = np.diff(curve.points, axis=0)
        segments = np.hypot(*steps.T)
        assert segments.sum() == pytest.approx(length, rel=1e-4)
        middle = (curve.points[1:, 1] + curve.points[:-1, 1]) / 2
        assert 2 * (segments * middle).sum() == pytest.approx(curve.energy, abs=1e-3 * length**2)
        chain = catenary.uniform(tuple(left), tuple(right), length, gravity=2.0)
        assert curve.energy >= chain.energy - 1e-9


def test_uniform_chain_against_links() -> None:
    exact = catenary.uniform((-1, 0), (1, 0.3), 3.0)
    energies, deviations = [], []
    for links in (15, 30, 60):
        chain = chain_of_links.relax((1, 0.3), (-1, 0), 3.0, links=links)
        assert chain.residual < 1e-10
        energies.append(abs(chain.energy - exact.energy))
        y = exact.a * np.cosh((chain.beads[:, 0] - exact.b) / exact.a) + exact.c
        deviations.append(np.abs(chain.beads[:, 1] - y).max())
    # Both fall with the square of the link's length.
    assert energies[0] / energies[2] == pytest.approx(16, rel=0.1)
    assert deviations[0] / deviations[2] == pytest.approx(16, rel=0.2)


@pytest.mark.parametrize("ratio", [0.05, 0.4, 0.97, 1.0, 1.02, 3.0, 50.0])
def test_the_family_solves_the_first_order_equation(ratio: float) -> None:
    """u'^2 = ((lambda - k u) / C)^2 - u^2 to 1e-9, and the three textbook forms agree."""
    k, r0 = 1.7, 0.9
    c, multiplier = ratio * k, k * (1 + ratio) / r0
    q = 1 / ratio**2 - 1
    for theta in np.linspace(0, 0.8 * catenary._angle(0.0, ratio), 30):
        u = catenary._ratio(theta, ratio) / r0
        root = np.sqrt(complex(q)) * theta
        slope = -(1 + ratio) / ratio * theta * (np.sinh(root) / root if root else 1) / r0
        residual = abs(slope) ** 2 - ((multiplier - k * u) / c) ** 2 + u**2
        assert abs(residual) < 1e-9 * max(1.0, abs(slope) ** 2)
        omega = math.sqrt(abs(q))
        if ratio < 1:
            form = multiplier * (k - c * math.cosh(omega * theta)) / (k**2 - c**2)
        elif ratio > 1:
            form = multiplier * (c * math.cos(omega * theta) - k) / (c**2 - k**2)
        else:
            form = multiplier / (2 * c) * (1 - theta**2)
        assert u == pytest.approx(form, rel=1e-9)
        assert catenary._angle(r0 * u, ratio) == pytest.approx(theta, abs=1e-7)


def test_planet_chain_converges_on_every_random_case() -> None:
    """Ends to 1e-9, length by summing chords, positive tension, torque T r sin(phi) = C."""
    rng = np.random.default_rng(1)
    for case in filter(None, (random_planet_case(rng) for _ in range(250))):
        one, two, length = case
        chain = catenary.point_mass(one, two, length, points=400)
        np.testing.assert_allclose(chain.points[0], one, atol=1e-9)
        np.testing.assert_allclose(chain.points[-1], two, atol=1e-9)
        steps = np.diff(chain.points, axis=0)
        assert np.hypot(*steps.T).sum() == pytest.approx(length, rel=5e-3)
        assert chain.tension.min() > 0
        radius = np.hypot(*chain.points.T)
        np.testing.assert_allclose(
            catenary.planet_radius(chain, np.arctan2(*chain.points.T[::-1])), radius, rtol=1e-6
        )


def test_planet_chain_against_links_and_the_spiral() -> None:
    """The specification's case: agreement to 1.2e-4, energies -1.8770 and -1.7626, tension 0.62."""
    found = chain_of_links.compare_on_planet(LEFT, RIGHT, LENGTH)
    assert found.deviation < 1.2e-4
    assert found.chain.residual < 1e-10
    assert found.chain.energy == pytest.approx(-1.8770, abs=5e-5)
    assert found.curve.energy == pytest.approx(found.chain.energy, abs=2e-4)
    assert found.spiral is not None
    assert found.spiral.energy == pytest.approx(-1.7626, abs=5e-5)
    assert found.curve.tension.min() == pytest.approx(0.62, abs=5e-3)
    middle = (found.curve.points[1:] + found.curve.points[:-1]) / 2
    segments = np.hypot(*np.diff(found.curve.points, axis=0).T)
    assert -(segments / np.hypot(*middle.T)).sum() == pytest.approx(found.curve.energy, abs=1e-4)


def test_the_spiral_has_ends_and_length_and_never_the_lower_energy() -> None:
    rng = np.random.default_rng(2)
    seen = 0
    for case in filter(None, (random_planet_case(rng) for _ in range(120))):
        one, two, length = case
        spiral = catenary.log_spiral(one, two, length, points=4000)
        if spiral is None:
            continue
        seen += 1
        np.testing.assert_allclose(spiral.points[[0, -1]], [one, two], atol=1e-9)
        segments = np.diff(spiral.points, axis=0)
        assert np.hypot(*segments.T).sum() == pytest.approx(length, rel=1e-3)
        assert spiral.energy >= catenary.point_mass(one, two, length).energy - 1e-9
    assert seen > 30


def test_a_large_planet_gives_the_hyperbolic_cosine() -> None:
    """The deviation halves when the radius doubles."""
    limit = catenary.radius_limit()
    ratios = limit.deviation[:-1] / limit.deviation[1:]
    np.testing.assert_allclose(ratios[2:], 2, rtol=0.05)
    assert limit.deviation[-1] < 5e-4


def test_relaxation_is_a_film_of_rigid_links() -> None:
    chain = chain_of_links.relax((-1, 0), (1, 0.3), 3.0, links=30, frames=20, seed=5)
    assert chain.frames.shape == (20, 31, 2)
    lengths = np.hypot(*np.moveaxis(np.diff(chain.frames, axis=1), -1, 0))
    np.testing.assert_allclose(lengths, 0.1, rtol=1e-6)
    np.testing.assert_array_equal(chain.frames[:, 0], np.tile([-1.0, 0.0], (20, 1)))
    assert chain.energies[-1] < chain.energies[0]
    assert chain.energy <= chain.energies.min() + 1e-9
    again = chain_of_links.relax((-1, 0), (1, 0.3), 3.0, links=30, frames=20, seed=5)
    np.testing.assert_array_equal(chain.frames, again.frames)


def test_typed_planets() -> None:
    assert chain_of_links.parse_planets("") == ()
    assert chain_of_links.parse_planets("0, -1, 1\n 2，.5 3;") == ((0, -1, 1), (2, 0.5, 3))


def test_several_planets() -> None:
    chain = chain_of_links.relax(
        (-1, 2), (1, 2), 2.6, planets=((-1, 0, 1.0), (1, 0, 1.0)), links=40
    )
    assert chain.residual < 1e-9
    mirrored = chain.beads[::-1] * [-1, 1]
    np.testing.assert_allclose(chain.beads, mirrored, atol=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda: catenary.uniform((0, 0), (1, 0), 0.9),
        lambda: catenary.uniform((0, 0), (0, 1), 2),
        lambda: catenary.parabola((0, 0), (0, 1), 2),
        lambda: catenary.parabola((0, 0), (1, 0), 0.9),
        lambda: catenary.uniform((0, 0), (0, 0), 2),
        lambda: catenary.uniform((0, 0), (1, float("nan")), 2),
        lambda: catenary.uniform((0, 0), (1, 0), float("nan")),
        lambda: catenary.point_mass(LEFT, RIGHT, 4.0),
        lambda: catenary.point_mass(LEFT, RIGHT, 2.0),
        lambda: catenary.point_mass((2, 0), (-2, 0), 4.1),
        lambda: catenary.point_mass((2, 0), (4, 0), 3),
        lambda: catenary.point_mass((0, 0), (1, 1), 1.43),
        lambda: chain_of_links.relax((-1, 1), (1, 1), 2.9, planets=((0, 0, 1),)),
        lambda: chain_of_links.relax((-1, 1), (1, 1), 2.5, planets=((0, 0, -1),)),
        lambda: chain_of_links.relax((-1, 1), (1, 1), 2.5, planets=((0, 0, 1),) * 9),
        lambda: chain_of_links.relax((-1, 1), (1, 1), 2.5, links=1000),
        lambda: chain_of_links.parse_planets("0 1"),
        lambda: chain_of_links.parse_planets("0 1 __import__('os')"),
        lambda: chain_of_links.parse_planets("0 0 1;" * 1000),
        lambda: chain_of_links.relax(
            (-1, 1), (1, 1), 2.5, planets=chain_of_links.parse_planets("nan 0 1")
        ),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")
