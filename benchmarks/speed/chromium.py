"""The browser of the measurements; without one they say what to install."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MISSING = "no browser here: pip install -r requirements-dev.txt, python -m scripts.browser"


def path() -> str | None:
    """Where Chromium is; None without one, or without Playwright to drive it."""
    try:
        import playwright.sync_api  # noqa: F401 (whether it is there)

        from scripts.browser import find
    except ModuleNotFoundError:
        return None
    return find()


@contextmanager
def opened(executable: str) -> "Iterator[Browser]":
    """A Chromium that is closed at the end of the block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()
