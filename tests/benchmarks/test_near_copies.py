"""Near copies against the textbook edit distance between all pairs."""

import random
import time

import pytest

from benchmarks.quality.near_copies import NearCopy, edit_distances, near_copies, share
from core.text.novelty import codes

LETTERS = "春夏秋冬风花雪月"


def edit_distance(a, b):
    """The whole table of Wagner and Fischer (1974)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(previous + (x != y), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def brute_force(samples, corpus, edits):
    best = [min((edit_distance(s, c), i) for i, c in enumerate(corpus)) for s in samples]
    return [NearCopy(distance, i) if distance <= edits else None for distance, i in best]


def edited(text, edits, rng):
    """The text after some random edits."""
    for _ in range(edits):
        i = rng.randrange(len(text))
        kind = rng.choice(["insert", "remove", "replace"])
        new = "" if kind == "remove" else rng.choice(LETTERS)
        text = text[:i] + new + text[i + (kind != "insert") :]
    return text


def texts(count, lengths, rng):
    return ["".join(rng.choices(LETTERS, k=rng.choice(lengths))) for _ in range(count)]


@pytest.mark.parametrize("edits", [0, 1, 2, 3])
@pytest.mark.parametrize("lengths", [(10,), (14,), (20,), (5, 6, 8, 9)])
def test_equals_brute_force(lengths, edits):
    rng = random.Random(edits)
    corpus = texts(120, lengths, rng)
    samples = texts(40, lengths, rng)
    samples += [edited(rng.choice(corpus), rng.randrange(5), rng) for _ in range(80)]
    samples = [sample for sample in samples if len(sample) > edits]
    found = near_copies(samples, iter(corpus), edits)
    assert found == brute_force(samples, corpus, edits)
    assert any(found)


@pytest.mark.parametrize(("m", "n"), [(4, 4), (4, 6), (6, 4), (10, 10), (3, 9), (1, 1)])
def test_banded_distance_equals_the_whole_table(m, n):
    rng = random.Random(m)
    a, b = texts(300, (m,), rng), texts(300, (n,), rng)
    if m == n:
        b[:100] = ["".join(rng.choice([x, y]) for x, y in zip(s, t, strict=True))
                   for s, t in zip(a[:100], b, strict=False)]  # fmt: skip
    for edits in (0, 1, 2, 3):
        found = edit_distances(codes(a), codes(b), edits)
        for x, y, distance in zip(a, b, found.tolist(), strict=True):
            exact = edit_distance(x, y)
            assert distance == exact if exact <= edits else distance > edits


def test_one_character_put_in_and_one_left_out():
    corpus = ["白日依山尽黄河入海流", "国破山河在城春草木深"]
    assert near_copies(["日依山尽黄河入海流去"], corpus) == [NearCopy(2, 0)]
    assert near_copies(["国破山河在城春草木长"], corpus) == [NearCopy(1, 1)]
    assert near_copies(["明月松间照清泉石上流"], corpus) == [None]


def test_the_first_of_equally_near_poems_is_named():
    corpus = ["春夏秋冬风花", "春夏秋冬风雪", "春夏秋冬风花"]
    assert near_copies(["春夏秋冬风花", "春夏秋冬风月"], corpus) == [NearCopy(0, 0), NearCopy(1, 0)]


def test_share():
    assert share([NearCopy(0, 3), None, None, NearCopy(2, 1)]) == 0.5


def test_nothing_to_compare():
    assert near_copies([], ["春夏秋冬"]) == []
    assert near_copies(["春夏秋冬"], []) == [None]
    assert near_copies(["\ud800😀春夏秋"], ["春夏秋冬风", "春" * 30]) == [None]


def test_samples_that_are_too_short_are_refused():
    with pytest.raises(ValueError, match="longer than 2 characters"):
        near_copies(["春夏"], ["春夏秋"])


def test_speed_on_a_corpus_with_common_phrases():
    rng = random.Random(0)
    words = ["".join(rng.choices([chr(0x4E00 + k) for k in range(3000)], k=2)) for _ in range(2000)]
    corpus = ["".join(rng.choices(words, k=5)) for _ in range(20_000)]
    samples = ["".join(rng.choices(words, k=5)) for _ in range(1000)]
    start = time.perf_counter()
    near_copies(samples, corpus)
    assert time.perf_counter() - start < 10  # it takes 0.1 s
