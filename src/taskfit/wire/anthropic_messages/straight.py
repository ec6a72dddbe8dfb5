"""A Messages request for an upstream of the same dialect.

Everything goes out as it came, but for `model`, and for thoughts that an upstream of another dialect had: this API refuses
signatures that are not its own. Where an answer with calls loses its thoughts that way, a thinking budget must go, too: with one
the API demands thoughts at the beginning of the answer that it goes on with.
"""

from typing import Any

import msgspec
from msgspec import Raw

from taskfit.values.request import Request
from taskfit.wire.anthropic_messages.words import DIALECT
from taskfit.wire.bodies import member
from taskfit.wire.dialect import Written
from taskfit.wire.signatures import MARK, is_foreign
from taskfit.wire.turns import FOREIGN_REASONING

_NULL = Raw(b"null")
_encode = msgspec.json.Encoder().encode


class _Kind(msgspec.Struct):
    type: str = ""


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Kind] | None = None


def write_straight(request: Request, *, model: str) -> Written:
    """The body, and what of it was left out. Errors: InvalidRequest for a history that cannot be read."""
    fields = {**request.fields, "model": Raw(_encode(model))}
    messages = fields.get("messages", _NULL)
    kept = _without_foreign_thoughts(messages) if MARK in bytes(messages) else messages
    if kept is messages:
        return Written(_encode(fields))
    fields["messages"] = kept
    if "thinking" in fields and _demands_thoughts(fields["thinking"], kept):
        del fields["thinking"]
        return Written(_encode(fields), (FOREIGN_REASONING, "reasoning"))
    return Written(_encode(fields), (FOREIGN_REASONING,))


def _without_foreign_thoughts(messages: Raw) -> Raw:
    """The very messages where there is none."""
    given: list[dict[str, Raw]] = member(messages, list[dict[str, Raw]], "messages")
    kept: list[dict[str, Raw]] = []
    for message in given:
        content = message.get("content", _NULL)
        own = _own_blocks(content) if MARK in bytes(content) and bytes(content)[:1] == b"[" else None
        if own is None:
            kept.append(message)
        elif own:
            kept.append({**message, "content": Raw(_encode(own))})
    is_whole = len(kept) == len(given) and all(one is other for one, other in zip(kept, given, strict=True))
    return messages if is_whole else Raw(_encode(kept))


def _own_blocks(content: Raw) -> list[Raw] | None:
    """None where all of them are."""
    blocks: list[Raw] = member(content, list[Raw], "messages")
    own = [raw for raw in blocks if not _is_foreign_thought(raw)]
    return own if len(own) < len(blocks) else None


def _is_foreign_thought(raw: Raw) -> bool:
    if MARK not in bytes(raw):
        return False
    match member(raw, dict[str, Any], "messages"):
        case {"type": "thinking", "signature": str(sealed)} | {"type": "redacted_thinking", "data": str(sealed)}:
            return is_foreign(sealed, DIALECT)
        case _:
            return False


def _demands_thoughts(thinking: Raw, messages: Raw) -> bool:
    """Whether a budget is set, and the last answer, whose calls have just been answered, begins with something else."""
    if member(thinking, _Kind | None, "thinking") != _Kind(type="enabled"):
        return False
    turns = [turn for turn in member(messages, list[_Message], "messages") if turn.role != "system"]
    if len(turns) < 2 or turns[-2].role != "assistant":
        return False
    results, answer = turns[-1].content, turns[-2].content
    has_results = isinstance(results, list) and any(block.type == "tool_result" for block in results)
    begins_with_thoughts = isinstance(answer, list) and answer[:1] and answer[0].type in ("thinking", "redacted_thinking")
    return has_results and not begins_with_thoughts
