"""Pictures of fractions and series for pi, and how their numbers are written."""

import math
from typing import Any

from core.labs import pi_digits
from core.labs.pi_digits import Approximation, ContinuedFraction, SeriesRun, SternBrocot
from demos._numbers import rounded, thinned
from demos._outcome import Block
from demos._words import say

NAMES = {
    "leibniz": say("莱布尼茨", "Leibniz"),
    "machin": say("马青", "Machin"),
    "ramanujan": say("拉马努金", "Ramanujan"),
    "chudnovsky": say("楚德诺夫斯基", "Chudnovsky"),
}
COLOURS = {"leibniz": "soft", "machin": "ochre", "ramanujan": "celadon", "chudnovsky": "seal"}


def cloud_plot(cloud: Any, own: Approximation) -> Block:
    """q^2 |pi - p/q| of the nearest fraction for every q, with the named ones marked."""
    values = cloud.scaled_error
    good = values < 1.0
    named = [
        c for c in pi_digits.continued_fraction(12).convergents if c.denominator <= len(values)
    ]
    rest = thinned(
        list(zip(cloud.denominators[~good].tolist(), values[~good].tolist(), strict=True)), 1200
    )
    names = [
        f"{p}/{q}" for p, q in zip(cloud.numerators[good], cloud.denominators[good], strict=True)
    ]
    marks: list[Block] = [
        {
            "x": [q for q, _ in rest],
            "y": rounded([v for _, v in rest], 4),
            "mode": "markers",
            "marker": {"color": "line", "size": 3},
            "hoverinfo": "skip",
        },
        {
            "x": cloud.denominators[good].tolist(),
            "y": rounded(values[good], 6),
            "mode": "markers",
            "marker": {"color": "celadon", "size": 6},
            "text": names,
            "hovertemplate": "%{text}<br>q²·error = %{y:.4f}<extra></extra>",
        },
        {
            "x": [c.denominator for c in named],
            "y": [c.scaled_error for c in named],
            "mode": "markers+text",
            "marker": {"color": "ochre", "size": 8},
            "text": [as_fraction(c) for c in named],
            "textposition": "bottom center",
            "cliponaxis": False,
            "hovertemplate": "%{text}<br>q²·error = %{y:.4f}<extra></extra>",
        },
        {
            "x": [own.denominator],
            "y": [own.scaled_error],
            "mode": "markers",
            "marker": {"color": "seal", "size": 14, "symbol": "circle-open", "line": {"width": 3}},
            "text": [as_fraction(own)],
            "hovertemplate": "%{text}<br>q²·error = %{y:.4g}<extra></extra>",
            "cliponaxis": False,
        },
    ]
    return {
        "kind": "plot",
        "title": say("每个分母能做到多好", "How good every denominator can be"),
        "hint": say(
            "绿：误差小于 1/q²；黄：连分数的截断；红圈：你的",
            "green: error below 1/q²; ochre: convergents; red: yours",
        ),
        "height": 360,
        "alt": say(
            f"分母到 {len(values)} 的最近分数中，q²·误差小于 1 的有 {int(good.sum())} 个；你的是 {own.scaled_error:.4g}。",
            f"Of the nearest fractions with denominators up to {len(values)}, {int(good.sum())} have q²·error below 1; "
            f"yours has {own.scaled_error:.4g}.",
        ),
        "figure": {
            "data": marks,
            "layout": {
                "xaxis": {
                    "type": "log",
                    "dtick": 1,
                    "title": {"text": say("分母 q", "denominator q")},
                },
                "yaxis": {
                    "type": "log",
                    "dtick": 1,
                    "title": {"text": "q² |π − p/q|"},
                    "exponentformat": "power",
                },
                "shapes": [
                    {
                        "type": "line",
                        "xref": "x domain",
                        "x0": 0,
                        "x1": 1,
                        "y0": 1,
                        "y1": 1,
                        "line": {"color": "soft", "dash": "dot", "width": 1},
                    }
                ],
            },
        },
    }


def ford_block(found: SternBrocot, at: int) -> Block:
    return {
        "kind": "ford",
        "title": say("福特圆里的路", "A walk among Ford circles"),
        "hint": say(
            "圆的直径 1/q²；被竖线穿过的是好分数", "diameters 1/q²; those cut by the line are good"
        ),
        "alt": say(
            f"向 π 走 {len(found.turns)} 步，停在 {as_fraction(found.fractions[-1])}。",
            f"{len(found.turns)} steps towards π, ending at {as_fraction(found.fractions[-1])}.",
        ),
        "name": "π",
        "target": math.pi,
        "at": at,
        "runs": list(found.runs),
        "steps": [
            {
                "p": f.numerator,
                "q": f.denominator,
                "turn": turn,
                "off": (1 if f.above else -1) * 10**f.log10_error,
                "log": round(f.log10_error, 6),
            }
            for turn, f in zip(found.turns, found.fractions, strict=True)
        ],
    }


def approach_plot(found: SternBrocot) -> Block:
    """Error after every step; it falls where a run ends."""
    steps = list(range(1, len(found.turns) + 1))
    ends, place = [], 0
    for run in found.runs[:-1]:
        place += run
        ends.append(place)
    last = [e for e in ends if e < len(steps)]
    return {
        "kind": "plot",
        "title": say("误差随步数", "Error along the walk"),
        "hint": say(
            "黄点：转弯之前的最后一步，渐近分数", "ochre: the last step before a turn, a convergent"
        ),
        "height": 250,
        "alt": say("误差在每段末尾骤降。", "The error drops at the end of every run."),
        "figure": {
            "data": [
                {
                    "x": steps,
                    "y": rounded([f.log10_error for f in found.fractions]),
                    "mode": "lines",
                    "line": {"color": "celadon"},
                    "text": [as_fraction(f) for f in found.fractions],
                    "hovertemplate": "%{text}<br>10^%{y:.2f}<extra></extra>",
                },
                {
                    "x": [e - 1 for e in last if e > 1],
                    "y": rounded([found.fractions[e - 2].log10_error for e in last if e > 1]),
                    "mode": "markers",
                    "marker": {"color": "ochre", "size": 7},
                    "text": [as_fraction(found.fractions[e - 2]) for e in last if e > 1],
                    "hovertemplate": "%{text}<extra></extra>",
                },
            ],
            "layout": {
                "xaxis": {"title": {"text": say("步数", "steps")}},
                "yaxis": {"title": {"text": "log₁₀ |π − p/q|"}},
            },
        },
    }


def terms_plot(found: ContinuedFraction) -> Block:
    labels = [i for i, a in enumerate(found.terms) if a >= 14][:12]
    return {
        "kind": "plot",
        "title": say("连分数的项", "Terms of the continued fraction"),
        "hint": say("大项之前的截断特别好", "truncate before a large term"),
        "height": 260,
        "alt": say(
            "各项：" + ", ".join(map(str, found.terms[:20])),
            "Terms: " + ", ".join(map(str, found.terms[:20])),
        ),
        "figure": {
            "data": [
                {
                    "type": "bar",
                    "x": list(range(len(found.terms))),
                    "y": list(found.terms),
                    "marker": {"color": "celadon"},
                    "customdata": [
                        as_fraction(c) if c.denominator < 10**12 else "" for c in found.convergents
                    ],
                    "hovertemplate": "a%{x} = %{y}<br>%{customdata}<extra></extra>",
                },
                {
                    "x": labels,
                    "y": [found.terms[i] for i in labels],
                    "mode": "text",
                    "text": [str(found.terms[i]) for i in labels],
                    "textposition": "top center",
                    "hoverinfo": "skip",
                    "cliponaxis": False,
                },
            ],
            "layout": {
                "margin": {"l": 48, "r": 12, "t": 22, "b": 40},
                "bargap": 0.2,
                "xaxis": {"title": {"text": say("序号 n", "index n")}},
                "yaxis": {"type": "log", "dtick": 1, "title": {"text": "aₙ"}},
            },
        },
    }


def exponent_plot(found: ContinuedFraction) -> Block:
    shown = [(i, c.exponent) for i, c in enumerate(found.convergents) if c.denominator > 1]
    return {
        "kind": "plot",
        "title": say("误差的指数 μ", "Exponent μ of the error"),
        "hint": say("|π − p/q| = 1/q^μ；点线是 2", "|π − p/q| = 1/q^μ; dotted at 2"),
        "height": 240,
        "alt": say(
            f"μ 从 {shown[0][1]:.2f} 走向 2，最后 {shown[-1][1]:.3f}。",
            f"μ goes from {shown[0][1]:.2f} towards 2, {shown[-1][1]:.3f} at the end.",
        ),
        "figure": {
            "data": [
                {
                    "x": [i for i, _ in shown],
                    "y": rounded([m for _, m in shown]),
                    "mode": "lines+markers",
                    "line": {"color": "seal", "width": 1.5},
                    "marker": {"size": 4},
                    "text": [
                        as_fraction(found.convergents[i])
                        if found.convergents[i].denominator < 10**12
                        else ""
                        for i, _ in shown
                    ],
                    "hovertemplate": "%{text}<br>μ = %{y:.4f}<extra></extra>",
                },
            ],
            "layout": {
                "xaxis": {"title": {"text": say("渐近分数的序号 n", "index n of the convergent")}},
                "yaxis": {"title": {"text": "μ"}},
                "shapes": [
                    {
                        "type": "line",
                        "xref": "x domain",
                        "x0": 0,
                        "x1": 1,
                        "y0": 2,
                        "y1": 2,
                        "line": {"color": "soft", "dash": "dot", "width": 1},
                    }
                ],
            },
        },
    }


def statistics_plot(counted: Any, terms: int) -> Block:
    return {
        "kind": "plot",
        "title": say("项的分布", "Distribution of the terms"),
        "hint": say(
            "柱：π 的前若干项；红点：高斯–库兹明，几乎所有的数",
            "bars: terms of π; red: Gauss–Kuzmin, almost every number",
        ),
        "height": 240,
        "alt": say(
            f"前 {terms} 项里 1 占 {100 * counted.observed[0]:.1f}%，理论 41.5%。",
            f"Of the first {terms} terms {100 * counted.observed[0]:.1f} % are 1; the law says 41.5 %.",
        ),
        "figure": {
            "data": [
                {
                    "type": "bar",
                    "x": counted.values.tolist(),
                    "y": rounded(counted.observed),
                    "marker": {"color": "celadon"},
                    "opacity": 0.6,
                    "hovertemplate": "%{x}: %{y:.3f}<extra></extra>",
                },
                {
                    "x": counted.values.tolist(),
                    "y": rounded(counted.expected),
                    "mode": "markers",
                    "marker": {"color": "seal", "size": 8},
                    "hovertemplate": "%{x}: %{y:.3f}<extra></extra>",
                },
            ],
            "layout": {
                "bargap": 0.2,
                "xaxis": {"dtick": 1, "title": {"text": say("项的值", "value of the term")}},
                "yaxis": {"title": {"text": say("频率", "frequency")}},
            },
        },
    }


def race_plot(found: tuple[SeriesRun, ...], precision: int) -> Block:
    terms = list(range(1, len(found[0].digits) + 1))
    return {
        "kind": "plot",
        "title": say("正确的位数", "Digits that are right"),
        "hint": say(f"封顶于 {precision} 位", f"capped at {precision}"),
        "height": 290,
        "alt": say(
            "；".join(f"{run.name} {run.digits[-1]:.1f} 位" for run in found),
            "; ".join(f"{run.name} {run.digits[-1]:.1f} digits" for run in found),
        ),
        "figure": {
            "data": [
                {
                    "x": terms,
                    "y": rounded(run.digits, 3),
                    "mode": "lines+markers",
                    "line": {"color": COLOURS[run.name]},
                    "marker": {"size": 5},
                    "hovertemplate": "%{x}: %{y:.1f}<extra></extra>",
                }
                for run in found
            ],
            "layout": {
                "margin": {"l": 48, "r": 104, "t": 10, "b": 40},
                "xaxis": {"title": {"text": say("项数", "terms")}},
                "yaxis": {"title": {"text": say("位数", "digits")}, "rangemode": "tozero"},
                "annotations": [
                    {
                        "x": 1,
                        "xref": "x domain",
                        "y": y,
                        "text": NAMES[name],
                        "showarrow": False,
                        "xanchor": "left",
                        "xshift": 6,
                        "font": {"color": COLOURS[name]},
                    }
                    for name, y in _apart(
                        [(run.name, float(run.digits[-1])) for run in found]
                    ).items()
                ],
            },
        },
    }


def _apart(ends: list[tuple[str, float]]) -> dict[str, float]:
    """Heights of labels, moved apart so that none covers another."""
    gap = 0.075 * max(y for _, y in ends)
    placed: dict[str, float] = {}
    floor = -math.inf
    for name, y in sorted(ends, key=lambda item: item[1]):
        floor = max(y, floor + gap)
        placed[name] = floor
    return placed


def as_fraction(value: Approximation) -> str:
    return f"{value.numerator}/{value.denominator}"


def turn(run: int) -> str:
    return "L" if run % 2 else "R"


def as_power(log10: float) -> str:
    """A positive number given by its decimal logarithm."""
    if not math.isfinite(log10):
        return "0"
    whole = math.floor(log10)
    return f"{10 ** (log10 - whole):.2f} × {power_of_ten(whole)}"


def power_of_ten(exponent: int) -> str:
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}"
