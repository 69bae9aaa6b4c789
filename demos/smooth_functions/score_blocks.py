"""What the scores and training scenes of the tab on smooth functions draw."""

from collections.abc import Iterable, Sequence

from core.labs.smooth_functions import BiasCurve, F1Training, Metric
from demos._lines import beside, line, margins, note, round_up, short, shorts
from demos._outcome import Block
from demos._words import say

RUNS = {  # training losses: names and colour
    "cross-entropy": ("交叉熵", "cross-entropy", "indigo"),
    "f1": ("光滑 F1", "smooth F1", "ochre"),
    "cross-entropy then f1": ("先交叉熵后 F1", "both in turn", "seal"),
}


def probability_bars(
    p: Sequence[float], labels: Sequence[float], gradient: Sequence[float]
) -> Block:
    """Predicted probabilities to drag; below, how hard the smooth score pulls each."""
    sizes = [abs(g) for g in gradient]
    return {
        "kind": "bars",
        "title": say("拖动预测的概率", "Drag the predicted probabilities"),
        "hint": say(
            "柱名是标签（＋ 正，− 负）；下面是光滑 F1 对每个概率的梯度的大小",
            "names are labels (+ positive, − negative); below, how hard smooth F1 pulls each probability",
        ),
        "input": "probabilities",
        "values": shorts(p),
        "names": ["+" if y else "−" for y in labels],
        "low": 0,
        "high": 1,
        "step": 0.01,
        "least": len(p),
        "most": len(p),
        "axis": say("预测为正的概率", "predicted probability"),
        "result": {
            "values": shorts(sizes),
            "top": round_up(max(sizes)),
            "axis": say("|∂F1/∂p|", "|∂F1/∂p|"),
        },
    }


def metric_table(
    accuracy: Metric, f1: Metric, sharp_accuracy: Metric, sharp_f1: Metric, sharpness: float
) -> Block:
    """Counted and smooth scores side by side."""

    def row(name: str, soft: Metric, sharp: Metric) -> list[str | float]:
        return [
            name,
            round(soft.exact, 4),
            round(soft.smooth, 4),
            round(sharp.smooth, 4),
            round(sharp.smooth - sharp.exact, 4),
        ]

    return {
        "kind": "table",
        "title": say("数出来的与光滑的", "Counted and smooth"),
        "hint": say("阈值 1/2", "threshold 1/2"),
        "columns": [
            "",
            say("数出来的", "counted"),
            say("光滑，K = 1", "smooth, K = 1"),
            say(f"光滑，K = {sharpness:.3g}", f"smooth, K = {sharpness:.3g}"),
            say("误差", "error"),
        ],
        "rows": [
            row(say("准确率", "accuracy"), accuracy, sharp_accuracy),
            row("F1", f1, sharp_f1),
        ],
    }


def moved_plot(
    xs: Sequence[float], counted: Sequence[float], smooth: Sequence[float], at: float, place: int
) -> Block:
    """F1 while one probability goes from 0 to 1."""
    return {
        "kind": "plot",
        "title": say(f"只动第 {place} 个概率", f"Moving probability {place} alone"),
        "hint": say(
            "数出来的 F1 在 1/2 处一跳，别处没有斜率；光滑的处处有",
            "the counted F1 jumps once at 1/2 and has no slope elsewhere; the smooth one has it everywhere",
        ),
        "height": 230,
        "alt": say(
            f"第 {place} 个概率从 0 到 1：数出来的 F1 从 {counted[0]:.3f} 跳到 {counted[-1]:.3f}，光滑的从 "
            f"{smooth[0]:.3f} 连续变到 {smooth[-1]:.3f}。",
            f"Probability {place} from 0 to 1: the counted F1 jumps from {counted[0]:.3f} to "
            f"{counted[-1]:.3f}, the smooth one moves from {smooth[0]:.3f} to {smooth[-1]:.3f}.",
        ),
        "figure": {
            "data": [
                line(xs, shorts(counted), "soft", say("数出来的", "counted"), width=1.8),
                line(xs, shorts(smooth), "celadon", say("光滑", "smooth")),
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [at],
                    "y": [short(smooth[min(range(len(xs)), key=lambda i: abs(xs[i] - at))])],
                    "marker": {"color": "celadon", "size": 10},
                    "hoverinfo": "skip",
                },
            ],
            "layout": {
                "xaxis": {
                    "title": {"text": say(f"第 {place} 个概率", f"probability {place}")},
                    "range": [0, 1],
                },
                "yaxis": {"title": {"text": "F1"}},
                "margin": margins(72),
            },
        },
    }


def training_plot(found: F1Training, switch: int) -> Block:
    """F1 on held-out data while three classifiers learn."""
    traces = []
    steps = len(found.f1[0])
    thin = list(range(0, steps, max(1, steps // 200)))
    if thin[-1] != steps - 1:
        thin.append(steps - 1)
    for name, curve in zip(found.names, found.f1, strict=True):
        zh, en, colour = RUNS[name]
        traces.append(line(thin, [short(float(curve[i])) for i in thin], colour))
        traces[-1]["hovertemplate"] = say(zh, en) + ": %{y:.3f}<extra></extra>"
    final = {name: float(curve[-1]) for name, curve in zip(found.names, found.f1, strict=True)}
    return {
        "kind": "plot",
        "title": say("测试集上的 F1", "F1 on held-out data"),
        "hint": say(
            f"最后：交叉熵 {final['cross-entropy']:.3f}，光滑 F1 {final['f1']:.3f}，第 {switch} 步换损失 "
            f"{final['cross-entropy then f1']:.3f}",
            f"at the end: cross-entropy {final['cross-entropy']:.3f}, smooth F1 {final['f1']:.3f}, "
            f"changed at step {switch} {final['cross-entropy then f1']:.3f}",
        ),
        "height": 300,
        "alt": say(
            "最后的 F1：" + "，".join(f"{RUNS[n][0]} {v:.3f}" for n, v in final.items()),
            "F1 at the end: " + ", ".join(f"{RUNS[n][1]} {v:.3f}" for n, v in final.items()),
        ),
        "figure": {
            "data": traces,
            "layout": {
                "xaxis": {"title": {"text": say("步", "step")}, "range": [0, steps - 1]},
                "yaxis": {"title": {"text": "F1"}, "range": [-0.02, 1.02]},
                "shapes": [
                    {
                        "type": "line",
                        "x0": switch,
                        "x1": switch,
                        "y0": 0,
                        "y1": 1,
                        "line": {"color": "soft", "dash": "dot", "width": 1},
                    }
                ],
                "annotations": beside(
                    [
                        (say(RUNS[n][0], RUNS[n][1]), RUNS[n][2], (v + 0.02) / 1.04)
                        for n, v in final.items()
                    ],
                    1.012,
                    "left",
                ),
                "margin": margins(112),
            },
        },
    }


def cloud_plot(found: F1Training) -> Block:
    """The training points and the three boundaries."""
    data: list[Block] = []
    for label, colour, name in (
        (0.0, "soft", say("负", "negative")),
        (1.0, "celadon", say("正", "positive")),
    ):
        chosen = found.points[found.labels == label]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": shorts(chosen[:, 0]),
                "y": shorts(chosen[:, 1]),
                "marker": {"color": colour, "size": 5, "opacity": 0.6 if label == 0 else 1},
                "hovertemplate": f"{name}<extra></extra>",
            }
        )
    low, high = float(found.points.min()), float(found.points.max())
    for name, (a, b, c) in zip(found.names, found.weights, strict=True):
        zh, en, colour = RUNS[name]
        if abs(b) < 1e-9:
            continue
        ends = [(x, -(a * x + c) / b) for x in (low, high)]
        data.append(
            line([short(x) for x, _ in ends], [short(y) for _, y in ends], colour, say(zh, en))
            | {"text": None, "mode": "lines", "cliponaxis": True}
        )
    rare = 100 * float(found.labels.mean())
    return {
        "kind": "plot",
        "title": say("边界", "Boundaries"),
        "hint": say(
            f"正例占 {rare:.0f}%：交叉熵的边界离正例太近，F1 把它推开",
            f"{rare:.0f}% are positive: cross-entropy draws its line too close to them, F1 moves it",
        ),
        "height": 320,
        "alt": say(
            "两团点与三条分界线：蓝是交叉熵，赭是光滑 F1，红是先后两种。",
            "Two clouds and three boundaries: cross-entropy blue, smooth F1 ochre, both in turn red.",
        ),
        "figure": {
            "data": data,
            "layout": {
                "xaxis": {"title": {"text": "x₁"}, "range": [low, high]},
                "yaxis": {"title": {"text": "x₂"}, "range": [low, high]},
                "annotations": [
                    note(say(RUNS[n][0], RUNS[n][1]), x, 1.1, RUNS[n][2], xanchor=a)
                    for n, x, a in (
                        ("cross-entropy", 0, "left"),
                        ("f1", 0.5, "center"),
                        ("cross-entropy then f1", 1, "right"),
                    )
                ],
                "margin": margins(12, top=30),
            },
        },
    }


def _named_first(
    x: Sequence[float], y: Iterable[float], colour: str, label: str, place: str
) -> Block:
    """A line with its name at the first point, for lines that meet at the last."""
    trace = line(x, shorts(y), colour, mode="lines+markers")
    return trace | {
        "mode": "lines+markers+text",
        "text": [label] + [""] * (len(x) - 1),
        "textposition": place,
        "textfont": {"color": colour},
    }


def bias_plot(found: BiasCurve) -> Block:
    """The mean F1 of batches against their size."""
    sizes = [int(v) for v in found.sizes]
    gap = float(found.smooth[0] - found.smooth_whole)
    return {
        "kind": "plot",
        "title": say("小批量的 F1 有偏", "F1 of small batches is biased"),
        "hint": say(
            f"批大小 {sizes[0]} 时，光滑 F1 的平均比整体的差 {gap:+.3f}：所以只宜在交叉熵之后微调",
            f"at batches of {sizes[0]} the mean smooth F1 is off by {gap:+.3f}: hence only for "
            "fine-tuning after cross-entropy",
        ),
        "height": 230,
        "alt": say(
            f"批大小 {sizes[0]} 到 {sizes[-1]}：光滑 F1 的批平均从 {found.smooth[0]:.3f} 到 {found.smooth[-1]:.3f}。",
            f"Batches of {sizes[0]} to {sizes[-1]}: mean smooth F1 from {found.smooth[0]:.3f} to "
            f"{found.smooth[-1]:.3f}.",
        ),
        "figure": {
            "data": [
                _named_first(sizes, found.smooth, "celadon", say("光滑", "smooth"), "top center"),
                _named_first(
                    sizes, found.exact, "soft", say("数出来的", "counted"), "bottom center"
                ),
            ],
            "layout": {
                "xaxis": {
                    "title": {"text": say("批大小", "batch size")},
                    "type": "log",
                    "tickvals": [v for v in sizes if v == sizes[-1] or 1.6 * v < sizes[-1]],
                },
                "yaxis": {"title": {"text": say("批平均 F1", "mean F1 of batches")}},
                "margin": margins(16),
            },
        },
    }
