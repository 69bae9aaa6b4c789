"""What the race and simplex scenes of the tab on discrete distributions draw."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from core.labs.discrete_distributions import Comparison, NodeCurve, Race, SimplexRings
from demos._lines import POWERS, line, margins, note, short, shorts
from demos._outcome import Block
from demos._words import say
from demos.discrete_distributions.names import NAMES

_TOP = math.sqrt(3) / 2  # height of the triangle
COLOURS = ("celadon", "seal", "ochre", "indigo", "soft")


def score_bars(scores: Sequence[float], found: Comparison, noise: str) -> Block:
    """Scores to drag above, their exact probabilities below, the softmax as ticks."""
    zh, en = NAMES[noise]
    distance = float(abs(found.exact - found.softmax).sum() / 2)
    reach = max(5.0, math.ceil(max(abs(score) for score in scores)))
    return {
        "kind": "bars",
        "title": say("拖动分数", "Drag the scores"),
        "hint": say(
            f"加{zh}噪声取最大；与 softmax 的全变差距离 {distance:.3f}",
            f"add {en} noise, take the largest; total variation from the softmax {distance:.3f}",
        ),
        "input": "scores",
        "values": shorts(scores),
        "low": -reach,
        "high": reach,
        "step": 0.05,
        "most": 16,
        "axis": say("分数 μ", "score μ"),
        "result": {
            "values": shorts(found.exact),
            "marks": shorts(found.softmax),
            "top": 1,
            "axis": say("获胜的概率（求积）", "chance to win (quadrature)"),
            "marked": "softmax",
        },
    }


def race_plot(found: Race) -> Block:
    """The densities of score plus noise; the rightmost draw wins."""
    x = shorts(found.x)
    traces = []
    for i, row in enumerate(found.density):
        peak = int(row.argmax())
        texts = [""] * len(x)
        texts[peak] = str(i + 1)
        traces.append(
            line(x, shorts(row), COLOURS[i % len(COLOURS)], width=1.8)
            | {
                "mode": "lines+text",
                "text": texts,
                "textposition": "top center",
                "textfont": {"color": COLOURS[i % len(COLOURS)]},
                "hovertemplate": f"{i + 1}: %{{x:.2f}}<extra></extra>",
            }
        )
    return {
        "kind": "plot",
        "title": say("赛跑", "The race"),
        "hint": say(
            "每条曲线是一个分数加噪声的密度；各抽一次，最靠右的获胜",
            "the density of each score plus its noise; each draws once, the rightmost wins",
        ),
        "height": 230,
        "alt": say(
            f"{len(found.density)} 个分数加噪声的密度曲线。",
            f"Densities of {len(found.density)} scores with their noise.",
        ),
        "figure": {
            "data": traces,
            "layout": {
                "xaxis": {
                    "title": {"text": say("分数 + 噪声", "score + noise")},
                    "zeroline": False,
                },
                "yaxis": {"title": {"text": say("密度", "density")}, "rangemode": "tozero"},
                "margin": margins(12, top=24),
            },
        },
    }


def error_plot(found: Comparison, nodes: int, draws: int) -> Block:
    """How far the simulation and the post's sum are from the exact answer, per category."""
    categories = list(range(1, len(found.exact) + 1))
    off = found.frequencies - found.exact

    def points(values: Iterable[float], colour: str, shift: float, **more: object) -> Block:
        return {
            "type": "scatter",
            "mode": "markers",
            "x": [c + shift for c in categories],
            "y": shorts(values),
            "marker": {"color": colour, "size": 9},
            "hovertemplate": "%{y:+.2e}<extra></extra>",
            **more,
        }

    worst = float(abs(found.post - found.exact).max())
    return {
        "kind": "plot",
        "title": say("与精确值之差", "Distance from the exact answer"),
        "hint": say(
            f"原文的和（K = {nodes}）加起来是 {found.post_total:.4f}：丢了尾巴。重新归一后和为 1，各项却未必更准",
            f"the post's sum (K = {nodes}) adds up to {found.post_total:.4f}: tails are missing. "
            "Renormalised it adds up to 1, yet its entries need not be closer",
        ),
        "height": 250,
        "alt": say(
            f"模拟 {draws} 次的全变差距离 {found.total_variation:.4f}；原文的和最多差 {worst:.4f}。",
            f"{draws} simulated draws are {found.total_variation:.4f} away in total variation; the "
            f"post's sum is off by {worst:.4f} at most.",
        ),
        "figure": {
            "data": [
                points(
                    off,
                    "indigo",
                    -0.2,
                    error_y={
                        "type": "data",
                        "array": shorts(2 * found.standard_error),
                        "color": "indigo",
                        "thickness": 1.5,
                        "width": 3,
                    },
                ),
                points(found.post - found.exact, "seal", 0),
                points(found.post_renormalised - found.exact, "ochre", 0.2),
            ],
            "layout": {
                "xaxis": {
                    "title": {"text": say("类别", "category")},
                    "dtick": 1,
                    "range": [0.5, len(categories) + 0.5],
                },
                "yaxis": {
                    "title": {"text": say("概率之差", "difference"), "standoff": 8},
                    "exponentformat": "power",
                },
                "annotations": [
                    note(
                        say("模拟 ± 2 标准误", "simulation ± 2 s.e."),
                        0,
                        1.16,
                        "indigo",
                        xanchor="left",
                    ),
                    note(say("原文的和", "post's sum"), 0.48, 1.16, "seal", xanchor="left"),
                    note(say("重新归一", "renormalised"), 1, 1.16, "ochre", xanchor="right"),
                ],
                "margin": margins(12, left=64, top=32),
            },
        },
    }


def node_plot(curve: NodeCurve) -> Block:
    """The error of the post's sum against its number of quantiles."""
    ks = [int(k) for k in curve.nodes]
    raw, normal = (
        shorts(curve.error),
        [short(v) if v == v else None for v in curve.error_renormalised],
    )
    return {
        "kind": "plot",
        "title": say("原文的和要多少个分位点", "How many quantiles the post's sum needs"),
        "hint": say(
            f"K = {ks[-1]} 时最大误差 {raw[-1]:.1e}；求积到约 1e-12",
            f"largest error {raw[-1]:.1e} at K = {ks[-1]}; the quadrature reaches about 1e-12",
        ),
        "height": 220,
        "alt": say(
            f"最大误差从 K = {ks[0]} 的 {raw[0]:.1e} 降到 K = {ks[-1]} 的 {raw[-1]:.1e}。",
            f"The largest error falls from {raw[0]:.1e} at K = {ks[0]} to {raw[-1]:.1e} at K = {ks[-1]}.",
        ),
        "figure": {
            "data": [
                line(ks, raw, "seal"),
                line(ks, normal, "ochre"),
            ],
            "layout": {
                "xaxis": {
                    "title": {"text": say("分位点数 K", "number of quantiles K")},
                    "type": "log",
                    "dtick": 1,
                },
                "yaxis": {
                    "title": {"text": say("最大误差", "largest error")},
                    "type": "log",
                    **(POWERS | {"dtick": 1}),
                },
                "annotations": [
                    note(say("原文的和", "post's sum"), 0, 1.18, "seal", xanchor="left"),
                    note(say("重新归一", "renormalised"), 0.3, 1.18, "ochre", xanchor="left"),
                ],
                "margin": margins(12, top=30),
            },
        },
    }


def simplex_plot(found: SimplexRings, noise: str) -> Block:
    """Rings of scores on the triangle: under the noise, and under the softmax."""
    zh, en = NAMES[noise]
    apart = float(abs(found.probabilities - found.softmax).sum(axis=-1).max() / 2)
    last = found.radii[-1]
    least, least_softmax = (float(p[-1].min()) for p in (found.probabilities, found.softmax))
    traces: list[Block] = []
    free = 0.0  # height above which there is room for the next radius
    for i, radius in enumerate(found.radii):
        width = 2.2 if i == len(found.radii) - 1 else 1.4
        traces.append(_ring(found, found.softmax, found.softmax_plane, i, "soft", width, "softmax"))
        traces.append(
            _ring(found, found.probabilities, found.plane, i, "celadon", width, say(zh, en))
        )
        x, y = shorts(found.plane[i][len(found.plane[i]) // 4])
        if y < free or y > _TOP - 0.05:
            continue
        free = y + 0.05
        traces.append(
            {
                "type": "scatter",
                "mode": "text",
                "x": [x],
                "y": [y],
                "text": [f"{radius:.3g}"],
                "textfont": {"color": "celadon", "size": 11},
                "textposition": "top center",
                "hoverinfo": "skip",
            }
        )
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    return {
        "kind": "plot",
        "title": say("一圈圈分数落在三角形上", "Rings of scores on the triangle"),
        "hint": say(
            f"灰：softmax；绿：{zh}噪声；绿字是圈的半径。最多相差 {apart:.3f}（全变差）；半径 {last:.3g} 的圈上最小的概率 "
            f"{least:.1e}，softmax {least_softmax:.1e}",
            f"grey: softmax; green: {en} noise; green numbers are radii. At most {apart:.3f} apart in "
            f"total variation; smallest probability on the ring of radius {last:.3g}: {least:.1e}, "
            f"softmax {least_softmax:.1e}",
        ),
        "height": 440,
        "alt": say(
            f"三类分布的三角形：{zh}噪声与 softmax 下同样的分数圈的像，最大全变差距离 {apart:.3f}。",
            f"Triangle of distributions over three classes: images of the same rings of scores under "
            f"{en} noise and under the softmax, {apart:.3f} apart at most.",
        ),
        "figure": {
            "data": [
                line(
                    [0.0, 1.0, 0.5, 0.0],
                    [0.0, 0.0, _TOP, 0.0],
                    "ink",
                    width=1.2,
                    hoverinfo="skip",
                ),
                *traces,
                {
                    "type": "scatter",
                    "mode": "text",
                    "x": [0.0, 1.0, 0.5],
                    "y": [-0.02, -0.02, _TOP + 0.02],
                    "text": [say(f"只有类 {i}", f"class {i} only") for i in (1, 2, 3)],
                    "textposition": ["bottom center", "bottom center", "top center"],
                    "textfont": {"color": "ink"},
                    "hoverinfo": "skip",
                },
            ],
            "layout": {
                "xaxis": hidden | {"range": [-0.12, 1.12]},
                "yaxis": hidden | {"scaleanchor": "x", "range": [-0.1, 0.97]},
                "margin": margins(8, left=8, top=4, bottom=4),
            },
        },
    }


def _ring(
    found: SimplexRings, values: Any, plane: Any, i: int, colour: str, width: float, name: str
) -> Block:
    """One closed curve; its points tell scores and probabilities."""
    texts = [
        f"μ = ({a:.2f}, {b:.2f}, {c:.2f})<br>p = ({p[0]:.3f}, {p[1]:.3f}, {p[2]:.3f})"
        for (a, b, c), p in zip(found.scores[i], values[i], strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": shorts(plane[i][:, 0]),
        "y": shorts(plane[i][:, 1]),
        "text": texts,
        "hovertemplate": f"{name}<br>%{{text}}<extra></extra>",
        "line": {"color": colour, "width": width, "shape": "spline"},
    }
