"""Readers for sentences with entities and for segmented sentences; see `docs/data.md`."""

import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.readers import read_jsonl
from core.text.tags import Span, word_spans


class Sentence(NamedTuple):
    """A text and its spans in order; entities of some sets overlap."""

    text: str
    spans: list[Span]


def read_entities(path: Path, limit: int | None = None) -> list[Sentence]:
    """Sentences of a `{"text", "entities": [[start, end, type], ...]}` file, without empty ones."""
    sentences: list[Sentence] = []
    for row in read_jsonl(path):
        if row["text"] and (limit is None or len(sentences) < limit):
            spans = sorted(Span(start, end, name) for start, end, name in row["entities"])
            sentences.append(Sentence(row["text"], spans))
    return sentences


def read_words(path: Path, limit: int | None = None) -> list[Sentence]:
    """Sentences of a file with words between spaces; every word is a span of type `""`."""
    sentences = []
    for line in _lines(path, limit):
        words = line.split()
        sentences.append(Sentence("".join(words), word_spans(words)))
    return sentences


def read_parts_of_speech(path: Path, limit: int | None = None) -> list[Sentence]:
    """Sentences of a file of `word/tag`; every word is a span whose type is its part of speech."""
    sentences = []
    for line in _lines(path, limit):
        pairs = [item.rsplit("/", 1) for item in line.split()]
        spans = word_spans(word for word, _ in pairs)
        named = [Span(s.start, s.end, tag) for s, (_, tag) in zip(spans, pairs, strict=True)]
        sentences.append(Sentence("".join(word for word, _ in pairs), named))
    return sentences


def read_word_list(path: Path) -> list[str]:
    """The words of a file with one a line."""
    return [line.strip() for line in _lines(path, None)]


def read_names(data: Path) -> list[set[str]]:
    """Names of places and of historical persons, from THUOCL in the data folder."""
    words: dict[str, set[str]] = {"diming": set(), "lishimingren": set()}
    for row in read_jsonl(data / "domain" / "thuocl.jsonl.xz"):
        if row["domain"] in words:
            words[row["domain"]].add(row["word"])
    return list(words.values())


def _lines(path: Path, limit: int | None) -> Iterator[str]:
    """Lines with something in them, at most `limit`."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        count = 0
        for line in lines:
            if line.strip() and (limit is None or count < limit):
                count += 1
                yield line
