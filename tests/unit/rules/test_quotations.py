from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.rules.quotations import shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("KA", '"KA"'),
        ("x" * 100, f'"{"x" * 40}…"'),
        ("a\nb\u202ec", '"a\\nb\\u202ec"'),
        (118.5, "118.5"),
        (Decimal("0.10"), "0.10"),
        (True, "true"),
        (None, "null"),
        ([], "an empty list"),
        ({}, "an empty mapping"),
        ([1, "a"], '[1, "a"]'),
        ({"sku": "A-1", "qty": 0}, '{sku: "A-1", qty: 0}'),
        (list(range(50)), "a list of 50"),
        ([{"a": 1}], "a list of 1"),
        (["x" * 40] * 3, "a list of 3"),
    ],
)
def test_a_value_is_shown_in_short(value: Any, text: str) -> None:
    assert shown(value) == text


@given(st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_whatever_is_shown_stays_short_and_on_one_line(value: Any) -> None:
    assert len(shown(value)) <= 600
    assert shown(value).isprintable()
