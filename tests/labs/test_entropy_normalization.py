"""The bracketed solver always arrives; the post's iteration often does not."""

import math

import numpy as np
import pytest

from core.errors import InputError
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
    log_p, targets = en.random_cases(targets=(0.05, 0.95), draws=150, seed=1, **case)
    for logits, target in zip(log_p, targets, strict=True):
        found = en.normalise(logits, target, logits=True, method=method, rounds=60)
        assert abs(found.entropy_after - target) < 1e-9
        assert len(found.rounds) <= 61
        p = found.after[found.after > 0]
        assert -(p * np.log(p)).sum() == pytest.approx(target, abs=1e-9)
        assert found.after.sum() == pytest.approx(1)


def test_newton_needs_few_rounds() -> None:
    log_p, targets = en.random_cases(targets=(0.05, 0.95), draws=100, seed=2, **CASES[2])
    rounds = [
        len(en.normalise(row, target, logits=True).rounds)
        for row, target in zip(log_p, targets, strict=True)
    ]
    assert np.mean(rounds) < 10 and max(rounds) < 20


@pytest.mark.parametrize(
    ("case", "after_three", "after_ten"),
    list(zip(CASES, (0.57, 0.18, 0.31, 0.77), (0.002, 0.002, 0.10, 0.60), strict=True)),
)
def test_the_post_s_iteration_misses(case, after_three: float, after_ten: float) -> None:
    """Fractions that miss by more than 0.01 nat after 3 and 10 rounds, of 1000 draws."""
    assert en.miss_fraction(rounds=3, **case) == pytest.approx(after_three, abs=0.04)
    assert en.miss_fraction(rounds=10, **case) == pytest.approx(after_ten, abs=0.04)


def test_the_iteration_converges_where_the_start_is_near() -> None:
    weights = np.exp(np.random.default_rng(0).normal(size=50))
    target = en.normalise(weights, 3.0).entropy_before - 0.1
    log = en.post_iteration(weights, target, rounds=4)
    assert log.miss < 1e-9
    assert log.rounds[-1].gamma == pytest.approx(en.normalise(weights, target).gamma)
    np.testing.assert_allclose(log.after, en.normalise(weights, target).after, rtol=1e-8)


def test_failure_map_has_both_kinds_of_region() -> None:
    found = en.failure_map(resolution=6, draws=20)
    assert found.missed.shape == (6, 6)
    assert found.missed.min() == 0 and found.missed.max() > 0.8


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


def test_numbers_are_read_as_people_paste_them() -> None:
    np.testing.assert_array_equal(
        en.parse_numbers("1, 2;3\n.5  -4e-1，+6、7."), [1, 2, 3, 0.5, -0.4, 6, 7]
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: en.parse_numbers("1 two"),
        lambda: en.parse_numbers("1 nan"),
        lambda: en.parse_numbers("1 inf"),
        lambda: en.parse_numbers("1 1_0"),
        lambda: en.parse_numbers("1 ٣"),
        lambda: en.parse_numbers("1"),
        lambda: en.parse_numbers("1 " * 30_000),
        lambda: en.parse_numbers("1 1e999"),
        lambda: en.normalise([1, 2, 3], 2.0),
        lambda: en.normalise([1, 1, 0.5], 0.1),
        lambda: en.normalise([0, 0], 0.1),
        lambda: en.normalise([1, -1], 0.1),
        lambda: en.normalise([1, 2], float("nan")),
        lambda: en.normalise([1, 2], 0.1, method="secant"),
        lambda: en.gamma_gradient([1, 2], math.log(2)),
        lambda: en.miss_fraction(size=10**9),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")
