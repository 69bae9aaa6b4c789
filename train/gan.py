"""What the GAN recipes share: data on the device, both players in one step, figures during training."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.quality.image_codes import reconstruction_figures
from benchmarks.quality.image_samples import in_batches
from benchmarks.quality.images import draw, noise_correlation, reconstruct
from benchmarks.quality.judgements import judgements, save_judgements
from benchmarks.quality.sliced_wasserstein import sliced_wasserstein
from core import hub
from core.levels import scaled
from core.models.code_prior import CodePrior
from core.models.ogan import OGAN, TRUNCATION, OGANConfig
from core.models.ogan_code import (
    Scores,
    logistic_loss,
    normalised,
    pearson,
    quadratic_potential_loss,
)
from core.runtime import draws
from train.augmentation import Augmentation
from train.picture_recipe import PictureRecipe, channels_last
from train.recipe import Batch, Logs

GAMES = ("logistic", "quadratic")


@dataclass(kw_only=True)
class GANRecipe(PictureRecipe):
    """O-GAN on one set of pictures; subclasses name the set and may play another game.

    The encoder sees four batches a step, each normalised by itself: real pictures, generated ones cut
    off from the generator, generated ones, all three changed at random (pairs alike), and generated
    ones as they are for the correlation: a code that has to survive every change could not hold
    brightness or place. Without augmentation the last two are one, and the step is the author's.
    """

    model_class = OGAN

    steps: int = 50_000
    batch_size: int = 128  # twice the author's: a GPU takes it in the same time
    learning_rate: float = 2e-4  # DCGAN's
    warmup: int = 200
    cooldown: float = 0.4  # samples gain most while the rate falls
    gradient_clip: float | None = None  # both optimisers divide by the size of the gradient anyway
    ema: float | None = 0.999  # the smaller of the author's two
    evaluate_every: int = 5000
    mixed_precision: str = "bf16"

    width: int = 64
    # A code of 128 numbers, the author's at 128 pixels, came at the price of flaws that many samples
    # shared: at 64 pixels and half width there is no room for so many that can be read again.
    latent: int = 64
    generator: str = "dcgan"  # selfmod was behind here at equal steps; for the author it was ahead
    game: str = "logistic"  # with DCGAN's Adam; "quadratic": the author's GAN-QP with RMSprop
    betas: tuple[float, float] = (0.5, 0.999)  # of that Adam: a short memory of the direction
    # Weight of the correlation; the author's is 0.5 at 128 pixels. A heavy one from the start is met with
    # codes that only generated pictures have: with 6, fresh noise read 0.97 at step 8,000 and photographs
    # came back as others (retrieval 0.28; 0.65 after 1 until step 5,700 and then 3).
    correlation: float = 3.0
    augment: str = "shift cutout"  # "colour shift cutout" for fewer pictures; "" for none
    # Weight of the gradient penalty on real pictures. Without it the discriminator of an O-GAN wins: the
    # squared gradient of its score grew to 35,000 by step 10,600 (a DCGAN's stays below 400), its lead from
    # 1.3 to 5, and the Frechet distance of samples stood still. With it from step 5,700 on, step 7,000 had
    # 72, a lead of 1.6, and fresh noise read 0.951 in place of 0.942.
    r1: float = 0.002
    r1_every: int = 4  # steps between two penalties, each so many times as heavy
    # Share of the noise that gives way to codes of real pictures, so that reconstructions are judged too.
    # Three runs with GAN-QP parted at step 7,200; after 300 steps with 0, 0.25 and 0.5 of it the sliced
    # Wasserstein distance of samples was 28.5, 22.8 and 21.2, retrieval 0.82, 0.87 and 0.90.
    revisited: float = 0.25
    fidelity: float = 2.0  # weight of coarse pixels of these reconstructions
    # Weight of mean and deviation of colours, of reconstructions and of samples by themselves. The encoder
    # normalises a batch of both, so the game holds neither: without this, half a batch of codes made
    # reconstructions harsher (deviation 0.55 for 0.51) and samples paler (0.48).
    contrast: float = 2.0
    calibration: int = 8192  # pictures that the shipped batch statistics are averages of
    start_from: str = ""  # weights that training starts from
    compile: bool = False  # torch.compile on a GPU: pays for runs of more than a few minutes

    def prepare(self) -> None:
        """The pictures, and how they are changed at random; `ValueError` for an unknown game."""
        if self.game not in GAMES:
            raise ValueError(f"game is one of {', '.join(GAMES)}, got {self.game!r}")
        super().prepare()
        self.augmentation = Augmentation(tuple(self.augment.split()))

    def build(self) -> nn.Module:
        """Both networks, as `start_from` has left them or new.

        Raises `ValueError` when those weights have other sizes.
        """
        config = OGANConfig(
            size=self.size, latent=self.latent, width=self.width, generator=self.generator
        )
        model = OGAN(config)
        if self.start_from:
            donor = hub.load(self.start_from)
            if not isinstance(donor, OGAN) or donor.config != config:
                raise ValueError(
                    f"{self.start_from} has other sizes: {hub.locate(self.start_from).config}"
                )
            model.load_state_dict(donor.state_dict())
        return channels_last(model)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """One RMSprop or one Adam for both players."""
        if self.game == "logistic":
            return torch.optim.Adam(
                model.parameters(), lr=self.learning_rate, betas=self.betas, fused=True
            )
        return torch.optim.RMSprop(model.parameters(), lr=self.learning_rate, alpha=0.99, eps=1e-7)

    def loss(self, model: Any, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """Both players' losses and the correlation, for one step on all parameters."""
        embed, generate = self._verbs(model)
        real = self.images.take(batch).contiguous(memory_format=torch.channels_last)
        z = torch.randn(len(real), self.latent, device=real.device)
        count = int(self.revisited * len(real))
        if count:
            with torch.no_grad():  # pictures that the game does not pair these with
                z[:count] = TRUNCATION * normalised(embed(real, generated=False))[-count:]
        fake = generate(z)
        change = self.augmentation.draw(len(real), self.size, real.device)
        real_seen, fake_seen = change(real), change(fake)
        seen = embed(fake_seen, generated=True)
        apart = self.correlation > 0 and self.augmentation.kinds
        clean = embed(fake, generated=True) if apart else seen
        fixed = embed(fake_seen.detach(), generated=True)
        scores = Scores(
            *(e.float().mean(dim=1) for e in (embed(real_seen, generated=False), seen, fixed))
        )
        rho = pearson(z, clean).mean()
        if self.game == "logistic":
            played = logistic_loss(scores)
        else:
            played = quadratic_potential_loss(scores, real_seen, fake_seen.float())
        loss = played.mean() - self.correlation * rho
        logs = {"gap": (scores.fixed - scores.real).mean(), "correlation": rho}
        if self.r1 and step % self.r1_every == 0:
            penalty = gradient_penalty(model, real)
            loss = loss + self.r1 * self.r1_every / 2 * penalty
            logs["r1"] = penalty
        if count and self.fidelity:
            logs["infidelity"] = F.mse_loss(coarse(fake[:count]), coarse(real[-count:]))
            loss = loss + self.fidelity * logs["infidelity"]
        if self.contrast:
            groups = [(fake[count:], real), (fake[:count], real[len(real) - count :])]
            gaps = [colours(a) - colours(b) for a, b in groups if len(a)]
            logs["contrast"] = torch.stack(gaps).square().sum(dim=1).mean()
            loss = loss + self.contrast * logs["contrast"]
        return loss, logs

    def finish(self, model: Any) -> None:
        """Batch statistics of the weights as they are now."""
        device = model.encoder.output.weight.device
        count = min(self.calibration, 4 * len(self.images))
        noise = draws.noise(self.seed, count, self.latent)
        rows = torch.randperm(len(self.images), generator=torch.Generator().manual_seed(self.seed))
        pixels = self.images.pixels
        model.calibrate(
            (part.to(device) for part in noise.split(256)),
            (scaled(pixels[part.to(pixels.device)]).to(device) for part in rows[:count].split(256)),
        )

    def evaluate(self, model: Any) -> Logs:
        """A cheap distance from the dev pictures, correlation of fresh noise, reconstruction."""
        pixels = self.dev.pixels.to(model.encoder.output.weight.device)
        few = 64 if self.smoke else 1000
        made = draw(model, min(few, len(pixels)), self.seed)
        rebuilt = reconstruct(model, pixels)
        self.show(made, pixels, rebuilt)
        distance = sliced_wasserstein(pixels, made, patches=32, directions=128)
        real = in_batches(lambda x: model.encode(scaled(x)).score, pixels)
        fake = in_batches(lambda x: model.encode(scaled(x), generated=True).score, made)
        return {
            "swd": distance["mean"],
            "noise_correlation": noise_correlation(model, few, self.seed),
            **reconstruction_figures(pixels, rebuilt),
            "score_gap": float(fake.mean() - real.mean()),
            "score": -distance["mean"],
        }

    def golden_inputs(self) -> dict[str, Tensor]:
        """Noise, and pictures."""
        return {"input.z": draws.noise(self.seed, 2, self.latent), **self.golden_pictures()}

    def files(self, folder: Path) -> None:
        """What the shipped encoder says of dev pictures and of samples, as numbers; a fitted prior."""
        model = hub.load_folder(folder, OGAN).to(self.dev.pixels.device)
        assert isinstance(model, OGAN)
        save_judgements(judgements(model, self.dev.pixels, seed=self.seed), folder)
        if self.correlation:  # without it there are no codes
            pixels = self.images.pixels[: self.calibration].to(self.dev.pixels.device)
            codes = in_batches(lambda x: model.encode(scaled(x)).code, pixels)
            CodePrior.fit(codes.cpu()).save(folder)

    def shrink(self) -> None:
        """A few steps of thin networks on small pictures."""
        super().shrink()
        self.size, self.width, self.latent, self.calibration = 32, 8, 16, 64
        self.start_from = ""

    def departures(self) -> list[str]:
        """What these numbers do otherwise than the author, for the model card."""
        lines = [
            f"{self.size} pixels and codes of {self.latent} numbers; the author used 128 and 256 pixels, "
            "with a layer more for every doubling, and 128 numbers.",
            "Averaged weights (0.999), whose batch statistics are computed anew, one set for real and "
            "one for generated pictures.",
        ]
        if self.game == "logistic":
            lines.append(
                "The game is the logistic one of Goodfellow et al. 2014, non-saturating, with the Adam of "
                "DCGAN; the author's is GAN-QP with RMSprop. Score and code stay apart in either."
            )
        if self.augment:
            lines.append(
                f"Differentiable augmentation ({', '.join(self.augment.split())}) of what is judged, "
                "because the pictures are few; the correlation is taken of unchanged pictures."
            )
        if self.start_from:
            lines.append(f"Training starts from the weights of {self.start_from}, not at random.")
        if self.r1:
            lines.append(f"A gradient penalty on real pictures, of weight {self.r1:g}.")
        if self.revisited:
            lines.append(
                f"For {self.revisited:.0%} of every batch the noise is the code of a real picture, so "
                "that reconstructions are judged, and read again, like samples."
            )
        if self.revisited and self.fidelity:
            lines.append(
                "Coarse pixels (averages of 4 x 4) of these reconstructions in the loss, of weight "
                f"{self.fidelity:g}; without them only generated pictures teach the code."
            )
        if self.correlation:
            lines.append(f"The correlation weighs {self.correlation:g}; the author's weighs 0.5.")
            lines.append(
                "Beside standard normal noise, of which the figures are unless they say otherwise, "
                "`prior.safetensors` has a Gaussian fitted to codes of training pictures "
                "(`core.models.code_prior`); the gallery draws its seeds from either."
            )
        if self.contrast:
            lines.append(
                "Mean and deviation of colours in the loss, which batch normalization hides from the "
                f"game, of weight {self.contrast:g}."
            )
        return lines

    def _verbs(self, model: Any) -> tuple[Any, Any]:
        """The model's `embed` and `generate`, compiled where that was asked for and can be done."""
        if not self.compile or next(model.parameters()).device.type != "cuda":
            return model.embed, model.generate
        if not hasattr(self, "_compiled"):
            import torch._dynamo

            torch._dynamo.config.suppress_errors = True  # without a compiler: as if never asked
            embed, generate = model.embed, model.generate
            self._compiled = (
                torch.compile(embed, dynamic=False),
                torch.compile(generate, dynamic=False),
            )
        return self._compiled


def gradient_penalty(model: OGAN, real: Tensor) -> Tensor:
    """Mean squared gradient of the score with respect to real pictures (R1, Mescheder et al. 2018)."""
    real = real.detach().requires_grad_(True)
    score = model.embed(real).float().mean(dim=1).sum()
    (gradient,) = torch.autograd.grad(score, real, create_graph=True)
    return gradient.square().flatten(1).sum(dim=1).mean()


def coarse(images: Tensor) -> Tensor:
    """Averages over squares of 4 x 4 pixels: what is where, without texture."""
    return F.avg_pool2d(images.float(), 4)


def colours(images: Tensor) -> Tensor:
    """Mean and standard deviation of each channel over a batch and all places, `(6,)`."""
    deviation, mean = torch.std_mean(images.float(), dim=(0, 2, 3))
    return torch.cat([mean, deviation])


METRICS = (
    ("swd", "切片 Wasserstein 距离（越低越好）sliced Wasserstein ×1000, lower is better"),
    ("noise_correlation", "噪声相关系数 correlation on fresh noise"),
    ("retrieval_top1", "重构检索 top-1 retrieval of reconstructions"),
    ("reconstruction_psnr", "重构 PSNR (dB)"),
)
