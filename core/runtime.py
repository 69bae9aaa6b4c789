"""Resident models on one device, and lanes that answer many visitors with one batch.

A task hands over rows of tensors and a function; the runtime loads the model once, keeps it on the
device, puts rows of concurrent requests that use the same function together, runs them in inference
mode and gives every caller its own rows back, on the host. One thread computes, because torch already
uses all cores of a CPU and a GPU runs one stream of small models best; the lanes take turns, so a
visitor with many rows does not hold up one with few.

Noise is drawn on the CPU in single precision from a generator of its own per request, so a seed means
the same on every device and in any company.
"""

from __future__ import annotations

import importlib
import os
import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from core import hub
from core._threads import available_cores

Rows = Mapping[str, Tensor]
Function = Callable[..., dict[str, Tensor]]

MAX_ROWS = 64  # rows of one batch; a larger request is cut and takes turns
WINDOW_S = 0.002  # how long a lone request waits for company when others are about
DEFAULT_BUDGET = 8 << 30  # bytes of resident weights, unless GALLERY_MEMORY says otherwise


class Cancelled(RuntimeError):
    """The visitor stopped the request before it was answered."""


@dataclass(frozen=True)
class Timing:
    """How one answer came about; shown under every result."""

    compute_ms: float
    queue_ms: float
    device: str
    batch: int  # rows in the batch this request was part of
    weights: str  # first digits of the weights' hash

    def __add__(self, other: Timing) -> Timing:
        """Two calls in a row: times add up, the larger batch is named."""
        return Timing(
            self.compute_ms + other.compute_ms,
            self.queue_ms + other.queue_ms,
            self.device,
            max(self.batch, other.batch),
            self.weights,
        )


class Backend(Protocol):
    """Where functions run: in this process, or in replicas behind Ray Serve."""

    def run(
        self,
        weights: str,
        function: Function,
        rows: Rows,
        static: Mapping[str, Hashable],
        cancel: threading.Event | None,
    ) -> tuple[dict[str, Tensor], Timing]:
        """Run `function(model, **rows, **static)` and return host tensors of the same rows."""

    def status(self) -> dict[str, Any]:
        """Device, resident models, memory and queue, as plain values."""


@dataclass
class _Request:
    rows: Rows
    count: int
    cancel: threading.Event | None
    arrived: float = field(default_factory=time.perf_counter)
    started: float = 0.0
    compute_s: float = 0.0
    batch: int = 0
    taken: int = 0  # rows already handed to a batch
    parts: list[dict[str, Tensor]] = field(default_factory=list)
    error: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def fail(self, error: BaseException) -> None:
        self.error = error
        self.done.set()


LaneKey = tuple[str, Function, tuple[tuple[str, Hashable], ...]]


class Runtime:
    """The local backend: one device, one compute thread, models within a byte budget."""

    def __init__(self, device: str | None = None, *, budget: int | None = None) -> None:
        self.device = torch.device(device or choose_device())
        if self.device.type == "cpu":
            torch.set_num_threads(available_cores())
        torch.set_flush_denormal(True)
        self.budget = budget if budget is not None else memory_budget()
        self._models: OrderedDict[str, _Resident] = OrderedDict()
        self._models_lock = threading.RLock()
        self._loading: dict[str, threading.Lock] = {}
        self._lanes: OrderedDict[LaneKey, deque[_Request]] = OrderedDict()
        self._wake = threading.Condition()
        self._counters = {"requests": 0, "rows": 0, "batches": 0, "errors": 0, "evictions": 0}
        self._compute_s = 0.0
        self._closed = False
        self._worker = threading.Thread(target=self._work, name="gallery-runtime", daemon=True)
        self._worker.start()

    # -- models -----------------------------------------------------------------------------------

    @contextmanager
    def resident(self, name: str) -> Iterator[_Resident]:
        """The model `name` on the device, loaded on first use and not evicted inside the block."""
        with self._models_lock:
            found = self._models.get(name)
            if found is not None:
                found.users += 1
                self._models.move_to_end(name)
            loading = self._loading.setdefault(name, threading.Lock())
        if found is None:
            with loading:  # two visitors, one load
                with self._models_lock:
                    found = self._models.get(name)
                if found is None:
                    found = self._load(name)
                with self._models_lock:
                    found.users += 1
                    self._models[name] = found
                    self._models.move_to_end(name)
                    self._evict()
        try:
            yield found
        finally:
            with self._models_lock:
                found.users -= 1

    def adopt(self, name: str, model: nn.Module, digest: str = "none") -> None:
        """Make a module resident under a name that is not in the manifest (tests, notebooks)."""
        with self._models_lock:
            self._models[name] = _Resident(model.to(self.device).eval(), digest)

    def _load(self, name: str) -> _Resident:
        model = hub.load(name)
        return _Resident(model.to(self.device), hub.locate(name).hash)

    def _evict(self) -> None:
        """Drop the least recently used models until the rest fits; one in use always stays."""
        spare = sum(r.bytes for r in self._models.values()) - self.budget
        for name in list(self._models):
            if spare <= 0:
                return
            candidate = self._models[name]
            if candidate.users == 0:
                spare -= candidate.bytes
                del self._models[name]
                self._counters["evictions"] += 1

    # -- lanes ------------------------------------------------------------------------------------

    def run(
        self,
        weights: str,
        function: Function,
        rows: Rows,
        static: Mapping[str, Hashable] | None = None,
        cancel: threading.Event | None = None,
    ) -> tuple[dict[str, Tensor], Timing]:
        """Answer a request as part of a batch; blocks until its rows are there.

        `rows` are tensors with one common first dimension; trailing dimensions that differ between
        requests are padded with zeros on the right, so a function that takes ragged rows also takes
        their lengths as a row. `static` are the arguments that all rows of a batch must share.
        Raises what the function raised for these rows, or `Cancelled`.
        """
        counts = {len(tensor) for tensor in rows.values()}
        if len(counts) != 1 or 0 in counts:
            raise ValueError(f"expected rows of one positive length, got {sorted(counts)}")
        request = _Request(rows, counts.pop(), cancel)
        with self.resident(weights) as model:
            key: LaneKey = (weights, function, tuple(sorted((static or {}).items())))
            with self._wake:
                if self._closed:
                    raise RuntimeError("the runtime is closed")
                self._lanes.setdefault(key, deque()).append(request)
                self._counters["requests"] += 1
                self._wake.notify()
            while not request.done.wait(0.05):
                if cancel is not None and cancel.is_set():
                    self._withdraw(key, request)
            digest = model.digest
        if request.error is not None:
            raise request.error
        outputs = request.parts[0] if len(request.parts) == 1 else _join(request.parts)
        timing = Timing(
            compute_ms=1000 * request.compute_s,
            queue_ms=1000 * (request.started - request.arrived),
            device=self.device_name(),
            batch=request.batch,
            weights=digest,
        )
        return outputs, timing

    def _withdraw(self, key: LaneKey, request: _Request) -> None:
        with self._wake:
            queue = self._lanes.get(key)
            if queue is not None and request in queue:
                queue.remove(request)
                request.fail(Cancelled("stopped"))

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._closed and not any(self._lanes.values()):
                    self._lanes.clear()
                    self._wake.wait()
                if self._closed:
                    for queue in self._lanes.values():
                        for request in queue:
                            request.fail(RuntimeError("the runtime was closed"))
                    return
                key, slices = self._collect()
            if slices:
                self._answer(key, slices)

    def _collect(self) -> tuple[LaneKey, list[tuple[_Request, int, int]]]:
        """Take the next lane's turn: whole requests and slices, at most `MAX_ROWS` rows."""
        key = next(k for k, queue in self._lanes.items() if queue)
        queue = self._lanes[key]
        pending = sum(r.count - r.taken for r in queue)
        if pending < MAX_ROWS and len(queue) > 1:
            self._wake.wait(WINDOW_S)  # company is on the way: callers that come in bursts
        self._lanes.move_to_end(key)
        slices: list[tuple[_Request, int, int]] = []
        room, now = MAX_ROWS, time.perf_counter()
        share = max(1, MAX_ROWS // max(1, len(queue)))
        for request in list(queue):
            if request.cancel is not None and request.cancel.is_set():
                queue.remove(request)
                request.fail(Cancelled("stopped"))
                continue
            take = min(request.count - request.taken, room, max(share, MAX_ROWS // 4))
            if take <= 0:
                break
            request.started = request.started or now
            slices.append((request, request.taken, request.taken + take))
            request.taken += take
            room -= take
            if request.taken == request.count:
                queue.remove(request)
        return key, slices

    def _answer(self, key: LaneKey, slices: list[tuple[_Request, int, int]]) -> None:
        try:
            self._run_batch(key, slices)
        except BaseException as error:
            if len(slices) == 1:
                self._counters["errors"] += 1
                self._forget(key, slices[0][0], error)
                return
            for one in slices:  # find whose rows were at fault; the others get their answer
                self._answer(key, [one])

    def _forget(self, key: LaneKey, request: _Request, error: BaseException) -> None:
        with self._wake:
            queue = self._lanes.get(key)
            if queue is not None and request in queue:
                queue.remove(request)
        request.fail(error)

    def _run_batch(self, key: LaneKey, slices: list[tuple[_Request, int, int]]) -> None:
        weights, function, static = key
        started = time.perf_counter()
        names = slices[0][0].rows.keys()
        batch = {
            name: _stack([request.rows[name][a:b] for request, a, b in slices]) for name in names
        }
        with self._models_lock:
            model = self._models[weights].model
        outputs = dispatch(self.device, model, function, batch, dict(static))
        spent = time.perf_counter() - started
        count = sum(b - a for _, a, b in slices)
        self._compute_s += spent
        self._counters["rows"] += count
        self._counters["batches"] += 1
        offset = 0
        for request, a, b in slices:
            rows = {name: tensor[offset : offset + b - a] for name, tensor in outputs.items()}
            offset += b - a
            request.parts.append(rows)
            request.compute_s += spent
            request.batch = max(request.batch, count)
            if sum(len(next(iter(part.values()))) for part in request.parts) == request.count:
                request.done.set()

    # -- what the page shows ----------------------------------------------------------------------

    def device_name(self) -> str:
        """`CPU x2`, or the name of the GPU."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        return f"CPU ×{torch.get_num_threads()}"

    def status(self) -> dict[str, Any]:
        """Device, resident models, memory and queue, as plain values."""
        with self._models_lock:
            models = {
                name: {"bytes": r.bytes, "users": r.users, "weights": r.digest}
                for name, r in self._models.items()
            }
        with self._wake:
            waiting = sum(len(queue) for queue in self._lanes.values())
        return {
            "device": self.device_name(),
            "models": models,
            "resident_bytes": sum(m["bytes"] for m in models.values()),
            "budget_bytes": self.budget,
            "queue": waiting,
            "compute_seconds": round(self._compute_s, 3),
            **self._counters,
        }

    def close(self) -> None:
        """Stop the compute thread; waiting requests fail."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._worker.join()


class _Resident:
    """A module on the device with its size, its hash and how many requests hold it."""

    def __init__(self, model: nn.Module, digest: str) -> None:
        self.model, self.digest, self.users = model, digest, 0
        tensors = [*model.parameters(), *model.buffers()]
        self.bytes = sum(t.numel() * t.element_size() for t in tensors)


def _dispatch(
    device: torch.device,
    model: nn.Module,
    function: Function,
    batch: dict[str, Tensor],
    static: dict[str, Any],
) -> dict[str, Tensor]:
    """The one place where models compute: to the device, run, and one copy back to the host."""
    with torch.inference_mode():
        moved = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
        outputs = function(model, **moved, **static)
        return to_host(outputs)


def _zero_gpu(function: Callable[..., dict[str, Tensor]]) -> Callable[..., dict[str, Tensor]]:
    """On a ZeroGPU Space the single decorated entry point; elsewhere the function itself.

    Every decorated function has a worker process of its own there, so there must be only one.
    """
    if os.environ.get("SPACES_ZERO_GPU") is None:
        return function
    spaces = importlib.import_module("spaces")
    decorated: Callable[..., dict[str, Tensor]] = spaces.GPU(duration=15)(function)
    return decorated


dispatch = _zero_gpu(_dispatch)


def to_host(outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy a function's outputs to the host in one go."""
    if all(tensor.device.type == "cpu" for tensor in outputs.values()):
        return dict(outputs)
    copies = {name: tensor.to("cpu", non_blocking=True) for name, tensor in outputs.items()}
    torch.cuda.synchronize()
    return copies


def _stack(parts: list[Tensor]) -> Tensor:
    """Rows of several requests in one tensor, padded with zeros on the right where they differ."""
    if len(parts) == 1:
        return parts[0]
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) == 1:
        return torch.cat(parts)
    trailing = [max(sizes) for sizes in zip(*shapes, strict=True)]
    whole = parts[0].new_zeros((sum(map(len, parts)), *trailing))
    offset = 0
    for part in parts:
        window = (slice(offset, offset + len(part)), *(slice(0, n) for n in part.shape[1:]))
        whole[window] = part
        offset += len(part)
    return whole


def _join(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: _stack([part[name] for part in parts]) for name in parts[0]}


def noise(seed: int, *shape: int) -> Tensor:
    """Standard normal numbers of a request's seed, on the CPU, single precision.

    Row `i` of the result depends only on the seed and `i`, not on how many rows are asked for.
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randn(shape[1:], generator=generator) for _ in range(shape[0])])


def uniform(seed: int, *shape: int) -> Tensor:
    """Uniform numbers in [0, 1) with the same promise as `noise`; another stream than its."""
    generator = torch.Generator().manual_seed(seed ^ 0x5DEECE66D)
    return torch.stack([torch.rand(shape[1:], generator=generator) for _ in range(shape[0])])


def choose_device() -> str:
    """`GALLERY_DEVICE` if set, else a GPU if there is one that this process may use freely."""
    chosen = os.environ.get("GALLERY_DEVICE")
    if chosen:
        return chosen
    # On ZeroGPU a visitor has two minutes of GPU a day; these models take milliseconds on a CPU.
    if os.environ.get("SPACES_ZERO_GPU") is None and torch.cuda.is_available():
        return "cuda"
    return "cpu"


def memory_budget() -> int:
    """Bytes that resident weights may take: `GALLERY_MEMORY` such as `512MB` or `4GB`, else 8 GB."""
    text = os.environ.get("GALLERY_MEMORY", "").strip()
    if not text:
        return DEFAULT_BUDGET
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?)B?", text, re.IGNORECASE)
    if match is None:
        raise ValueError(f"GALLERY_MEMORY is {text!r}; expected a size such as 512MB or 4GB")
    power = {"": 0, "K": 1, "M": 2, "G": 3}[match[2].upper()]
    return int(float(match[1]) * 1024**power)


_backend: Backend | None = None
_backend_lock = threading.Lock()


def backend() -> Backend:
    """The process's backend; a local runtime unless `use` chose another."""
    global _backend
    with _backend_lock:
        if _backend is None:
            _backend = Runtime()
        return _backend


def use(chosen: Backend) -> None:
    """Choose the backend before the first request."""
    global _backend
    with _backend_lock:
        _backend = chosen


def run(
    weights: str,
    function: Function,
    rows: Rows,
    *,
    cancel: threading.Event | None = None,
    **static: Hashable,
) -> tuple[dict[str, Tensor], Timing]:
    """`Runtime.run` on the process's backend."""
    return backend().run(weights, function, rows, static, cancel)
