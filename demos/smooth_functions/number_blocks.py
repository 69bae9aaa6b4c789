"""What the numbers and formula scenes of the tab on smooth functions draw."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from core.labs.smooth_functions import Composition, SharpnessCurve, Smoothed
from demos._lines import POWERS, line, margins, note, round_up, short, shorts
from demos._numbers import rounded
from demos._outcome import Block
from demos._words import say

LEAST = 1e-8  # lower end of the axis of error and gradient


def value_bars(values: Sequence[float], function: str, found: Smoothed, k: int) -> Block:
    """Numbers to drag; below, the smooth choice of each and the exact one as a tick."""
    reach = max(5.0, math.ceil(max(abs(v) for v in values)))
    if function in ("onehot", "top-k"):
        soft, hard = shorts(found.smooth), shorts(found.exact)
        axis = say("光滑的选择", "smooth choice")
        top = max(1.0, round_up(max(soft)))
        marked = say("精确", "exact")
    else:  # the gradient of max and argmax; that of the exact functions is 0 or 1
        soft = shorts(abs(found.jacobian[0]))
        hard = [1.0 if v == max(values) and function == "max" else 0.0 for v in values]
        axis = say("|梯度|", "|gradient|")
        top = max(1.0, round_up(max(soft)))
        marked = say("精确函数的梯度", "gradient of the exact function")
    shown_exact, shown_smooth = rounded(found.exact, 4), rounded(found.smooth, 4)
    if function == "top-k":
        hint = say(
            f"最大的 {k} 个：各项加起来恰为 {float(found.smooth.sum()):.3f}，最多差 {found.error:.3f}",
            f"the {k} largest: entries add up to {float(found.smooth.sum()):.3f}, {found.error:.3f} "
            "off at most",
        )
    elif function == "onehot":
        hint = say(f"与精确的 one-hot 最多差 {found.error:.3f}", f"at most {found.error:.3f} off")
    else:
        hint = say(
            f"精确 {shown_exact[0]:g}，光滑 {shown_smooth[0]:g}，差 {found.error:.4f}",
            f"exact {shown_exact[0]:g}, smooth {shown_smooth[0]:g}, {found.error:.4f} apart",
        )
    return {
        "kind": "bars",
        "title": say("拖动数 x", "Drag the numbers x"),
        "hint": hint,
        "input": "values",
        "values": shorts(values),
        "low": -reach,
        "high": reach,
        "step": 0.05,
        "most": 24,
        "axis": "x",
        "result": {"values": soft, "marks": hard, "top": top, "axis": axis, "marked": marked},
    }


def sharpness_plot(curve: SharpnessCurve, found: Smoothed, sharpness: float, bound: bool) -> Block:
    """Error and largest gradient against the sharpness, with the present one marked."""
    k = shorts(curve.sharpness)
    data = [
        line(k, _visible(curve.error), "seal", say("误差", "error")),
        line(k, _visible(curve.gradient), "celadon", say("梯度", "gradient")),
        {
            "type": "scatter",
            "mode": "markers",
            "x": [sharpness] * 2,
            "y": _visible([found.error, float(abs(found.jacobian).max())]),
            "marker": {"color": ["seal", "celadon"], "size": 10},
            "hovertemplate": "K = %{x:.3g}: %{y:.3g}<extra></extra>",
        },
    ]
    if bound:
        top = [short(float(found.bound) * sharpness / v) for v in curve.sharpness]
        data.append(line(k, top, "soft", "ln n / K", dash="dot"))
    largest = float(abs(found.jacobian).max())
    highest = max(1.0, float(curve.error.max()), float(curve.gradient.max()))
    return {
        "kind": "plot",
        "title": say("锐度的代价", "The price of sharpness"),
        "hint": say(
            f"K = {sharpness:.3g}：误差 {found.error:.2e}，最大的偏导 {largest:.2e}。K 越大越准，也越难训练",
            f"K = {sharpness:.3g}: error {found.error:.2e}, largest partial derivative {largest:.2e}. "
            "The larger K, the closer, and the harder to train",
        ),
        "height": 270,
        "alt": say(
            f"误差从 K = {k[0]:g} 的 {curve.error[0]:.2g} 变到 K = {k[-1]:g} 的 {curve.error[-1]:.2g}；"
            f"梯度最大 {float(curve.gradient.max()):.2g}。",
            f"The error goes from {curve.error[0]:.2g} at K = {k[0]:g} to {curve.error[-1]:.2g} at "
            f"K = {k[-1]:g}; the gradient reaches {float(curve.gradient.max()):.2g}.",
        ),
        "figure": {
            "data": data,
            "layout": {
                "xaxis": {"title": {"text": say("锐度 K", "sharpness K")}, "type": "log"},
                "yaxis": {
                    "title": {"text": say("误差与梯度", "error and gradient")},
                    "type": "log",
                    "range": [math.log10(LEAST), math.log10(1.5 * highest)],
                    **(POWERS | {"dtick": 2}),
                },
                "margin": margins(72),
            },
        },
    }


def _visible(values: Iterable[float]) -> list[float | None]:
    """What lies above the lower end of the axis."""
    return [short(v) if v >= LEAST else None for v in values]


def jacobian_plot(found: Smoothed) -> Block:
    """All partial derivatives of a smooth choice."""
    n = len(found.jacobian[0])
    reach = max(float(abs(found.jacobian).max()), 1e-12)
    places = list(range(1, n + 1))
    return {
        "kind": "plot",
        "title": say("雅可比矩阵", "Jacobian"),
        "hint": say(
            "行：输出；列：输入。每列加起来为零：总和不变",
            "rows: outputs; columns: inputs. Columns add up to zero: the total stays",
        ),
        "height": 270,
        "alt": say(
            f"{n} × {n} 个偏导，最大 {reach:.3g}。",
            f"{n} × {n} partial derivatives up to {reach:.3g}.",
        ),
        "figure": {
            "data": [
                {
                    "type": "heatmap",
                    "x": places,
                    "y": places,
                    "z": rounded(found.jacobian, 5),
                    "zmin": -reach,
                    "zmax": reach,
                    "colorscale": [[0, "seal"], [0.5, "card"], [1, "celadon"]],
                    "colorbar": {"thickness": 12, "outlinewidth": 0},
                    "xgap": 1,
                    "ygap": 1,
                    "hovertemplate": "∂p%{y}/∂x%{x} = %{z:.3g}<extra></extra>",
                }
            ],
            "layout": {
                "xaxis": {
                    "title": {"text": say("输入 j", "input j")},
                    "dtick": 1,
                    "showgrid": False,
                },
                "yaxis": {
                    "title": {"text": say("输出 i", "output i")},
                    "dtick": 1,
                    "showgrid": False,
                    "autorange": "reversed",
                },
                "margin": margins(8, left=48),
            },
        },
    }


def formula_plots(found: Composition) -> list[Block]:
    """The formula with its kinks and without, and both slopes."""
    x = shorts(found.x)

    def gaps(values: Any) -> list[float | None]:
        return [short(float(v)) if math.isfinite(v) else None for v in values]

    def block(title: str, hint: str, exact: Any, smooth: Any, axis: str, height: int) -> Block:
        return {
            "kind": "plot",
            "title": title,
            "hint": hint,
            "height": height,
            "alt": say(
                f"{axis}：精确与光滑两条曲线，最大误差 {found.largest_error:.4g}。",
                f"{axis}: exact and smooth curves, largest error {found.largest_error:.4g}.",
            ),
            "figure": {
                "data": [
                    line(x, gaps(exact), "soft", width=1.6),
                    line(x, gaps(smooth), "celadon", width=2.4),
                ],
                "layout": {
                    "xaxis": {"title": {"text": "x"}, "range": [x[0], x[-1]]},
                    "yaxis": {"title": {"text": axis}},
                    "annotations": [
                        note(say("精确", "exact"), 0, 1.14, "soft", xanchor="left"),
                        note(say("光滑", "smooth"), 0.2, 1.14, "celadon", xanchor="left"),
                    ],
                    "margin": margins(12, top=30),
                },
            },
        }

    worst = f"{found.largest_error:.4g}" if math.isfinite(found.largest_error) else "–"
    return [
        block(
            say("函数", "The function"),
            say(f"窗口里最多差 {worst}", f"{worst} apart at most in this window"),
            found.exact,
            found.smooth,
            "f(x)",
            290,
        ),
        block(
            say("斜率", "Its slope"),
            say("折点处，跳跃变成坡", "at every kink the jump becomes a ramp"),
            found.exact_slope,
            found.smooth_slope,
            "f′(x)",
            230,
        ),
    ]
