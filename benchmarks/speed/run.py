"""All figures of speed in one object, keyed by tab, with the start, the page and the transport.

`start`: time to the first page over that of the imports alone; `start/SLUG`, when it is asked for: with all
tabs over without that one. `page`: weight of the landing page.
`transport`: an endpoint that does nothing, the ceiling for the others in the same run. The keys of a
tab are explained in `benchmarks.speed.tab`.
"""

import os
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import gradio as gr
import torch

from benchmarks.speed import page, start
from benchmarks.speed.load import CLIENTS, levels
from benchmarks.speed.server import serving
from benchmarks.speed.tab import measure_tab
from core import runtime
from demos import discover

Report = Callable[[str], None]

START = "start/"  # before a tab's name: what that tab costs at the start
PARTS: dict[str, Callable[[Report], dict[str, Any]]] = {  # that can be asked for like a tab
    "start": start.measure,
    "page": page.measure,
}


def measure(names: Collection[str], report: Report, *, alone: bool = False) -> dict[str, Any]:
    """Figures of the named tabs, all without a name, with every part; or of the named parts alone.

    `alone` leaves out what many clients at once are needed for, and the parts that nobody named.

    `ValueError` lists the names there are when one is unknown. What fails, such as a tab whose
    weights are missing, has an `error` instead of figures and leaves the others alone.
    """
    demos, _ = discover()
    known = [demo.slug for demo in demos]
    starts = {f"{START}{slug}": slug for slug in known}
    if unknown := sorted(set(names) - {*known, *PARTS, *starts}):
        raise ValueError(f"no tab named {', '.join(unknown)}; there are: {', '.join(known)}")
    chosen = [demo for demo in demos if not names or demo.slug in names]
    figures: dict[str, Any] = {"conditions": conditions()}
    for part, work in PARTS.items():
        if (chosen and not alone) or part in names:
            figures[part] = guarded(partial(work, report))
    for part in starts.keys() & set(names):
        others = [slug for slug in known if slug != starts[part]]
        figures[part] = guarded(partial(start.measure_without, starts[part], others, report))
    clients = CLIENTS[:1] if alone else CLIENTS
    if chosen and not alone:
        figures["transport"] = guarded(partial(transport, report))
    ceiling = figures.get("transport", {})
    for demo in chosen:
        figures[demo.slug] = guarded(partial(measure_tab, demo, ceiling, report, clients))
    return figures


def guarded(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Figures, or the error in a sentence."""
    try:
        return work()
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def conditions() -> dict[str, Any]:
    """What the figures depend on besides the code."""
    return {
        "device": runtime.backend().status()["device"],
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "torch": str(torch.__version__),
        "gradio": gr.__version__,
    }


def transport(report: Report) -> dict[str, Any]:
    """The endpoint that does nothing, with 1, 8 and 32 clients."""
    report("transport: an endpoint that does nothing")
    with serving("-m", "benchmarks.speed.stand_in", "--noop") as server:
        figures = levels(server.port, "noop", lambda number: {"seed": number}, CLIENTS)
    del figures["compute_ms"]  # nothing computes
    return figures
