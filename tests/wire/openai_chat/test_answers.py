"""What an upstream answers: no bytes crash its reader, any chunking of a stream gives the same, and what came passes on."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import InvalidAnswer, RateLimited, UpstreamError, UpstreamFailure
from taskfit.values.answer import Delta, ToolCallDelta
from taskfit.values.conversation import ToolCall
from taskfit.values.usage import Usage
from taskfit.wire.openai_chat import StreamReader, read_answer
from taskfit.wire.sse import DONE, SseReader

PLAIN = b"""\
{
  "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
  "object": "chat.completion",
  "created": 1741569952,
  "model": "gpt-4.1-2025-04-14",
  "choices": [
    {
      "index": 0,
      "message": {"role": "assistant", "content": "Hello! How can I assist you today?", "refusal": null, "annotations": []},
      "logprobs": null,
      "finish_reason": "stop"
    }
  ],
  "usage": {
    "prompt_tokens": 19,
    "completion_tokens": 10,
    "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 8, "audio_tokens": 1},
    "completion_tokens_details": {"reasoning_tokens": 4, "audio_tokens": 2, "accepted_prediction_tokens": 0}
  },
  "service_tier": "default"
}"""
EVENTS: list[dict[str, Any]] = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "", "refusal": None}}], "usage": None},
    {"choices": [{"index": 0, "delta": {"content": "naïve "}, "logprobs": None, "finish_reason": None}], "usage": None},
    {"choices": [{"index": 0, "delta": {"content": "日本語 😀"}, "logprobs": None, "finish_reason": None}], "usage": None},
    {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}, "finish_reason": None}], "usage": None},
    {"choices": [{"index": 0, "delta": {"tool_calls": [
        {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
    ]}, "finish_reason": None}], "usage": None},
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}}], "usage": None},
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": " 1}"}}]}}], "usage": None},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}], "usage": None},
    {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}},
]  # fmt: skip
PAYLOADS = [
    json.dumps(
        {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m-1", **event}, ensure_ascii=False
    ).encode()
    for event in EVENTS
]
STREAM = b"".join(b"data: " + payload + b"\n\n" for payload in [*PAYLOADS, DONE])
UNRULY = b": hello\r\n\r\n" + b"".join(b"event: x\r\ndata:" + payload + b"\r\nid: 1\r\n\r\n" for payload in [*PAYLOADS, DONE])


def read_stream(pieces: list[bytes], *, hides_usage: bool = False) -> list[Delta]:
    frames, reader = SseReader(), StreamReader(hides_usage=hides_usage)
    payloads = [payload for piece in pieces for payload in frames.feed(piece)] + frames.finish()
    return [reader.read(payload) for payload in payloads if payload != DONE]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places})
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


def test_a_recorded_answer_is_read_and_kept_as_it_came() -> None:
    answer = read_answer(PLAIN)
    assert answer.data == PLAIN
    assert answer.response_id == "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT"
    assert answer.model == "gpt-4.1-2025-04-14"
    assert answer.text == "Hello! How can I assist you today?"
    assert answer.finish == "stop"
    assert answer.usage == Usage(
        input_tokens=19, output_tokens=10, cached_tokens=8, reasoning_tokens=4, input_audio_tokens=1, output_audio_tokens=2
    )


def test_a_recorded_stream_is_read_and_kept_as_it_came() -> None:
    deltas = read_stream([STREAM])
    assert [delta.data for delta in deltas] == PAYLOADS
    assert "".join(delta.text for delta in deltas) == "naïve 日本語 😀"
    assert deltas[3].reasoning == "hm"
    assert deltas[4].tool_calls == (ToolCallDelta(index=0, id="call_1", name="f"),)
    assert "".join(call.arguments for delta in deltas for call in delta.tool_calls) == '{"a": 1}'
    assert [delta.finish for delta in deltas if delta.finish] == ["tool_calls"]
    assert deltas[-1].usage == Usage(input_tokens=5, output_tokens=6)
    assert [delta.is_usage_only for delta in deltas] == [False] * 8 + [True]


@given(st.lists(st.integers(0, 10_000), max_size=30))
def test_any_chunking_of_a_stream_gives_the_same_deltas(places: list[int]) -> None:
    assert read_stream(cut(STREAM, places)) == read_stream([STREAM])
    assert read_stream(cut(UNRULY, places)) == read_stream([STREAM])


def test_a_stream_that_comes_byte_by_byte_gives_the_same_deltas() -> None:
    assert read_stream([bytes([byte]) for byte in UNRULY]) == read_stream([STREAM])


def test_usage_that_the_client_did_not_ask_for_is_taken_out_and_nothing_else() -> None:
    hidden = read_stream([STREAM], hides_usage=True)
    shown = [msgspec.json.decode(delta.data or b"") for delta in hidden if not delta.is_usage_only]
    expected = [json.loads(payload) for payload in PAYLOADS[:-1]]
    assert all(event.pop("usage") is None for event in expected)
    assert shown == expected
    assert hidden[-1].usage == Usage(input_tokens=5, output_tokens=6)


def test_usage_beside_the_last_words_is_read_and_taken_out() -> None:
    payload = b'{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":6}}'
    hidden = StreamReader(hides_usage=True).read(payload)
    assert (hidden.usage, hidden.text, hidden.is_usage_only) == (Usage(input_tokens=5, output_tokens=6), "x", False)
    assert b"usage" not in (hidden.data or b"")
    assert StreamReader().read(payload).data == payload


def test_an_event_without_choices_that_says_something_else_is_kept() -> None:
    payload = b'{"choices":[],"prompt_filter_results":[1],"usage":null}'
    delta = StreamReader(hides_usage=True).read(payload)
    assert not delta.is_usage_only
    assert json.loads(delta.data or b"") == {"choices": [], "prompt_filter_results": [1]}


@given(st.binary(max_size=80))
def test_no_bytes_crash_the_readers(data: bytes) -> None:
    for read in (read_answer, StreamReader(hides_usage=True).read):
        try:
            read(data)
        except UpstreamError as error:
            assert error.kind in {"invalid_answer", "upstream_failure"}  # noqa: PT017  # what is drawn may be sound
    try:
        read_stream([data])
    except UpstreamError:
        pass


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["choices", "delta", "message", "content", "tool_calls", "function", "index", "usage", "error"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_no_json_crashes_the_readers(value: Any) -> None:
    data = json.dumps(value).encode()
    for read in (read_answer, StreamReader(hides_usage=True).read):
        try:
            read(data)
        except UpstreamError as error:
            assert len(str(error)) < 1000  # noqa: PT017  # what is drawn may be sound


@given(JSON)
def test_no_usage_crashes_the_reader_or_reaches_the_ledger_negative(usage: Any) -> None:
    body = json.dumps({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": usage}).encode()
    answer = read_answer(body)
    assert answer.text == "x"
    assert answer.usage is None or 0 <= answer.usage.input_tokens <= 10**9


@pytest.mark.parametrize("usage", ['{"prompt_tokens":NaN}', "NaN", '{"prompt_tokens":Infinity,"completion_tokens":-Infinity}'])
def test_nan_is_no_usage_and_does_not_spoil_the_answer(usage: str) -> None:
    answer = read_answer(b'{"choices":[{"message":{"content":"x"}}],"usage":' + usage.encode() + b"}")
    assert (answer.text, answer.usage) == ("x", None)
    msgspec.json.decode(answer.data or b"")


@pytest.mark.parametrize("tokens", [-5, 10**12, 1.5, "many", True])
def test_counts_that_cannot_be_true_are_no_usage(tokens: Any) -> None:
    body = {"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": tokens, "completion_tokens": 1}}
    usage = read_answer(json.dumps(body).encode()).usage
    assert usage is None or usage.input_tokens in {0, 1}


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b'{"choices":[]}', b'{"choices":null}', b"<html>", b'{"choices":5}', b"[" * 100_000]
)
def test_what_is_no_answer_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(InvalidAnswer) as refused:
        read_answer(body)
    assert len(str(refused.value)) < 300


def test_an_error_inside_a_success_is_an_error_without_its_keys() -> None:
    with pytest.raises(UpstreamFailure) as failed:
        read_answer(b'{"error":{"message":"no: sk-live-0123456789abcdef","type":"server_error","code":null}}')
    assert "sk-live" not in str(failed.value)
    with pytest.raises(RateLimited):
        StreamReader().read(b'{"error":{"message":"slow down","type":"rate_limit_error"}}')
    with pytest.raises(UpstreamFailure):
        StreamReader().read(b'{"error":"just a text"}')
    assert read_answer(b'{"error":null,"choices":[{"message":{"content":"x"}}]}').text == "x"


def test_an_unreadable_answer_is_not_quoted() -> None:
    with pytest.raises(InvalidAnswer) as refused:
        read_answer(b'{"choices":[{"message":{"content":"the model\'s words')
    assert "words" not in str(refused.value)


@pytest.mark.parametrize(("reason", "message", "finish"), [
    ("stop", {"content": "x"}, "stop"), ("length", {"content": "x"}, "length"), ("tool_calls", {}, "tool_calls"),
    ("function_call", {}, "tool_calls"), ("content_filter", {}, "content_filter"), ("stop", {"refusal": "no"}, "refusal"),
    ("eos", {"content": "x"}, "other"), (None, {"content": "x"}, None),
])  # fmt: skip
def test_every_reason_has_its_word(reason: str | None, message: dict[str, Any], finish: str | None) -> None:
    assert read_answer(json.dumps({"choices": [{"message": message, "finish_reason": reason}]}).encode()).finish == finish


def test_tool_calls_are_read_as_the_model_wrote_them() -> None:
    message = {"content": None, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": '}}]}
    answer = read_answer(json.dumps({"choices": [{"message": message, "finish_reason": "tool_calls"}]}).encode())
    assert answer.tool_calls == (ToolCall(id="c", name="f", arguments='{"a": '),)


def test_content_in_parts_is_one_text() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "reference"}, {"type": "text", "text": "b"}]
    assert read_answer(json.dumps({"choices": [{"message": {"content": parts}}]}).encode()).text == "ab"
