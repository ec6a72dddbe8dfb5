"""The events of a streamed response: the payloads of one stream to Deltas, in their order.

The opening events are held back until the next one, so that an error right after them finds an answer that has not begun. Servers
that tell an item only when it is done, or everything only in the last event, are understood, too. Knows no server-sent events.

Source: the event types of OpenAI's SDK 3.54 (`response_stream_event.py`).
"""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from taskfit import errors
from taskfit.values.answer import Delta, Finish, ToolCallDelta
from taskfit.values.conversation import Part, Refusal, Text, Thinking, ToolCall
from taskfit.wire import foreign, sse
from taskfit.wire.openai_responses.answers import (
    Response,
    fault_in,
    incomplete_finish,
    kind_of_item,
    read_item,
    read_items,
    read_logprobs,
    read_response,
)
from taskfit.wire.openai_responses.parts import read_annotation
from taskfit.wire.openai_responses.requests import DIALECT
from taskfit.wire.openai_responses.usage import read_usage

_OPENINGS = frozenset({"response.created", "response.queued", "response.in_progress"})
_ENDS = frozenset({"response.completed", "response.incomplete", "response.done"})
_FAILURES = frozenset({"response.failed", "response.cancelled"})
_CUSTOM_OPENING, _CUSTOM_CLOSING = '{"input":"', '"}'
_NOTHING = Delta(dialect=DIALECT)


class _Event(msgspec.Struct):
    """Members of one name have other types in other events: each is read where its event is known."""

    type: str = ""
    output_index: Raw = foreign.NULL
    item_id: Raw = foreign.NULL
    delta: Raw = foreign.NULL
    logprobs: Raw = foreign.NULL
    summary_index: Raw = foreign.NULL
    annotation: Raw = foreign.NULL
    item: Raw = foreign.NULL
    response: Raw = foreign.NULL
    error: Raw = foreign.NULL


class _OpenCall:
    """A call whose item has been added. `index` counts the calls of the answer."""

    __slots__ = ("has_piece", "index", "is_custom")

    def __init__(self, index: int, *, is_custom: bool) -> None:
        self.index = index
        self.is_custom = is_custom
        self.has_piece = False


_event = msgspec.json.Decoder(_Event)
_text = msgspec.json.Decoder(str)
_number = msgspec.json.Decoder(int | None)
_members = msgspec.json.Decoder(dict[str, Raw])


class EventReader:
    """Reads one stream. Keeps which items have been told, and the calls among them."""

    def __init__(self) -> None:
        self._held = b""
        self._has_begun = False
        self._response_id: str | None = None
        self._model: str | None = None
        self._told: set[bytes] = set()
        self._calls: dict[bytes, _OpenCall] = {}
        self._calls_begun = 0
        self._has_refused = False

    def read(self, payload: bytes, frame: bytes) -> Sequence[Delta]:
        """See `taskfit.wire.dialect.PayloadReader`."""
        event, sound = foreign.read_sound(payload, _event)
        if sound is not payload:
            payload, frame = sound, sse.with_payload(frame, sound)
        if event.type in _OPENINGS:
            self._open(event)
            if not self._has_begun and len(self._held) < sse.MAX_OPENING_BYTES:
                self._held += frame
                return ()
        deltas = self._deltas(event, payload) or (_NOTHING,)
        data = self._held + frame
        self._held, self._has_begun = b"", True
        return self._with_data(deltas, data)

    def _with_data(self, deltas: Sequence[Delta], data: bytes) -> Sequence[Delta]:
        """The first one has the event; if it is the last of the stream, the terminal one, before which nobody may see it."""
        first, *more = deltas
        is_late = bool(more) and more[-1].is_terminal
        head = b"" if is_late else data
        first = msgspec.structs.replace(first, data=head, response_id=self._response_id, model=self._model)
        if is_late:
            more[-1] = msgspec.structs.replace(more[-1], data=data)
        return (first, *more)

    def _open(self, event: _Event) -> None:
        response = read_response(event.response) if not foreign.is_null(event.response) else None
        if response is not None:
            self._response_id, self._model = response.id, response.model

    def _deltas(self, event: _Event, payload: bytes) -> Sequence[Delta]:
        match event.type:
            case "response.output_text.delta":
                return self._said(event)
            case "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta":
                return self._piece(event)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                return self._thought(event)
            case "response.reasoning_summary_part.added":
                return self._next_thought(event)
            case "response.refusal.delta":
                self._tell(event)
                return (self._refused(foreign.read_json(event.delta, _text)),)
            case "response.output_text.annotation.added":
                citation = read_annotation(event.annotation)
                return (Delta(dialect=DIALECT, citations=(citation,)),) if citation is not None else ()
            case "response.output_item.added":
                return self._added(event)
            case "response.output_item.done":
                return self._done(event.item, _place(event))
            case kind if kind in _ENDS:
                return self._end(event)
            case _:
                _raise_fault(event, payload)
                return ()

    def _said(self, event: _Event) -> Sequence[Delta]:
        self._tell(event)
        logprobs = read_logprobs(event.logprobs) or None
        return (Delta(dialect=DIALECT, text=foreign.read_json(event.delta, _text), logprobs=logprobs),)

    def _thought(self, event: _Event) -> Sequence[Delta]:
        self._tell(event)
        return (Delta(dialect=DIALECT, reasoning=foreign.read_json(event.delta, _text)),)

    def _next_thought(self, event: _Event) -> Sequence[Delta]:
        """A summary has several parts; between two of them is a blank line."""
        is_first = not foreign.read_or_none(event.summary_index, _number)
        return () if is_first else (Delta(dialect=DIALECT, reasoning="\n\n"),)

    def _piece(self, event: _Event) -> Sequence[Delta]:
        call = self._calls.get(_place(event))
        text = foreign.read_json(event.delta, _text)
        if call is None or not text:
            return ()
        self._tell(event)
        if call.is_custom:
            text = msgspec.json.encode(text).decode()[1:-1]
            text = text if call.has_piece else _CUSTOM_OPENING + text
        call.has_piece = True
        return (_called(ToolCallDelta(index=call.index, arguments=text)),)

    def _added(self, event: _Event) -> Sequence[Delta]:
        """Only a call says something yet; its arguments come in pieces, or when it is done."""
        return tuple([self._begin(part, event) for part in read_item(event.item) if isinstance(part, ToolCall)])

    def _begin(self, call: ToolCall, event: _Event) -> Delta:
        opened = _OpenCall(self._calls_begun, is_custom=kind_of_item(event.item) == "custom_tool_call")
        self._calls[_place(event)] = opened
        self._calls_begun += 1
        return _called(ToolCallDelta(index=opened.index, id=call.id, name=call.name))

    def _done(self, item: Raw, place: bytes) -> Sequence[Delta]:
        is_told = place in self._told
        self._told.add(place)
        deltas: list[Delta] = []
        for part in read_item(item):
            match part:
                case Thinking():
                    text = "" if is_told else part.text
                    is_redacted = part.is_redacted and not is_told
                    deltas.append(Delta(dialect=DIALECT, reasoning=text, signature=part.signature, is_redacted=is_redacted))
                case ToolCall():
                    deltas += self._done_call(part, place)
                case _:
                    deltas += () if is_told else self._whole(part)
        return deltas

    def _done_call(self, call: ToolCall, place: bytes) -> Sequence[Delta]:
        opened = self._calls.pop(place, None)
        if opened is None:
            self._calls_begun += 1
            whole = ToolCallDelta(index=self._calls_begun - 1, id=call.id, name=call.name, arguments=call.arguments)
            return (_called(whole),)
        if opened.has_piece:
            closing = ToolCallDelta(index=opened.index, arguments=_CUSTOM_CLOSING)
            return (_called(closing),) if opened.is_custom else ()
        return (_called(ToolCallDelta(index=opened.index, arguments=call.arguments)),)

    def _whole(self, part: Part) -> Sequence[Delta]:
        match part:
            case Text():
                return (Delta(dialect=DIALECT, text=part.text, citations=part.citations),)
            case Refusal():
                return (self._refused(part.text),)
            case _:
                return ()

    def _end(self, event: _Event) -> Sequence[Delta]:
        response = read_response(event.response)
        self._response_id = response.id or self._response_id
        self._model = response.model or self._model
        untold = [] if self._told or self._calls_begun else read_items(response.output)
        deltas = [delta for number, item in enumerate(untold) for delta in self._done(item, b"%d" % number)]
        finish = self._finish(event.type, response)
        usage, tier = read_usage(response.usage), response.service_tier
        return (*deltas, Delta(dialect=DIALECT, finish=finish, usage=usage, service_tier=tier, is_terminal=True))

    def _finish(self, kind: str, response: Response) -> Finish:
        if kind == "response.incomplete" or response.status == "incomplete":
            return incomplete_finish(response)
        return "tool_calls" if self._calls_begun else "refusal" if self._has_refused else "stop"

    def _refused(self, text: str) -> Delta:
        self._has_refused = True
        return Delta(dialect=DIALECT, refusal=text)

    def _tell(self, event: _Event) -> None:
        self._told.add(_place(event))


def _place(event: _Event) -> bytes:
    """What tells one item from the others; some servers leave out the number, some the id."""
    return bytes(event.item_id if foreign.is_null(event.output_index) else event.output_index)


def _called(call: ToolCallDelta) -> Delta:
    return Delta(dialect=DIALECT, tool_calls=(call,))


def _raise_fault(event: _Event, payload: bytes) -> None:
    """Nothing for an event that is no failure. OpenAI writes the members of an error beside its type, or inside `error`."""
    if event.type in _FAILURES:
        read_response(event.response)
        raise errors.UpstreamFailure(f"an event says {event.type}")
    if not foreign.is_null(event.error):
        raise fault_in(event.error)
    if event.type == "error":
        raise fault_in(Raw(_without_type(payload)))


def _without_type(payload: bytes) -> bytes:
    members = foreign.read_json(payload, _members)
    members.pop("type", None)
    return msgspec.json.encode(members)
