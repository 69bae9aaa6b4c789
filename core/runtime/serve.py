"""A backend over Ray Serve, for those who outgrow one machine: replicas that hold a local runtime each.

    pip install -r requirements-serve.txt
    GALLERY_REPLICAS=1-4 python app.py --backend ray

Each replica is a process with a `Runtime` of its own, so requests are put together there as they are
at home; Serve spreads them over the replicas and starts or stops some as the load changes. Functions
travel by name, rows as NumPy arrays. A call costs some 6 ms more than a local one, so this pays for
heavy models and for several GPUs or machines, not for a poem.

Settings: `GALLERY_REPLICAS`, a number or a range such as `1-4`; `RAY_ADDRESS`, a cluster to join instead
of starting one here. Every machine of a cluster needs this checkout at the same path. With fewer GPUs
than replicas each gets a fraction of one.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import threading
import time
from collections.abc import Collection, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from core._threads import available_cores
from core.runtime.batch import count_rows, signature
from core.runtime.local import MAX_ROWS, Runtime
from core.runtime.requests import Cancel, Cancelled, Function, Rows, Timing

Arrays = dict[str, NDArray[Any]]
CHECKOUT = Path(__file__).resolve().parents[2]
APPLICATION = "gallery"
DEFAULT_REPLICAS = "1-4"
ONGOING = 64  # requests that a replica works on together; more wait in the caller's process
TARGET_ONGOING = 16  # beyond this many a further replica is started
FORGET_S = 600.0  # a replica not heard of for so long is no longer counted as one
# What a replica has to know of this process's settings.
PASSED_ON = re.compile(r"(GALLERY|HF|OMP|KMP|MKL)_\w+")


class Replica:
    """What runs in each of Ray's processes."""

    def __init__(self) -> None:
        self.runtime = Runtime()
        self.threads = ThreadPoolExecutor(ONGOING, "gallery-replica")

    async def answer(
        self,
        weights: str,
        function: str,
        rows: Arrays,
        static: dict[str, Hashable],
        ragged: tuple[str, ...],
        max_rows: int,
    ) -> tuple[Arrays, Timing, str, dict[str, Any]]:
        """The outputs, how they came about, this process's name and its runtime's status."""
        cancel = Cancel()
        call = partial(
            self.runtime.run,
            weights,
            resolve(function),
            {name: torch.tensor(array) for name, array in rows.items()},
            static,
            ragged=ragged,
            max_rows=max_rows,
            cancel=cancel,
        )
        try:
            outputs, timing = await asyncio.get_running_loop().run_in_executor(self.threads, call)
        except asyncio.CancelledError:
            cancel.set()
            raise
        arrays = {name: tensor.numpy() for name, tensor in outputs.items()}
        return arrays, timing, f"{os.uname().nodename}:{os.getpid()}", self.runtime.status()


class RayBackend:
    """`Backend` whose requests run in replicas behind Ray Serve."""

    def __init__(self, replicas: str | None = None) -> None:
        self._ray, self._serve = _import_ray()
        least, most = parse_replicas(
            replicas or os.environ.get("GALLERY_REPLICAS", "") or DEFAULT_REPLICAS
        )
        self._started_ray = not self._ray.is_initialized()
        if self._started_ray:
            self._start_ray()
        self._handle = self._deploy(least, most)
        self._lock = threading.Lock()
        self._heard: dict[str, tuple[float, dict[str, Any]]] = {}  # when, and the replica's status
        self._waiting = 0

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
        """Answer a request in one of the replicas; see `Backend.run`."""
        started = time.perf_counter()
        count_rows(rows)
        signature(rows, ragged)
        arrays = {name: tensor.numpy() for name, tensor in rows.items()}
        with self._lock:
            self._waiting += 1
        try:
            response = self._handle.answer.remote(
                weights, reference(function), arrays, dict(static or {}), tuple(ragged), max_rows
            )
            with cancel.calling(response.cancel) if cancel else nullcontext():
                outputs, timing, name, status = self._result(response)
        finally:
            with self._lock:
                self._waiting -= 1
        with self._lock:
            self._heard[name] = time.monotonic(), status
        elapsed_ms = 1000 * (time.perf_counter() - started)
        return (
            {name: torch.tensor(array) for name, array in outputs.items()},
            replace(timing, queue_ms=max(0.0, elapsed_ms - timing.compute_ms)),
        )

    def status(self) -> dict[str, Any]:
        """Sums over the replicas, as each was when it last answered."""
        with self._lock:
            waiting, heard = self._waiting, dict(self._heard)
        now = time.monotonic()
        alive = [status for when, status in heard.values() if now - when < FORGET_S]
        counts = ("requests", "rows", "batches", "errors", "evictions", "compute_seconds")
        models: dict[str, dict[str, Any]] = {}
        for status in alive:
            for name, model in status["models"].items():
                known = models.setdefault(name, {**model, "bytes": 0, "users": 0})
                known["bytes"] += model["bytes"]
                known["users"] += model["users"]
        return {
            "backend": "ray",
            "device": ", ".join(sorted({status["device"] for status in alive})) or "Ray",
            "replicas": len(alive),
            "models": models,
            "resident_bytes": sum(status["resident_bytes"] for status in alive),
            "budget_bytes": sum(status["budget_bytes"] for status in alive),
            "queue": waiting,
            **{key: sum(status[key] for _, status in heard.values()) for key in counts},
        }

    def close(self) -> None:
        """Stop the replicas, and Ray too if it was started here."""
        if self._started_ray:
            self._serve.shutdown()
            self._ray.shutdown()
        else:
            self._serve.delete(APPLICATION)

    def _start_ray(self) -> None:
        options: dict[str, Any] = {"log_to_driver": False}
        if "RAY_ADDRESS" not in os.environ:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            options |= {
                "num_cpus": max(2, available_cores()),
                "include_dashboard": False,
                "object_store_memory": 200_000_000,
            }
        self._ray.init(**options)

    def _deploy(self, least: int, most: int) -> Any:
        environment = {k: v for k, v in os.environ.items() if PASSED_ON.fullmatch(k)}
        threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, available_cores() // most))
        path = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
        resources = self._ray.cluster_resources()
        application = self._serve.deployment(
            Replica,
            name="runtime",
            max_ongoing_requests=ONGOING,
            autoscaling_config={
                "min_replicas": least,
                "max_replicas": most,
                "target_ongoing_requests": TARGET_ONGOING,
            },
            ray_actor_options={
                "num_cpus": min(1.0, resources.get("CPU", 1.0) / (2 * most)),
                "num_gpus": min(1.0, resources.get("GPU", 0.0) / most),
                "runtime_env": {
                    "env_vars": {**environment, "OMP_NUM_THREADS": threads, "PYTHONPATH": path}
                },
            },
        ).bind()
        return self._serve.run(application, name=APPLICATION, route_prefix=None)

    def _result(self, response: Any) -> Any:
        """What a replica answered; its exceptions are raised as they were there."""
        cancelled = importlib.import_module("ray.serve.exceptions").RequestCancelledError
        try:
            return response.result()
        except cancelled:
            raise Cancelled("stopped") from None
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, Exception):
                raise error.cause from None
            raise


def parse_replicas(text: str) -> tuple[int, int]:
    """The least and the largest number of replicas that `2` or `1-4` means."""
    match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", text)
    least = int(match[1]) if match else 0
    most = int(match[2] or match[1]) if match else 0
    if not 1 <= least <= most:
        raise ValueError(f"GALLERY_REPLICAS is {text!r}; expected a number or a range such as 1-4")
    return least, most


def reference(function: Function) -> str:
    """`module:qualname` of a function that other processes can import; others are a `ValueError`."""
    name = f"{function.__module__}:{function.__qualname__}"
    if "<" in name or function.__module__ == "__main__":
        raise ValueError(f"{name} cannot be imported by a replica; define it in a module")
    return name


def resolve(name: str) -> Function:
    """The function that a `reference` names."""
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    function: Function = found
    return function


def _import_ray() -> tuple[Any, Any]:
    try:
        return importlib.import_module("ray"), importlib.import_module("ray.serve")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"The ray backend needs {error.name}, which is not installed: "
            "pip install -r requirements-serve.txt. Without it, use --backend local."
        ) from error
