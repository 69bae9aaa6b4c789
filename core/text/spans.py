"""Exact character offsets: length-preserving normalisation, chunks of long texts, stitching.

A model reads `normalise(text)`, which replaces characters one by one and never changes their
number, so a position in what it read is the same position in what was typed. A Python string counts
code points: an emoji is one, an emoji with a skin tone two, a letter with a combining accent two, a
lone surrogate one. Whatever the text holds, `text[start:end]` is the span.

Texts longer than a model's window are read in chunks. A chunk ends at the end of a sentence where
it can; where it cannot, its neighbour starts `overlap` characters earlier, so that no name is seen
only in two halves. Every character is owned by exactly one chunk, and a span by the chunk that owns
its first character.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from core.text.tags import Span

PLACEHOLDER = "\ufffd"  # what models read for characters that mean nothing to them
SENTENCE_ENDS = frozenset("。！？；!?;\n\r\u2028\u2029…")
CLOSERS = frozenset("”’」』）》〉】)\"'")  # stay with the sentence that they close

Item = TypeVar("Item")


class Chunk(NamedTuple):
    """A piece `text[start:end]` to read; it answers for `text[first:last]`, a part of it."""

    start: int
    end: int
    first: int
    last: int


def normalise(text: str) -> str:
    """The text as models read it, of the same length.

    Full-width digits, Latin letters and the full-width space become half-width (as in the training
    data; punctuation keeps its width), any other white space a plain space, control characters,
    lone surrogates and unassigned code points the placeholder.
    """
    return text.translate(_TABLE)


class _Table(dict[int, str]):
    """Replacements by code point, filled as characters turn up, so that long texts cost little."""

    def __missing__(self, code: int) -> str:
        self[code] = _normalise_character(chr(code))
        return self[code]


def _normalise_character(char: str) -> str:
    code = ord(char)
    if 0xFF10 <= code <= 0xFF5A:
        half = chr(code - 0xFEE0)
        return half if half.isalnum() else char
    if code < 0x7F and code >= 0x20:
        return char
    if char.isspace():
        return " "
    # Cc control, Cs surrogate, Cn unassigned, Co private; Cf (joiners) is invisible but meant.
    return PLACEHOLDER if unicodedata.category(char) in ("Cc", "Cs", "Cn", "Co") else char


_TABLE = _Table()


def chunks(text: str, size: int, overlap: int) -> list[Chunk]:
    """Pieces of at most `size` characters that together own every character once.

    A piece that has a sentence end in its second half is cut there and shares nothing with the
    next; any other cut is overlapped by `overlap` characters, shared out in the middle. An empty
    text has no chunks. Raises `ValueError` unless `0 <= overlap < size / 2`.
    """
    if not 0 <= 2 * overlap < size:
        raise ValueError(f"expected 0 <= overlap < size / 2, got overlap {overlap}, size {size}")
    pieces: list[Chunk] = []
    start = first = 0
    while first < len(text):
        end = start + size
        if end >= len(text):
            pieces.append(Chunk(start, len(text), first, len(text)))
            break
        cut = _sentence_end(text, max(start + size // 2, first + 1), end)
        if cut:
            pieces.append(Chunk(start, cut, first, cut))
            start = first = cut
        else:
            last = end - overlap // 2
            pieces.append(Chunk(start, end, first, last))
            start, first = end - overlap, last
    return pieces


def _sentence_end(text: str, low: int, high: int) -> int:
    """The last place in `low..high` behind a sentence end and its closing marks; 0 without one."""
    for place in range(high, low - 1, -1):
        if text[place - 1] in SENTENCE_ENDS or (
            text[place - 1] in CLOSERS and place >= 2 and text[place - 2] in SENTENCE_ENDS
        ):
            if text[place : place + 1] and text[place] in CLOSERS | SENTENCE_ENDS:
                continue  # the sentence goes on beyond this mark
            return place
    return 0


def stitch(pieces: Sequence[Chunk], found: Iterable[Iterable[Span]]) -> list[Span]:
    """Spans of the whole text from those of each chunk, whose offsets count from the chunk's start.

    A span counts where its first character is owned. Where two chunks disagree across their border
    and spans overlap, the earlier one stays.
    """
    spans: list[Span] = []
    for piece, local in zip(pieces, found, strict=True):
        for start, end, name in sorted(local):
            span = Span(piece.start + start, piece.start + end, name)
            owned = piece.first <= span.start < piece.last
            if owned and (not spans or spans[-1].end <= span.start):
                spans.append(span)
    return spans


def stitch_characters(pieces: Sequence[Chunk], values: Iterable[Sequence[Item]]) -> list[Item]:
    """One value (tag, probability) per character of the text from one per character of a chunk."""
    whole: list[Item] = []
    for piece, local in zip(pieces, values, strict=True):
        whole += local[piece.first - piece.start : piece.last - piece.start]
    return whole
