"""Triples in Chinese text: extract, read the stage probabilities, force a subject, compare, add facts.

Whatever a text holds, offsets are Python's: `text[start:end]` is the subject or object. Long texts are
read in pieces that end with a sentence where they can (`core.text.spans`). What comes back are the
probabilities of both stages, so other thresholds can be tried without the model (`Extraction.read`);
only forcing a subject or adding triples to the prior asks it again.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core import hub
from core.errors import InputError, check_choice, check_range
from core.models.triples_decoding import Kind, Place, Thresholds, Triple, comparable, pairs, places
from core.runtime import Timing
from core.tasks import _stages
from core.tasks._facts import Fact, check_facts, parse_facts, parse_subjects, text_of
from core.tasks._stages import OVERLAP, PIECE, Cell, Piece, inverses_of, kinds_of
from core.tasks._texts import check_text, lines_of, rows_of
from core.text.characters import encode_texts
from core.text.spans import Chunk, chunks
from core.text.triple_memory import TripleMemory

__all__ = [
    "Cell",
    "Comparison",
    "Extraction",
    "Fact",
    "Kind",
    "Line",
    "Lines",
    "Piece",
    "Prior",
    "Thresholds",
    "Triple",
    "Verdict",
    "add_facts",
    "ask_subject",
    "compare",
    "extract",
    "extract_lines",
    "extract_lines_in_parts",
    "inverses_of",
    "kinds_of",
    "thresholds_of",
]

MODELS = ("ie-duie",)
MAX_CHARACTERS = 5000
MAX_LINES, MAX_LINES_CHARACTERS = 1000, 100_000
END_SHARE = 0.8  # an end's threshold as a share of the start's: 0.5 and 0.4 in the post
MISSES = 5  # nearest misses that are named
PART = 32  # lines read between two reports of progress


@dataclass(frozen=True)
class Extraction:
    """The triples of a text, and the probabilities that they were read from."""

    text: str
    model: str
    triples: tuple[Triple, ...]  # the most probable first
    misses: tuple[Triple, ...]  # the nearest ones below the thresholds
    thresholds: Thresholds
    pieces: tuple[Piece, ...]
    forced: tuple[Place, ...]
    remembered: tuple[tuple[Place, int, Place], ...]  # triples that the prior recognised here
    prior: bool
    timing: Timing

    def read(self, thresholds: Thresholds) -> tuple[Triple, ...]:
        """The triples at other thresholds, from the same probabilities."""
        return _stages.decode(self.text, self.model, self.pieces, thresholds, self.forced)


@dataclass(frozen=True)
class Verdict:
    """One triple that was found, expected, or both."""

    subject: str
    predicate: str
    object: str
    found: bool
    expected: bool
    probability: float  # of the nearest reading; 0 when the stages hold none
    reason: (
        str  # where a missed one was lost: subject-text, object-text, stage-one, stage-two, product
    )


@dataclass(frozen=True)
class Comparison:
    """Found triples beside expected ones."""

    extraction: Extraction
    verdicts: tuple[Verdict, ...]
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Prior:
    """A text's triples before and after one's own triples joined the prior."""

    before: Extraction
    after: Extraction
    added: tuple[Triple, ...]
    removed: tuple[Triple, ...]
    unheld: tuple[Fact, ...]  # own triples that the memory cannot hold


@dataclass(frozen=True)
class Line:
    """One line of a batch; offsets count within the line."""

    line: int
    text: str
    triples: tuple[Triple, ...]


@dataclass(frozen=True)
class Lines:
    """A batch of lines."""

    model: str
    lines: tuple[Line, ...]
    characters: int
    characters_per_second: float
    timing: Timing


# -- verbs ----------------------------------------------------------------------------------------


def extract(
    text: str,
    *,
    subject: float | None = None,
    object: float | None = None,
    triple: float | None = None,
    predicates: Sequence[str] = (),
    prior: bool = True,
    facts: str = "",
    subjects: str = "",
    model: str = "ie-duie",
) -> Extraction:
    """The triples of a text of up to 5,000 characters.

    `subject` and `object` are the thresholds of a pointer's start in the two stages (its end needs
    four fifths of that), `triple` that of the product of all four; None takes what suited the dev
    data best. `predicates` keeps only those named. With `prior` the training triples raise what they
    recognise, and so do `facts` of one's own, one `subject | predicate | object` a line. Every place
    of a string in `subjects` (one a line) is taken for a subject. Raises `InputError` for an empty or
    too long text, a predicate that the model does not have, and a subject that is not in the text.
    """
    check_choice("model", model, MODELS, zh="模型")
    check_text(text, MAX_CHARACTERS, en="Use the batch for more.", zh="更长的请用批量。")
    thresholds = thresholds_of(model, subject, object, triple)
    kept = _kept(predicates, model)
    own = check_facts(parse_facts(facts), kinds_of(model)) if facts.strip() else []
    forced = _forced(text, parse_subjects(subjects))
    cut = chunks(text, PIECE, OVERLAP)
    known = _found(text, cut, own, model) if own else None
    pieces, found, timing = _stages.read_pieces(
        text, cut, model, prior=prior, facts=known, forced=forced
    )
    remembered = {
        ((p.start + a, p.start + b), kind, (p.start + c, p.start + d))
        for p, rows in zip(cut, found.tolist(), strict=True)
        for a, b, kind, c, d in rows
        if b and p.first <= p.start + a < p.last
    }
    triples = _stages.decode(text, model, pieces, thresholds, forced)
    keys = {each.key for each in triples}
    misses = [each for each in _stages.nearest(text, model, pieces) if each.key not in keys]
    return Extraction(
        text=text,
        model=model,
        triples=tuple(each for each in triples if not kept or each.predicate in kept),
        misses=tuple(each for each in misses if not kept or each.predicate in kept)[:MISSES],
        thresholds=thresholds,
        pieces=tuple(pieces),
        forced=forced,
        remembered=tuple(sorted(remembered)),
        prior=prior,
        timing=timing,
    )


def compare(
    text: str,
    expected: str,
    *,
    subject: float | None = None,
    object: float | None = None,
    triple: float | None = None,
    prior: bool = True,
    model: str = "ie-duie",
) -> Comparison:
    """Precision, recall and F1 of a text's triples against `expected` ones.

    `expected` holds one `subject | predicate | object` a line, or the JSON of DuIE's `spo_list`.
    Compared are strings in lower case without title marks, as in the published results.
    """
    wanted = check_facts(parse_facts(expected), kinds_of(model))
    if not wanted:
        raise InputError(
            en="No expected triples yet. Write one a line: subject | predicate | object.",
            zh="还没有填期望的三元组。请每行写一个：主语 | 谓词 | 宾语。",
        )
    found = extract(text, subject=subject, object=object, triple=triple, prior=prior, model=model)
    own = {each.key: each for each in found.triples}
    gold = {_key(fact): fact for fact in wanted}
    verdicts = [
        Verdict(each.subject, each.predicate, each.object, True, key in gold, each.probability, "")
        for key, each in own.items()
    ]
    low = {each.key: each for each in _stages.nearest(text, model, found.pieces)}
    for key, fact in gold.items():
        if key not in own:
            near = low[key].probability if key in low else 0.0
            verdicts.append(Verdict(*fact, False, True, near, _lost(found, key, near)))
    right = len(own.keys() & gold.keys())
    return Comparison(
        extraction=found,
        verdicts=tuple(verdicts),
        precision=right / len(own) if own else 0.0,
        recall=right / len(gold),
        f1=2 * right / (len(own) + len(gold)),
    )


def add_facts(
    text: str,
    facts: str,
    *,
    subject: float | None = None,
    object: float | None = None,
    triple: float | None = None,
    model: str = "ie-duie",
) -> Prior:
    """What one's own triples do to a text's when they join the prior."""
    own = check_facts(parse_facts(facts), kinds_of(model))
    if not own:
        raise InputError(
            en="No triples of your own yet. Write one a line: subject | predicate | object.",
            zh="还没有填自己的三元组。请每行写一个：主语 | 谓词 | 宾语。",
        )
    before, after = (
        extract(text, subject=subject, object=object, triple=triple, facts=known, model=model)
        for known in ("", facts)
    )
    old, new = ({each.key for each in found.triples} for found in (before, after))
    return Prior(
        before=before,
        after=after,
        added=tuple(each for each in after.triples if each.key not in old),
        removed=tuple(each for each in before.triples if each.key not in new),
        unheld=tuple(fact for fact in own if not len(_memory([fact], model).triples)),
    )


def ask_subject(
    text: str, place: Place, *, prior: bool = True, facts: str = "", model: str = "ie-duie"
) -> tuple[Piece, ...]:
    """The stages of the piece that holds a span, which stage two is asked about in any case.

    Raises `InputError` for a span that is empty, too long, outside of the text, or across a cut.
    """
    check_text(text, MAX_CHARACTERS)
    start, end = place
    if not 0 <= start < end <= len(text) or end - start > OVERLAP:
        raise InputError(
            en=f"The span {start}:{end} cannot be a subject; choose 1 to {OVERLAP} characters.",
            zh=f"{start}:{end} 不能作主语；请选 1 到 {OVERLAP} 个字符。",
        )
    own = check_facts(parse_facts(facts), kinds_of(model)) if facts.strip() else []
    cut = [p for p in chunks(text, PIECE, OVERLAP) if p.first <= start < p.last]
    if end > cut[0].end:
        raise InputError(
            en="This span reaches over the end of a sentence; choose one within a sentence.",
            zh="所选的字跨过了句子的末尾，请在一句之内选取。",
        )
    known = _found(text, cut, own, model) if own else None
    pieces, _, _ = _stages.read_pieces(text, cut, model, prior=prior, facts=known, forced=[place])
    return tuple(pieces)


def extract_lines(lines: str, *, prior: bool = True, model: str = "ie-duie") -> Lines:
    """The triples of every line by itself: up to 1,000 lines and 100,000 characters.

    Blank lines are skipped; a line that is a JSON object stands for its `text`.
    """
    *_, last = extract_lines_in_parts(lines, prior=prior, model=model)
    return last[1]


def extract_lines_in_parts(
    lines: str, *, prior: bool = True, model: str = "ie-duie"
) -> Iterator[tuple[float, Lines]]:
    """The same, one part after the other: the share that is done, and all lines up to there."""
    check_choice("model", model, MODELS, zh="模型")
    check_text(lines, MAX_LINES_CHARACTERS)
    given = [(number, text_of(line)) for number, line in lines_of(lines)]
    given = [(number, text) for number, text in given if text.strip()]
    if not given or len(given) > MAX_LINES:
        raise InputError(
            en=f"There are {len(given):,} lines with text; 1 to {MAX_LINES:,} are accepted.",
            zh=f"有文字的行共 {len(given):,} 行，须在 1 到 {MAX_LINES:,} 行之间。",
        )
    started = time.perf_counter()
    thresholds = thresholds_of(model)
    total = sum(len(text) for _, text in given)
    order = sorted(range(len(given)), key=lambda row: len(given[row][1]))
    done: dict[int, Line] = {}
    timing: Timing | None = None
    for first in range(0, len(order), PART):
        part = order[first : first + PART]
        cut = [(row, chunk) for row in part for chunk in chunks(given[row][1], PIECE, OVERLAP)]
        texts = [given[row][1][chunk.start : chunk.end] for row, chunk in cut]
        out, took = _stages.ask(texts, model, prior=prior, floor=thresholds)
        timing = took if timing is None else timing + took
        for row in part:
            number, text = given[row]
            pieces = [
                _stages.piece_of(chunk, out, i)
                for i, (owner, chunk) in enumerate(cut)
                if owner == row
            ]
            done[row] = Line(number, text, _stages.decode(text, model, pieces, thresholds))
        seconds = max(1e-9, time.perf_counter() - started)
        read = sum(len(line.text) for line in done.values())
        ready = tuple(done[row] for row in sorted(done))
        yield read / total, Lines(model, ready, read, round(read / seconds, 1), timing)


def thresholds_of(
    model: str = "ie-duie",
    subject: float | None = None,
    object: float | None = None,
    triple: float | None = None,
) -> Thresholds:
    """A model's own thresholds with some of them replaced."""
    for name, value, zh in (
        ("subject", subject, "主语阈值"),
        ("object", object, "宾语阈值"),
        ("triple", triple, "三元组阈值"),
    ):
        if value is not None:
            check_range(name, value, 0, 1, zh=zh)
    values = hub.locate(model).config["thresholds"]
    return Thresholds(
        subject_start=values[0] if subject is None else subject,
        subject_end=values[1] if subject is None else END_SHARE * subject,
        object_start=values[2] if object is None else object,
        object_end=values[3] if object is None else END_SHARE * object,
        triple=values[4] if triple is None else triple,
    )


# -- helpers --------------------------------------------------------------------------------------


def _key(fact: Fact) -> tuple[str, str, str]:
    return comparable(fact.subject), fact.predicate, comparable(fact.object)


def _lost(found: Extraction, key: tuple[str, str, str], near: float) -> str:
    """Where an expected triple was lost, from the first stage on."""
    text = found.text.lower()
    if key[0] not in text:
        return "subject-text"
    if key[2] not in text:
        return "object-text"
    levels = found.thresholds
    subjects = {
        comparable(found.text[piece.start + s : piece.start + e])
        for piece in found.pieces
        for s, e in pairs(
            torch.tensor(piece.subject_start),
            torch.tensor(piece.subject_end),
            levels.subject_start,
            levels.subject_end,
        )
    }
    if key[0] not in subjects:
        return "stage-one"
    return "product" if 0 < near < levels.triple else "stage-two"


def _forced(text: str, names: Sequence[str]) -> tuple[Place, ...]:
    for name in names:
        if name not in text:
            raise InputError(
                en=f"The subject {name[:40]} does not stand in the text. Copy it from there.",
                zh=f"文中没有主语“{name[:40]}”，请从文中复制。",
            )
        if len(name) > OVERLAP:
            raise InputError(
                en=f"The subject {name[:12]}… has {len(name)} characters; at most {OVERLAP}.",
                zh=f"主语“{name[:12]}…”有 {len(name)} 个字符，最多 {OVERLAP} 个。",
            )
    return tuple(place for name in names for place in places(text, name))


def _kept(predicates: Sequence[str], model: str) -> frozenset[str]:
    known = [predicate for _, predicate, _ in kinds_of(model)]
    for name in predicates:
        if name not in known:
            raise InputError(
                en=f"The model has no predicate {name[:40]}. It knows: {', '.join(known)}.",
                zh=f"模型没有谓词“{name[:40]}”。它认识：{'、'.join(known)}。",
            )
    return frozenset(predicates)


def _found(text: str, cut: Sequence[Chunk], facts: Sequence[Fact], model: str) -> Tensor:
    """Where one's own triples stand in each piece, `(pieces, most, 5)`."""
    characters = rows_of(encode_texts([text], _stages.vocabulary_of(model))[0], cut)
    return _memory(facts, model).find(characters, len(kinds_of(model)))


def _memory(facts: Sequence[Fact], model: str) -> TripleMemory:
    number = {predicate: i for i, (_, predicate, _) in enumerate(kinds_of(model))}
    rows = ((fact.subject, number[fact.predicate], fact.object) for fact in facts)
    return TripleMemory.build(rows, _stages.vocabulary_of(model))
