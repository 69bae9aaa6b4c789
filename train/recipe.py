"""What a recipe has to say: its numbers, its data, its loss, and how it is judged."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

Batch = dict[str, Tensor]
Logs = dict[str, float]


@dataclass(kw_only=True)
class Recipe(ABC):
    """One way to make one weights folder; subclasses add their numbers, each with its reason.

    A batch is a pure function of the step number, so an interrupted run continues exactly and a run
    on several processes deals the same batches out among them.
    """

    name: ClassVar[str]
    model_class: ClassVar[type[nn.Module]]

    data: Path | None = None
    smoke: bool = False
    seed: int = 2018

    steps: int = 10_000
    batch_size: int = 64
    learning_rate: float = 1e-3
    warmup: int = 100  # steps until the full learning rate
    cooldown: float = 0.0  # last part of the run in which the rate falls to zero, linearly
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    gradient_clip: float | None = 1.0
    ema: float | None = None  # decay of the averaged weights that are evaluated and shipped
    evaluate_every: int = 1000
    mixed_precision: str = "no"  # "bf16" or "fp16" under autocast, see Accelerate


    @abstractmethod
    def prepare(self) -> None:
        """Read the data; called once before anything else."""

    @abstractmethod
    def build(self) -> nn.Module:
        """The untrained model."""

    @abstractmethod
    def batch(self, step: int) -> Batch:
        """The training batch of a step, on the CPU."""

    @abstractmethod
    def loss(self, model: nn.Module, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """Loss to minimise and scalars worth logging (tensors, so that nothing waits for a GPU)."""

    @abstractmethod
    def evaluate(self, model: nn.Module) -> Logs:
        """Figures on data the model has not seen; `score` among them, larger is better."""

    @abstractmethod
    def golden(self, model: nn.Module) -> dict[str, Tensor]:
        """A few inputs and outputs that the shipped file has to reproduce."""

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """AdamW with the recipe's numbers."""
        return torch.optim.AdamW(
            model.parameters(),
            lr=self.learning_rate,
            betas=self.betas,
            weight_decay=self.weight_decay,
            fused=True,
        )

    def files(self, folder: Path) -> None:
        """Write what the weights need beside them (vocabulary, tables); nothing by default."""

    @abstractmethod
    def card(self) -> dict[str, Any]:
        """Facts for the model card: title, summary, data, licence, reference, limits."""

    def rate(self, step: int) -> float:
        """Share of the learning rate in use at a step: warm-up, plateau, linear cool-down."""
        share = min(1.0, (step + 1) / max(1, self.warmup))
        if self.cooldown > 0:
            share = min(share, (self.steps - step) / max(1.0, self.cooldown * self.steps))
        return max(0.0, share)


def shuffled(count: int, batch_size: int, step: int, seed: int) -> Tensor:
    """Indices of batch `step` when `count` examples are reshuffled every epoch, `(batch_size,)`.

    A batch at the end of an epoch takes its rest from the next one, so all batches are full.
    """
    first = step * batch_size
    picked = []
    while len(picked) == 0 or sum(map(len, picked)) < batch_size:
        epoch, offset = divmod(first, count)
        order = _permutation(count, seed, epoch)
        part = order[offset : offset + batch_size - sum(map(len, picked))]
        picked.append(part)
        first += len(part)
    return torch.cat(picked)


_last: tuple[tuple[int, int, int], Tensor] | None = None


def _permutation(count: int, seed: int, epoch: int) -> Tensor:
    global _last
    key = (count, seed, epoch)
    if _last is None or _last[0] != key:
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        _last = (key, torch.randperm(count, generator=generator))
    return _last[1]
