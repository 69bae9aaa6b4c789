"""Augmentation for taggers: the same sentence with other names in it.

A mention gives way to another name of its type, drawn evenly from the different names that the
training part has, so that rare ones are seen as often as frequent ones and the tagger has to read
the context and the make of a name instead of remembering it. Source: Dai and Adel 2020, "An analysis
of simple data augmentation for named entity recognition" (mention replacement).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from core.text.tags import Span, TagSet


class MentionReplacer:
    """Draws other names for the mentions of tagged rows of character numbers."""

    def __init__(
        self, characters: Sequence[Tensor], tags: Sequence[Tensor], tag_set: TagSet
    ) -> None:
        """Names come from `characters`, rows of numbers, and their `tags`, rows of tag numbers."""
        names: dict[str, set[tuple[int, ...]]] = {name: set() for name in tag_set.types}
        self.spans: list[list[Span]] = []
        for row, marks in zip(characters, tags, strict=True):
            spans = tag_set.decode([tag_set.tags[i] for i in marks.tolist()])
            numbers = row.tolist()
            for start, end, name in spans:
                names[name].add(tuple(numbers[start:end]))
            self.spans.append(spans)
        self.names: dict[str, list[tuple[Tensor, Tensor]]] = {}
        for name, found in names.items():
            self.names[name] = [
                (torch.tensor(numbers, dtype=torch.int32), self._tags(len(numbers), name, tag_set))
                for numbers in sorted(found)
            ]

    @staticmethod
    def _tags(length: int, name: str, tag_set: TagSet) -> Tensor:
        tags = tag_set.encode(length, [Span(0, length, name)])
        return torch.tensor([tag_set.index[tag] for tag in tags], dtype=torch.int32)

    def __call__(
        self,
        row: int,
        characters: Tensor,
        tags: Tensor,
        share: float,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor]:
        """Characters and tags `(time,)` of row `row` with about `share` of its names exchanged."""
        spans = self.spans[row]
        if not spans or share == 0.0:
            return characters, tags
        draws = torch.rand(len(spans), 2, generator=generator).tolist()
        pieces: list[tuple[Tensor, Tensor]] = []
        done = 0
        for (start, end, name), (whether, which) in zip(spans, draws, strict=True):
            if whether < share:
                pool = self.names[name]
                pieces += [(characters[done:start], tags[done:start]), pool[int(which * len(pool))]]
                done = end
        pieces.append((characters[done:], tags[done:]))
        numbers, marks = zip(*pieces, strict=True)
        return torch.cat(numbers), torch.cat(marks)
