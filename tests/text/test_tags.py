"""Tag schemes: round trips on random spans, legality, repair, exports."""

import random

import pytest

from core.text.tags import (
    Span,
    TagSet,
    conll,
    convert,
    disjoint,
    export,
    segmentation_tags,
    split_words,
    word_spans,
)

TYPES = ("PER", "LOC", "ORG")
SETS = [TagSet("BIO", TYPES), TagSet("BIOES", TYPES), TagSet("BMES", TYPES)]
ANY_SET = pytest.mark.parametrize("tag_set", SETS, ids=lambda s: s.scheme)


def random_spans(generator: random.Random, length: int, types=TYPES) -> list[Span]:
    spans, place = [], 0
    while place < length:
        place += generator.choice([0, 0, 1, 3])
        end = place + generator.randint(1, 4)
        if end <= length:
            spans.append(Span(place, end, generator.choice(types)))
        place = end
    return spans


@ANY_SET
def test_spans_survive_and_their_tags_are_legal(tag_set) -> None:
    generator = random.Random(0)
    for _ in range(300):
        length = generator.randint(0, 20)
        spans = random_spans(generator, length)
        tags = tag_set.encode(length, spans)
        assert tag_set.decode(tags) == spans
        assert tag_set.is_legal(tags)


@ANY_SET
def test_any_tags_decode_to_disjoint_spans_and_legal_ones_unchanged(tag_set) -> None:
    generator = random.Random(1)
    for _ in range(500):
        tags = generator.choices(tag_set.tags, k=generator.randint(0, 8))
        spans = tag_set.decode(tags)
        assert all(a.end <= b.start for a, b in zip(spans, spans[1:], strict=False))
        assert all(tags[i] != "O" for span in spans for i in range(span.start, span.end))
        covered = {i for span in spans for i in range(span.start, span.end)}
        assert covered == {i for i, tag in enumerate(tags) if tag != "O"}
        repaired = tag_set.encode(len(tags), spans)
        assert tag_set.is_legal(repaired)
        assert (repaired == tags) == tag_set.is_legal(tags)


@pytest.mark.parametrize("tag_set", [*SETS, segmentation_tags()])
def test_masks_agree_with_is_legal(tag_set) -> None:
    tags, (steps, start, end) = tag_set.tags, tag_set.legal
    for i, one in enumerate(tags):
        assert tag_set.is_legal([one]) == (start[i] and end[i])
        for j, other in enumerate(tags):
            assert tag_set.is_legal([one, other]) == (start[i] and steps[i][j] and end[j])


def test_the_tags_and_their_order_are_part_of_the_weights() -> None:
    assert TagSet("BIO", ("PER", "LOC")).tags == ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
    assert TagSet("BIOES", ("X",)).tags == ("O", "B-X", "I-X", "E-X", "S-X")
    assert segmentation_tags().tags == ("B", "M", "E", "S")


@pytest.mark.parametrize(
    ("scheme", "tags", "spans"),
    [
        ("BIO", "O I-PER I-PER O", [(1, 3, "PER")]),
        ("BIO", "B-PER I-LOC", [(0, 1, "PER"), (1, 2, "LOC")]),
        ("BIO", "B-PER B-PER I-PER", [(0, 1, "PER"), (1, 3, "PER")]),
        ("BIOES", "B-PER I-PER O", [(0, 2, "PER")]),
        ("BIOES", "E-PER I-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("BIOES", "B-PER S-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("BIOES", "B-PER E-PER E-PER", [(0, 2, "PER"), (2, 3, "PER")]),
    ],
)
def test_repair_of_illegal_sequences(scheme, tags, spans) -> None:
    assert TagSet(scheme, TYPES).decode(tags.split()) == spans


def test_conversion_keeps_the_spans() -> None:
    generator = random.Random(2)
    for _ in range(100):
        spans = random_spans(generator, 15)
        for source in SETS:
            for target in SETS:
                tags = convert(source.encode(15, spans), source, target)
                assert tags == target.encode(15, spans)


def test_of_overlapping_spans_the_longest_stay() -> None:
    spans = [Span(0, 3, "A"), Span(2, 6, "B"), Span(4, 5, "A"), Span(6, 8, "A"), Span(7, 9, "B")]
    assert disjoint(spans) == [spans[1], spans[3]]
    generator = random.Random(3)
    for _ in range(50):
        spans = random_spans(generator, 20)
        assert disjoint(generator.sample(spans, len(spans))) == spans


def test_words_of_a_segmentation() -> None:
    tag_set, words = segmentation_tags(), ["科学", "空间", "的", "画廊馆"]
    tags = tag_set.encode(8, word_spans(words))
    assert "".join(tags) == "BEBESBME"
    assert split_words("".join(words), tag_set.decode(tags)) == words
    with pytest.raises(ValueError, match="character 2 is in no span"):
        tag_set.encode(3, [Span(0, 2, "")])


def test_offsets_are_python_slices_whatever_the_text() -> None:
    text = "我👩\u200d🚀住Ｂ市e\u0301\t<b>"
    spans = [Span(1, 4, "PER"), Span(5, 7, "LOC")]
    tags = export(text, spans, "BIOES")
    assert TagSet("BIOES", ("PER", "LOC")).decode(tags) == spans
    assert text[1:4] == "👩\u200d🚀"


def test_conll_has_one_line_per_character() -> None:
    text = "在 北\n京\u3000\u0007"
    lines = conll(text, [Span(2, 3, "LOC"), Span(4, 5, "LOC")]).split("\n")
    assert lines[-2:] == ["", ""]
    assert [line.split("\t") for line in lines[:-2]] == [
        ["在", "O"],
        ["\\u0020", "O"],
        ["北", "B-LOC"],
        ["\\n", "O"],
        ["京", "B-LOC"],
        ["\\u3000", "O"],
        ["\\x07", "O"],
    ]
    assert export("无", []) == ["O"]


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span(2, 2, "PER"), "start < end"),
        (Span(3, 9, "PER"), "start < end"),
        (Span(0, 1, "DATE"), "expected a type"),
        (Span(1, 3, "LOC"), "overlaps"),
    ],
)
def test_impossible_spans_are_refused(span, words) -> None:
    with pytest.raises(ValueError, match=words):
        TagSet("BIO", TYPES).encode(5, [Span(0, 2, "PER"), span] if "over" in words else [span])


@pytest.mark.parametrize(
    ("scheme", "types"), [("IOB", ("PER",)), ("BIO", ()), ("BIO", ("A", "A")), ("BIO", ("", "A"))]
)
def test_impossible_tag_sets_are_refused(scheme, types) -> None:
    with pytest.raises(ValueError):
        TagSet(scheme, types)
