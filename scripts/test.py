"""Run every check in order: format, lint, types, import contracts, then the tests.

All checks run even when one fails, and the exit status tells whether any did.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

PYTHON = sys.executable
PYTEST = [PYTHON, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal"]
CHECKS = {
    "format": [PYTHON, "-m", "ruff", "format", "--check", "."],
    "lint": [PYTHON, "-m", "ruff", "check", "."],
    "types": [PYTHON, "-m", "mypy"],
    "imports": [str(Path(PYTHON).with_name("lint-imports"))],
    "tests": [*PYTEST, "-m", "not browser"],
    "browser": [*PYTEST, "-m", "browser"],
}
GROUPS = {"check": ["format", "lint", "types", "imports"], "all": list(CHECKS)}


def main() -> int:
    """Run the chosen checks; 0 when all passed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.test", description=__doc__)
    parser.add_argument("--only", choices=[*GROUPS, *CHECKS], default="all")
    only = parser.parse_args().only
    environment = {
        **os.environ,
        "OMP_WAIT_POLICY": "PASSIVE",
        "OMP_NUM_THREADS": "1",  # two processes share what may be two cores
        "HF_HUB_OFFLINE": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "PYTHONPATH": os.pathsep.join(filter(None, [".", os.environ.get("PYTHONPATH")])),
    }
    results = {}
    for name in GROUPS.get(only, [only]):
        print(f"== {name}", flush=True)
        started = time.monotonic()
        results[name] = subprocess.run(CHECKS[name], env=environment, check=False).returncode
        print(f"== {name}: {time.monotonic() - started:.0f} s", flush=True)
    failed = [name for name, code in results.items() if code]
    print("failed: " + ", ".join(failed) if failed else "all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
