"""Two scenes of the tab about implicit regularisation: an explicit penalty, and sharpness."""

from functools import lru_cache, partial
from typing import Any

import gradio as gr
import numpy as np

from core.labs import implicit_regularization as igr
from core.labs import landscapes
from core.labs.landscapes import Box
from demos import _landscape as land
from demos._landscape import Preset, short, tex
from demos._numbers import finite, timed
from demos._outcome import Block, Call, Example, Outcome
from demos._outcome import formula as equation
from demos._tab import Scene
from demos._words import say

SMALL = 0.01  # the tiny rate; its own implicit penalty is SMALL / 4
# The penalties that are tried whatever the large rate is: their runs are shared by all of them.
PENALTIES = (0.0, *np.geomspace(5e-4, 0.4, 70).tolist())


# -- an explicit penalty ----------------------------------------------------------------------------


def imitate_rate(
    landscape: Preset = "two-layers",
    formula: str = "",
    rate: float = 0.1,
    strength: float = 1.0,
    x: float = 2.2,
    y: float = 1.5,
    time: float = 10.0,
    window: float = 3.0,
) -> Outcome:
    """Imitate a large learning rate by a tiny one with an explicit gradient penalty.

    Args:
        landscape: a preset such as two-layers or himmelblau
        formula: own loss in x and y; replaces the preset
        rate: the large learning rate
        strength: penalty in units of a quarter of the rate, 0 to 4; the theory says 1
        x: start, horizontal coordinate
        y: start, vertical coordinate
        time: of all runs, rate times number of steps
        window: half the width of the picture for an own formula
    """
    text, box = land.chosen(landscape, formula, window)
    arguments: dict[str, Any] = {
        "text": text,
        "start": (x, y),
        "rate": rate,
        "small_rate": SMALL,
        "penalty": strength * rate / 4,
        "time": time,
        "box": box,
    }
    made, timing = timed(igr.penalty_race, **arguments)
    curve = _curve(text, (x, y), rate, time, box)
    ratio = curve.best / curve.theory if curve.theory > 0 else float("nan")
    return Outcome(
        result=partial(finite, {"race": made, "curve": curve}),
        blocks=lambda: [_ends(made, text, box, (x, y)), _distances(made, curve, rate)],
        timing=timing,
        call=Call(igr.penalty_race, arguments),
        how=lambda: [
            equation(land.latex_of(text, box)),
            say(
                f"大学习率 {rate:g} 隐含的惩罚是 γ/4 = {rate / 4:.4g}。用 {SMALL:g} 的小学习率走同样的"
                f"时间 {time:g}，把惩罚明写出来：",
                f"The large rate {rate:g} implies the penalty γ/4 = {rate / 4:.4g}. The tiny rate "
                f"{SMALL:g} runs for the same time {time:g} with the penalty written out:",
            ),
            equation(
                r"L_\mu=L+\mu\|\nabla L\|^2,\qquad\nabla L_\mu=\nabla L+2\mu H\nabla L,\qquad"
                rf"\mu={tex(made.penalised.penalty)}"
            ),
            say(
                f"终点相距 {short(made.distance_with)}，没有惩罚时 {short(made.distance_without)}。"
                f"最像的惩罚是 {curve.best:.4g}，是理论值 {curve.theory:.4g} 的 {short(ratio)} 倍："
                "理论只到一阶，学习率越小越准。",
                f"The ends are {short(made.distance_with)} apart, {short(made.distance_without)} "
                f"without the penalty. The best imitation is {curve.best:.4g}, {short(ratio)} times "
                f"the theory's {curve.theory:.4g}: a first-order law, the better the smaller the rate.",
            ),
            equation(
                r"\mu^*=\frac{\gamma-\gamma_{\rm small}}4=\frac{"
                rf"{rate:g}-{SMALL:g}}}4={tex(curve.theory)}"
            ),
        ],
    )


@lru_cache(maxsize=32)
def _curve(
    text: str, start: tuple[float, float], rate: float, time: float, box: Box | None
) -> igr.PenaltyCurve:
    """The curve over all penalties; kept, because the penalty only marks a place on it."""
    grid = PENALTIES if rate <= PENALTIES[-1] else None
    return igr.penalty_curve(
        text, start, rate=rate, small_rate=SMALL, time=time, grid=grid, box=box
    )


def _ends(made: igr.PenaltyRace, text: str, box: Box | None, start: tuple[float, float]) -> Block:
    surface = landscapes.landscape(text, box)
    rows = [
        ("large", say("大学习率", "large rate"), "celadon", made.large, False),
        ("small", say("小学习率", "tiny rate"), "indigo", made.small, True),
        ("penalised", say("小学习率 + 惩罚", "tiny rate + penalty"), "seal", made.penalised, True),
    ]
    paths = []
    for name, label, colour, run, dash in rows:
        points = _even(run.points, 81) if dash else run.points
        away = np.linalg.norm(points - made.large.end, axis=1)
        values = {"loss": surface.value(points), "away": away}
        paths.append(land.path(name, label, colour, points, values, dash=dash))
    return land.race(
        text,
        box,
        paths,
        [
            land.chart("away", say("离大学习率终点", "distance to its end"), log=True),
            land.chart("loss", say("损失", "loss"), log=True),
        ],
        start=start,
        title=say("三种走法，同样的时间", "Three ways, equal times"),
        hint=say("拖动起点；看三个终点", "drag the start; compare the three ends"),
        alt=say(
            f"大小学习率的终点相距 {short(made.distance_without)}，加惩罚后相距 "
            f"{short(made.distance_with)}。",
            f"The ends of the large and the tiny rate are {short(made.distance_without)} apart, with "
            f"the penalty {short(made.distance_with)}.",
        ),
        zoomed=True,
    )  # fmt: skip


def _even(points: Any, count: int) -> Any:
    """`count` points of a long path, evenly spaced in time."""
    chosen = np.linspace(0, len(points) - 1, min(count, len(points))).round().astype(int)
    return points[chosen]


def _distances(made: igr.PenaltyRace, curve: igr.PenaltyCurve, rate: float) -> Block:
    x = curve.penalties / (rate / 4)
    theory = curve.theory / (rate / 4)
    top = float(np.nanmax(curve.distances))
    return {
        "kind": "plot",
        "title": say("多大的惩罚最像大学习率", "Which penalty imitates the large rate best?"),
        "hint": say("终点到大学习率终点的距离", "distance of the ends"),
        "height": 240,
        "alt": say(
            f"惩罚为 {curve.best:.3g} 时距离最小 {np.nanmin(curve.distances):.2g}；"
            f"理论值 {curve.theory:.3g}。",
            f"The distance is smallest, {np.nanmin(curve.distances):.2g}, at the penalty "
            f"{curve.best:.3g}; theory {curve.theory:.3g}.",
        ),
        "figure": {
            "data": [
                land.line(x, curve.distances, "soft"),
                land.dots(
                    [made.penalised.penalty / (rate / 4)], [made.distance_with], "seal", size=12
                ),
                land.dots([0], [made.distance_without], "indigo", size=10),
            ],
            "layout": {
                "xaxis": {"title": {"text": say("惩罚 μ ÷ (γ/4)", "penalty μ ÷ (γ/4)")}},
                "yaxis": {"title": {"text": say("距离", "distance")}, "rangemode": "tozero"},
                "shapes": [
                    {
                        "type": "line",
                        "x0": theory,
                        "x1": theory,
                        "y0": 0,
                        "y1": top,
                        "line": {"color": "celadon", "dash": "dash", "width": 1.5},
                    }
                ],
                "annotations": [
                    land.note(
                        say("理论", "theory"), theory, top, "celadon", xanchor="left", xshift=4
                    )
                ],
            },
        },
    }


def steer_penalty(value: Any) -> dict[str, Any]:
    """The imitation without the queue, while the start is dragged."""
    return imitate_rate(**land.cleaned(value)).payload()


# -- sharpness --------------------------------------------------------------------------------------


def sweep_sharpness(
    landscape: Preset = "two-layers",
    formula: str = "",
    smallest: float = 0.005,
    largest: float = 0.4,
    x: float = 2.2,
    y: float = 1.5,
    time: float = 20.0,
    window: float = 3.0,
) -> Outcome:
    """Measure how sharp the minimum is that descent ends in, for many learning rates.

    Args:
        landscape: a preset whose minima differ in curvature, such as two-layers
        formula: own loss in x and y; replaces the preset
        smallest: smallest learning rate
        largest: largest learning rate
        x: start, horizontal coordinate
        y: start, vertical coordinate
        time: of all runs, rate times number of steps
        window: half the width of the window for an own formula
    """
    text, box = land.chosen(landscape, formula, window)
    arguments: dict[str, Any] = {
        "text": text,
        "start": (x, y),
        "rates": (min(smallest, largest), max(smallest, largest)),
        "time": time,
        "count": 24,
        "box": box,
    }
    found, timing = timed(igr.sharpness_sweep, **arguments)
    alive = np.flatnonzero(np.isfinite(found.sharpness))
    last = int(alive[-1]) if len(alive) else 0
    return Outcome(
        result=partial(finite, found),
        blocks=lambda: [_sharpness(found), _places(found, text, box, (x, y))],
        timing=timing,
        call=Call(igr.sharpness_sweep, arguments),
        how=lambda: [
            equation(land.latex_of(text, box)),
            say(
                f"同一个起点、同样的时间 {time:g}：学习率 {found.rates[0]:.3g} 停在最大曲率 "
                f"{short(found.sharpness[0])} 的地方，{found.rates[last]:.3g} 停在 "
                f"{short(found.sharpness[last])}；流本身停在 {short(found.flow_sharpness)}。",
                f"One start, equal times {time:g}: rate {found.rates[0]:.3g} ends where the largest "
                f"curvature is {short(found.sharpness[0])}, rate {found.rates[last]:.3g} where it is "
                f"{short(found.sharpness[last])}; the flow itself ends at "
                f"{short(found.flow_sharpness)}.",
            ),
            equation(
                r"L+\frac\gamma4\|\nabla L\|^2\ \Rightarrow\ "
                r"\dot\theta=-\Bigl(I+\frac\gamma2H\Bigr)\nabla L,\qquad"
                r"\lambda_{\max}(H)\le\frac2\gamma"
            ),
            say(
                f"更尖的地方站不住：曲率超过 2/γ 的谷底对下降不稳定，"
                f"γ = {found.rates[-1]:.3g} 时这条界是 {2 / found.rates[-1]:.3g}。",
                "Sharper places cannot be stood on: a minimum with curvature above 2/γ is unstable "
                f"for descent; at γ = {found.rates[-1]:.3g} the bound is {2 / found.rates[-1]:.3g}.",
            ),
        ],
    )


def _sharpness(found: igr.SharpnessSweep) -> Block:
    edge = 2 / found.rates
    seen = found.sharpness[np.isfinite(found.sharpness)]
    top = 1.25 * max(float(seen.max(initial=0)), found.flow_sharpness)
    lost = int((~np.isfinite(found.sharpness)).sum())
    shown = edge < top
    return {
        "kind": "plot",
        "title": say("学习率越大，谷底越平", "The larger the rate, the flatter the minimum"),
        "hint": say(
            f"锐度：终点处 Hessian 的最大特征值；{lost} 个学习率发散",
            f"sharpness: largest Hessian eigenvalue at the end; {lost} rates diverged",
        ),
        "height": 300,
        "alt": say(
            f"锐度从 {short(found.sharpness[0])} 变到 {short(seen[-1]) if len(seen) else '无'}。",
            f"Sharpness goes from {short(found.sharpness[0])} to "
            f"{short(seen[-1]) if len(seen) else 'none'}.",
        ),
        "figure": {
            "data": [
                land.line(
                    found.rates[[0, -1]],
                    [found.flow_sharpness] * 2,
                    "indigo",
                    dash="dash",
                    width=1.5,
                ),
                land.line(found.rates[shown], edge[shown], "soft", dash="dot", width=1.5),
                land.line(found.rates, found.sharpness, "celadon", mode="lines+markers"),
            ],
            "layout": {
                "xaxis": {
                    "type": "log",
                    "dtick": 1,
                    "title": {"text": say("学习率 γ", "learning rate γ")},
                },
                "yaxis": {"title": {"text": say("锐度 λmax", "sharpness λmax")}, "range": [0, top]},
                "annotations": [
                    land.note(
                        say("梯度流", "gradient flow"),
                        float(np.log10(found.rates[0])),
                        found.flow_sharpness,
                        "indigo",
                        xanchor="left",
                        yanchor="bottom",
                    ),
                    *(
                        [
                            land.note(
                                say("稳定界 2/γ", "bound 2/γ"),
                                float(np.log10(found.rates[shown][0])),
                                float(edge[shown][0]),
                                "soft",
                                xanchor="right",
                                xshift=-6,
                            )
                        ]
                        if shown.any()
                        else []
                    ),
                ],
            },
        },
    }


def _places(
    found: igr.SharpnessSweep, text: str, box: Box | None, start: tuple[float, float]
) -> Block:
    """Where the runs end: one path from the end of the smallest rate to that of the largest."""
    values = {"sharpness": found.sharpness, "loss": found.loss}
    return land.race(
        text,
        box,
        [
            land.path(
                "ends", say("终点，学习率由小到大", "ends, rates ascending"), "celadon", found.ends, values
            )
        ],
        [
            land.chart("sharpness", say("锐度", "sharpness")),
            land.chart("loss", say("损失", "loss"), log=True),
        ],
        start=start,
        title=say("它们停在哪里", "Where they end"),
        hint=say("播放：学习率一点点变大", "play: the rate grows"),
        alt=say("各学习率的终点在地形图上。", "The ends for all rates on the landscape."),
        clock=say("第几个学习率", "rate no."),
    )  # fmt: skip


def steer_sharpness(value: Any) -> dict[str, Any]:
    """The sweep without the queue, while the start is dragged."""
    return sweep_sharpness(**land.cleaned(value)).payload()


# -- layout -----------------------------------------------------------------------------------------


def penalty_scene(scene: Scene) -> None:
    """A slider for the penalty, and the curve that it walks along."""
    with scene.controls():
        land.choose_landscape(scene, "two-layers")
        scene.input(
            "rate",
            gr.Slider(0.02, 0.4, value=0.1, step=0.01, label=say("大学习率 γ", "Large rate γ")),
            live=True,
        )
        scene.input(
            "strength",
            gr.Slider(0, 4, value=1, step=0.05, label=say("惩罚 μ ÷ (γ/4)", "Penalty μ ÷ (γ/4)")),
            live=True,
        )
        with scene.more(say("更多：起点、时间", "More: start, time")):
            land.choose_start(scene, 2.2, 1.5)
            scene.input(
                "time",
                gr.Slider(1, 40, value=10, step=1, label=say("总时间 γ × 步数", "Time γ × steps")),
            )
        scene.primary(say("比较", "Compare"), imitate_rate)
    scene.examples = [
        Example(say("理论值", "the theory's value"), {}),
        Example(say("不加惩罚", "no penalty"), {"strength": 0.0}, say(
            "小学习率停在更尖的地方", "the tiny rate ends in a sharper place")),
        Example(say("小一些的 γ", "a smaller rate"), {"rate": 0.04}, say(
            "最像的惩罚就在理论值旁边", "the best penalty is next to the theory's")),
        Example(say("另一个起点", "another start"), {"x": 1.5, "y": 0.1, "rate": 0.15}),
        Example(say("四谷", "four valleys"), {"landscape": "himmelblau", "x": 0.3, "y": -0.8, "rate": 0.2},
            say("谷是孤立的点，大小学习率停在同一处：惩罚无事可做",
            "isolated minima: both rates end in the same point, nothing for a penalty to do")),
        Example(say("自己的公式", "a formula of one's own"), {"formula": "(x^2+y^2-2)^2/4", "x": 0.3, "y": 2.2,
            "rate": 0.1}),
        Example(say("失败：γ 太大", "failure: rate too large"), {"rate": 0.3}, say(
            "超出一阶理论：要三四倍的惩罚还不够", "beyond first order: not even four times the penalty will do")),
        Example(say("失败：发散", "failure: divergence"), {"rate": 0.4, "x": 3.6, "y": 2.5}),
    ]  # fmt: skip
    scene.show(live={"adjust": steer_penalty})
    land.follow_presets(
        scene,
        {
            "two-layers": {"x": 2.2, "y": 1.5, "rate": 0.1, "time": 10},
            "rosenbrock": {"x": -1.6, "y": 2.4, "rate": 0.02, "time": 2},
            "himmelblau": {"x": 0.3, "y": -0.8, "rate": 0.2},
            "valley": {"x": -2.6, "y": 1.2, "rate": 0.15},
        },
    )


def sharpness_scene(scene: Scene) -> None:
    """Many rates at once."""
    with scene.controls():
        land.choose_landscape(scene, "two-layers")
        scene.input(
            "smallest",
            gr.Slider(
                0.005, 0.1, value=0.005, step=0.005, label=say("最小学习率", "Smallest rate")
            ),
        )
        scene.input(
            "largest",
            gr.Slider(0.05, 1, value=0.4, step=0.01, label=say("最大学习率", "Largest rate")),
        )
        with scene.more(say("更多：起点、时间", "More: start, time")):
            land.choose_start(scene, 2.2, 1.5)
            scene.input(
                "time",
                gr.Slider(1, 40, value=20, step=1, label=say("总时间 γ × 步数", "Time γ × steps")),
            )
        scene.primary(say("扫一遍", "Sweep"), sweep_sharpness)
    scene.examples = [
        Example(say("两层线性网络", "two-layer network"), {}),
        Example(say("起点更偏", "a lopsided start"), {"x": 3.6, "y": 0.1, "largest": 0.2}),
        Example(say("圆环谷", "a ring of minima"), {"formula": "(x^2+3y^2-2)^2/4", "x": 0.3, "y": 1.8,
            "largest": 0.2}),
        Example(say("越过稳定界", "beyond the bound"), {"x": 2.8, "y": 0.1, "largest": 0.45, "smallest": 0.05}, say(
            "大学习率被弹到更平的地方才停下", "large rates bounce until the ground is flat enough")),
        Example(say("双阱", "double well"), {"landscape": "double-well", "x": -1.6, "y": 1.5, "time": 10.0,
            "largest": 0.2}, say("两个阱一样尖，学习率无从选择", "both wells are equally sharp: nothing to choose")),
        Example(say("失败：孤立的谷底", "failure: an isolated minimum"), {"landscape": "bowl", "x": 2.0, "y": 1.0},
            say("只有一个谷底，锐度与学习率无关", "one minimum only: sharpness cannot depend on the rate")),
        Example(say("失败：全部发散", "failure: all diverge"), {"formula": "50x^2 + 50y^2", "smallest": 0.05,
            "largest": 0.5, "x": 1.0, "y": 1.0}),
    ]  # fmt: skip
    scene.show(live={"adjust": steer_sharpness})
    land.follow_presets(scene, {"two-layers": {"x": 2.2, "y": 1.5}})
