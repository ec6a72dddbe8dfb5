"""The streams that clients of this dialect receive; the transcripts in `writes/` are Deltas and the events that they become."""

import json
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from taskfit.errors import CutAnswer, TaskfitError, UpstreamError
from taskfit.values.answer import Delta, Finish, ToolCallDelta
from taskfit.values.conversation import Citation, Signature
from taskfit.values.request import Dialect
from taskfit.values.usage import Usage
from taskfit.wire.openai_responses import new_writer, read_conversation
from taskfit.wire.openai_responses.history import keep
from tests.wire.conversations import BASE64, URLS, WORDS
from tests.wire.openai_responses.speaking import accumulated, deltas_of, events_of, request_of, written

HERE = Path(__file__).parent
WRITES = sorted((HERE / "writes").glob("*.jsonl"))
READS = sorted((HERE / "reads").glob("*.sse"))
FOREIGN: Dialect = "anthropic-messages"
TOOLS = [
    {"type": "namespace", "name": "fs", "description": "d", "tools": [{"type": "function", "name": "read", "parameters": {}}]},
    {"type": "custom", "name": "patch"},
]


def said(**fields: Any) -> Delta:
    return Delta(dialect=FOREIGN, **fields)


def call(index: int, **fields: Any) -> Delta:
    return said(tool_calls=(ToolCallDelta(index=index, **fields),))


PIECES = (
    st.builds(said, text=WORDS)
    | st.builds(said, reasoning=WORDS)
    | st.builds(said, refusal=WORDS)
    | st.builds(said, text=WORDS, citations=st.tuples(st.builds(Citation, url=URLS)))
    | st.builds(said, signature=st.builds(Signature, origin=st.just(FOREIGN), value=BASE64), is_redacted=st.booleans())
    | st.builds(call, st.integers(0, 3), id=WORDS, name=WORDS, arguments=WORDS)
)


def told(deltas: list[Delta]) -> dict[str, Any]:
    """What a stream says, however it is cut into Deltas."""
    calls: dict[int, list[str]] = {}
    for piece in [piece for delta in deltas for piece in delta.tool_calls]:
        calls.setdefault(piece.index, [piece.id or "", piece.name or "", ""])[2] += piece.arguments
    usages = [delta.usage for delta in deltas if delta.usage is not None]
    return {
        "text": "".join(delta.text for delta in deltas),
        "reasoning": "".join(delta.reasoning for delta in deltas),
        "refusal": "".join(delta.refusal for delta in deltas),
        "signatures": [delta.signature for delta in deltas if delta.signature is not None],
        "cited": [citation.url for delta in deltas for citation in delta.citations],
        "calls": list(calls.values()),
        "finish": [delta.finish for delta in deltas if delta.finish],
        "usage": usages[-1:],
    }


def with_ids_once(deltas: list[Delta]) -> list[Delta]:
    """Ids, each of its own, and names only in the first piece of each call."""
    named: set[int] = set()
    made = []
    for delta in deltas:
        for piece in delta.tool_calls:
            is_first = piece.index not in named
            named.add(piece.index)
            fields: dict[str, Any] = {"id": f"{piece.id}{piece.index}"} if is_first else {"id": None, "name": None}
            delta = msgspec.structs.replace(delta, tool_calls=(msgspec.structs.replace(piece, **fields),))  # noqa: PLW2901
        made.append(delta)
    return made


def deltas_in(transcript: Path) -> list[Delta]:
    lines = transcript.read_bytes().splitlines()
    return [msgspec.json.decode(msgspec.json.encode({"type": "delta", **json.loads(line)}), type=Delta) for line in lines]


@pytest.mark.parametrize("transcript", WRITES, ids=lambda path: path.stem)
def test_deltas_become_the_events_of_their_transcript(transcript: Path) -> None:
    stream = written(deltas_in(transcript), request_of(tools=TOOLS, stream=True))
    assert stream == transcript.with_suffix(".sse").read_bytes()
    accumulated(stream)


@given(st.lists(PIECES, max_size=12), st.sampled_from(["length", "content_filter", None]), st.booleans())
def test_what_is_written_is_what_is_read_and_the_sdk_agrees(pieces: list[Delta], cut: Finish | None, is_late: bool) -> None:
    usage = Usage(input_tokens=7, output_tokens=3)
    has_calls = any(delta.tool_calls for delta in pieces)
    has_refused = any(delta.refusal for delta in pieces)
    finish = cut or ("tool_calls" if has_calls else "refusal" if has_refused else "stop")
    ends = [said(finish=finish), said(usage=usage)] if is_late else [said(finish=finish, usage=usage)]
    deltas = [*with_ids_once(pieces), *ends]
    stream = written(deltas)
    again = told(deltas_of([stream]))
    wanted = told(deltas)
    calls_told = sorted(again.pop("calls"))
    assert calls_told == sorted(wanted.pop("calls"))
    assert again == wanted
    response = accumulated(stream)
    assert response.output_text == wanted["text"]
    assert response.status == ("incomplete" if cut else "completed")


@pytest.mark.parametrize("transcript", READS, ids=lambda path: path.stem)
def test_a_stream_of_this_dialect_goes_out_as_it_came_its_last_event_at_the_end(transcript: Path) -> None:
    deltas = deltas_of([transcript.read_bytes()])
    writer = new_writer(request_of(), reply_id="w1", created=1)
    body = b"".join([writer.write(delta, model="m") for delta in deltas])
    assert b"response.completed" not in body
    assert b"response.incomplete" not in body
    assert body + writer.end() == b"".join([delta.data or b"" for delta in deltas])
    assert json.loads(writer.response)["model"]


def test_the_items_of_a_stream_whose_last_event_has_none_are_kept() -> None:
    writer = new_writer(request_of(), reply_id="w1", created=1)
    for delta in deltas_of([(HERE / "reads" / "items_only_when_done.sse").read_bytes()]):
        writer.write(delta, model="m")
    writer.end()
    kept = json.loads(keep(request_of(), writer.response))
    assert [item["type"] for item in kept["response"]["output"]] == ["reasoning", "message", "function_call"]


def test_a_whole_body_in_place_of_a_stream_is_written_as_one() -> None:
    deltas = [Delta(dialect="openai-responses", text="Hi.", finish="stop", is_terminal=True), Delta(dialect="openai-responses")]
    assert accumulated(written(deltas)).output_text == "Hi."


def test_the_final_response_is_told_to_the_store() -> None:
    writer = new_writer(request_of(), reply_id="w1", created=1)
    writer.write(said(text="Hi.", finish="stop"), model="m")
    last = events_of(writer.write(said(), model="m") + b"")
    assert (last, writer.response) == ([], b"")
    end = writer.end()
    assert json.loads(writer.response) == json.loads(end.split(b"data: ")[-1])["response"]


def test_calls_are_told_as_the_client_knows_them() -> None:
    stream = written(
        [
            call(0, id="c1", name="fs__read"),
            call(1, id="c2", name="patch", signature=Signature(origin="gemini-generate", value="G")),
            call(0, arguments='{"a":'),
            call(1, arguments='{"input":"***'),
            call(0, arguments="1}"),
            call(1, arguments='"}'),
            said(finish="tool_calls"),
        ],
        request_of(tools=TOOLS),
    )
    response = accumulated(stream)
    first, seal, second = response.output
    assert isinstance(first, ResponseFunctionToolCall)
    assert (first.name, first.namespace, first.arguments) == ("read", "fs", '{"a":1}')
    assert (seal.type, second.type) == ("reasoning", "custom_tool_call")
    kinds = [event["type"] for event in events_of(stream)]
    assert kinds.count("response.custom_tool_call_input.delta") == 1
    items = [item.model_dump(exclude_none=True) for item in response.output]
    (message,) = read_conversation(request_of(input=items, tools=TOOLS)).messages
    signatures = [getattr(part, "signature", None) for part in message.parts]
    assert signatures == [None, Signature(origin="gemini-generate", value="G")]


def test_a_refusal_without_words_gets_some() -> None:
    response = accumulated(written([said(text="I"), said(finish="refusal")]))
    (message,) = response.output
    assert isinstance(message, ResponseOutputMessage)
    assert [part.type for part in message.content] == ["output_text", "refusal"]


def test_an_answer_that_says_nothing_is_a_whole_response() -> None:
    response = accumulated(written([said(finish="stop", service_tier="flex")]))
    assert (response.output, response.status, response.service_tier, response.usage) == ([], "completed", "flex", None)


def test_only_the_first_of_several_choices_is_told() -> None:
    assert accumulated(written([said(text="a"), said(text="b", choice=1), said(finish="stop")])).output_text == "a"


def test_a_citation_stands_behind_the_text_so_far() -> None:
    stream = written([said(text="19"), said(text="%", citations=(Citation(document=1, title="a.pdf"),)), said(finish="stop")])
    (message,) = accumulated(stream).output
    assert isinstance(message, ResponseOutputMessage)
    part = message.content[0]
    assert isinstance(part, ResponseOutputText)
    assert part.annotations[0].to_dict() == {"type": "file_citation", "file_id": "document-1", "filename": "a.pdf", "index": 3}


def test_pings_and_comments_are_skipped_by_readers() -> None:
    writer = new_writer(request_of(), reply_id="w1", created=1)
    assert writer.ping() == b": ping\n\n"
    assert writer.comment("cost 1") == b": cost 1\n\n"


def failed(*deltas: Delta, error: TaskfitError) -> bytes:
    writer = new_writer(request_of(), reply_id="w1", created=1)
    return b"".join([writer.write(delta, model="m") for delta in deltas]) + writer.fail(error)


@pytest.mark.parametrize("deltas", [[], [said(text="Hi.")], [said(reasoning="Hm."), call(0, id="c", name="f")]])
def test_a_stream_that_fails_ends_as_the_sdk_and_codex_expect(deltas: list[Delta]) -> None:
    stream = failed(*deltas, error=CutAnswer("cut by host", caller_text="The answer broke off."))
    events = events_of(stream)
    assert events[0]["type"] == "response.created"
    assert [event["type"] for event in events[-2:]] == ["response.failed", "error"]
    response = events[-2]["response"]
    assert (response["status"], response["id"]) == ("failed", "resp_w1")
    assert response["error"] == {"code": "server_error", "message": "The answer broke off."}
    assert events[-1]["error"]["code"] == "cut_answer"
    with pytest.raises(UpstreamError):
        deltas_of([stream])


def test_a_stream_of_this_dialect_that_breaks_off_fails_under_its_own_id() -> None:
    body = (HERE / "reads" / "text.sse").read_bytes()
    begun = body[: body.index(b"event: keepalive")]
    reader_deltas = deltas_of([body])[:4]
    stream = failed(*reader_deltas, error=CutAnswer("the stream ended"))
    assert stream.startswith(begun)
    events = events_of(stream)
    assert {event["response"]["id"] for event in events if "response" in event} == {"resp_68af"}


def test_the_official_client_raises_for_a_stream_that_fails() -> None:
    stream = failed(said(text="Hi."), error=CutAnswer("cut"))

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream)

    client = openai.OpenAI(
        api_key="x", base_url="http://test/v1", http_client=httpx2.Client(transport=httpx2.MockTransport(answer))
    )
    seen: list[str] = []
    with pytest.raises(openai.APIError), client.responses.create(model="m", input="x", stream=True) as events:
        seen.extend(event.type for event in events)
    assert seen[-1] == "response.failed"
