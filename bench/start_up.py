"""How long Python takes to import taskfit, and the command line to print its help. Units: milliseconds."""

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 7


def import_ms() -> float:
    """`import taskfit` in a fresh interpreter, over an interpreter that imports nothing."""
    return _median_ms([sys.executable, "-c", "import taskfit"]) - _median_ms([sys.executable, "-c", "pass"])


def help_ms() -> float | None:
    """`taskfit --help`, interpreter included; None without the command."""
    command = command_line()
    return None if command is None else _median_ms([command, "--help"])


def command_line() -> str | None:
    """The installed command of this interpreter's environment."""
    beside = Path(sys.executable).parent / "taskfit"
    return str(beside) if beside.exists() else shutil.which("taskfit")


def _median_ms(command: list[str]) -> float:
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, check=False)
        taken.append((time.perf_counter() - began) * 1e3)
        if done.returncode:
            raise RuntimeError(f"{command} failed: {done.stderr.decode()[-300:]}")
    return statistics.median(taken)
