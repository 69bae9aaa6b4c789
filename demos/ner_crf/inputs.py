"""Inputs and texts that the scenes share."""

from typing import Literal

import gradio as gr

from core.tasks import tagging
from demos._outcome import Example
from demos._tab import Scene
from demos._words import say

Model = Literal["ner-msra", "ner-cluener"]

MODELS = {
    "ner-msra": say("人名地名机构", "names, 3 types"),
    "ner-cluener": say("十类", "10 types"),
}

OFFERED = tagging.offered()

NEWS = (
    "鲁迅1902年从南京前往日本，后来进入仙台医学专门学校。1918年他在北京的《新青年》上发表小说，"
    "与陈独秀、钱玄同等人来往；1926年南下厦门大学，次年到广州的中山大学任教。"
)

SENTENCE = "一九一七年蔡元培出任北京大学校长。"

LONG_NAMES = "古巴共和国国务委员会主席菲德尔·卡斯特罗·鲁斯抵达哈瓦那何塞·马蒂国际机场。"


def model_input(scene: Scene) -> None:
    """Which of the models at hand reads."""
    choices = [(MODELS[name], name) for name in OFFERED]
    scene.input("model", gr.Radio(choices, value="ner-msra", label=say("模型", "Model")))


def offered_examples(*examples: Example) -> list[Example]:
    """Those whose model is there."""
    return [e for e in examples if e.inputs.get("model", "ner-msra") in OFFERED]


def text_input(scene: Scene, value: str, lines: int, info: str) -> None:
    """What to read."""
    scene.input("text", gr.Textbox(value, label=say("文本", "Text"), info=info, lines=lines))
