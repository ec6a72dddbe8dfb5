"""The schemas of tools and of structured output reach a model of another dialect as they were written."""

from typing import Any

import msgspec
import pytest

from taskfit.values.request import Caller, Request, Terms
from taskfit.wire.openai_chat import read_request
from taskfit.wire.openai_chat.conversations import read_conversation

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
NONE_GIVEN = {"type": "object", "properties": {}}


def request_with(**more: Any) -> Request:
    body = msgspec.json.encode({"model": "auto", "messages": [{"role": "user", "content": "Lisbon?"}], **more})
    return read_request(body, request_id="req-1", terms=Terms(), caller=Caller(), headers={})


@pytest.mark.parametrize(
    ("given", "carried"), [({"parameters": SCHEMA}, SCHEMA), ({"parameters": None}, NONE_GIVEN), ({}, NONE_GIVEN)]
)
def test_the_parameters_of_a_tool_are_carried(given: dict[str, Any], carried: dict[str, Any]) -> None:
    request = request_with(tools=[{"type": "function", "function": {"name": "get_weather", **given}}])
    (tool,) = read_conversation(request).tools
    assert tool.name == "get_weather"
    assert msgspec.json.decode(tool.schema) == carried


@pytest.mark.parametrize("is_strict", [True, False])
def test_the_schema_of_the_output_is_carried(is_strict: bool) -> None:
    asked = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": is_strict}}
    output = read_conversation(request_with(response_format=asked)).output
    assert output is not None
    assert output.schema is not None
    assert (output.name, output.is_strict, msgspec.json.decode(output.schema)) == ("place", is_strict, SCHEMA)


@pytest.mark.parametrize("json_schema", [{"name": "any"}, {"name": "any", "schema": None}])
def test_output_without_a_schema_stays_without_one(json_schema: dict[str, Any]) -> None:
    output = read_conversation(request_with(response_format={"type": "json_schema", "json_schema": json_schema})).output
    assert output is not None
    assert output.schema is None
