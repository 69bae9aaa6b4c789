"""Named entities in Chinese text: tag, compare decoders, look into the lattice, probe, export.

Whatever a text holds, offsets are Python's: `text[span.start:span.end]` is the span. Long texts are read
in pieces that overlap where they cut a sentence (`core.text.spans`).

Four decoders read tags off the same scores (see `core.models.tag_heads`): `crf`, the best legal
sequence; `marginal`, the most probable tag of every character under the CRF; `memm`, every step
normalised by itself; `softmax`, every character by itself. A decoder with weights of its own, named such
as `ner-msra-softmax`, uses those; otherwise it reads the scores that were learned with the CRF, and its
`weights` say so.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core import hub, runtime
from core.errors import InputError, check_choice, check_range
from core.models.tagger import Tagger
from core.runtime import Timing
from core.tasks import lattices
from core.tasks._texts import check_text, lines_of, parse_names, places, rows_of
from core.tasks.lattices import Cache, Found, Lattice, Scores, confidence, illegal_steps
from core.text import tags as schemes
from core.text.characters import PADDING, encode_texts
from core.text.spans import PLACEHOLDER, Chunk, chunks, stitch, stitch_characters
from core.text.tags import Span, TagSet
from core.text.vocabulary import Vocabulary

MODELS = ("ner-msra", "ner-cluener")
DECODERS = ("crf", "marginal", "memm", "softmax")
FORMATS = ("json", "jsonl", "bio", "bioes", "conll")
LATTICE_DECODERS = ("crf", "free", "softmax")

MAX_CHARACTERS = 20_000
MAX_COMPARED = 1000
MAX_PROBED = 120
MAX_LINES = 1000
PIECE, OVERLAP = 200, 40  # characters; training sentences have at most 200
BATCH = 32  # pieces a batch reads at once
MAX_BONUS = 20.0  # nats per character
RIVALS = 3
RIVAL_LEAST = 0.01  # probability from which a rival tag is listed


@dataclass(frozen=True)
class Rival:
    """A tag that could have stood here, with its probability."""

    tag: str
    probability: float


@dataclass(frozen=True)
class Character:
    """What the decoder said of one character; rivals are the other tags of some probability."""

    tag: str
    probability: float
    rivals: tuple[Rival, ...]


@dataclass(frozen=True)
class Tagging:
    """The entities of a text."""

    text: str
    model: str
    decoder: str
    weights: str  # the name whose scores were read
    entities: tuple[Found, ...]
    characters: tuple[Character, ...]
    illegal: tuple[int, ...]  # characters whose tag may not follow the one before
    pieces: int  # that a long text was read in
    timing: Timing

    @property
    def tags(self) -> tuple[str, ...]:
        """One tag per character."""
        return tuple(c.tag for c in self.characters)


@dataclass(frozen=True)
class Change:
    """What added names did to a text's entities."""

    before: Tagging
    after: Tagging
    added: tuple[Found, ...]
    removed: tuple[Found, ...]
    places: int  # where the names stand in the text


@dataclass(frozen=True)
class Comparison:
    """One text read by all decoders."""

    text: str
    readings: tuple[Tagging, ...]
    disagreements: tuple[int, ...]  # characters that are not tagged alike
    timing: Timing


@dataclass(frozen=True)
class Influence:
    """How much of an entity's probability hangs on each character of the text."""

    entity: Found
    without: tuple[float, ...]  # its probability when that character is hidden


@dataclass(frozen=True)
class Probe:
    """Every character hidden in turn."""

    text: str
    influences: tuple[Influence, ...]
    flips: tuple[int, ...]  # characters whose hiding changes the entities
    hidden: tuple[tuple[Found, ...], ...]  # entities when that character is hidden
    timing: Timing


@dataclass(frozen=True)
class Line:
    """One line of a batch; offsets count within the line."""

    line: int
    text: str
    entities: tuple[Found, ...]


@dataclass(frozen=True)
class Lines:
    """A batch of lines."""

    model: str
    lines: tuple[Line, ...]
    characters: int
    characters_per_second: float
    timing: Timing

    @property
    def jsonl(self) -> str:
        """One JSON object a line, as `export` writes it."""
        return "".join(_json_line(row.text, row.entities, row.line) for row in self.lines)


# -- verbs ----------------------------------------------------------------------------------------


def tag(
    text: str,
    model: str = "ner-msra",
    *,
    decoder: str = "crf",
    names: str = "",
    bonus: float = 4.0,
) -> Tagging:
    """Find the entities of a text of up to 20,000 characters.

    `names` are the visitor's own, one a line with a type behind it (`张三丰 PER`) or without; wherever
    one stands, the tags it would have there score `bonus` more per character. Confidence is the
    probability of a span's tags under the decoder's distribution, by forward and backward sums.
    Raises `InputError` for an empty or too long text and for names that cannot be read.
    """
    tag_set = tag_set_of(model)
    check_choice("decoder", decoder, DECODERS, zh="解码方式")
    check_text(text, MAX_CHARACTERS)
    check_range("bonus", bonus, 0, MAX_BONUS, zh="加分")
    extra = _bonus(text, tag_set, names, bonus)
    weights = weights_of(model, decoder)
    pieces = chunks(text, PIECE, OVERLAP)
    rows = {"characters": rows_of(_numbers(text, weights), pieces)}
    if extra is not None:
        rows["bonus"] = rows_of(extra, pieces)
    out, timing = runtime.run(
        weights, _read, rows, ragged=tuple(rows), max_rows=BATCH, decoder=decoder
    )
    entities, tags = _whole(text, tag_set, pieces, out)
    lengths = [piece.end - piece.start for piece in pieces]
    marginals = stitch_characters(
        pieces, [row[:n] for row, n in zip(out["marginals"].tolist(), lengths, strict=True)]
    )
    return Tagging(
        text=text,
        model=model,
        decoder=decoder,
        weights=weights,
        entities=entities,
        characters=tuple(
            _character(tag_set, t, row) for t, row in zip(tags, marginals, strict=True)
        ),
        illegal=illegal_steps(tag_set, tags),
        pieces=len(pieces),
        timing=timing,
    )


def add_names(text: str, names: str, model: str = "ner-msra", *, bonus: float = 4.0) -> Change:
    """A text's entities before and after names are added, and the difference."""
    before = tag(text, model)
    after = tag(text, model, names=names, bonus=bonus)
    spans = [{(e.start, e.end, e.type) for e in each.entities} for each in (before, after)]
    return Change(
        before,
        after,
        tuple(e for e in after.entities if (e.start, e.end, e.type) not in spans[0]),
        tuple(e for e in before.entities if (e.start, e.end, e.type) not in spans[1]),
        len(places(text, parse_names(names, tag_set_of(model).types))),
    )


def compare(text: str, model: str = "ner-msra") -> Comparison:
    """One text of up to 1,000 characters read by all decoders."""
    check_text(text, MAX_COMPARED)
    readings = tuple(tag(text, model, decoder=decoder) for decoder in DECODERS)
    timing = readings[0].timing
    for reading in readings[1:]:
        timing = timing + reading.timing
    columns = zip(*(reading.tags for reading in readings), strict=True)
    differ = tuple(t for t, column in enumerate(columns) if len(set(column)) > 1)
    return Comparison(text, readings, differ, timing)


def lattice(
    text: str,
    model: str = "ner-msra",
    *,
    decoder: str = "crf",
    paths: int = 5,
    pins: str = "",
    steps: str = "",
) -> Lattice:
    """The lattice of one sentence of up to 60 characters, with the k best paths.

    `pins` and `steps` are edits as described in `core.tasks.lattices`; the encoder does not run again
    for them. `decoder` is `crf` (legal steps only), `free` (illegal ones too, at the scores that were
    learned for them) or `softmax` (no transitions at all).
    """
    tag_set = tag_set_of(model)
    check_choice("decoder", decoder, LATTICE_DECODERS, zh="解码方式")
    lattices.check_size(text, paths)
    edits = lattices.parse_edits(pins, steps, tag_set.tags, len(text))
    scores, cached = _cache.get(
        (model, hub.locate(model).hash, text), lambda: _sentence_scores(text, model)
    )
    if decoder == "softmax":
        scores = replace(
            scores,
            transitions=torch.zeros_like(scores.transitions),
            start=torch.zeros_like(scores.start),
            end=torch.zeros_like(scores.end),
        )
    return lattices.explore(
        text, tag_set, scores, edits, paths=paths, legal=decoder == "crf", cached=cached
    )


def probe(text: str, model: str = "ner-msra") -> Probe:
    """Hide every character of a text of up to 120 in turn, and watch its entities; one batch."""
    check_text(
        text,
        MAX_PROBED,
        en="Keep a sentence or two: every character costs one reading.",
        zh="请只留一两句：每个字都要重读一遍。",
    )
    reading = tag(text, model)
    tag_set, length = tag_set_of(model), len(text)
    hidden = [text[:i] + PLACEHOLDER + text[i + 1 :] for i in range(length)]
    path = torch.tensor([tag_set.index[c.tag] for c in reading.characters])
    rows = {
        "characters": encode_texts(hidden, vocabulary_of(model)),
        "path": path.expand(length, -1),
    }
    out, timing = runtime.run(model, _watch, rows, ragged=tuple(rows), max_rows=BATCH)
    influences = tuple(
        Influence(
            entity,
            tuple(
                confidence(alone, chained, entity.start, entity.end)
                for alone, chained in zip(out["alone"], out["chained"], strict=True)
            ),
        )
        for entity in reading.entities
    )
    found = [
        _entities(line, tag_set, row[:length].tolist(), alone, chained)
        for line, row, alone, chained in zip(
            hidden, out["tags"], out["own_alone"], out["own_chained"], strict=True
        )
    ]
    spans = {(e.start, e.end, e.type) for e in reading.entities}
    flips = tuple(
        i for i, each in enumerate(found) if {(e.start, e.end, e.type) for e in each} != spans
    )
    return Probe(text, influences, flips, tuple(found), reading.timing + timing)


def tag_lines(lines: str, model: str = "ner-msra") -> Lines:
    """Tag every line of a text by itself: up to 1,000 lines and 20,000 characters.

    A line that is a JSON object with a string `text` stands for that text; blank lines are skipped.
    """
    *_, last = tag_lines_in_parts(lines, model)
    return last[1]


def tag_lines_in_parts(lines: str, model: str = "ner-msra") -> Iterator[tuple[float, Lines]]:
    """The same, one part after the other: the share that is done, and all lines up to there."""
    check_choice("model", model, MODELS, zh="模型")
    check_text(lines, MAX_CHARACTERS)
    given = [(number, _text_of(line)) for number, line in lines_of(lines)]
    given = [(number, text) for number, text in given if text.strip()]
    if not given or len(given) > MAX_LINES:
        raise InputError(
            en=f"There are {len(given):,} lines with text; 1 to {MAX_LINES:,} are accepted.",
            zh=f"有文字的行共 {len(given):,} 行，须在 1 到 {MAX_LINES:,} 行之间。",
        )
    yield from _in_parts(given, model)


def export(text: str, entities: Sequence[Span | Found], form: str = "bio") -> str:
    """Entities of a text as `json`, `jsonl` (one line), `bio`, `bioes` (tags alone) or `conll`.

    Raises `InputError` for spans that are not slices of the text, or overlap.
    """
    check_choice("format", form, FORMATS, zh="格式")
    check_text(text, MAX_CHARACTERS)
    spans = [Span(int(e.start), int(e.end), str(e.type)) for e in entities]
    try:
        tags = schemes.export(text, spans, "BIO" if form != "bioes" else "BIOES")
    except ValueError as error:
        raise InputError(
            en=f"These entities cannot be written as tags: {error}.",
            zh=f"这些实体无法写成标签：{error}。",
        ) from error
    if form in ("json", "jsonl"):
        rows = [
            e if isinstance(e, Found) else Found(*e[:2], text[e[0] : e[1]], e[2], 1.0)
            for e in entities
        ]
        line = _json_line(text, rows)
        return (
            line if form == "jsonl" else json.dumps(json.loads(line), ensure_ascii=False, indent=1)
        )
    return schemes.conll(text, spans) if form == "conll" else " ".join(tags) + "\n"


# -- weights --------------------------------------------------------------------------------------


def offered() -> tuple[str, ...]:
    """The models to choose from."""
    return hub.offered(MODELS)


def weights_of(model: str, decoder: str) -> str:
    """The weights whose scores a decoder reads: its own where they exist, else the CRF's."""
    own = f"{model}-{decoder}"
    return own if decoder in ("memm", "softmax") and own in hub.names() else model


def vocabulary_of(weights: str) -> Vocabulary:
    """The characters that the model of a weights name knows."""
    return _vocabulary(hub.locate(weights).path("vocab.json"))


def tag_set_of(model: str) -> TagSet:
    """The tags of a model."""
    check_choice("model", model, MODELS, zh="模型")
    config = hub.locate(model).config
    return _tag_set(config["scheme"], tuple(config["types"]), config.get("outside", True))


def types_of(model: str) -> tuple[str, ...]:
    """The entity types of a model, in their fixed order."""
    return tag_set_of(model).types


@lru_cache(maxsize=8)
def _vocabulary(path: Path) -> Vocabulary:
    return Vocabulary.from_json(path)


@lru_cache(maxsize=8)
def _tag_set(scheme: str, types: tuple[str, ...], outside: bool) -> TagSet:
    return TagSet(scheme, types, outside)


_cache = Cache()


# -- functions that run beside the model, on its device -------------------------------------------


def _read(
    model: Tagger, *, characters: Tensor, decoder: str, bonus: Tensor | None = None
) -> dict[str, Tensor]:
    """Tags of the decoder's sequence, their probabilities, and all marginals."""
    emissions = model.emissions(characters)
    if bonus is not None:
        emissions = emissions + bonus
    shape = "crf" if decoder == "marginal" else decoder
    chain = model.chain_by(shape, emissions, characters != PADDING).double()
    marginals = chain.marginals()
    if decoder in ("marginal", "softmax"):
        tags = marginals.argmax(dim=2)
    else:
        tags = chain.viterbi().tags
    along = chain.along(tags)
    return {
        "tags": tags,
        "marginals": marginals.float(),
        "alone": along.alone,
        "chained": along.chained,
    }


def _sentence(model: Tagger, *, characters: Tensor) -> dict[str, Tensor]:
    """Emissions, and the head's scores once per row."""
    emissions = model.emissions(characters)
    chain = model.chain_of(emissions, characters != PADDING, legal=False)
    count = len(characters)
    return {
        "emissions": chain.emissions,
        "transitions": chain.transitions.expand(count, -1, -1),
        "start": chain.start.expand(count, -1),
        "end": chain.end.expand(count, -1),
    }


def _watch(model: Tagger, *, characters: Tensor, path: Tensor) -> dict[str, Tensor]:
    """How probable a given path's tags are under other characters, and the best path there."""
    chain = model.chain(characters).double()
    tags = chain.viterbi().tags
    given, own = chain.along(path), chain.along(tags)
    return {
        "alone": given.alone,
        "chained": given.chained,
        "tags": tags,
        "own_alone": own.alone,
        "own_chained": own.chained,
    }


# -- helpers --------------------------------------------------------------------------------------


def _sentence_scores(text: str, model: str) -> Scores:
    rows = {"characters": _numbers(text, model).unsqueeze(0)}
    out, timing = runtime.run(model, _sentence, rows, ragged=("characters",), max_rows=BATCH)
    return Scores.of(out, timing, len(text))


def _numbers(text: str, model: str) -> Tensor:
    """A text's character numbers, `(length,)`."""
    return encode_texts([text], vocabulary_of(model))[0]


def _bonus(text: str, tag_set: TagSet, names: str, bonus: float) -> Tensor | None:
    """What the visitor's names add to the emissions `(length, tags)`; None when that is nothing."""
    found = places(text, parse_names(names, tag_set.types))
    if not found or bonus == 0:
        return None
    extra = torch.zeros(len(text), len(tag_set.tags))
    for place in found:
        for kind in [place.type] if place.type else tag_set.types:
            length = place.end - place.start
            tags = tag_set.encode(length, [Span(0, length, kind)])
            for t, name in enumerate(tags, start=place.start):
                extra[t, tag_set.index[name]] = bonus
    return extra


def _whole(
    text: str, tag_set: TagSet, pieces: Sequence[Chunk], out: dict[str, Tensor]
) -> tuple[tuple[Found, ...], list[int]]:
    """The whole text's entities and tags from those of its pieces."""
    lengths = [piece.end - piece.start for piece in pieces]
    tags = [row[:n] for row, n in zip(out["tags"].tolist(), lengths, strict=True)]
    found = [
        _entities(text[piece.start : piece.end], tag_set, row, alone, chained)
        for piece, row, alone, chained in zip(
            pieces, tags, out["alone"], out["chained"], strict=True
        )
    ]
    sure = {
        Span(piece.start + e.start, piece.start + e.end, e.type): e.confidence
        for piece, local in zip(pieces, found, strict=True)
        for e in local
        if piece.first <= piece.start + e.start < piece.last
    }
    spans = stitch(pieces, [[Span(e.start, e.end, e.type) for e in local] for local in found])
    return (
        tuple(Found(s, e, text[s:e], kind, sure[Span(s, e, kind)]) for s, e, kind in spans),
        stitch_characters(pieces, tags),
    )


def _entities(
    text: str, tag_set: TagSet, tags: Sequence[int], alone: Tensor, chained: Tensor
) -> tuple[Found, ...]:
    spans = tag_set.decode([tag_set.tags[tag] for tag in tags])
    return tuple(
        Found(s, e, text[s:e], kind, confidence(alone, chained, s, e)) for s, e, kind in spans
    )


def _character(tag_set: TagSet, tag: int, marginals: Sequence[float]) -> Character:
    """A character's tag with its rivals, most probable first."""
    rivals = sorted(
        (i for i, p in enumerate(marginals) if i != tag and p >= RIVAL_LEAST),
        key=lambda i: -marginals[i],
    )
    return Character(
        tag_set.tags[tag],
        round(min(1.0, marginals[tag]), 5),
        tuple(Rival(tag_set.tags[i], round(marginals[i], 5)) for i in rivals[:RIVALS]),
    )


def _in_parts(given: Sequence[tuple[int, str]], model: str) -> Iterator[tuple[float, Lines]]:
    """Lines of similar length together, a few batches at a time."""
    started = time.perf_counter()
    tag_set, vocabulary = tag_set_of(model), vocabulary_of(model)
    total = sum(len(text) for _, text in given)
    order = sorted(range(len(given)), key=lambda row: len(given[row][1]))
    done: dict[int, Line] = {}
    timing: Timing | None = None
    for first in range(0, len(order), 2 * BATCH):
        part = order[first : first + 2 * BATCH]
        pieces = [(row, piece) for row in part for piece in chunks(given[row][1], PIECE, OVERLAP)]
        texts = [given[row][1][piece.start : piece.end] for row, piece in pieces]
        rows = {"characters": encode_texts(texts, vocabulary)}
        out, took = runtime.run(
            model, _read, rows, ragged=tuple(rows), max_rows=BATCH, decoder="crf"
        )
        timing = took if timing is None else timing + took
        for row in part:
            own = [i for i, (owner, _) in enumerate(pieces) if owner == row]
            number, text = given[row]
            entities, _ = _whole(
                text,
                tag_set,
                [pieces[i][1] for i in own],
                {name: tensor[own] for name, tensor in out.items()},
            )
            done[row] = Line(number, text, entities)
        seconds = max(1e-9, time.perf_counter() - started)
        read = sum(len(line.text) for line in done.values())
        lines = tuple(done[row] for row in sorted(done))
        yield read / total, Lines(model, lines, read, round(read / seconds, 1), timing)


def _text_of(line: str) -> str:
    """A line's text: what a JSON object names so, else the line itself."""
    if line.startswith("{"):
        try:
            text = json.loads(line).get("text")
        except (ValueError, RecursionError):
            return line
        if isinstance(text, str):
            return text
    return line


def _json_line(text: str, entities: Sequence[Found], number: int | None = None) -> str:
    row: dict[str, Any] = {"line": number} if number is not None else {}
    row |= {
        "text": text,
        "entities": [
            {
                "start": e.start,
                "end": e.end,
                "type": e.type,
                "text": e.text,
                "confidence": e.confidence,
            }
            for e in entities
        ],
    }
    return json.dumps(row, ensure_ascii=False) + "\n"
