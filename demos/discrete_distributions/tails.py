"""How fast each noise forgets the lower score, and how sparse it is."""

from typing import Any

import gradio as gr

from core.labs import discrete_distributions
from core.labs.discrete_distributions import (
    LoserCurve,
    Sparsity,
)
from core.labs.noises import DEVIATIONS
from demos._numbers import timed
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.discrete_distributions.tail_blocks import loser_plot, sparsity_plot

CASES = 6  # random score vectors of the sparsity figure; few, so that it answers a drag


def compare_tails(
    spread: float = 2.0, size: int = 8, unit_variance: bool = False, seed: int = 9085
) -> Outcome:
    """Compare all noises: the chance of the lower of two scores, and how sparse the results are.

    Args:
        spread: standard deviation of random scores, 0 to 10
        size: number of categories, 2 to 16
        unit_variance: bring every noise to standard deviation 1 (the Cauchy has none and stays)
        seed: draws the scores
    """
    arguments: dict[str, Any] = {
        "size": int(size),
        "spread": float(spread),
        "cases": CASES,
        "unit_variance": bool(unit_variance),
        "seed": int(seed),
    }

    def work() -> tuple[LoserCurve, Sparsity]:
        return (
            discrete_distributions.loser_curve(count=41, unit_variance=bool(unit_variance)),
            discrete_distributions.sparsity(**arguments),
        )

    (curve, found), timing = timed(work)
    at = int((abs(curve.gaps - 2.0)).argmin())
    gap = float(curve.gaps[at])
    factor = DEVIATIONS["gumbel"] if unit_variance else 1.0
    return Outcome(
        result={"loser": curve, "sparsity": found},
        blocks=lambda: [loser_plot(curve), sparsity_plot(found, int(size))],
        timing=timing,
        call=Call(discrete_distributions.sparsity, arguments),
        how=[
            say(
                f"两个类别、分数差 d 时，低分获胜的概率是两个噪声之差超过 d 的概率。d = {gap:.1f} 时"
                "（Gumbel 与正态）：",
                "With two categories whose scores differ by d, the lower one wins when the difference "
                f"of two noises exceeds d. At d = {gap:.1f}, for Gumbel and normal noise:",
            ),
            formula(
                r"\frac{1}{1+e^{" + f"{factor * gap:.2f}" + r"}}=" + f"{curve.probability['gumbel'][at]:.4f}"
                r",\qquad \Phi\!\left(-\tfrac{" + f"{gap:.1f}" + r"}{\sqrt2}\right)="
                + f"{curve.probability['normal'][at]:.4f}"
            ),
            say(
                f"下图：{CASES} 组、每组 {size} 个标准差 {spread:g} 的正态分数。有效个数是熵的指数。",
                f"Below: {CASES} times {size} normal scores of deviation {spread:g}. The effective "
                "number is the exponential of the entropy.",
            ),
        ],
    )  # fmt: skip


def tails_scene(scene: Scene) -> None:
    """Controls and examples."""
    with scene.controls():
        scene.input(
            "spread",
            gr.Slider(
                0, 8, value=2, step=0.1, label=say("分数的标准差", "Deviation of the scores")
            ),
            live=True,
        )
        scene.input(
            "unit_variance",
            gr.Checkbox(
                False,
                label=say(
                    "噪声方差都调成 1（Cauchy 除外）", "all noises of variance 1 (not Cauchy)"
                ),
            ),
            live=True,
        )
        scene.input("size", gr.Slider(2, 16, value=8, step=1, label=say("类别数", "Categories")))
        scene.seed(9085)
        scene.primary(say("比较", "Compare"), compare_tails)
    scene.examples = [
        Example(say("方差相同", "equal variances"), {"unit_variance": True}),
        Example(say("十六类", "sixteen categories"), {"size": 16, "spread": 3}),
        Example(say("分数差得远", "scores far apart"), {"spread": 6}),
        Example(say("两类", "two categories"), {"size": 2}),
        Example(say("失败：分数都一样", "failure: equal scores"), {"spread": 0}, say(
            "谁也不比谁稀疏：全是均匀分布", "no noise is sparser than another: all are uniform")),
        Example(say("失败：Cauchy 没有方差", "failure: the Cauchy has no variance"), {"unit_variance": True,
                "spread": 4}, say("它调不成方差 1，所以仍在最右边", "it cannot be brought to variance 1 and stays apart")),
    ]  # fmt: skip
    scene.show()
