"""`dcgan-faces`: a plain DCGAN on the faces of `ogan-faces`, the baseline of equal size.

Same networks, game, optimiser and pictures; the code is left out, and with it everything that the loss
says beyond the game. Nor has it what small data made us add: no augmentation, no averaged weights, no
cooldown. Both baselines in the card of `ogan-faces` have its size and its number of steps, the second
one its additions too:

    python -m train dcgan-faces --set width=32 batch_size=64 --steps 17000
    python -m train dcgan-faces --set width=32 batch_size=64 "augment=shift cutout" ema=0.999 \
        cooldown=0.4 --steps 17000
"""

from dataclasses import dataclass

from train.gan import METRICS, GANRecipe
from train.image_sets import FACES
from train.recipe import Card


@dataclass(kw_only=True)
class DCGANFaces(GANRecipe):
    """Numbers of Radford et al. 2015 (https://arxiv.org/abs/1511.06434)."""

    name = "dcgan-faces"
    pictures = "utkface64"

    correlation: float = 0.0
    r1: float = 0.0
    fidelity: float = 0.0
    revisited: float = 0.0
    contrast: float = 0.0
    augment: str = ""
    ema: float | None = None
    cooldown: float = 0.0

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "DCGAN, faces",
            "title_zh": "DCGAN 人脸（基线）",
            "summary": "The baseline of ogan-faces: equal size, data and budget, no encoder.",
            "summary_zh": "ogan-faces 的对照基线：规模、数据与训练量相同，没有编码器。",
            "post": {
                "title": "从DCGAN到SELF-MOD：GAN的模型架构发展一览",
                "url": "https://kexue.fm/archives/6549",
            },
            "licence": "research-non-commercial",
            "tags": ["gan", "faces"],
            "pipeline_tag": "unconditional-image-generation",
            "data": [FACES],
            "metrics": [{"figure": f, "label": label, "author": None} for f, label in METRICS[:1]],
            "curve": ["swd"],
            "limits": [
                "A baseline for measurements; its discriminator encodes nothing.",
                "Data and its limits as of ogan-faces. Research only.",
            ],
            "measure": "python -m benchmarks quality dcgan-faces --data images/utkface64 --split val "
            "--train images/utkface64",
        }


RECIPE = DCGANFaces
