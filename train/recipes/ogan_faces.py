"""`ogan-faces`: O-GAN on aligned faces of 64 pixels.

The numbers are for a GPU at full width. One CPU core makes a fair model of half width in three hours
(`mixed_precision=no` where the processor has no AVX512-BF16):

    python -m train ogan-faces --set width=32 batch_size=64 --steps 16000
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
                "The weights here were trained in parts: 7,200 steps with half the weight of the "
                "correlation, without codes among the noise and with reconstructions in the loss by "
                "themselves; then with codes among the noise; from step 10,400 with contrast in the loss; "
                "the last 3,000 steps with the correlation weighing 2.5. The curve shows it: between steps "
                "8,000 and 10,000 contrast ran away.",
            ],
            "limits": [
                "Samples are worse than those of a plain DCGAN of equal width (3.2 M parameters) after "
                "13,300 steps of the same size, whose figures stand beside: its logistic game with Adam "
                "suits few pictures better than GAN-QP with RMSprop, or its generator does; which of the "
                "two is not known yet.",
                "Tight, aligned, frontal faces only; anything else comes back as such a face.",
                SAMPLE_OF_WEB,
                "A reconstruction resembles, it does not identify: it must not be used to recognise "
                "anybody.",
            ],
            "measure": "python -m benchmarks quality ogan-faces --data images/utkface64 --split val "
            "--train images/utkface64",
        }


RECIPE = OGANFaces
