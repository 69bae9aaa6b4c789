"""A small training loop that can be paused, stepped and wound back, for live laboratories.

All parameters of a model live in one vector, so Adam is a handful of operations on it and a
snapshot is a copy of three vectors and the state of the random generator. Training is
deterministic: winding back to any step restores the nearest stored one before it and repeats the
steps between, which gives exactly the state of the first time.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import InputError
from core.labs import _inputs
from core.labs._inputs import Array
from core.labs._one_thread import one_thread

MAX_STEPS_AT_ONCE = 5000
MAX_STEPS = 200_000
_KEPT = 40  # snapshots


@dataclass(frozen=True)
class Report:
    """What a call of `Trainer.step` did."""

    step: int  # steps trained so far
    losses: dict[str, Array]  # one value per step of this call
    finite: bool  # False once a loss is no number: training has stopped


@dataclass(frozen=True)
class Snapshot:
    """All that a trainer needs to go on from some step; fits any trainer of equal settings."""

    step: int
    losses: dict[str, Array]  # of all steps so far
    vectors: tuple[Tensor, ...]  # parameters and Adam's moments of every optimiser
    buffers: tuple[Tensor, ...]
    updates: tuple[int, ...]  # of every optimiser
    numpy_state: Any
    torch_state: Tensor

    @property
    def size(self) -> int:
        """Bytes of its tensors and losses."""
        tensors = sum(8 * t.numel() for t in (*self.vectors, *self.buffers, self.torch_state))
        return tensors + sum(values.nbytes for values in self.losses.values())


class Adam:
    """Adam on modules whose parameters are moved into one vector (Kingma and Ba 2014)."""

    def __init__(
        self, modules: Iterable[nn.Module], rate: float, betas: tuple[float, float] = (0.9, 0.99)
    ) -> None:
        self.parameters = [p for module in modules for p in module.parameters()]
        self.rate, self.betas = rate, betas
        self.values = torch.cat([p.detach().reshape(-1) for p in self.parameters])
        self.first = torch.zeros_like(self.values)
        self.second = torch.zeros_like(self.values)
        self.updates = 0
        start = 0
        for p in self.parameters:
            part = slice(start, start + p.numel())
            p.data = self.values[part].view_as(p)
            start += p.numel()

    @torch.no_grad()
    def minimise(self, loss: Tensor, *, largest_norm: float = 10.0) -> None:
        """One step down the gradient of `loss`, which is shortened to `largest_norm` if longer."""
        parts = torch.autograd.grad(loss, self.parameters)
        gradient = torch.cat([g.reshape(-1) for g in parts])
        norm = float(gradient.norm())
        if not np.isfinite(norm):
            return  # a single overflow must not spoil the parameters
        if norm > largest_norm:
            gradient.mul_(largest_norm / norm)
        self.updates += 1
        a, b = self.betas
        self.first.lerp_(gradient, 1 - a)
        self.second.lerp_(gradient.square(), 1 - b)
        scale = self.second.div(1 - b**self.updates).sqrt_().add_(1e-8)
        self.values.addcdiv_(self.first, scale, value=-self.rate / (1 - a**self.updates))

    def vectors(self) -> tuple[Tensor, Tensor, Tensor]:
        """The state that training changes."""
        return self.values, self.first, self.second


class Trainer(ABC):
    """Base of the laboratories' trainers; a subclass sets the attributes and defines `_update`.

    Not safe for two threads at once: one trainer belongs to one visitor.
    """

    modules: list[nn.Module]
    optimisers: list[Adam]

    def __init__(self, seed: int) -> None:
        seed = _inputs.seed(seed)
        self.rng = np.random.default_rng(seed)  # for the data
        self.generator = torch.Generator().manual_seed(seed)  # for noise and initial weights
        self.steps = 0
        self.losses: dict[str, list[float]] = {}
        self._snapshots: dict[int, Snapshot] = {}
        self._every = 10

    @abstractmethod
    def _update(self) -> dict[str, float]:
        """Train one step and return its losses."""

    @property
    def stored(self) -> tuple[int, ...]:
        """Steps that can be restored without repeating any."""
        return tuple(sorted(self._snapshots))

    @one_thread()
    def step(self, count: int = 1) -> Report:
        """Train `count` steps, fewer if a loss stops being a number."""
        count = _inputs.integer("number of steps", count, 1, MAX_STEPS_AT_ONCE, zh="步数")
        if self.steps + count > MAX_STEPS:
            raise InputError(
                en=f"After {self.steps} steps, {count} more exceed the limit of {MAX_STEPS}. "
                f"Start afresh.",
                zh=f"已训练 {self.steps} 步，再加 {count} 步就超过上限 {MAX_STEPS}，请重新开始。",
            )
        before = self.steps
        finite = True
        for _ in range(count):
            if self.steps % self._every == 0:
                self._store()
            losses = self._update()
            self.steps += 1
            for name, value in losses.items():
                self.losses.setdefault(name, []).append(value)
            finite = all(map(np.isfinite, losses.values()))
            if not finite:
                break
        return Report(
            self.steps,
            {name: np.array(values[before:]) for name, values in self.losses.items()},
            finite,
        )

    def rewind(self, step: int) -> int:
        """Go back to the state after `step` steps; returns the number of repeated steps."""
        step = _inputs.integer("step", step, 0, self.steps, zh="步")
        if step == self.steps:
            return 0
        nearest = max(s for s in self._snapshots if s <= step)
        self.restore(self._snapshots[nearest])
        repeated = step - nearest
        if repeated:
            self.step(repeated)
        return repeated

    def _store(self) -> None:
        if len(self._snapshots) >= _KEPT:
            # Thin out instead of forgetting the beginning: the whole history stays reachable.
            self._every *= 2
            self._snapshots = {
                s: kept for s, kept in self._snapshots.items() if s % self._every == 0
            }
            if self.steps % self._every:
                return
        self._snapshots[self.steps] = self.snapshot()

    def snapshot(self) -> Snapshot:
        """A copy of the present state."""
        return Snapshot(
            self.steps,
            {name: np.array(values) for name, values in self.losses.items()},
            tuple(v.clone() for o in self.optimisers for v in o.vectors()),
            tuple(b.clone() for m in self.modules for b in m.buffers()),
            tuple(o.updates for o in self.optimisers),
            copy.deepcopy(self.rng.bit_generator.state),
            self.generator.get_state().clone(),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go to a state stored by this trainer or by another one of equal settings."""
        with torch.no_grad():
            now = (v for o in self.optimisers for v in o.vectors())
            for vector, kept in zip(now, snapshot.vectors, strict=True):
                vector.copy_(kept)
            buffers = (b for m in self.modules for b in m.buffers())
            for buffer, kept in zip(buffers, snapshot.buffers, strict=True):
                buffer.copy_(kept)
        for optimiser, updates in zip(self.optimisers, snapshot.updates, strict=True):
            optimiser.updates = updates
        self.rng.bit_generator.state = copy.deepcopy(snapshot.numpy_state)
        self.generator.set_state(snapshot.torch_state.clone())
        self.steps = snapshot.step
        self.losses = {name: values.tolist() for name, values in snapshot.losses.items()}
        self._snapshots = {s: kept for s, kept in self._snapshots.items() if s <= self.steps}
        self._snapshots[self.steps] = snapshot


def linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """A float64 linear layer with the usual uniform weights, drawn from `generator`."""
    layer = nn.Linear(inputs, outputs, dtype=torch.float64)
    with torch.no_grad():
        for p in layer.parameters():
            p.uniform_(-(inputs**-0.5), inputs**-0.5, generator=generator)
    return layer


def normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Standard normal float64 numbers from `generator`."""
    return torch.randn(shape, dtype=torch.float64, generator=generator)
