r"""Triples by a probability graph: dilated gated convolutions, half pointers, half tags.

The triples of a sentence are factorised as

.. math:: P(s, p, o) = P(s) \; P(o \mid s) \; P(p \mid s, o)

and predicted in two stages: all subjects first, then, for one given subject, the objects of every
predicate at once. Each prediction is a pair of probabilities per character, *starts here* and *ends
here*, so that several subjects, several objects of a subject, several predicates of a pair and
overlapping spans are all possible. Each is a pointer held against gates: whether an entity starts or
ends here (:math:`e`), and in stage two also whether an object of this subject is here (:math:`g`)
and whether the sentence has this predicate (:math:`c`). With logits per character :math:`t`,
:math:`k \in \{\text{start}, \text{end}\}` and predicate :math:`p`,

.. math::
    P(s)_{t,k} &= \mathrm{all}(a_{t,k}, e_{t,k}) \\
    P(o, p \mid s)_{t,k} &= \mathrm{all}(b_{t,k,p}(s), g_t(s), c_p, e_{t,k}) \\
    \mathrm{all}(x_1, x_2, \dots) &= \frac{1}{1 + e^{-x_1} + e^{-x_2} + \dots}

The encoder is a stack of gated convolutions of width 3 with dilations 1, 2, 5, 1, 2, 5, ..., 1, 1, 1,

.. math:: Y = X + \mathrm{Conv}_1(X) \odot \sigma(\mathrm{Conv}_2(X)).

A subject becomes a code (six vectors of its span through a bidirectional GRU, or just its two ends)
that scales and shifts what the object stage sees of the sentence, together with the distances to
both its ends. Everything that does not depend on the subject is computed once per text, so that many
subjects cost little more than one.

A memory of known triples (`core.text.triple_memory`) may raise the logits where it recognises a
triple: the distant-supervision prior.

Source: Su Jianlin, https://kexue.fm/archives/6671 (and 5409 for the encoder). Departures: bigrams
and known words, as hashes, in place of word vectors; a subject scales and shifts features
(conditional normalisation, https://kexue.fm/archives/7124) followed by one more gated convolution,
where the post concatenates, since concatenation would repeat the widest layer for every subject;
distances are signed and in growing steps; the prior has one weight per pointer instead of passing a
hidden layer, which needs less data. The post multiplies probabilities where `all` adds the odds
against each part. Both agree when the parts are likely, but a factor near 1 of a product has stopped
learning from what it wrongly lets through, and one batch could not be overfitted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.character_features import CharacterFeatures
from core.models.extractor_stages import Encoding, Stage, wide
from core.models.gated_convolutions import DGCNN
from core.models.tagger import BiLSTM, ChannelDropout
from core.models.triples_decoding import (
    Kind,
    Place,
    Stages,
    Thresholds,
    candidates,
    most_probable,
    pairs,
)
from core.text.characters import KNOWN, PADDING
from core.text.triple_memory import TripleMemory

ENCODERS = ("dgcnn", "bilstm")
SUBJECT_CODES = ("gru", "ends")
FLOOR = Thresholds(subject_start=0.05, subject_end=0.05, object_start=0.05, object_end=0.05)
MOST_SUBJECTS = 64  # candidates of one text


@dataclass(frozen=True, kw_only=True)
class ExtractorConfig:
    """Sizes, kinds of triple, thresholds; the defaults are the shipped model's."""

    vocab_size: int  # characters, padding and unknown included
    kinds: tuple[Kind, ...]  # type of the subject, predicate, type of the object
    inverses: tuple[tuple[str, str], ...] = ()  # predicates that say the same from both ends
    thresholds: tuple[float, ...] = (0.5, 0.4, 0.5, 0.4, 0.0)  # in the order of `Thresholds`
    bigrams: int = 0  # known ones
    lexicons: tuple[int, ...] = ()  # words of every lexicon
    memory_strings: int = 0
    memory_triples: int = 0
    side_tags: tuple[int, ...] = ()  # number of tags of every side output of the encoder
    side_kinds: tuple[int, ...] = ()  # kinds of triple of every other relation set
    language: bool = False  # a side output that guesses hidden characters
    character_width: int = 128
    bigram_width: int = 48
    lexicon_width: int = 64
    positions: int = 512  # characters from the start that are told apart
    encoder: str = "dgcnn"
    width: int = 256  # of the encoder: channels, or twice the width per direction
    layers: int = 12
    attention: bool = True
    head_width: int = 128
    subject_code: str = "gru"
    object_layers: int = 1  # gated convolutions behind the meeting of subject and sentence
    dropout: float = 0.25  # of the encoder's input
    head_dropout: float = 0.2  # of its output
    gate_dropout: float = 0.1  # of the logits of its gates

    def __post_init__(self) -> None:
        for name, value, known in (
            ("encoder", self.encoder, ENCODERS),
            ("subject_code", self.subject_code, SUBJECT_CODES),
        ):
            if value not in known:
                raise ValueError(f"expected {name} among {', '.join(known)}, got {value!r}")
        if self.vocab_size <= KNOWN or self.layers < 1 or not self.kinds:
            raise ValueError(
                f"expected vocab_size > {KNOWN}, layers >= 1 and some kinds, "
                f"got {self.vocab_size}, {self.layers} and {len(self.kinds)}"
            )
        if self.width % 2:
            raise ValueError(f"expected an even width, got {self.width}")
        self.tuned  # noqa: B018 - raises for impossible thresholds

    @property
    def tuned(self) -> Thresholds:
        """The thresholds that suited the dev data best."""
        start, end, object_start, object_end, triple = self.thresholds
        return Thresholds(
            subject_start=start,
            subject_end=end,
            object_start=object_start,
            object_end=object_end,
            triple=triple,
        )


class Reading(NamedTuple):
    """Probabilities of both stages for a batch; row i of stage two is of text `rows[i]`."""

    subjects: Tensor  # (batch, time, 2), start and end
    rows: Tensor  # (spans,)
    starts: Tensor  # (spans,)
    ends: Tensor  # (spans,), exclusive
    objects: Tensor  # (spans, time, 2, kinds)

    def stages(self, lengths: Sequence[int]) -> list[Stages]:
        """The same per text, without padding, on the CPU."""
        subjects, objects = (t.detach().float().cpu() for t in (self.subjects, self.objects))
        spans: list[list[int]] = [[] for _ in lengths]
        for i, row in enumerate(self.rows.tolist()):
            spans[row].append(i)
        places = list(zip(self.starts.tolist(), self.ends.tolist(), strict=True))
        return [
            Stages(
                subject_start=subjects[row, :length, 0],
                subject_end=subjects[row, :length, 1],
                subjects=tuple(places[i] for i in spans[row]),
                object_start=objects[spans[row], :length, 0],
                object_end=objects[spans[row], :length, 1],
            )
            for row, length in enumerate(lengths)
        ]


class Extractor(nn.Module):
    """Characters `(batch, time)` to probabilities of subjects, and of objects given a subject."""

    Config = ExtractorConfig

    def __init__(self, config: ExtractorConfig) -> None:
        super().__init__()
        self.config = c = config
        self.features = CharacterFeatures(
            vocab_size=c.vocab_size,
            bigrams=c.bigrams,
            lexicons=c.lexicons,
            character_width=c.character_width,
            bigram_width=c.bigram_width,
            lexicon_width=c.lexicon_width,
        )
        self.positions = nn.Embedding(c.positions, self.features.out_width)
        nn.init.zeros_(self.positions.weight)
        self.encoder: DGCNN | BiLSTM
        if c.encoder == "dgcnn":
            self.encoder = DGCNN(self.features.out_width, c.width, c.layers, c.gate_dropout)
        else:
            self.encoder = BiLSTM(self.features.out_width, c.width // 2, c.layers, c.head_dropout)
        self.dropout = ChannelDropout(c.dropout)
        self.head_dropout = ChannelDropout(c.head_dropout)
        self.stage = self._stage(len(c.kinds))
        self.register_buffer("memory_strings", torch.zeros(c.memory_strings, dtype=torch.int32))
        self.register_buffer("memory_triples", torch.zeros(c.memory_triples, dtype=torch.int32))
        if c.memory_triples:
            self.subject_prior = nn.Parameter(torch.ones(2))
            self.object_prior = nn.Parameter(torch.ones(2, len(c.kinds)))
        self.side_tags = nn.ModuleList(nn.Linear(c.width, n) for n in c.side_tags)
        self.side_stages = nn.ModuleList(map(self._stage, c.side_kinds))
        if c.language:
            self.guess = nn.Linear(c.width, c.character_width)
            self.guess_bias = nn.Parameter(torch.zeros(c.vocab_size))

    def know(
        self, bigrams: Tensor, lexicons: Sequence[Tensor], memory: TripleMemory | None = None
    ) -> None:
        """Store the hashes of known bigrams, words and triples; once, before training."""
        self.features.know(bigrams, lexicons)
        if memory is not None:
            self.get_buffer("memory_strings").copy_(memory.strings)
            self.get_buffer("memory_triples").copy_(memory.triples)

    @property
    def memory(self) -> TripleMemory:
        """The triples of the training data, as hashes."""
        return TripleMemory(self.get_buffer("memory_strings"), self.get_buffer("memory_triples"))

    # The two stages

    def _stage(self, kinds: int) -> Stage:
        c = self.config
        return Stage(
            kinds,
            width=c.width,
            head_width=c.head_width,
            attention=c.attention,
            subject_code=c.subject_code,
            object_layers=c.object_layers,
            gate_dropout=c.gate_dropout,
        )

    def encode(self, characters: Tensor) -> Encoding:
        """Features of character numbers, 0 at the padding; no text may be empty."""
        mask = characters != PADDING
        hidden = self.head_dropout(self.encoder(self._embed(characters), mask))
        return Encoding(hidden * mask.unsqueeze(2), mask)

    def subjects(self, encoding: Encoding, found: Tensor | None = None) -> Tensor:
        """Probabilities of subjects, `(batch, time, 2)`: start, and end at the last character.

        `found` `(batch, most, 5)` are known triples in the texts, see `TripleMemory.find`.
        """
        return self._subject_logits(encoding, found).sigmoid() * encoding.mask.unsqueeze(2)

    def objects(
        self,
        encoding: Encoding,
        starts: Tensor,
        ends: Tensor,
        rows: Tensor | None = None,
        found: Tensor | None = None,
    ) -> Tensor:
        """Probabilities of objects by predicate, `(spans, time, 2, kinds)`, given subjects.

        Subject i is `starts[i] : ends[i]` of text `rows[i]`, or of text i. A text may have any
        number of subjects: all of them are one batch.
        """
        rows = torch.arange(len(starts), device=starts.device) if rows is None else rows
        logits = self._object_logits(encoding, rows, starts, ends, found)
        return logits.sigmoid() * encoding.mask[rows, :, None, None]

    def extract(
        self,
        characters: Tensor,
        *,
        floor: Thresholds = FLOOR,
        limit: int = MOST_SUBJECTS,
        found: Tensor | None = None,
        forced: Iterable[tuple[int, Place]] = (),
        best: bool = False,
    ) -> Reading:
        """Both stages: stage two for every span that any thresholds from `floor` on could take.

        Beyond the `limit` most probable ones there are those that the model's own thresholds read.
        `forced` adds spans (text, place) that stage one need not have found, `best` the most
        probable span of a text that has none. Without `found` the model's own memory is asked.
        """
        if found is None and self.config.memory_triples:
            found = self.memory.find(characters, len(self.config.kinds))
        encoding = self.encode(characters)
        subjects = self.subjects(encoding, found)
        known = subjects.detach().float().cpu()
        lengths, own = encoding.mask.sum(dim=1).tolist(), self.config.tuned
        spans = {(row, place) for row, place in forced}
        for row, length in enumerate(lengths):
            start, end = known[row, :length].unbind(1)
            named = {*candidates(start, end, floor, limit)}
            named |= set(pairs(start, end, own.subject_start, own.subject_end))
            if best and not named:
                named = {most_probable(start, end)}
            spans |= {(row, place) for place in named}
        rows, starts, ends = (
            (
                torch.tensor(column, dtype=torch.long, device=characters.device)
                for column in zip(*[(row, *place) for row, place in sorted(spans)], strict=True)
            )
            if spans
            else [characters.new_zeros(0, dtype=torch.long)] * 3
        )
        objects = self.objects(encoding, starts, ends, rows, found)
        return Reading(subjects, rows, starts, ends, objects)

    def gates(self, characters: Tensor) -> Tensor:
        """How much each layer rewrites each character, `(batch, layers, time)`; DGCNN only."""
        if not isinstance(self.encoder, DGCNN):
            raise ValueError(f"only a dgcnn has gates, this encoder is {self.config.encoder}")
        return self.encoder.gates(self._embed(characters), characters != PADDING)

    def golden(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Both stages for `input.characters` and one span of each text, to check a shipped file."""
        encoding = self.encode(inputs["input.characters"])
        objects = self.objects(encoding, inputs["input.starts"], inputs["input.ends"])
        return {"output.subjects": self.subjects(encoding), "output.objects": objects}

    def without_sides(self) -> "Extractor":
        """The same without the outputs that only training needs."""
        none: dict[str, Any] = {"side_tags": (), "side_kinds": (), "language": False}
        model = Extractor(replace(self.config, **none)).train(self.training)
        state = self.state_dict()
        model.load_state_dict({name: state[name] for name in model.state_dict()})
        return model

    # Training

    def forward(self, task: str, *inputs: Tensor, side: int = 0) -> Tensor:
        """The loss of a task, what several processes train through; see the methods `*_loss`."""
        losses: dict[str, Callable[..., Tensor]] = {
            "triples": self.triples_loss,
            "relations": self.relations_loss,
            "tags": self.tags_loss,
            "language": self.language_loss,
        }
        sides = {} if task in ("triples", "language") else {"side": side}
        loss: Tensor = losses[task](*inputs, **sides)
        return loss

    def triples_loss(
        self,
        characters: Tensor,
        subjects: Tensor,
        starts: Tensor,
        ends: Tensor,
        objects: Tensor,
        found: Tensor | None = None,
    ) -> Tensor:
        """Cross-entropies in nats per character, `(2,)`: of stage one, of stage two over all kinds.

        `subjects` `(batch, time, 2)` and `objects` `(batch, draws, time, 2, kinds)` are 0 or 1;
        `starts` and `ends` `(batch, draws)` are the spans taken for subjects, right or wrong.
        """
        return self._pointers_loss(self.stage, characters, subjects, starts, ends, objects, found)

    def relations_loss(
        self,
        characters: Tensor,
        subjects: Tensor,
        starts: Tensor,
        ends: Tensor,
        objects: Tensor,
        side: int = 0,
    ) -> Tensor:
        """`triples_loss` of another relation set, by stages of its own on the same encoder."""
        stage = self.side_stages[side]
        assert isinstance(stage, Stage)
        return self._pointers_loss(stage, characters, subjects, starts, ends, objects, None)

    def tags_loss(self, characters: Tensor, tags: Tensor, side: int = 0) -> Tensor:
        """Cross-entropy of a side output's tags `(batch, time)` in nats per character."""
        encoding = self.encode(characters)
        project = self.side_tags[side]
        assert isinstance(project, nn.Linear)
        logits = project(encoding.hidden)
        return F.cross_entropy(wide(logits[encoding.mask]), tags[encoding.mask])

    def language_loss(self, characters: Tensor, hidden: Tensor, truth: Tensor) -> Tensor:
        """Cross-entropy in nats of the characters `truth` at the places `hidden` (both 0 or more).

        `hidden` `(batch, time)` is 1 where a character was replaced in `characters`.
        """
        places = hidden > 0
        guess = self.guess(self.encode(characters).hidden[places])
        logits = guess @ self.features.characters.weight.T + self.guess_bias
        return F.cross_entropy(wide(logits), truth[places])

    def _pointers_loss(
        self,
        stage: Stage,
        characters: Tensor,
        subjects: Tensor,
        starts: Tensor,
        ends: Tensor,
        objects: Tensor,
        found: Tensor | None,
    ) -> Tensor:
        encoding = self.encode(characters)
        rows = torch.arange(len(characters), device=characters.device)
        rows = rows.repeat_interleave(starts.shape[1])
        first = stage.subjects(encoding, self._raised_subjects(characters, found))
        spans = starts.flatten(), ends.flatten()
        raised = self._raised_objects(characters, rows, *spans, found)
        second = stage.objects(encoding, rows, *spans, raised)
        mask = encoding.mask
        stage_one = _cross_entropy(first, subjects).sum(dim=2)
        stage_two = _cross_entropy(second, objects.flatten(0, 1)).sum(dim=(2, 3))
        return torch.stack([stage_one[mask].mean(), stage_two[mask[rows]].mean()])

    def _embed(self, characters: Tensor) -> Tensor:
        """Features of the characters by themselves, with their places, `(batch, time, inputs)`."""
        place = torch.arange(characters.shape[1], device=characters.device)
        places = self.positions(place.clamp_max(self.config.positions - 1))
        embedded: Tensor = self.dropout(self.features(characters) + places)
        return embedded

    def _subject_logits(self, encoding: Encoding, found: Tensor | None) -> Tensor:
        return self.stage.subjects(encoding, self._raised_subjects(encoding.mask, found))

    def _object_logits(
        self, encoding: Encoding, rows: Tensor, starts: Tensor, ends: Tensor, found: Tensor | None
    ) -> Tensor:
        raised = self._raised_objects(encoding.mask, rows, starts, ends, found)
        return self.stage.objects(encoding, rows, starts, ends, raised)

    def _raised_subjects(self, texts: Tensor, found: Tensor | None) -> Tensor | None:
        """What known triples add to the logits of stage one, `(batch, time, 2)`."""
        if found is None or not self.config.memory_triples:
            return None
        row, which = (found[:, :, 1] > 0).nonzero(as_tuple=True)
        start, end = found[row, which, 0], found[row, which, 1]
        known = torch.zeros(*texts.shape, 2, device=texts.device)
        known[row, start, 0] = 1.0
        known[row, end - 1, 1] = 1.0
        return known * self.subject_prior

    def _raised_objects(
        self,
        texts: Tensor,
        rows: Tensor,
        starts: Tensor,
        ends: Tensor,
        found: Tensor | None,
    ) -> Tensor | None:
        """What known triples of the given subjects add, `(spans, time, 2, kinds)`."""
        if found is None or not self.config.memory_triples:
            return None
        of_text = found[rows]  # (spans, most, 5)
        same = (of_text[:, :, 0] == starts.unsqueeze(1)) & (of_text[:, :, 1] == ends.unsqueeze(1))
        span, which = same.nonzero(as_tuple=True)
        kind, start, end = of_text[span, which, 2:].unbind(1)
        known = torch.zeros(
            len(rows), texts.shape[1], 2, len(self.config.kinds), device=texts.device
        )
        known[span, start, 0, kind] = 1.0
        known[span, end - 1, 1, kind] = 1.0
        return known * self.object_prior


def _cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy in nats, element by element."""
    return F.binary_cross_entropy_with_logits(logits, target.to(logits.dtype), reduction="none")
