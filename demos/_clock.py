"""How long a computation without a model took, for the run line of its result."""

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from core.runtime import Timing

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def timed(
    function: Callable[Given, Answer], *args: Given.args, **kwargs: Given.kwargs
) -> tuple[Answer, Timing]:
    """The function's answer, and its time as that of one row on the CPU without weights."""
    started = time.perf_counter()
    answer = function(*args, **kwargs)
    return answer, Timing(1000 * (time.perf_counter() - started), 0.0, "cpu", 1, "none")
