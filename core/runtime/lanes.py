"""Which rows run next: the queues, their turns, and how long a batch waits for company.

A *lane* holds the requests that can share a batch. Three rules decide.

* **Lanes share the time of the device.** The lane that has used the least goes next (start-time fair
  queueing, Goyal et al. 1996), so a lane whose batches take a second does not slow one whose batches
  take a millisecond more than once per batch. A lane that comes back after a pause starts level with
  the others: idle time is not saved up.
* **Within a lane, first come first served, in portions.** A request takes at most a quarter of a batch
  while others wait and then goes to the back of the queue; room that is left goes to whoever can use
  it.
* **A batch waits only for company it has reason to expect.** Callers that were answered together tend
  to come back together, a moment after their answers. So for that moment after a batch, and no longer
  than a fraction of its cost, the lane waits until as many requests as before are there. Other lanes
  run meanwhile, and a visitor who is alone never waits.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from torch import Tensor

from core.runtime.requests import Request, Slice

PATIENCE = 0.25  # of the last batch's seconds; what waiting may cost
LONGEST_PATIENCE_S = 0.01
FORGET_S = 1.0  # an empty lane remembers its last batch for so long


@dataclass(eq=False)
class Lane:
    """Requests that may share a batch, and what the last batch was like."""

    limit: int  # rows of a batch
    queue: deque[Request] = field(default_factory=deque)
    used: float = 0.0  # seconds of the device, counted from the others' level when it came
    crowd: int = 1  # requests in the last batch
    seconds: float = 0.0  # that it took
    ended: float = 0.0  # when it was over

    def patience(self, now: float) -> float:
        """Seconds that this lane would still wait for company; 0 or less when it is ready."""
        if len(self.queue) >= self.crowd or sum(r.left for r in self.queue) >= self.limit:
            return 0.0
        return self.ended + min(PATIENCE * self.seconds, LONGEST_PATIENCE_S) - now

    def take(self) -> list[Slice]:
        """Cut the next batch off the queue."""
        portion = max(1, self.limit // 4, self.limit // len(self.queue))
        room = self.limit
        chosen: list[tuple[Request, int]] = []
        while self.queue and room:
            request = self.queue.popleft()
            rows = min(request.left, portion, room)
            chosen.append((request, rows))
            room -= rows
        slices, unfinished = [], []
        for request, rows in chosen:
            more = min(request.left - rows, room)
            room -= more
            slices.append(Slice(request, request.taken, request.taken + rows + more))
            request.taken += rows + more
            if request.left:
                unfinished.append(request)
        self.queue.extend(unfinished)
        self.crowd = len(slices)
        return slices


class Lanes:
    """All queues of a runtime, for any number of callers and one thread that computes."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._lanes: dict[Hashable, Lane] = {}
        self._level = 0.0  # `used` of the lane whose turn it was last, before that turn
        self._busy: tuple[Lane, float] | None = None  # whose batch computes, and since when
        self._closed = False

    def put(self, key: Hashable, request: Request, limit: int) -> None:
        """Queue a request in the lane of `key`; its batches have at most `limit` rows."""
        with self._changed:
            if self._closed:
                raise RuntimeError("the runtime is closed")
            lane = self._lanes.get(key)
            if lane is None:
                self._forget()
                lane = self._lanes[key] = Lane(limit)
            if not lane.queue:
                lane.used = max(lane.used, self._level)
            lane.queue.append(request)
            self._changed.notify()

    def take(self) -> list[Slice] | None:
        """The next batch, as soon as there is one; None when closed. Ends the batch before."""
        with self._changed:
            self._end_batch()
            while not self._closed:
                now = self._clock()
                waits = [(lane.patience(now), lane) for lane in self._lanes.values() if lane.queue]
                ready = [lane for wait, lane in waits if wait <= 0]
                if ready:
                    lane = min(ready, key=lambda lane: lane.used)
                    self._level = max(self._level, lane.used)
                    self._busy = lane, now
                    return lane.take()
                self._changed.wait(min((wait for wait, _ in waits), default=None))
            return None

    def deliver(self, slices: list[Slice], parts: list[dict[str, Tensor]], seconds: float) -> None:
        """Hand a computed batch to its requests; those that have ended meanwhile are passed over."""
        size = sum(map(len, slices))
        with self._changed:
            for piece, part in zip(slices, parts, strict=True):
                request = piece.request
                if request.finished.is_set():
                    continue
                request.parts.append(part)
                request.answered += len(piece)
                request.compute_s += seconds
                request.batch = max(request.batch, size)
                if request.answered == request.count:
                    request.finish()

    def fail(self, request: Request, error: BaseException) -> None:
        """End a request with an error, wherever it stands; one that has ended stays as it is."""
        with self._changed:
            if request.finished.is_set():
                return
            request.finish(error)
            for lane in self._lanes.values():
                if request in lane.queue:
                    lane.queue.remove(request)
                    self._changed.notify()  # the lane may have waited for others on its account

    def waiting(self) -> int:
        """Requests with rows that no batch has taken."""
        with self._changed:
            return sum(len(lane.queue) for lane in self._lanes.values())

    def close(self) -> None:
        """Take no more requests; those that wait fail, the batch that computes is let finish."""
        with self._changed:
            self._closed = True
            for lane in self._lanes.values():
                for request in lane.queue:
                    request.finish(RuntimeError("the runtime was closed"))
                lane.queue.clear()
            self._changed.notify_all()

    def _end_batch(self) -> None:
        if self._busy is None:
            return
        lane, began = self._busy
        self._busy = None
        lane.ended = self._clock()
        lane.seconds = lane.ended - began
        lane.used += lane.seconds

    def _forget(self) -> None:
        """Drop empty lanes of the past: arguments that visitors choose make ever new ones."""
        now = self._clock()
        busy = self._busy[0] if self._busy else None
        for key, lane in list(self._lanes.items()):
            if not lane.queue and lane is not busy and now - lane.ended > FORGET_S:
                del self._lanes[key]
