"""What a Conversation becomes as the body of a Messages request."""

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
from taskfit.wire.anthropic_messages import write_request

SCHEMA = msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string","maxLength":1e2}}}')
WEATHER = Tool(name="get_weather", schema=SCHEMA, description="Tells the weather.")


def says(role: Speaker, *parts: Part | str) -> Message:
    return Message(role=role, parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts))


def written(*messages: Message, **said: Any) -> dict[str, Any]:
    conversation = Conversation(messages=messages or (says("user", "Hello"),), **said)
    body: dict[str, Any] = json.loads(write_request(conversation, model="claude-x", is_stream=False, default_max_tokens=8192))
    return body


def refused(*messages: Message, **said: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        written(*messages, **said)
    return caught.value


def test_what_is_not_said_is_absent_but_for_the_limit_that_the_api_demands() -> None:
    assert written() == {
        "model": "claude-x",
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    }


def test_what_is_said_is_carried() -> None:
    body = written(max_output_tokens=5, temperature=0.0, top_p=0.5, stop=("END", "\n\n"))
    assert body["max_tokens"] == 5
    assert body["temperature"] == 0.0
    assert body["top_p"] == 0.5
    assert body["stop_sequences"] == ["END", "\n\n"]


def test_a_stream_is_asked_for() -> None:
    body = write_request(Conversation(messages=(says("user", "Hi"),)), model="m", is_stream=True, default_max_tokens=1)
    assert json.loads(body)["stream"] is True


def test_instructions_stand_apart_wherever_they_were() -> None:
    body = written(says("system", "Be brief."), says("user", "Hi"), says("system", "Be kind.", "And exact."))
    assert body["system"] == "Be brief.\n\nBe kind.\n\nAnd exact."
    assert [turn["role"] for turn in body["messages"]] == ["user"]


def test_turns_of_one_side_become_one_and_empty_texts_vanish() -> None:
    body = written(says("user", "One", ""), says("user", "two"), says("assistant", " \n"), says("user", "three"))
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": text} for text in ("One", "two", "three")]},
    ]


def test_a_conversation_of_instructions_alone_is_refused() -> None:
    error = refused(says("system", "Be brief."), says("user", ""))
    assert isinstance(error, Unsupported)
    assert error.param == "messages"


def test_images_come_as_data_or_as_an_address() -> None:
    body = written(says("user", Image(data="iVBORw==", media_type="image/png"), Image(url="https://example.com/a.jpg")))
    assert body["messages"][0]["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.jpg"}},
    ]


@pytest.mark.parametrize(
    "message",
    [
        says("user", Image(data="AA==", media_type="image/tiff")),
        says("user", Image(data="AA==")),
        says("assistant", Image(data="AA==", media_type="image/png")),
        says("system", Image(data="AA==", media_type="image/png")),
    ],
)
def test_an_image_that_cannot_be_carried_is_refused_with_its_message(message: Message) -> None:
    error = refused(says("user", "Look"), message)
    assert isinstance(error, Unsupported)
    assert error.param == "messages[1]"


def test_tools_keep_their_schema_byte_for_byte() -> None:
    body = write_request(
        Conversation(messages=(says("user", "Hi"),), tools=(WEATHER,)), model="m", is_stream=False, default_max_tokens=1
    )
    assert b'"input_schema":' + bytes(SCHEMA) in body
    assert written(tools=(WEATHER,))["tools"][0].keys() == {"name", "description", "input_schema"}


def test_a_strict_tool_is_strict() -> None:
    assert written(tools=(msgspec.structs.replace(WEATHER, is_strict=True),))["tools"][0]["strict"] is True


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice(mode="auto"), None, {"type": "auto"}),
        (ToolChoice(mode="none"), False, {"type": "none"}),
        (ToolChoice(mode="required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice(mode="named", name="get_weather"), None, {"type": "tool", "name": "get_weather"}),
    ],
)
def test_the_choice_of_tools(choice: ToolChoice | None, parallel: bool | None, expected: object) -> None:
    body = written(tools=(WEATHER,), tool_choice=choice, parallel_tool_calls=parallel)
    assert body.get("tool_choice") == expected


def test_without_tools_a_choice_is_left_out_or_refused() -> None:
    assert "tool_choice" not in written(tool_choice=ToolChoice(mode="auto"), parallel_tool_calls=False)
    assert refused(tool_choice=ToolChoice(mode="required")).param == "tool_choice"


def test_calls_and_results_of_the_history_are_carried_with_results_first() -> None:
    body = written(
        says("user", "Weather?"),
        says("assistant", "Let me look.", ToolCall(id="toolu_1", name="get_weather", arguments='{"days": 2.0}')),
        says("user", "And hurry."),
        says("user", ToolResult(call_id="toolu_1", text="Sunny")),
        tools=(WEATHER,),
    )
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"days": 2.0}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Sunny"},
                {"type": "text", "text": "And hurry."},
            ],
        },
    ]


def test_a_foreign_call_id_is_made_fit_in_call_and_result_alike() -> None:
    body = written(
        says("assistant", ToolCall(id="functions.now:0", name="now", arguments="")),
        says("user", ToolResult(call_id="functions.now:0", text="12:00")),
    )
    call, result = body["messages"][0]["content"][0], body["messages"][1]["content"][0]
    assert call["id"] == result["tool_use_id"]
    assert call["id"].replace("_", "").isalnum()
    assert call["input"] == {}


@pytest.mark.parametrize("arguments", ["{", "[1]", "null", '{"a": NaN}', '"text"', "{}{}", '{"a":' * 5000 + "1" + "}" * 5000])
def test_malformed_arguments_in_the_history_name_their_message(arguments: str) -> None:
    error = refused(says("user", "Hi"), says("assistant", ToolCall(id="c", name="now", arguments=arguments)))
    assert isinstance(error, InvalidRequest)
    assert error.param == "messages[1]"


def test_a_temperature_above_one_is_refused_with_its_range() -> None:
    error = refused(temperature=1.3)
    assert isinstance(error, Unsupported)
    assert error.param == "temperature"
    assert error.caller_text == "temperature: this model takes 0 to 1, not 1.3"


def test_an_output_schema_is_carried_and_json_without_one_is_refused() -> None:
    body = written(output=OutputSchema(schema=SCHEMA, name="city", is_strict=True))
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": json.loads(bytes(SCHEMA))}}
    assert refused(output=OutputSchema()).param == "response_format"


def test_text_that_is_not_unicode_is_refused() -> None:
    assert isinstance(refused(says("user", "broken \ud800")), InvalidRequest)
