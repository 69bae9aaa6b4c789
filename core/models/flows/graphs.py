"""A function of tensors recorded as a CUDA graph: on a small batch most of the time goes into launching.

A flow is hundreds of small kernels in a row. Recorded once for each shape of the inputs, they start with
one call. Elsewhere than on a GPU, or where recording fails, the function is simply called.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Function = Callable[..., tuple[Tensor, ...]]
KEPT = 16  # shapes; each holds memory of its own


@dataclass(frozen=True)
class Recording:
    """A graph with the tensors that it reads and writes."""

    graph: Any  # torch.cuda.CUDAGraph
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


class Recorded:
    """`function` with its recordings; it must not wait for the GPU nor look at numbers."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._recordings: dict[object, Recording | None] = {}
        self._lock = threading.Lock()  # a recording's tensors belong to one call at a time

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """What the function gives, in tensors of the caller's own."""
        if inputs[0].device.type != "cuda":
            return self._function(*inputs)
        key = tuple((tuple(tensor.shape), tensor.dtype) for tensor in inputs)
        with self._lock:
            if key not in self._recordings:
                while len(self._recordings) >= KEPT:
                    del self._recordings[next(iter(self._recordings))]
                self._recordings[key] = self._record(inputs)
            recording = self._recordings[key]
            if recording is None:
                return self._function(*inputs)
            for own, given in zip(recording.inputs, inputs, strict=True):
                own.copy_(given)
            recording.graph.replay()
            return tuple(output.clone() for output in recording.outputs)

    def _record(self, inputs: tuple[Tensor, ...]) -> Recording | None:
        """The function on copies of these inputs, or None when it cannot be recorded."""
        device = inputs[0].device
        own = tuple(tensor.clone() for tensor in inputs)
        try:
            with torch.cuda.device(device):
                aside = torch.cuda.Stream()
                aside.wait_stream(torch.cuda.current_stream())
                with torch.cuda.stream(aside):  # libraries choose their kernels before it counts
                    for _ in range(3):
                        self._function(*own)
                torch.cuda.current_stream().wait_stream(aside)
                graph = torch.cuda.CUDAGraph()
                # Other threads may use the GPU meanwhile; only this one's work is recorded.
                with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                    outputs = self._function(*own)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError:  # whatever a driver or a library does not let record
            torch.cuda.synchronize(device)
            return None
        return Recording(graph, own, outputs)
