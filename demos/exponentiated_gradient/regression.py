"""A scene of the tab about exponentiated gradients: regression with weights that stay positive."""

from functools import partial
from typing import Any

import gradio as gr
import numpy as np

from core.labs import exponentiated_gradient as eg
from demos import _landscape as land
from demos._landscape import short, tex
from demos._numbers import finite, timed
from demos._outcome import Block, Call, Example, Outcome
from demos._outcome import formula as equation
from demos._tab import Scene
from demos._words import say

LABELS = {
    "exponentiated": (say("指数梯度", "exponentiated gradient"), "seal"),
    "projected": (say("投影下降", "projected descent"), "indigo"),
}


def fit_positive_weights(
    features: int = 12,
    nonzero: int = 4,
    noise: float = 0.05,
    rate: float = 0.2,
    projected_rate: float = 0.2,
    steps: int = 300,
    samples: int = 40,
    seed: int = 0,
) -> Outcome:
    """Fit a regression with non-negative weights, multiplicatively and by projection.

    Args:
        features: number of weights, 2 to 100
        nonzero: how many of the true weights are positive
        noise: standard deviation of the noise in the data
        rate: learning rate of the multiplicative update
        projected_rate: learning rate of projected descent
        steps: number of steps, 1 to 3000
        samples: number of measurements, 2 to 500
        seed: draws data and true weights
    """
    arguments: dict[str, Any] = {
        "features": int(features),
        "samples": int(samples),
        "nonzero": int(nonzero),
        "noise": noise,
        "rate": rate,
        "projected_rate": projected_rate,
        "steps": int(steps),
        "seed": int(seed),
    }
    made, timing = timed(eg.positive_race, **arguments)
    ends = {
        "exponentiated": made.exponentiated_loss[-1] - made.optimum_loss,
        "projected": made.projected_loss[-1] - made.optimum_loss,
    }
    zeros = int((made.projected[-1] == 0).sum())
    tiny = float(made.exponentiated[-1].min())
    return Outcome(
        result=partial(finite, made),
        blocks=lambda: [_weights(made), _positive_losses(made, ends)],
        timing=timing,
        call=Call(eg.positive_race, arguments),
        how=lambda: [
            say(
                f"不用归一，只要为正：{steps} 步之后，乘法更新高出最优 {short(ends['exponentiated'])}，"
                f"投影 {short(ends['projected'])}。",
                f"No normalisation, only positivity: after {steps} steps the multiplicative update is "
                f"{short(ends['exponentiated'])} above the optimum, projection "
                f"{short(ends['projected'])}.",
            ),
            equation(
                r"\theta\leftarrow\theta\odot e^{-\eta g},\qquad\eta=" + tex(rate)
                + r",\qquad\text{vs}\quad\theta\leftarrow\max(0,\theta-" + tex(projected_rate)
                + r"\,g)"
            ),
            say(
                f"投影有 {zeros} 个权重恰为零；乘法更新的最小权重是 {short(tiny)}，永远不到零，"
                "离零越近走得越慢。",
                f"Projection has {zeros} weights that are exactly zero; the smallest multiplicative "
                f"weight is {short(tiny)}: never zero, and slower the closer it is.",
            ),
        ],
    )  # fmt: skip


def _weights(made: eg.PositiveRace) -> Block:
    index = list(range(1, made.truth.size + 1))
    return {
        "kind": "plot",
        "title": say("权重", "Weights"),
        "hint": say(
            "灰柱：真值；横线：最优；红：乘法；蓝：投影",
            "bars: truth; dash: optimum; red: multiplicative; blue: projected",
        ),
        "height": 280,
        "alt": say(
            f"{len(index)} 个权重的真值、最优和两种方法的终点。",
            f"Truth, optimum and both ends for {len(index)} weights.",
        ),
        "figure": {
            "data": [
                {
                    "type": "bar",
                    "x": index,
                    "y": land.significant(made.truth, 4),
                    "marker": {"color": "line"},
                    "hovertemplate": "%{x}: %{y:.3f}<extra></extra>",
                },
                land.dots(
                    index,
                    made.optimum,
                    "ink",
                    name=say("最优", "optimum"),
                    marker={"symbol": "line-ew-open", "size": 16, "color": "ink"},
                ),
                land.dots(
                    index, made.exponentiated[-1], "seal", name=LABELS["exponentiated"][0], size=9
                ),
                land.dots(
                    index, made.projected[-1], "indigo", name=LABELS["projected"][0], size=6
                ),
            ],
            "layout": {
                "bargap": 0.3,
                "xaxis": {"title": {"text": say("第几个权重", "weight")}, "dtick": 1 if len(index) < 25 else 10},
                "yaxis": {"title": {"text": say("值", "value")}},
            },
        },
    }  # fmt: skip


def _positive_losses(made: eg.PositiveRace, ends: dict[str, Any]) -> Block:
    steps = np.arange(len(made.projected_loss))

    def above(loss: Any) -> Any:
        return np.maximum(loss - made.optimum_loss, 1e-16)

    return {
        "kind": "plot",
        "title": say("高出最优多少", "Loss above the optimum"),
        "height": 240,
        "alt": say(
            f"终点：乘法 {short(ends['exponentiated'])}，投影 {short(ends['projected'])}。",
            f"Ends: multiplicative {short(ends['exponentiated'])}, projected "
            f"{short(ends['projected'])}.",
        ),
        "figure": {
            "data": [
                land.line(steps, above(made.exponentiated_loss), "seal", name=LABELS["exponentiated"][0]),
                land.line(steps, above(made.projected_loss), "indigo", name=LABELS["projected"][0]),
            ],
            "layout": {
                "xaxis": {"title": {"text": say("步", "step")}},
                "yaxis": {
                    "type": "log",
                    "title": {"text": say("损失之差", "difference")},
                    "exponentformat": "power",
                },
            },
        },
    }  # fmt: skip


def positive_scene(scene: Scene) -> None:
    """Multiplication against projection on weights that may not be negative."""
    with scene.controls():
        scene.input(
            "features",
            gr.Slider(2, 40, value=12, step=1, label=say("权重个数", "Weights")),
            live=True,
        )
        scene.input(
            "nonzero",
            gr.Slider(1, 20, value=4, step=1, label=say("其中为正", "Positive among them")),
            live=True,
        )
        scene.input(
            "rate",
            gr.Slider(0.01, 1, value=0.2, step=0.01, label=say("乘法的 η", "η, multiplicative")),
            live=True,
        )
        scene.input(
            "projected_rate",
            gr.Slider(0.01, 1, value=0.2, step=0.01, label=say("投影的 η", "η, projected")),
            live=True,
        )
        with scene.more(say("更多：步数、数据、种子", "More: steps, data, seed")):
            scene.input(
                "steps", gr.Slider(10, 1500, value=300, step=10, label=say("步数", "Steps"))
            )
            scene.input(
                "samples", gr.Slider(5, 200, value=40, step=5, label=say("样本数", "Samples"))
            )
            scene.input("noise", gr.Slider(0, 2, value=0.05, step=0.05, label=say("噪声", "Noise")))
            scene.seed(0)
        scene.primary(say("拟合", "Fit"), fit_positive_weights)
    scene.examples = [
        Example(say("十二取四", "four of twelve"), {}),
        Example(say("多走几步", "more steps"), {"steps": 1500}, say(
            "乘法更新在零附近越来越慢", "the product slows down near zero")),
        Example(say("很稀疏", "very sparse"), {"features": 40, "nonzero": 3, "samples": 100}),
        Example(say("噪声大", "noisy data"), {"noise": 1.5}, say(
            "最优不再等于真值", "the optimum is no longer the truth")),
        Example(say("样本比权重少", "fewer samples than weights"), {"features": 40, "samples": 20, "nonzero": 5},
            say("解不唯一；乘法更新偏向稀疏的那个", "many solutions; the product prefers a sparse one")),
        Example(say("失败：乘法 η 太大", "failure: rate too large"), {"rate": 0.9}, say(
            "指数放大，权重来回暴涨", "the exponential overshoots")),
        Example(say("失败：个数不对", "failure: too many positive"), {"features": 5, "nonzero": 9}),
    ]  # fmt: skip
    scene.show()
