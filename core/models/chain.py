r"""Linear-chain distributions over whole tag sequences: best paths, sums, marginals, samples.

For a sentence with emission scores :math:`h_t(i)` (what position :math:`t` thinks of tag
:math:`i`), transition scores :math:`g_{ij}`, and start and end scores :math:`a_i, b_i`, a path
:math:`y` scores

.. math:: s(y) = a_{y_1} + \sum_{t=1}^{n} h_t(y_t) + \sum_{t=2}^{n} g_{y_{t-1} y_t} + b_{y_n},
          \qquad p(y) = e^{s(y)} / Z, \quad Z = \sum_y e^{s(y)}.

`Chain` holds the scores of a batch and answers questions about this distribution: the best path and
the k best, the log of Z, the probability of a tag at a position and of two tags in a row, the
entropy, samples. A score of minus infinity forbids, so constraints are edits of the scores, and a
softmax per character (no transitions) or a hidden Markov model (log-probabilities) are chains too.
The conditional random field that learns such scores is the layer in `core.models.crf`.

All sums are in logs and in 32 bits or more, whatever the precision of the encoder. The loops run
over time only; batch and tags are always worked on together. An associative scan would need
logarithmically many steps instead of `time`, but composes `tags` by `tags` matrices, which is `tags`
times the additions of this recursion. It is not implemented, and no measurement of it stands behind
the choice.

Sources: Lafferty, McCallum, Pereira 2001, "Conditional random fields"; Rabiner 1989, "A tutorial on
hidden Markov models" (forward, backward, Viterbi).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FREE = -1  # in `pin`: this position may take any tag


class Paths(NamedTuple):
    """Tag sequences with their scores; tags beyond a sentence's end are 0."""

    tags: Tensor  # (batch, time), or (batch, k, time) where there are several
    scores: Tensor  # (batch,) or (batch, k), not normalised


class Posterior(NamedTuple):
    """What is probable, given the scores of a batch."""

    unary: Tensor  # (batch, time, tags), of a tag at a position
    pairs: Tensor  # (batch, time - 1, tags, tags), of two tags in a row
    log_partition: Tensor  # (batch,)

    def segment(self, row: int, start: int, tags: Sequence[int]) -> Tensor:
        """Probability that sentence `row` has just these tags from `start` on, a scalar.

        Exact, since a chain is a Markov chain a posteriori: the first tag's marginal times the
        conditional of each next one. In a scheme that marks last characters (BIOES) this is the
        probability of a span.
        """
        probability = self.unary[row, start, tags[0]]
        for t, (tag, after) in enumerate(zip(tags, tags[1:], strict=False), start):
            probability = probability * self.pairs[row, t, tag, after] / self.unary[row, t, tag]
        return probability.nan_to_num(0.0)


class Messages(NamedTuple):
    """Log-sums of the forward and the backward pass, from which every marginal is made."""

    forward: Tensor  # (batch, time, tags), over all beginnings that stand in a tag, itself included
    backward: Tensor  # (batch, time, tags), over all endings after a tag
    log_partition: Tensor  # (batch,)


class Along(NamedTuple):
    """Log-probabilities of the tags of given paths; floored, so that differences stay defined.

    The tags from `a` to `b`, both included, have the probability
    `exp(alone[a] + chained[b] - chained[a])`.
    """

    alone: Tensor  # (batch, time), of a tag at its position
    chained: Tensor  # (batch, time), sums from the start of each tag given the one before it


class Terms(NamedTuple):
    """The summands of a path's score; everything beyond the end is 0."""

    emissions: Tensor  # (batch, time)
    transitions: Tensor  # (batch, time), entry t for the step t-1 -> t, entry 0 the start score
    end: Tensor  # (batch,)

    def total(self) -> Tensor:
        """The score again, `(batch,)`."""
        return self.emissions.sum(dim=1) + self.transitions.sum(dim=1) + self.end


@dataclass(frozen=True)
class Chain:
    """The scores of a batch of sentences; make one with `Chain.of`, which checks and converts.

    `time` is the longest sentence of the batch, the others are padded on the right. Scores may be
    minus infinity (forbidden), never plus infinity or NaN.
    """

    emissions: Tensor  # (batch, time, tags), 0 at padding
    transitions: Tensor  # (tags, tags), from row to column; or (batch, time - 1, tags, tags)
    start: Tensor  # (tags,)
    end: Tensor  # (tags,)
    lengths: Tensor  # (batch,), at least 1

    @classmethod
    def of(
        cls,
        emissions: Tensor,
        transitions: Tensor,
        mask: Tensor | None = None,
        start: Tensor | None = None,
        end: Tensor | None = None,
    ) -> "Chain":
        """Check shapes, accumulate in fp32 or better, silence the padding.

        `mask` `(batch, time)` is true at the characters of a sentence, which come first; without it
        all sentences have the full length. Raises `ValueError` for shapes that do not fit, for an
        empty sentence and for a mask with holes.
        """
        if emissions.dim() != 3 or 0 in emissions.shape:
            raise ValueError(
                f"expected emissions (batch, time, tags), none of them 0, got {_shape(emissions)}"
            )
        batch, time, tags = emissions.shape
        if transitions.shape not in {(tags, tags), (batch, time - 1, tags, tags)}:
            raise ValueError(
                f"expected transitions {(tags, tags)} or {(batch, time - 1, tags, tags)}, "
                f"got {_shape(transitions)}"
            )
        emissions, transitions = _accumulated(emissions), _accumulated(transitions)
        edges = []
        for name, scores in (("start", start), ("end", end)):
            if scores is None:
                scores = emissions.new_zeros(tags)
            if scores.shape != (tags,):
                raise ValueError(f"expected {name} {(tags,)}, got {_shape(scores)}")
            edges.append(_accumulated(scores))
        if mask is None:
            lengths = torch.full((batch,), time, device=emissions.device)
        else:
            if mask.shape != (batch, time):
                raise ValueError(f"expected mask {(batch, time)}, got {_shape(mask)}")
            mask = mask.bool()
            lengths = mask.sum(dim=1)
            if not bool(mask[:, 0].all() & (mask[:, 1:] <= mask[:, :-1]).all()):
                raise ValueError(
                    "expected at least one character a sentence and padding only after it"
                )
            emissions = emissions.masked_fill(~mask.unsqueeze(-1), 0.0)
        return cls(emissions, transitions, edges[0], edges[1], lengths)

    @property
    def mask(self) -> Tensor:
        """True inside sentences, `(batch, time)`."""
        time = torch.arange(self.emissions.shape[1], device=self.lengths.device)
        return time < self.lengths.unsqueeze(1)

    def step(self, t: int) -> Tensor:
        """Scores of going from `t - 1` to `t`, `(tags, tags)` or `(batch, tags, tags)`."""
        return self.transitions if self.transitions.dim() == 2 else self.transitions[:, t - 1]

    def double(self) -> "Chain":
        """The same scores in double precision, in which thousands of additions stay exact."""
        return Chain(
            self.emissions.double(),
            self.transitions.double(),
            self.start.double(),
            self.end.double(),
            self.lengths,
        )

    # Constraints: each returns an edited chain.

    def forbid(
        self,
        transitions: Tensor | None = None,
        start: Tensor | None = None,
        end: Tensor | None = None,
    ) -> "Chain":
        """Exclude steps, first tags and last tags where the given masks are true.

        `transitions` `(tags, tags)`, `start` and `end` `(tags,)`; `core.text.tags` knows which
        steps are illegal in a tag scheme.
        """
        edited = {}
        for name, excluded in (("transitions", transitions), ("start", start), ("end", end)):
            if excluded is not None:
                edited[name] = getattr(self, name).masked_fill(excluded, -torch.inf)
        return replace(self, **edited)

    def pin(self, tags: Tensor) -> "Chain":
        """Fix the tag of positions; `tags` `(batch, time)` with `FREE` where anything goes."""
        if tags.shape != self.emissions.shape[:2]:
            raise ValueError(f"expected tags {_shape(self.emissions[..., 0])}, got {_shape(tags)}")
        choices = torch.arange(self.emissions.shape[2], device=tags.device)
        allowed = (tags.unsqueeze(-1) == choices) | (tags == FREE).unsqueeze(-1)
        return self.allow(allowed)

    def allow(self, allowed: Tensor) -> "Chain":
        """Keep only the tags that are true in `allowed` `(batch, time, tags)`."""
        excluded = ~allowed & self.mask.unsqueeze(-1)
        return replace(self, emissions=self.emissions.masked_fill(excluded, -torch.inf))

    # One given path.

    def decompose(self, tags: Tensor) -> Terms:
        """The emission and transition terms of paths `(batch, time)`; they sum to `score`."""
        mask, (batch, time, _) = self.mask, self.emissions.shape
        tags = tags.masked_fill(~mask, 0)
        emissions = self.emissions.gather(2, tags.unsqueeze(-1)).squeeze(-1)
        before, after = tags[:, :-1], tags[:, 1:]
        if self.transitions.dim() == 2:
            steps = self.transitions[before, after]
        else:
            rows = torch.arange(batch, device=tags.device).unsqueeze(1)
            steps = self.transitions[
                rows, torch.arange(time - 1, device=tags.device), before, after
            ]
        transitions = torch.cat([self.start[tags[:, :1]], steps], dim=1)
        last = tags.gather(1, (self.lengths - 1).unsqueeze(1)).squeeze(1)
        return Terms(
            emissions.masked_fill(~mask, 0.0), transitions.masked_fill(~mask, 0.0), self.end[last]
        )

    def score(self, tags: Tensor) -> Tensor:
        """Score of paths `(batch, time)`, `(batch,)`."""
        return self.decompose(tags).total()

    def log_likelihood(self, tags: Tensor) -> Tensor:
        """Log-probability of paths in nats, `(batch,)`."""
        return self.score(tags) - self.log_partition()

    # The whole distribution.

    def log_partition(self) -> Tensor:
        """Log of the sum over all paths, `(batch,)`; minus infinity where no path is allowed."""
        alphas = self._forward()
        return torch.logsumexp(self._last(alphas) + self.end, dim=-1)

    def messages(self) -> Messages:
        """One forward and one backward pass; entries beyond a sentence's end mean nothing."""
        alphas = self._forward()
        log_z = torch.logsumexp(self._last(alphas) + self.end, dim=-1)
        return Messages(alphas, self._backward(), log_z)

    def posterior(self, messages: Messages | None = None) -> Posterior:
        """Marginals of tags and of pairs of tags, and log Z, from one forward and backward pass.

        `messages` are those of this chain, where the caller has them already. All marginals are zero
        for a sentence without an allowed path.
        """
        alphas, betas, log_z = messages or self.messages()
        shift = log_z.masked_fill(log_z == -torch.inf, 0.0)  # so that differences stay defined
        unary = (alphas + betas - shift[:, None, None]).exp()
        after = self.emissions[:, 1:] + betas[:, 1:]
        steps = self.transitions if self.transitions.dim() == 4 else self.transitions[None, None]
        joint = alphas[:, :-1].unsqueeze(-1) + steps + after.unsqueeze(-2)
        pairs = (joint - shift[:, None, None, None]).exp()
        inside = self.mask
        return Posterior(
            unary.masked_fill(~inside.unsqueeze(-1), 0.0),
            pairs.masked_fill(~inside[:, 1:, None, None], 0.0),
            log_z,
        )

    def along(self, tags: Tensor, messages: Messages | None = None) -> Along:
        """How probable pieces of paths `(batch, time)` are, in the memory of the paths alone."""
        alphas, betas, log_z = messages or self.messages()
        terms, place = self.decompose(tags), tags.unsqueeze(-1)
        after = betas.gather(2, place).squeeze(-1)
        alone = alphas.gather(2, place).squeeze(-1) + after - log_z.unsqueeze(1)
        steps = terms.emissions + terms.transitions + after
        steps = steps[:, 1:] - after[:, :-1]
        chained = torch.cat([torch.zeros_like(alone[:, :1]), steps], dim=1)
        return Along(_floored(alone), _floored(chained).cumsum(dim=1))

    def marginals(self) -> Tensor:
        """Probability of every tag at every position, `(batch, time, tags)`, 0 at padding."""
        return self.posterior().unary

    def pairwise(self) -> Tensor:
        """Probability of every two tags in a row, `(batch, time - 1, tags, tags)`.

        Entry `(t, i, j)`: tag `i` at `t` and `j` at `t + 1`; 0 where `t + 1` is padding.
        """
        return self.posterior().pairs

    def entropy(self, posterior: Posterior | None = None) -> Tensor:
        """Entropy over paths in nats, `(batch,)`: log Z minus the mean score."""
        unary, pairs, log_z = posterior or self.posterior()
        last = self._last(unary)
        steps = self.transitions if self.transitions.dim() == 4 else self.transitions[None, None]
        mean = _expectation(unary, self.emissions).flatten(1).sum(dim=1)
        mean = mean + _expectation(pairs, steps).flatten(1).sum(dim=1)
        mean = mean + _expectation(unary[:, 0], self.start).sum(dim=1)
        mean = mean + _expectation(last, self.end).sum(dim=1)
        return log_z.masked_fill(log_z == -torch.inf, 0.0) - mean

    def sample(self, noise: Tensor) -> Tensor:
        """Exact samples of paths from uniform noise in [0, 1).

        `noise` `(samples, batch, time)`, one number per tag drawn; returns tags of the same shape.
        Draws the last tag from its marginal and every earlier one given its successor.
        """
        batch, time, _ = self.emissions.shape
        if noise.dim() != 3 or noise.shape[1:] != (batch, time):
            raise ValueError(f"expected noise (samples, {batch}, {time}), got {_shape(noise)}")
        alphas = self._forward()
        last = _draw(self._last(alphas) + self.end, noise[:, self._rows(), self.lengths - 1])
        tag, tags = last, [last]
        for t in range(time - 2, -1, -1):
            given = alphas[:, t] + self._into(t + 1, tag)  # (samples, batch, tags)
            earlier = _draw(given, noise[:, :, t])
            tag = torch.where(t < self.lengths - 1, earlier, last)
            tags.append(tag)
        return torch.stack(tags[::-1], dim=-1).masked_fill(~self.mask, 0)

    # Best paths.

    def viterbi(self) -> Paths:
        """The path with the highest score; among equals the one with the lower last tags.

        A sentence without an allowed path has the score minus infinity and arbitrary tags.
        """
        if self.transitions.dim() == 4:
            tags, scores = self.k_best(1)
            return Paths(tags[:, 0], scores[:, 0])
        with torch.no_grad():
            alphas = self._best_scores()  # (time, tags, batch)
            final = alphas[self.lengths - 1, :, self._rows()] + self.end
            scores, last = final.max(dim=1)
            walk = _walk_on_cpu if alphas.device.type == "cpu" else _walk
            return Paths(walk(alphas, self, last).masked_fill(~self.mask, 0), scores)

    def k_best(self, k: int) -> Paths:
        """The k highest-scoring paths, best first: tags `(batch, k, time)`, scores `(batch, k)`.

        Where fewer than k paths are allowed the rest has the score minus infinity and arbitrary
        tags.
        """
        if k < 1:
            raise ValueError(f"expected k >= 1, got {k}")
        with torch.no_grad():
            batch, time, tags = self.emissions.shape
            # Slot r of tag j is the r-th best way to be in j; at the start there is one way.
            slots = self.emissions.new_full((batch, tags, k), -torch.inf)
            slots[:, :, 0] = self.start + self.emissions[:, 0]
            trail, history = [], [slots]
            for t in range(1, time):
                ways = slots.unsqueeze(-1) + self.step(t).unsqueeze(-2)  # (batch, from, slot, to)
                best, came_from = ways.flatten(1, 2).topk(k, dim=1)  # (batch, k, to)
                slots = best.transpose(1, 2) + self.emissions[:, t].unsqueeze(-1)
                trail.append(came_from.transpose(1, 2).flatten(1))  # (batch, tags * k)
                history.append(slots)
            final = torch.stack(history, dim=1)[self._rows(), self.lengths - 1]
            ends = (final + self.end.unsqueeze(-1)).flatten(1)
            scores, last = ends.topk(k, dim=1)
            state, states = last, [last]  # a state is tag * k + slot
            for t in range(time - 2, -1, -1):
                inside = (t < self.lengths - 1).unsqueeze(1)
                state = torch.where(inside, trail[t].gather(1, state), last)
                states.append(state)
            paths = torch.stack(states[::-1], dim=-1) // k
            return Paths(paths.masked_fill(~self.mask.unsqueeze(1), 0), scores)

    # Recursions.

    def _forward(self) -> Tensor:
        """Log-sums over all beginnings that stand in tag `j` at `t`, `(batch, time, tags)`.

        Beyond a sentence's end they go on with zero emissions and are not looked at.
        """
        alpha = self.start + self.emissions[:, 0]
        alphas = [alpha]
        for t in range(1, self.emissions.shape[1]):
            alpha = (
                torch.logsumexp(alpha.unsqueeze(-1) + self.step(t), dim=1) + self.emissions[:, t]
            )
            alphas.append(alpha)
        return torch.stack(alphas, dim=1)

    def _backward(self) -> Tensor:
        """Log-sums over all endings after tag `i` at `t`, `(batch, time, tags)`."""
        end = self.end.expand(len(self.lengths), -1)
        beta, betas = end, [end]
        for t in range(self.emissions.shape[1] - 2, -1, -1):
            after = (self.emissions[:, t + 1] + beta).unsqueeze(1)
            inside = (t < self.lengths - 1).unsqueeze(1)
            beta = torch.where(inside, torch.logsumexp(self.step(t + 1) + after, dim=2), end)
            betas.append(beta)
        return torch.stack(betas[::-1], dim=1)

    def _best_scores(self) -> Tensor:
        """The forward recursion with maxima, without gradients, `(time, tags, batch)`.

        The batch is the innermost dimension, so every step is one vectorised addition of
        `(from, to, batch)` and one maximum over `from`, written into memory that stays.
        """
        batch, time, tags = self.emissions.shape
        # As a matrix, which torch transposes in blocks; step by step it would miss every cache
        # line.
        emissions = self.emissions.flatten(1).T.contiguous().view(time, tags, batch)
        alphas = torch.empty_like(emissions)
        torch.add(emissions[0], self.start.unsqueeze(-1), out=alphas[0])
        steps = self.transitions.unsqueeze(-1)
        ways = alphas.new_empty(tags, tags, batch)
        into, out_of = alphas.unbind(0), alphas.unsqueeze(2).unbind(0)
        for t, emission in enumerate(emissions.unbind(0)[1:], start=1):
            torch.add(out_of[t - 1], steps, out=ways)
            torch.amax(ways, 0, out=into[t])
            into[t].add_(emission)
        return alphas

    def _rows(self) -> Tensor:
        return torch.arange(len(self.lengths), device=self.lengths.device)

    def _last(self, alphas: Tensor) -> Tensor:
        """`(batch, time, tags)` at the last character of every sentence, `(batch, tags)`."""
        return alphas[self._rows(), self.lengths - 1]

    def _into(self, t: int, tags: Tensor) -> Tensor:
        """Scores of the steps into `tags` `(samples, batch)` at `t`, `(samples, batch, tags)`."""
        steps = self.step(t).transpose(-1, -2)
        return steps[tags] if steps.dim() == 2 else steps[self._rows(), tags]


def _walk(alphas: Tensor, chain: Chain, last: Tensor) -> Tensor:
    """Follow the best path backwards from its last tags; `(batch, time)`.

    The best predecessor is found again for the one tag that the path is in, which is `tags` times
    less work than keeping predecessors of all tags. The emission is added as in the recursion, so
    that paths that are equal after rounding fall the same way.
    """
    into = chain.transitions.T.contiguous()
    tag, tags = last, [last]
    for t in range(len(alphas) - 2, -1, -1):
        ways = alphas[t].T + into[tag] + chain.emissions[:, t + 1].gather(1, tag.unsqueeze(1))
        tag = torch.where(t < chain.lengths - 1, ways.argmax(dim=1), last)
        tags.append(tag)
    return torch.stack(tags[::-1], dim=1)


def _walk_on_cpu(alphas: Tensor, chain: Chain, last: Tensor) -> Tensor:
    """The same in numpy: its calls cost a third of torch's, and here calls are all the cost."""
    time, tags, batch = alphas.shape
    scores = list(alphas.transpose(1, 2).contiguous().numpy())
    emissions = chain.emissions.detach().numpy().reshape(-1)
    into = chain.transitions.detach().numpy().T.copy()
    stops: NDArray[np.int64] = chain.lengths.numpy() - 1
    full = int(stops.min())  # up to here every sentence is inside
    place = np.arange(1, batch + 1) * (time * tags) - tags  # the last step's flat emissions
    final: NDArray[np.int64] = last.numpy()
    paths = np.empty((time, batch), dtype=np.int64)
    paths[time - 1] = tag = final
    ways = np.empty((batch, tags), dtype=into.dtype)
    for t in range(time - 2, -1, -1):
        into.take(tag, 0, ways, "clip")
        ways += scores[t]
        ways += emissions.take(place + tag)[:, None]
        place -= tags
        tag = ways.argmax(1, out=paths[t])
        if t >= full:
            np.copyto(tag, final, where=t >= stops)
    return torch.from_numpy(paths.T)


def _draw(scores: Tensor, uniform: Tensor) -> Tensor:
    """Tags with probabilities softmax(scores), by inverting the distribution function.

    `scores` `(..., tags)`, `uniform` `(...)` in [0, 1).
    """
    # Double precision: rounding must not hand a tag of probability zero the last sliver.
    cumulative = scores.double().softmax(dim=-1).cumsum(dim=-1)
    threshold = uniform.unsqueeze(-1) * cumulative[..., -1:]
    return (cumulative <= threshold).sum(dim=-1).clamp_max(scores.shape[-1] - 1)


def _expectation(probability: Tensor, score: Tensor) -> Tensor:
    """Elementwise product in which a forbidden, hence impossible, entry counts 0."""
    return probability * score.masked_fill(score == -torch.inf, 0.0)


def _floored(log_p: Tensor) -> Tensor:
    """Logs without infinities: what is impossible, or follows the impossible, is e^-10000."""
    return log_p.nan_to_num(nan=-1e4, neginf=-1e4).clamp_min(-1e4)


def _accumulated(scores: Tensor) -> Tensor:
    """At least fp32: half precision loses whole nats over a hundred additions."""
    return scores.float() if scores.dtype in (torch.float16, torch.bfloat16) else scores


def _shape(tensor: Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)
