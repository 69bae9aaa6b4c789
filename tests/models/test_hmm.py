"""The hidden Markov segmenter against enumeration, Baum-Welch's law, dictionary matching."""

import itertools
import math
import random

import pytest
import torch

from core.models.hmm import (
    TAGS,
    Counts,
    HMMSegmenter,
    HMMSegmenterConfig,
    Lattice,
    Tables,
    baum_welch,
    chain,
    count_sentences,
    count_words,
    guessed_start,
    guessed_transitions,
    spans_of,
    store_words,
)
from core.text.characters import KNOWN, PADDING, UNKNOWN, encode_texts
from core.text.tags import split_words, word_spans
from core.text.vocabulary import Vocabulary

LETTERS = Vocabulary("abcde")
SIZE = len(LETTERS) + KNOWN


def random_tables(seed: int = 0) -> Tables:
    generator = torch.Generator().manual_seed(seed)
    counts = Counts(
        torch.rand(4, generator=generator),
        torch.rand(4, 4, generator=generator),
        torch.rand(4, SIZE, generator=generator),
    )
    return counts.tables()


def random_texts(seed: int, count: int = 12) -> torch.Tensor:
    generator = random.Random(seed)
    texts = ["".join(generator.choices("abcde", k=generator.randint(1, 6))) for _ in range(count)]
    return encode_texts(texts, LETTERS)


def test_viterbi_and_likelihood_equal_enumeration() -> None:
    tables, characters = random_tables(), random_texts(0)
    made = chain(tables, characters)
    best, log_likelihood = made.viterbi(), made.log_partition()
    end = [0.0 if may else -math.inf for may in TAGS.legal.end]
    for row, length in enumerate(made.lengths.tolist()):
        scored = []
        for path in itertools.product(range(4), repeat=length):
            log_p = float(tables.start[path[0]]) + end[path[-1]]
            for t, tag in enumerate(path):
                log_p += float(tables.emissions[tag, characters[row, t]])
                log_p += float(tables.transitions[path[t - 1], tag]) if t else 0.0
            scored.append((log_p, path))
        assert tuple(best.tags[row, :length].tolist()) == max(scored)[1]
        total = torch.tensor([log_p for log_p, _ in scored]).logsumexp(0)
        torch.testing.assert_close(log_likelihood[row], total)


@pytest.mark.parametrize("seed", range(4))
def test_baum_welch_never_lowers_the_likelihood(seed) -> None:
    tables, texts = random_tables(seed), random_texts(seed, 30)
    before = -math.inf
    for _ in range(12):
        tables, likelihood = baum_welch(tables, texts.split(7))
        assert likelihood >= before - 1e-4
        before = likelihood
        for part in (tables.start, tables.transitions, tables.emissions):
            torch.testing.assert_close(part.exp().sum(dim=-1), torch.ones_like(part[..., 0]))


def test_baum_welch_learns_and_keeps_what_is_impossible() -> None:
    first, texts = random_tables(), random_texts(1, 40)
    tables = first
    for _ in range(20):
        tables, likelihood = baum_welch(tables, [texts])
    assert likelihood > float(chain(first, texts).log_partition().sum()) + 1
    assert torch.equal(tables.transitions == -math.inf, ~torch.tensor(TAGS.legal.transitions))


def test_guessed_numbers_are_the_posts() -> None:
    matrix = guessed_transitions().exp()
    torch.testing.assert_close(matrix.sum(dim=1), torch.ones(4))
    b, m, e, s = (TAGS.index[tag] for tag in "BMES")
    assert [round(float(matrix[x]), 3) for x in ((b, e), (m, m), (e, s), (s, b))] == [
        0.7,
        0.3,
        0.3,
        0.7,
    ]
    assert torch.equal(matrix == 0, ~torch.tensor(TAGS.legal.transitions))
    torch.testing.assert_close(guessed_start().exp().sum(), torch.tensor(1.0))


def test_counts_of_words_and_of_sentences() -> None:
    counts = count_words({"abc": 2, "d": 3}, LETTERS)
    a, b, c, d = (LETTERS.index[char] + KNOWN for char in "abcd")
    tags = TAGS.index
    assert counts.emissions[tags["B"], a] == 2 and counts.emissions[tags["M"], b] == 2
    assert counts.emissions[tags["E"], c] == 2 and counts.emissions[tags["S"], d] == 3
    assert counts.emissions.sum() == 9

    characters = encode_texts(["abc", "da"], LETTERS)
    numbers = [[tags[tag] for tag in TAGS.encode(3, word_spans(["ab", "c"]))]]
    numbers.append([tags["S"], tags["S"], 0])
    seen = count_sentences(characters, torch.tensor(numbers), SIZE)
    assert seen.start.tolist() == [1, 0, 0, 1]
    assert seen.transitions[tags["E"], tags["S"]] == 1
    assert seen.transitions[tags["S"], tags["S"]] == 1
    assert seen.transitions.sum() == 3 and seen.emissions.sum() == 5
    assert seen.emissions[:, PADDING].sum() == 0
    tables = seen.tables(smoothing=1.0)
    torch.testing.assert_close(tables.emissions.exp().sum(dim=1), torch.ones(4))
    assert bool((tables.emissions > -math.inf).all())


def test_a_row_never_seen_becomes_uniform() -> None:
    tables = Counts(torch.zeros(4), torch.zeros(4, 4), torch.zeros(4, SIZE)).tables()
    torch.testing.assert_close(tables.start.exp(), torch.tensor([0.5, 0, 0, 0.5]))
    torch.testing.assert_close(tables.emissions.exp(), torch.full((4, SIZE), 1 / SIZE))


def lattice(text: str, extra: tuple[str, ...] = ()) -> Lattice:
    words = {"a": 5, "b": 5, "c": 5, "ab": 9, "abc": 3, "cd": 8, "de": 2, "bcd": 1, "z": 9}
    return Lattice.of(text, LETTERS, *store_words(words, LETTERS), extra)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("forward_match", ["abc", "d", "a"]),
        ("backward_match", ["a", "bcd", "a"]),
        ("unigram", ["ab", "cd", "a"]),
    ],
)
def test_dictionary_methods(method, words) -> None:
    text = "abcda"
    found = split_words(text, spans_of(getattr(lattice(text), method)()))
    assert "".join(found) == text
    assert found == words


def test_unigram_finds_the_best_of_all_cuts() -> None:
    generator = random.Random(0)
    for _ in range(40):
        text = "".join(generator.choices("abcdex", k=generator.randint(1, 7)))
        starts = lattice(text).starts

        def worth(lengths, starts=starts) -> float:
            place, total = 0, 0.0
            for length in lengths:
                total += starts[place].get(length, -math.inf)
                place += length
            return total

        cuts = [
            [b - a for a, b in itertools.pairwise((0, *inner, len(text)))]
            for k in range(len(text))
            for inner in itertools.combinations(range(1, len(text)), k)
        ]
        best = max(map(worth, cuts))
        assert worth(lattice(text).unigram()) == pytest.approx(best)


def test_words_of_the_user_are_found_and_odd_texts_survive() -> None:
    text = "xxabxxa"
    assert lattice(text, ("xxa",)).forward_match() == [3, 1, 3]
    assert lattice("").forward_match() == lattice("").backward_match() == []
    assert lattice("").unigram() == []
    odd = "😀\x00ａ"
    assert sum(lattice(odd).backward_match()) == len(odd)


def test_stored_tables_come_back() -> None:
    words, logs = store_words({"ab": 3, "c": 2, "unknown": 1}, LETTERS)
    assert len(words) == 2 and torch.equal(words, words.sort().values)
    model = HMMSegmenter(HMMSegmenterConfig(vocab_size=SIZE, words=2))
    tables = random_tables()
    for name in model.MODELS:
        model.store(name, tables)
        assert all(torch.equal(a, b) for a, b in zip(model.tables(name), tables, strict=True))
    model.store_dictionary(words, logs)
    assert model.dictionary("abc", LETTERS).forward_match() == [2, 1]
    outputs = model.golden({"input.characters": encode_texts(["abc"], LETTERS)})
    assert outputs["output.guessed.tags"].shape == (1, 3)
    with pytest.raises(ValueError, match="baum-welch"):
        model.tables("crf")


def test_unknown_characters_are_one_symbol() -> None:
    tables = random_tables()
    one, other = (chain(tables, encode_texts([text], LETTERS)) for text in ("a文b", "a字b"))
    assert torch.equal(one.emissions, other.emissions)
    assert torch.equal(one.emissions[0, 1], tables.emissions[:, UNKNOWN])
