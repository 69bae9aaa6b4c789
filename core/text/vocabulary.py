"""A fixed list of characters and their numbers, stored as `vocab.json` beside the weights."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path


class Vocabulary:
    """Characters `0 .. len - 1`; no padding and no unknown symbol, since verse forms have fixed lengths.

    Raises `ValueError` when a character is listed twice.
    """

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = tuple(characters)
        self.index = {char: i for i, char in enumerate(self.characters)}
        if len(self.index) != len(self.characters):
            raise ValueError("a vocabulary lists each character once")

    def __len__(self) -> int:
        return len(self.characters)

    def __contains__(self, char: object) -> bool:
        return char in self.index

    def encode(self, text: str) -> list[int]:
        """Numbers of the characters of `text`; `KeyError` names the first unknown one."""
        return [self.index[char] for char in text]

    def decode(self, ids: Sequence[int]) -> str:
        """The characters with the given numbers, as one string."""
        return "".join(self.characters[int(i)] for i in ids)

    def unknown(self, text: str) -> list[str]:
        """Characters of `text` that are not listed, each once, in order of appearance."""
        return list(dict.fromkeys(char for char in text if char not in self.index))

    def to_json(self) -> str:
        """The file's content; `from_json` is its inverse."""
        return json.dumps({"characters": "".join(self.characters)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, path: Path) -> "Vocabulary":
        """Read a file that `to_json` wrote."""
        return cls(json.loads(path.read_text(encoding="utf-8"))["characters"])
