"""What the scenes share: the inputs for pictures, truncation and photos, and the words for scores."""

from collections.abc import Sequence

import gradio as gr

from demos._outcome import Block, formula
from demos._tab import Scene
from demos._words import say

MODEL = "ogan-faces"
SIZE = 64  # pixels of the pictures


def truncation_input(scene: Scene, value: float = 0.9, *, live: bool = False) -> None:
    """The factor before codes."""
    scene.input(
        "truncation",
        gr.Slider(0, 1.5, value=value, step=0.05, label=say("截断系数", "Truncation")),
        live=live,
    )


def realism(scores: Sequence[float]) -> list[float]:
    """Scores with their sign turned, so that higher is more real."""
    return [round(-score, 4) for score in scores]


def realism_curve(scores: Sequence[float]) -> Block:
    """A film's curve of the discriminator's judgement."""
    return {
        "label": say("真实度 −E̅（越高越像真）", "realism −E̅, higher looks more real"),
        "y": realism(scores),
        "colour": "celadon",
        "digits": 3,
    }


def correlation_curve(values: Sequence[float]) -> Block:
    """A film's curve of the correlation that the loss maximises."""
    return {
        "label": say("相关系数 ρ(z, E(G(z)))", "correlation ρ(z, E(G(z)))"),
        "y": [round(v, 4) for v in values],
        "colour": "indigo",
        "digits": 3,
    }


def filled(latex: str, *values: float, digits: int = 3) -> Block:
    """A displayed formula whose places marked `@` are taken by numbers, one after the other."""
    for value in values:
        latex = latex.replace("@", f"{value:.{digits}f}", 1)
    return formula(latex)


def signed(value: float, digits: int = 3) -> str:
    """A number with a true minus."""
    return f"{value:.{digits}f}".replace("-", "−")


SEED_LABEL = say("随机种子", "Seed")
