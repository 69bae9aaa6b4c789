"""Noise and argmax: quadrature against closed forms, simulation and the post's sum."""

import numpy as np
import pytest
from scipy.special import ndtr, softmax

from core.errors import InputError
from core.labs import discrete_distributions as dd
from core.labs.noises import law_of

EXAMPLE = (2.0, 1.0, 0.0, -1.0)


def test_gumbel_noise_gives_the_softmax() -> None:
    rng = np.random.default_rng(0)
    for size in (2, 5, 16):
        for spread in (0.1, 3.0, 20.0):
            mu = np.clip(spread * rng.normal(size=size), -50, 50)
            np.testing.assert_allclose(dd.probabilities(mu), softmax(mu), atol=1e-13)


@pytest.mark.parametrize("gap", [0.0, 0.3, 1.0, 2.5, 6.0])
def test_two_categories_have_closed_forms(gap: float) -> None:
    """The loser's chance is the distribution function of the difference of two noises at -gap."""
    expected = {
        "gumbel": 1 / (1 + np.exp(gap)),
        "normal": ndtr(-gap / np.sqrt(2)),
        "logistic": 0.5 if gap == 0 else (gap * np.exp(gap) - np.expm1(gap)) / np.expm1(gap) ** 2,
        "uniform": max(0.0, 2 - gap) ** 2 / 8,
        "laplace": 0.25 * np.exp(-gap) * (2 + gap),
        "exponential": 0.5 * np.exp(-gap),
        "cauchy": 0.5 - np.arctan(gap / 2) / np.pi,
    }
    assert set(expected) == set(dd.NOISES)
    for noise, value in expected.items():
        assert dd.probabilities((gap, 0.0), noise)[1] == pytest.approx(value, abs=1e-12), noise


def test_the_post_s_sum_with_200_quantiles() -> None:
    """(0.7264, 0.2209, 0.0445, 0.0048), sum 0.9967: the tails are missing."""
    found = dd.compare(EXAMPLE, "normal", nodes=200, draws=1_000_000)
    np.testing.assert_allclose(found.post, [0.7264, 0.2209, 0.0445, 0.0048], atol=5e-5)
    assert found.post_total == pytest.approx(0.9967, abs=5e-5)
    assert found.post_renormalised.sum() == pytest.approx(1)
    np.testing.assert_allclose(found.softmax, [0.644, 0.237, 0.087, 0.032], atol=5e-4)
    np.testing.assert_allclose(found.exact, [0.7253, 0.2223, 0.0464, 0.0060], atol=5e-5)
    # The simulation agrees with the quadrature and tells it from the post's sum.
    assert (np.abs(found.frequencies - found.exact) < 4 * found.standard_error).all()
    assert (np.abs(found.frequencies - found.post) > 4 * found.standard_error)[2:].all()
    finer = dd.compare(EXAMPLE, "normal", nodes=50_000, draws=1)
    np.testing.assert_allclose(finer.post, found.exact, atol=5e-5)


@pytest.mark.parametrize("noise", [*dd.NOISES, "exp(-x^2/2)", "1/(1+x^4)", "step(1-abs(x))"])
def test_simulation_agrees(noise: str) -> None:
    """Total variation under 1 % and every frequency within five standard errors."""
    found = dd.compare((1.2, 0.4, 0.0, -0.9, -0.9), noise, draws=100_000, seed=1)
    assert found.exact.sum() == pytest.approx(1, abs=1e-12)
    assert found.counts.sum() == 100_000
    assert found.total_variation < 0.01
    assert (np.abs(found.frequencies - found.exact) <= 5 * found.standard_error + 1e-9).all()
    assert found.exact[3] == pytest.approx(found.exact[4], abs=1e-12)


@pytest.mark.parametrize("noise", dd.NOISES)
def test_only_differences_and_the_scale_matter(noise: str) -> None:
    mu = np.array([0.7, 0.0, -1.1])
    exact = dd.probabilities(mu, noise)
    np.testing.assert_allclose(dd.probabilities(mu + 13.7, noise), exact, atol=1e-12)
    np.testing.assert_allclose(dd.probabilities(3 * mu, noise, scale=3.0), exact, atol=1e-12)
    np.testing.assert_allclose(dd.probabilities(mu[::-1], noise), exact[::-1], atol=1e-12)


@pytest.mark.parametrize("noise", ["normal", "laplace", "uniform"])
def test_quadrature_against_adaptive_integration(noise: str) -> None:
    from scipy import integrate, stats

    law = {"normal": stats.norm(), "laplace": stats.laplace(), "uniform": stats.uniform(-1, 2)}
    mu = np.array([0.8, 0.1, -0.2, -0.7])
    for i, found in enumerate(dd.probabilities(mu, noise)):
        others = np.delete(mu, i)
        value, _ = integrate.quad(
            lambda t, i=i, others=others: (
                law[noise].pdf(t - mu[i]) * law[noise].cdf(t - others).prod()
            ),
            -32,
            32,
            points=sorted({*mu, *(mu - 1), *(mu + 1)}),
            epsabs=1e-11,
        )
        assert found == pytest.approx(value, abs=1e-9)


def test_a_typed_density_equals_its_named_twin() -> None:
    np.testing.assert_allclose(
        dd.probabilities(EXAMPLE, "3*exp(-x^2/2)"), dd.probabilities(EXAMPLE, "normal"), atol=1e-9
    )


def test_simplex_map_stays_on_the_triangle() -> None:
    found = dd.simplex_map("uniform", resolution=9)
    np.testing.assert_allclose(found.probabilities.sum(axis=-1), 1)
    assert (found.probabilities == 0).any()  # bounded noise gives exact zeros
    assert (found.softmax > 0).all()
    single = dd.probabilities((found.scores[2], found.scores[5], 0.0), "uniform")
    np.testing.assert_allclose(found.probabilities[2, 5], single, atol=1e-12)
    assert found.plane[..., 1].max() <= np.sqrt(3) / 2 + 1e-12


def test_tails_decide_what_is_forgotten() -> None:
    curve = dd.loser_curve(largest=6.0)
    last = {name: values[-1] for name, values in curve.probability.items()}
    assert last["uniform"] == 0
    assert last["normal"] < last["exponential"] < last["gumbel"] < last["logistic"]
    assert last["laplace"] < last["logistic"] < last["cauchy"]


def test_unit_variance_scales_the_gap_by_the_deviation() -> None:
    curve = dd.loser_curve(("logistic", "cauchy"), largest=4.0, count=5, unit_variance=True)
    expected = dd.probabilities((4 * np.pi / np.sqrt(3), 0.0), "logistic")[1]
    assert curve.probability["logistic"][-1] == pytest.approx(expected)
    assert curve.probability["cauchy"][-1] == pytest.approx(0.5 - np.arctan(2) / np.pi)


@pytest.mark.parametrize("noise", sorted(dd.DEVIATIONS))
def test_deviations_are_those_of_the_laws(noise: str) -> None:
    """By the midpoint rule over a million quantiles."""
    draws = law_of(noise).quantile((np.arange(1_000_000) + 0.5) / 1_000_000)
    assert draws.std() == pytest.approx(dd.DEVIATIONS[noise], rel=1e-3)


def test_sparsity_orders_the_noises() -> None:
    found = dd.sparsity(cases=20, size=6)
    assert found.zeros["uniform"] > 1 and found.zeros["normal"] == 0
    assert found.top["normal"] > found.top["gumbel"] > found.top["logistic"] > found.top["cauchy"]
    assert 1 <= found.effective["uniform"] < found.effective["gumbel"] < 6
    assert found.support["cauchy"] == 6
    level = dd.sparsity(("gumbel",), spread=0.0, cases=2, size=5)
    assert level.effective["gumbel"] == pytest.approx(5)


@pytest.mark.parametrize("noise", [*dd.NOISES, "exp(-x^2/2)"])
def test_the_race_shows_densities(noise: str) -> None:
    found = dd.race((1.0, 0.0, -1.0), noise, scale=2.0, count=800)
    assert found.density.shape == (3, 800)
    area = np.trapezoid(found.density, found.x, axis=1)
    assert (area > 0.88).all() and (area < 1.02).all()


def test_the_post_s_error_falls_with_the_number_of_quantiles() -> None:
    """Renormalising makes the sum one, but moves what the tails lost to the wrong entries."""
    found = dd.node_curve(EXAMPLE, "normal")
    assert (np.diff(found.error) < 0).all()
    assert found.error[-1] < 1e-4 < found.error[0]
    assert (found.error_renormalised > found.error).all()


def test_rings_of_scores_on_the_triangle() -> None:
    found = dd.simplex_rings("gumbel", reach=3.0, rings=3, directions=12)
    assert found.probabilities.shape == (3, 13, 3) and found.plane.shape == (3, 13, 2)
    np.testing.assert_allclose(found.probabilities, found.softmax, atol=1e-12)
    np.testing.assert_allclose(found.scores.sum(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(
        np.linalg.norm(found.scores, axis=-1), [[1] * 13, [2] * 13, [3] * 13]
    )
    np.testing.assert_array_equal(found.plane[:, 0], found.plane[:, -1])
    normal = dd.simplex_rings("normal", reach=3.0, rings=3, directions=12)
    np.testing.assert_allclose(
        normal.probabilities[1, 4], dd.probabilities(normal.scores[1, 4], "normal"), atol=1e-12
    )
    # A third of a turn renames the classes.
    np.testing.assert_allclose(
        np.sort(normal.probabilities[:, 0]), np.sort(normal.probabilities[:, 4]), atol=1e-12
    )


def test_tails_decide_how_hard_a_wrong_example_pulls() -> None:
    found = dd.pull_curve(reach=5.0, count=41)
    far = {noise: values[0] for noise, values in found.pull.items()}
    assert np.isnan(far["uniform"])  # no probability, no gradient
    assert far["normal"] > 2
    assert far["gumbel"] == pytest.approx(1 / (1 + np.exp(-5)), abs=1e-6)
    assert far["exponential"] == pytest.approx(1, abs=1e-6)
    assert far["cauchy"] < 0.3
    assert all(values[-1] < 0.1 for values in found.pull.values())


@pytest.mark.parametrize(
    "call",
    [
        lambda: dd.probabilities([1]),
        lambda: dd.probabilities([0.0] * 17),
        lambda: dd.probabilities([0, float("nan")]),
        lambda: dd.probabilities([0, 1], "poisson"),
        lambda: dd.probabilities([0, 1], "x"),
        lambda: dd.probabilities([0, 1], "0*x"),
        lambda: dd.probabilities([0, 1], "log(x)"),
        lambda: dd.probabilities([0, 1], scale=0),
        lambda: dd.compare([0, 1], draws=10**9),
        lambda: dd.compare([0, 1], nodes=0),
        lambda: dd.simplex_map(resolution=1000),
        lambda: dd.sparsity(size=100),
        lambda: dd.simplex_rings(rings=0),
        lambda: dd.pull_curve(reach=0),
        lambda: dd.race([0, 1], count=1),
        lambda: dd.node_curve([0, 1], most=1),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")
