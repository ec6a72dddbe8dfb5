from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.rules import fields
from taskfit.rules.checksums import iban
from taskfit.rules.fields import FieldRule, Test, find, read_place, written
from taskfit.rules.patterns import BadPattern
from taskfit.rules.quantities import Exhausted, Purse

ORDER: dict[str, Any] = {"buyer": {"e-mail": "a@b.c", "vat": None}, "lines": [{"sku": "A-1"}, {"sku": "B-2"}, {}], "total": 5}


def breaches(place: str, *tests: Test, document: Any = ORDER, is_optional: bool = False) -> list[str]:
    rule = FieldRule(place=read_place(place), tests=tests, is_optional=is_optional)
    found = list(rule.breaches(document, Purse(100_000)))
    assert rule.breach(document, Purse(100_000)) == (found[0] if found else "")
    return found


@pytest.mark.parametrize("text", ["total", "buyer.e-mail", "lines[].sku", "lines[2].sku", "[].sku", "[0]", "a[][]", "tax code.x"])
def test_a_place_is_read_as_it_is_written(text: str) -> None:
    assert written(read_place(text)) == text


@pytest.mark.parametrize("text", ["", ".a", "a.", "a..b", "a[", "a[x]", "a[-1]", "a]", "a[1", "a" + ".a" * 30])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # its text is a part of a complaint, and tested there
        read_place(text)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nothing", ["nothing is missing"]),
        ("buyer.city", ["buyer.city is missing"]),
        ("total.net", ["total.net is missing: total is a number"]),
        ("lines.sku", ["lines.sku is missing: lines is a list"]),
        ("lines[].sku", ["lines[2].sku is missing"]),
        ("lines[7].sku", ["lines[7] is missing"]),
        ("buyer[0]", ["buyer[0] is missing: buyer is a mapping"]),
        ("total[]", ["total[] is missing: total is a number"]),
        ("buyer.vat", []),
    ],
)
def test_what_is_missing_is_named(place: str, says: list[str]) -> None:
    assert breaches(place) == says
    assert breaches(place, is_optional=True) == []


def test_where_the_answer_itself_is_another_thing_that_is_said() -> None:
    assert breaches("total", document=[1]) == ["total is missing: the answer is a list"]
    assert breaches("[].sku", document={"sku": 1}) == ["[] is missing: the answer is a mapping"]


@pytest.mark.parametrize(
    ("test", "value", "wrong"),
    [
        (fields.one_of(["INR", "USD"]), "INR", ""),
        (fields.one_of(["INR", "USD"]), "inr", 'not one of "INR", "USD"'),
        (fields.one_of(["INR", "USD"], ignores_case=True), "inr", ""),
        (fields.one_of([1, 2.5, None, True]), 1.0, ""),
        (fields.one_of([1, 2.5, None, True]), None, ""),
        (fields.one_of([1, 0.1]), True, "not one of 1, 0.1"),
        (fields.one_of([1, 0.1]), "1", "not one of 1, 0.1"),
        (fields.one_of(range(20)), 30, "not one of 0, 1, 2, 3, 4, 5, 6, 7 or 12 more"),
        (fields.none_of(["N/A"], ignores_case=True), "n/a", "which may not be"),
        (fields.none_of(["N/A"]), "x", ""),
        (fields.at_least(0), 0, ""),
        (fields.at_least(0.1), 0.1, ""),
        (fields.at_least(0), -0.01, "less than 0"),
        (fields.at_most(10), 10.5, "more than 10"),
        (fields.at_most(10), "5", "which is text, not a number"),
        (fields.at_most(10), True, "which is true or false, not a number"),
        (fields.pattern("[A-Z]-[0-9]+"), "A-12", ""),
        (fields.pattern("[A-Z]-[0-9]+"), "A-12 ", 'which does not match "[A-Z]-[0-9]+"'),
        (fields.pattern("[a-z]+", ignores_case=True), "ABC", ""),
        (fields.pattern("[0-9]{4}"), 2026, ""),
        (fields.pattern("."), "é", ""),
        (fields.pattern("x"), None, "which is null, not text"),
        (fields.checksum("iban", iban), "DE89370400440532013000", ""),
        (fields.checksum("iban", iban), "DE89370400440532013001", "which is no valid iban"),
        (fields.checksum("iban", iban), ["x"], "which is a list, not text"),
    ],
)
def test_a_value_is_right_or_what_is_wrong_is_said(test: Test, value: Any, wrong: str) -> None:
    assert test(value, Purse(1_000)) == wrong


def test_a_pattern_that_could_take_long_elsewhere_does_not_here() -> None:
    test = fields.pattern("(a+)+b")
    assert test("a" * 50_000, Purse(10_000)) == 'which does not match "(a+)+b"'
    with pytest.raises(BadPattern):
        fields.pattern("(a)\\1")


def test_a_long_list_is_paid_for() -> None:
    with pytest.raises(Exhausted):
        list(find(read_place("[][]"), [[0] * 1_000] * 1_000, Purse(10_000)))


@pytest.mark.parametrize(
    ("value", "is_filled"), [(0, True), (False, True), ("a", True), (None, False), (" \n", False), ([], False), ({}, False)]
)
def test_zero_and_false_fill_a_field_and_blanks_do_not(value: Any, is_filled: bool) -> None:
    assert fields.is_filled(value) is is_filled


@given(st.text(max_size=30))
def test_any_text_is_a_place_or_is_refused(text: str) -> None:
    try:
        place = read_place(text)
    except ValueError:
        return
    assert list(find(place, ORDER, Purse(10_000)))
