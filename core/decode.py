"""Choosing characters step by step: temperature, nucleus, rules, and particles that look ahead.

Rules are masks over the vocabulary. Masking alone is short-sighted: the model may paint itself into a
corner where the prescribed character fits badly. With several particles per poem the ones whose text
expected the prescribed character survive (sequential importance resampling; Doucet et al. 2001), so
the outcome approaches a draw from the model *given* the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

FREE, LEVEL, OBLIQUE = 0, 1, 2


class Stepwise(Protocol):
    """A batch of texts being written, see `PoemVAE.begin`."""

    def logits(self) -> Tensor:
        """Logits of the next character, `(batch, vocab_size)`."""

    def append(self, tokens: Tensor) -> None:
        """Write the next character of every row."""

    def select(self, rows: Tensor) -> None:
        """Keep the given rows, in the given order."""


@dataclass(frozen=True, eq=False)  # compared by identity: one object per vocabulary
class VerseTables:
    """What a decoder has to know about each character, on the host; `on` gives a device's copy."""

    tones: Tensor  # (3, vocab) bool: may stand where FREE, LEVEL, OBLIQUE is asked for
    rhymes: Tensor  # (groups, vocab) bool

    def on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Both tables on a device."""
        return self.tones.to(device), self.rhymes.to(device)


@dataclass(frozen=True)
class Rules:
    """Demands on each position of each text, all `(batch, length)` integers except `unique`."""

    fixed: Tensor  # a token, or -1
    tone: Tensor  # FREE, LEVEL or OBLIQUE
    rhyme: Tensor  # a rhyme group, or -1
    rhyme_with: Tensor  # an earlier position whose character must share a group, or -1
    unique: Tensor  # (batch,) bool: no character twice, except doubled ones such as 悠悠


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

    Shapes: `logits`, `allowed` `(batch, vocab)`; `uniform`, `temperature`, `top_p` `(batch,)`.
    Drawing inverts the cumulative distribution of the sorted tokens, so one uniform number decides.
    """
    masked = logits.masked_fill(~allowed, float("-inf"))
    greedy = masked.argmax(dim=-1)
    if not bool((temperature > 0).any()):
        return greedy
    scaled = masked / temperature.clamp_min(1e-3).unsqueeze(-1)
    probs, order = scaled.softmax(dim=-1).sort(dim=-1, descending=True)
    before = probs.cumsum(dim=-1) - probs
    probs = probs.masked_fill(before >= top_p.unsqueeze(-1), 0.0)
    cumulative = probs.cumsum(dim=-1)
    target = uniform.unsqueeze(-1) * cumulative[:, -1:]
    place = torch.searchsorted(cumulative, target, right=True).clamp_max(probs.shape[-1] - 1)
    drawn = order.gather(-1, place).squeeze(-1)
    return torch.where(temperature > 0, drawn, greedy)


def allowed_at(
    step: int, tokens: Sequence[Tensor], rules: Rules, tables: tuple[Tensor, Tensor], width: int
) -> Tensor:
    """Characters that may stand at a position given those before it, `(batch, vocab)` bool."""
    tones, rhymes = tables
    allowed = tones[rules.tone[:, step]]
    fixed = rules.fixed[:, step]
    if bool((rules.rhyme[:, step] >= 0).any()):
        group = rules.rhyme[:, step]
        allowed = allowed & (rhymes[group.clamp_min(0)] | (group < 0).unsqueeze(-1))
    if bool((rules.rhyme_with[:, step] >= 0).any()):
        where = rules.rhyme_with[:, step]
        earlier = torch.stack(list(tokens), dim=1).gather(1, where.clamp_min(0).unsqueeze(1))
        groups = rhymes[:, earlier.squeeze(1)].T.float()  # (batch, groups) of the earlier character
        shared = (groups @ rhymes.float()) > 0
        allowed = allowed & (shared | (where < 0).unsqueeze(-1))
    if tokens and bool(rules.unique.any()):
        used = torch.zeros_like(allowed).scatter_(1, torch.stack(list(tokens), dim=1), True)
        if step % width:  # doubling the character before is a figure of speech, not a slip
            used = used.scatter(1, tokens[-1].unsqueeze(1), False)
        allowed = allowed & ~(used & rules.unique.unsqueeze(-1))
    forced = torch.zeros_like(allowed).scatter_(1, fixed.clamp_min(0).unsqueeze(1), True)
    return torch.where((fixed >= 0).unsqueeze(-1), forced, allowed)


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

    `uniform` `(batch * particles, length)` draws characters; `resample` `(batch, length)` decides
    which particles survive. `rules`, `temperature` and `top_p` have one row per *particle*.
    """
    rows, length = uniform.shape
    batch = rows // particles
    device = uniform.device
    weights = torch.zeros(batch, particles, device=device)  # log-weights
    possible = torch.ones(rows, dtype=torch.bool, device=device)
    tokens: list[Tensor] = []
    log_probs: list[Tensor] = []
    rival_tokens: list[Tensor] = []
    rival_probs: list[Tensor] = []
    ancestors = torch.arange(rows, device=device)
    for step in range(length):
        logits = decoding.logits().float()
        log_p = logits.log_softmax(dim=-1)
        allowed = allowed_at(step, tokens, rules, tables, width)
        dead = ~allowed.any(dim=-1)
        allowed = allowed | dead.unsqueeze(-1)
        possible = possible & ~dead
        token = choose(logits, allowed, uniform[:, step], temperature, top_p)
        best = log_p.topk(rivals, dim=-1)
        tokens.append(token)
        log_probs.append(log_p.gather(-1, token.unsqueeze(-1)).squeeze(-1))
        rival_tokens.append(best.indices)
        rival_probs.append(best.values.exp())
        decoding.append(token)
        if particles == 1:
            continue
        mass = log_p.masked_fill(~allowed, float("-inf")).logsumexp(dim=-1)
        mass = mass.masked_fill(dead, -1e4)
        weights = weights + mass.view(batch, particles)
        keep = _survivors(weights, resample[:, step])
        if keep is not None:
            moved, weights = keep
            flat = (moved + torch.arange(batch, device=device).unsqueeze(1) * particles).flatten()
            decoding.select(flat)
            ancestors, possible = ancestors[flat], possible[flat]
            tokens, log_probs = [t[flat] for t in tokens], [t[flat] for t in log_probs]
            rival_tokens = [t[flat] for t in rival_tokens]
            rival_probs = [t[flat] for t in rival_probs]
    first = torch.arange(batch, device=device) * particles
    if particles == 1:
        winner = first
    else:  # one draw by weight, so that the outcome is a sample and not always the safest text
        cumulative = weights.softmax(dim=-1).cumsum(dim=-1)
        picked = torch.searchsorted(cumulative, resample[:, :1] * cumulative[:, -1:], right=True)
        winner = first + picked.squeeze(1).clamp_max(particles - 1)
    return Written(
        tokens=torch.stack(tokens, dim=1)[winner],
        log_probs=torch.stack(log_probs, dim=1)[winner],
        rival_tokens=torch.stack(rival_tokens, dim=1)[winner],
        rival_probs=torch.stack(rival_probs, dim=1)[winner],
        chosen=ancestors[winner] - first,
        possible=possible[winner],
    )


def _survivors(weights: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor] | None:
    """Systematic resampling of the groups whose effective sample size fell below half.

    Returns the surviving particle of every place `(batch, particles)` and the new log-weights, or
    None when every group is still diverse.
    """
    batch, particles = weights.shape
    normal = weights.softmax(dim=-1)
    poor = 1 / normal.square().sum(dim=-1) < particles / 2
    if not bool(poor.any()):
        return None
    points = (torch.arange(particles, device=weights.device) + uniform.unsqueeze(1)) / particles
    cumulative = normal.cumsum(dim=-1)
    drawn = torch.searchsorted(cumulative, points * cumulative[:, -1:], right=True)
    stay = torch.arange(particles, device=weights.device).expand(batch, -1)
    moved = torch.where(poor.unsqueeze(1), drawn.clamp_max(particles - 1), stay)
    level = weights.logsumexp(dim=-1, keepdim=True) - torch.tensor(float(particles)).log()
    return moved, torch.where(poor.unsqueeze(1), level.expand_as(weights), weights)
