"""The post's iteration: how often it misses, where it works, and the map between."""

import math

import numpy as np
import pytest

from core.errors import InputError
from core.labs import entropy_newton as newton
from core.labs import entropy_normalization as en

CASES = [
    {"size": 100, "spread": "uniform", "scale": 1.0},
    {"size": 100, "spread": "log-normal", "scale": 1.0},
    {"size": 100, "spread": "log-normal", "scale": 4.0},
    {"size": 1000, "spread": "log-normal", "scale": 8.0},
]


@pytest.mark.parametrize(
    ("case", "after_three", "after_ten"),
    list(zip(CASES, (0.57, 0.18, 0.31, 0.77), (0.002, 0.002, 0.10, 0.60), strict=True)),
)
def test_the_post_s_iteration_misses(case, after_three: float, after_ten: float) -> None:
    """Fractions that miss by more than 0.01 nat after 3 and 10 rounds, of 1000 draws."""
    assert newton.miss_fraction(rounds=3, **case) == pytest.approx(after_three, abs=0.04)
    assert newton.miss_fraction(rounds=10, **case) == pytest.approx(after_ten, abs=0.04)


def test_the_iteration_converges_where_the_start_is_near() -> None:
    weights = np.exp(np.random.default_rng(0).normal(size=50))
    target = en.normalise(weights, 3.0).entropy_before - 0.1
    log = newton.post_iteration(weights, target, rounds=4)
    assert log.miss < 1e-9
    assert log.rounds[-1].gamma == pytest.approx(en.normalise(weights, target).gamma)
    np.testing.assert_allclose(log.after, en.normalise(weights, target).after, rtol=1e-8)


def test_failure_map_has_both_kinds_of_region() -> None:
    found = newton.failure_map(resolution=6, draws=20)
    assert found.missed.shape == (6, 6)
    assert found.missed.min() == 0 and found.missed.max() > 0.8


@pytest.mark.parametrize(
    ("case", "after_ten"), list(zip(CASES, (0.15, 0.01, 0.11, 0.59), strict=True))
)
def test_a_literal_program_loses_what_underflows(case, after_ten: float) -> None:
    """With 0 ln 0 = nan the iteration also fails where it had arrived with an entry at zero."""
    missed = newton.miss_fraction(rounds=10, literal=True, **case)
    assert missed == pytest.approx(after_ten, abs=0.04)
    assert missed >= newton.miss_fraction(rounds=10, **case)


def test_a_cell_of_the_map_has_the_cases_it_counts() -> None:
    found = newton.failure_map(resolution=4, draws=10, seed=3)
    assert found.solver_worst < 1e-9
    assert found.overall == pytest.approx(found.missed.mean())
    for i, j in ((0, 0), (3, 3), (0, 3), (2, 1)):
        case = newton.cell_case(float(found.targets[i]), float(found.scales[j]), draws=10, seed=3)
        assert (case.post.miss > 0.01) == (found.missed[i, j] > 0)
        assert case.solver.target == pytest.approx(found.targets[i] * math.log(100))
        assert abs(case.solver.entropy_after - case.solver.target) < 1e-9


def test_a_sweep_repeats_the_single_runs() -> None:
    """A confident distribution of eight: most high targets are lost."""
    weights = [10, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
    found = newton.target_sweep(weights, rounds=10, count=40)
    assert np.isinf(found.miss).sum() >= 4 and (found.miss < 1e-9).sum() >= 20
    for target, miss in zip(found.targets[::7], found.miss[::7], strict=True):
        alone = newton.post_iteration(weights, float(target), rounds=10).miss
        assert miss == pytest.approx(alone, abs=1e-12)
        assert abs(en.normalise(weights, float(target)).entropy_after - target) < 1e-9


@pytest.mark.parametrize(
    "call",
    [
        lambda: newton.miss_fraction(size=10**9),
        lambda: newton.miss_fraction(spread="zipf"),
        lambda: newton.post_iteration([1, 2], 0.1, rounds=0),
        lambda: newton.failure_map(resolution=1),
        lambda: newton.cell_case(1.5, 1.0),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")
