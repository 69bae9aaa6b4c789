"""How well a poem VAE reconstructs and predicts unseen poems: accuracy, ELBO, importance bound."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.nn import standard_normal_log_prob


@dataclass(frozen=True)
class Likelihood:
    """Sums and means over a set of poems of one form; all logs in nats."""

    poems: int
    characters: int
    accuracy: float  # share of characters decoded right from the posterior mean
    elbo: float  # per character
    reconstruction: float  # -E log p(x|z), per poem
    kl: float  # per poem
    kl_per_dimension: Tensor  # (latent,), mean over poems
    mean_variance: Tensor  # (latent,), variance of the posterior mean over poems

    @property
    def active_units(self) -> int:
        """Latent dimensions whose posterior mean moves: variance over poems above 0.01."""
        return int((self.mean_variance > 0.01).sum())


def log_likelihood_of(model: nn.Module, z: Tensor, tokens: Tensor, form: int) -> Tensor:
    """`log p(x|z)` in nats, `(batch,)`."""
    logits = model.logits(z, tokens, form)
    return -F.cross_entropy(logits.transpose(1, 2), tokens, reduction="none").sum(dim=1)


@torch.no_grad()
def likelihood(
    model: nn.Module, tokens: Tensor, form: int, *, samples: int = 1, batch: int = 250, seed: int = 0
) -> Likelihood:
    """Measure a model on poems `(count, length)`; the ELBO averages over `samples` codes a poem."""
    generator = torch.Generator().manual_seed(seed)
    device = next(model.parameters()).device
    right, log_px, kl, means = 0, 0.0, [], []
    for rows in tokens.split(batch):
        x = rows.long().to(device)
        posterior = model.encode(x, form)
        kl.append(posterior.kl().cpu())
        means.append(posterior.mean.cpu())
        decoded = model.generate(posterior.mean, form, lambda _, logits: logits.argmax(dim=-1))
        right += int((decoded == x).sum())
        for _ in range(samples):
            noise = torch.randn(posterior.mean.shape, generator=generator).to(device)
            log_px += float(log_likelihood_of(model, posterior.sample(noise), x, form).sum()) / samples
    count, length = tokens.shape
    kl_all = torch.cat(kl)
    total_kl = float(kl_all.sum())
    return Likelihood(
        poems=count,
        characters=count * length,
        accuracy=right / (count * length),
        elbo=(log_px - total_kl) / (count * length),
        reconstruction=-log_px / count,
        kl=total_kl / count,
        kl_per_dimension=kl_all.mean(dim=0),
        mean_variance=torch.cat(means).var(dim=0),
    )


@torch.no_grad()
def importance_bound(
    model: nn.Module, tokens: Tensor, form: int, *, samples: int = 500, seed: int = 0
) -> float:
    """Importance-weighted bound on `log p(x)` (Burda et al. 2016), nats per character.

    For each poem `log 1/M sum_m p(x|z_m) p(z_m) / q(z_m|x)` with `z_m` from the posterior.
    """
    generator = torch.Generator().manual_seed(seed)
    device = next(model.parameters()).device
    total = 0.0
    for row in tokens:
        x = row.long().to(device).unsqueeze(0)
        posterior = model.encode(x, form)
        noise = torch.randn(samples, posterior.mean.shape[1], generator=generator).to(device)
        z = posterior.sample(noise)
        prior = standard_normal_log_prob(z).sum(dim=1)
        proposal = posterior.log_prob(z).sum(dim=1)
        evidence = log_likelihood_of(model, z, x.expand(samples, -1), form)
        total += float(torch.logsumexp(evidence + prior - proposal, dim=0)) - math.log(samples)
    return total / tokens.numel()
