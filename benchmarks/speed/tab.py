"""Speed of one tab, from a server that has this tab alone.

`p50_ms`, `p95_ms` and `compute_ms` (the model's own time) are those of the first endpoint with one
client; `endpoints` has all of them with 1, 8 and 32. `cold_ms` is the first result of a fresh server,
`warm_ms` the median of later ones. `lane_gain_32` compares 32 concurrent callers of the library
function behind the first scene with the same calls in turn (`lanes` has the times). `resident_bytes`
are weights, `rss_bytes` the whole server. `slider_p50_ms` and `slider_p95_ms` are from a slider's move
to the picture in a browser, see `benchmarks.speed.slider`; `drag_p50_ms` and `drag_p95_ms` from a move of
the pointer over a picture that follows it, see `benchmarks.speed.drag`.

Nothing is declared for this: endpoints, their defaults and the library call come from the tab.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from inspect import Parameter, signature
from typing import Any

from benchmarks.speed.client import Client
from benchmarks.speed.drag import measure_drags
from benchmarks.speed.lanes import lane_gain
from benchmarks.speed.load import CLIENTS, levels
from benchmarks.speed.server import serving
from benchmarks.speed.slider import measure_sliders
from demos import Demo
from demos._tab import Scene
from scripts.examples import first_outcome, scenes_of

WARM_CALLS = 5


def measure_tab(
    demo: Demo,
    ceiling: dict[str, Any],
    report: Callable[[str], None],
    clients: Sequence[int] = CLIENTS,
) -> dict[str, Any]:
    """All figures of one tab; `ceiling` are those of the endpoint that does nothing.

    With one client only, there is no `lane_gain_32` either.
    """
    many = len(clients) > 1
    scenes = {endpoint_of(scene): scene for scene in scenes_of(demo)}
    first = next(iter(scenes))
    endpoints: dict[str, Any] = {}
    with serving("app.py", "--offline", "--only", demo.slug, *device_option()) as server:
        report(f"{demo.slug}: first result")
        with Client(server.port) as client:
            times = [
                milliseconds(client, first, arguments(scenes[first], number))
                for number in range(1 + WARM_CALLS)
            ]
        for name, scene in scenes.items():
            report(f"{demo.slug}: {name} with {' and '.join(map(str, clients))} clients")
            endpoints[name] = levels(server.port, name, partial(arguments, scene), clients)
            if many:
                endpoints[name]["share_of_transport_32"] = share(endpoints[name], ceiling)
        with Client(server.port) as client:
            state = client.health()
        sliders = drawn(server.port, demo, report)
    if many:
        report(f"{demo.slug}: lanes")
    lanes = gain_of(scenes[first]) if many else {}
    return {
        "p50_ms": endpoints[first]["1"]["p50_ms"],
        "p95_ms": endpoints[first]["1"]["p95_ms"],
        "compute_ms": endpoints[first]["compute_ms"],
        "lane_gain_32": lanes.pop("lane_gain", None),
        "cold_ms": times[0],
        "warm_ms": statistics.median(times[1:]),
        "resident_bytes": state["resident_bytes"],
        "rss_bytes": state["rss_bytes"],
        **sliders,
        "lanes": lanes,
        "endpoints": endpoints,
    }


def drawn(port: int, demo: Demo, report: Callable[[str], None]) -> dict[str, Any]:
    """The figures of sliders and of dragging; a browser that fails costs only these."""
    try:
        return measure_sliders(port, demo, report) | measure_drags(port, demo, report)
    except Exception as error:
        note = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return {"slider_p50_ms": None, "slider_p95_ms": None, "slider_note": note}


def endpoint_of(scene: Scene) -> str:
    """The public name of a scene's handler."""
    assert scene.handler is not None
    return scene.handler.__name__


def arguments(scene: Scene, number: int) -> dict[str, Any]:
    """The inputs of call `number`: the endpoint's defaults, and another seed each time.

    An argument without a default of its own has the value that the page starts with.
    """
    assert scene.handler is not None
    parameters = signature(scene.handler).parameters
    given = {
        name: scene.defaults[name]
        for name, parameter in parameters.items()
        if parameter.default is Parameter.empty
    }
    return given | ({"seed": number} if "seed" in parameters else {})


def milliseconds(client: Client, name: str, inputs: dict[str, Any]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    client.call(name, inputs)
    return round(1000 * (time.perf_counter() - started), 1)


def share(figures: dict[str, Any], ceiling: dict[str, Any]) -> float | None:
    """Calls a second of 32 clients over those of the endpoint that does nothing."""
    best = ceiling.get("32", {}).get("per_second")
    return round(figures["32"]["per_second"] / best, 3) if best else None


def gain_of(scene: Scene) -> dict[str, Any]:
    """`lane_gain` of the library call behind a scene; nothing when no model computes there."""
    outcome = first_outcome(scene)
    if outcome.call is None or outcome.timing is None:
        return {}
    return lane_gain(outcome.call.function, outcome.call.arguments)


def device_option() -> list[str]:
    """The device that this process was told to use, for the server's command line."""
    device = os.environ.get("GALLERY_DEVICE")
    return ["--device", device] if device else []
