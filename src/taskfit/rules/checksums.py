"""The check digits of well-known numbers, each a pure function of a text. Knows nothing of whether a number was ever issued.

Spaces and hyphens between the characters are passed over; letters may be small where the standard has capitals. Digits are those
of ASCII. What is too long or of another shape is wrong, never an error.
"""

import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle
from typing import Final, TypeAlias

Checksum: TypeAlias = Callable[[str], bool]

LONGEST: Final = 64
DIGITS: Final = frozenset(string.digits)
VALUES: Final[Mapping[str, int]] = {sign: value for value, sign in enumerate(string.digits + string.ascii_uppercase)}
DIGITS_OF: Final[Mapping[str, str]] = {sign: str(value) for sign, value in VALUES.items()}

IBAN_COUNTRIES: Final[Mapping[int, str]] = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
"""Countries by the length of their IBAN. Source: SWIFT's IBAN registry, release 101 (read in November 2026)."""
IBAN_LENGTHS: Final = {country: length for length, countries in IBAN_COUNTRIES.items() for country in countries.split()}

ABA_DISTRICTS: Final = frozenset([*range(13), *range(21, 33), *range(61, 73), 80])
GST_STATES: Final = frozenset([*range(1, 39), 97, 99])

_SHUFFLE: Final = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
"""Verhoeff's permutation of the digits, one more time for each place."""


def luhn(text: str) -> bool:
    """Two digits or more whose last one is the check digit by Luhn's formula. Source: ISO/IEC 7812-1, annex B."""
    number = _compact(text)
    return len(number) > 1 and _is_digits(number) and _luhn_sum([int(digit) for digit in number], base=10) == 0


def card(text: str) -> bool:
    """A payment card's number: 12 to 19 digits, the first not 0, by Luhn's formula. Source: ISO/IEC 7812-1."""
    number = _compact(text)
    return 12 <= len(number) <= 19 and number[0] != "0" and luhn(number)


def imei(text: str) -> bool:
    """A mobile device's IMEI: 15 digits by Luhn's formula. Source: 3GPP TS 23.003, section 6.2 and annex B."""
    number = _compact(text)
    return len(number) == 15 and luhn(number)


def iban(text: str) -> bool:
    """An IBAN of the right length for its country, whose rest modulo 97 is 1. Source: ISO 13616-1, ISO 7064 MOD 97-10."""
    number = _compact(text)
    if len(number) != IBAN_LENGTHS.get(number[:2]) or not _is_digits(number[2:4]):
        return False
    return _rest_of_97(number[4:] + number[:4]) == 1


def creditor_reference(text: str) -> bool:
    """A structured creditor reference: RF, two check digits, 1 to 21 letters and digits. Source: ISO 11649."""
    number = _compact(text)
    return number[:2] == "RF" and 5 <= len(number) <= 25 and _is_digits(number[2:4]) and _rest_of_97(number[4:] + number[:4]) == 1


def lei(text: str) -> bool:
    """A legal entity identifier: 20 letters and digits whose rest modulo 97 is 1. Source: ISO 17442, ISO 7064 MOD 97-10."""
    number = _compact(text)
    return len(number) == 20 and _is_digits(number[18:]) and _rest_of_97(number) == 1


def isbn(text: str) -> bool:
    """An ISBN of 10 or of 13 digits. Source: ISO 2108; the ISBN Users' Manual of the International ISBN Agency."""
    number = _compact(text)
    if len(number) == 10:
        return _rest_of_11(number) == 0
    return len(number) == 13 and number[:3] in ("978", "979") and ean(number)


def issn(text: str) -> bool:
    """An ISSN of 8 digits, the last of which may be X. Source: ISO 3297."""
    number = _compact(text)
    return len(number) == 8 and _rest_of_11(number) == 0


def ean(text: str) -> bool:
    """An article number: GTIN-8, -12 (UPC), -13 (EAN) or -14. Source: GS1 General Specifications, section 7.9."""
    number = _compact(text)
    return len(number) in (8, 12, 13, 14) and _is_digits(number) and _weighed(reversed(number), (1, 3)) % 10 == 0


def isin(text: str) -> bool:
    """A security's ISIN: two letters, nine letters or digits, a check digit. Source: ISO 6166."""
    number = _compact(text)
    if len(number) != 12 or not number[:2].isalpha() or not _is_digits(number[11]) or not _is_letters_or_digits(number):
        return False
    return luhn("".join([str(VALUES[sign]) for sign in number]))


def orcid(text: str) -> bool:
    """An ORCID or ISNI: 16 digits, the last of which may be X. Source: ISO 27729, ISO 7064 MOD 11-2."""
    number = _compact(text)
    if len(number) != 16 or not _is_digits(number[:15]) or number[15] not in DIGITS | {"X"}:
        return False
    rest = 0
    for sign in number[:15]:
        rest = (rest + int(sign)) * 2 % 11
    return (rest + (10 if number[15] == "X" else int(number[15]))) % 11 == 1


def gstin(text: str) -> bool:
    """An Indian GSTIN: state, PAN, entity, a letter or digit, and a check character by Luhn's formula to the base 36.

    Source: Form GST REG-06 of the CGST Rules, 2017; the check character as the GST Network computes it.
    """
    number = _compact(text)
    if len(number) != 15 or not _is_letters_or_digits(number) or not _is_digits(number[:2]) or not _is_pan(number[2:12]):
        return False
    if int(number[:2]) not in GST_STATES or number[12] == "0":
        return False
    return _luhn_sum([VALUES[sign] for sign in number], base=36) == 0


def aadhaar(text: str) -> bool:
    """An Indian Aadhaar number: 12 digits, the first 2 to 9, by Verhoeff's scheme. Source: UIDAI, numbering scheme, 2010."""
    number = _compact(text)
    if len(number) != 12 or not _is_digits(number) or number[0] in "01":
        return False
    check = 0
    for place, sign in enumerate(reversed(number)):
        digit = int(sign)
        for _ in range(place % 8):
            digit = _SHUFFLE[digit]
        check = _turned(check, digit)
    return check == 0


def aba(text: str) -> bool:
    """A routing number of a US bank: 9 digits, weighed 3, 7, 1. Source: ABA Key to Routing Numbers; 12 CFR 229, appendix A."""
    number = _compact(text)
    if len(number) != 9 or not _is_digits(number) or int(number[:2]) not in ABA_DISTRICTS or number == "0" * 9:
        return False
    return _weighed(number, (3, 7, 1)) % 10 == 0


CHECKSUMS: Final[Mapping[str, Checksum]] = {
    checksum.__name__: checksum
    for checksum in (
        aadhaar, aba, card, creditor_reference, ean, gstin, iban, imei, isbn, isin, issn, lei, luhn, orcid,
    )
}  # fmt: skip


def _compact(text: str) -> str:
    return text.strip().replace(" ", "").replace("-", "").upper() if len(text) <= LONGEST else ""


def _is_digits(text: str) -> bool:
    return bool(text) and DIGITS.issuperset(text)


def _is_letters_or_digits(text: str) -> bool:
    return VALUES.keys() >= set(text)


def _is_pan(text: str) -> bool:
    return text[:5].isalpha() and _is_digits(text[5:9]) and text[9].isalpha()


def _turned(left: int, right: int) -> int:
    """The product in the group of the pentagon's symmetries: J. Verhoeff, Error Detecting Decimal Codes, 1969."""
    rest = (left + right if left < 5 else left - right) % 5
    return rest if (left < 5) == (right < 5) else rest + 5


def _weighed(number: Iterable[str], weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, cycle(weights), strict=False))


def _luhn_sum(values: Sequence[int], *, base: int) -> int:
    """Luhn's sum modulo the base: every second value from the right, but for the last, counts twice, its digits added up."""
    doubled = [sum(divmod(2 * value, base)) for value in values[-2::-2]]
    return (sum(values[-1::-2]) + sum(doubled)) % base


def _rest_of_97(number: str) -> int | None:
    """The rest modulo 97, a letter standing for two digits (A is 10); None where another sign is in it."""
    if not _is_letters_or_digits(number):
        return None
    return int("".join([DIGITS_OF[sign] for sign in number])) % 97


def _rest_of_11(number: str) -> int | None:
    """The rest modulo 11, weighed by the place from the right; X stands for 10 at the end; None where it is no such number."""
    body, last = number[:-1], number[-1]
    if not _is_digits(body) or last not in DIGITS | {"X"}:
        return None
    values = [*map(int, body), 10 if last == "X" else int(last)]
    return sum(weight * value for weight, value in enumerate(reversed(values), start=1)) % 11
