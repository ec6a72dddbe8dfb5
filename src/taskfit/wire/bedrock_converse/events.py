"""What ConverseStream answers: its events to Deltas.

A payload is one event as `{"<its type>": {…}}`. Knows no frames: they are binary, and taken apart before.
"""

from collections.abc import Sequence

import msgspec

from taskfit import errors
from taskfit.values.answer import Delta, ToolCallDelta
from taskfit.wire import foreign
from taskfit.wire.bedrock_converse.answers import DIALECT, SERVER_TOOL, TOLD, CitationBlock, read_citation, signed

FAULTS: dict[str, type[errors.UpstreamError]] = {
    "throttlingException": errors.RateLimited,
    "serviceUnavailableException": errors.UpstreamOverloaded,
    "modelTimeoutException": errors.UpstreamTimeout,
    "validationException": errors.UpstreamRefused,
    "accessDeniedException": errors.UpstreamUnauthorized,
    "resourceNotFoundException": errors.UpstreamModelMissing,
}
"""Exceptions inside a stream; what the table lacks (`internalServerException`, `modelStreamErrorException`) is a failure."""


class _ToolStart(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    tool_use_id: str
    name: str
    type: str | None = None


class _Start(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    tool_use: _ToolStart | None = None


class _StartEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    content_block_index: int
    start: _Start = _Start()


class _ToolPiece(msgspec.Struct, frozen=True, kw_only=True):
    input: str = ""


class _ThoughtPiece(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    text: str = ""
    signature: str | None = None
    redacted_content: str | None = None


class _Piece(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    text: str = ""
    tool_use: _ToolPiece | None = None
    reasoning_content: _ThoughtPiece | None = None
    citation: CitationBlock | None = None


class _DeltaEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    content_block_index: int
    delta: _Piece = _Piece()


class _StopEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    content_block_index: int


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    message: object = None


_EVENT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_START = msgspec.json.Decoder(_StartEvent)
_DELTA = msgspec.json.Decoder(_DeltaEvent)
_STOP = msgspec.json.Decoder(_StopEvent)
_MESSAGE = msgspec.json.Decoder(_Message)


class _OpenCall:
    """A tool call whose block has started: its place among the calls, and whether a piece of its arguments came."""

    __slots__ = ("has_arguments", "index")

    def __init__(self, index: int) -> None:
        self.index = index
        self.has_arguments = False


class EventReader:
    """Reads the events of one streamed answer, in their order. Keeps the tool calls that are under way."""

    def __init__(self) -> None:
        self._calls: dict[int, _OpenCall] = {}
        self._calls_begun = 0

    def read(self, payload: bytes, frame: bytes = b"") -> Sequence[Delta]:
        """The Deltas of one event; none for an event that says nothing in the hub's words. No client speaks this dialect, so
        that `frame` is of no use to anyone.

        Errors: the UpstreamError that an exception stands for; InvalidAnswer for what cannot be read.
        """
        event = foreign.read_json(payload, _EVENT)
        if len(event) != 1:
            raise errors.InvalidAnswer("an event of the stream is not of one type")
        ((kind, body),) = event.items()
        match kind:
            case "contentBlockDelta":
                return self._piece(foreign.read_json(body, _DELTA))
            case "contentBlockStart":
                return self._start(foreign.read_json(body, _START))
            case "contentBlockStop":
                return self._stop(foreign.read_json(body, _STOP))
            case "messageStop":
                told = foreign.read_json(body, TOLD)
                return (Delta(dialect=DIALECT, finish=told.finish, stop_sequence=told.stop_sequence),)
            case "metadata":
                told = foreign.read_json(body, TOLD)
                return (Delta(dialect=DIALECT, usage=told.counts, service_tier=told.tier, is_terminal=True),)
            case _ if kind in FAULTS or kind.endswith(("Exception", "Error")):
                raise _fault(kind, body)
            case _:
                return ()

    def _start(self, event: _StartEvent) -> Sequence[Delta]:
        tool = event.start.tool_use
        if tool is None or tool.type == SERVER_TOOL:
            return ()
        opened = _OpenCall(self._calls_begun)
        self._calls[event.content_block_index] = opened
        self._calls_begun += 1
        return (_called(ToolCallDelta(index=opened.index, id=tool.tool_use_id, name=tool.name)),)

    def _piece(self, event: _DeltaEvent) -> Sequence[Delta]:
        piece = event.delta
        if piece.text:
            return (Delta(dialect=DIALECT, text=piece.text),)
        if piece.reasoning_content is not None:
            return _thought(piece.reasoning_content)
        if piece.citation is not None:
            return (Delta(dialect=DIALECT, citations=(read_citation(piece.citation),)),)
        opened = self._calls.get(event.content_block_index)
        if opened is None or piece.tool_use is None or not piece.tool_use.input:
            return ()
        opened.has_arguments = True
        return (_called(ToolCallDelta(index=opened.index, arguments=piece.tool_use.input)),)

    def _stop(self, event: _StopEvent) -> Sequence[Delta]:
        """A call without arguments gets no piece at all, but its arguments are still an object."""
        opened = self._calls.pop(event.content_block_index, None)
        if opened is None or opened.has_arguments:
            return ()
        return (_called(ToolCallDelta(index=opened.index, arguments="{}")),)


def new_reader() -> EventReader:
    """For one stream."""
    return EventReader()


def _thought(piece: _ThoughtPiece) -> Sequence[Delta]:
    if piece.redacted_content is not None:
        return (Delta(dialect=DIALECT, signature=signed(piece.redacted_content), is_redacted=True),)
    signature = signed(piece.signature) if piece.signature else None
    return (Delta(dialect=DIALECT, reasoning=piece.text, signature=signature),) if piece.text or signature else ()


def _called(delta: ToolCallDelta) -> Delta:
    return Delta(dialect=DIALECT, tool_calls=(delta,))


def _fault(kind: str, body: msgspec.Raw) -> errors.UpstreamError:
    """As an error object of the kind that `foreign` reads."""
    told = foreign.read_or_none(body, _MESSAGE)
    found = {"type": kind, "message": None if told is None else told.message}
    return foreign.fault_of(msgspec.Raw(msgspec.json.encode(found)), FAULTS)
