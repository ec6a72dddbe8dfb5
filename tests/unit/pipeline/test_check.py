"""The checks of one answer in turn: those that never wait, those that do, and what becomes of the latter when time is up."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import ClassVar

import msgspec
import pytest

from taskfit.pipeline.check import NO_TIME, UNDECIDED, Judged, check_answer
from taskfit.protocols import Aid
from taskfit.testing.aid import ScriptedAid
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.verdict import Verdict
from tests.unit.checks.verifying import answered, asked

Waits = Callable[[], Awaitable[object]]


class Lender(ScriptedAid):
    """An aid that is passed on and costs nothing."""

    spent = 0
    repaired = None

    def pass_on(self) -> None:
        """Nothing changes hands."""


class Waiting:
    """A check that waits for each of these in turn and then accepts; `ended` tells how it ended."""

    Settings: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    def __init__(self, *waits: Waits) -> None:
        self.name = "waiting"
        self.ended = "not asked"
        self._waits = waits

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """See protocols.Check."""
        try:
            results = [await wait() for wait in self._waits]
        except BaseException as error:
            self.ended = type(error).__name__
            raise
        self.ended = "verdict"
        return Verdict(check=self.name, judgement="accept", score=1.0, reason=str(results))


async def says(*checks: Waiting, left_s: float = 5.0) -> list[Verdict]:
    judged = Judged(answered("An answer."))
    await check_answer(checks, asked(), judged, Lender(), left_s=left_s)
    return judged.verdicts


async def two_turns() -> int:
    await asyncio.sleep(0)
    return await asyncio.to_thread(lambda: 7)


async def broken() -> None:
    await asyncio.sleep(0)
    raise ValueError("it is broken")


def test_a_check_gets_what_it_waits_for() -> None:
    (verdict,) = asyncio.run(says(Waiting(two_turns, two_turns)))
    assert (verdict.judgement, verdict.reason) == ("accept", "[7, 7]")


def test_a_check_that_fails_while_it_waits_is_unsure() -> None:
    first, second = asyncio.run(says(Waiting(broken), Waiting()))
    assert (first.judgement, first.reason) == ("unsure", "the check failed: ValueError: it is broken")
    assert second.judgement == "accept"


@pytest.mark.parametrize("score", [math.nan, math.inf, 1.5, -0.1])
def test_a_score_that_is_none_judges_nothing(score: float) -> None:
    class Odd(Waiting):
        async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
            return Verdict(check=self.name, judgement="accept", score=score)

    (verdict,) = asyncio.run(says(Odd()))
    assert (verdict.judgement, verdict.score) == ("unsure", UNDECIDED)
    assert verdict.reason == f"the check failed: its score is {score}, not 0 to 1"


@pytest.mark.parametrize("left_s", [0.01, 0.0, -1.0])
def test_a_check_that_waits_too_long_is_ended_and_those_after_it_are_not_asked(left_s: float) -> None:
    quick, slow, never = Waiting(), Waiting(two_turns, asyncio.Event().wait), Waiting()
    first, second = asyncio.run(says(quick, slow, never, left_s=left_s))
    assert (first.judgement, second.judgement, second.reason) == ("accept", "unsure", NO_TIME)
    assert (quick.ended, slow.ended, never.ended) == ("verdict", "CancelledError", "not asked")


def test_a_cancellation_reaches_the_check() -> None:
    slow = Waiting(asyncio.Event().wait)

    async def cancel() -> None:
        task = asyncio.create_task(says(slow))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())
    assert slow.ended == "CancelledError"
