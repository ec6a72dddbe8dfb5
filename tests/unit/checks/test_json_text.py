"""JSON by the letter, and whether a beginning can still become JSON."""

import json
from itertools import product
from time import process_time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.checks.json_schema import JsonSchema, JsonSchemaSettings
from taskfit.checks.json_text import MOST_SHARED_CHARS, NotJson, prefix_fault, read_json, read_shared_json
from taskfit.checks.rules import Rules, RulesSettings
from tests.unit.checks.verifying import answered, asked, verdict_of

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(VALUES, st.sampled_from([None, 1]), st.booleans(), st.data())
def test_every_beginning_of_json_can_become_json(value: Any, indent: int | None, is_ascii: bool, data: st.DataObject) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    end = data.draw(st.integers(0, len(text)))
    assert prefix_fault(text[:end]) is None


@given(VALUES)
def test_json_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    assert read_json(json.dumps(value)) == value


@given(st.lists(st.tuples(st.sampled_from(["a", "b", ":", "a:b"]), VALUES), min_size=1, max_size=3))
def test_a_key_that_is_given_again_must_have_the_same_value(pairs: list[tuple[str, Any]]) -> None:
    text = f"{{{', '.join([f'{json.dumps(key)}: {json.dumps(value)}' for key, value in pairs])}}}"
    is_said_once = all(json.dumps(value) == json.dumps(dict(pairs)[key]) for key, value in pairs)
    assert is_json(text) or not is_said_once
    assert not is_json(text) or all(value == dict(pairs)[key] for key, value in pairs)


def is_json(text: str) -> bool:
    try:
        read_json(text)
    except NotJson:
        return False
    return True


def test_checks_that_read_one_answer_share_its_value() -> None:
    text = json.dumps({"lines": [{"amount": 2}, {"amount": 1}]})
    value = read_shared_json(text)
    rule = {"then": "lines.map(line, line.amount).distinct().size() == 2 && lines.filter(line, line.amount > 1).size() == 1"}
    rules = Rules("rules", msgspec.convert({"rules": [rule]}, RulesSettings))
    wants_json = asked(fields={"response_format": {"type": "json_object"}})
    for check in (JsonSchema("json_schema", JsonSchemaSettings()), rules):
        assert verdict_of(check, answered(text), request=wants_json).judgement == "accept"
    assert read_shared_json(text) is value
    assert value == json.loads(text)


def test_the_value_of_a_long_text_is_not_kept() -> None:
    text = json.dumps("x" * MOST_SHARED_CHARS)
    assert read_shared_json(text) is not read_shared_json(text)


def test_what_is_shared_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(NotJson, match="given twice"):
            read_shared_json('{"a": 1, "a": 2}')


SIGNS = '{}[]",:1-.e '
ENDS = [
    "".join(parts)
    for parts in product(("", "1", '"'), ("", ":1", '":1', '"'), [a + b + c for a, b, c in product(("", "]", "}"), repeat=3)])
]
"""What may make JSON of a beginning of three of the signs."""


def texts(length: int) -> list[str]:
    return ["".join(signs) for signs in product(SIGNS, repeat=length)]


def test_a_beginning_has_no_fault_if_and_only_if_it_can_become_json() -> None:
    """All texts of up to three signs, against all JSON texts of up to five and against ends that are tried."""
    whole = [text for length in range(6) for text in texts(length) if is_json(text)]
    beginnings = {text[:end] for text in whole for end in range(len(text) + 1)}
    for text in [text for length in range(4) for text in texts(length)]:
        if text in beginnings:
            assert prefix_fault(text) is None, text
        elif prefix_fault(text) is None:
            assert any(is_json(text + end) for end in ENDS), text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Sure! Here is", '"Sure! Here is" cannot stand at the beginning of JSON'),
        ("```json\n{", "cannot stand at the beginning"),
        ('{"a": 1,}', "cannot stand at character 9 of JSON"),
        ("{'a'", "cannot stand at character 2 of JSON"),
        ('{"a" 1', "cannot stand at character 6 of JSON"),
        ("[1 2", "cannot stand at character 4 of JSON"),
        ("[01", "cannot stand at character 2 of JSON"),
        ("{} {}", "cannot stand at character 4 of JSON"),
        ("tree", "cannot stand at the beginning of JSON"),
        ('"a\nb', "cannot stand at the beginning of JSON"),
        ("[1}", "cannot stand at character 3 of JSON"),
    ],
)
def test_the_place_of_a_fault_is_told(text: str, told: str) -> None:
    assert told in (prefix_fault(text) or "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is empty"),
        ("The answer is 5", 'it begins with "The answer is 5"'),
        ("[1,]", "trailing comma"),
        ('{"a": NaN}', "invalid character"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": 1, "a": 2}', 'the key "a" is given twice, with different values'),
        ('[{"a": {"b": 1, "b": [2]}}]', 'the key "b" is given twice'),
        ('{"a": 1} {}', "trailing"),
        ("1e999", "out of range"),
        (r'{"a": "\u003A", "a": "b"}', 'the key "a" is given twice'),
        ('{"a:": 1, "a:": {"b": ":"}}', 'the key "a:" is given twice'),
        ("[" + "7" * 401 + "]", "a number of more than 400 digits"),
        ("[" + " " * 99 + "7" * 401 + "]", "a number of more than 400 digits"),
    ],
)
def test_why_a_text_is_not_json_is_told(text: str, told: str) -> None:
    with pytest.raises(NotJson) as caught:
        read_json(text)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 50_000, '"' + "\\u12" * 50_000, "-" * 200_000, "1" * 200_000, " " * 200_000]
)
def test_a_glance_takes_linear_time_whatever_the_text(text: str) -> None:
    began = process_time()
    prefix_fault(text)
    assert process_time() - began < 1
