"""What the recipes of taggers share: data with several tag sets, batches, loss, evaluation.

A recipe has one *main* set of sentences, whose tags the model ships with, and may have *side* sets
tagged otherwise, which teach the same encoder. A batch holds sentences of one set and of similar
length.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.quality.tagging import measure
from benchmarks.tagging_data import Sentence
from core.models.character_features import LONGEST_WORD
from core.models.tagger import Tagger, TaggerConfig
from core.text.characters import KNOWN, PADDING, UNKNOWN, encode_texts, hash_words
from core.text.spans import chunks, normalise
from core.text.tags import TagSet, disjoint
from core.text.vocabulary import Vocabulary
from train.mentions import MentionReplacer
from train.recipe import Batch, Logs, Recipe, shuffled
from train.texts import read_texts
from train.vectors import bigram_vectors, character_vectors, frequent_bigrams, stream_of

LONGEST = 200  # characters of a training sentence; longer ones are cut at a sentence's end
POOL = 32  # batches that are sorted by length together


@dataclass(kw_only=True)
class Reading:
    """What a recipe learns from."""

    tag_set: TagSet  # of the main set, the one that the model ships with
    main: list[Sentence]
    dev: list[Sentence]
    sides: list[tuple[list[Sentence], TagSet]] = field(default_factory=list)
    lexicons: list[set[str]] = field(default_factory=list)


class Examples:
    """Sentences of one tag set as rows of numbers, ready to be dealt out."""

    def __init__(
        self, sentences: Iterable[Sentence], tag_set: TagSet, vocabulary: Vocabulary
    ) -> None:
        self.characters: list[Tensor] = []
        self.tags: list[Tensor] = []
        for text, spans in sentences:
            numbers = encode_texts([text], vocabulary)[0].to(torch.int32)
            tags = torch.tensor(
                [tag_set.index[tag] for tag in tag_set.encode(len(text), disjoint(spans))],
                dtype=torch.int32,
            )
            for piece in chunks(text, LONGEST, 0):
                self.characters.append(numbers[piece.start : piece.end])
                self.tags.append(tags[piece.start : piece.end])
        self.lengths = torch.tensor([len(row) for row in self.characters])
        self._pool: tuple[tuple[int, int, int], list[Tensor]] | None = None
        self._replacer: MentionReplacer | None = None
        self._tag_set = tag_set

    def rows(self, batch_size: int, step: int, seed: int) -> Tensor:
        """Rows of batch `step`: of every `POOL` batches, each holds sentences of similar length."""
        number, place = divmod(step, POOL)
        if self._pool is None or self._pool[0] != (batch_size, number, seed):
            rows = shuffled(len(self.lengths), batch_size * POOL, number, seed)
            rows = rows[self.lengths[rows].argsort(stable=True)]
            generator = torch.Generator().manual_seed(seed * 1_000_003 + number)
            order = torch.randperm(POOL, generator=generator)
            cut = rows.split(batch_size)
            self._pool = ((batch_size, number, seed), [cut[i] for i in order])
        return self._pool[1][place]

    def batch(
        self, rows: Tensor, swap: float = 0.0, generator: torch.Generator | None = None
    ) -> Batch:
        """Padded `characters` and `tags`, `(batch, time)`.

        `swap` is the share of mentions to exchange, which needs a `generator`.
        """
        picked = [(self.characters[row], self.tags[row]) for row in rows.tolist()]
        if swap:
            assert generator is not None
            if self._replacer is None:
                self._replacer = MentionReplacer(self.characters, self.tags, self._tag_set)
            picked = [
                self._replacer(row, *pair, swap, generator)
                for row, pair in zip(rows.tolist(), picked, strict=True)
            ]
        characters, tags = zip(*picked, strict=True)
        pad = nn.utils.rnn.pad_sequence
        return {
            "characters": pad(list(characters), batch_first=True).long(),
            "tags": pad(list(tags), batch_first=True).long(),
        }


@dataclass(kw_only=True)
class TaggingRecipe(Recipe):
    """Numbers of all taggers; a subclass names its data in `read` and its sizes in `config`."""

    model_class = Tagger
    eight_bits = ("inputs.bigrams.weight", "inputs.characters.weight", "encoder.")

    batch_size: int = 64  # sentences; about 2,800 characters
    learning_rate: float = 2e-3
    betas: tuple[float, float] = (0.9, 0.99)
    warmup: int = 200
    cooldown: float = 0.6
    weight_decay: float = 1e-4
    gradient_clip: float | None = 1.0
    ema: float | None = 0.999
    mixed_precision: str = "bf16"  # halves the time of an LSTM step on a CPU with AVX512-BF16

    decoder: str = "crf"
    encoder: str = "bilstm"
    width: int = 256
    layers: int = 1
    dropout: float = 0.3
    transition_multiplier: float = 10.0  # transitions learn this much faster, post 7196
    character_count: int = 2  # rarer characters are unknown
    bigram_count: int = 3
    bigram_limit: int = 50_000  # the most frequent ones of the sentences, and as many of all texts
    character_width: int = 128
    bigram_width: int = 48
    vectors: bool = True  # embeddings start from what running text says, not at random
    swap: float = 0.0  # share of the main set's mentions that give way to others of their type
    blank: float = 0.02  # share of characters made unknown, so that contexts learn to stand in
    side_share: float = 0.3  # of the steps, while there are side sets to learn from
    side_size: float = 0.5  # of a side batch, as a share of `batch_size`: its sentences are long
    side_until: float = 0.85  # part of the run after which the main set is alone

    @abstractmethod
    def read(self) -> Reading:
        """The sentences and their tag sets."""

    def prepare(self) -> None:
        """Vocabulary and bigrams from all training text, then all sentences as numbers."""
        data = self.read()
        self.tag_set, self.dev = data.tag_set, data.dev
        self.side_tags = tuple(len(tag_set.tags) for _, tag_set in data.sides)
        texts = [normalise(sentence.text) for sentence in data.main]
        for sentences, _ in data.sides:
            texts += [normalise(sentence.text) for sentence in sentences]
        counts = Counter("".join(texts))
        kept = sorted(char for char, n in counts.items() if n >= self.character_count)
        self.vocabulary = Vocabulary(kept)
        own = stream_of(texts, self.vocabulary)
        self.bigrams = frequent_bigrams(own, self.bigram_limit, self.bigram_count)
        self.start: list[Tensor] = []
        if self.vectors:
            assert self.data is not None
            limit = 300 if self.smoke else None
            stream = torch.cat([own, stream_of(read_texts(self.data, limit), self.vocabulary)])
            also = frequent_bigrams(stream, self.bigram_limit, self.bigram_count)
            self.bigrams = torch.cat([self.bigrams, also]).unique()
            size = len(self.vocabulary) + KNOWN
            self.start = [
                character_vectors(stream, size, self.character_width, self.seed),
                bigram_vectors(stream, self.bigrams, size, self.bigram_width, self.seed),
            ]
        self.hashed = [hash_words(words, self.vocabulary, LONGEST_WORD) for words in data.lexicons]
        self.examples = Examples(data.main, self.tag_set, self.vocabulary)
        self.side_examples = [Examples(*side, self.vocabulary) for side in data.sides]

    def config(self) -> TaggerConfig:
        """The model's sizes, which follow from the data."""
        return TaggerConfig(
            vocab_size=len(self.vocabulary) + KNOWN,
            scheme=self.tag_set.scheme,
            types=self.tag_set.types,
            outside=self.tag_set.outside,
            side_tags=self.side_tags,
            decoder=self.decoder,
            encoder=self.encoder,
            bigrams=len(self.bigrams),
            lexicons=tuple(len(hashes) for hashes in self.hashed),
            character_width=self.character_width,
            bigram_width=self.bigram_width,
            width=self.width,
            layers=self.layers,
            dropout=self.dropout,
            transition_multiplier=self.transition_multiplier,
        )

    def build(self) -> nn.Module:
        """The untrained model, which already knows its bigrams, lexicons and vectors."""
        model = Tagger(self.config())
        model.inputs.know(self.bigrams, self.hashed)
        if self.start:
            with torch.no_grad():
                model.inputs.characters.weight.copy_(self.start[0])
                model.inputs.bigrams.weight.copy_(self.start[1])
        return model

    def batch(self, step: int) -> Batch:
        """One set's sentences; `side` is -1 for the main set."""
        turns = int(min(step, self.side_until * self.steps) * self.side_share)
        side = -1
        if self.side_examples and step < self.side_until * self.steps:
            if int((step + 1) * self.side_share) > turns:
                side = turns % len(self.side_examples)
        examples, number = self.examples, step - turns
        if side >= 0:
            examples, number = self.side_examples[side], turns // len(self.side_examples)
        size = self.batch_size if side < 0 else max(1, int(self.batch_size * self.side_size))
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        swap = self.swap if side < 0 else 0.0
        batch = examples.batch(examples.rows(size, number, self.seed), swap, generator)
        blank = torch.rand(batch["characters"].shape, generator=generator) < self.blank
        blank &= batch["characters"] != PADDING
        batch["characters"] = batch["characters"].masked_fill(blank, UNKNOWN)
        return {**batch, "side": torch.tensor(side)}

    def loss(self, model: nn.Module, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """Negative log-likelihood per sentence, in nats."""
        side = int(batch["side"])
        nats: Tensor = model(batch["characters"], batch["tags"], None if side < 0 else side)
        return nats.mean(), {"side": batch["side"]}

    def evaluate(self, model: nn.Module) -> Logs:
        """Exact spans of the dev sentences."""
        assert isinstance(model, Tagger)
        figures = measure(model, self.vocabulary, self.dev, decoder=self.decoder)
        by_type = figures.pop("by_type")
        named = {f"f1_{name}": row["f1"] for name, row in by_type.items() if name}
        return {"score": figures["f1"], **figures, **named}

    def golden_inputs(self) -> dict[str, Tensor]:
        """Characters of a made-up sentence and of a shorter one."""
        texts = ["张三和李四昨天从北京大学去了上海。", "今天天气很好"]
        return {"input.characters": encode_texts(texts, self.vocabulary)}

    def files(self, folder: Path) -> None:
        """The characters; bigrams and lexicon words are hashes among the tensors."""
        text = self.vocabulary.to_json()
        (folder / "vocab.json").write_text(text, encoding="utf-8", newline="\n")


def part_of_speech_tags(sentences: Iterable[Sentence]) -> TagSet:
    """Words with their parts of speech as tags `B-n`, `E-n`, ...: segmentation and more in one."""
    types = sorted({span.type for sentence in sentences for span in sentence.spans})
    return TagSet("BMES", tuple(types), outside=False)


def words_of(sentences: Iterable[Sentence]) -> set[str]:
    """The different words of segmented sentences."""
    return {text[start:end] for text, spans in sentences for start, end, _ in spans}


def cut_side(
    sentences: Iterable[Sentence], kept_away: Iterable[Sentence], width: int = 13
) -> list[Sentence]:
    """Side sentences that share no `width` characters in a row with sentences to be measured on."""
    forbidden = {text[i : i + width] for text, _ in kept_away for i in range(len(text) - width + 1)}
    return [
        Sentence(text, spans)
        for text, spans in sentences
        if not any(text[i : i + width] in forbidden for i in range(len(text) - width + 1))
    ]
