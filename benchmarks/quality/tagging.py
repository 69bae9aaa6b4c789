"""How well spans are found: exact precision, recall and F1, by type, and characters a second.

A span counts as found when its start, its end and its type are all right. For word segmentation
this is the word F1 of the SIGHAN bake-offs.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import torch

from benchmarks.tagging_data import Sentence
from core.models.tagger import Tagger
from core.text.characters import PADDING, encode_texts
from core.text.tags import Span
from core.text.vocabulary import Vocabulary

CHARACTERS = 8192  # of a batch, padding included


def score(gold: Iterable[Sequence[Span]], found: Iterable[Sequence[Span]]) -> dict[str, Any]:
    """`precision`, `recall`, `f1`, and the same `by_type`, each with its number of `gold` spans."""
    right: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for truth, answer in zip(gold, found, strict=True):
        wanted.update(span.type for span in truth)
        given.update(span.type for span in answer)
        right.update(span.type for span in set(truth) & set(answer))
    total = _figures(right.total(), wanted.total(), given.total())
    types = sorted(wanted | given)
    by_type = {
        name: _figures(right[name], wanted[name], given[name]) | {"gold": wanted[name]}
        for name in types
    }
    return {**total, "by_type": by_type}


def _figures(right: int, wanted: int, given: int) -> dict[str, float]:
    return {
        "precision": right / given if given else 0.0,
        "recall": right / wanted if wanted else 0.0,
        "f1": 2 * right / (wanted + given) if wanted + given else 0.0,
    }


@torch.no_grad()
def find_spans(
    model: Tagger, vocabulary: Vocabulary, texts: Sequence[str], *, decoder: str = "crf"
) -> list[list[Span]]:
    """Spans of every text as `decoder` reads them, in batches of texts of similar length."""
    device = model.project.weight.device
    found: list[list[Span]] = [[] for _ in texts]
    tags = model.tag_set.tags
    for rows in batches([len(text) for text in texts], CHARACTERS):
        characters = encode_texts([texts[row] for row in rows], vocabulary).to(device)
        emissions = model.emissions(characters)
        chain = model.chain_by(decoder, emissions, characters != PADDING)
        paths = chain.viterbi().tags.tolist()
        for row, path in zip(rows, paths, strict=True):
            found[row] = model.tag_set.decode([tags[i] for i in path[: len(texts[row])]])
    return found


def batches(lengths: Sequence[int], characters: int) -> list[list[int]]:
    """Rows by length, cut so that a padded batch has at most `characters`; empty rows left out."""
    cut: list[list[int]] = []
    for row in sorted((row for row, n in enumerate(lengths) if n), key=lambda row: lengths[row]):
        if not cut or (len(cut[-1]) + 1) * lengths[row] > characters:
            cut.append([])
        cut[-1].append(row)
    return cut


def measure(
    model: Tagger, vocabulary: Vocabulary, sentences: Sequence[Sentence], *, decoder: str = "crf"
) -> dict[str, Any]:
    """`score` of a model on sentences, with `chars_per_second` from text to spans."""
    started = time.perf_counter()
    found = find_spans(
        model, vocabulary, [sentence.text for sentence in sentences], decoder=decoder
    )
    seconds = time.perf_counter() - started
    figures = score([sentence.spans for sentence in sentences], found)
    characters = sum(len(sentence.text) for sentence in sentences)
    return {**figures, "chars_per_second": characters / seconds}
