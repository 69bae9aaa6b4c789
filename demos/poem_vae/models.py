"""The choice between the two models, the same in every scene."""

from typing import Literal

import gradio as gr

from demos._tab import Scene
from demos._words import say

Model = Literal["poem-vae", "poem-vae-2018"]
MODELS = [(say("新版", "new"), "poem-vae"), (say("2018 原版", "2018"), "poem-vae-2018")]


def model_input(scene: Scene) -> None:
    """The switch; every handler calls it `model`."""
    scene.input("model", gr.Radio(MODELS, value="poem-vae", label=say("模型", "Model")))
