"""A classifier with each noise as its output layer."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import gradio as gr

from core.labs import discrete_distributions, output_layers
from core.labs.discrete_distributions import (
    PullCurve,
)
from core.labs.noises import NOISES
from core.labs.output_layers import LayerRun
from demos._numbers import timed
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.discrete_distributions.names import NAMES
from demos.discrete_distributions.tail_blocks import (
    layer_table,
    pull_plot,
    training_plot,
)


def train_output_layers(
    wrong: float = 10.0,
    separation: float = 2.0,
    rate: float = 1.0,
    steps: int = 80,
    seed: int = 9085,
) -> Iterator[Outcome]:
    """Train a linear classifier of three clouds with each noise as its output layer.

    Args:
        wrong: percent of the training labels that are false, 0 to 60
        separation: distance of the clouds' centres from the origin, 0 to 6
        rate: learning rate, 0.05 to 10
        steps: gradient steps, 10 to 200
        seed: draws the points and the wrong labels
    """
    arguments: dict[str, Any] = {
        "separation": float(separation),
        "wrong": float(wrong) / 100,
        "seed": int(seed),
    }
    given, total = timed(output_layers.task, **arguments)
    learning = {"rate": float(rate), "steps": int(steps)}
    runs: list[LayerRun] = []
    for noise in NOISES:
        run, timing = timed(output_layers.train, given, noise, **learning)
        runs.append(run)
        total = total + timing
        yield Outcome(
            result={"runs": list(runs)},
            blocks=[training_plot(runs, int(steps)), layer_table(runs), pull_plot(pulls())],
            timing=total,
            call=Call(output_layers.train_all, arguments | learning),
            how=_how_training(runs, float(wrong)),
            progress=None if noise == NOISES[-1] else len(runs) / len(NOISES),
        )


def _how_training(runs: list[LayerRun], wrong: float) -> list[str | Block]:
    best = min(runs, key=lambda run: run.held_loss)
    zh, en = NAMES[best.noise]
    return [
        say(
            f"240 个点、三类、{wrong:g}% 的标签是错的。同一个线性分类器，损失是 −ln p，p 由噪声决定：",
            f"240 points of three classes, {wrong:g}% of the labels false. One linear classifier; the "
            "loss is −ln p, and the noise decides p:",
        ),
        formula(
            r"\mathcal{L}=-\tfrac1N\sum\ln p_{y}(\mu),\qquad \mu=xW,\qquad"
            r"\mathcal{L}_{\mathrm{" + best.noise + r"}}=" + f"{best.loss[-1]:.4f}"
        ),
        say(
            f"测试损失最低的是{zh}（{best.held_loss:.3f} nats）。错标的点离正确一侧很远：正态噪声用与距离成正比的力去拉，"
            "Gumbel（softmax）的力不超过 1，Cauchy 越远越松手；均匀噪声给它们的概率是零，没有梯度，"
            "损失按概率 1e-9（20.7 nats）计。",
            f"The lowest held-out loss has {en} noise ({best.held_loss:.3f} nats). A falsely labelled "
            "point lies far on the wrong side: normal noise pulls in proportion to the distance, Gumbel "
            "(softmax) with at most 1, Cauchy lets go; uniform noise gives it probability zero and no "
            "gradient, and its loss counts as that of 1e-9, 20.7 nats.",
        ),
    ]


@lru_cache(maxsize=1)
def pulls() -> PullCurve:
    """The same for every visitor, and slow to compute."""
    return discrete_distributions.pull_curve()


def train_scene(scene: Scene) -> None:
    """Controls and examples."""
    with scene.controls():
        scene.input(
            "wrong", gr.Slider(0, 60, value=10, step=1, label=say("错标的 %", "False labels, %"))
        )
        scene.input(
            "separation",
            gr.Slider(0, 6, value=2, step=0.1, label=say("三团的距离", "Distance of the clouds")),
        )
        scene.input(
            "rate", gr.Slider(0.05, 10, value=1, step=0.05, label=say("学习率", "Learning rate"))
        )
        scene.input("steps", gr.Slider(10, 200, value=80, step=10, label=say("步数", "Steps")))
        with scene.more():
            scene.seed(9085)
        scene.primary(say("训练", "Train"), train_output_layers)
    scene.examples = [
        Example(say("没有错标", "no false labels"), {"wrong": 0}),
        Example(say("两成错标", "a fifth is false"), {"wrong": 20}, say(
            "尾巴重的噪声对错标最宽容", "heavy tails forgive false labels most")),
        Example(say("分得很开", "far apart"), {"separation": 4, "wrong": 5}),
        Example(say("叠在一起", "on top of each other"), {"separation": 0.5}),
        Example(say("失败：学习率太大", "failure: rate too large"), {"rate": 10, "wrong": 20}, say(
            "步子跳过最优点：多数噪声的损失不降反升，只有 Cauchy 稳住",
                "steps jump over the best point; most losses rise, only the Cauchy holds")),
        Example(say("失败：均匀噪声学不动", "failure: uniform noise is stuck"), {"wrong": 25}, say(
            "四成样本的标签概率为零，没有梯度，准确率停在六成", "four in ten labels have probability zero and no gradient")),
    ]  # fmt: skip
    scene.show()
