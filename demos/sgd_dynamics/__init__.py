"""SGD dynamics: a marble on a landscape, with and without inertia, noise and the equations behind."""

from functools import partial
from typing import Any

import gradio as gr
import numpy as np

from core.labs import sgd_dynamics
from core.labs.landscapes import PRESETS, Box
from demos import Demo, Reference
from demos import _landscape as land
from demos._landscape import Preset, short, tex
from demos._numbers import finite, timed
from demos._outcome import Block, Call, Example, Outcome
from demos._outcome import formula as equation
from demos._tab import Scene, Tab
from demos._words import say
from demos.sgd_dynamics import noise, stability

# How each method is drawn; an equation has the colour of its method and a dashed line.
STYLES: dict[str, tuple[str, str, bool]] = {
    "gd": (say("梯度下降 GD", "GD"), "celadon", False),
    "flow": (say("GD 的方程", "equation of GD"), "celadon", True),
    "sgd": (say("SGD（带噪声）", "SGD (noisy)"), "soft", False),
    "momentum": (say("动量", "momentum"), "indigo", False),
    "momentum-flow": (say("动量的方程", "equation of momentum"), "indigo", True),
    "sgd-momentum": (say("SGD + 动量", "SGD + momentum"), "ochre", False),
    "half-nesterov": (say("半步 Nesterov", "half-step Nesterov"), "ink", False),
    "nesterov": ("Nesterov", "seal", False),
}
BEHIND = {"gd": "flow", "momentum": "momentum-flow", "half-nesterov": "momentum-flow", "nesterov": "momentum-flow"}  # fmt: skip
STARTS = {
    name: {"x": preset.start[0], "y": preset.start[1], "rate": preset.rate}
    for name, preset in PRESETS.items()
}


# -- race -----------------------------------------------------------------------------------------


def race_descents(
    landscape: Preset = "valley",
    formula: str = "",
    rate: float = 0.09,
    momentum: float = 0.8,
    noise: float = 0.0,
    x: float = -2.6,
    y: float = 1.2,
    steps: int = 80,
    window: float = 3.0,
    seed: int = 0,
) -> Outcome:
    """Race GD, SGD, momentum, both Nesterov forms and the equations behind them down a landscape.

    Args:
        landscape: a preset such as valley, double-well, himmelblau, rosenbrock or saddle
        formula: own loss in x and y such as x^2 + 3y^2 + sin(3x); replaces the preset
        rate: learning rate of all methods
        momentum: momentum coefficient, 0 to 0.9999
        noise: standard deviation of the noise in each gradient component of the SGD methods
        x: start, horizontal coordinate
        y: start, vertical coordinate
        steps: number of steps, 1 to 2000
        window: half the width of the picture for an own formula
        seed: draws the noise
    """
    text, box = land.chosen(landscape, formula, window)
    arguments: dict[str, Any] = {
        "text": text,
        "start": (x, y),
        "rate": rate,
        "momentum": momentum,
        "noise": noise,
        "steps": int(steps),
        "seed": int(seed),
        "box": box,
    }
    made, timing = timed(sgd_dynamics.race, **arguments)
    return Outcome(
        result=partial(finite, made),
        blocks=lambda: [_race_block(made, text, box, (x, y), noise)],
        timing=timing,
        call=Call(sgd_dynamics.race, arguments),
        how=lambda: _race_how(made, text, box, rate, momentum, noise, (x, y)),
    )


def _race_block(
    made: sgd_dynamics.Race,
    text: str,
    box: Box | None,
    start: tuple[float, float],
    noise: float,
) -> Block:
    by_name = {one.method: one for one in made.paths}
    bottom = land.lowest(text, box, *(one.loss for one in made.paths))
    paths = []
    for method, (label, colour, dash) in STYLES.items():
        one = by_name[method]
        values: dict[str, Any] = {"loss": one.loss - bottom, "energy": one.energy}
        if method in BEHIND:
            values["gap"] = np.linalg.norm(one.points - by_name[BEHIND[method]].points, axis=1)
        without_noise = "sgd" in method and noise == 0  # the same as its method without noise
        paths.append(
            land.path(
                method,
                label,
                colour,
                one.points,
                values,
                dash=dash,
                hidden=without_noise or method == "half-nesterov",
            )
        )
    told = {m: by_name[m].loss[-1] - bottom for m in ("gd", "momentum", "nesterov")}
    return land.race(
        text,
        box,
        paths,
        [
            land.chart("loss", say("高出谷底", "height above the bottom"), log=True),
            land.chart("energy", say("能量 L + v²/2", "energy L + v²/2")),
            land.chart("gap", say("离方程多远", "distance to the equation"), log=True),
        ],
        start=start,
        title=say("弹珠下山", "Marbles on the way down"),
        hint=say(
            "点图或拖动起点；虚线是微分方程的精确解",
            "click the map or drag the start; dashed: the exact solution of the equation",
        ),
        alt=say(
            f"从 ({start[0]:g}, {start[1]:g}) 出发 {len(made.paths[0].points) - 1} 步之后，"
            f"高出谷底：GD {short(told['gd'])}，动量 {short(told['momentum'])}，"
            f"Nesterov {short(told['nesterov'])}。",
            f"After {len(made.paths[0].points) - 1} steps from ({start[0]:g}, {start[1]:g}) the height "
            f"above the bottom is {short(told['gd'])} for GD, {short(told['momentum'])} for momentum, "
            f"{short(told['nesterov'])} for Nesterov.",
        ),
    )


def _race_how(
    made: sgd_dynamics.Race,
    text: str,
    box: Box | None,
    rate: float,
    momentum: float,
    noise: float,
    start: tuple[float, float],
) -> list[str | Block]:
    lost = [one for one in made.paths if one.diverged_at is not None]
    parts: list[str | Block] = [
        equation(land.latex_of(text, box)),
        say(
            f"GD 是微分方程的欧拉法，步长就是学习率 {rate:g}：",
            f"GD is Euler's method for a differential equation, with the rate {rate:g} as time step:",
        ),
        equation(
            r"\dot\theta=-\nabla L\quad\Rightarrow\quad\theta\leftarrow\theta-"
            rf"{tex(rate)}\,\nabla L(\theta)"
        ),
        say(
            f"动量是有质量、有摩擦的弹珠（蛙跳格式）。这里时间步长 h = {made.time_step:.3f}，"
            f"是学习率的 {made.time_step / rate:.1f} 倍，摩擦 λ = {made.friction:.3f}：",
            f"Momentum is a marble with mass and friction (leap-frog). Here its time step is "
            f"h = {made.time_step:.3f}, {made.time_step / rate:.1f} times the rate, and its friction "
            f"λ = {made.friction:.3f}:",
        ),
        equation(
            r"\ddot\theta+\lambda\dot\theta=-\nabla L,\quad"
            rf"\beta=\frac{{1-\lambda h/2}}{{1+\lambda h/2}}={momentum:g},\quad"
            rf"\gamma=\frac{{h^2}}{{1+\lambda h/2}}={tex(rate)}"
        ),
        say(
            "Nesterov 在 θ + βv 处取梯度，文章的半步形式在 θ + βv/2 处；三者是同一个方程的格式。",
            "Nesterov takes the gradient at θ + βv, the post's half-step form at θ + βv/2; all three "
            "are schemes for the same equation.",
        ),
    ]
    if noise:
        parts += [
            say(
                f"梯度噪声 s = {noise:g} 相当于温度：SGD {made.temperature:.3g}，"
                f"加上动量 {made.momentum_temperature:.3g}。",
                f"Gradient noise s = {noise:g} is a temperature: {made.temperature:.3g} for SGD, "
                f"{made.momentum_temperature:.3g} with momentum.",
            ),
            equation(r"\sigma^2=\frac{\gamma s^2}{2(1-\beta)}"),
        ]
    if lost:
        first = min(one.diverged_at or 0 for one in lost)
        parts.append(
            say(
                f"有 {len(lost)} 条路径发散，最早在第 {first} 步：学习率超过了稳定界，见“稳定性”。",
                f"{len(lost)} paths diverge, the first at step {first}: the rate is beyond the limit "
                "of stability, see “Stability”.",
            )
        )
    return parts


def steer_race(value: Any) -> dict[str, Any]:
    """The race without the queue, while the start is dragged."""
    return race_descents(**land.cleaned(value)).payload()


# -- layout ---------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Five things to do."""
    with tab.several():
        with tab.scene("race", say("赛跑", "Race")) as scene:
            _race_scene(scene)
        with tab.scene("stability", say("稳定性", "Stability")) as scene:
            stability.stability_scene(scene, STARTS)
        with tab.scene("retune", say("退火换动量", "Retune")) as scene:
            stability.retune_scene(scene, STARTS)
        with tab.scene("boltzmann", say("玻尔兹曼", "Boltzmann")) as scene:
            noise.boltzmann_scene(scene)
        with tab.scene("escape", say("逃出势阱", "Escape")) as scene:
            noise.escape_scene(scene)


def _race_scene(scene: Scene) -> None:
    with scene.controls():
        land.choose_landscape(scene)
        scene.input(
            "rate",
            gr.Slider(0.001, 0.5, value=0.09, step=0.001, label=say("学习率 γ", "Learning rate γ")),
            live=True,
        )
        scene.input(
            "momentum",
            gr.Slider(0, 0.99, value=0.8, step=0.01, label=say("动量 β", "Momentum β")),
            live=True,
        )
        scene.input(
            "noise",
            gr.Slider(
                0, 10, value=0, step=0.1, label=say("SGD 的梯度噪声 s", "Gradient noise s of SGD")
            ),
            live=True,
        )
        with scene.more(say("更多：起点、步数、种子", "More: start, steps, seed")):
            land.choose_start(scene, -2.6, 1.2)
            scene.input(
                "steps", gr.Slider(5, 400, value=80, step=1, label=say("步数", "Steps")), live=True
            )
            scene.seed(0)
        scene.primary(say("出发", "Race"), race_descents)
    scene.examples = [
        Example(say("狭谷里的之字", "zigzag in a valley"), {}, say(
            "GD 左右横跳，动量冲过头，Nesterov 刹得住", "GD zigzags, momentum overshoots, Nesterov brakes")),
        Example(say("冲出浅坑", "out of the shallow well"), {"landscape": "tilted-wells", "rate": 0.03,
            "momentum": 0.92, "x": 1.7, "y": 1.2}, say(
            "惯性翻过了 GD 翻不过的坎", "inertia crosses the ridge at which GD stays behind")),
        Example(say("香蕉谷", "banana valley"), {"landscape": "rosenbrock", "rate": 0.008, "momentum": 0.9,
            "x": -1.6, "y": 2.4, "steps": 200}),
        Example(say("噪声推开鞍点", "noise leaves a saddle"), {"landscape": "saddle", "rate": 0.1,
            "momentum": 0.0, "noise": 0.3, "x": 0.0, "y": 1.7, "steps": 60}, say(
            "没有噪声的 GD 永远停在鞍点上", "without noise GD stays on the saddle for ever")),
        Example(say("四谷各走各的", "four valleys, four fates"), {"landscape": "himmelblau", "rate": 0.1,
            "momentum": 0.9, "noise": 2.0, "x": 0.3, "y": -0.8, "steps": 120}),
        Example(say("自己的公式", "a formula of one's own"), {"formula": "x^2/4 + y^2 + sin(3x)", "rate": 0.08,
            "momentum": 0.85, "x": 2.6, "y": 1.8}),
        Example(say("失败：学习率过界", "failure: rate too large"), {"rate": 0.21, "momentum": 0.5}, say(
            "曲率 10 × 0.21 > 2：GD 发散，动量还稳", "curvature 10 × 0.21 > 2: GD diverges, momentum does not")),
        Example(say("失败：不是公式", "failure: not a formula"), {"formula": "__import__('os')"}, say(
            "公式由自己的语法分析器读，不会执行代码", "formulas are read by a parser of our own; no code runs")),
    ]  # fmt: skip
    scene.show(live={"adjust": steer_race})
    land.follow_presets(scene, STARTS)


def warmup() -> None:
    """One short race loads the integrator."""
    sgd_dynamics.race("valley", (-2.6, 1.2), steps=2)


DEMO = Demo(
    slug="sgd-dynamics",
    section="training",
    order=10,
    title=say("SGD 动力学", "SGD dynamics"),
    heading=say("优化算法是一颗弹珠", "An optimiser is a marble"),
    summary=say(
        "梯度下降、动量、Nesterov 都是微分方程的离散；噪声就是温度。放下弹珠，看它滚。",
        "Descent, momentum and Nesterov discretise equations of motion; noise is temperature. "
        "Let the marble roll.",
    ),
    keywords="sgd momentum nesterov langevin kramers boltzmann 动量 梯度下降 随机梯度 稳定性 退火 温度 优化",
    references=(
        Reference(
            title="从动力学角度看优化算法（一）：从 SGD 到动量加速",
            url="https://kexue.fm/archives/5655",
            date="2018-06-27",
        ),
        Reference(
            title="Stochastic gradient descent as approximate Bayesian inference",
            url="https://arxiv.org/abs/1704.04289",
            date="2017",
            kind="paper",
        ),
    ),
    build=build,
    warmup=warmup,
)
