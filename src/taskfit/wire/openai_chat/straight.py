"""A chat completion request for an upstream of the same dialect.

Everything goes out as it came, but for `model`, the wish for usage, and the thoughts that a model of another dialect had: such a
message is known by the seals in it. Knows no server's habits but whether it wants thoughts back.
"""

from typing import Any

import msgspec
from msgspec import Raw

from taskfit.values.request import Request
from taskfit.wire.bodies import is_said, member
from taskfit.wire.dialect import Written
from taskfit.wire.openai_chat.requests import DIALECT, write_request
from taskfit.wire.openai_chat.thoughts import read_blocks, read_call_signature, signature_of
from taskfit.wire.signatures import MARK
from taskfit.wire.turns import FOREIGN_REASONING

_PLACE = "messages"
_PROOFS = ("thinking_blocks", "reasoning_details")
_TEXTS = ("reasoning_content", "reasoning")
_SAYINGS = ("content", "tool_calls", "refusal", "function_call", "audio")
_NULL = Raw(b"null")
_encode = msgspec.json.Encoder().encode


def write_straight(request: Request, *, model: str, wants_usage: bool, keeps_reasoning: bool = False) -> Written:
    """The body, and what of it was left out. For `wants_usage` see `write_request`; with `keeps_reasoning` the server wants
    the text of thoughts back, whoever had them.

    Errors: InvalidRequest for a history that cannot be read, where it has to be.
    """
    body = write_request(request, model=model, wants_usage=wants_usage)
    if MARK not in body:
        return Written(body)
    messages = request.fields["messages"]
    kept = _without_foreign_thoughts(messages, keeps_reasoning=keeps_reasoning)
    if kept is messages:
        return Written(body)
    own = msgspec.structs.replace(request, fields={**request.fields, "messages": kept})
    return Written(write_request(own, model=model, wants_usage=wants_usage), (FOREIGN_REASONING,))


def _without_foreign_thoughts(messages: Raw, *, keeps_reasoning: bool) -> Raw:
    """The very messages where there is none."""
    given: list[Raw] = member(messages, list[Raw], _PLACE)
    kept = [_own(raw, keeps_reasoning=keeps_reasoning) for raw in given]
    if all(one is other for one, other in zip(kept, given, strict=True)):
        return messages
    return Raw(_encode([raw for raw in kept if raw is not None]))


def _own(raw: Raw, *, keeps_reasoning: bool) -> Raw | None:
    """A message without what another vendor's model thought; None where nothing is left of it."""
    if MARK not in bytes(raw):
        return raw
    members: dict[str, Raw] = member(raw, dict[str, Raw], _PLACE)
    calls: list[Raw] = member(members.get("tool_calls", _NULL), list[Raw] | None, _PLACE) or []
    unsigned = [_without_foreign_signature(call) for call in calls]
    is_resigned = any(one is not other for one, other in zip(unsigned, calls, strict=True))
    if not is_resigned and not _is_foreign(members.get("thinking_blocks", _NULL)):
        return raw
    if is_resigned:
        members["tool_calls"] = Raw(_encode(unsigned))
    for name in _PROOFS if keeps_reasoning else (*_PROOFS, *_TEXTS):
        members.pop(name, None)
    return Raw(_encode(members)) if any(is_said(members.get(name)) for name in _SAYINGS) else None


def _is_foreign(blocks: Raw) -> bool:
    found = [signature_of(block) for block in read_blocks(member(blocks, Any, _PLACE))]
    return any(signature is not None and signature.origin != DIALECT for signature in found)


def _without_foreign_signature(call: Raw) -> Raw:
    """The very call where it has none. What holds a sealed signature holds nothing else."""
    if MARK not in bytes(call):
        return call
    members: dict[str, Raw] = member(call, dict[str, Raw], _PLACE)
    signature = read_call_signature(member(members.pop("extra_content", _NULL), Any, _PLACE))
    return call if signature is None or signature.origin == DIALECT else Raw(_encode(members))
