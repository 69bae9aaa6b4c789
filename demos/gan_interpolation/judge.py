"""The discriminator's numbers: score, spread and correlation of samples, of photographs, of one picture."""

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

import gradio as gr

from core.tasks import ogan
from core.tasks.ogan import Judgements
from demos._lines import margins, note
from demos._outcome import Block, Call, Example, Outcome
from demos._pictures import (
    end_of,
    photo_aligner,
    photo_block,
    photo_input,
    seed_input,
    slot_picture,
)
from demos._tab import Scene
from demos._words import say
from demos.gan_interpolation.shared import (
    SIZE,
    Model,
    Prior,
    filled,
    model_input,
    offered_examples,
    prior_input,
    signed,
)

BINS = 32
PANELS = (
    ("score", "E̅"),
    ("spread", "std E"),
    ("correlation", "ρ"),
)


def judge_scene(scene: Scene) -> None:
    """A picture to be judged among many."""
    with scene.controls():
        model_input(scene)
        seed_input(scene, "seed", 6421, say("种子（没有照片时）", "Seed (without a photo)"))
        photo_input(scene, "photo")
        scene.input(
            "samples",
            gr.Slider(16, 512, value=192, step=16, label=say("新抽的样本", "Fresh samples")),
        )
        seed_input(scene, "first", 0, say("样本从哪个种子开始", "Samples begin at seed"))
        with scene.more():
            prior_input(scene)
        scene.primary(say("过一遍判别器", "Ask the discriminator"), judge_face)
    scene.examples = offered_examples(
        Example(say("另一张", "another face"), {"seed": 8}),
        Example(say("动漫", "anime"), {"model": "ogan-anime", "seed": 6433}),
        Example(say("400 张样本", "400 samples"), {"samples": 400}),
        Example(say("另一批样本", "other samples"), {"first": 5000}),
        Example(say("就是第一张样本", "one of the samples"), {"seed": 0}),
        Example(say("失败：样本太少", "failure: few samples"), {"samples": 16}, say(
                "十六张看不出分布", "sixteen show no distribution")),
        Example(say("失败：不是图片", "failure: no picture"), {"photo": "data:image/png;base64,AAAA"},
                say("坏文件会被一句话拒绝", "a broken file is refused with a sentence")),
    )  # fmt: skip
    scene.show(live={"align_photo": photo_aligner(SIZE)})


def judge_face(
    seed: int = 6421,
    photo: str = "",
    samples: int = 192,
    first: int = 0,
    model: Model = "ogan-faces",
    prior: Prior = "normal",
) -> Outcome:
    """Show O-GAN's discriminator: score, spread and code correlation of faces, one of them marked.

    Args:
        seed: the face that is marked, without a photo
        photo: a photo as a data URL; its largest face is aligned
        samples: fresh samples in the histograms, 16 to 512
        first: seed of the first sample
        model: ogan-faces (people) or ogan-anime (drawn faces)
        prior: what seeds are drawn from: normal or fitted (a Gaussian of real pictures' codes)
    """
    arguments: dict[str, Any] = {
        "picture": end_of(seed, photo),
        "model": model,
        "prior": prior,
        "samples": int(samples),
        "seed": int(first),
    }
    told = ogan.judge(**arguments)
    note_ = (
        say("照片", "photo")
        if photo
        else say(f"种子 {int(seed)}，截断 1", f"seed {int(seed)}, truncation 1")
    )
    return Outcome(
        result=told,
        blocks=lambda: _blocks(told, note_, bool(photo)),
        timing=told.timing,
        call=Call(ogan.judge, arguments),
        how=lambda: _how(told),
    )


def _blocks(told: Judgements, name: str, used: bool) -> list[Block]:
    assert told.subject is not None and told.picture is not None
    mine = {key: getattr(told.subject, key)[0] for key, _ in PANELS}
    return [
        _histograms(told, mine),
        photo_block(
            [
                {
                    "input": "photo",
                    "label": say("被判断的脸", "The face that is judged"),
                    "note": name,
                    "used": used,
                    "pictures": [slot_picture(told.picture, 0, name)],
                    "lines": [
                        [say("判断", "judgement"), mine["score"]],
                        [say("散布", "spread"), mine["spread"]],
                        ["ρ", mine["correlation"]],
                    ],
                }
            ],
            title=say("换一张脸", "Another face"),
            size=SIZE,
        ),
        _map(told, mine),
    ]


def _histograms(told: Judgements, mine: dict[str, float]) -> Block:
    """Three panels one below the other: generated, real where stored, the marked one."""
    data: list[Block] = []
    layout: dict[str, Any] = {"margin": margins(16, top=26), "bargap": 0.02, "shapes": []}
    annotations: list[Block] = []
    for i, (key, label) in enumerate(PANELS):
        suffix = "" if i == 0 else str(i + 1)
        groups = [("made", told.made, "ochre")]
        if told.real is not None:
            groups.append(("real", told.real, "celadon"))
        values = [v for _, numbers, _ in groups for v in getattr(numbers, key)] + [mine[key]]
        low, high = min(values), max(values)
        width = max((high - low) / BINS, 1e-4)
        for _, numbers, colour in groups:
            heights = _heights(getattr(numbers, key), low, width)
            data.append(
                {
                    "type": "bar",
                    "x": [round(low + (k + 0.5) * width, 5) for k in range(BINS)],
                    "y": heights,
                    "width": [round(width, 6)] * BINS,
                    "offset": -width / 2,
                    "xaxis": f"x{suffix}",
                    "yaxis": f"y{suffix}",
                    "marker": {"color": colour},
                    "opacity": 0.6,
                    "hovertemplate": "%{x:.3f}: %{y:.1%}<extra></extra>",
                }
            )
        left, right = i / 3 + 0.03 * (i > 0), (i + 1) / 3 - 0.03 * (i < 2)
        layout[f"xaxis{suffix}"] = {
            "domain": [left, right],
            "title": {"text": label},
            "nticks": 4,
            "tickangle": 0,
        }
        layout[f"yaxis{suffix}"] = {
            "anchor": f"x{suffix}",
            "tickformat": ".0%",
            "showticklabels": i == 0,
            "title": {"text": say("占比", "share") if i == 0 else ""},
        }
        layout["shapes"].append(
            {
                "type": "line",
                "xref": f"x{suffix}",
                "yref": f"y{suffix} domain",
                "x0": mine[key],
                "x1": mine[key],
                "y0": 0,
                "y1": 1,
                "line": {"color": "seal", "width": 2},
            }
        )
    layout["barmode"] = "overlay"
    annotations.append(note(say("生成图", "generated"), 0.0, 1.12, "ochre", xanchor="left"))
    if told.real is not None:
        annotations.append(note(say("照片", "photographs"), 0.42, 1.12, "celadon", xanchor="left"))
    annotations.append(note(say("这一张", "this one"), 1.0, 1.12, "seal", xanchor="right"))
    layout["annotations"] = annotations
    return {
        "kind": "plot",
        "title": say("判别器的三个数", "Three numbers of the discriminator"),
        "hint": say(
            "判断 E̅ 低＝真；散布 std E；相关系数 ρ",
            "judgement E̅ (low is real), spread, correlation",
        )
        if told.real is not None
        else say(
            "判断 E̅ 低＝真；这份权重没有存照片的数",
            "judgement E̅, low is real; these weights hold no numbers of photographs",
        ),
        "height": 290,
        "alt": say(
            f"{len(told.made.score)} 张生成图的判断、散布和相关系数的直方图，红线是这一张。",
            f"Histograms of judgement, spread and correlation of {len(told.made.score)} generated "
            "pictures; the red line is this one.",
        ),
        "figure": {"data": data, "layout": layout},
    }


def _heights(values: Sequence[float], low: float, width: float) -> list[float]:
    """Shares of values in each of the bins."""
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, max(0, int((value - low) / width)))] += 1
    return [round(count / len(values), 5) for count in counts]


def _map(told: Judgements, mine: dict[str, float]) -> Block:
    """Judgement against correlation."""
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [round(v, 4) for v in numbers.score],
            "y": [round(v, 4) for v in numbers.correlation],
            "marker": {"color": colour, "size": 5, "opacity": 0.55},
            "hovertemplate": "E̅ %{x:.3f}, ρ %{y:.3f}<extra></extra>",
        }
        for numbers, colour in ((told.made, "ochre"), (told.real, "celadon"))
        if numbers is not None
    ]
    traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "x": [round(mine["score"], 4)],
            "y": [round(mine["correlation"], 4)],
            "marker": {"color": "seal", "size": 12, "symbol": "diamond"},
            "hovertemplate": "E̅ %{x:.3f}, ρ %{y:.3f}<extra></extra>",
        }
    )
    return {
        "kind": "plot",
        "title": say("判断与编码互不干扰", "Judging and encoding do not get in each other's way"),
        "hint": say("每点一张图", "a dot for each picture"),
        "height": 260,
        "alt": say("判断 E̅ 与相关系数 ρ 的散点图。", "A scatter of judgement E̅ and correlation ρ."),
        "figure": {
            "data": traces,
            "layout": {
                "xaxis": {"title": {"text": say("判断 E̅（低＝真）", "judgement E̅, low is real")}},
                "yaxis": {"title": {"text": say("相关系数 ρ", "correlation ρ")}},
                "margin": margins(16),
            },
        },
    }


def _how(told: Judgements) -> list[str | Block]:
    assert told.subject is not None
    made, subject = told.made, told.subject
    lower = mean(score > subject.score[0] for score in made.score)
    parts: list[str | Block] = [
        say(
            "判别器输出一个向量，取它的平均作判断、方向作编码；因为三部分正交，同一个网络两件事都能做。",
            "The discriminator returns a vector: its mean judges and its direction is the code. The "
            "parts are orthogonal, so one network does both.",
        ),
        filled(
            r"E(x)=\bar E+\mathrm{std}(E)\,\mathcal N(E),\qquad \bar E=@,\ \mathrm{std}(E)=@,\ \rho=@",
            subject.score[0],
            subject.spread[0],
            subject.correlation[0],
        ),
        say(
            f"{len(made.score)} 张样本的判断平均 {signed(mean(made.score))}，标准差 "
            f"{stdev(made.score):.3f}；这一张比其中 {lower:.0%} 更像真的。",
            f"{len(made.score)} samples are judged {signed(mean(made.score))} on average, deviation "
            f"{stdev(made.score):.3f}; this one looks more real than {lower:.0%} of them.",
        ),
    ]
    if told.real is not None:
        gap = mean(made.score) - mean(told.real.score)
        parts.append(
            say(
                f"{len(told.real.score)} 张没见过的照片平均 {signed(mean(told.real.score))}，比样本低 "
                f"{gap:.3f}：这个差就是判别器还分得出的部分。两者都用照片的批归一化统计量来判断，不告诉它哪些是样本。"
                "存的只有这些数，没有照片。",
                f"{len(told.real.score)} unseen photographs have {signed(mean(told.real.score))}, "
                f"{gap:.3f} below the samples: what the discriminator still tells apart. Both are judged "
                "with the batch statistics of photographs, so it is not told which are samples. Only "
                "these numbers are stored, no photograph.",
            )
        )
    return parts
