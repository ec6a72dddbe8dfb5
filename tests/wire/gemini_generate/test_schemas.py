"""Google's Schema as JSON Schema."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from taskfit.errors import InvalidRequest
from taskfit.wire.gemini_generate.schemas import json_schema


def lowered(schema: object) -> Any:
    return json.loads(bytes(json_schema(Raw(json.dumps(schema).encode()), "parameters")))


def test_types_are_lower_case_at_any_depth_and_what_the_user_named_is_left_alone() -> None:
    assert lowered(
        {
            "type": "OBJECT",
            "title": "TYPE",
            "properties": {
                "type": {"type": "STRING", "enum": ["STRING", "NUMBER"], "format": "enum"},
                "top_k": {"type": "ARRAY", "items": {"type": "INTEGER"}, "min_items": "2", "maxItems": 3},
                "either": {"any_of": [{"type": "NUMBER", "nullable": False}, {"type": "BOOLEAN"}]},
            },
            "required": ["type"],
            "additional_properties": False,
        }
    ) == {
        "type": "object",
        "title": "TYPE",
        "properties": {
            "type": {"type": "string", "enum": ["STRING", "NUMBER"], "format": "enum"},
            "top_k": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3},
            "either": {"anyOf": [{"type": "number"}, {"type": "boolean"}]},
        },
        "required": ["type"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"anyOf": [{"type": "STRING"}], "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"type": ["STRING", "NULL"]}, {"type": ["string", "null"]}),
        ({"type": "string", "example": 1, "description": None}, {"type": "string", "examples": [1]}),
    ],
)
def test_what_json_schema_says_otherwise(schema: object, expected: object) -> None:
    assert lowered(schema) == expected


def test_properties_stand_in_the_order_that_is_asked_for() -> None:
    schema = {"properties": {"a": {}, "b": {}, "c": {}}, "propertyOrdering": ["c", "a", "x", 7]}
    assert list(lowered(schema)["properties"]) == ["c", "a", "b"]


@pytest.mark.parametrize("schema", ["STRING", 7, [], {"type": "THING"}, {"type": 7}, {"items": {"type": "TYPE_UNSPECIFIED"}}])
def test_what_is_no_schema_is_refused(schema: object) -> None:
    with pytest.raises(InvalidRequest):
        lowered(schema)


def test_a_nesting_that_is_too_deep_is_refused() -> None:
    for inner in ('{"items":', '{"default":{"a":'):
        depth = 101 if "items" in inner else 5_000
        with pytest.raises(InvalidRequest):
            json_schema(Raw((inner * depth + "{}" + "}" * depth * inner.count("{")).encode()), "parameters")


names = st.sampled_from(
    ["type", "items", "properties", "anyOf", "any_of", "nullable", "enum", "propertyOrdering", "minItems", "a"]
)
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | st.sampled_from(["STRING", "NULL", "9"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(trees)
def test_no_schema_raises_anything_but_an_invalid_request(schema: object) -> None:
    try:
        lowered(schema)
    except InvalidRequest:
        pass
