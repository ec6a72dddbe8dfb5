"""What a whole response is read as."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit import errors
from taskfit.errors import UpstreamError
from taskfit.values.answer import Answer, Choice, TokenLogprob
from taskfit.values.conversation import Citation, Refusal, Signature, Text, Thinking, ToolCall
from taskfit.values.usage import Usage
from taskfit.wire.openai_responses import read_answer
from tests.wire.openai_responses.test_readers import JSON

USAGE = {
    "input_tokens": 20, "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 2},
    "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 29,
}  # fmt: skip


def body(*output: dict[str, Any], **more: object) -> bytes:
    response = {"id": "resp_1", "object": "response", "model": "gpt-5.4", "status": "completed", "output": output, **more}
    return json.dumps(response).encode()


def message(*content: dict[str, Any]) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content}


def test_a_whole_response_is_read() -> None:
    citation = {"type": "url_citation", "url": "https://example.com", "title": "T", "start_index": 0, "end_index": 3}
    logprobs = [{"token": "19%", "logprob": -0.5, "bytes": [], "top_logprobs": [{"token": "19%", "logprob": -0.5, "bytes": []}]}]
    text = {"type": "output_text", "text": "19%", "annotations": [citation, {"type": "file_path"}], "logprobs": logprobs}
    data = body(
        {"id": "rs_1", "type": "reasoning", "encrypted_content": "enc",
         "summary": [{"type": "summary_text", "text": "A"}, {"type": "summary_text", "text": "B"}]},
        {"id": "ws_1", "type": "web_search_call", "status": "completed"},
        message(text),
        {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "save", "arguments": '{"a": 1}'},
        usage=USAGE, service_tier="flex",
    )  # fmt: skip
    assert read_answer(data) == Answer(
        dialect="openai-responses",
        data=data,
        response_id="resp_1",
        model="gpt-5.4",
        choices=(
            Choice(
                parts=(
                    Thinking(text="A\n\nB", signature=Signature(origin="openai-responses", value="enc"), id="rs_1"),
                    Text(text="19%", citations=(Citation(url="https://example.com", title="T", start=0, end=3),)),
                    ToolCall(id="call_1", name="save", arguments='{"a": 1}'),
                ),
                finish="tool_calls",
                logprobs=(TokenLogprob(token="19%", logprob=-0.5, top=(("19%", -0.5),)),),
            ),
        ),
        usage=Usage(input_tokens=20, output_tokens=9, cached_tokens=8, cache_write_tokens=2, reasoning_tokens=4),
        service_tier="flex",
    )


def test_a_refusal_is_kept_apart_from_text() -> None:
    answer = read_answer(body(message({"type": "refusal", "refusal": "No."})))
    assert (answer.parts, answer.finish) == ((Refusal(text="No."),), "refusal")


def test_the_input_of_a_custom_tool_becomes_arguments() -> None:
    call = {"type": "custom_tool_call", "call_id": "c", "name": "apply_patch", "input": 'a "b"'}
    assert json.loads(read_answer(body(call)).tool_calls[0].arguments) == {"input": 'a "b"'}


def test_encrypted_thoughts_without_a_summary_are_redacted() -> None:
    (part,) = read_answer(body({"type": "reasoning", "summary": [], "encrypted_content": "enc"})).parts
    assert part == Thinking(signature=Signature(origin="openai-responses", value="enc"), is_redacted=True)


def test_reasoning_that_says_nothing_is_nothing() -> None:
    assert read_answer(body({"type": "reasoning", "id": "rs_1", "summary": []})).parts == ()


def test_a_citation_of_a_file_is_read() -> None:
    annotations = [
        {"type": "file_citation", "file_id": "document-3", "filename": "a.pdf", "index": 4},
        {"type": "file_citation", "file_id": "file-abc", "filename": "b.pdf", "index": 1},
        7,
    ]
    answer = read_answer(body(message({"type": "output_text", "text": "x", "annotations": annotations})))
    assert isinstance(answer.parts[0], Text)
    assert answer.parts[0].citations == (Citation(document=3, title="a.pdf", start=4), Citation(title="b.pdf", start=1))


@pytest.mark.parametrize(
    ("more", "finish"),
    [
        ({}, "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "incomplete"}, "other"),
        ({"status": None}, None),
    ],
)
def test_the_status_says_why_the_model_stopped(more: dict[str, Any], finish: str | None) -> None:
    assert read_answer(body(message({"type": "output_text", "text": "x"}), **more)).finish == finish


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (body(error={"code": "server_error", "message": "no"}, status="failed"), errors.UpstreamFailure),
        (body(error={"code": "insufficient_quota", "message": "no"}), errors.RateLimited),
        (body(status="failed"), errors.UpstreamFailure),
        (body(status="cancelled"), errors.CutAnswer),
        (body(status="queued"), errors.InvalidAnswer),
        (b'{"error":{"type":"invalid_request_error","message":"no","code":null}}', errors.UpstreamRefused),
        (b'{"id":"chatcmpl-1","choices":[]}', errors.InvalidAnswer),
        (b"<html>", errors.InvalidAnswer),
        (b"[1]", errors.InvalidAnswer),
        (body({"type": "message", "content": 7}), errors.InvalidAnswer),
    ],
)
def test_what_is_no_answer_is_an_error(data: bytes, wanted: type[UpstreamError]) -> None:
    with pytest.raises(wanted) as caught:
        read_answer(data)
    assert type(caught.value) is wanted


@pytest.mark.parametrize(
    "usage",
    [None, {}, 7, {"input_tokens": -1, "output_tokens": 2}, {"input_tokens": 10**12, "output_tokens": 2}, {"input_tokens": "x"}],
)
def test_a_usage_that_cannot_be_true_is_no_usage(usage: object) -> None:
    assert read_answer(body(usage=usage)).usage is None


def test_a_usage_without_details_is_read() -> None:
    assert read_answer(body(usage={"input_tokens": 1, "output_tokens": 2})).usage == Usage(input_tokens=1, output_tokens=2)


@given(st.binary(max_size=200) | JSON.map(lambda tree: json.dumps({"output": tree, "status": "completed"}).encode()))
def test_no_body_raises_anything_but_an_upstream_error(data: bytes) -> None:
    try:
        read_answer(data)
    except UpstreamError:
        pass
