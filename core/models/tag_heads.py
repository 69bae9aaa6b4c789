r"""Three ways to read tags off an encoder: softmax per character, MEMM, CRF.

All take emissions :math:`h` `(batch, time, tags)` and return a `Chain`, a distribution over whole
tag sequences, so that best paths, marginals and constraints are asked for in the same words.

* *Softmax* knows no neighbours: :math:`p(y) = \prod_t \mathrm{softmax}(h_t)_{y_t}`, a chain without
  transitions.
* *MEMM*, the maximum-entropy Markov model, normalises every step by itself. Left to right

  .. math:: p_\rightarrow(y) = \prod_t \mathrm{softmax}_{j}
            \bigl(\tfrac12 (h_t(j) + g_{y_{t-1} j})\bigr)_{y_t}

  with plain :math:`\mathrm{softmax}(h_1)` at the first step; :math:`p_\leftarrow` is the same from
  right to left with :math:`g^\top`. Training averages the two losses, and a path scores
  :math:`\tfrac12(\log p_\rightarrow + \log p_\leftarrow)`. Each factor looks at two neighbours, so
  this is a chain whose transitions change from step to step. Its own normaliser turns the geometric
  mean of the two into a distribution again.
* *CRF* normalises once, over all sequences; see `core.models.crf`.

Sources: McCallum, Freitag, Pereira 2000, "Maximum entropy Markov models"; Su Jianlin,
https://kexue.fm/archives/5542 and https://kexue.fm/archives/7213 (the two-way MEMM with halved
sums).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.chain import Chain
from core.models.crf import CRF

DECODERS = ("crf", "memm", "softmax")


class SoftmaxHead(nn.Module):
    """Every character by itself; it learns nothing beyond the encoder's last layer."""

    def __init__(self, tags: int) -> None:
        super().__init__()
        self.tags = tags

    def chain(self, emissions: Tensor, mask: Tensor | None = None) -> Chain:
        """The chain without transitions."""
        return Chain.of(emissions, emissions.new_zeros(self.tags, self.tags), mask)

    def loss(self, emissions: Tensor, tags: Tensor, mask: Tensor | None = None) -> Tensor:
        """Cross-entropy summed over the characters, in nats, `(batch,)`."""
        if mask is not None:
            tags = tags.masked_fill(~mask, 0)
        if emissions.dtype in (torch.float16, torch.bfloat16):
            emissions = emissions.float()
        each = F.cross_entropy(emissions.transpose(1, 2), tags, reduction="none")
        return (each if mask is None else each.masked_fill(~mask, 0.0)).sum(dim=1)


class MEMM(nn.Module):
    """Locally normalised steps in both directions, with one transition matrix."""

    def __init__(self, tags: int, *, multiplier: float = 1.0) -> None:
        super().__init__()
        self.multiplier = multiplier
        self.transitions = nn.Parameter(torch.empty(tags, tags).uniform_(-0.1, 0.1) / multiplier)

    def chain(self, emissions: Tensor, mask: Tensor | None = None) -> Chain:
        """Step-dependent transitions; the emissions only hold the two outermost factors."""
        return locally_normalised(emissions, self.multiplier * self.transitions, mask)

    def loss(self, emissions: Tensor, tags: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mean of the two directions' negative log-likelihoods in nats, `(batch,)`."""
        return -self.chain(emissions, mask).score(tags)


def locally_normalised(emissions: Tensor, transitions: Tensor, mask: Tensor | None) -> Chain:
    """The MEMM's chain for given scores, wherever they come from."""
    _, time, tags = emissions.shape
    plain = Chain.of(emissions, emissions.new_zeros(tags, tags), mask)
    h, g = plain.emissions, transitions.to(plain.emissions.dtype)
    halves = 0.5 * (h.unsqueeze(2) + g)  # (batch, time, previous, own)
    forward = halves.log_softmax(dim=3)[:, 1:]
    halves = 0.5 * (h.unsqueeze(3) + g)  # (batch, time, own, next)
    backward = halves.log_softmax(dim=2)[:, :-1]
    alone = 0.5 * h.log_softmax(dim=2)
    position = torch.arange(time, device=h.device)
    ends = (position == plain.lengths.unsqueeze(1) - 1).to(h.dtype) + (position == 0)
    return Chain.of(alone * ends.unsqueeze(-1), 0.5 * (forward + backward), mask)


def make_head(decoder: str, tags: int, *, multiplier: float = 1.0) -> "CRF | MEMM | SoftmaxHead":
    """The head called `crf`, `memm` or `softmax`; `multiplier` as in `CRF`."""
    if decoder == "crf":
        return CRF(tags, multiplier=multiplier)
    if decoder == "memm":
        return MEMM(tags, multiplier=multiplier)
    if decoder == "softmax":
        return SoftmaxHead(tags)
    raise ValueError(f"expected a decoder among {', '.join(DECODERS)}, got {decoder!r}")
