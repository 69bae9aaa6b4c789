"""Entropy normalisation: drag a distribution, choose its entropy, and watch two solvers go for it."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import gradio as gr

from core.labs import constant_entropy, entropy_newton, entropy_normalization
from core.labs.entropy_newton import FailureMap, PostIteration, TargetSweep
from core.labs.entropy_normalization import EntropyCurve, Normalised
from core.labs.typed_numbers import parse_numbers
from demos import Demo, Reference
from demos._entropy_blocks import (
    attention_plot,
    bars,
    curve_plot,
    gamma_plot,
    map_plot,
    miss_text,
    solver_plot,
    weights_plot,
)
from demos._numbers import timed
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene, Tab
from demos._words import say, unmark

Method = Literal["newton", "bisection"]
Spread = Literal["uniform", "log-normal"]

WEIGHTS = "8 5 3.5 2.5 1.5 1 0.6 0.3"
CONFIDENT = "10 0.1 0.05 0.02 0.01 0.005 0.002 0.001"
METHODS = [
    (say("括住的牛顿法", "bracketed Newton"), "newton"),
    (say("二分", "bisection"), "bisection"),
]
SPREADS = [(say("均匀", "uniform"), "uniform"), (say("对数正态", "log-normal"), "log-normal")]


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
        how=_how_normalised(found, post, curve),
    )


def map_newton_failures(
    size: int = 100,
    rounds: int = 10,
    spread: Spread = "log-normal",
    seed: int = 8829,
    literal: bool = False,
) -> Outcome:
    """Map where the post's Newton iteration misses the wanted entropy by more than 0.01 nat.

    Args:
        size: numbers in a distribution, 2 to 1000
        rounds: rounds of the iteration, 1 to 30
        spread: log-normal (exp of s times normal numbers) or uniform (numbers in 0 to 1, to the
            power s); s grows to the right of the map
        seed: draws the distributions
        literal: 0 ln 0 counts as nan, as a program written word for word has it
    """
    arguments = _map_arguments(size, rounds, spread, seed, literal)
    found, timing = timed(entropy_newton.failure_map, **arguments)
    return Outcome(
        result=found,
        blocks=lambda: [map_plot(found, arguments)],
        timing=timing,
        call=Call(entropy_newton.failure_map, arguments),
        how=_how_map(found, arguments),
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


# -- drags and clicks -------------------------------------------------------------------------------


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


def open_cell(value: Any, inputs: Mapping[str, Any]) -> Outcome:
    """One case of the cell that was clicked, under the map."""
    point = dict(value)
    arguments = _map_arguments(
        inputs["size"], inputs["rounds"], inputs["spread"], inputs["seed"], inputs["literal"]
    )
    scale, percent = float(point["x"]), float(point["y"])
    given = {k: v for k, v in arguments.items() if k != "resolution"}

    def work() -> tuple[FailureMap, entropy_newton.CellCase]:
        return entropy_newton.failure_map(**arguments), entropy_newton.cell_case(
            percent / 100, scale, **given
        )

    (found, case), timing = timed(work)
    curve = entropy_normalization.entropy_curve(case.logits, logits=True, count=90)
    sweep = entropy_newton.target_sweep(
        case.logits, logits=True, rounds=given["rounds"], literal=given["literal"]
    )
    call = {"target": percent / 100, "scale": scale} | given
    return Outcome(
        result=case,
        blocks=lambda: [
            map_plot(found, arguments, chosen=(scale, percent)),
            solver_plot(case.solver, case.post),
            curve_plot(case.solver, curve, sweep),
        ],
        timing=timing,
        call=Call(entropy_newton.cell_case, call),
        how=_how_normalised(case.solver, case.post, curve),
    )


def _map_arguments(
    size: float, rounds: float, spread: str, seed: float, literal: bool
) -> dict[str, Any]:
    # About as many numbers for every size, so that the map answers a drag.
    draws = max(6, min(24, round(2400 / max(2, size))))
    return {
        "size": int(size),
        "rounds": int(rounds),
        "spread": spread,
        "seed": int(seed),
        "literal": bool(literal),
        "resolution": 10,
        "draws": draws,
    }


# -- explanations -----------------------------------------------------------------------------------


def _how_normalised(
    found: Normalised, post: PostIteration, curve: EntropyCurve
) -> list[str | Block]:
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


def _how_map(found: FailureMap, arguments: Mapping[str, Any]) -> list[str | Block]:
    cells = found.missed.size
    return [
        say(
            f"{cells} 格，每格 {found.draws} 个随机分布（n = {arguments['size']}），目标是 ln n = "
            f"{math.log(arguments['size']):.2f} nats 的 5% 到 95%。原文的迭代跑 {arguments['rounds']} 轮，"
            f"差出 0.01 nat 就算失败：共 {100 * found.overall:.1f}%。",
            f"{cells} cells with {found.draws} random distributions each (n = {arguments['size']}), "
            f"targets from 5% to 95% of ln n = {math.log(arguments['size']):.2f} nats. The post's "
            f"iteration runs {arguments['rounds']} rounds and fails when it is off by 0.01 nat: "
            f"{100 * found.overall:.1f}% in all.",
        ),
        formula(
            r"w_i = e^{s\,\xi_i},\ \xi_i\sim\mathcal{N}(0,1),\quad s="
            f"{found.scales[0]:g} \\dots {found.scales[-1]:g}"
            if arguments["spread"] == "log-normal"
            else r"w_i = u_i^s,\ u_i\sim U(0,1),\quad s="
            f"{found.scales[0]:g} \\dots {found.scales[-1]:g}"
        ),
        say(
            "目标远低于当前的熵时第一步就冲过头；分布越分散，冲过头后越多的项下溢成零，回不来。同样的情形里，括住的解法"
            f"最多差 {found.solver_worst:.0e} nats。",
            "When the target is far below the present entropy, the first step overshoots; the wider "
            "the distribution, the more entries then underflow to zero and never return. On the same "
            f"cases the bracketed solver is off by {found.solver_worst:.0e} nats at most.",
        ),
    ]


# -- layout -----------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Three things to do."""
    with tab.several():
        with tab.scene("bars", say("调熵", "Bars")) as scene:
            _bars_scene(scene)
        with tab.scene("map", say("失败地图", "Failure map")) as scene:
            _map_scene(scene)
        with tab.scene("attention", say("注意力", "Attention")) as scene:
            _attention_scene(scene)


def _literal(scene: Scene) -> None:
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


def _bars_scene(scene: Scene) -> None:
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
            _literal(scene)
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


def _map_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "rounds",
            gr.Slider(1, 30, value=10, step=1, label=say("迭代轮数", "Rounds")),
            live=True,
        )
        scene.input(
            "size",
            gr.Slider(
                2,
                1000,
                value=100,
                step=1,
                label=say("每个分布有几个数 n", "Numbers in a distribution n"),
            ),
            live=True,
        )
        scene.input(
            "spread",
            gr.Radio(SPREADS, value="log-normal", label=say("怎样抽权重", "How weights are drawn")),
            live=True,
        )
        scene.seed(8829)
        with scene.more():
            _literal(scene)
        scene.primary(say("画地图", "Draw the map"), map_newton_failures)
    scene.act("cell", open_cell)
    scene.examples = [
        Example(say("3 轮够吗", "are 3 rounds enough?"), {"rounds": 3}, say(
            "原文说三四轮就够", "the post finds three or four enough")),
        Example(say("30 轮", "30 rounds"), {"rounds": 30}, say(
            "多迭代救不回已经崩溃的格子", "more rounds do not bring back what broke down")),
        Example(say("均匀分布", "uniform draws"), {"spread": "uniform", "rounds": 4}),
        Example(say("两个数", "two numbers"), {"size": 2}),
        Example(say("失败：一千个数", "failure: a thousand numbers"), {"size": 1000}, say(
            "词表大小的分布，大半失败", "a vocabulary's size: most cells fail")),
        Example(say("失败：照字面写程序", "failure: a literal program"), {"spread": "uniform", "literal": True}, say(
            "0·ln 0 变成 nan，本来收敛的也丢了", "0·ln 0 becomes nan and loses cases that had converged")),
    ]  # fmt: skip
    scene.show()


def _attention_scene(scene: Scene) -> None:
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


DEMO = Demo(
    slug="entropy-normalization",
    section="mathematics",
    title=say("熵归一化", "Set the entropy"),
    heading=say("给分布定一个熵", "A distribution of any entropy you like"),
    summary=say(
        "拖柱子、定熵：同一个方程，牛顿法常常走丢，括住的解法从不失手。",
        "Drag bars, choose the entropy: one equation where Newton gets lost and a bracket never does.",
    ),
    references=(
        Reference(
            title="概率分布的熵归一化（Entropy Normalization）",
            url="https://kexue.fm/archives/8829",
            date="2021-12-24",
        ),
    ),
    build=build,
    order=30,
    keywords="熵 entropy normalization 温度 temperature 牛顿法 Newton bisection 注意力 attention softmax",
)
