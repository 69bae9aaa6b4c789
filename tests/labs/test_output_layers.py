"""Output layers: the loss is that of the exact probabilities, the gradient that of the loss."""

import numpy as np
import pytest

from core.errors import InputError
from core.labs import discrete_distributions as dd
from core.labs import output_layers as ol


@pytest.mark.parametrize("noise", dd.NOISES)
def test_probabilities_are_those_of_the_quadrature(noise: str) -> None:
    scores = np.random.default_rng(0).normal(size=(20, 4))
    for label in range(4):
        p, _ = ol.label_probability(scores, np.full(20, label), noise)
        exact = [dd.probabilities(row, noise)[label] for row in scores]
        # A jump of the density (uniform) is what nodes in u resolve worst.
        np.testing.assert_allclose(p, exact, atol=2e-3)


@pytest.mark.parametrize("noise", [n for n in dd.NOISES if n != "uniform"])
def test_gradient_agrees_with_central_differences(noise: str) -> None:
    scores = np.random.default_rng(1).normal(size=(6, 3))
    labels = np.array([0, 1, 2, 0, 1, 2])
    _, slope = ol.label_probability(scores, labels, noise)
    h = 1e-6
    for j in range(3):
        shift = h * np.eye(3)[j]
        ends = [ol.label_probability(scores + s * shift, labels, noise)[0] for s in (1, -1)]
        # Kinks of the distribution function may lie within h of a node.
        tolerance = 1e-7 if noise in ("gumbel", "normal", "logistic", "cauchy") else 2e-2
        np.testing.assert_allclose(slope[:, j], (ends[0] - ends[1]) / (2 * h), atol=tolerance)
    np.testing.assert_allclose(slope.sum(axis=1), 0, atol=1e-14)  # only differences matter


def test_gumbel_noise_trains_the_softmax_classifier() -> None:
    given = ol.task(examples=90, seed=4)
    run = ol.train(given, "gumbel", rate=0.5, steps=30)
    x = np.concatenate([given.points, np.ones((90, 1))], axis=1)
    weights = np.zeros((3, 3))
    for _ in range(30):
        p = np.exp(x @ weights)
        p /= p.sum(axis=1, keepdims=True)
        weights += 0.5 * x.T @ (np.eye(3)[given.labels] - p) / 90
    np.testing.assert_allclose(run.weights, weights, atol=1e-4)
    assert run.loss[0] == pytest.approx(np.log(3))
    assert (np.diff(run.loss) < 0).all()


def test_learning_separates_the_clouds() -> None:
    for noise, run in zip(dd.NOISES, ol.train_all(wrong=0.0, separation=3.0), strict=True):
        assert run.accuracy[-1] > 0.95, noise
        assert run.loss[-1] < 0.5 * run.loss[0], noise
        assert run.held_loss > 0


def test_wrong_labels_are_as_many_as_asked_for() -> None:
    given = ol.task(examples=200, wrong=0.25)
    assert (given.labels != given.truth).sum() == 50
    assert set(given.labels.tolist()) == {0, 1, 2}


@pytest.mark.parametrize("noise", dd.NOISES)
def test_training_pulls_as_the_exact_answer_does(noise: str) -> None:
    curve = dd.pull_curve((noise,), reach=5.0, count=21)
    scores = np.stack([curve.margins, np.zeros(21)], axis=1)
    p, slope = ol.label_probability(scores, np.zeros(21, dtype=int), noise)
    seen = np.isfinite(curve.pull[noise]) & (np.abs(np.abs(curve.margins) - 2) > 0.6)
    # A jump of the density lets single nodes fall in or out, far in the tail.
    tolerance = {"exponential": 0.25, "uniform": 0.1, "laplace": 0.03}.get(noise, 0.01)
    found = slope[seen, 0] / np.maximum(p[seen], 1e-12)
    np.testing.assert_allclose(found, curve.pull[noise][seen], atol=tolerance)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ol.task(examples=1),
        lambda: ol.task(wrong=1.0),
        lambda: ol.train(ol.task(), "poisson"),
        lambda: ol.train(ol.task(), "normal", rate=0),
        lambda: ol.train(ol.task(), "normal", steps=0),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")
