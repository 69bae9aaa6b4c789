"""Accuracy and F1 as counted and as smooth functions of probabilities to drag."""

from typing import Any

import gradio as gr

from core.labs import smooth_functions
from core.labs.smooth_functions import (
    Metric,
)
from core.labs.typed_numbers import parse_numbers
from demos._numbers import timed
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say, unmark
from demos.smooth_functions.numbers import sharpness_input
from demos.smooth_functions.score_blocks import (
    metric_table,
    moved_plot,
    probability_bars,
)

PREDICTED = "0.95 0.8 0.62 0.4 0.15 0.7 0.45 0.3 0.2 0.1"
LABELS = "1 1 1 1 1 0 0 0 0 0"


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


def adjust_probabilities(value: Any) -> dict[str, Any]:
    """The scores' answer without the queue, while probabilities are dragged."""
    given = dict(value)
    return smooth_scores(
        probabilities=unmark(str(given["probabilities"])),
        labels=unmark(str(given["labels"])),
        exponent=float(given["exponent"]),
        place=int(given["place"]),
    ).payload()


def scores_scene(scene: Scene) -> None:
    """Controls and examples."""
    with scene.controls():
        sharpness_input(scene, 0.3)
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
