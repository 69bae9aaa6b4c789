"""Max, one-hot, argmax and top-k of numbers to drag, with sharpness, error and gradient."""

from typing import Any, Literal

import gradio as gr

from core.labs import smooth_functions
from core.labs.smooth_functions import (
    SharpnessCurve,
    Smoothed,
)
from core.labs.typed_numbers import parse_numbers
from demos._numbers import timed
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say, unmark
from demos.smooth_functions.number_blocks import (
    jacobian_plot,
    sharpness_plot,
    value_bars,
)

FunctionName = Literal["max", "onehot", "argmax", "top-k"]
VALUES = "3 2.2 1.5 -0.5 -2"
SHARPNESS = (0.1, 1000.0)  # ends of the curve
FUNCTIONS = [
    ("max", "max"),
    ("onehot(argmax)", "onehot"),
    ("argmax", "argmax"),
    (say("前 k 大", "top-k"), "top-k"),
]


def smooth_numbers(
    values: str = VALUES, function: FunctionName = "max", exponent: float = 0.3, k: int = 2
) -> Outcome:
    """A function without useful gradients, its smooth version, the error and the gradient.

    Args:
        values: 2 to 64 numbers
        function: max, onehot (of the largest), argmax (its position from 0) or top-k
        exponent: the sharpness K is 10 to this power, -1 to 3
        k: how many the top-k chooses
    """
    x = [float(v) for v in parse_numbers(values)]
    sharpness = float(10**exponent)
    arguments: dict[str, Any] = {"function": function, "values": x}
    if function == "top-k":
        arguments["k"] = int(k)

    def work() -> tuple[Smoothed, SharpnessCurve]:
        return (
            smooth_functions.smooth_function(**arguments, sharpness=sharpness),
            smooth_functions.sharpness_curve(**arguments, sharpness=SHARPNESS, count=25),
        )

    (found, curve), timing = timed(work)
    several = function in ("onehot", "top-k")
    return Outcome(
        result=found,
        blocks=lambda: [
            value_bars(x, function, found, int(k)),
            sharpness_plot(curve, found, sharpness, function == "max"),
            *([jacobian_plot(found)] if several and len(x) <= 24 else []),
        ],
        timing=timing,
        call=Call(smooth_functions.smooth_function, arguments | {"sharpness": round(sharpness, 6)}),
        how=_how_numbers(x, function, found, sharpness, int(k)),
    )


def adjust_values(value: Any) -> dict[str, Any]:
    """The first scene's answer without the queue, while numbers are dragged."""
    given = dict(value)
    return smooth_numbers(
        values=unmark(str(given["values"])),
        function=given["function"],
        exponent=float(given["exponent"]),
        k=int(given["k"]),
    ).payload()


def _how_numbers(
    x: list[float], function: str, found: Smoothed, sharpness: float, k: int
) -> list[str | Block]:
    n = len(x)
    shown = ",".join(f"{v:.3f}" for v in found.smooth[:6]) + (r",\dots" if n > 6 else "")
    if function == "max":
        return [
            say(
                f"{n} 个数的最大值换成 logsumexp，总是偏大，最多大 ln n / K：",
                f"The largest of {n} numbers becomes a logsumexp, which is always above it, by ln n / K "
                "at most:",
            ),
            formula(
                r"\max(x)\approx\tfrac1K\ln\sum_i e^{Kx_i}=" + f"{found.smooth[0]:.5f}"
                + r",\quad \tfrac{\ln n}{K}=" + f"{found.bound:.4f},\\quad K={sharpness:.3g}"
            ),
            say(
                f"这里大了 {found.error:.5f}。它的梯度就是 softmax(Kx)：不只最大的数得到梯度。",
                f"Here it is {found.error:.5f} above. Its gradient is softmax(Kx): not only the largest "
                "number gets one.",
            ),
        ]  # fmt: skip
    if function == "onehot":
        return [
            say(
                f"“最大的是谁”写成 one-hot 向量，再换成 softmax，K = {sharpness:.3g}：",
                f"Which is largest, as a one-hot vector, becomes a softmax with K = {sharpness:.3g}:",
            ),
            formula(
                r"\mathrm{onehot}(\operatorname*{argmax} x)\approx\mathrm{softmax}(Kx)=("
                + shown
                + ")"
            ),
            say(
                f"最多差 {found.error:.4f}；差距由前两名之差乘 K 决定。",
                f"At most {found.error:.4f} off; what counts is K times the lead of the first.",
            ),
        ]
    if function == "argmax":
        return [
            say(
                "位置（从 0 数）换成 softmax 下的平均位置：",
                "The position, counted from 0, becomes the mean position under the softmax:",
            ),
            formula(
                r"\operatorname*{argmax} x\approx\sum_i i\,\mathrm{softmax}(Kx)_i=" + f"{found.smooth[0]:.4f}"
                + rf",\quad K={sharpness:.3g}"
            ),
            say(
                f"精确值 {found.exact[0]:g}。两个相隔很远的数打平时，平均位置落在中间，谁也不是。",
                f"Exactly it is {found.exact[0]:g}. When two distant numbers tie, the mean lies between "
                "and is neither.",
            ),
        ]  # fmt: skip
    return [
        say(
            f"先平移到最小值为 0、乘上 K = {sharpness:.3g}，再从 p = 0 重复 {k} 次：每次 softmax 选一个，已选的由 1 − p 压下去。",
            f"Shift to minimum 0, multiply by K = {sharpness:.3g}, and repeat {k} times from p = 0: a "
            "softmax chooses one each time, and 1 − p holds down what is chosen already.",
        ),
        formula(
            r"p\leftarrow p+\mathrm{softmax}\bigl((1-p)\odot Kx\bigr)\ (" + f"{k}" + r"\times)"
            r"\quad\Rightarrow\quad p=(" + shown + r"),\ \sum p=" + f"{found.smooth.sum():.4f}"
        ),
        say(
            f"和总是 k；各项要到 K 够大才接近 0 和 1（这里最多差 {found.error:.4f}）。最小的数平移后是 0，永远选不干净。",
            f"The sum is always k; entries come close to 0 and 1 only when K is large (here {found.error:.4f} "
            "off). The smallest number is 0 after the shift and is never quite left out.",
        ),
    ]


def sharpness_input(scene: Scene, value: float) -> None:
    """How sharp, as a power of ten."""
    scene.input(
        "exponent",
        gr.Slider(
            -1,
            3,
            value=value,
            step=0.05,
            label=say("锐度 log₁₀ K", "Sharpness log₁₀ K"),
        ),
        live=True,
    )


def numbers_scene(scene: Scene) -> None:
    """Controls and examples."""
    with scene.controls():
        scene.input(
            "function", gr.Radio(FUNCTIONS, value="max", label=say("函数", "Function")), live=True
        )
        sharpness_input(scene, 0.3)
        scene.input(
            "values",
            gr.Textbox(
                VALUES,
                label="x",
                info=say("2 到 64 个数，或直接拖柱子", "2 to 64 numbers, or drag the bars"),
                lines=1,
                max_length=4000,
            ),
        )
        scene.input(
            "k",
            gr.Slider(1, 8, value=2, step=1, label=say("前 k 大的 k", "k of the top-k")),
            live=True,
        )
        scene.primary(say("光滑化", "Smooth"), smooth_numbers)
    scene.examples = [
        Example(say("softmax", "softmax"), {"function": "onehot", "exponent": 0}),
        Example(say("前三大", "top three"), {"function": "top-k", "k": 3, "exponent": 0, "values": "5 4 3 2 1"}, say(
            "K = 1：和是 3，各项还很软（0.99, 0.89, 0.65 …）", "K = 1: the sum is 3, the entries are soft (0.99, 0.89, 0.65 …)")),
        Example(say("前三大，锐", "top three, sharp"), {"function": "top-k", "k": 3, "exponent": 1.3,
                "values": "5 4 3 2 1"}),
        Example(say("全都相等", "all equal"), {"values": "1 1 1 1 1 1 1 1", "exponent": 0.3}, say(
            "误差恰好是上界 ln n / K", "the error is exactly the bound ln n / K")),
        Example(say("位置", "position"), {"function": "argmax", "values": "0 1 4 2 0 -1", "exponent": 0.5}),
        Example(say("失败：两头打平", "failure: a tie at both ends"), {"function": "argmax",
                "values": "3 0 0 0 0 0 3", "exponent": 1}, say("平均位置落在谁也不是的中间",
                "the mean position is in the middle, at neither")),
        Example(say("失败：太锐", "failure: too sharp"), {"function": "onehot", "exponent": 3}, say(
            "准到头了，梯度也没了：无从训练", "as exact as can be, and no gradient left to train with")),
        Example(say("失败：k 太大", "failure: k too large"), {"function": "top-k", "k": 8, "values": "3 2 1"}),
    ]  # fmt: skip
    scene.show(live={"adjust": adjust_values})
