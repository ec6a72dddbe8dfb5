"""A chat completion request in the hub's words: what is carried, what is refused by name, what is dropped by the table."""

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
    Reasoning,
    Refusal,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.values.request import Caller, Terms
from taskfit.wire.openai_chat import read_conversation, read_request
from taskfit.wire.openai_chat.conversations import CARRIED, DROPPED

HI = {"role": "user", "content": "hi"}
FIND = {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
TIME = {"type": "function", "function": {"name": "time", "parameters": {"type": "object"}}}
PATCH = {"type": "custom", "custom": {"name": "patch", "description": "Applies a patch."}}
GRAMMAR = {"type": "grammar", "grammar": {"definition": "start: /a/", "syntax": "lark"}}


def read(*messages: dict[str, Any], **more: Any) -> Conversation:
    body = {"model": "auto", "messages": messages or [HI], **more}
    return read_conversation(
        read_request(json.dumps(body).encode(), request_id="r-1", terms=Terms(), caller=Caller(), headers={})
    )


def parts_of(*content: dict[str, Any], role: str = "user") -> tuple[Any, ...]:
    return read({"role": role, "content": list(content)}).messages[0].parts


def param_of(error: type[RequestError], *messages: dict[str, Any], **more: Any) -> str | None:
    with pytest.raises(error) as refused:
        read(*messages, **more)
    return refused.value.param


def test_every_role_has_its_place() -> None:
    conversation = read(
        {"role": "developer", "content": "Be brief."}, HI,
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "found"}, {"role": "system", "content": "Now in French."},
        {"role": "assistant", "content": [{"type": "text", "text": "Non."}], "refusal": "No."},
    )  # fmt: skip
    assert conversation.messages == (
        Message(role="system", parts=(Text(text="Be brief."),)),
        Message(role="user", parts=(Text(text="hi"),)),
        Message(role="assistant", parts=(ToolCall(id="c", name="f", arguments=""),)),
        Message(role="user", parts=(ToolResult(call_id="c", parts=(Text(text="found"),)),)),
        Message(role="system", parts=(Text(text="Now in French."),)),
        Message(role="assistant", parts=(Text(text="Non."), Refusal(text="No."))),
    )


@pytest.mark.parametrize(("part", "carried"), [
    ({"type": "text", "text": "x"}, Text(text="x")),
    ({"type": "image_url", "image_url": {"url": "https://a", "detail": "low"}}, Image(url="https://a", detail="low")),
    ({"type": "image_url", "image_url": "https://a"}, Image(url="https://a")),
    ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAEC"}}, Image(media_type="image/png", data="AAEC")),
    ({"type": "input_audio", "input_audio": {"data": "AAEC", "format": "mp3"}}, Audio(data="AAEC", media_type="audio/mpeg")),
    ({"type": "input_audio", "input_audio": {"data": "AAEC", "format": "flac"}}, Audio(data="AAEC", media_type="audio/flac")),
    (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
        File(name="a.pdf", media_type="application/pdf", data="JVBE"),
    ),
    (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "JVBE"}},
        File(name="a.pdf", media_type="application/pdf", data="JVBE"),
    ),
    ({"type": "file", "file": {"file_data": "https://a/b.pdf"}}, File(url="https://a/b.pdf")),
    ({"type": "file", "file": {"file_url": "https://a/b.pdf", "filename": "b"}}, File(url="https://a/b.pdf", name="b")),
    ({"type": "refusal", "refusal": "No."}, Refusal(text="No.")),
    ({"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"type": "text", "text": "m"}]}, Thinking(text="hm")),
    ({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}, Text(text="x", cache="5m")),
    ({"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}, Text(text="x", cache="1h")),
    ({"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}, Text(text="x", cache="5m")),
    ({"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}, Text(text="x", cache="1h")),
])  # fmt: skip
def test_every_part_is_carried(part: dict[str, Any], carried: Any) -> None:
    assert parts_of(part) == (carried,)


@pytest.mark.parametrize(("part", "error", "place"), [
    ({"type": "video_url", "video_url": {"url": "x"}}, Unsupported, ""),
    ({"type": "file", "file": {"file_id": "file-1"}}, Unsupported, ".file.file_id"),
    ({"type": "file", "file": {"filename": "a"}}, InvalidRequest, ".file.file_data"),
    ({"type": "file"}, InvalidRequest, ".file"),
    ({"type": "image_url"}, InvalidRequest, ".image_url"),
    ({"type": "image_url", "image_url": {"url": "data:image/png"}}, InvalidRequest, ".image_url"),
    ({"type": "input_audio", "input_audio": {"data": "x"}}, InvalidRequest, ".input_audio.format"),
    ({"type": "text", "text": 5}, InvalidRequest, ".text"),
])  # fmt: skip
def test_a_part_that_cannot_be_carried_is_refused_by_its_place(part: Any, error: type[RequestError], place: str) -> None:
    assert (
        param_of(error, HI, {"role": "user", "content": [{"type": "text", "text": "x"}, part]})
        == f"messages[1].content[1]{place}"
    )


def test_a_mark_on_a_message_is_one_on_its_last_part() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    assert read({**HI, **mark}).messages[0].parts == (Text(text="hi", cache="5m"),)
    two = {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], **mark}
    assert read(two).messages[0].parts == (Text(text="a"), Text(text="b", cache="5m"))


def result_of(message: dict[str, Any]) -> Any:
    return read(HI, {"role": "tool", "tool_call_id": "c", **message}).messages[1].parts[0]


def test_a_result_holds_text_images_and_its_mark() -> None:
    content = [
        {"type": "text", "text": "see", "cache_control": {"type": "ephemeral"}},
        {"type": "image_url", "image_url": {"url": "https://a"}},
    ]
    assert result_of({"content": content}) == ToolResult(
        call_id="c", parts=(Text(text="see"), Image(url="https://a")), cache="5m"
    )
    assert result_of({"content": ""}) == ToolResult(call_id="c", parts=())


def test_a_result_without_a_call_or_with_sound_is_refused() -> None:
    assert param_of(InvalidRequest, HI, {"role": "tool", "content": "x"}) == "messages[1].tool_call_id"
    sound = {"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}}
    assert param_of(Unsupported, HI, {"role": "tool", "tool_call_id": "c", "content": [sound]}) == "messages[1].content"


def assistant(**members: Any) -> tuple[Any, ...]:
    return read(HI, {"role": "assistant", "content": "x", **members}).messages[1].parts


def test_thoughts_and_citations_of_the_history_are_carried() -> None:
    text = Text(text="x")
    assert assistant(reasoning_content="hm") == (Thinking(text="hm"), text)
    assert assistant(reasoning="hm") == (Thinking(text="hm"), text)
    assert assistant(reasoning={"odd": 1}, thinking_blocks=5, annotations="x") == (text,)
    own = Signature(origin="openai-chat", value="S")
    details = [
        {"type": "reasoning.text", "text": "hm", "signature": "S"}, {"type": "reasoning.summary", "summary": "so"},
        {"type": "reasoning.encrypted", "data": "S"},
    ]  # fmt: skip
    assert assistant(reasoning_details=details, reasoning="hm") == (
        Thinking(text="hm", signature=own), Thinking(text="so"), Thinking(is_redacted=True, signature=own), text,
    )  # fmt: skip
    blocks = [{"index": 0, "type": "thinking", "thinking": "hm", "signature": "taskfit:gemini-generate:G", "id": "rs_1"}]
    assert assistant(thinking_blocks=blocks, reasoning_content="hm") == (
        Thinking(text="hm", signature=Signature(origin="gemini-generate", value="G"), id="rs_1"), text,
    )  # fmt: skip
    cited = [{"type": "url_citation", "url_citation": {"url": "https://a", "title": "A", "start_index": 0, "end_index": 1}}]
    assert assistant(annotations=cited) == (Text(text="x", citations=(Citation(url="https://a", title="A", start=0, end=1),)),)
    assert assistant(annotations=[]) == (text,)


def test_a_spoken_answer_of_the_history_is_refused() -> None:
    assert param_of(Unsupported, HI, {"role": "assistant", "audio": {"id": "audio_1"}}) == "messages[1].audio"
    assert assistant(audio=None) == (Text(text="x"),)


def test_calls_of_every_kind_are_calls_of_functions() -> None:
    calls = [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"},
         "extra_content": {"google": {"thought_signature": "taskfit:gemini-generate:G"}}},
        {"id": "b", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}},
    ]  # fmt: skip
    assert assistant(content=None, tool_calls=calls) == (
        ToolCall(id="a", name="f", arguments="{}", signature=Signature(origin="gemini-generate", value="G")),
        ToolCall(id="b", name="patch", arguments='{"input":"*** Begin"}'),
    )
    assert param_of(InvalidRequest, {"role": "assistant", "tool_calls": [{"id": "a"}]}) == "messages[0].tool_calls[0].function"


def test_old_fashioned_functions_are_tools() -> None:
    conversation = read(
        HI, {"role": "assistant", "content": None, "function_call": {"name": "find", "arguments": "{}"}},
        {"role": "function", "name": "find", "content": "found"},
        functions=[FIND["function"]], function_call={"name": "find"},
    )  # fmt: skip
    assert conversation.messages[1].parts == (ToolCall(id="call_1", name="find", arguments="{}"),)
    assert conversation.messages[2].parts == (ToolResult(call_id="call_1", parts=(Text(text="found"),)),)
    assert [tool.name for tool in conversation.tools] == ["find"]
    assert conversation.tool_choice == ToolChoice(mode="named", name="find")
    assert conversation.parallel_tool_calls is False
    assert read(functions=[FIND["function"]], function_call="none").tool_choice == ToolChoice(mode="none")
    assert param_of(InvalidRequest, {"role": "function", "name": "find", "content": "x"}) == "messages[0].name"


def test_an_unknown_role_is_refused() -> None:
    assert param_of(InvalidRequest, HI, {"role": "critic", "content": "x"}) == "messages[1].role"


def test_a_custom_tool_is_a_function_with_one_text_and_its_grammar_is_told_to_be_lost() -> None:
    conversation = read(tools=[{**FIND, "cache_control": {"type": "ephemeral"}}, PATCH])
    assert [(tool.name, tool.description, tool.cache) for tool in conversation.tools] == [
        ("find", None, "5m"), ("patch", "Applies a patch.", None),
    ]  # fmt: skip
    assert msgspec.json.decode(conversation.tools[1].schema)["required"] == ["input"]
    assert conversation.dropped == ()
    bound = {"type": "custom", "custom": {"name": "patch", "format": GRAMMAR}}
    assert read(tools=[bound]).dropped == ("tools[].format",)


@pytest.mark.parametrize(("choice", "carried"), [
    ("auto", ToolChoice(mode="auto")), ("none", ToolChoice(mode="none")), ("required", ToolChoice(mode="required")), (None, None),
    ({"type": "function", "function": {"name": "find"}}, ToolChoice(mode="named", name="find")),
    ({"type": "custom", "custom": {"name": "patch"}}, ToolChoice(mode="named", name="patch")),
])  # fmt: skip
def test_every_choice_of_a_tool_is_carried(choice: Any, carried: ToolChoice | None) -> None:
    assert read(tools=[FIND, PATCH], tool_choice=choice).tool_choice == carried


def test_only_the_allowed_tools_are_offered() -> None:
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "time"}}]}
    conversation = read(tools=[FIND, TIME], tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert [tool.name for tool in conversation.tools] == ["time"]
    assert conversation.tool_choice == ToolChoice(mode="required")


def test_a_call_that_is_asked_for_without_a_tool_is_refused() -> None:
    unknown = {"mode": "required", "tools": [{"type": "function", "function": {"name": "other"}}]}
    wanted = {"type": "allowed_tools", "allowed_tools": unknown}
    assert param_of(InvalidRequest, tools=[FIND], tool_choice=wanted) == "tool_choice"
    assert param_of(InvalidRequest, tool_choice="required") == "tool_choice"
    assert read(tool_choice="auto").tool_choice == ToolChoice(mode="auto")


def test_tools_and_choices_that_are_the_vendors_own_are_refused() -> None:
    assert param_of(Unsupported, tools=[FIND, {"type": "web_search"}]) == "tools[1]"
    assert param_of(Unsupported, tools=[FIND], tool_choice="any") == "tool_choice"
    assert param_of(Unsupported, tools=[FIND], tool_choice={"type": "web_search"}) == "tool_choice"
    assert param_of(Unsupported, response_format={"type": "grammar"}) == "response_format.type"


def test_settings_are_carried() -> None:
    conversation = read(
        max_completion_tokens=9, temperature=1, top_p=0.5, top_k=4, stop="END", seed=7, n=2, frequency_penalty=0.5,
        presence_penalty=-1, logprobs=True, top_logprobs=3, parallel_tool_calls=False, service_tier="flex", user="u",
        tools=[FIND],
    )  # fmt: skip
    assert conversation == msgspec.structs.replace(
        read(tools=[FIND]), max_output_tokens=9, temperature=1.0, top_p=0.5, top_k=4, stop=("END",), seed=7, choices=2,
        frequency_penalty=0.5, presence_penalty=-1.0, logprobs=3, parallel_tool_calls=False, service_tier="flex", user="u",
    )  # fmt: skip


def test_values_that_ask_for_nothing_are_not_said() -> None:
    assert read(
        n=1, frequency_penalty=0, presence_penalty=0.0, logprobs=False, top_logprobs=None, modalities=["text"], logit_bias={},
        stop=None, tools=None, response_format={"type": "text"}, audio=None, stream=False,
    ) == read()  # fmt: skip


def test_probabilities_without_alternatives_are_asked_for() -> None:
    assert read(logprobs=True).logprobs == 0


@pytest.mark.parametrize(("said", "carried"), [
    ({"reasoning_effort": "xhigh"}, Reasoning(effort="xhigh")),
    ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, Reasoning(budget_tokens=2000)),
    ({"thinking": {"type": "enabled"}}, Reasoning(is_adaptive=True)),
    ({"thinking": {"type": "adaptive"}, "reasoning_effort": "low"}, Reasoning(effort="low", is_adaptive=True)),
    ({"thinking": {"type": "disabled"}}, Reasoning(effort="none")),
    ({"reasoning": {"effort": "low", "exclude": True}}, Reasoning(effort="low", is_shown=False)),
    ({"reasoning": {"max_tokens": 3000}}, Reasoning(budget_tokens=3000)),
    ({"reasoning": {"enabled": False}}, Reasoning(effort="none")),
    ({"reasoning_effort": None}, None),
])  # fmt: skip
def test_reasoning_is_carried_in_the_forms_that_clients_send(said: dict[str, Any], carried: Reasoning | None) -> None:
    assert read(**said).reasoning == carried


def test_reasoning_that_nobody_can_know_is_refused() -> None:
    assert param_of(InvalidRequest, reasoning_effort="huge") == "reasoning_effort"
    assert param_of(InvalidRequest, thinking={"type": "enabled", "budget_tokens": -1}) == "thinking.budget_tokens"
    assert param_of(InvalidRequest, reasoning_effort=5) == "reasoning_effort"


def test_the_end_user_is_known_by_either_field() -> None:
    assert read(user="u").user == "u"
    assert read(safety_identifier="s", user="u").user == "s"


def test_what_changes_nothing_is_dropped_and_named() -> None:
    said = {"metadata": {"a": "b"}, "store": True, "prompt_cache_key": "k", "verbosity": "low", "prediction": {"type": "content"}}
    assert read({**HI, "name": "Ann"}, **said).dropped == (*said, "messages[].name")
    assert set(read(**said).dropped) <= set(DROPPED)
    assert all(DROPPED.values())
    assert CARRIED.isdisjoint(DROPPED)


@pytest.mark.parametrize(("name", "value"), [
    ("logit_bias", {"50256": -100}), ("modalities", ["text", "audio"]), ("audio", {"voice": "alloy"}), ("web_search_options", {}),
    ("moderation", {"model": "m"}), ("x_vendor", 1), ("min_p", 0.1),
])  # fmt: skip
def test_what_changes_the_answer_is_refused_by_name(name: str, value: Any) -> None:
    assert param_of(Unsupported, **{name: value}) == name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([
            "type", "text", "role", "content", "tool_calls", "function", "name", "custom", "id", "image_url", "url", "file",
            "thinking_blocks", "reasoning_details", "annotations", "audio", "cache_control", "ttl", "json_schema", "tools",
        ]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip
ROLES = st.sampled_from(["system", "user", "assistant", "tool", "function", "developer"])
FIELDS = st.sampled_from(sorted(CARRIED - {"model", "messages"}))


@given(
    messages=st.lists(st.tuples(ROLES, st.dictionaries(st.text(max_size=3), JSON, max_size=1) | JSON), max_size=3),
    more=st.dictionaries(FIELDS, JSON, max_size=3),
)
def test_no_values_crash_the_reader(messages: list[tuple[str, Any]], more: dict[str, Any]) -> None:
    turns = [{**(rest if isinstance(rest, dict) else {"content": rest}), "role": role} for role, rest in messages]
    try:
        read(*turns, **more)
    except RequestError as error:
        assert error.caller_text  # noqa: PT017  # what is drawn may be sound
