"""Comparisons with other packages on the same inputs in the same run; one module per subject.

A module with a function `run(options) -> dict` is a comparison; the folder is the registry. With a function
`table(figures) -> list[str]` it says how its figures are printed for a reader.
"""

import difflib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


class PeerMissing(RuntimeError):
    """The package to compare with is not installed; the message says how to get it."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says; a comparison uses what makes sense for it."""

    data: tuple[Path, ...] = ()  # files of examples, for comparisons that read some
    limit: int | None = None  # only the first examples of each
    report: Callable[[str], None] = lambda line: None  # takes a line of progress


def names() -> list[str]:
    """All comparisons."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__))


def compare(name: str, options: Options | None = None) -> dict[str, Any]:
    """Figures of one comparison.

    Raises `ValueError` for an unknown name or unusable options and `PeerMissing` where its package is
    not installed.
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"there is no comparison {name!r}.{hint} Known: {', '.join(known)}")
    try:
        figures: dict[str, Any] = import_module(f"{__name__}.{name}").run(options or Options())
    except ModuleNotFoundError as error:
        if error.name is None:  # the comparison says itself what is missing
            raise PeerMissing(str(error)) from error
        if error.name.partition(".")[0] in ("benchmarks", "core"):
            raise  # our own mistake, which no installation helps
        raise PeerMissing(
            f"the comparison needs {error.name}: pip install -r requirements-peers.txt"
        ) from error
    return figures


def lines(name: str, figures: dict[str, Any]) -> list[str] | None:
    """A comparison's own table of its figures; None where it has none."""
    table = getattr(import_module(f"{__name__}.{name}"), "table", None)
    return None if table is None or "error" in figures else table(figures)
