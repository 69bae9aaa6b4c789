"""Start-up: time to the first page over the time that the two big imports take alone, or without a tab.

Both sides are measured in fresh processes, in turn, after one of each whose time does not count. On a busy
machine the ratio of the seconds computed (`start_cpu_ratio`) is the steadier one.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from benchmarks.speed.server import ROOT, cpu_seconds, python_environment, serving

REPEATS = 5
PAIRS = 8  # of starts with and without a tab, whose difference is small
IMPORTS = "import gradio, torch; print('ready', flush=True); import sys; sys.stdin.read()"


Figures = dict[str, Any]


class Spent(NamedTuple):
    """Seconds of a process."""

    wall: float
    cpu: float | None


def measure(report: Callable[[str], None]) -> Figures:
    """`start_ratio`, the median of the ratios of neighbouring runs, and the medians themselves."""
    runs: list[tuple[Spent, Spent]] = []
    for turn in range(REPEATS + 1):
        report(f"start-up, {'warming the disk' if not turn else f'{turn} of {REPEATS}'}")
        alone = imports()
        with serving("app.py", "--offline") as server:
            page = Spent(server.seconds, server.cpu_seconds)
        if turn:
            runs.append((alone, page))
    return {
        "start_ratio": _median(b.wall / a.wall for a, b in runs),
        "start_cpu_ratio": _median(b.cpu / a.cpu for a, b in runs if a.cpu and b.cpu),
        "first_page_s": _median(page.wall for _, page in runs),
        "import_s": _median(alone.wall for alone, _ in runs),
        "repeats": REPEATS,
    }


def measure_without(slug: str, others: Collection[str], report: Callable[[str], None]) -> Figures:
    """What one tab costs at the start: all tabs over the `others` alone, in time and in time computed."""
    command = ["app.py", "--offline"]
    without = [*command, *(word for other in others for word in ("--only", other))]
    runs: list[tuple[Spent, Spent]] = []
    for turn in range(PAIRS + 1):
        report(f"start-up with and without {slug}, {turn} of {PAIRS}")
        sides: dict[int, Spent] = {}
        for side in (0, 1) if turn % 2 else (1, 0):  # neither always comes after the other
            with serving(*(without, command)[side]) as server:
                sides[side] = Spent(server.seconds, server.cpu_seconds)
        if turn:
            runs.append((sides[0], sides[1]))
    return {
        "without": slug,
        "first_page_ratio": _median(b.wall / a.wall for a, b in runs),
        "first_page_ratios": [round(b.wall / a.wall, 3) for a, b in runs],
        "cpu_ratio": _median(b.cpu / a.cpu for a, b in runs if a.cpu and b.cpu),
        "cpu_ratios": [round(b.cpu / a.cpu, 3) for a, b in runs if a.cpu and b.cpu],
        "first_page_s": _median(b.wall for _, b in runs),
        "first_page_without_s": _median(a.wall for a, _ in runs),
        "repeats": PAIRS,
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


def _median(values: Iterable[float]) -> float | None:
    """Of numbers, to three digits after the point; None where there is none."""
    found = list(values)
    return round(statistics.median(found), 3) if found else None
