"""One app and one Chromium for all browser tests; a page watches for errors and outside requests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.browser import find
from tests.app.server import running

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def address(tmp_path_factory) -> Iterator[str]:
    with running(log=tmp_path_factory.mktemp("browser") / "log.txt") as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find()
    assert path is not None, "no Chromium: run `python -m scripts.browser`"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


class Visit:
    """A page of the app that remembers what went wrong and where it asked."""

    def __init__(self, browser: Browser, address: str, **context) -> None:
        settings = {"locale": "zh-CN", "viewport": {"width": 1280, "height": 800}} | context
        self.address = address
        self.context = browser.new_context(**settings)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda message: message.type == "error" and self.errors.append(message.text),
        )
        self.page.on("request", self._note)

    def _note(self, request) -> None:
        local = request.url.startswith((self.address, "data:", "blob:"))
        if not local:
            self.outside.append(request.url)

    def open(self, query: str = "") -> "Visit":
        self.page.goto(f"{self.address}/?{query}")
        return self

    def ready(self, slug: str, scene: str, times: int = 1) -> "Visit":
        """Wait until a stage has drawn an answer `times` times."""
        self.page.wait_for_function(
            "([id, n]) => Number(document.querySelector(`#stage-${id} .stage`)?.dataset.ready) >= n",
            arg=[f"{slug}-{scene}", times],
            timeout=30_000,
        )
        return self

    def primary(self, slug: str, scene: str):
        """The scene's one important button."""
        controls = f".controls:has(#notice-{slug}-{scene})"
        return self.page.locator(f"{controls} button.primary")

    def stage(self, slug: str, scene: str):
        return self.page.locator(f"#stage-{slug}-{scene} .stage")


@pytest.fixture
def visit(browser, address):
    visits = []

    def new(**context) -> Visit:
        visits.append(Visit(browser, address, **context))
        return visits[-1]

    yield new
    for one in visits:
        one.context.close()
