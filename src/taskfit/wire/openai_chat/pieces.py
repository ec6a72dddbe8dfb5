"""The pieces of streamed tool calls: which call each belongs to.

OpenAI numbers the calls and names each once. Others give no index, the same index to every call, or repeat id and name with
every piece; some give no id at all, which the clients of other vendors cannot do without.
"""

from typing import Any

import msgspec

from taskfit.values.answer import ToolCallDelta
from taskfit.wire.openai_chat.calls import custom_arguments
from taskfit.wire.openai_chat.thoughts import read_call_signature


class Function(msgspec.Struct):
    """The function of a call, or of a piece of one."""

    name: str | None = None
    arguments: str | None = None


class Custom(msgspec.Struct):
    """The free-text tool of a call, or of a piece of one."""

    name: str | None = None
    input: str | None = None


class WireCall(msgspec.Struct):
    """A call, or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    custom: Custom | None = None
    extra_content: Any = None


_NO_FUNCTION = Function()


class CallPieces:
    """Places the pieces of one choice's calls."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._open: dict[int | None, tuple[int, str | None]] = {}  # by the upstream's index: ours, and the upstream's id
        self._count = 0

    def read(self, call: WireCall) -> ToolCallDelta:
        """The piece in its place; id, name and signature with the first one only."""
        function = _function(call)
        known = self._open.get(call.index)
        if known is not None and not _is_another(call, function, known[1]):
            return ToolCallDelta(index=known[0], arguments=function.arguments or "")
        place, self._count = self._count, self._count + 1
        self._open[call.index] = (place, call.id)
        return ToolCallDelta(
            index=place,
            id=call.id or made_up_id(self._prefix, place),
            name=function.name or "",
            arguments=function.arguments or "",
            signature=None if call.extra_content is None else read_call_signature(call.extra_content),
        )


def made_up_id(prefix: str, place: int) -> str:
    """An id for a call that came without one; `prefix` makes it one of its own in a conversation of many answers."""
    plain = "".join([letter for letter in prefix if letter.isascii() and (letter.isalnum() or letter in "_-")])
    return f"call_{plain[:40]}_{place}"


def arguments_of(call: WireCall) -> tuple[str, str]:
    """The name and the arguments of a whole call; those of a free-text tool as JSON."""
    if call.custom is not None:
        return call.custom.name or "", custom_arguments(call.custom.input or "")
    function = call.function or _NO_FUNCTION
    return function.name or "", function.arguments or ""


def _function(call: WireCall) -> Function:
    """Free text is told as it comes, in the place of arguments: no other dialect's client can have offered such a tool."""
    if call.custom is not None:
        return Function(name=call.custom.name, arguments=call.custom.input)
    return call.function or _NO_FUNCTION


def _is_another(call: WireCall, function: Function, known_id: str | None) -> bool:
    if call.id and known_id:
        return call.id != known_id
    return call.index is None and bool(function.name)
