"""`glow-faces`: the full Glow on aligned faces of 64 pixels.

The numbers are for a GPU. Two CPU cores take pictures of 32 pixels and a smaller model:

    python -m train glow-faces --set size=32 levels=3 depth=16 width=128 batch_size=32 \\
        mixed_precision=no --steps 12000
"""

from dataclasses import dataclass

from core.models.flows.multi_scale import MultiScaleFlow
from core.models.glow import Glow, GlowConfig
from train.flow import FACE_LIMITS, METRICS, FlowRecipe
from train.image_sets import FACE_FAMILIES, FACES
from train.recipe import Card


@dataclass(kw_only=True)
class GlowFaces(FlowRecipe):
    """Sizes of the full model: as many weights as the author's at 64 pixels, half of its work."""

    name = "glow-faces"
    model_class = Glow
    pictures = "utkface64"

    levels: int = 4
    depth: int = 20  # steps of each level
    width: int = 192
    coupling: str = "affine"
    least_scale: float = 0.2

    def model(self) -> MultiScaleFlow:
        """A new one."""
        return Glow(
            GlowConfig(
                size=self.size,
                levels=self.levels,
                steps=self.depth,
                width=self.width,
                coupling=self.coupling,
                least_scale=self.least_scale,
                bits=self.bits,
            )
        )

    def shrink(self) -> None:
        """Two levels of two steps."""
        super().shrink()
        self.levels, self.depth, self.width = 2, 2, 8

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "Glow, faces",
            "title_zh": "Glow 人脸",
            "summary": "An exactly invertible model of faces: every picture has one code, every code "
            "one picture, and both have a likelihood.",
            "summary_zh": "严格可逆的人脸模型：每张图对应唯一的编码，每个编码对应唯一的图，且都有似然。",
            "post": {
                "title": "细水长flow之RealNVP与Glow：流模型的传承与升华",
                "url": "https://kexue.fm/archives/5807",
            },
            "licence": "research-non-commercial",
            "tags": ["normalizing-flow", "glow", "faces"],
            "pipeline_tag": "unconditional-image-generation",
            "data": [FACES],
            "metrics": METRICS,
            "curve": ["bits_per_dim", "swd_0.7"],
            "beside": FACE_FAMILIES,
            "departures": [
                "Affine couplings and learned 1x1 convolutions, which the post explains but its script "
                "leaves out.",
                "Data-dependent start, averaged weights, gradients clipped, exploding steps passed over.",
                "Noise fills each grey level's bin, so that bits per dimension are a bound.",
                f"Coupling scales stay above {self.least_scale}, so that rounding is not magnified.",
            ],
            "limits": FACE_LIMITS,
            "measure": "python -m benchmarks quality glow-faces --data images/utkface64 --split val "
            "--train images/utkface64",
        }


RECIPE = GlowFaces
