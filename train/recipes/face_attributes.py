"""`face-attributes`: the 40 CelebA attributes of a face, and features to measure pictures with.

It has to read tightly cropped faces as well as CelebA's own wide crop, so every training picture is
cut at random between the two. A minute on a GPU, half an hour on two CPU cores
(`--set mixed_precision=no`).
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.levels import scaled
from core.models.face_attributes import FaceAttributes, FaceAttributesConfig
from train.picture_recipe import PictureRecipe, channels_last
from train.recipe import Batch, Card, Logs, Metric

# The part of a CelebA picture of 64 pixels that a tight face crop shows: left, top, side in pixels.
# It puts the eyes, at (24, 31) and (40, 31), where aligned tight crops have them, (19, 18) and (44, 18).
TIGHT = (11.5, 19.0, 42.0)
NAMED = ("Smiling", "Eyeglasses", "Mouth_Slightly_Open", "No_Beard", "Male")


@dataclass(kw_only=True)
class FaceAttributesRecipe(PictureRecipe):
    """Numbers with their reasons."""

    name = "face-attributes"
    model_class = FaceAttributes
    eight_bits = ("",)  # mean accuracy changes by less than 0.001
    pictures = "celeba64"

    steps: int = 4000
    batch_size: int = 128
    learning_rate: float = 2e-3
    warmup: int = 200
    cooldown: float = 0.7
    weight_decay: float = 0.05  # 7,980 pictures are soon known by heart
    ema: float | None = 0.99
    evaluate_every: int = 1000
    mixed_precision: str = "bf16"

    width: int = 32
    jitter: float = 0.06  # of place and side of a crop, in sides
    smoothing: float = 0.03  # the attributes are noisy
    erased: float = 0.5  # share of pictures with a grey patch, which nothing must depend on

    def prepare(self) -> None:
        """Pictures with their 40 answers."""
        super().prepare()
        self.names = tuple(name for name in self.images.labels if name != "source")
        self.answers = self.images.numbers(*self.names)
        self.dev_answers = self.dev.numbers(*self.names)

    def place(self, device: torch.device) -> None:
        """Pictures and answers to the device."""
        super().place(device)
        self.answers = self.answers.to(device)

    def build(self) -> nn.Module:
        """The shipped sizes, channels last in memory."""
        config = FaceAttributesConfig(names=self.names, size=self.size, width=self.width)
        return channels_last(FaceAttributes(config))

    def loss(self, model: Any, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """Cross-entropy in nats, averaged over attributes."""
        x = self.images.take(batch)
        tightness = torch.rand(len(x), device=x.device)
        x = cropped(x, tightness, self.jitter * torch.randn(3, len(x), device=x.device))
        x = erased(x, self.erased)
        wanted = self.answers[batch["rows"].to(self.answers.device)]
        soft = wanted * (1 - self.smoothing) + self.smoothing / 2
        logits = model(x)
        loss = F.binary_cross_entropy_with_logits(logits.float(), soft)
        right = ((logits > 0) == (wanted > 0.5)).float().mean()
        return loss, {"accuracy": right}

    def evaluate(self, model: Any) -> Logs:
        """Accuracy on dev pictures, over all attributes and those named, wide and tight crops."""
        device = model.output.weight.device
        x = scaled(self.dev.pixels).to(device)
        wanted = self.dev_answers.to(device) > 0.5
        figures: Logs = {}
        for crop, tightness in (("wide", 0.0), ("tight", 1.0)):
            t = torch.full((len(x),), tightness, device=device)
            pictures = cropped(x, t, torch.zeros(3, len(x), device=device))
            right = (torch.cat([model(part) for part in pictures.split(250)]) > 0) == wanted
            figures[f"accuracy_{crop}"] = float(right.float().mean())
            for name in NAMED:
                if name in self.names:
                    column = right[:, self.names.index(name)].float()
                    figures[f"{name.lower()}_{crop}"] = float(column.mean())
        constant = torch.maximum(wanted.float().mean(0), 1 - wanted.float().mean(0))
        figures["accuracy_constant"] = float(constant.mean())
        figures["score"] = (figures["accuracy_wide"] + figures["accuracy_tight"]) / 2
        return figures

    def golden_inputs(self) -> dict[str, Tensor]:
        """Pictures."""
        return self.golden_pictures()

    def shrink(self) -> None:
        """A few steps of a thin network on small pictures."""
        super().shrink()
        self.size, self.width = 32, 8

    def card(self) -> Card:
        """Facts for the model card."""
        named: list[Metric] = [
            {"figure": f"{name.lower()}_tight", "label": f"{name}, tight", "author": None}
            for name in NAMED
        ]
        return {
            "title": "Face attributes",
            "title_zh": "人脸属性分类器",
            "summary": "Forty attributes of a face. It is there to measure generated faces: its "
            "features for Fréchet distances, its answers for reconstructions.",
            "summary_zh": "人脸的四十个属性。用于评测生成的人脸：特征用于 Fréchet 距离，输出用于检验重构。",
            "licence": "research-non-commercial",
            "tags": ["image-classification", "faces"],
            "pipeline_tag": "image-classification",
            "data": [
                {
                    "name": "CelebA, aligned faces of 64 pixels (7,980 of train)",
                    "source": "github.com/karthikSingireddy/cs389-hw4 702f8f7",
                    "licence": "research, non-commercial",
                }
            ],
            "metrics": [
                {
                    "figure": "accuracy_wide",
                    "label": "40 个属性平均准确率 mean accuracy",
                    "author": None,
                },
                {"figure": "accuracy_tight", "label": "紧裁剪 on tight crops", "author": None},
                {
                    "figure": "accuracy_constant",
                    "label": "恒答多数 always the common answer",
                    "author": None,
                },
                *named,
            ],
            "limits": [
                "Attributes are annotators' impressions of celebrities in 2015, some of them judgements "
                "of taste; only the plainly visible ones are used here.",
                "A measuring device for generated pictures. It must not be used to judge people.",
            ],
            "measure": "python -m train face-attributes --card",
        }


def cropped(x: Tensor, tightness: Tensor, jitter: Tensor) -> Tensor:
    """CelebA pictures `(batch, 3, size, size)` cut between the wide crop (0) and a tight one (1).

    `jitter` `(3, batch)` moves the place, in sides to the right and down, and the logarithm of the side.
    """
    size = x.shape[-1]
    left, top, side = (value / 64 for value in TIGHT)
    part = (1 + tightness * (side - 1)) * jitter[2].exp()
    across = 0.5 + tightness * (left + side / 2 - 0.5) + jitter[0] * part
    down = 0.5 + tightness * (top + side / 2 - 0.5) + jitter[1] * part
    zero = torch.zeros_like(part)
    rows = [torch.stack([part, zero, 2 * across - 1]), torch.stack([zero, part, 2 * down - 1])]
    theta = torch.stack(rows).permute(2, 0, 1)
    grid = F.affine_grid(theta, [len(x), 3, size, size], align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def erased(x: Tensor, share: float) -> Tensor:
    """Pictures, a share of them with a grey square of a third of the side somewhere."""
    size = x.shape[-1]
    corner = torch.randint(0, size, (2, len(x)), device=x.device)
    chosen = torch.rand(len(x), device=x.device) < share
    place = torch.arange(size, device=x.device)
    near = [(place >= c[:, None]) & (place < c[:, None] + size // 3) for c in corner]
    hole = near[0][:, None, :, None] & near[1][:, None, None, :] & chosen[:, None, None, None]
    return x.masked_fill(hole, 0.0)


RECIPE = FaceAttributesRecipe
