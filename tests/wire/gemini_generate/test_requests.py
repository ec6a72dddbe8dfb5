"""What a Conversation becomes as the body of a generateContent request."""

import json
from typing import Any

import msgspec
import pytest

from taskfit.errors import InvalidRequest, RequestError, Unsupported
from taskfit.values.conversation import (
    Conversation,
    Image,
    Message,
    OutputSchema,
    Part,
    Speaker,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.wire.gemini_generate import write_request

SCHEMA = msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string","maxLength":1e2}}}')
WEATHER = Tool(name="get_weather", schema=SCHEMA, description="Tells the weather.")


def says(role: Speaker, *parts: Part | str) -> Message:
    return Message(role=role, parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts))


def written(*messages: Message, model: str = "gemini-2.5-flash", **said: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(
        write_request(Conversation(messages=messages or (says("user", "Hello"),), **said), model=model)
    )
    return body


def refused(*messages: Message, **said: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        written(*messages, **said)
    return caught.value


def test_what_is_not_said_is_absent() -> None:
    assert written() == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def test_what_is_said_is_carried() -> None:
    body = written(max_output_tokens=5, temperature=1.7, top_p=0.5, stop=("END",))
    assert body["generationConfig"] == {"maxOutputTokens": 5, "temperature": 1.7, "topP": 0.5, "stopSequences": ["END"]}


def test_instructions_stand_apart_wherever_they_were() -> None:
    body = written(says("system", "Be brief."), says("user", "Hi"), says("system", "Be kind."))
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief.\n\nBe kind."}]}
    assert len(body["contents"]) == 1


def test_turns_of_one_side_become_one() -> None:
    body = written(says("user", "One"), says("user", "two"), says("assistant", "three"), says("assistant", "", "four"))
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "One"}, {"text": "two"}]},
        {"role": "model", "parts": [{"text": "three"}, {"text": "four"}]},
    ]


def test_an_image_comes_as_data() -> None:
    body = written(says("user", Image(data="iVBORw==", media_type="image/png")))
    assert body["contents"][0]["parts"] == [{"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}]


def test_an_image_behind_an_address_is_refused_with_the_way_out() -> None:
    error = refused(says("user", "Look"), says("assistant", "Where?"), says("user", Image(url="https://example.com/a.png")))
    assert isinstance(error, Unsupported)
    assert error.param == "messages[2]"
    assert "data: URL" in error.caller_text


def test_an_image_without_a_media_type_is_refused() -> None:
    assert refused(says("user", Image(data="AA==", media_type=""))).param == "messages[0]"


def test_tools_keep_their_schema_byte_for_byte() -> None:
    body = write_request(Conversation(messages=(says("user", "Hi"),), tools=(WEATHER,)), model="gemini-2.5-pro")
    assert b'"parametersJsonSchema":' + bytes(SCHEMA) in body
    assert json.loads(body)["tools"][0]["functionDeclarations"][0].keys() == {"name", "description", "parametersJsonSchema"}


@pytest.mark.parametrize(
    ("choice", "is_strict", "expected"),
    [
        (None, False, None),
        (None, True, {"mode": "VALIDATED"}),
        (ToolChoice(mode="auto"), False, {"mode": "AUTO"}),
        (ToolChoice(mode="auto"), True, {"mode": "VALIDATED"}),
        (ToolChoice(mode="none"), True, {"mode": "NONE"}),
        (ToolChoice(mode="required"), True, {"mode": "ANY"}),
        (ToolChoice(mode="named", name="get_weather"), False, {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}),
    ],
)
def test_the_choice_of_tools(choice: ToolChoice | None, is_strict: bool, expected: object) -> None:
    tool = msgspec.structs.replace(WEATHER, is_strict=is_strict)
    body = written(tools=(tool,), tool_choice=choice, parallel_tool_calls=True)
    assert body.get("toolConfig") == (None if expected is None else {"functionCallingConfig": expected})


def test_one_call_at_a_time_cannot_be_asked_for() -> None:
    error = refused(tools=(WEATHER,), parallel_tool_calls=False)
    assert isinstance(error, Unsupported)
    assert error.param == "parallel_tool_calls"
    assert "toolConfig" not in written(parallel_tool_calls=False)


def test_a_tool_that_is_asked_for_must_exist() -> None:
    assert refused(tool_choice=ToolChoice(mode="required")).param == "tool_choice"


HISTORY = (
    says("user", "Weather?"),
    says(
        "assistant",
        ToolCall(id="c1", name="get_weather", arguments='{"days": 2.0}'),
        ToolCall(id="c2", name="now", arguments=""),
    ),
    says("user", ToolResult(call_id="c1", text='{"sun": true}')),
    says("user", ToolResult(call_id="c2", text="12:00")),
)


def test_calls_and_results_of_the_history_are_carried_and_results_name_their_function() -> None:
    body = written(*HISTORY)
    assert body["contents"][1:] == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"id": "c1", "name": "get_weather", "args": {"days": 2.0}}},
                {"functionCall": {"id": "c2", "name": "now", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "c1", "name": "get_weather", "response": {"output": '{"sun": true}'}}},
                {"functionResponse": {"id": "c2", "name": "now", "response": {"output": "12:00"}}},
            ],
        },
    ]


@pytest.mark.parametrize("model", ["gemini-3-pro-preview", "models/gemini-3-flash", "gemini-flash-latest"])
def test_a_model_that_needs_signatures_gets_the_word_for_an_unsigned_call_on_the_first_call_of_a_turn(model: str) -> None:
    calls = written(*HISTORY, model=model)["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in calls] == ["skip_thought_signature_validator", None]


def test_a_result_without_its_call_is_refused() -> None:
    error = refused(says("user", ToolResult(call_id="c9", text="12:00")))
    assert isinstance(error, InvalidRequest)
    assert error.param == "messages[0]"


@pytest.mark.parametrize("arguments", ["{", "[1]", "null", '{"a": NaN}', "{}{}"])
def test_malformed_arguments_in_the_history_name_their_message(arguments: str) -> None:
    error = refused(says("user", "Hi"), says("assistant", ToolCall(id="c", name="now", arguments=arguments)))
    assert isinstance(error, InvalidRequest)
    assert error.param == "messages[1]"


def test_output_is_json_with_or_without_a_schema() -> None:
    assert written(output=OutputSchema())["generationConfig"] == {"responseMimeType": "application/json"}
    assert written(output=OutputSchema(schema=SCHEMA))["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": json.loads(bytes(SCHEMA)),
    }
