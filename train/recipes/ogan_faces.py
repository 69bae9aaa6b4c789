"""`ogan-faces`: O-GAN on aligned faces of 64 pixels.

The numbers are for a GPU at full width. Two CPU cores make a fair model of half width in an hour and a
half (`mixed_precision=no` where the processor has no AVX512-BF16):

    python -m train ogan-faces --set width=32 batch_size=64 --steps 17000
"""

from dataclasses import dataclass

from train.gan import METRICS, GANRecipe
from train.image_sets import FACE_FAMILIES, FACES, SAMPLE_OF_WEB
from train.recipe import Card


@dataclass(kw_only=True)
class OGANFaces(GANRecipe):
    """The shared numbers as they are."""

    name = "ogan-faces"
    pictures = "utkface64"

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "O-GAN, faces",
            "title_zh": "O-GAN 人脸",
            "summary": "Faces from Gaussian noise, and back: the discriminator is the encoder. All "
            "pictures shown with it are made by the model.",
            "summary_zh": "由高斯噪声生成人脸，判别器同时就是编码器。随附展示的图片均由模型生成。",
            "post": {
                "title": "O-GAN：简单修改，让GAN的判别器变成一个编码器！",
                "url": "https://kexue.fm/archives/6409",
            },
            "licence": "research-non-commercial",
            "tags": ["gan", "autoencoder", "faces"],
            "pipeline_tag": "unconditional-image-generation",
            "data": [FACES],
            "metrics": [{"figure": f, "label": label, "author": None} for f, label in METRICS],
            "curve": [figure for figure, _ in METRICS],
            "beside": FACE_FAMILIES,
            "departures": [
                *self.departures(),
                "The weights here were trained in parts: the correlation weighed 1 until step 5,600, 2 until "
                "8,200, 4 until 10,500, 6 until 15,200 and then 9; coarse pixels 1 until 10,500 and then 2; "
                "codes among the noise were a quarter until 13,200. The learning rate began to fall at step "
                "5,600, to a fifth at 12,400, and fell once more from a half.",
            ],
            "limits": [
                "Beside it stand two DCGANs of equal size and equally many steps, a plain one and one with the "
                "augmentation, averaging and cooldown of these weights. Samples are nearer than theirs in "
                "sliced Wasserstein distance (of which another draw of 5,000 samples takes or adds up to two), "
                "and farther in Fréchet distance. The learning rate is not the reason: with the full one until "
                "step 10,600 the run ended at 10.26 (sliced Wasserstein 16.2). Nor is one term of the loss: a "
                "thousand steps from there as a plain DCGAN moved neither distance. The discriminator is: it "
                "wins. The squared gradient of its score at real pictures is 50,000, a DCGAN's below 400. The "
                "recipe has a gradient penalty now, with which these weights were not yet trained.",
                "Speed on two CPU cores, one visitor (`python -m benchmarks speed gan-interpolation --alone`): a "
                "path of 60 frames to its sprite takes 0.10 to 0.13 s, a dragged frame 47 ms (p95 65 ms). No GPU "
                "was measured.",
                "Tight, aligned, frontal faces only; anything else comes back as such a face.",
                SAMPLE_OF_WEB,
                "A reconstruction resembles, it does not identify: it must not be used to recognise "
                "anybody.",
            ],
            "measure": "python -m benchmarks quality ogan-faces --data images/utkface64 --split val "
            "--train images/utkface64",
        }


RECIPE = OGANFaces
