r"""Vectors of characters and bigrams from running text, to start embeddings from.

A unit :math:`u` (a character, or a bigram) meets a context :math:`c` (a character at a distance of
at most two to the left or to the right of it; the sides are told apart) :math:`n_{uc}` times. The
vectors are the leading left singular vectors of

.. math:: \max\Bigl(0, \log \frac{n_{uc} \, N}{n_u \, n_c^{3/4} Z}\Bigr)

weighted by the roots of the singular values. This is what skip-grams with negative sampling
factorise, without the sampling: a minute instead of an hour, and the same result every time.

Sources: Levy and Goldberg 2014, "Neural word embedding as implicit matrix factorization"; Levy,
Goldberg, Dagan 2015, "Improving distributional similarity" (the exponent and the root).
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from core.text.characters import KNOWN, PADDING, UNKNOWN, hash_strings, look_up, shorten
from core.text.vocabulary import Vocabulary

WINDOW = 2
SMOOTHING = 0.75
SPREAD = 0.1  # standard deviation of the result, as of embeddings that start at random
PIECE = 2_000_000  # characters counted at a time


def stream_of(texts: Iterable[str], vocabulary: Vocabulary) -> Tensor:
    """Character numbers of normalised texts one after the other, padding between, `(time,)`."""
    index, gap = vocabulary.index, [PADDING] * 4
    numbers = list(gap)
    for text in texts:
        numbers += [index.get(char, UNKNOWN - KNOWN) + KNOWN for char in text]
        numbers += gap
    return torch.tensor(numbers)


def frequent_bigrams(stream: Tensor, limit: int, least: int) -> Tensor:
    """Sorted hashes of at most `limit` pairs of neighbours, edges of a text included.

    The most frequent ones, and only those that occur at least `least` times.
    """
    pairs = stream.unfold(0, 2, 1)
    pairs = pairs[(pairs != PADDING).any(dim=1)]
    hashes, counts = shorten(hash_strings(pairs)).unique(return_counts=True)
    order = counts.argsort(descending=True, stable=True)[:limit]
    frequent: Tensor = hashes[order[counts[order] >= least]].sort().values
    return frequent


def character_vectors(stream: Tensor, vocab_size: int, width: int, seed: int) -> Tensor:
    """Vectors `(vocab_size, width)` from character numbers `(time,)`, texts apart by padding."""
    return _factorise(_count(stream, stream, 1, vocab_size, vocab_size), vocab_size, width, seed)


def bigram_vectors(
    stream: Tensor, hashes: Tensor, vocab_size: int, width: int, seed: int
) -> Tensor:
    """Vectors `(bigrams + 1, width)` of the known bigrams, whose sorted hashes are given.

    The last row stands for all others.
    """
    units = look_up(hashes, hash_strings(stream.unfold(0, 2, 1)))
    counts = _count(units, stream, 2, len(hashes) + 1, vocab_size)
    return _factorise(counts, len(hashes) + 1, width, seed)


def _count(units: Tensor, stream: Tensor, length: int, size: int, vocab_size: int) -> Tensor:
    """Sparse counts `(size, 2 * vocab_size)` of units of some length with their contexts.

    Neighbours at either distance share a column, those of the two sides do not.
    """
    columns = 2 * vocab_size
    keys, counts = units.new_zeros(0), units.new_zeros(0)
    for first in range(WINDOW, len(stream) - WINDOW - length, PIECE):
        last = min(first + PIECE, len(stream) - WINDOW - length)
        found = []
        for distance in range(1, WINDOW + 1):
            for side, shift in ((0, -distance), (1, length - 1 + distance)):
                context = stream[first + shift : last + shift]
                key = units[first:last] * columns + side * vocab_size + context
                inside = (context != PADDING) & (stream[first:last] != PADDING)
                found.append(key[inside])
        new, times = torch.cat(found).unique(return_counts=True)
        keys, back = torch.cat([keys, new]).unique(return_inverse=True)
        counts = torch.zeros_like(keys).scatter_add_(0, back, torch.cat([counts, times]))
    place = torch.stack([keys // columns, keys % columns])
    return torch.sparse_coo_tensor(
        place, counts.float(), (size, columns), is_coalesced=True, check_invariants=False
    )


def _factorise(counts: Tensor, size: int, width: int, seed: int) -> Tensor:
    """Vectors `(size, width)` of the rows; a row without counts gets a random one."""
    (row, column), n = counts.indices(), counts.values()
    of_row = torch.zeros(counts.shape[0]).scatter_add_(0, row, n)
    of_column = torch.zeros(counts.shape[1]).scatter_add_(0, column, n) ** SMOOTHING
    information = (n * of_column.sum() / (of_row[row] * of_column[column])).log()
    kept = information > 0
    matrix = torch.sparse_coo_tensor(
        torch.stack([row, column])[:, kept],
        information[kept],
        counts.shape,
        is_coalesced=True,
        check_invariants=False,
    )
    generator = torch.Generator().manual_seed(seed)
    turned = matrix.t().coalesce()
    # Halko, Martinsson, Tropp 2011: a random sketch, sharpened by passing it through the matrix.
    sketch = torch.randn(counts.shape[1], width + 16, generator=generator)
    basis = torch.linalg.qr(matrix @ sketch).Q
    for _ in range(2):
        basis = torch.linalg.qr(matrix @ torch.linalg.qr(turned @ basis).Q).Q
    left, values, _ = torch.linalg.svd((turned @ basis).T, full_matrices=False)
    vectors = (basis @ left[:, :width]) * values[:width].sqrt()
    vectors = vectors / vectors[of_row > 0].std().clamp_min(1e-12) * SPREAD
    strange = torch.randn(size, width, generator=generator) * SPREAD
    return torch.where((of_row > 0).unsqueeze(1), vectors, strange)
