"""Thread-pool settings that must be in place before torch is imported.

On few cores an OpenMP pool that spins while it waits starves every other process: a second busy
process beside it slows a training step 10-40 times. A passive pool costs nothing when the machine
is idle and keeps its speed when it is not.
"""

import os


def configure() -> None:
    """Set defaults for OpenMP, MKL and the tokenizers; what the user has set stays as it is."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    os.environ.setdefault("OMP_NUM_THREADS", str(available_cores()))


def available_cores() -> int:
    """Number of CPU cores this process may run on (a container's share, not the whole host)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
