"""What commands open: the configuration, and its store without a gateway around it."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

from taskfit.assembly import build_store, read_configuration
from taskfit.config import Config
from taskfit.protocols import RecordQuery, Store
from taskfit.values.record import Record

PAGE = 1000
LAST = "last"


def configuration(file: str | None) -> Config:
    """The configuration in force. Errors: ConfigurationError, with every complaint."""
    return read_configuration(file, os.environ)


@contextmanager
def store_of(config: Config) -> Iterator[Store]:
    """The configuration's store, open. Servers may be using it at the same time. Errors: StoreUnavailable."""
    store = build_store(config)
    asyncio.run(store.open())
    try:
        yield store
    finally:
        asyncio.run(store.close())


def find_record(store: Store, name: str) -> Record | None:
    """The record of that id, or the newest for `last`."""
    if name == LAST:
        return next(iter(store.find(RecordQuery(limit=1))), None)
    return store.get(name)


def every_record(store: Store, *, task: str | None, outcome: str | None, since: float | None) -> Iterator[Record]:
    """All records that match, newest first, a page at a time. Those of one instant may lie across two pages."""
    before, limit = None, PAGE
    seen: set[str] = set()
    while True:
        page = store.find(RecordQuery(limit=limit, task=task, outcome=outcome, since=since, before=before))
        fresh = [record for record in page if record.id not in seen]
        yield from fresh
        if len(page) < limit:
            return
        oldest = page[-1].at
        seen = {record.id for record in page if record.at == oldest}
        limit = max(PAGE, 2 * len(seen))
        before = _just_after(oldest)


def _just_after(at: float) -> float:
    from math import inf, nextafter

    return nextafter(at, inf)
