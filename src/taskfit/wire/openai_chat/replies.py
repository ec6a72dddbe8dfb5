"""What a client of this dialect receives: an Answer or Deltas to bytes.

An answer that came in this dialect goes out as it came; one that came in another is written anew. Some vendors tell a refusal by
the finish alone: then all words of a whole answer are the refusal, and a stream, whose words have gone out as content, ends in
`content_filter`. Knows no HTTP.
"""

from typing import Any

import msgspec

from taskfit.errors import TaskfitError
from taskfit.values.answer import Answer, Choice, Delta, Finish, ToolCallDelta
from taskfit.values.conversation import Citation, Refusal, Text, Thinking, ToolCall
from taskfit.values.request import Request
from taskfit.values.usage import Usage
from taskfit.wire import sse
from taskfit.wire.openai_chat.calls import CallForms, call_forms, custom_input
from taskfit.wire.openai_chat.citations import annotations_of
from taskfit.wire.openai_chat.failures import write_failure
from taskfit.wire.openai_chat.logprobs import logprobs_of
from taskfit.wire.openai_chat.requests import DIALECT, asks_for_usage
from taskfit.wire.openai_chat.thoughts import block_of, call_fields, message_fields
from taskfit.wire.openai_chat.usage import usage_of

REASONS: dict[Finish, str] = {
    "stop": "stop", "length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter",
    "refusal": "stop", "other": "stop",
}  # fmt: skip
_TIERS = frozenset({"auto", "default", "fast", "flex", "priority", "scale"})
_encode = msgspec.json.Encoder().encode


def write_answer(answer: Answer, request: Request, *, reply_id: str, model: str, created: int) -> bytes:
    """The body of a whole answer. Units: `created` in seconds since the epoch."""
    if answer.dialect == DIALECT and answer.data is not None:
        return answer.data
    forms = call_forms(request)
    reply: dict[str, Any] = {
        "id": f"chatcmpl-{reply_id}",
        "object": "chat.completion",
        "created": created,
        "model": answer.model or model,
        "choices": [_choice(choice, index, forms) for index, choice in enumerate(answer.choices)],
    }
    if answer.usage is not None:
        reply["usage"] = usage_of(answer.usage)
    if answer.service_tier in _TIERS:
        reply["service_tier"] = answer.service_tier
    return _encode(reply)


class Writer:
    """Writes one stream. What came in this dialect goes out as it came, but for usage that the client did not ask for."""

    def __init__(self, request: Request, *, reply_id: str, created: int) -> None:
        self._request = request
        self._shows_usage = asks_for_usage(request)
        self._reply_id = reply_id
        self._created = created
        self._passes = False
        self._forms: CallForms | None = None  # read when needed: on the straight lane never
        self._model = ""
        self._head = b""
        self._usage: Usage | None = None
        self._choices: dict[int, _OpenChoice] = {}

    def write(self, delta: Delta, *, model: str) -> bytes:
        """See StreamWriter. A Delta of this dialect without `data` is a part of an event that has gone out, or of a body that
        was no stream."""
        if delta.dialect == DIALECT:
            if delta.data is not None:
                self._passes = True
                return b"" if delta.is_usage_only and not self._shows_usage else delta.data
            if self._passes:
                return b""
        return self._rewrite(delta, model)

    def end(self) -> bytes:
        """See StreamWriter."""
        if self._passes:
            return sse.DONE_EVENT
        if self._shows_usage and self._usage is not None:
            usage = b'%b[],"usage":%b}' % (self._head_for(self._model), _encode(usage_of(self._usage)))
            return sse.event(usage) + sse.DONE_EVENT
        return sse.DONE_EVENT

    def fail(self, error: TaskfitError) -> bytes:
        """See StreamWriter."""
        return sse.event(write_failure(error, request_id=self._request.id))

    def ping(self) -> bytes:
        """See StreamWriter."""
        return sse.comment("still here")

    def comment(self, text: str) -> bytes:
        """See StreamWriter."""
        return sse.comment(text)

    def _rewrite(self, delta: Delta, model: str) -> bytes:
        if delta.usage is not None:
            self._usage = delta.usage
        choice = self._choices.get(delta.choice)
        if choice is None:
            if self._forms is None:
                self._forms = call_forms(self._request)
            choice = self._choices[delta.choice] = _OpenChoice(self._forms)
        content = choice.content(delta)
        if not content and delta.finish is None and delta.logprobs is None:
            return b""
        finish = None if delta.finish is None else choice.reason(delta.finish)
        told = {"index": delta.choice, "delta": content, "logprobs": logprobs_of(delta.logprobs), "finish_reason": finish}
        return sse.event(b"%b[%b]}" % (self._head_for(delta.model or model), _encode(told)))

    def _head_for(self, model: str) -> bytes:
        """A chunk up to its choices; the same for all chunks of a model."""
        if model != self._model or not self._head:
            self._model = model
            head = {
                "id": f"chatcmpl-{self._reply_id}", "object": "chat.completion.chunk", "created": self._created, "model": model,
            }  # fmt: skip
            self._head = _encode(head)[:-1] + b',"choices":'
        return self._head


def new_writer(request: Request, *, reply_id: str, created: int) -> Writer:
    """For one stream. Units: `created` in seconds since the epoch."""
    return Writer(request, reply_id=reply_id, created=created)


class _OpenChoice:
    """One choice of a stream, as far as what was told of it decides how the rest is told.

    Entries of lists have an `index`, by which clients put the pieces together.
    """

    def __init__(self, forms: CallForms) -> None:
        self._forms = forms
        self._is_first = True
        self._block = 0  # the thought that is being told
        self._is_thinking = False
        self._annotations = 0
        self._has_refused = False
        self._inputs: dict[int, list[str]] = {}  # arguments of custom tools, which are free text only when they are whole

    def content(self, delta: Delta) -> dict[str, Any]:
        """The member `delta` of the chunk."""
        content: dict[str, Any] = {"role": "assistant", "content": ""} if self._is_first else {}
        self._is_first = False
        if delta.reasoning or delta.signature is not None:
            content |= self._thoughts(delta)
        if delta.text:
            content["content"] = delta.text
            self._end_thought()
        if delta.refusal:
            content["refusal"] = delta.refusal
            self._has_refused = True
        if delta.citations:
            content |= self._cited(delta.citations)
        calls = [piece for call in delta.tool_calls if (piece := self._piece(call)) is not None]
        if delta.finish is not None:
            calls += [{"index": index, "custom": {"input": custom_input("".join(said))}} for index, said in self._inputs.items()]
            self._inputs.clear()
        if calls:
            self._end_thought()
            content |= {"function_call": calls[0]["function"]} if self._forms.is_legacy else {"tool_calls": calls}
        return content

    def reason(self, finish: Finish) -> str:
        """The member `finish_reason`."""
        return _reason(finish, self._forms, is_worded=self._has_refused)

    def _thoughts(self, delta: Delta) -> dict[str, Any]:
        told: dict[str, Any] = {"reasoning_content": delta.reasoning} if delta.reasoning else {}
        thinking = Thinking(text=delta.reasoning, signature=delta.signature, is_redacted=delta.is_redacted)
        if delta.is_redacted:
            self._end_thought()
        told["thinking_blocks"] = [{"index": self._block, **block_of(thinking)}]
        self._is_thinking = True
        if delta.signature is not None:
            self._end_thought()
        return told

    def _end_thought(self) -> None:
        if self._is_thinking:
            self._block += 1
            self._is_thinking = False

    def _cited(self, citations: tuple[Citation, ...]) -> dict[str, Any]:
        told = [{"index": self._annotations + place, **each} for place, each in enumerate(annotations_of(citations))]
        self._annotations += len(told)
        return {"annotations": told} if told else {}

    def _piece(self, call: ToolCallDelta) -> dict[str, Any] | None:
        if self._forms.is_legacy:
            return {"function": _function(call.name, call.arguments)} if call.index == 0 else None
        if call.index in self._inputs:
            self._inputs[call.index].append(call.arguments)
            return None
        piece: dict[str, Any] = {"index": call.index}
        if call.name is not None and call.name in self._forms.custom:
            self._inputs[call.index] = [call.arguments]
            piece |= {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": ""}}
            return piece | call_fields(call.signature)
        if call.id is not None:
            piece |= {"id": call.id, "type": "function"}
        return {**piece, "function": _function(call.name, call.arguments), **call_fields(call.signature)}


def _choice(choice: Choice, index: int, forms: CallForms) -> dict[str, Any]:
    text = "".join([part.text for part in choice.parts if isinstance(part, Text)])
    refusal = "".join([part.text for part in choice.parts if isinstance(part, Refusal)])
    if choice.finish == "refusal" and not refusal:
        text, refusal = "", text
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": refusal or None}
    if annotations := annotations_of([cited for part in choice.parts if isinstance(part, Text) for cited in part.citations]):
        message["annotations"] = annotations
    message |= message_fields([part for part in choice.parts if isinstance(part, Thinking)])
    if calls := [part for part in choice.parts if isinstance(part, ToolCall)]:
        message |= _calls(calls, forms)
    finish = None if choice.finish is None else _reason(choice.finish, forms, is_worded=bool(refusal))
    return {"index": index, "message": message, "logprobs": logprobs_of(choice.logprobs), "finish_reason": finish}


def _reason(finish: Finish, forms: CallForms, *, is_worded: bool) -> str:
    """`is_worded`: a refusal was told in the member for it."""
    if finish == "refusal" and not is_worded:
        return "content_filter"
    return "function_call" if forms.is_legacy and finish == "tool_calls" else REASONS[finish]


def _calls(calls: list[ToolCall], forms: CallForms) -> dict[str, Any]:
    if forms.is_legacy:
        return {"function_call": _function(calls[0].name, calls[0].arguments)}
    return {"tool_calls": [_call(call, forms) for call in calls]}


def _call(call: ToolCall, forms: CallForms) -> dict[str, Any]:
    if call.name in forms.custom:
        custom = {"name": call.name, "input": custom_input(call.arguments)}
        return {"id": call.id, "type": "custom", "custom": custom} | call_fields(call.signature)
    function = _function(call.name, call.arguments)
    return {"id": call.id, "type": "function", "function": function} | call_fields(call.signature)


def _function(name: str | None, arguments: str) -> dict[str, Any]:
    return {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
