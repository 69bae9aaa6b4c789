"""`ddpm-faces`: denoising diffusion on the faces of `ogan-faces`.

The numbers are for a GPU. Two CPU cores take pictures of 32 pixels and a smaller network (0.65 s a step):

    python -m train ddpm-faces --set size=32 "channels=(32,64,128)" layers=1 dropout=0 batch_size=32 \\
        warmup=500 ema=0.999 --steps 8000
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.quality.diffusion import draw, prediction_error
from benchmarks.quality.sliced_wasserstein import sliced_wasserstein
from core.models.ddpm import DDPM, LEVELS, DDPMConfig
from core.runtime import draws
from train.image_sets import FACE_FAMILIES, FACES, SAMPLE_OF_WEB
from train.picture_recipe import PictureRecipe
from train.recipe import Batch, Card, Logs


@dataclass(kw_only=True)
class DDPMFaces(PictureRecipe):
    """Numbers with their reasons."""

    name = "ddpm-faces"
    model_class = DDPM
    pictures = "utkface64"
    eight_bits = ("",)

    steps: int = 40_000
    batch_size: int = 128
    learning_rate: float = 4e-4
    warmup: int = 1000
    cooldown: float = 0.3
    weight_decay: float = 1e-4
    gradient_clip: float | None = 1.0
    ema: float | None = 0.9995  # the noisiest of all losses here
    evaluate_every: int = 4000
    mixed_precision: str = "bf16"

    channels: tuple[int, ...] = (32, 64, 128, 128)
    layers: int = 2
    dropout: float = 0.1  # pictures are few enough to be learned by heart
    looks: int = 256  # samples that are looked at during training

    def build(self) -> nn.Module:
        """The shipped sizes."""
        config = DDPMConfig(
            size=self.size, channels=self.channels, layers=self.layers, dropout=self.dropout
        )
        return DDPM(config)

    def loss(self, model: Any, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """Squared error of v; the levels of a batch are spread evenly, which calms the gradient."""
        x = self.images.take(batch)
        if x.is_cuda:  # on a CPU the normalisations lose more by it than the convolutions gain
            x = x.contiguous(memory_format=torch.channels_last)
        place = (torch.rand((), device=x.device) + torch.arange(len(x), device=x.device)) / len(x)
        level = (place * LEVELS).long().clamp_max(LEVELS - 1)
        error = model.loss(x, torch.randn_like(x), level)
        return error.mean(), {"clean": error[level < LEVELS // 4].mean()}

    def evaluate(self, model: Any) -> Logs:
        """Error of predictions for the dev pictures, a cheap distance of samples of 25 steps."""
        pixels = self.dev.pixels.to(model.signal.device)
        made = draw(
            model, 16 if self.smoke else self.looks, self.seed, steps=2 if self.smoke else 25
        )
        self.show(made)
        distance = sliced_wasserstein(pixels[: len(made)], made, patches=32, directions=128)
        error = prediction_error(model, pixels, seed=self.seed)
        return {"prediction_error": error, "swd": distance["mean"], "score": -error}

    def golden_inputs(self) -> dict[str, Tensor]:
        """Noise, pictures and levels."""
        shape = (2, 3, self.size, self.size)
        return {
            "input.noise": draws.noise(self.seed, 2, 3 * self.size**2).view(shape),
            **self.golden_pictures(),
            "input.level": torch.tensor([100, 700]),
        }

    def shrink(self) -> None:
        """A few steps of thin networks on small pictures."""
        super().shrink()
        self.size, self.channels, self.layers = 16, (16, 32), 1

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "Diffusion, faces",
            "title_zh": "扩散模型人脸",
            "summary": "Noise becomes a face in 10 to 50 small steps. All pictures shown with it are "
            "made by the model.",
            "summary_zh": "噪声经 10 到 50 个小步变成人脸。随附展示的图片均由模型生成。",
            "post": {
                "title": "生成扩散模型漫谈（一）：DDPM = 拆楼 + 建楼",
                "url": "https://kexue.fm/archives/9119",
            },
            "licence": "research-non-commercial",
            "tags": ["diffusers", "ddpm", "faces"],
            "pipeline_tag": "unconditional-image-generation",
            "data": [FACES],
            "metrics": [
                {"figure": figure, "label": label, "author": None}
                for figure, label in (
                    ("prediction_error", "预测误差 mean squared error of v, unseen faces"),
                    ("swd", "切片 Wasserstein 距离 sliced Wasserstein ×1000, lower is better"),
                )
            ],
            "curve": ["prediction_error", "swd"],
            "beside": FACE_FAMILIES,
            "departures": [
                "The target is v and the schedule the cosine one, where the first paper has the noise "
                "and a linear one: both keep the last steps meaningful when they are few.",
            ],
            "limits": [
                "Tight, aligned, frontal faces only.",
                SAMPLE_OF_WEB,
            ],
            "measure": "python -m benchmarks quality ddpm-faces --data images/utkface64 --split val "
            "--train images/utkface64",
        }


RECIPE = DDPMFaces
