"""The check tool_calls over the calls of an agent that looks after appointments and orders."""

import json
from typing import Any

import pytest

from taskfit.checks.tool_calls import ToolCalls, ToolCallsSettings
from taskfit.values.answer import Answer
from taskfit.values.conversation import ToolCall
from taskfit.values.request import Dialect, Request
from tests.unit.checks.verifying import answered, asked, verdict_of

CHECK = ToolCalls("tool_calls", ToolCallsSettings())
BOOK = {
    "type": "object",
    "properties": {"day": {"type": "string", "format": "date"}, "guests": {"type": "integer", "minimum": 1}},
    "required": ["day"],
    "additionalProperties": False,
}
NOTHING = {"type": "object", "properties": {}}


def function(name: str, schema: object = BOOK) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def offering(*tools: object, **fields: object) -> Request:
    return asked(fields={"tools": tools or (function("book"), function("list_days", NOTHING)), **fields})


def calling(name: str = "book", arguments: str | dict[str, Any] = '{"day": "2026-03-01"}') -> Answer:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return answered("", finish="tool_calls", tool_calls=(ToolCall(id="c1", name=name, arguments=text),))


def judged(request: Request, answer: Answer) -> tuple[str, str]:
    verdict = verdict_of(CHECK, answer, request=request)
    assert verdict.score == {"accept": 1.0, "unsure": 0.5, "reject": 0.0}[verdict.judgement]
    return verdict.judgement, verdict.reason


def test_a_right_call_is_accepted() -> None:
    assert judged(offering(), calling()) == ("accept", "calls as it should: book")


def test_several_right_calls_are_accepted() -> None:
    calls = (*calling().tool_calls, *calling("list_days", "{}").tool_calls)
    assert judged(offering(), answered("", tool_calls=calls)) == ("accept", "calls as it should: book, list_days")


@pytest.mark.parametrize("arguments", ["", " ", "{}"])
def test_a_call_without_arguments_may_say_nothing(arguments: str) -> None:
    assert judged(offering(), calling("list_days", arguments))[0] == "accept"


def test_words_instead_of_a_call_are_accepted_where_the_model_may_choose() -> None:
    assert judged(offering(), answered("Which day?")) == ("accept", "no call is due")
    assert judged(asked(), answered("Which day?")) == ("accept", "no call is due")


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("reserve", "{}", 'calls "reserve", and there is book, list_days'),
        ("book", '{"day": "2026-03-01"', 'the arguments of "book" are not JSON: '),
        ("book", "{'day': '2026-03-01'}", 'the arguments of "book" are not JSON: '),
        ("book", '{"day": "2026-03-01", "day": "2026-03-02"}', 'the key "day" is given twice'),
        ("book", '["2026-03-01"]', 'the arguments of "book" are a list of 1, and no object'),
        ("book", {}, 'do not follow its schema: the whole: found no "day", wanted this key'),
        ("book", {"day": "tomorrow"}, '/day: found "tomorrow", wanted the format "date"'),
        ("book", {"day": "2026-03-01", "guests": 0}, "/guests: found 0, wanted at least 1"),
        ("book", {"day": "2026-03-01", "guests": "two"}, '/guests: found "two", wanted a whole number'),
        ("book", {"day": "2026-03-01", "name": "Jo"}, 'found the key "name", wanted only "day", "guests"'),
    ],
)
def test_a_wrong_call_is_rejected_and_says_why(name: str, arguments: str | dict[str, Any], told: str) -> None:
    judgement, reason = judged(offering(), calling(name, arguments))
    assert judgement == "reject"
    assert told in reason


def test_one_wrong_call_among_right_ones_is_enough() -> None:
    calls = (*calling().tool_calls, *calling("reserve").tool_calls)
    assert judged(offering(), answered("", tool_calls=calls))[0] == "reject"


def test_a_call_where_there_are_no_tools_is_rejected() -> None:
    assert judged(asked(), calling()) == ("reject", 'calls "book", and there is no tool')


ANTHROPIC = {"name": "book", "input_schema": BOOK}
GEMINI = {"functionDeclarations": [{"name": "book", "parametersJsonSchema": BOOK}]}
ONE, TWO = function("book"), function("list_days", NOTHING)


@pytest.mark.parametrize(
    ("dialect", "fields"),
    [
        ("openai-chat", {"tools": [ONE, TWO], "tool_choice": "required"}),
        ("openai-chat", {"tools": [ONE, TWO], "tool_choice": {"type": "function", "function": {"name": "book"}}}),
        ("openai-chat", {"functions": [ONE["function"]], "function_call": {"name": "book"}}),
        ("openai-responses", {"tools": [{"type": "function", "name": "book", "parameters": BOOK}], "tool_choice": "required"}),
        ("anthropic-messages", {"tools": [ANTHROPIC], "tool_choice": {"type": "any"}}),
        ("anthropic-messages", {"tools": [ANTHROPIC], "tool_choice": {"type": "tool", "name": "book"}}),
        ("gemini-generate", {"tools": [GEMINI], "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}),
    ],
)
def test_a_demanded_call_must_be_made_in_every_dialect(dialect: Dialect, fields: dict[str, Any]) -> None:
    request = asked(dialect=dialect, fields={**fields, "messages": 5, "input": 5, "contents": 5})
    judgement, reason = judged(request, answered("Which day?"))
    assert judgement == "reject"
    assert "is demanded" in reason
    assert judged(request, calling())[0] == "accept"
    assert judged(request, calling(arguments={"day": 1}))[0] == "reject"
    assert judged(request, calling("reserve"))[0] == "reject"


def test_the_tool_that_is_named_must_be_the_one() -> None:
    request = offering(tool_choice={"type": "function", "function": {"name": "list_days"}})
    assert judged(request, calling("list_days", "{}"))[0] == "accept"
    assert judged(request, calling()) == ("reject", 'calls "book", and a call of "list_days" is demanded')


def test_no_call_is_made_where_none_is_wanted() -> None:
    request = offering(tool_choice="none")
    assert judged(request, calling()) == ("reject", 'calls "book", and the caller wants no call')
    assert judged(request, answered("Which day?"))[0] == "accept"


def test_only_the_tools_that_are_allowed_now_may_be_called() -> None:
    allowed = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "list_days"}}]}
    request = offering(tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert judged(request, calling("list_days", "{}"))[0] == "accept"
    assert judged(request, calling())[0] == "reject"


def test_a_function_of_a_namespace_is_known_by_its_plain_name_too() -> None:
    """On the straight lane a call has the plain name; from a model of another API it has the joined one."""
    inner = {"type": "function", "name": "book", "parameters": BOOK}
    namespace = {"type": "namespace", "name": "table", "description": "Tables", "tools": [inner]}
    choice = {"type": "function", "name": "book", "namespace": "table"}
    request = asked(dialect="openai-responses", fields={"tools": [namespace], "tool_choice": choice})
    for name in ("book", "table__book"):
        assert judged(request, calling(name))[0] == "accept"
        assert judged(request, calling(name, {"day": 5}))[0] == "reject"


def test_one_name_in_two_namespaces_takes_the_arguments_of_either() -> None:
    spaces = [
        {"type": "namespace", "name": space, "tools": [{"type": "function", "name": "find", "parameters": schema}]}
        for space, schema in (("tables", BOOK), ("rooms", {"type": "object", "required": ["room"]}))
    ]
    request = asked(dialect="openai-responses", fields={"tools": spaces})
    assert judged(request, calling("find", {"room": 5}))[0] == "accept"
    assert judged(request, calling("find", {"day": "2026-03-01"}))[0] == "accept"
    assert judged(request, calling("find", {"floor": 5}))[0] == "reject"


@pytest.mark.parametrize(
    ("dialect", "tools", "name"),
    [
        ("anthropic-messages", [ANTHROPIC, {"type": "bash_20250124", "name": "bash"}], "bash"),
        ("openai-chat", [ONE, {"type": "browser", "name": "browse"}], "browse"),
    ],
)
def test_a_vendors_own_tool_is_known_by_its_name_and_the_others_are_checked(
    dialect: Dialect, tools: list[Any], name: str
) -> None:
    request = asked(dialect=dialect, fields={"tools": tools})
    assert judged(request, calling(name, {"command": "ls"}))[0] == "accept"
    assert judged(request, calling())[0] == "accept"
    assert judged(request, calling(arguments={"day": 5}))[0] == "reject"


def test_an_unknown_name_is_left_open_beside_tools_that_only_one_vendor_has() -> None:
    request = asked(
        dialect="openai-responses", fields={"tools": [{"type": "mcp", "server_label": "shop"}], "tool_choice": "required"}
    )
    assert judged(request, calling("find")) == ("unsure", 'nothing is known of "find"')
    assert judged(request, answered("Found it."))[0] == "accept"


def test_a_tool_that_the_conversation_adds_on_its_way_is_known() -> None:
    definition = {"type": "tool_definition", "definition": {"name": "book", "input_schema": BOOK}}
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "system", "content": [{"type": "tool_addition", "tool": definition}]},
    ]
    request = asked(dialect="anthropic-messages", fields={"messages": messages, "tools": [{"name": "list_days"}]})
    assert judged(request, calling())[0] == "accept"
    assert judged(request, calling("reserve"))[0] == "reject"


def test_a_schema_that_cannot_be_used_leaves_it_open() -> None:
    judgement, reason = judged(offering(function("book", {"$ref": "http://127.0.0.1:1/x"})), calling())
    assert judgement == "unsure"
    assert 'the schema of "book" cannot be used' in reason


@pytest.mark.parametrize(
    "fields", [{"tools": 5}, {"tools": [5]}, {"tools": [{}], "tool_choice": 5}, {"tools": [ONE], "tool_choice": []}]
)
def test_what_cannot_be_read_of_a_request_does_no_harm(fields: dict[str, Any]) -> None:
    assert judged(asked(fields=fields), calling())[0] in ("accept", "unsure")


def test_an_unknown_name_is_rejected_at_a_glance_before_its_arguments_are_there() -> None:
    verdict = CHECK.glance(offering(), calling("reserve", '{"da'))
    assert verdict is not None
    assert (verdict.judgement, verdict.score) == ("reject", 0.0)
    assert "reserve" in verdict.reason


def test_nothing_is_said_at_a_glance_of_a_known_name_a_missing_one_or_of_words() -> None:
    assert CHECK.glance(offering(), calling("book", '{"da')) is None
    assert CHECK.glance(offering(), calling("", "")) is None
    assert CHECK.glance(offering(), answered("Which")) is None
    assert CHECK.glance(offering({"type": "browser", "name": "browse"}), calling("find", "")) is None
