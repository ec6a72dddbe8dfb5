"""A statement that is a number: its exact value, with its unit where that is one of measure.

"$1,234.50", "1234.5 dollars" and "1234.5" are one number, as are "1/2" and "0.5"; "5 km" and "5 m" are not. What is not surely
one number is none.
"""

from fractions import Fraction
from typing import Final

MAX_NUMBER_CHARS: Final = 40
CURRENCIES: Final = "$€£¥₹"
BEFORE: Final = frozenset({"about", "approximately", "around", "exactly", "roughly", "~", "≈", "is", "x", "="})
WORDS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
}  # fmt: skip
TIMES: Final = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
UNITS: Final = {
    **{name: name for name in (
        "mg", "g", "kg", "t", "mm", "cm", "m", "km", "ml", "l", "ms", "s", "min", "h", "mi", "ft", "in", "yd", "lb", "oz", "w",
        "kw", "mw", "j", "kj", "n", "pa", "kpa", "v", "mv", "a", "ma", "hz", "khz", "mhz", "ghz", "b", "kb", "mb", "gb", "tb",
        "k", "mol", "km/h", "m/s", "mph", "°", "°c", "°f", "m^2", "m^3", "cm^2", "cm^3", "ft^2", "km^2",
    )},
    "milligram": "mg", "gram": "g", "kilogram": "kg", "tonne": "t", "ton": "t", "millimeter": "mm", "millimetre": "mm",
    "centimeter": "cm", "centimetre": "cm", "meter": "m", "metre": "m", "kilometer": "km", "kilometre": "km", "milliliter": "ml",
    "millilitre": "ml", "liter": "l", "litre": "l", "millisecond": "ms", "second": "s", "sec": "s", "minute": "min", "hour": "h",
    "hr": "h", "day": "d", "week": "wk", "month": "mo", "year": "y", "mile": "mi", "foot": "ft", "feet": "ft", "inch": "in",
    "inche": "in", "yard": "yd", "pound": "lb", "ounce": "oz", "watt": "w", "joule": "j", "newton": "n", "volt": "v",
    "degree": "°", "deg": "°", "byte": "b", "cent": "cent", "\u00a2": "cent",
}  # fmt: skip
"""Words whose change changes what is said. "cent" is one: 50 cents are not 50 dollars."""


def number_key(statement: str, *, most_words: int) -> str:
    """`number VALUE [UNIT]`; empty for what is no number, or is one with other digits or more than `most_words` words behind."""
    value = _behind_equals(statement.lower())
    words = value.split()
    while words and words[0] in BEFORE:
        words = words[1:]
    if not words or len(words) > most_words + 2:
        return ""
    head, *rest = _apart(words[0].lstrip("(") if len(words) == 1 else words[0]) + words[1:]
    number = _number(head)
    if number is None:
        return ""
    if rest and (mixed := _fraction(rest[0])) is not None and number.denominator == 1 and "/" in rest[0]:
        number, rest = number + (mixed if number >= 0 else -mixed), rest[1:]
    while rest and rest[0] in TIMES:
        number, rest = number * TIMES[rest[0]], rest[1:]
    if len(rest) > most_words or any(sign.isdigit() for word in rest if word not in UNITS for sign in word):
        return ""
    unit = _unit(rest[0]) if rest else ""
    return f"number {_written(number)} {unit}".rstrip()


def _behind_equals(value: str) -> str:
    """What a short equation comes to."""
    head, sign, last = value.rpartition("=")
    return last.strip() if sign and last.strip() and len(head) <= 200 else value


def _apart(word: str) -> list[str]:
    """A number and the unit that is written to it ("5km", "25%"), without signs of currency."""
    bare = word.strip(CURRENCIES + "().,;:!?'\"").replace("\u2212", "-")
    sign = "-" if bare[:1] == "-" else ""
    bare = bare.lstrip("+-").lstrip(CURRENCIES)
    end = next((at for at, one in enumerate(bare) if one.isalpha() or one in "°%\u00a2"), len(bare))
    if bare[end : end + 1] == "e" and bare[-1:].isdigit():
        return [sign + bare]
    unit = bare[end:].strip("%" + CURRENCIES)
    if not end or (unit and unit not in UNITS and unit not in TIMES):
        return [word]
    return [sign + bare[:end], unit] if unit else [sign + bare[:end]]


def _number(text: str) -> Fraction | None:
    if text in WORDS:
        return Fraction(WORDS[text])
    return _fraction(text)


def _fraction(text: str) -> Fraction | None:
    """The exact value of digits with separators, a decimal point, or a fraction stroke. Exponents stay small."""
    text = text.replace("\u2044", "/").replace("\u2212", "-")
    if len(text) > MAX_NUMBER_CHARS or not text.isascii() or "_" in text:
        return None
    text = _without_separators(text)
    mantissa, is_scientific, exponent = text.partition("e")
    if is_scientific and (len(exponent.lstrip("+-")) > 3 or "/" in mantissa):
        return None
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def _without_separators(text: str) -> str:
    """Commas between groups of three digits go; one before another number of digits is a decimal comma."""
    if "," not in text:
        return text
    head, *groups = text.split(",")
    *middle, last = groups
    whole, point, places = last.partition(".")
    if all(len(group) == 3 for group in [*middle, whole]):
        return head + "".join(middle) + whole + point + places
    return text.replace(",", ".") if len(groups) == 1 and not point else text


def _unit(word: str) -> str:
    bare = word.strip(".,;:!?()")
    return UNITS.get(bare, "") or UNITS.get(bare.removesuffix("s"), "")


def _written(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else f"{number.numerator}/{number.denominator}"
