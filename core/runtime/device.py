"""Where and how precisely models compute: the only file that names a device.

Settings: `GALLERY_DEVICE` (cpu, cuda, cuda:1), `GALLERY_DTYPE` (float32, bfloat16, float16),
`GALLERY_MEMORY` (bytes of resident weights, such as 4GB).
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from core._threads import thread_count
from core.runtime.requests import Function

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
DEFAULT_BUDGET = 8 << 30  # bytes of resident weights, unless GALLERY_MEMORY says otherwise


def choose_device() -> str:
    """`GALLERY_DEVICE` if set, else a GPU if there is one that this process may use freely."""
    chosen = os.environ.get("GALLERY_DEVICE", "").strip()
    if chosen:
        return chosen
    # On ZeroGPU a visitor has two minutes of GPU a day; these models take milliseconds on a CPU.
    if not _on_zero_gpu() and torch.cuda.is_available():
        return "cuda"
    return "cpu"


def choose_dtype() -> torch.dtype:
    """The precision of matrix products; half precision leaves the weights and sums in float32."""
    name = os.environ.get("GALLERY_DTYPE", "").strip() or "float32"
    if name not in DTYPES:
        raise ValueError(f"GALLERY_DTYPE is {name!r}; expected one of {', '.join(DTYPES)}")
    return DTYPES[name]


def memory_budget() -> int:
    """Bytes that resident weights may take: `GALLERY_MEMORY` such as `512MB` or `4GB`, else 8 GB."""
    text = os.environ.get("GALLERY_MEMORY", "").strip()
    if not text:
        return DEFAULT_BUDGET
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?)B?", text, re.IGNORECASE)
    if match is None:
        raise ValueError(f"GALLERY_MEMORY is {text!r}; expected a size such as 512MB or 4GB")
    power = {"": 0, "K": 1, "M": 2, "G": 3}[match[2].upper()]
    return int(float(match[1]) * 1024**power)


class Device:
    """A device of this process and the precision used on it."""

    def __init__(self, name: str | None = None, dtype: torch.dtype | None = None) -> None:
        self.torch = torch.device(name or choose_device())
        self.dtype = dtype or choose_dtype()
        if self.torch.type == "cpu":
            torch.set_num_threads(thread_count())
            self.name = f"CPU ×{torch.get_num_threads()}"
        elif self.torch.type == "cuda":
            self.name = torch.cuda.get_device_name(self.torch)
        else:
            self.name = str(self.torch)

    @property
    def keeps_shapes(self) -> bool:
        """Whether a shape seen before runs faster: kernels and graphs are kept by shape."""
        return self.torch.type == "cuda"

    def prepare_thread(self) -> None:
        """Settings that a thread has to itself: numbers too small to matter count as zero.

        Its number of threads, too: a thread starts with what another one set last (`one_thread`).
        """
        if self.torch.type == "cpu":
            torch.set_num_threads(thread_count())
        torch.set_flush_denormal(True)

    def compute(
        self,
        model: nn.Module,
        function: Function,
        batch: Mapping[str, Tensor],
        static: Mapping[str, Any],
    ) -> dict[str, Tensor]:
        """Run `function(model, **batch, **static)` on the device; the outputs come on the host."""
        run = _compute if self.torch.type == "cpu" else _compute_on_gpu
        return run(self.torch, self.dtype, model, function, dict(batch), dict(static))


def _compute(
    device: torch.device,
    dtype: torch.dtype,
    model: nn.Module,
    function: Function,
    batch: dict[str, Tensor],
    static: dict[str, Any],
) -> dict[str, Tensor]:
    """The one place where models compute: to the device, run, and one copy back to the host."""
    half = dtype is not torch.float32
    with torch.inference_mode(), torch.autocast(device.type, dtype) if half else nullcontext():
        moved = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
        return to_host(function(model, **moved, **static), device)


def to_host(outputs: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """All outputs on the host after one wait for the device; half precision becomes single."""
    cuda = device.type == "cuda"
    copies = {name: tensor.to("cpu", non_blocking=cuda) for name, tensor in outputs.items()}
    if cuda:
        torch.cuda.current_stream(device).synchronize()
    return {
        name: tensor.float() if tensor.is_floating_point() and tensor.itemsize < 4 else tensor
        for name, tensor in copies.items()
    }


def _on_zero_gpu() -> bool:
    return os.environ.get("SPACES_ZERO_GPU") is not None


def _decorated(function: Callable[..., dict[str, Tensor]]) -> Callable[..., dict[str, Tensor]]:
    """On a ZeroGPU Space the single decorated entry point; elsewhere the function itself.

    Such a Space does not start without one, and each has a worker process of its own there, so there
    is exactly one. It is called only when `GALLERY_DEVICE` asks for the GPU.
    """
    if not _on_zero_gpu():
        return function
    spaces = importlib.import_module("spaces")
    decorated: Callable[..., dict[str, Tensor]] = spaces.GPU(duration=15)(function)
    return decorated


_compute_on_gpu = _decorated(_compute)
