"""`vae-faces`: the convolutional VAE of post 5253 on the faces of `ogan-faces`.

Six minutes on a GPU. Two CPU cores make the same model in an hour:

    python -m train vae-faces --set batch_size=64 --steps 12000
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.quality.image_codes import reconstruction_figures
from benchmarks.quality.images import draw, reconstruct
from benchmarks.quality.picture_likelihood import likelihood_figures
from benchmarks.quality.sliced_wasserstein import sliced_wasserstein
from core.models.picture_vae import LEVELS, PictureVAE, PictureVAEConfig
from core.runtime import draws
from train.image_sets import FACE_FAMILIES, FACES, SAMPLE_OF_WEB
from train.picture_recipe import PictureRecipe, channels_last
from train.recipe import Batch, Card, Logs


@dataclass(kw_only=True)
class VAEFaces(PictureRecipe):
    """Numbers with their reasons."""

    name = "vae-faces"
    model_class = PictureVAE
    pictures = "utkface64"
    keep_float32 = ("log_sigma",)
    eight_bits = ("",)  # costs 0.004 bits per dimension and 0.02 dB

    steps: int = 20_000
    batch_size: int = 128
    learning_rate: float = 1e-3
    warmup: int = 500
    cooldown: float = 0.5
    weight_decay: float = 1e-4
    ema: float | None = 0.999
    evaluate_every: int = 2000
    mixed_precision: str = "bf16"

    latent: int = 128  # as many numbers as the codes of ogan-faces
    width: int = 32
    annealing: int = (
        1000  # steps until the divergence counts fully, so that codes say something first
    )

    def build(self) -> nn.Module:
        """The shipped sizes, channels last in memory."""
        config = PictureVAEConfig(size=self.size, latent=self.latent, width=self.width)
        return channels_last(PictureVAE(config))

    def loss(self, model: Any, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """The negative ELBO of pictures with fresh noise inside their levels, in bits per dimension."""
        pixels = self.images.levels(batch)
        x = LEVELS.dequantize(pixels, torch.rand(pixels.shape, device=pixels.device))
        x = x.contiguous(memory_format=torch.channels_last)
        posterior = model.encode(x)
        z = posterior.sample(torch.randn_like(posterior.mean))
        kl = posterior.kl().sum(dim=1)
        weight = min(1.0, (step + 1) / self.annealing)
        loss = model.bits_per_dim(model.log_likelihood(x, z) - weight * kl).mean()
        return loss, {
            "kl_bits": kl.mean() / (model.dimensions * math.log(2)),
            "sigma": model.log_sigma.detach().exp(),
        }

    def evaluate(self, model: Any) -> Logs:
        """Likelihood, reconstruction and a cheap distance of samples on the dev pictures."""
        pixels = self.dev.pixels.to(model.log_sigma.device)
        made = draw(model, min(64 if self.smoke else 1000, len(pixels)), self.seed)
        rebuilt = reconstruct(model, pixels)
        self.show(made, pixels, rebuilt)
        likelihood = likelihood_figures(model, pixels, samples=8, seed=self.seed)
        distance = sliced_wasserstein(pixels, made, patches=32, directions=128)
        kept = ("elbo_bits_per_dim", "kl_bits_per_dim", "sigma", "active_units")
        return {
            **{key: likelihood[key] for key in kept},
            **reconstruction_figures(pixels, rebuilt),
            "swd": distance["mean"],
            "score": -likelihood["elbo_bits_per_dim"],
        }

    def golden_inputs(self) -> dict[str, Tensor]:
        """Noise, and pictures."""
        return {"input.z": draws.noise(self.seed, 2, self.latent), **self.golden_pictures()}

    def shrink(self) -> None:
        """A few steps of thin networks on small pictures."""
        super().shrink()
        self.size, self.width, self.latent = 16, 8, 8

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "VAE, faces",
            "title_zh": "VAE 人脸",
            "summary": "A convolutional variational autoencoder over faces. All pictures shown with it "
            "are made by the model.",
            "summary_zh": "卷积变分自编码器生成人脸。随附展示的图片均由模型生成。",
            "post": {
                "title": "变分自编码器（一）：原来是这么一回事",
                "url": "https://kexue.fm/archives/5253",
            },
            "licence": "research-non-commercial",
            "tags": ["vae", "autoencoder", "faces"],
            "pipeline_tag": "unconditional-image-generation",
            "data": [FACES],
            "metrics": [
                {"figure": figure, "label": label, "author": None}
                for figure, label in (
                    (
                        "elbo_bits_per_dim",
                        "ELBO，比特/维（越低越好）bits per dimension, lower is better",
                    ),
                    ("reconstruction_psnr", "重构 PSNR (dB)"),
                    ("retrieval_top1", "重构检索 top-1 retrieval of reconstructions"),
                    ("swd", "切片 Wasserstein 距离 sliced Wasserstein ×1000, lower is better"),
                    ("active_units", "有效隐变量 active units"),
                )
            ],
            "curve": ["elbo_bits_per_dim", "reconstruction_psnr", "swd"],
            "beside": FACE_FAMILIES,
            "departures": [
                "One deviation for all pixels, learned; the post has 1, which leaves the divergence "
                "too much weight and pictures blurred.",
                f"{self.latent} numbers of code where the author has 512, as many as the O-GAN beside "
                "it; the last map is flattened where the post averages it.",
                "The divergence counts fully only after the first "
                f"{self.annealing:,} steps; averaged weights.",
            ],
            "limits": [
                "Tight, aligned, frontal faces only; means of what is possible, therefore blurred.",
                SAMPLE_OF_WEB,
            ],
            "measure": "python -m benchmarks quality vae-faces --data images/utkface64 --split val "
            "--train images/utkface64",
        }


RECIPE = VAEFaces
