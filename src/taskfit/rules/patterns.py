"""Patterns in RE2's syntax, matched in linear time whatever the text is. Knows no rule."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

Test: TypeAlias = Callable[[str], bool]

LONGEST: Final = 1_000
MOST_MEMORY_BYTES: Final = 1 << 20


class BadPattern(ValueError):
    """A pattern that RE2 does not take; the text says why."""


def compile_whole(pattern: str, *, ignores_case: bool = False) -> Test:
    """Whether the whole of a text matches. Errors: BadPattern."""
    compiled = _compile(pattern, ignores_case=ignores_case)
    return lambda text: compiled.fullmatch(text.encode("utf-8", "replace")) is not None


def compile_part(pattern: str) -> Test:
    """Whether some part of a text matches. Errors: BadPattern."""
    compiled = _compile(pattern, ignores_case=False)
    return lambda text: compiled.search(text.encode("utf-8", "replace")) is not None


def _compile(pattern: str, *, ignores_case: bool) -> Any:
    import re2  # type: ignore[import-untyped]  # it has no types

    if len(pattern) > LONGEST:
        raise BadPattern(f"it is longer than {LONGEST:,} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_MEMORY_BYTES
    options.case_sensitive = not ignores_case
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0]
        raise BadPattern(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from error
