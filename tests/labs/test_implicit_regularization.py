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
    """pull_at is half the gradient of |grad L|^2."""
    land, h = landscapes.landscape("himmelblau"), 1e-6
    point = np.array([1.3, -0.4])
    for axis in range(2):
        shift = h * np.eye(2)[axis]
        square = [np.sum(land.gradient_at(point + s * shift) ** 2) for s in (1, -1)]
        assert land.pull_at(point)[axis] == pytest.approx((square[0] - square[1]) / (4 * h))


def test_explicit_penalty_imitates_a_large_rate() -> None:
    """With mu = rate / 4 the ends agree to second order, without the penalty only to first."""
    for rate in (0.1, 0.05, 0.02):
        race = igr.penalty_race(rate=rate, small_rate=2e-3)
        assert race.penalised.penalty == rate / 4
        assert race.distance_with < 0.6 * race.distance_without
        assert race.large.loss < 1e-20
    assert race.distance_with < 0.15 * race.distance_without


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
