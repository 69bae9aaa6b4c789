"""A web server in a process of its own, on a free port, stopped at the end of a block."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 180.0  # until the first answer
POLL_S = 0.01


class Server(NamedTuple):
    """A server that has answered."""

    port: int
    seconds: float  # from the start of the process to the first HTTP 200 of its page
    cpu_seconds: float | None  # that the process computed until then


class ServerFailed(RuntimeError):
    """The server ended or stayed silent; the message has the last lines of its log."""


def python_environment() -> dict[str, str]:
    """The environment of measured processes: no reports to Gradio, compiled modules kept as usual.

    Where a container forbids Python to write bytecode, every start would compile this project anew,
    but not the installed packages that it is compared with.
    """
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"GRADIO_ANALYTICS_ENABLED": "False"}


@contextmanager
def serving(*command: str) -> Iterator[Server]:
    """Run `python COMMAND --port PORT` in the checkout until the block ends."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="gallery-speed-") as folder:
        log = Path(folder) / "log.txt"
        environment = python_environment() | {"GRADIO_TEMP_DIR": str(Path(folder) / "gradio")}
        with log.open("wb") as output:
            started = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, *command, "--port", str(port)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            while not answers(port):
                if process.poll() is not None or time.perf_counter() - started > LIMIT_S:
                    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
                    raise ServerFailed("the server did not start: " + " | ".join(lines))
                time.sleep(POLL_S)
            yield Server(port, time.perf_counter() - started, cpu_seconds(process.pid))
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def cpu_seconds(pid: int) -> float | None:
    """Seconds that a process has computed; None where the system does not tell."""
    try:
        # The name, in brackets, may hold anything; user and system time are 12th and 13th after it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return None


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answers(port: int) -> bool:
    """Whether the page is there."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
