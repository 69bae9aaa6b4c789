"""The 4-gram model against dictionaries, and the laws of a probability."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.ngram import BITS, NGram

VOCAB, WIDTH, LENGTH = 7, 3, 6
BREAK, START = VOCAB, VOCAB + 1


def poems(count, seed=0):
    """A Markov chain with a habit: the symbol after `s` is mostly `s + 1`."""
    draw = np.random.default_rng(seed)
    rows = np.empty((count, LENGTH), dtype=np.int64)
    rows[:, 0] = draw.integers(VOCAB, size=count)
    for t in range(1, LENGTH):
        habit = (rows[:, t - 1] + 1) % VOCAB
        rows[:, t] = np.where(draw.random(count) < 0.8, habit, draw.integers(VOCAB, size=count))
    return rows


class Dictionaries:
    """Interpolated modified Kneser-Ney as Chen and Goodman write it down, one gram at a time."""

    def __init__(self, n, texts):
        self.n = n
        self.counts = {n: Counter(gram for text in texts for gram in grams_of(text, n))}
        for order in range(n - 1, 0, -1):  # in how many contexts each shorter gram stands
            self.counts[order] = Counter(gram[1:] for gram in self.counts[order + 1])

    def discount(self, order, count):
        kinds = Counter(self.counts[order].values())
        n1, n2, n3, n4 = (kinds[k] for k in (1, 2, 3, 4))
        some = [0, 0.5, 1, 1.5]
        if n1 and n2 and n3:
            y = n1 / (n1 + 2 * n2)
            exact = [0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
            some = exact if min(exact[1:]) > 0 else some
        return some[min(count, 3)]

    def probability(self, gram):
        order = len(gram)
        if order == 0:
            return 1 / VOCAB
        lower = self.probability(gram[1:])
        after = {g: c for g, c in self.counts[order].items() if g[:-1] == gram[:-1]}
        if not after:
            return lower
        total = sum(after.values())
        count = after.get(gram, 0)
        high = count - self.discount(order, count)
        saved = sum(self.discount(order, c) for c in after.values())
        return (high + saved * lower) / total


def grams_of(text, n):
    symbols = [START] * (n - 1)
    for t, symbol in enumerate(text):
        if t and t % WIDTH == 0:
            symbols.append(BREAK)
        symbols.append(int(symbol))
    ends = [i for i in range(n - 1, len(symbols)) if symbols[i] < VOCAB]
    return [tuple(symbols[i - n + 1 : i + 1]) for i in ends]


def fitted(n, texts):
    model = NGram(n, VOCAB)
    return model.fit(model.windows([texts], WIDTH))


@pytest.mark.parametrize("n", [2, 3, 4])
def test_windows_end_in_every_symbol_once(n):
    text = np.arange(LENGTH)[None]
    windows = NGram(n, VOCAB).windows([text], WIDTH)
    assert [tuple(row) for row in windows.tolist()] == grams_of(text[0], n)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_agrees_with_dictionaries(n):
    learned, unseen = poems(40), poems(20, seed=1)
    model, slow = fitted(n, learned), Dictionaries(n, learned)
    windows = np.unique(model.windows([unseen], WIDTH), axis=0)
    expected = [slow.probability(tuple(row)) for row in windows.tolist()]
    np.testing.assert_allclose(np.exp(model.log_prob(windows)), expected, rtol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("count", [1, 3, 200])
def test_probabilities_sum_to_one(n, count):
    model = fitted(n, poems(count))
    draw = np.random.default_rng(2)
    contexts = draw.integers(VOCAB + 2, size=(50, n - 1))  # most of them never seen
    seen = model.windows([poems(count)], WIDTH)[:50, :-1]
    for context in np.concatenate([contexts, seen]):
        windows = np.column_stack([np.tile(context, (VOCAB, 1)), np.arange(VOCAB)])
        assert np.exp(model.log_prob(windows)).sum() == pytest.approx(1, abs=1e-12)


def test_predicts_better_than_frequencies_and_longer_contexts_help():
    learned, unseen = poems(2000), poems(500, seed=1)
    frequencies = np.bincount(learned.ravel(), minlength=VOCAB) / learned.size
    unigram = -np.log(frequencies[unseen]).mean()
    costs = []
    for n in (2, 4):
        model = fitted(n, learned)
        costs.append(-model.log_prob(model.windows([unseen], WIDTH)).mean())
    assert costs[0] < unigram - 0.2
    assert costs[1] < costs[0] - 0.05  # the line break hides the symbol before it from a bigram


@pytest.mark.parametrize(("n", "vocab"), [(1, 10), (5, 10), (4, (1 << BITS) - 1)])
def test_sizes_that_do_not_fit_are_refused(n, vocab):
    with pytest.raises(ValueError, match="expected n in 2..4"):
        NGram(n, vocab)
