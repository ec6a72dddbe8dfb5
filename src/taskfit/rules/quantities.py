"""What conditions compute with: JSON's values, moments and durations. Knows no condition.

There is one kind of number, and it is exact: 1 and 1.0 are the same, 0.1 + 0.2 is 0.3, 5 / 2 is 2.5. A fraction that never ends
is carried to 34 digits and compared to 28, so that 1 / 3 * 3 is 1. Truth is no number, and a text of digits is a text.
Work is paid for in steps, so that no condition takes long, whatever the values are.
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow
from typing import Any, Final, TypeAlias

Number: TypeAlias = int | Decimal

EXACT: Final = Context(prec=34, traps=[DivisionByZero, InvalidOperation, Overflow])
COMPARED: Final = Context(prec=28, traps=[InvalidOperation])
LARGEST: Final = 10**34
LONGEST_TEXT: Final = 1_000_000
DEEPEST: Final = 64
"""How deep two values are compared."""
CHARS_PER_STEP: Final = 64
MEMBER_STEPS: Final = 6
"""What it takes to compare or to add one member of a list."""

KINDS: Final[Mapping[type, str]] = {
    type(None): "null", bool: "true or false", int: "a number", float: "a number", Decimal: "a number", str: "text",
    list: "a list", tuple: "a list", dict: "a mapping", datetime: "a moment", timedelta: "a duration",
}  # fmt: skip
WHOLE: Final = (int, int)
NUMBERS: Final = frozenset({int, float, Decimal})
LISTS: Final = frozenset({list, tuple})
PLAIN: Final = frozenset({str, bool, type(None), datetime, timedelta})


class Undecided(Exception):
    """A condition cannot be worked out with these values; the text says why."""


class Absent(Undecided):
    """Something that the condition reads is not there. `path` names it."""

    def __init__(self, path: str, why: str = "") -> None:
        super().__init__(f"{path} is missing" + (f": {why}" if why else ""))
        self.path = path


class Exhausted(Undecided):
    """Working it out would take too many steps."""

    def __init__(self) -> None:
        super().__init__("there is too much to go through")


class Purse:
    """The steps that are left for one condition; a step takes about a tenth of a microsecond."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Errors: Exhausted when there are not so many."""
        self.left -= steps
        if self.left < 0:
            raise Exhausted


def kind_of(value: object) -> str:
    """What a value is, in words."""
    return KINDS.get(type(value), "a value of another kind")


def number(value: Any, said: str) -> Number:
    """A value as a number; `said` is what the condition calls it. Errors: Undecided where it is none."""
    kind = type(value)
    if kind is int or kind is Decimal:
        return value  # type: ignore[no-any-return]
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(repr(value))
    raise Undecided(f"{said} is {kind_of(value)}, not a number")


def add(left: Number, right: Number) -> Number:
    """The sum. Errors: Undecided where it is too large."""
    return _bounded(_compute_numbers("+", left, right, ""))


def compute(operator: str, left: Any, right: Any, *, said: tuple[str, str], purse: Purse) -> Any:
    """`+ - * / %` of two values. Numbers have all of them; texts and lists are joined; moments and durations have `+ -`."""
    kinds = type(left), type(right)
    if kinds == WHOLE and operator in "+-*":
        return _bounded(left + right if operator == "+" else left - right if operator == "-" else left * right)
    if kinds[0] in NUMBERS and kinds[1] in NUMBERS:
        return _bounded(_compute_numbers(operator, number(left, said[0]), number(right, said[1]), said[1]))
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        purse.spend(1 + (len(left) + len(right)) // CHARS_PER_STEP)
        return left + right
    if operator == "+" and type(left) in LISTS and type(right) in LISTS:
        purse.spend(1 + len(left) + len(right))
        return [*left, *right]
    if operator in "+-" and isinstance(left, datetime | timedelta) and isinstance(right, datetime | timedelta):
        return _compute_times(operator, left, right)
    raise Undecided(_mismatch(operator, left, right, said))


def _compute_numbers(operator: str, left: Number, right: Number, said_right: str) -> Number:
    if isinstance(left, int) and isinstance(right, int) and operator in "+-*":
        return left + right if operator == "+" else left - right if operator == "-" else left * right
    if operator in "/%" and right == 0:
        raise Undecided(f"{said_right} is 0, and nothing can be divided by it")
    try:
        match operator:
            case "+":
                return EXACT.add(left, right)
            case "-":
                return EXACT.subtract(left, right)
            case "*":
                return EXACT.multiply(left, right)
            case "/":
                return EXACT.divide(left, right)
            case _:
                return EXACT.remainder(left, right)
    except DecimalException as error:
        raise Undecided("a number becomes too large") from error


def _bounded(value: Number) -> Number:
    if isinstance(value, int) and not -LARGEST < value < LARGEST:
        raise Undecided("a number becomes too large")
    return value


def _compute_times(operator: str, left: Any, right: Any) -> Any:
    try:
        return left + right if operator == "+" else left - right
    except TypeError as error:
        raise Undecided(f"{kind_of(left)} {operator} {kind_of(right)} means nothing") from error
    except OverflowError as error:
        raise Undecided("a moment becomes too distant") from error


def _mismatch(operator: str, left: object, right: object, said: tuple[str, str]) -> str:
    wrong = 0 if type(left) not in NUMBERS else 1
    if operator == "+" and kind_of(left) == kind_of(right):
        return f"{kind_of(left)} and {kind_of(right)} cannot be added up"
    return f"{said[wrong]} is {kind_of((left, right)[wrong])}, not a number"


def is_less(left: Any, right: Any, *, said: tuple[str, str], purse: Purse) -> bool:
    """Whether the left one is less. Numbers, texts (by their characters), moments and durations each have an order."""
    if type(left) is int and type(right) is int:
        return left < right
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return settled(number(left, said[0])) < settled(number(right, said[1]))
    if isinstance(left, str) and isinstance(right, str):
        purse.spend(1 + min(len(left), len(right)) // CHARS_PER_STEP)
        return left < right
    if isinstance(left, datetime) and isinstance(right, datetime):
        return left < right
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return left < right
    names = f"{said[0]} is {kind_of(left)} and {said[1]} is {kind_of(right)}"
    raise Undecided(f"{names}, which have no order")


def is_equal(left: Any, right: Any, purse: Purse, *, depth: int = 0) -> bool:
    """Whether two values are the same, in JSON's sense; those of two kinds never are."""
    kinds = type(left), type(right)
    if kinds == WHOLE:
        return bool(left == right)
    if kinds[0] in NUMBERS and kinds[1] in NUMBERS:
        return _is_same_number(left, right)
    if kinds[0] in PLAIN or kinds[1] in PLAIN:
        if kinds[0] is str and kinds[1] is str:
            purse.spend(min(len(left), len(right)) // CHARS_PER_STEP)
        return kinds[0] is kinds[1] and bool(left == right)
    if depth > DEEPEST:
        raise Exhausted
    if kinds[0] in LISTS and kinds[1] in LISTS:
        purse.spend(MEMBER_STEPS * len(left) if len(left) == len(right) else 1)
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(is_equal(one, other, purse, depth=depth + 1) for one, other in pairs)
    if isinstance(left, dict) and isinstance(right, dict):
        purse.spend(MEMBER_STEPS * len(left) if len(left) == len(right) else 1)
        return left.keys() == right.keys() and all(is_equal(left[key], right[key], purse, depth=depth + 1) for key in left)
    return False


def _is_same_number(left: Any, right: Any) -> bool:
    if isinstance(left, float) and not math.isfinite(left):
        return False
    if isinstance(right, float) and not math.isfinite(right):
        return False
    return settled(number(left, "")) == settled(number(right, ""))


def settled(value: Number) -> Number:
    """A number to the digits that count when it is compared."""
    return COMPARED.plus(value) if isinstance(value, Decimal) else value


def is_in(value: Any, place: Any, *, said: str, purse: Purse) -> bool:
    """Whether a list has the value, or a mapping the key. Errors: Undecided for anything else."""
    if type(place) in LISTS:
        if type(value) is str or (type(value) is int and value not in (0, 1)):  # to Python, True is 1 and False is 0
            purse.spend(1 + len(place) // 4)
            return value in place
        for item in place:
            purse.spend(MEMBER_STEPS)
            if is_equal(value, item, purse):
                return True
        return False
    if isinstance(place, dict):
        return isinstance(value, str) and value in place
    hint = ": use contains" if isinstance(place, str) else ""
    raise Undecided(f"{said} is {kind_of(place)}, not a list or a mapping{hint}")
