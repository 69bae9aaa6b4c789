"""A character n-gram model with interpolated modified Kneser-Ney smoothing, the yardstick for poems.

After Chen and Goodman, "An empirical study of smoothing techniques for language modeling" (1999).
Counts live in sorted arrays, so that eight million characters fit and are built in seconds.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BITS = 13  # room for 8,000 characters, the line break and the start


class NGram:
    """Order-`n` model over texts of `vocab` symbols, `0 .. vocab - 1`.

    Two more symbols are context only and never predicted: `vocab` is the line break, `vocab + 1` the
    start. Raises `ValueError` when the symbols do not fit in 13 bits or `n` is not 2 to 4.
    """

    def __init__(self, n: int, vocab: int) -> None:
        if not 2 <= n <= 4 or vocab + 2 > 1 << BITS:
            raise ValueError(
                f"expected n in 2..4 and vocab <= {(1 << BITS) - 2}, got {n} and {vocab}"
            )
        self.n, self.vocab = n, vocab
        self.line_break, self.start = vocab, vocab + 1

    def windows(self, texts: Sequence[NDArray[np.int64]], width: int) -> NDArray[np.int64]:
        """All n-symbol windows that end in a predicted symbol, `(count, n)`.

        `texts` are arrays `(poems, length)`; a line break stands after every `width` characters.
        """
        rows = []
        for poems in texts:
            count, length = poems.shape
            columns = [np.full(count, self.start)] * (self.n - 1)
            predicted = []
            for t in range(length):
                if t and t % width == 0:
                    columns.append(np.full(count, self.line_break))
                predicted.append(len(columns))
                columns.append(poems[:, t])
            padded = np.stack(columns, axis=1)
            rows += [padded[:, end - self.n + 1 : end + 1] for end in predicted]
        return np.concatenate(rows).astype(np.int64)

    def fit(self, windows: NDArray[np.int64]) -> "NGram":
        """Count windows `(count, n)` and set the discounts; returns the model itself."""
        self.tables: list[_Table] = []
        grams, counts = np.unique(_pack(windows), return_counts=True)
        for order in range(self.n, 0, -1):
            self.tables.append(_Table(grams, counts, self.vocab))
            if order > 1:  # lower orders count in how many contexts a gram stands
                grams, counts = np.unique(
                    grams & ((1 << BITS * (order - 1)) - 1), return_counts=True
                )
        return self

    def log_prob(self, windows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Natural log-probability of the last symbol of every window, `(count,)`."""
        probability = np.full(len(windows), 1.0 / self.vocab)
        for order, table in zip(range(1, self.n + 1), reversed(self.tables), strict=True):
            probability = table.interpolate(_pack(windows[:, self.n - order :]), probability)
        logs: NDArray[np.float64] = np.log(probability)
        return logs


class _Table:
    """Counts of one order with the discounted probability and the back-off weight of its contexts."""

    def __init__(self, grams: NDArray[np.int64], counts: NDArray[np.int64], vocab: int) -> None:
        self.grams, self.counts = grams, counts
        self.discounts = _discounts(counts)
        contexts = grams >> BITS
        self.contexts, inverse = np.unique(contexts, return_inverse=True)
        self.totals = np.bincount(inverse, counts)
        taken = self.discounts[np.minimum(counts, 3)]
        self.backoff = np.bincount(inverse, taken) / self.totals

    def interpolate(
        self, grams: NDArray[np.int64], lower: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Probability of this order mixed with that of the order below."""
        count = _look_up(self.grams, self.counts, grams)
        total = _look_up(self.contexts, self.totals, grams >> BITS)
        weight = _look_up(self.contexts, self.backoff, grams >> BITS)
        seen = total > 0
        high = np.maximum(count - self.discounts[np.minimum(count, 3).astype(int)], 0)
        mixed = high / np.where(seen, total, 1) + weight * lower
        return np.where(seen, mixed, lower)


def _discounts(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """What is taken off a count of 0, 1, 2 and of 3 or more.

    A corpus so small that some count never occurs gives no estimate; half of each count then leaves
    something for what was not seen.
    """
    n1, n2, n3, n4 = (int((counts == k).sum()) for k in (1, 2, 3, 4))
    if n1 and n2 and n3:
        y = n1 / (n1 + 2 * n2)
        estimate = np.array([0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
        if (estimate[1:] > 0).all():
            return estimate
    return np.array([0, 0.5, 1.0, 1.5])


def _pack(windows: NDArray[np.int64]) -> NDArray[np.int64]:
    packed = np.zeros(len(windows), dtype=np.int64)
    for column in windows.T:
        packed = packed << BITS | column
    return packed


def _look_up(
    keys: NDArray[np.int64], values: NDArray[np.generic], wanted: NDArray[np.int64]
) -> NDArray[np.float64]:
    place = np.searchsorted(keys, wanted).clip(0, len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)
