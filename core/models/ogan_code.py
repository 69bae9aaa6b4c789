r"""A code taken apart in mean, spread and direction, and the losses that leave each its own task.

For :math:`z \in \mathbb R^n` let avg and std be mean and standard deviation over its components. Then

.. math:: z = \mathrm{avg}(z) + \mathrm{std}(z)\,\mathcal N(z), \qquad \lVert\mathcal N(z)\rVert^2 = n

takes it apart in three that say nothing about each other: one number, one positive number, one
direction. The Pearson correlation :math:`\rho(z, \hat z) = \tfrac1n \mathcal N(z)\cdot\mathcal N(\hat z)`
looks at the directions only. So a network that is asked for a high correlation between the noise and
its own reading of the picture made of it keeps mean and spread free, and the mean can judge whether a
picture is real. A squared error would fix all :math:`n` numbers and leave nothing to judge with.

Losses here train both players in *one* step on all parameters. With the picture :math:`x_f = G(z)`, the
same picture cut off from the generator :math:`\mathrm{sg}\,x_f`, and a function :math:`f`,

.. math:: f(D(x_f)) - f(D(\mathrm{sg}\,x_f))

is zero, has no gradient for :math:`D`, and for :math:`G` the gradient of :math:`f(D(x_f))`.

Source: Su Jianlin, https://kexue.fm/archives/6409, https://arxiv.org/abs/1903.01931 (O-GAN) and
https://kexue.fm/archives/6163 (the quadratic potential divergence, GAN-QP). Real pictures get *low*
scores, as there.
"""

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F

from core.nn import single_or_double

_TINY = 1e-12  # variance at which a constant vector gets a direction (zero) instead of nan


class Decomposition(NamedTuple):
    """A batch of codes taken apart; `compose` puts them together again."""

    score: Tensor  # (batch,), mean over components: the judgement, low for real
    spread: Tensor  # (batch,), standard deviation over components
    code: Tensor  # (batch, n), direction: mean 0 and standard deviation 1


def decompose(z: Tensor) -> Decomposition:
    """Mean, spread and direction of codes `(batch, n)`, in at least single precision.

    A constant vector has spread 1e-6 and direction 0.
    """
    z = single_or_double(z)
    score = z.mean(dim=-1)
    centred = z - score.unsqueeze(-1)
    spread = (centred.square().mean(dim=-1) + _TINY).sqrt()
    return Decomposition(score, spread, centred / spread.unsqueeze(-1))


def compose(parts: Decomposition) -> Tensor:
    """Codes `(batch, n)` from their parts."""
    return parts.score.unsqueeze(-1) + parts.spread.unsqueeze(-1) * parts.code


def normalised(z: Tensor) -> Tensor:
    """Codes `(batch, n)` with mean 0 and standard deviation 1 over components."""
    return decompose(z).code


def pearson(a: Tensor, b: Tensor) -> Tensor:
    """Correlation of rows of two batches `(batch, n)` over their components, `(batch,)`."""
    return (normalised(a) * normalised(b)).mean(dim=-1)


class Scores(NamedTuple):
    """What the discriminator says in one step, each `(batch,)`."""

    real: Tensor  # of training pictures
    fake: Tensor  # of generated pictures, with a gradient for the generator
    fixed: Tensor  # of the same generated pictures, cut off from the generator


def quadratic_potential_loss(scores: Scores, real: Tensor, fake: Tensor) -> Tensor:
    """Loss of both players of GAN-QP, `(batch,)`; it needs no Lipschitz constraint.

    The penalty compares the gap of scores with the mean squared difference of the pictures `real` and
    `fake` `(batch, ...)`, pair by pair; the generator gets no gradient through it.
    """
    gap = scores.real - scores.fixed
    distance = (real - fake.detach()).flatten(1).square().mean(dim=1)
    return gap + (scores.fake - scores.fixed) + gap.square() / (4 * distance)


def logistic_loss(scores: Scores) -> Tensor:
    """Loss of both players of a plain GAN (Goodfellow et al. 2014, non-saturating), `(batch,)`."""
    judge = F.softplus(scores.real) + F.softplus(-scores.fixed)
    return judge + F.softplus(scores.fake) - F.softplus(scores.fixed)
