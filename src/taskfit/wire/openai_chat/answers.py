"""What an upstream of this dialect answers: bytes to an Answer, or the payloads of its stream to Deltas.

Tolerant of what servers add and strict about what makes an answer: an error inside a 200 is an error, a body without choices is
no answer, and a usage that cannot be true is no usage.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from taskfit.errors import InvalidAnswer, RateLimited, UpstreamError, UpstreamFailure, UpstreamOverloaded
from taskfit.values.answer import Answer, Choice, Delta, Finish, ToolCallDelta
from taskfit.values.conversation import Part, Refusal, Signature, Text, ToolCall
from taskfit.wire import sse
from taskfit.wire.foreign import UNREADABLE, fault_of, is_null, mended, read_sound
from taskfit.wire.openai_chat.citations import read_citations
from taskfit.wire.openai_chat.logprobs import read_logprobs
from taskfit.wire.openai_chat.pieces import CallPieces, Function, WireCall, arguments_of, made_up_id
from taskfit.wire.openai_chat.requests import DIALECT
from taskfit.wire.openai_chat.thoughts import read_blocks, read_call_signature, read_thoughts, signature_of
from taskfit.wire.openai_chat.usage import read_usage

_FINISHES: Mapping[str, Finish] = {
    "stop": "stop", "length": "length", "model_length": "length", "tool_calls": "tool_calls", "function_call": "tool_calls",
    "content_filter": "content_filter",
}  # fmt: skip
_BREAKS: Mapping[str, type[UpstreamError]] = {
    "abort": UpstreamFailure, "error": UpstreamFailure, "insufficient_system_resource": UpstreamOverloaded,
}  # fmt: skip
"""Reasons that say that the answer is not whole."""


class _Chunk(msgspec.Struct):
    text: str | None = None


class _ContentPart(msgspec.Struct):
    text: str | None = None
    thinking: str | list[_Chunk] | None = None


class _Message(msgspec.Struct, gc=False):
    content: str | list[_ContentPart] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    tool_calls: list[WireCall] | None = None
    function_call: Function | None = None
    annotations: Any = None
    thinking_blocks: Any = None
    reasoning_details: Any = None


class _Choice(msgspec.Struct, gc=False):
    index: int = 0
    message: _Message | None = None
    delta: _Message | None = None
    finish_reason: str | None = None
    logprobs: Any = None
    error: Raw | UnsetType = UNSET


class _Completion(msgspec.Struct, gc=False):
    """A whole answer, or one event of a stream."""

    choices: list[_Choice] | None = None
    id: str | None = None
    model: str | None = None
    service_tier: Any = None
    usage: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET


_FAULTS: dict[str, type[UpstreamError]] = {
    "insufficient_quota": RateLimited, "rate_limit_error": RateLimited, "requests": RateLimited, "tokens": RateLimited,
    "service_unavailable_error": UpstreamOverloaded,
}  # fmt: skip
"""What an error inside a 200 means, by its type; any other is a failure of the upstream."""

_completion = msgspec.json.Decoder(_Completion)
_members = msgspec.json.Decoder(dict[str, Raw])
_NO_USAGE = b',"usage":null}'
_EMPTY = _Message()


def read_answer(body: bytes) -> Answer:
    """One whole answer. Errors: InvalidAnswer; UpstreamError for an error inside a success."""
    completion, body = read_sound(body, _completion)
    _raise_inner(completion.error)
    if not completion.choices:
        raise InvalidAnswer("the answer has no choices")
    choices = completion.choices
    if len(choices) > 1:
        choices = sorted(choices, key=lambda choice: choice.index)
    return Answer(
        dialect=DIALECT,
        data=body,
        response_id=completion.id,
        model=completion.model,
        choices=tuple([_whole(choice, completion.id) for choice in choices]),
        usage=read_usage(completion.usage),
        service_tier=_tier(completion.service_tier),
    )


class StreamReader:
    """Reads the payloads of one stream.

    With `hides_usage` the usage that we asked for on our own is taken out of what the client will see: the member `usage` of
    each chunk, and the chunk that has nothing else. Chunks that come before the model has said anything are held and go out in
    front of its first words, so that an error in their place is one of an answer that has not begun.
    """

    def __init__(self, *, hides_usage: bool = False) -> None:
        self._hides_usage = hides_usage
        self._opening: bytes | None = b""
        self._refusing: set[int] = set()
        self._calls: dict[int, CallPieces] = {}

    def read(self, payload: bytes, frame: bytes) -> Sequence[Delta]:
        """One Delta for each choice of the chunk. Errors: InvalidAnswer; UpstreamError for an error event."""
        try:
            event = _completion.decode(payload)
        except UNREADABLE as error:
            event, payload = mended(payload, _completion, error)
            frame = sse.with_payload(frame, payload)
        if event.error is not UNSET:
            _raise_inner(event.error)
        if self._hides_usage and event.usage is not UNSET:
            frame = sse.event(_without_usage(payload))
        choices = event.choices
        if not choices:
            return self._without_choices(event, frame)
        if self._opening is None and len(choices) == 1:
            return (self._delta(event, choices[0], frame),)
        deltas = [self._delta(event, choice, None if number else frame) for number, choice in enumerate(choices)]
        return deltas if self._opening is None else self._open(deltas, frame)

    def _delta(self, event: _Completion, choice: _Choice, frame: bytes | None) -> Delta:
        message = choice.delta
        if message is None:
            message = _EMPTY
        text = message.content
        if isinstance(text, str) and choice.finish_reason is None and not _has_more(message, choice):
            usage = None if event.usage is UNSET else read_usage(event.usage)
            return Delta(
                dialect=DIALECT, data=frame, response_id=event.id, model=event.model, choice=choice.index, text=text, usage=usage
            )
        return self._rich_delta(event, choice, message, frame)

    def _rich_delta(self, event: _Completion, choice: _Choice, message: _Message, frame: bytes | None) -> Delta:
        text, reasoning = _spoken(message)
        if message.refusal:
            self._refusing.add(choice.index)
        calls = self._call_deltas(event, choice.index, message)
        signature, is_redacted = _closing(message)
        return Delta(
            dialect=DIALECT,
            data=frame,
            response_id=event.id,
            model=event.model,
            choice=choice.index,
            text=text,
            refusal=message.refusal or "",
            reasoning=reasoning,
            signature=signature,
            is_redacted=is_redacted,
            tool_calls=calls,
            citations=read_citations(message.annotations),
            logprobs=read_logprobs(choice.logprobs),
            finish=_finish(choice, is_refusal=choice.index in self._refusing, has_calls=choice.index in self._calls),
            usage=read_usage(event.usage),
            service_tier=_tier(event.service_tier),
        )

    def _call_deltas(self, event: _Completion, choice: int, message: _Message) -> tuple[ToolCallDelta, ...]:
        calls = message.tool_calls
        if message.function_call is not None:
            calls = [WireCall(index=0, function=message.function_call)]
        if not calls:
            return ()
        pieces = self._calls.get(choice)
        if pieces is None:
            pieces = self._calls[choice] = CallPieces(f"{event.id or ''}_{choice}")
        return tuple([pieces.read(call) for call in calls])

    def _without_choices(self, event: _Completion, frame: bytes) -> Sequence[Delta]:
        has_usage = event.usage is not UNSET and not is_null(event.usage)
        delta = Delta(
            dialect=DIALECT, data=frame, response_id=event.id, model=event.model, usage=read_usage(event.usage),
            is_usage_only=has_usage,
        )  # fmt: skip
        if self._opening is None:
            return (delta,)
        if not has_usage:
            return self._open([delta], frame)
        opening, self._opening = self._opening, None
        return (msgspec.structs.replace(delta, data=opening, usage=None, is_usage_only=False), delta) if opening else (delta,)

    def _open(self, deltas: list[Delta], frame: bytes) -> Sequence[Delta]:
        """Nothing while the model has said nothing; then what was held, in front of its first words."""
        held = self._opening or b""
        if not any(_says_something(delta) for delta in deltas) and len(held) < sse.MAX_OPENING_BYTES:
            self._opening = held + frame
            return ()
        self._opening = None
        return [msgspec.structs.replace(deltas[0], data=held + frame), *deltas[1:]] if held else deltas


def new_reader(*, hides_usage: bool = False) -> StreamReader:
    """For one stream; for `hides_usage` see StreamReader."""
    return StreamReader(hides_usage=hides_usage)


def _has_more(message: _Message, choice: _Choice) -> bool:
    """Whether a message, or a piece of one, holds anything beside its text. OpenAI tells the annotations of every answer, and
    mostly there are none."""
    return bool(
        message.tool_calls
        or message.reasoning_content
        or message.reasoning
        or message.refusal
        or message.annotations
        or message.thinking_blocks
        or message.function_call
        or choice.logprobs
        or choice.error is not UNSET
    )


def _says_something(delta: Delta) -> bool:
    return bool(
        delta.text or delta.reasoning or delta.refusal or delta.tool_calls or delta.finish or delta.signature
        or delta.citations or delta.logprobs
    )  # fmt: skip


def _without_usage(payload: bytes) -> bytes:
    if payload.endswith(_NO_USAGE):
        return payload[: -len(_NO_USAGE)] + b"}"  # as OpenAI spells every chunk but the last
    members = _members.decode(payload)
    del members["usage"]
    return msgspec.json.encode(members)


def _raise_inner(error: Raw | UnsetType) -> None:
    if error is not UNSET and not is_null(error):
        raise fault_of(error, _FAULTS)


def _whole(choice: _Choice, response_id: str | None) -> Choice:
    message = choice.message or _EMPTY
    if message.content and type(message.content) is str and message.reasoning_details is None and not _has_more(message, choice):
        return Choice(parts=(Text(text=message.content),), finish=_finish(choice, is_refusal=False, has_calls=False))
    prefix = f"{response_id or ''}_{choice.index}"
    text, reasoning = _spoken(message)
    calls = [_tool_call(call, place, prefix) for place, call in enumerate(message.tool_calls or ())]
    if message.function_call is not None:
        calls.append(_tool_call(WireCall(function=message.function_call), 0, prefix))
    parts: list[Part] = [*read_thoughts(message.thinking_blocks, message.reasoning_details, reasoning)]
    citations = read_citations(message.annotations)
    if text or citations:
        parts.append(Text(text=text, citations=citations))
    if message.refusal:
        parts.append(Refusal(text=message.refusal))
    return Choice(
        parts=(*parts, *calls),
        finish=_finish(choice, is_refusal=bool(message.refusal), has_calls=bool(calls)),
        logprobs=read_logprobs(choice.logprobs),
    )


def _spoken(message: _Message) -> tuple[str, str]:
    """The text of a message or of a piece of it, and the thoughts. Servers tell thoughts in a member of either name, in parts
    of the content, or in blocks with signatures."""
    content, thought = message.content, message.reasoning_content
    if thought is None and isinstance(message.reasoning, str):
        thought = message.reasoning
    if isinstance(content, list):
        text = "".join([part.text for part in content if part.text])
        if thought is None:
            thought = "".join([_thought(part) for part in content if part.thinking is not None])
    else:
        text = content or ""
    if not thought and message.thinking_blocks is not None:
        thought = "".join([block.thinking or "" for block in read_blocks(message.thinking_blocks)])
    return text, thought or ""


def _thought(part: _ContentPart) -> str:
    said = part.thinking
    return said if isinstance(said, str) else "".join([chunk.text or "" for chunk in said or ()])


def _closing(message: _Message) -> tuple[Signature | None, bool]:
    """The signature that a piece brings, and whether it is all there is of the thoughts."""
    for block in read_blocks(message.thinking_blocks) if message.thinking_blocks is not None else ():
        signature = signature_of(block)
        if signature is not None:
            return signature, block.type == "redacted_thinking"
    return None, False


def _finish(choice: _Choice, *, is_refusal: bool, has_calls: bool) -> Finish | None:
    """Why it stopped. A server that was told which tool to call says "stop" all the same.

    Errors: the UpstreamError for a reason which says that it broke off.
    """
    _raise_inner(choice.error)
    reason = choice.finish_reason
    if not reason:
        return None
    if reason in _BREAKS:
        raise _BREAKS[reason](f"the upstream ended its answer with the reason {reason}")
    if reason == "stop" and (is_refusal or has_calls):
        return "refusal" if is_refusal else "tool_calls"
    return _FINISHES.get(reason, "other")


def _tool_call(call: WireCall, place: int, prefix: str) -> ToolCall:
    name, arguments = arguments_of(call)
    signature = None if call.extra_content is None else read_call_signature(call.extra_content)
    return ToolCall(id=call.id or made_up_id(prefix, place), name=name, arguments=arguments, signature=signature)


def _tier(value: Any) -> str | None:
    return value if isinstance(value, str) else None
