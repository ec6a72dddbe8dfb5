"""What an upstream answers: no bytes crash its reader, any chunking of a stream gives the same, and what came passes on."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import CutAnswer, InvalidAnswer, RateLimited, UpstreamError, UpstreamFailure, UpstreamOverloaded
from taskfit.values.answer import Choice, Delta, TokenLogprob, ToolCallDelta
from taskfit.values.conversation import Citation, Refusal, Signature, Text, Thinking, ToolCall
from taskfit.values.usage import Usage
from taskfit.wire.openai_chat import new_reader, read_answer
from taskfit.wire.sse import DONE, MAX_OPENING_BYTES, SseReader, event
from taskfit.wire.streams import DeltaReader

HERE = Path(__file__).parent
TRANSCRIPTS = sorted(HERE.glob("*.sse"))

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
    deltas: list[Delta] = []
    reader = DeltaReader(new_reader(hides_usage=hides_usage), deltas.append)
    for each in pieces:
        reader.feed(each)
    reader.finish()
    return deltas


def read_events(*events: dict[str, Any] | bytes, hides_usage: bool = False) -> list[Delta]:
    """Without the judgement of the whole stream."""
    reader = new_reader(hides_usage=hides_usage)
    payloads = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in events]
    return [delta for payload in payloads for delta in reader.read(payload, event(payload))]


def piece(delta: dict[str, Any] | None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": "c-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish, **more}]}


def answer_with(message: dict[str, Any], **more: Any) -> Choice:
    return read_answer(json.dumps({"id": "c-1", "choices": [{"message": message, **more}]}).encode()).choices[0]


def expected_of(transcript: Path) -> list[Delta]:
    lines = transcript.with_suffix(".jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(msgspec.json.encode({"type": "delta", **json.loads(line)}), type=Delta) for line in lines]


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_gives_its_deltas_and_passes_whole(transcript: Path) -> None:
    body = transcript.read_bytes()
    deltas = read_stream([body])
    assert [msgspec.structs.replace(delta, data=None) for delta in deltas] == expected_of(transcript)
    frames = [frame.whole for frame in SseReader().feed(body) if frame.payload != DONE]
    assert b"".join(delta.data or b"" for delta in deltas) == b"".join(frames)


@given(transcript=st.sampled_from(TRANSCRIPTS), places=st.lists(st.integers(0, 10_000), max_size=30))
def test_any_chunking_of_a_transcript_gives_the_same_deltas(transcript: Path, places: list[int]) -> None:
    body = transcript.read_bytes()
    assert read_stream(cut(body, places)) == read_stream([body])


def without_data(deltas: list[Delta]) -> list[Delta]:
    return [msgspec.structs.replace(delta, data=None) for delta in deltas]


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
    assert b"".join(delta.data or b"" for delta in deltas) + event(DONE) == STREAM
    assert "".join(delta.text for delta in deltas) == "naïve 日本語 😀"
    assert deltas[2].reasoning == "hm"
    assert deltas[3].tool_calls == (ToolCallDelta(index=0, id="call_1", name="f"),)
    assert "".join(call.arguments for delta in deltas for call in delta.tool_calls) == '{"a": 1}'
    assert [delta.finish for delta in deltas if delta.finish] == ["tool_calls"]
    assert deltas[-1].usage == Usage(input_tokens=5, output_tokens=6)
    assert [delta.is_usage_only for delta in deltas] == [False] * 7 + [True]


@given(st.lists(st.integers(0, 10_000), max_size=30))
def test_any_chunking_of_a_stream_gives_the_same_deltas(places: list[int]) -> None:
    assert read_stream(cut(STREAM, places)) == read_stream([STREAM])
    assert read_stream(cut(UNRULY, places)) == read_stream([UNRULY])
    assert without_data(read_stream([UNRULY])) == without_data(read_stream([STREAM]))


def test_a_stream_that_comes_byte_by_byte_gives_the_same_deltas() -> None:
    assert read_stream([bytes([byte]) for byte in UNRULY]) == read_stream([UNRULY])


def test_usage_that_the_client_did_not_ask_for_is_taken_out_and_nothing_else() -> None:
    hidden = read_stream([STREAM], hides_usage=True)
    frames = SseReader().feed(b"".join(delta.data or b"" for delta in hidden if not delta.is_usage_only))
    shown = [msgspec.json.decode(frame.payload) for frame in frames]
    expected = [json.loads(payload) for payload in PAYLOADS[:-1]]
    assert all(event.pop("usage") is None for event in expected)
    assert shown == expected
    assert hidden[-1].usage == Usage(input_tokens=5, output_tokens=6)


def test_usage_beside_the_last_words_is_read_and_taken_out() -> None:
    payload = b'{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":6}}'
    (hidden,) = read_events(payload, hides_usage=True)
    assert (hidden.usage, hidden.text, hidden.is_usage_only) == (Usage(input_tokens=5, output_tokens=6), "x", False)
    assert b"usage" not in (hidden.data or b"")
    assert read_events(payload)[0].data == event(payload)


def test_an_event_without_choices_that_says_something_else_is_kept() -> None:
    payload = b'{"choices":[],"prompt_filter_results":[1],"usage":null}'
    _, delta = read_events(piece({"content": "x"}), payload, hides_usage=True)
    assert not delta.is_usage_only
    assert delta.data == event(b'{"choices":[],"prompt_filter_results":[1]}')


@pytest.mark.parametrize("rest", [',"usage":null', ',"usage":null,"x":1', ',"x":{"usage":null},"usage":null'])
def test_a_usage_of_null_is_taken_out_wherever_it_stands(rest: str) -> None:
    said = '"choices":[{"index":0,"delta":{"content":"x"}}]'
    (delta,) = read_events(f"{{{said}{rest}}}".encode(), hides_usage=True)
    (frame,) = SseReader().feed(delta.data or b"")
    assert json.loads(frame.payload) == {key: value for key, value in json.loads(f"{{{said}{rest}}}").items() if key != "usage"}


def test_what_comes_before_the_first_words_is_held_and_goes_out_in_front_of_them() -> None:
    opening = [{"choices": [], "prompt_filter_results": []}, piece({"role": "assistant", "content": ""})]
    reader = new_reader()
    for each in opening:
        assert list(reader.read(json.dumps(each).encode(), event(json.dumps(each).encode()))) == []
    first = json.dumps(piece({"content": "x"})).encode()
    (delta,) = reader.read(first, event(first))
    assert delta.data == b"".join(event(json.dumps(each).encode()) for each in opening) + event(first)
    assert delta.text == "x"


def test_an_error_after_the_opening_finds_an_answer_that_has_not_begun() -> None:
    deltas: list[Delta] = []
    reader = DeltaReader(new_reader(), deltas.append)
    reader.feed(event(json.dumps(piece({"role": "assistant", "content": ""})).encode()))
    with pytest.raises(UpstreamFailure):
        reader.feed(event(b'{"error":{"message":"out of memory","type":"server_error"}}'))
    assert deltas == []


def test_an_opening_is_not_hidden_with_the_usage_behind_it() -> None:
    opening, usage = piece({"role": "assistant"}), {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 0}}
    first, last = read_events(opening, usage, hides_usage=True)
    assert (first.data, first.usage, first.is_usage_only) == (event(json.dumps(opening).encode()), None, False)
    assert last.is_usage_only


def test_an_opening_that_never_ends_is_passed_on_in_the_end() -> None:
    reader, payload = new_reader(), json.dumps(piece({"content": "", "padding": "x" * 1000})).encode()
    passed = [delta for _ in range(MAX_OPENING_BYTES // 1000 + 2) for delta in reader.read(payload, event(payload))]
    assert passed
    assert len(passed[0].data or b"") > MAX_OPENING_BYTES


def test_a_stream_without_a_finish_is_cut() -> None:
    with pytest.raises(CutAnswer):
        read_stream([STREAM.replace(b'"finish_reason": "tool_calls"', b'"finish_reason": null')])


def read_payload(payload: bytes) -> object:
    return new_reader(hides_usage=True).read(payload, event(payload))


@given(st.binary(max_size=80))
def test_no_bytes_crash_the_readers(data: bytes) -> None:
    for read in (read_answer, read_payload):
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
        st.sampled_from([
            "choices", "delta", "message", "content", "tool_calls", "function", "index", "usage", "error", "thinking_blocks",
            "annotations", "logprobs", "extra_content", "google", "reasoning", "finish_reason", "url_citation", "id",
        ]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_no_json_crashes_the_readers(value: Any) -> None:
    data = json.dumps(value).encode()
    for read in (read_answer, read_payload):
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
        read_events(b'{"error":{"message":"slow down","type":"rate_limit_error"}}')
    with pytest.raises(UpstreamFailure):
        read_events(b'{"error":"just a text"}')
    assert read_answer(b'{"error":null,"choices":[{"message":{"content":"x"}}]}').text == "x"


def test_an_unreadable_answer_is_not_quoted() -> None:
    with pytest.raises(InvalidAnswer) as refused:
        read_answer(b'{"choices":[{"message":{"content":"the model\'s words')
    assert "words" not in str(refused.value)


@pytest.mark.parametrize(("reason", "message", "finish"), [
    ("stop", {"content": "x"}, "stop"), ("length", {"content": "x"}, "length"), ("tool_calls", {}, "tool_calls"),
    ("function_call", {}, "tool_calls"), ("content_filter", {}, "content_filter"), ("stop", {"refusal": "no"}, "refusal"),
    ("eos", {"content": "x"}, "other"), (None, {"content": "x"}, None), ("", {"content": "x"}, None),
    ("model_length", {"content": "x"}, "length"),
    ("stop", {"tool_calls": [{"id": "c", "function": {"name": "f"}}]}, "tool_calls"),
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


@pytest.mark.parametrize(("reason", "error"), [
    ("error", UpstreamFailure), ("abort", UpstreamFailure), ("insufficient_system_resource", UpstreamOverloaded),
])  # fmt: skip
def test_a_reason_that_says_broken_off_is_an_error(reason: str, error: type[UpstreamError]) -> None:
    with pytest.raises(error):
        answer_with({"content": "x"}, finish_reason=reason)
    with pytest.raises(error):
        read_events(piece({"content": ""}, reason))


def test_an_error_inside_a_choice_is_an_error() -> None:
    failed = {"code": 429, "message": "slow down", "type": "rate_limit_error"}
    with pytest.raises(RateLimited):
        answer_with({"content": ""}, error=failed, finish_reason="error")
    with pytest.raises(RateLimited):
        read_events(piece({"content": ""}, error=failed))


def test_all_choices_are_read_in_their_order() -> None:
    choices = [{"index": 1, "message": {"content": "b"}, "finish_reason": "length"}, {"index": 0, "message": {"refusal": "No."}}]
    answer = read_answer(json.dumps({"choices": choices, "service_tier": "flex"}).encode())
    assert answer.choices == (
        Choice(parts=(Refusal(text="No."),)), Choice(parts=(Text(text="b"),), finish="length"),
    )  # fmt: skip
    assert answer.service_tier == "flex"


@pytest.mark.parametrize("message", [
    {"content": "3", "reasoning_content": "hm"}, {"content": "3", "reasoning": "hm"},
    {"content": "3", "reasoning_content": "hm", "reasoning": "hm"},
    {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "3"}]},
    {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "3"}]},
    {"content": "3", "thinking_blocks": [{"type": "thinking", "thinking": "hm"}]},
    {"content": "3", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
])  # fmt: skip
def test_thoughts_are_found_wherever_a_server_tells_them(message: dict[str, Any]) -> None:
    assert answer_with(message).parts == (Thinking(text="hm"), Text(text="3"))


def test_thoughts_in_a_stream_are_found_in_either_member() -> None:
    for name in ("reasoning_content", "reasoning"):
        (delta,) = read_events(piece({"content": "", name: "hm"}))
        assert (delta.reasoning, delta.text) == ("hm", "")


def test_a_signature_closes_thoughts_and_one_that_was_sealed_keeps_its_origin() -> None:
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "taskfit:anthropic-messages:EqQB"},
        {"type": "redacted_thinking", "data": "R3d"},
    ]
    message = {"content": "3", "reasoning_content": "hm", "thinking_blocks": blocks}
    first = Signature(origin="anthropic-messages", value="EqQB")
    second = Signature(origin="openai-chat", value="R3d")
    assert answer_with(message).parts == (
        Thinking(text="hm", signature=first), Thinking(is_redacted=True, signature=second), Text(text="3"),
    )  # fmt: skip
    told = read_events(*[piece({"thinking_blocks": [block]}) for block in blocks])
    assert [(delta.reasoning, delta.signature, delta.is_redacted) for delta in told] == [("hm", first, False), ("", second, True)]


def test_citations_and_probabilities_are_read() -> None:
    cited = {"type": "url_citation", "url_citation": {"url": "https://a", "title": "A", "start_index": 0, "end_index": 1}}
    token = {"token": "3", "logprob": -0.5, "bytes": [51], "top_logprobs": [{"token": "4", "logprob": -2.0, "bytes": None}]}
    choice = answer_with({"content": "3", "annotations": [cited, {"type": "other"}]}, logprobs={"content": [token]})
    assert choice.parts == (Text(text="3", citations=(Citation(url="https://a", title="A", start=0, end=1),)),)
    assert choice.logprobs == (TokenLogprob(token="3", logprob=-0.5, top=(("4", -2.0),)),)


@pytest.mark.parametrize("more", [
    {"annotations": 5}, {"annotations": [5]}, {"thinking_blocks": "x"}, {"reasoning": {"x": 1}}, {"reasoning_details": {}},
])  # fmt: skip
def test_what_an_answer_can_do_without_may_have_any_form(more: dict[str, Any]) -> None:
    assert answer_with({"content": "3", **more}, logprobs="x").parts == (Text(text="3"),)


def call(index: int | None, **more: Any) -> dict[str, Any]:
    function = {key: more.pop(key) for key in ("name", "arguments") if key in more}
    return piece({"tool_calls": [{**({} if index is None else {"index": index}), **more, "function": function}]})


def calls_of(*events: dict[str, Any]) -> list[ToolCallDelta]:
    return [each for delta in read_events(*events) for each in delta.tool_calls]


def test_calls_that_share_an_index_are_told_apart_by_their_ids() -> None:
    assert calls_of(call(0, id="a", name="f", arguments="{}"), call(0, id="b", name="f", arguments="{}")) == [
        ToolCallDelta(index=0, id="a", name="f", arguments="{}"), ToolCallDelta(index=1, id="b", name="f", arguments="{}"),
    ]  # fmt: skip


def test_an_id_and_a_name_that_are_repeated_belong_to_the_same_call() -> None:
    assert calls_of(call(0, id="a", name="f", arguments="{"), call(0, id="a", name="f", arguments="}")) == [
        ToolCallDelta(index=0, id="a", name="f", arguments="{"), ToolCallDelta(index=0, arguments="}"),
    ]  # fmt: skip


def test_calls_without_index_and_id_begin_with_a_name_and_get_ids_of_their_own() -> None:
    pieces = calls_of(call(None, name="f", arguments="{"), call(None, arguments="}"), call(None, name="g", arguments="{}"))
    assert [(each.index, each.id, each.name, each.arguments) for each in pieces] == [
        (0, "call_c-1_0_0", "f", "{"), (0, None, None, "}"), (1, "call_c-1_0_1", "g", "{}"),
    ]  # fmt: skip


def test_numbers_that_do_not_begin_at_0_are_counted_anew() -> None:
    assert [each.index for each in calls_of(call(1, id="a", name="f"), call(2, id="b", name="g"), call(1, arguments="{}"))] == [
        0,
        1,
        0,
    ]


def test_free_text_and_old_fashioned_calls_are_read() -> None:
    custom = {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}
    assert answer_with({"tool_calls": [custom]}).parts == (ToolCall(id="c", name="patch", arguments='{"input":"*** Begin"}'),)
    assert calls_of(piece({"tool_calls": [{"index": 0, **custom}]}))[0].name == "patch"
    old = {"function_call": {"name": "f", "arguments": "{}"}}
    assert answer_with(old, finish_reason="function_call") == Choice(
        parts=(ToolCall(id="call_c-1_0_0", name="f", arguments="{}"),), finish="tool_calls"
    )
    assert calls_of(piece(old))[0].name == "f"


def test_a_stream_that_was_told_which_tool_to_call_ends_in_tool_calls() -> None:
    assert read_events(call(0, id="a", name="f", arguments="{}"), piece({}, "stop"))[-1].finish == "tool_calls"


def test_a_refusal_is_streamed_as_one() -> None:
    first, last = read_events(piece({"refusal": "No."}), piece({}, "stop"))
    assert (first.refusal, first.text, last.finish) == ("No.", "", "refusal")


def test_a_chunk_without_a_delta_may_end_the_answer() -> None:
    (delta,) = read_events(piece(None, "length"))
    assert (delta.text, delta.finish) == ("", "length")
