"""The lattice of a sentence, laid open and editable."""

from typing import Any, Literal

import gradio as gr

from core.tasks import tagging
from demos._lattice import edit_inputs, explanation, kinds_of, lattice_block, matrix_block
from demos._outcome import Call, Example, Outcome
from demos._tab import Scene
from demos._words import say, unmark
from demos.ner_crf.entities import TYPES
from demos.ner_crf.inputs import NEWS, SENTENCE, Model, model_input, offered_examples, text_input

LatticeDecoder = Literal["crf", "free", "softmax"]

LATTICE_DECODERS = [
    ("CRF", "crf"),
    (say("不禁非法", "unconstrained"), "free"),
    (say("去掉转移", "no transitions"), "softmax"),
]


def entity_lattice(
    text: str = SENTENCE,
    model: Model = "ner-msra",
    decoder: LatticeDecoder = "crf",
    pins: str = "",
    steps: str = "",
    paths: int = 5,
) -> Outcome:
    """Everything a CRF weighs in one sentence: scores, marginals, the k best paths; and edits of it.

    Args:
        text: a sentence of up to 60 characters
        model: ner-msra or ner-cluener
        decoder: crf (legal steps only), free (illegal ones too) or softmax (no transitions)
        pins: tags that are given, such as 5=B-PER 6=I-PER; positions count from 0
        steps: transition scores to change, such as O>B-PER=-3 S-LOC>O=x (x forbids)
        paths: how many best paths, 1 to 10
    """
    arguments: dict[str, Any] = {
        "text": text,
        "model": model,
        "decoder": decoder,
        "paths": int(paths),
        "pins": pins,
        "steps": steps,
    }
    found = tagging.lattice(**arguments)
    types = tagging.types_of(model)
    kinds = kinds_of(found.tags, types)
    return Outcome(
        result=found,
        blocks=[
            lattice_block(
                found,
                kinds,
                TYPES,
                hint=say(
                    "圈的大小是边缘概率；点一个圈固定标签，点字或路径拆开分数",
                    "a circle is as large as its tag is probable; click one to pin the tag, "
                    "a character or a path to take its score apart",
                ),
            ),
            matrix_block(
                found,
                kinds,
                legal=decoder == "crf",
                hint=say(
                    "拖动改分数，双击禁止；斜纹是标签体系不允许的",
                    "drag to change a score, double-click to forbid; hatched: not allowed",
                ),
            ),
        ],
        timing=found.timing,
        call=Call(tagging.lattice, arguments),
        how=explanation(found),
    )


def adjust_lattice(value: Any) -> dict[str, Any]:
    """The lattice scene's answer without the queue, for pins and steps changed in the figure."""
    given = dict(value)
    return entity_lattice(
        text=unmark(str(given["text"])),
        model=given["model"],
        decoder=given["decoder"],
        pins=unmark(str(given["pins"])),
        steps=unmark(str(given["steps"])),
        paths=int(given["paths"]),
    ).payload()


def lattice_scene(scene: Scene) -> None:
    """A sentence, and edits of its scores."""
    with scene.controls():
        text_input(
            scene,
            SENTENCE,
            2,
            say("一句，最多 60 个字符", "one sentence of up to 60 characters"),
        )
        model_input(scene)
        scene.input(
            "decoder",
            gr.Radio(LATTICE_DECODERS, value="crf", label=say("转移分", "Transitions")),
            live=True,
        )
        edit_inputs(scene, pin="5=B-PER", step="O>B-PER=-3")
        scene.primary(say("展开网格", "Lay it open"), entity_lattice)
    scene.examples = offered_examples(
        Example(say("人名还是机构", "person or organisation"), {"text": "李宁公司在北京成立。"}),
        Example(say("嵌套的机构", "a name in a name"), {"text": "中国工商银行浙江省分行行长到会。"}),
        Example(say("固定一个标签", "a pinned tag"), {"pins": "5=O"}, say("“蔡”不许是人名，看别的字怎样让步",
                "蔡 may not begin a name: see how its neighbours give way")),
        Example(say("禁止一步", "a forbidden step"), {"steps": "I-ORG>E-ORG=x"}, say("四个字的机构名说不成了",
                "a name of four characters can no longer end")),
        Example(say("去掉转移", "no transitions"), {"decoder": "softmax", "text": "亚历山大·普希金生于莫斯科。"}),
        Example(say("十类标签", "ten types"), {"model": "ner-cluener", "text": "腾讯公司在深圳发布《王者荣耀》。"}),
        Example(say("失败：太长", "failure: too long"), {"text": NEWS}),
        Example(say("失败：无路可走", "failure: no path left"), {"pins": "5=E-PER 6=E-PER"}, say(
                "两个词尾不能相邻", "two last characters cannot stand side by side")),
    )  # fmt: skip
    scene.show(live={"adjust": adjust_lattice})
