"""`glow-cifar10`: the full Glow on CIFAR-10, 32 pixels.

The numbers are for a GPU. Two CPU cores take a smaller model:

    python -m train glow-cifar10 --set depth=16 width=128 batch_size=32 mixed_precision=no --steps 20000
"""

from dataclasses import dataclass

from train.recipe import Card
from train.recipes.glow_faces import GlowFaces


@dataclass(kw_only=True)
class GlowCifar10(GlowFaces):
    """Three levels, as the paper has; less wide than its 512 channels."""

    name = "glow-cifar10"
    pictures = "cifar10"

    steps: int = 20_000
    size: int = 32
    levels: int = 3
    depth: int = 24
    width: int = 256

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            **super().card(),
            "title": "Glow, CIFAR-10",
            "title_zh": "Glow CIFAR-10",
            "summary": "An exactly invertible model of small photographs of ten kinds of things.",
            "summary_zh": "严格可逆的小图片模型，十类物体的照片。",
            "licence": "unknown",
            "tags": ["normalizing-flow", "glow", "cifar10"],
            "data": [
                {
                    "name": "CIFAR-10 (train part, 50,000), as JPEG",
                    "source": "www.cs.toronto.edu/~kriz/cifar.html (Krizhevsky 2009)",
                    "licence": "none stated; research use",
                }
            ],
            "limits": [
                "Samples look like photographs from afar only.",
                "The pictures are JPEG copies, so bits per dimension cannot be compared with published "
                "ones (Glow's own is 3.35 on the lossless pictures).",
            ],
            "measure": "python -m benchmarks quality glow-cifar10 --data images/cifar10 --split val",
        }


RECIPE = GlowCifar10
