r"""Tags for the characters of a sentence: embeddings, an encoder, a head that reads tags off it.

What a character brings to the encoder, side by side:

* its embedding;
* embeddings of the two bigrams it belongs to, with its left and its right neighbour. They replace
much
  of what a word would say and are worth several points of F1 in Chinese (Zhang and Yang 2018);
* which words of some lexicons begin, go on and end here, by word length, as 0/1 flags.

Neither bigrams nor lexicon words are stored: the model keeps their hashes, sorted, so what it knows
of a string is whether it is known. Two encoders: *bilstm*, a stack of LSTMs, one per direction;
*dgcnn*, the dilated gated convolutions of post 6671, :math:`Y = X + \mathrm{Conv}_1(X) \odot
\sigma(\mathrm{Conv}_2(X))` with width 3 and dilations 1, 2, 5, .... A linear layer gives emissions,
and a head of `core.models.tag_heads` (CRF, MEMM or softmax) makes a distribution over tag sequences
of them.

A model may have *side* outputs with tag sets of their own on the same encoder, read off by softmax.
They are trained along with the main one, on data tagged otherwise, and cost nothing when they are
not asked.

Sources: Su Jianlin, https://kexue.fm/archives/5542 (CRF) and https://kexue.fm/archives/6671
(DGCNN); Huang, Xu, Yu 2015, https://arxiv.org/abs/1508.01991 (BiLSTM-CRF); Zhang and Yang 2018,
https://arxiv.org/abs/1805.02023 (bigrams); Ma et al. 2020, https://arxiv.org/abs/1908.05969
(lexicon words by their place in the word). Departures: words are flags and not vectors, since their
vectors would be larger than the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.chain import Chain
from core.models.tag_heads import DECODERS, SoftmaxHead, make_head
from core.text.characters import KNOWN, PADDING, hash_strings, look_up
from core.text.tags import TagSet

LONGEST_WORD = 8  # characters; longer lexicon words are not looked for
FLAGS = 3 * 4  # begin, inside, end x lengths 2, 3, 4, 5 and more
DILATIONS = (1, 2, 5)
ENCODERS = ("bilstm", "dgcnn")


@dataclass(frozen=True, kw_only=True)
class TaggerConfig:
    """Sizes and tags; the defaults are the shipped models'."""

    vocab_size: int  # characters, padding and unknown included
    scheme: str  # of core.text.tags
    types: tuple[str, ...]
    outside: bool = True  # some characters belong to no span
    side_tags: tuple[int, ...] = ()  # number of tags of every side output
    decoder: str = "crf"
    encoder: str = "bilstm"
    bigrams: int = 0  # known ones
    lexicons: tuple[int, ...] = ()  # words of every lexicon
    character_width: int = 128
    bigram_width: int = 64
    lexicon_width: int = 64
    width: int = 256  # of the encoder: per direction, or channels
    layers: int = 1
    dropout: float = 0.3  # of the encoder's input and output
    transition_multiplier: float = 10.0  # the transitions learn this much faster

    def __post_init__(self) -> None:
        if self.encoder not in ENCODERS:
            raise ValueError(
                f"expected an encoder among {', '.join(ENCODERS)}, got {self.encoder!r}"
            )
        if self.decoder not in DECODERS:
            raise ValueError(
                f"expected a decoder among {', '.join(DECODERS)}, got {self.decoder!r}"
            )
        if self.vocab_size <= KNOWN or self.layers < 1:
            raise ValueError(
                f"expected vocab_size > {KNOWN} and layers >= 1, "
                f"got {self.vocab_size} and {self.layers}"
            )
        self.tag_set  # noqa: B018 - raises for an impossible one

    @property
    def tag_set(self) -> TagSet:
        """The tags of the main head."""
        return TagSet(self.scheme, self.types, self.outside)


class ChannelDropout(nn.Module):
    """Dropout that silences the same channels all along a sentence, `(batch, time, width)`.

    Gal and Ghahramani 2016, https://arxiv.org/abs/1512.05287. One mask a sentence also costs fifty
    times fewer random numbers, which show on a CPU.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """The input itself in eval mode."""
        if not self.training or self.rate == 0.0:
            return x
        return x * F.dropout(x.new_ones(len(x), 1, x.shape[2]), self.rate)


class BiLSTM(nn.Module):
    """LSTMs to the right and to the left, `(batch, time, inputs)` to `(batch, time, 2 * width)`.

    The one to the left reads every sentence reversed in its place, so padding comes last for both
    and never reaches a character. Dense batches train twice as fast on a CPU as packed ones.
    """

    def __init__(self, inputs: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        sizes = [inputs, *[2 * width] * (layers - 1)]
        self.right = nn.ModuleList(nn.LSTM(size, width, batch_first=True) for size in sizes)
        self.left = nn.ModuleList(nn.LSTM(size, width, batch_first=True) for size in sizes)
        self.dropout = ChannelDropout(dropout)
        for name, parameter in self.named_parameters():
            if "weight_hh" in name:
                nn.init.orthogonal_(parameter)
            elif "bias_ih" in name:  # remember at first: forget gates open
                nn.init.zeros_(parameter)
                nn.init.ones_(parameter[width : 2 * width])
            elif "bias_hh" in name:
                nn.init.zeros_(parameter)
        self.out_width = 2 * width

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Features that see the whole sentence."""
        position = torch.arange(x.shape[1], device=x.device)
        last = mask.sum(dim=1, keepdim=True) - 1
        mirror = torch.where(mask, last - position, position).unsqueeze(-1)  # its own inverse
        for depth, (right, left) in enumerate(zip(self.right, self.left, strict=True)):
            if depth:
                x = self.dropout(x)
            reverse = mirror.expand(-1, -1, x.shape[2])
            backwards = left(x.gather(1, reverse))[0]
            x = torch.cat(
                [right(x)[0], backwards.gather(1, mirror.expand(-1, -1, backwards.shape[2]))], dim=2
            )
        return x


class DGCNN(nn.Module):
    """Residual dilated gated convolutions, `(batch, time, inputs)` to `(batch, time, width)`."""

    def __init__(self, inputs: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList(
            nn.Conv1d(width, 2 * width, 3, padding=dilation, dilation=dilation)
            for dilation in (DILATIONS[i % len(DILATIONS)] for i in range(layers))
        )
        self.dropout = nn.Dropout(dropout)
        self.out_width = width

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Features that see as far as the dilations reach; padding stays zero in every layer."""
        keep = mask.unsqueeze(1).to(x.dtype)
        x = self.enter(x).transpose(1, 2) * keep
        for block in self.blocks:
            value, gate = block(x).chunk(2, dim=1)
            x = (x + value * self.dropout(gate).sigmoid()) * keep
        return x.transpose(1, 2)


class Tagger(nn.Module):
    """Characters `(batch, time)` to distributions over tag sequences."""

    Config = TaggerConfig

    def __init__(self, config: TaggerConfig) -> None:
        super().__init__()
        self.config = c = config
        self.tag_set = c.tag_set
        self.characters = nn.Embedding(c.vocab_size, c.character_width)
        nn.init.normal_(self.characters.weight, std=0.1)
        inputs = c.character_width
        if c.bigrams:
            self.bigrams = nn.Embedding(c.bigrams + 1, c.bigram_width)  # the last is "unknown"
            nn.init.normal_(self.bigrams.weight, std=0.1)
            self.register_buffer("bigram_hashes", torch.zeros(c.bigrams, dtype=torch.long))
            inputs += 2 * c.bigram_width
        if c.lexicons:
            self.words = nn.Linear(FLAGS * len(c.lexicons), c.lexicon_width)
            for i, size in enumerate(c.lexicons):
                self.register_buffer(f"lexicon{i}_hashes", torch.zeros(size, dtype=torch.long))
            inputs += c.lexicon_width
        make = BiLSTM if c.encoder == "bilstm" else DGCNN
        self.encoder = make(inputs, c.width, c.layers, c.dropout)
        self.dropout = ChannelDropout(c.dropout)
        self.project = nn.Linear(self.encoder.out_width, len(self.tag_set.tags))
        self.head = make_head(c.decoder, len(self.tag_set.tags), multiplier=c.transition_multiplier)
        self.sides = nn.ModuleList(nn.Linear(self.encoder.out_width, n) for n in c.side_tags)
        before, start, end = self.tag_set.legal
        self.register_buffer("illegal", ~torch.tensor(before), persistent=False)
        self.register_buffer("illegal_start", ~torch.tensor(start), persistent=False)
        self.register_buffer("illegal_end", ~torch.tensor(end), persistent=False)

    def know(self, bigrams: Tensor, lexicons: Sequence[Tensor]) -> None:
        """Store the sorted hashes of known bigrams and lexicon words; once, before training."""
        names = ["bigram_hashes"] if self.config.bigrams else []
        names += [f"lexicon{i}_hashes" for i in range(len(lexicons))]
        for name, hashes in zip(names, [bigrams, *lexicons][-len(names) :], strict=True):
            self.get_buffer(name).copy_(hashes.sort().values)

    def features(self, characters: Tensor) -> Tensor:
        """Encoder output `(batch, time, out_width)` for character numbers, 0 at the padding."""
        parts = [self.characters(characters)]
        if self.config.bigrams:
            pair = self.bigrams(self._bigram_numbers(characters))  # (batch, time + 1, bigram_width)
            parts += [pair[:, :-1], pair[:, 1:]]
        if self.config.lexicons:
            parts.append(self.words(self.flags(characters)))
        x = self.dropout(torch.cat(parts, dim=2))
        seen: Tensor = self.dropout(self.encoder(x, characters != PADDING))
        return seen

    def emissions(self, characters: Tensor, side: int | None = None) -> Tensor:
        """Scores `(batch, time, tags)` of the main output's tags, or of side output `side`."""
        project = self.project if side is None else self.sides[side]
        scores: Tensor = project(self.features(characters))
        return scores.float()

    def chain(self, characters: Tensor, *, legal: bool = True) -> Chain:
        """The distribution over tag sequences; `legal` excludes what the tag scheme excludes."""
        return self.chain_of(self.emissions(characters), characters != PADDING, legal=legal)

    def chain_of(self, emissions: Tensor, mask: Tensor, *, legal: bool = True) -> Chain:
        """The same for emissions that are at hand, edited ones too."""
        chain = self.head.chain(emissions, mask)
        if legal:
            names = ("illegal", "illegal_start", "illegal_end")
            chain = chain.forbid(*(self.get_buffer(name) for name in names))
        return chain

    def forward(self, characters: Tensor, tags: Tensor, side: int | None = None) -> Tensor:
        """`loss`: what several processes train through."""
        return self.loss(characters, tags, side)

    def loss(self, characters: Tensor, tags: Tensor, side: int | None = None) -> Tensor:
        """Negative log-likelihood of tags `(batch, time)` in nats, `(batch,)`."""
        head = self.head if side is None else SoftmaxHead(self.config.side_tags[side])
        mask = characters != PADDING
        nats: Tensor = head.loss(self.emissions(characters, side), tags, mask)
        return nats

    def golden(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Emissions, best paths and marginals of `input.characters`, to check a shipped file."""
        characters = inputs["input.characters"]
        emissions = self.emissions(characters)
        chain = self.chain_of(emissions, characters != PADDING)
        return {
            "output.emissions": emissions,
            "output.tags": chain.viterbi().tags,
            "output.marginals": chain.marginals(),
        }

    def _bigram_numbers(self, characters: Tensor) -> Tensor:
        """Numbers of the pairs (t - 1, t) for t = 0 .. time, `(batch, time + 1)`."""
        edge = F.pad(characters, (1, 1))
        return look_up(self.get_buffer("bigram_hashes"), hash_strings(edge.unfold(1, 2, 1)))

    def flags(self, characters: Tensor) -> Tensor:
        """Which lexicon words begin, go on, end at a character: 0 or 1, `(batch, time, flags)`."""
        batch, time = characters.shape
        marks = torch.zeros(batch, time, len(self.config.lexicons), 4, 3, device=characters.device)
        for length in range(2, min(LONGEST_WORD, time) + 1):
            hashes = hash_strings(characters.unfold(1, length, 1))  # (batch, time - length + 1)
            for i, size in enumerate(self.config.lexicons):
                found = look_up(self.get_buffer(f"lexicon{i}_hashes"), hashes) < size
                here = marks[:, :, i, min(length, 5) - 2]
                starts = time - length + 1
                for offset in range(length):
                    part = 0 if offset == 0 else 2 if offset == length - 1 else 1
                    view = here[:, offset : offset + starts, part]
                    torch.maximum(view, found.to(view.dtype), out=view)
        return marks.flatten(2)
