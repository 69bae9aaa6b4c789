"""What the verbs of the four families return: a line for each family, and the reasons of those missing."""

from dataclasses import dataclass

from core.pictures import Pictures
from core.runtime import Timing


@dataclass(frozen=True)
class Missing:
    """A family that cannot answer, and why, in both languages."""

    family: str
    model: str
    en: str
    zh: str


@dataclass(frozen=True)
class Spent:
    """What an answer of one family has cost so far."""

    evaluations: int  # passes through a network for one picture
    total: int  # of which there will be so many; equal once the family is done
    timing: Timing | None  # None before the first pass

    @property
    def done(self) -> bool:
        """Whether the family has ended."""
        return self.evaluations == self.total


@dataclass(frozen=True)
class Sampled:
    """Pictures of one family from the seed's noise."""

    family: str
    model: str
    size: int  # pixels of a side
    parameters: int
    code: int  # numbers that a picture is made from
    pictures: Pictures  # while denoising: the network's guess at where it leads
    spent: Spent


@dataclass(frozen=True)
class Samples:
    """One seed, all families."""

    rows: tuple[Sampled, ...]
    missing: tuple[Missing, ...]
    seed: int
    temperature: float
    timing: Timing | None


@dataclass(frozen=True)
class Rebuilt:
    """A picture through the code of one family and back."""

    family: str
    model: str
    size: int
    code: int  # numbers of the code
    seen: Pictures  # one, the picture as this family sees it
    pictures: Pictures  # one, the reconstruction; while it is on its way the state between
    error: Pictures  # one, the mean difference of colours; black is none, white `ERROR_LEVELS`
    psnr: float  # dB, at this family's size; None-like 0 before it is done
    largest: int  # error of a colour, in levels of 255
    changed: float  # share of colours that came back as another level
    radius: float  # root mean square of the code; 1 is typical of the prior
    stage: str  # "encode" or "decode": where it is, or ended
    spent: Spent


@dataclass(frozen=True)
class Readings:
    """One picture, all families."""

    source: Pictures  # one, as given
    rows: tuple[Rebuilt, ...]
    missing: tuple[Missing, ...]
    timing: Timing | None


@dataclass(frozen=True)
class Morph:
    """The way between two pictures in the code of one family."""

    family: str
    model: str
    size: int
    pictures: Pictures  # one for each position
    angle: float  # between the codes of both ends, degrees
    radii: tuple[float, ...]  # root mean square of the codes along the way
    psnr: tuple[float, float]  # of both ends against the pictures given, dB
    spent: Spent


@dataclass(frozen=True)
class Morphs:
    """The same two pictures, all families."""

    ends: Pictures  # two, as given
    positions: tuple[float, ...]  # 0 at the first, 1 at the second
    rows: tuple[Morph, ...]
    missing: tuple[Missing, ...]
    timing: Timing | None


@dataclass(frozen=True)
class Film:
    """Noise on its way to pictures, as far as it has come."""

    faces: int
    states: Pictures  # done + 1 sheets of all faces, x_t; each stretched to its own range
    guesses: Pictures  # as many, what the network takes the end to be; the first is the last known
    levels: tuple[int, ...]  # of the noise in each state, of 1000; 0 at the end
    noise: tuple[float, ...]  # share of noise in each state, sqrt(1 - abar)
    changes: tuple[float, ...]  # of the guess from the one before, root mean square in levels
    result: Pictures | None  # the faces, at the end
    done: int
    total: int
    scheduler: str
    timing: Timing


@dataclass(frozen=True)
class Fact:
    """One measured property of one family; `value` is None where there is none, `why` says so."""

    value: float | None
    unit: str = ""
    why_en: str = ""  # what the number is of, or why there is none
    why_zh: str = ""
    bound: str = ""  # "≤" for an upper bound
    side: int = 0  # pixels of the pictures it was measured on, where it depends on that


@dataclass(frozen=True)
class Column:
    """All properties of one family."""

    family: str
    model: str
    size: int
    facts: dict[str, Fact]


@dataclass(frozen=True)
class Comparison:
    """What each family offers, in the numbers stored with its weights and measured just now."""

    properties: tuple[str, ...]
    columns: tuple[Column, ...]
    missing: tuple[Missing, ...]
    best: dict[str, str]  # property to the family that is best at it, where that can be said
    timing: Timing | None
