"""What a GAN's discriminator says of unseen pictures and of samples: numbers to be stored, no picture.

The file `judgements.safetensors` beside the weights is shown by the page's discriminator view.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.quality.image_samples import in_batches
from core.levels import scaled
from core.models.ogan import OGAN, TRUNCATION
from core.models.ogan_code import pearson
from core.runtime import draws

FILE = "judgements.safetensors"
COUNT = 1000  # pictures of each kind
NAMES = ("score", "spread", "correlation")


def judgements(
    model: OGAN, unseen: Tensor, *, count: int = COUNT, seed: int = 0
) -> dict[str, Tensor]:
    """`score`, `spread` and `correlation` of both kinds, each `(count,)`, as `real.score` and so on.

    `unseen` are uint8 pictures `(pictures, 3, size, size)`. Score and spread of both kinds are with the
    batch statistics of photographs, so that they compare. The correlation of a sample is that of its
    noise with the encoder's reading, that of an unseen picture of its code with the reading of its
    reconstruction.
    """
    device = model.encoder.output.weight.device

    def of_sample(z: Tensor) -> Tensor:
        made = model.generate(z.to(device))
        parts, code = model.encode(made), model.encode(made, generated=True).code
        return torch.stack([parts.score, parts.spread, pearson(z.to(device), code)], 1)

    def of_picture(pixels: Tensor) -> Tensor:
        parts = model.encode(scaled(pixels.to(device)))
        back = model.encode(model.generate(TRUNCATION * parts.code), generated=True)
        return torch.stack([parts.score, parts.spread, pearson(parts.code, back.code)], 1)

    noise = draws.noise(seed, count, model.config.latent)
    made, real = in_batches(of_sample, noise), in_batches(of_picture, unseen[:count])
    return {
        f"{kind}.{name}": values[:, i].float().cpu().contiguous()
        for kind, values in (("made", made), ("real", real))
        for i, name in enumerate(NAMES)
    }


def save_judgements(found: dict[str, Tensor], folder: Path) -> None:
    """Write `judgements.safetensors` into a folder of weights."""
    save_file(found, folder / FILE)
