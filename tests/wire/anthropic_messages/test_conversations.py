"""What a client's Messages request is in the hub's words: carried, refused, or dropped by name."""

import json
from typing import Any

import pytest

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import (
    Citation,
    File,
    Image,
    Message,
    OutputSchema,
    Reasoning,
    Signature,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.wire.anthropic_messages import read_conversation
from taskfit.wire.anthropic_messages.conversations import DROPPED
from tests.wire.anthropic_messages.asking import asked, counted, crossing, crossing_blocks, refused
from tests.wire.anthropic_messages.test_requests import CLAUDE_CODE

READ = {"name": "Read", "input_schema": {"type": "object"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
FIVE = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}


def test_what_is_not_said_is_not_said_in_the_hub() -> None:
    conversation = crossing()
    assert conversation.messages == (Message(role="user", parts=(Text(text="Hello"),)),)
    assert (conversation.max_output_tokens, conversation.temperature, conversation.reasoning) == (100, None, None)
    assert (conversation.tools, conversation.tool_choice, conversation.output, conversation.dropped) == ((), None, None, ())


def test_what_is_said_is_carried() -> None:
    conversation = crossing(
        temperature=0.5, top_p=0.9, top_k=4, stop_sequences=["END"], metadata={"user_id": "u"}, service_tier="standard_only",
        output_config={"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
    )  # fmt: skip
    assert (conversation.temperature, conversation.top_p, conversation.top_k) == (0.5, 0.9, 4)
    assert (conversation.stop, conversation.user, conversation.service_tier) == (("END",), "u", "default")
    assert conversation.reasoning == Reasoning(effort="low")
    assert conversation.output is not None
    assert (bytes(conversation.output.schema or b""), conversation.output.is_strict) == (b'{"type": "object"}', True)


def test_a_count_of_tokens_crosses_too() -> None:
    assert read_conversation(counted()).max_output_tokens is None


def test_what_claude_code_sends_crosses() -> None:
    conversation = read_conversation(asked(**CLAUDE_CODE))
    assert [message.role for message in conversation.messages] == ["system", "user", "assistant", "user", "system"]
    assert conversation.messages[0].parts == (Text(text="You are a tool.", cache="5m"), Text(text="Be brief.", cache="1h"))
    assert conversation.messages[2].parts == (
        Thinking(text="Hm.", signature=Signature(origin="anthropic-messages", value="EqQ")),
        ToolCall(id="toolu_1", name="Read", arguments='{"path": "a.txt"}'),
    )
    assert conversation.reasoning == Reasoning(effort="high", is_adaptive=True, is_shown=False)
    assert [tool.name for tool in conversation.tools] == ["Read"]
    assert conversation.dropped == ("context_management", "tools.eager_input_streaming", "tools[1] (web_search)")


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "text", "text": "Hi", "cache_control": HOUR}, Text(text="Hi", cache="1h")),
        ({"type": "text", "text": "Hi", "citations": None, "cache_control": None}, Text(text="Hi")),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}, "cache_control": FIVE},
            Image(data="iVBO", media_type="image/png", cache="5m"),
        ),
        ({"type": "image", "source": {"type": "url", "url": "https://a.example"}}, Image(url="https://a.example")),
        (
            {
                "type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
                "title": "a.pdf", "citations": {"enabled": True}, "cache_control": FIVE,
            },
            File(data="JVBE", media_type="application/pdf", name="a.pdf", has_citations=True, cache="5m"),
        ),
        ({"type": "document", "source": {"type": "url", "url": "https://a.example"}}, File(url="https://a.example")),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Hi"}},
            File(text="Hi", media_type="text/plain"),
        ),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": word} for word in "ab"]}},
            File(text="a\nb", media_type="text/plain"),
        ),
        (
            {"type": "search_result", "source": "kb:1", "title": "T", "content": [{"type": "text", "text": "Found"}]},
            File(text="Found", media_type="text/plain", name="T"),
        ),
        ({"type": "thinking", "thinking": "Hm", "signature": ""}, Thinking(text="Hm")),
        (
            {"type": "thinking", "thinking": "Hm", "signature": "taskfit:gemini-generate:Cg"},
            Thinking(text="Hm", signature=Signature(origin="gemini-generate", value="Cg")),
        ),
        ({"type": "thinking", "thinking": "Hm", "signature": "taskfit:openai-chat:"}, Thinking(text="Hm")),
        (
            {"type": "redacted_thinking", "data": "Emw"},
            Thinking(is_redacted=True, signature=Signature(origin="anthropic-messages", value="Emw")),
        ),
        ({"type": "tool_use", "id": "t", "name": "now", "input": {}}, ToolCall(id="t", name="now", arguments="{}")),
        ({"type": "tool_result", "tool_use_id": "t"}, ToolResult(call_id="t", parts=())),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": "12:00", "is_error": True, "cache_control": FIVE},
            ToolResult(call_id="t", parts=(Text(text="12:00"),), is_error=True, cache="5m"),
        ),
    ],
)  # fmt: skip
def test_a_block_is_carried(block: Any, part: object) -> None:
    assert crossing_blocks(block).parts == (part,)


def test_a_result_holds_texts_images_files_and_names_of_tools() -> None:
    content = [
        {"type": "text", "text": "See"},
        {"type": "image", "source": {"type": "url", "url": "https://a.example"}},
        {"type": "document", "source": {"type": "text", "data": "x"}, "context": "From the archive."},
        {"type": "tool_reference", "tool_name": "Read"},
    ]
    (result,) = crossing_blocks({"type": "tool_result", "tool_use_id": "t", "content": content}).parts
    assert isinstance(result, ToolResult)
    assert result.parts == (
        Text(text="See"),
        Image(url="https://a.example"),
        Text(text="From the archive."),
        File(text="x", media_type="text/plain"),
        Text(text="Read"),
    )


def test_citations_of_the_history_are_carried() -> None:
    citation = {"type": "web_search_result_location", "url": "https://a.example", "title": None, "cited_text": "a"}
    (part,) = crossing_blocks({"type": "text", "text": "x", "citations": [citation]}, role="assistant").parts
    assert part == Text(text="x", citations=(Citation(url="https://a.example", quote="a"),))


def test_the_signature_of_a_call_comes_back_to_its_call() -> None:
    hidden = {"type": "redacted_thinking", "data": "taskfit:gemini-generate:call:Cg=="}
    call = {"type": "tool_use", "id": "t", "name": "now", "input": {}}
    message = crossing_blocks({"type": "text", "text": "x"}, hidden, call, {**call, "id": "u"}, role="assistant")
    signature = Signature(origin="gemini-generate", value="Cg==")
    assert message.parts == (
        Text(text="x"),
        ToolCall(id="t", name="now", arguments="{}", signature=signature),
        ToolCall(id="u", name="now", arguments="{}"),
    )


@pytest.mark.parametrize(
    ("block", "param"),
    [
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, "messages[0].content[0].source"),
        ({"type": "document", "source": {"type": "file", "file_id": "f"}}, "messages[0].content[0].source"),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": {}}]}},
            "messages[0].content[0].source.content[0]",
        ),
        ({"type": "container_upload", "file_id": "f"}, "messages[0].content[0]"),
        ({"type": "server_tool_use", "id": "s", "name": "code_execution", "input": {}}, "messages[0].content[0]"),
        ({"type": "code_execution_tool_result", "tool_use_id": "s", "content": {}}, "messages[0].content[0]"),
        ({"type": "mcp_tool_use", "id": "s", "name": "x", "server_name": "y", "input": {}}, "messages[0].content[0]"),
        ({"type": "compaction", "content": "Long ago"}, "messages[0].content[0]"),
        ({"type": "a_block_of_next_year", "text": 7, "name": 7}, "messages[0].content[0]"),
        (
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "browser_state", "tabs": []}]},
            "messages[0].content[0].content[0]",
        ),
    ],
)
def test_a_block_that_cannot_cross_is_refused_with_its_place(block: Any, param: str) -> None:
    error = refused(messages=[{"role": "user", "content": [block]}])
    assert type(error) is Unsupported
    assert error.param == param


@pytest.mark.parametrize(
    ("block", "param"),
    [
        ({"text": "Hi"}, "messages[0].content[0].type"),
        ({"type": "image"}, "messages[0].content[0].source"),
        ({"type": "image", "source": {"type": "base64", "data": "x"}}, "messages[0].content[0].source.media_type"),
        ({"type": "image", "source": {"type": "url"}}, "messages[0].content[0].source.url"),
        ({"type": "tool_use", "name": "x"}, "messages[0].content[0].id"),
        ({"type": "tool_result", "content": "x"}, "messages[0].content[0].tool_use_id"),
        ({"type": "redacted_thinking"}, "messages[0].content[0].data"),
        ({"type": "text", "text": "x", "cache_control": {"ttl": "1d"}}, "messages[0].content[0].cache_control.ttl"),
    ],
)  # fmt: skip
def test_a_block_that_is_wrong_is_named(block: Any, param: str) -> None:
    error = refused(messages=[{"role": "user", "content": [block]}])
    assert type(error) is InvalidRequest
    assert error.param == param


def test_the_vendors_own_searches_are_left_out_of_the_history() -> None:
    conversation = crossing(
        messages=[
            {"role": "user", "content": "How long is the Rhine?"},
            {
                "role": "assistant",
                "content": [
                    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "rhine"}},
                    {"type": "web_search_tool_result", "tool_use_id": "s", "content": {"type": "error"}},
                    {"type": "text", "text": "1,230 km."},
                ],
            },
        ]
    )
    assert conversation.messages[1].parts == (Text(text="1,230 km."),)
    assert conversation.dropped == ("server_tool_use", "web_search_tool_result")


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({"thinking": {"type": "disabled"}}, Reasoning(effort="none")),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, Reasoning(budget_tokens=2000)),
        ({"thinking": {"type": "adaptive", "display": "summarized"}}, Reasoning(is_adaptive=True, is_shown=True)),
        ({"thinking": {"type": "between_tools"}}, Reasoning(is_adaptive=True)),
        ({"output_config": {"effort": "max"}}, Reasoning(effort="max")),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2000}, "output_config": {"effort": "low"}},
            Reasoning(effort="low", budget_tokens=2000),
        ),
        ({"thinking": None}, None),
    ],
)
def test_thinking_and_effort_are_carried(fields: Any, reasoning: Reasoning | None) -> None:
    assert crossing(**fields).reasoning == reasoning


def test_tools_are_carried_with_their_schema_byte_for_byte() -> None:
    tool = {"type": "custom", "name": "x", "description": "X.", "input_schema": {"a": 1.0}, "strict": True, "cache_control": HOUR}
    (found,) = crossing(tools=[tool]).tools
    assert (found.name, found.description, found.is_strict, found.cache) == ("x", "X.", True, "1h")
    assert bytes(found.schema) == b'{"a": 1.0}'


def test_a_tool_without_a_schema_takes_no_arguments() -> None:
    assert json.loads(bytes(crossing(tools=[{"name": "x"}]).tools[0].schema)) == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("choice", "expected", "is_parallel"),
    [
        ({"type": "auto"}, ToolChoice(mode="auto"), None),
        ({"type": "none"}, ToolChoice(mode="none"), None),
        ({"type": "any", "disable_parallel_tool_use": True}, ToolChoice(mode="required"), False),
        ({"type": "tool", "name": "Read", "disable_parallel_tool_use": False}, ToolChoice(mode="named", name="Read"), True),
    ],
)
def test_the_choice_of_tools_is_carried(choice: Any, expected: ToolChoice, is_parallel: bool | None) -> None:
    conversation = crossing(tools=[READ], tool_choice=choice)
    assert (conversation.tool_choice, conversation.parallel_tool_calls) == (expected, is_parallel)


def test_members_of_tools_without_a_place_are_dropped_by_name_once() -> None:
    tools = [{**READ, "name": name, "defer_loading": True, "allowed_callers": ["direct"]} for name in ("a", "b")]
    assert crossing(tools=tools).dropped == ("tools.defer_loading",)


@pytest.mark.parametrize("kind", ["bash_20250124", "computer_20251124", "code_execution_20260521", "mcp_toolset", "next_year"])
def test_a_tool_of_the_vendor_that_changes_what_is_asked_is_refused(kind: str) -> None:
    error = refused(tools=[READ, {"type": kind, "name": "x"}])
    assert type(error) is Unsupported
    assert error.param == "tools[1]"


def test_a_call_that_is_forced_on_a_dropped_tool_is_refused() -> None:
    assert refused(tools=[SEARCH], tool_choice={"type": "any"}).param == "tool_choice"
    assert refused(tools=[READ, SEARCH], tool_choice={"type": "tool", "name": "web_search"}).param == "tool_choice"
    assert crossing(tools=[READ, SEARCH], tool_choice={"type": "any"}).tool_choice == ToolChoice(mode="required")
    assert crossing(tools=[SEARCH]).tools == ()


def change(kind: str, tool: Any) -> Any:
    return {"role": "system", "content": [{"type": kind, "tool": tool}]}


def test_tools_that_come_and_go_on_the_way_are_those_of_the_end() -> None:
    defined = {"type": "tool_definition", "definition": {"name": "New", "input_schema": {"type": "object"}}}
    conversation = crossing(
        tools=[READ, {"name": "Old"}, {"name": "Back"}],
        messages=[
            {"role": "user", "content": "Hi"},
            change("tool_removal", {"type": "tool_reference", "name": "Old"}),
            change("tool_removal", {"type": "tool_reference", "name": "Back"}),
            change("tool_addition", {"type": "tool_reference", "name": "Back"}),
            change("tool_addition", defined),
        ],
    )
    assert [tool.name for tool in conversation.tools] == ["Read", "Back", "New"]
    assert len(conversation.messages) == 1
    assert all(isinstance(tool, Tool) for tool in conversation.tools)


def test_a_change_of_tools_that_cannot_cross_is_refused() -> None:
    removal = change("tool_removal", {"type": "mcp_toolset_reference", "server_name": "s"})
    assert refused(messages=[{"role": "user", "content": "Hi"}, removal]).param == "messages[1].content[0].tool"


def test_a_late_word_of_the_system_may_hold_for_one_turn() -> None:
    gone = {"role": "system", "content": "Now.", "clear_at": "next_user_message", "output_config": {"effort": "low"}}
    user = {"role": "user", "content": "Hi"}
    assert [message.role for message in crossing(messages=[user, gone, user]).messages] == ["user", "user"]
    kept = crossing(messages=[user, gone])
    assert [message.role for message in kept.messages] == ["user", "system"]
    assert kept.dropped == ("messages.output_config",)


@pytest.mark.parametrize("content", [[{"type": "image", "source": {}}], [{"type": "tool_use", "id": "t", "name": "n"}]])
def test_instructions_are_text(content: Any) -> None:
    assert refused(messages=[{"role": "user", "content": "Hi"}, {"role": "system", "content": content}]).param is not None
    assert refused(system=content).param is not None


def test_a_speaker_that_nobody_knows_is_refused() -> None:
    assert refused(messages=[{"role": "critic", "content": "Hi"}]).param == "messages[0].role"


@pytest.mark.parametrize("name", [name for name in DROPPED if "." not in name])
def test_what_the_table_drops_is_reported(name: str) -> None:
    assert crossing(**{name: {"x": 1}}).dropped == (name,)
    assert crossing(**{name: None}).dropped == ()


def test_a_budget_for_a_task_is_reported() -> None:
    assert crossing(output_config={"task_budget": {"total": 5}}).dropped == ("output_config.task_budget",)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"container": {"skills": [{"skill_id": "pdf"}]}}, "container"),
        ({"mcp_servers": [{"url": "https://a.example"}]}, "mcp_servers"),
        ({"inference_geo": "us"}, "inference_geo"),
        ({"thread": {"id": "t"}}, "thread"),
        ({"a_field_of_next_year": 0}, "a_field_of_next_year"),
        ({"output_config": {"a_member_of_next_year": 0}}, "output_config.a_member_of_next_year"),
        ({"output_config": {"format": {"type": "grammar"}}}, "output_config.format"),
        ({"output_config": {"effort": "utmost"}}, "output_config.effort"),
        ({"thinking": {"type": "a_mode_of_next_year"}}, "thinking.type"),
        ({"thinking": {"type": "enabled", "budget_tokens": "many"}}, "thinking.budget_tokens"),
        ({"tools": [READ], "tool_choice": {"type": "a_choice_of_next_year"}}, "tool_choice.type"),
        ({"tools": [READ], "tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
        ({"max_tokens": 0}, "max_tokens"),
    ],
)
def test_what_cannot_cross_is_refused_by_name(fields: Any, param: str) -> None:
    assert refused(**fields).param == param


def test_fields_that_ask_for_nothing_cross() -> None:
    assert crossing(container=None, mcp_servers=[], inference_geo="global", stream=False, tools=[], thinking=None).dropped == ()


def test_the_older_place_of_the_output_schema_is_read() -> None:
    found = crossing(output_format={"type": "json_schema", "schema": {"type": "object"}}).output
    assert isinstance(found, OutputSchema)
    assert found.is_strict
