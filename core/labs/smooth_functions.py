r"""Smooth stand-ins for functions that gradients cannot see: max, argmax, top-k, accuracy, F1.

After https://kexue.fm/archives/6620. With a sharpness :math:`K`,

.. math:: \max(x)\approx\tfrac1K\ln\sum_i e^{Kx_i},\qquad
    \mathrm{onehot}(\arg\max x)\approx\mathrm{softmax}(Kx),\qquad
    \arg\max x\approx\sum_i i\,\mathrm{softmax}(Kx)_i .

The soft choice of the :math:`k` largest shifts :math:`x` to minimum zero and repeats
:math:`p\leftarrow p+\mathrm{softmax}((1-p)\odot x)` from :math:`p=0`, :math:`k` times: the entries
sum to :math:`k`, but stay soft unless :math:`x` is scaled up. Accuracy becomes the mean
probability of the right class, and :math:`F_1\approx2\sum yp/\sum(y+p)`. The latter is not a mean
over examples, so its average over small batches is biased: the post uses it only to fine-tune after
cross-entropy.

Gradients are exact, by automatic differentiation in float64.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.errors import InputError
from core.labs import _inputs, formula
from core.labs._inputs import Array, IntArray

Function = Literal["max", "onehot", "argmax", "top-k"]
FUNCTIONS: tuple[Function, ...] = ("max", "onehot", "argmax", "top-k")
LOSSES = ("cross-entropy", "f1", "cross-entropy then f1")
MAX_VALUES = 64
MAX_EXAMPLES = 2000


@dataclass(frozen=True)
class Smoothed:
    """A function, its smooth version and what separates them."""

    exact: Array  # (m,); m is 1 for numbers, n for vectors
    smooth: Array  # (m,)
    error: float  # largest absolute difference
    bound: float  # what the error cannot exceed; nan where no simple bound is known
    jacobian: Array  # (m, n): d smooth / d x


@dataclass(frozen=True)
class SharpnessCurve:
    """Error and size of the gradient against the sharpness."""

    sharpness: Array
    error: Array
    gradient: Array  # largest absolute entry of the Jacobian


@dataclass(frozen=True)
class Metric:
    """A score of a classifier, its smooth version and the gradient for the inputs."""

    exact: float
    smooth: float
    gradient: Array  # shape of the inputs


@dataclass(frozen=True)
class Composition:
    """A formula typed by the visitor, with kinks and without, on a line."""

    x: Array
    exact: Array
    smooth: Array
    exact_slope: Array
    smooth_slope: Array
    largest_error: float
    latex: str


@dataclass(frozen=True)
class BatchBias:
    """Smooth and exact F1 of a whole set against the mean over its batches."""

    whole: float
    mean_of_batches: float
    exact_whole: float
    exact_mean_of_batches: float


@dataclass(frozen=True)
class BiasCurve:
    """Mean F1 of batches against their size, and F1 of the whole."""

    sizes: IntArray
    smooth: Array
    exact: Array
    smooth_whole: float
    exact_whole: float


@dataclass(frozen=True)
class F1Training:
    """F1 on held-out data while a linear classifier learns from rare positives."""

    names: tuple[str, ...]
    f1: Array  # (losses, steps + 1)
    accuracy: Array  # (losses, steps + 1)
    weights: Array  # (losses, 3): two weights and the offset at the end
    points: Array  # (examples, 2)
    labels: Array  # (examples,), 0 or 1
    predicted: Array  # (losses, examples): probabilities at the end, of the examples


def smooth_function(
    function: str, values: npt.ArrayLike, *, sharpness: float = 4.0, k: int = 3
) -> Smoothed:
    """The exact and the smooth value of "max", "onehot", "argmax" or "top-k".

    Positions count from zero; among equals the first is the largest. `k` is used by "top-k" only.
    """
    name = _inputs.choice("function", function, FUNCTIONS, zh="函数")
    x, sharpness = _values(values), _sharpness(sharpness)
    k = _inputs.integer("k", k, 1, len(x) if name == "top-k" else MAX_VALUES, zh="k")
    smooth = _SMOOTH[name]
    inputs = torch.from_numpy(x)
    result = smooth(inputs, sharpness, k).reshape(-1).numpy()
    jacobian = torch.autograd.functional.jacobian(
        lambda t: smooth(t, sharpness, k).reshape(-1), inputs
    ).numpy()
    exact = _exact(name, x, k)
    # Between the maximum and the maximum plus ln n / K, reached when all are equal.
    bound = float(np.log(len(x)) / sharpness) if name == "max" else float("nan")
    return Smoothed(exact, result, float(np.abs(result - exact).max()), bound, jacobian)


def sharpness_curve(
    function: str,
    values: npt.ArrayLike,
    *,
    k: int = 3,
    sharpness: tuple[float, float] = (0.1, 100.0),
    count: int = 40,
) -> SharpnessCurve:
    """Error and gradient of a smooth function for sharpnesses evenly spaced in the logarithm."""
    count = _inputs.integer("number of points", count, 2, 200, zh="点数")
    low, high = _sharpness(sharpness[0]), _sharpness(sharpness[1])
    spaced = np.geomspace(low, high, count)
    found = [smooth_function(function, values, sharpness=s, k=k) for s in spaced]
    return SharpnessCurve(
        spaced,
        np.array([f.error for f in found]),
        np.array([np.abs(f.jacobian).max() for f in found]),
    )


def accuracy(logits: npt.ArrayLike, labels: Sequence[float], *, sharpness: float = 1.0) -> Metric:
    """Accuracy of `logits` `(examples, classes)`; smooth: the mean probability of the label."""
    try:
        scores = np.asarray(logits, dtype=np.float64)
    except (TypeError, ValueError):
        scores = np.empty(0)
    if scores.ndim != 2 or not 1 <= len(scores) <= MAX_EXAMPLES or scores.shape[1] < 2:
        raise InputError(
            en=f"The logits have shape {scores.shape}; give at most {MAX_EXAMPLES} rows with one "
            f"number per class.",
            zh=f"logits 的形状是 {scores.shape}，请给出至多 {MAX_EXAMPLES} 行，每行每类一个数。",
        )
    if not (np.abs(scores) <= 1e6).all():
        raise InputError(
            en="A logit is not a number between -1e6 and 1e6. Change it.",
            zh="有 logit 不在 -1e6 到 1e6 之间，请改掉它。",
        )
    truth = _labels(labels, len(scores), scores.shape[1])
    inputs = torch.from_numpy(scores).requires_grad_()
    right = (_sharpness(sharpness) * inputs).softmax(dim=1)[torch.arange(len(truth)), truth]
    (gradient,) = torch.autograd.grad(right.mean(), inputs)
    exact = float((scores.argmax(axis=1) == truth.numpy()).mean())
    return Metric(exact, float(right.detach().mean()), gradient.numpy())


def f1(probabilities: npt.ArrayLike, labels: Sequence[float], *, sharpness: float = 1.0) -> Metric:
    """F1 of the positives at threshold one half; smooth: 2 sum(yp) / sum(y + p).

    A `sharpness` K other than one first moves every p to p^K / (p^K + (1 - p)^K), which is the
    sigmoid of K times its logit.
    """
    p, y = _binary(probabilities, labels)
    inputs = torch.from_numpy(p).requires_grad_()
    smooth = _smooth_f1(_sharpened(inputs, _sharpness(sharpness)), torch.from_numpy(y))
    (gradient,) = torch.autograd.grad(smooth, inputs)
    return Metric(_exact_f1(p > 0.5, y), float(smooth.detach()), gradient.numpy())


def binary_accuracy(
    probabilities: npt.ArrayLike, labels: Sequence[float], *, sharpness: float = 1.0
) -> Metric:
    """Accuracy at threshold one half; smooth: the mean probability of the label.

    `sharpness` as in `f1`. The gradient is for the probabilities.
    """
    p, y = _binary(probabilities, labels)
    inputs, truth = torch.from_numpy(p).requires_grad_(), torch.from_numpy(y)
    positive = _sharpened(inputs, _sharpness(sharpness))
    smooth = (truth * positive + (1 - truth) * (1 - positive)).mean()
    (gradient,) = torch.autograd.grad(smooth, inputs)
    exact = float(((p > 0.5) == (y > 0.5)).mean())
    return Metric(exact, float(smooth.detach()), gradient.numpy())


def bias_curve(
    probabilities: npt.ArrayLike, labels: Sequence[float], *, repeats: int = 8, seed: int = 0
) -> BiasCurve:
    """`batch_bias` for batch sizes that double, each a mean over some shuffles."""
    p, _ = _binary(probabilities, labels)
    repeats = _inputs.integer("number of shuffles", repeats, 1, 100, zh="打乱次数")
    sizes = [4 << k for k in range(20) if 4 << k < len(p)] + [len(p)]
    found = [
        [batch_bias(p, labels, batch=size, seed=seed + turn) for turn in range(repeats)]
        for size in sizes
    ]
    return BiasCurve(
        np.array(sizes),
        np.array([np.mean([one.mean_of_batches for one in row]) for row in found]),
        np.array([np.mean([one.exact_mean_of_batches for one in row]) for row in found]),
        found[0][0].whole,
        found[0][0].exact_whole,
    )


def batch_bias(
    probabilities: npt.ArrayLike, labels: Sequence[float], *, batch: int = 16, seed: int = 0
) -> BatchBias:
    """How far the mean of F1 over random batches is from F1 of the whole.

    A batch without positives and predictions counts as zero.
    """
    p, y = _binary(probabilities, labels)
    batch = _inputs.integer("batch size", batch, 1, len(p), zh="批大小")
    order = np.random.default_rng(_inputs.seed(seed)).permutation(len(p))
    parts = [order[k : k + batch] for k in range(0, len(p) - batch + 1, batch)]
    return BatchBias(
        float(_smooth_f1(torch.from_numpy(p), torch.from_numpy(y))),
        float(np.mean([_smooth_f1(torch.from_numpy(p[i]), torch.from_numpy(y[i])) for i in parts])),
        _exact_f1(p > 0.5, y),
        float(np.mean([_exact_f1(p[i] > 0.5, y[i]) for i in parts])),
    )


def composition(
    text: str,
    *,
    sharpness: float = 4.0,
    window: tuple[float, float] = (-3.0, 3.0),
    count: int = 400,
) -> Composition:
    """A formula in x with max, min, abs, relu, sign or step, beside its smooth version.

    For example `max(x, 1 - x) + abs(x - 2)/2`.
    """
    low, high = (_inputs.number("window", edge, -1e3, 1e3, zh="窗口") for edge in window)
    if low >= high:
        raise InputError(
            en=f"The window from {low:g} to {high:g} is empty. Give the smaller end first.",
            zh=f"窗口从 {low:g} 到 {high:g} 是空的，请先给较小的一端。",
        )
    count = _inputs.integer("number of points", count, 2, 5000, zh="点数")
    parsed = formula.parse(text, ("x",))
    softened = parsed.softened(_sharpness(sharpness))
    x = np.linspace(low, high, count)
    exact, smooth = parsed.value(x), softened.value(x)
    difference = np.abs(smooth - exact)
    finite = difference[np.isfinite(difference)]
    return Composition(
        x,
        exact,
        smooth,
        parsed.gradient(x)[0],
        softened.gradient(x)[0],
        float(finite.max()) if len(finite) else float("nan"),
        parsed.latex(),
    )


def train_f1(
    *,
    positives: float = 0.08,
    separation: float = 1.6,
    examples: int = 600,
    rate: float = 1.0,
    steps: int = 400,
    switch: int = 200,
    seed: int = 0,
) -> F1Training:
    """A linear classifier on rare positives, trained by cross-entropy, by smooth F1, and by both.

    Two normal clouds `separation` apart, a fraction `positives` in the second; plain gradient
    descent on all examples; the third run changes its loss after `switch` steps. Scores are those
    of an equally large held-out set.
    """
    positives = _inputs.number("fraction of positives", positives, 0.01, 0.99, zh="正例比例")
    separation = _inputs.number("separation", separation, 0, 10, zh="间隔")
    examples = _inputs.integer("number of examples", examples, 20, MAX_EXAMPLES, zh="样本数")
    rate = _inputs.number("learning rate", rate, 1e-4, 100, zh="学习率")
    steps = _inputs.integer("number of steps", steps, 1, 3000, zh="步数")
    switch = _inputs.integer("switch", switch, 0, steps, zh="切换步")
    rng = np.random.default_rng(_inputs.seed(seed))
    x, y = _clouds(rng, examples, positives, separation)
    x_test, y_test = _clouds(rng, examples, positives, separation)
    curves = np.empty((2, len(LOSSES), steps + 1))
    weights = np.zeros((len(LOSSES), 3))
    for i, loss in enumerate(LOSSES):
        for step in range(steps + 1):
            predicted = x_test @ weights[i] > 0
            curves[:, i, step] = (
                _exact_f1(predicted, y_test),
                (predicted == (y_test > 0.5)).mean(),
            )
            p = 1 / (1 + np.exp(-np.clip(x @ weights[i], -500, 500)))
            if loss == "f1" or (loss != "cross-entropy" and step >= switch):
                total = (y + p).sum()
                # Ascent on 2 sum(yp) / sum(y + p), through the derivative p (1 - p) of the sigmoid.
                slope = -2 * (y * total - (y * p).sum()) / total**2 * p * (1 - p)
            else:
                slope = (p - y) / len(y)
            weights[i] -= rate * (slope @ x)
    predicted = 1 / (1 + np.exp(-np.clip(weights @ x.T, -500, 500)))
    return F1Training(LOSSES, curves[0], curves[1], weights, x[:, :2], y, predicted)


def _smooth_max(x: Tensor, sharpness: float, k: int) -> Tensor:
    return (sharpness * x).logsumexp(dim=0) / sharpness


def _smooth_onehot(x: Tensor, sharpness: float, k: int) -> Tensor:
    return (sharpness * x).softmax(dim=0)


def _smooth_argmax(x: Tensor, sharpness: float, k: int) -> Tensor:
    return (torch.arange(len(x)) * _smooth_onehot(x, sharpness, k)).sum()


def _soft_top_k(x: Tensor, sharpness: float, k: int) -> Tensor:
    x = sharpness * (x - x.min())
    p = torch.zeros_like(x)
    for _ in range(k):
        p = p + ((1 - p) * x).softmax(dim=0)
    return p


_SMOOTH: dict[str, Callable[[Tensor, float, int], Tensor]] = {
    "max": _smooth_max,
    "onehot": _smooth_onehot,
    "argmax": _smooth_argmax,
    "top-k": _soft_top_k,
}


def _exact(function: str, x: Array, k: int) -> Array:
    match function:
        case "max":
            return np.array([x.max()])
        case "argmax":
            return np.array([float(x.argmax())])
    chosen = np.argsort(-x, kind="stable")[: k if function == "top-k" else 1]
    mask = np.zeros_like(x)
    mask[chosen] = 1.0
    return mask


def _sharpened(p: Tensor, sharpness: float) -> Tensor:
    """The sigmoid of `sharpness` times the logit of p; exactly p for a sharpness of one."""
    if sharpness == 1:
        return p
    inner = p.clamp(1e-300, 1 - 1e-16)
    return (sharpness * (inner.log() - (-inner).log1p())).sigmoid()


def _smooth_f1(p: Tensor, y: Tensor) -> Tensor:
    return 2 * (y * p).sum() / (y + p).sum().clamp_min(1e-300)


def _exact_f1(predicted: npt.NDArray[np.bool_], y: Array) -> float:
    total = predicted.sum() + y.sum()
    return float(2 * y[predicted].sum() / total) if total else 0.0


def _clouds(
    rng: np.random.Generator, examples: int, positives: float, separation: float
) -> tuple[Array, Array]:
    """Points `(examples, 3)` with a column of ones for the offset, and labels `(examples,)`."""
    count = max(1, round(positives * examples))
    y = np.zeros(examples)
    y[:count] = 1.0
    x = rng.standard_normal((examples, 2)) + separation / 2 * np.sqrt(0.5) * (2 * y - 1)[:, None]
    return np.concatenate([x, np.ones((examples, 1))], axis=1), y


def _values(values: npt.ArrayLike) -> Array:
    return _inputs.vector(
        "list of values", values, sizes=(2, MAX_VALUES), bounds=(-1e4, 1e4), zh="数列"
    ).copy()


def _sharpness(sharpness: float) -> float:
    return _inputs.number("sharpness", sharpness, 1e-3, 1e4, zh="锐度")


def _labels(labels: Sequence[float], count: int, classes: int) -> Tensor:
    truth = _inputs.vector(
        "list of labels", labels, sizes=(count, count), bounds=(0, classes - 1), zh="标签列"
    )
    if (truth != truth.round()).any():
        raise InputError(
            en=f"Labels must be whole numbers from 0 to {classes - 1}. Change those that are not.",
            zh=f"标签须是 0 到 {classes - 1} 的整数，请改掉不是整数的。",
        )
    return torch.from_numpy(truth.astype(np.int64))


def _binary(probabilities: npt.ArrayLike, labels: Sequence[float]) -> tuple[Array, Array]:
    p = _inputs.vector(
        "list of probabilities", probabilities, sizes=(1, MAX_EXAMPLES), bounds=(0, 1), zh="概率列"
    )
    return p.copy(), _labels(labels, len(p), 2).numpy().astype(np.float64)
