"""Choosing characters step by step: temperature, nucleus, rules, and particles that look ahead.

Rules are masks over the vocabulary. Masking alone is short-sighted: the model may paint itself into a
corner where the prescribed character fits badly. With several particles per poem the ones whose text
expected the prescribed character survive (sequential importance resampling; Doucet et al. 2001), so
the outcome approaches a draw from the model *given* the rules.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import torch
from torch import Tensor

FREE, LEVEL, OBLIQUE = 0, 1, 2
NO_RHYME, ANY_RHYME = -1, -2
DEAD = -1e4  # log-weight of a particle left without a character: never shown while others live
FREE_PLACE = -1
DOUBLED = 0.95  # probability from which a character may follow itself: 悠悠, but not by accident


class Stepwise(Protocol):
    """A batch of texts being written, see `PoemVAE.begin`."""

    def logits(self) -> Tensor:
        """Logits of the next character, `(batch, vocab_size)`."""

    def append(self, tokens: Tensor) -> None:
        """Write the next character of every row."""

    def select(self, rows: Tensor) -> None:
        """Keep the given rows, in the given order."""


class VerseTables:
    """What a decoder has to know about each character; `on` gives a device's copy, made once."""

    def __init__(self, tones: Tensor, rhymes: Tensor) -> None:
        self.tones = tones  # (3, vocab) bool: may stand where FREE, LEVEL, OBLIQUE is asked for
        self.rhymes = rhymes  # (groups, vocab) bool
        self._copies: dict[torch.device, tuple[Tensor, Tensor]] = {}

    def on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Both tables on a device."""
        if device not in self._copies:
            self._copies[device] = self.tones.to(device), self.rhymes.to(device)
        return self._copies[device]


@dataclass(frozen=True)
class Rules:
    """Demands on each position of each text, all `(batch, length)` integers except `unique`."""

    fixed: Tensor  # a token, or FREE_PLACE
    tone: Tensor  # FREE, LEVEL or OBLIQUE
    rhyme: Tensor  # a rhyme group, ANY_RHYME for any of them, or NO_RHYME
    rhyme_with: Tensor  # an earlier position whose character must share a group, or NO_RHYME
    unique: Tensor  # (batch,) bool: no character twice, except ones that are surely doubled: 悠悠


@dataclass(frozen=True)
class Written:
    """Texts with what the model thought of each character."""

    tokens: Tensor  # (batch, length)
    log_probs: Tensor  # (batch, length), of the chosen character before temperature and rules, nats
    rival_tokens: Tensor  # (batch, length, rivals), the most probable characters
    rival_probs: Tensor  # (batch, length, rivals)
    chosen: Tensor  # (batch,) which of a text's particles this is
    possible: Tensor  # (batch,) bool: False when the rules left no character somewhere


def choose(
    logits: Tensor, allowed: Tensor, uniform: Tensor, temperature: Tensor, top_p: Tensor
) -> Tensor:
    """One token per row, `(batch,)`: the best one at temperature 0, else a draw from the nucleus.

    Shapes: `logits`, `allowed` `(batch, vocab)`; `uniform`, `temperature`, `top_p` `(batch,)`. The
    nucleus is the smallest set of most probable tokens with a mass of `top_p`, ties included. Drawing
    inverts the cumulative distribution in the order of the vocabulary, so one uniform number decides.
    """
    masked = logits.masked_fill(~allowed, float("-inf"))
    best = masked.argmax(dim=-1)
    hot = (temperature > 0).nonzero().squeeze(1)
    if not len(hot):
        return best
    scaled = masked[hot] / temperature[hot].clamp_min(1e-3).unsqueeze(-1)
    probs = scaled.softmax(dim=-1)
    least = _least_of_nucleus(probs, top_p[hot])
    probs = probs.masked_fill(probs < least.unsqueeze(-1), 0.0)
    cumulative = probs.cumsum(dim=-1)
    target = uniform[hot].unsqueeze(-1) * cumulative[:, -1:]
    place = torch.searchsorted(cumulative, target, right=True).clamp_max(probs.shape[-1] - 1)
    # Rounding may carry a draw past the last token of the nucleus; no rule is broken for its sake.
    inside = probs.gather(-1, place) > 0
    drawn = torch.where(inside, place, best[hot].unsqueeze(-1)).squeeze(-1)
    return best.index_copy(0, hot, drawn)


def _least_of_nucleus(probs: Tensor, top_p: Tensor) -> Tensor:
    """The smallest probability inside each row's nucleus, `(batch,)`; 0 where all tokens are in it.

    Sorting a whole vocabulary costs more than the model, so first only the head of it is sorted.
    """
    size = probs.shape[-1]
    for head in (128, 1024, size):
        top = probs.topk(min(head, size), dim=-1).values
        cumulative = top.cumsum(dim=-1)
        if head >= size or bool(((cumulative[:, -1] >= top_p) | (top_p >= 1)).all()):
            break
    last = ((cumulative - top) < top_p.unsqueeze(-1)).sum(dim=-1) - 1  # of the nucleus
    least = top.gather(-1, last.clamp_min(0).unsqueeze(-1)).squeeze(-1)
    return torch.where(top_p >= 1, 0.0, least)


def allowed_at(
    step: int,
    tokens: Sequence[Tensor],
    log_p: Tensor,
    rules: Rules,
    tables: tuple[Tensor, Tensor],
    width: int,
) -> Tensor:
    """Characters that may stand at a position given those before it, `(batch, vocab)` bool.

    `log_p` `(batch, vocab)` is what the model thinks of them; a character is doubled only when it is
    sure of that. `width` is the number of characters of a line: a double does not reach across its
    end. A fixed character stands whatever the other rules say.
    """
    tones, rhymes = tables
    demands = []
    tone = rules.tone[:, step]
    if bool((tone != FREE).any()):
        demands.append(tones[tone])
    group = rules.rhyme[:, step]
    if bool((group != NO_RHYME).any()):
        fits = torch.where(
            (group == ANY_RHYME).unsqueeze(-1), rhymes.any(dim=0), rhymes[group.clamp_min(0)]
        )
        demands.append(fits | (group == NO_RHYME).unsqueeze(-1))
    where = rules.rhyme_with[:, step]
    if bool((where >= 0).any()):
        earlier = torch.stack(list(tokens), dim=1).gather(1, where.clamp_min(0).unsqueeze(1))
        groups = rhymes[:, earlier.squeeze(1)].T.float()  # (batch, groups) of the earlier character
        demands.append((groups @ rhymes.float() > 0) | (where < 0).unsqueeze(-1))
    if bool(rules.unique.any()):
        used = _used(step, tokens, log_p, rules, width)
        demands.append(~(used & rules.unique.unsqueeze(-1)))
    if not demands:
        demands.append(tones.new_ones((len(tone), tones.shape[1])))
    allowed = reduce(torch.logical_and, demands)
    fixed = rules.fixed[:, step]
    if bool((fixed >= 0).any()):
        forced = torch.zeros_like(allowed).scatter_(1, fixed.clamp_min(0).unsqueeze(1), True)
        allowed = torch.where((fixed >= 0).unsqueeze(-1), forced, allowed)
    return allowed


def _used(step: int, tokens: Sequence[Tensor], log_p: Tensor, rules: Rules, width: int) -> Tensor:
    """Characters that stand already or are fixed to come, `(batch, vocab)` bool.

    The one just before does not count in its own line when the model is sure to double it.
    """
    vocab_size = log_p.shape[1]
    free = rules.fixed[:, step:] < 0
    places = [rules.fixed[:, step:].masked_fill(free, vocab_size)]  # free ones in a column beside
    before = list(tokens)
    if step % width:
        last = before.pop().unsqueeze(1)
        sure = log_p.gather(1, last) > math.log(DOUBLED)
        places.append(last.masked_fill(sure, vocab_size))
    if before:
        places.append(torch.stack(before, dim=1))
    used = free.new_zeros((len(free), vocab_size + 1))
    return used.scatter_(1, torch.cat(places, dim=1), True)[:, :vocab_size]


def write(
    decoding: Stepwise,
    rules: Rules,
    tables: tuple[Tensor, Tensor],
    *,
    uniform: Tensor,
    resample: Tensor,
    temperature: Tensor,
    top_p: Tensor,
    particles: int,
    width: int,
    rivals: int = 10,
) -> Written:
    """Write texts of `length` characters; rows come in groups of `particles`, one text each.

    `uniform` `(batch * particles, length)` draws characters; `resample` `(batch, length + 1)` decides
    which particles survive each step, and at last which one is shown. `rules`, `temperature` and
    `top_p` have one row per *particle*. At temperature 1 and `top_p` 1 the texts are draws of the
    model given the rules, the better the more particles; the code a decoding was begun with is part
    of the particle.
    """
    rows, length = uniform.shape
    batch = rows // particles
    weights = uniform.new_zeros((batch, particles))  # logarithms
    first = torch.arange(batch, device=uniform.device) * particles
    ancestors = torch.arange(rows, device=uniform.device)
    possible = torch.ones_like(ancestors, dtype=torch.bool)
    tokens: list[Tensor] = []
    kept: list[tuple[Tensor, Tensor, Tensor]] = []  # what `Written` says about each character
    for step in range(length):
        logits = decoding.logits().float()
        log_p = logits.log_softmax(dim=-1)
        allowed = allowed_at(step, tokens, log_p, rules, tables, width)
        dead = ~allowed.any(dim=-1)
        possible = possible & ~dead
        allowed = allowed | dead.unsqueeze(-1)
        token = choose(logits, allowed, uniform[:, step], temperature, top_p)
        best = log_p.topk(min(rivals, log_p.shape[-1]), dim=-1)
        tokens.append(token)
        kept.append((log_p.gather(-1, token.unsqueeze(-1)).squeeze(-1), best.indices, best.values))
        decoding.append(token)
        if particles == 1:
            continue
        mass = log_p.masked_fill(~allowed, float("-inf")).logsumexp(dim=-1)
        weights = weights + mass.masked_fill(dead, DEAD).view(batch, particles)
        survivors = _survivors(weights, resample[:, step])
        if survivors is not None:
            places, weights = survivors
            moved = (places + first.unsqueeze(1)).flatten()
            decoding.select(moved)
            ancestors, possible = ancestors[moved], possible[moved]
            tokens = [token[moved] for token in tokens]
            kept = [(p[moved], indices[moved], values[moved]) for p, indices, values in kept]
    winner = first
    if particles > 1:  # one draw by weight, so that the outcome is a sample, not the safest text
        winner = first + _draw(weights, resample[:, -1:]).squeeze(1)
    log_probs, rival_tokens, rival_log_probs = (
        torch.stack([part[winner] for part in parts], dim=1) for parts in zip(*kept, strict=True)
    )
    return Written(
        tokens=torch.stack(tokens, dim=1)[winner],
        log_probs=log_probs,
        rival_tokens=rival_tokens,
        rival_probs=rival_log_probs.exp(),
        chosen=ancestors[winner] - first,
        possible=possible[winner],
    )


def _survivors(weights: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor] | None:
    """Systematic resampling of the groups whose effective sample size fell below half.

    Returns the surviving particle of every place `(batch, particles)` and the new log-weights, or
    None when every group is still diverse.
    """
    batch, particles = weights.shape
    poor = 1 / weights.softmax(dim=-1).square().sum(dim=-1) < particles / 2
    if not bool(poor.any()):
        return None
    stay = torch.arange(particles, device=weights.device).expand(batch, -1)
    drawn = _draw(weights, (stay + uniform.unsqueeze(1)) / particles)
    level = weights.logsumexp(dim=-1, keepdim=True) - math.log(particles)
    poor = poor.unsqueeze(1)
    return torch.where(poor, drawn, stay), torch.where(poor, level, weights)


def _draw(weights: Tensor, points: Tensor) -> Tensor:
    """Particles at points in [0, 1) of the distribution of each group's weights, shape of `points`."""
    cumulative = weights.softmax(dim=-1).cumsum(dim=-1)
    places = torch.searchsorted(cumulative, points * cumulative[:, -1:], right=True)
    return places.clamp_max(weights.shape[1] - 1)
