"""Two scenes of the tab about exponentiated gradients: step sizes that learn, from any first rate."""

from functools import partial
from typing import Any

import gradio as gr
import numpy as np

from core.labs import exponentiated_gradient as eg
from core.labs.landscapes import PRESETS, Box
from demos import _landscape as land
from demos._landscape import Preset, short, tex
from demos._numbers import finite, timed
from demos._outcome import Block, Call, Example, Outcome
from demos._outcome import formula as equation
from demos._tab import Scene
from demos._words import say

METHODS = {
    "sgd": (say("固定学习率", "fixed rate"), "indigo"),
    "adam": ("Adam", "ochre"),
    "learned": (say("自学步长", "learned steps"), "seal"),
}
STARTS = {
    name: {"x": preset.start[0], "y": preset.start[1], "rate": preset.rate}
    for name, preset in PRESETS.items()
}


# -- on a landscape ---------------------------------------------------------------------------------


def learn_steps(
    landscape: Preset = "valley",
    formula: str = "",
    decades: float = -2.0,
    gamma: float = 0.5,
    clip: float = 0.5,
    signs: bool = False,
    rate: float = 0.09,
    noise: float = 0.0,
    x: float = -2.6,
    y: float = 1.2,
    steps: int = 150,
    window: float = 3.0,
    seed: int = 0,
) -> Outcome:
    """Start from a rate that is wrong by powers of ten, and let step sizes learn.

    Args:
        landscape: a preset such as valley, rosenbrock or himmelblau
        formula: own loss in x and y; replaces the preset
        decades: the rate is wrong by ten to this power
        gamma: how fast the step sizes learn
        clip: bound of the exponent in one step
        signs: use only the signs of the gradients' products
        rate: a good rate
        noise: standard deviation of the noise in every gradient component
        x: start, horizontal coordinate
        y: start, vertical coordinate
        steps: number of steps, 1 to 3000
        window: half the width of the picture for an own formula
        seed: draws the noise
    """
    text, box = land.chosen(landscape, formula, window)
    arguments: dict[str, Any] = {
        "text": text,
        "start": (x, y),
        "rate": rate * 10**decades,
        "gamma": gamma,
        "clip": clip,
        "signs": bool(signs),
        "noise": noise,
        "steps": int(steps),
        "seed": int(seed),
        "box": box,
    }
    made, timing = timed(eg.learned_steps, **arguments)
    return Outcome(
        result=partial(finite, made),
        blocks=lambda: [_learning_race(made, text, box, (x, y))],
        timing=timing,
        call=Call(eg.learned_steps, arguments),
        how=lambda: _steps_how(made, rate, decades, gamma, clip, bool(signs)),
    )


def _learning_race(
    made: eg.LearnedSteps, text: str, box: Box | None, start: tuple[float, float]
) -> Block:
    losses = {"sgd": made.sgd_loss, "adam": made.adam_loss, "learned": made.learned_loss}
    points = {"sgd": made.sgd, "adam": made.adam, "learned": made.learned}
    bottom = land.lowest(text, box, *losses.values())
    paths = []
    for name, (label, colour) in METHODS.items():
        values: dict[str, Any] = {"loss": losses[name] - bottom}
        if name == "learned":
            values |= {"nu1": made.nu[:, 0], "nu2": made.nu[:, 1]}
        far = np.abs(points[name]).max(axis=1) > 1e6  # beyond any picture
        paths.append(
            land.path(name, label, colour, np.where(far[:, None], np.nan, points[name]), values)
        )
    ends = {name: float(loss[-1] - bottom) for name, loss in losses.items()}
    return land.race(
        text,
        box,
        paths,
        [
            land.chart("loss", say("高出谷底", "height above the bottom"), log=True),
            land.chart("nu1", say("x 的倍数 ν₁", "multiplier ν₁ of x"), log=True),
            land.chart("nu2", say("y 的倍数 ν₂", "multiplier ν₂ of y"), log=True),
        ],
        start=start,
        title=say("学习率错了，谁还走得到", "The rate is wrong: who arrives?"),
        hint=say("拖动起点；右边换成 ν 看步长怎么学", "drag the start; switch the chart to ν"),
        alt=say(
            f"终点高出谷底：固定学习率 {short(ends['sgd'])}，Adam {short(ends['adam'])}，"
            f"自学步长 {short(ends['learned'])}。",
            f"Final height above the bottom: fixed rate {short(ends['sgd'])}, Adam "
            f"{short(ends['adam'])}, learned steps {short(ends['learned'])}.",
        ),
    )


def _steps_how(
    made: eg.LearnedSteps, rate: float, decades: float, gamma: float, clip: float, signs: bool
) -> list[str | Block]:
    first, second = made.nu[-1].tolist()
    return [
        say(
            f"好的学习率是 {rate:g}，这里从 {rate * 10**decades:.3g} 开始，差 10 的 {decades:g} 次方。"
            "每个坐标的步长乘一个指数：这一步与上一步梯度同号就变大，异号就变小。",
            f"A good rate is {rate:g}; this run starts from {rate * 10**decades:.3g}, wrong by ten to "
            f"the {decades:g}. Every coordinate's step is multiplied by an exponential: larger while "
            "its gradient keeps its sign, smaller when the sign changes.",
        ),
        equation(
            r"\nu_{t+1}=\nu_t\odot e^{\,\mathrm{clip}("
            + (r"\gamma\,\mathrm{sign}(g_{t-1}\odot g_t)" if signs else r"\gamma\,g_{t-1}\odot g_t")
            + rf",\,\pm{clip:g})}},\qquad\theta_{{t+1}}=\theta_t-\eta\,\nu_{{t+1}}\odot g_t,"
            rf"\qquad\gamma={tex(gamma)}"
        ),
        say(
            f"最后 ν = ({short(first)}, {short(second)})，实际步长 "
            f"({short(rate * 10**decades * first)}, {short(rate * 10**decades * second)})。",
            f"At the end ν = ({short(first)}, {short(second)}), that is steps of "
            f"({short(rate * 10**decades * first)}, {short(rate * 10**decades * second)}).",
        ),
        equation(r"\nu_T=\exp\Bigl(\gamma\sum_{t\le T}g_{t-1}\odot g_t\Bigr)"),
        say(
            "没有截断时就是上式；梯度一大，乘积会爆炸，所以要截断。论文还做归一化和全局增益，文章省去了。",
            "Without the bound it is this sum; large gradients would make it explode, hence the "
            "bound. The paper's normalisation and global gain are left out, as in the post.",
        ),
    ]


def steer_steps(value: Any) -> dict[str, Any]:
    """The race without the queue, while the start is dragged."""
    return learn_steps(**land.cleaned(value)).payload()


# -- from any rate ----------------------------------------------------------------------------------


def sweep_rates(
    exponent: float = -4.0,
    gamma: float = 0.1,
    clip: float = 0.5,
    signs: bool = True,
    condition: float = 3.0,
    dimension: int = 20,
    noise: float = 0.0,
    steps: int = 300,
    seed: int = 0,
) -> Outcome:
    """Final losses in an ill-conditioned valley for initial rates over five decades.

    Args:
        exponent: the marked rate is ten to this power, -5 to 0
        gamma: how fast the step sizes learn
        clip: bound of the exponent in one step
        signs: use only the signs of the gradients' products
        condition: the valley's curvatures span so many powers of ten
        dimension: number of parameters, 2 to 200
        noise: standard deviation of the noise in every gradient component
        steps: number of steps, 1 to 3000
        seed: draws the noise
    """
    shared: dict[str, Any] = {
        "dimension": int(dimension),
        "condition": 10.0**condition,
        "gamma": gamma,
        "clip": clip,
        "signs": bool(signs),
        "noise": noise,
        "steps": int(steps),
        "seed": int(seed),
    }
    sweep, timing = timed(eg.rate_sweep, **shared)
    single, more = timed(eg.valley_race, rate=10.0**exponent, **shared)
    worst = float(np.max(sweep.learned))
    return Outcome(
        result=partial(finite, {"sweep": sweep, "race": single}),
        blocks=lambda: [_sweep_plot(sweep, exponent), _nu_map(single, exponent)],
        timing=timing + more,
        call=Call(eg.rate_sweep, shared),
        how=lambda: [
            equation(
                r"L(\theta)=\frac12\sum_ic_i\theta_i^2,\qquad c_i=10^{-" + f"{condition:g}"
                + r"}\dots1,\quad\theta_0=(1,\dots,1),\quad n=" + f"{int(dimension)}"
            ),
            say(
                f"{len(sweep.rates)} 个初始学习率从 1e−5 到 1。自学步长最差的终值 {short(worst)}；"
                f"固定学习率 {short(float(np.max(sweep.sgd)))}，Adam "
                f"{short(float(np.max(sweep.adam)))}。",
                f"{len(sweep.rates)} initial rates from 1e−5 to 1. The worst final loss of learned "
                f"steps is {short(worst)}; of a fixed rate {short(float(np.max(sweep.sgd)))}, of Adam "
                f"{short(float(np.max(sweep.adam)))}.",
            ),
            say(
                f"最好的学习率下，固定学习率也只到 {short(float(np.min(sweep.sgd)))}："
                "一个数管不了所有方向，ν 给每个方向一个。",
                f"Even at its best rate the fixed one reaches {short(float(np.min(sweep.sgd)))}: one "
                "number cannot serve all directions, and ν gives each its own.",
            ),
        ],
    )  # fmt: skip


def _sweep_plot(sweep: eg.RateSweep, exponent: float) -> Block:
    curves = {"sgd": sweep.sgd, "adam": sweep.adam, "learned": sweep.learned}
    floor, top = 1e-30, 1e6
    start = 0.5 * float(np.nan_to_num(sweep.sgd[0], posinf=1.0))
    data: list[Block] = []
    notes: list[Block] = []
    places = {"sgd": 0.6, "adam": 0.9, "learned": 0.4}
    for name, (label, colour) in METHODS.items():
        values = np.where(np.isfinite(curves[name]), np.clip(curves[name], floor, top), top)
        data.append(land.line(sweep.rates, values, colour, name=label, mode="lines+markers"))
        at = int(places[name] * (len(values) - 1))
        notes.append(
            land.note(
                label,
                float(np.log10(sweep.rates[at])),
                float(np.log10(values[at])),
                colour,
                yanchor="bottom",
                yshift=6,
            )
        )
    lost = int(np.isinf(sweep.sgd).sum())
    return {
        "kind": "plot",
        "title": say("终值随初始学习率", "Final loss against the initial rate"),
        "hint": say(
            "图的上沿就是发散，下沿 1e−30；点一下换学习率",
            "top edge: diverged, bottom edge: 1e−30; click to choose a rate",
        ),
        "height": 300,
        "sets": {"data": "exponent"},
        "alt": say(
            f"{len(sweep.rates)} 个初始学习率的终值；固定学习率有 {lost} 个发散，自学步长最差 "
            f"{short(float(np.max(sweep.learned)))}；起始损失约 {start:.2g}。",
            f"Final losses for {len(sweep.rates)} initial rates; {lost} fixed ones diverge, the worst "
            f"of learned steps is {short(float(np.max(sweep.learned)))}.",
        ),
        "figure": {
            "data": [
                trace | {"customdata": [round(float(v), 2) for v in np.log10(sweep.rates)]}
                for trace in data
            ],
            "layout": {
                "xaxis": {
                    "type": "log",
                    "title": {"text": say("初始学习率 η", "initial rate η")},
                    "exponentformat": "power",
                    "dtick": 1,
                },
                "yaxis": {
                    "type": "log",
                    "title": {"text": say("最后的损失", "final loss")},
                    "exponentformat": "power",
                    "range": [-31, 6.5],
                },
                "shapes": [
                    {
                        "type": "line",
                        "x0": 10.0**exponent,
                        "x1": 10.0**exponent,
                        "yref": "paper",
                        "y0": 0,
                        "y1": 1,
                        "line": {"color": "ink", "dash": "dot", "width": 1},
                    }
                ],
                "annotations": notes,
            },
        },
    }


def _nu_map(single: eg.LearnedSteps, exponent: float) -> Block:
    steps, size = single.nu.shape
    stride = max(1, steps // 100)
    shown = np.log10(single.nu[::stride].T)
    reach = max(1.0, float(np.abs(shown).max()))
    return {
        "kind": "plot",
        "title": say(
            f"从 η = {10**exponent:.2g} 出发，ν 怎样长",
            f"From η = {10**exponent:.2g}: how ν grows",
        ),
        "hint": say(
            "每行一个方向，下缓上陡；颜色是 log₁₀ ν",
            "a row per direction, gentle below, steep above; colour: log₁₀ ν",
        ),
        "height": 260,
        "alt": say(
            f"{size} 个方向的步长倍数随步数；最后从 {single.nu[-1].min():.3g} 到 "
            f"{single.nu[-1].max():.3g}。",
            f"Multipliers of {size} directions over the steps; at the end from "
            f"{single.nu[-1].min():.3g} to {single.nu[-1].max():.3g}.",
        ),
        "figure": {
            "data": [
                {
                    "type": "heatmap",
                    "x": list(range(0, steps, stride)),
                    "z": [land.significant(row, 3) for row in shown],
                    "zmin": -reach,
                    "zmax": reach,
                    "colorscale": [[0, "indigo"], [0.5, "card"], [1, "seal"]],
                    "colorbar": {"thickness": 10, "outlinewidth": 0},
                    "hovertemplate": say(
                        "第 %{x} 步，方向 %{y}<br>log₁₀ ν %{z:.2f}", "step %{x}, direction %{y}<br>log₁₀ ν %{z:.2f}"
                    )
                    + "<extra></extra>",
                }
            ],
            "layout": {
                "xaxis": {"title": {"text": say("步", "step")}},
                "yaxis": {"title": {"text": say("方向（曲率升序）", "direction by curvature")}},
            },
        },
    }  # fmt: skip


# -- layout -----------------------------------------------------------------------------------------


def steps_scene(scene: Scene) -> None:
    """A rate that is wrong, on a landscape."""
    with scene.controls():
        land.choose_landscape(scene)
        scene.input(
            "decades",
            gr.Slider(
                -4,
                3,
                value=-2,
                step=0.1,
                label=say("学习率错 10 的几次方", "Rate wrong by 10 to the"),
            ),
            live=True,
        )
        scene.input(
            "gamma",
            gr.Slider(
                0, 2, value=0.5, step=0.01, label=say("步长的学习率 γ", "Rate γ of the steps")
            ),
            live=True,
        )
        scene.input(
            "clip",
            gr.Slider(
                0.05, 5, value=0.5, step=0.05, label=say("指数截断 ±c", "Exponent's bound ±c")
            ),
            live=True,
        )
        with scene.more(say("更多：只看符号、起点、步数、种子", "More: signs, start, steps, seed")):
            scene.input("signs", gr.Checkbox(False, label=say("只看符号", "Signs only")))
            scene.input(
                "rate",
                gr.Slider(0.001, 0.5, value=0.09, step=0.001, label=say("好的学习率", "Good rate")),
            )
            scene.input(
                "noise", gr.Slider(0, 5, value=0, step=0.1, label=say("梯度噪声", "Gradient noise"))
            )
            land.choose_start(scene, -2.6, 1.2)
            scene.input("steps", gr.Slider(10, 500, value=150, step=10, label=say("步数", "Steps")))
            scene.seed(0)
        scene.primary(say("出发", "Race"), learn_steps)
    scene.examples = [
        Example(say("小一百倍", "a hundred times too small"), {}),
        Example(say("大一百倍", "a hundred times too large"), {"decades": 2.0}, say(
            "固定学习率立刻发散，ν 几步就缩下来", "the fixed rate explodes; ν shrinks within a few steps")),
        Example(say("正好", "just right"), {"decades": 0.0}),
        Example(say("香蕉谷", "banana valley"), {"landscape": "rosenbrock", "x": -1.6, "y": 2.4, "rate": 0.008,
            "decades": -1.0, "gamma": 0.05, "clip": 0.1, "steps": 300}),
        Example(say("有噪声", "noisy gradients"), {"noise": 1.0, "gamma": 0.1}),
        Example(say("自己的公式", "a formula of one's own"), {"formula": "x^2/10 + 3y^2", "rate": 0.2,
            "decades": -1.5}),
        Example(say("失败：不学步长", "failure: no learning"), {"gamma": 0.0}, say(
            "γ = 0 就是固定学习率", "γ = 0 is the fixed rate")),
        Example(say("失败：不截断", "failure: hardly bounded"), {"landscape": "rosenbrock", "x": -1.9, "y": 2.9,
            "rate": 0.008, "decades": -0.5, "gamma": 2.0, "clip": 5.0}, say(
            "梯度的乘积太大，步长一下炸开", "the products are huge: the steps explode")),
    ]  # fmt: skip
    scene.show(live={"adjust": steer_steps})
    land.follow_presets(scene, STARTS)


def heal_scene(scene: Scene) -> None:
    """All initial rates at once."""
    with scene.controls():
        scene.input(
            "exponent",
            gr.Slider(
                -5,
                0,
                value=-4,
                step=0.01,
                label=say("看哪个学习率：10 的", "Marked rate: 10 to the"),
            ),
            live=True,
        )
        scene.input(
            "gamma",
            gr.Slider(
                0, 1, value=0.1, step=0.01, label=say("步长的学习率 γ", "Rate γ of the steps")
            ),
            live=True,
        )
        scene.input(
            "clip",
            gr.Slider(
                0.05, 5, value=0.5, step=0.05, label=say("指数截断 ±c", "Exponent's bound ±c")
            ),
            live=True,
        )
        scene.input(
            "signs",
            gr.Checkbox(True, label=say("只看梯度乘积的符号", "Signs of the products only")),
            live=True,
        )
        with scene.more(say("更多：山谷、步数、种子", "More: valley, steps, seed")):
            scene.input(
                "condition",
                gr.Slider(
                    0,
                    6,
                    value=3,
                    step=0.5,
                    label=say("条件数：10 的", "Condition number: 10 to the"),
                ),
            )
            scene.input(
                "dimension", gr.Slider(2, 60, value=20, step=1, label=say("维数", "Dimensions"))
            )
            scene.input(
                "noise",
                gr.Slider(0, 2, value=0, step=0.05, label=say("梯度噪声", "Gradient noise")),
            )
            scene.input("steps", gr.Slider(10, 600, value=300, step=10, label=say("步数", "Steps")))
            scene.seed(0)
        scene.primary(say("扫一遍", "Sweep"), sweep_rates)
    scene.examples = [
        Example(say("五个数量级", "five decades"), {}),
        Example(say("文章的原式（不取符号）", "the post's own products"), {"signs": False, "gamma": 1.0, "clip": 0.5},
            say("缓方向梯度小，乘积更小，学得慢", "gentle directions have tiny products and learn slowly")),
        Example(say("更病态", "worse conditioned"), {"condition": 6.0, "gamma": 0.15}),
        Example(say("学得快", "learning fast"), {"gamma": 0.4}),
        Example(say("从 1 出发", "starting at 1"), {"exponent": 0.0}, say(
            "陡方向的 ν 先缩小", "the steep directions shrink first")),
        Example(say("失败：不学", "failure: no learning"), {"gamma": 0.0}, say(
            "γ = 0：红线落在蓝线上", "γ = 0: the red line lies on the blue one")),
        Example(say("失败：噪声", "failure: noise"), {"noise": 0.5}, say(
            "噪声使符号随机，步长不再可靠", "noise makes the signs random, and the steps unreliable")),
    ]  # fmt: skip
    scene.show()
