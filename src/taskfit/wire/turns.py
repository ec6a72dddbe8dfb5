"""The hub's messages for dialects that keep the instructions apart and want the speakers to alternate.

Knows no dialect's field names.
"""

from typing import Literal, TypeAlias

import msgspec

from taskfit import errors
from taskfit.values.conversation import Conversation, Part, Text, ToolCall, ToolResult

Side: TypeAlias = Literal["user", "assistant"]

_ARGUMENTS = msgspec.json.Decoder(dict[str, object])


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one side says before the other one speaks, each part with the place of its message."""

    side: Side
    parts: tuple[tuple[int, Part], ...]


def instructions(conversation: Conversation) -> str:
    """The text of all system turns, with a blank line between two; empty where there is none.

    These dialects have one place for instructions: a late system turn moves to the front.
    Errors: Unsupported for anything but text.
    """
    texts: list[str] = []
    for place, message in enumerate(conversation.messages):
        if message.role != "system":
            continue
        for part in message.parts:
            if not isinstance(part, Text):
                raise errors.Unsupported(f"{at(place)}: this model takes only text as instructions", param=at(place))
            texts.append(part.text)
    return "\n\n".join(text for text in texts if text.strip())


def turns(conversation: Conversation) -> tuple[Turn, ...]:
    """User and assistant turns, alternating, without empty texts and empty turns.

    Within a user's turn the tool results come first, because they must follow their calls at once.
    """
    sides: list[tuple[Side, list[tuple[int, Part]]]] = []
    for place, message in enumerate(conversation.messages):
        said = [(place, part) for part in message.parts if not (isinstance(part, Text) and not part.text.strip())]
        if message.role == "system" or not said:
            continue
        if sides and sides[-1][0] == message.role:
            sides[-1][1].extend(said)
        else:
            sides.append((message.role, said))
    if not sides:
        raise errors.Unsupported("messages: this model needs at least one beside its instructions", param="messages")
    return tuple(Turn(side=side, parts=tuple(sorted(parts, key=_is_no_result))) for side, parts in sides)


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


def _is_no_result(said: tuple[int, Part]) -> bool:
    return not isinstance(said[1], ToolResult)
