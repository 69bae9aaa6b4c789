"""Two scenes of the SGD tab: where momentum methods are stable, and momentum after a rate cut."""

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, Literal

import gradio as gr
import numpy as np

from core.labs import sgd_dynamics
from core.labs.landscapes import Box
from demos import _landscape as land
from demos._landscape import Preset, short, tex
from demos._numbers import finite, timed
from demos._outcome import Block, Call, Example, Outcome
from demos._outcome import formula as equation
from demos._tab import Scene
from demos._words import say

Look = Literal["momentum", "half-nesterov", "nesterov"]

LOOKS = [
    (say("动量", "momentum"), "momentum"),
    (say("半步 Nesterov", "half-step"), "half-nesterov"),
    ("Nesterov", "nesterov"),
]
# Calm where a method converges, warm where it does not.
STABLE = [
    [0, "celadon"],
    [0.4, "pale-celadon"],
    [0.5, "card"],
    [0.56, "pale-seal"],
    [1, "pale-seal"],
]


# -- stability ------------------------------------------------------------------------------------


def map_stability(
    landscape: Preset = "valley",
    formula: str = "",
    method: Look = "momentum",
    rate: float = 0.09,
    momentum: float = 0.8,
    x: float = -2.6,
    y: float = 1.2,
    steps: int = 100,
    window: float = 3.0,
) -> Outcome:
    """Map where a momentum method is stable: on a parabola in theory, on a landscape in runs.

    Args:
        landscape: a preset such as valley, rosenbrock or himmelblau
        formula: own loss in x and y; replaces the preset
        method: momentum, half-nesterov or nesterov
        rate: learning rate, marked in both maps
        momentum: momentum coefficient, marked in both maps
        x: start of the runs, horizontal coordinate
        y: start of the runs, vertical coordinate
        steps: number of steps of the runs, 1 to 500
        window: half the width of the window for an own formula
    """
    text, box = land.chosen(landscape, formula, window)
    (runs, theory), timing = timed(_maps, text, (x, y), method, int(steps), box)
    found = land.minima_of(text, box)
    point = found[0].point if found else (x, y)
    bends: list[float] = (
        list(found[0].curvatures) if found else sgd_dynamics.curvatures(text, point).tolist()
    )
    limit = float(np.interp(momentum, theory.momentum, theory.limit))
    return Outcome(
        result=partial(
            finite, {"theory": theory, "runs": runs, "curvatures": bends, "limit": limit}
        ),
        blocks=lambda: [
            _theory_plot(theory, rate, momentum, bends, limit),
            _runs_plot(runs, text, box, rate, momentum, bends[1], int(steps)),
        ],
        timing=timing,
        call=Call(
            sgd_dynamics.outcome_map,
            {"text": text, "start": (x, y), "method": method, "steps": int(steps), "box": box},
        ),
        how=lambda: [
            equation(land.latex_of(text, box)),
            _verdict(bool(found), point, bends, rate, limit),
            equation(
                r"\gamma c<\frac{2(1+\beta)}{1+2\kappa\beta}="
                rf"{tex(limit)},\qquad\kappa={sgd_dynamics.LOOK_AHEAD[method]:g},\ \beta={momentum:g}"
            ),
            say(
                "κ 是取梯度处往前看多远：动量 0，半步 ½，Nesterov 1。往前看使慢方向收敛得更稳，"
                "却把稳定界压低。",
                "κ is how far ahead the gradient is taken: 0 for momentum, ½ for the half step, 1 for "
                "Nesterov. Looking ahead damps oscillations and lowers the limit.",
            ),
        ],
    )


@lru_cache(maxsize=32)
def _maps(
    text: str, start: tuple[float, float], method: str, steps: int, box: Box | None
) -> tuple[sgd_dynamics.OutcomeMap, sgd_dynamics.StabilityMap]:
    """Both maps; kept, because rate and momentum only mark a place in them."""
    runs = sgd_dynamics.outcome_map(text, start, method, steps=steps, box=box)
    return runs, sgd_dynamics.stability_map(method)


def _verdict(
    minimum: bool, point: tuple[float, float], bends: list[float], rate: float, limit: float
) -> str:
    low, high = (rate * bend for bend in bends)
    stable = high < limit
    return say(
        f"{'最低点' if minimum else '起点'} ({point[0]:.3g}, {point[1]:.3g}) 的两个曲率是 "
        f"{bends[0]:.3g} 和 {bends[1]:.3g}，乘以学习率 {rate:g} 得 {low:.3g} 和 {high:.3g}；"
        f"稳定界 {limit:.3g}，所以{'稳定' if stable else '不稳定'}。",
        f"At the {'lowest point' if minimum else 'start'} ({point[0]:.3g}, {point[1]:.3g}) the "
        f"curvatures are {bends[0]:.3g} and {bends[1]:.3g}, times the rate {rate:g} {low:.3g} and "
        f"{high:.3g}; the limit is {limit:.3g}, so it is {'stable' if stable else 'unstable'}.",
    )


def _theory_plot(
    theory: sgd_dynamics.StabilityMap,
    rate: float,
    momentum: float,
    bends: list[float],
    limit: float,
) -> Block:
    width = float(theory.rate_curvature[-1])
    products = [min(rate * bend, width) for bend in bends]
    stable = rate * bends[1] < limit
    heat = {
        "type": "heatmap",
        "x": land.significant(theory.rate_curvature[::2], 4),
        "y": land.significant(theory.momentum[::2], 4),
        "z": [land.significant(row[::2], 3) for row in theory.radius[::2]],
        "zmin": 0.5,
        "zmax": 1.5,
        "colorscale": STABLE,
        "showscale": False,
        "zsmooth": "best",
        "hovertemplate": "γc %{x:.2f}, β %{y:.2f}<br>ρ %{z:.3f}<extra></extra>",
    }
    return {
        "kind": "plot",
        "title": say("理论：抛物线", "Theory: a parabola"),
        "hint": say(
            "颜色是每步误差乘的倍数 ρ；绿处收敛。两点是此地形的两个曲率",
            "colour: factor ρ of the error per step; green converges. Dots: this landscape",
        ),
        "height": 260,
        "alt": say(
            f"学习率乘曲率与动量的稳定图；β = {momentum:g} 时界为 {limit:.3g}，"
            f"此地形最大乘积 {rate * bends[1]:.3g}，{'稳定' if stable else '不稳定'}。",
            f"Stability over rate times curvature and momentum; at β = {momentum:g} the limit is "
            f"{limit:.3g}, the largest product here {rate * bends[1]:.3g}: "
            f"{'stable' if stable else 'unstable'}.",
        ),
        "figure": {
            "data": [
                heat,
                land.line(theory.limit, theory.momentum, "ink", width=1.5, hoverinfo="skip"),
                land.line(products, [momentum] * 2, "ink", width=1, dash="dot", hoverinfo="skip"),
                land.dots(products, [momentum] * 2, "indigo" if stable else "seal", size=12),
            ],
            "layout": {
                "xaxis": {
                    "title": {"text": say("学习率 × 曲率 γc", "rate × curvature γc")},
                    "range": [0, width],
                },
                "yaxis": {"title": {"text": say("动量 β", "momentum β")}, "range": [0, 0.99]},
                "annotations": [
                    land.note(
                        say("稳定界", "limit"),
                        float(theory.limit[44]),
                        0.55,
                        "ink",
                        xanchor="left",
                        xshift=10,
                    )
                ],
            },
        },
    }


def _runs_plot(
    runs: sgd_dynamics.OutcomeMap,
    text: str,
    box: Box | None,
    rate: float,
    momentum: float,
    bend: float,
    steps: int,
) -> Block:
    height = np.maximum(runs.loss - land.lowest(text, box, runs.loss), 1e-12)
    with np.errstate(invalid="ignore"):
        shown = np.log10(height)
    lost = float(np.isnan(runs.loss).mean())
    heat = {
        "type": "heatmap",
        "x": land.significant(runs.rates, 4),
        "y": land.significant(runs.momentum, 4),
        "z": [land.significant(row, 3) for row in shown],
        "zmin": -8,
        "zmax": 2,
        "colorscale": [[0, "celadon"], [0.6, "pale-celadon"], [1, "card"]],
        "colorbar": {
            "thickness": 10,
            "outlinewidth": 0,
            "tickvals": [-8, -4, 0],
            "ticktext": ["1e−8", "1e−4", "1"],
        },
        "hovertemplate": "γ %{x:.3g}, β %{y:.2f}<br>log₁₀ %{z:.2f}<extra></extra>",
    }
    top = 2 * (1 + runs.momentum) / bend if bend > 0 else np.full(len(runs.momentum), np.nan)
    return {
        "kind": "plot",
        "title": say(f"实跑：{steps} 步之后高出谷底", f"Runs: height after {steps} steps"),
        "hint": say(
            "越绿越低，空白处发散；点一下就取那里的 γ 和 β",
            "green is low, blank diverged; click to take γ and β from there",
        ),
        "height": 260,
        "sets": {"x": "rate", "y": "momentum"},
        "alt": say(
            f"{len(runs.rates)} 个学习率乘 {len(runs.momentum)} 个动量的结果，{lost:.0%} 发散。",
            f"Outcomes for {len(runs.rates)} rates and {len(runs.momentum)} momenta; {lost:.0%} "
            "diverge.",
        ),
        "figure": {
            "data": [
                heat,
                land.line(top, runs.momentum, "ink", width=1, dash="dot", hoverinfo="skip"),
                land.dots([rate], [momentum], "indigo", size=12),
            ],
            "layout": {
                "xaxis": {
                    "title": {"text": say("学习率 γ", "learning rate γ")},
                    "type": "log",
                    "range": [-3, 0],
                    "tickvals": [0.001, 0.01, 0.1, 1],
                },
                "yaxis": {"title": {"text": say("动量 β", "momentum β")}, "range": [0, 0.99]},
            },
        },
    }


# -- retuning -------------------------------------------------------------------------------------


def retune_momentum(
    landscape: Preset = "valley",
    formula: str = "",
    rate: float = 0.05,
    momentum: float = 0.9,
    ratio: float = 0.1,
    x: float = -2.6,
    y: float = 1.2,
    steps: int = 60,
    window: float = 3.0,
) -> Outcome:
    """Cut the learning rate and retune momentum by the post's rule, beside leaving it alone.

    Args:
        landscape: a preset such as valley or himmelblau
        formula: own loss in x and y; replaces the preset
        rate: learning rate before the cut
        momentum: momentum coefficient before the cut
        ratio: what the rate is multiplied by, 0.01 to 1
        x: start, horizontal coordinate
        y: start, vertical coordinate
        steps: number of steps before the cut; all runs last this time
        window: half the width of the picture for an own formula
    """
    text, box = land.chosen(landscape, formula, window)
    arguments: dict[str, Any] = {
        "text": text,
        "start": (x, y),
        "rate": rate,
        "momentum": momentum,
        "ratio": ratio,
        "steps": int(steps),
        "box": box,
    }
    made, timing = timed(sgd_dynamics.retuned_race, **arguments)
    return Outcome(
        result=partial(finite, made),
        blocks=lambda: [_retune_race(made, text, box, (x, y)), _friction(made, rate, ratio)],
        timing=timing,
        call=Call(sgd_dynamics.retuned_race, arguments),
        how=lambda: [
            say(
                f"学习率乘 {ratio:g} 后时间步长缩小 √{ratio:g} = {ratio**0.5:.3g} 倍，"
                f"同样的时间要走 {made.steps_after} 步。β 不动，摩擦就从 "
                f"{made.rule.friction_before:.3f} 变成 {made.rule.friction_untuned:.3f}，"
                "弹珠换了一颗；照规则改 β，方程才是原来那个。",
                f"With the rate times {ratio:g} the time step shrinks by √{ratio:g} = "
                f"{ratio**0.5:.3g}; the same time takes {made.steps_after} steps. If β stays, the "
                f"friction goes from {made.rule.friction_before:.3f} to "
                f"{made.rule.friction_untuned:.3f}: another marble. The rule keeps the equation.",
            ),
            equation(
                r"\beta\leftarrow1-(1-\beta)\sqrt r=1-"
                rf"{1 - momentum:.3g}\times\sqrt{{{ratio:g}}}={made.rule.momentum:.4f}"
            ),
            say(
                f"严格保持摩擦的是 β = {made.rule.exact:.4f}；规则差 "
                f"{abs(made.rule.exact - made.rule.momentum):.1e}。",
                f"The friction is kept exactly by β = {made.rule.exact:.4f}; the rule is off by "
                f"{abs(made.rule.exact - made.rule.momentum):.1e}.",
            ),
        ],
    )


def _retune_race(
    made: sgd_dynamics.RetunedRace, text: str, box: Box | None, start: tuple[float, float]
) -> Block:
    rows = [
        ("flow", say("原方程", "the equation"), "indigo", made.flow, True),
        ("before", say("减小之前", "before the cut"), "celadon", made.before, False),
        ("untuned", say("减小，β 不动", "cut, β as it was"), "seal", made.untuned, False),
        ("retuned", say("减小，β 按规则", "cut, β by the rule"), "ochre", made.retuned, False),
    ]
    gaps = {name: np.linalg.norm(points - made.flow, axis=1) for name, _, _, points, _ in rows}
    paths = [
        land.path(
            name,
            label,
            colour,
            points,
            {} if name == "flow" else {"gap": gaps[name]},
            dash=dash,
        )
        for name, label, colour, points, dash in rows
    ]
    worst = {name: float(gap.max()) for name, gap in gaps.items()}
    return land.race(
        text,
        box,
        paths,
        [land.chart("gap", say("离原方程的距离", "distance to the equation"))],
        start=start,
        title=say("同样的时间，同一个方程？", "Equal times, the same equation?"),
        hint=say("拖动起点；每格是减小前的一步", "drag the start; one tick is one step before the cut"),
        alt=say(
            f"离原方程最远：减小前 {short(worst['before'])}，β 不动 {short(worst['untuned'])}，"
            f"按规则 {short(worst['retuned'])}。",
            f"Largest distance to the equation: {short(worst['before'])} before the cut, "
            f"{short(worst['untuned'])} with β as it was, {short(worst['retuned'])} by the rule.",
        ),
        clock=say("时间格", "tick"),
    )  # fmt: skip


def _friction(made: sgd_dynamics.RetunedRace, rate: float, ratio: float) -> Block:
    rule = made.rule
    columns = ["", "γ", "β", say("摩擦 λ", "friction λ")]
    rows = [
        [say("减小之前", "before the cut"), f"{rate:g}", "", f"{rule.friction_before:.4f}"],
        [
            say("β 不动", "β as it was"),
            f"{rate * ratio:.4g}",
            say("同上", "the same"),
            f"{rule.friction_untuned:.4f}",
        ],
        [
            say("β 按规则", "β by the rule"),
            f"{rate * ratio:.4g}",
            f"{rule.momentum:.4f}",
            f"{rule.friction_after:.4f}",
        ],
        [
            say("严格保持摩擦", "friction kept exactly"),
            f"{rate * ratio:.4g}",
            f"{rule.exact:.4f}",
            f"{rule.friction_before:.4f}",
        ],
    ]
    return {"kind": "table", "title": say("摩擦", "Friction"), "columns": columns, "rows": rows}


def steer_retune(value: Any) -> dict[str, Any]:
    """The retuned race without the queue, while the start is dragged."""
    return retune_momentum(**land.cleaned(value)).payload()


# -- layout ---------------------------------------------------------------------------------------


def stability_scene(scene: Scene, starts: Mapping[str, Mapping[str, Any]]) -> None:
    """Rate and momentum as a place in two maps."""
    with scene.controls():
        land.choose_landscape(scene)
        scene.input(
            "method", gr.Radio(LOOKS, value="momentum", label=say("方法", "Method")), live=True
        )
        scene.input(
            "rate",
            gr.Slider(0.001, 1, value=0.09, step=0.001, label=say("学习率 γ", "Learning rate γ")),
            live=True,
        )
        scene.input(
            "momentum",
            gr.Slider(0, 0.99, value=0.8, step=0.01, label=say("动量 β", "Momentum β")),
            live=True,
        )
        with scene.more(say("更多：起点、步数", "More: start, steps")):
            land.choose_start(scene, -2.6, 1.2)
            scene.input("steps", gr.Slider(10, 500, value=100, step=10, label=say("步数", "Steps")))
        scene.primary(say("画图", "Map"), map_stability)
    scene.examples = [
        Example(say("动量放宽步长", "momentum allows larger steps"), {"momentum": 0.9, "rate": 0.3}, say(
            "γc = 3，GD 的界只有 2", "γc = 3, beyond the limit 2 of plain descent")),
        Example(say("Nesterov 的界更低", "Nesterov's limit is lower"), {"method": "nesterov", "momentum": 0.9,
            "rate": 0.13}, say("往前看一步，界从 3.8 降到 1.36", "looking ahead lowers it from 3.8 to 1.36")),
        Example(say("半步 Nesterov", "half-step Nesterov"), {"method": "half-nesterov", "momentum": 0.9,
            "rate": 0.18}, say("半步时界恰好是 2，与 β 无关", "with half a step the limit is 2 for every β")),
        Example(say("香蕉谷", "banana valley"), {"landscape": "rosenbrock", "x": -1.6, "y": 2.4, "rate": 0.01,
            "steps": 300}),
        Example(say("自己的公式", "a formula of one's own"), {"formula": "x^2 + 3y^2 + x*y", "rate": 0.2}),
        Example(say("失败：过了界", "failure: beyond the limit"), {"rate": 0.4, "momentum": 0.8}, say(
            "γc = 4 > 3.6，红点在线的右边", "γc = 4 > 3.6: the red dot lies right of the line")),
        Example(say("失败：没有谷底", "failure: no bottom"), {"formula": "-x^2 - y^2", "x": 0.5, "y": 0.5}, say(
            "山顶没有稳定的学习率", "on a hilltop no rate is stable")),
    ]  # fmt: skip
    scene.show()
    land.follow_presets(scene, starts)


def retune_scene(scene: Scene, starts: Mapping[str, Mapping[str, Any]]) -> None:
    """The rate is cut, momentum follows or not."""
    with scene.controls():
        land.choose_landscape(scene)
        scene.input(
            "rate",
            gr.Slider(
                0.001, 0.3, value=0.05, step=0.001, label=say("减小前的 γ", "γ before the cut")
            ),
            live=True,
        )
        scene.input(
            "momentum",
            gr.Slider(0, 0.99, value=0.9, step=0.01, label=say("减小前的 β", "β before the cut")),
            live=True,
        )
        scene.input(
            "ratio",
            gr.Slider(0.01, 1, value=0.1, step=0.01, label=say("γ 乘以 r", "γ times r")),
            live=True,
        )
        with scene.more(say("更多：起点、步数", "More: start, steps")):
            land.choose_start(scene, -2.6, 1.2)
            scene.input("steps", gr.Slider(10, 200, value=60, step=5, label=say("步数", "Steps")))
        scene.primary(say("减小学习率", "Cut the rate"), retune_momentum)
    scene.examples = [
        Example(say("减到十分之一", "a tenth"), {}),
        Example(say("减到百分之一", "a hundredth"), {"ratio": 0.01}, say(
            "β 从 0.9 到 0.99：常见的“后期调大动量”", "β from 0.9 to 0.99: the habit of raising it late")),
        Example(say("只减一半", "half"), {"ratio": 0.5}),
        Example(say("四谷", "four valleys"), {"landscape": "himmelblau", "rate": 0.05, "x": 0.3, "y": -0.8}, say(
            "β 不动的那颗可能滚进别的谷", "the marble with the old β may end in another valley")),
        Example(say("斜双阱", "tilted wells"), {"landscape": "tilted-wells", "rate": 0.03, "momentum": 0.92,
            "x": 1.7, "y": 1.2}, say("β 不动就翻不过坎", "with the old β it no longer crosses the ridge")),
        Example(say("失败：起步太大", "failure: too coarse to begin with"), {"rate": 0.3}, say(
            "减小前离方程已很远，规则保持的是方程，不是那条路",
            "before the cut it is far from its equation; the rule keeps the equation, not that path")),
        Example(say("失败：比值不变", "failure: no cut at all"), {"ratio": 1.0}, say(
            "r = 1 时三条路重合，规则什么也没改", "with r = 1 the three paths coincide: nothing to see")),
    ]  # fmt: skip
    scene.show(live={"adjust": steer_retune})
    land.follow_presets(scene, starts)
