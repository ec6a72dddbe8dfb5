"""The outbox groups, waits, tries again, and loses nothing that can be kept."""

import asyncio
import math
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from taskfit.errors import StoreUnavailable
from taskfit.pipeline.outbox import Outbox
from taskfit.protocols import PackingStore, RecordQuery
from taskfit.stores.rows import RecordRow
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.testing.conformance_store import opened, plain_record
from taskfit.values.record import Record

NEVER_S = 3600.0
LONG_S = 30.0
ENDED_S = 2.0


class Shelf(SqliteStore):
    """A store whose records go into a list; it fails, refuses or blocks as it is told, and signals each batch."""

    def __init__(self) -> None:
        super().__init__("shelf", SqliteSettings(url="sqlite::memory:"))
        self.batches: list[tuple[str, ...]] = []
        self.failure: str | None = None
        self.poison: set[str] = set()
        self.tries = 0
        self.tried = threading.Semaphore(0)
        self.written = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    @property
    def ids(self) -> list[str]:
        return [record_id for batch in self.batches for record_id in batch]

    def append_packed(self, batch: Sequence[RecordRow]) -> None:
        self.tries += 1
        self.tried.release()
        assert self.gate.wait(LONG_S)
        if self.failure is not None:
            raise StoreUnavailable("not now", operator_text=self.failure)
        ids = tuple(row[0] for row in batch)
        if not self.poison.isdisjoint(ids):
            raise ValueError("cannot be stored")
        self.batches.append(ids)
        for _ in batch:
            self.written.release()

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.written.acquire(timeout=LONG_S)


@contextmanager
def running(outbox: Outbox) -> Iterator[Outbox]:
    outbox.start()
    try:
        yield outbox
    finally:
        outbox.stop(timeout_s=0)
        if outbox._thread is not None:
            outbox._thread.join(ENDED_S)  # what it still logs belongs to this test


def put(outbox: Outbox, *numbers: int) -> None:
    for number in numbers:
        assert outbox.reserve()
        outbox.put(plain_record(number))


def ids(*numbers: int) -> list[str]:
    return [plain_record(number).id for number in numbers]


def drained(outbox: Outbox, timeout_s: float = LONG_S) -> int:
    return asyncio.run(outbox.drain(timeout_s=timeout_s))


def test_records_are_written_in_order_in_one_group_per_window() -> None:
    shelf = Shelf()
    with running(Outbox(shelf, interval_s=0.05)) as outbox:
        put(outbox, *range(5))
        shelf.wait_for(5)
        put(outbox, 5)
        shelf.wait_for(1)
    assert shelf.ids == ids(*range(6))
    assert len(shelf.batches) <= 3
    assert (outbox.depth, outbox.failing, outbox.lost) == (0, None, 0)


def test_a_full_batch_does_not_wait_for_its_window() -> None:
    shelf = Shelf()
    with running(Outbox(shelf, interval_s=NEVER_S, batch=10)) as outbox:
        put(outbox, *range(25))
        shelf.wait_for(20)
        assert all(len(batch) <= 10 for batch in shelf.batches)
        assert drained(outbox) == 0
    assert shelf.ids == ids(*range(25))


def test_no_wake_up_is_lost_between_two_threads() -> None:
    shelf = Shelf()
    with running(Outbox(shelf, interval_s=0)) as outbox:
        for number in range(3000):
            put(outbox, number)
            shelf.wait_for(1)
    assert shelf.ids == ids(*range(3000))


def test_places_are_counted_from_admission_to_the_store() -> None:
    shelf = Shelf()
    outbox = Outbox(shelf, capacity=3)
    assert [outbox.reserve() for _ in range(4)] == [True, True, True, False]
    outbox.put(plain_record(1))
    assert outbox.depth == 1
    assert not outbox.reserve(), "a queued record keeps its place"
    outbox.release()
    assert outbox.reserve()
    with running(outbox):
        assert drained(outbox) == 0
        assert outbox.reserve()
        assert not outbox.reserve()


def test_records_put_before_the_start_are_written_after_it() -> None:
    shelf = Shelf()
    outbox = Outbox(shelf, interval_s=0)
    put(outbox, 1)
    with running(outbox):
        shelf.wait_for(1)


def test_a_failing_store_keeps_everything_and_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    shelf, states, recovered = Shelf(), [], threading.Event()

    def note(error: StoreUnavailable | None) -> None:
        states.append(error and str(error))
        if error is None:
            recovered.set()

    shelf.failure = "store x: the disk is full. Try: less."
    with caplog.at_level("INFO", "taskfit.store"), running(Outbox(shelf, interval_s=0, batch=2, on_state=note)) as outbox:
        put(outbox, *range(5))
        for _ in range(3):
            assert shelf.tried.acquire(timeout=LONG_S)
        assert outbox.failing == shelf.failure
        assert outbox.depth == 5
        shelf.failure = None
        assert recovered.wait(LONG_S)
        assert drained(outbox) == 0
        assert outbox.failing is None
    assert shelf.ids == ids(*range(5))
    assert states == ["store x: the disk is full. Try: less.", None]
    assert [entry.message for entry in caplog.records] == ["store_failing", "store_recovered"]
    assert vars(caplog.records[0])["error"] == states[0]


def test_a_listener_that_raises_does_not_end_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    def listener(error: StoreUnavailable | None) -> None:
        raise RuntimeError("listener")

    shelf = Shelf()
    shelf.failure = "no"
    with running(Outbox(shelf, interval_s=0, on_state=listener)) as outbox:
        put(outbox, 1)
        assert shelf.tried.acquire(timeout=LONG_S)
        shelf.failure = None
        shelf.wait_for(1)
    assert "store_listener_failed" in [entry.message for entry in caplog.records]


def test_a_record_that_cannot_be_stored_is_found_and_the_others_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    shelf.poison = set(ids(3, 7))
    with running(Outbox(shelf, interval_s=NEVER_S, batch=10)) as outbox:
        put(outbox, *range(10))
        assert drained(outbox) == 0
        assert (outbox.depth, outbox.lost, outbox.failing) == (0, 2, None)
    assert shelf.ids == ids(0, 1, 2, 4, 5, 6, 8, 9)
    assert [vars(entry)["record"] for entry in caplog.records if entry.message == "record_lost"] == ids(3, 7)


def test_a_call_does_not_wait_for_the_window_and_sees_what_was_put_before() -> None:
    shelf = Shelf()
    with running(Outbox(shelf, interval_s=NEVER_S)) as outbox:
        put(outbox, 1, 2)
        thread, seen = asyncio.run(outbox.call(lambda: (threading.current_thread().name, list(shelf.ids))))
    assert thread == "taskfit-store"
    assert seen == ids(1, 2)


def test_a_call_raises_what_was_raised() -> None:
    def fail() -> None:
        raise LookupError("nothing here")

    with running(Outbox(Shelf())) as outbox, pytest.raises(LookupError, match="nothing here"):
        asyncio.run(outbox.call(fail))


def test_calls_are_answered_while_writing_fails() -> None:
    shelf = Shelf()
    shelf.failure = "no"
    with running(Outbox(shelf, interval_s=0)) as outbox:
        put(outbox, 1)
        assert shelf.tried.acquire(timeout=LONG_S)
        assert asyncio.run(outbox.call(lambda: "read")) == "read"


def test_a_cancelled_call_is_not_made() -> None:
    shelf, made = Shelf(), []

    async def scenario(outbox: Outbox) -> None:
        shelf.gate.clear()
        put(outbox, 1)
        await asyncio.to_thread(shelf.tried.acquire)
        call = asyncio.create_task(outbox.call(lambda: made.append(1)))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        shelf.gate.set()
        await outbox.call(lambda: None)

    with running(Outbox(shelf, interval_s=0)) as outbox:
        asyncio.run(scenario(outbox))
    assert made == []


def test_a_call_without_a_thread_is_refused() -> None:
    outbox = Outbox(Shelf())
    with pytest.raises(StoreUnavailable):
        asyncio.run(outbox.call(lambda: None))
    outbox.start()
    outbox.stop(timeout_s=LONG_S)
    with pytest.raises(StoreUnavailable):
        asyncio.run(outbox.call(lambda: None))


def test_draining_a_failing_store_ends_in_time_and_says_how_many_wait() -> None:
    shelf = Shelf()
    shelf.failure = "no"
    with running(Outbox(shelf, interval_s=NEVER_S)) as outbox:
        put(outbox, 1, 2, 3)
        assert drained(outbox, timeout_s=0.05) == 3
        shelf.failure = None
        assert drained(outbox) == 0


def test_draining_tries_again_at_once_instead_of_waiting_for_the_next_try() -> None:
    shelf = Shelf()
    shelf.failure = "no"
    with running(Outbox(shelf, interval_s=0, clock=lambda: 0.0)) as outbox:  # time stands still: no retry ever comes due
        put(outbox, 1)
        assert shelf.tried.acquire(timeout=LONG_S)
        assert drained(outbox, timeout_s=0.01) == 1
        shelf.failure = None
        assert drained(outbox) == 0


def test_stopping_writes_what_is_left() -> None:
    shelf = Shelf()
    outbox = Outbox(shelf, interval_s=NEVER_S, batch=4)
    outbox.start()
    put(outbox, *range(10))
    assert outbox.stop(timeout_s=LONG_S) == ()
    assert shelf.ids == ids(*range(10))
    assert outbox.stop(timeout_s=0) == ()


def test_stopping_a_failing_store_returns_every_record_in_order() -> None:
    shelf = Shelf()
    shelf.failure = "no"
    outbox = Outbox(shelf, interval_s=NEVER_S, batch=2)
    outbox.start()
    put(outbox, *range(5))
    assert [record.id for record in outbox.stop(timeout_s=0.3)] == ids(*range(5))
    assert shelf.tries > 1, "it was tried again while there was time"


def test_stopping_a_stuck_store_returns_in_time_with_every_record() -> None:
    shelf = Shelf()
    shelf.gate.clear()
    outbox = Outbox(shelf, interval_s=0, batch=2)
    outbox.start()
    put(outbox, *range(5))
    assert shelf.tried.acquire(timeout=LONG_S)
    assert [record.id for record in outbox.stop(timeout_s=0.05)] == ids(*range(5))
    shelf.gate.set()


def test_an_outbox_that_was_never_started_gives_its_records_back() -> None:
    outbox = Outbox(Shelf())
    put(outbox, 1)
    assert [record.id for record in outbox.stop(timeout_s=0)] == ids(1)


def test_a_locked_file_delays_records_and_loses_none(tmp_path: Path) -> None:
    failing, recovered = threading.Event(), threading.Event()

    def note(error: StoreUnavailable | None) -> None:
        (recovered if error is None else failing).set()

    def make() -> SqliteStore:
        return SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{tmp_path / 'a.db'}"))

    with opened(make) as store, running(Outbox(store, interval_s=0, on_state=note)) as outbox:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        put(outbox, *range(20))
        assert failing.wait(LONG_S)
        assert "locked" in (outbox.failing or "")
        find: Callable[[], tuple[Record, ...]] = lambda: store.find(RecordQuery())  # noqa: E731
        assert asyncio.run(outbox.call(find)) == ()
        other.execute("COMMIT")
        other.close()
        assert recovered.wait(LONG_S)
        assert drained(outbox) == 0
        assert len(asyncio.run(outbox.call(find))) == 20


def test_a_record_that_no_row_can_carry_is_told_and_the_others_are_written(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    with running(Outbox(shelf, interval_s=0)) as outbox:
        assert outbox.reserve()
        outbox.put(msgspec.structs.replace(plain_record(1), asked="half a pair: \ud800"))
        put(outbox, 2)
        assert drained(outbox) == 0
        assert (shelf.ids, outbox.lost, outbox.depth) == (ids(2), 1, 0)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["record_lost"]


class PlainStore:
    """A store that takes records as they are; of its methods, those that an outbox uses."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.is_failing = False

    def append(self, records: Sequence[Record]) -> None:
        if self.is_failing:
            raise StoreUnavailable("not now", operator_text="away")
        self.records += records


def test_a_store_that_does_not_pack_is_given_the_records_themselves() -> None:
    store = PlainStore()
    assert not isinstance(store, PackingStore)
    with running(Outbox(store, interval_s=0)) as outbox:  # type: ignore[arg-type]  # as far as it is used
        put(outbox, 1, 2)
        assert drained(outbox) == 0
    assert store.records == [plain_record(1), plain_record(2)]
    store.is_failing = True
    outbox = Outbox(store, interval_s=0)  # type: ignore[arg-type]  # as above
    outbox.start()
    put(outbox, 3)
    assert outbox.stop(timeout_s=0) == (plain_record(3),)


def test_a_left_record_that_cannot_be_read_again_does_not_take_the_others_with_it(caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(Shelf(), interval_s=NEVER_S)
    for record in (plain_record(1), msgspec.structs.replace(plain_record(2), latency_ms=math.nan), plain_record(3)):
        assert outbox.reserve()
        outbox.put(record)
    assert [record.id for record in outbox.stop(timeout_s=0)] == ids(1, 3)
    assert [getattr(record, "record", None) for record in caplog.records if record.message == "record_lost"] == ids(2)
