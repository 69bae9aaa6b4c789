"""`ogan-anime`: O-GAN on drawn faces of 64 pixels; the numbers of `ogan-faces`, whose weights it starts from.

At half width, from the weights that are here: `--set width=32 batch_size=64 --steps 12500`. At full width:
`--set start_from=`, or weights as wide.
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
                "The weights here were trained in parts: correlation and coarse pixels of weight 3 and 2, from step "
                "5,200 on 4 and 3, from 9,600 on 7 and 4.",
                "Stored as one byte a number instead of half precision.",
            ],
            "limits": [
                "Codes are read less well than by `ogan-faces`: correlation on fresh noise 0.943 (0.955 there), "
                "top-1 retrieval 0.416 (0.756).",
                "Upright faces as in the training set; anything else comes back as such a face.",
                "The drawings' rights are with their makers. Research only.",
            ],
            "measure": "python -m benchmarks quality ogan-anime --data images/anime64 --split val "
            "--train images/anime64",
        }


RECIPE = OGANAnime
