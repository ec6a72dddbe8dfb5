"""What a model thought, and the vendors' proofs of it, in the members that chat clients send back without looking at them.

OpenAI's chat API has no words for these. The conventions are those of other gateways and of Google's compatible endpoint:
`reasoning_content` is the text; `thinking_blocks` on a message are `{type: thinking, thinking, signature}` and
`{type: redacted_thinking, data}`; the signature of a tool call is `extra_content.google.thought_signature` on it. A signature
of another dialect is sealed into the same field. `reasoning_details` are read, not written.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from taskfit.values.conversation import Signature, Thinking
from taskfit.wire.openai_chat.extras import read_as
from taskfit.wire.openai_chat.requests import DIALECT
from taskfit.wire.signatures import seal, unseal


class Block(msgspec.Struct):
    """One of `thinking_blocks`, as far as it is of the right type."""

    type: str = "thinking"
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None


class _Detail(msgspec.Struct):
    type: str = ""
    text: str | None = None
    summary: str | None = None
    data: str | None = None
    signature: str | None = None


class _Google(msgspec.Struct):
    thought_signature: str | None = None


class _Extra(msgspec.Struct):
    google: _Google | None = None


def read_thoughts(blocks: Any, details: Any, text: str | None) -> tuple[Thinking, ...]:
    """The thoughts of a message: its blocks, else its details, else the plain text. What cannot be read is not there."""
    if found := read_blocks(blocks):
        return tuple([_of_block(block) for block in found])
    if said := read_as(list[_Detail], details):
        return tuple([_of_detail(detail) for detail in said])
    return (Thinking(text=text),) if text else ()


def read_blocks(blocks: Any) -> list[Block]:
    """The `thinking_blocks` of a message or of a piece of it."""
    return read_as(list[Block], blocks) or []


def read_call_signature(extra_content: Any) -> Signature | None:
    """The signature of a tool call, from its `extra_content`."""
    extra = read_as(_Extra, extra_content)
    return _signature(extra.google.thought_signature) if extra is not None and extra.google is not None else None


def signature_of(block: Block) -> Signature | None:
    """That of a block: what closes a thought, or all there is of a redacted one."""
    return _signature(block.data if block.type == "redacted_thinking" else block.signature)


def block_of(thinking: Thinking) -> dict[str, Any]:
    """A thought as one of `thinking_blocks`."""
    signed = None if thinking.signature is None else seal(thinking.signature, DIALECT)
    if thinking.is_redacted:
        block: dict[str, Any] = {"type": "redacted_thinking", "data": signed or ""}
    else:
        block = {"type": "thinking", "thinking": thinking.text} | ({"signature": signed} if signed is not None else {})
    return block if thinking.id is None else {**block, "id": thinking.id}


def message_fields(thoughts: Iterable[Thinking]) -> dict[str, Any]:
    """The members of a message that hold its thoughts; blocks only where there is more to say than the text."""
    told = tuple(thoughts)
    text = "".join([thinking.text for thinking in told])
    fields: dict[str, Any] = {"reasoning_content": text} if text else {}
    if len(told) > 1 or any(thinking.signature is not None or thinking.id is not None for thinking in told):
        fields["thinking_blocks"] = [block_of(thinking) for thinking in told]
    return fields


def call_fields(signature: Signature | None) -> dict[str, Any]:
    """The member of a tool call that holds its signature."""
    return {} if signature is None else {"extra_content": {"google": {"thought_signature": seal(signature, DIALECT)}}}


def _of_block(block: Block) -> Thinking:
    is_redacted = block.type == "redacted_thinking"
    return Thinking(
        text="" if is_redacted else block.thinking or "", signature=signature_of(block), is_redacted=is_redacted, id=block.id
    )


def _of_detail(detail: _Detail) -> Thinking:
    if detail.type == "reasoning.encrypted":
        return Thinking(is_redacted=True, signature=_signature(detail.data))
    return Thinking(text=detail.text or detail.summary or "", signature=_signature(detail.signature))


def _signature(text: str | None) -> Signature | None:
    return unseal(text, DIALECT) if text else None
