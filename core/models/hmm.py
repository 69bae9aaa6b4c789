r"""Word segmentation without learning a network: a hidden Markov model, and dictionaries.

The hidden tags are B, M, E, S (first, middle, last character of a word, word of one character), the
visible symbols are characters:

.. math:: p(x, y) = \pi_{y_1} e_{y_1}(x_1) \prod_{t \ge 2} A_{y_{t-1} y_t} e_{y_t}(x_t).

In logs this is a `Chain` with emissions :math:`\log e`, transitions :math:`\log A`, start
:math:`\log \pi`; the best path, the marginals and the likelihood are the chain's. Three ways to
come by the numbers:

* *guessed*, as in the post: emissions from the words of a dictionary with their frequencies (first
  characters to B, and so on; add-one smoothing), transitions by hand;
* *counted* from segmented text;
* *Baum-Welch*: expected counts under the current model, again and again, on text without words. The
  likelihood of that text never falls.

Beside it stand the dictionary methods: forward and backward maximum matching, and the most probable
words one by one (*unigram*). The dictionary is a sorted list of hashes with log-frequencies.

Sources: Su Jianlin, https://kexue.fm/archives/3922 (the guessed model); Baum, Petrie, Soules, Weiss
1970, "A maximization technique occurring in the statistical analysis of probabilistic functions of
Markov chains".
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.chain import Chain
from core.text.characters import KNOWN, PADDING, encode_texts, hash_strings, look_up, shorten
from core.text.spans import normalise
from core.text.tags import Span, segmentation_tags
from core.text.vocabulary import Vocabulary

TAGS = segmentation_tags()

# The post's transitions; the rest is impossible.
GUESSED = {"SS": 0.3, "SB": 0.7, "BM": 0.3, "BE": 0.7, "MM": 0.3, "ME": 0.7, "ES": 0.3, "EB": 0.7}
LONGEST_WORD = 8  # characters, of dictionary words


class Tables(NamedTuple):
    """Probabilities of a hidden Markov model over the tags B, M, E, S, in logs."""

    start: Tensor  # (tags,)
    transitions: Tensor  # (tags, tags), rows sum to one
    emissions: Tensor  # (tags, characters), rows sum to one


class Counts(NamedTuple):
    """How often things happened, or are expected to have; the shapes of `Tables`."""

    start: Tensor
    transitions: Tensor
    emissions: Tensor

    def tables(self, smoothing: float = 0.0) -> Tables:
        """Relative frequencies; `smoothing` is added to every emission count.

        A row that was never seen becomes uniform over what it may do.
        """
        before, start, _ = (torch.tensor(part) for part in TAGS.legal)
        return Tables(
            _log_normalised(self.start, start),
            _log_normalised(self.transitions, before),
            _log_normalised(self.emissions + smoothing, torch.ones_like(self.emissions) > 0),
        )


def _log_normalised(counts: Tensor, possible: Tensor) -> Tensor:
    """Rows divided by their sums, in logs; impossible entries are minus infinity."""
    counts = counts.double().masked_fill(~possible, 0.0)
    empty = counts.sum(dim=-1, keepdim=True) == 0
    counts = torch.where(empty, possible.double(), counts)
    return (counts / counts.sum(dim=-1, keepdim=True)).log().float()


def guessed_transitions() -> Tensor:
    """The post's transition log-probabilities, `(tags, tags)`."""
    matrix = torch.full((4, 4), -torch.inf)
    for step, probability in GUESSED.items():
        matrix[TAGS.index[step[0]], TAGS.index[step[1]]] = math.log(probability)
    return matrix


def guessed_start() -> Tensor:
    """A text begins as after a finished word, `(tags,)`."""
    return guessed_transitions()[TAGS.index["E"]]


def count_words(words: Mapping[str, float], vocabulary: Vocabulary) -> Counts:
    """Emission counts of dictionary words with frequencies; no transitions, no starts."""
    emissions = torch.zeros(4, len(vocabulary) + KNOWN, dtype=torch.double)
    for word, frequency in words.items():
        if word:
            tags = TAGS.encode(len(word), [Span(0, len(word), "")])
            characters = encode_texts([word], vocabulary)[0]
            for tag, character in zip(tags, characters, strict=True):
                emissions[TAGS.index[tag], character] += frequency
    return Counts(torch.zeros(4), torch.zeros(4, 4), emissions)


def count_sentences(characters: Tensor, tags: Tensor, size: int) -> Counts:
    """Counts of tagged sentences, both `(batch, time)`; `size` is the number of characters.

    Only places where `characters` is not padding count.
    """
    inside = characters != PADDING
    emissions = torch.zeros(4 * size, dtype=torch.double)
    places = (tags * size + characters)[inside]
    emissions.index_add_(0, places, torch.ones(len(places), dtype=torch.double))
    pairs = (4 * tags[:, :-1] + tags[:, 1:])[inside[:, 1:]]
    return Counts(
        torch.bincount(tags[inside[:, 0], 0], minlength=4).double(),
        torch.bincount(pairs, minlength=16).double().view(4, 4),
        emissions.view(4, size),
    )


def chain(tables: Tables, characters: Tensor, *, legal: bool = True) -> Chain:
    """The distribution over tag paths of sentences `(batch, time)`, padded with 0.

    Its `log_partition` is the log-likelihood of the characters. `legal` lets a text end only where
    a word ends.
    """
    emissions = F.embedding(characters, tables.emissions.T)
    made = Chain.of(emissions, tables.transitions, characters != PADDING, tables.start)
    return (
        made.forbid(end=~torch.tensor(TAGS.legal.end, device=characters.device)) if legal else made
    )


def baum_welch(
    tables: Tables, batches: Iterable[Tensor], smoothing: float = 0.0
) -> tuple[Tables, float]:
    """One round over sentences: the new tables, and the log-likelihood in nats under the old ones.

    With `smoothing` 0 the likelihood never falls from round to round. What has probability 0 keeps
    it.
    """
    start = torch.zeros(4, dtype=torch.double)
    transitions = torch.zeros(4, 4, dtype=torch.double)
    emissions = torch.zeros_like(tables.emissions, dtype=torch.double)
    likelihood = 0.0
    for characters in batches:
        unary, pairs, log_likelihood = chain(tables, characters).posterior()
        inside = characters != PADDING
        start += unary[:, 0].double().sum(dim=0)
        transitions += pairs.double().sum(dim=(0, 1))
        emissions.index_add_(1, characters[inside], unary[inside].double().T)
        likelihood += float(log_likelihood.double().sum())
    return Counts(start, transitions, emissions).tables(smoothing), likelihood


@dataclass(frozen=True, kw_only=True)
class HMMSegmenterConfig:
    """Sizes of the tables."""

    vocab_size: int  # characters, padding and unknown included
    words: int  # of the dictionary


class HMMSegmenter(nn.Module):
    """The tables of the three models and the dictionary as they are stored; nothing is trained."""

    Config = HMMSegmenterConfig
    MODELS = ("guessed", "counted", "baum-welch")

    def __init__(self, config: HMMSegmenterConfig) -> None:
        super().__init__()
        self.config = c = config
        for name in self.MODELS:
            key = name.replace("-", "_")
            self.register_buffer(f"{key}_start", torch.zeros(4))
            self.register_buffer(f"{key}_transitions", torch.zeros(4, 4))
            self.register_buffer(f"{key}_emissions", torch.zeros(4, c.vocab_size))
        self.register_buffer("word_hashes", torch.zeros(c.words, dtype=torch.int32))
        self.register_buffer("word_log_frequency", torch.zeros(c.words))

    def tables(self, name: str) -> Tables:
        """The tables of `guessed`, `counted` or `baum-welch`."""
        if name not in self.MODELS:
            raise ValueError(f"expected a model among {', '.join(self.MODELS)}, got {name!r}")
        key = name.replace("-", "_")
        return Tables(*(self.get_buffer(f"{key}_{part}") for part in Tables._fields))

    def store(self, name: str, tables: Tables) -> None:
        """Set the tables of a model."""
        for old, new in zip(self.tables(name), tables, strict=True):
            old.copy_(new)

    def store_dictionary(self, hashes: Tensor, log_frequency: Tensor) -> None:
        """Set the dictionary to what `store_words` returned."""
        self.get_buffer("word_hashes").copy_(hashes)
        self.get_buffer("word_log_frequency").copy_(log_frequency)

    def golden(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Best paths and likelihoods of `input.characters` under all models."""
        outputs = {}
        for name in self.MODELS:
            made = chain(self.tables(name), inputs["input.characters"])
            outputs[f"output.{name}.tags"] = made.viterbi().tags
            outputs[f"output.{name}.log_likelihood"] = made.log_partition()
        return outputs

    def dictionary(self, text: str, vocabulary: Vocabulary, extra: Iterable[str] = ()) -> "Lattice":
        """All dictionary words in a text; `extra` words count as frequent."""
        hashes = self.get_buffer("word_hashes")
        return Lattice.of(text, vocabulary, hashes, self.get_buffer("word_log_frequency"), extra)


class Lattice(NamedTuple):
    """The dictionary words in a text, for every place by length, with natural log-probabilities."""

    starts: list[dict[int, float]]  # at each character: length of a word that begins here -> log p

    @classmethod
    def of(
        cls,
        text: str,
        vocabulary: Vocabulary,
        hashes: Tensor,
        log_frequency: Tensor,
        extra: Iterable[str] = (),
    ) -> "Lattice":
        """Look up every piece of a text of up to `LONGEST_WORD` characters.

        Words of one character are always possible; unknown ones have the log-probability of the
        rarest word, less one nat. `extra` words have that of the most frequent ones.
        """
        log_p = log_probabilities(log_frequency)
        found = find_words(encode_texts([text], vocabulary), hashes, log_p)[0]
        return cls.of_scores(text, found, *extremes(log_p), extra)

    @classmethod
    def of_scores(
        cls, text: str, found: Tensor, rarest: float, highest: float, extra: Iterable[str] = ()
    ) -> "Lattice":
        """The same from what `find_words` found and `extremes` said."""
        starts: list[dict[int, float]] = [{1: rarest - 1.0} for _ in text]
        for place, length in (found > -torch.inf).nonzero().tolist():
            starts[place][length + 1] = float(found[place, length])
        read = normalise(text)
        for word in {normalise(word) for word in extra} - {""}:
            place = read.find(word)
            while place >= 0:
                starts[place][len(word)] = highest
                place = read.find(word, place + 1)
        return cls(starts)

    def forward_match(self) -> list[int]:
        """Maximum matching from the left: the lengths of the words."""
        lengths, place = [], 0
        while place < len(self.starts):
            lengths.append(max(self.starts[place]))
            place += lengths[-1]
        return lengths

    def backward_match(self) -> list[int]:
        """Maximum matching from the right: the lengths of the words, in reading order."""
        endings: list[int] = [1] * len(self.starts)
        for place, words in enumerate(self.starts):
            for length in words:
                endings[place + length - 1] = max(endings[place + length - 1], length)
        lengths, end = [], len(self.starts)
        while end > 0:
            lengths.append(endings[end - 1])
            end -= lengths[-1]
        return lengths[::-1]

    def unigram(self) -> list[int]:
        """The words whose probabilities have the largest product: their lengths."""
        best = [(0.0, 0)] * (len(self.starts) + 1)  # of the rest from here: log p, first length
        for place in range(len(self.starts) - 1, -1, -1):
            best[place] = max(
                (log_p + best[place + length][0], length)
                for length, log_p in self.starts[place].items()
            )
        lengths, place = [], 0
        while place < len(self.starts):
            lengths.append(best[place][1])
            place += lengths[-1]
        return lengths


def log_probabilities(log_frequency: Tensor) -> Tensor:
    """Logs of the words' shares of the running text."""
    return log_frequency - log_frequency.double().logsumexp(dim=0).float()


def extremes(log_p: Tensor) -> tuple[float, float]:
    """Log-probabilities of the rarest and the most frequent word; 0 without words."""
    return (float(log_p.min()), float(log_p.max())) if len(log_p) else (0.0, 0.0)


def find_words(characters: Tensor, hashes: Tensor, log_p: Tensor) -> Tensor:
    """Log-probabilities of the dictionary words in texts `(batch, time)`.

    Entry `(row, t, n)` of the result is that of the word of `n + 1` characters that begins at `t`,
    minus infinity where there is none.
    """
    batch, time = characters.shape
    scores = log_p.new_full((batch, time, LONGEST_WORD), -torch.inf)
    for length in range(1, min(LONGEST_WORD, time) + 1 if len(hashes) else 1):
        pieces = characters.unfold(1, length, 1)
        numbers = look_up(hashes, hash_strings(pieces))
        known = (numbers < len(hashes)) & (pieces >= KNOWN).all(dim=2)
        of_word = log_p[numbers.clamp_max(len(hashes) - 1)]
        here = scores[:, : time - length + 1, length - 1]
        here.copy_(torch.where(known, of_word, here))
    return scores


def spans_of(lengths: Sequence[int]) -> list[Span]:
    """Words given by their lengths as spans."""
    spans, start = [], 0
    for length in lengths:
        spans.append(Span(start, start + length, ""))
        start += length
    return spans


def store_words(words: Mapping[str, float], vocabulary: Vocabulary) -> tuple[Tensor, Tensor]:
    """Short hashes, sorted, and log-frequencies of words that the vocabulary can spell.

    Words longer than `LONGEST_WORD` are left out.
    """
    table: dict[int, float] = {}
    by_length: dict[int, list[str]] = {}
    for word in words:
        if 1 <= len(word) <= LONGEST_WORD and not vocabulary.unknown(normalise(word)):
            by_length.setdefault(len(word), []).append(word)
    for same in by_length.values():
        hashes = shorten(hash_strings(encode_texts(same, vocabulary))).tolist()
        table.update(zip(hashes, (math.log(words[word]) for word in same), strict=True))
    order = sorted(table)
    return torch.tensor(order, dtype=torch.int32), torch.tensor([table[key] for key in order])
