"""The hub's messages for dialects that keep the instructions apart and want the speakers to alternate.

Knows no dialect's field names.
"""

from typing import Literal, TypeAlias

import msgspec

from taskfit import errors
from taskfit.values.conversation import Conversation, Message, Part, Refusal, Signature, Text, Thinking, ToolCall, ToolResult
from taskfit.values.request import Dialect

Side: TypeAlias = Literal["user", "assistant"]

FOREIGN_REASONING = "reasoning of another vendor"
"""The word in `dropped` for thoughts, and signatures of calls, that mean nothing to the upstream."""

_ARGUMENTS = msgspec.json.Decoder(dict[str, object])


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one side says before the other one speaks, each part with the place of its message."""

    side: Side
    parts: tuple[tuple[int, Part], ...]


def instruction_texts(conversation: Conversation) -> tuple[Text, ...]:
    """The texts of all system turns that say something, in their order, with their cache marks.

    These dialects have one place for instructions: a late system turn moves to the front.
    Errors: Unsupported for anything but text.
    """
    texts: list[Text] = []
    for place, message in enumerate(conversation.messages):
        if message.role != "system":
            continue
        for part in message.parts:
            if not isinstance(part, Text):
                raise errors.Unsupported(f"{at(place)}: this model takes only text as instructions", param=at(place))
            if part.text.strip():
                texts.append(part)
    return tuple(texts)


def instructions(conversation: Conversation) -> str:
    """The same as one text, with a blank line between two; empty where there is none. Errors: as above."""
    return "\n\n".join([part.text for part in instruction_texts(conversation)])


def turns(conversation: Conversation) -> tuple[Turn, ...]:
    """User and assistant turns, alternating, without empty texts and empty turns.

    Within a user's turn the tool results come first, because they must follow their calls at once.
    """
    sides: list[tuple[Side, list[tuple[int, Part]]]] = []
    for place, message in enumerate(conversation.messages):
        said = [(place, part) for part in message.parts if not _is_empty(part)]
        if message.role == "system" or not said:
            continue
        if sides and sides[-1][0] == message.role:
            sides[-1][1].extend(said)
        else:
            sides.append((message.role, said))
    if not sides:
        raise errors.Unsupported("messages: this model needs at least one beside its instructions", param="messages")
    return tuple(Turn(side=side, parts=tuple(sorted(parts, key=_is_no_result))) for side, parts in sides)


def with_own_reasoning(
    conversation: Conversation, own: Dialect, *, keeps_unsigned: bool = False
) -> tuple[Conversation, tuple[str, ...]]:
    """The conversation with no signature but those of the dialect `own`, and what was left out, for `dropped`.

    Thoughts of another vendor go as a whole, signatures of calls alone. Thoughts that nobody signed go too, unless the upstream
    `keeps_unsigned` ones.
    """
    messages = tuple([_with_own_reasoning(message, own, keeps_unsigned=keeps_unsigned) for message in conversation.messages])
    if messages == conversation.messages:
        return conversation, ()
    return msgspec.structs.replace(conversation, messages=messages), (FOREIGN_REASONING,)


def arguments_of(call: ToolCall, place: int) -> msgspec.Raw:
    """The arguments of a call in the history as a JSON object, byte for byte; no text at all means no arguments.

    Errors: InvalidRequest, naming the message, for text that is not a JSON object.
    """
    if not call.arguments.strip():
        return msgspec.Raw(b"{}")
    try:
        _ARGUMENTS.decode(call.arguments)
        return msgspec.Raw(call.arguments.encode())
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise errors.InvalidRequest(
            f"{at(place)}: the arguments of the call {call.id[:80]!r} are not a JSON object, which this model needs",
            param=at(place),
        ) from error


def body_of(fields: dict[str, object]) -> bytes:
    """The request's bytes. Errors: InvalidRequest for text that is not valid Unicode or nesting that is too deep."""
    try:
        return msgspec.json.encode(fields)
    except (ValueError, RecursionError) as error:
        text = "the request holds text that is not valid Unicode, or is nested too deeply"
        raise errors.InvalidRequest(text, operator_text=f"{text}: {error}") from error


def at(place: int) -> str:
    """The message's path for `param`."""
    return f"messages[{place}]"


def _with_own_reasoning(message: Message, own: Dialect, *, keeps_unsigned: bool) -> Message:
    parts: list[Part] = []
    for part in message.parts:
        if isinstance(part, Thinking):
            if keeps_unsigned if part.signature is None else part.signature.origin == own:
                parts.append(part)
        elif isinstance(part, ToolCall) and _is_foreign(part.signature, own):
            parts.append(msgspec.structs.replace(part, signature=None))
        else:
            parts.append(part)
    return msgspec.structs.replace(message, parts=tuple(parts))


def _is_foreign(signature: Signature | None, own: Dialect) -> bool:
    return signature is not None and signature.origin != own


def _is_empty(part: Part) -> bool:
    return isinstance(part, (Text, Refusal)) and not part.text.strip()


def _is_no_result(said: tuple[int, Part]) -> bool:
    return not isinstance(said[1], ToolResult)
