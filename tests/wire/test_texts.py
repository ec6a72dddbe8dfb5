"""Texts of a request are changed where they stand, each once, and nothing else is."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskfit.errors import InvalidRequest
from taskfit.values.answer import Answer, Choice
from taskfit.values.conversation import (
    Citation,
    Conversation,
    File,
    Image,
    Message,
    Part,
    Refusal,
    Signature,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from taskfit.values.request import Caller, Dialect, Request, Terms
from taskfit.wire import anthropic_messages, gemini_embeddings, gemini_generate, openai_chat, openai_embeddings, openai_responses
from taskfit.wire.dialects import conversation_of
from taskfit.wire.texts import map_answer, map_labels, map_texts, mapped_bytes, prompt_place, with_instructions, with_prompt
from tests.wire.anthropic_messages.test_round_trips import CARRIED as MESSAGES
from tests.wire.conversations import Subset, conversations
from tests.wire.gemini_generate.test_conversations import SUBSET as GEMINI
from tests.wire.openai_chat.test_identity import SUBSET as CHAT
from tests.wire.openai_responses.test_conversations import SUBSET as RESPONSES

WHO: dict[str, Any] = {"request_id": "r", "terms": Terms(), "caller": Caller(), "headers": {}}
STRUCTURE = frozenset({"output", "result", "error", "input"})
"""Names under which vendors put a tool's whole answer."""

PICTURE = "iVBORw0KGgo="


def read(dialect: Dialect, body: bytes) -> Request:
    match dialect:
        case "openai-chat":
            return openai_chat.read_request(body, **WHO)
        case "openai-responses":
            return openai_responses.read_request(body, **WHO)
        case "anthropic-messages":
            return anthropic_messages.read_request(body, **WHO)
        case "openai-embeddings":
            return openai_embeddings.read_request(body, **WHO)
        case "gemini-embeddings":
            return gemini_embeddings.read_request(body, **WHO, model="m", method="embedContent")
        case _:
            return gemini_generate.read_request(body, **WHO, model="m", is_stream=False)


def request_of(dialect: Dialect, **fields: Any) -> Request:
    said = {"model": "m", **fields} if dialect != "gemini-generate" else fields
    return read(dialect, json.dumps({"max_tokens": 9, **said} if dialect == "anthropic-messages" else said).encode())


def body_of(request: Request) -> dict[str, Any]:
    return {name: json.loads(bytes(raw)) for name, raw in request.fields.items()}


def mark(text: str) -> str:
    return text if text in STRUCTURE or not text else f"{text}!"


def seen_in(request: Request) -> list[str]:
    seen: list[str] = []

    def look(text: str) -> str:
        seen.append(text)
        return text

    assert map_texts(request, look) is request
    return seen


# What conversations hold, in the hub's words


def drawn_requests(dialect: Dialect, subset: Subset) -> st.SearchStrategy[Request]:
    return conversations(subset).map(lambda conversation: read(dialect, written(dialect, conversation)))


def written(dialect: Dialect, conversation: Conversation) -> bytes:
    match dialect:
        case "openai-chat":
            return openai_chat.write_conversation(
                conversation, model="m", is_stream=False, max_tokens_field="max_tokens", keeps_reasoning=True, keeps_cache=True,
                takes_top_k=True,
            ).body  # fmt: skip
        case "openai-responses":
            return openai_responses.write_conversation(conversation, model="m", is_stream=False).body
        case "anthropic-messages":
            return anthropic_messages.write_conversation(conversation, model="m", is_stream=False).body
        case _:
            return gemini_generate.write_conversation(conversation, model="gemini-3-pro", is_stream=False).body


def marked(message: Message, dialect: Dialect) -> Message:
    return msgspec.structs.replace(message, parts=tuple([marked_part(part, dialect) for part in message.parts]))


def marked_part(part: Any, dialect: Dialect) -> Part:
    match part:
        case Text() | Refusal():
            part = msgspec.structs.replace(part, text=mark(part.text))
        case Thinking(text=text) if text:
            part = msgspec.structs.replace(part, text=mark(text))
        case ToolCall(arguments=arguments):
            part = msgspec.structs.replace(part, arguments=marked_json(json.loads(arguments)))
        case ToolResult(parts=parts):
            part = msgspec.structs.replace(part, parts=tuple([marked_part(inner, dialect) for inner in parts]))
        case File(text=text, name=name) if dialect == "anthropic-messages":   # which calls a name a title
            part = msgspec.structs.replace(part, text=text and mark(text), name=name and mark(name))
        case _:
            pass
    whole: Part = part
    return whole


def marked_json(value: Any) -> Any:
    match value:
        case str():
            return mark(value)
        case list():
            return [marked_json(inner) for inner in value]
        case dict():
            return {mark(name): marked_json(inner) for name, inner in value.items()}
        case _:
            return value


def parsed(message: Message) -> Message:
    """With the arguments of calls as values, since spaces in them do not count."""
    parts: list[Any] = [
        msgspec.structs.replace(part, arguments=json.loads(part.arguments)) if isinstance(part, ToolCall) else part
        for part in message.parts
    ]
    return msgspec.structs.replace(message, parts=tuple(parts))


@pytest.mark.parametrize(
    ("dialect", "subset"),
    [("openai-chat", CHAT), ("openai-responses", RESPONSES), ("anthropic-messages", MESSAGES), ("gemini-generate", GEMINI)],
    ids=["chat", "responses", "messages", "gemini"],
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(data=st.data())
def test_every_text_of_a_conversation_is_changed_once_and_nothing_else_is(
    dialect: Dialect, subset: Subset, data: st.DataObject
) -> None:
    request = data.draw(drawn_requests(dialect, subset))
    seen_in(request)   # a change that changes nothing gives the very request
    changed = map_texts(request, mark)
    assert [parsed(message) for message in conversation_of(changed).messages] == [
        marked(message, dialect) for message in conversation_of(request).messages
    ]
    held = {"messages", "system", "input", "instructions", "contents", "systemInstruction"}
    assert {name: raw for name, raw in changed.fields.items() if name not in held} == {
        name: raw for name, raw in request.fields.items() if name not in held
    }


# What stands where, dialect by dialect

CHAT_BODY: dict[str, Any] = {
    "messages": [
        {"role": "developer", "content": "a", "name": "Dev"},
        {"role": "user", "content": [
            {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}},
            {"type": "image_url", "image_url": {"url": "https://x.test/a@b.png", "detail": "low"}},
            {"type": "input_audio", "input_audio": {"data": PICTURE, "format": "wav"}},
            {"type": "file", "file": {"file_data": PICTURE, "filename": "a@b.pdf"}},
            {"type": "brand_new", "caption": "c", "weight": 1.50},
        ]},
        {"role": "assistant", "content": None, "refusal": "d", "reasoning_content": "e",
         "thinking_blocks": [{"type": "thinking", "thinking": "e", "signature": "sig"},
                             {"type": "redacted_thinking", "data": "opaque"}],
         "reasoning_details": [{"type": "reasoning.encrypted", "data": "opaque", "id": "x"}],
         "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "save", "arguments": '{"f":["g",1.50],"name":"h"}'},
             "extra_content": {"google": {"thought_signature": "sig"}}},
            {"id": "call_2", "type": "custom", "custom": {"name": "shell", "input": "i"}},
            {"id": "call_3", "type": "function", "function": {"name": "save", "arguments": "{broken"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "j"},
    ],
    "prediction": {"type": "content", "content": "k"},
    "user": "user-1", "metadata": {"l": "m"}, "stop": ["n"],
    "tools": [{"type": "function", "function": {"name": "save", "description": "o", "parameters": {"type": "object"}}}],
}  # fmt: skip
RESPONSES_BODY: dict[str, Any] = {
    "instructions": "a",
    "prompt": {"id": "pmpt_1", "version": "2", "variables": {"name": "b", "picture": {"type": "input_text", "text": "c"}}},
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "d"}, {"type": "input_image", "image_url": "data:x"},
                                     {"type": "input_file", "file_data": PICTURE, "filename": "f"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "e"}], "encrypted_content": "opaque"},
        {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content": [
            {"type": "output_text", "text": "f", "annotations": [{"type": "url_citation", "url": "https://x", "title": "g"}]}]},
        {"type": "function_call", "call_id": "c1", "name": "save", "arguments": '{"h":"i"}', "id": "fc_1"},
        {"type": "function_call_output", "call_id": "c1", "output": "j"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "shell", "input": "k"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "l"}]},
        {"type": "local_shell_call", "call_id": "c3", "action": {"type": "exec", "command": ["m"], "env": {"n": "o"}}},
        {"type": "image_generation_call", "id": "ig_1", "result": PICTURE, "revised_prompt": "p"},
        {"type": "mcp_list_tools", "server_label": "s", "tools": [{"name": "t", "input_schema": {}}]},
    ],
    "metadata": {"q": "r"},
}  # fmt: skip
MESSAGES_BODY: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": [
            {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}},
            {"type": "document", "title": "c", "context": "d", "citations": {"enabled": True},
             "source": {"type": "text", "media_type": "text/plain", "data": "e"}},
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "f"}]}},
            {"type": "document", "source": {"type": "url", "url": "https://x.test/a@b.pdf"}},
            {"type": "search_result", "source": "https://x.test", "title": "g", "content": [{"type": "text", "text": "h"}]}]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "i", "signature": "sig"}, {"type": "redacted_thinking", "data": "opaque"},
            {"type": "text", "text": "j", "citations": [{"type": "char_location", "cited_text": "k", "document_index": 0,
                                                         "document_title": "l", "start_char_index": 0, "end_char_index": 1}]},
            {"type": "tool_use", "id": "toolu_1", "name": "save", "input": {"name": "m", "id": ["n", 1.50]}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True, "content": [{"type": "text", "text": "o"}]},
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": "p"}]},
    ],
    "system": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}],
    "metadata": {"user_id": "q"},
}  # fmt: skip
GEMINI_BODY: dict[str, Any] = {
    "contents": [
        {"role": "user", "parts": [{"text": "b"}, {"inlineData": {"mimeType": "image/png", "data": PICTURE}},
                                   {"file_data": {"mime_type": "image/png", "file_uri": "https://x.test"}}]},
        {"role": "model", "parts": [{"text": "c", "thought": True, "thoughtSignature": "sig"},
                                    {"function_call": {"id": "1", "name": "save", "args": {"name": "d"}}},
                                    {"executableCode": {"language": "PYTHON", "code": "e"}},
                                    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "f"}}]},
        {"parts": {"functionResponse": {"id": "1", "name": "save", "response": {"name": "g", "h": [1.50]}}}},
    ],
    "system_instruction": {"parts": [{"text": "a"}]},
    "cachedContent": "cachedContents/1",
}  # fmt: skip
BODIES: list[tuple[Dialect, dict[str, Any], list[str]]] = [
    ("openai-chat", CHAT_BODY, ["a", "b", "c", "d", "e", "e", "f", "g", "name", "h", "i", "{broken", "j", "k"]),
    ("openai-responses", RESPONSES_BODY, [
        "a", "name", "b", "picture", "type", "input_text", "text", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n",
        "o", "p",
    ]),
    ("anthropic-messages", MESSAGES_BODY, [
        "a", "b", "c", "d", "e", "f", "https://x.test", "g", "h", "i", "j", "k", "l", "name", "m", "id", "n", "o", "p",
    ]),
    ("gemini-generate", GEMINI_BODY, ["a", "b", "c", "name", "d", "e", "f", "name", "g", "h"]),
    ("openai-embeddings", {"input": ["a", "b"], "user": "u"}, ["a", "b"]),
    ("gemini-embeddings", {"content": {"parts": [{"text": "b"}]}, "title": "a", "taskType": "X"}, ["a", "b"]),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "body", "texts"), BODIES)
def test_the_texts_are_seen_in_reading_order_instructions_first(
    dialect: Dialect, body: Mapping[str, Any], texts: list[str]
) -> None:
    assert seen_in(request_of(dialect, **body)) == texts


@pytest.mark.parametrize(("dialect", "body", "texts"), BODIES)
def test_what_is_no_text_stays_as_it_was(dialect: Dialect, body: Mapping[str, Any], texts: list[str]) -> None:
    request = request_of(dialect, **body)
    changed = map_texts(map_texts(request, lambda text: f"§{text}"), lambda text: text.removeprefix("§"))
    assert changed is not request
    assert body_of(changed) == {**body_of(request)}


@pytest.mark.parametrize(("dialect", "body", "texts"), BODIES)
def test_the_outline_is_that_of_the_changed_body(dialect: Dialect, body: Mapping[str, Any], texts: list[str]) -> None:
    changed = map_texts(request_of(dialect, **body), lambda text: f"{text}{text}")
    assert changed.outline == read(dialect, msgspec.json.encode(dict(changed.fields))).outline


@pytest.mark.parametrize(
    ("dialect", "fields"),
    [
        ("openai-chat", {"messages": [{"role": "user", "content": "a", "name": "§"},
                                      {"role": "function", "name": "f", "content": "b"}],
                         "user": "§", "safety_identifier": "§", "metadata": {"k": "§", "o": "§"}}),
        ("openai-responses", {"input": "a", "user": "§", "metadata": {"k": "§"}}),
        ("anthropic-messages", {"messages": [{"role": "user", "content": "a"}], "metadata": {"user_id": "§"}}),
    ],
)  # fmt: skip
def test_what_says_who_asks_is_changed_beside_the_conversation(dialect: Dialect, fields: Mapping[str, Any]) -> None:
    request = request_of(dialect, **fields)
    changed = map_labels(request, lambda text: "[1]" if text == "§" else f"{text}!")
    assert json.dumps(body_of(changed)) == json.dumps(body_of(request)).replace(json.dumps("§"), '"[1]"')
    assert map_labels(request, lambda text: text) is request


def test_how_much_is_gone_over_is_the_bytes_of_the_fields_with_texts() -> None:
    request = request_of("openai-responses", input="abcd", user="abc", stop=["x" * 1_000])
    assert mapped_bytes(request) == len('"abcd""abc"')


def test_numbers_keep_their_spelling_beside_a_changed_text() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"a","x":1.50}],"temperature":1.0}'
    changed = map_texts(read("openai-chat", body), mark)
    assert bytes(changed.fields["messages"]) == b'[{"role":"user","content":"a!","x":1.50}]'
    assert bytes(changed.fields["temperature"]) == b"1.0"


def test_arguments_are_changed_value_by_value_so_that_they_stay_json() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"q":"line\\nalice","n":1.50}'}}
    request = request_of("openai-chat", messages=[{"role": "assistant", "content": None, "tool_calls": [call]}])
    changed = map_texts(request, lambda text: text.replace("alice", '"A"'))
    arguments = body_of(changed)["messages"][0]["tool_calls"][0]["function"]["arguments"]
    assert arguments == '{"q":"line\\n\\"A\\"","n":1.50}'


@pytest.mark.parametrize("depth", [200, 3000, 100_000])
def test_what_is_nested_too_deeply_is_refused(depth: int) -> None:
    deep = b"[" * depth + b'"a"' + b"]" * depth
    body = b'{"model":"m","messages":[{"role":"user","content":"a","x":' + deep + b"}]}"
    with pytest.raises(InvalidRequest, match=r"nested|deep"):
        map_texts(read("openai-chat", body), mark)


# Another prompt, and instructions before the caller's

PICTURE_PART = {"type": "image_url", "image_url": {"url": "https://x.test"}}


@pytest.mark.parametrize(
    ("dialect", "field", "before", "after", "place"),
    [
        ("openai-chat", "messages", [{"role": "user", "content": "a", "name": "n"}, {"role": "assistant", "content": "b"}],
         [{"role": "user", "content": "New", "name": "n"}, {"role": "assistant", "content": "b"}], "messages[0].content"),
        ("openai-chat", "messages",
         [{"role": "user", "content": [PICTURE_PART, {"type": "text", "text": "a", "cache_control": {}}, PICTURE_PART,
                                       {"type": "text", "text": "b"}]}],
         [{"role": "user", "content": [PICTURE_PART, {"type": "text", "text": "New", "cache_control": {}}, PICTURE_PART]}],
         "messages[0].content"),
        ("openai-chat", "messages", [{"role": "user", "content": "a"}, {"role": "user", "content": [PICTURE_PART]}],
         [{"role": "user", "content": "a"}, {"role": "user", "content": [{"type": "text", "text": "New"}, PICTURE_PART]}],
         "messages[1].content"),
        ("openai-responses", "input", "a", "New", "input"),
        ("openai-responses", "input",
         [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}, {"type": "function_call_output", "call_id": "c",
                                                                              "output": "x"}],
         [{"role": "user", "content": [{"type": "input_text", "text": "New"}]}, {"type": "function_call_output", "call_id": "c",
                                                                                "output": "x"}], "input[0].content"),
        ("anthropic-messages", "messages",
         [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
          {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]}],
         [{"role": "user", "content": "New"}, {"role": "assistant", "content": "b"},
          {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]}], "messages[0].content"),
        ("gemini-generate", "contents", {"parts": {"text": "a"}}, [{"parts": [{"text": "New"}]}], "contents[0].parts"),
        ("gemini-generate", "contents",
         [{"role": "user", "parts": [{"text": "a"}, {"inlineData": {"mimeType": "image/png", "data": PICTURE}}]},
          {"role": "model", "parts": [{"text": "b"}]}],
         [{"role": "user", "parts": [{"text": "New"}, {"inlineData": {"mimeType": "image/png", "data": PICTURE}}]},
          {"role": "model", "parts": [{"text": "b"}]}], "contents[0].parts"),
    ],
)  # fmt: skip
def test_the_last_user_message_gets_another_text(dialect: Dialect, field: str, before: Any, after: Any, place: str) -> None:
    request = request_of(dialect, **{field: before})
    changed = with_prompt(request, "New")
    assert body_of(changed)[field] == after
    assert changed.outline.prompt == "New"
    assert prompt_place(request) == place
    assert read(dialect, msgspec.json.encode(dict(changed.fields))).outline == changed.outline


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("openai-chat", {"messages": [{"role": "system", "content": "a"}]}),
        ("openai-responses", {"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}),
        ("openai-responses", {"previous_response_id": "resp_1"}),
        ("anthropic-messages", {"messages": [{"role": "assistant", "content": "a"}]}),
        ("gemini-generate", {"contents": [{"role": "model", "parts": [{"text": "a"}]}]}),
        ("openai-embeddings", {"input": "a"}),
    ],
)
def test_without_a_message_of_the_user_there_is_no_prompt_to_change(dialect: Dialect, body: Mapping[str, Any]) -> None:
    request = request_of(dialect, **body)
    with pytest.raises(InvalidRequest):
        with_prompt(request, "New")
    with pytest.raises(InvalidRequest):
        prompt_place(request)


USER = {"role": "user", "content": "Hi"}
CONTENT = [{"role": "user", "parts": [{"text": "Hi"}]}]


@pytest.mark.parametrize(
    ("dialect", "body", "field", "after"),
    [
        ("openai-chat", {"messages": [USER]}, "messages", [{"role": "system", "content": "New"}, USER]),
        ("openai-chat", {"messages": [{"role": "developer", "content": "old"}, USER]}, "messages",
         [{"role": "developer", "content": "New\n\nold"}, USER]),
        ("openai-chat", {"messages": [{"role": "system", "content": [{"type": "text", "text": "old"}]}, USER]}, "messages",
         [{"role": "system", "content": [{"type": "text", "text": "New"}, {"type": "text", "text": "old"}]}, USER]),
        ("openai-responses", {"input": "Hi"}, "instructions", "New"),
        ("openai-responses", {"input": "Hi", "instructions": "old"}, "instructions", "New\n\nold"),
        ("anthropic-messages", {"messages": [USER]}, "system", "New"),
        ("anthropic-messages", {"messages": [USER], "system": [{"type": "text", "text": "old"}]}, "system",
         [{"type": "text", "text": "New"}, {"type": "text", "text": "old"}]),
        ("gemini-generate", {"contents": CONTENT}, "systemInstruction", {"parts": [{"text": "New"}]}),
        ("gemini-generate", {"contents": CONTENT, "system_instruction": {"role": "x", "parts": {"text": "old"}}},
         "system_instruction", {"role": "x", "parts": [{"text": "New"}, {"text": "old"}]}),
        ("gemini-generate", {"contents": CONTENT, "systemInstruction": "old"}, "systemInstruction", "New\n\nold"),
    ],
)  # fmt: skip
def test_instructions_are_put_before_the_callers_own(dialect: Dialect, body: Mapping[str, Any], field: str, after: Any) -> None:
    changed = with_instructions(request_of(dialect, **body), "New")
    assert body_of(changed)[field] == after
    assert changed.outline.instructions.startswith("New")
    assert read(dialect, msgspec.json.encode(dict(changed.fields))).outline == changed.outline


# Answers


def test_every_text_of_an_answer_is_changed_and_its_body_is_written_anew() -> None:
    own = Signature(origin="anthropic-messages", value="sig")
    answer = Answer(
        dialect="anthropic-messages", data=b"{}", choices=(Choice(parts=(
            Thinking(text="a", signature=own), Text(text="bb", citations=(Citation(title="c", quote="d", start=1, end=2),)),
            Refusal(text="e"), ToolCall(id="1", name="f", arguments="{}"), Image(url="https://x.test"),
        )), Choice(parts=(Text(text="g"),))),
    )  # fmt: skip
    changed = map_answer(answer, lambda text: f"<{text}>" if text else text)
    assert changed.data is None
    assert changed.choices == (
        Choice(parts=(
            Thinking(text="<a>", signature=own),
            Text(text="<bb>", citations=(Citation(title="<c>", quote="<d>", start=3, end=4),)),
            Refusal(text="<e>"), ToolCall(id="1", name="f", arguments="<{}>"), Image(url="https://x.test"),
        )), Choice(parts=(Text(text="<g>"),)),
    )  # fmt: skip


def test_an_answer_in_which_nothing_changes_is_passed_on_as_it_came() -> None:
    parts = (Text(text="a"), ToolCall(id="1", name="f", arguments="{}"))
    answer = Answer(dialect="openai-chat", data=b"{}", choices=(Choice(parts=parts),))
    assert map_answer(answer, str) is answer
