"""Characters as numbers for models, and strings of them as hashes.

Models count characters from 0: `PADDING`, `UNKNOWN`, then a vocabulary from `KNOWN` on. What a
model knows of longer strings (bigrams, words) it keeps as a sorted list of short hashes: enough to
recognise a string, useless to list them.

A short hash is the upper half of a hash. With a hundred thousand known strings one unknown string
in twenty thousand passes for a known one, and a list weighs half as much.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from core.text.spans import normalise
from core.text.vocabulary import Vocabulary

PADDING, UNKNOWN, KNOWN = 0, 1, 2


def encode_texts(texts: Iterable[str], vocabulary: Vocabulary) -> Tensor:
    """Character numbers of normalised texts, `(batch, time)`, padded with 0 on the right.

    An empty text becomes a row of padding, which no chain accepts; callers leave such texts out.
    """
    index = vocabulary.index
    rows = [
        [index.get(char, UNKNOWN - KNOWN) + KNOWN for char in normalise(text)] for text in texts
    ]
    width = max(map(len, rows), default=0)
    padded = [row + [PADDING] * (width - len(row)) for row in rows]
    return torch.tensor(padded, dtype=torch.long).reshape(len(rows), width)


def hash_strings(characters: Tensor) -> Tensor:
    """Hashes in [0, 2**62) of strings of character numbers, `(..., length)` to `(...)`.

    Arithmetic of 64-bit integers that wraps around, then mixed by shifts: the same on every device.
    """
    state = torch.full(
        characters.shape[:-1], characters.shape[-1], dtype=torch.long, device=characters.device
    )
    for part in characters.unbind(-1):
        state = (state ^ part.long()) * 0x2545F4914F6CDD1D
        state = state ^ (state >> 29)
    return state & ((1 << 62) - 1)


def shorten(hashes: Tensor) -> Tensor:
    """The upper halves of hashes, int32 in [0, 2**31): what lists of known strings hold.

    The order of hashes is the order of their upper halves.
    """
    return (hashes >> 31).to(torch.int32)


def look_up(known: Tensor, hashes: Tensor) -> Tensor:
    """Where hashes stand in the sorted list `known` of short ones; its length for unlisted ones.

    `hashes` are those of `hash_strings`, or short ones, which are int32.
    """
    if not len(known):
        return torch.zeros_like(hashes, dtype=torch.long)
    if hashes.dtype != torch.int32:
        hashes = shorten(hashes)
    place = torch.searchsorted(known, hashes.contiguous())
    found = known[place.clamp_max(len(known) - 1)] == hashes
    return torch.where(found, place, len(known))


def hash_words(words: Iterable[str], vocabulary: Vocabulary, longest: int) -> Tensor:
    """Sorted short hashes of the words of 2 to `longest` characters that the vocabulary can spell."""
    by_length: dict[int, list[list[int]]] = {}
    for word in map(normalise, words):
        if 2 <= len(word) <= longest and not vocabulary.unknown(word):
            by_length.setdefault(len(word), []).append(
                [number + KNOWN for number in vocabulary.encode(word)]
            )
    hashes = [hash_strings(torch.tensor(rows)) for rows in by_length.values()]
    return shorten(torch.cat(hashes)).unique() if hashes else torch.zeros(0, dtype=torch.int32)
