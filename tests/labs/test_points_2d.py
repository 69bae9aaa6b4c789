"""Point clouds, points of one's own, and the grids on which densities are looked at."""

import numpy as np
import pytest

from core.errors import InputError
from core.labs import points_2d

PRESETS = [name for name in points_2d.NAMES if name != "own"]
RING = tuple((2 * np.cos(a), 2 * np.sin(a)) for a in np.linspace(0, 6, 12))


@pytest.mark.parametrize("name", PRESETS)
def test_clouds_fill_the_window_and_are_seeded(name: str) -> None:
    points = points_2d.sample(name, 5000, np.random.default_rng(3))
    again = points_2d.sample(name, 5000, np.random.default_rng(3))
    assert points.shape == (5000, 2)
    np.testing.assert_array_equal(points, again)
    assert np.abs(points).max() < points_2d.WINDOW
    assert (points.std(axis=0) > 0.8).all()
    assert (np.abs(points.mean(axis=0)) < 0.2).all()


def test_gaussians_and_checkerboard_are_what_they_are_called() -> None:
    points = points_2d.sample("gaussians", 20_000, np.random.default_rng(0))
    distance = np.linalg.norm(points[:, None] - points_2d.MODES, axis=2)
    counts = np.bincount(distance.argmin(axis=1), minlength=25)
    assert counts.min() > 650  # 800 each
    # A Rayleigh variable of scale w has mean square 2 w^2.
    spread = (distance.min(axis=1) ** 2).mean()
    assert spread == pytest.approx(2 * points_2d.MODE_WIDTH**2, rel=0.05)
    board = points_2d.sample("checkerboard", 20_000, np.random.default_rng(0))
    cell = np.floor((board + 3.2) / 1.6).astype(int)
    assert ((cell.sum(axis=1) % 2) == 0).all()
    assert len(np.unique(cell, axis=0)) == 8


def test_rings_have_two_radii_and_spirals_two_arms() -> None:
    radius = np.linalg.norm(points_2d.sample("rings", 9000, np.random.default_rng(0)), axis=1)
    assert (np.minimum(abs(radius - 1.1), abs(radius - 2.8)) < 0.6).all()
    assert (radius > 2).mean() == pytest.approx(0.65, abs=0.02)
    spiral = points_2d.sample("spirals", 4000, np.random.default_rng(0))
    # Turning by half a circle maps one arm on the other.
    nearest = np.linalg.norm(-spiral[:300, None] - spiral[None], axis=2).min(axis=1)
    assert np.quantile(nearest, 0.95) < 0.15


def test_own_points_are_drawn_with_a_blur() -> None:
    points = points_2d.sample("own", 4000, np.random.default_rng(0), RING)
    nearest = np.linalg.norm(points[:, None] - np.array(RING), axis=2).min(axis=1)
    # Rayleigh again; a few points lie nearer to a neighbour than to their own centre.
    assert (nearest**2).mean() == pytest.approx(2 * points_2d.OWN_BLUR**2, rel=0.1)


def test_written_points_are_read() -> None:
    assert points_2d.parsed("1,2 -0.5,3e-1;\n4，-4") == ((1, 2), (-0.5, 0.3), (4, -4))
    assert points_2d.parsed("  ") == ()
    for wrong in ("1 2", "1,2,3", "a,b", "1,", "__import__('os'),1"):
        with pytest.raises(InputError) as caught:
            points_2d.parsed(wrong)
        assert caught.value.zh != caught.value.en


@pytest.mark.parametrize(
    "own", [(), RING[:7], [(9.0, 0.0)] * 9, [(float("nan"), 0.0)] * 9, [(1.0, 2.0, 3.0)] * 9]
)
def test_bad_points_of_ones_own_get_a_sentence(own: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(InputError):
        points_2d.checked_own(own)


def test_cells_tile_the_window() -> None:
    x, y, grid, cell = points_2d.cells(4, (-1, 3, 0, 8))
    np.testing.assert_allclose(x, [-0.5, 0.5, 1.5, 2.5])
    np.testing.assert_allclose(y, [1, 3, 5, 7])
    assert cell * len(grid) == pytest.approx(4 * 8)
    np.testing.assert_array_equal(grid[1], [x[1], y[0]])  # row by row
    with pytest.raises(InputError):
        points_2d.cells(4, (1, 1, 0, 1))
