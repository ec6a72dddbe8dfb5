"""The stream that a client of the Responses API receives: Deltas to events, with their frames.

A stream that came in this dialect goes out as it came, its terminal event last. One that came in another is written anew: every
item is added, told in pieces and done; calls stay open to the end, because some vendors tell their arguments by turns. What has
been told is held, because the last event repeats all of it. Knows no store.

Source: the events of OpenAI's SDK 3.54; what Codex 0.169 and the SDK's own accumulator need of them.
"""

from typing import Any

import msgspec
from msgspec import Raw

from taskfit.errors import TaskfitError
from taskfit.values.answer import Delta, Finish, ToolCallDelta
from taskfit.values.conversation import Signature
from taskfit.values.request import Request
from taskfit.values.usage import Usage
from taskfit.wire import sse
from taskfit.wire.openai_responses.failures import error_of
from taskfit.wire.openai_responses.history import final_response
from taskfit.wire.openai_responses.replies import REFUSED, Replying, call_signature, prefix_of, sealed_thought, status_of
from taskfit.wire.openai_responses.requests import DIALECT, previous_id
from taskfit.wire.openai_responses.straight import with_previous_in_events
from taskfit.wire.openai_responses.telling import CallTold, Events, ThoughtsTold, WordsTold

_DONE_ITEM = b'"response.output_item.done"'
_encode = msgspec.json.Encoder().encode


class EventWriter:
    """Writes one stream. After `end`, `response` is the object that the last event told, whatever the lane, for the store."""

    def __init__(self, request: Request, *, reply_id: str, created: int) -> None:
        self._replying = Replying(request, reply_id=reply_id, created=created)
        self._previous = previous_id(request)
        self._events = Events()
        self._model = ""
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._service_tier: str | None = None
        self._has_begun = False
        self._has_refused = False
        self._thoughts: ThoughtsTold | None = None
        self._thinker = DIALECT
        self._words: WordsTold | None = None
        self._calls: dict[int, CallTold] = {}
        self._output: dict[int, dict[str, Any]] = {}
        self._places = 0
        self._passes = False
        self._last = b""
        self._done_items: list[bytes] = []
        self._response = b""

    def write(self, delta: Delta, *, model: str) -> bytes:
        """See `taskfit.wire.dialect.StreamWriter`."""
        self._model = delta.model or self._model or model
        if delta.dialect == DIALECT and (self._passes or delta.data is not None):
            return self._pass(delta)
        if delta.choice != 0:
            return b""
        self._finish = delta.finish or self._finish
        self._usage = delta.usage or self._usage
        self._service_tier = delta.service_tier or self._service_tier
        return self._think(delta) + self._say(delta) + b"".join([self._call(piece) for piece in delta.tool_calls])

    def end(self) -> bytes:
        """See `taskfit.wire.dialect.StreamWriter`."""
        if self._passes:
            return self._last
        status = status_of(self._finish)
        closing = self._begin()
        if self._finish == "refusal" and not self._has_refused:
            closing += self._say(Delta(dialect=DIALECT, refusal=REFUSED))
        closing += self._close_thoughts(None) + self._close_words(status)
        for call in self._calls.values():
            closing += self._close(call.place, *call.done(status))
        response = self._ended()
        self._response = _encode(response)
        return closing + self._events.event(f"response.{status}", response=Raw(self._response))

    def fail(self, error: TaskfitError) -> bytes:
        """See `taskfit.wire.dialect.StreamWriter`. Codex takes the first event for a failure, OpenAI's SDKs the second."""
        opening = b"" if self._passes else self._begin()
        failed, told = error_of(error)
        response = self._replying.response("failed", self._items(), model=self._model, error=failed)
        code, message, param = told["code"], told["message"], told["param"]
        ending = self._events.event("response.failed", response=response)
        return opening + ending + self._events.event("error", code=code, message=message, param=param, error=told)

    def ping(self) -> bytes:
        """See `taskfit.wire.dialect.StreamWriter`."""
        return self.comment("ping")

    def comment(self, text: str) -> bytes:
        """See `taskfit.wire.dialect.StreamWriter`."""
        return sse.comment(text)

    @property
    def response(self) -> bytes:
        """The final response, as a body; empty before `end`, and where the last event held none."""
        if self._passes and not self._response:
            self._response = final_response(self._last, self._done_items)
        return self._response

    def _pass(self, delta: Delta) -> bytes:
        self._passes = True
        if delta.response_id is not None:
            self._replying.response_id = delta.response_id
        data = delta.data or b""
        if self._previous is not None:
            data = with_previous_in_events(data, self._previous)
        self._events.count += data.count(b"\n\n")
        if _DONE_ITEM in data:
            self._done_items.append(data)
        if delta.is_terminal:
            self._last = data
            return b""
        return data

    def _begin(self) -> bytes:
        if self._has_begun:
            return b""
        self._has_begun = True
        response = Raw(_encode(self._replying.response("in_progress", model=self._model)))
        opening = self._events.event("response.created", response=response)
        return opening + self._events.event("response.in_progress", response=response)

    def _think(self, delta: Delta) -> bytes:
        told = b""
        self._thinker = delta.dialect
        if delta.reasoning:
            told += self._begin() + self._close_words("completed")
            if self._thoughts is None:
                place = self._next_place()
                self._thoughts = ThoughtsTold(self._events, self._replying.item_id("rs", place), place)
            told += self._thoughts.add(delta.reasoning)
        if delta.signature is not None:
            told += self._sign(delta.signature, is_redacted=delta.is_redacted)
        return told

    def _sign(self, signature: Signature, *, is_redacted: bool) -> bytes:
        told = self._begin() + self._close_words("completed")
        if is_redacted:
            told += self._close_thoughts(None)
        if self._thoughts is None:
            place = self._next_place()
            self._thoughts = ThoughtsTold(self._events, self._replying.item_id("rs", place), place)
        return told + self._close_thoughts(signature)

    def _say(self, delta: Delta) -> bytes:
        if not (delta.text or delta.refusal or delta.citations):
            return b""
        told = self._begin() + self._close_thoughts(None)
        if self._words is None:
            place = self._next_place()
            self._words = WordsTold(self._events, self._replying.item_id("msg", place), place)
            told += self._words.open()
        if delta.text:
            told += self._words.say(delta.text, delta.logprobs or ())
        for citation in delta.citations:
            told += self._words.cite(citation)
        if delta.refusal:
            self._has_refused = True
            told += self._words.refuse(delta.refusal)
        return told

    def _call(self, piece: ToolCallDelta) -> bytes:
        told = self._begin()
        call = self._calls.get(piece.index)
        if call is None:
            told += self._close_thoughts(None) + self._close_words("completed")
            call_id = piece.id or self._replying.item_id("call", self._places)
            if piece.signature is not None:
                told += self._sign(call_signature(piece.signature, call_id), is_redacted=False)
            place = self._next_place()
            client = self._replying.names.client_name(piece.name or "")
            item_id = self._replying.item_id(prefix_of(client), place)
            call = self._calls[piece.index] = CallTold(self._events, item_id, place, call_id, client)
            told += call.open()
        return told + call.add(piece.arguments) if piece.arguments else told

    def _close_thoughts(self, signature: Signature | None) -> bytes:
        if self._thoughts is None:
            return b""
        thoughts, self._thoughts = self._thoughts, None
        return self._close(thoughts.place, *thoughts.done(sealed_thought(signature, self._thinker)))

    def _close_words(self, status: str) -> bytes:
        if self._words is None:
            return b""
        words, self._words = self._words, None
        return self._close(words.place, *words.done(status))

    def _close(self, place: int, told: bytes, item: dict[str, Any]) -> bytes:
        self._output[place] = item
        return told

    def _items(self) -> list[dict[str, Any]]:
        return [self._output[place] for place in sorted(self._output)]

    def _ended(self) -> dict[str, Any]:
        return self._replying.ended(
            self._items(), model=self._model, finish=self._finish, usage=self._usage, service_tier=self._service_tier
        )

    def _next_place(self) -> int:
        self._places += 1
        return self._places - 1
