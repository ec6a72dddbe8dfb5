"""One gateway for all tests that leave it as it was; those that do not start their own."""

from collections.abc import Iterator

import pytest

from taskfit.testing import UpstreamThread
from tests.walk.house import House, Served, fresh, serving


@pytest.fixture(scope="session")
def upstream() -> Iterator[UpstreamThread]:
    with UpstreamThread() as thread:
        yield thread


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamThread) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("house"), upstream) as served:
        yield served


@pytest.fixture
def house(shared: Served) -> House:
    return fresh(shared)
