"""Checks the sums that an answer writes down: every "a op b = c" must hold. Knows neither the question nor its right answer."""

import asyncio
from typing import Annotated, ClassVar, Final

import msgspec

from taskfit.checks.equations import find_equations
from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.verdict import Verdict

LONG_CHARS: Final = 20_000
MANY_EQUATIONS: Final = 100
"""From here on an answer may take more than 5 ms, and its sums are done beside the event loop."""


class ArithmeticSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`most_equations` bounds the work on one answer: later signs "=" are not looked at."""

    most_equations: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500


class Arithmetic:
    """Scores: 0 when an equation does not hold, 1 when all do, 0.5 (unsure) when the answer has none that can be read."""

    Settings: ClassVar[type[msgspec.Struct]] = ArithmeticSettings

    def __init__(self, name: str, settings: ArithmeticSettings) -> None:
        self.name = name
        self.settings = settings

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Stops at the first equation that does not hold, and quotes it."""
        text = answer.text
        is_long = len(text) > LONG_CHARS or text.count("=") > MANY_EQUATIONS
        return await asyncio.to_thread(self._judge, text) if is_long else self._judge(text)

    def _judge(self, text: str) -> Verdict:
        count = 0
        for equation in find_equations(text, most=self.settings.most_equations):
            if not equation.holds:
                return Verdict(check=self.name, judgement="reject", score=0.0, reason=f"{equation.text} does not hold")
            count += 1
        if not count:
            return Verdict(check=self.name, judgement="unsure", score=0.5, reason="there is no equation to check")
        reason = f"{count} equations hold" if count > 1 else "the equation holds"
        return Verdict(check=self.name, judgement="accept", score=1.0, reason=reason)
