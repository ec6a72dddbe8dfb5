"""Tool calls as they are recorded, and tools as they are offered."""

import json

import pytest

from taskfit.outcomes.calls import recorded_calls
from taskfit.outcomes.offered import requests_with_tools
from taskfit.outcomes.tables import Batch

ADD = [("add", {"x": 1, "y": "two"})]


def read(response: str) -> list[tuple[str, object]] | None:
    calls = recorded_calls(response)
    return None if calls is None else [(call.name, json.loads(call.arguments)) for call in calls]


@pytest.mark.parametrize(
    "response",
    [
        json.dumps({"role": "assistant", "tool_calls": [{"function": {"name": "add", "arguments": json.dumps(ADD[0][1])}}]}),
        '\n{"tool_calls": [{"name": "add", "arguments": {"x": 1, "y": "two"}}]}',
        '[{"name": "add", "arguments": {"x": 1, "y": "two"}}]',
        '[{"add": "{\\"x\\": 1, \\"y\\": \\"two\\"}"}]',
        '{"add": {"x": 1, "y": "two"}}',
        '[add(x=1, y="two")]',
        "add(x=1, y='two')",
    ],
    ids=["message", "calls alone", "list", "by name", "one by name", "written", "one written"],
)  # fmt: skip
def test_calls_are_read_in_every_form_in_which_they_are_recorded(response: str) -> None:
    assert read(response) == ADD


@pytest.mark.parametrize("response", ["I cannot do that.", "", '{"answer": 42}', "[1, 2]", "x" * 30_000, "f(" * 5_000, "a.b"])
def test_text_is_no_call(response: str) -> None:
    assert read(response) is None


def test_no_call_at_all_is_an_answer_without_calls() -> None:
    assert read("\n[]") == []
    assert read('{"tool_calls": null}') == []


def test_an_argument_that_is_no_literal_is_taken_as_text_and_nothing_is_run() -> None:
    assert read("[math.hypot(4, x=open('/etc/passwd'), n=-1, l=(1, 2))]") == [
        ("math_hypot", {"argument 1": 4, "x": "open('/etc/passwd')", "n": -1, "l": [1, 2]})
    ]


def batch(tools: object, prompt: object = "Add 1 and 2.") -> Batch:
    return Batch(rows=[1], columns={"functions_json": [tools], "question": [prompt]})


def test_functions_with_a_prompt_make_a_request() -> None:
    described = [{
        "name": "math.add", "description": "Adds.",
        "parameters": {"type": "dict", "properties": {
            "x": {"type": "float"}, "type": {"type": "String"}, "l": {"type": "tuple", "items": {"type": "integer"}},
        }, "required": ["x"]},
    }]  # fmt: skip
    (body,) = requests_with_tools(batch(json.dumps(described)))
    assert body is not None
    request = json.loads(body)
    assert request["messages"] == [{"role": "user", "content": "Add 1 and 2."}]
    (tool,) = request["tools"]
    assert (tool["type"], tool["function"]["name"], tool["function"]["description"]) == ("function", "math_add", "Adds.")
    assert tool["function"]["parameters"] == {
        "type": "object",
        "properties": {"x": {"type": "number"}, "type": {}, "l": {"type": "array", "items": {"type": "integer"}}},
        "required": ["x"],
    }


@pytest.mark.parametrize("tools", [None, "{", "[]", "[1]", '[{"nothing": 1}]', "[" * 5_000])
def test_what_offers_no_tool_makes_no_request(tools: object) -> None:
    assert requests_with_tools(batch(tools)) == [None]
