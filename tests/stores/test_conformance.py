"""Every store passes the one suite. Another store joins with one line in STORES."""

from collections.abc import Callable
from pathlib import Path

import pytest

from taskfit.protocols import Store
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.testing.conformance_store import STORE_CHECKS, StoreFactory


def sqlite(directory: Path) -> Store:
    return SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{directory / 'taskfit.db'}"))


STORES: tuple[Callable[[Path], Store], ...] = (sqlite,)


@pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("store", STORES, ids=lambda store: store.__name__)
def test_a_store_keeps_its_promise(
    store: Callable[[Path], Store], check: Callable[[StoreFactory], None], tmp_path: Path
) -> None:
    check(lambda: store(tmp_path))
