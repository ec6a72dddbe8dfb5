"""Review cases as they live: opened by walks, decided by people, waited for by callers. What may become of one is in cases.py.

A store is used only through the door that it is given; every change goes from one version of a case to the next, so of two people
who decide at once one is told that the other was faster, whatever processes they use. Knows no HTTP and sends nothing: messages
for webhooks are put into the store, and whoever sends them takes them from there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Literal, Protocol, TypeAlias, TypeVar

import msgspec

from taskfit.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from taskfit.pipeline import cases
from taskfit.pipeline.case_messages import told_when_changed, told_when_opened
from taskfit.pipeline.cases import LEASE_S, Ruling
from taskfit.pipeline.clock import Clock
from taskfit.protocols import CaseCounts, CaseQuery, Store
from taskfit.values.review import CaseState, Label, ReviewCase

POLL_S = 0.5
POLL_EACH_S = 0.002
"""The more callers wait, the less often each looks into the store: together, 500 times a second at most."""
OVERDUE_BATCH = 1_000
WATCH_S = 1.0
MAX_TRIES = 10
MAX_LABELS = 100
"""What one record can have: nobody fills the store with opinions on one answer."""

log = logging.getLogger("taskfit.reviews")

T = TypeVar("T")
Wanted: TypeAlias = CaseState | Literal["undecided", "any"]
Step: TypeAlias = Callable[[ReviewCase, float], ReviewCase]


class Door(Protocol):
    """Runs a function where the store may be used, and gives what it gives; `Outbox.call` is one."""

    def __call__(self, fn: Callable[[], T], /) -> Awaitable[T]:
        """Errors: StoreUnavailable, and those of `fn`."""
        ...


async def straight(fn: Callable[[], T], /) -> T:
    """The door of someone who has the store alone: right here."""
    return fn()


class Reviews:
    """The cases of one store. Belongs to one event loop; other processes may decide on the same cases.

    Every method raises StoreUnavailable when the store fails; those that change a case raise NotFound, Conflict and
    InvalidRequest. `version` is that of the case as its reviewer saw it; None: whatever it is.
    """

    def __init__(self, store: Store, call: Door, clock: Clock, *, poll_s: float = POLL_S) -> None:
        self._store = store
        self._call = call
        self._clock = clock
        self._poll_s = poll_s
        self._waiting: dict[str, set[asyncio.Future[ReviewCase]]] = {}

    async def open(self, case: ReviewCase) -> None:
        """Keep a new case, and tell its webhook."""
        messages = tuple(told_when_opened(case))
        await self._call(lambda: self._store.open_case(case, deliveries=messages))
        log.info("review_opened", extra={"case": case.id, "record": case.record_id, "task": case.task})

    async def find(self, query: CaseQuery, *, state: Wanted = "undecided") -> tuple[ReviewCase, ...]:
        """Cases that match and are in that state now, those due first first; without their requests."""
        store, now = self._store, self._clock.time()
        return await self._call(lambda: _found(store, query, state, now))

    async def get(self, case_id: str) -> ReviewCase | None:
        """One case."""
        return await self._call(lambda: self._store.get_case(case_id))

    async def counts(self) -> CaseCounts:
        """How many wait, and how many of them are overdue."""
        now = self._clock.time()
        return await self._call(lambda: self._store.count_cases(now=now))

    async def claim(self, case_id: str, by: str, *, lease_s: float = LEASE_S, version: int | None = None) -> ReviewCase:
        """The case, which for that long nobody else decides. Units: seconds."""
        return await self._change(case_id, lambda case, now: cases.claim(case, by=by, now=now, lease_s=lease_s), version)

    async def release(self, case_id: str, by: str, *, version: int | None = None) -> ReviewCase:
        """The case, which anybody may claim again."""
        return await self._change(case_id, lambda case, now: cases.release(case, by=by, now=now), version)

    async def approve(
        self, case_id: str, by: str, *, comment: str = "", minutes: float | None = None, version: int | None = None
    ) -> ReviewCase:
        """Let the best answer out as it is."""
        return await self.decide(case_id, Ruling(decision="approve", by=by, comment=comment, minutes=minutes), version=version)

    async def reject(
        self, case_id: str, by: str, *, comment: str = "", minutes: float | None = None, version: int | None = None
    ) -> ReviewCase:
        """Let no answer out."""
        return await self.decide(case_id, Ruling(decision="reject", by=by, comment=comment, minutes=minutes), version=version)

    async def edit(
        self, case_id: str, by: str, text: str, *, comment: str = "", minutes: float | None = None, version: int | None = None
    ) -> ReviewCase:
        """Let this text out in the place of the best answer."""
        ruling = Ruling(decision="edit", by=by, text=text, comment=comment, minutes=minutes)
        return await self.decide(case_id, ruling, version=version)

    async def decide(self, case_id: str, ruling: Ruling, *, version: int | None = None) -> ReviewCase:
        """Any of these. A decision that was heard already is told again, whatever version the reviewer has seen."""
        return await self._change(case_id, lambda case, now: cases.rule(case, ruling, now=now), version)

    async def wait(self, case_id: str, *, left_s: float) -> ReviewCase:
        """The case as soon as it is decided, in whatever process; as it was when nobody has decided in time. Units: seconds.

        A decision of this process is heard at once, one of another within half a second. Errors: NotFound; StoreUnavailable when
        the case cannot even be read in that time.
        """
        case: ReviewCase | None = None
        with self._listening(case_id) as heard:
            try:
                async with asyncio.timeout(max(left_s, 0.0)):
                    case = await self._known(case_id)
                    return await self._decided(case, heard)
            except TimeoutError as error:
                if case is None:
                    raise _too_slow(case_id) from error
                return case

    async def overdue(self, now: float) -> int:
        """Do what their rules want with cases that are overdue and undecided; how many were. Units: seconds since the epoch.

        Of several processes that do so at once, one does it.
        """
        query = CaseQuery(limit=OVERDUE_BATCH, due_before=now, is_overdue_told=False)
        done = 0
        for found in await self._call(lambda: self._store.find_cases(query)):
            try:
                case = await self._change(found.id, lambda case, _: cases.pass_due(case, now=now), None)
            except (Conflict, NotFound):
                continue
            if case.is_overdue_told:
                done += 1
                log.warning("review_overdue", extra={"case": case.id, "task": case.task, "state": case.state})
        return done

    async def watch(self, *, every_s: float = WATCH_S) -> None:
        """Look after overdue cases until cancelled, whatever goes wrong: it is told, and tried again. Units: seconds."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.overdue(self._clock.time())
            except StoreUnavailable as error:
                log.warning("reviews_not_read", extra={"reason": str(error)})
            except Exception:  # noqa: BLE001  # a mistake of ours must not end it for good, and unseen
                log.exception("reviews_not_watched")

    async def labels_of(self, record_id: str) -> tuple[Label, ...]:
        """What people say of one record, oldest first."""
        return await self._call(lambda: self._store.labels_of(record_id))

    async def add_label(self, label: Label) -> None:
        """Keep what a user says of a record. Errors: InvalidRequest where too much is said of it already."""
        store = self._store

        def keep() -> None:
            if len(store.labels_of(label.record_id)) >= MAX_LABELS:
                raise InvalidRequest(f"this record has {MAX_LABELS} labels, and takes no more", param="record")
            store.append_labels((label,))

        await self._call(keep)

    async def _change(self, case_id: str, step: Step, version: int | None) -> ReviewCase:
        now = self._clock.time()
        case = await self._call(lambda: _changed(self._store, case_id, step, version, now))
        if case.is_decided:
            self._tell(case)
        return case

    async def _known(self, case_id: str) -> ReviewCase:
        return await self._call(lambda: _known(self._store, case_id))

    def _tell(self, case: ReviewCase) -> None:
        for future in self._waiting.get(case.id, ()):
            if not future.done():
                future.set_result(case)

    @contextmanager
    def _listening(self, case_id: str) -> "Iterator[asyncio.Future[ReviewCase]]":
        heard: asyncio.Future[ReviewCase] = asyncio.get_running_loop().create_future()
        listeners = self._waiting.setdefault(case_id, set())
        listeners.add(heard)
        try:
            yield heard
        finally:
            listeners.discard(heard)
            if not listeners:
                self._waiting.pop(case_id, None)

    async def _decided(self, case: ReviewCase, heard: "asyncio.Future[ReviewCase]") -> ReviewCase:
        while not case.is_decided:
            pause_s = max(self._poll_s, POLL_EACH_S * len(self._waiting))
            done, _ = await asyncio.wait({heard}, timeout=pause_s)
            case = heard.result() if done else await self._seen_again(case)
        return case

    async def _seen_again(self, case: ReviewCase) -> ReviewCase:
        """The case as it is in the store, without reading its request again. While the store fails, nothing is new."""
        query = CaseQuery(record_id=case.record_id, is_undecided=False)
        try:
            found = await self._call(lambda: self._store.find_cases(query))
        except StoreUnavailable:
            return case
        now = next((each for each in found if each.id == case.id), case)
        return msgspec.structs.replace(now, request=case.request)


def _too_slow(case_id: str) -> StoreUnavailable:
    text = f"case {case_id} could not be read before its caller's deadline"
    return StoreUnavailable("The store is not available at the moment.", operator_text=text)


def _known(store: Store, case_id: str) -> ReviewCase:
    case = store.get_case(case_id)
    if case is None:
        raise NotFound("there is no such case")
    return case


def _changed(store: Store, case_id: str, step: Step, version: int | None, now: float) -> ReviewCase:
    """Take the step from the stored case; on the store's side of the door. What a step says goes before what a version says:
    it knows who was faster."""
    for _ in range(MAX_TRIES):
        case = _known(store, case_id)
        changed = step(case, now)
        if changed is case:
            return case
        cases.refuse_stale(case, version)
        label = cases.label_of(changed)
        messages = tuple(told_when_changed(case, changed, now=now))
        if store.change_case(changed, labels=() if label is None else (label,), deliveries=messages):
            if changed.is_decided:
                _log_decision(changed)
            return changed
    raise Conflict("others keep changing the case; look again")


def _log_decision(case: ReviewCase) -> None:
    facts = {"case": case.id, "record": case.record_id, "task": case.task, "state": case.state, "by": case.decided_by}
    log.info("review_decided", extra=facts)


def _found(store: Store, query: CaseQuery, state: Wanted, now: float) -> tuple[ReviewCase, ...]:
    """A claim whose lease is over is stored as one, and stands among the open ones: they are looked for in ever longer lists."""
    is_waiting = state in ("undecided", "open", "claimed")
    query = msgspec.structs.replace(query, is_undecided=is_waiting, state=None if is_waiting or state == "any" else state)
    limit = query.limit
    while True:
        page = store.find_cases(msgspec.structs.replace(query, limit=limit))
        found = [case for case in page if state in ("undecided", "any") or cases.state_at(case, now) == state]
        if len(found) >= query.limit or len(page) < limit:
            return tuple(found[: query.limit])
        limit *= 4
