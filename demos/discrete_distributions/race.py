"""Scores and a noise race: exact quadrature, the post's sum, simulation and softmax."""

from typing import Any

import gradio as gr

from core.labs import discrete_distributions
from core.labs.discrete_distributions import (
    Comparison,
    NodeCurve,
    Race,
)
from core.labs.typed_numbers import parse_numbers
from demos._numbers import timed
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say, unmark
from demos.discrete_distributions.inputs import (
    DENSITY,
    NoiseName,
    density_input,
    noise_input,
    scale_input,
)
from demos.discrete_distributions.names import NAMES
from demos.discrete_distributions.race_blocks import error_plot, node_plot, race_plot, score_bars

SCORES = "2 1 0 -1"
FORMULAS = {  # densities, for the explanation
    "gumbel": r"e^{-x-e^{-x}}",
    "normal": r"\tfrac{1}{\sqrt{2\pi}}e^{-x^2/2}",
    "logistic": r"\tfrac{e^{-x}}{(1+e^{-x})^2}",
    "uniform": r"\tfrac12\ (|x|<1)",
    "laplace": r"\tfrac12 e^{-|x|}",
    "exponential": r"e^{-x}\ (x>0)",
    "cauchy": r"\tfrac{1}{\pi(1+x^2)}",
}


def race_with_noise(
    scores: str = SCORES,
    noise: NoiseName = "normal",
    scale: float = 1.0,
    nodes: int = 200,
    draws: int = 20_000,
    seed: int = 9085,
    density: str = DENSITY,
) -> Outcome:
    """The distribution of argmax(scores + noise): exact quadrature, the post's sum, simulation, softmax.

    Args:
        scores: 2 to 16 numbers from -50 to 50
        noise: gumbel, normal, logistic, uniform, laplace, exponential, cauchy or custom
        scale: multiplies the noise, 0.1 to 10
        nodes: quantiles K of the post's sum, 1 to 100000
        draws: simulated races, 1 to 2000000
        seed: of the simulation
        density: of the custom noise, a formula in x; counts between -12 and 12
    """
    values = [float(v) for v in parse_numbers(scores)]
    law = density if noise == "custom" else noise
    arguments: dict[str, Any] = {"scores": values, "noise": law, "scale": float(scale)}
    tried: dict[str, Any] = {"nodes": int(nodes), "draws": int(draws), "seed": int(seed)}

    def work() -> tuple[Comparison, Race, NodeCurve]:
        return (
            discrete_distributions.compare(**arguments, **tried),
            discrete_distributions.race(**arguments),
            discrete_distributions.node_curve(**arguments, most=3000),
        )

    (found, race, curve), timing = timed(work)
    return Outcome(
        result=found,
        blocks=lambda: [
            score_bars(values, found, noise),
            race_plot(race),
            error_plot(found, int(nodes), int(draws)),
            node_plot(curve),
        ],
        timing=timing,
        call=Call(discrete_distributions.compare, arguments | tried),
        how=_how_race(found, values, noise, law, float(scale), int(nodes), int(draws)),
    )


def adjust_scores(value: Any) -> dict[str, Any]:
    """The first scene's answer without the queue, while scores are dragged."""
    given = dict(value)
    return race_with_noise(
        scores=unmark(str(given["scores"])),
        noise=given["noise"],
        scale=float(given["scale"]),
        nodes=int(given["nodes"]),
        draws=int(given["draws"]),
        seed=int(given["seed"]),
        density=unmark(str(given["density"])),
    ).payload()


def _how_race(
    found: Comparison,
    scores: list[float],
    noise: str,
    law: str,
    scale: float,
    nodes: int,
    draws: int,
) -> list[str | Block]:
    best = max(range(len(scores)), key=lambda i: scores[i])
    zh, en = NAMES[noise]
    density = FORMULAS.get(noise) or (r"\propto \text{" + law.replace("^", "**") + "}")
    z = abs(found.frequencies - found.exact) / found.standard_error.clip(min=1e-9)
    return [
        say(
            f"{len(scores)} 个分数各加一个独立的{zh}噪声（尺度 {scale:g}），最大的获胜。第 {best + 1} 个获胜的概率是一维积分：",
            f"Each of {len(scores)} scores gets an independent {en} noise of scale {scale:g}; the "
            f"largest wins. The chance of number {best + 1} is a one-dimensional integral:",
        ),
        formula(
            rf"p_{{{best + 1}}}=\int f(t-\mu_{{{best + 1}}})\prod_{{j\ne {best + 1}}}F(t-\mu_j)\,dt="
            + f"{found.exact[best]:.6f},\\qquad f(x)={density}"
        ),
        say(
            f"它按密度的折点分段，每段 16 个 Gauss-Legendre 节点，准到约 1e-12。原文取 K = {nodes} 个分位点求平均，"
            f"和是 {found.post_total:.4f}。模拟 {draws} 次，偏差最大的一项差 {float(z.max()):.1f} 个标准误。",
            "It is cut at every kink of the density, 16 Gauss-Legendre nodes a piece, to about 1e-12. "
            f"The post averages over K = {nodes} quantiles, which adds up to {found.post_total:.4f}. "
            f"Of {draws} simulated races the worst entry is {float(z.max()):.1f} standard errors off.",
        ),
        formula(
            rf"\tfrac1K\sum_k\prod_{{j\ne {best + 1}}}F\bigl(\mu_{{{best + 1}}}-\mu_j+F^{{-1}}(\tfrac{{k}}{{K+1}})\bigr)="
            + f"{found.post[best]:.6f},\\qquad \\mathrm{{softmax}}_{{{best + 1}}}={found.softmax[best]:.6f}"
        ),
        say(
            "加同一个常数不改变差，所以不改变分布；只有 Gumbel 噪声给出 softmax。",
            "A constant added to all scores changes no difference and so nothing; only Gumbel noise "
            "gives the softmax.",
        ),
    ]


def race_scene(scene: Scene) -> None:
    """Controls and examples."""
    with scene.controls():
        noise_input(scene)
        scale_input(scene)
        scene.input(
            "scores",
            gr.Textbox(
                SCORES,
                label=say("分数 μ", "Scores μ"),
                info=say("2 到 16 个数，或直接拖柱子", "2 to 16 numbers, or drag the bars"),
                lines=1,
                max_length=2000,
            ),
        )
        scene.input(
            "nodes",
            gr.Slider(
                1, 1000, value=200, step=1, label=say("原文的节点数 K", "The post's nodes K")
            ),
            live=True,
        )
        with scene.more(say("更多：模拟、自定噪声", "More: simulation, custom noise")):
            scene.input(
                "draws",
                gr.Slider(
                    100, 200_000, value=20_000, step=100, label=say("模拟次数", "Simulated races")
                ),
            )
            scene.seed(9085)
            density_input(scene)
        scene.primary(say("比较", "Compare"), race_with_noise)
    scene.examples = [
        Example(say("Gumbel 就是 softmax", "Gumbel is softmax"), {"noise": "gumbel"}),
        Example(say("有界的噪声", "bounded noise"), {"noise": "uniform", "scores": "1.2 0.8 0 -1"}, say(
            "差距超过 2 就绝不会赢：概率恰好为零", "more than 2 behind never wins: the probability is exactly zero")),
        Example(say("Cauchy 的长尾", "Cauchy's long tails"), {"noise": "cauchy", "scores": "5 0 0 0 0"}),
        Example(say("两峰的噪声", "two peaks"), {"noise": "custom",
                "density": "exp(-(abs(x)-3)^2)"}, say("自己写的密度", "a density of your own")),
        Example(say("平移不变", "shift invariance"), {"noise": "normal", "scores": "12 11 10 9"}, say(
            "所有分数加 10，结果不变", "all scores plus 10: nothing changes")),
        Example(say("失败：太少的节点", "failure: too few nodes"), {"nodes": 5, "scores": "3 1 0 -2"}, say(
            "五个分位点看不到尾巴，小概率几乎消失", "five quantiles see no tail: small probabilities all but vanish")),
        Example(say("失败：Cauchy 的分位点", "failure: quantiles of the Cauchy"), {"noise": "cauchy",
                "scores": "20 0 0", "nodes": 50}, say("尾巴越重，丢得越多", "the heavier the tail, the more is lost")),
        Example(say("失败：不是密度", "failure: no density"), {"noise": "custom", "density": "sin(x)"}, say(
            "密度不能为负", "a density cannot be negative")),
    ]  # fmt: skip
    scene.show(live={"adjust": adjust_scores})
