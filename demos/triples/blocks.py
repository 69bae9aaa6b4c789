"""What the triples tab sends to the page: probabilities, rows, and the explanation of a run."""

from collections.abc import Sequence
from typing import Any

from core.tasks import extraction
from core.tasks.extraction import Extraction, Piece, Triple
from demos._outcome import Block, formula
from demos._words import say

MOST_CELLS = 7000  # probabilities of stage two that a page gets


def triples_block(found: Extraction, only: Sequence[str] = (), *, facts: str = "") -> Block:
    kinds = extraction.kinds_of(found.model)
    number = {kind[1]: i for i, kind in enumerate(kinds)}
    levels = found.thresholds
    share = max(100, MOST_CELLS // len(found.pieces))
    return {
        "kind": "triples",
        "text": found.text,
        "kinds": kinds,
        "inverses": [[number[a], number[b]] for a, b in extraction.inverses_of(found.model)],
        "pieces": [
            {
                "start": p.start,
                "end": p.end,
                "first": p.first,
                "last": p.last,
                "s": [_whole(chance) for chance in p.subject_start],
                "e": [_whole(chance) for chance in p.subject_end],
                "subjects": p.subjects,
                "cells": cells_of(p, share),
            }
            for p in found.pieces
        ],
        "levels": {
            "subject": levels.subject_start,
            "object": levels.object_start,
            "triple": levels.triple,
            "share": extraction.END_SHARE,
        },
        "forced": found.forced,
        "remembered": found.remembered,
        "misses": [
            [
                each.subject,
                each.predicate,
                each.object,
                round(each.subject_probability, 5),
                round(each.object_probability, 5),
                _start_of(found, each),
            ]
            for each in found.misses
        ],
        "only": list(only),
        "prior": found.prior,
        "facts": facts,
    }


def _whole(chance: float) -> int:
    """A probability in ten thousandths, as it travels to the page."""
    return round(10_000 * chance)


def cells_of(piece: Piece, most: int) -> list[list[int]]:
    """The highest probabilities of stage two: subject, position, start or end, kind, probability."""
    cells = sorted(piece.cells, key=lambda cell: -cell.probability)[:most]
    return [[c.subject, c.position, int(c.end), c.kind, _whole(c.probability)] for c in cells]


def _start_of(found: Extraction, triple: Triple) -> float:
    """Stage one's probability of the place where a triple's subject starts."""
    place = (triple.object_place if triple.inferred else triple.subject_place)[0]
    piece = next(p for p in found.pieces if p.first <= place < p.last)
    return piece.subject_start[place - piece.start]


def sent(each: Triple) -> dict[str, Any]:
    return {
        "subject": each.subject,
        "predicate": each.predicate,
        "object": each.object,
        "subjectType": each.subject_type,
        "objectType": each.object_type,
        "subjectPlaces": each.subject_places,
        "objectPlaces": each.object_places,
        "first": round(each.subject_probability, 4),
        "second": round(each.object_probability, 4),
        "p": round(each.probability, 4),
        "inferred": each.inferred,
    }


def plain_of(each: Triple) -> dict[str, Any]:
    return {
        "subject": each.subject,
        "predicate": each.predicate,
        "object": each.object,
        "subject_type": each.subject_type,
        "object_type": each.object_type,
        "subject_spans": each.subject_places,
        "object_spans": each.object_places,
        "probability": round(each.probability, 4),
        "inferred": each.inferred,
    }


def result_of(found: Extraction) -> dict[str, Any]:
    return {
        "triples": [plain_of(each) for each in found.triples],
        "misses": [plain_of(each) for each in found.misses],
        "thresholds": found.thresholds,
    }


def change_row(sign: str, each: Triple, probability: float) -> list[Any]:
    return [sign, each.subject, each.predicate, each.object, round(probability, 3)]


def how_extracted(found: Extraction) -> list[str | Block]:
    kinds = len(extraction.kinds_of(found.model))
    asked = sum(len(piece.subjects) for piece in found.pieces)
    parts: list[str | Block] = [
        say(
            f"先认主语，再就每个主语一次认出 {kinds} 类关系的宾语。这 {len(found.text):,} 个字分成 "
            f"{len(found.pieces)} 段，{asked} 个候选主语作为一批问了第二级，所以滑块不必再问模型。",
            f"Subjects first; then, given a subject, the objects of all {kinds} kinds at once. These "
            f"{len(found.text):,} characters make {len(found.pieces)} piece(s), and {asked} candidate "
            "subjects were put to stage two as one batch, so the sliders need not ask the model.",
        ),
        formula(r"P(s,p,o) = P(s)\,P(o \mid s)\,P(p \mid s,o)"),
        say(
            "每级都是“半指针半标注”：每个字一个“从这里开始”、一个“到这里结束”的概率；"
            "起点过阈值，取其后第一个过阈值的终点。",
            "Each stage is half pointer, half tag: for every character the probability that something "
            "starts here and that it ends here. A start above its threshold takes the first end at or "
            "after it that is above its own.",
        ),
    ]
    if found.triples:
        best = found.triples[0]
        first, second = best.subject_probability, best.object_probability
        parts.append(
            formula(
                rf"P = \underbrace{{{first:.3f}}}_{{P(s)}} \times "
                rf"\underbrace{{{second:.3f}}}_{{P(o,p \mid s)}} = {best.probability:.3f}"
            )
        )
        parts.append(
            say(
                f"这是“{best.subject} — {best.predicate} — {best.object}”的概率。",
                f"That is the probability of {best.subject} — {best.predicate} — {best.object}.",
            )
        )
    return parts


def how_checked(compared: extraction.Comparison) -> list[str | Block]:
    found = sum(v.found for v in compared.verdicts)
    wanted = sum(v.expected for v in compared.verdicts)
    right = sum(v.found and v.expected for v in compared.verdicts)
    return [
        formula(
            rf"P = \frac{{{right}}}{{{found}}},\quad R = \frac{{{right}}}{{{wanted}}},\quad "
            rf"F_1 = \frac{{2 \cdot {right}}}{{{found} + {wanted}}} = {compared.f1:.3f}"
        ),
        say(
            f"找到 {found} 条，期望 {wanted} 条，对上 {right} 条。"
            "移动滑块，右边的数字马上重算：提高阈值通常换来准确率，丢掉召回率。",
            f"{found} found, {wanted} expected, {right} in both. "
            "Move a slider and the figures are counted again at once: higher thresholds usually buy "
            "precision with recall.",
        ),
    ]
