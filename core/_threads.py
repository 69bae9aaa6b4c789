"""Thread-pool settings that must be in place before torch is imported.

On few cores an OpenMP pool that spins while it waits starves every other process: a second busy
process beside it slows a training step 10-40 times. A passive pool costs nothing when the machine
is idle and keeps its speed when it is not.
"""

import os
from pathlib import Path

_CPU_QUOTA = Path(
    "/sys/fs/cgroup/cpu.max"
)  # a container's share of time: "QUOTA PERIOD" or "max …"


def configure() -> None:
    """Set defaults for OpenMP, MKL and the tokenizers; what the user has set stays as it is."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    os.environ.setdefault("OMP_NUM_THREADS", str(available_cores()))


def available_cores() -> int:
    """Number of CPU cores this process may use (a container's share, not the whole host)."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        quota, period = _CPU_QUOTA.read_text().split()
        cores = min(cores, max(1, int(quota) // int(period)))
    except (OSError, ValueError):  # no such limit on this system
        pass
    return cores


def thread_count() -> int:
    """Size of the pool: `OMP_NUM_THREADS` (its first number), else the available cores."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdigit() and int(first) > 0 else available_cores()
