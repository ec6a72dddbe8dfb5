"""Items of a streamed response while they are told: added, told in pieces, done. Each gives its events, and itself as a whole at
its end.

Knows no Deltas. Source: the events of OpenAI's SDK 3.54.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from taskfit.values.answer import TokenLogprob
from taskfit.values.conversation import Citation
from taskfit.wire import sse
from taskfit.wire.openai_responses.parts import annotation_of
from taskfit.wire.openai_responses.replies import (
    call_item,
    logprob,
    message_item,
    output_text,
    refusal,
    summary,
    thought_item,
)
from taskfit.wire.openai_responses.tools import ClientName, custom_input

_encode = msgspec.json.Encoder().encode


class Events:
    """Numbers and frames events."""

    def __init__(self) -> None:
        self.count = 0

    def event(self, kind: str, **members: Any) -> bytes:
        payload = _encode({"type": kind, "sequence_number": self.count, **members})
        self.count += 1
        return sse.event(payload, kind.encode())


class ThoughtsTold:
    """A reasoning item under way; it is told as a summary of one part."""

    def __init__(self, events: Events, item_id: str, place: int) -> None:
        self._events = events
        self._id = item_id
        self.place = place
        self._pieces: list[str] = []

    def add(self, text: str) -> bytes:
        opening = b"" if self._pieces else self._open()
        self._pieces.append(text)
        return opening + self._event("summary_text.delta", summary_index=0, delta=text)

    def done(self, sealed: str) -> tuple[bytes, dict[str, Any]]:
        text = "".join(self._pieces)
        item = thought_item(self._id, text, sealed)
        if not self._pieces:
            opening = self._events.event("response.output_item.added", output_index=self.place, item={**item, "summary": []})
            return opening + self._item_done(item), item
        closing = self._event("summary_text.done", summary_index=0, text=text)
        closing += self._event("summary_part.done", summary_index=0, part=summary(text))
        return closing + self._item_done(item), item

    def _open(self) -> bytes:
        item = thought_item(self._id, "")
        opening = self._events.event("response.output_item.added", output_index=self.place, item=item)
        return opening + self._event("summary_part.added", summary_index=0, part=summary(""))

    def _event(self, kind: str, **members: Any) -> bytes:
        return self._events.event(f"response.reasoning_{kind}", item_id=self._id, output_index=self.place, **members)

    def _item_done(self, item: Mapping[str, Any]) -> bytes:
        return self._events.event("response.output_item.done", output_index=self.place, item=item)


class WordsTold:
    """A message under way: one part is open, the ones before it are done."""

    def __init__(self, events: Events, item_id: str, place: int) -> None:
        self._events = events
        self._id = item_id
        self.place = place
        self._content: list[dict[str, Any]] = []
        self._is_refusal: bool | None = None
        self._pieces: list[str] = []
        self._annotations: list[dict[str, Any]] = []
        self._logprobs: list[TokenLogprob] = []

    def open(self) -> bytes:
        item = message_item(self._id, [], status="in_progress")
        return self._events.event("response.output_item.added", output_index=self.place, item=item)

    def say(self, text: str, logprobs: tuple[TokenLogprob, ...]) -> bytes:
        opening = self._turn_to(is_refusal=False)
        self._pieces.append(text)
        self._logprobs += logprobs
        return opening + self._event("output_text.delta", delta=text, logprobs=[logprob(each) for each in logprobs])

    def refuse(self, text: str) -> bytes:
        opening = self._turn_to(is_refusal=True)
        self._pieces.append(text)
        return opening + self._event("refusal.delta", delta=text)

    def cite(self, citation: Citation) -> bytes:
        opening = self._turn_to(is_refusal=False)
        annotation = annotation_of(citation, sum(len(piece) for piece in self._pieces))
        self._annotations.append(annotation)
        index = len(self._annotations) - 1
        return opening + self._event("output_text.annotation.added", annotation_index=index, annotation=annotation)

    def done(self, status: str) -> tuple[bytes, dict[str, Any]]:
        closing = self._close_part()
        item = message_item(self._id, self._content, status=status)
        return closing + self._events.event("response.output_item.done", output_index=self.place, item=item), item

    def _turn_to(self, *, is_refusal: bool) -> bytes:
        if self._is_refusal is is_refusal:
            return b""
        closing = self._close_part()
        self._is_refusal = is_refusal
        return closing + self._event("content_part.added", part=refusal("") if is_refusal else output_text(""))

    def _close_part(self) -> bytes:
        if self._is_refusal is None:
            return b""
        text = "".join(self._pieces)
        if self._is_refusal:
            part = refusal(text)
            closing = self._event("refusal.done", refusal=text)
        else:
            part = output_text(text, self._annotations, self._logprobs)
            closing = self._event("output_text.done", text=text, logprobs=part["logprobs"])
        closing += self._event("content_part.done", part=part)
        self._content.append(part)
        self._is_refusal, self._pieces, self._annotations, self._logprobs = None, [], [], []
        return closing

    def _event(self, kind: str, **members: Any) -> bytes:
        place = {"item_id": self._id, "output_index": self.place, "content_index": len(self._content)}
        return self._events.event(f"response.{kind}", **place, **members)


class CallTold:
    """A call under way. The input of a custom tool can be told only when its arguments are whole."""

    def __init__(self, events: Events, item_id: str, place: int, call_id: str, client: ClientName) -> None:
        self._events = events
        self._id = item_id
        self.place = place
        self._call_id = call_id
        self._client = client
        self._pieces: list[str] = []

    def open(self) -> bytes:
        return self._events.event("response.output_item.added", output_index=self.place, item=self._item("", "in_progress"))

    def add(self, arguments: str) -> bytes:
        self._pieces.append(arguments)
        return b"" if self._client.is_custom else self._event("function_call_arguments.delta", delta=arguments)

    def done(self, status: str) -> tuple[bytes, dict[str, Any]]:
        whole = "".join(self._pieces)
        if self._client.is_custom:
            whole = custom_input(whole)
            closing = self._event("custom_tool_call_input.delta", delta=whole)
            closing += self._event("custom_tool_call_input.done", input=whole)
        else:
            closing = self._event("function_call_arguments.done", arguments=whole, name=self._client.name)  # the SDK 2 wants it
        item = self._item(whole, status)
        return closing + self._events.event("response.output_item.done", output_index=self.place, item=item), item

    def _item(self, arguments: str, status: str) -> dict[str, Any]:
        return call_item(self._id, self._call_id, self._client, arguments, status=status)

    def _event(self, kind: str, **members: Any) -> bytes:
        return self._events.event(f"response.{kind}", item_id=self._id, output_index=self.place, **members)
