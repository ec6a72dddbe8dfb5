"""What Anthropic's Messages API answers: bytes to an Answer, or the payloads of its events to Deltas.

Knows no HTTP and no server-sent events: payloads come in one by one. What the hub has no word for (server tools, citations,
signatures of thinking) is ignored.
"""

import msgspec

from taskfit import errors
from taskfit.values.answer import Answer, Delta, Finish, ToolCallDelta
from taskfit.values.conversation import ToolCall
from taskfit.values.request import Dialect
from taskfit.values.usage import Usage
from taskfit.wire import foreign

DIALECT: Dialect = "anthropic-messages"

FINISHES: dict[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
}

FAULTS: dict[str, type[errors.UpstreamError]] = {
    "invalid_request_error": errors.UpstreamRefused,
    "request_too_large": errors.UpstreamRefused,
    "authentication_error": errors.UpstreamUnauthorized,
    "permission_error": errors.UpstreamUnauthorized,
    "not_found_error": errors.UpstreamModelMissing,
    "rate_limit_error": errors.RateLimited,
    "overloaded_error": errors.UpstreamOverloaded,
    "timeout_error": errors.UpstreamTimeout,
}


class _Counts(msgspec.Struct, frozen=True, kw_only=True):
    thinking_tokens: int | None = None


class _Usage(msgspec.Struct, frozen=True, kw_only=True):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: _Counts | None = None


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""
    id: str | None = None
    model: str | None = None
    content: tuple[msgspec.Raw, ...] | None = None
    stop_reason: str | None = None
    usage: msgspec.Raw = foreign.NULL
    error: msgspec.Raw = foreign.NULL


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""


class _TextBlock(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""


class _ThinkingBlock(msgspec.Struct, frozen=True, kw_only=True):
    thinking: str = ""


class _JsonPiece(msgspec.Struct, frozen=True, kw_only=True):
    partial_json: str = ""


class _ToolUse(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    input: msgspec.Raw = foreign.NULL


class _Stop(msgspec.Struct, frozen=True, kw_only=True):
    stop_reason: str | None = None


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""
    index: msgspec.Raw = foreign.NULL
    message: msgspec.Raw = foreign.NULL
    content_block: msgspec.Raw = foreign.NULL
    delta: msgspec.Raw = foreign.NULL
    usage: msgspec.Raw = foreign.NULL
    error: msgspec.Raw = foreign.NULL


_USAGE = msgspec.json.Decoder(_Usage)
_MESSAGE = msgspec.json.Decoder(_Message)
_KIND = msgspec.json.Decoder(_Kind)
_TEXT = msgspec.json.Decoder(_TextBlock)
_THINKING = msgspec.json.Decoder(_ThinkingBlock)
_JSON_PIECE = msgspec.json.Decoder(_JsonPiece)
_TOOL_USE = msgspec.json.Decoder(_ToolUse)
_STOP = msgspec.json.Decoder(_Stop)
_EVENT = msgspec.json.Decoder(_Event)
_INDEX = msgspec.json.Decoder(int)


def read_answer(body: bytes) -> Answer:
    """A whole answer.

    Errors: the UpstreamError that an error in the body stands for; InvalidAnswer for anything that is not a message.
    """
    message = foreign.read_json(body, _MESSAGE)
    if message.type == "error" or not foreign.is_null(message.error):
        raise foreign.fault_of(message.error, FAULTS)
    if message.type != "message" or message.content is None:
        raise errors.InvalidAnswer("the upstream's body is not a message with content")
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[ToolCall] = []
    for block in message.content:
        match foreign.read_json(block, _KIND).type:
            case "text":
                texts.append(foreign.read_json(block, _TEXT).text)
            case "thinking":
                thoughts.append(foreign.read_json(block, _THINKING).thinking)
            case "tool_use":
                call = foreign.read_json(block, _TOOL_USE)
                calls.append(ToolCall(id=call.id, name=call.name, arguments=foreign.object_text(call.input)))
            case _:
                continue
    return Answer(
        dialect=DIALECT, data=body, response_id=message.id, model=message.model, text="".join(texts),
        reasoning="".join(thoughts), tool_calls=tuple(calls), finish=_finish(message.stop_reason),
        usage=_usage(foreign.read_or_none(message.usage, _USAGE)),
    )


def _finish(stop_reason: str | None) -> Finish | None:
    return None if stop_reason is None else FINISHES.get(stop_reason, "other")


def _usage(counts: _Usage | None) -> Usage | None:
    """The API counts cached tokens apart from `input_tokens`; ours includes them. None where a number cannot be true."""
    if counts is None or counts.input_tokens is None or counts.output_tokens is None:
        return None
    read, written = counts.cache_read_input_tokens or 0, counts.cache_creation_input_tokens or 0
    thinking = (counts.output_tokens_details.thinking_tokens or 0) if counts.output_tokens_details else 0
    if not foreign.are_plausible(counts.input_tokens, counts.output_tokens, read, written, thinking):
        return None
    if thinking > counts.output_tokens:
        return None
    return Usage(
        input_tokens=counts.input_tokens + read + written, output_tokens=counts.output_tokens, cached_tokens=read,
        cache_write_tokens=written, reasoning_tokens=thinking,
    )


_NO_OPENING = Delta(dialect=DIALECT)


class _OpenCall:
    """A tool call whose block has started: its place among the calls, and what its arguments are if no piece follows."""

    __slots__ = ("index", "whole")

    def __init__(self, index: int, whole: str | None) -> None:
        self.index = index
        self.whole = whole


class StreamReader:
    """Reads the events of one streamed answer, in their order. Keeps the counts and the tool calls that are under way."""

    def __init__(self) -> None:
        self._opening = _NO_OPENING
        self._counts: _Usage | None = _Usage()
        self._calls: dict[int, _OpenCall] = {}
        self._calls_begun = 0

    def read(self, payload: bytes) -> Delta | None:
        """The delta of one event; None for an event that says nothing in the hub's words.

        Errors: the UpstreamError that an error event stands for; InvalidAnswer for what cannot be read.
        """
        delta = self._read(payload)
        if delta is None:
            return None
        opening, self._opening = self._opening, _NO_OPENING
        return msgspec.structs.replace(delta, data=payload, response_id=opening.response_id, model=opening.model)

    def _read(self, payload: bytes) -> Delta | None:
        event = foreign.read_json(payload, _EVENT)
        match event.type:
            case "content_block_delta":
                return self._piece(event)
            case "content_block_start":
                return self._start(event)
            case "content_block_stop":
                return self._stop(event)
            case "message_delta":
                return self._end(event)
            case "message_start":
                self._begin(foreign.read_json(event.message, _MESSAGE))
                return None
            case _ if event.type == "error" or not foreign.is_null(event.error):
                raise foreign.fault_of(event.error, FAULTS)
            case _:
                return None

    def _begin(self, message: _Message) -> None:
        """The opening says nothing yet, so that an error right after it still finds an answer that has not begun.

        Its usage has no true output count: alone it would be worse than an estimate.
        """
        self._opening = Delta(dialect=DIALECT, response_id=message.id, model=message.model)
        self._count(message.usage)

    def _end(self, event: _Event) -> Delta:
        finish = None if foreign.is_null(event.delta) else _finish(foreign.read_json(event.delta, _STOP).stop_reason)
        self._count(event.usage)
        return Delta(dialect=DIALECT, finish=finish, usage=_usage(self._counts))

    def _start(self, event: _Event) -> Delta | None:
        match foreign.read_json(event.content_block, _KIND).type:
            case "text":
                return _said(text=foreign.read_json(event.content_block, _TEXT).text)
            case "thinking":
                return _said(reasoning=foreign.read_json(event.content_block, _THINKING).thinking)
            case "tool_use":
                call = foreign.read_json(event.content_block, _TOOL_USE)
                opened = _OpenCall(self._calls_begun, foreign.object_text(call.input))
                self._calls[foreign.read_json(event.index, _INDEX)] = opened
                self._calls_begun += 1
                return _calls(ToolCallDelta(index=opened.index, id=call.id, name=call.name))
            case _:
                return None

    def _piece(self, event: _Event) -> Delta | None:
        match foreign.read_json(event.delta, _KIND).type:
            case "text_delta":
                return _said(text=foreign.read_json(event.delta, _TEXT).text)
            case "thinking_delta":
                return _said(reasoning=foreign.read_json(event.delta, _THINKING).thinking)
            case "input_json_delta":
                opened = self._calls.get(foreign.read_json(event.index, _INDEX))
                piece = foreign.read_json(event.delta, _JSON_PIECE).partial_json
                if opened is None or not piece:
                    return None
                opened.whole = None
                return _calls(ToolCallDelta(index=opened.index, arguments=piece))
            case _:
                return None

    def _stop(self, event: _Event) -> Delta | None:
        """A call without arguments gets no piece at all, but its arguments are still an object."""
        if not self._calls:
            return None
        opened = self._calls.pop(foreign.read_json(event.index, _INDEX), None)
        if opened is None or opened.whole is None:
            return None
        return _calls(ToolCallDelta(index=opened.index, arguments=opened.whole))

    def _count(self, raw: msgspec.Raw) -> None:
        """The counts are cumulative, and a later event names only those that changed. Once unreadable, they stay unknown."""
        if foreign.is_null(raw) or self._counts is None:
            return
        counts = foreign.read_or_none(raw, _USAGE)
        if counts is None:
            self._counts = None
            return
        said = {name: value for name in _Usage.__struct_fields__ if (value := getattr(counts, name)) is not None}
        self._counts = msgspec.structs.replace(self._counts, **said)


def _said(*, text: str = "", reasoning: str = "") -> Delta | None:
    return Delta(dialect=DIALECT, text=text, reasoning=reasoning) if text or reasoning else None


def _calls(delta: ToolCallDelta) -> Delta:
    return Delta(dialect=DIALECT, tool_calls=(delta,))
