"""The lock files: every version with its hashes, and nowhere to get it from."""

import re
from pathlib import Path

import pytest

LOCKS = sorted((Path(__file__).parents[2] / "requirements").glob("*.txt"))


def pins_of(text: str) -> dict[str, str]:
    """Name to version of every requirement, however often it is pinned for different platforms."""
    pins = re.findall(r"^([\w.\[\],-]+)==([^\s;]+)( ;[^\\]*)?", text, re.MULTILINE)
    return {name + marker: version for name, version, marker in pins}


@pytest.fixture(params=LOCKS, ids=lambda path: path.name)
def lock(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text()


def test_there_is_a_lock_for_running_for_the_demo_and_for_development() -> None:
    assert [path.name for path in LOCKS] == ["demo.txt", "dev.txt", "run.txt"]


def test_a_lock_names_no_index_and_no_address(lock: str) -> None:
    assert re.findall(r"\w+://\S*|^\s*-[if]\b.*|--(?:extra-index|index|find|trusted)-.*", lock, re.MULTILINE) == []


def test_every_version_is_pinned_with_a_hash(lock: str) -> None:
    requirements = [line for line in lock.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    assert requirements
    assert [line for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []


def test_what_runs_is_what_was_tested() -> None:
    run, demo, dev = (pins_of((LOCKS[0].parent / name).read_text()) for name in ("run.txt", "demo.txt", "dev.txt"))
    assert run
    assert run.items() <= demo.items() <= dev.items()
