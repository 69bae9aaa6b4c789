"""How probable a VAE finds unseen pictures: the evidence lower bound and the importance bound.

Both in bits per dimension of the grey levels, with the noise inside them drawn, so they compare with a
flow's: an upper bound on the bits, where a flow has the bits themselves.
"""

import math

import torch
from torch import Tensor

from core.models.picture_vae import LEVELS, PictureVAE
from core.runtime import draws

BATCH = 128
SAMPLES = 256  # codes a picture for the importance bound
BOUNDED = 200  # pictures that it is taken of
ACTIVE = 0.01  # variance of a code's mean over pictures, above which it says something


@torch.no_grad()
def likelihood_figures(
    model: PictureVAE, pixels: Tensor, *, samples: int = SAMPLES, seed: int = 0
) -> dict[str, float]:
    """Of uint8 pictures `(count, 3, size, size)`, the importance bound of the first `BOUNDED`.

    `elbo_bits_per_dim` and its parts `reconstruction_bits_per_dim` and `kl_bits_per_dim` (which add up
    to it); `importance_bits_per_dim` with the ELBO of the same pictures beside it; `sigma`, the
    deviation of pixels, black to white being 1; `active_units` (Burda et al. 2016).
    """
    inside = draws.uniform(seed, *pixels.shape)
    noise = draws.noise(seed, len(pixels), model.config.latent)
    bits, divergences, means = [], [], []
    for part, place, z in zip(
        pixels.split(BATCH), inside.split(BATCH), noise.split(BATCH), strict=True
    ):
        x = LEVELS.dequantize(part, place.to(part.device))
        posterior = model.encode(x)
        bits.append(model.bits_per_dim(model.elbo(x, z.to(x.device))).cpu())
        divergences.append(posterior.kl().sum(dim=1).cpu())
        means.append(posterior.mean.cpu())
    elbo = torch.cat(bits)
    kl = float(torch.cat(divergences).mean()) / (model.dimensions * math.log(2))
    bounds = [
        float(model.bits_per_dim(_bound(model, picture, place, samples, seed + row)))
        for row, (picture, place) in enumerate(zip(pixels[:BOUNDED], inside[:BOUNDED], strict=True))
    ]
    return {
        "elbo_bits_per_dim": float(elbo.mean()),
        "reconstruction_bits_per_dim": float(elbo.mean()) - kl,
        "kl_bits_per_dim": kl,
        "importance_bits_per_dim": sum(bounds) / len(bounds),
        "importance_elbo_bits_per_dim": float(elbo[: len(bounds)].mean()),
        "importance_samples": samples,
        "importance_pictures": len(bounds),
        "sigma": float(model.log_sigma.exp()) / (LEVELS.high - LEVELS.low),
        "active_units": float((torch.cat(means).var(dim=0) > ACTIVE).sum()),
    }


def _bound(model: PictureVAE, pixels: Tensor, place: Tensor, samples: int, seed: int) -> Tensor:
    """The importance bound on `log p(x)` of one picture, nats."""
    x = LEVELS.dequantize(pixels, place.to(pixels.device))
    noise = draws.noise(seed, samples, model.config.latent).to(x.device)
    weights = torch.cat([model.importance_weights(x, part) for part in noise.split(BATCH)])
    return torch.logsumexp(weights, dim=0) - math.log(samples)
