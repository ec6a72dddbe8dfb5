"""The forms that a tool call has in this dialect: of a function, of a `custom` tool (free text instead of JSON), and the old
`function_call` of a request with `functions`.

The hub knows functions only. A custom tool becomes a function with one argument, `input`, and its calls become custom again for
the client that offered it. Source: OpenAI's `tools`, and `functions`, which it has deprecated since 2023.
"""

import msgspec
from msgspec import Raw

from taskfit.values.request import Request
from taskfit.wire.bodies import field, is_said

CUSTOM_SCHEMA = Raw(
    b'{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}'
)


class CallForms(msgspec.Struct, frozen=True, kw_only=True):
    """How the calls of an answer must look for one client: its custom tools by name, and whether it knows `functions` only."""

    custom: frozenset[str] = frozenset()
    is_legacy: bool = False


class _Named(msgspec.Struct):
    name: str


class _Tool(msgspec.Struct):
    type: str = ""
    custom: _Named | None = None


class _Input(msgspec.Struct):
    input: str


_input = msgspec.json.Decoder(_Input)
_PLAIN = CallForms()


def call_forms(request: Request) -> CallForms:
    """The forms that the request asks for."""
    tools = request.fields.get("tools")
    if is_said(request.fields.get("functions")) and not is_said(tools):
        return CallForms(is_legacy=True)
    if tools is None or b"custom" not in bytes(tools):
        return _PLAIN
    offered: list[_Tool] = field(request, "tools", list[_Tool]) or []
    return CallForms(custom=frozenset([tool.custom.name for tool in offered if tool.type == "custom" and tool.custom]))


def custom_arguments(text: str) -> str:
    """The arguments of the function that stands for a custom tool."""
    return msgspec.json.encode({"input": text}).decode()


def custom_input(arguments: str) -> str:
    """The free text again; arguments of another form are told as they are."""
    try:
        return _input.decode(arguments).input
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return arguments
