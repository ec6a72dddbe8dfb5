"""Cases in a real store: opened, decided by several people at once, waited for, overdue."""

import asyncio
import functools
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import msgspec
import pytest

from taskfit.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from taskfit.pipeline.outbox import Outbox
from taskfit.pipeline.reviews import MAX_LABELS, Reviews, straight
from taskfit.protocols import CaseCounts, CaseQuery
from taskfit.stores.sqlite import SqliteSettings, SqliteStore
from taskfit.testing import Clock
from taskfit.testing.conformance_store import NOON, plain_case, plain_label
from taskfit.values.review import Delivery, Label, Overdue, ReviewCase

T = TypeVar("T")
P = ParamSpec("P")

ONE, TWO = plain_case(1), plain_case(2)
SOON_S = 0.01
LONG_S = 20.0


def in_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """The test in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **more: P.kwargs) -> None:
        asyncio.run(test(*args, **more))

    return run


def store_at(path: Path) -> SqliteStore:
    return SqliteStore("sqlite", SqliteSettings(url=f"sqlite:{path}"))


class Desk:
    """A store in a file with its Reviews, and a clock that stands still."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self.store = store_at(path)
        self.clock = clock or Clock(NOON)
        self.reviews = Reviews(self.store, straight, self.clock, poll_s=SOON_S)

    def messages(self) -> list[tuple[str, str]]:
        due = self.store.due_deliveries(now=self.clock.time(), limit=99)
        return [(message.event, message.url) for message in due]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "taskfit.db"


@asynccontextmanager
async def desk_at(path: Path, *cases: ReviewCase, clock: Clock | None = None) -> AsyncIterator[Desk]:
    desk = Desk(path, clock)
    await desk.store.open()
    try:
        for case in cases:
            await desk.reviews.open(case)
        yield desk
    finally:
        await desk.store.close()


@in_a_loop
async def test_a_case_is_decided_once_labelled_and_told(path: Path) -> None:
    case = msgspec.structs.replace(ONE, webhook="https://desk.example", callback="https://caller.example")
    async with desk_at(path, case) as desk:
        assert desk.messages() == []
        desk.clock.advance(5)
        assert desk.messages() == [("review.opened", "https://desk.example")]
        claimed = await desk.reviews.claim(case.id, "ana")
        decided = await desk.reviews.edit(case.id, "ana", "41", comment="off by one", minutes=3, version=claimed.version)
        assert (decided.state, decided.decided, decided.decided_at, decided.version) == ("edited", "41", NOON + 5, 3)
        assert await desk.reviews.get(case.id) == decided
        (label,) = await desk.reviews.labels_of(case.record_id)
        assert (label.by, label.is_good, label.corrected, label.comment) == ("ana", False, "41", "off by one")
        assert sorted(desk.messages()) == [
            ("review.decided", "https://caller.example"),
            ("review.decided", "https://desk.example"),
            ("review.opened", "https://desk.example"),
        ]


@in_a_loop
async def test_cases_outlive_the_process_that_opened_them(path: Path) -> None:
    async with desk_at(path, ONE) as desk:
        claimed = await desk.reviews.claim(ONE.id, "ana", lease_s=60)
    async with desk_at(path) as desk:
        assert await desk.reviews.get(ONE.id) == claimed
        with pytest.raises(Conflict, match="ana has claimed"):
            await desk.reviews.approve(ONE.id, "bob")
        assert (await desk.reviews.approve(ONE.id, "ana")).decided == "42"


@in_a_loop
async def test_a_version_that_is_stale_loses_even_to_oneself(path: Path) -> None:
    async with desk_at(path, ONE) as desk:
        await desk.reviews.claim(ONE.id, "ana", version=1)
        with pytest.raises(Conflict, match="at version 2, not 1"):
            await desk.reviews.reject(ONE.id, "ana", version=1)
        assert (await desk.reviews.reject(ONE.id, "ana", version=2)).state == "rejected"
        with pytest.raises(Conflict, match="decided already: rejected by ana"):
            await desk.reviews.claim(ONE.id, "bob", version=3)


@in_a_loop
async def test_a_decision_told_twice_is_one_decision(path: Path) -> None:
    case = msgspec.structs.replace(ONE, webhook="https://desk.example")
    async with desk_at(path, case) as desk:
        first = await desk.reviews.approve(case.id, "ana", version=1)
        for message in desk.store.due_deliveries(now=NOON + 99, limit=9):
            desk.store.put_delivery(msgspec.structs.replace(message, state="delivered"))
        assert await desk.reviews.approve(case.id, "ana", version=1) == first
        assert len(await desk.reviews.labels_of(case.record_id)) == 1
        assert desk.store.due_deliveries(now=NOON + 99, limit=9) == ()


@in_a_loop
async def test_what_is_not_there_is_said(path: Path) -> None:
    async with desk_at(path) as desk:
        assert await desk.reviews.get("rev-none") is None
        for attempt in (desk.reviews.claim("rev-none", "ana"), desk.reviews.approve("rev-none", "ana")):
            with pytest.raises(NotFound):
                await attempt
        with pytest.raises(NotFound):
            await desk.reviews.wait("rev-none", left_s=1)


@in_a_loop
async def test_cases_are_found_by_the_state_that_everyone_sees(path: Path) -> None:
    cases = [plain_case(number) for number in range(6)]
    async with desk_at(path, *cases) as desk:
        await desk.reviews.claim(cases[0].id, "ana", lease_s=10)
        await desk.reviews.claim(cases[5].id, "bob", lease_s=60)
        await desk.reviews.reject(cases[1].id, "ana")
        desk.clock.advance(10)

        async def found(state: str, limit: int = 50) -> list[int]:
            query = CaseQuery(limit=limit)
            return [cases.index(plain_case(int(case.id[4:]))) for case in await desk.reviews.find(query, state=state)]  # type: ignore[arg-type]

        assert await found("undecided") == [0, 2, 3, 4, 5]
        assert await found("any") == [0, 1, 2, 3, 4, 5]
        assert await found("open") == [0, 2, 3, 4]
        assert await found("claimed", limit=1) == [5], "however many others are due before"
        assert await found("rejected", limit=2) == [1]
        assert await found("approved") == []
        assert await found("undecided", limit=0) == []
        assert await desk.reviews.counts() == CaseCounts(open=4, claimed=1, overdue=0)


class Racer(SqliteStore):
    """A store in which somebody else is faster, as often as it is told."""

    def __init__(self, path: Path, before_change: Callable[[ReviewCase], None]) -> None:
        super().__init__("racer", SqliteSettings(url=f"sqlite:{path}"))
        self._before_change = before_change

    def change_case(self, case: ReviewCase, *, labels: Sequence[Label] = (), deliveries: Sequence[Delivery] = ()) -> bool:
        self._before_change(case)
        return super().change_case(case, labels=labels, deliveries=deliveries)


@in_a_loop
async def test_who_was_faster_in_another_process_wins_and_is_named(path: Path) -> None:
    async with desk_at(path, ONE) as ana:
        others = [ana.store]

        def ana_claims(case: ReviewCase) -> None:
            if others:
                stored = others.pop().get_case(case.id)
                assert stored is not None
                claimed = msgspec.structs.replace(
                    stored, state="claimed", claimed_by="ana", claimed_until=NOON + 60, version=stored.version + 1
                )
                assert ana.store.change_case(claimed)

        racer = Racer(path, ana_claims)
        await racer.open()
        bob = Reviews(racer, straight, ana.clock)
        with pytest.raises(Conflict, match="ana has claimed the case"):
            await bob.approve(ONE.id, "bob")
        await racer.close()
        assert await ana.reviews.labels_of(ONE.record_id) == ()


@in_a_loop
async def test_who_loses_every_race_is_told_in_the_end(path: Path) -> None:
    async with desk_at(path, ONE) as desk:

        def others_write(case: ReviewCase) -> None:
            stored = desk.store.get_case(case.id)
            assert stored is not None
            assert desk.store.change_case(msgspec.structs.replace(stored, version=stored.version + 1))

        racer = Racer(path, others_write)
        await racer.open()
        with pytest.raises(Conflict, match="others keep changing the case"):
            await Reviews(racer, straight, desk.clock).claim(ONE.id, "bob")
        await racer.close()


@in_a_loop
async def test_two_people_at_once_have_one_winner_and_one_label(path: Path) -> None:
    """Two desks on the same file, each with its own thread, on many cases."""
    cases = [plain_case(number) for number in range(20)]
    async with desk_at(path, *cases) as here, desk_at(path) as there:
        doors = [Outbox(desk.store) for desk in (here, there)]
        for door in doors:
            door.start()
        people = zip(("ana", "bob"), (here, there), doors, strict=True)
        sides = [(by, Reviews(desk.store, door.call, desk.clock)) for by, desk, door in people]
        attempts = [reviews.reject(case.id, by, version=1) for case in cases for by, reviews in sides]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        for door in doors:
            assert door.stop(timeout_s=LONG_S) == ()
        for case, outcomes in zip(cases, zip(results[::2], results[1::2], strict=True), strict=True):
            (winner,) = [outcome for outcome in outcomes if isinstance(outcome, ReviewCase)]
            (loser,) = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
            assert f"rejected by {winner.decided_by}" in str(loser)
            (label,) = here.store.labels_of(case.record_id)
            assert label.by == winner.decided_by


@in_a_loop
async def test_a_waiting_caller_hears_a_decision_at_once(path: Path) -> None:
    async with desk_at(path, ONE, TWO) as desk:
        patient = Reviews(desk.store, straight, desk.clock, poll_s=LONG_S)
        waits = [asyncio.create_task(patient.wait(ONE.id, left_s=LONG_S)) for _ in range(2)]
        other = asyncio.create_task(patient.wait(TWO.id, left_s=LONG_S))
        await asyncio.sleep(0)
        async with asyncio.timeout(LONG_S / 2):
            decided = await patient.approve(ONE.id, "ana")
            assert await asyncio.gather(*waits) == [decided, decided]
        assert not other.done()
        other.cancel()
        with pytest.raises(asyncio.CancelledError):
            await other
        assert patient._waiting == {}


@in_a_loop
async def test_a_waiting_caller_hears_what_another_process_decides(path: Path) -> None:
    case = msgspec.structs.replace(ONE, request=b'{"model": "auto"}')
    code = (
        "import asyncio, sys\n"
        "from taskfit.pipeline.clock import SystemClock\n"
        "from taskfit.pipeline.reviews import Reviews, straight\n"
        "from taskfit.stores.sqlite import SqliteSettings, SqliteStore\n"
        "store = SqliteStore('sqlite', SqliteSettings(url='sqlite:' + sys.argv[1]))\n"
        "async def approve():\n"
        "    await store.open()\n"
        "    await Reviews(store, straight, SystemClock()).approve(sys.argv[2], 'ana', comment='fine')\n"
        "    await store.close()\n"
        "asyncio.run(approve())"
    )
    async with desk_at(path, case) as desk:
        waiting = asyncio.create_task(desk.reviews.wait(case.id, left_s=LONG_S))
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(path), case.id, stderr=subprocess.PIPE)
        _, complaint = await asyncio.wait_for(child.communicate(), LONG_S)
        assert child.returncode == 0, complaint
        decided = await waiting
        assert (decided.state, decided.decided, decided.decided_by, decided.comment) == ("approved", "42", "ana", "fine")
        assert decided == await desk.reviews.get(case.id)


@in_a_loop
async def test_a_caller_waits_no_longer_than_it_can(path: Path) -> None:
    async with desk_at(path, ONE) as desk:
        assert await desk.reviews.wait(ONE.id, left_s=3 * SOON_S) == ONE
        await desk.reviews.approve(ONE.id, "ana")
        assert (await desk.reviews.wait(ONE.id, left_s=0)).state == "approved", "what is decided needs no time"


@in_a_loop
async def test_a_store_that_fails_for_a_while_ends_no_wait(path: Path) -> None:
    failing = [False, True, True, False]

    async def door(fn: Callable[[], T], /) -> T:
        if failing and failing.pop(0):
            raise StoreUnavailable("not now")
        return fn()

    async with desk_at(path, ONE) as desk:
        waiting = asyncio.create_task(Reviews(desk.store, door, desk.clock, poll_s=SOON_S).wait(ONE.id, left_s=LONG_S))
        await asyncio.sleep(0)
        await desk.reviews.approve(ONE.id, "ana")
        assert (await waiting).state == "approved"
        assert failing == []


@in_a_loop
async def test_a_store_that_does_not_answer_cannot_hold_a_caller_past_its_deadline(path: Path) -> None:
    is_free = threading.Event()
    async with desk_at(path, ONE) as desk:
        outbox = Outbox(desk.store)
        outbox.start()
        blocked = asyncio.create_task(outbox.call(lambda: is_free.wait(LONG_S)))
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailable, match="could not be read before its caller's deadline"):
            await Reviews(desk.store, outbox.call, desk.clock).wait(ONE.id, left_s=0.05)
        is_free.set()
        assert await blocked
        outbox.stop(timeout_s=LONG_S)


def due(number: int, on_overdue: Overdue) -> ReviewCase:
    return msgspec.structs.replace(plain_case(number), on_overdue=on_overdue, webhook=f"https://{on_overdue}.example")


@in_a_loop
async def test_what_is_overdue_is_told_released_or_rejected_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cases = [due(0, "nothing"), due(1, "webhook"), due(2, "release"), due(3, "reject")]
    later = msgspec.structs.replace(due(4, "reject"), due_at=NOON + 1000)
    async with desk_at(path, *cases, later) as desk:
        waiting = asyncio.create_task(desk.reviews.wait(cases[2].id, left_s=LONG_S))
        assert await desk.reviews.overdue(desk.clock.time()) == 0
        desk.clock.advance(100)
        assert await desk.reviews.counts() == CaseCounts(open=5, claimed=0, overdue=4)
        with caplog.at_level(logging.INFO, "taskfit.reviews"):
            assert await desk.reviews.overdue(desk.clock.time()) == 4
        assert [line.getMessage() for line in caplog.records].count("review_overdue") == 4
        found = await desk.reviews.find(CaseQuery(), state="any")
        assert [(case.state, case.decided) for case in found] == [
            ("open", None), ("open", None), ("expired", "42"), ("expired", None), ("open", None),
        ]  # fmt: skip
        assert (await waiting).decided == "42"
        told = [message for message in desk.messages() if message[0] != "review.opened"]
        assert sorted(told) == [
            ("review.decided", "https://reject.example"),
            ("review.decided", "https://release.example"),
            ("review.overdue", "https://webhook.example"),
        ]
        assert await desk.reviews.overdue(desk.clock.time()) == 0
        assert [await desk.reviews.labels_of(case.record_id) for case in cases] == [()] * 4, "nobody has judged"
        assert await desk.reviews.counts() == CaseCounts(open=3, claimed=0, overdue=2)


@in_a_loop
async def test_somebody_looks_after_what_is_overdue_even_after_the_store_has_failed(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failing = [True]

    async def door(fn: Callable[[], T], /) -> T:
        if failing and failing.pop():
            raise StoreUnavailable("not now")
        return fn()

    async with desk_at(path, due(0, "release")) as desk:
        desk.clock.advance(100)
        reviews = Reviews(desk.store, door, desk.clock)
        watching = asyncio.create_task(reviews.watch(every_s=SOON_S))
        assert (await desk.reviews.wait("rev-000000", left_s=LONG_S)).state == "expired"
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
    assert [line.getMessage() for line in caplog.records] == ["reviews_not_read", "review_overdue"]


@in_a_loop
async def test_an_overdue_case_waits_for_who_holds_it(path: Path) -> None:
    async with desk_at(path, due(0, "reject")) as desk:
        desk.clock.advance(55)
        await desk.reviews.claim("rev-000000", "ana", lease_s=60)
        desk.clock.advance(10)
        assert await desk.reviews.overdue(desk.clock.time()) == 0
        desk.clock.advance(60)
        assert await desk.reviews.overdue(desk.clock.time()) == 1
        with pytest.raises(Conflict, match="expired by overdue"):
            await desk.reviews.approve("rev-000000", "ana")


@in_a_loop
async def test_of_several_processes_one_looks_after_what_is_overdue(path: Path) -> None:
    async with desk_at(path, due(0, "release")) as here, desk_at(path) as there:
        for desk in (here, there):
            desk.clock.advance(100)
        assert [await desk.reviews.overdue(desk.clock.time()) for desk in (here, there)] == [1, 0]


@in_a_loop
async def test_a_record_takes_so_many_labels_and_no_more(path: Path) -> None:
    async with desk_at(path) as desk:
        for number in range(MAX_LABELS):
            await desk.reviews.add_label(plain_label(number))
        with pytest.raises(InvalidRequest, match="takes no more"):
            await desk.reviews.add_label(plain_label(MAX_LABELS))
        await desk.reviews.add_label(plain_label(MAX_LABELS, "rec-other"))
