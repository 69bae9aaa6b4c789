"""A formula with kinks, typed by the visitor, and the same without."""

import math
from typing import Any

import gradio as gr

from core.labs import smooth_functions
from demos._numbers import timed
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.smooth_functions.number_blocks import (
    formula_plots,
)
from demos.smooth_functions.numbers import sharpness_input

TYPED = "max(x, 1 - x) + abs(x - 2)/2"


def smooth_formula(
    text: str = TYPED, exponent: float = 0.6, low: float = -2.0, high: float = 4.0
) -> Outcome:
    """A formula with max, min, abs, relu, sign or step, and the same without kinks and jumps.

    Args:
        text: a formula in x
        exponent: the sharpness K is 10 to this power, -1 to 3
        low: left end of the window, -1000 to 1000
        high: right end of the window
    """
    sharpness = float(10**exponent)
    arguments: dict[str, Any] = {
        "text": text,
        "sharpness": round(sharpness, 6),
        "window": (float(low), float(high)),
    }
    found, timing = timed(smooth_functions.composition, **arguments)
    worst = f"{found.largest_error:.4g}" if math.isfinite(found.largest_error) else "–"
    return Outcome(
        result={"largest_error": found.largest_error, "latex": found.latex}
        | {"x": found.x, "exact": found.exact, "smooth": found.smooth},
        blocks=lambda: formula_plots(found),
        timing=timing,
        call=Call(smooth_functions.composition, arguments),
        how=[
            say(
                "公式由一个只认白名单的解析器读，不会当作代码运行。每个折点函数换成它的光滑版本，导数由链式法则精确算出：",
                "A parser that knows a short list of functions reads the formula; it is never run as "
                "code. Each function with a kink is replaced by its smooth version, and derivatives "
                "are exact, by the chain rule:",
            ),
            formula(f"f(x)={found.latex}"),
            formula(
                r"\max(a,b)\to\tfrac1K\ln(e^{Ka}+e^{Kb}),\quad |a|\to\tfrac1K\ln(e^{Ka}+e^{-Ka}),\quad "
                r"\mathrm{step}(a)\to\sigma(Ka),\quad K=" + f"{sharpness:.3g}"
            ),
            say(
                f"一个折点最多差 ln 2 / K = {math.log(2) / sharpness:.4g}（乘上它前面的系数）；这里最多差 {worst}。",
                f"One kink is off by ln 2 / K = {math.log(2) / sharpness:.4g} at most, times the factor "
                f"before it; here the largest difference is {worst}.",
            ),
        ],
    )


def formula_scene(scene: Scene) -> None:
    """Controls and examples."""
    with scene.controls():
        scene.input(
            "text",
            gr.Textbox(
                TYPED,
                label="f(x)",
                info=say(
                    "可用 max min abs relu step sign exp log sin …",
                    "max min abs relu step sign exp log sin …",
                ),
                lines=1,
                max_length=400,
            ),
        )
        sharpness_input(scene, 0.6)
        scene.input(
            "low",
            gr.Slider(-20, 0, value=-2, step=0.5, label=say("窗口左端", "Window from")),
            live=True,
        )
        scene.input(
            "high",
            gr.Slider(0, 20, value=4, step=0.5, label=say("窗口右端", "Window to")),
            live=True,
        )
        scene.primary(say("光滑化", "Smooth"), smooth_formula)
    scene.examples = [
        Example("relu", {"text": "relu(x)", "exponent": 0.3}),
        Example(say("方波", "square wave"), {"text": "sign(sin(3x))", "exponent": 0.8}),
        Example(say("截断", "clipping"), {"text": "min(max(x, 0), 1)", "exponent": 1}),
        Example(say("台阶", "stairs"), {"text": "step(x) + step(x-1) + step(x-2)", "exponent": 1.2}),
        Example(say("三条线的最大值", "largest of three lines"), {"text": "max(-x, x/2, 2x-3)", "exponent": 0.3}),
        Example(say("失败：太软", "failure: too soft"), {"text": "abs(x)", "exponent": -0.5}, say(
            "最小值不再是 0：误差 ln 2 / K 比函数还大", "the minimum is no longer 0: ln 2 / K is larger than the function")),
        Example(say("失败：写错了", "failure: mistyped"), {"text": "max(x, "}),
    ]  # fmt: skip
    scene.show()
