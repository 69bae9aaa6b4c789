"""Two scenes of the SGD tab: Boltzmann's density and escapes from a well."""

from functools import partial
from typing import Any

import gradio as gr
import numpy as np

from core.labs import langevin, sgd_dynamics
from core.labs.landscapes import Box
from core.labs.langevin import Boltzmann, EscapeTimes, PassageCurve
from demos import _landscape as land
from demos._landscape import Preset, short, tex
from demos._numbers import finite, timed
from demos._outcome import Block, Call, Example, Outcome
from demos._outcome import formula as equation
from demos._tab import Scene
from demos._words import say

# Landscapes whose density fits into their window at moderate temperatures.
BOUND = ("bowl", "valley", "double-well", "tilted-wells", "four-wells", "saddle")
INK_WASH = [[0, "card"], [0.15, "pale-celadon"], [1, "celadon"]]


# -- Boltzmann --------------------------------------------------------------------------------------


def sample_boltzmann(
    landscape: Preset = "double-well",
    formula: str = "",
    temperature: float = 0.4,
    rate: float = 0.01,
    momentum: float = 0.0,
    walkers: int = 2000,
    steps: int = 1000,
    window: float = 3.0,
    seed: int = 0,
) -> Outcome:
    """Let noisy descents run and compare where they stay with the density exp(-L / temperature).

    Args:
        landscape: bowl, valley, double-well, tilted-wells, four-wells or saddle
        formula: own loss in x and y that rises on all sides; replaces the preset
        temperature: sigma squared, 0.0001 to 1000
        rate: learning rate
        momentum: momentum coefficient; above 0 Kramers' equation instead of Langevin's
        walkers: how many descents, 10 to 20000
        steps: steps of each; the second half is counted
        window: half the width of the window for an own formula
        seed: draws starts and noise
    """
    text, box = land.chosen(landscape, formula, window)
    arguments: dict[str, Any] = {
        "text": text,
        "temperature": temperature,
        "rate": rate,
        "momentum": momentum,
        "steps": int(steps),
        "walkers": int(walkers),
        "seed": int(seed),
        "box": box,
    }
    found, timing = timed(langevin.boltzmann, **arguments)
    noise = (2 * temperature * (1 - momentum) / rate) ** 0.5
    return Outcome(
        result=partial(finite, found),
        blocks=lambda: [_densities(found, text, box), _marginals(found)],
        timing=timing,
        call=Call(langevin.boltzmann, arguments),
        how=lambda: [
            equation(land.latex_of(text, box)),
            _dynamics(rate, momentum, temperature),
            equation(
                r"P(\theta)\propto e^{-L(\theta)/\sigma^2},\qquad\sigma^2="
                rf"\frac{{\gamma s^2}}{{2(1-\beta)}}={temperature:g}\ \Rightarrow\ s={tex(noise)}"
            ),
            say(
                f"小批量的梯度噪声 s = {noise:.3g} 就是这个温度：批越小、学习率越大、动量越大，越热。"
                f"实测与理论的 KS 距离：x {found.ks_x:.4f}，y {found.ks_y:.4f}；"
                f"总变差 {found.total_variation:.4f}。",
                f"A mini-batch with gradient noise s = {noise:.3g} has this temperature: a smaller "
                "batch, a larger rate or more momentum is hotter. Kolmogorov-Smirnov distances to the "
                f"theory: {found.ks_x:.4f} in x, {found.ks_y:.4f} in y; total variation "
                f"{found.total_variation:.4f}.",
            ),
            *(_equipartition(found) if momentum else []),
        ],
    )


def _dynamics(rate: float, momentum: float, temperature: float) -> Block:
    if momentum == 0:
        return equation(
            rf"\theta\leftarrow\theta-{tex(rate)}\,\nabla L+\sqrt{{2\gamma\sigma^2}}\,\xi,\qquad"
            rf"\sqrt{{2\gamma\sigma^2}}={tex((2 * rate * temperature) ** 0.5)}"
        )
    dynamics = sgd_dynamics.inertia(rate, momentum)
    return equation(
        r"\ddot\theta+\lambda\dot\theta=-\nabla L+\sqrt{2\lambda\sigma^2}\,\xi,\qquad"
        rf"\lambda={tex(dynamics.friction)},\ h={tex(dynamics.time_step)}"
    )


def _equipartition(found: Boltzmann) -> list[str | Block]:
    return [
        say(
            f"速度也该是同样的温度：平均动能 {found.kinetic:.4f}，理论 {found.temperature:g}。",
            f"Velocities should have the same temperature: mean kinetic energy {found.kinetic:.4f}, "
            f"theory {found.temperature:g}.",
        ),
        equation(r"P\propto e^{-(\dot\theta^2/2+L)/\sigma^2}"),
    ]


def _densities(found: Boltzmann, text: str, box: Box | None) -> Block:
    x0, x1, y0, y1 = land.box_of(text, box)
    top = float(found.theory.max())

    def heat(values: Any, side: str) -> Block:
        return {
            "type": "heatmap",
            "x": land.significant(found.x, 4),
            "y": land.significant(found.y, 4),
            "z": [land.significant(row, 3) for row in values],
            "zmin": 0,
            "zmax": top,
            "colorscale": INK_WASH,
            "showscale": False,
            "xaxis": f"x{side}",
            "yaxis": f"y{side}",
            "hovertemplate": "(%{x:.2f}, %{y:.2f})<br>%{z:.3g}<extra></extra>",
        }

    heading = {"yref": "paper", "xref": "paper", "y": 1.02, "yanchor": "bottom"}
    return {
        "kind": "plot",
        "title": say("弹珠停在哪里", "Where the marbles are"),
        "hint": say("每单位面积的概率", "probability per unit area"),
        "height": 320,
        "alt": say(
            f"实测密度与玻尔兹曼密度并排，总变差 {found.total_variation:.3f}，"
            f"{found.outside:.1%} 的位置在窗口外。",
            f"Measured and Boltzmann density side by side, total variation "
            f"{found.total_variation:.3f}; {found.outside:.1%} of positions are outside.",
        ),
        "figure": {
            "data": [heat(found.histogram, ""), heat(found.theory, "2")],
            "layout": {
                "margin": {"l": 48, "r": 12, "t": 28, "b": 40},
                "xaxis": {"domain": [0, 0.48], "range": [x0, x1], "title": {"text": "x"}},
                "yaxis": {"range": [y0, y1], "title": {"text": "y"}},
                "xaxis2": {
                    "domain": [0.52, 1],
                    "range": [x0, x1],
                    "title": {"text": "x"},
                    "anchor": "y2",
                },
                "yaxis2": {"range": [y0, y1], "anchor": "x2", "showticklabels": False},
                "annotations": [
                    land.note(say("实测", "measured"), 0.0, 0, "ink")
                    | heading
                    | {"xanchor": "left"},
                    land.note(say("理论 e^(−L/σ²)", "theory e^(−L/σ²)"), 0.52, 0, "ink")
                    | heading
                    | {"xanchor": "left"},
                ],
            },
        },
    }


def _marginals(found: Boltzmann) -> Block:
    def bars(x: Any, y: Any, side: str) -> Block:
        return {
            "type": "bar",
            "x": land.significant(x, 4),
            "y": land.significant(y, 4),
            "marker": {"color": "pale-celadon", "line": {"width": 0.5, "color": "celadon"}},
            "xaxis": f"x{side}",
            "yaxis": f"y{side}",
            "hovertemplate": "%{x:.2f}: %{y:.3g}<extra></extra>",
        }

    return {
        "kind": "plot",
        "title": say("两个方向各自的分布", "Each direction on its own"),
        "hint": say(
            f"柱：实测；线：理论。KS 距离 x {found.ks_x:.4f}，y {found.ks_y:.4f}",
            f"bars: measured, lines: theory. KS distance {found.ks_x:.4f} in x, {found.ks_y:.4f} in y",
        ),
        "height": 230,
        "alt": say(
            f"边缘分布与理论曲线，KS 距离 {found.ks_x:.4f} 和 {found.ks_y:.4f}。",
            f"Marginals and theory, KS distances {found.ks_x:.4f} and {found.ks_y:.4f}.",
        ),
        "figure": {
            "data": [
                bars(found.x, found.marginal_x, ""),
                land.line(found.x, found.theory_x, "seal"),
                bars(found.y, found.marginal_y, "2"),
                land.line(found.y, found.theory_y, "seal", xaxis="x2", yaxis="y2"),
            ],
            "layout": {
                "bargap": 0.05,
                "xaxis": {"domain": [0, 0.47], "title": {"text": "x"}},
                "yaxis": {"title": {"text": say("密度", "density")}, "rangemode": "tozero"},
                "xaxis2": {"domain": [0.53, 1], "title": {"text": "y"}, "anchor": "y2"},
                "yaxis2": {"anchor": "x2", "rangemode": "tozero"},
            },
        },
    }


# -- escape ---------------------------------------------------------------------------------------


def time_escapes(
    potential: str = "(x^2-1)^2",
    temperature: float = 0.35,
    start: float = -1.0,
    target: float = 1.0,
    walkers: int = 400,
    rate: float = 0.01,
    seed: int = 0,
) -> Outcome:
    """Time how long noise takes to carry marbles over a barrier; compare with the exact mean.

    Args:
        potential: loss in one variable x, rising behind the start
        temperature: sigma squared
        start: where the marbles are let go, in one well
        target: place beyond the barrier at which a marble has escaped
        walkers: number of marbles, 10 to 5000
        rate: learning rate, the time step of the simulation
        seed: draws the noise
    """
    arguments: dict[str, Any] = {
        "potential": potential,
        "start": start,
        "target": target,
        "temperature": temperature,
        "rate": rate,
        "walkers": int(walkers),
        "seed": int(seed),
    }
    found, timing = timed(langevin.escape_times, **arguments)
    curve = langevin.passage_curve(
        potential,
        start=start,
        target=target,
        temperatures=(max(temperature / 3, 1e-3), min(temperature * 3, 100.0)),
        count=9,
    )
    return Outcome(
        result=partial(finite, {"escapes": found, "curve": curve}),
        blocks=lambda: [_histogram(found), _arrhenius(found, curve, temperature)],
        timing=timing,
        call=Call(langevin.escape_times, arguments),
        how=lambda: [
            say(
                f"{walkers} 颗弹珠从 {start:g} 出发，{found.arrived:.0%} 到了 {target:g}，"
                f"平均用时 {short(found.mean)}；积分公式给出 {short(found.exact_mean)}：",
                f"{walkers} marbles start at {start:g}; {found.arrived:.0%} reach {target:g}, after "
                f"{short(found.mean)} on average. The integral says {short(found.exact_mean)}:",
            ),
            equation(
                rf"\tau=\frac1{{\sigma^2}}\int_{{{start:g}}}^{{{target:g}}}\!dy\,e^{{U(y)/\sigma^2}}"
                rf"\int_{{-\infty}}^{{y}}\!dz\,e^{{-U(z)/\sigma^2}}={tex(found.exact_mean)}"
            ),
            say(
                "势垒远高于温度时它趋于 Kramers 的估计，温度在指数里：",
                "For a barrier much higher than the temperature it tends to Kramers' estimate, with "
                "the temperature in the exponent:",
            ),
            equation(
                r"\tau\approx\frac{2\pi}{\sqrt{U''_{\rm well}|U''_{\rm top}|}}"
                rf"\,e^{{\Delta U/\sigma^2}}={tex(found.arrhenius)},\qquad\sigma^2={temperature:g}"
            ),
        ],
    )


def _histogram(found: EscapeTimes) -> Block:
    mean = found.exact_mean
    top = float(np.quantile(found.times, 0.99)) if len(found.times) else mean
    edges = np.linspace(0, top, 31)
    count = np.histogram(found.times, edges)[0]
    width = edges[1] - edges[0]
    whole = max(1, round(len(found.times) / max(found.arrived, 1e-9)))
    centre = (edges[1:] + edges[:-1]) / 2
    smooth = np.linspace(0, top, 120)
    bars = {
        "type": "bar",
        "x": land.significant(centre, 4),
        "y": land.significant(count / whole / width, 4),
        "marker": {"color": "pale-celadon", "line": {"width": 0.5, "color": "celadon"}},
        "hovertemplate": say("时刻 %{x:.3g}: %{y:.3g}", "time %{x:.3g}: %{y:.3g}")
        + "<extra></extra>",
    }
    return {
        "kind": "plot",
        "title": say("逃出用的时间", "Times of escape"),
        "hint": say(
            "柱：实测；线：以精确均值为参数的指数分布",
            "bars: measured; line: exponential law with the exact mean",
        ),
        "height": 260,
        "alt": say(
            f"逃逸时间直方图：实测平均 {short(found.mean)}，精确 {short(found.exact_mean)}，"
            f"{found.arrived:.0%} 已逃出。",
            f"Histogram of escape times: mean {short(found.mean)}, exact {short(found.exact_mean)}; "
            f"{found.arrived:.0%} escaped.",
        ),
        "figure": {
            "data": [bars, land.line(smooth, np.exp(-smooth / mean) / mean, "seal")],
            "layout": {
                "bargap": 0.05,
                "xaxis": {"title": {"text": say("时间", "time")}, "rangemode": "tozero"},
                "yaxis": {"title": {"text": say("概率密度", "density")}, "rangemode": "tozero"},
            },
        },
    }


def _arrhenius(found: EscapeTimes, curve: PassageCurve, temperature: float) -> Block:
    inverse = 1 / curve.temperatures
    return {
        "kind": "plot",
        "title": say("平均时间随温度", "Mean time against temperature"),
        "hint": say(
            "横轴 1/σ²，纵轴对数：直线就是 Arrhenius 定律",
            "1/σ² across, log upwards: a straight line is Arrhenius' law",
        ),
        "height": 260,
        "alt": say(
            f"温度 {temperature:g} 时精确均值 {short(found.exact_mean)}，"
            f"Kramers 估计 {short(found.arrhenius)}。",
            f"At temperature {temperature:g} the exact mean is {short(found.exact_mean)}, Kramers' "
            f"estimate {short(found.arrhenius)}.",
        ),
        "figure": {
            "data": [
                land.line(inverse, curve.exact, "seal", name=say("精确", "exact")),
                land.line(inverse, curve.arrhenius, "soft", name="Kramers", dash="dash"),
                land.dots(
                    [1 / temperature],
                    [found.mean],
                    "celadon",
                    name=say("实测", "measured"),
                    size=12,
                ),
            ],
            "layout": {
                "xaxis": {"title": {"text": "1/σ²"}},
                "yaxis": {
                    "title": {"text": say("平均时间", "mean time")},
                    "type": "log",
                    "dtick": 1,
                    "exponentformat": "power",
                },
                "showlegend": True,
                "legend": {"x": 0.02, "y": 0.98, "bgcolor": "rgba(0,0,0,0)"},
            },
        },
    }


# -- layout ---------------------------------------------------------------------------------------


def boltzmann_scene(scene: Scene) -> None:
    """Many noisy marbles against e^(-L/T)."""
    with scene.controls():
        land.choose_landscape(scene, "double-well", BOUND)
        scene.input(
            "temperature",
            gr.Slider(0.05, 1.5, value=0.4, step=0.01, label=say("温度 σ²", "Temperature σ²")),
        )
        scene.input(
            "rate",
            gr.Slider(0.001, 0.5, value=0.01, step=0.001, label=say("学习率 γ", "Learning rate γ")),
        )
        scene.input(
            "momentum", gr.Slider(0, 0.98, value=0, step=0.01, label=say("动量 β", "Momentum β"))
        )
        with scene.more(say("更多：粒子数、步数、种子", "More: walkers, steps, seed")):
            scene.input(
                "walkers",
                gr.Slider(100, 8000, value=2000, step=100, label=say("粒子数", "Walkers")),
            )
            scene.input(
                "steps", gr.Slider(20, 4000, value=1000, step=20, label=say("步数", "Steps"))
            )
            land.choose_window(scene)
            scene.seed(0)
        scene.primary(say("放粒子", "Let them run"), sample_boltzmann)
    scene.examples = [
        Example(say("双阱", "double well"), {}),
        Example(say("斜双阱：深处更热闹", "tilted wells: the deep one fills"), {"landscape": "tilted-wells",
            "temperature": 0.4}),
        Example(say("动量（Kramers）", "momentum (Kramers)"), {"momentum": 0.9, "rate": 0.003}, say(
            "速度也有温度：见“它怎样工作”", "velocities have a temperature too: see how it works")),
        Example(say("高温", "hot"), {"landscape": "four-wells", "temperature": 1.2}),
        Example(say("自己的公式", "a formula of one's own"), {"formula": "x^4/4 + (y - x/2)^2",
            "temperature": 0.5}),
        Example(say("狭谷", "narrow valley"), {"landscape": "valley", "temperature": 0.6, "rate": 0.02}),
        Example(say("失败：学习率太大", "failure: rate too large"), {"landscape": "bowl", "rate": 0.5,
            "temperature": 0.4}, say("离散误差让实测比理论更热", "the coarse steps are hotter than the theory")),
        Example(say("失败：太冷、步数太少", "failure: too cold, too short"), {"landscape": "tilted-wells",
            "temperature": 0.08, "rate": 0.005, "steps": 400}, say(
            "来不及翻过坎：浅阱里的还在浅阱里", "no time to cross the ridge: the shallow well stays full")),
        Example(say("失败：装不下", "failure: it does not fit"), {"formula": "x^2/20 + y^2/20",
            "temperature": 1.5}),
    ]  # fmt: skip
    scene.show()


def escape_scene(scene: Scene) -> None:
    """First passages over a barrier."""
    with scene.controls():
        scene.input(
            "potential",
            gr.Textbox(
                "(x^2-1)^2",
                label=say("势能 U(x)", "Potential U(x)"),
                info=say("在起点背后要升高", "it must rise behind the start"),
                max_length=300,
            ),
        )
        scene.input(
            "temperature",
            gr.Slider(0.1, 1.5, value=0.35, step=0.01, label=say("温度 σ²", "Temperature σ²")),
        )
        with gr.Row():
            scene.input("start", gr.Number(-1, label=say("起点", "Start"), min_width=0))
            scene.input("target", gr.Number(1, label=say("终点", "Target"), min_width=0))
        with scene.more(say("更多：粒子数、步长、种子", "More: walkers, time step, seed")):
            scene.input(
                "walkers",
                gr.Slider(50, 3000, value=400, step=50, label=say("弹珠数", "Marbles")),
            )
            scene.input(
                "rate",
                gr.Slider(
                    0.001, 0.1, value=0.01, step=0.001, label=say("学习率 γ", "Learning rate γ")
                ),
            )
            scene.seed(0)
        scene.primary(say("放弹珠", "Let them go"), time_escapes)
    scene.examples = [
        Example(say("对称双阱", "symmetric wells"), {}),
        Example(say("更热", "hotter"), {"temperature": 0.8}, say(
            "势垒不高时指数律在开头不准", "with a low barrier the exponential law fails at the beginning")),
        Example(say("下坡方向", "downhill"), {"potential": "(x^2-1)^2 - 0.3x"}),
        Example(say("往回走", "backwards"), {"start": 1.0, "target": -1.0}),
        Example(say("三个阱", "three wells"), {"potential": "x^2/4 + (1 - cos(3x))/2", "start": 0.0, "target": 2.1,
            "temperature": 0.4}),
        Example(say("失败：太冷", "failure: too cold"), {"temperature": 0.1, "walkers": 200}, say(
            "精确均值两万多，模拟的时间里几乎没有弹珠逃出",
            "the exact mean is over twenty thousand; hardly a marble escapes in time")),
        Example(say("失败：拦不住", "failure: no wall behind"), {"potential": "x - x^3/3"}, say(
            "起点背后没有墙", "no wall behind the start")),
    ]  # fmt: skip
    scene.show()
