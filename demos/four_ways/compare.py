"""The scene that compares: what each family offers, in stored and freshly measured numbers."""

import math

import gradio as gr

from core.tasks import families
from core.tasks.families import Column, Comparison, Fact
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import resolve, say
from demos.four_ways.names import NAMES, reason, steps_input

SEED = 20180324

PROPERTIES: dict[str, tuple[str, str]] = {  # what it is called, and what it means
    "bits": (
        say("似然", "Likelihood"),
        say(
            "没见过的脸，每个颜色值几比特；越低越好",
            "bits a colour of unseen faces; lower is better",
        ),
    ),
    "encoder": (
        say("编码器", "Encoder"),
        say("图到编码，一次算出", "from picture to code in one pass"),
    ),
    "round_trip": (
        say("往返", "Round trip"),
        say("图 → 编码 → 图有多像", "how near picture → code → picture comes"),
    ),
    "evaluations": (say("一张图用网络几次", "Passes for a picture"), ""),
    "speed": (say("采样时间", "Sampling time"), say("每张", "for a picture")),
    "parameters": (say("参数", "Parameters"), ""),
    "code": (say("编码的长度", "Length of the code"), say("几个数", "numbers")),
    "swd": (
        say("切片 Wasserstein 距离", "Sliced Wasserstein distance"),
        say("样本与真脸，×1000，越低越好", "samples from real faces, ×1000; lower is better"),
    ),
    "frechet": (
        say("Fréchet 距离", "Fréchet distance"),
        say("人脸属性网络的特征，越低越好", "in features of a face classifier; lower is better"),
    ),
}
BARS = ("evaluations", "speed", "parameters", "code")  # on a logarithmic scale


def compare_scene(scene: Scene) -> None:
    """What the speed is measured with."""
    with scene.controls():
        steps_input(scene)
        scene.input(
            "count",
            gr.Slider(
                1, 16, value=4, step=1, label=say("测速时一批几张", "Faces in the timed batch")
            ),
        )
        with scene.more():
            scene.seed(SEED)
        scene.primary(say("现测一遍", "Measure now"), compare_families)
    scene.examples = [
        Example(say("10 步", "10 steps"), {"steps": 10}),
        Example(say("50 步", "50 steps"), {"steps": 50}),
        Example(say("一次一张", "one at a time"), {"count": 1}, say(
                "批越小，每张越贵", "the smaller the batch, the dearer the picture")),
        Example(say("一批 16 张", "16 in a batch"), {"count": 16}),
        Example(say("失败：5 步", "failure: 5 steps"), {"steps": 5}, say(
                "快了，但存下的距离是更多步数的，不能算在它头上", "fast, but stored distances are those of more steps")),
        Example(say("失败：没有这个种子", "failure: no such seed"), {"seed": -1}, say(
                "种子从 0 开始", "seeds begin at 0")),
    ]  # fmt: skip
    scene.show()


def compare_families(steps: int = 25, count: int = 4, seed: int = SEED) -> Outcome:
    """What a VAE, a GAN, a flow and a diffusion model offer: likelihood, encoder, exactness, speed, distances.

    Args:
        steps: denoising steps of the diffusion model when its speed is measured, 1 to 100
        count: pictures in the batch that the speed is measured with, 1 to 16
        seed: of these pictures
    """
    arguments = {"steps": int(steps), "count": int(count), "seed": int(seed)}
    made = families.compare(**arguments)
    return Outcome(
        result=made,
        blocks=lambda: [_table(made)],
        timing=made.timing,
        call=Call(families.compare, arguments),
        how=lambda: _how(made),
    )


def _table(made: Comparison) -> Block:
    absent = [missing.family for missing in made.missing]
    order = families.FAMILIES
    columns = {column.family: column for column in made.columns}
    reasons = {missing.family: reason(missing) for missing in made.missing}
    rows = []
    for name in made.properties:
        title, note = PROPERTIES[name]
        longest = _reach(made.columns, name)
        cells = [
            _cell(name, columns[family].facts[name], made.best.get(name) == family, longest)
            if family in columns
            else {"text": "—"}
            for family in order
        ]
        rows.append({"name": title, "note": note, "cells": cells})
    return {
        "kind": "compare",
        "title": say("四家各给什么", "What each family offers"),
        "hint": say(
            "数字来自随权重存下的评测；时间是刚才在本机测的",
            "numbers stored with the weights; time measured on this machine just now",
        ),
        "alt": say(
            f"{len(made.columns)} 个模型族、{len(rows)} 项性质的对照表",
            f"{len(rows)} properties of {len(made.columns)} families",
        )
        + ("" if not absent else say(f"，缺 {len(absent)} 家", f", {len(absent)} missing")),
        "columns": [
            {
                "name": NAMES[family],
                "note": f"{columns[family].size} px" if family in columns else "",
                "reason": reasons.get(family, ""),
            }
            for family in order
        ],
        "rows": rows,
    }


def _reach(columns: tuple[Column, ...], name: str) -> tuple[float, float] | None:
    """Ends of the logarithmic bars of a property."""
    if name not in BARS:
        return None
    values = [v for column in columns if (v := column.facts[name].value)]
    return (math.log(min(values)), math.log(max(values))) if len(values) > 1 else None


def _cell(name: str, fact: Fact, best: bool, reach: tuple[float, float] | None) -> Block:
    if fact.value is None:
        return {"text": "—", "note": say(fact.why_zh, fact.why_en)}
    # Which one is fastest may change from run to run, so it stands with what no test compares.
    drawn: dict[str, float | bool] = {"best": best}
    if reach is not None and fact.value > 0:
        low, high = reach
        far = (math.log(fact.value) - low) / max(1e-9, high - low)
        drawn["bar"] = round(0.08 + 0.92 * far, 3)
    return {"text": _shown(name, fact), "note": say(fact.why_zh, fact.why_en), "r": drawn}


def _shown(name: str, fact: Fact) -> str:
    """A number with its unit."""
    value = fact.value or 0.0
    if name == "encoder":
        return say("有", "yes")
    if name == "parameters":
        return f"{value / 1e6:.2f} M"
    if name in ("code", "evaluations"):
        return f"{value:.0f}"
    digits = {"bits": 3, "speed": 1, "round_trip": 1}.get(name, 1)
    unit = say(" 比特/维", " bits/dim") if name == "bits" else f" {fact.unit}" if fact.unit else ""
    return f"{fact.bound} {value:.{digits}f}{unit}".strip()


def _how(made: Comparison) -> list[str | Block]:
    parts: list[str | Block] = [
        say(
            "似然：Glow 给出 ln p(x) 本身，VAE 只给出下界，所以它的比特数是上界；GAN 没有密度，"
            "这里的扩散按 v 等权训练，损失不是似然的界。比特数与距离随图的边长而变：边长相同才能比，"
            "所以较大的图先缩到 32 像素再算距离。",
            "Likelihood: Glow gives ln p(x) itself, a VAE a lower bound, so its bits are an upper one; a GAN has "
            "no density, and this diffusion is trained on v with equal weights, whose loss bounds no "
            "likelihood. Bits and distances change with the size of the pictures and compare at equal "
            "sizes only, so distances are taken of larger pictures averaged down to 32 pixels.",
        ),
        formula(r"-\tfrac1{D\ln2}\ln p(x)+\log_2\tfrac{n}{b-a}" + _bits(made)),
    ]
    times = {column.family: column.facts["speed"].value for column in made.columns}
    shown = r",\quad ".join(
        rf"t_{{\text{{{resolve(NAMES[family], 'en')}}}}}={value:.1f}\ \text{{ms}}"
        for family, value in times.items()
        if value is not None
    )
    if shown:
        parts.append(formula(shown))
    values = [value for value in times.values() if value]
    if len(values) > 1:
        parts.append(
            say(
                f"最慢的一家每张用时是最快的 {max(values) / min(values):.0f} 倍。",
                f"The slowest family takes {max(values) / min(values):.0f} times as long as the fastest.",
            )
        )
    parts.append(
        say(
            "切片 Wasserstein：把两组图的拉普拉斯金字塔小块投影到许多随机方向，排序后逐个相减，取平均。"
            "Fréchet：在人脸属性网络的特征里，把两组各当作一个高斯，比均值与协方差。",
            "Sliced Wasserstein: patches of the Laplacian pyramids of both sets are projected on many random "
            "directions, sorted and subtracted. Fréchet: in the features of a face classifier each set is "
            "taken for a Gaussian, and means and covariances are compared.",
        )
    )
    return parts


def _bits(made: Comparison) -> str:
    """The stored bits per dimension, behind the formula."""
    found = [
        rf"\text{{{resolve(NAMES[column.family], 'en')}}}: {fact.value:.3f}"
        for column in made.columns
        if (fact := column.facts["bits"]).value is not None
    ]
    return r"\qquad " + r",\quad ".join(found) if found else ""
