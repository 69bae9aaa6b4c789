"""Quality and speed of the extractors on sentences with triples.

A file of JSON lines holds `{"text", "spo_list": [{"s", "p", "o"}, ...]}`. The figures are those of
`benchmarks.quality.extraction`, at the thresholds stored with the weights.
"""

import time
from typing import Any, cast

import torch
from torch import Tensor

from benchmarks.quality import Benchmark, Options, extraction
from benchmarks.triples_data import Annotated, read_triples
from core import hub, runtime
from core.models.extractor import Extractor
from core.text.characters import encode_texts
from core.text.vocabulary import Vocabulary

BATCHES = (1, 64)  # texts that are read at once, for the speed
MANY = 50  # subjects of one text


def measure(name: str, options: Options) -> dict[str, Any]:
    """Exact `precision`, `recall` and `f1` of triples, in all and `by_predicate`, and speeds."""
    weights = hub.locate(name)
    sentences = read_sentences(options)
    options.report(f"{len(sentences)} sentences from {options.data.name}")
    device = options.device or runtime.choose_device()
    model = cast(Extractor, hub.load(name).to(device))
    vocabulary = Vocabulary.from_json(weights.path("vocab.json"))
    figures = extraction.measure(model, vocabulary, sentences)
    options.report("thresholds of one half of the sentences on the other half")
    stages = extraction.read_texts(model, vocabulary, [sentence.text for sentence in sentences])
    crossed = extraction.cross_tuned(model, sentences, stages)
    texts = [sentence.text for sentence in sentences[:256]]
    speed = {
        f"chars_per_second_batch{size}": chars_per_second(model, vocabulary, texts, size)
        for size in BATCHES
    }
    conditions = {
        "weights": weights.hash,
        "data": options.data.name,
        "sentences": len(sentences),
        "characters": sum(len(sentence.text) for sentence in sentences),
        "thresholds": list(model.config.thresholds),
        "device": runtime.backend().status()["device"],
        "torch": str(torch.__version__),
    }
    ratio = many_subjects_ratio(model, encode_texts([longest(texts)], vocabulary).to(device))
    return {
        **figures,
        **{f"cross_tuned_{key}": crossed[key] for key in ("precision", "recall", "f1")},
        **speed,
        "fifty_subjects_ratio": ratio,
        "conditions": conditions,
    }


def read_sentences(options: Options) -> list[Annotated]:
    """Sentences of `--data`; `ValueError` when the file holds none."""
    try:
        sentences = read_triples(options.data, options.limit)
    except (KeyError, TypeError, ValueError, EOFError) as error:
        name = options.data.name
        raise ValueError(f"{name} cannot be read as a file of triples: {error!r}") from error
    if not sentences:
        raise ValueError(f"{options.data.name} holds no sentences")
    return sentences


def chars_per_second(
    model: Extractor, vocabulary: Vocabulary, texts: list[str], size: int
) -> float:
    """Characters a second from texts to triples, `size` texts at a time, of similar length."""
    texts = sorted(texts, key=len)
    thresholds = model.config.tuned
    started = time.perf_counter()
    for first in range(0, len(texts), size):
        some = texts[first : first + size]
        whole = len(some) * max(map(len, some))  # one batch
        stages = extraction.read_texts(model, vocabulary, some, thresholds, size=whole)
        extraction.decode(model, some, stages, thresholds)
    return sum(map(len, texts)) / (time.perf_counter() - started)


@torch.no_grad()
def many_subjects_ratio(model: Extractor, characters: Tensor, repeats: int = 5) -> float:
    """How many times as long `MANY` subjects of one text take as one, both stages together."""
    length = characters.shape[1]
    seconds = []
    for count in (1, MANY):
        starts = torch.arange(count, device=characters.device) % max(1, length - 2)
        ends = (starts + 2).clamp_max(length)
        rows = torch.zeros_like(starts)
        taken = []
        for _ in range(repeats + 1):  # the first one warms up
            started = time.perf_counter()
            encoding = model.encode(characters)
            model.subjects(encoding)
            float(model.objects(encoding, starts, ends, rows).sum())  # waits for a GPU
            taken.append(time.perf_counter() - started)
        seconds.append(min(taken[1:]))
    return seconds[1] / seconds[0]


def longest(texts: list[str]) -> str:
    """The longest text."""
    return max(texts, key=len)


BENCHMARK = Benchmark(names=("ie-*",), measure=measure)
