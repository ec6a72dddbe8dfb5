"""How requests of this dialect cross: to the hub, and from the hub to an upstream of this dialect."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import InvalidRequest, RequestError, Unsupported
from taskfit.values.conversation import (
    Audio,
    Citation,
    Conversation,
    File,
    Image,
    Message,
    OutputSchema,
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
from taskfit.wire.openai_responses import read_conversation, write_conversation
from taskfit.wire.openai_responses.conversations import DROPPED, DROPPED_ITEMS
from taskfit.wire.openai_responses.tools import DROPPED_KINDS, DROPPED_MEMBERS
from tests.wire.conversations import EFFORTS, SETTINGS, Subset, conversations
from tests.wire.openai_responses.speaking import read, request_of

CARRIED_SETTINGS = ("max_output_tokens", "temperature", "top_p", "logprobs", "service_tier", "user")
SUBSET = Subset(
    origin="openai-responses",
    settings={name: SETTINGS[name] for name in CARRIED_SETTINGS},
    reasoning=st.builds(Reasoning, effort=st.sampled_from(EFFORTS), is_shown=st.sampled_from([None, True])),
    is_system_anywhere=True,
    has_detail=True,
    files=frozenset({"url", "data", "text"}),
    has_file_names=True,
    has_audio=True,
    thinking=frozenset({"signed", "redacted"}),
    has_thinking_ids=True,
    has_refusals=True,
    results=frozenset({"text", "image", "file"}),
    has_strict_tools=True,
    has_output_description=True,
)
FUNCTION: dict[str, Any] = {"type": "function", "name": "save", "parameters": {"type": "object"}, "strict": True}
SEARCH = {"type": "web_search"}


def without_raws(conversation: Conversation) -> Any:
    return msgspec.json.decode(msgspec.json.encode(conversation))


def hub(**fields: object) -> Conversation:
    return read_conversation(request_of(**fields))


def parts_of(*content: dict[str, Any], role: str = "user") -> tuple[Any, ...]:
    return hub(input=[{"role": role, "content": list(content)}]).messages[0].parts


@given(conversations(SUBSET))
def test_what_the_dialect_carries_comes_back_unchanged(conversation: Conversation) -> None:
    written = write_conversation(conversation, model="m", is_stream=False)
    assert written.dropped == ()
    assert without_raws(read_conversation(read(written.body))) == without_raws(conversation)


def test_turns_are_made_of_items() -> None:
    conversation = hub(
        instructions="Be brief.",
        input=[
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Rules."}]},
            {"role": "user", "content": "Read a.md."},
            {"type": "reasoning", "id": "rs_1", "summary": [{"text": "A file."}], "encrypted_content": "enc"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "Reading."}], "phase": "commentary"},
            {"type": "function_call", "call_id": "c1", "name": "read", "namespace": "fs", "arguments": "{}", "id": "fc_1"},
            {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "***"},
            {"type": "function_call_output", "call_id": "c1", "output": "text of a.md"},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "done"}]},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
            {"role": "assistant", "content": "Done."},
        ],
    )
    own = Signature(origin="openai-responses", value="enc")
    assert conversation.messages == (
        Message(role="system", parts=(Text(text="Be brief."),)),
        Message(role="system", parts=(Text(text="Rules."),)),
        Message(role="user", parts=(Text(text="Read a.md."),)),
        Message(
            role="assistant",
            parts=(
                Thinking(text="A file.", signature=own, id="rs_1"),
                Text(text="Reading."),
                ToolCall(id="c1", name="fs__read", arguments="{}"),
                ToolCall(id="c2", name="patch", arguments='{"input":"***"}'),
            ),
        ),
        Message(role="user", parts=(ToolResult(call_id="c1", parts=(Text(text="text of a.md"),)),)),
        Message(role="user", parts=(ToolResult(call_id="c2", parts=(Text(text="done"),)),)),
        Message(role="assistant", parts=(Text(text="Done."),)),
    )
    assert conversation.dropped == ("input[3].phase", "input[8] (web_search_call)")


def test_the_tools_of_codex_become_functions() -> None:
    conversation = hub(tools=[
        FUNCTION,
        {"type": "namespace", "name": "fs", "description": "Files",
         "tools": [{**FUNCTION, "name": "read", "strict": False, "defer_loading": True}]},
        {"type": "custom", "name": "patch", "description": "Patches.",
         "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"}},
        {"type": "web_search", "external_web_access": False},
        {"type": "custom", "name": "say", "format": {"type": "text"}},
        {"type": "function", "name": "bare", "parameters": None},
    ])  # fmt: skip
    tools = {tool.name: tool for tool in conversation.tools}
    assert list(tools) == ["save", "fs__read", "patch", "say", "bare"]
    assert (tools["save"].is_strict, tools["fs__read"].is_strict) == (True, False)
    assert tools["patch"].description == "Patches.\n\nThe input follows this lark grammar:\nstart: x"
    assert json.loads(bytes(tools["patch"].schema))["required"] == ["input"]
    assert json.loads(bytes(tools["bare"].schema)) == {"type": "object", "properties": {}}
    assert conversation.dropped == (
        "tools[1].description", "tools[1].tools[0].defer_loading", "tools[2].format", "tools[3] (web_search)",
    )  # fmt: skip


def test_parts_of_content_are_read() -> None:
    assert parts_of(
        {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}},
        {"type": "input_text", "text": "b", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}},
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
        {"type": "input_image", "image_url": "https://example.com/a.png"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,BBBB", "filename": "a.pdf"},
        {"type": "input_file", "file_data": "Q0ND", "filename": "a.txt"},
        {"type": "input_file", "file_data": "/w==", "filename": "b.txt"},
        {"type": "input_file", "file_data": "RERE"},
        {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        {"type": "input_audio", "input_audio": {"data": "EEEE", "format": "mp3"}},
    ) == (
        Text(text="a", cache="5m"),
        Text(text="b", cache="1h"),
        Image(data="AAAA", media_type="image/png", detail="low"),
        Image(url="https://example.com/a.png"),
        File(data="BBBB", media_type="application/pdf", name="a.pdf"),
        File(text="CCC", media_type="text/plain", name="a.txt"),
        File(data="/w==", media_type="text/plain", name="b.txt"),
        File(data="RERE", media_type="application/pdf"),
        File(url="https://example.com/a.pdf"),
        Audio(data="EEEE", media_type="audio/mpeg"),
    )


def test_the_models_own_words_are_read() -> None:
    citation = {"type": "url_citation", "url": "https://example.com", "title": "", "start_index": 1, "end_index": 2}
    assert parts_of(
        {"type": "output_text", "text": "a", "annotations": [citation]}, {"type": "refusal", "refusal": "No."}, role="assistant"
    ) == (Text(text="a", citations=(Citation(url="https://example.com", start=1, end=2),)), Refusal(text="No."))


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ("auto", ToolChoice(mode="auto")),
        ("none", ToolChoice(mode="none")),
        ("required", ToolChoice(mode="required")),
        ({"type": "function", "name": "save"}, ToolChoice(mode="named", name="save")),
        ({"type": "custom", "name": "patch"}, ToolChoice(mode="named", name="patch")),
        ({"type": "allowed_tools", "mode": "required", "tools": [FUNCTION]}, ToolChoice(mode="required")),
        (None, None),
    ],
)
def test_a_choice_of_tools_is_read(choice: object, wanted: ToolChoice | None) -> None:
    assert hub(tools=[FUNCTION], tool_choice=choice).tool_choice == wanted


def test_allowed_tools_take_the_others_away() -> None:
    allowed = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "save"}, SEARCH]}
    conversation = hub(tools=[FUNCTION, {**FUNCTION, "name": "drop"}], tool_choice=allowed)
    assert [tool.name for tool in conversation.tools] == ["save"]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"format": {"type": "text"}}, None),
        ({"format": {"type": "json_object"}}, OutputSchema()),
        ({}, None),
    ],
)
def test_a_format_is_read(said: object, wanted: OutputSchema | None) -> None:
    assert hub(text=said).output == wanted


def test_a_schema_is_read_as_it_came() -> None:
    output = hub(text={"format": {"type": "json_schema", "name": "t", "schema": {"a": 1.0}, "strict": True}}).output
    assert output is not None
    assert (output.name, bytes(output.schema or b""), output.is_strict) == ("t", b'{"a": 1.0}', True)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"effort": "xhigh"}, Reasoning(effort="xhigh")),
        ({"effort": None, "summary": "auto"}, Reasoning(is_shown=True)),
        ({"effort": "low", "generate_summary": "concise"}, Reasoning(effort="low", is_shown=True)),
        ({}, None),
    ],
)
def test_reasoning_is_read(said: object, wanted: Reasoning | None) -> None:
    assert hub(reasoning=said).reasoning == wanted


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"top_logprobs": 3}, 3),
        ({"top_logprobs": 0}, None),
        ({"include": ["message.output_text.logprobs"]}, 0),
        ({"include": ["message.output_text.logprobs"], "top_logprobs": 5}, 5),
        ({"include": ["reasoning.encrypted_content"]}, None),
    ],
)
def test_probabilities_are_asked_for_by_a_number_or_by_name(fields: dict[str, Any], wanted: int | None) -> None:
    assert hub(**fields).logprobs == wanted


def test_what_changes_nothing_is_dropped_and_told() -> None:
    conversation = hub(
        metadata={"a": "b"}, prompt_cache_key="k", client_metadata={}, truncation="auto", max_tool_calls=3, store=False,
        text={"verbosity": "low"}, reasoning={"effort": "low", "mode": "pro", "context": "auto"}, user=None, conversation=None,
        stream_options={"include_obfuscation": False}, safety_identifier="u1", background=False,
        include=["reasoning.encrypted_content", "web_search_call.action.sources"],
    )  # fmt: skip
    assert set(conversation.dropped) == {
        "metadata", "prompt_cache_key", "client_metadata", "truncation", "max_tool_calls", "text.verbosity", "reasoning.mode",
        "reasoning.context", "stream_options", "include",
    }  # fmt: skip
    assert set(conversation.dropped) <= set(DROPPED)
    assert conversation.user == "u1"


def test_every_reason_is_told() -> None:
    assert all([*DROPPED.values(), *DROPPED_ITEMS.values(), *DROPPED_KINDS.values(), *DROPPED_MEMBERS.values()])


def test_how_finely_a_file_is_rendered_is_dropped_and_told() -> None:
    file = {"type": "input_file", "file_url": "https://example.com/a.pdf", "detail": "low"}
    assert hub(input=[{"role": "user", "content": [file]}]).dropped == ("input[0].content[0].detail",)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"moderation": {"model": "x"}}, "moderation"),
        ({"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}, "tools[0]"),
        ({"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "mcp"}]}]}, "tools[0].tools[0]"),
        ({"tools": [FUNCTION], "tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"tools": [SEARCH], "tool_choice": "required"}, "tools"),
        ({"tool_choice": "any"}, "tool_choice"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"reasoning": {"effort": "extreme"}}, "reasoning.effort"),
        ({"input": [{"type": "item_reference", "id": "rs_1"}]}, "input[0]"),
        ({"input": [{"type": "compaction", "encrypted_content": "x"}]}, "input[0]"),
        ({"input": [{"role": "critic", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "input_video"}]}]}, "input[0].content[0]"),
        ({"input": [{"role": "system", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input[0].content[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}, "input[0].content[0].file_id"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}, "input[0].content[0].file_id"),
        (
            {"input": [{"type": "function_call_output", "call_id": "c", "output": [{"type": "refusal", "refusal": "x"}]}]},
            "input[0].output[0]",
        ),
    ],
)
def test_what_cannot_be_carried_is_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Unsupported) as caught:
        hub(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [7]}, "tools[0]"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"input": [{"type": "function_call", "name": "x"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call_output", "call_id": "x"}]}, "input[0].output"),
        ({"input": [{"type": 7}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0].image_url"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input[0].content[0].file_data"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "ogg"}}]}]},
            "input[0].content[0].input_audio.format",
        ),
        ({"tool_choice": {"type": "allowed_tools", "tools": [7]}}, "tool_choice.tools"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        hub(**fields)
    assert caught.value.param == param


def test_foreign_thoughts_come_back_to_their_vendor() -> None:
    conversation = hub(input=[
        {"type": "reasoning", "summary": [{"text": "Hm."}], "encrypted_content": "taskfit:anthropic-messages:SIG"},
        {"type": "reasoning", "summary": [], "encrypted_content": "taskfit:gemini-generate:call:c%3A1:G:S"},
        {"type": "function_call", "call_id": "c:0", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "c:1", "name": "f", "arguments": "{}"},
    ])  # fmt: skip
    assert conversation.messages[0].parts == (
        Thinking(text="Hm.", signature=Signature(origin="anthropic-messages", value="SIG")),
        ToolCall(id="c:0", name="f", arguments="{}"),
        ToolCall(id="c:1", name="f", arguments="{}", signature=Signature(origin="gemini-generate", value="G:S")),
    )


def written(conversation: Conversation, *, is_stream: bool = False) -> tuple[dict[str, Any], tuple[str, ...]]:
    made = write_conversation(conversation, model="gpt-5.4", is_stream=is_stream)
    return json.loads(made.body), made.dropped


def asked(*parts: Any, **fields: Any) -> Conversation:
    return Conversation(messages=(Message(role="user", parts=parts or (Text(text="Hi."),)),), **fields)


def test_what_is_not_said_is_absent_and_nothing_is_left_with_the_vendor() -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi."}]}
    assert written(asked()) == ({"model": "gpt-5.4", "input": [item], "store": False}, ())
    assert written(asked(), is_stream=True)[0]["stream"] is True


@pytest.mark.parametrize(
    ("reasoning", "wanted"),
    [
        (Reasoning(effort="high"), {"effort": "high"}),
        (Reasoning(budget_tokens=5000), {"effort": "medium"}),
        (Reasoning(is_adaptive=True, is_shown=True), {"summary": "auto"}),
    ],
)
def test_thoughts_are_asked_for_in_a_form_that_can_be_sent_again(reasoning: Reasoning, wanted: dict[str, str]) -> None:
    body, _ = written(asked(reasoning=reasoning))
    assert (body["reasoning"], body["include"]) == (wanted, ["reasoning.encrypted_content"])


@pytest.mark.parametrize("reasoning", [Reasoning(effort="none"), Reasoning(budget_tokens=0)])
def test_a_model_that_shall_not_think_is_told_so(reasoning: Reasoning) -> None:
    body, _ = written(asked(reasoning=reasoning))
    assert (body["reasoning"], "include" in body) == ({"effort": "none"}, False)


def test_what_the_api_lacks_is_dropped_and_told() -> None:
    foreign = Thinking(text="x", signature=Signature(origin="anthropic-messages", value="S"))
    conversation = Conversation(
        messages=(
            Message(role="user", parts=(Text(text="a", cache="5m"),)),
            Message(role="assistant", parts=(foreign, Thinking(text="unsigned"), ToolCall(id="c", name="f", arguments=" "))),
            Message(role="user", parts=(ToolResult(call_id="c", parts=(), is_error=True), Text(text="go on"))),
        ),
        seed=1, top_k=5, user="u" * 65, service_tier="standard_only",
    )  # fmt: skip
    body, dropped = written(conversation)
    assert set(dropped) == {"reasoning of another vendor", "cache", "is_error", "seed", "top_k", "user", "service_tier"}
    assert [item["type"] for item in body["input"]] == ["message", "function_call", "function_call_output", "message"]
    assert (body["input"][1]["arguments"], body["input"][2]["output"]) == ("{}", "")
    assert not {"user", "service_tier", "include"} & set(body)


@pytest.mark.parametrize(
    ("conversation", "param"),
    [
        (asked(stop=("x",)), "stop"),
        (asked(choices=2), "n"),
        (asked(frequency_penalty=0.5), "frequency_penalty"),
        (asked(presence_penalty=-1.0), "presence_penalty"),
        (asked(Audio(data="AA", media_type="audio/ogg")), "messages[0]"),
        (asked(File(text="x", has_citations=True)), "messages[0]"),
        (asked(Refusal(text="x")), "messages[0]"),
        (Conversation(messages=(Message(role="system", parts=(Image(url="x"),)),)), "messages[0]"),
        (Conversation(messages=(Message(role="assistant", parts=(Image(url="x"),)),)), "messages[0]"),
        (asked(Image(data="AA")), "messages[0]"),
        (asked(tool_choice=ToolChoice(mode="required")), "tool_choice"),
        (asked(Text(text="\ud800")), None),
    ],
)
def test_what_the_api_cannot_carry_is_refused(conversation: Conversation, param: str | None) -> None:
    with pytest.raises(RequestError) as caught:
        written(conversation)
    assert caught.value.param == param


def test_a_zero_penalty_is_no_penalty() -> None:
    assert "frequency_penalty" not in written(asked(frequency_penalty=0.0))[0]


def test_instructions_alone_stay_in_the_input() -> None:
    body, _ = written(Conversation(messages=(Message(role="system", parts=(Text(text="Be."),)),)))
    assert "instructions" not in body
    assert body["input"][0]["role"] == "system"


def test_a_cited_text_keeps_its_citations() -> None:
    text = Text(text="19%", citations=(Citation(url="https://example.com"), Citation(document=2, title="a.pdf")))
    body, _ = written(Conversation(messages=(Message(role="assistant", parts=(text,)),)))
    assert body["input"][0]["content"][0]["annotations"] == [
        {"type": "url_citation", "url": "https://example.com", "title": "", "start_index": 0, "end_index": 3},
        {"type": "file_citation", "file_id": "document-2", "filename": "a.pdf", "index": 3},
    ]


def test_a_tool_is_strict_only_if_that_was_said() -> None:
    tool = Tool(name="f", schema=msgspec.Raw(b"{}"))
    assert written(asked(tools=(tool,)))[0]["tools"] == [{"type": "function", "name": "f", "parameters": {}, "strict": False}]
