"""Measurements of speed on tiny models and on a server with an endpoint that does nothing."""

import threading
import time
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from benchmarks.speed import run as speed
from benchmarks.speed.client import CallFailed, Client, last_event
from benchmarks.speed.lanes import lane_gain
from benchmarks.speed.load import compute_ms, load, percentile
from benchmarks.speed.page import weigh
from benchmarks.speed.server import ServerFailed, cpu_seconds, serving
from benchmarks.speed.stand_in import repeated
from benchmarks.speed.start import imports, measure_without
from benchmarks.speed.tab import arguments
from core import runtime
from core.runtime import Timing
from demos import discover
from scripts.examples import scenes_of


@dataclass(frozen=True)
class Doubled:
    value: float
    timing: Timing


def slow_double(model: nn.Module, *, x: torch.Tensor) -> dict[str, torch.Tensor]:
    time.sleep(0.005)  # a batch costs this much, however many rows it has
    return {"y": model(x)}


def double(seed: int) -> Doubled:
    out, timing = runtime.run("tiny", slow_double, {"x": torch.tensor([[float(seed)]])})
    return Doubled(float(out["y"]), timing)


@pytest.fixture
def tiny(local):
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 2.0)
    local.adopt("tiny", model)


def test_lanes_gain_where_a_batch_costs_as_much_as_a_row(tiny):
    figures = lane_gain(double, {"seed": 5}, callers=16, repeats=3)
    assert figures["lane_gain"] > 2
    assert figures["largest_batch"] > 4
    assert figures["in_turn_ms"] > 16 * 5
    assert 5 < figures["together_ms"] < figures["in_turn_ms"]
    assert figures["callers"] == 16 and figures["repeats"] == 3


def test_each_caller_has_a_seed_of_its_own(tiny):
    seeds = []

    def noted(seed, unit):
        seeds.append(seed)
        return double(seed)

    lane_gain(noted, {"seed": 7, "unit": "m"}, callers=4, repeats=1)
    assert sorted(seeds[-4:]) == [7, 8, 9, 10]


def test_a_function_without_a_model_has_no_lanes():
    assert lane_gain(lambda n: n, {"n": 3}, callers=4, repeats=1)["lane_gain"] is None


def test_an_error_of_a_caller_is_raised():
    def fails_later(seed):
        if threading.current_thread() is not threading.main_thread():
            raise ValueError("no such poem")

    with pytest.raises(ValueError, match="no such poem"):
        lane_gain(fails_later, {"seed": 0}, callers=4, repeats=1)


@pytest.fixture(scope="module")
def server():
    with serving("-m", "benchmarks.speed.stand_in", "--noop") as running:
        yield running


def test_calls_over_http(server):
    assert server.seconds > 0
    with Client(server.port) as client:
        assert client.call("noop", {"seed": 3}) == {"seed": 3}
        assert client.call("noop", {}) == {"seed": 0}
        assert client.health()["rss_bytes"] > 1e7
        assert 0 < weigh(client, "gzip") < weigh(client, "identity")
        with pytest.raises(CallFailed, match="HTTP"):
            client.call("no_such_endpoint", {})


def test_load(server):
    answers = []
    figures = load(server.port, "noop", lambda i: {"seed": i}, 4, 12, answers)
    assert figures["calls"] == 12 and figures["errors"] == 0
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]
    assert figures["per_second"] > 0
    assert sorted(answer["seed"] for answer in answers) == list(range(12))


def test_load_counts_errors(server):
    figures = load(server.port, "no_such_endpoint", lambda i: {}, 2, 4, [])
    assert figures["errors"] == 4 and figures["calls"] == 0
    assert figures["p50_ms"] is None and "HTTP" in figures["message"]


def test_a_server_that_does_not_start_is_explained():
    with pytest.raises(ServerFailed, match="no such tab"):
        with serving("-c", "raise SystemExit('no such tab')"):
            pass


def test_time_of_the_imports(monkeypatch):
    monkeypatch.setattr("benchmarks.speed.start.IMPORTS", "print('ready', flush=True); input()")
    spent = imports()
    assert 0 < spent.wall < 60
    assert spent.cpu is None or 0 <= spent.cpu <= spent.wall + 0.1
    assert cpu_seconds(2**22 + 1) is None  # no such process


def test_what_a_tab_costs_at_the_start(monkeypatch):
    monkeypatch.setattr("benchmarks.speed.start.PAIRS", 1)
    figures = measure_without("pi", ["catenary"], lambda line: None)
    assert figures["without"] == "pi" and figures["repeats"] == 1
    assert figures["first_page_s"] > 0 and figures["first_page_without_s"] > 0
    ratio = figures["first_page_s"] / figures["first_page_without_s"]
    assert figures["first_page_ratio"] == pytest.approx(ratio, rel=0.01)
    with pytest.raises(ValueError, match="no tab named start/nothing"):
        speed.measure(["start/nothing"], lambda line: None)


def test_percentiles():
    seconds = [i / 1000 for i in range(1, 101)]
    assert percentile(seconds, 50) == 51 and percentile(seconds, 95) == 96
    assert percentile([0.5], 95) == 500 and percentile([], 50) is None


def test_compute_time_of_results():
    assert compute_ms([{"timing": {"compute_ms": n}} for n in (1.0, 5.0, 3.0)]) == 3.0
    assert compute_ms([{"value": 1}, None, {"timing": None}]) is None


def test_last_event_of_a_stream():
    stream = 'event: generating\ndata: [1]\n\nevent: complete\ndata: [{"a": 2}]\n\n'
    assert last_event(stream) == ("complete", [{"a": 2}])
    with pytest.raises(CallFailed, match="empty"):
        last_event("\n\n")


def test_inputs_of_calls_are_the_defaults_with_another_seed():
    for demo in discover()[0]:
        for scene in scenes_of(demo):
            inputs = arguments(scene, 7)
            assert set(inputs) <= set(scene.inputs)
            if "seed" in scene.inputs:
                assert inputs["seed"] == 7


def test_repeated_tabs_are_different_ones():
    demos = discover()[0]
    many = repeated(demos, len(demos) + 3)
    assert many[: len(demos)] == demos
    assert len({demo.slug for demo in many}) == len(many) == len(demos) + 3


def test_an_unknown_tab_is_explained():
    with pytest.raises(ValueError, match="no tab named poem-vea; there are: "):
        speed.measure(["poem-vea"], lambda line: None)


def test_a_part_that_fails_leaves_a_sentence():
    def fails():
        raise RuntimeError("no such file")

    assert speed.guarded(fails) == {"error": "RuntimeError: no such file"}
