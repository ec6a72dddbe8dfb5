"""What a rule says of one field: where it is, and what may stand there. Knows no condition.

A place is `payment.iban`, `lines[0].sku`, or `lines[].sku` for every line. A test gets one value and says what is wrong with it.
"""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, TypeAlias

import msgspec

from taskfit.rules.checksums import Checksum
from taskfit.rules.patterns import compile_whole
from taskfit.rules.quantities import CHARS_PER_STEP, MEMBER_STEPS, Purse, is_equal, is_less, kind_of
from taskfit.rules.quotations import shown

Key: TypeAlias = str | int | None
"""A member's name, a place in a list, or None for every one of a list."""
Place: TypeAlias = tuple[Key, ...]
Test: TypeAlias = Callable[[Any, Purse], str]
"""What is wrong with a value, as the end of a sentence that begins with it; empty where nothing is."""

STEP: Final = re.compile(r"(?:(?<=.)\.|^)(?P<name>[^.\[\]]+)|\[(?P<place>[0-9]{0,6})\]")
DEEPEST: Final = 20
PATTERN_STEPS: Final = 30
CHECKSUM_STEPS: Final = 40
MOST_LISTED: Final = 8
MOST_GLANCED: Final = 100


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands where nothing stands. `instead`: what is there in the place of its list or mapping; empty where that is one."""

    instead: str = ""


def read_place(text: str) -> Place:
    """The place that a text names. Errors: ValueError, with what is wrong."""
    keys: list[Key] = []
    at = 0
    while at < len(text):
        match = STEP.match(text, at)
        if match is None:
            raise ValueError(f"{shown(text[at:])} in it")
        number = match["place"]
        keys.append(match["name"] if number is None else int(number) if number else None)
        at = match.end()
    if not 0 < len(keys) <= DEEPEST:
        raise ValueError("no name in it" if not keys else f"more than {DEEPEST} steps")
    return tuple(keys)


def find(place: Place, document: Any, purse: Purse) -> Iterator[tuple[Place, Any]]:
    """What stands at a place: once, or for every member of the lists in it, with the place of each; else a Nothing."""
    value = document
    for depth, key in enumerate(place):
        if key is None and isinstance(value, list):
            yield from _find_each(place, depth, value, purse)
            return
        if key is None or not _has(value, key):
            is_whole = isinstance(value, dict if isinstance(key, str) else list)
            yield place[: depth + 1], Nothing(instead="" if is_whole else kind_of(value))
            return
        value = value[key]
    yield place, value


def _find_each(place: Place, depth: int, members: list[Any], purse: Purse) -> Iterator[tuple[Place, Any]]:
    before, after = place[:depth], place[depth + 1 :]
    for number, member in enumerate(members):
        purse.spend(MEMBER_STEPS)
        for below, value in find(after, member, purse):
            yield (*before, number, *below), value


def glance(place: Place, document: Any, purse: Purse) -> list[Any] | None:
    """The values that `find` finds where every one is there and they are few, which is the rule; else None."""
    values = [document]
    for key in place:
        if type(key) is not str and any(type(value) is not list for value in values):
            return None
        if key is None:
            count = sum(map(len, values))
            if count > MOST_GLANCED:
                return None
            purse.spend(MEMBER_STEPS * count)
            values = [member for value in values for member in value]
            continue
        try:
            values = [value[key] for value in values]
        except (KeyError, IndexError, TypeError):
            return None
    return values


def told_missing(place: Place, nothing: Nothing) -> str:
    """The sentence that a field is missing."""
    above = written(place[:-1]) or "the answer"
    return f"{written(place)} is missing" + (f": {above} is {nothing.instead}" if nothing.instead else "")


def written(place: Place) -> str:
    """A place as a person writes it."""
    steps = [f".{key}" if isinstance(key, str) else f"[{'' if key is None else key}]" for key in place]
    return "".join(steps).removeprefix(".")


def _has(document: Any, key: str | int) -> bool:
    if isinstance(document, dict):
        return key in document
    return isinstance(document, list) and isinstance(key, int) and key < len(document)


class FieldRule(msgspec.Struct, frozen=True, kw_only=True):
    """What may stand at one place. `is_optional`: nothing may, too, and null."""

    place: Place
    tests: tuple[Test, ...]
    is_optional: bool = False

    def breach(self, document: Any, purse: Purse) -> str:
        """The first thing that is wrong; empty where nothing is. Errors: Exhausted."""
        left = purse.left
        values = glance(self.place, document, purse)
        if values is not None and self._allows(values, purse):
            return ""
        purse.left = left
        return next(self.breaches(document, purse), "")

    def _allows(self, values: list[Any], purse: Purse) -> bool:
        for value in values:
            for test in () if value is None and self.is_optional else self.tests:
                if test(value, purse):
                    return False
        return True

    def breaches(self, document: Any, purse: Purse) -> Iterator[str]:
        """What is wrong, in the order of the answer. Errors: Exhausted."""
        for place, value in find(self.place, document, purse):
            if self.is_optional and (value is None or isinstance(value, Nothing)):
                continue
            if isinstance(value, Nothing):
                yield told_missing(place, value)
                continue
            for test in self.tests:
                wrong = test(value, purse)
                if wrong:
                    yield f"{written(place) or 'the answer'} is {shown(value)}, {wrong}"


def one_of(allowed: Collection[Any], *, ignores_case: bool = False) -> Test:
    """It is one of these values, as `==` of conditions sees it."""
    has = _membership(allowed, ignores_case=ignores_case)
    wanted = _listed(allowed)
    return lambda value, purse: "" if has(value, purse) else f"not one of {wanted}"


def none_of(refused: Collection[Any], *, ignores_case: bool = False) -> Test:
    """It is none of these values."""
    has = _membership(refused, ignores_case=ignores_case)
    return lambda value, purse: "which may not be" if has(value, purse) else ""


def at_least(least: int | float) -> Test:
    """It is a number that is not less."""
    return _bound(f"less than {shown(least)}", lambda value, purse: _is_less(value, least, purse))


def at_most(most: int | float) -> Test:
    """It is a number that is not more."""
    return _bound(f"more than {shown(most)}", lambda value, purse: _is_less(most, value, purse))


def pattern(text: str, *, ignores_case: bool = False) -> Test:
    """It is text that matches as a whole, in RE2's syntax. Errors: BadPattern."""
    is_match = compile_whole(text, ignores_case=ignores_case)

    def test_pattern(value: Any, purse: Purse) -> str:
        written = _digits(value)
        if written is None:
            return f"which is {kind_of(value)}, not text"
        purse.spend(PATTERN_STEPS + len(written) // CHARS_PER_STEP)
        return "" if is_match(written) else f"which does not match {shown(text)}"

    return test_pattern


def checksum(name: str, test: Checksum) -> Test:
    """It is text, or a whole number, with the right check digits."""

    def test_checksum(value: Any, purse: Purse) -> str:
        written = _digits(value)
        if written is None:
            return f"which is {kind_of(value)}, not text"
        purse.spend(CHECKSUM_STEPS)
        return "" if test(written) else f"which is no valid {name}"

    return test_checksum


def is_filled(value: Any) -> bool:
    """Whether something stands there: not null, no blank text, no empty list or mapping."""
    if isinstance(value, str):
        return bool(value) and not value.isspace()
    return value is not None and value not in ([], {})


def _digits(value: Any) -> str | None:
    """Text, or the digits of a whole number: models write account numbers as numbers too."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _bound(says: str, is_breached: Callable[[Any, Purse], bool]) -> Test:
    def test_bound(value: Any, purse: Purse) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"which is {kind_of(value)}, not a number"
        return says if is_breached(value, purse) else ""

    return test_bound


def _is_less(left: Any, right: Any, purse: Purse) -> bool:
    return is_less(left, right, said=("it", "it"), purse=purse)


def _membership(values: Collection[Any], *, ignores_case: bool) -> Callable[[Any, Purse], bool]:
    texts = {value.casefold() if ignores_case else value for value in values if isinstance(value, str)}
    others = [value for value in values if not isinstance(value, str)]

    def has(value: Any, purse: Purse) -> bool:
        if isinstance(value, str):
            purse.spend(1 + len(value) // CHARS_PER_STEP)
            return (value.casefold() if ignores_case else value) in texts
        purse.spend(MEMBER_STEPS * len(others))
        return any(is_equal(value, other, purse) for other in others)

    return has


def _listed(values: Collection[Any]) -> str:
    names = [shown(value) for value in values]
    return ", ".join(names[:MOST_LISTED]) + (f" or {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else "")
