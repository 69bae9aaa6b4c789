"""The local backend as its callers see it: company, errors, stopping, closing, and what it is for."""

import threading
import time

import pytest
import torch
from torch import nn

from core import hub, runtime
from core.runtime import Cancel, Cancelled, Runtime, stopping
from tests import laws


class Scale(nn.Module):
    """Multiplies by a parameter."""

    def __init__(self, factor: float = 2.0) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))


def scale(model, *, x):
    return {"y": model.factor * x}


class Gate:
    """A batch function that computes only after `open`, and says when it has begun."""

    def __init__(self) -> None:
        self.began, self.opened = threading.Event(), threading.Event()
        self.batches: list[list[float]] = []

    def __call__(self, model, *, x):
        self.batches.append(x.flatten().tolist())
        self.began.set()
        assert self.opened.wait(30)
        return {"y": x}

    __qualname__ = "Gate"


@pytest.fixture
def made(local):
    local.adopt("m", Scale(), "abc")
    return local


@pytest.fixture
def later():
    """Starts a call in a thread; its result, or the error it raised, is there when joined."""
    threads = []

    def start(call):
        results = []

        def work():
            try:
                results.append(call())
            except BaseException as error:
                results.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        threads.append(thread)

        def result():
            thread.join(30)
            assert not thread.is_alive()
            return results[0]

        return result

    yield start
    for thread in threads:
        thread.join(30)


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_an_answer_and_how_it_came_about(made):
    out, timing = runtime.run("m", scale, {"x": torch.tensor([[1.0], [2.0]])})
    assert out["y"].tolist() == [[2], [4]]
    assert (timing.batch, timing.weights, timing.device) == (2, "abc", made.device.name)
    assert timing.compute_ms > 0 and timing.queue_ms >= 0
    both = timing + timing
    assert both.compute_ms == 2 * timing.compute_ms and both.batch == 2


def test_the_answer_belongs_to_the_caller(made):
    """No inference tensors, no views of a batch, of the caller's rows or of the model."""

    def same(model, *, x):
        assert torch.is_inference_mode_enabled()
        return {"x": x, "w": model.factor.expand(len(x))}

    x = torch.zeros(2)
    out, _ = runtime.run("m", same, {"x": x})
    out["x"].add_(1)
    out["w"].add_(1)
    assert x.tolist() == [0, 0]
    assert runtime.run("m", scale, {"x": torch.ones(1)})[0]["y"].item() == 2
    (out["x"].requires_grad_() * 2).sum().backward()


def test_in_any_company(made):
    torch.manual_seed(0)
    inputs = [torch.randn(1 + i % 5, 3) for i in range(24)]
    laws.same_in_any_company(
        [lambda x=x: runtime.run("m", scale, {"x": x})[0]["y"] for x in inputs],
        torch.testing.assert_close,
    )
    status = made.status()
    assert status["requests"] == 48 and status["rows"] == 2 * sum(map(len, inputs))
    assert status["batches"] < 48 and status["queue"] == 0


def test_who_waits_while_others_compute_shares_the_next_batch(made, later):
    gate = Gate()
    first = later(lambda: made.run("m", gate, {"x": torch.zeros(1, 1)}))
    assert gate.began.wait(30)
    others = [later(lambda: made.run("m", gate, {"x": torch.ones(2, 1)})) for _ in range(6)]
    until(lambda: made.status()["queue"] == 6)
    gate.opened.set()
    assert first()[1].batch == 1
    for other in others:
        out, timing = other()
        assert out["y"].tolist() == [[1], [1]] and timing.batch == 12
    assert list(map(len, gate.batches)) == [1, 12]


def test_large_requests_are_cut_and_small_ones_pass(made, later):
    gate = Gate()
    blocked = later(lambda: made.run("m", gate, {"x": torch.zeros(1, 1)}, max_rows=8))
    assert gate.began.wait(30)
    x = torch.arange(100.0).unsqueeze(1)
    large = later(lambda: made.run("m", gate, {"x": x}, max_rows=8))
    until(lambda: made.status()["queue"] == 1)
    small = later(lambda: made.run("m", gate, {"x": -torch.ones(1, 1)}, max_rows=8))
    until(lambda: made.status()["queue"] == 2)
    gate.opened.set()
    assert torch.equal(large()[0]["y"], x)
    assert small()[0]["y"].tolist() == [[-1]] and blocked()[1].batch == 1
    assert -1 in gate.batches[1]  # with the first rows of the large one, not after its last
    assert max(map(len, gate.batches)) == 8


def test_ragged_rows_are_padded_and_others_kept_apart(made, later):
    gate, widths = Gate(), []

    def total(model, *, x, length):
        widths.append(x.shape[1])
        inside = torch.arange(x.shape[1]) < length.unsqueeze(1)
        return {"sum": (x.exp() * inside).sum(1)}

    def ask(width, **options):
        x = torch.full((2, width), float(width))
        rows = {"x": x, "length": torch.full((2,), width)}
        return lambda: made.run("m", total, rows, **options)[0]["sum"]

    for options, expected in (({"ragged": ("x",)}, [5]), ({}, [2, 3, 5])):
        alone = [ask(width, **options)() for width in (2, 3, 5)]
        widths.clear()
        gate.opened.clear()
        gate.began.clear()
        blocked = later(lambda: made.run("m", gate, {"x": torch.zeros(1)}))
        assert gate.began.wait(30)
        calls = [later(ask(width, **options)) for width in (2, 3, 5)]
        until(lambda: made.status()["queue"] == 3)
        gate.opened.set()
        blocked()
        for call, x in zip(calls, alone, strict=True):
            torch.testing.assert_close(call(), x)
        assert sorted(widths) == expected


def test_types_and_arguments_keep_requests_apart(made, later):
    """Whole numbers stay whole in the company of fractions, and 1 is not True."""

    def tell(model, *, x, n):
        return {"y": x + (10 if n is True else 20 if isinstance(n, float) else 30)}

    cases = [(torch.tensor([1]), 1), (torch.tensor([1.0]), 1), (torch.tensor([1]), True)]
    cases += [(torch.tensor([1]), 1.0), (torch.tensor([1], dtype=torch.int32), 1)] * 3
    calls = [lambda x=x, n=n: made.run("m", tell, {"x": x}, {"n": n})[0]["y"] for x, n in cases]
    for (x, n), y in zip(cases, laws.at_once(calls), strict=True):
        assert y.dtype == x.dtype
        assert y.item() == 1 + (10 if n is True else 20 if isinstance(n, float) else 30)


def test_an_error_reaches_only_whose_rows_cause_it(made, later):
    gate = Gate()

    def picky(model, *, x):
        if (x < 0).any():
            raise ValueError(f"negative: {x.min():g}")
        return {"y": x}

    blocked = later(lambda: made.run("m", gate, {"x": torch.zeros(1)}))
    assert gate.began.wait(30)
    values = [1.0, -2.0, 3.0, 4.0, -5.0, 6.0, 7.0]
    calls = [later(lambda v=v: made.run("m", picky, {"x": torch.tensor([v])})) for v in values]
    until(lambda: made.status()["queue"] == len(values))
    gate.opened.set()
    blocked()
    for value, call in zip(values, calls, strict=True):
        if value < 0:
            error = call()
            assert isinstance(error, ValueError) and str(error) == f"negative: {value:g}"
        else:
            assert call()[0]["y"].tolist() == [value]
    assert made.status()["errors"] == 2


def test_a_slice_that_fails_ends_the_whole_request(made):
    def picky(model, *, x):
        if (x > 5).any():
            raise ValueError("too large")
        return {"y": x}

    with pytest.raises(ValueError, match="too large"):
        made.run("m", picky, {"x": torch.arange(100.0)}, max_rows=4)
    assert made.status()["queue"] == 0
    assert made.run("m", picky, {"x": torch.arange(3.0)}, max_rows=4)[0]["y"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("outputs", [{}, {"y": torch.zeros(7)}, {"y": 1.0}, None])
def test_a_function_that_returns_something_else(made, outputs):
    with pytest.raises((TypeError, AttributeError)):
        made.run("m", lambda model, x: outputs, {"x": torch.zeros(2)})
    assert made.run("m", scale, {"x": torch.ones(1)})[0]["y"].item() == 2


def test_wrong_calls_are_explained(made):
    with pytest.raises(ValueError, match="one positive length"):
        made.run("m", scale, {"x": torch.zeros(0)})
    with pytest.raises(ValueError, match="max_rows of at least 1"):
        made.run("m", scale, {"x": torch.zeros(1)}, max_rows=0)
    with pytest.raises(TypeError, match="unhashable"):
        made.run("m", scale, {"x": torch.zeros(1)}, {"n": []})
    with pytest.raises(TypeError, match="unexpected keyword"):
        made.run("m", scale, {"x": torch.zeros(1)}, {"n": 1})


def test_a_batch_that_asks_for_a_batch_is_refused(made):
    def nested(model, *, x):
        return runtime.run("m", scale, {"x": x})[0]

    with pytest.raises(RuntimeError, match="cannot ask for another batch"):
        made.run("m", nested, {"x": torch.zeros(1)})


def test_missing_weights_are_the_hubs_error(local):
    for _ in range(2):
        with pytest.raises(hub.WeightsError, match="no-such-weights"):
            runtime.run("no-such-weights", scale, {"x": torch.zeros(1)})


def test_stopping_a_request_that_waits(made, later):
    gate, cancel = Gate(), Cancel()
    blocked = later(lambda: made.run("m", gate, {"x": torch.zeros(1)}))
    assert gate.began.wait(30)
    waiting = later(lambda: made.run("m", scale, {"x": torch.zeros(1)}, cancel=cancel))
    until(lambda: made.status()["queue"] == 1)
    cancel.set()
    assert isinstance(waiting(), Cancelled)  # at once, though the device is busy
    assert made.status()["queue"] == 0
    gate.opened.set()
    assert blocked()[0]["y"].tolist() == [0]


def test_stopping_a_request_that_computes(made, later):
    gate, cancel = Gate(), Cancel()
    large = later(lambda: made.run("m", gate, {"x": torch.zeros(10)}, max_rows=2, cancel=cancel))
    assert gate.began.wait(30)
    cancel.set()
    assert isinstance(large(), Cancelled)
    gate.opened.set()
    out, _ = made.run("m", scale, {"x": torch.ones(1)})
    assert out["y"].item() == 2 and len(gate.batches) == 1  # the other rows never computed
    assert made.status()["models"]["m"]["users"] == 0


def test_stopping_before_and_after(made):
    cancel = Cancel()
    made.run("m", scale, {"x": torch.ones(1)}, cancel=cancel)
    cancel.set()
    assert cancel.is_set()
    with pytest.raises(Cancelled):
        made.run("m", scale, {"x": torch.ones(1)}, cancel=cancel)


def test_stopping_any_verb_from_outside(made, later):
    gate, cancel = Gate(), Cancel()

    def verb():  # as a task calls the runtime, knowing nothing of stop buttons
        return runtime.run("m", gate, {"x": torch.zeros(1)})

    def handler():
        with stopping(cancel):
            return verb()

    call = later(handler)
    assert gate.began.wait(30)
    cancel.set()
    assert isinstance(call(), Cancelled)
    gate.opened.set()
    assert verb()[0]["y"].tolist() == [0]


def test_closing(later):
    made, gate = Runtime("cpu"), Gate()
    made.adopt("m", Scale())
    inside = later(lambda: made.run("m", gate, {"x": torch.zeros(1)}))
    assert gate.began.wait(30)
    waiting = later(lambda: made.run("m", scale, {"x": torch.zeros(1)}))
    until(lambda: made.status()["queue"] == 1)
    closing = later(made.close)
    assert isinstance(waiting(), RuntimeError)
    gate.opened.set()
    closing()
    assert inside()[0]["y"].tolist() == [0]
    with pytest.raises(RuntimeError, match="closed"):
        made.run("m", scale, {"x": torch.zeros(1)})
    made.close()
    assert made.status()["models"] == {}


def test_status_never_waits(made, later):
    gate = Gate()
    blocked = later(lambda: made.run("m", gate, {"x": torch.zeros(1)}))
    assert gate.began.wait(30)
    status = later(made.status)()
    assert status["models"]["m"] == {"bytes": 4, "users": 1, "weights": "abc"}
    assert status["queue"] == 0 and status["dtype"] == "float32" and status["backend"] == "local"
    gate.opened.set()
    blocked()


def test_models_come_and_go_under_load():
    loads = []

    def load(name):
        loads.append(name)
        time.sleep(0.001)
        return Scale(float(name)), name

    made = Runtime("cpu", budget=8, load=load)  # two of five models fit

    def visit(start):
        right = True
        for i in range(25):
            factor = (start + i * (1 + start % 3)) % 5
            out, timing = made.run(str(factor), scale, {"x": torch.tensor([3.0])})
            right &= out["y"].item() == 3 * factor and timing.weights == str(factor)
        return right

    assert all(laws.at_once([lambda s=s: visit(s) for s in range(6)]))
    status = made.status()
    assert status["resident_bytes"] <= 8 and status["evictions"] > 0
    assert status["requests"] == status["rows"] == 150 and len(loads) > 5
    made.close()


def test_buckets_change_shapes_and_no_answer():
    made, sizes = Runtime("cpu", buckets=True), []
    made.adopt("m", Scale())

    def watched(model, *, x):
        sizes.append(len(x))
        return {"y": model.factor * x}

    x = torch.arange(100.0)
    for count in (1, 3, 5, 9, 64, 70):
        out, timing = made.run("m", watched, {"x": x[:count]})
        assert torch.equal(out["y"], 2 * x[:count]) and timing.batch == min(count, 64)
    assert sizes == [1, 4, 8, 16, 64, 64, 8]
    made.run("m", watched, {"x": x[:5]}, max_rows=6)
    assert sizes[-1] == 6 and made.status()["rows"] == 157
    made.close()


def test_the_process_has_one_backend(monkeypatch):
    before = runtime.use(None)
    try:
        monkeypatch.setenv("GALLERY_DEVICE", "cpu")
        found = laws.at_once([runtime.backend] * 4)
        assert len(set(map(id, found))) == 1
        assert runtime.use(None) is found[0]
        found[0].close()
    finally:
        runtime.use(before)


def test_denormal_numbers_do_not_slow_the_device_and_stay_the_callers_business(made):
    tiny = torch.tensor([1e-40])
    out, _ = made.run("m", lambda model, x: {"y": x * 0.5}, {"x": tiny})
    assert out["y"].item() == 0
    assert (tiny * 0.5).item() > 0


def test_lanes_are_worth_it(made):
    """32 callers at once are answered at least three times as fast as one after the other."""
    torch.manual_seed(0)
    made.adopt("deep", nn.Sequential(*[nn.Linear(32, 32) for _ in range(1000)]))

    def deep(model, *, x):
        return {"y": model(x)}

    rows = torch.randn(32, 32).split(1)
    calls = [lambda x=x: made.run("deep", deep, {"x": x}) for x in rows]
    calls[0]()
    gains = []
    for _ in range(3):
        began = time.perf_counter()
        for call in calls:
            call()
        alone = time.perf_counter() - began
        began = time.perf_counter()
        laws.at_once(calls)
        gains.append(alone / (time.perf_counter() - began))
    assert max(gains) >= 3, gains
