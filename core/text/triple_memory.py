"""Known triples, kept as hashes: which of them a text mentions, and where.

A memory recognises a string or a triple when it sees it and cannot list what it knows. A triple is
*found* in a text when its subject and its object both occur there as strings: the assumption of
distant supervision, right in three of four cases on DuIE.

Found triples are rows of five numbers, so that they travel in batches like anything else: subject
start and end, kind of triple, object start and end; ends are exclusive, and a row of zeros is none.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from core.text.characters import KNOWN, hash_strings, look_up, shorten
from core.text.spans import normalise
from core.text.vocabulary import Vocabulary

LONGEST_NAME = 16  # characters; longer subjects and objects are not remembered
SHORTEST_NAME = 2  # a single character is found everywhere
MENTIONS = 200  # known strings that are looked at in one text


@dataclass(frozen=True, eq=False)
class TripleMemory:
    """Sorted short hashes of the subjects and objects, and of the triples that are made of them.

    A triple is in `triples` twice: with its kind, and without, so that most pairs of strings are
    dismissed at one look.
    """

    strings: Tensor
    triples: Tensor

    @classmethod
    def build(
        cls, triples: Iterable[tuple[str, int, str]], vocabulary: Vocabulary
    ) -> "TripleMemory":
        """From subjects, kinds and objects; those that the vocabulary cannot spell are left out."""
        numbers: dict[str, int] = {}
        rows = []
        for subject, kind, obj in triples:
            both = [_hash(string, vocabulary, numbers) for string in (subject, obj)]
            if None not in both:
                rows.append([both[0], both[1], kind])
        whole = torch.tensor(rows, dtype=torch.long).reshape(-1, 3)
        hashes = torch.cat([hash_strings(whole), hash_strings(whole[:, :2])])
        return cls(strings=shorten(whole[:, :2]).unique(), triples=shorten(hashes).unique())

    def __add__(self, other: "TripleMemory") -> "TripleMemory":
        """What either of them knows, on the device of the first."""
        device = self.strings.device
        return TripleMemory(
            torch.cat([self.strings, other.strings.to(device)]).unique(),
            torch.cat([self.triples, other.triples.to(device)]).unique(),
        )

    def find(self, characters: Tensor, kinds: int) -> Tensor:
        """Found triples of character numbers `(batch, time)`, `(batch, most, 5)`.

        All mentions of a triple count. Of a text only the first `MENTIONS` known strings are
        looked at.
        """
        found = [self._pairs(*mentions, kinds) for mentions in self._mentions(characters)]
        return stack_found(found, characters)

    def _mentions(self, characters: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Per text the spans `(mentions, 2)` of known strings and their hashes, by their start."""
        batch, time = characters.shape
        places, hashes = [], []
        for length in range(SHORTEST_NAME, min(LONGEST_NAME, time) + 1):
            if not len(self.strings):
                break
            here = hash_strings(characters.unfold(1, length, 1))
            row, start = (look_up(self.strings, here) < len(self.strings)).nonzero(as_tuple=True)
            places.append(torch.stack([row, start, start + length], dim=1))
            hashes.append(here[row, start])
        if not places:
            empty = characters.new_zeros(0)
            return [(empty.reshape(0, 2), empty)] * batch
        spans, known = torch.cat(places), torch.cat(hashes)
        order = (spans[:, 0] * (time + 1) + spans[:, 1]).argsort(stable=True)
        spans, known = spans[order], known[order]
        counts = spans[:, 0].bincount(minlength=batch).tolist()
        cut = zip(spans[:, 1:].split(counts), known.split(counts), strict=True)
        return [(place[:MENTIONS], name[:MENTIONS]) for place, name in cut]

    def _pairs(self, spans: Tensor, hashes: Tensor, kinds: int) -> Tensor:
        """Found triples `(found, 5)` of one text's mentions."""
        if len(spans) < 2:
            return spans.new_zeros(0, 5)
        first, second = (hashes.unsqueeze(1) != hashes).nonzero(as_tuple=True)
        pair = torch.stack([hashes[first], hashes[second]], dim=1)
        near = self._knows(pair).nonzero().squeeze(1)
        first, second, pair = first[near], second[near], pair[near]
        kind = torch.arange(kinds, device=spans.device).expand(len(pair), -1)
        whole = torch.cat(
            [pair.unsqueeze(1).expand(-1, kinds, -1), kind.unsqueeze(2)], dim=2
        )  # (pairs, kinds, 3)
        which, kind = self._knows(whole).nonzero(as_tuple=True)
        subject, obj = spans[first[which]], spans[second[which]]
        return torch.cat([subject, kind.unsqueeze(1), obj], dim=1)

    def _knows(self, rows: Tensor) -> Tensor:
        return look_up(self.triples, hash_strings(rows)) < len(self.triples)


def stack_found(rows: list[Tensor], like: Tensor) -> Tensor:
    """Rows of five numbers per text as one tensor `(batch, most, 5)`, padded with zeros."""
    most = max(map(len, rows), default=0)
    padded = like.new_zeros((len(rows), most, 5), dtype=torch.long)
    for i, found in enumerate(rows):
        padded[i, : len(found)] = found
    return padded


def _hash(string: str, vocabulary: Vocabulary, seen: dict[str, int]) -> int | None:
    """The hash of a string that a memory can hold, else None."""
    string = normalise(string)
    if not SHORTEST_NAME <= len(string) <= LONGEST_NAME or vocabulary.unknown(string):
        return None
    if string not in seen:
        numbers = [number + KNOWN for number in vocabulary.encode(string)]
        seen[string] = int(hash_strings(torch.tensor(numbers)))
    return seen[string]
