"""What a client of the Responses API receives for a whole answer, and the objects that its streams share with it.

An answer that came in this dialect goes out as it came; one that came in another is written anew, with ids made from the reply's
own and with the settings of the request repeated, as the API does. Knows no framing.

Source: `response.py` and the types of its items in OpenAI's SDK 3.54.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Raw

from taskfit.errors import RequestError
from taskfit.values.answer import Answer, Finish, TokenLogprob
from taskfit.values.conversation import Part, Refusal, Signature, Text, Thinking, ToolCall
from taskfit.values.request import Dialect, Request
from taskfit.values.usage import Usage
from taskfit.wire.bodies import is_said
from taskfit.wire.openai_responses.conversations import CALL_MARK
from taskfit.wire.openai_responses.parts import annotation_of
from taskfit.wire.openai_responses.requests import DIALECT, previous_id
from taskfit.wire.openai_responses.straight import with_previous
from taskfit.wire.openai_responses.tools import ClientName, ToolNames, custom_input, tool_names
from taskfit.wire.openai_responses.usage import write_usage
from taskfit.wire.signatures import seal, seal_or_name

REFUSED = "The model refused to answer."
"""Stands in the place of a refusal that a model of another API did not word."""

_ECHOED: Mapping[str, bytes] = {
    "background": b"false", "instructions": b"null", "max_output_tokens": b"null", "max_tool_calls": b"null", "metadata": b"{}",
    "parallel_tool_calls": b"true", "previous_response_id": b"null", "prompt_cache_key": b"null",
    "reasoning": b'{"effort":null,"summary":null}', "safety_identifier": b"null", "service_tier": b'"default"', "store": b"true",
    "temperature": b"null", "text": b'{"format":{"type":"text"}}', "tool_choice": b'"auto"', "tools": b"[]",
    "top_logprobs": b"0", "top_p": b"null", "truncation": b'"disabled"', "user": b"null",
}  # fmt: skip
"""What a response repeats of its request, and what it says where the request said nothing."""

_REASONS: Mapping[Finish, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}
_encode = msgspec.json.Encoder().encode


class Replying:
    """What is the same in everything that is said about one response."""

    def __init__(self, request: Request, *, reply_id: str, created: int) -> None:
        self.reply_id = reply_id
        self.response_id = f"resp_{reply_id}"
        self._request = request
        self._created = created
        self._echo = {name: _said(request, name) or Raw(silence) for name, silence in _ECHOED.items()}

    @cached_property
    def names(self) -> ToolNames:
        """What the client calls its tools; those of a request that never crossed, and so was never read, keep their names."""
        try:
            return tool_names(self._request)
        except RequestError:
            return ToolNames(())

    def response(self, status: str, output: Sequence[Mapping[str, Any]] = (), *, model: str, **more: Any) -> dict[str, Any]:
        """The object `response`; `more` are members that it has in this state only, before all others."""
        return {
            "id": self.response_id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": model,
            "output": output,
            "usage": None,
            **self._echo,
            **more,
        }

    def ended(
        self,
        output: Sequence[Mapping[str, Any]],
        *,
        model: str,
        finish: Finish | None,
        usage: Usage | None,
        service_tier: str | None,
    ) -> dict[str, Any]:
        """The response when the model has stopped."""
        more: dict[str, Any] = {"usage": write_usage(usage) if usage is not None else None}
        if service_tier is not None:
            more["service_tier"] = service_tier
        if finish is not None and finish in _REASONS:
            more["incomplete_details"] = {"reason": _REASONS[finish]}
        return self.response(status_of(finish), output, model=model, **more)

    def item_id(self, prefix: str, index: int) -> str:
        """The id of an item; its beginning says what it is, which OpenAI checks when it is sent back."""
        return f"{prefix}_{self.reply_id}_{index}"


def write_answer(answer: Answer, request: Request, *, reply_id: str, model: str, created: int) -> bytes:
    """The body of a whole answer. Units: `created` in seconds since the epoch."""
    if answer.dialect == DIALECT and answer.data is not None:
        previous = previous_id(request)
        return answer.data if previous is None else with_previous(answer.data, previous)
    replying = Replying(request, reply_id=reply_id, created=created)
    choice = answer.choices[0]
    output = _output(answer, replying)
    if output and status_of(choice.finish) == "incomplete" and "status" in output[-1]:
        output[-1]["status"] = "incomplete"
    ended = replying.ended(
        output,
        model=answer.model or model,
        finish=choice.finish,
        usage=answer.usage,
        service_tier=answer.service_tier,
    )
    return _encode(ended)


def status_of(finish: Finish | None) -> str:
    """The status of a response that has ended, and of the item in which it did."""
    return "incomplete" if finish in _REASONS else "completed"


def message_item(item_id: str, content: Sequence[Mapping[str, Any]], *, status: str = "completed") -> dict[str, Any]:
    """What the model says."""
    return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content}


def output_text(
    text: str, annotations: Sequence[Mapping[str, Any]] = (), logprobs: Sequence[TokenLogprob] = ()
) -> dict[str, Any]:
    """A part of a message."""
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": [logprob(each) for each in logprobs]}


def refusal(text: str) -> dict[str, Any]:
    """A part of a message."""
    return {"type": "refusal", "refusal": text}


def thought_item(item_id: str, text: str, sealed: str = "") -> dict[str, Any]:
    """What the model thought; what proves it, or names its vendor, is `sealed`, so that it comes back as it went."""
    item: dict[str, Any] = {"id": item_id, "type": "reasoning", "summary": [summary(text)] if text else []}
    return {**item, "encrypted_content": sealed} if sealed else item


def sealed_thought(signature: Signature | None, origin: Dialect) -> str:
    """The seal of a thought. Without one the API takes an item for the name of something that it keeps itself."""
    return seal_or_name(signature, origin=origin, own=DIALECT)


def call_signature(signature: Signature, call_id: str) -> Signature:
    """The signature of a call, marked for an item before the call: the API has no place for it beside the call."""
    return Signature(origin=signature.origin, value=f"{CALL_MARK}{quote(call_id, safe='')}:{signature.value}")


def summary(text: str) -> dict[str, Any]:
    """A part of a reasoning item."""
    return {"type": "summary_text", "text": text}


def call_item(item_id: str, call_id: str, client: ClientName, arguments: str, *, status: str) -> dict[str, Any]:
    """A call, of the kind and under the name that the client knows; `arguments` as they shall stand there."""
    item: dict[str, Any] = {"id": item_id, "type": "function_call", "status": status, "call_id": call_id, "name": client.name}
    item |= {"type": "custom_tool_call", "input": arguments} if client.is_custom else {"arguments": arguments}
    if client.namespace is not None:
        item["namespace"] = client.namespace
    return item


def prefix_of(client: ClientName) -> str:
    """The beginning of the id of a call's item."""
    return "ctc" if client.is_custom else "fc"


def logprob(token: TokenLogprob) -> dict[str, Any]:
    """The probability of one token of a text."""
    top = [{"token": text, "logprob": value, "bytes": _bytes(text)} for text, value in token.top]
    return {"token": token.token, "logprob": token.logprob, "bytes": _bytes(token.token), "top_logprobs": top}


def _bytes(token: str) -> list[int]:
    return list(token.encode(errors="replace"))


def _said(request: Request, name: str) -> Raw | None:
    raw = request.fields.get(name)
    return raw if is_said(raw) else None


def _worded(parts: Sequence[Part], finish: Finish | None) -> Sequence[Part]:
    if finish != "refusal" or any(isinstance(part, Refusal) for part in parts):
        return parts
    return (*parts, Refusal(text=REFUSED))


def _output(answer: Answer, replying: Replying) -> list[dict[str, Any]]:
    choice = answer.choices[0]
    logprobs = choice.logprobs or ()
    items: list[dict[str, Any]] = []
    content: list[dict[str, Any]] | None = None
    for part in _worded(choice.parts, choice.finish):
        if isinstance(part, (Text, Refusal)):
            if content is None:
                content = []
                items.append(message_item(replying.item_id("msg", len(items)), content))
            content.append(_content(part, logprobs))
            logprobs = () if isinstance(part, Text) else logprobs
            continue
        content = None
        if isinstance(part, Thinking):
            item_id = part.id or replying.item_id("rs", len(items))
            items.append(thought_item(item_id, part.text, sealed_thought(part.signature, answer.dialect)))
        elif isinstance(part, ToolCall):
            items += _call_items(part, replying, len(items))
    return items


def _content(part: Text | Refusal, logprobs: Sequence[TokenLogprob]) -> dict[str, Any]:
    if isinstance(part, Refusal):
        return refusal(part.text)
    return output_text(part.text, [annotation_of(citation, len(part.text)) for citation in part.citations], logprobs)


def _call_items(call: ToolCall, replying: Replying, index: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    call_id = call.id or replying.item_id("call", index)
    if call.signature is not None:
        sealed = seal(call_signature(call.signature, call_id), DIALECT)
        items.append(thought_item(replying.item_id("rs", index), "", sealed))
    client = replying.names.client_name(call.name)
    arguments = custom_input(call.arguments) if client.is_custom else call.arguments
    index += len(items)
    item = call_item(replying.item_id(prefix_of(client), index), call_id, client, arguments, status="completed")
    return [*items, item]
