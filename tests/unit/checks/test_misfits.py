"""Why a value does not follow a schema, in a person's words, whatever the schema."""

import json
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.checks.misfits import explain
from taskfit.checks.schemas import Schema, compile_schema

SHAPES = {
    "anyOf": [{"$ref": "#/$defs/circle"}, {"$ref": "#/$defs/square"}],
    "$defs": {
        "circle": {
            "type": "object",
            "properties": {"kind": {"const": "circle"}, "r": {"type": "number"}},
            "required": ["kind", "r"],
        },
        "square": {
            "type": "object",
            "properties": {"kind": {"enum": ["square"]}, "a": {"type": "number"}},
            "required": ["kind", "a"],
        },
    },
}


def told(schema: object, value: object) -> list[str]:
    compiled = compiled_of(schema)
    assert not compiled.fits(value)
    return [misfit.text for misfit in explain(compiled, value, most=3)]


def compiled_of(schema: object) -> Schema:
    return compile_schema(json.dumps(schema).encode())


CASES: list[tuple[Any, Any, list[str]]] = [
    ({"type": ["string", "null"]}, 5, ["the whole: found 5, wanted text or null"]),
    ({"type": "integer"}, True, ["the whole: found true, wanted a whole number"]),
    ({"type": "integer"}, 1.5, ["the whole: found 1.5, wanted a whole number"]),
    ({"const": {"a": 1}}, {}, ['the whole: found an empty object, wanted exactly {"a":1}']),
    (
        {"minLength": 3, "pattern": "^a"},
        "b",
        ['the whole: found "b", wanted a length of at least 3', 'the whole: found "b", wanted text that matches "^a"'],
    ),
    ({"exclusiveMinimum": 0}, 0, ["the whole: found 0, wanted more than 0"]),
    ({"multipleOf": 5}, 7, ["the whole: found 7, wanted a multiple of 5"]),
    ({"minItems": 1}, [], ["the whole: found a list of 0, wanted a length of at least 1"]),
    ({"uniqueItems": True}, [1, 1], ["the whole: found a list of 2, wanted no item twice"]),
    ({"maxProperties": 1}, {"a": 1, "b": 2}, ['the whole: found an object with "a", "b", wanted at most so many keys: 1']),
    (
        {"properties": {"a/b": {"properties": {"c~d": {"type": "null"}}}}},
        {"a/b": {"c~d": 1}},
        ["/a~1b/c~0d: found 1, wanted null"],
    ),
    ({"additionalProperties": {"type": "number"}}, {"a": "x"}, ['/a: found "x", wanted a number']),
    ({"properties": {"a": False}}, {"a": 1}, ["/a: found 1, wanted nothing here"]),
    (
        {"prefixItems": [{"type": "string"}], "items": {"type": "null"}},
        [1, 2],
        ["/0: found 1, wanted text", "/1: found 2, wanted null"],
    ),
    (
        {"allOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {},
        ['the whole: found no "a", wanted this key', 'the whole: found no "b", wanted this key'],
    ),
    (
        {"oneOf": [{"type": "integer"}, {"minimum": 1}]},
        5,
        ["the whole: found 5, which is 2 of the forms, wanted exactly one of them"],
    ),
    (SHAPES, {"kind": "circle"}, ['the whole: found no "r", wanted this key']),
    (SHAPES, {"kind": "line"}, ['the whole: found an object with "kind", wanted one of the 2 forms that are allowed here']),
    (SHAPES, "circle", ['the whole: found "circle", wanted an object']),
    ({"not": {"type": "integer"}}, 1, ["the whole: found 1, wanted what the schema says here (not)"]),
    ({"not": {"required": ["a"]}}, {"a": 1}, ['the whole: found an object with "a", wanted what the schema says here (not)']),
    ({"maxLength": 2}, "x" * 100, [f'the whole: found "{"x" * 37}…", wanted a length of at most 2']),
]


@pytest.mark.parametrize(("schema", "value", "wanted"), CASES, ids=[json.dumps(case[0])[:40] for case in CASES])
def test_the_place_what_is_there_and_what_is_wanted_are_told(schema: object, value: object, wanted: list[str]) -> None:
    assert told(schema, value) == wanted


def test_a_deep_place_is_told_by_its_end() -> None:
    schema = {"properties": {"child": {"$ref": "#"}, "leaf": {"type": "string"}}}
    value: dict[str, Any] = {"leaf": 5}
    for _ in range(50):
        value = {"child": value}
    (text,) = told(schema, value)
    assert text.startswith("…")
    assert text.endswith("/child/leaf: found 5, wanted text")


@pytest.mark.parametrize("join", ["anyOf", "allOf", "oneOf"])
def test_a_schema_that_refers_to_itself_twice_is_explained_at_once(join: str) -> None:
    schema = {"properties": {"a": {join: [{"$ref": "#"}, {"$ref": "#"}]}, "b": {"const": 1}}, "required": ["b"]}
    value: dict[str, Any] = {}
    for _ in range(100):
        value = {"a": value, "b": 1}
    compiled = compiled_of(schema)
    began = process_time()
    assert not compiled.fits(value)
    assert len(explain(compiled, value, most=3)) <= 3
    assert process_time() - began < 1


def test_a_large_value_with_many_misfits_is_explained_at_once() -> None:
    value = {"text": "x" * 1_000_000, "list": list(range(100_000))}
    schema = {"required": [f"k{n}" for n in range(1_000)], "properties": {"list": {"items": {"type": "string"}}}}
    began = process_time()
    assert len(told(schema, value)) == 3
    assert process_time() - began < 1


NAMES = st.sampled_from("ab/~")
LEAVES = st.sampled_from(
    [{"type": "string"}, {"type": "integer", "minimum": 2}, {"const": 1}, {"enum": ["a", None]}, True, False]
)
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"items": inner}),
        st.fixed_dictionaries({"properties": st.dictionaries(NAMES, inner, max_size=2), "additionalProperties": inner}),
        st.fixed_dictionaries({"type": st.sampled_from(["object", "array"]), "required": st.just(["a"])}),
        st.dictionaries(st.sampled_from(["anyOf", "oneOf", "allOf"]), st.lists(inner, min_size=1, max_size=3), min_size=1),
        inner.map(lambda schema: {"not": schema}),
    ),
    max_leaves=8,
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b", 1.0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(SCHEMAS, VALUES)
def test_something_is_told_of_whatever_does_not_fit_and_its_place_is_there(schema: Any, value: Any) -> None:
    compiled = compiled_of(schema)
    misfits = explain(compiled, value, most=3)
    if not compiled.fits(value):
        assert 1 <= len(misfits) <= 3
    for misfit in misfits:
        found = value
        for part in misfit.place.split("/")[1:]:
            found = found[int(part)] if isinstance(found, list) else found[part.replace("~1", "/").replace("~0", "~")]
        assert misfit.found
        assert misfit.wanted
