"""Noisy descents against Boltzmann's density, and escapes against their exact mean."""

import numpy as np
import pytest

from core.errors import InputError
from core.labs import langevin


@pytest.mark.parametrize(
    ("text", "temperature", "rate", "momentum"),
    [
        ("bowl", 0.4, 0.02, 0.0),
        ("double-well", 0.4, 0.01, 0.0),
        ("four-wells", 0.5, 0.01, 0.0),
        ("double-well", 0.4, 0.003, 0.9),
        ("four-wells", 0.5, 0.005, 0.9),
        ("x^4/4 + (y - x/2)^2", 0.5, 0.01, 0.0),
    ],
)
def test_walkers_find_the_boltzmann_density(
    text: str, temperature: float, rate: float, momentum: float
) -> None:
    """Kolmogorov-Smirnov distance of both marginals under 0.02."""
    found = langevin.boltzmann(
        text, temperature=temperature, rate=rate, momentum=momentum, walkers=3000, bins=24
    )
    assert max(found.ks_x, found.ks_y) < 0.02
    assert found.total_variation < 0.05
    cell = (found.x[1] - found.x[0]) * (found.y[1] - found.y[0])
    assert found.theory.sum() * cell == pytest.approx(1)
    assert found.histogram.sum() * cell == pytest.approx(1)
    if momentum:  # Kramers: velocities have the same temperature
        assert found.kinetic == pytest.approx(temperature, rel=0.02)
    else:
        assert np.isnan(found.kinetic)


def test_escape_times_match_the_exact_mean() -> None:
    found = langevin.escape_times(temperature=0.5, walkers=1500, rate=0.005)
    assert found.mean == pytest.approx(found.exact_mean, rel=0.08)
    assert found.arrived > 0.99
    cold = langevin.escape_times(temperature=0.06, walkers=10, max_steps=10)
    assert cold.exact_mean == pytest.approx(cold.arrhenius, rel=0.1)  # Kramers' limit
    mirrored = langevin.escape_times(start=1, target=-1, temperature=0.06, walkers=10)
    assert mirrored.exact_mean == pytest.approx(cold.exact_mean, rel=1e-6)


def test_too_large_a_rate_misses_the_density() -> None:
    """The law holds for small rates; at a rate near the stability limit the walkers are hotter."""
    fine, coarse = (
        langevin.boltzmann("bowl", temperature=0.4, rate=rate, walkers=3000, bins=24)
        for rate in (0.02, 1.2)
    )
    assert coarse.ks_x > 3 * fine.ks_x


def test_passage_curve_agrees_with_walkers_and_with_kramers() -> None:
    curve = langevin.passage_curve(temperatures=(0.05, 0.5), count=10)
    assert (np.diff(curve.exact) < 0).all()
    walked = langevin.escape_times(temperature=float(curve.temperatures[-1]), walkers=10)
    assert curve.exact[-1] == pytest.approx(walked.exact_mean)
    assert curve.arrhenius[0] == pytest.approx(curve.exact[0], rel=0.1)
    barrier = np.polyfit(1 / curve.temperatures[:4], np.log(curve.exact[:4]), 1)[0]
    assert barrier == pytest.approx(1.0, abs=0.03)  # the height of (x^2 - 1)^2
    frozen = langevin.passage_curve(temperatures=(1e-3, 0.5), count=4)
    assert np.isnan(frozen.exact[0]) and np.isfinite(frozen.exact[-1])


@pytest.mark.parametrize(
    "call",
    [
        lambda: langevin.boltzmann("saddle", temperature=100),
        lambda: langevin.boltzmann("x"),
        lambda: langevin.boltzmann("bowl", walkers=20_000, steps=20_000),
        lambda: langevin.boltzmann("bowl", rate=50),
        lambda: langevin.escape_times("x"),
        lambda: langevin.escape_times(target=-1.0),
        lambda: langevin.escape_times(temperature=1e-3),
        lambda: langevin.passage_curve("x"),
        lambda: langevin.passage_curve(temperatures=(0.0, 1.0)),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")
