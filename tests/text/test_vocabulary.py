"""A list of characters and their numbers."""

import pytest

from core.text.vocabulary import Vocabulary


def test_numbers_and_back(tmp_path):
    vocabulary = Vocabulary("春江花𠮷")
    assert len(vocabulary) == 4 and "江" in vocabulary and "月" not in vocabulary
    assert vocabulary.encode("花春𠮷") == [2, 0, 3]
    assert vocabulary.decode([2, 0, 3]) == "花春𠮷"
    path = tmp_path / "vocab.json"
    path.write_text(vocabulary.to_json(), encoding="utf-8")
    assert Vocabulary.from_json(path).characters == vocabulary.characters
    assert vocabulary.encode("") == [] and vocabulary.decode([]) == ""


def test_unknown_characters():
    vocabulary = Vocabulary("春江")
    assert vocabulary.unknown("春夏江秋夏") == ["夏", "秋"]
    assert vocabulary.unknown("春江") == []
    with pytest.raises(KeyError, match="夏"):
        vocabulary.encode("春夏")


def test_a_character_is_listed_once():
    with pytest.raises(ValueError, match="once"):
        Vocabulary("春江春")
