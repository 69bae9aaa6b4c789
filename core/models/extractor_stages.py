"""The two stages of the extractor on top of its encoder: subjects, then objects of a subject.

What each of them computes is written in `core.models.extractor`.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from core.models.gated_convolutions import GatedConvolution

CODE_POINTS = 6  # vectors of a subject that its code is read from
NEAR, STEPS = 16, 8  # distances below are told apart one by one, above in steps of half an octave
ATTENTION_HEADS, ATTENTION_SIZE = 8, 16
START = -4.0  # logit of every pointer before training: most characters start and end nothing


class Encoding(NamedTuple):
    """Features of a batch of texts."""

    hidden: Tensor  # (batch, time, width), zero at the padding
    mask: Tensor  # (batch, time), True at characters


class View(nn.Module):
    """What a stage sees: each character, its neighbours, and by attention the whole sentence."""

    def __init__(self, width: int, out: int, attention: bool) -> None:
        super().__init__()
        inner = ATTENTION_HEADS * ATTENTION_SIZE if attention else 0
        self.project = nn.Linear(width, 3 * inner) if attention else None
        self.conv = nn.Conv1d(width + inner, out, 3, padding=1)

    def forward(self, encoding: Encoding) -> Tensor:
        """`(batch, time, out)`, before the nonlinearity."""
        parts = [encoding.hidden]
        if self.project is not None:
            mixed = self.project(encoding.hidden).unflatten(2, (3, ATTENTION_HEADS, -1))
            query, key, value = mixed.permute(2, 0, 3, 1, 4)  # each (batch, heads, time, size)
            # Spelled out: on a CPU this trains three times faster than the fused kernel does.
            scores = query @ key.transpose(2, 3) * ATTENTION_SIZE**-0.5
            scores = scores.masked_fill(~encoding.mask[:, None, None], float("-inf"))
            attended = scores.softmax(dim=3).to(value.dtype) @ value
            parts.append(attended.transpose(1, 2).flatten(2) * encoding.mask.unsqueeze(2))
        seen: Tensor = self.conv(torch.cat(parts, dim=2).transpose(1, 2)).transpose(1, 2)
        return seen


class SubjectCode(nn.Module):
    """A span of the encoding as one vector: a GRU over six of its vectors, or its two ends."""

    def __init__(self, width: int, out: int, kind: str) -> None:
        super().__init__()
        self.gru = (
            nn.GRU(width, out, batch_first=True, bidirectional=True) if kind == "gru" else None
        )
        self.out_width = 2 * out if kind == "gru" else 2 * width

    def forward(self, hidden: Tensor, rows: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
        """`(spans, out_width)` from `hidden` `(batch, time, width)`."""
        points = CODE_POINTS if self.gru is not None else 2
        share = torch.linspace(0, 1, points, device=hidden.device)
        last = (ends - 1 - starts).unsqueeze(1)
        place = starts.unsqueeze(1) + (last * share).round().long()  # (spans, points)
        vectors = hidden[rows.unsqueeze(1), place]
        if self.gru is None:
            return vectors.flatten(1)
        both: Tensor = self.gru(vectors)[1]  # (2, spans, out)
        return both.transpose(0, 1).flatten(1)


class Stage(nn.Module):
    """Both stages for one set of predicates."""

    def __init__(
        self,
        kinds: int,
        *,
        width: int,
        head_width: int,
        attention: bool,
        subject_code: str,
        object_layers: int,
        gate_dropout: float,
    ) -> None:
        super().__init__()
        self.kinds = kinds
        self.entity = _gate(width, head_width, 2)
        self.presence = _gate(width, head_width, kinds)
        self.subject_view = View(width, head_width, attention)
        self.subject_out = nn.Linear(head_width, 2)
        self.code = SubjectCode(width, head_width, subject_code)
        self.object_view = View(width, head_width, attention)
        self.condition = nn.Linear(self.code.out_width, 2 * head_width)
        buckets = 2 * (NEAR + STEPS) + 1
        self.from_start = nn.Embedding(buckets, head_width)
        self.from_end = nn.Embedding(buckets, head_width)
        for table in (self.from_start, self.from_end):
            nn.init.normal_(table.weight, std=0.1)
        self.blocks = nn.ModuleList(
            GatedConvolution(head_width, 1, gate_dropout) for _ in range(object_layers)
        )
        self.object_out = nn.Linear(head_width, 2 * kinds)
        self.object_gate = nn.Linear(head_width, 1)
        for out in (self.subject_out, self.object_out):  # at first, nothing is a subject or object
            nn.init.constant_(out.bias, START)

    def subjects(self, encoding: Encoding, raised: Tensor | None = None) -> Tensor:
        """Logits `(batch, time, 2)`; `raised` is added to those of the pointers alone."""
        logits = wide(self.subject_out(self.subject_view(encoding).relu()))
        if raised is not None:
            logits = logits + raised
        return all_of(logits, wide(self.entity(encoding.hidden)))

    def objects(
        self,
        encoding: Encoding,
        rows: Tensor,
        starts: Tensor,
        ends: Tensor,
        raised: Tensor | None = None,
    ) -> Tensor:
        """Logits `(spans, time, 2, kinds)` given the subjects `starts`, `ends`."""
        hidden, mask = encoding
        code = self.code(hidden, rows, starts, ends)
        scale, shift = self.condition(code).unsqueeze(1).chunk(2, dim=2)  # (spans, 1, head_width)
        time = torch.arange(hidden.shape[1], device=hidden.device)
        near = self.from_start(bucket(time - starts.unsqueeze(1)))
        near = near + self.from_end(bucket(time - ends.unsqueeze(1) + 1))
        x = self.object_view(encoding)[rows]
        x = (x * (1 + scale) + shift + near).relu() * mask[rows].unsqueeze(2)
        x, keep = x.transpose(1, 2), mask[rows].unsqueeze(1)
        for block in self.blocks:
            x = block(x) * keep
        x = x.transpose(1, 2)
        logits = wide(self.object_out(x)).unflatten(2, (2, self.kinds))
        if raised is not None:
            logits = logits + raised
        here = wide(self.object_gate(x)).unsqueeze(3)
        entity = wide(self.entity(hidden))[rows].unsqueeze(3)
        lowest = torch.finfo(hidden.dtype).min
        widest = hidden.masked_fill(~mask.unsqueeze(2), lowest).amax(dim=1)
        presence = wide(self.presence(widest))[rows, None, None]  # (spans, 1, 1, kinds)
        return all_of(logits, here, entity, presence)


def _gate(width: int, hidden: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, out))


def wide(logits: Tensor) -> Tensor:
    """Half precision has too few digits for logarithms of probabilities."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def bucket(distance: Tensor) -> Tensor:
    """Numbers from 0 of signed distances in characters, the far ones in growing steps."""
    size = distance.abs()
    octaves = (size.clamp_min(NEAR).float() / NEAR).log2()
    far = (NEAR + 2 * octaves).long().clamp_max(NEAR + STEPS)
    return torch.where(size < NEAR, size, far) * distance.sign() + NEAR + STEPS


def all_of(*logits: Tensor) -> Tensor:
    """The logit of the conjunction: odds against it are the sum of the parts' odds against them."""
    lowest = logits[0]
    for part in logits[1:]:
        lowest = -torch.logaddexp(-lowest, -part)
    return lowest
