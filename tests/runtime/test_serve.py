"""The Ray backend: what can be checked without Ray, and a real cluster of two replicas where it is."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from core.runtime.serve import RayBackend, Replica, parse_replicas, reference, resolve
from core.tasks.poems import writing

ROOT = Path(__file__).resolve().parents[2]
began, opened = threading.Event(), threading.Event()


def double(model, *, x, factor):
    return {"y": factor * x, "whole": x.long()}


def wait(model, *, x):
    began.set()
    assert opened.wait(30)
    return {"y": x}


@pytest.mark.parametrize(
    ("text", "expected"), [("2", (2, 2)), ("1-4", (1, 4)), (" 2 - 8 ", (2, 8)), ("3-3", (3, 3))]
)
def test_numbers_of_replicas(text, expected):
    assert parse_replicas(text) == expected


@pytest.mark.parametrize("text", ["", "0", "4-1", "many", "-2", "1-", "1.5"])
def test_numbers_of_replicas_that_cannot_be(text):
    with pytest.raises(ValueError, match="a number or a range such as 1-4"):
        parse_replicas(text)


def test_functions_travel_by_name():
    assert reference(writing._write) == "core.tasks.poems.writing:_write"
    assert resolve("core.tasks.poems.writing:_write") is writing._write
    assert resolve("core.models.poem_vae:PoemVAE.encode").__name__ == "encode"
    with pytest.raises(ValueError, match="define it in a module"):
        reference(lambda model: {})


def test_without_ray_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
    with pytest.raises(ModuleNotFoundError, match=r"needs ray.*-r requirements-serve.txt.*local"):
        RayBackend()


@pytest.fixture
def replica(monkeypatch):
    monkeypatch.setenv("GALLERY_DEVICE", "cpu")
    made = Replica()
    made.runtime.adopt("m", nn.Identity(), "abc")
    began.clear()
    opened.clear()
    yield made
    opened.set()
    made.threads.shutdown()
    made.runtime.close()


def ask(replica, function, **static):
    rows = {"x": np.array([[1.5], [2.5]], dtype=np.float32)}
    rows["x"].setflags(write=False)  # as arrays from Ray's store are
    return replica.answer("m", reference(function), rows, static, (), 64)


def test_a_replica_answers_with_arrays(replica):
    outputs, timing, name, status = asyncio.run(ask(replica, double, factor=2))
    assert outputs["y"].tolist() == [[3], [5]] and outputs["whole"].dtype == np.int64
    assert timing.weights == "abc" and status["requests"] == 1 and str(os.getpid()) in name


def test_requests_of_a_replica_share_batches(replica):
    async def crowd():
        calls = [asyncio.ensure_future(ask(replica, wait))]
        while not began.is_set():
            await asyncio.sleep(0.005)
        calls += [asyncio.ensure_future(ask(replica, wait)) for _ in range(8)]
        while replica.runtime.status()["queue"] < 8:
            await asyncio.sleep(0.005)
        opened.set()
        return await asyncio.gather(*calls)

    batches = [timing.batch for _, timing, _, _ in asyncio.run(crowd())]
    assert sorted(batches) == [2] + [16] * 8


def test_a_cancelled_request_leaves_the_queue(replica):
    async def stop():
        call = asyncio.ensure_future(ask(replica, wait))
        while replica.runtime.status()["requests"] < 1:
            await asyncio.sleep(0.005)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(stop())
    for _ in range(400):
        if replica.runtime.status()["models"]["m"]["users"] == 0:
            break
        threading.Event().wait(0.01)
    assert replica.runtime.status()["models"]["m"]["users"] == 0


SCRIPT = """
import json, threading
from core import runtime
from core.runtime import Cancel, Cancelled, Runtime, stopping
from core.runtime.serve import RayBackend
from core.tasks import poems
from core.tasks.poems import reading
from tests import laws
import torch

def texts(seed):
    return [poem.text for poem in poems.compose(seed=seed, count=2, temperature=0.7).poems]

report = {}
here = Runtime("cpu")
runtime.use(here)
expected = [texts(seed) for seed in range(12)]
backend = RayBackend("2")
runtime.use(backend)
report["same"] = laws.at_once([lambda s=s: texts(s) for s in range(12)]) == expected
try:
    tokens = {"tokens": torch.zeros(1, 3, dtype=torch.long)}  # three characters are no couplet
    runtime.run("poem-vae", reading._encode, tokens, form=0)
except RuntimeError as error:
    report["error"] = str(error)
cancel = Cancel()
threading.Timer(0.2, cancel.set).start()
try:
    with stopping(cancel):
        for _ in range(200):
            poems.read("春江花月夜白日见青山", samples=500)
except Cancelled:
    report["stopped"] = True
report["again"] = texts(3) == expected[3]
report["status"] = backend.status()
backend.close()
here.close()
print("REPORT", json.dumps(report))
"""


def test_two_replicas(poem_weights, tmp_path):
    # Ray is an optional extra of 500 MB that neither the app nor CI installs, so this runs where it is.
    pytest.importorskip("ray")
    settings = {"GALLERY_WEIGHTS": str(poem_weights), "PYTHONPATH": os.pathsep.join(sys.path[1:])}
    settings |= {"RAY_AUTH_MODE": "disabled", "HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("REPORT ")]
    assert lines, done.stdout + done.stderr
    report = json.loads(lines[0].removeprefix("REPORT "))
    status = report.pop("status")
    assert "must match" in report.pop("error")  # torch's own, as it was raised in the replica
    assert report == {"same": True, "stopped": True, "again": True}
    assert status["backend"] == "ray" and status["replicas"] == 2 and status["queue"] == 0
    assert status["models"]["poem-vae"]["bytes"] > 0
