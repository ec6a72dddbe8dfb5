"""The functions that a condition may call, by name. `x.f(y)` is the same as `f(x, y)`. Knows no condition.

Of CEL's own: size, contains, startsWith, endsWith, int, double, string, timestamp, duration; `matches` is in programs.py, which
compiles its pattern once. `checksums.CHECKSUMS` are functions too.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec

from taskfit.rules.checksums import CHECKSUMS, Checksum
from taskfit.rules.quantities import (
    CHARS_PER_STEP,
    LARGEST,
    LISTS,
    MEMBER_STEPS,
    NUMBERS,
    Number,
    Purse,
    Undecided,
    add,
    is_in,
    is_less,
    kind_of,
    number,
)

Body: TypeAlias = Callable[..., Any]

WIDE: Final = Context(prec=80)
MOST_PLACES: Final = 20
CHECKSUM_STEPS: Final = 40
NUMERAL: Final = re.compile(r"\s*[+-]?(?:[0-9]{1,34}(?:\.[0-9]{0,34})?|\.[0-9]{1,34})(?:[eE][+-]?[0-9]{1,3})?\s*")
MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2}))?"
)
DURATION: Final = re.compile(r"(-?)((?:[0-9]{1,12}(?:\.[0-9]{1,9})?(?:h|ms|m|s|us|ns))+)")
DURATION_PART: Final = re.compile(r"([0-9.]+)(h|ms|m|s|us|ns)")
MICROSECONDS: Final[Mapping[str, Decimal]] = {
    "h": Decimal(3_600_000_000), "m": Decimal(60_000_000), "s": Decimal(1_000_000), "ms": Decimal(1_000), "us": Decimal(1),
    "ns": Decimal("0.001"),
}  # fmt: skip


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """One function. `body` takes the purse, what the condition calls the first argument, and `least` to `most` values."""

    body: Body
    least: int = 1
    most: int = 1


def _text(value: object, said: str) -> str:
    if isinstance(value, str):
        return value
    raise Undecided(f"{said} is {kind_of(value)}, not text")


def _read(purse: Purse, said: str, value: object) -> str:
    """A text, paid for by its length."""
    text = _text(value, said)
    purse.spend(1 + len(text) // CHARS_PER_STEP)
    return text


def _size(_: Purse, said: str, value: Any) -> int:
    if isinstance(value, str | list | tuple | dict):
        return len(value)
    raise Undecided(f"{said} is {kind_of(value)}, which has no size")


def _contains(purse: Purse, said: str, whole: object, part: object) -> bool:
    if isinstance(whole, list | tuple):
        return is_in(part, whole, said=said, purse=purse)
    return _text(part, "what is looked for") in _read(purse, said, whole)


def _starts_with(_: Purse, said: str, whole: object, part: object) -> bool:
    return _text(whole, said).startswith(_text(part, "what is looked for"))


def _ends_with(_: Purse, said: str, whole: object, part: object) -> bool:
    return _text(whole, said).endswith(_text(part, "what is looked for"))


def _lower(purse: Purse, said: str, value: object) -> str:
    return _read(purse, said, value).lower()


def _upper(purse: Purse, said: str, value: object) -> str:
    return _read(purse, said, value).upper()


def _trim(purse: Purse, said: str, value: object) -> str:
    return _read(purse, said, value).strip()


def _abs(_: Purse, said: str, value: object) -> Number:
    exact = number(value, said)
    return abs(exact) if isinstance(exact, int) else exact.copy_abs()


def _rounded(way: str, _: Purse, said: str, value: object, places: object = 0) -> Number:
    exact, digits = number(value, said), number(places, "the number of places")
    if not isinstance(digits, int) or not 0 <= digits <= MOST_PLACES:
        raise Undecided(f"a number is rounded to 0 to {MOST_PLACES} places")
    try:
        return Decimal(exact).quantize(Decimal(1).scaleb(-digits), rounding=way, context=WIDE)
    except InvalidOperation as error:
        raise Undecided(f"{said} is too large to be rounded") from error


def _members(said: str, values: tuple[Any, ...]) -> Any:
    """What is added up or compared: the members of one list, or the values themselves."""
    if len(values) == 1 and type(values[0]) not in LISTS:
        raise Undecided(f"{said} is {kind_of(values[0])}, not a list")
    return values[0] if len(values) == 1 else values


def _sum(purse: Purse, said: str, *values: Any) -> Number:
    total: Number = 0
    for place, value in enumerate(_members(said, values)):
        purse.spend(MEMBER_STEPS)
        if type(value) not in NUMBERS:
            raise Undecided(f"{said}[{place}] is {kind_of(value)}, not a number")
        total = add(total, value if type(value) is int else number(value, said))
    return total


def _extreme(purse: Purse, said: str, *values: Any, is_least: bool) -> Any:
    members = _members(said, values)
    if not members:
        raise Undecided(f"{said} is an empty list")
    best = members[0]
    for place, value in enumerate(members):
        purse.spend(MEMBER_STEPS)
        pair, names = ((value, best), (f"{said}[{place}]", said)) if is_least else ((best, value), (said, f"{said}[{place}]"))
        if is_less(*pair, said=names, purse=purse):
            best = value
    return best


def _distinct(purse: Purse, said: str, value: Any) -> list[Any]:
    """A list without its repetitions. A number of either form is one key, truth another."""
    kept: dict[Any, Any] = {}
    for member in _members(said, (value,)):
        purse.spend(MEMBER_STEPS)
        if isinstance(member, list | tuple | dict):
            raise Undecided(f"{said} has {kind_of(member)} in it: distinct takes plain values")
        kept.setdefault(number(member, said) if type(member) in NUMBERS else (kind_of(member), member), member)
    return list(kept.values())


def _int(purse: Purse, said: str, value: object) -> int:
    exact = _parsed(purse, said, value) if isinstance(value, str) else number(value, said)
    if not -LARGEST < exact < LARGEST:
        raise Undecided(f"{said} is too large a number")
    return int(exact)


def _double(purse: Purse, said: str, value: object) -> Number:
    return _parsed(purse, said, value) if isinstance(value, str) else number(value, said)


def _parsed(purse: Purse, said: str, value: str) -> Number:
    text = _read(purse, said, value)
    if not NUMERAL.fullmatch(text[:200]) or len(text) > 200:
        raise Undecided(f"{said} is text that is not a number")
    return Decimal(text.strip())


def _string(_: Purse, said: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    exact = number(value, said)
    if not -LARGEST < exact < LARGEST:
        return str(exact)
    return str(int(exact)) if exact == int(exact) else format(exact, "f")


def _timestamp(_: Purse, said: str, value: object) -> datetime:
    """Of RFC 3339, or a date alone: its first moment in UTC."""
    text = _text(value, said)
    try:
        if not MOMENT.fullmatch(text[:40]) or len(text) > 40:
            raise ValueError(text[:40])
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise Undecided(f"{said} is not a moment such as 2026-11-30 or 2026-11-30T12:00:00Z") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _duration(_: Purse, said: str, value: object) -> timedelta:
    """Of the form `1h30m`, `90s` or `250ms`."""
    match = DURATION.fullmatch(_text(value, said)[:100])
    if match is None:
        raise Undecided(f"{said} is not a duration such as 1h30m or 90s")
    microseconds = sum((Decimal(amount) * MICROSECONDS[unit] for amount, unit in DURATION_PART.findall(match[2])), Decimal(0))
    try:
        return timedelta(microseconds=int(-microseconds if match[1] else microseconds))
    except OverflowError as error:
        raise Undecided(f"{said} is too long a duration") from error


def _checked(checksum: Checksum, purse: Purse, said: str, value: object) -> bool:
    """A whole number is taken for its digits: models write account numbers as numbers too."""
    purse.spend(CHECKSUM_STEPS)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return checksum(str(value) if is_whole else _text(value, said))


FUNCTIONS: Final[Mapping[str, Function]] = {
    "size": Function(body=_size),
    "contains": Function(body=_contains, least=2, most=2),
    "startsWith": Function(body=_starts_with, least=2, most=2),
    "endsWith": Function(body=_ends_with, least=2, most=2),
    "lower": Function(body=_lower),
    "lowerAscii": Function(body=_lower),
    "upper": Function(body=_upper),
    "upperAscii": Function(body=_upper),
    "trim": Function(body=_trim),
    "abs": Function(body=_abs),
    "round": Function(body=partial(_rounded, ROUND_HALF_UP), most=2),
    "floor": Function(body=partial(_rounded, ROUND_FLOOR)),
    "ceil": Function(body=partial(_rounded, ROUND_CEILING)),
    "sum": Function(body=_sum, most=20),
    "min": Function(body=partial(_extreme, is_least=True), most=20),
    "max": Function(body=partial(_extreme, is_least=False), most=20),
    "distinct": Function(body=_distinct),
    "int": Function(body=_int),
    "double": Function(body=_double),
    "string": Function(body=_string),
    "timestamp": Function(body=_timestamp),
    "duration": Function(body=_duration),
    **{name: Function(body=partial(_checked, checksum)) for name, checksum in CHECKSUMS.items()},
}
