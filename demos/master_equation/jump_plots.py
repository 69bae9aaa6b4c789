"""Pictures and explanations of the master equation: graphs, probabilities, entropies, paths."""

import math
from typing import Any

from core.labs.master_equation import Cycle, Experiment, GraphStudy
from demos._numbers import rounded
from demos._outcome import Block, formula, plain
from demos._words import say

COLOURS = ("celadon", "seal", "ochre", "indigo", "soft", "ink")
COUNTED = {
    "individuals": say("个体数", "individuals"),
    "infected": say("感染者", "infected"),
    "gene on": say("基因开启", "gene on"),
    "proteins": say("蛋白质数", "proteins"),
    "prey": say("猎物", "prey"),
    "predators": say("捕食者", "predators"),
}


def graph_block(found: GraphStudy) -> Block:
    graph, still = found.graph, found.stationary
    zh, en = (
        ("细致平衡成立", "in detailed balance")
        if still.detailed_balance
        else ("细致平衡不成立", "not in detailed balance")
    )
    return {
        "kind": "rates",
        "title": say("速率图", "Rate graph"),
        "hint": say(
            f"红色箭头是此刻的净流；稳态{zh}",
            f"red arrows carry net flow at this moment; the stationary state is {en}",
        ),
        "states": [{"label": label} for label in graph.labels],
        "edges": [
            {"from": y, "to": x, "rate": float(graph.rates[x, y])}
            for y in range(len(graph.labels))
            for x in range(len(graph.labels))
            if graph.rates[x, y] > 0
        ],
        "start": found.start,
        "times": rounded(found.evolution.times),
        "distribution": rounded(found.evolution.distribution, 5),
    }


def probability_plot(found: GraphStudy) -> Block:
    times, p = found.evolution.times, found.evolution.distribution
    labels, final = found.graph.labels, found.stationary.distribution
    shown = sorted(range(len(labels)), key=lambda i: -float(p[:, i].max()))[:12]
    ends = _spread([(i, float(p[-1, i])) for i in shown])
    data: list[Block] = []
    for place, i in enumerate(shown):
        colour = COLOURS[place % len(COLOURS)]
        data += [
            {
                "x": rounded(times),
                "y": rounded(p[:, i], 5),
                "mode": "lines",
                "line": {"color": colour},
                "hovertemplate": f"p({labels[i]}) = %{{y:.4f}}<br>t = %{{x:.2f}}<extra></extra>",
            },
            {
                "x": [float(times[0]), float(times[-1])],
                "y": [float(final[i])] * 2,
                "mode": "lines",
                "line": {"color": colour, "width": 1, "dash": "dot"},
                "hoverinfo": "skip",
            },
        ]
    return {
        "kind": "plot",
        "title": say("概率随时间", "Probabilities in time"),
        "hint": say("点线是稳态", "dotted: the stationary state"),
        "height": 270,
        "alt": say(
            "各状态的概率收敛到稳态："
            + "，".join(f"{labels[i]} {final[i]:.3f}" for i in shown[:6])
            + "。",
            "The probabilities converge to "
            + ", ".join(f"{labels[i]} {final[i]:.3f}" for i in shown[:6])
            + ".",
        ),
        "figure": {
            "data": data,
            "layout": {
                "margin": {"l": 48, "r": 56, "t": 10, "b": 40},
                "xaxis": {"title": {"text": say("时间（1/速率）", "time (1 / rate)")}},
                "yaxis": {"title": {"text": say("概率", "probability")}, "range": [-0.02, 1.02]},
                "annotations": [
                    {
                        "x": 1,
                        "xref": "paper",
                        "y": y,
                        "text": labels[i],
                        "showarrow": False,
                        "xanchor": "left",
                        "xshift": 6,
                        "font": {"color": COLOURS[place % len(COLOURS)]},
                    }
                    for place, (i, y) in enumerate((i, ends[i]) for i in shown)
                ],
            },
        },
    }


def _spread(ends: list[tuple[int, float]], gap: float = 0.065) -> dict[int, float]:
    """Heights of labels, moved apart so that none covers another."""
    placed: dict[int, float] = {}
    floor = -1.0
    for i, y in sorted(ends, key=lambda item: item[1]):
        floor = max(y, floor + gap)
        placed[i] = floor
    return placed


def relaxation_plot(found: GraphStudy) -> Block:
    times, evolution = found.evolution.times, found.evolution
    open_ended = any(not math.isfinite(v) for v in evolution.production[1:])
    data: list[Block] = [
        {
            "x": rounded(times),
            "y": rounded(evolution.divergence, 6),
            "mode": "lines",
            "line": {"color": "celadon"},
            "hovertemplate": "D = %{y:.4f} nats<br>t = %{x:.2f}<extra></extra>",
        },
    ]
    notes = [
        _beside(say("到稳态的相对熵", "relative entropy to the stationary state"), "celadon", 0.98)
    ]
    if not open_ended:
        data.append(
            {
                "x": rounded(times[1:]),
                "y": rounded(evolution.production[1:], 6),
                "mode": "lines",
                "line": {"color": "seal"},
                "hovertemplate": "σ = %{y:.4f} nats / time<br>t = %{x:.2f}<extra></extra>",
            }
        )
        notes.append(
            _beside(say("熵产生率（每单位时间）", "entropy production (per time)"), "seal", 0.86)
        )
    return {
        "kind": "plot",
        "title": say("熵", "Entropy"),
        "hint": say(
            "有单向跳转：熵产生无穷大，不画",
            "one-way jumps: entropy production is infinite, not drawn",
        )
        if open_ended
        else say(
            "相对熵只降不升；熵产生不会为负",
            "relative entropy never rises; production is never negative",
        ),
        "height": 230,
        "alt": say(
            f"相对熵从 {evolution.divergence[0]:.3f} 降到 {evolution.divergence[-1]:.4f} nats。",
            f"The relative entropy falls from {evolution.divergence[0]:.3f} to {evolution.divergence[-1]:.4f} nats.",
        ),
        "figure": {
            "data": data,
            "layout": {
                "xaxis": {"title": {"text": say("时间（1/速率）", "time (1 / rate)")}},
                "yaxis": {
                    "title": {"text": "nats"},
                    "rangemode": "tozero",
                },
                "annotations": notes,
            },
        },
    }


def _beside(text: str, colour: str, height: float) -> Block:
    return {
        "x": 0.98,
        "xref": "paper",
        "xanchor": "right",
        "y": height,
        "yref": "paper",
        "text": text,
        "showarrow": False,
        "font": {"color": colour},
    }


def balance_story(found: GraphStudy) -> list[Any]:
    still, labels = found.stationary, found.graph.labels
    slow, made = still.relaxation_time, still.entropy_production
    classes = len(still.closed_classes)
    decay = (
        (f"最慢的模式时间常数 {slow:.3g}", f"the slowest mode decays with time constant {slow:.3g}")
        if math.isfinite(slow)
        else ("没有会衰减的模式", "nothing decays")
    )
    ends = (
        ("从哪里出发都一样", "the same from every start")
        if still.unique
        else (
            f"有 {classes} 个走不出去的类，依赖起点",
            f"{classes} classes are never left, so it depends on the start",
        )
    )
    heat = (
        (f"{made:.4g} nats 每单位时间", f"{made:.4g} nats per time")
        if math.isfinite(made)
        else ("无穷大：单向跳转在用", "infinite: a one-way jump is in use")
    )
    return [
        formula(
            r"\dot p_x=\sum_y\left(W_{xy}p_y-W_{yx}p_x\right)=(\tilde Wp)_x,"
            r"\qquad p(t)=e^{\tilde Wt}p(0)"
        ),
        say(
            f"{len(labels)} 个状态的稳态解到残差 {still.residual:.1e}，{ends[0]}；{decay[0]}。",
            f"The stationary state of {len(labels)} states is solved to a residual of "
            f"{still.residual:.1e}, {ends[1]}; {decay[1]}.",
        ),
        *_cycle_story(found.cycle, labels),
        say(
            f"稳态里最大的净流是 {still.largest_current:.4g}，熵产生 {heat[0]}。",
            f"In the stationary state the largest net flow is {still.largest_current:.4g}, the entropy "
            f"production {heat[1]}.",
        ),
    ]


def _cycle_story(cycle: Cycle | None, labels: tuple[str, ...]) -> list[Any]:
    if cycle is None:
        return [
            say(
                "图里没有环，Kolmogorov 判据自动满足。",
                "There is no cycle, so Kolmogorov's criterion holds by itself.",
            )
        ]
    walk = " → ".join(labels[i] for i in (*cycle.states, cycle.states[0]))
    value = f"{cycle.affinity:.4g}" if math.isfinite(cycle.affinity) else r"\infty"
    return [
        say(
            f"Kolmogorov 判据：绕环 {walk}，顺、逆两个方向的速率乘积应当相等。"
            f"这里是 {cycle.there:.4g} 与 {cycle.back:.4g}。",
            f"Kolmogorov's criterion: round the cycle {walk} the products of rates in both directions "
            f"should be equal. Here they are {cycle.there:.4g} and {cycle.back:.4g}.",
        ),
        formula(
            r"\mathcal A=\ln\frac{\prod W_{\circlearrowleft}}{\prod W_{\circlearrowright}}=" + value
        ),
    ]


def paths_plot(found: Experiment) -> Block:
    """Probability of the counted number as a map over time, paths, mean and mean equation on it."""
    graph, evolution = found.graph, found.evolution
    axis = len(graph.axes) - 1  # the last axis: proteins, predators, or the only one
    numbers = graph.coordinates[:, axis].astype(int)
    top = int(numbers.max())
    steps = list(range(0, len(evolution.times), 2))
    marginal = [[0.0] * len(steps) for _ in range(top + 1)]
    for state, n in enumerate(numbers.tolist()):
        for column, step in enumerate(steps):
            marginal[n][column] += float(evolution.distribution[step, state])
    column_peaks = [max(row[c] for row in marginal) or 1.0 for c in range(len(steps))]
    shade = [[round(v / column_peaks[c], 3) for c, v in enumerate(row)] for row in marginal]
    data: list[Block] = [
        {
            "type": "heatmap",
            "x": rounded(evolution.times[steps]),
            "y": list(range(top + 1)),
            "z": shade,
            "showscale": False,
            "colorscale": [[0, "card"], [1, "celadon"]],
            "opacity": 0.75,
            "hoverinfo": "skip",
        },
    ]
    for times, states in zip(found.paths.jump_times, found.paths.jump_states, strict=True):
        shown = slice(0, 500)  # jumps of one path
        end = evolution.times[-1] if len(times) <= 500 else times[499]
        values = plain(numbers[states[shown]])
        data.append(
            {
                "x": [*rounded(times[shown], 3), float(end)],
                "y": [*values, values[-1]],
                "mode": "lines",
                "line": {"shape": "hv", "width": 1.1, "color": "ink"},
                "opacity": 0.45,
                "hoverinfo": "skip",
            }
        )
    data.append(
        {
            "x": rounded(evolution.times),
            "y": rounded(evolution.mean[:, axis]),
            "mode": "lines",
            "line": {"color": "seal", "width": 2.5},
            "hovertemplate": "mean %{y:.2f}<br>t = %{x:.2f}<extra></extra>",
        }
    )
    if evolution.mean_field is not None:
        data.append(
            {
                "x": rounded(evolution.times),
                "y": rounded(evolution.mean_field[:, axis]),
                "mode": "lines",
                "line": {"color": "indigo", "width": 2.5, "dash": "dash"},
                "hovertemplate": "ODE %{y:.2f}<br>t = %{x:.2f}<extra></extra>",
            }
        )
    name = COUNTED[graph.axes[axis]]
    return {
        "kind": "plot",
        "title": say("精确分布、四条路径、平均", "Exact distribution, four paths, the mean"),
        "hint": say(
            "底色：概率；细线：Gillespie 路径；红：平均；蓝虚线：平均场方程",
            "shade: probability; thin: Gillespie paths; red: mean; blue dashes: mean-field equation",
        ),
        "height": 350,
        "alt": say(
            f"平均值到最后是 {evolution.mean[-1, axis]:.2f}。",
            f"The mean is {evolution.mean[-1, axis]:.2f} at the end.",
        ),
        "figure": {
            "data": data,
            "layout": {
                "xaxis": {"title": {"text": say("时间 t", "time t")}, "showgrid": False},
                "yaxis": {"title": {"text": name}, "showgrid": False, "range": [-0.5, top + 0.5]},
            },
        },
    }


def end_plot(found: Experiment) -> Block:
    """Simulated against exact distribution at the last time, along the last axis."""
    numbers = found.graph.coordinates[:, -1].astype(int)
    top = int(numbers.max())
    exact, simulated, final = ([0.0] * (top + 1) for _ in range(3))
    for n, e, s, f in zip(
        numbers.tolist(),
        found.evolution.distribution[-1],
        found.paths.end_distribution,
        found.stationary.distribution,
        strict=True,
    ):
        exact[n] += float(e)
        simulated[n] += float(s)
        final[n] += float(f)
    counts = list(range(top + 1))
    time = float(found.evolution.times[-1])
    return {
        "kind": "plot",
        "title": say(f"时刻 {time:g} 的分布", f"Distribution at time {time:g}"),
        "hint": say(
            "柱：模拟；红点：精确；灰线：稳态", "bars: simulated; red: exact; grey: stationary"
        ),
        "height": 260,
        "alt": say(
            f"总变差距离 {found.paths.total_variation:.4f}。",
            f"Total variation {found.paths.total_variation:.4f}.",
        ),
        "figure": {
            "data": [
                {
                    "type": "bar",
                    "x": counts,
                    "y": rounded(simulated, 5),
                    "marker": {"color": "celadon"},
                    "opacity": 0.55,
                    "hovertemplate": "%{x}<br>simulated %{y:.4f}<extra></extra>",
                },
                {
                    "x": counts,
                    "y": rounded(final, 5),
                    "mode": "lines",
                    "line": {"color": "soft", "width": 1.2, "shape": "hvh"},
                    "hoverinfo": "skip",
                },
                {
                    "x": counts,
                    "y": rounded(exact, 5),
                    "mode": "markers",
                    "marker": {"color": "seal", "size": 6},
                    "hovertemplate": "%{x}<br>exact %{y:.4f}<extra></extra>",
                },
            ],
            "layout": {
                "bargap": 0.15,
                "xaxis": {"title": {"text": COUNTED[found.graph.axes[-1]]}},
                "yaxis": {"title": {"text": say("概率", "probability")}},
            },
        },
    }


def convergence_plot(found: Experiment) -> Block:
    walk = found.paths
    sizes = walk.sizes.tolist()
    guide = [walk.total_variation * math.sqrt(sizes[-1] / n) for n in sizes]
    return {
        "kind": "plot",
        "title": say("路径越多，离精确越近", "More paths, closer to exact"),
        "hint": say("总变差距离；点线斜率 −1/2", "total variation; the dotted line has slope −1/2"),
        "height": 220,
        "alt": say(
            f"距离从 {walk.distances[0]:.3f} 降到 {walk.total_variation:.4f}。",
            f"The distance falls from {walk.distances[0]:.3f} to {walk.total_variation:.4f}.",
        ),
        "figure": {
            "data": [
                {
                    "x": sizes,
                    "y": rounded(guide, 6),
                    "mode": "lines",
                    "line": {"color": "soft", "dash": "dot", "width": 1.5},
                    "hoverinfo": "skip",
                },
                {
                    "x": sizes,
                    "y": rounded(walk.distances, 6),
                    "mode": "lines+markers",
                    "line": {"color": "celadon"},
                    "hovertemplate": "%{x} paths<br>TV = %{y:.4f}<extra></extra>",
                },
            ],
            "layout": {
                "xaxis": {"type": "log", "dtick": 1, "title": {"text": say("路径数", "paths")}},
                "yaxis": {
                    "type": "log",
                    "tickvals": [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
                    "title": {"text": say("距离", "distance")},
                },
            },
        },
    }


def mean_story(found: Experiment) -> str:
    evolution = found.evolution
    if evolution.mean_field is None:
        return say("", "")
    exact, field = float(evolution.mean[-1, -1]), float(evolution.mean_field[-1, -1])
    return say(
        f"平均场方程忽略涨落：最后它给出 {field:.3f}，真正的平均是 {exact:.3f}。速率是线性的时候两者才相同。",
        f"The mean-field equation leaves fluctuations out: it ends at {field:.3f}, the true mean at {exact:.3f}. "
        "They agree only when all rates are linear.",
    )
