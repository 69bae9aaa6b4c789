"""Where rings of scores land on the triangle of three classes."""

from typing import Any

import gradio as gr

from core.labs import discrete_distributions
from demos._numbers import timed
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.discrete_distributions.inputs import (
    DENSITY,
    NoiseName,
    density_input,
    noise_input,
    scale_input,
)
from demos.discrete_distributions.race_blocks import simplex_plot


def map_simplex(
    noise: NoiseName = "normal", reach: float = 2.5, scale: float = 1.0, density: str = DENSITY
) -> Outcome:
    """Where circles of scores land on the triangle of three-class distributions.

    Args:
        noise: gumbel, normal, logistic, uniform, laplace, exponential, cauchy or custom
        reach: radius of the largest circle in the plane of scores that sum to zero, 0.1 to 20
        scale: multiplies the noise, 0.1 to 10
        density: of the custom noise, a formula in x
    """
    law = density if noise == "custom" else noise
    arguments: dict[str, Any] = {
        "noise": law,
        "reach": float(reach),
        "scale": float(scale),
    }
    found, timing = timed(discrete_distributions.simplex_rings, **arguments)
    corner, soft, at = found.probabilities[-1, 0], found.softmax[-1, 0], found.scores[-1, 0]
    return Outcome(
        result=found,
        blocks=lambda: [simplex_plot(found, noise)],
        timing=timing,
        call=Call(discrete_distributions.simplex_rings, arguments),
        how=[
            say(
                f"三个分数之和为零时是平面上的一点。半径 {found.radii[0]:.3g} 到 {found.radii[-1]:.3g} 的 "
                f"{len(found.radii)} 个圆，每点给出一个三类分布，也就是三角形里的一点。"
                f"比如分数 ({at[0]:.2f}, {at[1]:.2f}, {at[2]:.2f})：",
                "Three scores that sum to zero are a point of a plane. Every point of "
                f"{len(found.radii)} circles, of radius {found.radii[0]:.3g} to {found.radii[-1]:.3g}, gives a "
                "distribution of three classes, a point of the triangle. Scores "
                f"({at[0]:.2f}, {at[1]:.2f}, {at[2]:.2f}), for instance:",
            ),
            formula(
                r"p=(" + ",\\ ".join(f"{v:.4f}" for v in corner) + r"),\qquad \mathrm{softmax}=("
                + ",\\ ".join(f"{v:.4f}" for v in soft) + ")"
            ),
            say(
                "Gumbel 噪声时两组圈重合。尾巴比指数轻的噪声（正态、均匀）把圈推向边和角：分布更稀疏；"
                "更重的（Cauchy）把圈收在中间。",
                "With Gumbel noise the rings coincide. Noise with tails lighter than exponential "
                "(normal, uniform) pushes them to edges and corners: sparser distributions; heavier "
                "tails (Cauchy) keep them in the middle.",
            ),
        ],
    )  # fmt: skip


def simplex_scene(scene: Scene) -> None:
    """Controls and examples."""
    with scene.controls():
        noise_input(scene)
        scale_input(scene)
        scene.input(
            "reach",
            gr.Slider(
                0.5,
                10,
                value=2.5,
                step=0.1,
                label=say("最大的圈的半径", "Radius of the largest ring"),
            ),
            live=True,
        )
        with scene.more(say("更多：自定噪声", "More: custom noise")):
            density_input(scene)
        scene.primary(say("画三角形", "Draw"), map_simplex)
    scene.examples = [
        Example(say("重合", "they coincide"), {"noise": "gumbel"}),
        Example(say("均匀：伸到边上", "uniform: onto the edges"), {"noise": "uniform"}),
        Example(say("Cauchy：缩在中间", "Cauchy: in the middle"), {"noise": "cauchy"}),
        Example(say("logistic 配大尺度", "logistic, scaled"), {"noise": "logistic", "scale": 0.6}, say(
            "调好尺度，几乎就是 softmax", "with the right scale it is nearly the softmax")),
        Example(say("正态配 Gumbel 的方差", "normal of Gumbel's variance"), {"scale": 1.3}, say(
            "方差相同也不重合：尾巴不同", "equal variance is not enough: the tails differ")),
        Example(say("失败：噪声太小", "failure: too little noise"), {"scale": 0.1}, say(
            "几乎总是最大的赢：圈都挤到边上和角上", "the largest nearly always wins: rings crowd at edges and corners")),
        Example(say("失败：密度写错", "failure: bad formula"), {"noise": "custom", "density": "exp(-x^2"}),
    ]  # fmt: skip
    scene.show()
