"""Checks of arguments that several verbs share, and the noise that seeds stand for."""

from collections.abc import Sequence

import torch
from torch import Tensor

from core import runtime
from core.errors import check_range, check_whole
from core.tasks.glow.resources import Layout

MAX_SEED = 2**32 - 2
MAX_TEMPERATURE = 2.0
MAX_PICTURES = 64

SEED_ZH = "随机种子"
GROUP_ZH = {"coarse": "粗层", "middle": "中层", "fine": "细层"}


def check_seed(seed: int, name: str = "seed", *, zh: str = SEED_ZH) -> int:
    """A seed that the generators take."""
    check_whole(name, seed, 0, MAX_SEED, zh=zh)
    return int(seed)


def check_temperature(value: float, name: str = "temperature", *, zh: str = "温度") -> float:
    """A factor of the noise."""
    check_range(name, value, 0, MAX_TEMPERATURE, zh=zh)
    return float(value)


def noise_by_group(layout: Layout, seeds: dict[str, int], count: int) -> Tensor:
    """Rows of noise `(count, dimensions)` whose levels come from the seed of their group.

    With equal seeds this is `runtime.noise(seed, count, dimensions)`, so that changing one group's
    seed leaves the numbers of all other levels as they were.
    """
    drawn = {
        seed: runtime.noise(seed, count, layout.dimensions).split(list(layout.parts), dim=1)
        for seed in set(seeds.values())
    }
    levels = range(layout.levels)
    return torch.cat([drawn[seeds[layout.group(level)]][level] for level in levels], dim=1)


def temperatures(layout: Layout, by_group: dict[str, float]) -> list[float]:
    """The temperature of each level, finest first."""
    return [by_group[layout.group(level)] for level in range(layout.levels)]


def evenly(low: float, high: float, steps: int) -> tuple[float, ...]:
    """`steps` numbers from `low` to `high`, both included."""
    return tuple(round(low + (high - low) * i / (steps - 1), 6) for i in range(steps))


def repeated(values: Sequence[float], count: int) -> Tensor:
    """The same row for each of `count` pictures, `(count, len(values))`."""
    return torch.tensor(values, dtype=torch.float32).expand(count, -1).contiguous()
