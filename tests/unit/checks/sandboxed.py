"""What the tests of the sandbox need of this machine."""

import os

import pytest

from taskfit.checks.sandbox import find_obstacle


def need_sandbox() -> None:
    """Skips where nothing can be run in a sandbox; fails where TASKFIT_REQUIRE asks for every test."""
    obstacle = find_obstacle()
    if obstacle is None:
        return
    reason = f"needs namespaces of the Linux kernel: {obstacle}"
    if os.environ.get("TASKFIT_REQUIRE"):
        pytest.fail(reason)
    pytest.skip(reason)
