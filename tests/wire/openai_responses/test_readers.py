"""What a streamed response is read as; the transcripts in `reads/` are in OpenAI's format."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit import errors
from taskfit.errors import UpstreamError
from taskfit.values.answer import Delta
from taskfit.wire.openai_responses import EventReader
from taskfit.wire.sse import event
from tests.wire.openai_responses.speaking import deltas_of

HERE = Path(__file__).parent / "reads"
TRANSCRIPTS = sorted(HERE.glob("*.sse"))
CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "m", "status": "in_progress"}}
COMPLETED = {"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": []}}
KINDS = st.sampled_from([
    "response.created", "response.output_item.added", "response.output_item.done", "response.output_text.delta",
    "response.function_call_arguments.delta", "response.custom_tool_call_input.delta", "response.reasoning_summary_text.delta",
    "response.reasoning_summary_part.added", "response.output_text.annotation.added", "response.refusal.delta",
    "response.completed", "response.incomplete", "response.failed", "error", "codex.rate_limits",
])  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "output", "content", "summary", "text", "error", "code", "call_id", "annotations", "status"]
            ),
            inner | KINDS | st.sampled_from(["message", "function_call", "reasoning", "output_text", "completed"]),
            max_size=5,
        )
    ),
    max_leaves=8,
)


def expected_of(transcript: Path) -> list[Delta]:
    lines = transcript.with_suffix(".jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(msgspec.json.encode({"type": "delta", **json.loads(line)}), type=Delta) for line in lines]


def stream(*events: dict[str, Any]) -> bytes:
    return b"".join([event(json.dumps(each).encode()) for each in events])


def read(*events: dict[str, Any]) -> list[Delta]:
    return deltas_of([stream(*events)])


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_gives_its_deltas(transcript: Path) -> None:
    deltas = deltas_of([transcript.read_bytes()])
    assert [msgspec.structs.replace(delta, data=None) for delta in deltas] == expected_of(transcript)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_the_events_of_a_transcript_are_passed_on_as_they_came(transcript: Path) -> None:
    passed = b"".join([delta.data or b"" for delta in deltas_of([transcript.read_bytes()])])
    body = transcript.read_bytes().replace(b"\r\n", b"\n").replace(b"data: [DONE]\n\n", b"")
    assert passed == b"\n\n".join([block for block in body.split(b"\n\n") if not block.startswith(b": ")])


@given(transcript=st.sampled_from(TRANSCRIPTS), data=st.data())
def test_any_chunking_of_a_stream_gives_the_same_deltas(transcript: Path, data: st.DataObject) -> None:
    body = transcript.read_bytes()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=30)))
    chunks = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert deltas_of(chunks) == deltas_of([body])


@given(st.binary(max_size=200) | JSON.map(lambda tree: json.dumps(tree).encode()))
def test_no_payload_raises_anything_but_an_upstream_error(payload: bytes) -> None:
    try:
        EventReader().read(payload, payload)
    except UpstreamError:
        pass


@given(st.lists(st.tuples(KINDS, st.dictionaries(
    st.sampled_from(["output_index", "item_id", "delta", "item", "response", "error", "annotation", "logprobs"]), JSON
)), max_size=8))  # fmt: skip
def test_no_sequence_of_events_raises_anything_but_an_upstream_error(events: list[tuple[str, dict[str, Any]]]) -> None:
    reader = EventReader()
    try:
        for kind, members in events:
            payload = json.dumps({**members, "type": kind}).encode()
            for delta in reader.read(payload, payload):
                assert delta.dialect == "openai-responses"
    except UpstreamError:
        pass


def test_the_opening_waits_for_the_next_event() -> None:
    reader = EventReader()
    opening, first = stream(CREATED), b'{"type":"response.output_text.delta","output_index":0,"delta":"Hi"}'
    assert reader.read(json.dumps(CREATED).encode(), opening) == ()
    (delta,) = reader.read(first, b"data: " + first + b"\n\n")
    assert delta.data == opening + b"data: " + first + b"\n\n"
    assert (delta.text, delta.response_id, delta.model) == ("Hi", "resp_1", "m")


def test_nothing_of_an_answer_that_comes_in_its_last_event_is_shown_before_it_ends() -> None:
    deltas = deltas_of([(HERE / "everything_at_the_end.sse").read_bytes()])
    assert [delta.data == b"" for delta in deltas[:1]] == [True]
    assert [delta.data is None for delta in deltas[1:-1]] == [True]
    assert deltas[-1].is_terminal
    assert deltas[-1].data == (HERE / "everything_at_the_end.sse").read_bytes()


def test_a_stream_without_its_last_event_is_cut() -> None:
    with pytest.raises(errors.CutAnswer):
        read(CREATED, {"type": "response.output_text.delta", "output_index": 0, "delta": "Hi"})


@pytest.mark.parametrize(
    ("failure", "wanted"),
    [
        ({"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded"}}}, errors.RateLimited),
        ({"type": "response.failed", "response": {"status": "failed", "error": None}}, errors.UpstreamFailure),
        ({"type": "response.failed", "response": {"id": "x"}}, errors.UpstreamFailure),
        ({"type": "response.cancelled", "response": {"status": "cancelled"}}, errors.CutAnswer),
        ({"type": "error", "code": "context_length_exceeded", "message": "too long", "param": None}, errors.ContextExceeded),
        ({"type": "error", "code": None, "message": "boom"}, errors.UpstreamFailure),
        ({"type": "error", "error": {"type": "invalid_request_error", "code": "odd", "message": "no"}}, errors.UpstreamRefused),
        ({"type": "error", "error": {"type": "x", "code": "server_is_overloaded", "message": "no"}}, errors.UpstreamOverloaded),
        ({"error": {"message": "no", "code": 503}}, errors.UpstreamFailure),
        ({"type": "response.completed", "response": None}, errors.InvalidAnswer),
        ({"type": "response.output_text.delta", "delta": 7}, errors.InvalidAnswer),
        ({"type": "response.created", "response": {"error": {"code": "invalid_prompt", "message": "no"}}}, errors.ContentRefused),
    ],
)
def test_a_failure_inside_a_stream_is_an_error(failure: dict[str, Any], wanted: type[UpstreamError]) -> None:
    with pytest.raises(wanted) as caught:
        read(CREATED, failure)
    assert type(caught.value) is wanted


def test_a_key_in_an_error_is_not_told() -> None:
    with pytest.raises(UpstreamError) as caught:
        read({"type": "error", "message": "bad key sk-abcdefgh12345678"})
    assert "sk-abc" not in str(caught.value)


def test_an_unknown_event_passes_and_says_nothing() -> None:
    unknown = {"type": "codex.rate_limits", "delta": {"x": 1}, "item": 7}
    delta, end = read(unknown, COMPLETED)
    assert msgspec.structs.replace(delta, data=None) == Delta(dialect="openai-responses")
    assert (delta.data, end.finish) == (stream(unknown), "stop")


def test_servers_that_do_not_number_items_are_understood() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": ""}
    deltas = read(
        CREATED,
        {"type": "response.output_item.added", "item_id": "fc_1", "item": call},
        {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "delta": "{}"},
        {"type": "response.output_item.done", "item_id": "fc_1", "item": {**call, "arguments": "{}"}},
        COMPLETED,
    )
    pieces = [piece for delta in deltas for piece in delta.tool_calls]
    assert [(piece.id, piece.name, piece.arguments) for piece in pieces] == [("c", "f", ""), (None, None, "{}")]


@pytest.mark.parametrize(
    ("end", "finish"),
    [
        ({"type": "response.incomplete", "response": {"status": "incomplete"}}, "other"),
        ({"type": "response.incomplete", "response": {"incomplete_details": {"reason": "content_filter"}}}, "content_filter"),
        ({"type": "response.completed", "response": {"status": "incomplete", "incomplete_details": {"reason": "x"}}}, "other"),
        ({"type": "response.completed", "response": {"status": "in_progress"}}, "stop"),
    ],
)
def test_the_last_event_says_why_the_model_stopped(end: dict[str, Any], finish: str) -> None:
    assert read(CREATED, end)[-1].finish == finish
