"""Finds the equations of plain arithmetic in a text and says which of them hold. Knows no check and no request.

Reads around each "=" and nowhere else, at most 160 characters to either side, so the work is linear in the text whatever it is.
What may be read in several ways holds when one reading holds, and what may not be arithmetic at all (variables, mixed units,
dates, versions, ranges) is passed over: a false alarm costs more than a missed slip.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

from taskfit.checks.expressions import (
    PRECISION,
    Item,
    Operand,
    Reader,
    Run,
    after_last_break,
    closed,
    evaluate,
    operands,
    until_first_break,
)

REACH_CHARS: Final = 160
MOST_ITEMS: Final = 64
_HANGS: Final = "^ "  # read as a mark that is not arithmetic
_OPERATORS_AT_LINE_START: Final = frozenset("+-*/×÷–")
_FLOAT_ERROR: Final = Decimal("1e-14")

# Words that stand for a number, or that may be turned into each other: a sum that mixes them need not add up as written.
_SCALES: Final = frozenset({
    "cent", "cents", "dozen", "dozens", "pair", "pairs", "hundred", "thousand", "thousands", "million", "millions", "billion",
    "billions", "trillion", "half", "third", "quarter", "quarters", "remainder", "left", "over", "r", "mod", "modulo", "base",
    "squared", "cubed", "factorial", "choose",
})  # fmt: skip
_OTHER_NUMBERS: Final = ("mod", "base", "binary", "hex", "octal")
_MEASURES: Final = frozenset({
    "second", "minute", "hour", "day", "week", "month", "year", "sec", "min", "hr", "inch", "inche", "foot", "feet", "yard",
    "mile", "km", "kilometer", "kilometre", "meter", "metre", "cm", "mm", "gram", "kg", "kilogram", "pound", "lb", "ounce", "oz",
    "liter", "litre", "ml", "gallon", "quart", "pint", "cup", "dollar", "penny", "pennie", "nickel", "dime", "degree",
})  # fmt: skip


PLAIN_CHARS: Final = 60
_PLAIN_NUMBER: Final = r"\d{1,9}(?:\.\d{1,6})?"
_PLAIN_LEFT: Final = re.compile(
    r"\d(?:(?<=[a-z][a-z] .)(?<!of .)|(?<=[a-zA-Z\d)][.,:;] .)|(?<=\n.))\d{0,8}(?:\.\d{1,6})?"
    rf"(?: [-+*/] {_PLAIN_NUMBER}){{1,4}}(?= ?\Z)"
)
_PLAIN_RIGHT: Final = re.compile(r" ?(\d{1,12}(?:\.\d{1,6})?)(?=[.,;]?(?: [A-Za-z]|[\n\"]|\\n))")


_NUMBER: Final = re.compile(r"\d")
_OPERATION: Final = re.compile(r"[-+*/×÷\u2212·⋅∙–xX\\]|(?i:of)")
"""Without one of each to the left, and a number to the right, there is no need to read either side."""


class Equation(msgspec.Struct, frozen=True, kw_only=True):
    """One "a op b = c" as written, and whether it holds to the digits that c shows."""

    text: str
    holds: bool


def find_equations(text: str, *, most: int) -> Iterator[Equation]:
    """The equations of `text` that can be read beyond doubt, in order; only the first `most` signs "=" are looked at."""
    previous, at = -1, text.find("=")
    for _ in range(most):
        if at < 0:
            return
        following = text.find("=", at + 1)
        if _is_equals_sign(text, at):
            plain = _plain(text, previous + 1, at)
            if plain is not None:
                yield plain
                previous, at = at, following
                continue
            left = after_last_break(_left_side(text, max(previous + 1, at - REACH_CHARS), at))
            right = text[at + 1 : min(at + 1 + REACH_CHARS, following if following >= 0 else len(text))]
            is_at_end = len(right) == REACH_CHARS or at + 1 + len(right) == len(text)
            found = _judge(left, right, is_at_end=is_at_end) if left else None
            if found is not None:
                yield found
        previous, at = at, following


def _plain(text: str, start: int, at: int) -> Equation | None:
    """What most equations look like, "… is 12 * 4 = 48 and …", where it holds to the digit; everything else is read with care."""
    right = _PLAIN_RIGHT.match(text, at + 1)
    left = None if right is None else _PLAIN_LEFT.search(text, max(start, at - PLAIN_CHARS), at)
    if left is None or right is None:
        return None
    is_whole = "." not in left[0] and "." not in right[1]
    if not _is_exact(left[0].split(" "), right[1], int if is_whole else Decimal):
        return None
    return Equation(text=f"{left[0]} = {right[1]}", holds=True)


def _is_exact(left: list[str], right: str, read: type[int | Decimal]) -> bool:
    """Whether numbers with operators between them come to the one on the right: to 28 digits, whole ones to the last."""
    total, term, divisor = read(0), read(left[0]), read(1)  # (total + term) / divisor is what stands there so far
    for operator, written in zip(left[1::2], left[2::2], strict=True):
        number = read(written)
        if operator == "*":
            term *= number
        elif operator == "/":
            total, divisor = total * number, divisor * number
        else:
            total, term = total + term, divisor * (number if operator == "+" else -number)
    return bool(divisor) and total + term == divisor * read(right)


def _is_equals_sign(text: str, at: int) -> bool:
    return text[at - 1 : at] not in {"<", ">", "!", ":", "+", "-", "*", "/", "=", "~"} and text[at + 1 : at + 2] not in ("=", ">")


def _left_side(text: str, start: int, at: int) -> str:
    """The last line before the sign.

    Where it is cut, its first word goes, and what follows hangs on something unknown, as does the rest of a sum in a column.
    """
    side = text[start:at].rstrip()
    above, _, line = side.rpartition("\n")
    if line.lstrip()[:1] in _OPERATORS_AT_LINE_START and above.rstrip()[-1:].isdigit():
        return _HANGS + line
    if len(line) == len(side) and at - start == REACH_CHARS:
        return _HANGS + line.partition(" ")[2]
    return line


def _judge(left_text: str, right_text: str, *, is_at_end: bool) -> Equation | None:
    if not (_NUMBER.search(right_text) and _OPERATION.search(left_text) and _NUMBER.search(left_text)):
        return None
    left = Reader(left_text).read_last()
    left.items = closed(left.items)
    side = right_text.strip().partition("\n")[0]
    if not _is_expression(left) or side.startswith("<<"):  # "2*3 = <<2*3=6>>6" repeats its left side before the result
        return None
    right = Reader(until_first_break(side)).read_first()
    result = right.items[0] if right.items else None
    if not isinstance(result, Operand) or right.is_odd or right.sign not in ("", "-") or len(right.items) > MOST_ITEMS:
        return None
    holds = _holds(left, right, result)
    is_cut = is_at_end and _is_cut_short(left, right, result, side)
    after = side[result.end : result.end + 12]
    if not holds and (is_cut or _is_doubtful(left, right, result) or any(word in after for word in _OTHER_NUMBERS)):
        return None
    text = f"{left_text[left.start :]} = {side[: result.end]}".replace("**", "").replace("\\$", "$")
    return Equation(text=" ".join(text.split()), holds=holds)


def _is_expression(run: Run) -> bool:
    items = run.items
    has_operator = any(item in ("+", "-", "dash", "*", "/") for item in items)
    return not run.is_odd and len(items) <= MOST_ITEMS and has_operator and (isinstance(items[-1], Operand) or items[-1] == ")")


def _holds(left: Run, right: Run, result: Operand) -> bool:
    """Whether one reading of both sides agrees to the digits that the result shows: rounded, or cut off there."""
    percents = (True, False) if any(item.is_percent for item in [*operands(left), result]) else (False,)
    for is_share in percents:
        values = [value for items in _readings(left) if (value := evaluate(items, is_share=is_share)) is not None]
        for items in _right_readings(right, result):
            for is_result_share in percents:
                wanted = evaluate(items, is_share=is_result_share)
                unit = Decimal(1).scaleb(-result.places - (2 if result.is_percent and is_result_share else 0))
                if wanted is not None and any(_is_near(value, wanted, unit) for value in values):
                    return True
    return False


def _is_near(value: Decimal, wanted: Decimal, unit: Decimal) -> bool:
    """Nearer than one unit of the last place shown, or equal but for the rounding of binary floating point."""
    return abs(PRECISION.subtract(value, wanted)) < max(unit, abs(wanted) * _FLOAT_ERROR)


def _readings(run: Run) -> Iterator[list[Item]]:
    """The run as it stands; with its leading mark as a minus sign; and from behind any dash that may be one of prose."""
    yield run.items
    if run.sign == "-":
        yield ["neg", *run.items]
    for index, item in enumerate(run.items):
        if item == "dash" and len(run.items) > index + 2:
            yield run.items[index + 1 :]


def _right_readings(run: Run, result: Operand) -> Iterator[list[Item]]:
    """The first number alone (as in "3 + 4 = 7 - 2 = 5"), and the whole expression (as in "2 + 2 = 8 / 2")."""
    sign: list[Item] = ["neg"] if run.sign == "-" else []
    yield [*sign, result]
    yield [*sign, *run.items]


def _is_doubtful(left: Run, right: Run, result: Operand) -> bool:
    """Whether what does not hold may be something else than wrong arithmetic."""
    terms = operands(left)
    words = {word for operand in [*terms, result] for word in operand.words}
    measures = {singular for word in words if (singular := word.removesuffix("s")) in _MEASURES}
    if left.is_doubtful or right.is_doubtful or words & _SCALES or len(measures) > 1 or any(len(word) == 1 for word in words):
        return True
    if right.items[-1] in ("+", "*", "/"):  # 40 * students
        return True
    is_sum = any(item in ("+", "-", "dash") for item in left.items)
    if is_sum and len({operand.words[-1].removesuffix("s") for operand in terms if operand.words}) > 1:
        return True
    if is_sum and len({operand.is_percent for operand in terms}) > 1:
        return True
    is_range = len(left.items) == 3 and is_sum and terms[0].value < terms[-1].value and not right.sign
    return is_range and "+" not in left.items


def _is_cut_short(left: Run, right: Run, result: Operand, side: str) -> bool:
    """Whether the text may have ended in the middle of the result, which then begins the right value, or of a sum."""
    last = right.items[-1]
    if len(right.items) > 1:
        return not isinstance(last, Operand) or last.end == len(side)
    value = evaluate(left.items, is_share=False)
    if value is None or result.is_percent or result.end != len(side):
        return False
    return f"{abs(value):f}".startswith(f"{result.value:f}") and abs(value) != result.value
