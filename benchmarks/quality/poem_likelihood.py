"""How well a poem VAE reconstructs and predicts unseen poems: accuracy, ELBO, importance bound."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from core.models.poem_model import PoemModel
from core.nn import Terms
from core.text.forms import FORMS


@dataclass(frozen=True)
class Likelihood:
    """Sums and means over a set of poems of one form; all logs in nats."""

    poems: int
    characters: int
    accuracy: float  # share of characters decoded right from the posterior mean
    elbo: float  # per character
    reconstruction: float  # -E log p(x|z), per poem
    kl: float  # KL(q(z|x) || p(z)), per poem
    mean_variance: Tensor  # (latent,), variance over poems of the noise that the mean stands for

    @property
    def active_units(self) -> int:
        """Latent dimensions that move with the poem: variance above 0.01 (Burda et al. 2016)."""
        return int((self.mean_variance > 0.01).sum())


def log_likelihood(terms: Terms, tokens: Tensor) -> Tensor:
    """`log p(x|z)` in nats, `(batch,)`."""
    losses = F.cross_entropy(terms.logits.flatten(0, 1).float(), tokens.flatten(), reduction="none")
    return -losses.view_as(tokens).sum(dim=1)


def greedy(model: PoemModel, noise: Tensor, form: int) -> Tensor:
    """The most probable character at every step, `(batch, length)`."""
    decoding = model.begin(noise, form)
    tokens: list[Tensor] = []
    for _ in range(FORMS[form].length):
        tokens.append(decoding.logits().argmax(dim=-1))
        decoding.append(tokens[-1])
    return torch.stack(tokens, dim=1)


@torch.no_grad()
def likelihood(
    model: PoemModel,
    tokens: Tensor,
    form: int,
    *,
    samples: int = 1,
    batch: int = 250,
    seed: int = 0,
) -> Likelihood:
    """Measure a model on poems `(count, length)`; the ELBO averages over `samples` codes a poem."""
    generator = torch.Generator().manual_seed(seed)
    device = next(model.parameters()).device
    right, log_px, kl = 0, 0.0, 0.0
    noises = []
    for rows in tokens.split(batch):
        x = rows.long().to(device)
        posterior = model.encode(x, form)
        noise = model.terms(posterior.mean, x, form).noise
        noises.append(noise.cpu())
        right += int((greedy(model, noise, form) == x).sum())
        for _ in range(samples):
            epsilon = torch.randn(noise.shape, generator=generator).to(device)
            z = posterior.sample(epsilon)
            terms = model.terms(z, x, form)
            log_px += float(log_likelihood(terms, x).sum()) / samples
            log_qz = posterior.log_prob(z).sum(dim=1)
            kl += float((log_qz - terms.log_prior()).sum()) / samples
    count, length = tokens.shape
    return Likelihood(
        poems=count,
        characters=count * length,
        accuracy=right / (count * length),
        elbo=(log_px - kl) / (count * length),
        reconstruction=-log_px / count,
        kl=kl / count,
        mean_variance=torch.cat(noises).var(dim=0),
    )


@torch.no_grad()
def importance_bound(
    model: PoemModel, tokens: Tensor, form: int, *, samples: int = 500, seed: int = 0
) -> float:
    """Importance-weighted bound on `log p(x)` (Burda et al. 2016), nats per character.

    For each poem `log 1/M sum_m p(x|z_m) p(z_m) / q(z_m|x)` with `z_m` from the posterior.
    """
    generator = torch.Generator().manual_seed(seed)
    device = next(model.parameters()).device
    total = 0.0
    for row in tokens:
        x = row.long().to(device).expand(samples, -1)
        posterior = model.encode(x[:1], form)
        epsilon = torch.randn(samples, posterior.mean.shape[1], generator=generator).to(device)
        z = posterior.sample(epsilon)
        terms = model.terms(z, x, form)
        weights = log_likelihood(terms, x) + terms.log_prior() - posterior.log_prob(z).sum(dim=1)
        total += float(torch.logsumexp(weights, dim=0)) - math.log(samples)
    return total / tokens.numel()
