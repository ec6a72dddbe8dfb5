"""What a client of this dialect receives for a streamed request."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import CutAnswer, InvalidAnswer
from taskfit.pipeline.collect import collect
from taskfit.values.answer import Answer, Delta, Finish, TokenLogprob, ToolCallDelta
from taskfit.values.conversation import Citation, Signature
from taskfit.values.usage import Usage
from taskfit.wire.dialect import StreamWriter
from taskfit.wire.gemini_generate import new_array_writer, new_reader, new_writer
from taskfit.wire.gemini_generate import streams as writers
from taskfit.wire.sse import SseReader
from taskfit.wire.streams import DeltaReader
from tests.wire.conversations import ARGUMENTS, BASE64, NAMES, WORDS
from tests.wire.gemini_generate.test_replies import REQUEST

TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.sse"))
UNSIGNED_SEAL = "dGFza2ZpdDphbnRocm9waWMtbWVzc2FnZXM6"
USAGE = Usage(input_tokens=9, output_tokens=7, cached_tokens=2, reasoning_tokens=3)


def said(**fields: Any) -> Delta:
    return Delta(dialect="anthropic-messages", **fields)


def sse_writer() -> StreamWriter:
    return new_writer(REQUEST, reply_id="a1", created=0)


def array_writer() -> StreamWriter:
    return new_array_writer(REQUEST, reply_id="a1", created=0)


def chunks(*deltas: Delta) -> list[dict[str, Any]]:
    writer = sse_writer()
    body = b"".join([writer.write(delta, model="mini") for delta in deltas]) + writer.end()
    return [json.loads(frame.payload) for frame in SseReader().feed(body)]


def read_back(body: bytes) -> list[Delta]:
    deltas: list[Delta] = []
    reader = DeltaReader(new_reader(), deltas.append)
    reader.feed(body)
    reader.finish()
    return deltas


def transcript_deltas(transcript: Path) -> list[Delta]:
    return read_back(transcript.read_bytes())


def test_each_piece_is_a_chunk_and_the_last_has_calls_finish_and_usage() -> None:
    sealed = "dGFza2ZpdDphbnRocm9waWMtbWVzc2FnZXM6c2ln"
    names = {"modelVersion": "mini", "responseId": "a1"}
    signature = Signature(origin="anthropic-messages", value="sig")
    assert chunks(
        said(reasoning="Hm."),
        said(signature=signature),
        said(text="Yes."),
        said(refusal="No."),
        said(tool_calls=(ToolCallDelta(index=0, id="c1", name="now", arguments='{"a"', signature=signature),)),
        said(tool_calls=(ToolCallDelta(index=1, id="c2", name="now"), ToolCallDelta(index=0, arguments=":1}"))),
        said(logprobs=(TokenLogprob(token="Yes", logprob=-0.5),)),
        said(finish="tool_calls"),
        said(usage=USAGE, is_usage_only=True),
    ) == [
        {"candidates": [{"content": {"parts": [part], "role": "model"}, "index": 0}], **names}
        for part in (
            {"text": "Hm.", "thought": True, "thoughtSignature": UNSIGNED_SEAL},
            {"text": "", "thought": True, "thoughtSignature": sealed},
            {"text": "Yes."},
            {"text": "No."},
        )
    ] + [
        {
            "candidates": [
                {
                    "content": {"parts": [], "role": "model"},
                    "index": 0,
                    "logprobsResult": {"chosenCandidates": [{"token": "Yes", "logProbability": -0.5}], "logProbabilitySum": -0.5},
                }
            ],
            **names,
        },
        {
            "candidates": [
                {
                    "content": {
                        "parts": [
                            {"functionCall": {"id": "c1", "name": "now", "args": {"a": 1}}, "thoughtSignature": sealed},
                            {"thoughtSignature": UNSIGNED_SEAL, "functionCall": {"id": "c2", "name": "now", "args": {}}},
                        ],
                        "role": "model",
                    },
                    "finishReason": "STOP",
                    "index": 0,
                }
            ],
            "usageMetadata": {
                "promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 16, "cachedContentTokenCount": 2,
                "thoughtsTokenCount": 3,
            },
            **names,
        },
    ]  # fmt: skip


def test_several_candidates_end_in_one_chunk() -> None:
    last = chunks(said(text="a"), said(text="b", choice=1, finish="length"), said(finish="stop", model="gpt"))[-1]
    assert [(found["index"], found["finishReason"]) for found in last["candidates"]] == [(0, "STOP"), (1, "MAX_TOKENS")]
    assert last["modelVersion"] == "gpt"


def test_sources_are_told_at_the_end_with_their_place_where_bytes_are_characters() -> None:
    page = Citation(url="https://example.com/", title="Example", start=0, end=3)
    assert chunks(said(text="Yes", citations=(page,)), said(finish="stop"))[-1]["candidates"][0]["groundingMetadata"] == {
        "groundingChunks": [{"web": {"uri": "https://example.com/", "title": "Example"}}],
        "groundingSupports": [{"segment": {"startIndex": 0, "endIndex": 3}, "groundingChunkIndices": [0]}],
    }
    unplaced = chunks(said(text="Süß", citations=(page,)), said(finish="stop"))[-1]["candidates"][0]["groundingMetadata"]
    assert "groundingSupports" not in unplaced


def test_malformed_arguments_are_told_as_this_api_tells_them() -> None:
    call = ToolCallDelta(index=0, id="c", name="now", arguments='{"a":')
    (last,) = chunks(said(tool_calls=(call,)), said(finish="tool_calls"))
    assert last["candidates"][0]["finishReason"] == "MALFORMED_FUNCTION_CALL"
    assert last["candidates"][0]["content"]["parts"] == [{"text": ""}]


def test_calls_are_kept_within_a_limit() -> None:
    writer = sse_writer()
    piece = said(tool_calls=(ToolCallDelta(index=0, arguments="x" * (writers.MAX_CALL_CHARS // 2)),))
    writer.write(piece, model="m")
    writer.write(piece, model="m")
    with pytest.raises(InvalidAnswer):
        writer.write(said(tool_calls=(ToolCallDelta(index=1, arguments="x"),)), model="m")


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_on_the_straight_lane_a_stream_goes_out_as_it_came(transcript: Path) -> None:
    writer = sse_writer()
    deltas = transcript_deltas(transcript)
    written = [writer.write(delta, model="m") for delta in deltas]
    frames = [frame.whole for frame in SseReader().feed(transcript.read_bytes())]
    assert b"".join(written) == b"".join(frames[:-1])
    assert writer.end() == frames[-1]


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_as_an_array_a_stream_has_the_same_chunks(transcript: Path) -> None:
    writer = array_writer()
    body = writer.ping()
    for delta in transcript_deltas(transcript):
        body += writer.write(delta, model="m") + writer.ping()
    body += writer.end()
    assert json.loads(body) == [json.loads(frame.payload) for frame in SseReader().feed(transcript.read_bytes())]


def test_a_body_that_answered_a_stream_is_written_as_a_chunk() -> None:
    writer = sse_writer()
    delta = Delta(dialect="gemini-generate", text="Hi", finish="stop")
    body = writer.write(delta, model="m") + writer.end()
    assert [delta.text for delta in read_back(body)] == ["Hi", ""]


def test_an_error_ends_the_stream_in_both_forms() -> None:
    writer = sse_writer()
    assert writer.write(said(text="Hi"), model="m")
    with pytest.raises(CutAnswer):
        read_back(b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]}}]}\n\n')
    assert json.loads(writer.fail(CutAnswer("x")).removeprefix(b"data: "))["error"]["code"] == 502
    for begun in (True, False):
        array = array_writer()
        body = array.write(said(text="Hi"), model="m") if begun else b""
        elements = json.loads(body + array.fail(CutAnswer("x")))
        assert len(elements) == 1 + begun
        assert elements[-1]["error"]["status"] == "UNAVAILABLE"


def test_an_array_of_an_answer_without_chunks_is_still_an_array() -> None:
    writer = array_writer()
    writer.write(Delta(dialect="gemini-generate", data=b""), model="m")
    assert writer.end() == b"[]"


def test_a_ping_is_an_empty_line_and_there_are_no_comments() -> None:
    for writer in (sse_writer(), array_writer()):
        assert writer.ping() == b"\n"
        assert writer.comment("cost") == b""


signatures = st.builds(Signature, origin=st.sampled_from(["gemini-generate", "anthropic-messages"]), value=BASE64)


@st.composite
def answers(draw: st.DrawFn) -> list[Delta]:
    """The Deltas of one answer of another dialect, in the order that the hub promises, its calls in pieces."""
    deltas: list[Delta] = []
    for _ in range(draw(st.integers(0, 2))):
        deltas += [said(reasoning=text) for text in draw(st.lists(WORDS, min_size=1, max_size=2))]
        if draw(st.booleans()):
            deltas.append(said(signature=draw(signatures)))
    deltas += [said(text=text) for text in draw(st.lists(WORDS, max_size=3))]
    for index in range(draw(st.integers(0, 3))):
        arguments, cut = draw(ARGUMENTS), draw(st.integers(0, 8))
        first = ToolCallDelta(
            index=index, id=f"call_{index}", name=draw(NAMES), arguments=arguments[:cut], signature=draw(st.none() | signatures)
        )
        deltas += [said(tool_calls=(first,)), said(tool_calls=(ToolCallDelta(index=index, arguments=arguments[cut:]),))]
    called = any(delta.tool_calls for delta in deltas)
    finishes: list[Finish] = ["tool_calls"] if called else ["stop", "length"]
    return [*deltas, said(finish=draw(st.sampled_from(finishes)), usage=USAGE)]


def content(answer: Answer) -> object:
    return (answer.choices, answer.usage)


@given(answers())
def test_what_is_written_reads_as_what_was_said(deltas: list[Delta]) -> None:
    writer = sse_writer()
    body = b"".join([writer.write(delta, model="m") + writer.ping() for delta in deltas]) + writer.end()
    assert content(collect(read_back(body))) == content(collect(deltas))
