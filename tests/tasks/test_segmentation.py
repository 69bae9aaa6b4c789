"""Words that cover the text, differences, the trellis and its edits, on tiny models."""

import itertools
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.tasks import segmentation
from core.tasks.lattices import parse_edits
from tests import laws
from tests.tasks.test_tagging import ADVERSARIAL

pytestmark = pytest.mark.usefixtures("tiny_taggers")

TEXT = "春江花月夜，东风送客入江南。"


def check(text: str, cut: segmentation.Cut) -> None:
    """Words are slices that cover the text, and white space is alone."""
    place = 0
    for word in cut.words:
        assert word.start == place < word.end
        assert text[word.start : word.end] == word.text
        assert word.confidence is None or 0 <= word.confidence <= 1
        if cut.method in segmentation.TAGGERS and len(word.text) > 1:
            assert not any(char.isspace() for char in word.text)
        place = word.end
    assert place == len(text)


@pytest.mark.parametrize("text", ADVERSARIAL, ids=range(len(ADVERSARIAL)))
def test_words_are_slices_of_whatever_was_typed(text) -> None:
    for cut in segmentation.segment(text).cuts:
        check(text, cut)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(
        st.one_of(st.characters(), st.sampled_from("东风\ud800 \n😀")), min_size=1, max_size=450
    )
)
def test_words_are_slices_of_any_text(text) -> None:
    if text.strip():
        for cut in segmentation.segment(text, words="东风\n风 东").cuts:
            assert "".join(word.text for word in cut.words) == text


def test_differences_are_the_smallest_stretches_that_disagree() -> None:
    found = segmentation.segment(TEXT)
    borders = [{0, *(word.end for word in cut.words)} for cut in found.cuts]
    common = set.intersection(*borders)
    inside = set()
    for one in found.differences:
        assert {one.start, one.end} <= common and one.text == TEXT[one.start : one.end]
        assert not common & set(range(one.start + 1, one.end))
        assert len(set(one.readings.values())) > 1
        assert all("".join(words) == one.text for words in one.readings.values())
        inside.update(range(one.start + 1, one.end))
    outside = [b - inside for b in borders]
    assert all(b == outside[0] for b in outside)


def test_same_answer_alone_or_in_a_crowd() -> None:
    texts = [TEXT, "春", TEXT * 30, "东风 江南"]

    def same(alone, crowd) -> None:
        assert [[w.text for w in c.words] for c in alone.cuts] == [
            [w.text for w in c.words] for c in crowd.cuts
        ]

    laws.same_in_any_company([lambda text=text: segmentation.segment(text) for text in texts], same)


def test_own_words_are_found_by_every_method() -> None:
    words = "夜东风"
    text = "春江花月夜东风送客"
    for cut in segmentation.segment(text, words=words, bonus=20).cuts:
        assert words in [word.text for word in cut.words], cut.method
    plain = segmentation.segment(text)
    again = segmentation.segment(text, words=words, bonus=0)
    for before, after in zip(plain.cuts[:4], again.cuts[:4], strict=True):
        assert before.words == after.words


def test_only_markov_models_have_a_likelihood() -> None:
    found = {cut.method: cut.log_likelihood for cut in segmentation.segment(TEXT).cuts}
    assert all((value is not None) == name.startswith("hmm-") for name, value in found.items())
    for name in ("hmm-guessed", "hmm-counted", "hmm-baum-welch"):
        wanted = segmentation.lattice(TEXT, name).log_partition
        assert found[name] == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize("text", ["", " \n", "字" * 20_001, "字" * 100_000])
def test_texts_that_are_refused_with_a_sentence(text) -> None:
    for call in (segmentation.segment, segmentation.lattice, segmentation.graph):
        with pytest.raises(InputError) as caught:
            call(text)
        assert caught.value.zh != caught.value.en


def test_wrong_choices_are_refused() -> None:
    for call in (
        lambda: segmentation.segment(TEXT, ("crf", "jieba")),
        lambda: segmentation.segment(TEXT, bonus=-1),
        lambda: segmentation.lattice(TEXT, "forward"),
        lambda: segmentation.lattice(TEXT, steps="S>B=1.5"),
        lambda: segmentation.lattice(TEXT, pins="0=E"),
    ):
        with pytest.raises(InputError):
            call()


# The trellis


@pytest.mark.parametrize("model", segmentation.TAGGERS)
@pytest.mark.parametrize(
    "edits", [("", ""), ("2=S", ""), ("", "S>B=0.25"), ("0=B", "B>M=x E>S=0.5")]
)
def test_edits_equal_a_constrained_decoding_by_enumeration(model, edits) -> None:
    text = "春江花月夜"
    plain = segmentation.lattice(text, model)
    pins, steps = edits
    parsed = parse_edits(pins, steps, plain.tags, len(text))
    tables = [list(row) for row in plain.transitions]
    for (a, b), value in parsed.steps.items():
        i, j = plain.tags.index(a), plain.tags.index(b)
        if model == "crf":
            tables[i][j] = value
            continue
        p = value or 0.0
        row = [0.0 if v is None else math.exp(v) for v in tables[i]]
        rest = sum(row) - row[j]
        row = [p if k == j else v * (1 - p) / rest for k, v in enumerate(row)]
        tables[i] = [math.log(v) if v > 0 else None for v in row]
    scored = []
    for rows in itertools.product(range(4), repeat=len(text)):
        if any(plain.tags[rows[place]] != tag for place, tag in parsed.pins.items()):
            continue
        terms = [plain.start[rows[0]], plain.end[rows[-1]]]
        terms += [plain.emissions[t][row] for t, row in enumerate(rows)]
        terms += [tables[a][b] for a, b in itertools.pairwise(rows)]
        if None not in terms:
            scored.append((sum(terms), tuple(plain.tags[row] for row in rows)))
    scored.sort(reverse=True)
    found = segmentation.lattice(text, model, paths=3, pins=pins, steps=steps)
    log_z = math.log(sum(math.exp(score) for score, _ in scored))
    assert found.log_partition == pytest.approx(log_z, abs=1e-3)
    assert found.cached and found.paths[0].tags == scored[0][1]
    for path, (score, _) in zip(found.paths, scored, strict=False):
        assert path.score == pytest.approx(score, abs=1e-3)
    if model != "crf":
        for row in found.transitions:
            assert sum(math.exp(v) for v in row if v is not None) == pytest.approx(1, abs=1e-3)


def test_trellis_agrees_with_the_segmentation() -> None:
    for cut in segmentation.segment(TEXT, segmentation.TAGGERS).cuts:
        spans = segmentation.lattice(TEXT, cut.method).paths[0].spans
        assert [(w.start, w.end) for w in cut.words] == [(s.start, s.end) for s in spans]


# The graph of words


def test_graph_holds_every_word_and_the_chosen_ways() -> None:
    found = segmentation.graph(TEXT, words="花月夜\n没有")
    edges = {(edge.start, edge.end) for edge in found.edges}
    assert (2, 5) in edges
    assert [edge.text for edge in found.edges if edge.own] == ["花月夜"]
    for cut in found.cuts:
        check(TEXT, cut)
        assert {(word.start, word.end) for word in cut.words} <= edges
    for edge in found.edges:
        assert TEXT[edge.start : edge.end] == edge.text
    assert found.ways == count_ways(len(TEXT), edges)
    best = max(
        sum(
            next(e.log_probability for e in found.edges if (e.start, e.end) == step) for step in way
        )
        for way in ways_through(5, {step for step in edges if step[1] <= 5})
    )
    assert segmentation.graph(TEXT[:5], words="花月夜").log_probability == pytest.approx(
        best, abs=1e-2
    )


def count_ways(length: int, edges: set[tuple[int, int]]) -> float:
    return sum(1.0 for _ in ways_through(length, edges))


def ways_through(end: int, edges: set[tuple[int, int]], start: int = 0):
    """All paths from `start` to `end`, one by one."""
    if start == end:
        yield ()
    for edge in sorted(edges):
        if edge[0] == start:
            for rest in ways_through(end, edges, edge[1]):
                yield (edge, *rest)
