"""Resident models on one device, and lanes that answer many visitors with one batch.

A task hands over rows of tensors and a function; the runtime loads the model once, keeps it on the
device, puts rows of concurrent requests that use the same function together, runs them in inference
mode and gives every caller its own rows back, on the host:

    out, timing = runtime.run("poem-vae", _write, {"z": runtime.noise(seed, 4, 96)}, form=0)

Files in the order a request meets them: `process` (the backend of this process), `local` (the one in
this process), `requests`, `residency` (which models are loaded), `lanes` (which rows run next),
`batch` (rows put together and cut up), `device`; `draws` (seeded noise) and `serve` (Ray) stand apart.
"""

from core.runtime.device import choose_device, choose_dtype, memory_budget
from core.runtime.draws import noise, uniform
from core.runtime.local import MAX_ROWS, Runtime
from core.runtime.process import Backend, backend, run, use
from core.runtime.requests import Cancel, Cancelled, Function, Rows, Timing, stopping

__all__ = [
    "MAX_ROWS",
    "Backend",
    "Cancel",
    "Cancelled",
    "Function",
    "Rows",
    "Runtime",
    "Timing",
    "backend",
    "choose_device",
    "choose_dtype",
    "memory_budget",
    "noise",
    "run",
    "stopping",
    "uniform",
    "use",
]
