import string
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taskfit.rules import checksums
from taskfit.rules.checksums import CHECKSUMS, IBAN_LENGTHS

SIGNS = string.digits + string.ascii_uppercase

# From the standards themselves, or from those who issue the numbers.
RIGHT = {
    "aadhaar": ["2341 2341 2346"],
    "aba": ["011000015", "121000358", "026009593", "111000025"],
    "card": ["4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "6011111111111117"],
    "creditor_reference": ["RF18 5390 0754 7034", "RF18000000000539007547034"],
    "ean": ["4006381333931", "73513537", "036000291452", "10614141000415", "9783161484100"],
    "gstin": ["27AAPFU0939F1ZV", "27aapfu0939f1zv"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "NO93 8601 1117 947",
             "MT84MALT011000012345MTLCAST001S", "be68539007547034"],
    "imei": ["490154203237518", "35-209900-176148-1"],
    "isbn": ["0-306-40615-2", "080442957X", "978-3-16-148410-0", "979-10-90636-07-1"],
    "isin": ["US0378331005", "GB0002634946", "AU0000XVGZA3"],
    "issn": ["0378-5955", "2434-561X", "2049-3630"],
    "lei": ["5493001KJTIIGC8Y1R12", "54930084UKLVMY22DS16"],
    "luhn": ["79927398713", "18", "00"],
    "orcid": ["0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"],
}  # fmt: skip

WRONG = {
    "aadhaar": ["2341 2341 2347", "1341 2341 2346", "234123412346 1"],
    "aba": ["011000016", "990000000", "000000000", "01100001"],
    "card": ["4111111111111112", "0000000000000000", "41111111112", "4111 1111 1111 111a"],
    "creditor_reference": ["RF19539007547034", "RF18", "XX18539007547034"],
    "ean": ["4006381333932", "12345", "40063813339310"],
    "gstin": ["27AAPFU0939F1ZW", "00AAPFU0939F1ZV", "27AAPFU0939F0ZV", "2AAAPFU0939F1ZV", "27AAPFU0939F1Z"],
    "iban": ["DE89370400440532013001", "DE8937040044053201300", "XX89370400440532013000", "DE8O370400440532013000", "DE",
             "DE89 !704 0044 0532 0130 00"],
    "imei": ["490154203237519", "49015420323751"],
    "isbn": ["0306406153", "9783161484101", "X306406152", "9773161484103"],
    "isin": ["US0378331004", "1S0378331005", "US037833100A"],
    "issn": ["0378-5954", "X378-5955", "03785955 0"],
    "lei": ["5493001KJTIIGC8Y1R13", "5493001KJTIIGC8Y1RAB"],
    "luhn": ["79927398710", "7", "", "seven", "7992739871\u0663", "\u00b218"],
    "orcid": ["0000-0002-1825-0098", "X000-0002-1825-0097", "0000-0002-1825-009"],
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_number_as_it_is_issued_is_right(name: str) -> None:
    assert [number for number in RIGHT[name] if not CHECKSUMS[name](number)] == []


@pytest.mark.parametrize("name", WRONG)
def test_a_number_with_a_mistake_is_wrong(name: str) -> None:
    assert [number for number in WRONG[name] if CHECKSUMS[name](number)] == []


def test_every_checksum_is_tried() -> None:
    assert RIGHT.keys() == WRONG.keys() == CHECKSUMS.keys()


@given(text=st.text(max_size=80) | st.text(alphabet=SIGNS + " -", max_size=80))
def test_any_text_is_right_or_wrong_and_never_an_error(text: str) -> None:
    assert {name: found for name, test in CHECKSUMS.items() if (found := test(text)) not in (True, False)} == {}


@pytest.mark.parametrize("name", CHECKSUMS)
def test_a_very_long_text_is_wrong_at_once(name: str) -> None:
    assert not CHECKSUMS[name]("0" * 10_000_000)


def completed(body: str, test: Callable[[str], bool], ends: list[str]) -> str:
    """The body with the first ending that makes it right."""
    return next(body + end for end in ends if test(body + end))


def bodies(length: int, signs: str = string.digits) -> st.SearchStrategy[str]:
    return st.text(alphabet=signs, min_size=length, max_size=length)


@st.composite
def right_numbers(draw: st.DrawFn, name: str) -> str:
    """A number that is right by its check digits."""
    test, digits = CHECKSUMS[name], list(string.digits)
    match name:
        case "luhn":
            return completed(draw(bodies(draw(st.integers(1, 18)))), test, digits)
        case "ean":
            return completed(draw(bodies(draw(st.sampled_from([7, 11, 12, 13])))), test, digits)
        case "isbn":
            return completed("978" + draw(bodies(9)), test, digits)
        case "issn":
            return completed(draw(bodies(7)), test, [*digits, "X"])
        case "orcid":
            return completed(draw(bodies(15)), test, [*digits, "X"])
        case "aadhaar":
            return completed(draw(st.sampled_from("23456789")) + draw(bodies(10)), test, digits)
        case "aba":
            return completed(draw(st.sampled_from(["01", "12", "21", "32", "61", "72"])) + draw(bodies(6)), test, digits)
        case "gstin":
            pan = draw(bodies(5, string.ascii_uppercase)) + draw(bodies(4)) + draw(bodies(1, string.ascii_uppercase))
            return completed(f"{draw(st.integers(1, 38)):02d}{pan}1Z", test, list(SIGNS))
        case "lei":
            return completed(draw(bodies(18, SIGNS)), test, [f"{check:02d}" for check in range(2, 99)])
        case _:
            country = draw(st.sampled_from(sorted(IBAN_LENGTHS)))
            body = draw(bodies(IBAN_LENGTHS[country] - 4, SIGNS))
            return next(number for check in range(2, 99) if test(number := f"{country}{check:02d}{body}"))


SINGLE = ["luhn", "ean", "isbn", "issn", "orcid", "aadhaar", "aba", "gstin", "lei", "iban"]


@pytest.mark.parametrize("name", SINGLE)
@given(data=st.data())
def test_one_changed_digit_is_caught(name: str, data: st.DataObject) -> None:
    number = data.draw(right_numbers(name))
    place = data.draw(st.sampled_from([place for place, sign in enumerate(number) if sign in string.digits]))
    digit = data.draw(st.sampled_from([digit for digit in string.digits if digit != number[place]]))
    assert not CHECKSUMS[name](number[:place] + digit + number[place + 1 :])


@pytest.mark.parametrize("name", ["orcid", "aadhaar", "lei", "iban", "issn"])
@given(data=st.data())
def test_two_digits_that_change_places_are_caught(name: str, data: st.DataObject) -> None:
    number = data.draw(right_numbers(name))
    pairs = [
        place for place in range(len(number) - 1) if number[place : place + 2].isdigit() and number[place] != number[place + 1]
    ]
    assume(pairs)
    place = data.draw(st.sampled_from(pairs))
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert not CHECKSUMS[name](swapped)


@given(number=right_numbers("iban"), gap=st.sampled_from([" ", "-"]), size=st.integers(2, 6))
def test_how_a_number_is_grouped_and_written_makes_no_difference(number: str, gap: str, size: int) -> None:
    grouped = gap.join([number[start : start + size] for start in range(0, len(number), size)])
    assert checksums.iban(grouped)
    assert checksums.iban(number.lower())
