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
                "The weights here were trained in parts: until step 5,700 without the gradient penalty, with a "
                "correlation and coarse pixels of weight 1; then the correlation weighed 3, from 8,300 on 1.5, "
                "from 11,050 on 3 and from 11,200 on 4. The learning rate was full until 11,050.",
            ],
            "limits": [
                "Beside it stand two DCGANs of equal size and budget (17,000 steps), a plain one and one with the "
                "augmentation, averaging and cooldown of these weights. Samples are nearer than "
                "those of the plain one in both distances, and than those of the other in sliced Wasserstein "
                "distance only (Fréchet 9.00 and 7.54). (Another draw of "
                "5,000 samples takes from the sliced Wasserstein distance or adds to it up to two.)",
                "Speed on two CPU cores, one visitor (`python -m benchmarks speed gan-interpolation --alone`): a "
                "path of 60 frames to its sprite takes 0.10 to 0.13 s, a dragged frame 47 ms (p95 64 ms). No GPU "
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
