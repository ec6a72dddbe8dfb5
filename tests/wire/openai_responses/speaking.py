"""Requests as clients send them, and a judge of what clients get: the official SDK's types and its accumulator."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from taskfit.values.answer import Delta
from taskfit.values.request import Caller, Request, Terms
from taskfit.wire.openai_responses import EventReader, new_writer, read_request
from taskfit.wire.sse import SseReader
from taskfit.wire.streams import DeltaReader

EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def request_of(**fields: object) -> Request:
    return read(json.dumps({"model": "general", "input": "Hello.", **fields}).encode())


def read(body: bytes, terms: Terms | None = None) -> Request:
    return read_request(body, request_id="r1", terms=terms or Terms(), caller=Caller(), headers={})


def deltas_of(chunks: Iterable[bytes]) -> list[Delta]:
    """Errors: as the reader."""
    deltas: list[Delta] = []
    reader = DeltaReader(EventReader(), deltas.append)
    for chunk in chunks:
        reader.feed(chunk)
    reader.finish()
    return deltas


def written(deltas: Sequence[Delta], request: Request | None = None) -> bytes:
    writer = new_writer(request or request_of(), reply_id="w1", created=1_790_000_000)
    return b"".join([writer.write(delta, model="general") for delta in deltas]) + writer.end()


def events_of(stream: bytes) -> list[dict[str, Any]]:
    """The events, each one checked: its name is its type, the SDK has a type for it, and they are numbered."""
    frames = SseReader().feed(stream)
    events = [json.loads(frame.payload) for frame in frames]
    assert [frame.whole.split(b"\n")[0] for frame in frames] == [f"event: {event['type']}".encode() for event in events]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    for event in events:
        assert EVENTS.validate_python(event).type == event["type"]
    return events


def accumulated(stream: bytes) -> Response:
    """The response as the SDK's accumulator makes it of the events."""
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    last: Any = None
    for event in events_of(stream):
        for made in state.handle_event(EVENTS.validate_python(event)):
            last = made
    response = last.response
    assert isinstance(response, Response)
    return response
