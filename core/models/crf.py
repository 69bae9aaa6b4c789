r"""The conditional random field as a layer: it learns the transitions, starts and ends of a chain.

The distribution :math:`p(y) = e^{s(y)} / Z` and everything that is asked of it are those of
`core.models.chain`; here the scores :math:`g, a, b` are parameters, and the loss is
:math:`\log Z - s(y)`.

Sources: Lafferty, McCallum, Pereira 2001, "Conditional random fields"; Su Jianlin,
https://kexue.fm/archives/5542 (the layer; no start and end scores there) and
https://kexue.fm/archives/7196 (the multiplier of the transitions' learning rate).
"""

import torch
from torch import Tensor, nn

from core.models.chain import Chain


class CRF(nn.Module):
    """The layer: learned transitions, start and end scores for `tags` tags.

    `multiplier` is post 7196's trick for a transition matrix that learns faster than the encoder:
    the parameter holds scores divided by it, so Adam moves the scores themselves `multiplier` times
    as fast. With `edges=False` there are no start and end scores, as in post 5542.
    """

    def __init__(self, tags: int, *, edges: bool = True, multiplier: float = 1.0) -> None:
        super().__init__()
        if tags < 1 or multiplier <= 0:
            raise ValueError(f"expected tags >= 1 and multiplier > 0, got {tags} and {multiplier}")
        self.multiplier = multiplier
        self.transitions = nn.Parameter(torch.empty(tags, tags).uniform_(-0.1, 0.1) / multiplier)
        self.start = nn.Parameter(torch.zeros(tags)) if edges else None
        self.end = nn.Parameter(torch.zeros(tags)) if edges else None

    def chain(self, emissions: Tensor, mask: Tensor | None = None) -> Chain:
        """The distribution over tag sequences for emissions `(batch, time, tags)`."""
        start, end = (
            None if scores is None else self.multiplier * scores
            for scores in (self.start, self.end)
        )
        return Chain.of(emissions, self.multiplier * self.transitions, mask, start, end)

    def loss(self, emissions: Tensor, tags: Tensor, mask: Tensor | None = None) -> Tensor:
        """Negative log-likelihood in nats, `(batch,)`."""
        return -self.chain(emissions, mask).log_likelihood(tags)
