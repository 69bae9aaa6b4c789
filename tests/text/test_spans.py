"""Offsets: normalisation keeps lengths, chunks own every character once, stitching is exact."""

import random

import pytest

from core.text.spans import (
    PLACEHOLDER,
    Chunk,
    chunks,
    normalise,
    stitch,
    stitch_characters,
)
from core.text.tags import Span

ODD = "a１Ａ，　\t\n\x00\x1b😀👩\u200d🚀e\u0301\ud800\u2028<b>&amp;。\uffff\U0010ffff北"


def test_normalisation_works_character_by_character() -> None:
    assert normalise("ＡＢｃ１２３：，（）") == "ABc123：，（）"
    assert normalise("a\u3000b\tc\nd") == "a b c d"
    assert normalise("\x00\x1b\ud800\uffff") == PLACEHOLDER * 4
    assert normalise("<b>&amp;😀e\u0301") == "<b>&amp;😀e\u0301"
    assert normalise("") == ""


def test_normalisation_never_changes_a_length_and_is_idempotent() -> None:
    generator = random.Random(0)
    for _ in range(50):
        text = "".join(chr(generator.randrange(0x110000)) for _ in range(200)) + ODD
        read = normalise(text)
        assert len(read) == len(text)
        assert normalise(read) == read
        assert [normalise(char) for char in text] == list(read)


def random_text(generator: random.Random, length: int) -> str:
    return "".join(
        generator.choices("的一是在不了有和人这中大为上个国我以要他" + ODD + "。！”", k=length)
    )


@pytest.mark.parametrize(("size", "overlap"), [(1, 0), (5, 0), (5, 2), (64, 16), (64, 31)])
def test_chunks_own_every_character_once(size, overlap) -> None:
    generator = random.Random(size)
    for length in (0, 1, size - 1, size, size + 1, 3 * size + 2, 500):
        text = random_text(generator, length)
        pieces = chunks(text, size, overlap)
        assert all(0 < piece.end - piece.start <= size for piece in pieces)
        assert all(p.start <= p.first < p.last <= p.end for p in pieces)
        owned = [i for piece in pieces for i in range(piece.first, piece.last)]
        assert owned == list(range(len(text)))
        values = [text[piece.start : piece.end] for piece in pieces]
        assert "".join(stitch_characters(pieces, values)) == text


def test_cuts_prefer_the_ends_of_sentences() -> None:
    text = "他说：“好。”然后走了。" + "甲" * 12
    assert chunks(text, 10, 2)[0] == Chunk(0, 7, 0, 7)
    pieces = chunks(text, 14, 4)
    assert pieces[0] == Chunk(0, 12, 0, 12)
    assert pieces[1].start == 12
    unbroken = chunks("甲" * 20, 10, 4)
    assert unbroken[0] == Chunk(0, 10, 0, 8)
    assert unbroken[1] == Chunk(6, 16, 8, 14)


def test_stitched_spans_are_those_of_the_whole_text() -> None:
    """A finder that marks runs of 的 sees whole runs as long as they fit into the overlap."""
    generator = random.Random(4)
    for _ in range(30):
        text = random_text(generator, 400)
        whole = runs(text)
        pieces = chunks(text, 60, 25)
        found = [runs(text[piece.start : piece.end]) for piece in pieces]
        assert stitch(pieces, found) == whole
        assert all(set(text[start:end]) == {"的"} for start, end, _ in whole)


def runs(text: str) -> list[Span]:
    spans: list[Span] = []
    for i, char in enumerate(text):
        if char == "的":
            if spans and spans[-1].end == i:
                spans[-1] = Span(spans[-1].start, i + 1, "X")
            else:
                spans.append(Span(i, i + 1, "X"))
    return spans


def test_the_earlier_of_two_overlapping_spans_stays() -> None:
    pieces = [Chunk(0, 10, 0, 8), Chunk(6, 14, 8, 14)]
    spans = stitch(pieces, [[Span(7, 10, "A")], [Span(2, 4, "B"), Span(5, 6, "C")]])
    assert spans == [Span(7, 10, "A"), Span(11, 12, "C")]


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (4, 2), (4, -1)])
def test_impossible_sizes_are_refused(size, overlap) -> None:
    with pytest.raises(ValueError, match="overlap"):
        chunks("文", size, overlap)
