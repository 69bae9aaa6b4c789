"""Drag a distribution, choose its entropy, and watch two solvers go for it."""

import math
from typing import Any, Literal

import gradio as gr

from core.labs import entropy_newton, entropy_normalization
from core.labs.entropy_newton import PostIteration, TargetSweep
from core.labs.entropy_normalization import EntropyCurve, Normalised
from core.labs.typed_numbers import parse_numbers
from demos._numbers import timed
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say, unmark
from demos.entropy_normalization.blocks import (
    bars,
    curve_plot,
    miss_text,
    solver_plot,
)

Method = Literal["newton", "bisection"]
WEIGHTS = "8 5 3.5 2.5 1.5 1 0.6 0.3"
CONFIDENT = "10 0.1 0.05 0.02 0.01 0.005 0.002 0.001"
METHODS = [
    (say("括住的牛顿法", "bracketed Newton"), "newton"),
    (say("二分", "bisection"), "bisection"),
]


def normalize_entropy(
    weights: str = WEIGHTS,
    percent: float = 70.0,
    rounds: int = 10,
    method: Method = "newton",
    logits: bool = False,
    literal: bool = False,
) -> Outcome:
    """Sharpen or flatten a distribution until it has a wanted entropy; compare two solvers.

    Args:
        weights: 2 to 2000 non-negative numbers, separated by spaces or commas
        percent: wanted entropy in percent of ln n, n being the number of weights
        rounds: rounds of the post's iteration, 1 to 30
        method: newton (kept in a bracket) or bisection
        logits: the numbers are logarithms of weights and may be negative
        literal: the post's iteration counts 0 ln 0 as nan, as a program written word for word does
    """
    values = parse_numbers(weights)
    target = float(percent) / 100 * math.log(len(values))
    arguments: dict[str, Any] = {"values": [float(v) for v in values], "target": target}
    if logits:
        arguments["logits"] = True

    def work() -> tuple[Normalised, PostIteration, EntropyCurve, TargetSweep]:
        return (
            entropy_normalization.normalise(**arguments, method=method),
            entropy_newton.post_iteration(**arguments, rounds=int(rounds), literal=literal),
            entropy_normalization.entropy_curve(values, logits=logits, count=90),
            entropy_newton.target_sweep(values, logits=logits, rounds=int(rounds), literal=literal),
        )

    (found, post, curve, sweep), timing = timed(work)
    return Outcome(
        result={"normalised": found, "post": post},
        blocks=lambda: [
            bars(found, arguments["values"], logits),
            solver_plot(found, post),
            curve_plot(found, curve, sweep),
        ],
        timing=timing,
        call=Call(entropy_normalization.normalise, arguments | {"method": method}),
        how=how_normalised(found, post, curve),
    )


def adjust_weights(value: Any) -> dict[str, Any]:
    """The first scene's answer without the queue, while bars are dragged."""
    given = dict(value)
    return normalize_entropy(
        weights=unmark(str(given["weights"])),
        percent=float(given["percent"]),
        rounds=int(given["rounds"]),
        method=given["method"],
        logits=bool(given["logits"]),
        literal=bool(given["literal"]),
    ).payload()


def how_normalised(
    found: Normalised, post: PostIteration, curve: EntropyCurve
) -> list[str | Block]:
    """The run in words and formulas."""
    second = found.before[found.before > 0]
    mean_square = float((second * [math.log(p) ** 2 for p in second]).sum())
    h = found.entropy_before
    slope = h**2 - mean_square
    miss_zh, miss_en = miss_text(post.miss)
    own_zh, own_en = miss_text(abs(found.entropy_after - found.target))
    parts: list[str | Block] = [
        say(
            f"{len(found.before)} 个概率取 γ 次幂再归一。熵从 {curve.ceiling:.3f}（γ = 0）降到 "
            f"{curve.floor:.3f} nats（只剩最大的），其间每个值恰好取到一次：",
            f"{len(found.before)} probabilities are raised to the power γ and normalised. The entropy "
            f"falls from {curve.ceiling:.3f} (γ = 0) to {curve.floor:.3f} nats (maxima alone) and "
            "takes every value between exactly once:",
        ),
        formula(
            r"\tilde p_i=\frac{p_i^\gamma}{\sum_j p_j^\gamma},\qquad H(\tilde p)="
            + f"{found.entropy_after:.4f}"
            + r"\ \text{at}\ \gamma="
            + (r"\infty" if math.isinf(found.gamma) else f"{found.gamma:.4g}")
        ),
    ]
    if abs(slope) > 1e-12:
        gamma = 1 + (found.target - h) / slope
        parts += [
            say(
                f"原文每轮从 γ = 1 走一步牛顿法。这里第一步是（H = {h:.3f}，H* = {found.target:.3f}）：",
                f"The post takes a Newton step from γ = 1 in each round. Its first step here, with H = "
                f"{h:.3f} and H* = {found.target:.3f}:",
            ),
            formula(
                r"\gamma = 1+\frac{H^*-H}{H^2-\mathbb{E}[\ln^2 p]} = 1+\frac{"
                + f"{found.target - h:.4f}"
                + "}{"
                + f"{slope:.4f}"
                + "} = "
                + f"{gamma:.4g}"
            ),
        ]
    parts.append(
        say(
            f"步子太大时 p 被压平或下溢，之后的步子更大；{len(post.rounds)} 轮后{miss_zh}。"
            f"我们的解法在 ln p 上算，把 ln γ 括在两端之间，牛顿步跨出去就改用中点，{max(0, len(found.rounds) - 1)} "
            f"步后{own_zh}。",
            "A step that is too long flattens p or lets it underflow, and the next one is longer "
            f"still; after {len(post.rounds)} rounds it {miss_en}. Our solver "
            "computes with ln p and keeps ln γ between two ends; a Newton step that leaves them is "
            f"replaced by their middle. It takes {max(0, len(found.rounds) - 1)} rounds and "
            f"{own_en}.",
        )
    )
    if 0 < found.gamma < math.inf:
        parts.append(
            formula(
                r"\frac{\partial\gamma}{\partial\ln p_k}=-\frac{\gamma\,\tilde p_k(\ln p_k-"
                r"\mathbb{E}\ln p)}{\operatorname{Var}(\ln p)}\quad\text{(implicit function)}"
            )
        )
    return parts


def literal_input(scene: Scene) -> None:
    """Whether 0 ln 0 counts as nan."""
    scene.input(
        "literal",
        gr.Checkbox(
            False,
            label=say(
                "原文迭代里 0·ln 0 算 nan（照字面写程序）",
                "post's 0·ln 0 is nan, as a literal program",
            ),
        ),
    )


def bars_scene(scene: Scene) -> None:
    """Controls and examples."""
    with scene.controls():
        scene.input(
            "percent",
            gr.Slider(
                0,
                100,
                value=70,
                step=0.5,
                label=say("目标熵，占 ln n 的 %", "Wanted entropy, % of ln n"),
            ),
            live=True,
        )
        scene.input(
            "weights",
            gr.Textbox(
                WEIGHTS,
                label=say("权重", "Weights"),
                info=say(
                    "粘贴 2 到 2000 个数，或直接拖柱子", "paste 2 to 2000 numbers, or drag the bars"
                ),
                lines=2,
                max_length=60_000,
            ),
        )
        scene.input(
            "rounds",
            gr.Slider(
                1,
                30,
                value=10,
                step=1,
                label=say("原文迭代的轮数", "Rounds of the post's iteration"),
            ),
            live=True,
        )
        with scene.more():
            scene.input(
                "method", gr.Radio(METHODS, value="newton", label=say("我们的解法", "Our solver"))
            )
            scene.input(
                "logits", gr.Checkbox(False, label=say("这些数是 logits", "the numbers are logits"))
            )
            literal_input(scene)
        scene.primary(say("归一", "Normalise"), normalize_entropy)
    scene.examples = [
        Example(say("削尖到 30%", "sharpen to 30%"), {"percent": 30}),
        Example(say("拉平到 98%", "flatten to 98%"), {"percent": 98}, say(
            "γ 小于 1：所有概率向平均靠拢", "γ below 1: all probabilities move towards the mean")),
        Example(say("Zipf，60 个词", "Zipf, 60 words"), {"weights": " ".join(f"{1 / i:.4g}" for i in range(1, 61)),
                "percent": 40}, say("词频的尾巴先消失", "the tail of the word counts goes first")),
        Example("logits", {"weights": "4 2.5 2 0 -1 -3", "logits": True, "percent": 50}, say(
            "大模型的输出直接粘进来，等于自动选温度 1/γ", "paste a model's output: this chooses the temperature 1/γ")),
        Example(say("只用二分", "bisection alone"), {"method": "bisection", "percent": 45}),
        Example(say("失败：原文的迭代发散", "failure: the post's iteration diverges"), {"weights": CONFIDENT,
                "percent": 85}, say("很有把握的模型，要它犹豫一点：第一步就冲过头",
                "a confident model is to hesitate: the first step overshoots")),
        Example(say("失败：并列第一", "failure: a tie at the top"), {"weights": "5 5 5 1 1", "percent": 40}, say(
            "三个并列最大，熵不会低于 ln 3", "three equal maxima: the entropy never falls below ln 3")),
        Example(say("失败：不是数", "failure: not a number"), {"weights": "3 2 one"}),
    ]  # fmt: skip
    scene.show(live={"adjust": adjust_weights})
