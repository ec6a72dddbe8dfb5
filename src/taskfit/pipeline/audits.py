"""Audits: the first rung's answers to a random share of requests, compared with the last rung's, beside the requests.

A fitted bar needs to know how often the cheap answer is right, and must not learn it from escalated answers, nor from accepted
ones: both are chosen. So which requests are audited is drawn before anything is known of them, and the first rung's answer is
judged whatever became of it. What the walk did not ask itself is asked once the caller has been served, in a walk with a record
of its own, which is what the audit costs. Knows no statistics: see promises.py.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from random import getrandbits
from types import TracebackType
from typing import Final, Protocol, Self

import msgspec

from taskfit.equivalence import said, same
from taskfit.errors import TaskfitError
from taskfit.features.keys import prompt_of
from taskfit.pipeline.attempt import LiveAttempt, Receiver
from taskfit.pipeline.receivers import EventList
from taskfit.values.plan import Plan
from taskfit.values.request import Request, Terms
from taskfit.values.review import Label, ReviewRule
from taskfit.values.task import Fit, Task

MOST_WAITING: Final = 100
"""Audits under way; what comes beyond is not audited, and the log says so: nothing may pile up behind a slow model."""

MOST_AT_ONCE: Final = 4
"""Calls of audits at the same time, so that they do not crowd out live traffic."""

log = logging.getLogger("taskfit.audit")


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What one rung said. `answered_as` is what its upstream calls the model."""

    text: str
    confidence: float | None
    answered_as: str


class Walked(msgspec.Struct, frozen=True, kw_only=True):
    """A walk that has ended: its plan, its attempts, and whether models saw placeholders for personal data."""

    plan: Plan
    live: Sequence[LiveAttempt]
    is_masked: bool


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be compared: the answers of the first rung and of the last. None: that one has still to be asked."""

    record_id: str
    request: Request
    task: Task
    first: Answered | None
    last: Answered | None
    is_masked: bool = False


class AuditWalk(Protocol):
    """What an audit needs of a walk: it is entered, run once, and then tells what came of it."""

    plan: Plan | None

    @property
    def live(self) -> Sequence[LiveAttempt]:
        """Its attempts."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def run(self, receiver: Receiver) -> None:
        """Errors: as for a Walk."""
        ...


class Audits:
    """The audits of one gateway. Belongs to one event loop."""

    def __init__(
        self,
        walk: Callable[[Request, Task, str], AuditWalk],
        keep: Callable[[Label], Awaitable[None]],
        now: Callable[[], float],
    ) -> None:
        """`walk` makes the walk of an audit, from its contract and the record that it audits."""
        self._walk = walk
        self._keep = keep
        self._now = now
        self._under_way: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    def put(self, audited: Audited, told: Callable[[Label], None]) -> None:
        """Compare soon; `told` hears what came of it. Synchronous, so that the end of a walk can call it."""
        if len(self._under_way) >= MOST_WAITING:
            log.warning("audit_left_out", extra={"record": audited.record_id, "waiting": len(self._under_way)})
            return
        task = asyncio.get_running_loop().create_task(self._audit(audited, told))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Return when none is under way any more."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def close(self) -> None:
        """Give up those that are under way."""
        for task in self._under_way:
            task.cancel()
        await self.settle()

    async def _audit(self, audited: Audited, told: Callable[[Label], None]) -> None:
        try:
            first = audited.first or await self._ask(audited, first_contract(audited.task))
            last = audited.last or await self._ask(audited, last_contract(audited.task))
            is_right = await asyncio.to_thread(same, first.text, last.text)
            label = self._label(audited, first, is_right=is_right)
            await self._keep(label)
        except TaskfitError as error:
            log.warning("audit_failed", extra={"record": audited.record_id, "reason": str(error)[:300]})
            return
        told(label)

    def _label(self, audited: Audited, first: Answered, *, is_right: bool) -> Label:
        return Label(
            id=f"lab-{getrandbits(96):024x}",
            record_id=audited.record_id,
            at=self._now(),
            source="audit",
            score=float(is_right),
            model=audited.task.ladder[audited.task.first_place].id,
            task=audited.task.name,
            confidence=first.confidence,
            answered_as=first.answered_as,
            prompt=prompt_of(audited.request),
        )

    async def _ask(self, audited: Audited, contract: Task) -> Answered:
        """What one rung says to the same request, without the caller's own limits. Errors: TaskfitError."""
        request = msgspec.structs.replace(audited.request, terms=_own_terms(audited.request.terms))
        async with self._places:
            with self._walk(request, contract, audited.record_id) as walk:
                await walk.run(EventList())
        assert walk.plan is not None
        found = answers_of(Walked(plan=walk.plan, live=walk.live, is_masked=audited.is_masked), place=0)
        assert found is not None, "a walk that ends without an error has an answer"
        return found


def _own_terms(terms: Terms) -> Terms:
    """What the caller asked for that says what the request is, without its limits: a slow answer is not to be missed."""
    return msgspec.structs.replace(terms, deadline_s=None, max_cost=None, callback=None)


def answers_of(walked: Walked, *, place: int) -> Answered | None:
    """What the rung at that place of the ladder answered in a walk; None where it did not.

    With what went before a cut. As it was repaired, but where personal data was masked: there the repaired text has it put back,
    and the other one has not.
    """
    for attempt in walked.live:
        if walked.plan.candidates[attempt.number].rung == place and attempt.state == "answered":
            text = (attempt.before or "") + said(attempt.collected.answer())
            if attempt.repaired is not None and not walked.is_masked:
                text = attempt.repaired
            return Answered(text=text, confidence=attempt.confidence, answered_as=attempt.collected.model or attempt.card.id)
    return None


def first_contract(task: Task) -> Task:
    """The first rung alone with the task's checks, which its confidence comes from."""
    return _alone(task, task.first_place)


def last_contract(task: Task) -> Task:
    """The last rung alone. It is what others are measured by, so nothing checks it."""
    return msgspec.structs.replace(_alone(task, len(task.ladder) - 1), checks=())


def _alone(task: Task, place: int) -> Task:
    """One rung with the task's limits: no person, no fitted bar, and no audit of the audit."""
    return msgspec.structs.replace(
        task,
        ladder=task.ladder[place : place + 1],
        bar=0.0,
        hedge=None,
        review=ReviewRule(),
        error_budget=None,
        explore=None,
        fit=Fit(),
        audit_share=0.0,
    )
