"""A Responses request for an upstream of the same dialect, and what its answers must say to the client that asked.

Everything goes out as it came, but for `model` and for thoughts that a model of another dialect had: OpenAI would refuse the
whole request for them. A conversation that goes on from a kept response was made whole before, so the upstream knows of no
response before its own: that is put into its answers here. Knows no store.
"""

from typing import Any

import msgspec
from msgspec import Raw

from taskfit.errors import UpstreamError
from taskfit.values.request import Request
from taskfit.wire import foreign, sse
from taskfit.wire.bodies import is_said, member
from taskfit.wire.dialect import Written
from taskfit.wire.openai_responses.requests import DIALECT
from taskfit.wire.signatures import MARK, is_foreign
from taskfit.wire.turns import FOREIGN_REASONING

_PREVIOUS = "previous_response_id"
_SPELT = b'"previous_response_id"'
_NULL = Raw(b"null")
_members = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode


def write_straight(request: Request, *, model: str) -> Written:
    """The body, and what of it was left out. Errors: InvalidRequest for items that cannot be read, where they have to be."""
    fields: dict[str, Raw] = {**request.fields, "model": Raw(_encode(model))}
    said = bytes(fields.get("input", _NULL))
    if MARK in said and said[:1] == b"[":
        items: list[Raw] = member(fields["input"], list[Raw], "input")
        own = [item for item in items if not _is_foreign_thought(item)]
        if len(own) < len(items):
            fields["input"] = Raw(_encode(own))
            return Written(_encode(fields), (FOREIGN_REASONING,))
    return Written(_encode(fields))


def with_previous(response: bytes, previous: str) -> bytes:
    """The response as one that goes on from another; the very bytes where it says so, or says nothing of it."""
    if _SPELT not in response:
        return response
    members = foreign.read_json(response, _members)
    given = members.get(_PREVIOUS)
    if given is None or is_said(given):
        return response
    return _encode({**members, _PREVIOUS: previous})


def with_previous_in_events(events: bytes, previous: str) -> bytes:
    """The same for the responses inside events, with their frames; what cannot be read is left as it is."""
    if _SPELT not in events:
        return events
    return b"".join([_told(frame, previous) for frame in sse.SseReader().feed(events)])


def _told(frame: sse.Frame, previous: str) -> bytes:
    if _SPELT not in frame.payload:
        return frame.whole
    try:
        members = foreign.read_json(frame.payload, _members)
        given = members.get("response", _NULL)
        response = with_previous(bytes(given), previous)
    except UpstreamError:
        return frame.whole
    if response == bytes(given):
        return frame.whole
    return sse.with_payload(frame.whole, _encode({**members, "response": Raw(response)}))


def _is_foreign_thought(item: Raw) -> bool:
    if MARK not in bytes(item):
        return False
    match member(item, Any, "input"):
        case {"type": "reasoning", "encrypted_content": sealed}:
            return is_foreign(sealed, DIALECT)
        case _:
            return False
