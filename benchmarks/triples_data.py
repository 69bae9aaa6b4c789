"""Readers for sentences with triples, and for the list of kinds of triple; see `docs/data.md`."""

import json
from pathlib import Path
from typing import NamedTuple

from benchmarks.readers import read_jsonl
from core.models.triples_decoding import Kind


class Fact(NamedTuple):
    """A triple as strings."""

    subject: str
    predicate: str
    object: str


class Annotated(NamedTuple):
    """A text and its triples, each once."""

    text: str
    facts: list[Fact]


def read_triples(path: Path, limit: int | None = None) -> list[Annotated]:
    """Sentences of a `{"text", "spo_list": [{"s", "p", "o"}, ...]}` file, without empty ones."""
    sentences: list[Annotated] = []
    for row in read_jsonl(path):
        if limit is not None and len(sentences) >= limit:
            break
        if row["text"]:
            facts = [Fact(triple["s"], triple["p"], triple["o"]) for triple in row["spo_list"]]
            sentences.append(Annotated(row["text"], list(dict.fromkeys(facts))))
    return sentences


def read_kinds(path: Path) -> tuple[Kind, ...]:
    """Subject type, predicate, object type of every row of a schema file, in its order."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return tuple((row["s_type"], row["p"], row["o_type"]) for row in rows)
