"""What an upstream of the Responses API answers: a whole response to an Answer, and the pieces that its streams share with it.

Tolerant of items and members that we do not know, strict about what makes an answer: an error inside a 200 is an error, and a
response that is not finished is none.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from taskfit import errors
from taskfit.values.answer import Answer, Choice, Finish, TokenLogprob
from taskfit.values.conversation import Part, Refusal, Text, Thinking, ToolCall
from taskfit.wire import foreign
from taskfit.wire.openai_responses.parts import read_annotation
from taskfit.wire.openai_responses.requests import DIALECT
from taskfit.wire.openai_responses.tools import custom_arguments
from taskfit.wire.openai_responses.usage import read_usage
from taskfit.wire.signatures import unseal_or_none

FAULTS: dict[str, type[errors.UpstreamError]] = {
    "bio_policy": errors.ContentRefused,
    "content_filter": errors.ContentRefused,
    "content_policy_violation": errors.ContentRefused,
    "context_length_exceeded": errors.ContextExceeded,
    "image_content_policy_violation": errors.ContentRefused,
    "insufficient_quota": errors.RateLimited,
    "invalid_api_key": errors.UpstreamUnauthorized,
    "invalid_prompt": errors.ContentRefused,
    "invalid_request_error": errors.UpstreamRefused,
    "misalignment_policy_violation": errors.ContentRefused,
    "model_not_found": errors.UpstreamModelMissing,
    "rate_limit_error": errors.RateLimited,
    "rate_limit_exceeded": errors.RateLimited,
    "server_is_overloaded": errors.UpstreamOverloaded,
    "service_unavailable_error": errors.UpstreamOverloaded,
    "slow_down": errors.UpstreamOverloaded,
}
"""What an error inside a 200 means, by its code or type; any other is a failure of the upstream."""

_INCOMPLETE: Mapping[str, Finish] = {"max_output_tokens": "length", "content_filter": "content_filter"}


class _Error(msgspec.Struct):
    code: Any = None
    type: Any = None
    message: Any = None


class Response(msgspec.Struct):
    """The object `response`, as far as it is read."""

    id: str | None = None
    model: str | None = None
    status: str | None = None
    service_tier: str | None = None
    output: Raw = foreign.NULL
    usage: Raw = foreign.NULL
    error: Raw = foreign.NULL
    incomplete_details: Raw = foreign.NULL


class _Reason(msgspec.Struct):
    reason: str | None = None


class _Kind(msgspec.Struct):
    type: str = ""


class _Words(msgspec.Struct):
    type: str = ""
    text: str | None = None
    refusal: str | None = None
    annotations: list[Raw] | None = None
    logprobs: Raw = foreign.NULL


class _Message(msgspec.Struct):
    content: list[_Words] | None = None


class _Thought(msgspec.Struct):
    id: str | None = None
    summary: list[_Words] | None = None
    content: list[_Words] | None = None
    encrypted_content: str | None = None


class _Call(msgspec.Struct):
    call_id: str | None = None
    id: str | None = None
    name: str | None = None
    arguments: str | None = None
    input: str | None = None


class _Top(msgspec.Struct):
    token: str
    logprob: float


class _Logprob(msgspec.Struct):
    token: str
    logprob: float
    top_logprobs: list[_Top] | None = None


_response = msgspec.json.Decoder(Response)
_error = msgspec.json.Decoder(_Error)
_reason = msgspec.json.Decoder(_Reason | None)
_items = msgspec.json.Decoder(list[Raw] | None)
_kind = msgspec.json.Decoder(_Kind)
_message = msgspec.json.Decoder(_Message)
_thought = msgspec.json.Decoder(_Thought)
_call = msgspec.json.Decoder(_Call)
_logprobs = msgspec.json.Decoder(list[_Logprob] | None)


def read_answer(body: bytes) -> Answer:
    """One whole response. Errors: InvalidAnswer; the UpstreamError that an error inside a success stands for."""
    response, body = foreign.read_sound(body, _response)
    _check(response)
    if foreign.is_null(response.output):
        raise errors.InvalidAnswer("the answer is no response: it has no output")
    items = read_items(response.output)
    parts = [part for item in items for part in read_item(item)]
    logprobs = [each for item in items for each in _item_logprobs(item)]
    choice = Choice(parts=tuple(parts), finish=finish_of(response, parts), logprobs=tuple(logprobs) or None)
    return Answer(
        dialect=DIALECT,
        data=body,
        response_id=response.id,
        model=response.model,
        choices=(choice,),
        usage=read_usage(response.usage),
        service_tier=response.service_tier,
    )


def read_response(raw: Raw) -> Response:
    """The object `response`. Errors: InvalidAnswer; the error that it says it failed with."""
    response = foreign.read_json(raw, _response)
    _check(response)
    return response


def _check(response: Response) -> None:
    if not foreign.is_null(response.error):
        raise fault_in(response.error)
    if response.status == "failed":
        raise errors.UpstreamFailure("the response failed without saying why")
    if response.status == "cancelled":
        raise errors.CutAnswer("the response was cancelled")


def fault_in(raw: Raw) -> errors.UpstreamError:
    """The error that an error object means: by its code where that is known, else by its type."""
    fault = foreign.read_or_none(raw, _error) or _Error()
    word = fault.code if isinstance(fault.code, str) and (fault.code in FAULTS or not fault.type) else fault.type
    return foreign.fault_of(Raw(msgspec.json.encode({"type": word, "message": fault.message})), FAULTS)


def finish_of(response: Response, parts: Sequence[Part]) -> Finish | None:
    """Why the model stopped. Errors: InvalidAnswer for a response that still goes on."""
    match response.status:
        case "completed":
            if any(isinstance(part, ToolCall) for part in parts):
                return "tool_calls"
            return "refusal" if any(isinstance(part, Refusal) for part in parts) else "stop"
        case "incomplete":
            return incomplete_finish(response)
        case "queued" | "in_progress":
            raise errors.InvalidAnswer(f"the response is not finished, but {response.status}")
        case _:
            return None


def incomplete_finish(response: Response) -> Finish:
    """Why the model stopped before it was ready."""
    details = foreign.read_or_none(response.incomplete_details, _reason) or _Reason()
    return _INCOMPLETE.get(details.reason or "", "other")


def read_items(raw: Raw) -> list[Raw]:
    """The items of an output. Errors: InvalidAnswer."""
    return foreign.read_json(raw, _items) or []


def kind_of_item(item: Raw) -> str:
    """The type of an item. Errors: InvalidAnswer."""
    return foreign.read_json(item, _kind).type


def read_item(item: Raw) -> tuple[Part, ...]:
    """The parts of an item of the output; none for an item of a vendor's own tools. Errors: InvalidAnswer."""
    match kind_of_item(item):
        case "message":
            content = foreign.read_json(item, _message).content or ()
            return tuple([part for words in content if (part := _words(words)) is not None])
        case "reasoning":
            return _thinking(foreign.read_json(item, _thought))
        case "function_call" | "custom_tool_call" as kind:
            call = foreign.read_json(item, _call)
            arguments = custom_arguments(call.input or "") if kind == "custom_tool_call" else call.arguments or ""
            return (ToolCall(id=call.call_id or call.id or "", name=call.name or "", arguments=arguments),)
        case _:
            return ()


def read_logprobs(raw: Raw) -> tuple[TokenLogprob, ...]:
    """The probabilities of a text's tokens; none where they cannot be read."""
    found = foreign.read_or_none(raw, _logprobs) or ()
    return tuple(
        [
            TokenLogprob(
                token=each.token, logprob=each.logprob, top=tuple([(top.token, top.logprob) for top in each.top_logprobs or ()])
            )
            for each in found
        ]
    )


def _item_logprobs(item: Raw) -> tuple[TokenLogprob, ...]:
    if kind_of_item(item) != "message":
        return ()
    content = foreign.read_json(item, _message).content or ()
    return tuple([each for words in content for each in read_logprobs(words.logprobs)])


def _words(words: _Words) -> Text | Refusal | None:
    if words.type == "refusal":
        return Refusal(text=words.refusal or "")
    if words.text is None:
        return None
    citations = [found for raw in words.annotations or () if (found := read_annotation(raw)) is not None]
    return Text(text=words.text, citations=tuple(citations))


def _thinking(thought: _Thought) -> tuple[Part, ...]:
    text = "\n\n".join([words.text for words in thought.summary or thought.content or () if words.text])
    signature = unseal_or_none(thought.encrypted_content, DIALECT)
    if not text and signature is None:
        return ()
    return (Thinking(text=text, signature=signature, is_redacted=not text, id=thought.id),)
