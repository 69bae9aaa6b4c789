"""Both stages of an extractor for pieces of text, as the probabilities that are worth keeping.

A piece is read once, with all the subjects that any thresholds could take as one batch. Kept are
stage one whole and the highest probabilities of stage two: enough to read triples at other
thresholds, to draw both stages, and to name what was nearly found.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from core import hub, runtime
from core.models.extractor import Extractor
from core.models.triples_decoding import (
    Kind,
    Place,
    Stages,
    Thresholds,
    Triple,
    likeliest_triples,
    places,
    read_triples,
)
from core.runtime import Timing
from core.text.characters import encode_texts
from core.text.spans import Chunk
from core.text.triple_memory import stack_found
from core.text.vocabulary import Vocabulary

PIECE, OVERLAP = 240, 60  # characters; training sentences have at most 300
BATCH = 16  # pieces a batch reads at once
FLOOR = Thresholds(subject_start=0.03, subject_end=0.03, object_start=0.01, object_end=0.01)
CELLS = 4000  # probabilities of stage two that are kept of one piece, the highest
SUBJECTS = 20  # candidates of one piece
ROUNDING = 1e-4
DIGITS = 4  # of a probability: a page that rounds no further decodes what Python does


@dataclass(frozen=True)
class Cell:
    """One probability of stage two: an object of some kind starts or ends at a character."""

    subject: int  # number of the subject among those of the piece
    position: int  # in the whole text
    end: bool
    kind: int
    probability: float


@dataclass(frozen=True)
class Piece:
    """Both stages for one piece of a text; all positions count in the whole text."""

    start: int
    end: int
    first: int  # the piece answers for triples that are read at `first:last`
    last: int
    subject_start: tuple[float, ...]
    subject_end: tuple[float, ...]
    subjects: tuple[Place, ...]  # spans that stage two was asked about
    cells: tuple[Cell, ...]

    def stages(self, kinds: int) -> Stages:
        """The same as tensors whose positions count in the piece."""
        objects = torch.zeros(2, len(self.subjects), self.end - self.start, kinds)
        for cell in self.cells:
            place = (int(cell.end), cell.subject, cell.position - self.start, cell.kind)
            objects[place] = cell.probability
        return Stages(
            subject_start=torch.tensor(self.subject_start),
            subject_end=torch.tensor(self.subject_end),
            subjects=tuple((s - self.start, e - self.start) for s, e in self.subjects),
            object_start=objects[0],
            object_end=objects[1],
        )


# -- what the weights say about themselves --------------------------------------------------------


def kinds_of(model: str = "ie-duie") -> tuple[Kind, ...]:
    """Subject type, predicate and object type of every kind of triple that a model knows."""
    return _kinds(hub.locate(model).path("config.json"))


def inverses_of(model: str = "ie-duie") -> tuple[tuple[str, str], ...]:
    """Pairs of predicates that say the same from both ends."""
    return tuple((str(a), str(b)) for a, b in hub.locate(model).config["inverses"])


def vocabulary_of(model: str = "ie-duie") -> Vocabulary:
    """The characters that a model knows."""
    return _vocabulary(hub.locate(model).path("vocab.json"))


@lru_cache(maxsize=4)
def _vocabulary(path: Path) -> Vocabulary:
    return Vocabulary.from_json(path)


@lru_cache(maxsize=4)
def _kinds(path: Path) -> tuple[Kind, ...]:
    rows = json.loads(path.read_text(encoding="utf-8"))["kinds"]
    return tuple((str(a), str(p), str(b)) for a, p, b in rows)


# -- asking the model -----------------------------------------------------------------------------


def read_pieces(
    text: str,
    cut: Sequence[Chunk],
    model: str,
    *,
    prior: bool,
    facts: Tensor | None = None,
    forced: Iterable[Place] = (),
    floor: Thresholds = FLOOR,
) -> tuple[list[Piece], Tensor, Timing]:
    """All pieces of a text as one request; also the triples that the prior found in each.

    `facts` `(pieces, most, 5)` are further triples found there; every span in `forced` counts as a
    subject of the piece that answers for it.
    """
    spans = list(forced)
    inside = [
        [(s - p.start, e - p.start) for s, e in spans if p.first <= s < p.last and e <= p.end]
        for p in cut
    ]
    texts = [text[p.start : p.end] for p in cut]
    out, timing = ask(texts, model, prior=prior, facts=facts, forced=inside, floor=floor)
    return [piece_of(chunk, out, row) for row, chunk in enumerate(cut)], out["found"], timing


def ask(
    texts: Sequence[str],
    model: str,
    *,
    prior: bool,
    facts: Tensor | None = None,
    forced: Sequence[Sequence[Place]] | None = None,
    floor: Thresholds = FLOOR,
) -> tuple[dict[str, Tensor], Timing]:
    """Texts as rows of a request; what company they have in a batch changes nothing."""
    characters = encode_texts(texts, vocabulary_of(model))
    if facts is None or not facts.shape[1]:
        facts = characters.new_zeros(len(texts), 1, 5)
    rows = {
        "characters": characters,
        "facts": facts,
        "forced": _padded(forced if forced is not None else [[] for _ in texts]),
    }
    # What is rounded up to a threshold has to come along.
    least = tuple(
        max(0.0, level - ROUNDING)
        for level in (floor.subject_start, floor.subject_end, floor.object_start, floor.object_end)
    )
    return runtime.run(
        model, _read, rows, ragged=tuple(rows), max_rows=BATCH, prior=prior, floor=least
    )


def piece_of(chunk: Chunk, out: dict[str, Tensor], row: int) -> Piece:
    """One row of the answer in the positions of the whole text."""
    size = chunk.end - chunk.start
    start, end = out["subject"][row, :size].double().T.tolist()
    spans = [(a, b) for a, b in out["subjects"][row].tolist() if b]
    cells = zip(out["cells"][row].tolist(), out["chances"][row].tolist(), strict=True)
    return Piece(
        start=chunk.start,
        end=chunk.end,
        first=chunk.first,
        last=chunk.last,
        subject_start=tuple(round(p, DIGITS) for p in start),
        subject_end=tuple(round(p, DIGITS) for p in end),
        subjects=tuple((chunk.start + a, chunk.start + b) for a, b in spans),
        cells=tuple(
            Cell(subject, chunk.start + position, bool(side), kind, round(chance, DIGITS))
            for (subject, position, side, kind), chance in cells
            if chance > 0
        ),
    )


def decode(
    text: str,
    model: str,
    pieces: Iterable[Piece],
    thresholds: Thresholds,
    forced: Iterable[Place] = (),
) -> tuple[Triple, ...]:
    """Triples of all pieces, each once; their places are those in the whole text."""
    kinds, inverses, certain = kinds_of(model), inverses_of(model), set(forced)
    best: dict[tuple[str, str, str], Triple] = {}
    for piece in pieces:
        local = read_triples(
            text[piece.start : piece.end],
            piece.stages(len(kinds)),
            thresholds,
            kinds,
            inverses,
            [(s - piece.start, e - piece.start) for s, e in piece.subjects if (s, e) in certain],
        )
        for each in local:
            read = each.object_place if each.inferred else each.subject_place
            if not piece.first <= piece.start + read[0] < piece.last:
                continue  # the neighbour saw more around it
            key = (each.subject, each.predicate, each.object)
            if key not in best or best[key].probability < each.probability:
                best[key] = _moved(each, piece.start, text)
    return tuple(sorted(best.values(), key=lambda each: -each.probability))


def nearest(text: str, model: str, pieces: Iterable[Piece]) -> list[Triple]:
    """What the stages hold at all, the most probable first, each triple once; see `decode`."""
    kinds = kinds_of(model)
    best: dict[tuple[str, str, str], Triple] = {}
    for piece in pieces:
        local = text[piece.start : piece.end]
        for each in likeliest_triples(local, piece.stages(len(kinds)), kinds):
            if piece.first <= piece.start + each.subject_place[0] < piece.last:
                key = each.key
                if key not in best or best[key].probability < each.probability:
                    best[key] = _moved(each, piece.start, text)
    return sorted(best.values(), key=lambda each: -each.probability)


def _moved(triple: Triple, by: int, text: str) -> Triple:
    return replace(
        triple,
        subject_place=(triple.subject_place[0] + by, triple.subject_place[1] + by),
        object_place=(triple.object_place[0] + by, triple.object_place[1] + by),
        subject_places=tuple(places(text, triple.subject)),
        object_places=tuple(places(text, triple.object)),
    )


def _padded(spans: Sequence[Sequence[Place]]) -> Tensor:
    """Spans of every row, `(rows, most, 2)`, with zeros behind them."""
    most = max(1, max(map(len, spans), default=0))
    padded = torch.zeros(len(spans), most, 2, dtype=torch.long)
    for row, each in enumerate(spans):
        if each:
            padded[row, : len(each)] = torch.tensor(list(each))
    return padded


# -- runs beside the model, on its device ---------------------------------------------------------


def _read(
    model: Extractor,
    *,
    characters: Tensor,
    facts: Tensor,
    forced: Tensor,
    prior: bool,
    floor: tuple[float, float, float, float],
) -> dict[str, Tensor]:
    """Both stages of a batch, of stage two the highest probabilities of each row.

    `facts` `(batch, most, 5)` are triples found of the visitor's own, `forced` `(batch, most, 2)`
    spans that count as subjects; rows of zeros are none.
    """
    kinds, (batch, time) = len(model.config.kinds), characters.shape
    found = facts
    if prior and model.config.memory_triples:
        found = torch.cat([facts, model.memory.find(characters, kinds)], dim=1)
    thresholds = Thresholds(
        subject_start=floor[0], subject_end=floor[1], object_start=floor[2], object_end=floor[3]
    )
    row, which = (forced[:, :, 1] > 0).nonzero(as_tuple=True)
    certain = zip(row.tolist(), map(tuple, forced[row, which].tolist()), strict=True)
    reading = model.extract(
        characters, floor=thresholds, limit=SUBJECTS, found=found, forced=certain, best=True
    )
    counts = reading.rows.bincount(minlength=batch)
    number = torch.arange(len(reading.rows), device=characters.device)
    number = number - (counts.cumsum(0) - counts)[reading.rows]
    subjects = characters.new_zeros(batch, max(1, int(counts.max())), 2)
    subjects[reading.rows, number] = torch.stack([reading.starts, reading.ends], dim=1)
    cells, chances = characters.new_zeros(batch, CELLS, 4), torch.zeros(batch, CELLS)
    chances = chances.to(characters.device)
    for line in range(batch):
        mine = reading.objects[reading.rows == line].float().flatten()
        values, index = mine.topk(min(CELLS, len(mine)))
        index = index[values >= min(floor[2:])]
        chances[line, : len(index)] = values[: len(index)]
        place = index // (2 * kinds)
        parts = (place // time, place % time, index // kinds % 2, index % kinds)
        cells[line, : len(index)] = torch.stack(parts, dim=1)
    most = max(1, int((chances > 0).sum(dim=1).max()))
    return {
        "subject": reading.subjects.float(),
        "subjects": subjects,
        "cells": cells[:, :most],
        "chances": chances[:, :most],
        "found": found,
    }


def found_of(rows: Sequence[Sequence[Sequence[int]]], like: Tensor) -> Tensor:
    """Rows of five numbers per piece as one tensor, see `core.text.triple_memory`."""
    return stack_found(
        [torch.tensor([list(row) for row in each]).reshape(-1, 5) for each in rows], like
    )
