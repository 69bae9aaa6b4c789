"""The bracketed solver arrives on every case, and its exponent has the gradient it claims."""

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


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("method", en.METHODS)
def test_solver_converges_on_every_random_case(case, method: str) -> None:
    """Error below 1e-9 nat on all of 150 draws, in at most 60 rounds."""
    log_p, targets = newton.random_cases(targets=(0.05, 0.95), draws=150, seed=1, **case)
    for logits, target in zip(log_p, targets, strict=True):
        found = en.normalise(logits, target, logits=True, method=method, rounds=60)
        assert abs(found.entropy_after - target) < 1e-9
        assert len(found.rounds) <= 61
        p = found.after[found.after > 0]
        assert -(p * np.log(p)).sum() == pytest.approx(target, abs=1e-9)
        assert found.after.sum() == pytest.approx(1)


def test_newton_needs_few_rounds() -> None:
    log_p, targets = newton.random_cases(targets=(0.05, 0.95), draws=100, seed=2, **CASES[2])
    rounds = [
        len(en.normalise(row, target, logits=True).rounds)
        for row, target in zip(log_p, targets, strict=True)
    ]
    assert np.mean(rounds) < 10 and max(rounds) < 20


def test_entropy_falls_from_ceiling_to_floor() -> None:
    curve = en.entropy_curve([0.5, 0.5, 0.2, 0.0, 0.1], gammas=(1e-4, 1e3))
    assert (np.diff(curve.entropy) <= 1e-12).all()
    assert curve.entropy[0] == pytest.approx(curve.ceiling, abs=1e-3)
    assert curve.ceiling == pytest.approx(math.log(4))
    assert curve.entropy[-1] == pytest.approx(curve.floor, abs=1e-9)
    assert curve.floor == pytest.approx(math.log(2))


def test_the_ends_of_the_range() -> None:
    flat = en.normalise([3, 1, 1, 0], math.log(3))
    np.testing.assert_allclose(flat.after, [1 / 3, 1 / 3, 1 / 3, 0])
    sharp = en.normalise([3, 3, 1], math.log(2))
    assert sharp.gamma == math.inf
    np.testing.assert_allclose(sharp.after, [0.5, 0.5, 0])
    same = en.normalise([2, 2, 2], math.log(3))
    assert same.gamma == 1


@pytest.mark.parametrize("logits", [True, False])
def test_gradient_of_the_exponent(logits: bool) -> None:
    """Against central differences of the solver."""
    log_p = np.random.default_rng(3).normal(size=7)
    h = 1e-5
    gradient = en.gamma_gradient(log_p if logits else np.exp(log_p), 1.2, logits=logits)
    for k in range(7):
        ends = [
            en.normalise(log_p + sign * h * np.eye(7)[k], 1.2, logits=True).gamma
            for sign in (1, -1)
        ]
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-6)
    # Adding a constant to every logarithm changes nothing.
    assert gradient.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda: en.normalise([1, 2, 3], 2.0),
        lambda: en.normalise([1, 1, 0.5], 0.1),
        lambda: en.normalise([0, 0], 0.1),
        lambda: en.normalise([1, -1], 0.1),
        lambda: en.normalise([1, 2], float("nan")),
        lambda: en.normalise([1, 2], 0.1, method="secant"),
        lambda: en.gamma_gradient([1, 2], math.log(2)),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")


@pytest.mark.parametrize("size", [2, 7, 300])
def test_exponents_of_many_rows_are_those_of_each(size: int) -> None:
    rng = np.random.default_rng(size)
    rows = rng.choice([0.3, 3.0, 30.0], (40, 1)) * rng.standard_normal((40, size))
    rows[:5, 0] = -np.inf  # weights of zero
    targets = rng.uniform(0.05, 0.95, 40) * np.log(np.isfinite(rows).sum(axis=1))
    targets[5], targets[6] = 0.0, np.log(size)  # the limits themselves
    targets[:5] = np.minimum(targets[:5], 0.95 * np.log(max(size - 1, 1)))
    gammas = en.exponents(rows, targets)
    for row, target, gamma in zip(rows, targets, gammas, strict=True):
        alone = en.normalise(np.exp(row - row.max()), target)
        if np.isfinite(alone.gamma):
            assert gamma == pytest.approx(alone.gamma, rel=1e-9)
        else:
            assert gamma == np.inf
