"""An endpoint under load: latencies and throughput with 1, 8 and 32 visitors at once."""

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.client import HTTPException
from typing import Any

from benchmarks.speed.client import CallFailed, Client

CLIENTS = (1, 8, 32)
CALLS = {1: 30, 8: 64, 32: 160}  # by number of clients, enough for a 95th percentile
LONGEST_S = 20.0  # after which no more calls are made

Arguments = Callable[[int], dict[str, Any]]  # of call number i


def levels(port: int, name: str, arguments: Arguments, clients: Sequence[int]) -> dict[str, Any]:
    """Figures by number of clients, and `compute_ms`, the model's own time with one client."""
    figures: dict[str, Any] = {}
    for count in clients:
        answers: list[Any] = []
        figures[str(count)] = load(port, name, arguments, count, CALLS[count], answers)
        if count == 1:
            figures["compute_ms"] = compute_ms(answers)
    return figures


def load(
    port: int, name: str, arguments: Arguments, clients: int, calls: int, answers: list[Any]
) -> dict[str, Any]:
    """Let `clients` visitors make `calls` calls together, each one after the other.

    Gives `p50_ms`, `p95_ms`, `per_second`, `calls` answered and `errors`, with one `message` when
    there were any. The results are appended to `answers`.
    """
    numbers = iter(range(calls))
    lock = threading.Lock()
    seconds: list[float] = []
    errors: list[str] = []
    clock: list[float] = []
    barrier = threading.Barrier(clients, action=lambda: clock.append(time.perf_counter()))

    def visitor() -> None:
        with Client(port) as client:
            with suppress(CallFailed, OSError, HTTPException):
                client.health()  # connected before the clock starts
            barrier.wait()
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None or time.perf_counter() > clock[0] + LONGEST_S:
                    return
                started = time.perf_counter()
                try:
                    answer = client.call(name, arguments(number))
                except (CallFailed, OSError, HTTPException) as error:
                    errors.append(f"{type(error).__name__}: {error}")
                    continue
                seconds.append(time.perf_counter() - started)
                answers.append(answer)

    threads = [threading.Thread(target=visitor, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - clock[0]
    figures: dict[str, Any] = {
        "p50_ms": percentile(seconds, 50),
        "p95_ms": percentile(seconds, 95),
        "per_second": round(len(seconds) / spent, 2),
        "calls": len(seconds),
        "errors": len(errors),
    }
    return figures | ({"message": errors[0]} if errors else {})


def percentile(seconds: list[float], percent: int) -> float | None:
    """Milliseconds that a share of the calls stayed below; None without calls."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)


def compute_ms(answers: list[Any]) -> float | None:
    """Median of the model's own time, where the results tell it."""
    times = [
        answer["timing"]["compute_ms"]
        for answer in answers
        if isinstance(answer, dict) and isinstance(answer.get("timing"), dict)
    ]
    return round(statistics.median(times), 1) if times else None
