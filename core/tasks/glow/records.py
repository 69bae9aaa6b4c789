"""What the verbs return: plain frozen records."""

from dataclasses import dataclass

from torch import Tensor

from core.pictures import Pictures
from core.runtime import Timing


@dataclass(frozen=True)
class Samples:
    """Pictures made from noise."""

    pictures: Pictures
    temperatures: tuple[float, ...]  # of each level, finest first
    seeds: tuple[int, ...]  # of each level, finest first
    timing: Timing


@dataclass(frozen=True)
class Strip:
    """The same noise at rising temperatures, by one model or by several."""

    pictures: tuple[Pictures, ...]  # faces times temperatures of each model, row after row
    models: tuple[str, ...]
    faces: int
    temperatures: tuple[float, ...]
    contrast: tuple[
        tuple[float, ...], ...
    ]  # by model and temperature: spread of the pixels, 0 to 1
    timing: Timing


@dataclass(frozen=True)
class Levels:
    """One picture with a single group of levels drawn anew, and the numbers that changed."""

    original: Pictures  # one
    groups: tuple[str, ...]  # coarsest first
    pictures: Pictures  # groups times variants, row after row
    variants: int
    shares: tuple[float, ...]  # of the code's numbers that belong to each group
    changes: tuple[float, ...]  # mean absolute change of a colour by a redrawn group, 0 to 1
    timing: Timing


@dataclass(frozen=True)
class Contribution:
    """What one level adds to the bits per dimension; both may be negative."""

    level: int  # 1 is the finest
    group: str  # coarse, middle or fine
    prior: float
    log_det: float


@dataclass(frozen=True)
class Reading:
    """A picture, its exact reconstruction, and its likelihood taken apart.

    `bits_per_dim = levels_bits + sum of all contributions`, the mean over `draws` places in the bins.
    """

    picture: Pictures  # one, as the model sees it
    rebuilt: Pictures  # from the code, in single precision
    rebuilt_half: Pictures  # with the couplings' networks in half precision
    error_single: float  # largest error of a colour, black to white is 1
    error_half: float
    half: str  # which half precision
    changed_pixels: tuple[int, int]  # colours that came back as another grey level, single and half
    bits_per_dim: float
    spread: float  # standard deviation over the draws
    middle: float  # with every colour at the middle of its bin instead
    levels_bits: float  # of placing a number within its grey level's bin
    contributions: tuple[Contribution, ...]  # finest level first
    radius: float  # root mean square of the code; 1 is typical of noise
    radii: tuple[float, ...]  # of each level, finest first
    below: float | None  # share of unseen pictures with fewer bits
    code: Tensor  # (dimensions,)
    draws: int
    timing: Timing


@dataclass(frozen=True)
class Judgement:
    """What the model thinks of one picture."""

    source: str
    bits_per_dim: float
    radius: float  # root mean square of its code
    below: float | None  # share of unseen pictures with fewer bits


@dataclass(frozen=True)
class Judged:
    """Several pictures judged together."""

    pictures: Pictures
    entries: tuple[Judgement, ...]
    unseen: tuple[float, ...]  # bits per dimension of unseen pictures, sorted
    typical: tuple[float, float]  # radii that 99.9 % of noise has
    timing: Timing


@dataclass(frozen=True)
class Path:
    """Pictures on the way from one to another."""

    pictures: Pictures
    ends: Pictures  # two, as given
    positions: tuple[float, ...]
    radii: tuple[float, ...]  # root mean square of the codes along the way
    angle: float  # between the codes of the ends, degrees
    timing: Timing


@dataclass(frozen=True)
class Sheet:
    """A grid of pictures between four."""

    pictures: Pictures  # row after row
    corners: Pictures  # top left, top right, bottom left, bottom right
    rows: int
    columns: int
    timing: Timing


@dataclass(frozen=True)
class Exchange:
    """All ways to take each group of levels from one of two pictures."""

    pictures: Pictures  # two to the power of groups
    taken: tuple[str, ...]  # such as "ABB": coarse of A, middle and fine of B
    ends: Pictures  # A and B
    groups: tuple[str, ...]
    timing: Timing


@dataclass(frozen=True)
class Edits:
    """One picture moved along directions of its code."""

    source: Pictures  # one
    names: tuple[str, ...]  # of the rows
    strengths: tuple[float, ...]  # of the columns
    pictures: Pictures  # names times strengths, row after row
    lengths: tuple[float, ...]  # of a unit step of each direction, in units of the code's length
    cosines: tuple[tuple[float, ...], ...]  # between the directions
    timing: Timing


@dataclass(frozen=True)
class Film:
    """Noise on its way to a picture, layer by layer, as far as it has come."""

    frames: Pictures  # done + 1, each stretched to its own range
    labels: tuple[str, ...]  # such as "3/16" (level/step) or "3/prior"
    spreads: tuple[float, ...]  # standard deviation of the numbers in each frame
    done: int
    total: int
    growth: Pictures | None  # at the end: no noise, that of the coarsest level, ..., of all levels
    timing: Timing
