"""The real app in a process of its own, on a free port, without a network."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running(
    *options: str, log: Path, root: Path = ROOT, environment: dict[str, str] | None = None
) -> Iterator[str]:
    """Start `python app.py --offline` in a checkout; yields its address and stops it at the end."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "app.py", "--offline", "--port", str(port), *options]
    settings = {
        **os.environ,
        "GRADIO_ANALYTICS_ENABLED": "False",
        "PYTHONPATH": str(root),
        "GRADIO_TEMP_DIR": str(log.parent / "gradio"),
        **(environment or {}),
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=settings,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(address, process, log)
            yield address
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=20)


def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/gradio_api/health", timeout=2).close()
            return
        time.sleep(0.2)
    raise RuntimeError(f"the app did not start:\n{log.read_text()}")
