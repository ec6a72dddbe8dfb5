"""The lock files: every version with its hashes, and nowhere to get it from."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
NPM_LOCK = ROOT / "tests" / "clients" / "npm" / "package-lock.json"


def pins_of(text: str) -> dict[str, str]:
    """Name to version of every requirement, however often it is pinned for different platforms."""
    pins = re.findall(r"^([\w.\[\],-]+)==([^\s;]+)( ;[^\\]*)?", text, re.MULTILINE)
    return {name + marker: version for name, version, marker in pins}


@pytest.fixture(params=LOCKS, ids=lambda path: path.name)
def lock(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text()


def test_there_is_a_lock_for_running_for_the_demo_for_development_and_for_other_people_s_clients() -> None:
    assert [path.name for path in LOCKS] == ["clients-pinned.txt", "clients.txt", "demo.txt", "dev.txt", "run.txt"]


def test_a_lock_names_no_index_and_no_address(lock: str) -> None:
    assert re.findall(r"\w+://\S*|^\s*-[if]\b.*|--(?:extra-index|index|find|trusted)-.*", lock, re.MULTILINE) == []


def test_every_version_is_pinned_with_a_hash(lock: str) -> None:
    requirements = [line for line in lock.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    assert requirements
    assert [line for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []


def test_what_runs_is_what_was_tested() -> None:
    run, demo, dev = (pins_of((ROOT / "requirements" / name).read_text()) for name in ("run.txt", "demo.txt", "dev.txt"))
    assert run
    assert run.items() <= demo.items() <= dev.items()


def test_npm_s_lock_has_a_hash_for_every_package_and_names_no_registry() -> None:
    packages = json.loads(NPM_LOCK.read_text())["packages"]
    installed = {path: package for path, package in packages.items() if path}
    assert installed
    assert [path for path, package in installed.items() if not package.get("integrity", "").startswith("sha512-")] == []
    assert [path for path, package in installed.items() if "resolved" in package] == []


def test_npm_s_clients_are_pinned_to_one_version() -> None:
    asked = json.loads(NPM_LOCK.with_name("package.json").read_text())
    versions = {**asked["dependencies"], **asked["optionalDependencies"]}
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
