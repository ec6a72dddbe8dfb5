"""What clients of this dialect receive for a whole answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response

from taskfit.errors import ContextExceeded, InvalidRequest, RateLimited
from taskfit.values.answer import Answer, Choice, Finish, TokenLogprob
from taskfit.values.conversation import Citation, Part, Refusal, Signature, Text, Thinking, ToolCall
from taskfit.values.request import Request
from taskfit.values.usage import Usage
from taskfit.wire.openai_responses import read_answer, read_conversation, write_answer, write_failure
from taskfit.wire.openai_responses.failures import error_of
from tests.wire.conversations import ARGUMENTS, NAMES, URLS, WORDS
from tests.wire.openai_responses.speaking import request_of

THOUGHTS = st.builds(
    Thinking, text=WORDS, signature=st.none() | st.builds(Signature, origin=st.just("anthropic-messages"), value=WORDS)
)
CITED = st.builds(Citation, url=URLS, title=st.none() | WORDS, start=st.integers(0, 9), end=st.integers(0, 9))
SAID = st.builds(Text, text=WORDS, citations=st.lists(CITED, max_size=2).map(tuple)) | st.builds(Refusal, text=WORDS)
CALLS = st.builds(ToolCall, id=NAMES, name=NAMES, arguments=ARGUMENTS)
TOOLS = [
    {"type": "namespace", "name": "fs", "description": "d", "tools": [{"type": "function", "name": "read", "parameters": {}}]},
    {"type": "custom", "name": "patch"},
]


def reply(answer: Answer, request: Request | None = None) -> dict[str, Any]:
    """The body, checked against the SDK's type."""
    body = write_answer(answer, request or request_of(), reply_id="w1", model="general", created=1_790_000_000)
    Response.model_validate_json(body, strict=False)
    tree: dict[str, Any] = json.loads(body)
    return tree


def answer_of(*parts: Part, finish: Finish | None = "stop", **more: Any) -> Answer:
    return Answer(
        dialect="anthropic-messages", choices=(Choice(parts=parts, finish=finish, logprobs=more.pop("logprobs", None)),), **more
    )


def test_an_answer_of_this_dialect_goes_out_as_it_came() -> None:
    answer = Answer(dialect="openai-responses", data=b'{"x": 1.0}')
    assert write_answer(answer, request_of(), reply_id="w1", model="m", created=1) == b'{"x": 1.0}'


def test_an_answer_repeats_its_request() -> None:
    request = request_of(
        instructions="Be brief.", temperature=0.5, tools=TOOLS, tool_choice="required", metadata={"a": "b"}, store=False,
        previous_response_id="resp_0", reasoning={"effort": "low"}, parallel_tool_calls=False, max_output_tokens=None,
    )  # fmt: skip
    body = reply(answer_of(Text(text="Hi.")), request)
    wanted = {
        "id": "resp_w1", "object": "response", "created_at": 1_790_000_000, "status": "completed", "model": "general",
        "error": None, "incomplete_details": None, "instructions": "Be brief.", "temperature": 0.5, "tools": TOOLS,
        "tool_choice": "required", "metadata": {"a": "b"}, "store": False, "previous_response_id": "resp_0",
        "reasoning": {"effort": "low"}, "parallel_tool_calls": False, "max_output_tokens": None, "usage": None,
        "text": {"format": {"type": "text"}}, "truncation": "disabled",
    }  # fmt: skip
    assert {name: body[name] for name in wanted} == wanted


def test_parts_become_items() -> None:
    gemini = Signature(origin="gemini-generate", value="G")
    body = reply(
        answer_of(
            Thinking(text="Hm.", signature=Signature(origin="anthropic-messages", value="S")),
            Text(text="19%", citations=(Citation(url="https://example.com", title="T", start=0, end=3),)),
            Text(text=" I read."),
            ToolCall(id="c1", name="fs__read", arguments='{"a":1}', signature=gemini),
            ToolCall(id="", name="patch", arguments='{"input":"***"}'),
            Thinking(text="Unsigned."),
            finish="tool_calls",
            usage=Usage(input_tokens=9, output_tokens=4, cached_tokens=3, cache_write_tokens=1, reasoning_tokens=2),
            service_tier="priority",
            model="claude",
        ),
        request_of(tools=TOOLS),
    )
    citation = {"type": "url_citation", "url": "https://example.com", "title": "T", "start_index": 0, "end_index": 3}
    seal = "taskfit:gemini-generate:call:c1:G"
    assert body["output"] == [
        {"id": "rs_w1_0", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}],
         "encrypted_content": "taskfit:anthropic-messages:S"},
        {"id": "msg_w1_1", "type": "message", "status": "completed", "role": "assistant", "content": [
            {"type": "output_text", "text": "19%", "annotations": [citation], "logprobs": []},
            {"type": "output_text", "text": " I read.", "annotations": [], "logprobs": []}]},
        {"id": "rs_w1_2", "type": "reasoning", "summary": [], "encrypted_content": seal},
        {"id": "fc_w1_3", "type": "function_call", "status": "completed", "call_id": "c1", "name": "read", "arguments": '{"a":1}',
         "namespace": "fs"},
        {"id": "ctc_w1_4", "type": "custom_tool_call", "status": "completed", "call_id": "call_w1_4", "name": "patch",
         "input": "***"},
        {"id": "rs_w1_5", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Unsigned."}],
         "encrypted_content": "taskfit:anthropic-messages:"},
    ]  # fmt: skip
    assert body["usage"] == {
        "input_tokens": 9, "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 1},
        "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 13,
    }  # fmt: skip
    assert (body["service_tier"], body["model"]) == ("priority", "claude")


def test_what_a_client_sends_back_is_what_it_was_told() -> None:
    said = answer_of(
        Thinking(text="Hm.", signature=Signature(origin="anthropic-messages", value="S"), id="rs_9"),
        Thinking(signature=Signature(origin="anthropic-messages", value="R"), is_redacted=True, id="rs_8"),
        Text(text="I read."),
        ToolCall(id="c1", name="fs__read", arguments="{}", signature=Signature(origin="gemini-generate", value="G")),
        ToolCall(id="c2", name="patch", arguments='{"input":"***"}'),
        finish="tool_calls",
    )
    items = reply(said, request_of(tools=TOOLS))["output"]
    (message,) = read_conversation(request_of(input=items, tools=TOOLS)).messages
    assert (message.role, message.parts) == ("assistant", said.parts)


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("other", "completed", None),
        (None, "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
    ],
)
def test_a_finish_becomes_a_status(finish: Finish | None, status: str, reason: str | None) -> None:
    body = reply(answer_of(Text(text="x"), finish=finish))
    assert (body["status"], body["output"][0]["status"]) == (status, status)
    assert body["incomplete_details"] == ({"reason": reason} if reason else None)


def test_a_refusal_is_told_as_one() -> None:
    (item,) = reply(answer_of(Refusal(text="No."), finish="refusal"))["output"]
    assert item["content"] == [{"type": "refusal", "refusal": "No."}]


def test_a_refusal_without_words_gets_some() -> None:
    content = reply(answer_of(finish="refusal"))["output"][0]["content"]
    assert content == [{"type": "refusal", "refusal": "The model refused to answer."}]


def test_probabilities_are_told() -> None:
    token = TokenLogprob(token="ü", logprob=-0.5, top=(("ü", -0.5),))
    text = reply(answer_of(Text(text="ü"), logprobs=(token,)))["output"][0]["content"][0]
    told = {"token": "ü", "logprob": -0.5, "bytes": [195, 188]}
    assert text["logprobs"] == [{**told, "top_logprobs": [told]}]


def test_arguments_of_another_shape_are_the_input_of_a_custom_tool() -> None:
    request = request_of(tools=TOOLS)
    inputs = [
        reply(answer_of(ToolCall(id="c", name="patch", arguments=arguments)), request)["output"][0]["input"]
        for arguments in ("***", '{"input":7}', '{"other":"x"}', '["x"]')
    ]
    assert inputs == ["***", '{"input":7}', '{"other":"x"}', '["x"]']


def test_a_request_with_tools_that_nobody_read_is_answered_all_the_same() -> None:
    answer = answer_of(ToolCall(id="c", name="f", arguments="{}"))
    body = write_answer(answer, request_of(tools=[{"type": 7}]), reply_id="w", model="m", created=1)
    assert json.loads(body)["output"][0]["name"] == "f"


@given(st.lists(THOUGHTS | SAID | CALLS, max_size=6).map(tuple), st.none() | st.builds(Usage, input_tokens=st.integers(0, 99)))
def test_an_answer_written_and_read_is_the_same(parts: tuple[Part, ...], usage: Usage | None) -> None:
    body = write_answer(answer_of(*parts, usage=usage), request_of(), reply_id="w1", model="m", created=1)
    again = read_answer(body)
    said = [part.text if isinstance(part, Thinking) else part for part in parts]
    assert [part.text if isinstance(part, Thinking) else part for part in again.parts] == said
    assert [part.signature for part in again.parts if isinstance(part, Thinking)] == [
        part.signature for part in parts if isinstance(part, Thinking)
    ]
    assert again.usage == usage


def test_a_failure_has_the_shape_of_openai() -> None:
    body = json.loads(write_failure(InvalidRequest("no", param="input[0]"), request_id="r1"))
    assert body == {"error": {"message": "no", "type": "invalid_request_error", "param": "input[0]", "code": "invalid_request"}}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ContextExceeded("x"), "context_length_exceeded"),
        (RateLimited("x"), "rate_limit_exceeded"),
        (InvalidRequest("x"), "server_error"),
    ],
)
def test_a_failed_response_has_a_code_that_clients_act_on(error: Any, code: str) -> None:
    assert error_of(error)[0]["code"] == code
