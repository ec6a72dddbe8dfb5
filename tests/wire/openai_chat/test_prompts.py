"""A request of another dialect as the body of a chat completion: OpenAI's own types are the judge of what is written."""

import json
from typing import Any

import msgspec
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolUnionParam
from pydantic import TypeAdapter

from taskfit.errors import InvalidRequest, Unsupported
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
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.wire.dialect import Written
from taskfit.wire.openai_chat import write_conversation
from taskfit.wire.openai_chat.prompts import DROPPED

MESSAGES: TypeAdapter[Any] = TypeAdapter(list[ChatCompletionMessageParam])
TOOLS: TypeAdapter[Any] = TypeAdapter(list[ChatCompletionToolUnionParam])
HI = Message(role="user", parts=(Text(text="hi"),))
SCHEMA = msgspec.Raw(b'{"type":"object"}')
FIND = Tool(name="find", schema=SCHEMA)
FOREIGN = Signature(origin="anthropic-messages", value="A")
OWN = Signature(origin="openai-chat", value="O")
CALL = ToolCall(id="c", name="find", arguments='{"q":1}')


def write(*messages: Message, is_stream: bool = False, wants_usage: bool = True, **fields: Any) -> Written:
    habits = {
        name: fields.pop(name) for name in ("keeps_reasoning", "keeps_cache", "takes_top_k", "joins_text") if name in fields
    }
    conversation = Conversation(messages=messages or (HI,), **fields)
    return write_conversation(conversation, model="m", is_stream=is_stream, wants_usage=wants_usage, **habits)


def body_of(*messages: Message, **fields: Any) -> dict[str, Any]:
    """The body; its messages and tools are of OpenAI's own types."""
    body: dict[str, Any] = json.loads(write(*messages, **fields).body)
    MESSAGES.validate_python(body["messages"])
    TOOLS.validate_python(body.get("tools", []))
    return body


def turns_of(*messages: Message, **fields: Any) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = body_of(*messages, **fields)["messages"]
    return turns


def said(*parts: Part) -> Message:
    return Message(role="user", parts=parts)


def answered(*parts: Part) -> Message:
    return Message(role="assistant", parts=parts)


def test_what_is_not_said_stays_absent() -> None:
    assert body_of() == {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def test_a_stream_asks_for_usage_unless_the_server_does_not_know_it() -> None:
    body = body_of(is_stream=True)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
    assert "stream_options" not in body_of(is_stream=True, wants_usage=False)


def test_a_whole_tool_loop() -> None:
    messages = (
        Message(role="system", parts=(Text(text="Be brief."),)),
        said(Text(text="look"), Image(media_type="image/png", data="AAEC", detail="low")),
        answered(Text(text="I will."), CALL),
        said(ToolResult(call_id="c", parts=(Text(text="found"),)), Text(text="go on")),
    )
    body = body_of(*messages, tools=(FIND,), tool_choice=ToolChoice(mode="named", name="find"), parallel_tool_calls=False)
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAEC", "detail": "low"}},
        ]},
        {"role": "assistant", "content": "I will.", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "find", "arguments": '{"q":1}'}},
        ]},
        {"role": "tool", "tool_call_id": "c", "content": "found"},
        {"role": "user", "content": "go on"},
    ]  # fmt: skip
    assert body["tools"] == [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "find"}}
    assert body["parallel_tool_calls"] is False


def test_what_a_tool_shows_follows_all_results_of_the_turn() -> None:
    picture = Image(url="https://a")
    both = said(
        ToolResult(call_id="c", parts=(Text(text="see"), picture)), ToolResult(call_id="d", parts=(picture,)), Text(text="so?")
    )
    note = {"type": "image_url", "image_url": {"url": "https://a"}}
    expected: list[dict[str, Any]] = [
        {"role": "tool", "tool_call_id": "c", "content": "see"},
        {"role": "tool", "tool_call_id": "d", "content": ""},
        {"role": "user", "content": [
            {"type": "text", "text": "From the result of the tool call c:"}, note,
            {"type": "text", "text": "From the result of the tool call d:"}, note,
            {"type": "text", "text": "so?"},
        ]},
    ]  # fmt: skip
    assert turns_of(both) == expected
    apart = (said(*both.parts[:1]), said(*both.parts[1:2]))
    shown = [{**expected[2], "content": expected[2]["content"][:-1]}]
    assert turns_of(*apart) == expected[:2] + shown
    assert turns_of(*apart, answered(Text(text="x")))[2:] == [*shown, {"role": "assistant", "content": "x"}]


def test_tools_are_said_once_there_are_any() -> None:
    body = body_of(tool_choice=ToolChoice(mode="auto"), parallel_tool_calls=True)
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(body)
    strict = Tool(name="find", description="Finds.", schema=SCHEMA, is_strict=True)
    assert body_of(tools=(strict,))["tools"][0]["function"]["strict"] is True


def test_files_and_sounds_are_inline() -> None:
    (turn,) = turns_of(
        said(
            File(data="JVBE", media_type="application/pdf", name="a.pdf"), File(data="JVBE", media_type="application/pdf"),
            Audio(data="AAEC", media_type="audio/mpeg"), File(text="plain", name="a.txt"), File(text="bare"),
        )
    )  # fmt: skip
    assert turn["content"] == [
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
        {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
        {"type": "input_audio", "input_audio": {"data": "AAEC", "format": "mp3"}},
        {"type": "text", "text": "a.txt:\nplain"},
        {"type": "text", "text": "bare"},
    ]


@pytest.mark.parametrize("message", [
    said(File(url="https://a/b.pdf")), said(Thinking(text="hm")), said(Refusal(text="No.")), answered(Image(url="https://a")),
    answered(Audio(data="x", media_type="audio/wav")), Message(role="system", parts=(Image(url="https://a"),)),
    said(ToolResult(call_id="c", parts=(File(url="https://a/b.pdf"),))),
])  # fmt: skip
def test_a_part_that_has_no_place_is_refused_by_its_message(message: Message) -> None:
    with pytest.raises(Unsupported) as refused:
        write(HI, message)
    assert refused.value.param == "messages[1]"


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        write(said(Text(text="\ud800")))


def test_thoughts_are_dropped_unless_the_server_wants_them() -> None:
    turn = answered(Thinking(text="hm", signature=FOREIGN), Text(text="x"), CALL)
    written = write(turn)
    assert b"hm" not in written.body
    assert written.dropped == ("reasoning of another vendor",)
    (kept,) = turns_of(turn, keeps_reasoning=True)
    assert kept["reasoning_content"] == "hm"
    assert "thinking_blocks" not in kept
    assert write(turn, keeps_reasoning=True).dropped == ("reasoning of another vendor",)
    assert write(answered(Thinking(text="hm"), Text(text="x")), keeps_reasoning=True).dropped == ()


def test_a_server_that_wants_thoughts_beside_calls_gets_the_member_without_any() -> None:
    (turn,) = turns_of(answered(CALL), keeps_reasoning=True)
    assert turn["reasoning_content"] == ""
    assert "reasoning_content" not in turns_of(answered(Text(text="x")), keeps_reasoning=True)[0]


def test_only_own_signatures_are_told() -> None:
    calls = (msgspec.structs.replace(CALL, signature=OWN), ToolCall(id="d", name="find", arguments="{}", signature=FOREIGN))
    written = write(answered(Thinking(is_redacted=True, signature=FOREIGN), *calls))
    (turn,) = json.loads(written.body)["messages"]
    assert [call.get("extra_content") for call in turn["tool_calls"]] == [{"google": {"thought_signature": "O"}}, None]
    assert written.dropped == ("reasoning of another vendor",)


def test_a_turn_of_which_nothing_is_left_is_left_out() -> None:
    assert turns_of(HI, answered(Thinking(text="hm", signature=FOREIGN)), HI) == turns_of(HI, HI)


def test_a_refusal_of_the_history_is_one() -> None:
    assert turns_of(answered(Refusal(text="No."))) == [{"role": "assistant", "refusal": "No."}]


def test_what_tunes_is_dropped_and_named() -> None:
    written = write(
        said(Text(text="hi", cache="5m"), File(text="x", has_citations=True)),
        answered(Text(text="x", citations=(Citation(url="https://a"),))),
        said(ToolResult(call_id="c", parts=(Text(text="failed"),), is_error=True)),
        top_k=5, service_tier="standard_only", reasoning=Reasoning(effort="low", is_shown=True),
    )  # fmt: skip
    assert set(written.dropped) == {"cache", "citations", "is_error", "top_k", "service_tier", "reasoning.is_shown"}
    assert set(written.dropped) <= set(DROPPED)
    assert not {"top_k", "service_tier"} & set(json.loads(written.body))
    assert all(DROPPED.values())


@pytest.mark.parametrize(("reasoning", "effort"), [
    (Reasoning(effort="high", budget_tokens=1), "high"), (Reasoning(budget_tokens=2048), "low"),
    (Reasoning(budget_tokens=0), "none"), (Reasoning(is_adaptive=True), None),
])  # fmt: skip
def test_a_budget_becomes_an_effort(reasoning: Reasoning, effort: str | None) -> None:
    assert body_of(reasoning=reasoning).get("reasoning_effort") == effort


def test_text_is_one_string_where_the_server_takes_no_parts() -> None:
    turn = said(Text(text="a"), Text(text="b"))
    assert turns_of(turn, joins_text=True) == [{"role": "user", "content": "a\n\nb"}]
    assert len(turns_of(said(*turn.parts, Image(url="https://a")), joins_text=True)[0]["content"]) == 3
    assert len(turns_of(turn)[0]["content"]) == 2


@pytest.mark.parametrize(("output", "written"), [
    (OutputSchema(), {"type": "json_object"}), (OutputSchema(name="any"), {"type": "json_object"}),
    (
        OutputSchema(name="place", schema=SCHEMA, description="A place.", is_strict=True),
        {"type": "json_schema", "json_schema": {
            "name": "place", "schema": {"type": "object"}, "description": "A place.", "strict": True,
        }},
    ),
    (OutputSchema(schema=SCHEMA), {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}),
])  # fmt: skip
def test_the_schema_of_the_answer_is_told(output: OutputSchema, written: dict[str, Any]) -> None:
    assert body_of(output=output)["response_format"] == written
