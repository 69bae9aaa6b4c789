"""The backend of this process, and the one function that tasks call."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Collection, Hashable, Mapping
from typing import Any, Protocol

from torch import Tensor

from core.runtime.local import MAX_ROWS, Runtime
from core.runtime.requests import Cancel, Function, Rows, Timing, current_cancel


class Backend(Protocol):
    """Where functions run: in this process, or in replicas behind Ray Serve."""

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
        """Run `function(model, **rows, **static)`, perhaps together with rows of other requests.

        `rows` are tensors with one common first dimension, and so is what the function returns; the
        caller gets its own rows, on the host. `static` are arguments that all rows of a batch share.
        Only rows of equal shapes are put together, except those named in `ragged`: they are padded
        with zeros on the right, so the function needs their lengths or a mask as well, and outputs
        as wide as they are may come back wider than they would alone. A batch has at most `max_rows`
        rows; a larger request is cut. The call blocks until its rows are there, and raises what the
        function raised for them, or `Cancelled` once `cancel` is set.
        """

    def status(self) -> dict[str, Any]:
        """Device, resident models, memory, queue and counts since the start, as plain values."""

    def close(self) -> None:
        """Stop; requests that wait fail."""


_backend: Backend | None = None
_lock = threading.Lock()


def backend() -> Backend:
    """The process's backend; a local runtime unless `use` chose another."""
    global _backend
    with _lock:
        if _backend is None:
            _backend = Runtime()
            # A thread that computes while the interpreter is taken down would crash it.
            atexit.register(_backend.close)
        return _backend


def use(chosen: Backend | None) -> Backend | None:
    """Choose the backend of this process; returns the one before, which the caller may close.

    With None the next request makes a local runtime.
    """
    global _backend
    with _lock:
        before, _backend = _backend, chosen
        return before


def run(
    weights: str,
    function: Function,
    rows: Rows,
    *,
    ragged: Collection[str] = (),
    max_rows: int = MAX_ROWS,
    cancel: Cancel | None = None,
    **static: Hashable,
) -> tuple[dict[str, Tensor], Timing]:
    """`Backend.run` on the process's backend; `cancel` may also come from a `stopping` block."""
    return backend().run(
        weights,
        function,
        rows,
        static,
        ragged=ragged,
        max_rows=max_rows,
        cancel=cancel or current_cancel(),
    )
