"""Quality of the taggers on sentences with marked spans: named entities, words.

A file of JSON lines holds entities (`{"text", "entities": [[start, end, type], ...]}`), any other text
file holds segmented sentences, a space between words. The figures are those of
`benchmarks.quality.tagging`.
"""

from lzma import LZMAError
from typing import Any, cast

import torch

from benchmarks.quality import Benchmark, Options, tagging
from benchmarks.tagging_data import Sentence, read_entities, read_words
from core import hub, runtime
from core.models.tagger import Tagger
from core.text.vocabulary import Vocabulary


def measure(name: str, options: Options) -> dict[str, Any]:
    """Exact `precision`, `recall` and `f1` of a tagger's spans, in all and `by_type`.

    `--decoder softmax` or `memm` reads weights of their own (`NAME-softmax`) where there are any, else
    the scores that the CRF has learned.
    """
    decoder = options.decoder or "crf"
    own = f"{name}-{decoder}"
    name = own if own in hub.names() else name
    weights = hub.locate(name)
    sentences = read_sentences(options)
    options.report(f"{len(sentences)} sentences from {options.data.name}")
    module = hub.load(name).to(options.device or runtime.choose_device())
    vocabulary = Vocabulary.from_json(weights.path("vocab.json"))
    figures = tagging.measure(cast(Tagger, module), vocabulary, sentences, decoder=decoder)
    conditions = {
        "weights": weights.hash,
        "decoder": decoder,
        "data": options.data.name,
        "sentences": len(sentences),
        "characters": sum(len(sentence.text) for sentence in sentences),
        "device": runtime.backend().status()["device"],
        "torch": str(torch.__version__),
    }
    return {**figures, "conditions": conditions}


def read_sentences(options: Options) -> list[Sentence]:
    """Sentences of `--data`; `ValueError` when the file holds none."""
    path = options.data
    entities = path.name.removesuffix(".xz").endswith((".jsonl", ".json"))
    try:
        sentences = (read_entities if entities else read_words)(path, options.limit)
    except (KeyError, TypeError, ValueError, EOFError, LZMAError) as error:
        kind = "entities" if entities else "words"
        raise ValueError(f"{path.name} cannot be read as a file of {kind}: {error!r}") from error
    if not sentences:
        raise ValueError(f"{path.name} holds no sentences")
    return sentences


BENCHMARK = Benchmark(names=("ner-*", "cws-*"), measure=measure)
