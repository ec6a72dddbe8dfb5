"""What a Conversation becomes as the body of a Messages request."""

import json
from base64 import b64encode
from typing import Any

import msgspec
import pytest

from taskfit.errors import InvalidRequest, RequestError, Unsupported
from taskfit.values.conversation import (
    Audio,
    Citation,
    Conversation,
    File,
    Image,
    Message,
    OutputSchema,
    Part,
    Reasoning,
    Refusal,
    Signature,
    Speaker,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.wire.anthropic_messages import write_conversation
from taskfit.wire.anthropic_messages.prompts import DROPPED

SCHEMA = msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string","maxLength":1e2}}}')
CLOSED = msgspec.Raw(b'{"type":"object", "properties":{"city":{"type":"string"}}, "additionalProperties":false}')
OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5"
WEATHER = Tool(name="get_weather", schema=SCHEMA, description="Tells the weather.")


def says(role: Speaker, *parts: Part | str) -> Message:
    return Message(role=role, parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts))


def written(*messages: Message, model: str = OLD, **said: Any) -> dict[str, Any]:
    conversation = Conversation(messages=messages or (says("user", "Hello"),), **said)
    body: dict[str, Any] = json.loads(write_conversation(conversation, model=model, is_stream=False).body)
    return body


def dropped(*messages: Message, model: str = OLD, **said: Any) -> tuple[str, ...]:
    conversation = Conversation(messages=messages or (says("user", "Hello"),), **said)
    names = write_conversation(conversation, model=model, is_stream=False).dropped
    assert set(names) <= DROPPED.keys()
    return names


def refused(*messages: Message, **said: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        written(*messages, **said)
    return caught.value


def test_what_is_not_said_is_absent_but_for_the_limit_that_the_api_demands() -> None:
    assert written() == {
        "model": OLD,
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    }


def test_what_is_said_is_carried() -> None:
    body = written(max_output_tokens=5, temperature=0.0, top_p=0.5, stop=("END", "\n\nHuman:"))
    assert body["max_tokens"] == 5
    assert body["temperature"] == 0.0
    assert body["top_p"] == 0.5
    assert body["stop_sequences"] == ["END", "\n\nHuman:"]


def test_a_stream_is_asked_for() -> None:
    written_so = write_conversation(Conversation(messages=(says("user", "Hi"),)), model="m", is_stream=True)
    assert json.loads(written_so.body)["stream"] is True


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
    conversation = Conversation(messages=(says("user", "Hi"),), tools=(WEATHER,))
    body = write_conversation(conversation, model="m", is_stream=False).body
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
        says("user", ToolResult(call_id="toolu_1", parts=(Text(text="Sunny"),))),
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
        says("user", ToolResult(call_id="functions.now:0", parts=(Text(text="12:00"),))),
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
    body = written(output=OutputSchema(schema=CLOSED, name="city", is_strict=True))
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": json.loads(bytes(CLOSED))}}
    assert refused(output=OutputSchema()).param == "response_format"


def test_text_that_is_not_unicode_is_refused() -> None:
    assert isinstance(refused(says("user", "broken \ud800")), InvalidRequest)


def test_a_written_name_of_a_default_limit_is_taken() -> None:
    conversation = Conversation(messages=(says("user", "Hi"),))
    assert json.loads(write_conversation(conversation, model="m", is_stream=False, default_max_tokens=7).body)["max_tokens"] == 7


def test_an_open_output_schema_is_closed_and_a_closed_one_kept_byte_for_byte() -> None:
    inner = {"type": "object", "properties": {"type": {"type": "string"}}, "additionalProperties": {"type": "string"}}
    schema = {"type": "object", "properties": {"a": {"type": ["object", "null"]}, "b": {"type": "array", "items": inner}}}
    body = written(output=OutputSchema(schema=msgspec.Raw(msgspec.json.encode(schema))))
    assert body["output_config"]["format"]["schema"] == {
        "type": "object",
        "properties": {
            "a": {"type": ["object", "null"], "additionalProperties": False},
            "b": {"type": "array", "items": inner},
        },
        "additionalProperties": False,
    }
    conversation = Conversation(messages=(says("user", "Hi"),), output=OutputSchema(schema=CLOSED))
    assert bytes(CLOSED) in write_conversation(conversation, model="m", is_stream=False).body


@pytest.mark.parametrize("schema", [b"7", b'{"a":', b'{"a":' * 5000 + b"1" + b"}" * 5000])
def test_a_schema_that_cannot_be_read_is_refused(schema: bytes) -> None:
    assert isinstance(refused(output=OutputSchema(schema=msgspec.Raw(schema))), InvalidRequest)
    assert isinstance(refused(tools=(Tool(name="t", schema=msgspec.Raw(schema)),)), InvalidRequest)


def test_a_tool_without_a_type_takes_an_object() -> None:
    assert written(tools=(Tool(name="t", schema=msgspec.Raw(b"{}")),))["tools"][0]["input_schema"] == {"type": "object"}


def test_cache_marks_are_carried_wherever_they_stand() -> None:
    body = written(
        Message(role="system", parts=(Text(text="Be brief."), Text(text="Be kind.", cache="1h"))),
        says("user", Text(text="Look", cache="5m"), Image(url="https://example.com/a", cache="5m"), File(text="x", cache="1h")),
        says("assistant", ToolCall(id="c", name="now", arguments="{}", cache="5m")),
        says("user", ToolResult(call_id="c", parts=(), cache="5m")),
        tools=(Tool(name="now", schema=SCHEMA, cache="1h"),),
    )
    five, hour = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}
    assert body["system"] == [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind.", "cache_control": hour}]
    assert [block["cache_control"] for block in body["messages"][0]["content"]] == [five, five, hour]
    assert body["messages"][1]["content"][0]["cache_control"] == five
    assert body["messages"][2]["content"][0]["cache_control"] == five
    assert body["tools"][0]["cache_control"] == hour


def test_files_go_as_documents() -> None:
    text = b64encode("Grüße".encode()).decode()
    body = written(
        says(
            "user",
            File(data="JVBE", media_type="application/pdf", name="a.pdf", has_citations=True),
            File(url="https://example.com/a.pdf"),
            File(text="plain"),
            File(data=text, media_type="text/markdown; charset=utf-8"),
        )
    )
    assert body["messages"][0]["content"] == [
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
            "title": "a.pdf",
            "citations": {"enabled": True},
        },
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "plain"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"}},
    ]


@pytest.mark.parametrize(
    ("part", "error"),
    [
        (Audio(data="UklG", media_type="audio/wav"), Unsupported),
        (File(data="AAAA", media_type="application/zip"), Unsupported),
        (File(data="AAAA"), Unsupported),
        (File(), InvalidRequest),
        (Image(), InvalidRequest),
        (File(data="no base64!", media_type="text/plain"), InvalidRequest),
        (File(data="/w==", media_type="text/plain"), InvalidRequest),
    ],
)
def test_a_part_that_cannot_be_carried_names_its_message(part: Part, error: type[RequestError]) -> None:
    found = refused(says("user", "Look"), says("user", part))
    assert type(found) is error
    assert found.param == "messages[1]"


def test_results_keep_their_images_files_and_errors() -> None:
    result = ToolResult(
        call_id="c", parts=(Text(text="See"), Image(data="iVBO", media_type="image/png"), File(text="x")), is_error=True
    )
    body = written(says("assistant", ToolCall(id="c", name="look", arguments="{}")), says("user", result))
    (block,) = body["messages"][1]["content"]
    assert block["is_error"] is True
    assert [inner["type"] for inner in block["content"]] == ["text", "image", "document"]


def test_a_refusal_of_the_history_is_text() -> None:
    body = written(says("user", "Hi"), says("assistant", Refusal(text="I will not.")), says("user", "Please"))
    assert body["messages"][1]["content"] == [{"type": "text", "text": "I will not."}]


def test_an_answer_that_the_caller_began_does_not_end_in_white_space() -> None:
    body = written(says("user", "Hi"), says("assistant", "The answer is \n"))
    assert body["messages"][-1]["content"] == [{"type": "text", "text": "The answer is"}]


OWN = Signature(origin="anthropic-messages", value="Eq")
FOREIGN = Signature(origin="gemini-generate", value="Cg")


def test_own_thoughts_go_back_unchanged_and_others_are_left_out() -> None:
    history = (
        says("user", "Hi"),
        says("assistant", Thinking(text="Hm.", signature=OWN), Thinking(is_redacted=True, signature=OWN)),
        says(
            "assistant",
            Thinking(text="Foreign", signature=FOREIGN),
            Thinking(text="Unsigned"),
            ToolCall(id="c", name="now", arguments="{}", signature=FOREIGN),
        ),
        says("user", ToolResult(call_id="c", parts=())),
    )
    assert written(*history)["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "Eq"},
        {"type": "redacted_thinking", "data": "Eq"},
        {"type": "tool_use", "id": "c", "name": "now", "input": {}},
    ]
    assert dropped(*history) == ("reasoning of another vendor",)
    assert dropped(*history[:2]) == ()


def test_a_turn_of_foreign_thoughts_alone_vanishes() -> None:
    body = written(says("user", "Hi"), says("assistant", Thinking(text="Hm")), says("user", "there"))
    assert [turn["role"] for turn in body["messages"]] == ["user"]


@pytest.mark.parametrize(
    ("reasoning", "more", "thinking", "max_tokens"),
    [
        (Reasoning(effort="low"), {}, {"type": "enabled", "budget_tokens": 2048}, 8192 + 2048),
        (Reasoning(is_adaptive=True), {}, {"type": "enabled", "budget_tokens": 8192}, 16384),
        (Reasoning(budget_tokens=100), {}, {"type": "enabled", "budget_tokens": 1024}, 8192 + 1024),
        (Reasoning(budget_tokens=3000), {"max_output_tokens": 4000}, {"type": "enabled", "budget_tokens": 3000}, 4000),
        (Reasoning(effort="max"), {"max_output_tokens": 4000}, {"type": "enabled", "budget_tokens": 3000}, 4000),
        (Reasoning(effort="max"), {"max_output_tokens": 1025}, {"type": "enabled", "budget_tokens": 1024}, 1025),
        (
            Reasoning(effort="low", is_shown=False),
            {},
            {"type": "enabled", "budget_tokens": 2048, "display": "omitted"},
            8192 + 2048,
        ),
        (Reasoning(effort="none"), {}, {"type": "disabled"}, 8192),
        (Reasoning(budget_tokens=0), {"max_output_tokens": 9}, {"type": "disabled"}, 9),
    ],
)
def test_an_older_model_gets_a_budget(reasoning: Reasoning, more: Any, thinking: Any, max_tokens: int) -> None:
    body = written(reasoning=reasoning, **more)
    assert (body["thinking"], body["max_tokens"]) == (thinking, max_tokens)
    assert "output_config" not in body


@pytest.mark.parametrize(
    ("reasoning", "thinking", "effort"),
    [
        (Reasoning(effort="minimal"), {"type": "adaptive"}, "low"),
        (Reasoning(effort="xhigh", is_shown=True), {"type": "adaptive", "display": "summarized"}, "xhigh"),
        (Reasoning(budget_tokens=16000), {"type": "adaptive"}, "high"),
        (Reasoning(is_adaptive=True), {"type": "adaptive"}, None),
    ],
)
def test_a_newer_model_adapts_to_an_effort(reasoning: Reasoning, thinking: Any, effort: str | None) -> None:
    body = written(reasoning=reasoning, model=NEW)
    assert body["thinking"] == thinking
    assert body.get("output_config", {}).get("effort") == effort


def test_the_callers_word_wins_over_the_models_name() -> None:
    conversation = Conversation(messages=(says("user", "Hi"),), reasoning=Reasoning(effort="high"), temperature=0.5)
    as_new = write_conversation(conversation, model=OLD, is_stream=False, takes_effort=True, takes_sampling=False)
    assert json.loads(as_new.body)["thinking"] == {"type": "adaptive"}
    assert as_new.dropped == ("temperature",)


ANSWERED = (
    says("user", "Hi"),
    says("assistant", ToolCall(id="c", name="now", arguments="{}")),
    says("user", ToolResult(call_id="c", parts=())),
)
THOUGHT = (ANSWERED[0], says("assistant", Thinking(text="Hm", signature=OWN), *ANSWERED[1].parts), ANSWERED[2])


@pytest.mark.parametrize(
    ("messages", "more"),
    [
        ((says("user", "Hi"),), {"tools": (WEATHER,), "tool_choice": ToolChoice(mode="required")}),
        ((says("user", "Hi"),), {"tools": (WEATHER,), "tool_choice": ToolChoice(mode="named", name="get_weather")}),
        ((says("user", "Hi"),), {"max_output_tokens": 1024}),
        ((says("user", "Hi"), says("assistant", "The answer is")), {}),
        (ANSWERED, {}),
    ],
)
def test_thinking_gives_way_to_what_the_api_forbids_beside_it(messages: tuple[Message, ...], more: Any) -> None:
    assert "thinking" not in written(*messages, reasoning=Reasoning(effort="low"), **more)
    assert dropped(*messages, reasoning=Reasoning(effort="low"), **more) == ("reasoning",)


def test_thinking_stays_where_the_models_own_thoughts_or_the_model_allow_it() -> None:
    assert written(*THOUGHT, reasoning=Reasoning(effort="low"))["thinking"]["type"] == "enabled"
    assert written(*ANSWERED, reasoning=Reasoning(effort="low"), model=NEW)["thinking"]["type"] == "adaptive"


def test_a_forced_call_keeps_the_effort_of_a_newer_model() -> None:
    said: dict[str, Any] = {"tools": (WEATHER,), "tool_choice": ToolChoice(mode="required"), "reasoning": Reasoning(effort="low")}
    body = written(model=NEW, **said)
    assert body["output_config"] == {"effort": "low"}
    assert "thinking" not in body


@pytest.mark.parametrize(
    ("model", "thinks", "said", "kept"),
    [
        (OLD, False, {"temperature": 0.2, "top_p": 0.5, "top_k": 9}, ["temperature", "top_k", "top_p"]),
        (OLD, True, {"temperature": 0.2, "top_p": 0.5, "top_k": 9}, []),
        (OLD, True, {"temperature": 1.0, "top_p": 0.96, "top_k": 9}, ["temperature", "top_p"]),
        (OLD, True, {"temperature": 1.5}, []),
        (NEW, False, {"temperature": 0.2, "top_p": 0.5, "top_k": 9}, []),
        ("claude-opus-4-6", False, {"temperature": 0.2}, ["temperature"]),
        ("some-model", False, {"temperature": 0.2}, ["temperature"]),
    ],
)
def test_sampling_is_told_to_models_that_take_it(model: str, thinks: bool, said: dict[str, Any], kept: list[str]) -> None:
    reasoning = Reasoning(effort="low") if thinks else None
    body = written(model=model, reasoning=reasoning, **said)
    assert sorted(body.keys() & said.keys()) == kept
    assert sorted(dropped(model=model, reasoning=reasoning, **said)) == sorted(said.keys() - set(kept))


def test_what_the_api_lacks_is_refused_by_name() -> None:
    assert refused(choices=2).param == "n"
    assert refused(logprobs=0).param == "logprobs"
    assert refused(frequency_penalty=0.5).param == "frequency_penalty"
    assert refused(presence_penalty=-0.5).param == "presence_penalty"
    assert refused(stop=("\n",)).param == "stop"
    assert "frequency_penalty" not in written(frequency_penalty=0.0)


def test_bookkeeping_is_carried_where_there_is_a_place_for_it() -> None:
    body = written(user="u-1", service_tier="default", parallel_tool_calls=True, tools=(WEATHER,))
    assert body["metadata"] == {"user_id": "u-1"}
    assert body["service_tier"] == "standard_only"
    assert "tool_choice" not in body


def test_what_has_no_place_is_dropped_by_name() -> None:
    said = says("user", Image(url="https://example.com/a", detail="high"))
    quoted = says("assistant", Text(text="x", citations=(Citation(url="https://example.com"),)))
    output = OutputSchema(schema=CLOSED, description="A city.")
    names = dropped(said, quoted, says("user", "?"), seed=1, service_tier="flex", user="u" * 300, output=output)
    assert sorted(names) == ["citations", "detail", "output.description", "seed", "service_tier", "user"]
