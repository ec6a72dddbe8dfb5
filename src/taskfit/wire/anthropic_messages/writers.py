"""A streamed answer for a client of this dialect, event by event.

What came in this dialect goes out as it came, with the message in front that some servers leave out. From others the events are
made in this API's order: a message, in it blocks that are opened, filled and closed one after another, then why it ended and what
it cost. Knows no HTTP.
"""

from collections.abc import Iterator

import msgspec

from taskfit.errors import TaskfitError
from taskfit.values.answer import Delta, Finish, ToolCallDelta
from taskfit.values.conversation import Signature
from taskfit.values.request import Request
from taskfit.values.usage import Usage
from taskfit.wire import sse
from taskfit.wire.anthropic_messages.citations import write_citation
from taskfit.wire.anthropic_messages.failures import write_failure
from taskfit.wire.anthropic_messages.replies import message_of, redacted_call_signature
from taskfit.wire.anthropic_messages.usages import write_usage
from taskfit.wire.anthropic_messages.words import DIALECT, Block, stop_reason
from taskfit.wire.signatures import seal_or_name

PING = sse.event(b'{"type":"ping"}', b"ping")
STOP = sse.event(b'{"type":"message_stop"}', b"message_stop")
_OPENING = b'"message_start"'  # inside a text its quotes would be escaped

_encode = msgspec.json.Encoder().encode
_OBJECT = msgspec.json.Decoder(dict[str, object])


class StreamWriter:
    """Writes one stream. Keeps which block is open, and pieces of calls that have to wait until the call before them is whole."""

    def __init__(self, request: Request, *, reply_id: str) -> None:
        self._reply_id = reply_id
        self._request_id = request.id
        self._has_begun = False
        self._is_straight = False
        self._terminal = b""
        self._blocks = 0
        self._open: str | int | None = None
        self._arguments: list[str] = []
        self._waiting: list[ToolCallDelta] = []
        self._calls: set[int] = set()
        self._thinker = DIALECT
        self._finish: Finish | None = None
        self._stop_sequence: str | None = None
        self._usage: Usage | None = None
        self._model = request.model

    def write(self, delta: Delta, *, model: str) -> bytes:
        """The events for one Delta; empty where the client sees nothing of it."""
        if delta.dialect == DIALECT and (self._is_straight or delta.data is not None):
            return self._pass_on(delta, model)
        return b"".join(self._begin(delta.model or model, delta.usage)) + b"".join(self._events(delta))

    def end(self) -> bytes:
        """What comes after the last Delta. An answer without a word is a message all the same."""
        if self._is_straight:
            return self._terminal or STOP
        reason = stop_reason(self._finish, stop_sequence=self._stop_sequence, has_calls=bool(self._calls))
        payload: Block = {
            "type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": self._stop_sequence},
            "usage": write_usage(self._usage),
        }  # fmt: skip
        events = [*self._begin(self._model, None), *self._release(), *self._close(), _event(payload), STOP]
        return b"".join(events)

    def fail(self, error: TaskfitError) -> bytes:
        """The error event that ends the stream."""
        return sse.event(write_failure(error, request_id=self._request_id), b"error")

    def ping(self) -> bytes:
        """An event that every client of this API skips."""
        return PING

    def comment(self, text: str) -> bytes:
        """A line that no client reads."""
        return sse.comment(text)

    def _pass_on(self, delta: Delta, model: str) -> bytes:
        """The last event waits for `end`, because the record is kept before the client sees it."""
        if not self._is_straight:
            self._is_straight = True
            if _OPENING not in (delta.data or b""):
                return b"".join(self._begin(delta.model or model, delta.usage)) + self._pass_on(delta, model)
        if delta.is_terminal:
            self._terminal = delta.data or b""
            return b""
        return delta.data or b""

    def _begin(self, model: str, usage: Usage | None) -> Iterator[bytes]:
        if self._has_begun:
            return
        self._has_begun = True
        message = message_of(self._reply_id, model) | {"usage": write_usage(usage)}
        yield _event({"type": "message_start", "message": message})

    def _events(self, delta: Delta) -> Iterator[bytes]:
        self._remember(delta)
        if delta.choice != 0:
            return
        if delta.is_redacted:
            sealed = seal_or_name(delta.signature, origin=delta.dialect, own=DIALECT)
            yield from self._whole({"type": "redacted_thinking", "data": sealed})
        else:
            yield from self._thoughts(delta)
        if text := delta.text + delta.refusal:
            yield from self._enter("text", {"type": "text", "text": ""})
            yield self._piece({"type": "text_delta", "text": text})
        for citation in delta.citations:
            yield from self._enter("text", {"type": "text", "text": ""})
            yield self._piece({"type": "citations_delta", "citation": write_citation(citation)})
        for call in delta.tool_calls:
            yield from self._call(call)

    def _remember(self, delta: Delta) -> None:
        self._model = delta.model or self._model
        self._usage = delta.usage or self._usage
        if delta.choice == 0:
            self._finish = delta.finish or self._finish
            self._stop_sequence = delta.stop_sequence or self._stop_sequence

    def _thoughts(self, delta: Delta) -> Iterator[bytes]:
        """A signature closes its thoughts; alone it stands for thoughts that are not shown."""
        if not delta.reasoning and delta.signature is None:
            return
        self._thinker = delta.dialect
        yield from self._enter("thinking", {"type": "thinking", "thinking": "", "signature": ""})
        if delta.reasoning:
            yield self._piece({"type": "thinking_delta", "thinking": delta.reasoning})
        if delta.signature is not None:
            yield self._sign(delta.signature)
            yield from self._leave()

    def _call(self, call: ToolCallDelta) -> Iterator[bytes]:
        """A piece of the open call, or the first piece of the next one. Others wait: blocks cannot be opened again."""
        if self._open == call.index:
            if call.arguments:
                self._arguments.append(call.arguments)
                yield self._piece({"type": "input_json_delta", "partial_json": call.arguments})
        elif self._waiting or call.index in self._calls or (isinstance(self._open, int) and not self._is_whole()):
            self._waiting.append(call)
        else:
            yield from self._open_call(call)

    def _open_call(self, call: ToolCallDelta) -> Iterator[bytes]:
        yield from self._close()
        if call.signature is not None:
            yield from self._whole(redacted_call_signature(call.signature))
        self._calls.add(call.index)
        call_id = call.id or f"toolu_{self._reply_id}_{call.index}"
        yield from self._enter(call.index, {"type": "tool_use", "id": call_id, "name": call.name or "", "input": {}})
        self._arguments = []
        yield from self._call(call)

    def _is_whole(self) -> bool:
        """Whether the open call has all its arguments, so that nothing more is to come. Some servers begin all calls first."""
        try:
            _OBJECT.decode("".join(self._arguments))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return False
        return True

    def _release(self) -> Iterator[bytes]:
        """The pieces that waited, call by call."""
        waiting, self._waiting = self._waiting, []
        for index in dict.fromkeys([call.index for call in waiting]):
            first, *others = [call for call in waiting if call.index == index]
            if index in self._calls:
                continue  # what comes for a call that is whole is white space at most
            yield from self._open_call(first)
            for piece in others:
                yield from self._call(piece)

    def _enter(self, kind: str | int, opening: Block) -> Iterator[bytes]:
        if self._open == kind:
            return
        yield from self._close()
        self._open = kind
        yield _event({"type": "content_block_start", "index": self._blocks, "content_block": opening})

    def _close(self) -> Iterator[bytes]:
        """Thoughts that nobody signed get a seal that says whose they are."""
        if self._open == "thinking":
            yield self._sign(None)
        yield from self._leave()

    def _leave(self) -> Iterator[bytes]:
        if self._open is None:
            return
        yield _event({"type": "content_block_stop", "index": self._blocks})
        self._open = None
        self._blocks += 1

    def _whole(self, block: Block) -> Iterator[bytes]:
        yield from self._enter("whole", block)
        yield from self._leave()

    def _sign(self, signature: Signature | None) -> bytes:
        sealed = seal_or_name(signature, origin=self._thinker, own=DIALECT)
        return self._piece({"type": "signature_delta", "signature": sealed})

    def _piece(self, delta: Block) -> bytes:
        return _event({"type": "content_block_delta", "index": self._blocks, "delta": delta})


def new_writer(request: Request, *, reply_id: str, created: int) -> StreamWriter:
    """For one stream. This API says no time."""
    del created
    return StreamWriter(request, reply_id=reply_id)


def _event(payload: Block) -> bytes:
    return sse.event(_encode(payload), str(payload["type"]).encode())
