"""Rate and distortion of a poem VAE: what the code says against what the decoder still has to guess.

A trained model gives one point. Widening or narrowing its posterior traces the curve around it: a
sharper code says more (rate, the KL in nats) and leaves less to guess (distortion, the reconstruction
term). The sum is the negative ELBO, lowest where the posterior fits best. After Alemi et al. 2018,
"Fixing a broken ELBO", https://arxiv.org/abs/1711.00464.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from benchmarks.quality.poem_likelihood import log_likelihood
from core.models.poem_model import PoemModel
from core.nn import DiagonalGaussian

SCALES = (0.25, 0.5, 0.71, 1.0, 1.41, 2.0, 3.0)


@torch.no_grad()
def rate_distortion(
    model: PoemModel,
    tokens: Tensor,
    form: int,
    *,
    scales: Sequence[float] = SCALES,
    batch: int = 250,
    seed: int = 0,
) -> list[dict[str, float]]:
    """Points of the curve, nats per character; `scale` multiplies the posterior's deviations."""
    device = next(model.parameters()).device
    points = []
    for scale in scales:
        generator = torch.Generator().manual_seed(seed)
        rate = distortion = 0.0
        for rows in tokens.split(batch):
            x = rows.long().to(device)
            mean, log_var = model.encode(x, form)
            wider = DiagonalGaussian(mean, log_var + 2 * torch.tensor(scale).log().to(device))
            noise = torch.randn(mean.shape, generator=generator).to(device)
            z = wider.sample(noise)
            terms = model.terms(z, x, form)
            rate += float((wider.log_prob(z).sum(dim=1) - terms.log_prior()).sum())
            distortion -= float(log_likelihood(terms, x).sum())
        count = tokens.numel()
        points.append(
            {
                "scale": scale,
                "rate": round(rate / count, 4),
                "distortion": round(distortion / count, 4),
                "elbo_nats_per_char": round((rate + distortion) / count, 4),
            }
        )
    return points
