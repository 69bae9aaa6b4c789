"""Turns, portions and patience, watched from the one thread that takes batches."""

import threading
import time

import pytest
import torch
from torch import nn

from core.runtime import lanes
from core.runtime.lanes import Lane, Lanes
from core.runtime.requests import Request
from core.runtime.residency import Resident


class Clock:
    """A clock that stands still until the test moves it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


MODEL = Resident(nn.Identity(), "none", 0)


def request(rows: int = 1) -> Request:
    return Request({"x": torch.zeros(rows, 1)}, rows, MODEL, dict, {}, 64)


def taken(slices) -> list[tuple[int, int]]:
    return [(piece.start, piece.stop) for piece in slices]


def fill(queues: Lanes, key: str, *sizes: int, limit: int = 8) -> list[Request]:
    made = [request(size) for size in sizes]
    for one in made:
        queues.put(key, one, limit)
    return made


def answer(queues: Lanes, slices) -> None:
    queues.deliver(slices, [{"y": torch.zeros(len(piece), 1)} for piece in slices], 0.001)


def test_first_come_first_served_up_to_the_limit():
    queues = Lanes()
    first, second, third = fill(queues, "a", 2, 2, 8)
    slices = queues.take()
    assert [piece.request for piece in slices] == [first, second, third]
    assert taken(slices) == [(0, 2), (0, 2), (0, 4)]
    answer(queues, slices)
    assert first.finished.is_set() and second.finished.is_set() and not third.finished.is_set()
    slices = queues.take()
    assert taken(slices) == [(4, 8)]
    answer(queues, slices)
    assert third.finished.is_set() and len(third.parts) == 2
    assert queues.waiting() == 0


def test_large_requests_leave_room_and_go_to_the_back():
    queues = Lanes()
    large = fill(queues, "a", *[100] * 5)
    small = fill(queues, "a", 1)[0]
    assert {piece.request for piece in queues.take()} == set(large[:4])
    slices = queues.take()
    assert [piece.request for piece in slices][:2] == [large[4], small]
    assert sum(map(len, slices)) == 8


def test_a_large_request_takes_what_nobody_else_needs():
    queues = Lanes()
    fill(queues, "a", 100, 1)
    assert taken(queues.take()) == [(0, 7), (0, 1)]
    assert taken(queues.take()) == [(7, 15)]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_small_limits(limit):
    queues = Lanes()
    made = fill(queues, "a", 3, 2, 1, limit=limit)
    while queues.waiting():
        slices = queues.take()
        assert 0 < sum(map(len, slices)) <= limit
        answer(queues, slices)
    assert all(one.finished.is_set() and one.answered == one.count for one in made)


def test_lanes_share_time_and_not_turns():
    clock = Clock()
    queues = Lanes(clock)
    costs, turns, owners = {"slow": 1.0, "fast": 0.1}, {"slow": 0, "fast": 0}, {}
    for key in costs:
        owners |= dict.fromkeys(fill(queues, key, *[8] * 60), key)
    for _ in range(55):
        key = owners[queues.take()[0].request]
        turns[key] += 1
        clock.now += costs[key]
    assert turns == {"slow": 5, "fast": 50}


def test_idle_time_is_not_saved_up():
    clock = Clock()
    queues = Lanes(clock)
    owners = dict.fromkeys(fill(queues, "busy", *[8] * 30), "busy")
    for _ in range(10):
        queues.take()
        clock.now += 1
    owners |= dict.fromkeys(fill(queues, "late", *[8] * 30), "late")
    order = []
    for _ in range(12):
        order.append(owners[queues.take()[0].request])
        clock.now += 1
    assert order[0] == "late" and order.count("busy") == 6


def test_whoever_is_alone_never_waits(monkeypatch):
    monkeypatch.setattr(lanes, "LONGEST_PATIENCE_S", 30.0)
    monkeypatch.setattr(lanes, "PATIENCE", 1e6)
    queues = Lanes()
    began = time.perf_counter()
    for _ in range(3):  # the same caller again and again
        fill(queues, "a", 1)
        slices = queues.take()
        time.sleep(0.01)
        answer(queues, slices)
    assert time.perf_counter() - began < 20


def test_a_batch_waits_a_moment_for_those_who_were_there_before(monkeypatch):
    monkeypatch.setattr(lanes, "LONGEST_PATIENCE_S", 30.0)
    monkeypatch.setattr(lanes, "PATIENCE", 1000.0)
    queues = Lanes()
    fill(queues, "a", 1, 1, 1)
    slices = queues.take()
    time.sleep(0.01)
    answer(queues, slices)
    back = fill(queues, "a", 1)
    others = threading.Timer(0.05, lambda: back.extend(fill(queues, "a", 1, 1)))
    others.start()
    began = time.perf_counter()
    slices = queues.take()
    assert 0.03 < time.perf_counter() - began
    assert [piece.request for piece in slices] == back


def test_patience_ends_and_other_lanes_run_meanwhile(monkeypatch):
    monkeypatch.setattr(lanes, "LONGEST_PATIENCE_S", 0.1)
    monkeypatch.setattr(lanes, "PATIENCE", 1000.0)
    queues = Lanes()
    fill(queues, "a", 1, 1)
    slices = queues.take()
    time.sleep(0.005)
    answer(queues, slices)
    waiting, other = *fill(queues, "a", 1), *fill(queues, "b", 1)
    assert queues.take()[0].request is other
    assert queues.take()[0].request is waiting


def test_patience_costs_no_more_than_a_part_of_the_last_batch():
    lane = Lane(limit=8)
    lane.queue.append(request())
    assert lane.patience(now=1.0) <= 0  # nobody was here before
    lane.crowd, lane.seconds, lane.ended = 5, 0.004, 1.0
    assert lane.patience(now=1.0) == pytest.approx(0.001)
    assert lane.patience(now=1.0011) <= 0
    lane.seconds = 100.0
    assert lane.patience(now=1.0) == pytest.approx(lanes.LONGEST_PATIENCE_S)
    lane.queue.extend(request() for _ in range(4))
    assert lane.patience(now=1.0) <= 0  # all are back
    lane.queue.clear()
    lane.queue.append(request(8))
    assert lane.patience(now=1.0) <= 0  # no room for others


def test_a_failed_request_is_gone_and_stays_failed():
    queues = Lanes()
    first, second = fill(queues, "a", 20, 1)
    slices = queues.take()
    queues.fail(first, ValueError("stop"))
    assert first.finished.is_set() and queues.waiting() == 0  # the second is in the batch
    answer(queues, slices)
    assert first.parts == [] and isinstance(first.error, ValueError)
    assert second.finished.is_set() and second.error is None
    queues.fail(second, ValueError("too late"))
    assert second.error is None


def test_closing_fails_who_waits_and_lets_the_batch_finish():
    queues = Lanes()
    inside = fill(queues, "a", 1)[0]
    slices = queues.take()
    waiting = fill(queues, "a", 1)[0]
    queues.close()
    assert isinstance(waiting.error, RuntimeError) and waiting.finished.is_set()
    answer(queues, slices)
    assert inside.finished.is_set() and inside.error is None
    assert queues.take() is None
    with pytest.raises(RuntimeError, match="closed"):
        queues.put("a", request(), 8)
    queues.close()


def test_lanes_of_the_past_are_forgotten(monkeypatch):
    monkeypatch.setattr(lanes, "FORGET_S", 0.0)
    queues = Lanes()
    for number in range(50):
        fill(queues, f"lane {number}", 1)
        answer(queues, queues.take())
    assert len(queues._lanes) <= 3
