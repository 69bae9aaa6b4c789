"""Exponentiated gradient: multiplicative updates for probabilities, weights, and step sizes."""

import math
from functools import lru_cache, partial
from typing import Any, Literal

import gradio as gr
import numpy as np

from core.labs import exponentiated_gradient as eg
from demos import Demo, Reference
from demos import _landscape as land
from demos._landscape import short, tex
from demos._numbers import finite, timed
from demos._outcome import Block, Call, Example, Outcome
from demos._outcome import formula as equation
from demos._tab import Scene, Tab
from demos._words import say
from demos.exponentiated_gradient import regression, step_sizes
from demos.exponentiated_gradient.regression import LABELS

Problem = Literal["regression", "portfolio", "nearest", "linear"]

PROBLEMS = [
    (say("稀疏回归", "sparse regression"), "regression"),
    (say("投资组合", "portfolio"), "portfolio"),
    (say("最近点", "nearest point"), "nearest"),
    (say("线性损失", "linear loss"), "linear"),
]
HIGH = math.sqrt(3) / 2  # of the triangle whose corners are the three certain distributions


# -- on the simplex ---------------------------------------------------------------------------------


def race_on_simplex(
    problem: Problem = "regression",
    rate: float = 2.0,
    projected_rate: float = 0.2,
    first: float = 0.3333,
    second: float = 0.3333,
    steps: int = 100,
    dimension: int = 3,
    seed: int = 1,
) -> Outcome:
    """Minimise over probabilities by exponentiated gradient and by projected descent.

    Args:
        problem: regression (a sparse distribution from measurements), portfolio, nearest or linear
        rate: learning rate of the exponentiated gradient
        projected_rate: learning rate of projected descent
        first: start, probability of the first outcome (three dimensions only)
        second: start, probability of the second outcome (three dimensions only)
        steps: number of steps, 1 to 3000
        dimension: number of outcomes, 2 to 100; three are drawn as a triangle
        seed: draws the problem
    """
    dimension = int(dimension)
    arguments: dict[str, Any] = {
        "problem": problem,
        "dimension": dimension,
        "rate": rate,
        "projected_rate": projected_rate,
        "steps": int(steps),
        "seed": int(seed),
    }
    if dimension == 3:
        arguments["start"] = _start(first, second)
    made, timing = timed(eg.simplex_race, **arguments)
    return Outcome(
        result=partial(finite, made),
        blocks=lambda: (
            [_triangle(made, problem, int(seed))]
            if dimension == 3
            else [_distributions(made), _gaps(made)]
        ),
        timing=timing,
        call=Call(eg.simplex_race, arguments),
        how=lambda: _simplex_how(made, rate, projected_rate),
    )


def _start(first: float, second: float) -> tuple[float, float, float]:
    """Three probabilities from two, which have four digits when they come from the picture."""
    third = 1 - first - second
    return first, second, 0.0 if abs(third) < 1e-4 else third


@lru_cache(maxsize=32)
def _ground(problem: str, seed: int) -> Block:
    surface = eg.simplex_surface(problem, seed=seed)
    return land.relief(f"{problem} {seed}", surface.values)


def _plane(p: Any) -> Any:
    """Distributions (…, 3) as points of the triangle (…, 2)."""
    return np.stack([p[..., 1] + p[..., 2] / 2, HIGH * p[..., 2]], axis=-1)


def _triangle(made: eg.SimplexRace, problem: str, seed: int) -> Block:
    runs = (
        ("projected", made.projected, made.projected_loss, made.projected_gap),
        ("exponentiated", made.exponentiated, made.exponentiated_loss, made.exponentiated_gap),
    )
    paths = []
    for name, points, loss, gap in runs:
        label, colour = LABELS[name]
        values = {
            "loss": np.maximum(loss - made.optimum_loss, 1e-17),
            "gap": np.maximum(gap, 1e-17),
            "least": np.maximum(points.min(axis=1), 0),
        }
        paths.append(land.path(name, label, colour, _plane(points), values))
    start, best = _plane(made.exponentiated[0]), _plane(made.optimum)
    ends = {name: loss[-1] - made.optimum_loss for name, _, loss, _ in runs}
    return {
        "kind": "race",
        "title": say("单纯形上的两种走法", "Two ways across the simplex"),
        "hint": say("拖动起点；角上是把全部概率给一项", "drag the start; corners are certainty"),
        "alt": say(
            f"走完之后高出最优：指数梯度 {short(ends['exponentiated'])}，"
            f"投影 {short(ends['projected'])}。",
            f"Loss above the optimum at the end: {short(ends['exponentiated'])} for the exponentiated "
            f"gradient, {short(ends['projected'])} for projected descent.",
        ),
        "box": [0, 1, 0, HIGH],
        "equal": True,
        "surface": _ground(problem, seed),
        "outline": [[0, 0], [1, 0], [0.5, HIGH]],
        "corners": [
            {"x": 0, "y": 0, "text": "p₁ = 1"},
            {"x": 1, "y": 0, "text": "p₂ = 1"},
            {"x": 0.5, "y": HIGH, "text": "p₃ = 1"},
        ],
        "marks": [{"x": float(best[0]), "y": float(best[1]), "text": say("最优", "optimum")}],
        "paths": paths,
        "charts": [
            land.chart("loss", say("高出最优", "above the optimum"), log=True),
            land.chart("gap", say("最优性上界", "optimality bound"), log=True),
            land.chart("least", say("最小的概率", "smallest probability"), log=True),
        ],
        "start": [float(start[0]), float(start[1])],
        # p2 = x - y / sqrt(3), p1 = 1 - x - y / sqrt(3)
        "drag": {
            "names": ["first", "second"],
            "map": [[-1, -1 / math.sqrt(3), 1], [1, -1 / math.sqrt(3), 0]],
            "simplex": True,
            "digits": 4,
        },
        "clock": {"label": say("步", "step")},
    }


def _distributions(made: eg.SimplexRace) -> Block:
    index = list(range(1, made.optimum.size + 1))
    runs = [
        (say("最优", "optimum"), made.optimum, "line"),
        (LABELS["exponentiated"][0], made.exponentiated[-1], "seal"),
        (LABELS["projected"][0], made.projected[-1], "indigo"),
    ]
    return {
        "kind": "plot",
        "title": say("走到的分布", "Where they arrive"),
        "height": 260,
        "alt": say(
            f"{len(index)} 项的最优分布与两种方法的终点。",
            f"The optimum over {len(index)} outcomes and both ends.",
        ),
        "figure": {
            "data": [
                {
                    "type": "bar",
                    "x": index,
                    "y": land.significant(values, 4),
                    "marker": {"color": colour},
                    "name": name,
                    "hovertemplate": "%{x}: %{y:.4f}<extra>" + name + "</extra>",
                }
                for name, values, colour in runs
            ],
            "layout": {
                "barmode": "group",
                "xaxis": {"title": {"text": say("第几项", "outcome")}},
                "yaxis": {"title": {"text": say("概率", "probability")}},
                "showlegend": True,
                "legend": {"x": 1, "xanchor": "right", "y": 1, "bgcolor": "rgba(0,0,0,0)"},
            },
        },
    }


def _gaps(made: eg.SimplexRace) -> Block:
    steps = np.arange(len(made.projected_loss))
    curves = [
        (made.exponentiated_loss - made.optimum_loss, *LABELS["exponentiated"]),
        (made.projected_loss - made.optimum_loss, *LABELS["projected"]),
    ]
    return {
        "kind": "plot",
        "title": say("高出最优", "Loss above the optimum"),
        "height": 240,
        "alt": say("两种方法的损失随步数。", "Loss of both methods over the steps."),
        "figure": {
            "data": [
                land.line(steps, np.maximum(loss, 1e-16), colour, name=name)
                for loss, name, colour in curves
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
    }


def _simplex_how(made: eg.SimplexRace, rate: float, projected_rate: float) -> list[str | Block]:
    size = made.optimum.size
    return [
        say(
            f"指数梯度把每个概率乘一个正数再归一，所以从不碰边；这里 η = {rate:g}：",
            f"The exponentiated gradient multiplies every probability by a positive number and "
            f"normalises, so it never touches the boundary; here η = {rate:g}:",
        ),
        equation(
            r"p_i\leftarrow\frac{p_i\,e^{-\eta g_i}}{\sum_jp_je^{-\eta g_j}},\qquad\eta=" + tex(rate)
        ),
        say(
            f"投影下降先走一步再拉回单纯形。第一步走到离单纯形 {made.drift:.3g} 的地方，"
            "再投影回来，常常恰好落在边上。",
            f"Projected descent takes a step and returns to the simplex. Its first step ends "
            f"{made.drift:.3g} away from it, and projections often land on the boundary.",
        ),
        equation(
            r"p\leftarrow\Pi_\Delta\bigl(p-" + tex(projected_rate) + r"\,g\bigr)"
        ),
        say(
            f"最优解由 p·g − min g 担保：差不超过 {made.optimum_gap:.1e}。最优分布有 "
            f"{int((made.optimum > 1e-6).sum())} 项非零，共 {size} 项。",
            f"The optimum is certified by p·g − min g: off by at most {made.optimum_gap:.1e}. It has "
            f"{int((made.optimum > 1e-6).sum())} outcomes of {size} that are not zero.",
        ),
    ]  # fmt: skip


def steer_simplex(value: Any) -> dict[str, Any]:
    """The race without the queue, while the start is dragged."""
    return race_on_simplex(**dict(value)).payload()


# -- layout -----------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Four things to do."""
    with tab.several():
        with tab.scene("simplex", say("单纯形", "Simplex")) as scene:
            _simplex_scene(scene)
        with tab.scene("positive", say("非负回归", "Positive weights")) as scene:
            regression.positive_scene(scene)
        with tab.scene("steps", say("自学步长", "Learned steps")) as scene:
            step_sizes.steps_scene(scene)
        with tab.scene("heal", say("错了也能好", "Wrong rates heal")) as scene:
            step_sizes.heal_scene(scene)


def _simplex_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "problem",
            gr.Dropdown(PROBLEMS, value="regression", label=say("问题", "Problem")),
            live=True,
        )
        scene.input(
            "rate",
            gr.Slider(0.05, 20, value=2, step=0.05, label=say("指数梯度的 η", "η, exponentiated")),
            live=True,
        )
        scene.input(
            "projected_rate",
            gr.Slider(0.01, 4, value=0.2, step=0.01, label=say("投影下降的 η", "η, projected")),
            live=True,
        )
        scene.input(
            "dimension",
            gr.Slider(
                2, 50, value=3, step=1, label=say("几项（3 画三角形）", "Outcomes (3: triangle)")
            ),
            live=True,
        )
        with scene.more(say("更多：起点、步数、种子", "More: start, steps, seed")):
            with gr.Row():
                scene.input(
                    "first", gr.Number(0.3333, label=say("起点 p₁", "Start p₁"), min_width=0)
                )
                scene.input(
                    "second", gr.Number(0.3333, label=say("起点 p₂", "Start p₂"), min_width=0)
                )
            scene.input(
                "steps", gr.Slider(5, 500, value=100, step=5, label=say("步数", "Steps")), live=True
            )
            scene.seed(1)
        scene.primary(say("出发", "Race"), race_on_simplex)
    scene.examples = [
        Example(say("稀疏回归", "sparse regression"), {}),
        Example(say("投资组合", "portfolio"), {"problem": "portfolio", "rate": 5.0, "projected_rate": 1.0,
            "steps": 300}),
        Example(say("最近点", "nearest point"), {"problem": "nearest", "rate": 1.0, "first": 0.1, "second": 0.8}),
        Example(say("线性损失 = softmax", "linear loss = softmax"), {"problem": "linear", "rate": 0.3}, say(
            "t 步之后就是 softmax(−ηtc)", "after t steps it is softmax(−ηtc)")),
        Example(say("三十项", "thirty outcomes"), {"dimension": 30, "rate": 10.0, "projected_rate": 0.5,
            "steps": 300}),
        Example(say("从角旁出发", "from beside a corner"), {"first": 0.98, "second": 0.01}, say(
            "概率很小时乘法要很多步才长大", "a tiny probability needs many multiplications to grow")),
        Example(say("失败：零永远是零", "failure: zero stays zero"), {"first": 0.6, "second": 0.4, "steps": 60},
            say("起点在边上，乘法更新离不开那条边", "a start on an edge: the product never leaves it")),
        Example(say("失败：η 太大", "failure: rate too large"), {"rate": 20.0, "problem": "portfolio",
            "projected_rate": 4.0}, say("两种方法都来回跳", "both jump to and fro")),
        Example(say("失败：不是概率", "failure: not probabilities"), {"first": 0.9, "second": 0.9}, say(
            "两个概率之和超过 1", "two probabilities that exceed one")),
    ]  # fmt: skip
    scene.show(live={"adjust": steer_simplex})


def warmup() -> None:
    """One short race."""
    eg.simplex_race(steps=2)


DEMO = Demo(
    slug="exponentiated-gradient",
    section="training",
    order=40,
    title=say("指数梯度", "Exp. gradient"),
    heading=say("会自己改的步长", "Step sizes that learn"),
    summary=say(
        "把减法换成乘法：概率从不出界，步长自己长大或缩小，学习率错一百倍也能好。",
        "Multiply instead of subtracting: probabilities stay probabilities, step sizes heal a rate "
        "wrong by a hundred.",
    ),
    keywords="exponentiated gradient mirror descent 指数梯度 镜像下降 单纯形 投影 自适应学习率 元学习 adam",
    references=(
        Reference(
            title="指数梯度下降 + 元学习 = 自适应学习率",
            url="https://kexue.fm/archives/8968",
            date="2022",
        ),
        Reference(
            title="Step-size adaptation using exponentiated gradient updates",
            url="https://arxiv.org/abs/2202.00145",
            date="2022",
            kind="paper",
        ),
    ),
    build=build,
    warmup=warmup,
)
