"""`ogan-anime`: O-GAN on drawn faces of 64 pixels; the numbers of `ogan-faces`, whose weights it starts from.

At half width, from the weights that are here: `--set width=32 batch_size=64 --steps 5000`. At full width:
`--set start_from=`, or weights as wide. The weights of this name that are here are of earlier numbers, as
their card says:

    python -m train ogan-anime --steps 4000 --set start_from= width=32 batch_size=64 correlation=2.5 \
        fidelity=1.0 r1=0.0 latent=128 generator=selfmod game=quadratic learning_rate=1.5e-4 revisited=0.5 \
        contrast=10.0 cooldown=0.25
"""

from dataclasses import dataclass

from train.gan import METRICS, GANRecipe
from train.image_sets import ANIME
from train.recipe import Card


@dataclass(kw_only=True)
class OGANAnime(GANRecipe):
    """The shared numbers; what makes a face is learned already."""

    name = "ogan-anime"
    pictures = "anime64"
    eight_bits = ("",)

    start_from: str = "ogan-faces"

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "O-GAN, anime faces",
            "title_zh": "O-GAN 动漫头像",
            "summary": "Drawn faces from Gaussian noise, and back. All pictures shown with it are made "
            "by the model.",
            "summary_zh": "由高斯噪声生成动漫头像，并可由图片求编码。随附展示的图片均由模型生成。",
            "post": {
                "title": "O-GAN：简单修改，让GAN的判别器变成一个编码器！",
                "url": "https://kexue.fm/archives/6409",
            },
            "licence": "research-non-commercial",
            "tags": ["gan", "autoencoder", "anime"],
            "pipeline_tag": "unconditional-image-generation",
            "data": [ANIME],
            "metrics": [{"figure": f, "label": label, "author": None} for f, label in METRICS],
            "curve": [figure for figure, _ in METRICS],
            "departures": [
                *self.departures(),
                "The weights here are of the recipe's earlier numbers and started from faces of the same: "
                "GAN-QP, the self-modulated generator, codes of 128 numbers. Those faces are no longer here: "
                "the command repeats the run from random weights (`start_from=`), not from the same start.",
                "Stored as one byte a number instead of half precision.",
            ],
            "limits": [
                "Upright faces as in the training set; anything else comes back as such a face.",
                "The drawings' rights are with their makers. Research only.",
            ],
            "measure": "python -m benchmarks quality ogan-anime --data images/anime64 --split val "
            "--train images/anime64",
        }


RECIPE = OGANAnime
