"""What the verbs return: plain frozen records, and how they are made of a batch's tensors."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from core.runtime import Timing
from core.text.forms import BY_NAME, Form
from core.text.vocabulary import Vocabulary

RIVALS = 10  # kept for each character


@dataclass(frozen=True)
class Rival:
    """A character that could have stood here, with its probability."""

    char: str
    probability: float


@dataclass(frozen=True)
class Char:
    """A character as the model sees it."""

    char: str
    probability: float
    rivals: tuple[Rival, ...]


@dataclass(frozen=True)
class Poem:
    """A poem with what the model thought of each character and the code it came from."""

    form: str
    chars: tuple[Char, ...]
    code: tuple[float, ...]

    @property
    def text(self) -> str:
        """All characters, without punctuation."""
        return "".join(c.char for c in self.chars)

    @property
    def lines(self) -> list[str]:
        """The lines of the form."""
        return BY_NAME[self.form].split(self.text)


@dataclass(frozen=True)
class Composition:
    """Poems written for one request."""

    poems: tuple[Poem, ...]
    seed: int
    satisfied: tuple[bool, ...]  # whether each poem kept all rules
    timing: Timing


@dataclass(frozen=True)
class Reading:
    """What the model makes of a visitor's own verse; logs in nats."""

    form: str
    lines: tuple[str, ...]
    mean: tuple[float, ...]  # of the noise behind the code, per latent dimension
    std: tuple[float, ...]
    kl: tuple[float, ...]  # per latent dimension, see `reading._read`
    chars: tuple[Char, ...]  # the verse itself, probabilities given its own code
    reconstruction: Poem  # what the posterior mean decodes to
    accuracy: float  # share of characters that come back
    reconstruction_nats: float  # -E log p(x|z), mean over samples
    kl_nats: float
    elbo: float
    bound: float  # importance-weighted bound on log p(x)
    samples: int
    effective_samples: float  # of the importance weights
    timing: Timing


@dataclass(frozen=True)
class Walk:
    """Poems along a path between two codes, both ways of walking it."""

    a: Poem
    b: Poem
    positions: tuple[float, ...]  # 0 at a, 1 at b
    straight: tuple[Poem, ...]
    spherical: tuple[Poem, ...]
    timing: Timing


@dataclass(frozen=True)
class Blend:
    """The verse at one point of the square between four poems."""

    poem: Poem
    timing: Timing


def poems_of(out: Mapping[str, Tensor], vocabulary: Vocabulary, form: Form) -> tuple[Poem, ...]:
    """The poems of a batch that `writing` has written, one a row."""
    return tuple(
        Poem(
            form.name,
            chars_of(
                out["tokens"][i],
                out["probs"][i],
                out["rival_tokens"][i],
                out["rival_probs"][i],
                vocabulary,
            ),
            floats(out["z"][i]),
        )
        for i in range(len(out["tokens"]))
    )


def chars_of(
    tokens: Tensor, probs: Tensor, rivals: Tensor, rival_probs: Tensor, vocabulary: Vocabulary
) -> tuple[Char, ...]:
    """One verse: tokens and their probabilities `(length,)`, rivals `(length, RIVALS)`."""
    return tuple(
        Char(
            vocabulary.characters[token],
            round(probability, 5),
            tuple(
                Rival(vocabulary.characters[r], round(p, 5))
                for r, p in zip(others, other_probs, strict=True)
            ),
        )
        for token, probability, others, other_probs in zip(
            tokens.tolist(), probs.tolist(), rivals.tolist(), rival_probs.tolist(), strict=True
        )
    )


def floats(values: Tensor) -> tuple[float, ...]:
    """Numbers of a vector with five decimals, as codes are shown and copied."""
    return tuple(round(v, 5) for v in values.tolist())
