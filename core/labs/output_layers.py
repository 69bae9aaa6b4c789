r"""A classifier whose output layer is "noise, then argmax", trained with each noise.

After https://kexue.fm/archives/9085. For scores :math:`\mu` of an example and its label :math:`y`,
the loss is :math:`-\ln p_y` with the :math:`p` of `discrete_distributions`. Here the integral is
taken over the noise's own quantiles, :math:`u=F(\varepsilon)`,

.. math:: p_y=\int_0^1\prod_{j\ne y}F\bigl(\mu_y-\mu_j+F^{-1}(u)\bigr)\,du,\qquad
    \frac{\partial p_y}{\partial\mu_j}=-\int_0^1 f(\cdot_j)\prod_{i\ne y,j}F(\cdot_i)\,du ,

by the midpoint rule in the logit of u, which sees the tails and is cheap enough for every step; the
gradient is the exact one of this sum. The tail of the noise decides how hard a wrong example pulls: with normal noise in
proportion to its distance, with exponential tails at most with a constant, with bounded noise not at
all once its probability is zero (`discrete_distributions.pull_curve`).
"""

from dataclasses import dataclass

import numpy as np

from core.labs import _inputs
from core.labs._inputs import Array, IntArray
from core.labs.noises import NOISES, law_of

CLASSES = 3
MAX_EXAMPLES = 1000
LEAST = 1e-9  # a smaller probability of the label counts as this in the loss, and pulls no more
_LOGITS = np.linspace(-23, 23, 240)  # of u: tails down to 1e-10


@dataclass(frozen=True)
class LayerRun:
    """One classifier while it learns, a value per step and one before the first."""

    noise: str
    loss: Array  # (steps + 1,) mean -ln p of the training labels, in nats
    accuracy: Array  # (steps + 1,) on held-out points with their true labels
    lost: Array  # (steps + 1,) fraction of training examples whose label has no probability
    held_loss: float  # mean -ln p of the held-out labels at the end
    weights: Array  # (3, classes) at the end: two coordinates and the offset


@dataclass(frozen=True)
class Task:
    """Three normal clouds on a circle; some training labels are wrong."""

    points: Array  # (examples, 2)
    labels: IntArray  # (examples,) as trained on
    truth: IntArray  # (examples,)
    held_points: Array
    held_labels: IntArray


_U = 1 / (1 + np.exp(-_LOGITS))
_WEIGHT = _U * (1 - _U) / (_U * (1 - _U)).sum()


def task(
    *,
    examples: int = 240,
    separation: float = 2.0,
    wrong: float = 0.1,
    seed: int = 0,
) -> Task:
    """Clouds of deviation 1 whose centres are `separation` from the origin, and as many held out.

    `wrong` is the fraction of training labels that are replaced by another class.
    """
    examples = _inputs.integer("number of examples", examples, 6, MAX_EXAMPLES, zh="样本数")
    separation = _inputs.number("separation", separation, 0, 10, zh="间隔")
    wrong = _inputs.number("fraction of wrong labels", wrong, 0, 0.9, zh="错标比例")
    rng = np.random.default_rng(_inputs.seed(seed))
    angles = 2 * np.pi * np.arange(CLASSES) / CLASSES + np.pi / 2
    centres = separation * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    truth = np.arange(examples) % CLASSES
    points = centres[truth] + rng.standard_normal((examples, 2))
    held_points = centres[truth] + rng.standard_normal((examples, 2))
    labels = truth.copy()
    flipped = rng.permutation(examples)[: round(wrong * examples)]
    labels[flipped] = (labels[flipped] + rng.integers(1, CLASSES, len(flipped))) % CLASSES
    return Task(points, labels, truth, held_points, truth)


def train(given: Task, noise: str, *, rate: float = 1.0, steps: int = 120) -> LayerRun:
    """Gradient descent on the mean loss of a linear classifier that starts at zero."""
    rate = _inputs.number("learning rate", rate, 1e-4, 100, zh="学习率")
    steps = _inputs.integer("number of steps", steps, 1, 2000, zh="步数")
    x, held = _with_offset(given.points), _with_offset(given.held_points)
    weights = np.zeros((x.shape[1], CLASSES))
    loss, accuracy, lost = (np.empty(steps + 1) for _ in range(3))
    for step in range(steps + 1):
        p, slope = label_probability(x @ weights, given.labels, noise)
        kept = np.maximum(p, LEAST)
        loss[step] = -np.log(kept).mean()
        # Noises are independent and alike, so the most probable class has the highest score.
        accuracy[step] = ((held @ weights).argmax(axis=1) == given.held_labels).mean()
        pull = np.where(p > LEAST, 1.0 / kept, 0.0)[:, None] * slope
        lost[step] = (p <= LEAST).mean()
        if step < steps:
            weights += rate * (x.T @ pull) / len(x)
    held_p, _ = label_probability(held @ weights, given.held_labels, noise)
    held_loss = float(-np.log(np.maximum(held_p, LEAST)).mean())
    return LayerRun(noise, loss, accuracy, lost, held_loss, weights)


def train_all(
    noises: tuple[str, ...] = NOISES,
    *,
    examples: int = 240,
    separation: float = 2.0,
    wrong: float = 0.1,
    seed: int = 0,
    rate: float = 1.0,
    steps: int = 120,
) -> list[LayerRun]:
    """`train` on one `task` with every noise in turn."""
    given = task(examples=examples, separation=separation, wrong=wrong, seed=seed)
    return [train(given, noise, rate=rate, steps=steps) for noise in noises]


def label_probability(scores: Array, labels: IntArray, noise: str) -> tuple[Array, Array]:
    """p_y `(examples,)` and its gradient `(examples, n)` for scores `(examples, n)`."""
    law = law_of(noise)
    noise_at, weight = law.quantile(_U), _WEIGHT
    examples, n = scores.shape
    rows = np.arange(examples)
    others = np.array([[j for j in range(n) if j != y] for y in range(n)])[
        labels
    ]  # (examples, n-1)
    margins = scores[rows, labels][:, None] - np.take_along_axis(scores, others, axis=1)
    lead = margins[:, :, None] + noise_at  # (examples, n - 1, nodes)
    below = law.cumulative(lead)
    density = law.density(lead)
    p = below.prod(axis=1) @ weight
    gradient = np.zeros_like(scores)
    for k in range(n - 1):
        rest = np.delete(below, k, axis=1).prod(axis=1)
        slope = (density[:, k] * rest) @ weight
        gradient[rows, others[:, k]] -= slope
        gradient[rows, labels] += slope
    return p, gradient


def _with_offset(points: Array) -> Array:
    return np.concatenate([points, np.ones((len(points), 1))], axis=1)
