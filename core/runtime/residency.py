"""Models that stay on the device: loaded once, within a byte budget, least recently used out first."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

_numbers = itertools.count()


@dataclass(eq=False)
class Resident:
    """A module on the device with its hash, its size and how many requests hold it."""

    model: nn.Module
    digest: str
    bytes: int
    users: int = 0
    number: int = field(default_factory=lambda: next(_numbers))  # names this copy, never used twice


@dataclass(eq=False)
class _Loading:
    """A load that goes on, and how many visitors it is for."""

    visitors: int = 0
    outcome: Future[Resident] = field(default_factory=Future)


class Residency:
    """The models of one device.

    `load` gives a name's module, on the CPU, and the digits of its hash that the page shows. It runs
    in the thread of the first visitor who asks; others who ask meanwhile wait for the same load and
    share its error. The next one tries again, so nothing stays broken that has been repaired.
    """

    def __init__(
        self, load: Callable[[str], tuple[nn.Module, str]], device: torch.device, budget: int
    ) -> None:
        self._load = load
        self._device = device
        self.budget = budget
        self.evictions = 0
        self._lock = threading.Lock()
        self._models: OrderedDict[str, Resident] = OrderedDict()  # least recently used first
        self._loading: dict[str, _Loading] = {}

    @contextmanager
    def hold(self, name: str) -> Iterator[Resident]:
        """The model of a name, loaded if need be, and not evicted inside the block."""
        resident = self._take(name)
        try:
            yield resident
        finally:
            with self._lock:
                resident.users -= 1
                self._make_room()

    def adopt(self, name: str, model: nn.Module, digest: str = "none") -> None:
        """Make a module resident by hand; it replaces the one of that name, which ends in peace."""
        adopted = self._settle(model, digest)
        with self._lock:
            self._models[name] = adopted
            self._models.move_to_end(name)
            self._make_room()

    def models(self) -> dict[str, dict[str, Any]]:
        """Bytes, users and hash of each resident model."""
        with self._lock:
            return {
                name: {"bytes": r.bytes, "users": r.users, "weights": r.digest}
                for name, r in self._models.items()
            }

    def clear(self) -> None:
        """Let go of all models."""
        with self._lock:
            self._models.clear()

    def _take(self, name: str) -> Resident:
        with self._lock:
            found = self._models.get(name)
            if found is not None:
                found.users += 1
                self._models.move_to_end(name)
                return found
            loading = self._loading.setdefault(name, _Loading())
            loading.visitors += 1
            first = loading.visitors == 1
        if not first:
            return loading.outcome.result()  # counted among its users by who loads it
        try:
            loaded = self._settle(*self._load(name))
        except BaseException as error:
            with self._lock:
                del self._loading[name]
            loading.outcome.set_exception(error)
            raise
        with self._lock:
            del self._loading[name]
            loaded = self._models.setdefault(
                name, loaded
            )  # somebody may have adopted one meanwhile
            loaded.users += loading.visitors
            self._models.move_to_end(name)
            self._make_room()
        loading.outcome.set_result(loaded)
        return loaded

    def _settle(self, model: nn.Module, digest: str) -> Resident:
        """Make room for a module, then move it in: the budget also holds while it moves."""
        size = size_of(model)
        with self._lock:
            self._make_room(size)
        return Resident(model.to(self._device).eval(), digest, size)

    def _make_room(self, coming: int = 0) -> None:
        """Evict until the rest and `coming` bytes fit.

        A model in use always stays, and so does the one used last when nothing comes: a single model
        above the budget is better kept than loaded again for every click.
        """
        excess = sum(r.bytes for r in self._models.values()) + coming - self.budget
        names = list(self._models) if coming else list(self._models)[:-1]
        for name in names:
            if excess <= 0:
                return
            candidate = self._models[name]
            if candidate.users == 0:
                excess -= candidate.bytes
                del self._models[name]
                self.evictions += 1


def size_of(model: nn.Module) -> int:
    """Bytes of a module's parameters and buffers; tensors that share memory count once."""
    storages = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
        for tensor in itertools.chain(model.parameters(), model.buffers())
    }
    return sum(storages.values())
