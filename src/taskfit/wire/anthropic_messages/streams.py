"""The events of a streamed answer of an upstream that speaks this dialect, to Deltas.

Knows no HTTP and no framing: payloads come in one by one. Every event passes on the straight lane, also those that say nothing
in the hub's words.
"""

from collections.abc import Sequence

import msgspec

from taskfit.errors import InvalidAnswer
from taskfit.values.answer import Delta, ToolCallDelta
from taskfit.wire import foreign, sse
from taskfit.wire.anthropic_messages.answers import (
    FAULTS,
    MESSAGE,
    TOOL_USE,
    Message,
    finish_of,
    kind_of,
    read_citations,
    signature_of,
    tier_of,
)
from taskfit.wire.anthropic_messages.usages import COUNTS, Counts, read_usage
from taskfit.wire.anthropic_messages.words import DIALECT

"""How much of an opening is held back: an upstream may send pings for as long as it thinks."""


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""
    index: msgspec.Raw = foreign.NULL
    message: msgspec.Raw = foreign.NULL
    content_block: msgspec.Raw = foreign.NULL
    delta: msgspec.Raw = foreign.NULL
    usage: msgspec.Raw = foreign.NULL
    error: msgspec.Raw = foreign.NULL


class _Begun(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""
    thinking: str = ""
    signature: str | None = None
    data: str = ""
    citations: tuple[msgspec.Raw, ...] | None = None


class _Piece(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    citation: msgspec.Raw = foreign.NULL


class _Stop(msgspec.Struct, frozen=True, kw_only=True):
    stop_reason: str | None = None
    stop_sequence: str | None = None


_EVENT = msgspec.json.Decoder(_Event)
_BEGUN = msgspec.json.Decoder(_Begun)
_PIECE = msgspec.json.Decoder(_Piece)
_STOP = msgspec.json.Decoder(_Stop)
_INDEX = msgspec.json.Decoder(int)
_SILENT = Delta(dialect=DIALECT)
_OPENING = frozenset({"message_start", "ping", "content_block_start"})


class _OpenCall:
    """A tool call whose block has started: its place among the calls, and what its arguments are if no piece follows."""

    __slots__ = ("index", "whole")

    def __init__(self, index: int, whole: str | None) -> None:
        self.index = index
        self.whole = whole


class StreamReader:
    """Reads the events of one streamed answer, in their order. Keeps the counts, the tool calls that are under way, and the
    opening until something is said, so that an error right after it still finds an answer that has not begun."""

    def __init__(self) -> None:
        self._opening: Delta | None = _SILENT
        self._held = b""
        self._counts: Counts | None = Counts()
        self._tier: str | None = None
        self._calls: dict[int, _OpenCall] = {}
        self._calls_begun = 0

    def read(self, payload: bytes, frame: bytes) -> Sequence[Delta]:
        """The Delta of one event; none for the opening, which goes out in front of the next one.

        Errors: the UpstreamError that an error event stands for; InvalidAnswer for what cannot be read.
        """
        event, sound = foreign.read_sound(payload, _EVENT)
        if sound is not payload:
            frame = sse.with_payload(frame, sound)
        delta = self._read(event, frame)
        opening = self._opening
        if opening is None:
            return (delta,)
        is_silent = msgspec.structs.replace(delta, data=None) == _SILENT
        if event.type in _OPENING and len(self._held) < sse.MAX_OPENING_BYTES and is_silent:
            self._held += frame
            return ()
        self._opening = None
        held, self._held = self._held, b""
        return (msgspec.structs.replace(delta, data=held + frame, response_id=opening.response_id, model=opening.model),)

    def _read(self, event: _Event, frame: bytes) -> Delta:
        match event.type:
            case "content_block_delta":
                return self._piece(event, frame)
            case "content_block_start":
                return self._start(event, frame)
            case "content_block_stop":
                return self._stop(event, frame)
            case "message_delta":
                return self._end(event, frame)
            case "message_stop":
                return Delta(dialect=DIALECT, data=frame, is_terminal=True)
            case "message_start":
                self._begin(foreign.read_json(event.message, MESSAGE))
            case _ if event.type == "error" or not foreign.is_null(event.error):
                raise foreign.fault_of(event.error, FAULTS)
            case _:
                pass
        return Delta(dialect=DIALECT, data=frame)

    def _begin(self, message: Message) -> None:
        """The opening's usage has no true output count: alone it would be worse than an estimate."""
        if self._opening is not None:
            self._opening = Delta(dialect=DIALECT, response_id=message.id, model=message.model)
        self._count(message.usage)

    def _end(self, event: _Event, frame: bytes) -> Delta:
        stop = _Stop() if foreign.is_null(event.delta) else foreign.read_json(event.delta, _STOP)
        self._count(event.usage)
        return Delta(
            dialect=DIALECT, data=frame, finish=finish_of(stop.stop_reason), stop_sequence=stop.stop_sequence,
            usage=read_usage(self._counts), service_tier=self._tier,
        )  # fmt: skip

    def _start(self, event: _Event, frame: bytes) -> Delta:
        match kind_of(event.content_block):
            case "text" | "thinking":
                begun = foreign.read_json(event.content_block, _BEGUN)
                return Delta(
                    dialect=DIALECT, data=frame, text=begun.text, reasoning=begun.thinking,
                    signature=signature_of(begun.signature), citations=read_citations(begun.citations),
                )  # fmt: skip
            case "redacted_thinking":
                signature = signature_of(foreign.read_json(event.content_block, _BEGUN).data)
                return Delta(dialect=DIALECT, data=frame, signature=signature, is_redacted=True)
            case "tool_use":
                call = foreign.read_json(event.content_block, TOOL_USE)
                opened = _OpenCall(self._calls_begun, foreign.object_text(call.input))
                self._calls[foreign.read_json(event.index, _INDEX)] = opened
                self._calls_begun += 1
                return _calls(frame, ToolCallDelta(index=opened.index, id=call.id, name=call.name))
            case _:
                return Delta(dialect=DIALECT, data=frame)

    def _piece(self, event: _Event, frame: bytes) -> Delta:
        piece = _read_piece(event.delta)
        match piece.type:
            case "text_delta":
                return Delta(dialect=DIALECT, data=frame, text=piece.text)
            case "thinking_delta":
                return Delta(dialect=DIALECT, data=frame, reasoning=piece.thinking)
            case "signature_delta":
                return Delta(dialect=DIALECT, data=frame, signature=signature_of(piece.signature))
            case "citations_delta":
                return Delta(dialect=DIALECT, data=frame, citations=read_citations((piece.citation,)))
            case "input_json_delta" if piece.partial_json and (opened := self._call_of(event)) is not None:
                opened.whole = None
                return _calls(frame, ToolCallDelta(index=opened.index, arguments=piece.partial_json))
            case _:
                return Delta(dialect=DIALECT, data=frame)

    def _call_of(self, event: _Event) -> _OpenCall | None:
        """None for a block that is no call of the caller's tools."""
        return self._calls.get(foreign.read_json(event.index, _INDEX))

    def _stop(self, event: _Event, frame: bytes) -> Delta:
        """A call without arguments gets no piece at all, but its arguments are still an object."""
        opened = self._calls.pop(foreign.read_json(event.index, _INDEX), None) if self._calls else None
        if opened is None or opened.whole is None:
            return Delta(dialect=DIALECT, data=frame)
        return _calls(frame, ToolCallDelta(index=opened.index, arguments=opened.whole))

    def _count(self, raw: msgspec.Raw) -> None:
        """The counts are cumulative, and a later event names only those that changed. Once unreadable, they stay unknown."""
        if foreign.is_null(raw) or self._counts is None:
            return
        counts = foreign.read_or_none(raw, COUNTS)
        if counts is None:
            self._counts = None
            return
        self._tier = tier_of(raw) or self._tier
        said = {name: value for name in Counts.__struct_fields__ if (value := getattr(counts, name)) is not None}
        self._counts = msgspec.structs.replace(self._counts, **said)


def new_reader() -> StreamReader:
    """For one stream."""
    return StreamReader()


def _read_piece(raw: msgspec.Raw) -> _Piece:
    """A piece of a type that is not read may have anything in its members. Errors: InvalidAnswer for one that is."""
    try:
        return foreign.read_json(raw, _PIECE)
    except InvalidAnswer:
        if kind_of(raw) in _PIECES:
            raise
        return _Piece()


def _calls(frame: bytes, delta: ToolCallDelta) -> Delta:
    return Delta(dialect=DIALECT, data=frame, tool_calls=(delta,))


_PIECES = frozenset({"text_delta", "thinking_delta", "signature_delta", "citations_delta", "input_json_delta"})
