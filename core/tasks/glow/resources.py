"""What a Glow model brings along: its levels, the likelihoods of unseen pictures, attribute directions."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from core import hub
from core.errors import check_choice

MODELS = ("glow-faces", "glow-2018-faces")  # the full model, and the author's
GROUPS = ("coarse", "middle", "fine")  # of levels: the last one, those between, the first one
LIKELIHOODS = "likelihoods.json"
DIRECTIONS = "directions.safetensors"


@dataclass(frozen=True)
class Layout:
    """How a code of `dimensions` numbers is divided among the levels, finest first."""

    size: int  # pixels of a side
    levels: int
    steps: int  # of each level

    @property
    def dimensions(self) -> int:
        """How many numbers a picture has, and its code."""
        return 3 * self.size**2

    @property
    def parts(self) -> tuple[int, ...]:
        """Numbers of each level's noise: half of what comes in leaves, at the last level all."""
        left, parts = self.dimensions, []
        for _ in range(self.levels - 1):
            left //= 2
            parts.append(left)
        return (*parts, left)

    def group(self, level: int) -> str:
        """`coarse`, `middle` or `fine`."""
        if level == self.levels - 1:
            return "coarse"
        return "fine" if level == 0 else "middle"

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that this model has, coarsest first."""
        return tuple(g for g in GROUPS if g != "middle" or self.levels > 2)


def models() -> tuple[str, ...]:
    """The models that the gallery has weights of; the full one is always named."""
    return hub.offered(MODELS)


def layout_of(model: str = "glow-faces") -> Layout:
    """The sizes of a model's levels."""
    check_choice("model", model, MODELS, zh="模型")
    config = hub.locate(model).config
    return Layout(int(config["size"]), int(config["levels"]), int(config["steps"]))


def bits_of_unseen(model: str = "glow-faces") -> tuple[float, ...]:
    """Bits per dimension of pictures the model has not seen, sorted, as stored with the weights."""
    check_choice("model", model, MODELS, zh="模型")
    return _bits(hub.locate(model).path(LIKELIHOODS))


def directions_of(model: str = "glow-faces") -> dict[str, Tensor]:
    """Attribute to the change of the code `(dimensions,)` that goes with one unit of it."""
    return _directions(hub.locate(model).path(DIRECTIONS))


@lru_cache(maxsize=8)
def _bits(path: Path) -> tuple[float, ...]:
    return tuple(sorted(json.loads(path.read_text(encoding="utf-8"))["bits_per_dim"]))


@lru_cache(maxsize=8)
def _directions(path: Path) -> dict[str, Tensor]:
    return {name: tensor.float() for name, tensor in load_file(path).items()}
