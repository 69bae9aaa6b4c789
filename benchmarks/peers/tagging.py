"""Our word segmenter and entity tagger against installable Chinese taggers that ship weights.

Every package reads the same sentences in the same run, on one thread, text in and spans out; loading is
not counted. A span counts when its start, end and type are right. Entities of taggers that only know
parts of speech are their words tagged as names of persons, places and organisations.

What the numbers can say: every package follows the standard it was trained on, so F1 on one test set tells
how well that standard agrees with the test as much as how well a package segments. Several were trained
on the People's Daily of 1998, some on the very text that a dev part is taken from. Ours were trained on
the train part that belongs to the test.
"""

import contextlib
import io
import platform
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import torch

from benchmarks.peers import Options
from benchmarks.quality import Options as QualityOptions
from benchmarks.quality.spans import read_sentences
from benchmarks.quality.tagging import find_spans, score
from benchmarks.tagging_data import Sentence
from core import hub
from core.models.tagger import Tagger
from core.text.tags import Span
from core.text.vocabulary import Vocabulary

Read = Callable[[str], Iterable[Span]]
OURS = {"words": "cws-pku", "entities": "ner-msra"}
MEASURES = ("f1", "precision", "recall", "chars_per_second", "one_by_one")


@dataclass(frozen=True)
class Peer:
    """A package of others: `load` returns what reads a text."""

    package: str
    load: Callable[[], Read]
    note: str = ""


def run(options: Options) -> dict[str, Any]:
    """`words` and `entities`, each a table of packages, as far as `options.data` has files for them.

    A row has `f1`, `precision`, `recall`, `chars_per_second` (as fast as the package can: ours in
    batches, the others know none), `one_by_one` (characters a second, sentence by sentence),
    `load_seconds`, `version`; or `error` where a package cannot be had. Raises `ValueError` without a
    file to read.
    """
    if not options.data:
        raise ValueError(
            "the comparison reads sentences: --data FILE [FILE], words between spaces (pd1998.dev) "
            "or JSON lines with entities (msra.dev); see docs/data.md"
        )
    figures: dict[str, Any] = {"threads": torch.get_num_threads(), "torch": torch.__version__}
    for path in options.data:
        sentences = read_sentences(QualityOptions(data=path, limit=options.limit))
        task = "words" if {s.type for one in sentences for s in one.spans} <= {""} else "entities"
        options.report(f"{len(sentences)} sentences with {task} from {path.name}")
        figures[task] = {
            "data": path.name,
            "sentences": len(sentences),
            "characters": sum(len(one.text) for one in sentences),
            **compare(task, sentences, options.report),
        }
    return figures


def compare(
    task: str, sentences: Sequence[Sentence], report: Callable[[str], None]
) -> dict[str, Any]:
    """One table; `task` is `words` or `entities`."""
    rows = {OURS[task]: _attempt(partial(measure_ours, OURS[task], sentences))}
    for peer in PEERS[task]:
        report(f"{task}: {peer.package}")
        rows[peer.package] = _attempt(partial(measure, peer, sentences))
    return rows


def table(figures: dict[str, Any]) -> list[str]:
    """The figures for a reader, one line a package."""
    lines = []
    for task in ("words", "entities"):
        part = figures.get(task)
        if part is None:
            continue
        lines.append(
            f"{task}: {part['data']}, {part['sentences']:,} sentences, {part['characters']:,} "
            f"characters, {figures['threads']} threads"
        )
        lines.append(
            f"  {'':<14}{'F1':>8}{'precision':>11}{'recall':>8}{'chars/s':>10}{'one by one':>12}"
        )
        for name, row in part.items():
            if not isinstance(row, dict):
                continue
            if "error" in row:
                lines.append(f"  {name:<14}  {row['error']}")
                continue
            f1, precision, recall, fast, single = (row[measure] for measure in MEASURES)
            lines.append(
                f"  {name:<14}{f1:>8.4f}{precision:>11.4f}{recall:>8.4f}{fast:>10,.0f}"
                f"{single:>12,.0f}  {row['version']}{'; ' if row['note'] else ''}{row['note']}"
            )
    return lines


# -- measuring ------------------------------------------------------------------------------------


def measure_ours(name: str, sentences: Sequence[Sentence]) -> dict[str, Any]:
    """Our weights on the CPU: once in batches, once sentence by sentence."""
    started = time.perf_counter()
    weights = hub.locate(name)
    model = hub.load(name)
    assert isinstance(model, Tagger)
    vocabulary = Vocabulary.from_json(weights.path("vocab.json"))
    loading = time.perf_counter() - started
    texts = [sentence.text for sentence in sentences]
    started = time.perf_counter()
    found: list[list[Span]] = find_spans(model, vocabulary, texts)
    batched = time.perf_counter() - started
    started = time.perf_counter()
    for text in texts:
        find_spans(model, vocabulary, [text])
    singly = time.perf_counter() - started
    return _row(sentences, found, batched, singly, loading, f"weights {weights.hash}")


def measure(peer: Peer, sentences: Sequence[Sentence]) -> dict[str, Any]:
    """Another package, sentence by sentence; what it prints and warns of is not shown."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        version = metadata.version(peer.package)
        started = time.perf_counter()
        read = peer.load()
        read("今天天气很好。")  # some load at the first text
        loading = time.perf_counter() - started
        started = time.perf_counter()
        found = [list(read(sentence.text)) for sentence in sentences]
        seconds = time.perf_counter() - started
    row = _row(sentences, found, seconds, seconds, loading, version)
    return row | {"note": peer.note}


def _row(
    sentences: Sequence[Sentence],
    found: Sequence[Sequence[Span]],
    seconds: float,
    singly: float,
    loading: float,
    version: str,
) -> dict[str, Any]:
    figures = score([sentence.spans for sentence in sentences], found)
    characters = sum(len(sentence.text) for sentence in sentences)
    return {
        **figures,
        "chars_per_second": characters / seconds,
        "one_by_one": characters / singly,
        "load_seconds": loading,
        "version": version,
        "note": "",
    }


def _attempt(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A row, or why there is none: every package fails for itself alone."""
    try:
        return work()
    except (metadata.PackageNotFoundError, ImportError):
        return {
            "error": f"not installed (Python {platform.python_version()}): "
            "see requirements-peers.txt"
        }
    except FileNotFoundError as error:
        return {"error": str(error)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


# -- the others -----------------------------------------------------------------------------------


def spans_of(text: str, words: Iterable[str]) -> list[Span]:
    """Words as spans of a text; what a package added or rewrote has no place in it."""
    spans, place = [], 0
    for word in words:
        start = text.find(word, place) if word else -1
        if start >= 0:
            place = start + len(word)
            spans.append(Span(start, place, ""))
    return spans


def named(text: str, words: Sequence[tuple[str, str]], types: dict[str, str]) -> list[Span]:
    """The words whose tag is one of `types`, as entities."""
    found, place = [], 0
    for word, tag in words:
        start = text.find(word, place) if word else -1
        if start >= 0:
            place = start + len(word)
            if tag in types:
                found.append(Span(start, place, types[tag]))
    return found


POS_1998 = {"nr": "PER", "ns": "LOC", "nt": "ORG"}


def jieba_words() -> Read:
    """A dictionary of words with their frequencies, and a hidden Markov model for the rest."""
    jieba = import_module("jieba")

    jieba.setLogLevel("ERROR")
    jieba.initialize()
    return lambda text: spans_of(text, jieba.cut(text))


def jieba_entities() -> Read:
    """Words tagged as names."""
    jieba = import_module("jieba")
    posseg = import_module("jieba.posseg")

    jieba.setLogLevel("ERROR")
    posseg.initialize()
    return lambda text: named(text, [(w.word, w.flag) for w in posseg.cut(text)], POS_1998)


def thulac_words() -> Read:
    """A structured perceptron over characters, segmentation alone."""
    thulac = import_module("thulac")

    model = thulac.thulac(seg_only=True)
    return lambda text: spans_of(text, (word for word, _ in model.cut(text)))


def thulac_entities() -> Read:
    """The perceptron that tags as well."""
    thulac = import_module("thulac")

    model, types = thulac.thulac(), {"np": "PER", "ns": "LOC", "ni": "ORG"}
    return lambda text: named(text, [(word, tag) for word, tag in model.cut(text)], types)


def snownlp_words() -> Read:
    """A hidden Markov model of second order over characters."""
    seg = import_module("snownlp.seg")

    return lambda text: spans_of(text, seg.seg(text))


def jiagu_words() -> Read:
    """The route of highest probability through a dictionary."""
    jiagu = import_module("jiagu")

    return lambda text: spans_of(text, jiagu.seg(text))


def jiagu_entities() -> Read:
    """A perceptron that tags words with BIO."""
    jiagu = import_module("jiagu")

    def read(text: str) -> list[Span]:
        words = spans_of(text, jiagu.seg(text))
        tags = jiagu.ner([text[start:end] for start, end, _ in words])
        found: list[Span] = []
        for (start, end, _), tag in zip(words, tags, strict=True):
            letter, _, kind = tag.partition("-")
            if letter == "I" and found and (found[-1].end, found[-1].type) == (start, kind):
                found[-1] = Span(found[-1].start, end, kind)
            elif kind:
                found.append(Span(start, end, kind))
        return found

    return read


def pkuseg_words() -> Read:
    """A conditional random field over features of characters."""
    pkuseg = import_module("pkuseg")

    model = pkuseg.pkuseg()
    return lambda text: spans_of(text, model.cut(text))


def spacy_pkuseg_words() -> Read:
    """The fork of pkuseg for spaCy; its weights are a separate download and not fetched here."""
    spacy_pkuseg = import_module("spacy_pkuseg")
    home = spacy_pkuseg.config.pkuseg_home
    if not (Path(home) / "spacy_ontonotes").exists():
        raise FileNotFoundError(f"installed; its weights are a separate download, not in {home}")
    model = spacy_pkuseg.pkuseg()
    return lambda text: spans_of(text, model.cut(text))


def lac_words() -> Read:
    """A bidirectional GRU with a CRF."""
    LAC = import_module("LAC").LAC
    model = LAC(mode="seg")
    return lambda text: spans_of(text, model.run(text))


def lac_entities() -> Read:
    """The network that tags as well; it has entity types of its own."""
    LAC = import_module("LAC").LAC
    model, types = LAC(mode="lac"), {kind: kind for kind in ("PER", "LOC", "ORG")}
    return lambda text: named(text, list(zip(*model.run(text), strict=True)), types)


PEERS = {
    "words": (
        Peer("jieba", jieba_words),
        Peer("thulac", thulac_words),
        Peer("snownlp", snownlp_words, "trained on the text that pd1998.dev is part of"),
        Peer("jiagu", jiagu_words),
        Peer("pkuseg", pkuseg_words),
        Peer("spacy-pkuseg", spacy_pkuseg_words),
        Peer("LAC", lac_words),
    ),
    "entities": (
        Peer("jieba", jieba_entities, "words tagged nr, ns, nt"),
        Peer("thulac", thulac_entities, "words tagged np, ns, ni"),
        Peer("jiagu", jiagu_entities, "its training text is not stated and may hold this one"),
        Peer("LAC", lac_entities),
    ),
}
