"""A whole answer of an upstream that speaks this dialect: bytes to an Answer.

Knows no HTTP. What the hub has no word for (the vendor's own tools and their results) is not told; it stays in the bytes.
"""

from collections.abc import Mapping

import msgspec

from taskfit import errors
from taskfit.values.answer import Answer, Choice, Finish
from taskfit.values.conversation import Citation, Part, Signature, Text, Thinking, ToolCall
from taskfit.wire import foreign
from taskfit.wire.anthropic_messages.citations import CitationBlock, read_citation
from taskfit.wire.anthropic_messages.usages import COUNTS, read_tier, read_usage
from taskfit.wire.anthropic_messages.words import DIALECT, FINISHES, SERVED_TIERS

FAULTS: Mapping[str, type[errors.UpstreamError]] = {
    "invalid_request_error": errors.UpstreamRefused,
    "request_too_large": errors.UpstreamRefused,
    "authentication_error": errors.UpstreamUnauthorized,
    "permission_error": errors.UpstreamUnauthorized,
    "billing_error": errors.UpstreamUnauthorized,
    "not_found_error": errors.UpstreamModelMissing,
    "rate_limit_error": errors.RateLimited,
    "overloaded_error": errors.UpstreamOverloaded,
    "timeout_error": errors.UpstreamTimeout,
}


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, or the beginning of one in a stream."""

    type: str = ""
    id: str | None = None
    model: str | None = None
    content: tuple[msgspec.Raw, ...] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: msgspec.Raw = foreign.NULL
    error: msgspec.Raw = foreign.NULL


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""


class _TextBlock(msgspec.Struct, frozen=True, kw_only=True):
    text: str = ""
    citations: tuple[msgspec.Raw, ...] | None = None


class _ThinkingBlock(msgspec.Struct, frozen=True, kw_only=True):
    thinking: str = ""
    signature: str | None = None
    data: str = ""


class ToolUse(msgspec.Struct, frozen=True, kw_only=True):
    """The beginning of a call."""

    id: str
    name: str
    input: msgspec.Raw = foreign.NULL


MESSAGE = msgspec.json.Decoder(Message)
TOOL_USE = msgspec.json.Decoder(ToolUse)
_KIND = msgspec.json.Decoder(_Kind)
_TEXT = msgspec.json.Decoder(_TextBlock)
_THINKING = msgspec.json.Decoder(_ThinkingBlock)
_CITATION = msgspec.json.Decoder(CitationBlock)


def read_answer(body: bytes) -> Answer:
    """A whole answer.

    Errors: the UpstreamError that an error in the body stands for; InvalidAnswer for anything that is not a message.
    """
    message, body = foreign.read_sound(body, MESSAGE)
    if message.type == "error" or not foreign.is_null(message.error):
        raise foreign.fault_of(message.error, FAULTS)
    if message.type != "message" or message.content is None:
        raise errors.InvalidAnswer("the upstream's body is not a message with content")
    parts = [part for block in message.content if (part := read_part(block)) is not None]
    choice = Choice(parts=tuple(parts), finish=finish_of(message.stop_reason), stop_sequence=message.stop_sequence)
    return Answer(
        dialect=DIALECT, data=body, response_id=message.id, model=message.model, choices=(choice,),
        usage=read_usage(foreign.read_or_none(message.usage, COUNTS)), service_tier=tier_of(message.usage),
    )  # fmt: skip


def read_part(block: msgspec.Raw) -> Part | None:
    """One block; None for a block that says nothing in the hub's words. Errors: InvalidAnswer."""
    match kind_of(block):
        case "text":
            said = foreign.read_json(block, _TEXT)
            citations = read_citations(said.citations)
            return Text(text=said.text, citations=citations) if said.text or citations else None
        case "thinking":
            thought = foreign.read_json(block, _THINKING)
            return Thinking(text=thought.thinking, signature=signature_of(thought.signature))
        case "redacted_thinking":
            return Thinking(is_redacted=True, signature=signature_of(foreign.read_json(block, _THINKING).data))
        case "tool_use":
            call = foreign.read_json(block, TOOL_USE)
            return ToolCall(id=call.id, name=call.name, arguments=foreign.object_text(call.input))
        case _:
            return None


def kind_of(block: msgspec.Raw) -> str:
    """The type of a block or a piece. Errors: InvalidAnswer for what is no object."""
    return foreign.read_json(block, _KIND).type


def read_citations(raws: tuple[msgspec.Raw, ...] | None) -> tuple[Citation, ...]:
    """Without those that cannot be read: an answer can do without them."""
    found = [foreign.read_or_none(raw, _CITATION) for raw in raws or ()]
    return tuple([citation for block in found if block is not None and (citation := read_citation(block)) is not None])


def signature_of(value: str | None) -> Signature | None:
    """None for no signature, and for the empty one of a server that does not sign."""
    return Signature(origin=DIALECT, value=value) if value else None


def finish_of(stop_reason: str | None) -> Finish | None:
    """None where the upstream did not say why it stopped."""
    return None if stop_reason is None else FINISHES.get(stop_reason, "other")


def tier_of(usage: msgspec.Raw) -> str | None:
    """The tier that served the answer, in the hub's word."""
    tier = None if foreign.is_null(usage) else read_tier(usage)
    return None if tier is None else SERVED_TIERS.get(tier, tier)
