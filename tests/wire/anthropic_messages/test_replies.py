"""What a client of this dialect receives: whole answers, errors, counts."""

import json
from typing import Any

import msgspec
import pytest

from taskfit import errors
from taskfit.values.answer import Answer, Choice
from taskfit.values.conversation import Audio, Citation, Image, Part, Refusal, Signature, Text, Thinking, ToolCall
from taskfit.values.usage import Usage
from taskfit.wire.anthropic_messages import write_answer, write_count, write_failure
from taskfit.wire.failures import STATUSES
from tests.wire.anthropic_messages.asking import asked


def reply(*parts: Part, **said: Any) -> dict[str, Any]:
    choice = Choice(parts=parts, finish=said.pop("finish", "stop"), stop_sequence=said.pop("stop_sequence", None))
    answer = Answer(dialect="openai-chat", choices=(choice,), **said)
    body: dict[str, Any] = json.loads(write_answer(answer, asked(), reply_id="7", model="openai/gpt-x", created=5))
    return body


def test_an_answer_of_this_dialect_goes_out_as_it_came() -> None:
    answer = Answer(dialect="anthropic-messages", data=b'{"type": "message",  "new": 1.0}')
    assert write_answer(answer, asked(), reply_id="7", model="m", created=0) == answer.data


def test_an_answer_of_another_dialect_is_a_message() -> None:
    assert reply(Text(text="Hi"), usage=Usage(input_tokens=30, output_tokens=7, cached_tokens=20, cache_write_tokens=4)) == {
        "id": "msg_7",
        "type": "message",
        "role": "assistant",
        "model": "openai/gpt-x",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 6,
            "cache_creation_input_tokens": 4,
            "cache_read_input_tokens": 20,
            "output_tokens": 7,
        },
    }


def test_an_empty_answer_is_a_message_with_zeros() -> None:
    body = reply(finish=None)
    assert (body["content"], body["stop_reason"]) == ([], "end_turn")
    assert (body["usage"]["input_tokens"], body["usage"]["output_tokens"]) == (0, 0)


def test_the_upstreams_own_name_of_its_model_is_told() -> None:
    assert reply(model="gpt-x-2026")["model"] == "gpt-x-2026"


def test_tokens_of_thought_are_told_apart() -> None:
    assert reply(usage=Usage(output_tokens=9, reasoning_tokens=5))["usage"]["output_tokens_details"] == {"thinking_tokens": 5}


def test_every_part_has_its_block() -> None:
    gemini = Signature(origin="gemini-generate", value="Cg")
    content = reply(
        Thinking(text="Hm."),
        Thinking(text="Hm!", signature=gemini),
        Thinking(is_redacted=True, signature=gemini),
        Text(text="x", citations=(Citation(url="https://a.example", title="A", quote="a"), Citation(document=1, quote="b"))),
        Refusal(text="No."),
        ToolCall(id="c1", name="now", arguments='{"a": 1.0}', signature=gemini),
        Image(url="https://a.example/i"),
        Image(data="iVBO", media_type="image/png"),
        Audio(data="UklG", media_type="audio/wav"),
    )["content"]
    assert content[:3] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "taskfit:openai-chat:"},
        {"type": "thinking", "thinking": "Hm!", "signature": "taskfit:gemini-generate:Cg"},
        {"type": "redacted_thinking", "data": "taskfit:gemini-generate:Cg"},
    ]
    assert [citation["type"] for citation in content[3]["citations"]] == ["web_search_result_location", "char_location"]
    assert content[4:7] == [
        {"type": "text", "text": "No."},
        {"type": "redacted_thinking", "data": "taskfit:gemini-generate:call:Cg"},
        {"type": "tool_use", "id": "c1", "name": "now", "input": {"a": 1.0}},
    ]
    assert [block["type"] for block in content[7:]] == ["text"] * 3
    assert content[7]["text"] == "https://a.example/i"
    assert "iVBO" not in content[8]["text"]


def test_the_numbers_of_arguments_stay_as_the_model_wrote_them() -> None:
    call = ToolCall(id="c", name="n", arguments='{"a":1.10}')
    answer = Answer(dialect="openai-chat", choices=(Choice(parts=(call,)),))
    assert b'"input":{"a":1.10}' in write_answer(answer, asked(), reply_id="7", model="m", created=0)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("", {}),
        (" ", {}),
        ('{"a":', {"unparsed_arguments": '{"a":'}),
        ("[1]", {"unparsed_arguments": "[1]"}),
    ],
)
def test_arguments_that_are_no_object_are_shown_as_they_are(arguments: str, found: Any) -> None:
    assert reply(ToolCall(id="c", name="n", arguments=arguments))["content"][0]["input"] == found


@pytest.mark.parametrize(
    ("finish", "stop_sequence", "reason"),
    [
        ("stop", None, "end_turn"),
        ("stop", "END", "stop_sequence"),
        ("length", None, "max_tokens"),
        ("tool_calls", None, "tool_use"),
        ("content_filter", None, "refusal"),
        ("refusal", None, "refusal"),
        ("other", None, "end_turn"),
        (None, None, "end_turn"),
    ],
)
def test_the_reason_for_stopping_is_told(finish: Any, stop_sequence: str | None, reason: str) -> None:
    body = reply(finish=finish, stop_sequence=stop_sequence)
    assert (body["stop_reason"], body["stop_sequence"]) == (reason, stop_sequence)


def test_an_answer_with_calls_asks_for_their_results_whatever_the_upstream_said() -> None:
    call = ToolCall(id="c", name="n", arguments="{}")
    assert reply(call, finish="stop")["stop_reason"] == "tool_use"
    assert reply(call, finish="length")["stop_reason"] == "max_tokens"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.InvalidRequest("x"), "invalid_request_error"),
        (errors.Unauthenticated("x"), "authentication_error"),
        (errors.Forbidden("x"), "permission_error"),
        (errors.ModelNotFound("x"), "not_found_error"),
        (errors.TooLarge("x"), "request_too_large"),
        (errors.RateLimited("x"), "rate_limit_error"),
        (errors.UpstreamOverloaded("x"), "overloaded_error"),
        (errors.StoreUnavailable("x"), "api_error"),
        (errors.UpstreamTimeout("x"), "timeout_error"),
        (errors.InternalError("x"), "api_error"),
        (errors.WalkFailed("x", reason="budget_exceeded", operator_text="x"), "billing_error"),
        (errors.WalkFailed("x", reason="upstream_refused", operator_text="x", status=422), "invalid_request_error"),
        (errors.WalkFailed("x", reason="all_failed", operator_text="x"), "api_error"),
    ],
)
def test_an_error_has_the_vendors_shape(error: errors.TaskfitError, kind: str) -> None:
    body = json.loads(write_failure(error, request_id="req-1"))
    assert body == {"type": "error", "error": {"type": kind, "message": error.caller_text}, "request_id": "req-1"}


def test_a_thread_that_is_refused_has_the_code_by_which_the_sdk_does_without() -> None:
    error = json.loads(write_failure(errors.Unsupported("no", param="thread"), request_id="r"))["error"]
    assert error["details"] == {"error_code": "thread_unsupported_request"}


def test_every_kind_has_a_type_that_the_vendor_knows() -> None:
    known = {
        "invalid_request_error", "authentication_error", "billing_error", "permission_error", "not_found_error",
        "request_too_large", "rate_limit_error", "timeout_error", "api_error", "overloaded_error",
    }  # fmt: skip
    for kind in STATUSES:
        error = errors.WalkFailed("x", reason=kind, operator_text="x")
        assert json.loads(write_failure(error, request_id="r"))["error"]["type"] in known


def test_a_count_is_a_number() -> None:
    assert msgspec.json.decode(write_count(7)) == {"input_tokens": 7}
