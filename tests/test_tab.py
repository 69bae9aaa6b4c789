"""The frame's machinery that no single tab owns: a stream that stops, one run a visitor."""

import json
import threading
from types import SimpleNamespace

import pytest
import torch

from core import hub, runtime
from core.runtime import Cancel, Cancelled
from demos._outcome import Outcome
from demos._tab import Scene, _stream, stoppable


def outcomes(count: int):
    for i in range(count):
        yield Outcome(blocks=[], result=i)


def test_an_untouched_stream_passes_through():
    assert [o.result for o in stoppable(outcomes(4), Cancel())] == [0, 1, 2, 3]


def test_a_stream_stops_between_outcomes():
    cancel = Cancel()
    stream = stoppable(outcomes(1000), cancel)
    assert next(stream).result == 0
    cancel.set()
    with pytest.raises(Cancelled):
        next(stream)


def test_the_wish_reaches_the_runtime_from_another_thread():
    """The handler waits inside `runtime.run`; it is told there, not after its answer."""
    entered = threading.Event()

    def slow(model, *, x):
        entered.set()
        return {"y": x}

    def handler():
        for _ in range(100_000):
            runtime.run("hmm-pku", slow, rows={"x": torch.zeros(1, 1)})
        yield Outcome(blocks=[])

    hub.locate("hmm-pku")
    cancel = Cancel()
    waker = threading.Thread(target=lambda: (entered.wait(), cancel.set()))
    waker.start()
    with pytest.raises(Cancelled):
        list(stoppable(handler(), cancel))
    waker.join()


def test_a_new_run_of_a_visitor_ends_the_one_before_and_nobody_elses():
    scene = Scene(None, "main")
    with scene.run("a") as first, scene.run("b") as other:
        with scene.run("a") as second:
            assert first.is_set()
            assert not second.is_set() and not other.is_set()
        assert not second.is_set()


def test_a_run_that_a_newer_one_ended_leaves_the_answer_to_it():
    """A click during a stream is heard at once; the stream that it ends must not say "stopped" over it."""
    scene = Scene(None, "main")

    def handler():
        yield Outcome(blocks=[], result=0)
        yield Outcome(blocks=[], result=1)

    request = SimpleNamespace(
        session_hash="a", request=None, query_params={}, headers={}, cookies={}
    )
    older, newer = (_stream(scene, handler, {}, request) for _ in range(2))
    assert "error" not in json.loads(next(older))
    assert "error" not in json.loads(next(newer))
    assert list(older) == []
    scene.stop(request)
    assert [json.loads(payload)["error"] for payload in newer] == ["已停止。"]
