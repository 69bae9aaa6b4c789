"""Readers for the data sets that models are trained and measured on; see `docs/data.md`."""

import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.text.forms import COUPLET5, COUPLET7, QUATRAIN5, QUATRAIN7, Form
from core.text.vocabulary import Vocabulary

POEM_FILES = {
    COUPLET5: "couplets5",
    COUPLET7: "couplets7",
    QUATRAIN5: "jueju5",
    QUATRAIN7: "jueju7",
}


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a JSON-lines file, plain or xz-compressed."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def read_verses(path: Path) -> list[str]:
    """Poems of one file as strings without punctuation, lines joined."""
    return ["".join(poem["lines"]) for poem in read_jsonl(path)]


def read_vocabulary(folder: Path) -> Vocabulary:
    """The characters of `vocab.txt`, most frequent first."""
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return Vocabulary(line.split()[0] for line in lines if line.strip())


def poem_tensor(verses: list[str], vocabulary: Vocabulary) -> Tensor:
    """Verses of one length as tokens, `(count, length)`, 16-bit."""
    return torch.tensor([vocabulary.encode(verse) for verse in verses], dtype=torch.int16)


def read_poems(folder: Path, part: str, form: Form, limit: int | None = None) -> list[str]:
    """Poems of a form; `part` is `train` or `dev`."""
    verses = read_verses(folder / f"{POEM_FILES[form]}.{part}.jsonl.xz")
    return verses[:limit]
