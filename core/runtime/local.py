"""The local backend: one device, one thread that computes, models within a byte budget."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from core import hub
from core.runtime.batch import bucket, count_rows, fill, gather, join, scatter, signature
from core.runtime.device import Device, memory_budget
from core.runtime.lanes import Lanes
from core.runtime.requests import Cancel, Cancelled, Function, Request, Rows, Slice, Timing
from core.runtime.residency import Residency

MAX_ROWS = 64  # rows of one batch, unless a task says otherwise
LaneKey = tuple[int, Function, Hashable, Hashable, int]


def load_weights(name: str) -> tuple[nn.Module, str]:
    """A module by its weights name, and the digits of its hash that are shown."""
    return hub.load(name), hub.locate(name).hash


class Runtime:
    """Answers requests of any number of threads in shared batches.

    One thread computes, because torch already uses all cores of a CPU and a GPU runs one stream of
    small models best. `buckets` fills batches up to powers of two; by default only on a GPU.
    """

    def __init__(
        self,
        device: str | None = None,
        *,
        dtype: torch.dtype | None = None,
        budget: int | None = None,
        buckets: bool | None = None,
        load: Callable[[str], tuple[nn.Module, str]] = load_weights,
    ) -> None:
        self.device = Device(device, dtype)
        self.models = Residency(
            load, self.device.torch, memory_budget() if budget is None else budget
        )
        self._buckets = self.device.keeps_shapes if buckets is None else buckets
        self._lanes = Lanes()
        self._counting = threading.Lock()
        self._counters = {"requests": 0, "rows": 0, "batches": 0, "errors": 0}
        self._compute_s = 0.0
        self._worker = threading.Thread(target=self._work, name="gallery-runtime", daemon=True)
        self._worker.start()

    def adopt(self, name: str, model: nn.Module, digest: str = "none") -> None:
        """Make a module resident under a name that need not be in the manifest (notebooks, tests)."""
        self.models.adopt(name, model, digest)

    def run(
        self,
        weights: str,
        function: Function,
        rows: Rows,
        static: Mapping[str, Hashable] | None = None,
        *,
        ragged: Collection[str] = (),
        max_rows: int = MAX_ROWS,
        cancel: Cancel | None = None,
    ) -> tuple[dict[str, Tensor], Timing]:
        """Answer a request as part of a batch; see `Backend.run`."""
        arrived = time.perf_counter()
        count = count_rows(rows)
        alike = signature(rows, ragged)
        fixed = tuple(sorted((static or {}).items()))
        types = tuple(type(value) for _, value in fixed)  # 1, 1.0 and True are equal, but not alike
        if max_rows < 1:
            raise ValueError(f"expected max_rows of at least 1, got {max_rows}")
        if not self._worker.is_alive():
            raise RuntimeError("the runtime is closed")
        if threading.current_thread() is self._worker:  # it would wait for itself
            raise RuntimeError("a function that runs in a batch cannot ask for another batch")
        with self.models.hold(weights) as model:
            request = Request(rows, count, model, function, dict(static or {}), max_rows)
            key: LaneKey = (model.number, function, alike, (fixed, types), max_rows)
            stop = partial(self._lanes.fail, request, Cancelled("stopped"))
            try:
                self._lanes.put(key, request, max_rows)
                self._count(requests=1)
                with cancel.calling(stop) if cancel else nullcontext():
                    request.finished.wait()
            finally:
                stop()  # for a caller that was interrupted; changes nothing about an answer
        if request.error is not None:
            raise request.error
        compute_ms = 1000 * request.compute_s
        return join(request.parts), Timing(
            compute_ms=compute_ms,
            queue_ms=max(0.0, 1000 * (request.ended - arrived) - compute_ms),
            device=self.device.name,
            batch=request.batch,
            weights=model.digest,
        )

    def status(self) -> dict[str, Any]:
        """Device, resident models, memory, queue and counts since the start, as plain values."""
        models = self.models.models()
        with self._counting:
            counted = {**self._counters, "compute_seconds": round(self._compute_s, 3)}
        return {
            "backend": "local",
            "device": self.device.name,
            "dtype": str(self.device.dtype).removeprefix("torch."),
            "models": models,
            "resident_bytes": sum(model["bytes"] for model in models.values()),
            "budget_bytes": self.models.budget,
            "queue": self._lanes.waiting(),
            "evictions": self.models.evictions,
            **counted,
        }

    def close(self) -> None:
        """Let the batch that computes finish, fail the requests that wait, let go of the models."""
        self._lanes.close()
        if threading.current_thread() is not self._worker:
            self._worker.join()
        self.models.clear()

    def _count(self, **more: int) -> None:
        with self._counting:
            for name, number in more.items():
                self._counters[name] += number

    def _work(self) -> None:
        try:
            self.device.prepare_thread()
            while (slices := self._lanes.take()) is not None:
                self._answer(slices)
        finally:
            self._lanes.close()  # should this thread ever die, callers fail instead of waiting for it

    def _answer(self, slices: Sequence[Slice]) -> None:
        """Compute a batch; an error ends only the request whose rows cause it, found by halving."""
        slices = [piece for piece in slices if not piece.request.finished.is_set()]
        if not slices:
            return
        try:
            parts, seconds = self._run_batch(slices)
        except BaseException as error:
            if len(slices) == 1:
                self._count(errors=1)
                self._lanes.fail(slices[0].request, error)
                return
            middle = len(slices) // 2
            self._answer(slices[:middle])
            self._answer(slices[middle:])
        else:
            self._lanes.deliver(slices, parts, seconds)

    def _run_batch(self, slices: Sequence[Slice]) -> tuple[list[dict[str, Tensor]], float]:
        """Every slice's answers, and the seconds they took together."""
        started = time.perf_counter()
        first = slices[0].request
        size = rows = sum(map(len, slices))
        batch = gather(slices)
        if self._buckets:
            size = bucket(rows, first.max_rows)
        if size > rows:
            batch = fill(batch, size)
        outputs = self.device.compute(first.model.model, first.function, batch, first.static)
        parts = scatter(outputs, slices, size, first.function)
        seconds = time.perf_counter() - started
        with self._counting:
            self._counters["rows"] += rows
            self._counters["batches"] += 1
            self._compute_s += seconds
        return parts, seconds
