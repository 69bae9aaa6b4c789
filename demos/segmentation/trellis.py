"""The Markov trellis of a segmenter, laid open and editable."""

from typing import Any, Literal

import gradio as gr

from core.tasks import segmentation
from demos._lattice import edit_inputs, explanation, lattice_block, matrix_block
from demos._outcome import Call, Example, Outcome
from demos._tab import Scene
from demos._words import say, unmark
from demos.segmentation.cuts import METHODS

Tagger = Literal["hmm-guessed", "hmm-counted", "hmm-baum-welch", "crf"]

MODELS = [(METHODS[name], name) for name in ("hmm-guessed", "hmm-counted", "hmm-baum-welch", "crf")]

SENTENCE = "研究生命的起源"

KINDS = (0, 2, 1, 3)  # colours of B, M, E, S


def segmentation_lattice(
    text: str = SENTENCE,
    model: Tagger = "hmm-guessed",
    pins: str = "",
    steps: str = "",
    paths: int = 5,
) -> Outcome:
    """The trellis of a segmenter for one sentence: costs, marginals, best paths; and edits of it.

    Args:
        text: a sentence of up to 60 characters
        model: hmm-guessed, hmm-counted, hmm-baum-welch or crf
        pins: tags that are given, such as 2=S; positions count from 0
        steps: transitions to change, such as S>B=0.9 (a probability; for crf a score), x forbids
        paths: how many best paths, 1 to 10
    """
    arguments: dict[str, Any] = {
        "text": text,
        "model": model,
        "paths": int(paths),
        "pins": pins,
        "steps": steps,
    }
    found = segmentation.lattice(text, **{k: v for k, v in arguments.items() if k != "text"})
    share = found.scale == "probability"
    how = explanation(found)
    if share:
        how.append(
            say(
                "对 HMM，h 是 log P(字 | 标签)，g 是 log P(后一标签 | 前一标签)；改一格概率，"
                f"同一行的其余格按比例补足到 1。log Z = {found.log_partition:.2f} 就是这句话的对数似然。",
                "For a Markov model h is log P(character | tag) and g is log P(next tag | tag); when a "
                "probability changes, the rest of its row is scaled to make 1. log Z = "
                f"{found.log_partition:.2f} is the log-likelihood of the sentence.",
            )
        )
    return Outcome(
        result=found,
        blocks=[
            lattice_block(
                found,
                KINDS,
                {},
                hint=say(
                    "B 词首，M 词中，E 词尾，S 单字词；点一个圈固定标签",
                    "B first, M middle, E last, S single; click a circle to pin the tag",
                ),
            ),
            matrix_block(
                found,
                KINDS,
                legal=True,
                hint=say(
                    "拖动改概率，双击禁止", "drag to change a probability, double-click to forbid"
                )
                if share
                else say("拖动改分数，双击禁止", "drag to change a score, double-click to forbid"),
            ),
        ],
        timing=found.timing,
        call=Call(segmentation.lattice, arguments),
        how=how,
    )


def adjust_lattice(value: Any) -> dict[str, Any]:
    """The trellis scene's answer without the queue, for pins and steps changed in the figure."""
    given = dict(value)
    return segmentation_lattice(
        text=unmark(str(given["text"])),
        model=given["model"],
        pins=unmark(str(given["pins"])),
        steps=unmark(str(given["steps"])),
        paths=int(given["paths"]),
    ).payload()


def trellis_scene(scene: Scene) -> None:
    """A sentence, a model, and edits of its transitions."""
    with scene.controls():
        scene.input(
            "text",
            gr.Textbox(
                SENTENCE,
                label=say("一句话", "A sentence"),
                info=say("最多 60 个字符", "up to 60 characters"),
                lines=2,
            ),
        )
        scene.input(
            "model",
            gr.Radio(MODELS, value="hmm-guessed", label=say("模型", "Model")),
            live=True,
        )
        edit_inputs(scene, pin="2=S", step="S>B=0.9")
        scene.primary(say("展开网格", "Lay it open"), segmentation_lattice)
    scene.examples = [
        Example(say("结合成分子", "结合成分子"), {"text": "结合成分子时"}),
        Example(say("多用单字词", "more single words"), {"steps": "S>S=0.9 E>S=0.9"}, say(
                "把转移概率推向 S", "push the transitions towards S")),
        Example(say("不许三字词", "no words of three"), {"text": "结合成分子时", "steps": "B>M=x"}),
        Example(say("统计的转移", "counted transitions"), {"model": "hmm-counted", "text": "北京大学生前来应聘"}),
        Example("Baum-Welch", {"model": "hmm-baum-welch", "text": "北京大学生前来应聘"}),
        Example("CRF", {"model": "crf", "text": "北京大学生前来应聘"}),
        Example(say("失败：地名连用", "failure: a chain of places"), {"text": "广东省佛山市南海区狮山镇"}, say(
                "猜的转移太爱两字词", "guessed transitions love words of two")),
        Example(say("失败：无路可走", "failure: no path left"), {"pins": "0=E"}, say(
                "一句话不能从词尾开始", "no sentence begins with the end of a word")),
    ]  # fmt: skip
    scene.show(live={"adjust": adjust_lattice})
