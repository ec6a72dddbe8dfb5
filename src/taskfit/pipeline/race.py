"""A race: a second model is called beside one that is slow to begin, and the first of the two that begins to answer is taken.

Source: Dean and Barroso, "The Tail at Scale", 2013 (hedged requests).
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from taskfit.pipeline.attempt import LiveAttempt
from taskfit.pipeline.watching import Race

Run: TypeAlias = tuple[LiveAttempt, Coroutine[Any, Any, None]]
"""An attempt, and the call that makes it."""


async def run_race(race: Race, first: Run, start_second: Callable[[], Run], *, after_s: float) -> None:
    """Make one attempt, or two; both have ended when this returns. Errors: what the receiver of the winner raised.

    The second starts after `after_s` seconds if the first has not begun to answer by then; the loser is called off as soon as the
    other begins.
    """
    runs: dict[asyncio.Task[None], LiveAttempt] = {}

    def start(run: Run) -> None:
        live, call = run
        runs[asyncio.create_task(call)] = live  # in no task group: it would cancel the winner with the loser

    def call_off_others(winner: LiveAttempt) -> None:
        for task, live in runs.items():
            if live is not winner:
                task.cancel()

    race.call_off_others = call_off_others
    try:
        start(first)
        await asyncio.wait(runs, timeout=after_s)
        if first[0].state == "running" and not first[0].has_begun:
            start(start_second())
        await asyncio.wait(runs)
    finally:
        race.call_off_others = None
        for task in runs:
            task.cancel()
        results = await asyncio.gather(*runs, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
