"""Chinese word segmentation: seven methods side by side, the Markov trellis, the graph of words.

* `crf`: characters tagged by a BiLSTM with a CRF (weights `cws-pku`);
* `hmm-guessed`, `hmm-counted`, `hmm-baum-welch`: the hidden Markov model of post 3922 with transitions
  guessed by hand, counted from segmented text, and learned without it (weights `hmm-pku`);
* `forward`, `backward`: maximum matching from either side; `unigram`: the words of highest joint
  probability (the dictionary of `hmm-pku`).

All answer with slices: `text[word.start:word.end]` is the word, and the words cover the text. White space
is always a word of its own, since no training text has any. The visitor's own words score a bonus in the
taggers and count as most frequent in the dictionary.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from core import hub, runtime
from core.errors import check_choice, check_range
from core.models import hmm
from core.models.chain import Chain
from core.models.hmm import HMMSegmenter
from core.models.hmm import Lattice as WordLattice
from core.models.tagger import Tagger
from core.runtime import Timing
from core.tasks import lattices
from core.tasks._texts import Name, check_text, parse_names, places, rows_of
from core.tasks.lattices import Cache, Lattice, Scores, confidence
from core.text.characters import PADDING, encode_texts
from core.text.spans import Chunk, chunks, stitch
from core.text.tags import Span
from core.text.vocabulary import Vocabulary

TAGGERS = ("crf", "hmm-guessed", "hmm-counted", "hmm-baum-welch")
MATCHERS = ("forward", "backward", "unigram")
METHODS = (*TAGGERS, *MATCHERS)
WEIGHTS = {"crf": "cws-pku"}  # all others: "hmm-pku"
MARKOV = "hmm-pku"

MAX_CHARACTERS = 20_000
MAX_GRAPH = 120
PIECE, OVERLAP = 200, 40  # characters
BATCH = 32
MAX_BONUS = 20.0  # nats per character


@dataclass(frozen=True)
class Word:
    """A word; `text` is the slice `[start:end]`. Only taggers are more or less sure."""

    start: int
    end: int
    text: str
    confidence: float | None


@dataclass(frozen=True)
class Cut:
    """One method's words."""

    method: str
    weights: str
    words: tuple[Word, ...]
    log_likelihood: float | None  # of the characters, in nats; only Markov models have one


@dataclass(frozen=True)
class Difference:
    """A stretch between two borders common to all methods, within which they do not agree."""

    start: int
    end: int
    text: str
    readings: Mapping[str, tuple[str, ...]]  # method -> its words


@dataclass(frozen=True)
class Segmentation:
    """One text cut by several methods."""

    text: str
    cuts: tuple[Cut, ...]
    differences: tuple[Difference, ...]
    timing: Timing


@dataclass(frozen=True)
class Edge:
    """A word of the dictionary, or of the visitor's own, as it stands in a text."""

    start: int
    end: int
    text: str
    log_probability: float
    known: bool  # false for a character that only stands for itself
    own: bool


@dataclass(frozen=True)
class WordGraph:
    """All words that stand in a text, and the ways through them."""

    text: str
    edges: tuple[Edge, ...]
    cuts: tuple[Cut, ...]  # forward, backward, unigram
    log_probability: float  # of the unigram path
    ways: float  # number of paths through the graph
    timing: Timing


# -- verbs ----------------------------------------------------------------------------------------


def segment(
    text: str,
    methods: Sequence[str] = METHODS,
    *,
    words: str = "",
    bonus: float = 4.0,
) -> Segmentation:
    """Cut a text of up to 20,000 characters into words by each method.

    `words` are the visitor's own, one a line. Raises `InputError` for an empty or too long text, an
    unknown method, and words that cannot be read.
    """
    for method in methods:
        check_choice("method", method, METHODS, zh="方法")
    check_text(text, MAX_CHARACTERS)
    check_range("bonus", bonus, 0, MAX_BONUS, zh="加分")
    own = parse_names(words, ())
    cuts, timing = [], None
    lattice: tuple[WordLattice, Timing] | None = None
    for method in dict.fromkeys(methods):
        if method in TAGGERS:
            cut, took = _tagged(text, method, own, bonus)
        else:
            fresh = lattice is None
            lattice = lattice or _word_lattice(text, own)
            cut, took = _matched(text, method, lattice[0]), lattice[1]
            took = took if fresh else replace(took, compute_ms=0.0, queue_ms=0.0)
        cuts.append(cut)
        timing = took if timing is None else timing + took
    assert timing is not None
    return Segmentation(text, tuple(cuts), differences(text, cuts), timing)


def lattice(
    text: str,
    model: str = "hmm-guessed",
    *,
    paths: int = 5,
    pins: str = "",
    steps: str = "",
) -> Lattice:
    """The trellis of one sentence of up to 60 characters under a Markov model or the CRF.

    Edits are described in `core.tasks.lattices`. For a Markov model an edited step is a probability,
    and the other steps from its tag share the rest.
    """
    check_choice("model", model, TAGGERS, zh="模型")
    lattices.check_size(text, paths)
    edits = lattices.parse_edits(pins, steps, hmm.TAGS.tags, len(text))
    digest = hub.locate(_weights(model)).hash
    scores, cached = _cache.get((model, digest, text), lambda: _sentence_scores(text, model))
    return lattices.explore(
        text,
        hmm.TAGS,
        scores,
        edits,
        paths=paths,
        probabilities=model != "crf",
        cached=cached,
    )


def graph(text: str, *, words: str = "") -> WordGraph:
    """All dictionary words in a text of up to 120 characters, and three ways to choose among them."""
    check_text(text, MAX_GRAPH, en="Keep a sentence or two.", zh="请只留一两句。")
    own = parse_names(words, ())
    found, timing = _word_lattice(text, own)
    started = time.perf_counter()
    theirs = {(place.start, place.end) for place in places(text, own)}
    rarest = min(log_p for each in found.starts for log_p in each.values())
    edges = tuple(
        Edge(
            start,
            start + length,
            text[start : start + length],
            round(log_p, 4),
            known=length > 1 or log_p > rarest,
            own=(start, start + length) in theirs,
        )
        for start, each in enumerate(found.starts)
        for length, log_p in sorted(each.items())
    )
    cuts = tuple(_matched(text, method, found) for method in MATCHERS)
    ways = [0.0] * len(text) + [1.0]
    for start in range(len(text) - 1, -1, -1):
        ways[start] = sum(ways[start + length] for length in found.starts[start])
    best = {(edge.start, edge.end): edge.log_probability for edge in edges}
    log_p = sum(best[word.start, word.end] for word in cuts[-1].words)
    spent = 1000 * (time.perf_counter() - started)
    timing = replace(timing, compute_ms=timing.compute_ms + spent)
    return WordGraph(text, edges, cuts, round(log_p, 4), ways[0], timing)


def differences(text: str, cuts: Sequence[Cut]) -> tuple[Difference, ...]:
    """Where methods disagree, cut as small as their common borders allow."""
    if not cuts:
        return ()
    borders = [{word.end for word in cut.words} for cut in cuts]
    common = sorted(set.intersection(*borders))
    found = []
    places = [0] * len(cuts)  # the next word of each method
    start = 0
    for end in common:
        readings = {}
        for i, cut in enumerate(cuts):
            first = places[i]
            while places[i] < len(cut.words) and cut.words[places[i]].end <= end:
                places[i] += 1
            readings[cut.method] = tuple(word.text for word in cut.words[first : places[i]])
        if len(set(readings.values())) > 1:
            found.append(Difference(start, end, text[start:end], readings))
        start = end
    return tuple(found)


# -- weights --------------------------------------------------------------------------------------


def _weights(method: str) -> str:
    return WEIGHTS.get(method, MARKOV)


def vocabulary_of(weights: str) -> Vocabulary:
    """The characters that the models of a weights name know."""
    return _vocabulary(hub.locate(weights).path("vocab.json"))


@lru_cache(maxsize=8)
def _vocabulary(path: Path) -> Vocabulary:
    return Vocabulary.from_json(path)


_cache = Cache()


# -- functions that run beside the model, on its device -------------------------------------------


def _network(model: Tagger, *, characters: Tensor, extra: Tensor) -> dict[str, Tensor]:
    """The CRF's best tags."""
    emissions = model.emissions(characters) + extra
    return _decoded(model.chain_of(emissions, characters != PADDING))


def _markov(
    model: HMMSegmenter, *, characters: Tensor, extra: Tensor, tables: str
) -> dict[str, Tensor]:
    """A Markov model's best tags."""
    chain = hmm.chain(model.tables(tables), characters)
    likelihood = chain.double().log_partition()
    return _decoded(replace(chain, emissions=chain.emissions + extra)) | {"likelihood": likelihood}


def _decoded(chain: Chain) -> dict[str, Tensor]:
    chain = chain.double()
    tags = chain.viterbi().tags
    along = chain.along(tags)
    return {"tags": tags, "alone": along.alone, "chained": along.chained}


def _network_sentence(model: Tagger, *, characters: Tensor) -> dict[str, Tensor]:
    emissions = model.emissions(characters)
    return _undecoded(model.chain_of(emissions, characters != PADDING, legal=False))


def _markov_sentence(model: HMMSegmenter, *, characters: Tensor, tables: str) -> dict[str, Tensor]:
    return _undecoded(hmm.chain(model.tables(tables), characters, legal=False))


def _undecoded(chain: Chain) -> dict[str, Tensor]:
    """Emissions, and the other scores once per row."""
    count = len(chain.emissions)
    return {
        "emissions": chain.emissions,
        "transitions": chain.transitions.expand(count, -1, -1),
        "start": chain.start.expand(count, -1),
        "end": chain.end.expand(count, -1),
    }


def _look_up(model: HMMSegmenter, *, characters: Tensor) -> dict[str, Tensor]:
    """Dictionary words by place and length, and the extremes of the dictionary."""
    log_p = hmm.log_probabilities(model.get_buffer("word_log_frequency"))
    rarest, highest = hmm.extremes(log_p)
    return {
        "found": hmm.find_words(characters, model.get_buffer("word_hashes"), log_p),
        "rarest": characters.new_full((len(characters),), rarest, dtype=torch.float),
        "highest": characters.new_full((len(characters),), highest, dtype=torch.float),
    }


# -- helpers --------------------------------------------------------------------------------------


def _tagged(text: str, method: str, own: Sequence[Name], bonus: float) -> tuple[Cut, Timing]:
    """A tagger's words."""
    weights = _weights(method)
    pieces = chunks(text, PIECE, OVERLAP)
    rows = {
        "characters": rows_of(encode_texts([text], vocabulary_of(weights))[0], pieces),
        "extra": rows_of(_extra(text, own, bonus), pieces),
    }
    if method == "crf":
        out, timing = runtime.run(weights, _network, rows, ragged=tuple(rows), max_rows=BATCH)
    else:
        out, timing = runtime.run(
            weights,
            _markov,
            rows,
            ragged=tuple(rows),
            max_rows=BATCH,
            tables=method.removeprefix("hmm-"),
        )
    words = tuple(_words(text, pieces, out))
    likelihood = None
    if "likelihood" in out and all(p.start == p.first and p.end == p.last for p in pieces):
        likelihood = round(float(out["likelihood"].sum()), 3)  # no character was read twice
    return Cut(method, weights, words, likelihood), timing


def _words(text: str, pieces: Sequence[Chunk], out: Mapping[str, Tensor]) -> Iterable[Word]:
    """Words from the tags of pieces; borders between pieces that disagree become borders of words."""
    sure: dict[Span, float] = {}
    found = []
    for i, (piece, row) in enumerate(zip(pieces, out["tags"].tolist(), strict=True)):
        length = piece.end - piece.start
        spans = hmm.TAGS.decode([hmm.TAGS.tags[tag] for tag in row[:length]])
        found.append(spans)
        for s, e, _ in spans:
            whole = Span(piece.start + s, piece.start + e, "")
            if piece.first <= whole.start < piece.last:
                sure[whole] = confidence(out["alone"][i], out["chained"][i], s, e)
    place = 0
    for span in stitch(pieces, found):
        if span.start > place:  # left over where two pieces disagree across their border
            yield Word(place, span.start, text[place : span.start], 0.0)
        yield Word(span.start, span.end, text[span.start : span.end], sure[span])
        place = span.end
    if place < len(text):
        yield Word(place, len(text), text[place:], 0.0)


def _extra(text: str, own: Sequence[Name], bonus: float) -> Tensor:
    """What is added to the emissions `(length, tags)`: a bonus for own words, and lonely spaces."""
    extra = torch.zeros(len(text), len(hmm.TAGS.tags))
    covered: set[int] = set()
    for place in places(text, own):
        length = place.end - place.start
        covered.update(range(place.start, place.end))
        for t, name in enumerate(hmm.TAGS.encode(length, [Span(0, length, "")]), start=place.start):
            extra[t, hmm.TAGS.index[name]] = bonus
    spaces = [t for t, char in enumerate(text) if char.isspace() and t not in covered]
    single = extra[spaces, hmm.TAGS.index["S"]]
    extra[spaces] = -torch.inf
    extra[spaces, hmm.TAGS.index["S"]] = single
    return extra


def _word_lattice(text: str, own: Sequence[Name]) -> tuple[WordLattice, Timing]:
    rows = {"characters": encode_texts([text], vocabulary_of(MARKOV))}
    out, timing = runtime.run(MARKOV, _look_up, rows, ragged=tuple(rows), max_rows=BATCH)
    started = time.perf_counter()
    found = WordLattice.of_scores(
        text,
        out["found"][0, : len(text)],
        float(out["rarest"][0]),
        float(out["highest"][0]),
        [name.text for name in own],
    )
    spent = 1000 * (time.perf_counter() - started)
    return found, replace(timing, compute_ms=timing.compute_ms + spent)


_MATCH = {
    "forward": WordLattice.forward_match,
    "backward": WordLattice.backward_match,
    "unigram": WordLattice.unigram,
}


def _matched(text: str, method: str, found: WordLattice) -> Cut:
    """A dictionary method's words."""
    spans = hmm.spans_of(_MATCH[method](found))
    words = tuple(Word(s, e, text[s:e], None) for s, e, _ in spans)
    return Cut(method, MARKOV, words, None)


def _sentence_scores(text: str, model: str) -> Scores:
    weights = _weights(model)
    rows = {"characters": encode_texts([text], vocabulary_of(weights))}
    if model == "crf":
        out, timing = runtime.run(weights, _network_sentence, rows, ragged=tuple(rows))
    else:
        out, timing = runtime.run(
            weights, _markov_sentence, rows, ragged=tuple(rows), tables=model.removeprefix("hmm-")
        )
    scores = Scores.of(out, timing, len(text))
    return replace(scores, emissions=scores.emissions + _extra(text, (), 0.0).double())
