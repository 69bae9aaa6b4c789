"""One visitor's call on its way through the runtime, and the wish to stop it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from core.runtime.residency import Resident

Rows = Mapping[str, Tensor]  # tensors with one common first dimension
Function = Callable[..., dict[str, Tensor]]


@dataclass(frozen=True)
class Timing:
    """How one answer came about; shown under every result."""

    compute_ms: float
    queue_ms: float  # everything else: loading the model, waiting for others
    device: str
    batch: int  # rows in the largest batch this request was part of
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


class Cancelled(RuntimeError):
    """The visitor stopped the request before it was answered."""


class Cancel:
    """A visitor's wish to stop. `set` may come from any thread and reaches a waiting call at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set = False
        self._calls: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        """Whether `set` was called."""
        return self._set

    def set(self) -> None:
        """Stop what is going on under this wish, now and later."""
        with self._lock:
            self._set = True
            calls, self._calls = self._calls, []
        for call in calls:
            call()

    @contextmanager
    def calling(self, call: Callable[[], None]) -> Iterator[None]:
        """Inside the block `set` calls `call`; at once if the wish was there before."""
        with self._lock:
            already = self._set
            if not already:
                self._calls.append(call)
        if already:
            call()
        try:
            yield
        finally:
            with self._lock:
                if call in self._calls:
                    self._calls.remove(call)


_current: ContextVar[Cancel | None] = ContextVar("gallery_cancel", default=None)


@contextmanager
def stopping(cancel: Cancel) -> Iterator[None]:
    """Calls of the runtime inside the block stop with `Cancelled` once `cancel` is set.

    So a page can stop any verb of `core.tasks`, which know nothing of stop buttons.
    """
    token = _current.set(cancel)
    try:
        yield
    finally:
        _current.reset(token)


def current_cancel() -> Cancel | None:
    """The wish of the `stopping` block around the caller, if any."""
    return _current.get()


@dataclass(eq=False)  # compared by identity
class Request:
    """Rows waiting for their answer. `Lanes` changes it under its lock; the caller reads it after.

    `finished` is set exactly once: with all `parts` there, or with an `error`.
    """

    rows: Rows
    count: int
    model: Resident
    function: Function
    static: Mapping[str, Any]
    max_rows: int  # of a batch
    taken: int = 0  # rows already handed to a batch
    parts: list[dict[str, Tensor]] = field(default_factory=list)  # answers, in the order of rows
    answered: int = 0  # rows in them
    compute_s: float = 0.0
    batch: int = 0
    ended: float = 0.0
    error: BaseException | None = None
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def left(self) -> int:
        """Rows that no batch has taken yet."""
        return self.count - self.taken

    def finish(self, error: BaseException | None = None) -> None:
        """Wake the caller."""
        self.error = error
        self.ended = time.perf_counter()
        self.finished.set()


@dataclass(frozen=True)
class Slice:
    """Consecutive rows of one request in a batch."""

    request: Request
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start
