"""Smooth functions against the functions they stand for, and their gradients."""

import numpy as np
import pytest
from scipy.special import softmax

from core.errors import InputError
from core.labs import smooth_functions as sf

VALUES = np.array([0.3, 2.0, 1.4, -0.7, 1.9])


def test_max_stays_within_its_bound() -> None:
    for sharpness in (0.5, 3.0, 40.0):
        found = sf.smooth_function("max", VALUES, sharpness=sharpness)
        assert found.exact[0] == 2.0
        assert 0 <= found.smooth[0] - found.exact[0] <= found.bound
        np.testing.assert_allclose(found.jacobian[0], softmax(sharpness * VALUES), atol=1e-14)
    equal = sf.smooth_function("max", [1.0] * 8, sharpness=2.0)
    assert equal.error == pytest.approx(equal.bound) == pytest.approx(np.log(8) / 2)


def test_onehot_and_argmax() -> None:
    soft = sf.smooth_function("onehot", VALUES, sharpness=3.0)
    np.testing.assert_array_equal(soft.exact, [0, 1, 0, 0, 0])
    np.testing.assert_allclose(soft.smooth, softmax(3 * VALUES))
    place = sf.smooth_function("argmax", VALUES, sharpness=200.0)
    assert place.exact[0] == 1
    assert place.smooth[0] == pytest.approx(1, abs=1e-7)


def test_soft_top_k_is_the_post_s_iteration() -> None:
    """5, 4, 3, 2, 1 with k = 3: sums to 3, but the entries stay soft (0.99, 0.89, 0.65, ...)."""
    found = sf.smooth_function("top-k", [5, 4, 3, 2, 1], sharpness=1.0, k=3)
    assert found.smooth.sum() == pytest.approx(3)
    np.testing.assert_allclose(found.smooth[:3], [0.99, 0.89, 0.65], atol=0.005)
    np.testing.assert_array_equal(found.exact, [1, 1, 1, 0, 0])
    scaled = sf.smooth_function("top-k", [5, 4, 3, 2, 1], sharpness=20.0, k=3)
    assert scaled.error < 1e-3 < found.error
    np.testing.assert_allclose(found.jacobian.sum(axis=0), 0, atol=1e-12)  # the sum stays k


@pytest.mark.parametrize("function", sf.FUNCTIONS)
def test_jacobians_agree_with_central_differences(function: str) -> None:
    h = 1e-6
    found = sf.smooth_function(function, VALUES, sharpness=2.0)
    for i in range(len(VALUES)):
        shift = h * np.eye(len(VALUES))[i]
        ends = [
            sf.smooth_function(function, VALUES + s * shift, sharpness=2.0).smooth for s in (1, -1)
        ]
        np.testing.assert_allclose(found.jacobian[:, i], (ends[0] - ends[1]) / (2 * h), atol=1e-8)


@pytest.mark.parametrize("function", ["max", "onehot", "argmax", "top-k"])
def test_error_vanishes_with_sharpness(function: str) -> None:
    curve = sf.sharpness_curve(function, VALUES, sharpness=(0.1, 300.0), count=12, k=2)
    assert curve.error[-1] < 1e-2 < curve.error[0]
    assert np.isfinite(curve.gradient).all()


def test_accuracy() -> None:
    logits = [[2.0, 1.0, 0.0], [0.0, 1.0, 3.0], [1.0, 0.5, 0.0]]
    found = sf.accuracy(logits, [0, 2, 1])
    assert found.exact == pytest.approx(2 / 3)
    rows = softmax(np.array(logits), axis=1)
    assert found.smooth == pytest.approx((rows[0, 0] + rows[1, 2] + rows[2, 1]) / 3)
    np.testing.assert_allclose(found.gradient.sum(axis=1), 0, atol=1e-15)
    assert sf.accuracy(logits, [0, 2, 1], sharpness=500).smooth == pytest.approx(2 / 3)


def test_f1() -> None:
    p, y = np.array([0.9, 0.2, 0.7, 0.6, 0.1]), [1, 1, 1, 0, 0]
    found = sf.f1(p, y)
    assert found.exact == pytest.approx(2 * 2 / (3 + 3))
    assert found.smooth == pytest.approx(2 * 1.8 / (3 + 2.5))
    h = 1e-7
    for i in range(5):
        shift = h * np.eye(5)[i]
        slope = (sf.f1(p + shift, y).smooth - sf.f1(p - shift, y).smooth) / (2 * h)
        assert found.gradient[i] == pytest.approx(slope, abs=1e-7)
    hard = sf.f1([1.0, 0.0, 1.0, 1.0, 0.0], y)
    assert hard.smooth == pytest.approx(hard.exact)


def test_sharpness_brings_the_metrics_to_their_counts() -> None:
    p, y = [0.9, 0.2, 0.7, 0.6, 0.1, 1.0, 0.0], [1, 1, 1, 0, 0, 1, 0]
    for metric in (sf.f1, sf.binary_accuracy):
        soft, sharp = metric(p, y), metric(p, y, sharpness=60)
        assert sharp.smooth == pytest.approx(sharp.exact, abs=1e-6)
        assert abs(soft.smooth - soft.exact) > 1e-3
        assert np.isfinite(sharp.gradient).all()
    soft = sf.binary_accuracy(p, y)
    truth = np.array(y)
    expected = np.where(truth == 1, p, 1 - np.array(p)).mean()
    assert soft.smooth == pytest.approx(expected)
    np.testing.assert_allclose(soft.gradient, (2 * truth - 1) / 7)
    same = sf.accuracy([[0.0, 1.5], [0.0, -0.3]], [1, 1], sharpness=2.0)
    chances = 1 / (1 + np.exp(-np.array([1.5, -0.3])))
    assert sf.binary_accuracy(chances, [1, 1], sharpness=2.0).smooth == pytest.approx(same.smooth)


def test_bias_falls_with_the_batch() -> None:
    rng = np.random.default_rng(1)
    y = (rng.random(512) < 0.1).astype(int)
    p = np.clip(0.2 + 0.5 * y + 0.15 * rng.normal(size=512), 0, 1)
    found = sf.bias_curve(p, y.tolist())
    assert found.sizes.tolist() == [4, 8, 16, 32, 64, 128, 256, 512]
    distance = np.abs(found.smooth - found.smooth_whole)
    assert distance[0] > 0.05 > 0.02 > distance[-2]
    assert distance[-1] == pytest.approx(0, abs=1e-12)
    assert abs(found.exact[0] - found.exact_whole) > 0.1


def test_f1_is_biased_per_batch_and_accuracy_is_not() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(1600) < 0.1).astype(int)
    p = np.clip(0.2 + 0.5 * y + 0.15 * rng.normal(size=1600), 0, 1)
    found = sf.batch_bias(p, y.tolist(), batch=8)
    assert abs(found.mean_of_batches - found.whole) > 0.02
    assert abs(found.exact_mean_of_batches - found.exact_whole) > 0.1
    whole = sf.batch_bias(p, y.tolist(), batch=1600)
    assert whole.mean_of_batches == pytest.approx(whole.whole)


def test_composition() -> None:
    found = sf.composition("max(x, 1-x) + abs(x-2)/2", sharpness=10)
    assert found.largest_error == pytest.approx(np.log(2) / 10, rel=0.06)  # at x = 1/2
    assert (
        np.abs(np.diff(found.smooth_slope)).max() < 0.2 < np.abs(np.diff(found.exact_slope)).max()
    )
    assert r"\max" in found.latex


def test_training_on_f1_beats_cross_entropy_for_rare_positives() -> None:
    found = sf.train_f1()
    final = dict(zip(found.names, found.f1[:, -1], strict=True))
    assert final["cross-entropy then f1"] > final["cross-entropy"] + 0.05
    assert found.points.shape == (600, 2) and found.labels.sum() == 48
    np.testing.assert_array_equal(found.f1[0, :200], found.f1[2, :200])  # same until the switch
    assert found.predicted.shape == (3, 600)
    assert (
        found.predicted[2][found.labels == 1].mean() > found.predicted[0][found.labels == 1].mean()
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: sf.smooth_function("median", VALUES),
        lambda: sf.smooth_function("max", [1.0]),
        lambda: sf.smooth_function("max", VALUES, sharpness=0),
        lambda: sf.smooth_function("top-k", VALUES, k=6),
        lambda: sf.smooth_function("max", [1, float("inf")]),
        lambda: sf.accuracy([[1, 2]], [2]),
        lambda: sf.accuracy([[1, 2]], [0.5]),
        lambda: sf.accuracy([1, 2], [0]),
        lambda: sf.accuracy([[1, float("nan")]], [0]),
        lambda: sf.f1([0.5, 2.0], [0, 1]),
        lambda: sf.f1([0.5], [0, 1]),
        lambda: sf.batch_bias([0.5, 0.5], [0, 1], batch=3),
        lambda: sf.composition("max(x"),
        lambda: sf.composition("x", window=(1, 0)),
        lambda: sf.train_f1(positives=0),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")
