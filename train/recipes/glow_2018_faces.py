"""`glow-2018-faces`: the author's simplified Glow on aligned faces of 64 pixels.

Model and start are his; data, schedule and averaging are those of `glow-faces`, so that the two differ by
the model alone (his own run: batches of 64, rate 1e-4, 200,000 steps). The numbers are for a GPU. Two CPU
cores take pictures of 32 pixels with his numbers for them but for the width, which makes it as large and
as fast as the small `glow-faces`:

    python -m train glow-2018-faces --set size=32 depth=6 width=320 batch_size=32 \\
        mixed_precision=no --steps 12000
"""

from dataclasses import dataclass

from core.models.flows.multi_scale import MultiScaleFlow
from core.models.glow_2018 import Glow2018, Glow2018Config
from train.flow import FACE_LIMITS, METRICS, FlowRecipe
from train.image_sets import FACES
from train.recipe import Card


@dataclass(kw_only=True)
class Glow2018Faces(FlowRecipe):
    """The author's sizes at 64 pixels."""

    name = "glow-2018-faces"
    model_class = Glow2018
    pictures = "utkface64"

    levels: int = 3
    depth: int = 10  # steps of each level
    width: int = 512

    def model(self) -> MultiScaleFlow:
        """A new one."""
        return Glow2018(
            Glow2018Config(
                size=self.size,
                levels=self.levels,
                steps=self.depth,
                width=self.width,
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
            "title": "Glow as simplified in 2018, faces",
            "title_zh": "2018 年简化版 Glow 人脸",
            "summary": "Glow with fixed shuffles and additive couplings, as in the post's script.",
            "summary_zh": "按原文脚本简化的 Glow：固定的通道打乱与加性耦合。",
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
            "departures": [
                "Noise fills each grey level's bin; the script's covers half of it, which makes its "
                "loss no bound on bits per dimension.",
                "AdamW with averaged weights and a schedule; exploding steps are passed over where the "
                "script goes back to its best weights.",
                "Other faces, and far fewer steps than the author's 200,000.",
            ],
            "limits": FACE_LIMITS,
            "measure": "python -m benchmarks quality glow-2018-faces --data images/utkface64 "
            "--split val --train images/utkface64",
        }


RECIPE = Glow2018Faces
