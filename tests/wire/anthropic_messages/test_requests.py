"""How a client's Messages request is read, and what an upstream of the same dialect gets of it."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import InvalidRequest, RequestError, Unsupported
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire.anthropic_messages import read_conversation, read_count_request, read_request, write_straight
from tests.wire.anthropic_messages.asking import asked, counted
from tests.wire.anthropic_messages.trees import places_in, trees, with_part

CLAUDE_CODE: dict[str, Any] = {
    "model": "claude-sonnet-5",
    "max_tokens": 64000,
    "stream": True,
    "system": [
        {"type": "text", "text": "You are a tool.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h", "scope": "global"}},
    ],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Read it.", "cache_control": {"type": "ephemeral"}}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "EqQ"},
                {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"path": "a.txt"}, "caller": {"type": "direct"}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "hello"}]}],
        },
        {"role": "system", "content": "Plan mode is off.", "clear_at": "never"},
    ],
    "tools": [
        {
            "name": "Read",
            "description": "Reads.",
            "input_schema": {"type": "object"},
            "eager_input_streaming": True,
        },
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
    ],
    "metadata": {"user_id": '{"device_id":"d","account_uuid":"","session_id":"5e551011-aaaa"}'},
    "thinking": {"type": "adaptive", "display": "omitted"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "output_config": {"effort": "high"},
}


def read(body: bytes) -> Request:
    return read_request(body, request_id="req-1", terms=Terms(), caller=Caller(), headers={})


def fault_of(**fields: Any) -> RequestError:
    with pytest.raises(InvalidRequest) as caught:
        asked(**fields)
    return caught.value


def test_the_outline_says_what_can_be_seen() -> None:
    request = read(json.dumps(CLAUDE_CODE).encode())
    outline = request.outline
    assert (request.dialect, request.model, request.is_stream) == ("anthropic-messages", "claude-sonnet-5", True)
    assert outline.prompt == "Read it."
    assert outline.instructions == "You are a tool.\nBe brief.\nPlan mode is off."
    assert (outline.message_count, outline.max_output_tokens, outline.choices) == (4, 64000, 1)
    assert (outline.has_tools, outline.has_schema, outline.has_images) == (True, False, False)
    texts = ("You are a tool.", "Be brief.", "Read it.", "Hm.", '{"path": "a.txt"}', "hello", "Plan mode is off.")
    assert outline.text_chars == sum(map(len, texts))


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "image", "source": {"type": "url", "url": "https://example.com/a"}}],
        [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {}}]}],
    ],
)
def test_an_image_is_seen_in_a_message_and_in_a_result(content: Any) -> None:
    assert asked(messages=[{"role": "user", "content": content}]).outline.has_images


@pytest.mark.parametrize(
    "fields",
    [
        {"output_config": {"format": {"type": "json_schema", "schema": {}}}},
        {"output_format": {"type": "json_schema", "schema": {}}},
    ],
)
def test_a_schema_is_seen_in_its_old_and_its_new_place(fields: Any) -> None:
    assert asked(**fields).outline.has_schema


def test_the_text_of_a_document_is_counted_as_far_as_it_can_be_seen() -> None:
    plain = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "12345"}}
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}}
    odd = {"type": "document", "source": 7}
    assert asked(messages=[{"role": "user", "content": [plain, pdf, odd]}]).outline.text_chars == 5


def test_what_is_not_known_passes_byte_for_byte() -> None:
    body = (
        b'{"model":"auto","max_tokens":1e2,"a_field_of_next_year":{"x":1.0,"y":"\\u00e9"},"messages":[{"role":"user","content":['
        b'{"type":"a_block_of_next_year","text":7,"n":1.10,"content":{"a":[1,  2]}}]}],'
        b'"tools":[{"type":"computer_toolset_20260801"}],'
        b'"thinking":{"type":"a_mode_of_next_year"}}'
    )
    request = read(body.replace(b"1e2", b"100"))
    assert write_straight(request, model="claude-x").body == body.replace(b"1e2", b"100").replace(b'"auto"', b'"claude-x"')


def test_what_claude_code_sends_passes_byte_for_byte() -> None:
    body = json.dumps(CLAUDE_CODE, separators=(",", ":")).encode()
    assert write_straight(read(body), model="claude-sonnet-5").body == body


def test_only_the_headers_of_the_dialect_go_along() -> None:
    headers = {"anthropic-beta": "a,b", "anthropic-version": "2023-06-01", "x-api-key": "k", "x-app": "cli"}
    assert asked(headers=headers).headers == {"anthropic-beta": "a,b", "anthropic-version": "2023-06-01"}


@pytest.mark.parametrize(
    ("user_id", "session"),
    [
        ('{"device_id":"d","session_id":"s-1"}', "s-1"),
        ("user_0a_account_0b_session_5e551011-aaaa-bbbb", "5e551011-aaaa-bbbb"),
        ("u-1", "u-1"),
        ('{"device_id":"d"}', '{"device_id":"d"}'),
        ('{"session_id":7}', '{"session_id":7}'),
        ("7", "7"),
        ("u" * 129, None),
        ("\ud800", None),
        ("", None),
        (None, None),
    ],
)
def test_the_session_is_found_in_the_users_id(user_id: str | None, session: str | None) -> None:
    with suppress(InvalidRequest):
        assert asked(metadata={"user_id": user_id}).terms.session == session


def test_a_session_said_outright_wins() -> None:
    header = {"x-claude-code-session-id": "s-2"}
    assert asked(metadata={"user_id": "u"}, headers=header).terms.session == "s-2"
    assert asked(metadata={"user_id": "u"}, headers=header, terms=Terms(session="s-3")).terms.session == "s-3"
    assert counted(metadata={"user_id": "u"}).terms.session == "u"


def test_a_count_wants_no_limit_and_a_message_does() -> None:
    request = counted()
    assert (request.outline.max_output_tokens, request.is_stream) == (None, False)
    sent = json.loads(write_straight(request, model="m").body)
    assert sent == {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    with pytest.raises(InvalidRequest) as caught:
        read(b'{"model":"m","messages":[{"role":"user","content":"Hi"}]}')
    assert caught.value.param == "max_tokens"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": [{"content": "Hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result", "content": 7}]}]},
            "messages[0].content[0].content",
        ),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"temperature": 1.5}, "temperature"),
        ({"top_p": "much"}, "top_p"),
        ({"stop_sequences": "END"}, "stop_sequences"),
        ({"tools": {}}, "tools"),
        ({"metadata": {"user_id": 7}}, "metadata.user_id"),
        ({"api_base": "https://evil.example"}, "api_base"),
    ],
)
def test_what_is_wrong_is_named(fields: Any, param: str) -> None:
    assert fault_of(**fields).param == param


def foreign_history(*blocks: Any) -> Request:
    return asked(messages=[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": list(blocks)}])


def messages_of(request: Request) -> Any:
    return json.loads(write_straight(request, model="m").body)["messages"]


def test_thoughts_of_another_vendor_do_not_reach_an_upstream_of_this_one() -> None:
    own = {"type": "thinking", "thinking": "Own", "signature": "Eq"}
    said = {"type": "text", "text": "taskfit:gemini-generate:Cg"}
    sealed = {"type": "thinking", "thinking": "Foreign", "signature": "taskfit:gemini-generate:Cg"}
    unsigned = {"type": "thinking", "thinking": "Foreign", "signature": "taskfit:openai-chat:"}
    hidden = {"type": "redacted_thinking", "data": "taskfit:gemini-generate:call:Cg"}
    assert messages_of(foreign_history(own, sealed, unsigned, said, hidden))[1]["content"] == [own, said]
    assert len(messages_of(foreign_history(sealed))) == 1


def test_nothing_else_is_touched_for_the_sake_of_a_word() -> None:
    odd = b'[{"role":"user","content":"taskfit: 1.0"},{"role":"user","content":[{"type":"odd","n":1.0,"d":"taskfit:"}]}]'
    body = b'{"model":"m","max_tokens":5,"messages":' + odd + b"}"
    assert write_straight(read(body), model="m").body == body


BUDGET = {"type": "enabled", "budget_tokens": 2048}
CALL = {"type": "tool_use", "id": "t", "name": "n", "input": {}}
SEALED = {"type": "redacted_thinking", "data": "taskfit:gemini-generate:Cg"}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]}


@pytest.mark.parametrize(
    ("answer", "thinking", "last", "dropped"),
    [
        ([SEALED, CALL], BUDGET, RESULT, ("reasoning of another vendor", "reasoning")),
        ([SEALED, CALL], {"type": "adaptive"}, RESULT, ("reasoning of another vendor",)),
        ([SEALED, CALL], None, RESULT, ("reasoning of another vendor",)),
        ([SEALED, CALL], BUDGET, {"role": "user", "content": "Go on"}, ("reasoning of another vendor",)),
        (
            [{"type": "thinking", "thinking": "Own", "signature": "Eq"}, SEALED, CALL],
            BUDGET,
            RESULT,
            ("reasoning of another vendor",),
        ),
        ([CALL], BUDGET, RESULT, ()),
    ],
)
def test_a_budget_goes_with_the_thoughts_that_it_needs(answer: Any, thinking: Any, last: Any, dropped: tuple[str, ...]) -> None:
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": answer}, last]
    written = write_straight(asked(messages=messages, thinking=thinking), model="m")
    assert written.dropped == dropped
    assert ("thinking" in json.loads(written.body)) is ("reasoning" not in dropped)


@pytest.mark.parametrize("thread", [{"type": "create"}, {"type": "continue", "previous_message_id": "msg_1"}])
def test_a_conversation_that_the_vendor_shall_keep_is_refused_before_any_upstream(thread: Any) -> None:
    with pytest.raises(Unsupported) as caught:
        asked(thread=thread)
    assert caught.value.param == "thread"
    assert asked(thread=None).model == "auto"


@given(st.binary() | trees.map(lambda tree: json.dumps(tree).encode()))
def test_no_bytes_raise_anything_but_an_invalid_request(body: bytes) -> None:
    for reading in (read_request, read_count_request):
        with suppress(InvalidRequest):
            reading(body, request_id="req-1", terms=Terms(), caller=Caller(), headers={})


@given(data=st.data())
def test_a_request_with_any_part_exchanged_is_read_or_refused(data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(places_in(CLAUDE_CODE)))
    body = json.dumps(with_part(CLAUDE_CODE, place, data.draw(trees))).encode()
    with suppress(RequestError):
        request = read(body)
        write_straight(request, model="m")
        read_conversation(request)


def test_a_tool_result_inside_another_one_is_refused_before_it_is_read_again_and_again() -> None:
    content: object = "x"
    for _ in range(3):
        content = [{"type": "tool_result", "tool_use_id": "t", "content": content}]
    with pytest.raises(InvalidRequest) as caught:
        asked(messages=[{"role": "user", "content": content}])
    assert caught.value.param is not None
    assert "tool_result" in caught.value.caller_text
