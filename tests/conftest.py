"""What keeps the cost of running tests low, whatever they test."""

import gc


def pytest_sessionstart() -> None:
    # While ten thousand tests and half a dozen SDKs are imported nothing becomes garbage, and looking for it doubles the time.
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()  # and no later search needs to look at them
    gc.enable()
