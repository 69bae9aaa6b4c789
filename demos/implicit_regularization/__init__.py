"""Implicit regularisation: what a finite learning rate adds to the loss, seen, measured, imitated."""

from functools import partial
from typing import Any

import gradio as gr
import numpy as np

from core.labs import implicit_regularization as igr
from core.labs import landscapes
from core.labs.landscapes import PRESETS, Box
from demos import Demo, Reference
from demos import _landscape as land
from demos._landscape import Preset, short, tex
from demos._numbers import finite, timed
from demos._outcome import Block, Call, Example, Outcome
from demos._outcome import formula as equation
from demos._tab import Scene, Tab
from demos._words import say
from demos.implicit_regularization import penalty

# Rates at which descent, flow and modified flow can be told apart by eye.
STARTS: dict[str, dict[str, Any]] = {
    name: {"x": preset.start[0], "y": preset.start[1], "rate": preset.rate}
    for name, preset in PRESETS.items()
}
STARTS["two-layers"] = {"x": 2.2, "y": 1.5, "rate": 0.1}
STARTS["himmelblau"]["rate"] = 0.3
STARTS["bowl"]["rate"] = 0.4
STARTS["saddle"] = {"x": 0.4, "y": 1.7, "rate": 0.4}
TIMES = {name: {**start, "time": round(10 * start["rate"], 3)} for name, start in STARTS.items()}


# -- trajectories ---------------------------------------------------------------------------------


def compare_flows(
    landscape: Preset = "himmelblau",
    formula: str = "",
    rate: float = 0.3,
    steps: int = 25,
    x: float = 0.3,
    y: float = -0.8,
    window: float = 3.0,
) -> Outcome:
    """Follow gradient descent, the plain gradient flow and the modified flow from one start.

    Args:
        landscape: a preset such as two-layers, valley, himmelblau or rosenbrock
        formula: own loss in x and y; replaces the preset
        rate: learning rate of descent; the modified flow knows it, the plain flow does not
        steps: number of steps, 1 to 1000
        x: start, horizontal coordinate
        y: start, vertical coordinate
        window: half the width of the picture for an own formula
    """
    text, box = land.chosen(landscape, formula, window)
    arguments: dict[str, Any] = {
        "text": text,
        "start": (x, y),
        "rate": rate,
        "steps": int(steps),
        "box": box,
    }
    made, timing = timed(igr.trajectories, **arguments)
    worst = {
        "flow": _largest(made.gap_flow),
        "modified": _largest(made.gap_modified),
    }
    return Outcome(
        result=partial(finite, made),
        blocks=lambda: [_flows(made, text, box, (x, y), worst)],
        timing=timing,
        call=Call(igr.trajectories, arguments),
        how=lambda: [
            equation(land.latex_of(text, box)),
            say(
                f"学习率 {rate:g} 的下降到一阶走的不是 L 的梯度流，而是加了惩罚的那个：",
                f"To first order descent with rate {rate:g} does not follow the flow of L but of a "
                "penalised loss:",
            ),
            equation(
                r"\dot\theta=-\nabla\Bigl(L+\frac\gamma4\|\nabla L\|^2\Bigr),\qquad"
                rf"\frac\gamma4={tex(rate / 4)}"
            ),
            say(
                "因为一步差分是 e^{γD} − 1（D 是求导），用它表示导数：",
                "For a difference is e^{γD} − 1 in terms of the derivative D, and the other way round:",
            ),
            equation(
                r"D=\frac{\gamma D}{e^{\gamma D}-1}\cdot\frac{e^{\gamma D}-1}{\gamma},\qquad"
                r"\frac{\gamma D}{e^{\gamma D}-1}"
                r"=1-\frac12\gamma D+\frac1{12}\gamma^2D^2-\cdots"
            ),
            say(
                f"这一次离下降最远：原来的流 {short(worst['flow'])}，修正的流 "
                f"{short(worst['modified'])}，近了 {short(worst['flow'] / worst['modified'])} 倍。",
                f"Here the largest distance to descent is {short(worst['flow'])} for the plain flow "
                f"and {short(worst['modified'])} for the modified one, "
                f"{short(worst['flow'] / worst['modified'])} times closer.",
            ),
        ],
    )


def _largest(gap: Any) -> float:
    seen = gap[np.isfinite(gap)]
    return max(float(seen.max()), 1e-300) if len(seen) else float("nan")


def _flows(
    made: igr.Trajectories,
    text: str,
    box: Box | None,
    start: tuple[float, float],
    worst: dict[str, float],
) -> Block:
    surface = landscapes.landscape(text, box)
    rows = [
        ("flow", say("原来的流", "plain flow"), "indigo", made.flow, made.gap_flow),
        (
            "modified",
            say("修正的流", "modified flow"),
            "seal",
            made.modified_flow,
            made.gap_modified,
        ),
        ("descent", say("梯度下降", "gradient descent"), "celadon", made.descent, None),
    ]
    losses = {name: surface.value(points) for name, _, _, points, _ in rows}
    bottom = land.lowest(text, box, *losses.values())
    paths = []
    for name, label, colour, points, gap in rows:
        values: dict[str, Any] = {"loss": losses[name] - bottom}
        if gap is not None:
            values["gap"] = gap
        paths.append(land.path(name, label, colour, points, values, dash=gap is not None))
    return land.race(
        text,
        box,
        paths,
        [
            land.chart("gap", say("离下降的距离", "distance to descent"), log=True),
            land.chart("loss", say("高出谷底", "height above the bottom"), log=True),
        ],
        start=start,
        title=say("下降走的是哪条流", "Which flow does descent follow?"),
        hint=say(
            "虚线是流，圆点是下降的步；拖动起点", "dashed: flows, dots: steps of descent; drag the start"
        ),
        zoomed=True,
        alt=say(
            f"离下降最远：原来的流 {short(worst['flow'])}，修正的流 {short(worst['modified'])}。",
            f"Largest distance to descent: plain flow {short(worst['flow'])}, modified flow "
            f"{short(worst['modified'])}.",
        ),
    )  # fmt: skip


def steer_flows(value: Any) -> dict[str, Any]:
    """The comparison without the queue, while the start is dragged."""
    return compare_flows(**land.cleaned(value)).payload()


# -- orders ---------------------------------------------------------------------------------------


def measure_orders(
    landscape: Preset = "two-layers",
    formula: str = "",
    time: float = 1.0,
    fewest_steps: int = 10,
    halvings: int = 6,
    x: float = 2.8,
    y: float = 0.1,
    window: float = 3.0,
) -> Outcome:
    """Halve the rate again and again, and see how fast descent approaches both flows.

    Args:
        landscape: a preset such as two-layers, himmelblau or rosenbrock
        formula: own loss in x and y; replaces the preset
        time: at which the positions are compared
        fewest_steps: number of steps of the largest rate up to this time
        halvings: how often the rate is halved, 2 to 10
        x: start, horizontal coordinate
        y: start, vertical coordinate
        window: half the width of the window for an own formula
    """
    text, box = land.chosen(landscape, formula, window)
    arguments: dict[str, Any] = {
        "text": text,
        "start": (x, y),
        "time": time,
        "fewest_steps": int(fewest_steps),
        "halvings": int(halvings),
        "box": box,
    }
    found, timing = timed(igr.order_plot, **arguments)
    falls = [float((gap[:-1] / gap[1:]).mean()) for gap in (found.gap_flow, found.gap_modified)]
    return Outcome(
        result=partial(finite, found),
        blocks=lambda: [_orders(found)],
        timing=timing,
        call=Call(igr.order_plot, arguments),
        how=lambda: [
            equation(land.latex_of(text, box)),
            say(
                f"固定时刻 {time:g}，学习率每减半，下降到原来的流的距离平均缩小 {falls[0]:.2f} 倍，"
                f"到修正的流缩小 {falls[1]:.2f} 倍：一个是一阶，一个是二阶。",
                f"At the fixed time {time:g} each halving of the rate divides the distance to the "
                f"plain flow by {falls[0]:.2f} on average and that to the modified flow by "
                f"{falls[1]:.2f}: first order and second order.",
            ),
            equation(
                rf"\|\theta_{{\rm GD}}-\theta_{{\rm flow}}\|\sim\gamma^{{{found.slope_flow:.3f}}},"
                r"\qquad\|\theta_{\rm GD}-\theta_{\rm modified}\|\sim"
                rf"\gamma^{{{found.slope_modified:.3f}}}"
            ),
            say(
                "斜率由较小的一半学习率拟合；大学习率那头高阶项还没走开。",
                "The slopes are fitted to the smaller half of the rates; at the larger ones terms of "
                "higher order still show.",
            ),
        ],
    )


def _orders(found: igr.OrderPlot) -> Block:
    rates = found.rates

    def guide(gap: Any, order: int) -> Any:
        """The ideal slope through the smallest rate."""
        return gap[-1] * (rates / rates[-1]) ** order

    def label(text: str, gap: Any, colour: str) -> Block:
        place = len(rates) // 2
        return land.note(
            text,
            float(np.log10(rates[place])),
            float(np.log10(gap[place])),
            colour,
            xanchor="left",
            yanchor="top",
            xshift=10,
        )

    return {
        "kind": "plot",
        "title": say("学习率减半，距离减多少", "Halve the rate: what happens to the distance?"),
        "hint": say("双对数；虚线是理想斜率 1 和 2", "log-log; dashed: ideal slopes 1 and 2"),
        "height": 420,
        "alt": say(
            f"到原来的流斜率 {found.slope_flow:.3f}，到修正的流斜率 {found.slope_modified:.3f}。",
            f"Slope {found.slope_flow:.3f} to the plain flow, {found.slope_modified:.3f} to the "
            "modified flow.",
        ),
        "figure": {
            "data": [
                land.line(rates, guide(found.gap_flow, 1), "soft", dash="dot", width=1),
                land.line(rates, guide(found.gap_modified, 2), "soft", dash="dot", width=1),
                land.line(rates, found.gap_flow, "indigo", mode="lines+markers"),
                land.line(rates, found.gap_modified, "seal", mode="lines+markers"),
            ],
            "layout": {
                "margin": {"l": 64, "r": 12, "t": 10, "b": 44},
                "xaxis": {
                    "type": "log",
                    "dtick": 1,
                    "title": {"text": say("学习率 γ", "learning rate γ")},
                },
                "yaxis": {
                    "type": "log",
                    "dtick": 1,
                    "title": {"text": say("终点距离", "distance of the ends")},
                    "exponentformat": "power",
                },
                "annotations": [
                    label(
                        say(
                            f"原来的流，斜率 {found.slope_flow:.3f}",
                            f"plain flow, slope {found.slope_flow:.3f}",
                        ),
                        found.gap_flow,
                        "indigo",
                    ),
                    label(
                        say(
                            f"修正的流，斜率 {found.slope_modified:.3f}",
                            f"modified flow, slope {found.slope_modified:.3f}",
                        ),
                        found.gap_modified,
                        "seal",
                    ),
                ],
            },
        },
    }


# -- layout ---------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Four things to do."""
    with tab.several():
        with tab.scene("flows", say("三条轨迹", "Three paths")) as scene:
            _flows_scene(scene)
        with tab.scene("order", say("量阶数", "Orders")) as scene:
            _order_scene(scene)
        with tab.scene("penalty", say("显式惩罚", "Explicit penalty")) as scene:
            penalty.penalty_scene(scene)
        with tab.scene("sharpness", say("锐度", "Sharpness")) as scene:
            penalty.sharpness_scene(scene)


def _flows_scene(scene: Scene) -> None:
    with scene.controls():
        land.choose_landscape(scene, "himmelblau")
        scene.input(
            "rate",
            gr.Slider(0.001, 0.6, value=0.3, step=0.001, label=say("学习率 γ", "Learning rate γ")),
            live=True,
        )
        scene.input(
            "steps", gr.Slider(5, 300, value=25, step=1, label=say("步数", "Steps")), live=True
        )
        with scene.more(say("更多：起点", "More: start")):
            land.choose_start(scene, 0.3, -0.8)
        scene.primary(say("出发", "Run"), compare_flows)
    scene.examples = [
        Example(say("拐弯的路", "a bending path"), {}, say(
            "圆点落在红虚线上，不在蓝虚线上", "the dots lie on the red line, not on the blue one")),
        Example(say("两层线性网络", "two-layer network"), {"landscape": "two-layers", "x": 2.2, "y": 1.5,
            "rate": 0.1, "steps": 40}, say(
            "下降停在比流更平的地方", "descent ends where the ground is flatter")),
        Example(say("小学习率", "a small rate"), {"rate": 0.03, "steps": 200}, say(
            "三条几乎重合；看“离下降的距离”", "almost one path: look at the distance")),
        Example(say("香蕉谷", "banana valley"), {"landscape": "rosenbrock", "x": -1.6, "y": 2.4, "rate": 0.012,
            "steps": 100}),
        Example(say("鞍点旁", "beside a saddle"), {"landscape": "saddle", "x": 0.4, "y": 1.7, "rate": 0.5}),
        Example(say("自己的公式", "a formula of one's own"), {"formula": "(x^2+y^2-2)^2/4 + y/3", "rate": 0.1,
            "x": 0.3, "y": 2.2}),
        Example(say("失败：之字形", "failure: zigzag"), {"landscape": "valley", "x": -2.6, "y": 1.2,
            "rate": 0.19}, say("γc 接近 2，下降来回跳，没有哪条流会这样走",
            "γc near 2: descent jumps to and fro, which no flow does")),
        Example(say("失败：发散", "failure: divergence"), {"landscape": "two-layers", "rate": 0.3, "x": 3.8, "y": 0.5}, say(
            "离开了小学习率展开的范围", "far outside the expansion in small rates")),
    ]  # fmt: skip
    scene.show(live={"adjust": steer_flows})
    land.follow_presets(scene, STARTS)


def _order_scene(scene: Scene) -> None:
    with scene.controls():
        land.choose_landscape(scene, "two-layers")
        scene.input(
            "time",
            gr.Slider(0.05, 5, value=1, step=0.05, label=say("比较的时刻", "Time of comparison")),
        )
        scene.input(
            "fewest_steps",
            gr.Slider(
                2, 60, value=10, step=1, label=say("最大学习率走几步", "Steps of the largest rate")
            ),
        )
        scene.input("halvings", gr.Slider(2, 8, value=6, step=1, label=say("折半次数", "Halvings")))
        with scene.more(say("更多：起点", "More: start")):
            land.choose_start(scene, 2.8, 0.1)
        scene.primary(say("量", "Measure"), measure_orders)
    scene.examples = [
        Example(say("两层线性网络", "two-layer network"), {}),
        Example(say("四谷", "four valleys"), {"landscape": "himmelblau", "x": 0.3, "y": -0.8, "time": 1.0}),
        Example(say("香蕉谷", "banana valley"), {"landscape": "rosenbrock", "x": -1.6, "y": 2.4, "time": 0.1}),
        Example(say("波纹", "ripples"), {"landscape": "ripples", "x": -3.3, "y": 2.9, "time": 0.5}),
        Example(say("自己的公式", "a formula of one's own"), {"formula": "cosh(x) + y^4/4 + x*y", "x": 1.5,
            "y": 1.5, "time": 0.5}),
        Example(say("失败：到得太晚", "failure: too late"), {"landscape": "bowl", "x": 1.0, "y": 1.0, "time": 5.0,
            "fewest_steps": 2}, say("第一个学习率大到发散，斜率要看小的那一半",
            "the first rate is absurd; only the smaller half shows the order")),
        Example(say("失败：发散", "failure: divergence"), {"landscape": "valley", "x": 1.0, "y": 1.0, "time": 5.0,
            "fewest_steps": 2, "halvings": 2}, say("提示会说怎么办", "the notice says what to do")),
    ]  # fmt: skip
    scene.show()
    land.follow_presets(scene, TIMES)


def warmup() -> None:
    """One short comparison loads the integrator."""
    igr.trajectories("two-layers", (2.8, 0.1), steps=2)


DEMO = Demo(
    slug="implicit-regularization",
    section="training",
    order=30,
    title=say("隐式正则", "Implicit penalty"),
    heading=say("学习率是一种正则", "A learning rate regularises"),
    summary=say(
        "有限的学习率等于给损失加上梯度惩罚 γ/4·‖∇L‖²。看轨迹、量阶数，再用显式惩罚去模仿它。",
        "A finite rate adds the penalty γ/4·‖∇L‖² to the loss. See it in paths, measure its order, "
        "imitate it.",
    ),
    keywords="igr implicit gradient regularization 梯度惩罚 隐式梯度正则 学习率 锐度 sharpness backward error analysis",
    references=(
        Reference(
            title="从动力学角度看优化算法（五）：为什么学习率不宜过小？",
            url="https://kexue.fm/archives/7787",
            date="2020-10-10",
        ),
        Reference(
            title="Implicit gradient regularization",
            url="https://arxiv.org/abs/2009.11162",
            date="2020",
            kind="paper",
        ),
    ),
    build=build,
    warmup=warmup,
)
