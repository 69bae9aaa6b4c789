"""Inputs that the race and the simplex share: the noise, its scale, a density of one's own."""

from typing import Literal

import gradio as gr

from core.labs.noises import NOISES
from demos._tab import Scene
from demos._words import say
from demos.discrete_distributions.names import named

NoiseName = Literal[
    "gumbel", "normal", "logistic", "uniform", "laplace", "exponential", "cauchy", "custom"
]

DENSITY = "exp(-abs(x)^3)"
CHOICES = [(named(noise), noise) for noise in (*NOISES, "custom")]


def noise_input(scene: Scene) -> None:
    """Which noise."""
    scene.input(
        "noise", gr.Dropdown(CHOICES, value="normal", label=say("噪声", "Noise")), live=True
    )


def scale_input(scene: Scene) -> None:
    """What multiplies the noise."""
    scene.input(
        "scale",
        gr.Slider(0.1, 5, value=1, step=0.05, label=say("噪声尺度", "Scale of the noise")),
        live=True,
    )


def density_input(scene: Scene) -> None:
    """The formula of the custom noise."""
    scene.input(
        "density",
        gr.Textbox(
            DENSITY,
            label=say("自定噪声的密度 f(x)", "Density f(x) of the custom noise"),
            info=say("不必归一；只算 −12 到 12", "need not be normalised; counts from −12 to 12"),
            max_length=300,
        ),
    )
