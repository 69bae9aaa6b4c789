"""Numbers on their way to the page: measured time, JSON without infinities, thinned curves."""

import math
import time
from collections.abc import Callable
from typing import Any, TypeVar

from core.runtime import Timing
from demos._outcome import plain

Answer = TypeVar("Answer")


def timed(function: Callable[..., Answer], /, *args: Any, **kwargs: Any) -> tuple[Answer, Timing]:
    """The answer of a function that needs no weights, and what the run line says about it."""
    started = time.perf_counter()
    answer = function(*args, **kwargs)
    spent = 1e3 * (time.perf_counter() - started)
    return answer, Timing(compute_ms=spent, queue_ms=0.0, device="cpu", batch=1, weights="")


def finite(value: Any) -> Any:
    """Plain JSON values; what is infinite or no number becomes null."""
    return _checked(plain(value))


def _checked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _checked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_checked(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def rounded(values: Any, digits: int = 4) -> list[Any]:
    """An array as nested lists of short numbers; what is no number becomes null."""
    shortened = [
        rounded(item, digits)
        if isinstance(item, list)
        else round(float(item), digits)
        if math.isfinite(item)
        else None
        for item in plain(values)
    ]
    return shortened


def thinned(values: Any, most: int = 1000) -> list[Any]:
    """At most about `most` of the values of a sequence or array, equally spaced, the last one included."""
    listed = list(plain(values))
    step = max(1, math.ceil(len(listed) / most))
    kept = listed[::step]
    if (len(listed) - 1) % step:
        kept.append(listed[-1])
    return kept
