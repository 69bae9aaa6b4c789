r"""Denoising diffusion over pictures: a UNet of diffusers, its schedulers, and ways there and back.

Noise is added as :math:`x_t=\sqrt{\bar\alpha_t}\,x_0+\sqrt{1-\bar\alpha_t}\,\varepsilon`, and the network
learns :math:`v_t=\sqrt{\bar\alpha_t}\,\varepsilon-\sqrt{1-\bar\alpha_t}\,x_0`, from which both the picture
and the noise follow at every :math:`t`. Three ways down: `ddpm` (every step adds fresh noise), `ddim` (an
ordinary differential equation in the limit, so it also runs backwards: `invert`) and `dpm-solver++` (the
same equation by a method of second order, for few steps).

Source: Ho et al. 2020, https://arxiv.org/abs/2006.11239; Song et al. 2021 (DDIM),
https://arxiv.org/abs/2010.02502; Lu et al. 2022, https://arxiv.org/abs/2211.01095; the target v and
its weight from Salimans and Ho 2022, https://arxiv.org/abs/2202.00512; the cosine schedule from Nichol
and Dhariwal 2021, https://arxiv.org/abs/2102.09672. It comes after the posts on VAE, GAN and flows.

diffusers is imported when a model is built, not with this module: it takes longer than torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

SCHEDULERS = ("ddim", "dpm-solver++", "ddpm")
LEVELS = 1000  # of noise, that a network is trained on


@dataclass(frozen=True, kw_only=True)
class DDPMConfig:
    """Sizes; the defaults are the shipped model's."""

    size: int = 64  # side of the pictures in pixels
    channels: tuple[int, ...] = (32, 64, 128, 128)  # at each side, halved from one to the next
    layers: int = 2  # residual blocks at each side
    attention: int = 1  # how many of the smallest sides have self-attention
    groups: int = 16  # of a group normalisation; divides all channels
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if any(c % self.groups for c in self.channels):
            raise ValueError(f"{self.groups} groups do not divide the channels {self.channels}")
        if self.size % 2 ** (len(self.channels) - 1):
            raise ValueError(
                f"a side of {self.size} cannot be halved {len(self.channels) - 1} times"
            )


class Denoised(NamedTuple):
    """How far a denoising has come."""

    step: int  # 1 .. steps
    level: int  # of the noise that was there before this step, of `LEVELS`
    x: Tensor  # (batch, 3, size, size), what is left of the noise
    picture: Tensor  # the network's guess at where this leads, in [-1, 1]
    memory: Tensor  # what the next step has to know of this one beside `x`


class DDPM(nn.Module):
    """The network and its schedulers; pictures are `(batch, 3, size, size)` in [-1, 1]."""

    Config = DDPMConfig

    def __init__(self, config: DDPMConfig) -> None:
        from diffusers import UNet2DModel

        super().__init__()
        self.config = c = config
        plain = len(c.channels) - c.attention
        unet: Any = UNet2DModel  # its base class hides from type checkers that it can be called
        self.unet = unet(
            sample_size=c.size,
            block_out_channels=c.channels,
            layers_per_block=c.layers,
            down_block_types=("DownBlock2D",) * plain + ("AttnDownBlock2D",) * c.attention,
            up_block_types=("AttnUpBlock2D",) * c.attention + ("UpBlock2D",) * plain,
            norm_num_groups=c.groups,
            attention_head_dim=c.groups,
            dropout=c.dropout,
        )
        alphas = self.scheduler("ddim").alphas_cumprod
        self.register_buffer("signal", alphas.sqrt(), persistent=False)
        self.register_buffer("noise", (1 - alphas).sqrt(), persistent=False)

    signal: Tensor  # (LEVELS,), factor of the picture at each level
    noise: Tensor  # (LEVELS,), factor of the noise

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """The prediction of v at levels `(batch,)`, of the shape of `x`."""
        predicted: Tensor = self.unet(x, level, return_dict=False)[0]
        return predicted

    def diffuse(self, images: Tensor, noise: Tensor, level: Tensor) -> Tensor:
        """Pictures with as much noise as belongs to levels `(batch,)`."""
        return _row(self.signal[level]) * images + _row(self.noise[level]) * noise

    def velocity(self, images: Tensor, noise: Tensor, level: Tensor) -> Tensor:
        """v, what the network is to say of `diffuse(images, noise, level)`."""
        return _row(self.signal[level]) * noise - _row(self.noise[level]) * images

    def loss(self, images: Tensor, noise: Tensor, level: Tensor) -> Tensor:
        """Mean squared error of v, `(batch,)`."""
        said = self(self.diffuse(images, noise, level), level).float()
        error: Tensor = said - self.velocity(images, noise, level)
        return error.square().mean(dim=(1, 2, 3))

    def scheduler(self, kind: str) -> Any:
        """A scheduler of diffusers for this model: `ddim`, `dpm-solver++` or `ddpm`.

        Raises `ValueError` for another kind.
        """
        import diffusers

        common: dict[str, Any] = {
            "num_train_timesteps": LEVELS,
            "beta_schedule": "squaredcos_cap_v2",
            "prediction_type": "v_prediction",
            "timestep_spacing": "trailing",  # the first step is at full noise
        }
        if kind == "ddim":
            return diffusers.DDIMScheduler(**common, clip_sample=True, set_alpha_to_one=True)
        if kind == "dpm-solver++":
            return diffusers.DPMSolverMultistepScheduler(
                **common, final_sigmas_type="zero", euler_at_final=True
            )
        if kind == "ddpm":
            return diffusers.DDPMScheduler(**common, clip_sample=True)
        raise ValueError(f"no scheduler {kind!r}; known: {', '.join(SCHEDULERS)}")

    def pipeline(self, kind: str = "ddim") -> Any:
        """diffusers' own pipeline around this network: `DDIMPipeline`, or `DDPMPipeline`."""
        import diffusers

        cls = diffusers.DDIMPipeline if kind == "ddim" else diffusers.DDPMPipeline
        return cls(unet=self.unet, scheduler=self.scheduler(kind))

    def denoise(
        self, noise: Tensor, steps: int = 25, kind: str = "ddim", seed: int = 0
    ) -> Iterator[Denoised]:
        """Noise `(batch, 3, size, size)` to pictures, step by step; the last `x` is the result.

        `seed` decides the fresh noise of `ddpm`, the same for every batch size. Raises `ValueError`
        for steps outside 1 to `LEVELS` or an unknown scheduler.
        """
        return self.resume(noise, range(seed, seed + len(noise)), steps, kind)

    def resume(
        self,
        x: Tensor,
        seeds: Sequence[int],
        steps: int = 25,
        kind: str = "ddim",
        *,
        first: int = 0,
        last: int | None = None,
        memory: Tensor | None = None,
    ) -> Iterator[Denoised]:
        """The steps `first + 1` to `last` of `denoise`, from the `x` and the `memory` of step `first`.

        So a denoising can be cut into pieces that others have their turn between. `seeds` has one for
        each row; `memory` counts only where `first` is above 0.
        """
        if not 1 <= steps <= LEVELS:
            raise ValueError(f"steps must be 1 to {LEVELS}, got {steps}")
        scheduler = self.scheduler(kind)
        scheduler.set_timesteps(steps, device=x.device)
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        if first and kind == "ddpm":
            for generator in generators:
                for _ in range(first):  # what the steps before have drawn
                    torch.randn(x[:1].shape, generator=generator)
        if first and kind == "dpm-solver++":
            scheduler.set_begin_index(first)
            scheduler.model_outputs[-1] = memory
            scheduler.lower_order_nums = min(first, scheduler.config.solver_order)
        for index in range(first, steps if last is None else last):
            level = scheduler.timesteps[index]
            said = self(x, level.expand(len(x))).float()
            signal, dirt = self.signal[level.long()], self.noise[level.long()]
            picture = (signal * x - dirt * said).clamp(-1, 1)
            # Only `ddpm` draws noise; others do not take generators.
            extra = {"generator": generators} if kind == "ddpm" else {}
            x = scheduler.step(said, level, x, return_dict=False, **extra)[0]
            kept = scheduler.model_outputs[-1] if kind == "dpm-solver++" else picture
            yield Denoised(index + 1, int(level), x, picture, kept)

    def generate(self, noise: Tensor, steps: int = 25, kind: str = "ddim", seed: int = 0) -> Tensor:
        """The pictures that `denoise` ends with, in [-1, 1]."""
        done = noise
        for state in self.denoise(noise, steps, kind, seed):
            done = state.x
        return done.clamp(-1, 1)

    def invert(
        self, images: Tensor, steps: int = 50, *, first: int = 0, last: int | None = None
    ) -> Tensor:
        """The noise from which `ddim` with as many steps makes about these pictures.

        The steps of `ddim` are taken backwards with the prediction of the point they start from, which
        is exact only in the limit of many. With `first` the pictures are what as many steps have made
        of them; `last` ends after as many.
        """
        levels = self.levels(steps, images.device).flip(0)
        x = images
        # What is clean is read as the least noisy level.
        here = levels[max(0, first - 1)]
        signal, dirt = self.signal[here], self.noise[here]
        if not first:
            signal, dirt = torch.ones_like(signal), torch.zeros_like(dirt)
        for level in levels[first:last]:
            said = self(x, here.expand(len(x))).float()
            picture, noise = signal * x - dirt * said, dirt * x + signal * said
            here, signal, dirt = level, self.signal[level], self.noise[level]
            x = signal * picture + dirt * noise
        return x

    def levels(self, steps: int, device: torch.device | str = "cpu") -> Tensor:
        """The levels of noise that a denoising of so many steps starts its steps from, falling."""
        scheduler = self.scheduler("ddim")
        scheduler.set_timesteps(steps, device=device)
        levels: Tensor = scheduler.timesteps.long()
        return levels

    def golden(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Predictions for `input.images` at `input.level`; four steps from `input.noise` and back."""
        made = self.generate(inputs["input.noise"], steps=4)
        return {
            "output.velocity": self(inputs["input.images"], inputs["input.level"]),
            "output.images": made,
            "output.inverted": self.invert(inputs["input.images"], steps=4),
        }


def _row(values: Tensor) -> Tensor:
    return values[:, None, None, None]
