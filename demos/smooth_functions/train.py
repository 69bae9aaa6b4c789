"""Training on smooth F1 against cross-entropy when positives are rare."""

from typing import Any

import gradio as gr

from core.labs import smooth_functions
from core.labs.smooth_functions import (
    BiasCurve,
    F1Training,
)
from demos._numbers import timed
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.smooth_functions.score_blocks import (
    bias_plot,
    cloud_plot,
    training_plot,
)


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


def train_scene(scene: Scene) -> None:
    """Controls and examples."""
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
