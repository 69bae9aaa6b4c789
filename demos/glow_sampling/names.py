"""Words that several scenes of the tab share, and the inputs they have in common."""

import re
from collections.abc import Sequence
from typing import Literal

import gradio as gr

from core.tasks import glow
from demos._tab import Scene
from demos._words import say

Model = Literal["glow-faces", "glow-2018-faces"]

MODEL_NAMES = {
    "glow-faces": say("完整 Glow", "full Glow"),
    "glow-2018-faces": say("2018 简化版", "2018 simplified"),
}
GROUPS = {
    "coarse": say("粗层", "coarse"),
    "middle": say("中层", "middle"),
    "fine": say("细层", "fine"),
}
TESTS = {
    "mean": say("平均脸", "mean face"),
    "cold": say("冷样本", "cold sample"),
    "hot": say("热样本", "hot sample"),
    "flipped": say("倒置的脸", "upside down"),
    "inverted": say("反色的脸", "negative"),
    "shuffled": say("打乱像素", "pixels shuffled"),
    "grey": say("一片灰", "plain grey"),
    "gradient": say("渐变", "gradient"),
    "disc": say("圆盘", "a disc"),
    "checkers": say("大方格", "checkers"),
    "checkerboard": say("逐像素棋盘", "pixel checkerboard"),
    "noise": say("白噪声", "white noise"),
}
_SOURCES = re.compile(r"(?:square[^:]{0,60}: *)?data:\S+|[^\s,，、;；]+")


def model_input(scene: Scene) -> None:
    """Which model, where there is a choice."""
    choices = [(MODEL_NAMES[name], name) for name in glow.models()]
    scene.input("model", gr.Dropdown(choices, value=choices[0][1], label=say("模型", "Model")))


def source_input(scene: Scene, name: str, value: str, label: str) -> None:
    """A face's seed, a test picture's name, or a photograph."""
    scene.input(name, gr.Textbox(value, label=label, max_length=30_000_000, lines=1, max_lines=1))


def sources_of(text: str) -> list[str]:
    """Sources in a line of text, between spaces or commas."""
    return _SOURCES.findall(text)


def source_name(source: str) -> str:
    """A source in words."""
    if "data:" in source[:80]:
        return say("你的照片", "your photo")
    name = source.partition(":")[0]
    if name in TESTS:
        return TESTS[name]
    short = name.partition("@")[0]
    return say(f"脸 {short}", f"face {short}")


def listed(values: Sequence[float], digits: int = 2) -> str:
    """Numbers between commas."""
    return ", ".join(f"{value:.{digits}f}" for value in values)


def exponential(value: float) -> str:
    """A small number for a formula, as a power of ten."""
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    return rf"{mantissa}\times10^{{{int(exponent)}}}"
