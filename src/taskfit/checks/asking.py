"""Asks a model on a check's behalf, within what is left of the walk's time. What goes wrong is told, not raised.

Knows no question and no verdict.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec

from taskfit.errors import TaskfitError
from taskfit.protocols import Aid, Question
from taskfit.values.answer import Answer


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """No answer came; `reason` says why to a person."""

    reason: str


async def ask(aid: Aid, model: str, question: Question) -> Answer | Unanswered:
    """What the model answers to a question of the check."""
    return await _within(aid, model, aid.ask(model, question))


async def ask_again(aid: Aid, model: str, *, temperature: float | None = None) -> Answer | Unanswered:
    """What the model answers to the caller's own request."""
    return await _within(aid, model, aid.ask_again(model, temperature=temperature))


async def _within(aid: Aid, model: str, call: Coroutine[Any, Any, Answer]) -> Answer | Unanswered:
    try:
        async with asyncio.timeout(max(0.0, aid.left_s)):
            return await call
    except TimeoutError:
        return Unanswered(reason=f"{model} did not answer before the deadline")
    except TaskfitError as error:
        return Unanswered(reason=f"{model} could not be asked ({error.kind}): {error.caller_text}"[:200])
