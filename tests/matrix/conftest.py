"""One gateway, one upstream and one client of each vendor's SDK for the whole matrix."""

from collections.abc import Iterator, Mapping

import pytest

from taskfit.testing import UpstreamThread
from taskfit.values.request import Dialect
from tests.matrix.asking import Client
from tests.matrix.stage import CONFIGURATION, SDKS, Stage, new_stage
from tests.walk.house import CLIENT_KEY, Served, serving, settle_anew


@pytest.fixture(scope="package")
def upstream() -> Iterator[UpstreamThread]:
    with UpstreamThread() as thread:
        yield thread


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamThread) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("matrix"), upstream, CONFIGURATION) as gateway:
        yield gateway


@pytest.fixture(scope="package")
def clients(served: Served) -> Iterator[Mapping[Dialect, Client]]:
    made = {dialect: make(served.root, CLIENT_KEY) for dialect, make in SDKS.items()}
    yield made
    for client in made.values():
        client.close()


@pytest.fixture
def stage(served: Served) -> Stage:
    settle_anew(served)
    return new_stage(served.root, served.upstream)
