"""Paths and sheets between codes: ends, lengths, angles, and where the circle is not determined."""

import pytest
import torch

from core.latent import (
    bilinear,
    direction,
    lerp,
    path,
    project,
    sheet,
    slerp,
    through_mean,
    truncate,
)

TYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def codes(count: int, size: int = 20, dtype=torch.float64) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return list(torch.randn(count, size, generator=generator, dtype=dtype))


@TYPES
@pytest.mark.parametrize("path", [lerp, slerp, through_mean])
def test_paths_begin_and_end_where_they_should(path, dtype):
    a, b = codes(2, dtype=dtype)
    torch.testing.assert_close(path(a, 3 * b, 0.0), a)
    torch.testing.assert_close(path(a, 3 * b, 1.0), 3 * b)
    torch.testing.assert_close(path(a, b, 0.3), path(b, a, 0.7))
    if path is not through_mean:
        torch.testing.assert_close(path(a, a, 0.3), a)


def test_lengths_along_the_circle_are_geometric_means():
    a, b = codes(2)
    for t in torch.linspace(0, 1, 11).tolist():
        expected = a.norm() ** (1 - t) * (5 * b).norm() ** t
        torch.testing.assert_close(slerp(a, 5 * b, t).norm(), expected)


def test_the_circle_is_walked_at_constant_speed_in_one_plane():
    a, b = codes(2)
    a, b = a / a.norm(), b / b.norm()
    points = [slerp(a, b, t / 8) for t in range(9)]
    angles = [torch.arccos((p @ q).clamp(-1, 1)) for p, q in zip(points, points[1:], strict=False)]
    torch.testing.assert_close(torch.stack(angles), torch.full((9 - 1,), float(angles[0])).double())
    plane = torch.linalg.svdvals(torch.stack(points))
    assert int((plane > 1e-9).sum()) == 2


def test_the_straight_line_is_shorter_in_the_middle():
    a, b = codes(2)
    a, b = a / a.norm(), b / b.norm()
    assert lerp(a, b, 0.5).norm() < 0.8 and abs(float(slerp(a, b, 0.5).norm()) - 1) < 1e-12


@TYPES
def test_where_the_circle_is_not_determined_the_line_is_taken(dtype):
    (a,) = codes(1, dtype=dtype)
    zero = torch.zeros_like(a)
    for b in (zero, -a, -2 * a, 3 * a, a * (1 + 1e-7)):
        for t in (0.0, 0.25, 0.5, 1.0):
            torch.testing.assert_close(slerp(a, b, t), lerp(a, b, t), rtol=0.3, atol=1e-6)
    assert torch.equal(slerp(zero, zero, 0.5), zero)


@TYPES
@pytest.mark.parametrize("gap", [1e-6, 1e-4, 1e-3, 1e-1])
def test_near_the_ends_of_the_angle_nothing_breaks(dtype, gap):
    a, b = codes(2, dtype=dtype)
    b = b - (b @ a) / (a @ a) * a
    b = b / b.norm() * a.norm()
    for other in (a + gap * b, -a + gap * b):
        for t in (0.0, 0.3, 1.0):
            point = slerp(a, other, t)
            assert point.isfinite().all() and point.norm() < 1.1 * other.norm()
        torch.testing.assert_close(slerp(a, other, 1.0), other, rtol=1e-4, atol=1e-5)


def test_corners_and_edges_of_the_sheet():
    p, q, r, s = codes(4)
    for (x, y), corner in {(0, 0): p, (1, 0): q, (0, 1): r, (1, 1): s}.items():
        torch.testing.assert_close(bilinear(p, q, r, s, x, y), corner)
    torch.testing.assert_close(bilinear(p, q, r, s, 0.3, 0), slerp(p, q, 0.3))
    torch.testing.assert_close(bilinear(p, q, r, s, 1, 0.6), slerp(q, s, 0.6))
    shortest, longest = (f([v.norm() for v in (p, q, r, s)]) for f in (min, max))
    for x in (0.2, 0.5, 0.9):
        assert shortest - 1e-9 <= bilinear(p, q, r, s, x, 1 - x).norm() <= longest + 1e-9
    torch.testing.assert_close(bilinear(p, p, p, p, 0.2, 0.7), p)


def test_the_way_over_the_mean_passes_it_halfway():
    a, b, mean = codes(3)
    torch.testing.assert_close(through_mean(a, b, 0.5, mean), mean)
    torch.testing.assert_close(through_mean(a, b, 0.25, mean), (a + mean) / 2)
    assert not through_mean(a, b, 0.5).any()


def test_a_path_is_one_batch_with_both_ends():
    a, b = codes(2)
    for kind in ("lerp", "slerp", "mean"):
        points = path(a, b, 5, kind)
        assert points.shape == (5, 20)
        torch.testing.assert_close(points[[0, -1]], torch.stack([a, b]))
        torch.testing.assert_close(points.flip(0), path(b, a, 5, kind))
    torch.testing.assert_close(path(a, b, 5)[1], slerp(a, b, 0.25))
    with pytest.raises(ValueError, match="2 steps"):
        path(a, b, 1)
    with pytest.raises(ValueError, match="known: lerp"):
        path(a, b, 3, "spiral")


def test_a_sheet_has_the_corners_and_the_points_between():
    corners = torch.stack(codes(4))
    grid = sheet(corners, 3, 5)
    assert grid.shape == (3, 5, 20)
    torch.testing.assert_close(grid[[0, 0, -1, -1], [0, -1, 0, -1]], corners)
    torch.testing.assert_close(grid[1, 1], bilinear(*corners, 0.25, 0.5))
    torch.testing.assert_close(sheet(corners, 1, 1)[0, 0], bilinear(*corners, 0.5, 0.5))


def test_truncation_scales_the_distance_from_the_mean():
    a, mean = codes(2)
    assert torch.equal(truncate(a, 1.0), a)
    torch.testing.assert_close(truncate(a, 0.7, mean) - mean, 0.7 * (a - mean))
    torch.testing.assert_close(truncate(a, 0.0, mean), mean)


def test_a_direction_moves_one_average_to_the_other():
    group, others = torch.stack(codes(7)), 2 + torch.stack(codes(5))
    step = direction(group, others)
    torch.testing.assert_close((others + step).mean(0), group.mean(0))
    torch.testing.assert_close(direction(others, group), -step)
    with pytest.raises(ValueError, match="members"):
        direction(group, others[:0])


def squared(wanted):
    return lambda z: (z - wanted).square().mean(dim=1)


def test_a_search_comes_nearer_and_never_loses_ground():
    wanted, start = torch.stack(codes(6)).split(3)
    found = list(project(squared(wanted), start, 200))
    assert [r.step for r in found] == list(range(201))
    torch.testing.assert_close(found[0].loss, squared(wanted)(start))
    for a, b in zip(found, found[1:], strict=False):
        assert (b.loss <= a.loss).all()
    torch.testing.assert_close(found[-1].z, wanted, atol=0.02, rtol=0)
    torch.testing.assert_close(squared(wanted)(found[-1].z), found[-1].loss)


def test_a_search_is_alone_in_company_and_leaves_its_start():
    wanted, start = torch.stack(codes(6)).split(3)
    before = start.clone()
    together = list(project(squared(wanted), start, 5))[-1]
    for i in range(3):
        alone = list(project(squared(wanted[i : i + 1]), start[i : i + 1], 5))[-1]
        torch.testing.assert_close(alone.z[0], together.z[i])
    assert torch.equal(start, before) and not together.z.requires_grad


def test_a_search_stays_on_its_sphere_and_stops_when_nobody_asks():
    wanted, start = torch.stack(codes(6)).split(3)
    start = start / start.norm(dim=1, keepdim=True)
    calls = []

    def loss(z):
        calls.append(1)
        return squared(wanted)(z)

    with torch.inference_mode():
        for refinement in project(loss, start, 1000, radius=1.0):
            torch.testing.assert_close(refinement.z.norm(dim=1), torch.ones(3).double())
            if refinement.step == 4:
                break
    assert len(calls) == 5
