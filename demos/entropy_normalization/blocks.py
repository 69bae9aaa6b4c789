"""What the tab on entropy normalisation draws: bars, solver logs, the map of failures, attention."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from core.labs.constant_entropy import AttentionLengths
from core.labs.entropy_newton import FailureMap, PostIteration, TargetSweep
from core.labs.entropy_normalization import EntropyCurve, Normalised
from demos._lines import POWERS, line, margins, note, round_up, short, shorts
from demos._numbers import thinned
from demos._outcome import Block
from demos._words import say

DRAWN = 48  # bars; longer lists are drawn as a curve
SMALLEST = 1e-17  # what a miss of zero is drawn as
FAILED = 0.01  # nats off


def bars(found: Normalised, values: Sequence[float], logits: bool) -> Block:
    nats, wanted = found.entropy_before, found.entropy_after
    hint = say(
        f"H {nats:.3f} → {wanted:.3f} nats，相当于 {math.exp(nats):.2f} → {math.exp(wanted):.2f} 个等可能的选择，"
        f"γ = {gamma_text(found.gamma)}",
        f"H {nats:.3f} → {wanted:.3f} nats, as many as {math.exp(nats):.2f} → {math.exp(wanted):.2f} "
        f"equal choices, γ = {gamma_text(found.gamma)}",
    )
    title = say("拖动柱子，或按住横扫", "Drag the bars, or sweep across them")
    if len(values) > DRAWN:
        return _rank_plot(found, hint)
    span = max(abs(v) for v in values)
    high = max(1.0, round_up(span))
    return {
        "kind": "bars",
        "title": title,
        "hint": hint,
        "input": "weights",
        "values": shorts(values),
        "low": -high if logits else 0,
        "high": high,
        "step": high / 100,
        "most": DRAWN,
        "axis": say("对数权重", "logit") if logits else say("权重", "weight"),
        "result": {
            "values": shorts(found.after),
            "marks": shorts(found.before),
            "top": round_up(max(found.after.max(), found.before.max())),
            "axis": say("归一到目标熵的概率", "probability at the wanted entropy"),
            "marked": say("原来的概率", "probability as given"),
        },
    }


def _rank_plot(found: Normalised, hint: str) -> Block:
    order = (-found.before).argsort()
    ranks = thinned(range(len(order)), 400)
    return {
        "kind": "plot",
        "title": say(f"{len(order)} 个概率，从大到小", f"{len(order)} probabilities, descending"),
        "hint": hint,
        "height": 300,
        "alt": say(
            f"归一前熵 {found.entropy_before:.3f}，归一后 {found.entropy_after:.3f} nats。",
            f"Entropy {found.entropy_before:.3f} before and {found.entropy_after:.3f} nats after.",
        ),
        "figure": {
            "data": [
                line(
                    [i + 1 for i in ranks],
                    [_positive(p[order[i]]) for i in ranks],
                    colour,
                    name,
                )
                for p, colour, name in (
                    (found.before, "seal", say("原来", "as given")),
                    (found.after, "ochre", say("归一后", "normalised")),
                )
            ],
            "layout": {
                "xaxis": {"title": {"text": say("名次", "rank")}, "type": "log"},
                "yaxis": {"title": {"text": say("概率", "probability")}, "type": "log", **POWERS},
                "margin": margins(92),
            },
        },
    }


def solver_plot(found: Normalised, post: PostIteration) -> Block:
    """Miss against round, for both solvers."""
    own = [(i, abs(one.entropy - found.target)) for i, one in enumerate(found.rounds)]
    start = abs(found.entropy_before - found.target)
    theirs = [(0, start)] + [
        (i, abs(one.entropy - found.target)) for i, one in enumerate(post.rounds, start=1)
    ]
    lost = not all(math.isfinite(miss) for _, miss in theirs)
    miss_zh, miss_en = miss_text(post.miss)
    bisections = sum(one.kind == "bisection" for one in found.rounds[1:])
    return {
        "kind": "plot",
        "title": say("两种解法的误差", "The miss of both solvers"),
        "hint": say(
            f"括住的解法 {max(0, len(own) - 1)} 步（其中二分 {bisections} 步）；原文的迭代 {len(post.rounds)} 步后"
            f"{miss_zh}",
            f"bracketed: {max(0, len(own) - 1)} rounds, {bisections} of them bisections; the post's "
            f"iteration {miss_en} after {len(post.rounds)}",
        ),
        "height": 250,
        "alt": say(
            f"括住的解法误差 {abs(found.entropy_after - found.target):.1e} nats，原文的迭代"
            f"{miss_zh}。",
            f"The bracketed solver misses by {abs(found.entropy_after - found.target):.1e} nats, the "
            f"post's iteration {miss_en}.",
        ),
        "figure": {
            "data": [
                line(
                    [i for i, _ in own],
                    [_positive(miss) for _, miss in own],
                    "celadon",
                    say("括住", "bracketed"),
                    mode="lines+markers",
                    place="top right",
                ),
                line(
                    [i for i, _ in theirs],
                    [_positive(miss) if math.isfinite(miss) else None for _, miss in theirs],
                    "seal",
                    say("原文：nan", "post: nan") if lost else say("原文", "the post"),
                    mode="lines+markers",
                ),
                line(
                    [0, max(len(own), len(theirs)) - 1],
                    [FAILED, FAILED],
                    "soft",
                    "0.01 nat",
                    dash="dot",
                ),
            ],
            "layout": {
                "xaxis": {"title": {"text": say("轮", "round")}, "rangemode": "tozero"},
                "yaxis": {"title": {"text": "|H − H*| (nats)"}, "type": "log", **POWERS},
                "margin": margins(84),
            },
        },
    }


def curve_plot(found: Normalised, curve: EntropyCurve, sweep: TargetSweep) -> Block:
    """H against the exponent, and beside its axis the entropies that the post's iteration misses."""
    mark: list[Block] = []
    missed = [short(t) for t, m in zip(sweep.targets, sweep.miss, strict=True) if not m <= FAILED]
    kept = [short(t) for t, m in zip(sweep.targets, sweep.miss, strict=True) if m <= FAILED]
    share = len(missed) / len(sweep.targets)
    left = short(curve.gamma[0] / 2)  # clear of the curve
    if 0 < found.gamma < math.inf:
        mark = [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [found.gamma],
                "y": [found.entropy_after],
                "marker": {"color": "seal", "size": 10},
                "hovertemplate": "γ = %{x:.4g}, H = %{y:.4f}<extra></extra>",
            }
        ]
    return {
        "kind": "plot",
        "title": say("熵随指数下降", "Entropy falls with the exponent"),
        "hint": say(
            f"圆点是解；左边红刻度是原文迭代到不了的目标，占 {100 * share:.0f}%",
            "the dot is the solution; red ticks at the left are targets that the post's iteration "
            f"misses, {100 * share:.0f}%",
        ),
        "height": 260,
        "alt": say(
            f"H(γ) 从 {curve.ceiling:.3f} 降到 {curve.floor:.3f} nats，目标 {found.target:.3f} 在 γ = "
            f"{gamma_text(found.gamma)} 达到。",
            f"H(γ) falls from {curve.ceiling:.3f} to {curve.floor:.3f} nats and meets "
            f"{found.target:.3f} at γ = {gamma_text(found.gamma)}.",
        ),
        "figure": {
            "data": [
                line(
                    [short(g) for g in curve.gamma],
                    [short(h) for h in curve.entropy],
                    "celadon",
                    "H(γ)",
                ),
                line(
                    [short(curve.gamma[0]), short(curve.gamma[-1])],
                    [found.target, found.target],
                    "seal",
                    "H*",
                    dash="dot",
                ),
                _rug(left, kept, "celadon", say("原文到得了", "the post arrives")),
                _rug(left, missed, "seal", say("原文到不了", "the post misses")),
                *mark,
            ],
            "layout": {
                "xaxis": {"title": {"text": say("指数 γ", "exponent γ")}, "type": "log"},
                "yaxis": {"title": {"text": say("熵 (nats)", "entropy (nats)")}},
                "margin": margins(52),
            },
        },
    }


def _rug(x: float, targets: Sequence[float], colour: str, name: str) -> Block:
    """Ticks beside the vertical axis."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [x] * len(targets),
        "y": list(targets),
        "marker": {
            "symbol": "line-ew",
            "size": 14,
            "color": colour,
            "line": {"color": colour, "width": 3},
        },
        "cliponaxis": False,
        "hovertemplate": f"{name}: H* = %{{y:.3f}}<extra></extra>",
    }


def map_plot(
    found: FailureMap, arguments: Mapping[str, Any], chosen: tuple[float, float] | None = None
) -> Block:
    uniform = arguments["spread"] == "uniform"
    scales = [round(float(s), 3) for s in found.scales]
    percents = [round(100 * float(t)) for t in found.targets]
    heat: Block = {
        "type": "heatmap",
        "x": scales,
        "y": percents,
        "z": [[round(100 * float(v)) for v in row] for row in found.missed],
        "zmin": 0,
        "zmax": 100,
        "colorscale": [[0, "pale-celadon"], [0.02, "pale-ochre"], [0.5, "ochre"], [1, "seal"]],
        "colorbar": {
            "title": {"text": say("失败 %", "missed %")},
            "thickness": 12,
            "outlinewidth": 0,
        },
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": say(
            "尺度 %{x}，目标 %{y}% ln n：失败 %{z}%<extra></extra>",
            "scale %{x}, target %{y}% of ln n: %{z}% missed<extra></extra>",
        ),
    }
    data = [heat]
    if chosen:
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [min(scales, key=lambda s: abs(s - chosen[0]))],
                "y": [min(percents, key=lambda p: abs(p - chosen[1]))],
                "marker": {
                    "symbol": "square-open",
                    "size": 22,
                    "color": "ink",
                    "line": {"width": 2},
                },
                "hoverinfo": "skip",
            }
        )
    overall = 100 * found.overall
    return {
        "kind": "plot",
        "title": say("原文的迭代在哪里失败", "Where the post's iteration fails"),
        "hint": say(
            f"{arguments['rounds']} 轮后平均 {overall:.0f}% 差出 0.01 nat 以上；括住的解法最多差 "
            f"{found.solver_worst:.0e}。点一格看一例",
            f"after {arguments['rounds']} rounds {overall:.0f}% are off by more than 0.01 nat; the "
            f"bracketed solver by {found.solver_worst:.0e} at most. Click a cell for a case",
        ),
        "height": 400,
        "click": "cell",
        "alt": say(
            f"目标熵与分散程度的网格，原文的迭代平均失败 {overall:.0f}%，最坏的格 "
            f"{100 * found.missed.max():.0f}%。",
            f"Grid of targets and spreads; the post's iteration misses {overall:.0f}% on average and "
            f"{100 * found.missed.max():.0f}% in the worst cell.",
        ),
        "figure": {
            "data": data,
            "layout": {
                "xaxis": {
                    "title": {
                        "text": say("u^s 的指数 s", "exponent s of u^s")
                        if uniform
                        else say("对数权重的标准差 s", "deviation s of the log-weights")
                    },
                    "type": "category",
                    "showgrid": False,
                },
                "yaxis": {
                    "title": {"text": say("目标熵，占 ln n 的 %", "target entropy, % of ln n")},
                    "type": "category",
                    "showgrid": False,
                },
                "margin": {"l": 58, "r": 8, "t": 10, "b": 48},
            },
        },
    }


def _lengths(n: Sequence[int]) -> Block:
    return {"title": {"text": say("键的个数 n", "number of keys n")}, "type": "log", "tickvals": n}


def attention_plot(found: AttentionLengths) -> Block:
    """The entropy of the plain softmax and of the normalised one against the length."""
    n = [int(v) for v in found.lengths]
    start, end, kept = found.entropy[0], found.entropy[-1], found.target
    return {
        "kind": "plot",
        "title": say("文本变长，注意力的熵", "Entropy of the attention as the text grows"),
        "hint": say(
            f"softmax 从 {start:.2f} 长到 {end:.2f} nats；归一后恒为 {kept:.2f}",
            f"the softmax grows from {start:.2f} to {end:.2f} nats; normalised it stays at {kept:.2f}",
        ),
        "height": 240,
        "alt": say(
            f"n 从 {n[0]} 到 {n[-1]}，softmax 的熵从 {start:.2f} 升到 {end:.2f}，归一后恒为 {kept:.2f} nats。",
            f"From {n[0]} to {n[-1]} keys the softmax's entropy rises from {start:.2f} to {end:.2f} "
            f"nats, the normalised one stays at {kept:.2f}.",
        ),
        "figure": {
            "data": [
                line(n, shorts(found.entropy), "seal", "softmax", mode="lines+markers"),
                line(n, [kept] * len(n), "celadon", say("归一", "fixed"), mode="lines+markers"),
            ],
            "layout": {
                "xaxis": _lengths(n),
                "yaxis": {
                    "title": {"text": say("熵 (nats)", "entropy (nats)")},
                    "rangemode": "tozero",
                },
                "margin": margins(64),
            },
        },
    }


def gamma_plot(found: AttentionLengths) -> Block:
    """The factor that keeps the entropy, and the line through it."""
    n = [int(v) for v in found.lengths]
    fit = [found.intercept + found.slope * math.log(v) for v in n]
    double = found.slope * math.log(2)
    return {
        "kind": "plot",
        "title": say("要乘多大的 γ", "The γ that this takes"),
        "hint": say(
            f"16 个查询的中位数；虚线是对 ln n 的直线，每翻倍加 {double:.2f}",
            f"median of 16 queries; dotted: a straight line in ln n, {double:+.2f} per doubling",
        ),
        "height": 220,
        "alt": say(
            f"γ 从 {found.gamma[0]:.2f} 升到 {found.gamma[-1]:.2f}，近似对 ln n 成直线。",
            f"γ rises from {found.gamma[0]:.2f} to {found.gamma[-1]:.2f}, nearly straight in ln n.",
        ),
        "figure": {
            "data": [
                line(n, shorts(found.gamma), "indigo", "γ", mode="lines+markers"),
                line(n, shorts(fit), "soft", dash="dot"),
            ],
            "layout": {
                "xaxis": _lengths(n),
                "yaxis": {"title": {"text": "γ"}, "rangemode": "tozero"},
                "margin": margins(64),
            },
        },
    }


def weights_plot(found: AttentionLengths) -> Block:
    shown = 16

    def largest(weights: Iterable[float], colour: str, axes: str) -> Block:
        top = shorts(islice(weights, shown))
        return {
            "type": "bar",
            "x": list(range(1, len(top) + 1)),
            "y": top,
            "marker": {"color": colour},
            "hovertemplate": say(
                "第 %{x} 大：%{y:.3f}<extra></extra>", "rank %{x}: %{y:.3f}<extra></extra>"
            ),
            "xaxis": f"x{axes}",
            "yaxis": f"y{axes}",
        }

    first, last = int(found.lengths[0]), int(found.lengths[-1])
    return {
        "kind": "plot",
        "title": say("一个查询最大的 16 个权重", "The 16 largest weights of one query"),
        "hint": say(f"左 {first} 个键，右 {last} 个键", f"left {first} keys, right {last} keys"),
        "height": 230,
        "alt": say(
            f"{last} 个键时最大的权重：softmax {found.long[0][0]:.3f}，归一后 {found.long[1][0]:.3f}。",
            f"Largest weight of {last} keys: {found.long[0][0]:.3f} by softmax, "
            f"{found.long[1][0]:.3f} normalised.",
        ),
        "figure": {
            "data": [
                largest(found.short[0], "seal", ""),
                largest(found.short[1], "celadon", ""),
                largest(found.long[0], "seal", "2"),
                largest(found.long[1], "celadon", "2"),
            ],
            "layout": {
                "barmode": "group",
                "bargap": 0.2,
                "xaxis": {
                    "title": {"text": say("名次", "rank")},
                    "domain": [0, 0.46],
                    "dtick": 3,
                    "range": [0.3, 16.7],
                },
                "yaxis": {"title": {"text": say("权重", "weight")}},
                "xaxis2": {
                    "title": {"text": say("名次", "rank")},
                    "domain": [0.54, 1],
                    "anchor": "y2",
                    "dtick": 3,
                    "range": [0.3, 16.7],
                },
                "yaxis2": {"matches": "y", "anchor": "x2", "showticklabels": False},
                "annotations": [
                    note("softmax", 1, 0.98, "seal", xanchor="right"),
                    note(say("归一到固定熵", "fixed entropy"), 1, 0.84, "celadon", xanchor="right"),
                ],
                "margin": margins(12),
            },
        },
    }


def gamma_text(gamma: float) -> str:
    """An exponent in words."""
    return "∞" if math.isinf(gamma) else f"{gamma:.4g}"


def miss_text(miss: float) -> tuple[str, str]:
    """How far off, in Chinese and in English."""
    if not math.isfinite(miss):
        return "崩溃成 nan", "breaks down to nan"
    text = (
        "< 1e-14 nats"
        if miss < 1e-14
        else f"{miss:.1e} nats"
        if miss < FAILED
        else f"{miss:.2f} nats"
    )
    return f"差 {text}", f"misses by {text}"


def _positive(value: float) -> float:
    return max(float(f"{value:.4g}"), SMALLEST)
