"""What the verbs of O-GAN return: plain frozen records with pictures."""

import math
from dataclasses import dataclass

from core.pictures import Pictures
from core.runtime import Timing


@dataclass(frozen=True)
class Numbers:
    """What the encoder says of some pictures, one number each."""

    # Mean of its output, low is real, with the batch statistics of photographs for all pictures.
    score: tuple[float, ...]
    spread: tuple[float, ...]  # standard deviation of its output
    correlation: tuple[float, ...]  # of a picture's code with the encoder's reading of the picture


@dataclass(frozen=True)
class Portraits:
    """Pictures made of codes."""

    pictures: Pictures
    seeds: tuple[int, ...]  # empty when they were not made of seeds
    numbers: Numbers
    timing: Timing


@dataclass(frozen=True)
class Reading:
    """A picture, its code, and what the generator makes of the code."""

    source: Pictures  # one
    code: tuple[float, ...]  # direction of the encoder's output: mean 0, standard deviation 1
    score: float
    spread: float
    reconstruction: Pictures  # one, of `truncation` times the code
    truncation: float
    correlation: float  # of the code with the encoder's reading of the reconstruction
    reconstruction_score: float
    psnr: float  # of the reconstruction, dB
    timing: Timing


@dataclass(frozen=True)
class Refined:
    """How far the search for a better code has come."""

    step: int
    psnr: tuple[float, ...]  # dB after 0, 1, ... steps of the search
    picture: Pictures  # one, of the best code
    code: tuple[float, ...]
    drift: float  # correlation of this code with the one the search began with
    correlation: float  # of this code with the encoder's reading of the picture
    score: float  # of the picture
    timing: Timing


@dataclass(frozen=True)
class Rebuilt:
    """A picture read, and the end of the search for a better code where there was one."""

    reading: Reading
    refined: Refined | None


@dataclass(frozen=True)
class Walk:
    """A path between two pictures."""

    pictures: Pictures  # one for each position
    positions: tuple[float, ...]  # 0 at the start, 1 at the end
    norms: tuple[float, ...]  # of the codes, before truncation
    middle: float  # that norm half-way, which an even number of pictures has no place for
    numbers: Numbers
    angle: float  # between the codes at both ends, degrees
    sources: Pictures | None  # both ends as given, where one of them is a photo
    timing: Timing


@dataclass(frozen=True)
class Sheet:
    """Pictures on a square between four codes, row by row."""

    pictures: Pictures
    rows: int
    columns: int
    corners: tuple[tuple[float, ...], ...]  # codes: top left, top right, bottom left, bottom right
    numbers: Numbers
    timing: Timing


@dataclass(frozen=True)
class Frame:
    """One picture of the square."""

    picture: Pictures
    score: float
    correlation: float
    timing: Timing


@dataclass(frozen=True)
class Direction:
    """What the codes of one group have more of than those of another; for one model."""

    model: str
    values: tuple[float, ...]
    plus: int  # pictures in the groups
    minus: int

    @property
    def norm(self) -> float:
        """Euclidean length: the distance of the groups' averages."""
        return math.hypot(*self.values)


@dataclass(frozen=True)
class Push:
    """A picture pushed along a direction."""

    direction: Direction
    pictures: Pictures  # one for each strength
    strengths: tuple[float, ...]
    numbers: Numbers
    timing: Timing


@dataclass(frozen=True)
class Judgements:
    """The discriminator's numbers about many pictures."""

    made: Numbers
    real: Numbers | None  # of unseen photographs, as stored with the weights; None without any
    subject: Numbers | None  # of the picture asked about
    subject_real: bool  # whether that one is a photo
    picture: Pictures | None
    timing: Timing
