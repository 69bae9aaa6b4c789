"""Texts as visitors hand them in: their limits, the names they ask for, and pieces as rows of a batch.

Nothing here changes a text. Offsets count Python's characters, so `text[start:end]` is always what a
result says it is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from core.errors import InputError
from core.text.spans import Chunk, normalise

MAX_NAMES = 200
MAX_NAME = 40  # characters
_SEPARATORS = re.compile(r"[ \t\u3000,，:：]+")


class Name(NamedTuple):
    """A name or word that a visitor adds; without a type it may be of any."""

    text: str
    type: str


class Place(NamedTuple):
    """Where a name stands in a text."""

    start: int
    end: int
    type: str


def check_text(text: str, limit: int, *, en: str = "", zh: str = "") -> None:
    """Raise `InputError` for a text without a visible character or longer than `limit`.

    `en` and `zh` say what to do with a text that is too long.
    """
    if not text.strip():
        raise InputError(
            en=f"There is no text yet. Type or paste 1 to {limit:,} characters.",
            zh=f"还没有文字，请输入或粘贴 1 到 {limit:,} 个字符。",
        )
    if len(text) > limit:
        raise InputError(
            en=f"The text has {len(text):,} characters; at most {limit:,} are accepted. "
            f"{en or 'Shorten it, or send it in parts.'}",
            zh=f"文本有 {len(text):,} 个字符，最多接受 {limit:,} 个。{zh or '请缩短，或分几次提交。'}",
        )


def parse_names(written: str, types: Sequence[str]) -> list[Name]:
    """Names, one a line, each with a type behind a space, comma or colon if it has one of `types`.

    A line whose last part is no type is a name as a whole, so names may hold spaces.
    """
    names: dict[str, Name] = {}
    known = {name.lower(): name for name in types if name}
    for line in written.splitlines():
        stripped = line.strip()
        if not stripped:
            continue
        *parts, last = _SEPARATORS.split(stripped)
        typed = bool(parts) and last.lower() in known
        text = stripped[: stripped.rindex(last)].rstrip(" \t\u3000,，:：") if typed else stripped
        if len(text) > MAX_NAME:
            raise InputError(
                en=f"The name {text[:12]}… has {len(text)} characters; at most {MAX_NAME} are "
                "accepted. Write one name a line.",
                zh=f"名字“{text[:12]}…”有 {len(text)} 个字符，最多 {MAX_NAME} 个。请每行写一个名字。",
            )
        if text:
            names[text] = Name(text, known[last.lower()] if typed else "")
    if len(names) > MAX_NAMES:
        raise InputError(
            en=f"There are {len(names)} names; at most {MAX_NAMES} are accepted. Remove some.",
            zh=f"共有 {len(names)} 个名字，最多 {MAX_NAMES} 个，请删去一些。",
        )
    return list(names.values())


def places(text: str, names: Iterable[Name]) -> list[Place]:
    """Every place where a name stands, as models read both: full-width letters match half-width."""
    read = normalise(text)
    found = []
    for name in names:
        wanted = normalise(name.text)
        start = read.find(wanted)
        while start >= 0:
            found.append(Place(start, start + len(wanted), name.type))
            start = read.find(wanted, start + 1)
    return sorted(found)


def rows_of(numbers: Tensor, pieces: Sequence[Chunk]) -> Tensor:
    """Pieces of a text's characters `(length, ...)` as rows `(pieces, time, ...)`, padded with 0."""
    parts = [numbers[piece.start : piece.end] for piece in pieces]
    return torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are not blank with their numbers from 1; a line ends at a newline, nowhere else."""
    for number, line in enumerate(text.split("\n"), start=1):
        kept = line.removesuffix("\r")
        if kept.strip():
            yield number, kept
