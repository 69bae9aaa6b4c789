"""Weight of the landing page: compressed bytes of the HTML, which carries the configuration.

`bytes` is what a browser gets over https or from this machine, where it takes any encoding,
`bytes_gzip` what it gets over plain http.
Repeated tabs pack better than different ones, so the page of 25 tabs is given twice: as the server
packs it with the real tabs repeated, and extrapolated from what the present tabs add to an empty page.
"""

from collections.abc import Callable
from typing import Any

from benchmarks.speed import chromium
from benchmarks.speed.client import Client
from benchmarks.speed.server import serving
from demos import discover

TABS = 25
ANY, GZIP = "gzip, deflate, br, zstd", "gzip"
SETTLED_MS = 20_000


def measure(report: Callable[[str], None]) -> dict[str, Any]:
    """Bytes with no tab, the present ones and 25; requests of a browser, None where there is none."""
    present = len(discover()[0])
    weight: dict[int, dict[str, int]] = {}
    browsed: dict[str, Any] = {}
    for tabs in sorted({0, present, TABS}):
        report(f"page with {tabs} tabs")
        with serving("-m", "benchmarks.speed.stand_in", "--tabs", str(tabs)) as server:
            with Client(server.port) as client:
                weight[tabs] = {
                    "bytes": weigh(client, ANY),
                    "bytes_gzip": weigh(client, GZIP),
                }
            if tabs == present:
                browsed = browse(server.port)
    figures: dict[str, Any] = {"tabs": present, **weight[present]}
    for key, empty in weight[0].items():
        a_tab = (weight[present][key] - empty) / max(1, present)
        figures |= {
            f"{key}_without_tabs": empty,
            f"{key}_{TABS}_tabs": weight[TABS][key],
            f"{key}_{TABS}_tabs_extrapolated": round(empty + TABS * a_tab),
        }
    return figures | browsed


def weigh(client: Client, encodings: str) -> int:
    """Compressed bytes of the page, and of its configuration should the page not carry it."""
    carried = "window.gradio_config" in client.page("/")
    return sum(client.wire_bytes(path, encodings) for path in ("/", "/config")[: 2 - carried])


def browse(port: int) -> dict[str, Any]:
    """What a browser asks for until the page has settled, and how much of it from other hosts."""
    executable = chromium.path()
    if executable is None:
        return {
            "requests": None,
            "requests_to_other_hosts": None,
            "transferred_bytes": None,
            "note": chromium.MISSING,
        }
    from playwright.sync_api import TimeoutError as Unsettled

    address = f"http://127.0.0.1:{port}"
    asked: list[str] = []
    received: list[int] = []
    with chromium.opened(executable) as browser:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        network = page.context.new_cdp_session(page)
        network.on("Network.loadingFinished", lambda e: received.append(e["encodedDataLength"]))
        network.send("Network.enable")
        page.goto(address, wait_until="load", timeout=60_000)
        try:
            page.wait_for_load_state("networkidle", timeout=SETTLED_MS)
        except Unsettled:
            pass  # a stream stays open; everything else has been asked for by now
    hosts = [url for url in asked if not url.startswith((f"{address}/", "data:", "blob:"))]
    return {
        "requests": len(asked),
        "requests_to_other_hosts": len(hosts),
        "transferred_bytes": round(sum(received)),
        **({"other_hosts": sorted(set(hosts))[:5]} if hosts else {}),
    }
