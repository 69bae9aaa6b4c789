"""Parts of MSRA's training set in place of its dev part."""

import pytest

from benchmarks.tagging_data import Sentence
from train.recipes.ner_msra import exchange


def sentences(first: int, count: int) -> list[Sentence]:
    return [Sentence(str(number), []) for number in range(first, first + count)]


def test_parts_change_places_and_nothing_is_lost() -> None:
    train, dev = sentences(0, 100), sentences(100, 6)
    kept, apart = exchange(train, dev, (2, 7))
    assert sorted(kept + apart) == sorted(train + dev)
    assert not set(map(str, kept)) & set(map(str, apart))
    assert all(sentence in kept for sentence in dev)
    numbers = [int(sentence.text) for sentence in apart]
    assert len(numbers) in (10, 11) and numbers == sorted(numbers)
    assert sum(b != a + 1 for a, b in zip(numbers, numbers[1:], strict=False)) == 1  # two runs


def test_a_part_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="19"):
        exchange(sentences(0, 100), [], (19,))
