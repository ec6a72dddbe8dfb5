"""What a client of this dialect receives as a whole answer.

An answer that came in this dialect goes out as it came; one that came in another is written anew. Knows no framing.
"""

import msgspec

from taskfit.values.answer import Answer
from taskfit.values.conversation import Audio, File, Image, Part, Refusal, Signature, Text, Thinking, ToolCall, ToolResult
from taskfit.values.request import Dialect, Request
from taskfit.wire.anthropic_messages.citations import write_citation
from taskfit.wire.anthropic_messages.usages import write_usage
from taskfit.wire.anthropic_messages.words import DIALECT, Block, stop_reason
from taskfit.wire.signatures import seal_call, seal_or_name

UNPARSED = "unparsed_arguments"
"""The member that holds arguments which are no JSON object: the API has no other place, and the caller shall see them."""

_OBJECT = msgspec.json.Decoder(dict[str, object])


def write_answer(answer: Answer, request: Request, *, reply_id: str, model: str, created: int) -> bytes:
    """The body of a whole answer. This API says no time."""
    del request, created
    if answer.dialect == DIALECT and answer.data is not None:
        return answer.data
    choice = answer.choices[0]
    return msgspec.json.encode(
        message_of(reply_id, answer.model or model)
        | {
            "content": [block for part in choice.parts for block in _blocks(part, answer.dialect)],
            "stop_reason": stop_reason(choice.finish, stop_sequence=choice.stop_sequence, has_calls=bool(answer.tool_calls)),
            "stop_sequence": choice.stop_sequence,
            "usage": write_usage(answer.usage),
        }
    )


def message_of(reply_id: str, model: str) -> Block:
    """A message that says nothing yet."""
    return {
        "id": f"msg_{reply_id}", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": write_usage(None),
    }  # fmt: skip


def redacted_call_signature(signature: Signature) -> Block:
    """The signature of a call, which has no place of its own in this API, as hidden thoughts before the call."""
    return {"type": "redacted_thinking", "data": seal_call(signature, DIALECT)}


def unshowable(part: Image | File | Audio) -> str:
    """What a client reads in place of a part that this API cannot show in an answer."""
    kind = part.media_type or "file"
    return part.url if not isinstance(part, Audio) and part.url else f"[{kind}: answers of this API hold no such part]"


def _blocks(part: Part, origin: Dialect) -> tuple[Block, ...]:
    match part:
        case Text():
            block: Block = {"type": "text", "text": part.text}
            return (block | {"citations": [write_citation(found) for found in part.citations]} if part.citations else block,)
        case Refusal():
            return ({"type": "text", "text": part.text},)
        case Thinking():
            sealed = seal_or_name(part.signature, origin=origin, own=DIALECT)
            if part.is_redacted:
                return ({"type": "redacted_thinking", "data": sealed},)
            return ({"type": "thinking", "thinking": part.text, "signature": sealed},)
        case ToolCall():
            call: Block = {"type": "tool_use", "id": part.id, "name": part.name, "input": _input(part.arguments)}
            return (call,) if part.signature is None else (redacted_call_signature(part.signature), call)
        case Image() | File() | Audio():
            return ({"type": "text", "text": unshowable(part)},)
        case ToolResult():
            return ()


def _input(arguments: str) -> object:
    """The arguments byte for byte."""
    if not arguments.strip():
        return {}
    try:
        _OBJECT.decode(arguments)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {UNPARSED: arguments}
    return msgspec.Raw(arguments.encode())
