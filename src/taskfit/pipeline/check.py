"""Check: a task's checks over one answer, cheapest first as the task writes them."""

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from time import perf_counter
from types import coroutine
from typing import Any, Protocol

from taskfit.pipeline.giving import with_text
from taskfit.pipeline.record import to_micros
from taskfit.protocols import Aid, Check
from taskfit.values.answer import Answer
from taskfit.values.money import Usd
from taskfit.values.request import Request
from taskfit.values.verdict import Verdict

NO_TIME = "there was no time left for it"
UNDECIDED = 0.4
"""The score of a check that could not judge: below the default bar, for an answer that nobody has checked is not good enough."""


class Purse(Aid, Protocol):
    """What is lent to one check after the other, with what the one that has it now has cost and mended."""

    def pass_on(self) -> None:
        """The next check has it."""

    @property
    def spent(self) -> Usd | None:
        """Micro-dollars that the models it asked have cost; None: one of them has no known price."""
        ...

    @property
    def repaired(self) -> tuple[str, str] | None:
        """The text that stands in for the answer's, and how it was mended."""
        ...


class Judged:
    """What the checks have said so far. It is there while they run, so that what a cancelled one has cost is kept."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.verdicts: list[Verdict] = []
        self.repaired: str | None = None


async def check_answer(
    checks: Sequence[Check], request: Request, judged: Judged, aid: Purse, *, left_s: float
) -> None:
    """Add the verdicts in the order written, up to the first rejection: what comes after it cannot save the answer.

    A check that has no time left is unsure; those after it are not asked. Units: `left_s` in seconds.
    """
    running: tuple[Check, float] | None = None
    ends = perf_counter() + left_s
    try:
        for check in checks:
            aid.pass_on()
            running = (check, perf_counter())
            verdict = await _in_time(_verify(check, request, judged.answer, aid), ends)
            _take(judged, verdict, aid, running[1])
            running = None
            if verdict.judgement == "reject":
                return
    except TimeoutError:
        if running is not None:
            _take(judged, _unsure(running[0], NO_TIME), aid, running[1])
    except asyncio.CancelledError:
        if running is not None and aid.spent != 0:
            _take(judged, _unsure(running[0], "it was called off"), aid, running[1])
        raise


def _take(judged: Judged, verdict: Verdict, aid: Purse, started: float) -> None:
    """Keep one verdict, with what it took. Units: `started` in seconds of the performance counter."""
    repair, spent = "", aid.spent
    if aid.repaired is not None:
        judged.repaired, repair = aid.repaired
        judged.answer = with_text(judged.answer, judged.repaired)
    judged.verdicts.append(
        Verdict(
            check=verdict.check,
            judgement=verdict.judgement,
            score=verdict.score,
            reason=verdict.reason,
            repair=verdict.repair or repair,
            cost=None if verdict.cost is None or spent is None else verdict.cost + spent,
            latency_ms=to_micros((perf_counter() - started) * 1e3),
        )
    )


async def _in_time(asking: Coroutine[Any, Any, Verdict], ends: float) -> Verdict:
    """What a check says. Only one that waits needs a timer, and most never do. Units: `ends` as of `perf_counter`."""
    try:
        awaited = asking.send(None)
    except StopIteration as done:
        verdict: Verdict = done.value
        return verdict
    async with asyncio.timeout(max(0.0, ends - perf_counter())):
        return await _rest_of(asking, awaited)


@coroutine
def _rest_of(asking: Coroutine[Any, Any, Verdict], awaited: Any) -> Generator[Any, Any, Verdict]:
    """What `await asking` does from its second step on. Source: PEP 380, the expansion of `yield from`."""
    try:
        while True:
            try:
                sent = yield awaited
            except BaseException as error:  # noqa: BLE001  # a cancellation is the check's own, too
                awaited = asking.throw(error)
            else:
                awaited = asking.send(sent)
    except StopIteration as done:
        verdict: Verdict = done.value
        return verdict


async def _verify(check: Check, request: Request, answer: Answer, aid: Aid) -> Verdict:
    try:
        verdict = await check.verify(request, answer, aid)
        if 0.0 <= verdict.score <= 1.0:
            return verdict
    except Exception as error:  # noqa: BLE001  # the plug-in boundary: a broken check judges nothing
        return _unsure(check, f"the check failed: {type(error).__name__}: {error}"[:300])
    return _unsure(check, f"the check failed: its score is {verdict.score}, not 0 to 1")


def _unsure(check: Check, reason: str) -> Verdict:
    return Verdict(check=check.name, judgement="unsure", score=UNDECIDED, reason=reason)
