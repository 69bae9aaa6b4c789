"""How many generated poems nearly copy a training poem: within a few edits of one, and of which.

An edit inserts, removes or replaces a character (Levenshtein 1966). Cut a text into `edits + 1`
pieces: in a text within that many edits of it, at least one piece stands unchanged, moved by at
most `edits` places. So only poems that share a piece in about the same place are compared.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.text.novelty import codes, hash_rows

PAIRS = 1 << 18  # compared at a time, to bound the memory

Indices = NDArray[np.int64]
Codes = NDArray[np.uint32]


@dataclass(frozen=True)
class NearCopy:
    """The closest poem of the corpus: its number there and the edits between the two texts."""

    distance: int
    index: int


def near_copies(
    samples: Sequence[str], corpus: Iterable[str], edits: int = 2
) -> list[NearCopy | None]:
    """For each sample the closest poem within `edits` (the first of several), or `None`.

    Poems are strings without punctuation, lines joined. Exact: no near copy is missed. Raises
    `ValueError` when a sample is too short to be cut into `edits + 1` pieces.
    """
    if any(len(sample) <= edits for sample in samples):
        raise ValueError(f"samples must be longer than {edits} characters to compare them")
    # Distance and index in one number, so that the smallest is the nearest and then the first.
    unknown = np.iinfo(np.int64).max
    best = np.full(len(samples), unknown)
    ours, theirs = _by_length(samples), _by_length(corpus)
    for length, (rows, table) in ours.items():
        for other, (other_rows, other_table) in theirs.items():
            if abs(length - other) > edits:
                continue
            for i, j in _candidates(table, other_table, edits):
                distance = edit_distances(table[i], other_table[j], edits)
                near = distance <= edits
                rank = distance[near] << 40 | other_rows[j[near]]
                np.minimum.at(best, rows[i[near]], rank)
    return [
        None if rank == unknown else NearCopy(rank >> 40, rank & ((1 << 40) - 1))
        for rank in best.tolist()
    ]


def share(copies: Sequence[NearCopy | None]) -> float:
    """Share of samples that have a near copy, 0 to 1."""
    return sum(copy is not None for copy in copies) / len(copies)


def edit_distances(a: Codes, b: Codes, edits: int) -> Indices:
    """Levenshtein distances of rows `(pairs, m)` and `(pairs, n)`, `(pairs,)`.

    Exact up to `edits`; what is farther apart gets a larger number. Row `i` of the usual table is
    kept in the band of columns `i - edits .. i + edits`, outside of which nothing can be that near.
    """
    pairs, m = a.shape
    n = b.shape[1]
    far = edits + 1
    band = np.full((2 * edits + 1, pairs), far, dtype=np.int64)  # band[k] is column i - edits + k
    for k in range(edits, 2 * edits + 1):
        band[k] = k - edits  # row 0: insert everything
    for i in range(1, m + 1):
        above = band
        band = np.full_like(above, far)
        for k in range(2 * edits + 1):
            j = i - edits + k
            if not 0 <= j <= n:
                continue
            if j:
                band[k] = above[k] + (a[:, i - 1] != b[:, j - 1])
            if k < 2 * edits:
                np.minimum(band[k], above[k + 1] + 1, out=band[k])
            if k and j:
                np.minimum(band[k], band[k - 1] + 1, out=band[k])
    last = n - m + edits
    return band[last] if 0 <= last <= 2 * edits else np.full(pairs, far, dtype=np.int64)


def _by_length(texts: Iterable[str]) -> dict[int, tuple[Indices, Codes]]:
    rows: dict[int, list[int]] = defaultdict(list)
    groups: dict[int, list[str]] = defaultdict(list)
    for i, text in enumerate(texts):
        rows[len(text)].append(i)
        groups[len(text)].append(text)
    return {n: (np.array(rows[n], dtype=np.int64), codes(groups[n])) for n in rows}


def _candidates(ours: Codes, theirs: Codes, edits: int) -> Iterator[tuple[Indices, Indices]]:
    """Pairs of rows that share a piece, in blocks; a pair may come more than once."""
    bounds = [ours.shape[1] * k // (edits + 1) for k in range(edits + 2)]
    for start, end in zip(bounds, bounds[1:], strict=False):
        pieces = hash_rows(ours[:, start:end])
        order = np.argsort(pieces, kind="stable")
        pieces = pieces[order]
        for shift in range(-edits, edits + 1):
            if start + shift < 0 or end + shift > theirs.shape[1]:
                continue
            wanted = hash_rows(theirs[:, start + shift : end + shift])
            first = np.searchsorted(pieces, wanted, side="left")
            count = np.searchsorted(pieces, wanted, side="right") - first
            yield from _expand(order, first, count)


def _expand(order: Indices, first: Indices, count: Indices) -> Iterator[tuple[Indices, Indices]]:
    """For row `j` of theirs the rows `order[first[j] : first[j] + count[j]]` of ours."""
    hit = np.flatnonzero(count)
    ends = np.cumsum(count[hit])
    total = int(ends[-1]) if len(hit) else 0
    for begin in range(0, total, PAIRS):
        pair = np.arange(begin, min(begin + PAIRS, total))
        k = np.searchsorted(ends, pair, side="right")
        offset = pair - (ends[k] - count[hit[k]])
        yield order[first[hit[k]] + offset], hit[k]
