"""What the recipes of extractors share: examples, augmentation, side tasks, batches, evaluation.

The set of triples is small, so most of this file is about what surrounds it. A step learns from one
of several sources: the triples themselves, or a *side*, which only teaches the encoder. First comes
a lesson of sides alone, then the triples with some of the sides among them, at the end the triples
alone.
"""

import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.quality import extraction
from benchmarks.tagging_data import Sentence
from benchmarks.triples_data import Annotated, Fact
from core import hub
from core.models.character_features import LONGEST_WORD
from core.models.extractor import Extractor, ExtractorConfig
from core.models.triples_decoding import Kind, Place, places
from core.text.characters import KNOWN, PADDING, UNKNOWN, encode_texts, hash_words
from core.text.spans import chunks, normalise
from core.text.tags import TagSet
from core.text.triple_memory import TripleMemory
from core.text.vocabulary import Vocabulary
from train.recipe import Batch, Logs, Recipe, shuffled
from train.swapping import Swapper
from train.tagging import Examples
from train.transplant import Donor
from train.vectors import bigram_vectors, character_vectors, frequent_bigrams, stream_of

LONGEST = 300  # characters of a sentence with triples; no longer one is in DuIE
PIECE = 128  # characters of running text that are read at once
POOL = 32  # batches that are sorted by length together
HIDDEN = 0.15  # share of the characters of running text that are to be guessed
TRIPLES = "triples"


class Source(ABC):
    """Examples of one kind, dealt out in batches of similar length."""

    task: str  # of `Extractor.forward`

    def __init__(self, lengths: Sequence[int]) -> None:
        self.lengths = torch.tensor(lengths)
        self._pool: tuple[tuple[int, int, int], list[Tensor]] | None = None

    def rows(self, batch_size: int, step: int, seed: int) -> list[int]:
        """Rows of batch `step`: of every `POOL` batches, each holds examples of similar length."""
        number, place = divmod(step, POOL)
        if self._pool is None or self._pool[0] != (batch_size, number, seed):
            rows = shuffled(len(self.lengths), batch_size * POOL, number, seed)
            rows = rows[self.lengths[rows].argsort(stable=True)]
            generator = torch.Generator().manual_seed(seed * 1_000_003 + number)
            order = torch.randperm(POOL, generator=generator)
            cut = rows.split(batch_size)
            self._pool = ((batch_size, number, seed), [cut[i] for i in order])
        picked: list[int] = self._pool[1][place].tolist()
        return picked

    @abstractmethod
    def batch(self, rows: Sequence[int], draw: random.Random) -> Batch:
        """The inputs of the task, in its order."""


class Tags(Source):
    """Sentences with tags: entities, words, parts of speech."""

    task = "tags"

    def __init__(
        self, sentences: Sequence[Sentence], tag_set: TagSet, vocabulary: Vocabulary
    ) -> None:
        self.examples = Examples(sentences, tag_set, vocabulary)
        super().__init__(self.examples.lengths.tolist())

    def batch(self, rows: Sequence[int], draw: random.Random) -> Batch:
        """Padded `characters` and `tags`, `(batch, time)`."""
        return self.examples.batch(torch.tensor(rows))


class Text(Source):
    """Running text of which some characters are hidden, to be guessed from the others."""

    task = "language"

    def __init__(self, texts: Sequence[str], vocabulary: Vocabulary) -> None:
        self.pieces = [
            encode_texts([text[piece.start : piece.end]], vocabulary)[0].to(torch.int16)
            for text in texts
            for piece in chunks(text, PIECE, 0)
        ]
        super().__init__([len(piece) for piece in self.pieces])

    def batch(self, rows: Sequence[int], draw: random.Random) -> Batch:
        """Padded `characters`, which of them are `hidden`, and the `truth`, `(batch, time)`."""
        truth = nn.utils.rnn.pad_sequence([self.pieces[row] for row in rows], batch_first=True)
        truth = truth.long()
        generator = torch.Generator().manual_seed(draw.getrandbits(62))
        hidden = torch.rand(truth.shape, generator=generator) < HIDDEN
        hidden &= truth > UNKNOWN
        hidden[0, 0] = True  # something has to be guessed
        characters = truth.masked_fill(hidden, UNKNOWN)
        return {"characters": characters, "hidden": hidden.long(), "truth": truth}


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How examples with triples are drawn."""

    draws: int  # subjects of a text and batch; the first one is drawn as in the post
    decoys: float  # share of the others that are no subjects
    swap: float  # share of the texts with other names
    swap_names: float  # share of the names of such a text that are exchanged
    every_place: bool  # whether all mentions of a name count, or the first one alone


class Triples(Source):
    """Sentences with triples, as subjects to find and as objects of some drawn subjects."""

    task = TRIPLES

    def __init__(
        self,
        sentences: Sequence[Annotated],
        kinds: Sequence[Kind],
        vocabulary: Vocabulary,
        drawing: Drawing,
        *,
        swapper: Swapper | None = None,
        memory: TripleMemory | None = None,
    ) -> None:
        self.sentences = [sentence for sentence in sentences if len(sentence.text) <= LONGEST]
        self.number = {predicate: i for i, (_, predicate, _) in enumerate(kinds)}
        self.predicates = [predicate for _, predicate, _ in kinds]
        self.vocabulary, self.drawing = vocabulary, drawing
        self.swapper, self.memory = swapper, memory
        self.support = Counter(fact for sentence in self.sentences for fact in sentence.facts)
        super().__init__([len(sentence.text) for sentence in self.sentences])

    def batch(self, rows: Sequence[int], draw: random.Random) -> Batch:
        """Inputs of `Extractor.triples_loss`."""
        chosen = [self._example(self.sentences[row], draw) for row in rows]
        characters = encode_texts([sentence.text for sentence in chosen], self.vocabulary)
        count, time, draws = len(chosen), characters.shape[1], self.drawing.draws
        subjects = torch.zeros(count, time, 2, dtype=torch.uint8)
        objects = torch.zeros(count, draws, time, 2, len(self.number), dtype=torch.uint8)
        spans = torch.zeros(count, draws, 2, dtype=torch.long)
        for row, sentence in enumerate(chosen):
            golden = sorted({p for fact in sentence.facts for p in self._places(sentence, fact[0])})
            for start, end in golden:
                subjects[row, start, 0] = subjects[row, end - 1, 1] = 1
            for i in range(draws):
                start, end = self._subject(sentence, golden, i, draw)
                spans[row, i] = torch.tensor((start, end))
                if (start, end) in golden:
                    for kind, place in self._objects(sentence, sentence.text[start:end]):
                        objects[row, i, place[0], 0, kind] = 1
                        objects[row, i, place[1] - 1, 1, kind] = 1
        batch = {
            "characters": characters,
            "subjects": subjects,
            "starts": spans[:, :, 0],
            "ends": spans[:, :, 1],
            "objects": objects,
        }
        if self.memory is not None:
            batch["found"] = self._found(rows, chosen, characters)
        return batch

    def _example(self, sentence: Annotated, draw: random.Random) -> Annotated:
        if self.swapper is not None and draw.random() < self.drawing.swap:
            changed = self.swapper(sentence, self.drawing.swap_names, draw)
            return changed if len(changed.text) <= LONGEST else sentence
        return sentence

    def _places(self, sentence: Annotated, name: str) -> list[Place]:
        found = places(sentence.text, name)
        return found if self.drawing.every_place else found[:1]

    def _objects(self, sentence: Annotated, subject: str) -> list[tuple[int, Place]]:
        return [
            (self.number[fact.predicate], place)
            for fact in sentence.facts
            if fact.subject == subject
            for place in self._places(sentence, fact.object)
        ]

    def _subject(
        self, sentence: Annotated, golden: list[Place], turn: int, draw: random.Random
    ) -> Place:
        """A span to ask for objects.

        The first one starts where a subject starts and ends where one ends, at or after it: with
        several subjects that is sometimes none, and then there is nothing to find. Of the others
        some are objects or any two to four characters.
        """
        if golden and (turn == 0 or draw.random() >= self.drawing.decoys):
            start = draw.choice(golden)[0]
            return start, draw.choice([end for _, end in golden if end > start])
        names = sorted({fact.object for fact in sentence.facts})
        if names and draw.random() < 0.7:
            return draw.choice(self._places(sentence, draw.choice(names)))
        length = min(draw.randint(2, 4), len(sentence.text))
        start = draw.randrange(len(sentence.text) - length + 1)
        return start, start + length

    def _found(self, rows: Sequence[int], chosen: list[Annotated], characters: Tensor) -> Tensor:
        """Known triples in the texts, without those that only the sample itself vouches for."""
        assert self.memory is not None
        found = self.memory.find(characters, len(self.number))
        for i, (row, sentence) in enumerate(zip(rows, chosen, strict=True)):
            own = set(self.sentences[row].facts)
            for j, (a, b, kind, c, d) in enumerate(found[i].tolist()):
                text = sentence.text
                fact = Fact(text[a:b], self.predicates[kind], text[c:d])
                if b and self.support[fact] <= (fact in own):
                    found[i, j] = 0
        return found


@dataclass(kw_only=True)
class Reading:
    """What a recipe learns from."""

    kinds: tuple[Kind, ...]
    main: list[Annotated]
    dev: list[Annotated]
    inverses: tuple[tuple[str, str], ...] = ()
    tags: list[tuple[list[Sentence], TagSet]] = field(default_factory=list)
    relations: list[tuple[list[Annotated], tuple[Kind, ...]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # normalised, without labels
    lexicons: list[set[str]] = field(default_factory=list)
    strangers: Mapping[str, set[str]] = field(default_factory=dict)  # further names by type


@dataclass(kw_only=True)
class ExtractionRecipe(Recipe):
    """Numbers of all extractors; a subclass names its data in `read`."""

    model_class = Extractor
    eight_bits = ("features.bigrams.weight", "features.characters.weight", "encoder.")

    batch_size: int = 32  # sentences with triples; about 2,200 characters
    learning_rate: float = 1.5e-3
    betas: tuple[float, float] = (0.9, 0.98)
    warmup: int = 300
    cooldown: float = 0.6
    weight_decay: float = 1e-2
    gradient_clip: float | None = 1.0
    ema: float | None = 0.999
    mixed_precision: str = "bf16"  # halves the time of a convolution with AVX512-BF16

    character_width: int = 128
    bigram_width: int = 48
    encoder: str = "dgcnn"
    width: int = 256
    layers: int = 12
    head_width: int = 128
    attention: bool = True
    subject_code: str = "gru"
    object_layers: int = 1
    dropout: float = 0.25
    head_dropout: float = 0.2
    gate_dropout: float = 0.1
    blank: float = 0.05  # share of characters made unknown, so that contexts learn to stand in

    lesson: float = 0.35  # part of the run that belongs to the sides alone
    side_share: float = 0.15  # of the steps after it
    side_until: float = 0.85  # part of the run after which the triples are alone
    side_size: float = 0.75  # of a side batch, as a share of `batch_size`
    language_share: float = 0.3  # of the side steps, for guessing hidden characters
    relations_share: float = 0.1  # of the side steps, for other relation sets
    start_from: str = ""  # a tagger's weights that embeddings and first LSTM start from
    vectors: bool = True  # embeddings start from what the texts say, not at random
    words: bool = True
    prior: bool = True
    draws: int = 2
    decoys: float = 0.5
    swap: float = 0.5
    swap_names: float = 0.6
    every_place: bool = True

    character_count: int = 5  # rarer characters of all texts are unknown
    bigram_count: int = 3
    bigram_limit: int = 60_000  # the most frequent ones

    @abstractmethod
    def read(self) -> Reading:
        """The sentences and everything around them."""

    def prepare(self) -> None:
        """Vocabulary, bigrams, vectors and memory from the texts; then all sources."""
        data = self.reading = self.read()
        texts = [normalise(sentence.text) for sentence in data.main]
        self.donor = Donor.load(self.start_from) if self.start_from else None
        characters = self._characters([*texts, *data.texts])
        if self.donor is not None:  # its numbers stay, so that its hashes stay what they mean
            first = self.donor.vocabulary
            characters = [*first.characters, *(char for char in characters if char not in first)]
        self.vocabulary = Vocabulary(characters)
        stream = stream_of([*texts, *data.texts], self.vocabulary)
        self.bigrams = torch.cat(
            [
                frequent_bigrams(found, self.bigram_limit, self.bigram_count)
                for found in (stream_of(texts, self.vocabulary), stream)
            ]
        ).unique()
        self.start: list[Tensor] = []
        if self.vectors:
            size = len(self.vocabulary) + KNOWN
            self.start = [
                character_vectors(stream, size, self.character_width, self.seed),
                bigram_vectors(stream, self.bigrams, size, self.bigram_width, self.seed),
            ]
        lexicons = data.lexicons if self.words else []
        self.hashed = [hash_words(words, self.vocabulary, LONGEST_WORD) for words in lexicons]
        self.memory = None
        number = {predicate: i for i, (_, predicate, _) in enumerate(data.kinds)}
        if self.prior:
            facts = ((s, number[p], o) for sentence in data.main for s, p, o in sentence.facts)
            self.memory = TripleMemory.build(facts, self.vocabulary)
        self.sources, shares = self._sources()
        self.turns, self.numbers = self._schedule(shares)

    def _sources(self) -> tuple[list[Source], list[float]]:
        """The triples, then the sides, and each side's share of the side steps."""
        data, vocabulary = self.reading, self.vocabulary
        drawing = Drawing(
            draws=self.draws,
            decoys=self.decoys,
            swap=self.swap,
            swap_names=self.swap_names,
            every_place=self.every_place,
        )
        swapper = Swapper(data.main, data.kinds, data.strangers) if self.swap else None
        sources: list[Source] = [
            Triples(data.main, data.kinds, vocabulary, drawing, swapper=swapper, memory=self.memory)
        ]
        shares: list[float] = []
        if self.lesson or self.side_share:
            tags_share = 1.0 - self.language_share - self.relations_share
            for sentences, tag_set in data.tags:
                sources.append(Tags(sentences, tag_set, vocabulary))
                shares.append(tags_share / len(data.tags))
            for annotated, kinds in data.relations if self.relations_share else ():
                sources.append(Triples(annotated, kinds, vocabulary, drawing))
                shares.append(self.relations_share / len(data.relations))
            if self.language_share:
                sources.append(Text(data.texts, vocabulary))
                shares.append(self.language_share)
        return sources, shares

    def _schedule(self, shares: list[float]) -> tuple[Tensor, Tensor]:
        """Which source every step learns from, and how often it had its turn before."""
        generator = torch.Generator().manual_seed(self.seed)
        if shares:
            sides = 1 + torch.multinomial(
                torch.tensor(shares), self.steps, replacement=True, generator=generator
            )
            step = torch.arange(self.steps)
            chance = torch.where(step < self.lesson * self.steps, 1.0, self.side_share)
            chance = chance.masked_fill(step >= self.side_until * self.steps, 0.0)
            chosen = torch.rand(self.steps, generator=generator) < chance
            turns = torch.where(chosen, sides, 0)
        else:
            turns = torch.zeros(self.steps, dtype=torch.long)
        counts = nn.functional.one_hot(turns, 1 + len(shares)).cumsum(0) - 1
        return turns, counts.gather(1, turns.unsqueeze(1)).squeeze(1)

    def _characters(self, texts: Sequence[str]) -> list[str]:
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        least = 1 if self.smoke else self.character_count
        return sorted(char for char, n in counts.items() if n >= least)

    def config(self) -> ExtractorConfig:
        """The model's sizes, which follow from the data."""
        data, sides = self.reading, self.sources[1:]
        return ExtractorConfig(
            vocab_size=len(self.vocabulary) + KNOWN,
            kinds=data.kinds,
            inverses=data.inverses,
            bigrams=len(self.bigrams),
            lexicons=tuple(map(len, self.hashed)),
            memory_strings=len(self.memory.strings) if self.memory else 0,
            memory_triples=len(self.memory.triples) if self.memory else 0,
            side_tags=tuple(len(tag_set.tags) for _, tag_set in data.tags) if sides else (),
            side_kinds=tuple(len(side.number) for side in sides if isinstance(side, Triples)),
            language=any(isinstance(side, Text) for side in sides),
            character_width=self.character_width,
            bigram_width=self.bigram_width,
            encoder=self.encoder,
            width=self.width,
            layers=self.layers,
            head_width=self.head_width,
            attention=self.attention,
            subject_code=self.subject_code,
            object_layers=self.object_layers,
            dropout=self.dropout,
            head_dropout=self.head_dropout,
            gate_dropout=self.gate_dropout,
        )

    def build(self) -> nn.Module:
        """The untrained model, which already knows its bigrams, words, triples and vectors."""
        model = Extractor(self.config())
        model.know(self.bigrams, self.hashed, self.memory)
        if self.start:
            with torch.no_grad():
                model.features.characters.weight.copy_(self.start[0])
                model.features.bigrams.weight.copy_(self.start[1])
        if self.donor is not None:
            self.donor.plant(model, self.start)
        return model

    def batch(self, step: int) -> Batch:
        """Inputs of one source's task; `source` is its number, 0 for the triples."""
        turn = int(self.turns[step])
        source, number = self.sources[turn], int(self.numbers[step])
        share = 1.0 if turn == 0 else self.side_size
        rows = source.rows(max(1, int(share * self.batch_size)), number, self.seed + turn)
        batch = source.batch(rows, random.Random(self.seed * 1_000_003 + step))
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        blank = torch.rand(batch["characters"].shape, generator=generator) < self.blank
        blank &= batch["characters"] != PADDING
        batch["characters"] = batch["characters"].masked_fill(blank, UNKNOWN)
        return {**batch, "source": torch.tensor(turn)}

    def loss(self, model: nn.Module, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """The task's loss in nats per character."""
        turn = int(batch["source"])
        inputs = [value for key, value in batch.items() if key != "source"]
        task = self.sources[turn].task
        logs = {"source": batch["source"]}
        if task != TRIPLES:
            loss: Tensor = model(task, *inputs, side=self._side(turn))
            return loss, logs
        if turn:
            stages: Tensor = model("relations", *inputs, side=self._side(turn))
            return stages.sum(), logs
        stages = model(TRIPLES, *inputs)
        return stages.sum(), {**logs, "subjects": stages[0], "objects": stages[1]}

    def _side(self, turn: int) -> int:
        """A side's number among the sides of its task."""
        task = self.sources[turn].task
        return sum(source.task == task for source in self.sources[1:turn])

    def evaluate(self, model: nn.Module) -> Logs:
        """Exact triples of the dev sentences, at the thresholds that suit them best."""
        assert isinstance(model, Extractor)
        dev = self.reading.dev
        texts = [sentence.text for sentence in dev]
        stages = extraction.read_texts(model, self.vocabulary, texts)
        thresholds = extraction.tune(model, dev, stages).thresholds
        figures = extraction.measure(model, self.vocabulary, dev, thresholds)
        by_predicate = figures.pop("by_predicate")
        named = {f"f1_{name}": row["f1"] for name, row in by_predicate.items()}
        chosen = {f"threshold_{name}": value for name, value in asdict(thresholds).items()}
        return {"score": figures["f1"], **figures, **chosen, **named}

    def golden_inputs(self) -> dict[str, Tensor]:
        """Characters of a made-up sentence and of a shorter one, and a span of each."""
        texts = ["《山歌》是张三演唱的歌曲，由李四作词。", "王五，北京人"]
        return {
            "input.characters": encode_texts(texts, self.vocabulary),
            "input.starts": torch.tensor([1, 0]),
            "input.ends": torch.tensor([3, 2]),
        }

    def files(self, folder: Path) -> None:
        """The characters; then the weights again, without sides and with tuned thresholds."""
        text = self.vocabulary.to_json()
        (folder / "vocab.json").write_text(text, encoding="utf-8", newline="\n")
        model = hub.load_folder(folder, Extractor)
        assert isinstance(model, Extractor)
        texts = [sentence.text for sentence in self.reading.dev]
        stages = extraction.read_texts(model, self.vocabulary, texts)
        tuned = extraction.tune(model, self.reading.dev, stages).thresholds
        bare = model.without_sides()
        bare.config = replace(bare.config, thresholds=astuple(tuned))
        hub.save(folder, bare, keep_float32=self.keep_float32, eight_bits=self.eight_bits)
