"""Start-up: time to the first page over the time that the two big imports take alone.

Both are measured in fresh processes, in turn, after one of each whose time does not count. On a busy
machine the ratio of the seconds computed (`start_cpu_ratio`) is the steadier one.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.speed.server import ROOT, cpu_seconds, python_environment, serving

REPEATS = 5
IMPORTS = "import gradio, torch; print('ready', flush=True); import sys; sys.stdin.read()"


class Spent(NamedTuple):
    """Seconds of a process."""

    wall: float
    cpu: float | None


def measure(report: Callable[[str], None]) -> dict[str, Any]:
    """`start_ratio`, the median of the ratios of neighbouring runs, and the medians themselves."""
    runs: list[tuple[Spent, Spent]] = []
    for turn in range(REPEATS + 1):
        report(f"start-up, {'warming the disk' if not turn else f'{turn} of {REPEATS}'}")
        alone = imports()
        with serving("app.py", "--offline") as server:
            page = Spent(server.seconds, server.cpu_seconds)
        if turn:
            runs.append((alone, page))
    computed = [(a.cpu, b.cpu) for a, b in runs if a.cpu is not None and b.cpu is not None]
    return {
        "start_ratio": round(statistics.median(b.wall / a.wall for a, b in runs), 3),
        "start_cpu_ratio": (
            round(statistics.median(b / a for a, b in computed), 3) if computed else None
        ),
        "first_page_s": round(statistics.median(page.wall for _, page in runs), 3),
        "import_s": round(statistics.median(alone.wall for alone, _ in runs), 3),
        "repeats": REPEATS,
    }


def imports() -> Spent:
    """From the start of a Python process until gradio and torch are imported in it."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", IMPORTS],
        cwd=ROOT,
        env=python_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        ready = process.stdout.readline()
        spent = Spent(time.perf_counter() - started, cpu_seconds(process.pid))
        process.stdin.close()  # it has waited, so that its time could be read
    if not ready:
        raise RuntimeError("gradio or torch could not be imported; see the message above")
    return spent
