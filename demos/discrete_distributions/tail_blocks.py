"""What the tails and training scenes of the tab on discrete distributions draw."""

import math
from collections.abc import Mapping, Sequence

from core.labs.discrete_distributions import LoserCurve, PullCurve, Sparsity
from core.labs.output_layers import LayerRun
from demos._lines import POWERS, beside, line, margins, note, short, shorts
from demos._outcome import Block
from demos._words import say
from demos.discrete_distributions.names import LOOKS, NAMES, named

LEAST = 1e-6  # the lower end of the tails' axis


def loser_plot(found: LoserCurve) -> Block:
    """The chance of the lower score, on a logarithmic axis."""
    gaps = shorts(found.gaps)
    traces = []
    for noise, values in found.probability.items():
        colour, dash = LOOKS[noise]
        shown: list[float | None] = [short(v) if v >= LEAST else None for v in values]
        traces.append(line(gaps, shown, colour, named(noise), dash=dash))
    at = next((i for i, gap in enumerate(gaps) if gap >= 4), -1)
    told = {noise: values[at] for noise, values in found.probability.items()}
    return {
        "kind": "plot",
        "title": say("落后者还有多少机会", "What chance the lower score keeps"),
        "hint": say(
            "尾巴决定：有界噪声降到零，正态像 e 的负平方，Gumbel 像 e 的负一次方，Cauchy 像倒数",
            "tails decide: bounded noise reaches zero, normal falls like exp(−d²), Gumbel like exp(−d), "
            "Cauchy like 1/d",
        ),
        "height": 340,
        "alt": say(
            f"差距 {gaps[at]:.1f} 时："
            + "，".join(f"{NAMES[k][0]} {v:.1e}" for k, v in told.items()),
            f"At a gap of {gaps[at]:.1f}: "
            + ", ".join(f"{NAMES[k][1]} {v:.1e}" for k, v in told.items()),
        ),
        "figure": {
            "data": traces,
            "layout": {
                "xaxis": {"title": {"text": say("两个分数之差 d", "difference of two scores d")}},
                "yaxis": {
                    "title": {"text": say("低分获胜的概率", "chance of the lower score")},
                    "type": "log",
                    "range": [math.log10(LEAST), 0],
                    **(POWERS | {"dtick": 1}),
                },
                "margin": margins(92),
            },
        },
    }


def sparsity_plot(found: Sparsity, size: int) -> Block:
    """How many of the categories really count, per noise."""
    order = sorted(found.effective, key=lambda noise: -found.effective[noise])
    labels = [named(noise) for noise in order]

    def bars(values: Mapping[str, float], colour: str, name: str) -> Block:
        return {
            "type": "bar",
            "orientation": "h",
            "y": labels,
            "x": shorts(values[noise] for noise in order),
            "marker": {"color": colour},
            "text": [f"{values[noise]:.2f}" for noise in order],
            "textposition": "outside",
            "cliponaxis": False,
            "hovertemplate": f"{name}: %{{x:.2f}}<extra></extra>",
        }

    zeros = found.zeros.get("uniform", 0.0)
    return {
        "kind": "plot",
        "title": say("稀疏", "Sparsity"),
        "hint": say(
            f"随机的 {size} 个分数：均匀噪声下平均 {zeros:.1f} 项恰好为零，其余噪声一项也没有",
            f"{size} random scores: under uniform noise {zeros:.1f} entries are exactly zero on "
            "average, under the others none",
        ),
        "height": 330,
        "alt": say(
            "有效类别数：" + "，".join(f"{NAMES[n][0]} {found.effective[n]:.2f}" for n in order),
            "Effective number: "
            + ", ".join(f"{NAMES[n][1]} {found.effective[n]:.2f}" for n in order),
        ),
        "figure": {
            "data": [
                bars(found.support, "ochre", say("大于 0.001 的项", "entries above 0.001")),
                bars(found.effective, "celadon", say("有效个数 e^H", "effective number e^H")),
            ],
            "layout": {
                "barmode": "group",
                "bargap": 0.25,
                "xaxis": {
                    "title": {"text": say("类别数", "categories")},
                    "range": [0, size * 1.12],
                },
                "yaxis": {"ticks": ""},
                "annotations": [
                    note(
                        say("有效个数 e^H", "effective number e^H"),
                        0,
                        1.1,
                        "celadon",
                        xanchor="left",
                    ),
                    note(
                        say("大于 0.001 的项", "entries above 0.001"),
                        0.4,
                        1.1,
                        "ochre",
                        xanchor="left",
                    ),
                ],
                "margin": margins(16, left=84, top=28),
            },
        },
    }


STRONGEST = 3.4  # upper end of the pull's axis


def pull_plot(found: PullCurve) -> Block:
    """How hard an example pulls, against how right it is."""
    x = shorts(found.margins)
    traces = []
    for noise, values in found.pull.items():
        colour, dash = LOOKS[noise]
        shown = [short(v) if math.isfinite(v) and v <= STRONGEST else None for v in values]
        traces.append(line(x, shown, colour, dash=dash))
        traces[-1]["hovertemplate"] = named(noise) + ": %{y:.3f}<extra></extra>"
    ends = {noise: float(values[0]) for noise, values in found.pull.items()}
    ends["uniform"] = 0.0  # nothing pulls where there is no probability
    labels = beside(_named({n: end / STRONGEST for n, end in ends.items()}), -0.012, "right")
    return {
        "kind": "plot",
        "title": say("一个样本拉得多用力", "How hard an example pulls"),
        "hint": say(
            "ln p 对领先的导数。错得远时：正态越拉越狠，Gumbel 封顶为 1，Cauchy 松手，均匀连概率都没有了",
            "derivative of ln p by the lead. Far wrong: normal pulls ever harder, Gumbel at most 1, "
            "Cauchy lets go, uniform has no probability left",
        ),
        "height": 280,
        "alt": say(
            f"领先为 {x[0]:g} 时的导数："
            + "，".join(f"{NAMES[n][0]} {v:.2f}" for n, v in ends.items()),
            f"Derivative at a lead of {x[0]:g}: "
            + ", ".join(f"{NAMES[n][1]} {v:.2f}" for n, v in ends.items()),
        ),
        "figure": {
            "data": traces,
            "layout": {
                "xaxis": {
                    "title": {
                        "text": say(
                            "正确类的领先（负数是判错）",
                            "lead of the right class (negative: wrong)",
                        )
                    },
                    "range": [x[0], x[-1]],
                },
                "yaxis": {
                    "title": {"text": "d ln p / d lead"},
                    "range": [0, STRONGEST],
                    "side": "right",
                },
                "annotations": labels,
                "margin": margins(56, left=88),
            },
        },
    }


def _named(places: Mapping[str, float]) -> list[tuple[str, str, float]]:
    return [(named(noise), LOOKS[noise][0], place) for noise, place in places.items()]


def training_plot(runs: Sequence[LayerRun], steps: int) -> Block:
    """Training loss against the step; a loss that runs away leaves the picture and is said."""
    top = 1.35  # nats; all start at ln 3 = 1.10
    low = min(float(run.loss.min()) for run in runs)
    bottom = max(0.0, math.floor(10 * low - 0.5) / 10)
    traces = []
    for run in runs:
        colour, dash = LOOKS[run.noise]
        traces.append(line(list(range(len(run.loss))), shorts(run.loss), colour, dash=dash))
        traces[-1] |= {
            "cliponaxis": True,
            "hovertemplate": named(run.noise) + ": %{y:.4f} nats<extra></extra>",
        }
    away = [run for run in runs if run.loss[-1] > top]
    gone_zh = (
        "；" + "、".join(f"{NAMES[r.noise][0]} {r.loss[-1]:.2f}" for r in away) if away else ""
    )
    gone_en = (
        "; " + ", ".join(f"{NAMES[r.noise][1]} {r.loss[-1]:.2f}" for r in away) if away else ""
    )
    places = {run.noise: (float(run.loss[-1]) - bottom) / (top - bottom) for run in runs}
    return {
        "kind": "plot",
        "title": say("训练损失", "Training loss"),
        "hint": say(
            f"都从 ln 3 = 1.10 nats 出发{gone_zh and '；超出画面：' + gone_zh[1:]}",
            f"all start at ln 3 = 1.10 nats{gone_en and '; out of the picture: ' + gone_en[2:]}",
        ),
        "height": 300,
        "alt": say(
            "最后的训练损失：" + "，".join(f"{NAMES[r.noise][0]} {r.loss[-1]:.3f}" for r in runs),
            "Training loss at the end: "
            + ", ".join(f"{NAMES[r.noise][1]} {r.loss[-1]:.3f}" for r in runs),
        ),
        "figure": {
            "data": traces,
            "layout": {
                "xaxis": {"title": {"text": say("步", "step")}, "range": [0, steps]},
                "yaxis": {
                    "title": {"text": say("损失 (nats)", "loss (nats)")},
                    "range": [bottom, top],
                },
                "annotations": beside(_named(places), 1.012, "left"),
                "margin": margins(92),
            },
        },
    }


def layer_table(runs: Sequence[LayerRun]) -> Block:
    """Final figures of every noise; the words are coloured as the lines are."""
    return {
        "kind": "table",
        "title": say("训练完之后", "After training"),
        "hint": say("另一半数据、正确标签上的表现", "on held-out points with true labels"),
        "columns": [
            say("噪声", "noise"),
            say("训练损失 (nats)", "training loss (nats)"),
            say("测试损失 (nats)", "held-out loss (nats)"),
            say("测试准确率 %", "held-out accuracy %"),
            say("标签概率为零的样本 %", "labels of probability 0, %"),
        ],
        "rows": [
            [
                named(run.noise),
                round(float(run.loss[-1]), 3),
                round(run.held_loss, 3),
                round(100 * float(run.accuracy[-1]), 1),
                round(100 * float(run.lost[-1]), 1),
            ]
            for run in runs
        ],
    }
