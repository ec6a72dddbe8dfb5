"""Checks an answer against regular expressions that it must, or must not, match.

RE2 runs them, in time linear in the answer whatever the expression. Knows nothing of the question.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Literal

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.protocols import Aid
from taskfit.values.answer import Answer
from taskfit.values.request import Request
from taskfit.values.verdict import Verdict

LONGEST_QUOTE: Final = 60
LONG_CHARS: Final = 50_000
"""So many characters, counted once for each pattern, take less than 5 ms; more are searched beside the event loop."""


class PatternSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`must`: regular expressions (RE2's syntax) that must all match; `must_not`: those of which none may.

    `where`: whether `must` is looked for "anywhere" in the answer, or has to match the "whole" of it. Space around the answer is
    not looked at.
    """

    must: str | tuple[str, ...] = ()
    must_not: str | tuple[str, ...] = ()
    where: Literal["anywhere", "whole"] = "anywhere"


class Pattern:
    """Scores: 1 where all that must match does and nothing that must not, else 0."""

    Settings: ClassVar[type[msgspec.Struct]] = PatternSettings

    def __init__(self, name: str, settings: PatternSettings) -> None:
        self.name = name
        self.settings = settings
        self._must = _compile_all("must", settings.must)
        self._must_not = _compile_all("must_not", settings.must_not)
        if not self._must and not self._must_not:
            raise ConfigurationError(
                "pattern\n  found   no pattern\n  wanted  must, must_not, or both\n  try     must: '^(yes|no)$'"
            )

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""

    async def verify(self, request: Request, answer: Answer, aid: Aid) -> Verdict:
        """Stops at the first pattern that speaks against the answer."""
        if answer.tool_calls and not answer.text:
            return Verdict(check=self.name, judgement="accept", score=1.0, reason="the model calls a tool")
        text = answer.text
        is_long = len(text) * (len(self._must) + len(self._must_not)) > LONG_CHARS
        fault = await asyncio.to_thread(self._fault, text) if is_long else self._fault(text)
        if fault is not None:
            return Verdict(check=self.name, judgement="reject", score=0.0, reason=fault)
        return Verdict(check=self.name, judgement="accept", score=1.0, reason="matches as it must")

    def _fault(self, answer: str) -> str | None:
        text = answer.strip().encode()  # of a text in characters the binding counts every place of a match
        is_whole = self.settings.where == "whole"
        for pattern in self._must:
            if (pattern.fullmatch(text) if is_whole else pattern.search(text)) is None:
                return f"{'does not match' if is_whole else 'has no match for'} {_quoted(pattern.pattern)}"
        for pattern in self._must_not:
            found = pattern.search(text)
            if found is not None:
                return f"has {_quoted(found.group().decode(errors='replace'))}, which {_quoted(pattern.pattern)} forbids"
        return None


def _compile_all(key: str, written: str | Sequence[str]) -> tuple[Any, ...]:
    """Errors: ConfigurationError for the first that cannot be read."""
    return tuple([_compile(key, pattern) for pattern in ([written] if isinstance(written, str) else written)])


def _compile(key: str, pattern: str) -> Any:
    import re2  # type: ignore[import-untyped]

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        wanted = "a regular expression in RE2's syntax (no look-around, no back-references)"
        raise ConfigurationError(f"pattern: {key}: {pattern}\n  found   {why}\n  wanted  {wanted}") from error


def _quoted(text: str) -> str:
    return f'"{text}"' if len(text) <= LONGEST_QUOTE else f'"{text[: LONGEST_QUOTE - 1]}…"'
