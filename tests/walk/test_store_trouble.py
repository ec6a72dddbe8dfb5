"""The store fails while requests go on: records wait, nothing is lost, and it is said where somebody looks."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from taskfit.stores.spill import spill
from taskfit.testing import UpstreamThread
from tests.walk.house import House, Served, fresh, serving


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process's transaction that does not end."""
    other = sqlite3.connect(database, isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()


@contextmanager
def full(served: Served) -> Iterator[None]:
    """Every place in the outbox taken."""
    outbox = served.gateway.outbox

    async def take() -> int:
        count = 0
        while outbox.reserve():
            count += 1
        return count

    async def give_back(count: int) -> None:
        for _ in range(count):
            outbox.release()

    taken = served.run(take)
    try:
        yield
    finally:
        served.run(lambda: give_back(taken))


async def until(is_so: Callable[[], bool], timeout_s: float = 8.0) -> None:
    """Ask again and again: what another process sees has no event to wait for."""
    async with asyncio.timeout(timeout_s):
        while not await asyncio.to_thread(is_so):  # noqa: ASYNC110  # another process has no event for it
            await asyncio.sleep(0.05)


def test_requests_go_on_while_the_database_is_locked_and_their_records_arrive_later(
    tmp_path: Path, upstream: UpstreamThread, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tmp_path, upstream) as served:
        house = fresh(served)

        def status() -> str:
            said: str = house.get("/readyz", key=None).json["status"]
            return said

        with locked(tmp_path / "taskfit.db"):
            for _ in range(20):
                assert house.ask().status == 200
            assert house.get("/v1/models", key="unknown").status == 401
            asyncio.run(until(lambda: status() == "degraded"))
            assert house.ask(stream=True).streamed_text == "I am mini."
            ready = house.get("/readyz", key=None)
            assert ready.status == 200
            assert ready.json["records_waiting"] == 21
            assert ready.json["store"] == "failing"
        assert served.run(lambda: served.gateway.outbox.drain(timeout_s=8)) == 0
        assert len(house.records()) == 21
        assert status() == "ok"
    events = [line.getMessage() for line in caplog.records]
    assert "store_failing" in events
    assert "store_recovered" in events


def test_a_full_outbox_takes_no_more_requests_and_says_when_to_come_again(house: House) -> None:
    with full(house.served):
        for stream in (False, True):
            reply = house.ask(stream=stream)
            assert reply.status == 503
            assert reply.error["code"] == "overloaded"
            assert int(reply.headers["retry-after"]) >= 1
            assert reply.headers["x-should-retry"] == "true"
        assert house.post(b"{").status == 503
        ready = house.get("/readyz", key=None)
        assert (ready.status, ready.json["status"]) == (503, "full")
        assert house.get("/v1/models").status == 200
        assert house.get("/healthz", key=None).status == 200
    assert house.asked() == []
    assert house.ask().status == 200
    assert len(house.records()) == 1


def test_records_of_the_last_run_are_all_there_also_those_that_had_to_wait_beside_the_database(
    tmp_path: Path, upstream: UpstreamThread
) -> None:
    with serving(tmp_path, upstream) as served:
        ids = {fresh(served).ask().headers["x-taskfit-record"] for _ in range(3)}
        waiting = msgspec.structs.replace(served.find()[0], id="rec-that-waited")
    spilled = tmp_path / "taskfit.db.outbox.jsonl"
    spill([waiting], spilled)
    with serving(tmp_path, upstream) as again:
        assert {record.id for record in again.find()} == {*ids, "rec-that-waited"}
    assert not spilled.exists()
