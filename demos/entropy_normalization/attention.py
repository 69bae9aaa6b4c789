"""Attention that keeps its entropy however long the text is."""

import math
from typing import Any

import gradio as gr

from core.labs import constant_entropy
from demos._numbers import timed
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.entropy_normalization.blocks import (
    attention_plot,
    gamma_plot,
    weights_plot,
)


def attend_at_entropy(
    entropy: float = 1.5, sigma: float = 1.0, longest: int = 1024, seed: int = 8829
) -> Outcome:
    """Attention that keeps its entropy however long the text is, beside the plain softmax.

    Args:
        entropy: wanted entropy in nats, above 0 and below ln 8 = 2.08
        sigma: standard deviation of the scores, 0.2 to 4
        longest: most keys, 16 to 2000; lengths double from 8
        seed: draws the scores of 16 queries
    """
    arguments: dict[str, Any] = {
        "target": float(entropy),
        "spread": float(sigma),
        "longest": int(longest),
        "seed": int(seed),
    }
    found, timing = timed(constant_entropy.attention, **arguments)
    last = int(found.lengths[-1])
    return Outcome(
        result=found,
        blocks=lambda: [attention_plot(found), gamma_plot(found), weights_plot(found)],
        timing=timing,
        call=Call(constant_entropy.attention, arguments),
        how=[
            say(
                f"16 个查询对 8 到 {last} 个键打分，分数是标准差 {sigma:g} 的正态数。普通 softmax 的熵从 "
                f"{found.entropy[0]:.2f} 长到 {found.entropy[-1]:.2f} nats：文本越长，注意力越散。",
                f"16 queries score 8 to {last} keys with normal numbers of deviation {sigma:g}. The "
                f"entropy of the plain softmax grows from {found.entropy[0]:.2f} to "
                f"{found.entropy[-1]:.2f} nats: the longer the text, the thinner the attention.",
            ),
            formula(
                r"H \approx \ln n - \tfrac12\sigma^2 = \ln "
                + f"{last} - {sigma**2 / 2:.2f} = {math.log(last) - sigma**2 / 2:.2f}"
            ),
            say(
                f"把分数乘上 γ，每个查询的熵都回到 {entropy:g} nats（最大偏差 {found.worst:.0e}）。"
                "γ 随 ln n 近似直线上升：",
                f"Scores times γ bring every query back to {entropy:g} nats (worst miss "
                f"{found.worst:.0e}). γ rises nearly as a straight line in ln n:",
            ),
            formula(rf"\gamma(n) \approx {found.intercept:.2f} + {found.slope:.2f}\,\ln n"),
        ],
    )


def attention_scene(scene: Scene) -> None:
    """Controls and examples."""
    with scene.controls():
        scene.input(
            "entropy",
            gr.Slider(
                0.1,
                2.5,
                value=1.5,
                step=0.05,
                label=say("要保持的熵 (nats)", "Entropy to keep (nats)"),
            ),
            live=True,
        )
        scene.input(
            "sigma",
            gr.Slider(
                0.2,
                4,
                value=1.0,
                step=0.1,
                label=say("分数的标准差 σ", "Deviation of the scores σ"),
            ),
            live=True,
        )
        scene.input(
            "longest",
            gr.Slider(
                16,
                2000,
                value=1024,
                step=8,
                label=say("最长文本（键的个数）", "Longest text (keys)"),
            ),
            live=True,
        )
        scene.seed(8829)
        scene.primary(say("比较", "Compare"), attend_at_entropy)
    scene.examples = [
        Example(say("专注：0.5 nats", "focused: 0.5 nats"), {"entropy": 0.5}),
        Example(say("几乎均匀", "nearly uniform"), {"entropy": 2.0}, say(
            "8 个键最多 2.08 nats：短文本几乎要拉平", "8 keys have at most 2.08 nats: short texts are nearly flattened")),
        Example(say("尖锐的分数", "sharp scores"), {"sigma": 4.0}),
        Example(say("平淡的分数", "flat scores"), {"sigma": 0.3}, say(
            "γ 要很大，才能从噪声里挑出几个键", "γ must be large to pick a few keys out of noise")),
        Example(say("失败：短文本装不下", "failure: too much for a short text"), {"entropy": 2.4}, say(
            "8 个键的熵不超过 ln 8", "8 keys have no more than ln 8")),
        Example(say("失败：熵太低", "failure: too little entropy"), {"entropy": 0.1, "seed": 3}, say(
            "前两名几乎打平的查询需要巨大的 γ，线不再直", "queries with a near tie need a huge γ; the line bends")),
    ]  # fmt: skip
    scene.show()
