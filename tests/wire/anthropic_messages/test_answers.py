"""What Anthropic's answers and streams are read as; the transcripts beside this file are in the vendor's format."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit import errors
from taskfit.values.answer import Answer, Delta, ToolCallDelta
from taskfit.values.conversation import ToolCall
from taskfit.values.usage import Usage
from taskfit.wire.anthropic_messages import StreamReader, read_answer
from taskfit.wire.sse import SseReader

HERE = Path(__file__).parent
TRANSCRIPTS = sorted(HERE.glob("*.sse"))
MESSAGE: dict[str, Any] = json.loads((HERE / "message.json").read_bytes())


def deltas_of(*chunks: bytes) -> list[Delta]:
    frames, reader = SseReader(), StreamReader()
    payloads = [payload for chunk in chunks for payload in frames.feed(chunk)] + frames.finish()
    return [delta for payload in payloads if (delta := reader.read(payload)) is not None]


def expected_of(transcript: Path) -> list[Delta]:
    lines = transcript.with_suffix(".jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(msgspec.json.encode({"type": "delta", **json.loads(line)}), type=Delta) for line in lines]


def message(**changes: object) -> bytes:
    return json.dumps({**MESSAGE, **changes}).encode()


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_gives_its_deltas(transcript: Path) -> None:
    deltas = deltas_of(transcript.read_bytes())
    assert [msgspec.structs.replace(delta, data=None) for delta in deltas] == expected_of(transcript)
    assert all(delta.data is not None and delta.data in transcript.read_bytes() for delta in deltas)


@given(transcript=st.sampled_from(TRANSCRIPTS), data=st.data())
def test_any_chunking_of_a_stream_gives_the_same_deltas(transcript: Path, data: st.DataObject) -> None:
    body = transcript.read_bytes()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=30)))
    chunks = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert deltas_of(*chunks) == deltas_of(body)


def test_a_whole_answer_is_read() -> None:
    body = (HERE / "message.json").read_bytes()
    assert read_answer(body) == Answer(
        dialect="anthropic-messages",
        data=body,
        response_id="msg_013Zva2CMHLNnXjNJJKqJ2EF",
        model="claude-sonnet-5",
        text="It is a tax question. I will file it.",
        reasoning="A ticket about VAT.",
        tool_calls=(
            ToolCall(
                id="toolu_01A09q90qw90lq917835lq9",
                name="file_ticket",
                arguments='{"queue":"tax","priority":2.0,"tags":["vat","größe"]}',
            ),
        ),
        finish="tool_calls",
        usage=Usage(input_tokens=2112, output_tokens=70, cached_tokens=2000, cache_write_tokens=100, reasoning_tokens=20),
    )


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "refusal"),
        ("pause_turn", "other"),
        ("a_reason_of_next_year", "other"),
        (None, None),
    ],
)
def test_the_reason_for_stopping_is_mapped(reason: str | None, finish: str | None) -> None:
    assert read_answer(message(stop_reason=reason)).finish == finish


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        "many",
        {"input_tokens": 5},
        {"input_tokens": -1, "output_tokens": 5},
        {"input_tokens": 10**12, "output_tokens": 5},
        {"input_tokens": 10**30, "output_tokens": 5},
        {"input_tokens": float("nan"), "output_tokens": 5},
        {"input_tokens": 1.5, "output_tokens": 5},
        {"input_tokens": 5, "output_tokens": 5, "cache_read_input_tokens": -5},
        {"input_tokens": 5, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 6}},
    ],
)
def test_a_usage_that_cannot_be_true_is_unknown_and_the_answer_stands(usage: object) -> None:
    answer = read_answer(message(usage=usage))
    assert answer.usage is None
    assert answer.text.startswith("It is")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>Log in to the network</html>",
        b'{"type":"message"',
        b'{"type":"message","content":null}',
        b'{"type":"message","content":"text"}',
        b'{"type":"message","content":[7]}',
        b'{"type":"message","content":[{"type":"text","text":7}]}',
        b'{"type":"message","content":[{"type":"tool_use","id":"t","name":"n","input":[1]}]}',
        b'{"type":"message","content":[{"type":"tool_use","id":"t","name":"n","input":{"a":"\xff"}}]}',
        b'{"type":"message","content":[{"type":"text","text":"\xff"}]}',
        b'{"type":"completion","completion":"Hello"}',
        b'{"content":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b"\xff\xfe{",
    ],
)
def test_what_is_no_message_is_an_invalid_answer(body: bytes) -> None:
    with pytest.raises(errors.InvalidAnswer):
        read_answer(body)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("overloaded_error", errors.UpstreamOverloaded),
        ("rate_limit_error", errors.RateLimited),
        ("invalid_request_error", errors.UpstreamRefused),
        ("authentication_error", errors.UpstreamUnauthorized),
        ("not_found_error", errors.UpstreamModelMissing),
        ("timeout_error", errors.UpstreamTimeout),
        ("api_error", errors.UpstreamFailure),
    ],
)
def test_an_error_inside_a_success_is_that_error(kind: str, error: type[errors.UpstreamError]) -> None:
    payload = json.dumps({"type": "error", "error": {"type": kind, "message": "Sorry, " * 500}}).encode()
    with pytest.raises(error) as plain:
        read_answer(payload)
    with pytest.raises(error):
        StreamReader().read(payload)
    assert kind in str(plain.value)
    assert len(str(plain.value)) < 600
    assert "Sorry" not in plain.value.caller_text


def test_a_key_that_the_upstream_repeats_is_starred_out() -> None:
    secret = "sk-ant-api03-Zz9"
    payload = json.dumps({"type": "error", "error": {"type": "api_error", "message": f"bad key {secret}\nAIza{'x' * 35}"}})
    with pytest.raises(errors.UpstreamFailure) as caught:
        read_answer(payload.encode())
    assert str(caught.value) == "an error inside a successful answer: api_error: bad key *** ***"


def test_pieces_without_a_word_give_no_delta() -> None:
    for piece in ({"type": "text_delta", "text": ""}, {"type": "thinking_delta", "thinking": ""}, {"type": "signature_delta"}):
        event = {"type": "content_block_delta", "index": 0, "delta": piece}
        assert StreamReader().read(json.dumps(event).encode()) is None


def test_an_error_without_details_is_a_failure() -> None:
    for payload in (b'{"type":"error"}', b'{"error":"boom"}', b'{"type":"error","error":{"type":7}}'):
        with pytest.raises(errors.UpstreamFailure):
            StreamReader().read(payload)


def test_the_opening_of_a_stream_is_held_back_until_something_is_said() -> None:
    reader = StreamReader()
    assert reader.read(json.dumps({"type": "message_start", "message": {**MESSAGE, "content": []}}).encode()) is None
    with pytest.raises(errors.UpstreamOverloaded):
        reader.read(b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')


def test_a_call_that_comes_whole_with_its_start_keeps_its_arguments() -> None:
    reader = StreamReader()
    block = {"type": "tool_use", "id": "t", "name": "now", "input": {"zone": "UTC"}}
    reader.read(json.dumps({"type": "content_block_start", "index": 0, "content_block": block}).encode())
    delta = reader.read(b'{"type":"content_block_stop","index":0}')
    assert delta is not None
    assert delta.tool_calls == (ToolCallDelta(index=0, arguments='{"zone":"UTC"}'),)


def test_a_usage_that_was_unreadable_once_stays_unknown() -> None:
    reader = StreamReader()
    reader.read(json.dumps({"type": "message_start", "message": {**MESSAGE, "usage": {"input_tokens": "x"}}}).encode())
    usage = {"input_tokens": 1, "output_tokens": 5}
    delta = reader.read(json.dumps({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}).encode())
    assert delta is not None
    assert delta.finish == "stop"
    assert delta.usage is None


words = st.sampled_from([
    "type", "message", "error", "index", "content_block", "delta", "usage", "content", "content_block_start",
    "content_block_stop", "content_block_delta", "message_start", "message_delta", "text", "text_delta", "tool_use", "input",
    "input_json_delta", "thinking", "partial_json", "id", "name", "stop_reason", "input_tokens", "output_tokens",
])  # fmt: skip
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=6),
    max_leaves=12,
)


@given(st.binary() | trees.map(lambda tree: json.dumps(tree).encode()))
def test_no_bytes_raise_anything_but_an_upstream_error(payload: bytes) -> None:
    reader = StreamReader()
    reader.read(b'{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"n","input":{}}}')
    for read in (read_answer, reader.read):
        try:
            read(payload)
        except errors.UpstreamError:
            pass


def places_in(tree: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place, *(found for key, part in inner for found in places_in(part, (*place, key)))]


def with_part(tree: Any, place: tuple[str | int, ...], part: object) -> Any:
    if not place:
        return part
    copy = tree.copy()
    copy[place[0]] = with_part(tree[place[0]], place[1:], part)
    return copy


@given(transcript=st.sampled_from(TRANSCRIPTS), data=st.data())
def test_a_transcript_with_any_part_exchanged_raises_nothing_but_upstream_errors(transcript: Path, data: st.DataObject) -> None:
    payloads = [json.loads(payload) for payload in SseReader().feed(transcript.read_bytes())]
    number = data.draw(st.integers(0, len(payloads) - 1))
    place = data.draw(st.sampled_from(places_in(payloads[number])))
    payloads[number] = with_part(payloads[number], place, data.draw(trees))
    reader = StreamReader()
    try:
        for payload in payloads:
            reader.read(json.dumps(payload).encode())
    except errors.UpstreamError:
        pass
