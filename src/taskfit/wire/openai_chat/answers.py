"""What an upstream of this dialect answers: bytes to an Answer, or the payloads of its stream to Deltas.

Tolerant of what servers add and strict about what makes an answer: an error inside a 200 is an error, a body without choices is
no answer, and a usage that cannot be true is no usage.
"""

import json
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from taskfit.errors import InvalidAnswer, RateLimited, UpstreamError, UpstreamOverloaded
from taskfit.values.answer import Answer, Delta, Finish, ToolCallDelta
from taskfit.values.conversation import ToolCall
from taskfit.values.usage import Usage
from taskfit.wire.foreign import fault_of, is_null

_Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
_FINISHES: dict[str, Finish] = {
    "stop": "stop", "length": "length", "tool_calls": "tool_calls", "function_call": "tool_calls",
    "content_filter": "content_filter",
}  # fmt: skip


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _TextPart(msgspec.Struct):
    text: str | None = None


class _Message(msgspec.Struct):
    content: str | list[_TextPart] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    message: _Message | None = None
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] | None = None
    id: str | None = None
    model: str | None = None
    usage: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET


class _ChunkChoice(msgspec.Struct):
    index: int = 0
    delta: _Message | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_ChunkChoice] | None = None
    id: str | None = None
    model: str | None = None
    usage: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET


class _InputDetails(msgspec.Struct):
    cached_tokens: _Count | None = None
    cache_write_tokens: _Count | None = None
    audio_tokens: _Count | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: _Count | None = None
    audio_tokens: _Count | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


T = TypeVar("T")

_UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)
_FAULTS: dict[str, type[UpstreamError]] = {
    "insufficient_quota": RateLimited, "rate_limit_error": RateLimited, "requests": RateLimited, "tokens": RateLimited,
    "service_unavailable_error": UpstreamOverloaded,
}  # fmt: skip
"""What an error inside a 200 means, by its type; any other is a failure of the upstream."""

_completion = msgspec.json.Decoder(_Completion)
_chunk = msgspec.json.Decoder(_Chunk)
_usage = msgspec.json.Decoder(_Usage | None, strict=False)
_members = msgspec.json.Decoder(dict[str, Raw])


def read_answer(body: bytes) -> Answer:
    """One whole answer. Errors: InvalidAnswer; UpstreamFailure for an error inside a success."""
    completion, body = _decode(body, _completion)
    _raise_inner(completion.error)
    if not completion.choices:
        raise InvalidAnswer("the answer has no choices")
    choice = completion.choices[0]
    message = choice.message or _Message()
    return Answer(
        dialect="openai-chat",
        data=body,
        response_id=completion.id,
        model=completion.model,
        text=_text(message),
        reasoning=message.reasoning_content or "",
        tool_calls=tuple(_tool_call(call) for call in message.tool_calls) if message.tool_calls else (),
        finish=_finish(choice.finish_reason, message),
        usage=_read_usage(completion.usage),
    )


class StreamReader:
    """Reads the payloads of one stream. With `hides_usage` the usage that we asked for on our own is taken out of what the
    client will see: the member `usage` of each chunk, and the chunk that has nothing else."""

    def __init__(self, *, hides_usage: bool = False) -> None:
        self._hides_usage = hides_usage

    def read(self, payload: bytes) -> Delta:
        """One Delta. Errors: InvalidAnswer; UpstreamFailure for an error event."""
        chunk, payload = _decode(payload, _chunk)
        if chunk.error is not UNSET:
            _raise_inner(chunk.error)
        usage = chunk.usage
        if self._hides_usage and usage is not UNSET:
            payload = _without_usage(payload)
        if not chunk.choices:
            return Delta(
                dialect="openai-chat", data=payload, response_id=chunk.id, model=chunk.model, usage=_read_usage(usage),
                is_usage_only=usage is not UNSET and not is_null(usage),
            )  # fmt: skip
        choice = chunk.choices[0]
        message = choice.delta
        if message is None:
            message = _Message()
        return Delta(
            dialect="openai-chat",
            data=payload,
            response_id=chunk.id,
            model=chunk.model,
            choice=choice.index,
            text=_text(message),
            reasoning=message.reasoning_content or "",
            tool_calls=tuple(_call_delta(call) for call in message.tool_calls) if message.tool_calls else (),
            finish=_finish(choice.finish_reason, message) if choice.finish_reason else None,
            usage=_read_usage(usage) if usage is not UNSET else None,
        )


def _without_usage(payload: bytes) -> bytes:
    members = _members.decode(payload)
    del members["usage"]
    return msgspec.json.encode(members)


def _decode(payload: bytes, decoder: msgspec.json.Decoder[T]) -> tuple[T, bytes]:
    """The payload as a value, and as the bytes to pass on: with null for the NaN and Infinity that Python servers write.

    Errors: InvalidAnswer.
    """
    try:
        return decoder.decode(payload), payload
    except _UNREADABLE as error:
        if b"NaN" not in payload and b"Infinity" not in payload:
            raise _unreadable(payload, error) from error
    try:
        payload = msgspec.json.encode(json.loads(payload))
        return decoder.decode(payload), payload
    except _UNREADABLE as error:
        raise _unreadable(payload, error) from error


def _unreadable(payload: bytes, error: Exception) -> InvalidAnswer:
    """JSON is not quoted: it may hold the model's words, which no log may have."""
    is_page = payload.lstrip()[:1] == b"<"
    return InvalidAnswer(f"the answer is {'a page of HTML' if is_page else f'{len(payload)} bytes that cannot be read'}: {error}")


def _raise_inner(error: Raw | UnsetType) -> None:
    if error is not UNSET and not is_null(error):
        raise fault_of(error, _FAULTS)


def _text(message: _Message) -> str:
    content = message.content
    if isinstance(content, str):
        return content
    if content:
        return "".join([part.text for part in content if part.text])
    return message.refusal or ""


def _finish(reason: str | None, message: _Message) -> Finish | None:
    if reason is None:
        return None
    if reason == "stop" and message.refusal:
        return "refusal"
    return _FINISHES.get(reason, "other")


def _tool_call(call: _Call) -> ToolCall:
    function = call.function or _Function()
    return ToolCall(id=call.id or "", name=function.name or "", arguments=function.arguments or "")


def _call_delta(call: _Call) -> ToolCallDelta:
    function = call.function or _Function()
    return ToolCallDelta(index=call.index, id=call.id, name=function.name, arguments=function.arguments or "")


def _read_usage(raw: Raw | UnsetType) -> Usage | None:
    if raw is UNSET:
        return None
    try:
        usage = _usage.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None  # negative, absurd or no numbers: usage is unknown, which the record says
    if usage is None or usage.prompt_tokens is None:
        return None
    inputs = usage.prompt_tokens_details or _InputDetails()
    outputs = usage.completion_tokens_details or _OutputDetails()
    return Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens or 0,
        cached_tokens=inputs.cached_tokens or 0,
        cache_write_tokens=inputs.cache_write_tokens or 0,
        reasoning_tokens=outputs.reasoning_tokens or 0,
        input_audio_tokens=inputs.audio_tokens or 0,
        output_audio_tokens=outputs.audio_tokens or 0,
    )
