"""What the scenes share: the inputs for pictures, truncation and photos, and the words for scores."""

from collections.abc import Sequence
from typing import Literal

import gradio as gr

from core.tasks import ogan
from demos._outcome import Block, Example, formula
from demos._tab import Scene
from demos._words import say

Model = Literal["ogan-faces", "ogan-anime"]

MODELS = {
    "ogan-faces": say("真人", "people"),
    "ogan-anime": say("动漫", "anime"),
}
Prior = Literal["normal", "fitted"]
PRIORS = [
    (say("标准正态", "standard normal"), "normal"),
    (say("照片的编码", "codes of pictures"), "fitted"),
]
OFFERED = ogan.offered()
SIZE = 64  # pixels of the pictures of all models


def model_input(scene: Scene) -> None:
    """Whose pictures: a choice where there is one."""
    scene.input(
        "model",
        gr.Radio(
            [(MODELS[name], name) for name in OFFERED],
            value=OFFERED[0],
            label=say("模型", "Model"),
            visible=len(OFFERED) > 1,
        ),
    )


def prior_input(scene: Scene) -> None:
    """What seeds are drawn from."""
    scene.input(
        "prior",
        gr.Radio(PRIORS, value="normal", label=say("种子抽自", "Seeds are drawn from")),
    )


def offered_examples(*examples: Example) -> list[Example]:
    """Those whose model is there."""
    return [e for e in examples if e.inputs.get("model", OFFERED[0]) in OFFERED]


def truncation_input(
    scene: Scene, value: float = 0.9, *, least: float = 0, live: bool = False
) -> None:
    """The factor before codes."""
    scene.input(
        "truncation",
        gr.Slider(least, 1.5, value=value, step=0.05, label=say("截断系数", "Truncation")),
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


NOISE = {
    "normal": r"z\sim\mathcal N(0, I)",
    "fitted": r"z=\mathcal N\big(\mu+\Sigma^{1/2}u\big),\ u\sim\mathcal N(0, I)",
}

FITTED = say(
    "真实图片的编码并不铺满整个球面：均值 μ 和协方差 Σ 由训练图片的编码算出，种子从这个高斯分布里抽，脸彼此更像；"
    "“标准正态”是论文的抽样，也是训练时的，花样更多。哪一种离真实图片更近，要看权重：两种的距离都写在模型卡里。",
    "Codes of real pictures do not fill the sphere. Their mean μ and covariance Σ were computed from "
    "training pictures, and seeds are drawn from that Gaussian: faces are more alike. Standard normal "
    "is how the paper draws, and training: more variety. Which of them comes nearer to real pictures "
    "depends on the weights; the model card has the distances of both.",
)
