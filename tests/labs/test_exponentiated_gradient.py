"""Multiplicative updates against projections, closed forms and wrong initial rates."""

import math

import numpy as np
import pytest

from core.errors import InputError
from core.labs import exponentiated_gradient as eg


def test_projection_is_the_nearest_distribution() -> None:
    """Against random distributions, and by the optimality condition (v - p) . (q - p) <= 0."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        v = rng.normal(size=rng.integers(1, 9)) * rng.choice([0.1, 1, 10])
        p = eg.project_to_simplex(v)
        assert p.min() >= 0 and p.sum() == pytest.approx(1)
        for q in rng.dirichlet(np.ones(len(v)), size=20):
            assert (v - p) @ (q - p) <= 1e-9


@pytest.mark.parametrize("problem", eg.PROBLEMS)
@pytest.mark.parametrize("dimension", [3, 30])
def test_simplex_race_approaches_a_certified_optimum(problem: str, dimension: int) -> None:
    race = eg.simplex_race(problem, dimension=dimension, steps=400)
    assert race.optimum_gap < 1e-8
    for path, loss, gap in (
        (race.exponentiated, race.exponentiated_loss, race.exponentiated_gap),
        (race.projected, race.projected_loss, race.projected_gap),
    ):
        np.testing.assert_allclose(path.sum(axis=1), 1, rtol=1e-12)
        assert path.min() >= 0
        assert (loss - race.optimum_loss <= gap + 1e-8).all()  # the gap is a bound
        assert loss[-1] - race.optimum_loss < 1e-2 * (loss[0] - race.optimum_loss) + 1e-9
    assert (race.exponentiated > 0).all()  # never leaves the interior


@pytest.mark.parametrize("problem", eg.PROBLEMS)
def test_start_is_normalised_and_zeros_stay_zero_under_multiplication(problem: str) -> None:
    race = eg.simplex_race(problem, start=(3.0, 1.0, 0.0), steps=60)
    np.testing.assert_allclose(race.exponentiated[0], [0.75, 0.25, 0])
    assert (race.exponentiated[:, 2] == 0).all()
    assert np.isfinite(race.exponentiated).all() and np.isfinite(race.projected).all()
    assert race.drift >= 0


def test_simplex_surface_is_the_loss_in_the_plane() -> None:
    surface = eg.simplex_surface("nearest", seed=3, resolution=41)
    race = eg.simplex_race("nearest", seed=3, steps=1)
    third = surface.y[:, None] * 2 / math.sqrt(3)
    second = surface.x - third / 2
    assert np.isnan(surface.values[-1, 0]) and np.isfinite(surface.values[0, 20])
    low = np.unravel_index(np.nanargmin(surface.values), surface.values.shape)
    found = np.array([second[low], third[low[0], 0]])
    np.testing.assert_allclose(found, race.optimum[1:], atol=0.04)


def test_linear_loss_has_the_closed_form_of_a_softmax() -> None:
    """After t steps EG is softmax(-eta t c)."""
    race = eg.simplex_race("linear", dimension=5, rate=0.1, steps=50)
    c = -np.log(race.exponentiated[1] / race.exponentiated[1].max()) / 0.1
    expected = np.exp(-0.1 * 50 * c)
    np.testing.assert_allclose(race.exponentiated[-1], expected / expected.sum(), rtol=1e-9)


def test_positive_race_reaches_the_active_set_solution() -> None:
    race = eg.positive_race(steps=2500)
    assert (race.exponentiated > 0).all() and (race.projected >= 0).all()
    assert race.projected_loss[-1] == pytest.approx(race.optimum_loss, rel=1e-9)
    assert race.exponentiated_loss[-1] == pytest.approx(race.optimum_loss, rel=0.02)
    assert (race.exponentiated_loss >= race.optimum_loss - 1e-12).all()


def test_nu_is_the_exponential_of_the_summed_products() -> None:
    """Without clipping: nu_t = exp(gamma sum g_{k-1} g_k), the post's formula."""
    race = eg.learned_steps("bowl", (1.2, -0.7), rate=0.01, gamma=0.05, clip=math.inf, steps=40)
    g = race.learned[:-1]  # the gradient of the bowl is the position
    products = np.vstack([np.zeros(2), np.cumsum(g[:-1] * g[1:], axis=0)])
    np.testing.assert_allclose(race.nu[1:], np.exp(0.05 * products), rtol=1e-12)
    np.testing.assert_allclose(race.learned[1:], race.learned[:-1] - 0.01 * race.nu[1:] * g)


def test_adam_agrees_with_torch() -> None:
    import torch

    race = eg.valley_race(dimension=4, condition=10, rate=0.05, steps=30)
    curvature = torch.logspace(-1, 0, 4, dtype=torch.float64)
    theta = torch.ones(4, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([theta], lr=0.05)
    for _ in range(30):
        optimiser.zero_grad()
        (0.5 * curvature * theta**2).sum().backward()
        optimiser.step()
    np.testing.assert_allclose(race.adam[-1], theta.detach().numpy(), rtol=1e-9)


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_a_rate_wrong_by_a_hundred_heals(factor: float) -> None:
    """SGD creeps or explodes from 1/100 and 100 times a good rate; learned steps arrive."""
    race = eg.learned_steps("valley", (-2.6, 1.2), rate=0.09 * factor, gamma=0.5, steps=150)
    assert race.learned_loss[-1] < 1e-12
    assert not race.sgd_loss[-1] < 0.1 * race.sgd_loss[0]
    assert race.nu[-1].max() > 3 if factor < 1 else race.nu[-1].max() < 0.5


def test_sweep_over_five_decades() -> None:
    sweep = eg.rate_sweep(rates=(1e-5, 1.0), count=20, signs=True)
    assert sweep.learned.max() < 1e-12
    assert sweep.sgd.max() > 1 and sweep.adam.max() > 1
    single = eg.valley_race(rate=float(sweep.rates[7]), steps=300, signs=True)
    assert single.sgd_loss[-1] == pytest.approx(sweep.sgd[7])
    assert single.learned_loss[-1] == pytest.approx(sweep.learned[7], abs=1e-300)


def test_noise_is_seeded_and_raw_products_explode() -> None:
    runs = [eg.valley_race(noise=0.1, seed=s).learned for s in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])
    raw = eg.learned_steps("rosenbrock", (-1.9, 2.9), rate=1e-3, gamma=0.5, clip=math.inf)
    guarded = eg.learned_steps("rosenbrock", (-1.9, 2.9), rate=1e-3, gamma=0.02, clip=0.1)
    assert not raw.learned_loss[-1] < 1e3
    assert guarded.learned_loss[-1] < 0.5 * guarded.learned_loss[0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: eg.simplex_race("convex"),
        lambda: eg.simplex_race(dimension=1),
        lambda: eg.simplex_race(rate=0),
        lambda: eg.simplex_race(start=(1, 2)),
        lambda: eg.simplex_race(start=(0, 0, 0)),
        lambda: eg.simplex_race(start=(1, -1, 1)),
        lambda: eg.simplex_surface("convex"),
        lambda: eg.positive_race(features=5, nonzero=6),
        lambda: eg.learned_steps(rate=float("inf")),
        lambda: eg.learned_steps(clip=0),
        lambda: eg.valley_race(condition=0.5),
        lambda: eg.rate_sweep(rates=(0, 1)),
        lambda: eg.valley_race(steps=10**7),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")
