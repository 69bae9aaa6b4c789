"""The learning rate of the transitions: five segmenters of one encoder, while they learn."""

import gradio as gr

from core.labs import transition_rates
from core.labs.transition_rates import Stage, Study
from core.text.tags import segmentation_tags
from demos._lines import line
from demos._numbers import timed
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say

COLOURS = ("soft", "ink", "indigo", "celadon", "seal")
FORBIDDEN = "✗"


def compare_transition_rates(step: int = 400) -> Outcome:
    """Five word segmenters whose transitions learn 0 to 1,000 times as fast, at one training step.

    Args:
        step: 0, 25, 50, 100, 200, 300 or 400
    """
    study = transition_rates.study()
    stages, timing = timed(transition_rates.at, int(step))
    crf = [(run.multiplier, stage) for run, stage in zip(study.runs, stages, strict=True)][1:]
    best = max(zip(study.runs, stages, strict=True), key=lambda pair: pair[1].f1)
    slow, fast = crf[0][1], crf[-1][1]
    tags = study.tags
    b, e, s = tags.index("B"), tags.index("E"), tags.index("S")
    assert slow.transitions is not None and fast.transitions is not None
    return Outcome(
        result={
            "step": int(step),
            "tags": tags,
            "runs": [
                {"multiplier": run.multiplier, **vars(stage)}
                for run, stage in zip(study.runs, stages, strict=True)
            ],
        },
        blocks=[_curves(study, int(step)), _matrices(study, crf), _table(study, stages)],
        timing=timing,
        call=Call(transition_rates.at, {"step": int(step)}),
        how=[
            say(
                f"编码器是 {study.encoder} 的，新加一层输出，全部参数学习率 {study.rate:g}；转移分另乘倍数 λ。"
                f"分数算在 {study.sentences} 句没学过的新闻上，解码时不加任何约束。",
                f"The encoder is that of {study.encoder} with a new last layer; everything learns at "
                f"{study.rate:g}, the transitions λ times as fast. Scores are on {study.sentences} news "
                "sentences that were not learned, and paths are decoded without any constraint.",
            ),
            formula(r"g = \lambda\,\hat g,\qquad \hat g \leftarrow \hat g - \eta\,\mathrm{Adam}"),
            say(
                f"第 {step} 步，一个字最好与次好标签的差距中位数已有 {slow.gap:.1f} nats，而 λ = 1 的转移矩阵"
                f"最大才 {_largest(slow):.2f}：它说不上话。λ = 1000 时最大 {_largest(fast):.1f}。",
                f"At step {step} the median gap between a character's best and second tag is "
                f"{slow.gap:.1f} nats, while no transition of λ = 1 exceeds {_largest(slow):.2f}: they "
                f"have no say. With λ = 1000 they reach {_largest(fast):.1f}.",
            ),
            formula(
                r"\lambda=1:\ g_{S\to E} = "
                + f"{slow.transitions[s][e]:.2f}"
                + r",\ g_{S\to B} = "
                + f"{slow.transitions[s][b]:.2f}"
                + r";\qquad \lambda=1000:\ "
                + f"{fast.transitions[s][e]:.1f},\\ {fast.transitions[s][b]:.1f}"
            ),
            say(
                f"此刻 F1 最高的是 {_name(best[0].multiplier)}（{best[1].f1:.4f}）。"
                "原文用 BERT 得到的结论相同：学习率小的大模型上，转移层要单独放大学习率。",
                f"The best F1 at this moment is that of {_name(best[0].multiplier)} ({best[1].f1:.4f}). "
                "The post found with BERT that where the encoder learns slowly the transitions need a "
                "rate of their own.",
            ),
        ],
    )


def _name(multiplier: float | None) -> str:
    return "softmax" if multiplier is None else f"λ = {multiplier:g}"


def _largest(stage: Stage) -> float:
    assert stage.transitions is not None
    return max(abs(value) for row in stage.transitions for value in row)


def _curves(study: Study, step: int) -> Block:
    """What is missing to an F1 of 1 along the training, a mark at the chosen step."""
    lines = []
    for run, colour in zip(study.runs, COLOURS, strict=True):
        scores = [1 - stage.f1 for stage in run.stages]
        dash = "dot" if run.multiplier is None else "solid"
        name = _name(run.multiplier)
        lines.append(
            line(study.steps, scores, colour, mode="lines+markers", dash=dash, name=name)
            | {"hovertemplate": f"{name}<br>%{{x}}: 1 − F1 = %{{y:.4f}}<extra></extra>"}
        )
    last = {_name(run.multiplier): run.stages[-1].f1 for run in study.runs}
    listed = ", ".join(f"{name} {value:.3f}" for name, value in last.items())
    return {
        "kind": "plot",
        "title": say("不加约束时的错误", "Errors without constraints"),
        "hint": say("点一点，看那一步", "click a point to see that step"),
        "height": 320,
        "sets": {"x": "step"},
        "alt": say(f"五条曲线的终点：{listed}。", f"Where the five curves end: {listed}."),
        "figure": {
            "data": lines,
            "layout": {
                "xaxis": {"title": {"text": say("训练步", "training step")}},
                "yaxis": {
                    "title": {"text": "1 − F1"},
                    "type": "log",
                    "tickvals": [0.05, 0.1, 0.2, 0.5],
                },
                "showlegend": True,
                "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
                "margin": {"l": 56, "r": 16, "t": 56, "b": 44},
                "shapes": [
                    {
                        "type": "line",
                        "x0": step,
                        "x1": step,
                        "y0": 0,
                        "y1": 1,
                        "yref": "paper",
                        "line": {"color": "line", "width": 1},
                    }
                ],
            },
        },
    }


def _short(value: float) -> str:
    """At most three characters beside the sign: the cells are small on a phone."""
    text = f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}".replace("0.", ".")
    return text.replace("-", "−")


def _matrices(study: Study, crf: list[tuple[float | None, Stage]]) -> Block:
    """The four transition matrices; steps that no segmentation takes carry a cross."""
    allowed = segmentation_tags().legal.transitions
    data: list[Block] = []
    layout: Block = {"margin": {"l": 18, "r": 4, "t": 24, "b": 22}, "annotations": []}
    names = study.tags
    for i, (multiplier, stage) in enumerate(crf):
        matrix = stage.transitions
        assert matrix is not None
        reach = max(_largest(stage), 1e-6)
        axis = "" if i == 0 else str(i + 1)
        left, low = 0.53 * (i % 2), 0.56 * (1 - i // 2)
        data.append(
            {
                "type": "heatmap",
                "x": names,
                "y": names,
                "z": matrix,
                "zmin": -reach,
                "zmax": reach,
                "colorscale": [[0, "pale-seal"], [0.5, "card"], [1, "pale-celadon"]],
                "showscale": False,
                "text": [
                    [
                        _short(value) + ("" if legal else FORBIDDEN)
                        for value, legal in zip(row, legals, strict=True)
                    ]
                    for row, legals in zip(matrix, allowed, strict=True)
                ],
                "texttemplate": "%{text}",
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
                "xgap": 1,
                "ygap": 1,
                "hovertemplate": "%{y} → %{x}: %{z:.3f}<extra></extra>",
            }
        )
        plain: Block = {"showgrid": False, "zeroline": False, "ticks": "", "automargin": False}
        layout[f"xaxis{axis}"] = plain | {"domain": [left, left + 0.47], "anchor": f"y{axis}"}
        layout[f"yaxis{axis}"] = plain | {
            "domain": [low, low + 0.44],
            "anchor": f"x{axis}",
            "autorange": "reversed",
        }
        layout["annotations"].append(
            {
                "text": f"{_name(multiplier)} · F1 {stage.f1:.3f}",
                "xref": "paper",
                "yref": "paper",
                "x": left + 0.235,
                "y": low + 0.44,
                "xanchor": "center",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"color": COLOURS[i + 1]},
            }
        )
    return {
        "kind": "plot",
        "title": say("转移分（nats）", "Transitions (nats)"),
        "hint": say(
            f"行是前一个标签，列是后一个；{FORBIDDEN} 是分词里不可能的一步",
            f"rows: the tag before, columns: the tag after; {FORBIDDEN} cannot happen in a segmentation",
        ),
        "height": 460,
        "alt": say(
            f"四个 4×4 转移矩阵，最大的绝对值依次为 {_reaches(crf)} nats。",
            f"Four transition matrices whose largest entries are {_reaches(crf)} nats.",
        ),
        "figure": {"data": data, "layout": layout},
    }


def _reaches(crf: list[tuple[float | None, Stage]]) -> str:
    return ", ".join(f"{_largest(stage):.2f}" for _, stage in crf)


def _table(study: Study, stages: list[Stage]) -> Block:
    return {
        "kind": "table",
        "title": say("这一步", "At this step"),
        "hint": "",
        "columns": [
            say("模型", "model"),
            "F1",
            say("非法的步", "illegal steps"),
            say("标签差距（nats）", "tag gap (nats)"),
        ],
        "rows": [
            [
                _name(run.multiplier),
                f"{stage.f1:.4f}",
                f"{100 * stage.illegal:.2f} %",
                f"{stage.gap:.2f}",
            ]
            for run, stage in zip(study.runs, stages, strict=True)
        ],
    }


def rates_scene(scene: Scene) -> None:
    """A slider over the stored steps."""
    steps = transition_rates.study().steps
    with scene.controls():
        scene.input(
            "step",
            gr.Radio(
                [(str(step), step) for step in steps],
                value=steps[-1],
                label=say("训练步", "Training step"),
                info=say("五个模型看的是同样的批次", "all five saw the same batches"),
            ),
            live=True,
        )
        scene.primary(say("看这一步", "Show"), compare_transition_rates)
    scene.examples = [
        Example(say("最初 25 步", "first 25 steps"), {"step": 25}, say(
                "大倍数已经学会哪些步不存在", "large λ already knows the impossible steps")),
        Example(say("第 50 步", "step 50"), {"step": 50}, say(
                "都还不会分词，非法的步却差了近百倍", "none can segment yet, but illegal steps differ a lot")),
        Example(say("第 100 步", "step 100"), {"step": 100}, say(
                "λ ≥ 100 领先六个百分点", "λ ≥ 100 leads by six points")),
        Example(say("第 200 步", "step 200"), {"step": 200}, say(
                "编码器追了上来", "the encoder catches up")),
        Example(say("失败：开始之前", "failure: before the start"), {"step": 0}, say(
                "转移分是随机的小数，一半的步不合法", "transitions are small random numbers, half of all steps illegal")),
        Example(say("失败：λ = 1 的终点", "failure: the end of λ = 1"), {"step": 400}, say(
                "S→S 是负分，E→E 倒是正分，F1 却已有 0.936", "S→S is negative, E→E positive, and yet F1 is 0.936")),
    ]  # fmt: skip
    scene.show()
