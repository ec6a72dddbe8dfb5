"""JSON that a model wrote almost right, as models write it, and what is left alone because it may mean something else."""

import json
import re
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.checks.json_repair import mend_json

ORDER = '{"order": 17, "items": [{"sku": "A-1", "qty": 2}], "gift": true, "note": null}'

MENDED = {
    "a fence": (f"```json\n{ORDER}\n```", ORDER, {"a code fence"}),
    "a fence without a language": (f"```\n{ORDER}\n```", ORDER, {"a code fence"}),
    "a fence without an end": (f"```json\n{ORDER}", ORDER, {"a code fence"}),
    "a fence on one line": (f"```json {ORDER}```", ORDER, {"text around it"}),
    "another fence beside it": (f"```python\nprint(1)\n```\n```json\n{ORDER}\n```", ORDER, {"a code fence"}),
    "prose before and behind": (f"Here you are: {ORDER} - anything else?", ORDER, {"text around it"}),
    "brackets in the prose": (f"As [agreed], {ORDER}", ORDER, {"text around it"}),
    "thoughts": (f"<think>[maybe] {{no}}</think>\n{ORDER}", ORDER, {"text around it"}),
    "a bracket too many": (ORDER + "}", ORDER, {"text around it"}),
    "a semicolon": (ORDER + ";", ORDER, {"text around it"}),
    "a mark of the byte order": ("\ufeff" + ORDER, ORDER, {"text around it"}),
    "commas at the ends": ('{"a": [1, 2,], "b": {"c": 3,},}', '{"a": [1, 2], "b": {"c": 3}}', {"a comma too many"}),
    "Python": ("{'a': True, 'b': None, 'c': 'it\\'s'}", '{"a": true, "b": null, "c": "it\'s"}',
               {"quotation marks", "words of another language", "backslashes"}),
    "JavaScript": ("{a: 'x', $b: undefined, // why\n c: /* so */ .5}", '{"a": "x", "$b": null, \n "c":  0.5}',
                   {"keys without quotes", "quotation marks", "words of another language", "comments", "the form of a number"}),
    "YAML's comments": ('{"a": 1, # one\n"b": 2}', '{"a": 1, \n"b": 2}', {"comments"}),
    "typographic quotes": ("{“a”: “don’t”}", '{"a": "don’t"}', {"quotation marks"}),
    "quotes inside other quotes": ("{'a': 'say \"hi\"'}", '{"a": "say \\"hi\\""}', {"quotation marks"}),
    "line breaks and tabs in text": ('{"a": "x\n\ty"}', '{"a": "x\\n\\ty"}', {"line breaks in text"}),
    "a pattern's backslashes": (r'{"a": "\d+\.\w"}', r'{"a": "\\d+\\.\\w"}', {"backslashes"}),
    "JavaScript's short escapes": (r"""{"a": "caf\xe9"}""", r"""{"a": "caf\u00e9"}""", {"backslashes"}),
    "no last brackets": ('{"a": [1, {"b": 2', '{"a": [1, {"b": 2}]}', {"missing ends"}),
    "no last quote": ('{"a": "text', '{"a": "text"}', {"missing ends"}),
    "a bracket left out": ('{"a": [1, 2}', '{"a": [1, 2]}', {"missing ends"}),
    "odd spaces": ('{"a":\u00a01}', '{"a": 1}', {"odd spaces"}),
    "numbers": ("[+1, 1., .5, -.5, +1e3]", "[1, 1, 0.5, -0.5, 1e3]", {"the form of a number"}),
    "not a number": ("[NaN]", "[null]", {"words of another language"}),
}  # fmt: skip


@pytest.mark.parametrize("name", MENDED)
def test_what_models_write_is_mended_and_named(name: str) -> None:
    text, wanted, what = MENDED[name]
    mended = mend_json(text)
    assert mended is not None
    assert (mended.text, set(mended.what)) == (wanted, what)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No order was found.",
        '"a": 1',
        '{"a": 1}{"a": 2}',
        'Either {"a": 1} or {"a": 2}',
        '```json\n{"a": 1}\n```\n```json\n{"a": 2}\n```',
        '{"a": }',
        '{"a": ',
        '{"a"',
        '{"a": 1 "b": 2}',
        '{"a": 1,, "b": 2}',
        '{, "a": 1}',
        "[1, 2, ...]",
        '{"a": 007}',
        '{"a": Infinity}',
        '{"a": tru',
        '{"a": maybe}',
        '{"a": 1,000}',
        '{"a": 2026-01-01}',
        '{"a": "say "hi" now"}',
        "{'a': 'it's'}",
        '{"a": 1]',
    ],
)
def test_what_may_be_meant_in_several_ways_is_left_alone(text: str) -> None:
    assert mend_json(text) is None


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=15
).filter(lambda value: isinstance(value, (dict, list)))


@given(VALUES, st.sampled_from([None, 1, 4]), st.booleans())
def test_good_json_comes_back_as_it_is(value: Any, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    mended = mend_json(text)
    assert mended is not None
    assert (mended.text, mended.what) == (text, ())


@given(VALUES)
def test_a_value_that_python_prints_is_the_same_value(value: Any) -> None:
    printed = repr(value)
    if "\\U" in printed:  # eight hexadecimal digits, which nothing but Python knows
        return
    mended = mend_json(printed)
    assert mended is not None
    assert json.loads(mended.text) == value


@given(VALUES)
def test_the_value_in_a_fence_is_the_same_value(value: Any) -> None:
    mended = mend_json(f"Here it is:\n\n```json\n{json.dumps(value, indent=2)}\n```\n\nAsk [me] for more.")
    assert mended is not None
    assert (json.loads(mended.text), mended.what) == (value, ("a code fence",))


@given(VALUES.filter(bool))
def test_a_value_without_its_last_brackets_is_the_same_value(value: Any) -> None:
    mended = mend_json(re.sub(r"[\]}]+$", "", json.dumps(value)))
    assert mended is not None
    assert json.loads(mended.text) == value


@given(VALUES)
def test_a_comma_before_each_bracket_does_no_harm(value: Any) -> None:
    plain = json.dumps(value, indent=0)
    text = re.sub(r"(?<![\[{,])\n(?=[\]}])", ",\n", plain)
    mended = mend_json(text)
    assert mended is not None
    assert json.loads(mended.text) == value


PIECES = [
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    ",",
    ":",
    "1",
    "-.5",
    "true",
    "None",
    "a",
    "\\",
    "\n",
    " ",
    "//",
    "/*",
    "*/",
    "#",
    "```",
    "“",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_what_is_mended_is_json_whatever_it_was(text: str) -> None:
    mended = mend_json(text)
    if mended is not None:
        json.loads(mended.text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000, '{"a":' * 50_000, '["' + "\\" * 200_000, "[" + "/*" * 100_000, "[" + "# " * 100_000, "```json\n" * 30_000,
        "```\n{\n```\n" * 20_000, "[x " * 70_000, '["' + '"' * 200_000, "[\u201c" + "\u2018" * 100_000, "{" + "}" * 200_000,
        "[" + '{"a":1,"b":"c"},' * 12_000, "</think>" * 30_000, "[" + "1" * 200_000, "{" + "a" * 200_000, "[" + " " * 200_000,
        "[" + "\u00a0" * 200_000, "['" + "\\u12" * 40_000,
    ],
    ids=lambda text: ascii(text[:12]),
)  # fmt: skip
def test_mending_takes_linear_time_whatever_the_text(text: str) -> None:
    began = process_time()
    mend_json(text)
    assert process_time() - began < 2
