"""What a client of this dialect receives for a streamed request: Deltas as server-sent events, or as a JSON array.

A chunk that came in this dialect goes out as it came. Function calls have whole arguments here: they are collected, within a
limit, and told at the end. There is no terminal event: the last chunk has the finish and the usage, then the connection ends.
Knows no HTTP.
"""

from typing import Any

import msgspec

from taskfit.errors import InvalidAnswer, TaskfitError
from taskfit.values.answer import Delta, Finish, ToolCallDelta
from taskfit.values.conversation import Citation, Signature, Thinking, ToolCall
from taskfit.values.request import Request
from taskfit.values.usage import Usage
from taskfit.wire import sse
from taskfit.wire.gemini_generate.failures import write_failure
from taskfit.wire.gemini_generate.grounding import Ascii, write_citations
from taskfit.wire.gemini_generate.logprobs import write_logprobs
from taskfit.wire.gemini_generate.replies import finish_of, write_call, write_thinking
from taskfit.wire.gemini_generate.seals import DIALECT
from taskfit.wire.gemini_generate.usage import write_usage

MAX_CALL_CHARS = sse.MAX_EVENT_BYTES
"""Of all calls of one answer together, which wait until they are whole."""

BLANK_LINE = b"\n"
"""Google's SDK for Python takes a comment for broken JSON, so what keeps a connection alive is an empty line."""

_encode = msgspec.json.Encoder().encode


class _OpenCall:
    """A call whose arguments are still coming."""

    def __init__(self) -> None:
        self.id = self.name = ""
        self.arguments: list[str] = []
        self.signature: Signature | None = None

    def add(self, piece: ToolCallDelta) -> None:
        """The next piece."""
        self.id = piece.id or self.id
        self.name = piece.name or self.name
        self.signature = piece.signature or self.signature
        self.arguments.append(piece.arguments)

    def whole(self) -> ToolCall:
        """The call as far as it came."""
        return ToolCall(id=self.id, name=self.name, arguments="".join(self.arguments), signature=self.signature)


class _Candidate:
    """What is kept of one candidate until the end."""

    def __init__(self) -> None:
        self.calls: dict[int, _OpenCall] = {}
        self.has_thought = False
        self.finish: Finish | None = None
        self.origin = DIALECT
        self.texts = Ascii()
        self.citations: list[Citation] = []

    def last(self, index: int) -> dict[str, Any]:
        """Its calls, sources and finish."""
        whole = [call.whole() for _, call in sorted(self.calls.items())]
        written = [(call, write_call(call, self.origin)) for call in whole]
        parts = [part for _, part in written if part is not None]
        faults = [call.name for call, part in written if part is None]
        content = {"parts": parts or [{"text": ""}], "role": "model"}
        candidate: dict[str, Any] = {"content": content, **finish_of(self.finish, faults), "index": index}
        if self.citations:
            candidate["groundingMetadata"] = write_citations([(0, citation) for citation in self.citations], self.texts)
        return candidate


class Chunks:
    """Writes the payloads of one stream; knows no framing."""

    def __init__(self, reply_id: str) -> None:
        self._reply_id = reply_id
        self._model = ""
        self._candidates: dict[int, _Candidate] = {}
        self._usage: Usage | None = None
        self._call_chars = 0

    def write(self, delta: Delta, model: str) -> bytes | None:
        """The chunk for one Delta; None where the client sees nothing of it yet. Errors: InvalidAnswer for too long calls."""
        self._model = delta.model or self._model or model
        self._usage = delta.usage or self._usage
        candidate = self._candidates.get(delta.choice) or _Candidate()
        parts = _parts(delta, is_later=candidate.has_thought)
        if not (parts or delta.logprobs or delta.tool_calls or delta.citations or delta.finish):
            return None
        self._candidates[delta.choice] = candidate
        self._keep(candidate, delta)
        if not (parts or delta.logprobs):
            return None
        said: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": delta.choice}
        if delta.logprobs:
            said["logprobsResult"] = write_logprobs(delta.logprobs)
        return _encode({"candidates": [said], **self._names()})

    def last(self) -> bytes:
        """The chunk that ends the answer."""
        candidates = [candidate.last(index) for index, candidate in sorted(self._candidates.items())]
        chunk: dict[str, Any] = {"candidates": candidates}
        if self._usage is not None:
            chunk["usageMetadata"] = write_usage(self._usage)
        return _encode({**chunk, **self._names()})

    def _names(self) -> dict[str, str]:
        return {"modelVersion": self._model, "responseId": self._reply_id}

    def _keep(self, candidate: _Candidate, delta: Delta) -> None:
        for piece in delta.tool_calls:
            self._call_chars += len(piece.arguments)
            if self._call_chars > MAX_CALL_CHARS:
                raise InvalidAnswer(f"the arguments of the tool calls are over {MAX_CALL_CHARS} characters")
            candidate.calls.setdefault(piece.index, _OpenCall()).add(piece)
        candidate.texts.add(delta.text + delta.refusal)
        candidate.citations += delta.citations
        candidate.finish = delta.finish or candidate.finish
        candidate.origin = delta.dialect
        candidate.has_thought = candidate.has_thought or bool(delta.reasoning or delta.signature)


def _parts(delta: Delta, *, is_later: bool) -> list[dict[str, Any]]:
    """What of a Delta can be told at once. A signature alone stands with an empty text, as Google has it. Only the first of the
    thoughts names whose they are, where nobody signed them; `is_later` ones do not."""
    parts = []
    if delta.reasoning or delta.signature is not None:
        thinking = Thinking(text=delta.reasoning, signature=delta.signature, is_redacted=delta.is_redacted)
        parts.append(write_thinking(thinking, DIALECT if is_later else delta.dialect))
    parts += [{"text": text} for text in (delta.text, delta.refusal) if text]
    return parts


class EventWriter:
    """Writes one stream as server-sent events, as a client asks for with `alt=sse`."""

    def __init__(self, reply_id: str) -> None:
        self._chunks = Chunks(reply_id)
        self._has_finished = False
        self._is_straight = False
        self._held = b""

    def write(self, delta: Delta, *, model: str) -> bytes:
        """See wire.dialect.StreamWriter. From the first finish on, each chunk waits for the next: the client must not see the
        last one before the end."""
        if delta.dialect != DIALECT or (delta.data is None and not self._is_straight):
            chunk = self._chunks.write(delta, model)
            return b"" if chunk is None else sse.event(chunk)
        self._is_straight = True
        self._has_finished = self._has_finished or delta.finish is not None
        data = delta.data or b""
        if not self._has_finished:
            return data
        if data:
            self._held, data = data, self._held
        return data

    def end(self) -> bytes:
        """The last chunk."""
        return self._held if self._is_straight else sse.event(self._chunks.last())

    def fail(self, error: TaskfitError) -> bytes:
        """An error event."""
        return sse.event(write_failure(error))

    def ping(self) -> bytes:
        """An empty line between two events, which says nothing."""
        return BLANK_LINE

    def comment(self, text: str) -> bytes:
        """Nothing, for the reason why a ping is an empty line."""
        return b""


class ArrayWriter:
    """Writes one stream as a JSON array with an element for each chunk, as this API does for a client that asks for no format."""

    def __init__(self, reply_id: str) -> None:
        self._events = EventWriter(reply_id)
        self._has_begun = False

    def write(self, delta: Delta, *, model: str) -> bytes:
        """See wire.dialect.StreamWriter."""
        return self._elements(self._events.write(delta, model=model))

    def end(self) -> bytes:
        """The last elements, and the end of the array."""
        return (self._elements(self._events.end()) or (b"" if self._has_begun else b"[")) + b"]"

    def fail(self, error: TaskfitError) -> bytes:
        """The error as the last element."""
        return self._elements(self._events.fail(error)) + b"]"

    def ping(self) -> bytes:
        """White space between two elements."""
        return BLANK_LINE

    def comment(self, text: str) -> bytes:
        """Nothing: JSON has no comments."""
        return b""

    def _elements(self, events: bytes) -> bytes:
        frames = sse.SseReader()
        written = b""
        for payload, _ in [*frames.feed(events), *frames.finish()]:
            written += (b",\r\n" if self._has_begun else b"[") + payload
            self._has_begun = True
        return written


def new_writer(
    request: Request,  # noqa: ARG001  # every dialect's signature
    *,
    reply_id: str,
    created: int,  # noqa: ARG001  # no chunk has a time
) -> EventWriter:
    """For one stream of server-sent events."""
    return EventWriter(reply_id)


def new_array_writer(
    request: Request,  # noqa: ARG001  # as for new_writer
    *,
    reply_id: str,
    created: int,  # noqa: ARG001
) -> ArrayWriter:
    """For one stream as a JSON array."""
    return ArrayWriter(reply_id)
