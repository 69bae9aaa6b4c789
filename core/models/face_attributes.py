"""A small residual network that reads attributes off a face; its last features measure pictures.

The classifier itself is ordinary: four residual stages of 3 x 3 convolutions, the average over the
last map, one logistic output for every attribute. Its averaged features stand in for those of a large
network when generated faces are compared with real ones (`benchmarks.quality.frechet`), and its
answers tell whether a reconstruction still smiles.

Source of the attributes: CelebA, Liu et al. 2015, https://arxiv.org/abs/1411.7766; of the residual
block: He et al. 2016, https://arxiv.org/abs/1603.05027.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, kw_only=True)
class FaceAttributesConfig:
    """Sizes; the defaults are the shipped model's."""

    names: tuple[str, ...]  # of the attributes, in the order of the outputs
    size: int = 64  # side of the pictures in pixels; others are resized to it
    width: int = 32  # channels of the first stage
    stages: int = 4  # each but the first halves the side and doubles the channels

    def __post_init__(self) -> None:
        if not self.names:
            raise ValueError("a classifier needs at least one attribute")


class Residual(nn.Module):
    """Two convolutions beside a shortcut, normalised before each; `stride` 2 halves the side."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        same = stride == 1 and inputs == outputs
        self.shortcut = None if same else nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, inputs, height, width)` to `(batch, outputs, height / stride, width / stride)`."""
        before = F.relu(self.norm1(x))
        kept = x if self.shortcut is None else self.shortcut(before)
        added: Tensor = kept + self.conv2(F.relu(self.norm2(self.conv1(before))))
        return added


class FaceAttributes(nn.Module):
    """Attributes of faces; pictures are `(batch, 3, side, side)` in [-1, 1]."""

    Config = FaceAttributesConfig

    def __init__(self, config: FaceAttributesConfig) -> None:
        super().__init__()
        self.config = c = config
        channels = [c.width * 2**i for i in range(c.stages)]
        self.input = nn.Conv2d(3, c.width, 3, padding=1, stride=2, bias=False)
        blocks = []
        for i, outputs in enumerate(channels):
            inputs = channels[max(0, i - 1)]
            blocks.append(Residual(inputs, outputs, 1 if i == 0 else 2))
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.BatchNorm2d(channels[-1])
        self.output = nn.Linear(channels[-1], len(c.names))

    def features(self, images: Tensor) -> Tensor:
        """What the last layer sees, `(batch, width * 2^(stages - 1))`; no number is negative."""
        side = self.config.size
        if images.shape[-1] != side:
            images = F.interpolate(
                images, (side, side), mode="bilinear", antialias=images.shape[-1] > side
            )
        pooled: Tensor = F.relu(self.norm(self.blocks(self.input(images)))).mean(dim=(2, 3))
        return pooled

    def forward(self, images: Tensor) -> Tensor:
        """Logits of all attributes, `(batch, attributes)`."""
        logits: Tensor = self.output(self.features(images))
        return logits

    def probabilities(self, images: Tensor) -> Tensor:
        """Probabilities of all attributes, `(batch, attributes)`."""
        return torch.sigmoid(self(images))

    def golden(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Features and logits of `input.images`."""
        images = inputs["input.images"]
        return {"output.features": self.features(images), "output.logits": self(images)}
