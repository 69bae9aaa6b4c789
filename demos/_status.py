"""The gallery's state for the health and metrics routes."""

import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import __version__, runtime


def status() -> Mapping[str, Any]:
    """Runtime status with version and process memory."""
    return {"version": __version__, "rss_bytes": rss_bytes(), **runtime.backend().status()}


def rss_bytes() -> int:
    """Resident memory of this process; its peak where the system does not tell the present value."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
