"""Reading triples off probabilities: against an obvious reading, and on texts of any kind."""

import itertools
import random

import pytest
import torch

from core.models.triples_decoding import (
    Stages,
    Thresholds,
    candidates,
    comparable,
    pairs,
    places,
    read_triples,
)
from core.text.spans import normalise

KINDS = (("人", "夫", "人"), ("人", "妻", "人"), ("书", "作者", "人"))
INVERSES = (("夫", "妻"),)
# One code point each: emoji, skin tone, joiner, combining accent, full width, line feed, a right-to
# left letter, a lone surrogate, a character beyond the basic plane, a flag's halves.
STRANGE = "甲乙😀\U0001f3fd\u200de\u0301Ａ　\n\t\u05d0\ud83d𠮷🇨🇳《》aA"
SEEDS = pytest.mark.parametrize("seed", range(25))


def obvious_pairs(start, end, least_start, least_end) -> list[tuple[int, int]]:
    spans = []
    for i in range(len(start)):
        if start[i] >= least_start:
            for j in range(i, len(end)):
                if end[j] >= least_end:
                    spans.append((i, j + 1))
                    break
    return spans


def obvious_triples(text, stages, thresholds, kinds, inverses) -> dict:
    """The best probability of every triple, by loops over everything."""
    best: dict[tuple[str, str, str], float] = {}

    def keep(key, probability) -> None:
        if probability >= thresholds.triple:
            best[key] = max(best.get(key, 0.0), probability)

    t = thresholds
    wanted = obvious_pairs(stages.subject_start, stages.subject_end, t.subject_start, t.subject_end)
    for row, (a, b) in enumerate(stages.subjects):
        if (a, b) not in wanted:
            continue
        for kind, (_, predicate, _) in enumerate(kinds):
            start, end = stages.object_start[row, :, kind], stages.object_end[row, :, kind]
            for c, d in obvious_pairs(start, end, t.object_start, t.object_end):
                probability = float(stages.subject_start[a]) * float(stages.subject_end[b - 1])
                probability *= float(start[c]) * float(end[d - 1])
                keep((text[a:b], predicate, text[c:d]), probability)
    for (s, p, o), probability in list(best.items()):
        for one, other in inverses:
            if p in (one, other):
                keep((o, other if p == one else one, s), probability)
    return best


def make(seed: int) -> tuple[str, Stages]:
    """A strange text that repeats itself, and probabilities of which a third are high."""
    draw, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    words = ["".join(draw.choices(STRANGE, k=draw.randint(1, 3))) for _ in range(4)]
    text = "".join(draw.choices(words, k=draw.randint(1, 9)))
    n = len(text)

    def chances(*shape: int) -> torch.Tensor:
        values = torch.rand(*shape, generator=generator)
        return values * (torch.rand(*shape, generator=generator) < 0.35)

    start, end = chances(n), chances(n)
    floor = Thresholds(subject_start=0.1, subject_end=0.1)
    subjects = tuple(candidates(start, end, floor, 1000))
    size = (len(subjects), n, len(KINDS))
    return text, Stages(start, end, subjects, chances(*size), chances(*size))


def levels(seed: int) -> Thresholds:
    draw = random.Random(seed)
    names = ("subject_start", "subject_end", "object_start", "object_end")
    return Thresholds(
        **{name: draw.uniform(0.1, 0.8) for name in names}, triple=draw.choice([0.0, 0.1])
    )


@SEEDS
def test_decoding_is_the_obvious_one(seed) -> None:
    text, stages = make(seed)
    thresholds = levels(seed)
    found = read_triples(text, stages, thresholds, KINDS, INVERSES)
    wanted = obvious_triples(text, stages, thresholds, KINDS, INVERSES)
    mine = {(t.subject, t.predicate, t.object): t.probability for t in found}
    assert len(mine) == len(found)
    assert mine == pytest.approx(wanted)
    probabilities = [triple.probability for triple in found]
    assert probabilities == sorted(probabilities, reverse=True)


@SEEDS
def test_every_place_is_an_exact_slice_of_the_text(seed) -> None:
    text, stages = make(seed)
    low = Thresholds(subject_start=0.1, subject_end=0.1, object_start=0.1, object_end=0.1)
    for triple in read_triples(text, stages, low, KINDS, INVERSES):
        for name, place, all_places in (
            (triple.subject, triple.subject_place, triple.subject_places),
            (triple.object, triple.object_place, triple.object_places),
        ):
            assert text[slice(*place)] == name and place in all_places
            obvious = [
                (i, j)
                for i, j in itertools.combinations(range(len(text) + 1), 2)
                if text[i:j] == name
            ]
            assert list(all_places) == obvious
    assert len(normalise(text)) == len(text)  # so what the model read has the same offsets


@SEEDS
def test_stored_probabilities_serve_all_thresholds_above_the_floor(seed) -> None:
    text, stages = make(seed)
    values = sorted({*stages.subject_start.tolist(), *stages.subject_end.tolist(), 0.1, 1.0})
    draw = random.Random(seed)
    for _ in range(20):
        start, end = (max(0.1, draw.choice(values)) for _ in range(2))
        wanted = pairs(stages.subject_start, stages.subject_end, start, end)
        expected = obvious_pairs(stages.subject_start, stages.subject_end, start, end)
        assert wanted == expected
        assert set(wanted) <= set(stages.subjects)
    # And nothing was read in vain: every candidate is the answer to some thresholds.
    for a, b in stages.subjects:
        start, end = float(stages.subject_start[a]), float(stages.subject_end[b - 1])
        assert (a, b) in pairs(stages.subject_start, stages.subject_end, start, end)


def test_candidates_are_limited_to_the_most_probable() -> None:
    start = torch.tensor([0.9, 0.2, 0.8, 0.0])
    end = torch.tensor([0.3, 0.9, 0.0, 0.5])
    floor = Thresholds(subject_start=0.1, subject_end=0.1)
    assert candidates(start, end, floor, 99) == [(0, 1), (0, 2), (1, 2), (2, 4)]
    assert candidates(start, end, floor, 2) == [(0, 2), (2, 4)]
    assert candidates(start, end, floor, 0) == []


def test_two_mentions_are_one_triple_and_the_better_one_is_named() -> None:
    text = "甲甲乙"
    start = torch.tensor([0.6, 0.9, 0.0])
    end = torch.tensor([0.9, 0.9, 0.0])
    objects = torch.zeros(2, 3, 3)
    objects[:, 2, 2] = 0.8
    stages = Stages(start, end, ((0, 1), (1, 2)), objects, objects)
    (triple,) = read_triples(text, stages, Thresholds(), KINDS)
    assert (triple.subject, triple.predicate, triple.object) == ("甲", "作者", "乙")
    assert triple.subject_place == (1, 2) and triple.subject_places == ((0, 1), (1, 2))
    assert (triple.subject_type, triple.object_type) == ("书", "人")
    assert triple.probability == pytest.approx(0.9 * 0.9 * 0.8 * 0.8)
    assert read_triples(text, stages, Thresholds(triple=0.6), KINDS) == []


def test_a_triple_with_an_inverse_is_told_from_both_ends() -> None:
    start = end = torch.tensor([0.9, 0.1])
    objects = torch.zeros(1, 2, 3)
    objects[0, 1, 0] = 0.8
    stages = Stages(start, end, ((0, 1),), objects, objects)
    one, other = read_triples("甲乙", stages, Thresholds(), KINDS, INVERSES)
    assert (one.key, one.inferred) == (("甲", "夫", "乙"), False)
    assert (other.key, other.inferred) == (("乙", "妻", "甲"), True)
    assert other.subject_place == (1, 2) and other.object_place == (0, 1)


def test_a_forced_subject_is_certain() -> None:
    start = end = torch.tensor([0.0, 0.1])
    objects = torch.zeros(1, 2, 3)
    objects[0, 1, 2] = 0.8
    stages = Stages(start, end, ((0, 1),), objects, objects)
    assert read_triples("甲乙", stages, Thresholds(), KINDS) == []
    (triple,) = read_triples("甲乙", stages, Thresholds(), KINDS, forced=[(0, 1), (1, 2)])
    assert triple.subject_probability == 1.0
    assert triple.probability == pytest.approx(0.64)


def test_places_overlap_and_an_empty_name_has_none() -> None:
    assert places("aaa", "aa") == [(0, 2), (1, 3)]
    assert places("abc", "") == [] and places("", "a") == []
    assert places("e\u0301e", "e") == [(0, 1), (2, 3)]


def test_what_is_compared() -> None:
    assert comparable("《TFBoys》") == "tfboys"
    assert comparable(" 《山歌 》 ") == "山歌"
    assert comparable("山《歌》集") == "山《歌》集"


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_thresholds_are_probabilities(value) -> None:
    with pytest.raises(ValueError, match="object_end between 0 and 1"):
        Thresholds(object_end=value)
