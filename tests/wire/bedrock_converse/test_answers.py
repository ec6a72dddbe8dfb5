"""What Converse's answers and events are read as; the transcripts beside this file are in the service's format."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit import errors
from taskfit.values.answer import Delta, Finish
from taskfit.values.conversation import Citation, Signature, Text, Thinking, ToolCall
from taskfit.values.usage import Usage
from taskfit.wire.bedrock_converse import new_reader, read_answer

HERE = Path(__file__).parent
ANSWER: dict[str, Any] = json.loads((HERE / "answer.json").read_bytes())


def deltas_of(*events: object) -> list[Delta]:
    reader = new_reader()
    return [delta for event in events for delta in reader.read(json.dumps(event).encode())]


def answer(**changes: object) -> bytes:
    return json.dumps({**ANSWER, **changes}).encode()


def said(*blocks: object) -> bytes:
    return answer(output={"message": {"role": "assistant", "content": blocks}})


def test_a_whole_answer_is_read_part_by_part() -> None:
    body = (HERE / "answer.json").read_bytes()
    read = read_answer(body)
    signed = Signature(origin="bedrock-converse", value="c2lnbmVk")
    assert read.parts == (
        Thinking(text="The user wants the weather.", signature=signed),
        Thinking(is_redacted=True, signature=Signature(origin="bedrock-converse", value="aGlkZGVu")),
        Text(text="I will look."),
        Text(text="It is mild.", citations=(
            Citation(document=0, title="Climate", quote="Bonn is mild."), Citation(url="https://a.example/bonn"),
        )),
        ToolCall(id="tooluse_1", name="weather", arguments='{"city":"Bonn","n":1.50}'),
    )  # fmt: skip
    assert (read.dialect, read.data, read.finish, read.service_tier) == ("bedrock-converse", body, "tool_calls", "default")
    assert read.usage == Usage(input_tokens=150, output_tokens=40, cached_tokens=100, cache_write_tokens=20)


def test_a_transcript_gives_its_deltas() -> None:
    reader = new_reader()
    lines = (HERE / "thinking_and_tools.events").read_bytes().splitlines()
    expected = [
        msgspec.convert({"type": "delta", "dialect": "bedrock-converse", **json.loads(line)}, Delta)
        for line in (HERE / "thinking_and_tools.jsonl").read_bytes().splitlines()
    ]
    assert [delta for line in lines for delta in reader.read(line, line)] == expected


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"), ("guardrail_intervened", "content_filter"), ("content_filtered", "content_filter"),
        ("malformed_tool_use", "other"), ("brand_new", "other"),
    ],
)  # fmt: skip
def test_a_stop_reason_has_one_meaning_whole_and_streamed(reason: str, finish: Finish) -> None:
    assert read_answer(answer(stopReason=reason)).finish == finish
    assert deltas_of({"messageStop": {"stopReason": reason}})[0].finish == finish


def test_the_stop_text_is_told_where_the_model_tells_it() -> None:
    fields = {"stopReason": "stop_sequence", "additionalModelResponseFields": {"stop_sequence": "END"}}
    assert read_answer(answer(**fields)).choices[0].stop_sequence == "END"
    assert deltas_of({"messageStop": fields})[0].stop_sequence == "END"


@pytest.mark.parametrize("usage", [None, {}, {"inputTokens": 1}, {"inputTokens": -1, "outputTokens": 1}, "many",
                                   {"inputTokens": 10**12, "outputTokens": 1}])   # fmt: skip
def test_counts_that_cannot_be_true_are_not_known(usage: object) -> None:
    assert read_answer(answer(usage=usage)).usage is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"null", b'{"message": "no"}', b'{"output": {}}', b"\xff", b"[" * 10_000, said("text"),
        said({"toolUse": {"name": "x"}}), said({"toolUse": {"name": "x", "toolUseId": "1", "input": 3}}),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_an_invalid_answer(body: bytes) -> None:
    with pytest.raises(errors.InvalidAnswer):
        read_answer(body)


def test_a_block_of_a_new_type_is_passed_over() -> None:
    assert read_answer(said({"hologram": {}}, {"text": "x"})).text == "x"
    assert read_answer(said({"reasoningContent": {}})).parts == (Thinking(),)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("throttlingException", errors.RateLimited), ("serviceUnavailableException", errors.UpstreamOverloaded),
        ("validationException", errors.UpstreamRefused), ("modelTimeoutException", errors.UpstreamTimeout),
        ("modelStreamErrorException", errors.UpstreamFailure), ("internalServerException", errors.UpstreamFailure),
        ("somethingNewException", errors.UpstreamFailure), ("unknownError", errors.UpstreamFailure),
    ],
)  # fmt: skip
def test_an_exception_in_the_stream_is_the_error_it_names(kind: str, wanted: type[errors.UpstreamError]) -> None:
    with pytest.raises(wanted) as caught:
        deltas_of({kind: {"message": "Too many tokens, please wait", "originalStatusCode": 500}})
    assert type(caught.value) is wanted
    assert "Too many tokens" in str(caught.value)


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b'{"a":1,"b":2}', b'{"contentBlockDelta":{}}', b'{"contentBlockStart":3}',
                                     b'{"messageStop":[]}', b'{"contentBlockStop":{"contentBlockIndex":"0"}}'])   # fmt: skip
def test_an_event_that_cannot_be_read_is_an_invalid_answer(payload: bytes) -> None:
    with pytest.raises(errors.InvalidAnswer):
        new_reader().read(payload)


@given(st.lists(st.sampled_from((HERE / "thinking_and_tools.events").read_bytes().splitlines())))
def test_events_in_any_order_never_crash_the_reader(events: list[bytes]) -> None:
    reader = new_reader()
    for event in events:
        assert all(delta.dialect == "bedrock-converse" for delta in reader.read(event))


NAMES = st.sampled_from(
    ["output", "message", "content", "toolUse", "input", "text", "usage", "contentBlockDelta", "delta", "stopReason"]
)
LEAVES = st.none() | st.booleans() | st.floats() | st.text()
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner))


@given(st.binary() | TREES.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_crash_the_readers(body: bytes) -> None:
    for read in (read_answer, new_reader().read):
        try:
            read(body)
        except errors.UpstreamError:
            pass
