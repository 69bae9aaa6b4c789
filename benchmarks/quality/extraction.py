"""How well triples are found: exact precision, recall and F1, by predicate, and characters a second.

A triple counts as found when subject, predicate and object are all right, as strings in lower case
and without title marks around them.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from benchmarks.quality.tagging import batches
from benchmarks.triples_data import Annotated, Fact
from core.models.extractor import FLOOR, Extractor
from core.models.triples_decoding import (
    Stages,
    Thresholds,
    Triple,
    comparable,
    read_triples,
)
from core.text.characters import encode_texts
from core.text.vocabulary import Vocabulary

CHARACTERS = 4096  # of a batch, padding included
GRID = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)  # thresholds that are tried for each stage
END_SHARE = 0.8  # an end's threshold, as a share of the start's: 0.5 and 0.4 in the post


class Tuned(NamedTuple):
    """Thresholds and the F1 that they reach on the sentences they were chosen on."""

    thresholds: Thresholds
    f1: float


def score(
    gold: Iterable[Iterable[Fact]], found: Iterable[Iterable[tuple[str, str, str]]]
) -> dict[str, Any]:
    """`precision`, `recall`, `f1`, and the same `by_predicate`, each with its number of `gold`."""
    right: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for facts, answers in zip(gold, found, strict=True):
        truth, answer = {key_of(fact) for fact in facts}, {key_of(item) for item in answers}
        wanted.update(predicate for _, predicate, _ in truth)
        given.update(predicate for _, predicate, _ in answer)
        right.update(predicate for _, predicate, _ in truth & answer)
    total = _figures(right.total(), wanted.total(), given.total())
    by_predicate = {
        name: _figures(right[name], wanted[name], given[name]) | {"gold": wanted[name]}
        for name in sorted(wanted | given)
    }
    return {**total, "by_predicate": by_predicate}


def key_of(triple: tuple[str, str, str]) -> tuple[str, str, str]:
    """What is compared of a triple."""
    subject, predicate, obj = triple
    return comparable(subject), predicate, comparable(obj)


def _figures(right: int, wanted: int, given: int) -> dict[str, float]:
    return {
        "precision": right / given if given else 0.0,
        "recall": right / wanted if wanted else 0.0,
        "f1": 2 * right / (wanted + given) if wanted + given else 0.0,
    }


@torch.no_grad()
def read_texts(
    model: Extractor,
    vocabulary: Vocabulary,
    texts: Sequence[str],
    floor: Thresholds = FLOOR,
    *,
    size: int = CHARACTERS,
) -> list[Stages | None]:
    """Probabilities of both stages for every text, None for an empty one; batches by length."""
    device = model.positions.weight.device
    stages: list[Stages | None] = [None] * len(texts)
    for rows in batches([len(text) for text in texts], size):
        characters = encode_texts([texts[row] for row in rows], vocabulary).to(device)
        reading = model.extract(characters, floor=floor)
        for row, read in zip(rows, reading.stages([len(texts[row]) for row in rows]), strict=True):
            stages[row] = read
    return stages


def decode(
    model: Extractor, texts: Sequence[str], stages: Sequence[Stages | None], thresholds: Thresholds
) -> list[list[Triple]]:
    """Triples of every text."""
    c = model.config
    return [
        read_triples(text, read, thresholds, c.kinds, c.inverses) if read is not None else []
        for text, read in zip(texts, stages, strict=True)
    ]


def tune(
    model: Extractor, sentences: Sequence[Annotated], stages: Sequence[Stages | None]
) -> Tuned:
    """The thresholds with the best F1: a grid for the two stages, the best cut for whole triples."""
    texts = [sentence.text for sentence in sentences]
    truth = [{key_of(fact) for fact in sentence.facts} for sentence in sentences]
    wanted = sum(map(len, truth))
    best = Tuned(model.config.tuned, -1.0)
    for subject in GRID:
        for obj in GRID:
            thresholds = Thresholds(
                subject_start=subject,
                subject_end=END_SHARE * subject,
                object_start=obj,
                object_end=END_SHARE * obj,
            )
            found = decode(model, texts, stages, thresholds)
            cut, f1 = _best_cut(found, truth, wanted)
            if f1 > best.f1:
                best = Tuned(replace(thresholds, triple=cut), f1)
    return best


def cross_tuned(
    model: Extractor, sentences: Sequence[Annotated], stages: Sequence[Stages | None]
) -> dict[str, Any]:
    """`score` where every half of the sentences is read at thresholds that suit the other half.

    Thresholds chosen on the very sentences that are counted flatter; these figures do not.
    """
    found: list[list[tuple[str, str, str]]] = [[] for _ in sentences]
    for half in (0, 1):
        rows = range(half, len(sentences), 2)
        others = range(1 - half, len(sentences), 2)
        thresholds = tune(
            model, [sentences[i] for i in others], [stages[i] for i in others]
        ).thresholds
        texts = [sentences[i].text for i in rows]
        read = decode(model, texts, [stages[i] for i in rows], thresholds)
        for i, triples in zip(rows, read, strict=True):
            found[i] = [triple.key for triple in triples]
    return score([sentence.facts for sentence in sentences], found)


def _best_cut(
    found: Sequence[Sequence[Triple]], truth: Sequence[set[tuple[str, str, str]]], wanted: int
) -> tuple[float, float]:
    """The least probability of a triple that gives the best F1, and that F1."""
    ranked = sorted(
        (
            (triple.probability, triple.key in keys)
            for triples, keys in zip(found, truth, strict=True)
            for triple in triples
        ),
        reverse=True,
    )
    best, cut, right = 0.0, 1.0, 0
    for given, (probability, good) in enumerate(ranked, start=1):
        right += good
        f1 = 2 * right / (wanted + given)
        if f1 > best:
            best, cut = f1, probability
    return cut, best


def measure(
    model: Extractor,
    vocabulary: Vocabulary,
    sentences: Sequence[Annotated],
    thresholds: Thresholds | None = None,
) -> dict[str, Any]:
    """`score` at the model's thresholds, with `chars_per_second` from text to triples."""
    thresholds = model.config.tuned if thresholds is None else thresholds
    texts = [sentence.text for sentence in sentences]
    started = time.perf_counter()
    # Stage two is only asked about what the thresholds let through, as in use.
    found = decode(model, texts, read_texts(model, vocabulary, texts, thresholds), thresholds)
    seconds = time.perf_counter() - started
    keys = [[triple.key for triple in triples] for triples in found]
    figures = score([sentence.facts for sentence in sentences], keys)
    return {**figures, "chars_per_second": sum(map(len, texts)) / seconds}
