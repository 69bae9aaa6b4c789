"""The memory of triples: what it finds, where, and what it cannot tell."""

import itertools
import random

import torch

from core.text.characters import encode_texts
from core.text.triple_memory import LONGEST_NAME, TripleMemory
from core.text.vocabulary import Vocabulary

# As in a real vocabulary, the lowest numbers belong to marks: a string whose first character has its
# length for a number shares its hash with a shorter one.
VOCABULARY = Vocabulary("!\"#$%&'()*+,-./:;<=甲乙丙丁戊己庚辛A1")
TRIPLES = [("甲乙", 0, "丙丁"), ("甲乙", 2, "丙丁"), ("丙丁", 1, "戊己庚"), ("甲乙丙", 1, "庚辛")]


def found(memory: TripleMemory, text: str, kinds=3) -> set[tuple[str, int, str]]:
    rows = memory.find(encode_texts([text], VOCABULARY), kinds)[0].tolist()
    return {(text[a:b], kind, text[c:d]) for a, b, kind, c, d in rows if b}


def test_triples_whose_ends_both_occur() -> None:
    memory = TripleMemory.build(TRIPLES, VOCABULARY)
    assert found(memory, "丙丁在甲乙") == {("甲乙", 0, "丙丁"), ("甲乙", 2, "丙丁")}
    assert found(memory, "甲乙戊己庚") == set()
    assert found(memory, "甲") == set() and found(memory, "甲乙") == set()


def test_it_finds_what_a_search_for_strings_finds() -> None:
    memory, draw = TripleMemory.build(TRIPLES, VOCABULARY), random.Random(0)
    texts = ["".join(draw.choices("甲乙丙丁戊己庚辛", k=draw.randint(1, 40))) for _ in range(60)]
    texts += ["甲乙丙丁戊己庚辛" * 3]
    rows = memory.find(encode_texts(texts, VOCABULARY), 3)
    for text, row in zip(texts, rows.tolist(), strict=True):
        wanted = sorted(
            [i, i + len(s), kind, j, j + len(o)]
            for s, kind, o in TRIPLES
            for i, j in itertools.product(range(len(text)), repeat=2)
            if text[i:].startswith(s) and text[j:].startswith(o)
        )
        assert sorted(item for item in row if item[1]) == wanted


def test_texts_are_read_alike_alone_and_together() -> None:
    memory = TripleMemory.build(TRIPLES, VOCABULARY)
    texts = ["甲乙丙丁戊己庚", "丁", "甲乙丙和庚辛"]
    together = memory.find(encode_texts(texts, VOCABULARY), 3)
    for text, rows in zip(texts, together, strict=True):
        alone = memory.find(encode_texts([text], VOCABULARY), 3)[0]
        assert torch.equal(rows[: len(alone)], alone) and not rows[len(alone) :].any()


def test_names_that_cannot_be_held_are_left_out() -> None:
    long = "甲" * (LONGEST_NAME + 1)
    memory = TripleMemory.build(
        [("甲", 0, "乙丙"), (long, 0, "乙丙"), ("甲乙", 0, "丙不")], VOCABULARY
    )
    assert len(memory.strings) == len(memory.triples) == 0
    assert found(memory, "甲乙丙" + long) == set()
    assert memory.find(encode_texts([], VOCABULARY), 3).shape == (0, 0, 5)


def test_widths_do_not_matter() -> None:
    memory = TripleMemory.build([("Ａ１", 0, "甲乙")], VOCABULARY)
    assert found(memory, "A1甲乙") == {("A1", 0, "甲乙")}
    assert found(memory, "甲乙Ａ1") == {("Ａ1", 0, "甲乙")}


def test_two_memories_together() -> None:
    one, other = (TripleMemory.build([triple], VOCABULARY) for triple in (TRIPLES[0], TRIPLES[2]))
    both = one + other
    assert found(both, "甲乙丙丁戊己庚") == {TRIPLES[0], TRIPLES[2]}


def test_it_holds_hashes_alone() -> None:
    memory = TripleMemory.build(TRIPLES, VOCABULARY)
    assert memory.strings.dtype == memory.triples.dtype == torch.int32
    assert len(memory.strings) == 5 and len(memory.triples) == len(TRIPLES) + 3
