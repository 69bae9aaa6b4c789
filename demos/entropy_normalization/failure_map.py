"""Where the post's Newton iteration fails, cell by cell."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import gradio as gr

from core.labs import entropy_newton, entropy_normalization
from core.labs.entropy_newton import FailureMap
from demos._numbers import timed
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.entropy_normalization.bars import how_normalised, literal_input
from demos.entropy_normalization.blocks import (
    curve_plot,
    map_plot,
    solver_plot,
)

Spread = Literal["uniform", "log-normal"]
SPREADS = [(say("均匀", "uniform"), "uniform"), (say("对数正态", "log-normal"), "log-normal")]


def map_newton_failures(
    size: int = 100,
    rounds: int = 10,
    spread: Spread = "log-normal",
    seed: int = 8829,
    literal: bool = False,
) -> Outcome:
    """Map where the post's Newton iteration misses the wanted entropy by more than 0.01 nat.

    Args:
        size: numbers in a distribution, 2 to 1000
        rounds: rounds of the iteration, 1 to 30
        spread: log-normal (exp of s times normal numbers) or uniform (numbers in 0 to 1, to the
            power s); s grows to the right of the map
        seed: draws the distributions
        literal: 0 ln 0 counts as nan, as a program written word for word has it
    """
    arguments = _map_arguments(size, rounds, spread, seed, literal)
    found, timing = timed(entropy_newton.failure_map, **arguments)
    return Outcome(
        result=found,
        blocks=lambda: [map_plot(found, arguments)],
        timing=timing,
        call=Call(entropy_newton.failure_map, arguments),
        how=_how_map(found, arguments),
    )


def open_cell(value: Any, inputs: Mapping[str, Any]) -> Outcome:
    """One case of the cell that was clicked, under the map."""
    point = dict(value)
    arguments = _map_arguments(
        inputs["size"], inputs["rounds"], inputs["spread"], inputs["seed"], inputs["literal"]
    )
    scale, percent = float(point["x"]), float(point["y"])
    given = {k: v for k, v in arguments.items() if k != "resolution"}

    def work() -> tuple[FailureMap, entropy_newton.CellCase]:
        return entropy_newton.failure_map(**arguments), entropy_newton.cell_case(
            percent / 100, scale, **given
        )

    (found, case), timing = timed(work)
    curve = entropy_normalization.entropy_curve(case.logits, logits=True, count=90)
    sweep = entropy_newton.target_sweep(
        case.logits, logits=True, rounds=given["rounds"], literal=given["literal"]
    )
    call = {"target": percent / 100, "scale": scale} | given
    return Outcome(
        result=case,
        blocks=lambda: [
            map_plot(found, arguments, chosen=(scale, percent)),
            solver_plot(case.solver, case.post),
            curve_plot(case.solver, curve, sweep),
        ],
        timing=timing,
        call=Call(entropy_newton.cell_case, call),
        how=how_normalised(case.solver, case.post, curve),
    )


def _map_arguments(
    size: float, rounds: float, spread: str, seed: float, literal: bool
) -> dict[str, Any]:
    # About as many numbers for every size, so that the map answers a drag.
    draws = max(6, min(16, round(1600 / max(2, size))))
    return {
        "size": int(size),
        "rounds": int(rounds),
        "spread": spread,
        "seed": int(seed),
        "literal": bool(literal),
        "resolution": 10,
        "draws": draws,
    }


def _how_map(found: FailureMap, arguments: Mapping[str, Any]) -> list[str | Block]:
    cells = found.missed.size
    return [
        say(
            f"{cells} 格，每格 {found.draws} 个随机分布（n = {arguments['size']}），目标是 ln n = "
            f"{math.log(arguments['size']):.2f} nats 的 5% 到 95%。原文的迭代跑 {arguments['rounds']} 轮，"
            f"差出 0.01 nat 就算失败：共 {100 * found.overall:.1f}%。",
            f"{cells} cells with {found.draws} random distributions each (n = {arguments['size']}), "
            f"targets from 5% to 95% of ln n = {math.log(arguments['size']):.2f} nats. The post's "
            f"iteration runs {arguments['rounds']} rounds and fails when it is off by 0.01 nat: "
            f"{100 * found.overall:.1f}% in all.",
        ),
        formula(
            r"w_i = e^{s\,\xi_i},\ \xi_i\sim\mathcal{N}(0,1),\quad s="
            f"{found.scales[0]:g} \\dots {found.scales[-1]:g}"
            if arguments["spread"] == "log-normal"
            else r"w_i = u_i^s,\ u_i\sim U(0,1),\quad s="
            f"{found.scales[0]:g} \\dots {found.scales[-1]:g}"
        ),
        say(
            "目标远低于当前的熵时第一步就冲过头；分布越分散，冲过头后越多的项下溢成零，回不来。同样的情形里，括住的解法"
            f"最多差 {found.solver_worst:.0e} nats。",
            "When the target is far below the present entropy, the first step overshoots; the wider "
            "the distribution, the more entries then underflow to zero and never return. On the same "
            f"cases the bracketed solver is off by {found.solver_worst:.0e} nats at most.",
        ),
    ]


def map_scene(scene: Scene) -> None:
    """Controls and examples."""
    with scene.controls():
        scene.input(
            "rounds",
            gr.Slider(1, 30, value=10, step=1, label=say("迭代轮数", "Rounds")),
            live=True,
        )
        scene.input(
            "size",
            gr.Slider(
                2,
                1000,
                value=100,
                step=1,
                label=say("每个分布有几个数 n", "Numbers in a distribution n"),
            ),
            live=True,
        )
        scene.input(
            "spread",
            gr.Radio(SPREADS, value="log-normal", label=say("怎样抽权重", "How weights are drawn")),
            live=True,
        )
        scene.seed(8829)
        with scene.more():
            literal_input(scene)
        scene.primary(say("画地图", "Draw the map"), map_newton_failures)
    scene.act("cell", open_cell)
    scene.examples = [
        Example(say("3 轮够吗", "are 3 rounds enough?"), {"rounds": 3}, say(
            "原文说三四轮就够", "the post finds three or four enough")),
        Example(say("30 轮", "30 rounds"), {"rounds": 30}, say(
            "多迭代救不回已经崩溃的格子", "more rounds do not bring back what broke down")),
        Example(say("均匀分布", "uniform draws"), {"spread": "uniform", "rounds": 4}),
        Example(say("两个数", "two numbers"), {"size": 2}),
        Example(say("失败：一千个数", "failure: a thousand numbers"), {"size": 1000}, say(
            "词表大小的分布，大半失败", "a vocabulary's size: most cells fail")),
        Example(say("失败：照字面写程序", "failure: a literal program"), {"spread": "uniform", "literal": True}, say(
            "0·ln 0 变成 nan，本来收敛的也丢了", "0·ln 0 becomes nan and loses cases that had converged")),
    ]  # fmt: skip
    scene.show()
