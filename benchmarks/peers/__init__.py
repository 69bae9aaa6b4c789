"""Comparisons with other packages on the same inputs in the same run; one module per subject.

A module with a function `run() -> dict` is a comparison; the folder is the registry.
"""

import difflib
import pkgutil
from importlib import import_module
from typing import Any


class PeerMissing(RuntimeError):
    """The package to compare with is not installed; the message says how to get it."""


def names() -> list[str]:
    """All comparisons."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__))


def compare(name: str) -> dict[str, Any]:
    """Figures of one comparison.

    Raises `ValueError` for an unknown name and `PeerMissing` where its package is not installed.
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"there is no comparison {name!r}.{hint} Known: {', '.join(known)}")
    try:
        figures: dict[str, Any] = import_module(f"{__name__}.{name}").run()
    except ModuleNotFoundError as error:
        if error.name is None:  # the comparison says itself what is missing
            raise PeerMissing(str(error)) from error
        if error.name.partition(".")[0] in ("benchmarks", "core"):
            raise  # our own mistake, which no installation helps
        raise PeerMissing(
            f"the comparison needs {error.name}: pip install -r requirements-peers.txt"
        ) from error
    return figures
