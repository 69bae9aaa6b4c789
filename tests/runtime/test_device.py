"""Settings from the environment, precision, and the seeded noise."""

import subprocess
import sys
import threading

import pytest
import torch
from torch import nn

from core import _threads, runtime
from core.runtime.device import Device, choose_device, choose_dtype, memory_budget


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    for name in ("GALLERY_DEVICE", "GALLERY_DTYPE", "GALLERY_MEMORY", "SPACES_ZERO_GPU"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 8 << 30),
        ("1000", 1000),
        ("512MB", 512 << 20),
        ("1.5 g", 3 << 29),
        (" 4GB ", 4 << 30),
        ("2kb", 2048),
    ],
)
def test_memory(monkeypatch, text, expected):
    monkeypatch.setenv("GALLERY_MEMORY", text)
    assert memory_budget() == expected


@pytest.mark.parametrize("text", ["much", "-1GB", "4TB", "GB"])
def test_memory_that_cannot_be_read(monkeypatch, text):
    monkeypatch.setenv("GALLERY_MEMORY", text)
    with pytest.raises(ValueError, match="such as 512MB or 4GB"):
        memory_budget()


def test_device(monkeypatch):
    assert choose_device() == ("cuda" if torch.cuda.is_available() else "cpu")
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    assert choose_device() == "cpu"
    monkeypatch.setenv("GALLERY_DEVICE", "cuda:1")
    assert choose_device() == "cuda:1"


def test_dtype(monkeypatch):
    assert choose_dtype() is torch.float32
    monkeypatch.setenv("GALLERY_DTYPE", "bfloat16")
    assert choose_dtype() is torch.bfloat16
    monkeypatch.setenv("GALLERY_DTYPE", "half")
    with pytest.raises(ValueError, match="'half'; expected one of float32, bfloat16, float16"):
        choose_dtype()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_precision_is_that_of_products_and_answers_are_single(dtype):
    seen = []

    def product(model, *, x, counted):
        y = model(x)
        seen.append(y.dtype)
        return {"y": y, "counted": counted}

    torch.manual_seed(0)
    model, x = nn.Linear(8, 8).eval(), torch.randn(4, 8)
    out = Device("cpu", dtype).compute(model, product, {"x": x, "counted": torch.arange(4)}, {})
    assert seen == [dtype]
    assert out["y"].dtype == torch.float32 and out["counted"].dtype == torch.int64
    torch.testing.assert_close(out["y"], model(x).detach(), rtol=0.05, atol=0.05)


def test_a_worker_has_its_number_of_threads_whatever_another_thread_set(monkeypatch):
    before, seen = torch.get_num_threads(), []
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    device = Device("cpu")

    def work():
        device.prepare_thread()
        seen.append(torch.get_num_threads())

    try:
        torch.set_num_threads(1)
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
    finally:
        torch.set_num_threads(before)
    assert seen == [2]


def test_noise_of_a_row_depends_on_seed_and_row_alone():
    for draw in (runtime.noise, runtime.uniform):
        few, many = draw(7, 3, 5), draw(7, 10, 5)
        assert torch.equal(few, many[:3])
        assert few.dtype == torch.float32
        assert not torch.equal(few, draw(8, 3, 5))
        before = torch.random.get_rng_state()
        draw(1, 2)
        assert torch.equal(before, torch.random.get_rng_state())
    assert not torch.equal(runtime.noise(7, 3, 5) > 0, runtime.uniform(7, 3, 5) > 0.5)


def test_noise_is_what_it_says():
    z, u = runtime.noise(1, 100, 400), runtime.uniform(1, 100, 400)
    assert abs(float(z.mean())) < 0.02 and abs(float(z.std()) - 1) < 0.02
    assert 0 <= float(u.min()) and float(u.max()) < 1 and abs(float(u.mean()) - 0.5) < 0.01


def test_a_container_has_its_share_of_cores(monkeypatch, tmp_path):
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(_threads, "_CPU_QUOTA", quota)
    unlimited = _threads.available_cores()
    for text, expected in (("100000 100000", 1), ("50000 100000", 1), ("max 100000", unlimited)):
        quota.write_text(text)
        assert _threads.available_cores() == expected
    quota.write_text(f"{100000 * 999} 100000")
    assert _threads.available_cores() == unlimited


@pytest.mark.parametrize(("text", "expected"), [("3", 3), ("5,2", 5), ("0", None), ("x", None)])
def test_the_size_of_the_pool_is_the_users_choice(monkeypatch, text, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert _threads.thread_count() == (expected or _threads.available_cores())


def test_a_chosen_number_of_threads_is_kept():
    code = "from core.runtime import Runtime; print(Runtime('cpu').status()['device'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"OMP_NUM_THREADS": "3", "PYTHONPATH": ".", "PATH": ""},
        check=False,
    )
    assert done.stdout.strip() == "CPU ×3", done.stderr
