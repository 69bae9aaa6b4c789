r"""Tags for the characters of a sentence: embeddings, an encoder, a head that reads tags off it.

What a character brings to the encoder (itself, its bigrams, the known words it is in) is said in
`core.models.character_features`. Two encoders: *bilstm*, a stack of LSTMs, one per direction;
*dgcnn*, the dilated gated convolutions of post 6671, :math:`Y = X + \mathrm{Conv}_1(X) \odot
\sigma(\mathrm{Conv}_2(X))` with width 3 and dilations 1, 2, 5, .... A linear layer gives emissions,
and a head of `core.models.tag_heads` (CRF, MEMM or softmax) makes a distribution over tag sequences
of them.

A model may have *side* outputs with tag sets of their own on the same encoder, read off by softmax.
They are trained along with the main one, on data tagged otherwise, and cost nothing when they are
not asked.

Sources: Su Jianlin, https://kexue.fm/archives/5542 (CRF) and https://kexue.fm/archives/6671
(DGCNN); Huang, Xu, Yu 2015, https://arxiv.org/abs/1508.01991 (BiLSTM-CRF).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.chain import Chain
from core.models.character_features import CharacterFeatures
from core.models.crf import CRF
from core.models.gated_convolutions import DGCNN
from core.models.tag_heads import DECODERS, SoftmaxHead, locally_normalised, make_head
from core.text.characters import KNOWN, PADDING
from core.text.tags import TagSet

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


class Tagger(nn.Module):
    """Characters `(batch, time)` to distributions over tag sequences."""

    Config = TaggerConfig

    def __init__(self, config: TaggerConfig) -> None:
        super().__init__()
        self.config = c = config
        self.tag_set = c.tag_set
        self.inputs = CharacterFeatures(
            vocab_size=c.vocab_size,
            bigrams=c.bigrams,
            lexicons=c.lexicons,
            character_width=c.character_width,
            bigram_width=c.bigram_width,
            lexicon_width=c.lexicon_width,
        )
        make = BiLSTM if c.encoder == "bilstm" else DGCNN
        self.encoder = make(self.inputs.out_width, c.width, c.layers, c.dropout)
        self.dropout = ChannelDropout(c.dropout)
        self.project = nn.Linear(self.encoder.out_width, len(self.tag_set.tags))
        self.head = make_head(c.decoder, len(self.tag_set.tags), multiplier=c.transition_multiplier)
        self.sides = nn.ModuleList(nn.Linear(self.encoder.out_width, n) for n in c.side_tags)
        before, start, end = self.tag_set.legal
        self.register_buffer("illegal", ~torch.tensor(before), persistent=False)
        self.register_buffer("illegal_start", ~torch.tensor(start), persistent=False)
        self.register_buffer("illegal_end", ~torch.tensor(end), persistent=False)

    def features(self, characters: Tensor) -> Tensor:
        """Encoder output `(batch, time, out_width)` for character numbers, 0 at the padding."""
        x = self.dropout(self.inputs(characters))
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

    def chain_by(self, decoder: str, emissions: Tensor, mask: Tensor) -> Chain:
        """Emissions as `decoder` takes them: `crf` (legal sequences only), `memm` or `softmax`.

        A model that learned as a CRF lends its scores to the other two; one that learned as a MEMM or
        by softmax is read as it learned. Neither of these excludes an illegal sequence.
        """
        if decoder not in DECODERS:
            raise ValueError(f"expected a decoder among {', '.join(DECODERS)}, got {decoder!r}")
        if not isinstance(self.head, CRF):
            return self.chain_of(emissions, mask, legal=decoder == "crf")
        if decoder == "crf":
            return self.chain_of(emissions, mask)
        transitions = self.head.chain(emissions, mask).transitions
        if decoder == "softmax":
            return Chain.of(emissions, torch.zeros_like(transitions), mask)
        return locally_normalised(emissions, transitions, mask)

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
