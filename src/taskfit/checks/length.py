"""Checks that an answer is neither too long nor too short. Knows nothing of what it says."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, TypeAlias

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.verdict import Verdict

Bound: TypeAlias = Annotated[int, msgspec.Meta(ge=0)] | None


class LengthSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds, each included. Space around the answer does not count; a word is what stands between spaces, a line is one that
    holds something."""

    max_chars: Bound = None
    min_chars: Bound = None
    max_words: Bound = None
    min_words: Bound = None
    max_lines: Bound = None
    min_lines: Bound = None


class Length:
    """Scores: 1 within all bounds, else 0."""

    Settings: ClassVar[type[msgspec.Struct]] = LengthSettings

    def __init__(self, name: str, settings: LengthSettings) -> None:
        self.name = name
        self.settings = settings
        self._bounds = tuple(_bounds(settings))
        if not self._bounds:
            raise ConfigurationError(
                "length\n  found   no bound\n  wanted  max_chars, min_words or another one\n  try     max_chars: 2000"
            )
        for unit, least, most in self._bounds:
            if least is not None and most is not None and least > most:
                found = f"min_{unit}: {least} with max_{unit}: {most}"
                raise ConfigurationError(f"length\n  found   {found}\n  wanted  a least that is not above the most")

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """The first bound that is broken is told."""
        if answer.tool_calls and not answer.text:
            return Verdict(check=self.name, judgement="accept", score=1.0, reason="the model calls a tool")
        fault = self._fault(answer.text.strip())
        if fault is not None:
            return Verdict(check=self.name, judgement="reject", score=0.0, reason=fault)
        return Verdict(check=self.name, judgement="accept", score=1.0, reason="of the wanted length")

    def _fault(self, text: str) -> str | None:
        for unit, least, most in self._bounds:
            if unit == "words" and most is None and least is not None and len(text.split(None, least)) >= least:
                continue  # enough of them, however many there are
            count = _count(text, unit)
            if most is not None and count > most:
                return f"{count:,} {_UNITS[unit]}, {most:,} at most are wanted"
            if least is not None and count < least:
                return f"{count:,} {_UNITS[unit]}, {least:,} at least are wanted"
        return None


_UNITS = {"chars": "characters", "words": "words", "lines": "lines"}


def _bounds(settings: LengthSettings) -> Iterator[tuple[str, int | None, int | None]]:
    """The units that have a bound, with their least and most."""
    for unit in _UNITS:
        least, most = getattr(settings, f"min_{unit}"), getattr(settings, f"max_{unit}")
        if least is not None or most is not None:
            yield unit, least, most


def _count(text: str, unit: str) -> int:
    if unit == "chars":
        return len(text)
    if unit == "words":
        return len(text.split())
    return len([line for line in text.splitlines() if line.strip()])
