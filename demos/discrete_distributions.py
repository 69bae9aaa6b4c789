"""Discrete distributions: scores, a noise, the largest wins. Which noise gives which probabilities?"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import gradio as gr

from core.labs import discrete_distributions, output_layers
from core.labs.discrete_distributions import (
    Comparison,
    LoserCurve,
    NodeCurve,
    PullCurve,
    Race,
    Sparsity,
)
from core.labs.noises import DEVIATIONS, NOISES
from core.labs.output_layers import LayerRun
from core.labs.typed_numbers import parse_numbers
from demos import Demo, Reference
from demos._noise_blocks import error_plot, node_plot, race_plot, score_bars, simplex_plot
from demos._noise_names import NAMES, named
from demos._numbers import timed
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene, Tab
from demos._tail_blocks import layer_table, loser_plot, pull_plot, sparsity_plot, training_plot
from demos._words import say, unmark

NoiseName = Literal[
    "gumbel", "normal", "logistic", "uniform", "laplace", "exponential", "cauchy", "custom"
]

SCORES = "2 1 0 -1"
DENSITY = "exp(-abs(x)^3)"
CHOICES = [(named(noise), noise) for noise in (*NOISES, "custom")]
CASES = 8  # random score vectors of the sparsity figure; few, so that it answers a drag
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


# -- drags ------------------------------------------------------------------------------------------


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


# -- explanations -------------------------------------------------------------------------------------


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


# -- layout -----------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Four things to do."""
    with tab.several():
        with tab.scene("noise", say("赛跑", "Race")) as scene:
            _noise_scene(scene)
        with tab.scene("simplex", say("单纯形", "Simplex")) as scene:
            _simplex_scene(scene)
        with tab.scene("tails", say("尾巴", "Tails")) as scene:
            _tails_scene(scene)
        with tab.scene("train", say("输出层", "Train")) as scene:
            _train_scene(scene)


def _noise(scene: Scene) -> None:
    scene.input(
        "noise", gr.Dropdown(CHOICES, value="normal", label=say("噪声", "Noise")), live=True
    )


def _scale(scene: Scene) -> None:
    scene.input(
        "scale",
        gr.Slider(0.1, 5, value=1, step=0.05, label=say("噪声尺度", "Scale of the noise")),
        live=True,
    )


def _density(scene: Scene) -> None:
    scene.input(
        "density",
        gr.Textbox(
            DENSITY,
            label=say("自定噪声的密度 f(x)", "Density f(x) of the custom noise"),
            info=say("不必归一；只算 −12 到 12", "need not be normalised; counts from −12 to 12"),
            max_length=300,
        ),
    )


def _noise_scene(scene: Scene) -> None:
    with scene.controls():
        _noise(scene)
        _scale(scene)
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
            _density(scene)
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


def _simplex_scene(scene: Scene) -> None:
    with scene.controls():
        _noise(scene)
        _scale(scene)
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
            _density(scene)
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


def _tails_scene(scene: Scene) -> None:
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


def _train_scene(scene: Scene) -> None:
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


def warmup() -> None:
    """The curve that all visitors share."""
    pulls()


DEMO = Demo(
    slug="discrete-distributions",
    section="mathematics",
    title=say("离散分布", "Noise and argmax"),
    heading=say(
        "加噪声，取最大：不止一个 softmax", "Add noise, take the largest: more than one softmax"
    ),
    summary=say(
        "拖动分数、换一种噪声：Gumbel 给出 softmax，正态、均匀、Cauchy 各给出另一个分布。",
        "Drag the scores, choose a noise: Gumbel gives softmax; normal, uniform, Cauchy give others.",
    ),
    references=(
        Reference(
            title="从重参数的角度看离散概率分布的构建",
            url="https://kexue.fm/archives/9085",
            date="2022-05-25",
        ),
    ),
    build=build,
    warmup=warmup,
    order=40,
    keywords="离散概率 softmax gumbel argmax reparameterization 重参数 噪声 noise simplex 单纯形 probit sparsity",
)
