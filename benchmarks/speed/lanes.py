"""What the runtime's lanes gain: many callers at once against the same calls one after the other.

The call is the one a scene makes for its default inputs, each time with another seed. Both ways take
turns within one run, so that a busy machine slows both; the gain is the median of the ratios.
"""

import statistics
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from core.runtime import Timing

CALLERS = 32
REPEATS = 7


def lane_gain(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    *,
    callers: int = CALLERS,
    repeats: int = REPEATS,
) -> dict[str, Any]:
    """Seconds of `callers` calls in turn over those of as many threads; raises what a call raises.

    `lane_gain` is None when the answers carry no timing of the runtime: no model computed.
    """
    calls = [
        {**arguments, "seed": int(arguments["seed"]) + i} if "seed" in arguments else arguments
        for i in range(callers)
    ]
    first = function(**calls[0])  # loads the model
    together(function, calls)
    pairs = []
    largest = 0
    for _ in range(repeats):
        alone = in_turn(function, calls)
        crowd, answers = together(function, calls)
        largest = max([largest, *(timing.batch for timing in timings(answers))])
        pairs.append((alone, crowd))
    gain = statistics.median(alone / crowd for alone, crowd in pairs)
    return {
        "lane_gain": round(gain, 2) if timings([first]) else None,
        "callers": callers,
        "in_turn_ms": round(1000 * statistics.median(alone for alone, _ in pairs), 1),
        "together_ms": round(1000 * statistics.median(crowd for _, crowd in pairs), 1),
        "largest_batch": largest,
        "repeats": repeats,
    }


def in_turn(function: Callable[..., Any], calls: list[Mapping[str, Any]]) -> float:
    """Seconds of all calls, one after the other."""
    started = time.perf_counter()
    for arguments in calls:
        function(**arguments)
    return time.perf_counter() - started


def together(
    function: Callable[..., Any], calls: list[Mapping[str, Any]]
) -> tuple[float, list[Any]]:
    """Seconds until the last of as many threads as calls has its answer, and the answers."""
    answers: list[Any] = []
    errors: list[BaseException] = []
    clock: list[float] = []
    barrier = threading.Barrier(len(calls), action=lambda: clock.append(time.perf_counter()))

    def caller(arguments: Mapping[str, Any]) -> None:
        barrier.wait()
        try:
            answers.append(function(**arguments))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=caller, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - clock[0]
    if errors:
        raise errors[0]
    return seconds, answers


def timings(answers: list[Any]) -> list[Timing]:
    """What the runtime says about each answer, where it had a part in it."""
    found = [getattr(answer, "timing", None) for answer in answers]
    return [timing for timing in found if isinstance(timing, Timing)]
