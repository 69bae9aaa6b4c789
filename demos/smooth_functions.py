"""Smooth functions: max, argmax, top-k, accuracy and F1 with gradients that training can use."""

import math
from typing import Any, Literal

import gradio as gr

from core.labs import smooth_functions
from core.labs.smooth_functions import (
    BiasCurve,
    F1Training,
    Metric,
    SharpnessCurve,
    Smoothed,
)
from core.labs.typed_numbers import parse_numbers
from demos import Demo, Reference
from demos._numbers import timed
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._score_blocks import (
    bias_plot,
    cloud_plot,
    metric_table,
    moved_plot,
    probability_bars,
    training_plot,
)
from demos._smooth_blocks import formula_plots, jacobian_plot, sharpness_plot, value_bars
from demos._tab import Scene, Tab
from demos._words import say, unmark

FunctionName = Literal["max", "onehot", "argmax", "top-k"]

VALUES = "3 2.2 1.5 -0.5 -2"
PREDICTED = "0.95 0.8 0.62 0.4 0.15 0.7 0.45 0.3 0.2 0.1"
LABELS = "1 1 1 1 1 0 0 0 0 0"
TYPED = "max(x, 1 - x) + abs(x - 2)/2"
SHARPNESS = (0.1, 1000.0)  # ends of the curve
FUNCTIONS = [
    ("max", "max"),
    ("onehot(argmax)", "onehot"),
    ("argmax", "argmax"),
    (say("前 k 大", "top-k"), "top-k"),
]


def smooth_numbers(
    values: str = VALUES, function: FunctionName = "max", exponent: float = 0.3, k: int = 2
) -> Outcome:
    """A function without useful gradients, its smooth version, the error and the gradient.

    Args:
        values: 2 to 64 numbers
        function: max, onehot (of the largest), argmax (its position from 0) or top-k
        exponent: the sharpness K is 10 to this power, -1 to 3
        k: how many the top-k chooses
    """
    x = [float(v) for v in parse_numbers(values)]
    sharpness = float(10**exponent)
    arguments: dict[str, Any] = {"function": function, "values": x}
    if function == "top-k":
        arguments["k"] = int(k)

    def work() -> tuple[Smoothed, SharpnessCurve]:
        return (
            smooth_functions.smooth_function(**arguments, sharpness=sharpness),
            smooth_functions.sharpness_curve(**arguments, sharpness=SHARPNESS, count=25),
        )

    (found, curve), timing = timed(work)
    several = function in ("onehot", "top-k")
    return Outcome(
        result=found,
        blocks=lambda: [
            value_bars(x, function, found, int(k)),
            sharpness_plot(curve, found, sharpness, function == "max"),
            *([jacobian_plot(found)] if several and len(x) <= 24 else []),
        ],
        timing=timing,
        call=Call(smooth_functions.smooth_function, arguments | {"sharpness": round(sharpness, 6)}),
        how=_how_numbers(x, function, found, sharpness, int(k)),
    )


def smooth_formula(
    text: str = TYPED, exponent: float = 0.6, low: float = -2.0, high: float = 4.0
) -> Outcome:
    """A formula with max, min, abs, relu, sign or step, and the same without kinks and jumps.

    Args:
        text: a formula in x
        exponent: the sharpness K is 10 to this power, -1 to 3
        low: left end of the window, -1000 to 1000
        high: right end of the window
    """
    sharpness = float(10**exponent)
    arguments: dict[str, Any] = {
        "text": text,
        "sharpness": round(sharpness, 6),
        "window": (float(low), float(high)),
    }
    found, timing = timed(smooth_functions.composition, **arguments)
    worst = f"{found.largest_error:.4g}" if math.isfinite(found.largest_error) else "–"
    return Outcome(
        result={"largest_error": found.largest_error, "latex": found.latex}
        | {"x": found.x, "exact": found.exact, "smooth": found.smooth},
        blocks=lambda: formula_plots(found),
        timing=timing,
        call=Call(smooth_functions.composition, arguments),
        how=[
            say(
                "公式由一个只认白名单的解析器读，不会当作代码运行。每个折点函数换成它的光滑版本，导数由链式法则精确算出：",
                "A parser that knows a short list of functions reads the formula; it is never run as "
                "code. Each function with a kink is replaced by its smooth version, and derivatives "
                "are exact, by the chain rule:",
            ),
            formula(f"f(x)={found.latex}"),
            formula(
                r"\max(a,b)\to\tfrac1K\ln(e^{Ka}+e^{Kb}),\quad |a|\to\tfrac1K\ln(e^{Ka}+e^{-Ka}),\quad "
                r"\mathrm{step}(a)\to\sigma(Ka),\quad K=" + f"{sharpness:.3g}"
            ),
            say(
                f"一个折点最多差 ln 2 / K = {math.log(2) / sharpness:.4g}（乘上它前面的系数）；这里最多差 {worst}。",
                f"One kink is off by ln 2 / K = {math.log(2) / sharpness:.4g} at most, times the factor "
                f"before it; here the largest difference is {worst}.",
            ),
        ],
    )


def smooth_scores(
    probabilities: str = PREDICTED,
    labels: str = LABELS,
    exponent: float = 0.3,
    place: int = 4,
) -> Outcome:
    """Accuracy and F1 as counted and as smooth functions of the predicted probabilities.

    Args:
        probabilities: of the positive class, one per example, 0 to 1
        labels: 0 or 1 per example, as many
        exponent: the sharpness K is 10 to this power, -1 to 3; 0 is the post's version
        place: the example, from 1, that is moved in the plot
    """
    # The library says what labels may be; other numbers than 0 and 1 are left to it.
    p, y = ([float(v) for v in parse_numbers(text)] for text in (probabilities, labels))
    sharpness = float(10**exponent)
    place = min(max(1, int(place)), len(p))

    def work() -> tuple[list[Metric], list[Metric], list[float]]:
        scores = [
            metric(p, y, sharpness=k)
            for metric in (smooth_functions.binary_accuracy, smooth_functions.f1)
            for k in (1.0, sharpness)
        ]
        xs = [i / 60 for i in range(61)]
        moved = [
            smooth_functions.f1([*p[: place - 1], v, *p[place:]], y, sharpness=sharpness)
            for v in xs
        ]
        return scores, moved, xs

    (scores, moved, xs), timing = timed(work)
    accuracy, sharp_accuracy, f1, sharp_f1 = scores
    hits = sum(a * b for a, b in zip(p, y, strict=True))
    return Outcome(
        result={"accuracy": sharp_accuracy, "f1": sharp_f1},
        blocks=lambda: [
            probability_bars(p, y, list(sharp_f1.gradient)),
            metric_table(accuracy, f1, sharp_accuracy, sharp_f1, sharpness),
            moved_plot(
                xs, [m.exact for m in moved], [m.smooth for m in moved], p[place - 1], place
            ),
        ],
        timing=timing,
        call=Call(
            smooth_functions.f1,
            {"probabilities": p, "labels": y, "sharpness": round(sharpness, 6)},
        ),
        how=[
            say(
                f"{len(p)} 个样本。数出来的分数只在某个概率越过 1/2 时才变，梯度几乎处处为零；把计数换成概率就有了梯度：",
                f"{len(p)} examples. The counted scores change only when a probability crosses 1/2, and "
                "have no gradient elsewhere; probabilities instead of counts have one:",
            ),
            formula(
                r"\mathrm{acc}\approx\tfrac1N\sum_i p_i(y_i)=" + f"{accuracy.smooth:.4f}"
                r",\qquad F_1\approx\frac{2\sum y_ip_i}{\sum(y_i+p_i)}=\frac{"
                + f"{2 * hits:.3f}" + "}{" + f"{sum(p) + sum(y):.3f}" + "}=" + f"{f1.smooth:.4f}"
            ),
            say(
                f"锐度把每个 p 的 logit 乘上 K = {sharpness:.3g}；K 越大越像计数（{sharp_f1.smooth:.4f} 对 "
                f"{sharp_f1.exact:.4f}），梯度也越集中在 1/2 附近。",
                f"Sharpness multiplies the logit of every p by K = {sharpness:.3g}; the larger K, the "
                f"closer to the count ({sharp_f1.smooth:.4f} against {sharp_f1.exact:.4f}), and the more "
                "the gradient gathers near 1/2.",
            ),
        ],
    )  # fmt: skip


def train_smooth_f1(
    positives: float = 8.0,
    separation: float = 1.6,
    switch: int = 200,
    rate: float = 1.0,
    seed: int = 6620,
) -> Outcome:
    """Train a linear classifier on rare positives by cross-entropy, by smooth F1, and by both in turn.

    Args:
        positives: percent of positive examples, 1 to 50
        separation: distance of the two clouds, 0 to 6
        switch: step at which the third run changes from cross-entropy to F1, 0 to 400
        rate: learning rate, 0.01 to 10
        seed: draws the points
    """
    arguments: dict[str, Any] = {
        "positives": float(positives) / 100,
        "separation": float(separation),
        "rate": float(rate),
        "steps": 400,
        "switch": int(switch),
        "seed": int(seed),
    }

    def work() -> tuple[F1Training, BiasCurve]:
        found = smooth_functions.train_f1(**arguments)
        labels = [int(v) for v in found.labels]
        return found, smooth_functions.bias_curve(found.predicted[0], labels, repeats=2)

    (found, bias), timing = timed(work)
    final = [float(row[-1]) for row in found.f1]
    accuracy = [float(row[-1]) for row in found.accuracy]
    return Outcome(
        result={"names": found.names, "f1": found.f1[:, -1], "accuracy": found.accuracy[:, -1]}
        | {"bias": bias},
        blocks=lambda: [training_plot(found, int(switch)), cloud_plot(found), bias_plot(bias)],
        timing=timing,
        call=Call(smooth_functions.train_f1, arguments),
        how=[
            say(
                f"600 个训练点，{positives:g}% 是正例；另外 600 个点量分数。三次训练都从零出发、400 步梯度下降，只有损失不同：",
                f"600 training points, {positives:g}% positive, and as many to score on. Three runs of 400 "
                "gradient steps from zero; only the loss differs:",
            ),
            formula(
                r"\mathcal{L}_{\mathrm{CE}}=-\tfrac1N\sum\ln p_i(y_i),\qquad "
                r"\mathcal{L}_{F_1}=-\frac{2\sum y_ip_i}{\sum(y_i+p_i)}"
            ),
            say(
                f"最后的 F1：交叉熵 {final[0]:.3f}，光滑 F1 {final[1]:.3f}，先后两种 {final[2]:.3f}；准确率 "
                f"{accuracy[0]:.3f}、{accuracy[1]:.3f}、{accuracy[2]:.3f}。F1 不是样本的平均，小批量的平均"
                f"（批大小 {bias.sizes[0]}：{bias.smooth[0]:.3f}）不等于整体（{bias.smooth_whole:.3f}）。",
                f"F1 at the end: cross-entropy {final[0]:.3f}, smooth F1 {final[1]:.3f}, in turn "
                f"{final[2]:.3f}; accuracy {accuracy[0]:.3f}, {accuracy[1]:.3f}, {accuracy[2]:.3f}. F1 is "
                f"no mean over examples: batches of {bias.sizes[0]} average {bias.smooth[0]:.3f}, the "
                f"whole has {bias.smooth_whole:.3f}.",
            ),
        ],
    )


# -- drags ------------------------------------------------------------------------------------------


def adjust_values(value: Any) -> dict[str, Any]:
    """The first scene's answer without the queue, while numbers are dragged."""
    given = dict(value)
    return smooth_numbers(
        values=unmark(str(given["values"])),
        function=given["function"],
        exponent=float(given["exponent"]),
        k=int(given["k"]),
    ).payload()


def adjust_probabilities(value: Any) -> dict[str, Any]:
    """The scores' answer without the queue, while probabilities are dragged."""
    given = dict(value)
    return smooth_scores(
        probabilities=unmark(str(given["probabilities"])),
        labels=unmark(str(given["labels"])),
        exponent=float(given["exponent"]),
        place=int(given["place"]),
    ).payload()


# -- explanations -------------------------------------------------------------------------------------


def _how_numbers(
    x: list[float], function: str, found: Smoothed, sharpness: float, k: int
) -> list[str | Block]:
    n = len(x)
    shown = ",".join(f"{v:.3f}" for v in found.smooth[:6]) + (r",\dots" if n > 6 else "")
    if function == "max":
        return [
            say(
                f"{n} 个数的最大值换成 logsumexp，总是偏大，最多大 ln n / K：",
                f"The largest of {n} numbers becomes a logsumexp, which is always above it, by ln n / K "
                "at most:",
            ),
            formula(
                r"\max(x)\approx\tfrac1K\ln\sum_i e^{Kx_i}=" + f"{found.smooth[0]:.5f}"
                + r",\quad \tfrac{\ln n}{K}=" + f"{found.bound:.4f},\\quad K={sharpness:.3g}"
            ),
            say(
                f"这里大了 {found.error:.5f}。它的梯度就是 softmax(Kx)：不只最大的数得到梯度。",
                f"Here it is {found.error:.5f} above. Its gradient is softmax(Kx): not only the largest "
                "number gets one.",
            ),
        ]  # fmt: skip
    if function == "onehot":
        return [
            say(
                f"“最大的是谁”写成 one-hot 向量，再换成 softmax，K = {sharpness:.3g}：",
                f"Which is largest, as a one-hot vector, becomes a softmax with K = {sharpness:.3g}:",
            ),
            formula(
                r"\mathrm{onehot}(\operatorname*{argmax} x)\approx\mathrm{softmax}(Kx)=("
                + shown
                + ")"
            ),
            say(
                f"最多差 {found.error:.4f}；差距由前两名之差乘 K 决定。",
                f"At most {found.error:.4f} off; what counts is K times the lead of the first.",
            ),
        ]
    if function == "argmax":
        return [
            say(
                "位置（从 0 数）换成 softmax 下的平均位置：",
                "The position, counted from 0, becomes the mean position under the softmax:",
            ),
            formula(
                r"\operatorname*{argmax} x\approx\sum_i i\,\mathrm{softmax}(Kx)_i=" + f"{found.smooth[0]:.4f}"
                + rf",\quad K={sharpness:.3g}"
            ),
            say(
                f"精确值 {found.exact[0]:g}。两个相隔很远的数打平时，平均位置落在中间，谁也不是。",
                f"Exactly it is {found.exact[0]:g}. When two distant numbers tie, the mean lies between "
                "and is neither.",
            ),
        ]  # fmt: skip
    return [
        say(
            f"先平移到最小值为 0、乘上 K = {sharpness:.3g}，再从 p = 0 重复 {k} 次：每次 softmax 选一个，已选的由 1 − p 压下去。",
            f"Shift to minimum 0, multiply by K = {sharpness:.3g}, and repeat {k} times from p = 0: a "
            "softmax chooses one each time, and 1 − p holds down what is chosen already.",
        ),
        formula(
            r"p\leftarrow p+\mathrm{softmax}\bigl((1-p)\odot Kx\bigr)\ (" + f"{k}" + r"\times)"
            r"\quad\Rightarrow\quad p=(" + shown + r"),\ \sum p=" + f"{found.smooth.sum():.4f}"
        ),
        say(
            f"和总是 k；各项要到 K 够大才接近 0 和 1（这里最多差 {found.error:.4f}）。最小的数平移后是 0，永远选不干净。",
            f"The sum is always k; entries come close to 0 and 1 only when K is large (here {found.error:.4f} "
            "off). The smallest number is 0 after the shift and is never quite left out.",
        ),
    ]


# -- layout -----------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Four things to do."""
    with tab.several():
        with tab.scene("numbers", say("选最大", "Choose")) as scene:
            _numbers_scene(scene)
        with tab.scene("formula", say("公式", "Formula")) as scene:
            _formula_scene(scene)
        with tab.scene("scores", say("准确率与 F1", "Scores")) as scene:
            _scores_scene(scene)
        with tab.scene("train", say("训练 F1", "Train")) as scene:
            _train_scene(scene)


def _sharpness(scene: Scene, value: float) -> None:
    scene.input(
        "exponent",
        gr.Slider(
            -1,
            3,
            value=value,
            step=0.05,
            label=say("锐度 log₁₀ K", "Sharpness log₁₀ K"),
        ),
        live=True,
    )


def _numbers_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "function", gr.Radio(FUNCTIONS, value="max", label=say("函数", "Function")), live=True
        )
        _sharpness(scene, 0.3)
        scene.input(
            "values",
            gr.Textbox(
                VALUES,
                label="x",
                info=say("2 到 64 个数，或直接拖柱子", "2 to 64 numbers, or drag the bars"),
                lines=1,
                max_length=4000,
            ),
        )
        scene.input(
            "k",
            gr.Slider(1, 8, value=2, step=1, label=say("前 k 大的 k", "k of the top-k")),
            live=True,
        )
        scene.primary(say("光滑化", "Smooth"), smooth_numbers)
    scene.examples = [
        Example(say("softmax", "softmax"), {"function": "onehot", "exponent": 0}),
        Example(say("前三大", "top three"), {"function": "top-k", "k": 3, "exponent": 0, "values": "5 4 3 2 1"}, say(
            "K = 1：和是 3，各项还很软（0.99, 0.89, 0.65 …）", "K = 1: the sum is 3, the entries are soft (0.99, 0.89, 0.65 …)")),
        Example(say("前三大，锐", "top three, sharp"), {"function": "top-k", "k": 3, "exponent": 1.3,
                "values": "5 4 3 2 1"}),
        Example(say("全都相等", "all equal"), {"values": "1 1 1 1 1 1 1 1", "exponent": 0.3}, say(
            "误差恰好是上界 ln n / K", "the error is exactly the bound ln n / K")),
        Example(say("位置", "position"), {"function": "argmax", "values": "0 1 4 2 0 -1", "exponent": 0.5}),
        Example(say("失败：两头打平", "failure: a tie at both ends"), {"function": "argmax",
                "values": "3 0 0 0 0 0 3", "exponent": 1}, say("平均位置落在谁也不是的中间",
                "the mean position is in the middle, at neither")),
        Example(say("失败：太锐", "failure: too sharp"), {"function": "onehot", "exponent": 3}, say(
            "准到头了，梯度也没了：无从训练", "as exact as can be, and no gradient left to train with")),
        Example(say("失败：k 太大", "failure: k too large"), {"function": "top-k", "k": 8, "values": "3 2 1"}),
    ]  # fmt: skip
    scene.show(live={"adjust": adjust_values})


def _formula_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "text",
            gr.Textbox(
                TYPED,
                label="f(x)",
                info=say(
                    "可用 max min abs relu step sign exp log sin …",
                    "max min abs relu step sign exp log sin …",
                ),
                lines=1,
                max_length=400,
            ),
        )
        _sharpness(scene, 0.6)
        scene.input(
            "low",
            gr.Slider(-20, 0, value=-2, step=0.5, label=say("窗口左端", "Window from")),
            live=True,
        )
        scene.input(
            "high",
            gr.Slider(0, 20, value=4, step=0.5, label=say("窗口右端", "Window to")),
            live=True,
        )
        scene.primary(say("光滑化", "Smooth"), smooth_formula)
    scene.examples = [
        Example("relu", {"text": "relu(x)", "exponent": 0.3}),
        Example(say("方波", "square wave"), {"text": "sign(sin(3x))", "exponent": 0.8}),
        Example(say("截断", "clipping"), {"text": "min(max(x, 0), 1)", "exponent": 1}),
        Example(say("台阶", "stairs"), {"text": "step(x) + step(x-1) + step(x-2)", "exponent": 1.2}),
        Example(say("三条线的最大值", "largest of three lines"), {"text": "max(-x, x/2, 2x-3)", "exponent": 0.3}),
        Example(say("失败：太软", "failure: too soft"), {"text": "abs(x)", "exponent": -0.5}, say(
            "最小值不再是 0：误差 ln 2 / K 比函数还大", "the minimum is no longer 0: ln 2 / K is larger than the function")),
        Example(say("失败：写错了", "failure: mistyped"), {"text": "max(x, "}),
    ]  # fmt: skip
    scene.show()


def _scores_scene(scene: Scene) -> None:
    with scene.controls():
        _sharpness(scene, 0.3)
        scene.input(
            "probabilities",
            gr.Textbox(
                PREDICTED,
                label=say("预测为正的概率", "Predicted probabilities"),
                info=say("也可以直接拖柱子", "or drag the bars"),
                lines=2,
                max_length=20_000,
            ),
        )
        scene.input(
            "labels",
            gr.Textbox(
                LABELS, label=say("标签，0 或 1", "Labels, 0 or 1"), lines=1, max_length=20_000
            ),
        )
        scene.input(
            "place",
            gr.Slider(
                1,
                10,
                value=4,
                step=1,
                label=say("在图里移动第几个", "Which one to move in the plot"),
            ),
            live=True,
        )
        scene.primary(say("打分", "Score"), smooth_scores)
    scene.examples = [
        Example(say("原文的写法（K = 1）", "the post's version (K = 1)"), {"exponent": 0}),
        Example(say("很锐", "sharp"), {"exponent": 1.5}),
        Example(say("稀少的正例", "rare positives"), {"probabilities": "0.6 0.4 0.3 0.2 0.2 0.1 0.1 0.1 0.05 0.05",
                "labels": "1 1 0 0 0 0 0 0 0 0"}, say("准确率高，F1 低", "high accuracy, low F1")),
        Example(say("全都猜负", "all guessed negative"), {"probabilities": "0.4 0.4 0.4 0.3 0.3 0.2 0.2 0.1 0.1 0.1",
                "labels": "1 1 1 0 0 0 0 0 0 0"}, say("数出来的 F1 是 0、没有梯度；光滑的有",
                "the counted F1 is 0 without a gradient; the smooth one has one")),
        Example(say("完全正确", "all correct"), {"probabilities": "0.9 0.9 0.8 0.8 0.7 0.3 0.2 0.2 0.1 0.1"}),
        Example(say("失败：太锐", "failure: too sharp"), {"exponent": 3}, say(
            "与计数相同，梯度也一样没有了", "equal to the count, and as free of gradients")),
        Example(say("失败：标签不够", "failure: too few labels"), {"labels": "1 1 1"}),
    ]  # fmt: skip
    scene.show(live={"adjust": adjust_probabilities})


def _train_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "positives",
            gr.Slider(1, 50, value=8, step=1, label=say("正例的 %", "Positives, %")),
            live=True,
        )
        scene.input(
            "separation",
            gr.Slider(0, 6, value=1.6, step=0.1, label=say("两团的距离", "Distance of the clouds")),
            live=True,
        )
        scene.input(
            "switch",
            gr.Slider(
                0, 400, value=200, step=10, label=say("第几步换成 F1", "Step that changes to F1")
            ),
            live=True,
        )
        scene.seed(6620)
        with scene.more():
            scene.input(
                "rate",
                gr.Slider(0.01, 10, value=1, step=0.01, label=say("学习率", "Learning rate")),
            )
        scene.primary(say("训练", "Train"), train_smooth_f1)
    scene.examples = [
        Example(say("一半正例", "half positive"), {"positives": 50}, say(
            "平衡时两种损失差不多", "with balanced classes both losses do alike")),
        Example(say("3% 正例", "3% positive"), {"positives": 3}),
        Example(say("分得很开", "far apart"), {"separation": 4}),
        Example(say("早换", "early change"), {"switch": 20}),
        Example(say("从头就用 F1", "F1 from the start"), {"switch": 0}),
        Example(say("失败：分不开", "failure: inseparable"), {"separation": 0}, say(
            "F1 学会全猜正例：那样的 F1 最高", "F1 learns to call all positive, which scores best")),
        Example(say("失败：学习率太小", "failure: rate too small"), {"rate": 0.01}, say(
            "400 步走不到", "400 steps do not get there")),
    ]  # fmt: skip
    scene.show()


DEMO = Demo(
    slug="smooth-functions",
    section="training",
    title=say("光滑化", "Smoothing"),
    heading=say("把不可导的函数磨光滑", "Functions made smooth enough to train"),
    summary=say(
        "max、argmax、前 k 大、准确率、F1：拧一拧锐度，看误差变小、梯度变陡。",
        "max, argmax, top-k, accuracy, F1: turn the sharpness, watch the error shrink and gradients steepen.",
    ),
    references=(
        Reference(
            title="函数光滑化杂谈：不可导函数的可导逼近",
            url="https://kexue.fm/archives/6620",
            date="2019-05-20",
        ),
    ),
    build=build,
    order=60,
    keywords="光滑 smooth max logsumexp argmax softmax top-k accuracy F1 指标 不可导 differentiable 损失",
)
