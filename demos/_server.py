"""What the web server adds to Gradio: assets, health, metrics, embed pages, language, compression."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import brotli
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demos import Demo
from demos._cards import card
from demos._tab import Scene
from demos._words import language, resolve, resolve_all

ASSETS = Path(__file__).parent / "assets"
STARTED = time.time()


@cache
def assets_version() -> str:
    """Digest of all scripts and styles; part of their address, so that browsers may keep them."""
    digest = hashlib.sha256()
    for path in sorted(ASSETS.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


class Immutable(StaticFiles):
    """Static files that a browser may keep for a year, since their address names their version.

    The version is part of the path and not of the query, so that modules which import each other by
    relative addresses are the same modules for all of them.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept when it is of the version that the address names."""
        response = await super().get_response(path, scope)
        current = scope["path_params"]["version"] == assets_version()
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if current else "no-cache"
        )
        return response


def routes(
    demos: Sequence[Demo], scenes: Sequence[Scene], status: Callable[[], Mapping[str, Any]]
) -> list[BaseRoute]:
    """Routes that stand before Gradio's own; all but the embed page live under `/gradio_api/`."""
    known = {demo.slug: demo for demo in demos}
    stages = {(scene.tab.slug, scene.name): scene for scene in scenes}

    def health(request: Request) -> Response:
        return JSONResponse({"uptime_s": round(time.time() - STARTED, 1), **status()})

    def metrics(request: Request) -> Response:
        return PlainTextResponse(prometheus(status()), media_type="text/plain; version=0.0.4")

    def embed(request: Request) -> Response:
        slug = request.path_params["slug"]
        if slug not in known:
            listed = ", ".join(known)
            return PlainTextResponse(f"There is no tab {slug!r}. Tabs: {listed}", status_code=404)
        query = [(k, v) for k, v in request.query_params.multi_items() if k not in ("tab", "embed")]
        extra = "".join(f"&{k}={_quoted(v)}" for k, v in query)
        return RedirectResponse(f"../?tab={slug}&embed=1{extra}")

    def scene_facts(request: Request) -> Response:
        scene = stages.get((request.path_params["slug"], request.path_params["scene"]))
        if scene is None:
            return JSONResponse({"error": "there is no such scene"}, status_code=404)
        lang = language(request.query_params, request.headers, request.cookies)
        return JSONResponse(resolve_all(scene.facts(), lang))

    def model_card(request: Request) -> Response:
        lang = language(request.query_params, request.headers, request.cookies)
        return JSONResponse(resolve_all(card(request.path_params["name"], lang), lang))

    return [
        Route("/gradio_api/health", health),
        Route("/gradio_api/metrics", metrics),
        Route("/gradio_api/gallery/card/{name}", model_card),
        Route("/gradio_api/gallery/scene/{slug}/{scene}", scene_facts),
        Route("/gradio_api/gallery/plotly.js", _plotly),
        Mount("/gradio_api/gallery/assets/{version}", Immutable(directory=ASSETS)),
        Route("/embed/{slug}", embed),
    ]


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


async def _plotly(request: Request) -> Response:
    """plotly.js as the plotly package ships it; asked for when the first plot is drawn."""
    import importlib.util

    from starlette.responses import FileResponse

    spec = importlib.util.find_spec("plotly")
    assert spec is not None and spec.origin is not None
    path = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    return FileResponse(
        path,
        media_type="text/javascript",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


def prometheus(status: Mapping[str, Any]) -> str:
    """The status in Prometheus' text format."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest
    from prometheus_client.core import CounterMetricFamily

    registry = CollectorRegistry()

    class Totals:
        def collect(self) -> Any:
            for key in ("requests", "rows", "batches", "errors", "evictions", "compute_seconds"):
                if key in status:
                    yield CounterMetricFamily(
                        f"gallery_{key}", f"{key} since the start".replace("_", " "), status[key]
                    )

    registry.register(Totals())
    for key in ("queue", "resident_bytes", "budget_bytes", "rss_bytes"):
        if key in status:
            Gauge(f"gallery_{key}", key.replace("_", " "), registry=registry).set(status[key])
    size = Gauge("gallery_model_bytes", "bytes of a resident model", ["model"], registry=registry)
    for name, model in status.get("models", {}).items():
        size.labels(name).set(model["bytes"])
    return generate_latest(registry).decode()


SERVER_ONLY = {"api_info_as_input", "api_info_as_output", "example_inputs", "skip_api"}


class Languages:
    """Puts our head in the page and chooses one language in it, its config and the API description.

    Only these few answers are looked into; streams, files and events pass untouched. They are packed
    with Brotli where the browser takes it: its window spans the configurations of many tabs, gzip's
    does not.
    """

    PATHS = ("/", "/config", "/config/", "/gradio_api/info", "/gradio_api/openapi.json")

    def __init__(self, app: ASGIApp, head: str) -> None:
        self.app, self.head = app, head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Buffer the answer, resolve it, send it on."""
        wanted = scope["type"] == "http" and (
            scope["path"] in self.PATHS or scope["path"].startswith("/gradio_api/mcp/schema")
        )
        if not wanted:
            await self.app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # Gradio asks for one at the start and waits three seconds
            await Response(media_type="text/html")(scope, receive, send)
            return
        request = Request(scope)
        lang = language(request.query_params, request.headers, request.cookies)
        start: Message | None = None
        body = bytearray()

        async def hold(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            assert start is not None
            text = _unescaped(body.decode("utf-8"))
            if scope["path"] == "/":
                text = _without_value_types(_without_api_description(text))
                text = text.replace("</head>", f"{self.head}</head>", 1)
                text = text.replace('lang="en"', f'lang="{lang}"', 1)
            content = resolve(text, lang).encode("utf-8")
            kept = [h for h in start["headers"] if h[0].lower() != b"content-length"]
            headers = [*kept, (b"vary", b"accept-language, cookie, accept-encoding")]
            if "br" in re.findall(r"\w+", request.headers.get("accept-encoding", "")):
                content = _packed(content)
                headers.append((b"content-encoding", b"br"))
            headers.append((b"content-length", str(len(content)).encode()))
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": content})

        await self.app(scope, receive, hold)


def _without_api_description(page: str) -> str:
    """The page without a third of its bytes: Gradio's client asks `/gradio_api/info` for them."""
    before, found, rest = page.partition("<script>window.gradio_api_info")
    return before + rest.partition("</script>")[2] if found else page


@lru_cache(maxsize=4)
def _without_value_types(page: str) -> str:
    """The page without what only the server and its API description need to know of a component."""
    before, found, rest = page.partition("window.gradio_config = ")
    config, end, after = rest.partition(";</script>")
    if not end:
        return page
    slim = json.loads(config)
    for component in slim["components"]:
        for key in SERVER_ONLY & component.keys():
            del component[key]
    text = json.dumps(slim, ensure_ascii=False, separators=(",", ":"))
    for mark in "<>&":  # so that no text ends the script
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return before + found + text + end + after


@lru_cache(maxsize=8)
def _packed(content: bytes) -> bytes:
    """Packed with Brotli; the few pages that there are stay packed for the next visitor."""
    packed: bytes = brotli.compress(content, quality=9, lgwin=24)
    return packed


def _unescaped(text: str) -> str:
    """JSON may carry the marks as escapes; make them plain, so that one pattern finds all pairs."""
    for mark in ("\ue000", "\ue001", "\ue002"):
        text = text.replace(json.dumps(mark)[1:-1], mark)
    return text


def middleware(head: str) -> list[Middleware]:
    """Compression outside, language inside: the page is resolved before it is packed.

    `head` goes into the page's head, so that style and language are there before Gradio starts.
    """
    return [Middleware(GZipMiddleware, minimum_size=2048), Middleware(Languages, head=head)]
