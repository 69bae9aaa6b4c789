"""Start-up: time to the first page over the time that the two big imports take alone.

Both are measured in fresh processes, in turn, after one of each whose time does not count.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.speed.server import ROOT, serving

REPEATS = 5
IMPORTS = "import gradio, torch; print('ready', flush=True)"


def measure(report: Callable[[str], None]) -> dict[str, Any]:
    """`start_ratio`, the median of the ratios of neighbouring runs, and the medians themselves."""
    pairs = []
    for turn in range(REPEATS + 1):
        report(f"start-up, {'warming the disk' if not turn else f'{turn} of {REPEATS}'}")
        alone = imports()
        with serving("app.py", "--offline") as server:
            page = server.seconds
        if turn:
            pairs.append((alone, page))
    return {
        "start_ratio": round(statistics.median(page / alone for alone, page in pairs), 3),
        "first_page_s": round(statistics.median(page for _, page in pairs), 3),
        "import_s": round(statistics.median(alone for alone, _ in pairs), 3),
        "repeats": REPEATS,
    }


def imports() -> float:
    """Seconds from the start of a Python process until gradio and torch are imported in it."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", IMPORTS],
        cwd=ROOT,
        env={**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        seconds = time.perf_counter() - started
    if not ready:
        raise RuntimeError("gradio or torch could not be imported; see the message above")
    return seconds
