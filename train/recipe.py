"""What a recipe has to say: its numbers, its data, its loss, and how it is judged."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypedDict

import torch
from torch import Tensor, nn

Batch = dict[str, Tensor]
Logs = dict[str, float]


class Post(TypedDict):
    """The post that a model follows."""

    title: str
    url: str


class DataSet(TypedDict):
    """A data set that went into the weights."""

    name: str
    source: str
    licence: str


class Metric(TypedDict):
    """A figure worth showing, beside what the author reported for it, if anything."""

    figure: str  # a key of what `evaluate` returns
    label: str
    author: float | str | None


class Card(TypedDict, total=False):
    """Facts for a model card; every key may be left out."""

    title: str
    title_zh: str
    summary: str
    summary_zh: str
    post: Post
    licence: str  # of the weights, as the Hub spells it: "mit", "cc-by-4.0", ...
    language: list[str]
    tags: list[str]
    pipeline_tag: str
    data: list[DataSet]
    metrics: list[Metric]  # all figures when left out
    curve: list[str]  # figures to show as they came to be during the run; none when left out
    limits: list[str]
    beside: tuple[str, ...]  # weights of other families that the measured figures are shown beside
    departures: list[str]  # what is done otherwise than in the post, and why
    measure: str  # the command that measures the weights on unseen data


@dataclass(kw_only=True)
class Recipe(ABC):
    """One way to make one weights folder; subclasses add their numbers, each with its reason.

    A batch is a pure function of the step number, so an interrupted run continues exactly and a run
    on several processes deals the same batches out among them.
    """

    name: ClassVar[str]
    model_class: ClassVar[type[nn.Module]]
    keep_float32: ClassVar[tuple[str, ...]] = ()  # prefixes of tensors that half precision harms
    eight_bits: ClassVar[tuple[str, ...]] = ()  # prefixes of what a byte a number will do for

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

    def place(self, device: torch.device) -> None:  # noqa: B027
        """Move what batches are taken from to the training device, once; nothing by default.

        A recipe that does so deals out row numbers in `batch` and looks them up in `loss`, so that a
        GPU does not wait for pictures to be copied.
        """

    @abstractmethod
    def batch(self, step: int) -> Batch:
        """The training batch of a step, on the CPU."""

    @abstractmethod
    def loss(self, model: nn.Module, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """Loss to minimise and scalars worth logging (tensors, so that nothing waits for a GPU)."""

    def finish(self, model: nn.Module) -> None:  # noqa: B027
        """Make weights ready for use, in place; nothing by default.

        Called before every evaluation and before the weights are shipped, in eval mode and without
        gradients, on the averaged weights when there are any. It must not disturb the training.
        """

    @abstractmethod
    def evaluate(self, model: nn.Module) -> Logs:
        """Figures on data the model has not seen; `score` among them, larger is better."""

    @abstractmethod
    def golden_inputs(self) -> dict[str, Tensor]:
        """A few inputs (`input.*`) whose outputs the shipped file has to reproduce.

        The model class says with its method `golden(inputs)` what the outputs are.
        """

    def shrink(self) -> None:
        """Make the recipe small enough for `--smoke`: every stage runs, nothing is learned."""
        self.smoke = True
        self.steps, self.evaluate_every, self.warmup = 6, 3, 1
        self.batch_size = min(self.batch_size, 8)

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """AdamW with the recipe's numbers."""
        return torch.optim.AdamW(
            model.parameters(),
            lr=self.learning_rate,
            betas=self.betas,
            weight_decay=self.weight_decay,
            fused=True,
        )

    def files(self, folder: Path) -> None:  # noqa: B027
        """Write what the weights need beside them (vocabulary, tables); nothing by default."""

    @abstractmethod
    def card(self) -> Card:
        """Facts for the model card; the text around them and the figures are written for you."""

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
    picked: list[Tensor] = []
    while len(picked) == 0 or sum(len(part) for part in picked) < batch_size:
        epoch, offset = divmod(first, count)
        order = _permutation(count, seed, epoch)
        part = order[offset : offset + batch_size - sum(len(part) for part in picked)]
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
