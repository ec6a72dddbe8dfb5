"""What keeps a run of the suite short and steady, whatever it tests."""

import gc
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# As in hypothesis's own profile for CI: beside other work on the machine an example may take ten times as long as by itself.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_sessionstart() -> None:
    # While ten thousand tests and half a dozen SDKs are imported nothing becomes garbage, and looking for it doubles the time.
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()  # and no later search needs to look at them
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One more than there are processors: some tests wait for a lock, a limit or another process."""
    return (yield) + 1
