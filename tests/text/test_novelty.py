"""The novelty filter against plain sets of strings."""

import random

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.text.novelty import HASHES, NoveltyFilter

ALPHABET = "春夏秋冬风花雪月山水云雨日夜天地人间来去"


def poems(count, seed, widths=(5, 7), letters=ALPHABET):
    rng = random.Random(seed)
    return [
        ["".join(rng.choices(letters, k=width)) for _ in range(rng.choice((2, 4)))]
        for width in rng.choices(widths, k=count)
    ]


def pieces(corpus, size):
    return {
        line[i : i + size] for poem in corpus for line in poem for i in range(len(line) - size + 1)
    }


def couplets(corpus):
    return {poem[i] + poem[i + 1] for poem in corpus for i in range(0, len(poem) - 1, 2)}


def runs_by_brute_force(corpus, lines):
    """Every stretch whose parts of 4, 5 and 7 are in the corpus, the maximal ones only."""
    sets = {size: pieces(corpus, size) for size in HASHES}

    def known(text):
        return all(
            text[i : i + size] in sets[size] for size in HASHES for i in range(len(text) - size + 1)
        )

    found = set()
    for line, text in enumerate(lines):
        stretches = [
            (start, end)
            for start in range(len(text))
            for end in range(start + 4, len(text) + 1)
            if known(text[start:end])
        ]
        for start, end in stretches:
            inside = [(s, e) for s, e in stretches if s <= start and end <= e]
            if inside == [(start, end)]:
                found.add((line, start, text[start:end]))
    for line in range(0, len(lines) - 1, 2):
        pair = lines[line] + lines[line + 1]
        if pair in couplets(corpus):
            found = {run for run in found if run[0] not in (line, line + 1)} | {(line, 0, pair)}
    return found


@pytest.fixture(scope="module")
def corpus():
    return poems(3000, seed=0)


@pytest.fixture(scope="module")
def stored(corpus):
    return NoveltyFilter.build(corpus)


def test_nothing_stored_is_overlooked(corpus, stored):
    for size in HASHES:
        assert stored.contains(sorted(pieces(corpus, size))).all()
    for length in (10, 14):
        assert stored.contains_couplets([c for c in couplets(corpus) if len(c) == length]).all()
    for poem in corpus[:200]:
        longest = stored.longest_run(poem)
        assert longest.length == 2 * len(poem[0]) and longest.text == poem[0] + poem[1]


def test_mistakes_are_as_rare_as_the_filter_says(corpus, stored):
    assert stored.filled == pytest.approx(0.5, abs=0.01)
    rng = random.Random(1)
    for size, hashes in HASHES.items():
        rate = stored.false_positive_rate(size)
        assert rate == pytest.approx(0.5**hashes, rel=0.15)
        taken = pieces(corpus, size)
        others = {"".join(rng.choices(ALPHABET, k=size)) for _ in range(40_000)} - taken
        passed = stored.contains(sorted(others)).mean()
        assert passed == pytest.approx(rate, abs=5 * np.sqrt(rate / len(others)))


def test_size(corpus, stored):
    items = sum(len(pieces(corpus, size)) for size in HASHES) + len(couplets(corpus))
    assert stored.items == items
    assert 6 < 8 * stored.bits.size / items < 10  # bits an item


@pytest.mark.parametrize("letters", ["风花雪", ALPHABET[:6], ALPHABET])
def test_runs_equal_brute_force_when_the_filter_is_large(letters):
    known = poems(60, seed=2, letters=letters)
    large = NoveltyFilter.build(known, fill=1e-4)
    asked = poems(60, seed=3, letters=letters, widths=(3, 4, 5, 6, 7, 9)) + known[:5]
    for lines in [*asked, *([a, b] for (a, *_), (b, *_) in zip(known, known[1:], strict=False))]:
        found = large.runs(lines)
        assert {(r.line, r.start, r.text) for r in found} == runs_by_brute_force(known, lines)
        assert [(r.line, r.start) for r in found] == sorted((r.line, r.start) for r in found)
        assert all(r.length == len(r.text) and r.error < 1e-6 for r in found)
        longest = max((r.length for r in found), default=0)
        answer = large.longest_run(lines)
        assert (answer.length if answer else 0) == longest


def test_both_lines_known_but_not_as_a_couplet():
    large = NoveltyFilter.build(
        [["白日依山尽", "黄河入海流"], ["欲穷千里目", "更上一层楼"]], fill=1e-3
    )
    assert [run.text for run in large.runs(["白日依山尽", "更上一层楼"])] == [
        "白日依山尽",
        "更上一层楼",
    ]
    run = large.longest_run(["今日依山尽", "更上一层天"])
    assert (run.length, run.line, run.start, run.text) == (4, 0, 1, "日依山尽")
    assert large.longest_run(["白日依水尽", "更上三层楼"]) is None


def test_error_counts_the_places_that_were_decided(stored):
    rate = stored.false_positive_rate(4)
    for lines in poems(300, seed=4, widths=(5,)):
        run = stored.longest_run(lines)
        if run and run.length == 4:
            assert run.error == pytest.approx(1 - (1 - rate) ** (2 * len(lines)))


def test_round_trip(tmp_path, stored, corpus):
    path = tmp_path / "novelty.safetensors"
    stored.save(path)
    loaded = NoveltyFilter.load(path)
    assert np.array_equal(loaded.bits, stored.bits)
    assert (loaded.items, loaded.filled) == (stored.items, stored.filled)
    assert path.stat().st_size < stored.bits.size + 1000
    lines = poems(1, seed=5)[0]
    assert loaded.runs(lines) == stored.runs(lines)


def test_the_hash_is_part_of_the_file_format():
    # If this fails, files built earlier answer wrongly: raise the format number.
    small = NoveltyFilter.build([["春风花雪月", "山水云雨日"]])
    assert small.bits.tolist() == [179, 52, 69, 151, 113, 74, 172, 35]


def test_another_format_is_refused(tmp_path):
    path = tmp_path / "novelty.safetensors"
    save_file({"bits": np.zeros(8, dtype=np.uint8)}, path, {"format": "0", "items": "1"})
    with pytest.raises(ValueError, match="format 0, expected 1; build it again"):
        NoveltyFilter.load(path)


def test_bad_arguments(stored):
    with pytest.raises(ValueError, match="expected a row of bytes"):
        NoveltyFilter(np.zeros(4), 1)
    with pytest.raises(ValueError, match="at least 4 characters"):
        NoveltyFilter.build([["春风", "花月"]])
    with pytest.raises(ValueError, match=r"expected runs of \(4, 5, 7\) characters, got 6"):
        stored.contains(["春夏秋冬风花"])


@pytest.mark.parametrize("lines", [[], [""], ["", ""], ["春", "夏秋"], ["😀" * 5, "\ud800" * 5]])
def test_odd_input(stored, lines):
    for run in stored.runs(lines):
        assert run.text in lines
    assert NoveltyFilter.build([*poems(3, seed=6), lines]).items > 0
