"""How fast should a CRF's transitions learn? The stored result of a study after post 7196.

`python -m train.transition_rates` trained five word segmenters on one encoder: softmax, and CRFs whose
transitions learn 1 to 1,000 times as fast as everything else. Their transitions and scores along the
way are stored beside this module. Source: Su Jianlin, https://kexue.fm/archives/7196.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.errors import InputError

STORED = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class Stage:
    """One model at one moment of its training."""

    step: int
    f1: float  # words, unseen sentences, paths decoded without constraints
    illegal: float  # share of the steps of those paths that no segmentation could take
    gap: float  # nats between a character's best and second tag, median
    transitions: list[list[float]] | None  # [from][to] in nats; softmax has none


@dataclass(frozen=True)
class Run:
    """One model: `multiplier` is None for softmax."""

    multiplier: float | None
    stages: list[Stage]


@dataclass(frozen=True)
class Study:
    """The five runs and their conditions."""

    tags: list[str]
    encoder: str
    rate: float
    batch: int
    sentences: int
    runs: list[Run]

    @property
    def steps(self) -> list[int]:
        """The moments that were stored."""
        return [stage.step for stage in self.runs[0].stages]


@cache
def study() -> Study:
    """The stored study."""
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    runs = [
        Run(run["multiplier"], [Stage(**stage) for stage in run["stages"]])
        for run in stored.pop("runs")
    ]
    return Study(runs=runs, **stored)


def at(step: int) -> list[Stage]:
    """The five models at a stored step; `InputError` names the steps there are."""
    steps = study().steps
    if step not in steps:
        listed = ", ".join(map(str, steps))
        raise InputError(
            zh=f"没有存第 {step} 步；存下的有 {listed}",
            en=f"step {step} was not stored; stored are {listed}",
        )
    return [run.stages[steps.index(step)] for run in study().runs]
