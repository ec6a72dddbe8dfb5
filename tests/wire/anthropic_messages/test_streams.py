"""What Anthropic's streams are read as; the transcripts beside this file are in the vendor's format."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit import errors
from taskfit.values.answer import Delta, ToolCallDelta
from taskfit.values.conversation import Signature
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire.anthropic_messages import DIALECT, new_reader, new_writer, read_request
from taskfit.wire.sse import MAX_OPENING_BYTES, SseReader
from tests.wire.anthropic_messages.streams import (
    HERE,
    TRANSCRIPTS,
    WHOLE,
    deltas_of,
    events_of,
    expected_of,
    without_data,
)
from tests.wire.anthropic_messages.trees import places_in, trees, with_part

MESSAGE: dict[str, Any] = {**json.loads((HERE / "message.json").read_bytes()), "content": []}


def payload_of(kind: str, **members: Any) -> bytes:
    return json.dumps({"type": kind, **members}).encode()


def read_all(*payloads: bytes) -> list[Delta]:
    reader = new_reader()
    return [delta for payload in payloads for delta in reader.read(payload, payload)]


def asked() -> Request:
    body = b'{"model":"m","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"Hi"}]}'
    return read_request(body, request_id="req-1", terms=Terms(), caller=Caller())


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_gives_its_deltas(transcript: Path) -> None:
    deltas, _ = deltas_of(*events_of(transcript.read_bytes()))
    assert without_data(deltas) == expected_of(transcript)


@pytest.mark.parametrize("transcript", WHOLE, ids=lambda path: path.stem)
def test_the_straight_lane_gives_a_client_every_byte(transcript: Path) -> None:
    deltas, error = deltas_of(transcript.read_bytes())
    writer = new_writer(asked(), reply_id="1", created=0)
    assert error is None
    assert b"".join([writer.write(delta, model="m") for delta in deltas]) + writer.end() == transcript.read_bytes()


@pytest.mark.parametrize("transcript", WHOLE, ids=lambda path: path.stem)
def test_the_last_event_waits_for_the_end(transcript: Path) -> None:
    deltas, _ = deltas_of(transcript.read_bytes())
    writer = new_writer(asked(), reply_id="1", created=0)
    assert b"message_stop" not in b"".join([writer.write(delta, model="m") for delta in deltas])


@given(transcript=st.sampled_from(TRANSCRIPTS), data=st.data())
def test_any_chunking_of_a_stream_gives_the_same_deltas(transcript: Path, data: st.DataObject) -> None:
    body = transcript.read_bytes()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=30)))
    chunks = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    deltas, error = deltas_of(*chunks)
    whole, whole_error = deltas_of(*events_of(body))
    assert error == whole_error
    assert deltas == whole[: len(deltas)]
    assert error is not None or len(deltas) == len(whole)


def test_an_error_on_the_way_is_that_error() -> None:
    deltas, error = deltas_of(*events_of((HERE / "error_on_the_way.sse").read_bytes()))
    assert [delta.text for delta in deltas] == ["Half an ans"]
    assert error is errors.UpstreamOverloaded


@pytest.mark.parametrize("length", [3, 5, 7])
def test_a_stream_that_breaks_off_is_no_answer(length: int) -> None:
    events = events_of((HERE / "text.sse").read_bytes())
    assert deltas_of(*events[:length])[1] is errors.CutAnswer


def test_an_error_without_details_is_a_failure() -> None:
    for payload in (b'{"type":"error"}', b'{"error":"boom"}', b'{"type":"error","error":{"type":7}}'):
        with pytest.raises(errors.UpstreamFailure):
            read_all(payload)


def test_the_opening_of_a_stream_is_held_back_until_something_is_said() -> None:
    reader = new_reader()
    for payload in (
        payload_of("message_start", message=MESSAGE),
        payload_of("ping"),
        payload_of("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    ):
        assert not reader.read(payload, payload)
    with pytest.raises(errors.UpstreamOverloaded):
        reader.read(payload_of("error", error={"type": "overloaded_error", "message": "Overloaded"}), b"")


def test_the_first_delta_brings_the_opening_along() -> None:
    opening = payload_of("message_start", message=MESSAGE)
    piece = payload_of("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hi"})
    (delta,) = read_all(opening, piece)
    assert delta.data == opening + piece
    assert (delta.response_id, delta.model) == (MESSAGE["id"], MESSAGE["model"])


def test_pings_without_end_are_let_through() -> None:
    ping = payload_of("ping") + b" " * 1000
    deltas = read_all(payload_of("message_start", message=MESSAGE), *[ping] * 100)
    assert deltas
    assert len(deltas[0].data or b"") <= MAX_OPENING_BYTES + 2000


def test_events_that_say_nothing_pass_all_the_same() -> None:
    begin = payload_of("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hi"})
    for payload in (
        payload_of("ping"),
        payload_of("an_event_of_next_year", delta="anything"),
        payload_of("content_block_delta", index=0, delta={"type": "a_delta_of_next_year", "text": 7}),
        payload_of("content_block_start", index=1, content_block={"type": "a_block_of_next_year", "id": 7}),
        payload_of("content_block_delta", index=9, delta={"type": "input_json_delta", "partial_json": "{"}),
        payload_of("content_block_delta", index=0, delta={"type": "text_delta", "text": ""}),
        payload_of("content_block_stop", index=9),
    ):
        assert read_all(begin, payload)[1:] == [Delta(dialect=DIALECT, data=payload)]


def test_a_call_that_comes_whole_with_its_start_keeps_its_arguments() -> None:
    block = {"type": "tool_use", "id": "t", "name": "now", "input": {"zone": "UTC"}}
    deltas = read_all(payload_of("content_block_start", index=0, content_block=block), payload_of("content_block_stop", index=0))
    assert deltas[1].tool_calls == (ToolCallDelta(index=0, arguments='{"zone":"UTC"}'),)


def test_a_block_that_begins_with_something_says_it() -> None:
    block = {"type": "thinking", "thinking": "Hm", "signature": "Eq"}
    (delta,) = read_all(payload_of("content_block_start", index=0, content_block=block))
    assert (delta.reasoning, delta.signature) == ("Hm", Signature(origin=DIALECT, value="Eq"))


def test_a_usage_that_was_unreadable_once_stays_unknown() -> None:
    usage = {"input_tokens": 1, "output_tokens": 5}
    (delta,) = read_all(
        payload_of("message_start", message={**MESSAGE, "usage": {"input_tokens": "x"}}),
        payload_of("message_delta", delta={"stop_reason": "end_turn"}, usage=usage),
    )
    assert (delta.finish, delta.usage) == ("stop", None)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":7}}',
        b'{"type":"content_block_delta","index":0,"delta":7}',
        b'{"type":"content_block_start","index":"first","content_block":{"type":"tool_use","id":"t","name":"n"}}',
        b'{"type":"message_start","message":7}',
    ],
)
def test_what_is_no_event_is_an_invalid_answer(payload: bytes) -> None:
    with pytest.raises(errors.InvalidAnswer):
        read_all(payload)


@given(st.binary() | trees.map(lambda tree: json.dumps(tree).encode()))
def test_no_bytes_raise_anything_but_an_upstream_error(payload: bytes) -> None:
    reader = new_reader()
    start = {"type": "tool_use", "id": "t", "name": "n", "input": {}}
    reader.read(payload_of("content_block_start", index=0, content_block=start), b"")
    with suppress(errors.UpstreamError):
        reader.read(payload, payload)


@given(transcript=st.sampled_from(TRANSCRIPTS), data=st.data())
def test_a_transcript_with_any_part_exchanged_raises_nothing_but_upstream_errors(transcript: Path, data: st.DataObject) -> None:
    payloads = [json.loads(frame.payload) for frame in SseReader().feed(transcript.read_bytes())]
    number = data.draw(st.integers(0, len(payloads) - 1))
    place = data.draw(st.sampled_from(places_in(payloads[number])))
    payloads[number] = with_part(payloads[number], place, data.draw(trees))
    with suppress(errors.UpstreamError):
        read_all(*[json.dumps(payload).encode() for payload in payloads])
