"""Gradient descent against the plain and the modified flow."""

import numpy as np
import pytest

from core.errors import InputError
from core.labs import implicit_regularization as igr
from core.labs import landscapes


@pytest.mark.parametrize("name", landscapes.PRESETS)
def test_slopes_are_one_and_two(name: str) -> None:
    preset = landscapes.PRESETS[name]
    plot = igr.order_plot(name, preset.start, time=5 * preset.rate, fewest_steps=16)
    assert plot.slope_flow == pytest.approx(1, abs=0.05)
    assert plot.slope_modified == pytest.approx(2, abs=0.05)
    np.testing.assert_allclose(plot.rates[:-1] / plot.rates[1:], 2)
    assert (plot.gap_modified < plot.gap_flow).all()


def test_trajectories_on_a_parabola_are_closed_forms() -> None:
    """Curvature c: (1 - rate c)^n, e^(-ct) and e^(-(c + rate c^2 / 2) t)."""
    rate, c = 0.1, 3.0
    found = igr.trajectories("1.5*x^2 + 0y", (2.0, 0.0), rate=rate, steps=20)
    np.testing.assert_allclose(found.descent[:, 0], 2 * (1 - rate * c) ** np.arange(21))
    np.testing.assert_allclose(found.flow[:, 0], 2 * np.exp(-c * found.times), rtol=1e-8)
    modified = 2 * np.exp(-(c + rate * c**2 / 2) * found.times)
    np.testing.assert_allclose(found.modified_flow[:, 0], modified, rtol=1e-8)
    np.testing.assert_allclose(found.gap_flow, abs(found.descent - found.flow)[:, 0])


def test_the_penalty_s_gradient() -> None:
    """One penalised step goes down the numerical gradient of L + mu |grad L|^2."""
    land, h, mu = landscapes.landscape("himmelblau"), 1e-6, 0.05
    start = np.array([1.3, -0.4])

    def penalised(point: np.ndarray) -> float:
        return float(land.value(point) + mu * np.sum(land.gradient(point) ** 2))

    slope = [
        (penalised(start + shift) - penalised(start - shift)) / (2 * h) for shift in h * np.eye(2)
    ]
    run = igr.penalty_race("himmelblau", (1.3, -0.4), small_rate=0.01, penalty=mu, time=0.01)
    np.testing.assert_allclose(run.penalised.end, start - 0.01 * np.array(slope), rtol=1e-8)


def test_explicit_penalty_imitates_a_large_rate() -> None:
    """With mu = rate / 4 the ends agree to second order, without the penalty only to first."""
    for rate in (0.1, 0.05, 0.02):
        race = igr.penalty_race(rate=rate, small_rate=2e-3)
        assert race.penalised.penalty == rate / 4
        assert race.distance_with < 0.6 * race.distance_without
        assert race.large.loss < 1e-20
    assert race.distance_with < 0.15 * race.distance_without


def test_the_best_penalty_tends_to_a_quarter_of_the_rate() -> None:
    """A first-order law: the best penalty comes nearer to the theory as the rate falls."""
    ratios = []
    for rate in (0.12, 0.06, 0.03):
        curve = igr.penalty_curve(
            "two-layers", (2.2, 1.5), rate=rate, small_rate=rate / 20, time=15, count=121
        )
        ratios.append(curve.best / curve.theory)
        single = igr.penalty_race(
            "two-layers",
            (2.2, 1.5),
            rate=rate,
            small_rate=rate / 20,
            penalty=float(curve.penalties[30]),
            time=15,
        )
        assert curve.distances[30] == pytest.approx(single.distance_with)
        assert curve.distances[0] == pytest.approx(single.distance_without)
    assert ratios[0] > ratios[1] > ratios[2] > 1
    assert ratios[2] == pytest.approx(1, abs=0.2)


def test_series_of_the_difference_operator() -> None:
    """x/(e^x - 1) = 1 - x/2 + x^2/12 - …, and what it means: the exact flow through the steps.

    On a parabola of curvature c descent follows dx/dt = ln(1 - rate c)/rate x exactly; the series
    gives -(c + rate c^2/2 + …), whose first two terms are the modified flow.
    """
    for x in (0.1, 0.05):
        assert x / np.expm1(x) == pytest.approx(1 - x / 2 + x**2 / 12, abs=x**4 / 700)
    c, rate = 3.0, 0.02
    found = igr.trajectories("1.5*x^2 + 0y", (2.0, 0.0), rate=rate, steps=10)
    speed = np.log(found.modified_flow[-1, 0] / 2) / found.times[-1]
    assert speed == pytest.approx(np.log(1 - rate * c) / rate, abs=rate**2 * c**3 / 2)
    assert speed == pytest.approx(-(c + rate * c**2 / 2), rel=1e-9)


def test_each_halving_halves_one_gap_and_quarters_the_other() -> None:
    """The sheet's own check: ratios per halving near 2 for the flow and 4 for the modified one."""
    plot = igr.order_plot("himmelblau", (0.3, -0.8), time=1.0, fewest_steps=8, halvings=6)
    flow = plot.gap_flow[:-1] / plot.gap_flow[1:]
    modified = plot.gap_modified[:-1] / plot.gap_modified[1:]
    assert flow[-1] == pytest.approx(2, abs=0.05)
    assert modified[-1] == pytest.approx(4, abs=0.15)
    assert (flow < 2.6).all() and (modified > 3.4).all()


def test_a_large_rate_ends_in_a_flatter_minimum() -> None:
    sweep = igr.sharpness_sweep(rates=(0.005, 0.3), count=8)
    assert (np.diff(sweep.sharpness) < 0).all()
    assert sweep.sharpness[0] == pytest.approx(sweep.flow_sharpness, rel=2e-3)
    assert sweep.sharpness[-1] < 0.6 * sweep.flow_sharpness


def test_two_layers_lose_imbalance_by_an_exact_factor() -> None:
    """x^2 - y^2 is constant along the flow; one step of descent multiplies it by 1 - rate^2 r^2."""
    found = igr.trajectories("two-layers", (2.8, 0.1), rate=0.2, steps=40)
    imbalance = found.descent[:, 0] ** 2 - found.descent[:, 1] ** 2
    residual = found.descent.prod(axis=1) - 1
    np.testing.assert_allclose(imbalance[1:], imbalance[:-1] * (1 - 0.04 * residual[:-1] ** 2))
    flow = found.flow[:, 0] ** 2 - found.flow[:, 1] ** 2
    np.testing.assert_allclose(flow, flow[0], rtol=1e-9)


@pytest.mark.parametrize(
    "call",
    [
        lambda: igr.order_plot("bowl", (1, 1), time=90.0),
        lambda: igr.order_plot("valley", (1, 1), time=100.0, fewest_steps=1),
        lambda: igr.order_plot("bowl", (1, 1), fewest_steps=1000, halvings=10),
        lambda: igr.trajectories("bowl", (1, 1), rate=0),
        lambda: igr.trajectories("bowl", (float("nan"), 1)),
        lambda: igr.sharpness_sweep(rates=(1e-5, 0.1), time=1000.0),
        lambda: igr.penalty_race(small_rate=1e-5, time=1000.0),
        lambda: igr.penalty_race(penalty=-1.0),
        lambda: igr.penalty_curve(small_rate=1e-5, time=1000.0),
        lambda: igr.penalty_curve("valley", (1, 1), rate=5.0),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")


def test_divergence_is_nan() -> None:
    found = igr.trajectories("valley", (-2, 1), rate=0.5)
    assert np.isnan(found.descent[-1]).all()
    assert np.isfinite(found.flow).all()


def test_a_grid_of_penalties_gives_the_same_distances() -> None:
    plain = igr.penalty_curve(rate=0.2, time=4.0, count=5)
    extra = (*plain.penalties.tolist(), 0.9)
    shared = igr.penalty_curve(rate=0.2, time=4.0, grid=extra)
    np.testing.assert_allclose(shared.penalties, plain.penalties)
    np.testing.assert_allclose(shared.distances, plain.distances, atol=1e-12)
    assert len(igr.penalty_curve(rate=0.1, time=4.0, grid=extra).penalties) == 3
    with pytest.raises(InputError, match="Fewer than two"):
        igr.penalty_curve(rate=0.02, time=4.0, grid=extra)
