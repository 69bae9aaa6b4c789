"""The scene in the plane: the post's layers against Glow's, trained live on the same points."""

import time
import zlib
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, Literal

import gradio as gr

from core.labs import density_lab
from core.labs.density_lab import Moment
from core.labs.flow_2d import FlowSettings
from core.runtime import Timing
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._packing import finite, packed_levels, packed_points, thinned
from demos._tab import Scene
from demos._words import say

Data = Literal["moons", "rings", "spirals", "gaussians", "checkerboard"]
Coupling = Literal["additive", "affine"]
Mixing = Literal["none", "permutation", "lu"]
CLOUDS = [
    (say("双月", "two moons"), "moons"),
    (say("双环", "two rings"), "rings"),
    (say("双螺旋", "two spirals"), "spirals"),
    (say("25 个高斯", "25 Gaussians"), "gaussians"),
    (say("棋盘", "checkerboard"), "checkerboard"),
]
COUPLINGS = [(say("加性", "additive"), "additive"), (say("仿射", "affine"), "affine")]
MIXINGS = [
    (say("不混", "none"), "none"),
    (say("打乱", "shuffle"), "permutation"),
    (say("1×1 矩阵", "1×1 matrix"), "lu"),
]
WORDS = {value: label for label, value in (*COUPLINGS, *MIXINGS)}
SPAN = 8.0  # of packed coordinates
DENSITY = (-10.0, 2.75)  # nats per unit area
POINTS = 200  # samples drawn of each model
FRAMES = 14
DEPTH, WIDTH = 6, 16


def plane_scene(scene: Scene) -> None:
    """Which layers the right model has; the left one is the post's."""
    with scene.controls():
        scene.input("data", gr.Dropdown(CLOUDS, value="moons", label=say("数据", "Data")))
        scene.input("coupling", gr.Radio(COUPLINGS, value="affine", label=say("耦合", "Coupling")))
        scene.input("mixing", gr.Radio(MIXINGS, value="lu", label=say("通道混合", "Mixing")))
        scene.input(
            "steps", gr.Slider(0, 600, value=100, step=20, label=say("训练步数", "Training steps"))
        )
        scene.seed(3)
        scene.primary(say("训练", "Train"), train_glow_2d)
    scene.examples = [
        Example(say("双环", "two rings"), {"data": "rings"}),
        Example(say("只换耦合", "other coupling alone"), {"mixing": "permutation"}, say(
                "仿射能改变体积", "affine couplings change volume")),
        Example(say("只换混合", "other mixing alone"), {"coupling": "additive"}, say(
                "1×1 矩阵能斜着混", "a matrix mixes aslant")),
        Example(say("双螺旋", "two spirals"), {"data": "spirals", "steps": 160}),
        Example(say("25 个高斯", "25 Gaussians"), {"data": "gaussians"}),
        Example(say("失败：不混合", "failure: no mixing"), {"mixing": "none"}, say(
                "有一个坐标从来没被耦合改过", "one coordinate is never changed by a coupling")),
        Example(say("失败：不训练", "failure: untrained"), {"steps": 0}, say(
                "起点近乎恒等：样本就是高斯", "near the identity: samples are Gaussian")),
    ]  # fmt: skip
    scene.show()


def train_glow_2d(
    data: Data = "moons",
    coupling: Coupling = "affine",
    mixing: Mixing = "lu",
    steps: int = 100,
    seed: int = 3,
) -> Iterator[Outcome]:
    """Train two flows on points of the plane: the post's layers, and the ones chosen.

    Args:
        data: moons, rings, spirals, gaussians or checkerboard
        coupling: additive or affine, of the second flow; the first is additive
        mixing: none, permutation or lu (a learned matrix), of the second; the first shuffles
        steps: training steps, 0 to 2000
        seed: draws weights, noise and batches of both
    """
    common: dict[str, Any] = {"data": data, "depth": DEPTH, "width": WIDTH, "seed": int(seed)}
    chosen: dict[str, Any] = {"coupling": coupling, "mixing": mixing}
    flows = [
        FlowSettings(coupling="additive", mixing="permutation", **common),
        FlowSettings(**chosen, **common),
    ]
    started = time.perf_counter()
    seen: list[list[Moment]] = [[], []]
    call = Call(density_lab.train_realnvp, {**common, **chosen, "steps": int(steps)})

    def outcome(*, done: bool) -> Outcome:
        spent = 1000 * (time.perf_counter() - started)
        return Outcome(
            blocks=[_duel(flows, seen, int(steps), done)],
            result={"step": seen[0][-1].step, "nll": [finite(h[-1].nll) for h in seen]},
            timing=Timing(spent, 0.0, "cpu", 1, ""),
            progress=1.0 if done else seen[0][-1].step / max(1, int(steps)),
            call=call,
            how=_how(flows, seen) if done else (),
        )

    for both in zip_longest(*(density_lab.moments(one, int(steps)) for one in flows)):
        for history, moment in zip(seen, both, strict=True):
            if moment is not None:  # a run whose loss is no number any more ends early
                history.append(moment)
        yield outcome(done=False)
    yield outcome(done=True)


def _name(flow: FlowSettings) -> str:
    return WORDS[flow.coupling] + " + " + WORDS[flow.mixing]


def _how(flows: list[FlowSettings], seen: list[list[Moment]]) -> list[str | Block]:
    left, right = (history[-1] for history in seen)
    return [
        say(
            f"同样的数据、步数（{right.step}）、宽度（{WIDTH}）与层数（{DEPTH}）。没见过的点："
            f"原文的层 {left.nll:.3f}，右边 {right.nll:.3f} nats，相差 {left.nll - right.nll:+.3f}。",
            f"The same data, steps ({right.step}), width ({WIDTH}) and depth ({DEPTH}). Held-out points "
            f"cost {left.nll:.3f} nats with the post's layers and {right.nll:.3f} on the right: "
            f"{left.nll - right.nll:+.3f}.",
        ),
        formula(
            r"\ln p(x)=\ln\mathcal N(z)+\sum_l\begin{cases}0&\text{additive, shuffle}\\"
            r"\ln s_l(x_1)&\text{affine}\\ \ln|\det W_l|&1\times1\end{cases}"
        ),
        formula(
            r"\int p\approx " + f"{left.total:.3f}" + r",\ " + f"{right.total:.3f}"
            r"\quad\text{over}\ [-4,4]^2"
        ),
    ]  # fmt: skip


def _duel(flows: list[FlowSettings], seen: list[list[Moment]], steps: int, done: bool) -> Block:
    """Both planes at the moments of training; before the end the newest alone travels."""
    scene = density_lab.scenery(flows[0])
    return {
        "kind": "duel",
        "run": zlib.crc32(repr(flows).encode()),
        "title": say("同样的点，两种层", "The same points, two kinds of layers"),
        "hint": say("网格是噪声平面的方格；拖动看训练", "the grid is a square one of noise; drag through the training"),
        "alt": say(
            f"{seen[0][-1].step} 步之后每点 {seen[0][-1].nll:.2f} 与 {seen[1][-1].nll:.2f} nats。",
            f"After {seen[0][-1].step} steps {seen[0][-1].nll:.2f} and {seen[1][-1].nll:.2f} nats a point.",
        ),
        "names": [say("原文：", "the post's: ") + _name(flows[0]), _name(flows[1])],
        "span": SPAN,
        "densitySpan": DENSITY,
        "resolution": density_lab.RESOLUTION,
        "lines": density_lab.GRID,
        "target": steps,
        "done": done,
        "r": {
            "data": packed_points(scene.data[:POINTS], SPAN),
            "sides": [[_frame(m) for m in (thinned(h, FRAMES) if done else h[-1:])] for h in seen],
        },
    }  # fmt: skip


def _frame(moment: Moment) -> dict[str, Any]:
    return {
        "step": moment.step,
        "nll": finite(moment.nll),
        "density": packed_levels(moment.log_density, DENSITY),
        "samples": packed_points(moment.samples[:POINTS], SPAN),
        "grid": packed_points(moment.grid, SPAN),
    }
