"""What is kept of a response, so that a later request can go on from it by its id; and such a request, made whole again.

Pure: bytes in, bytes out; who keeps them where is not known here. The kept bytes are JSON, `{"response": …, "asked": […],
"previous": …}`: the response as the client got it, the items of this one request as they came, and the id of the response that
it went on from. So a talk of any length is kept once, and deleting a response deletes its words.

Source: OpenAI's guide to conversation state: a `previous_response_id` brings back the items, not the instructions.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from taskfit.errors import InternalError, UpstreamError
from taskfit.values.request import Request
from taskfit.wire import foreign
from taskfit.wire.bodies import field
from taskfit.wire.openai_responses.requests import previous_id, with_input
from taskfit.wire.sse import SseReader


class _Kept(msgspec.Struct):
    response: Raw
    asked: list[Raw]
    previous: str | None = None


class _Ended(msgspec.Struct):
    type: str = ""
    response: Raw = foreign.NULL
    item: Raw = foreign.NULL


class _Output(msgspec.Struct):
    id: str | None = None
    output: list[Raw] | None = None


_kept = msgspec.json.Decoder(_Kept)
_ended = msgspec.json.Decoder(_Ended)
_output = msgspec.json.Decoder(_Output)
_members = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode


def keep(request: Request, response: bytes) -> bytes:
    """The bytes to keep. `request` is as the client wrote it; `response` the body that the client got, or the `response` of the
    writer of its stream.

    Errors: InvalidAnswer for a response that cannot be read.
    """
    foreign.read_json(response, _output)
    return _encode(_Kept(response=Raw(response), asked=_asked(request), previous=previous_id(request)))


def expand(request: Request, talk: Sequence[bytes]) -> Request:
    """The request with all items before its own, and without its `previous_response_id`; `talk` is what was kept, oldest first.

    Errors: InternalError for bytes that `keep` did not write; InvalidRequest for too many items.
    """
    items: list[Raw] = []
    for kept in map(_read, talk):
        items += kept.asked
        items += foreign.read_json(kept.response, _output).output or []
    return with_input(request, [*items, *_asked(request)])


def previous_of(kept: bytes) -> str | None:
    """The id of the response before this one. Errors: InternalError for bytes that `keep` did not write."""
    return _read(kept).previous


def response_of(kept: bytes) -> bytes:
    """The body of the response as the client got it. Errors: InternalError for bytes that `keep` did not write."""
    return bytes(_read(kept).response)


def response_id(response: bytes) -> str | None:
    """The id under which a client will ask for a response; None where it has none. Errors: InvalidAnswer."""
    return foreign.read_json(response, _output).id


def final_response(last: bytes, done_items: Sequence[bytes]) -> bytes:
    """The response inside the frames of a terminal event; its output is that of `done_items`, the frames of items that are done,
    where it has none itself. Empty where there is no response."""
    try:
        response = next((each.response for each in _events(last) if not foreign.is_null(each.response)), None)
        if response is None:
            return b""
        if foreign.read_json(response, _output).output:
            return bytes(response)
        items = [each.item for frames in done_items for each in _events(frames) if not foreign.is_null(each.item)]
        members = foreign.read_json(response, _members)
        return _encode({**members, "output": items}) if items else bytes(response)
    except UpstreamError:
        return b""


def _events(frames: bytes) -> list[_Ended]:
    ends = [foreign.read_json(frame.payload, _ended) for frame in SseReader().feed(frames)]
    return [end for end in ends if end.type not in ("response.created", "response.in_progress", "response.output_item.added")]


def _asked(request: Request) -> list[Raw]:
    said: str | list[Raw] | None = field(request, "input", str | list[Raw])
    if isinstance(said, str):
        return [Raw(_encode({"type": "message", "role": "user", "content": said}))]
    return said or []


def _read(kept: bytes) -> _Kept:
    try:
        return _kept.decode(kept)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        text = "the kept response cannot be read"
        raise InternalError(text, operator_text=f"{text}: {error}") from error
