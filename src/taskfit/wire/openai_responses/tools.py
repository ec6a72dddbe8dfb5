"""The tools of a Responses request: as the hub's functions, and under the names that the client knows them by.

The hub has functions with one name each. A function of a namespace gets a name that says both; a custom tool, whose input is free
text, becomes a function with one text argument. The table of a request translates calls back.

Source: OpenAI's SDK 3.54 (`namespace_tool_param.py`, `custom_tool_param.py`; a call of a function in a namespace has the member
`namespace` beside its plain `name`), Codex 0.169.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from taskfit.errors import Unsupported
from taskfit.values.conversation import Tool
from taskfit.values.request import Request
from taskfit.wire.bodies import field, is_said, member

MAX_NAME_CHARS = 64
"""What all vendors allow."""

DROPPED_KINDS: Mapping[str, str] = {
    "tool_search": "the model cannot look for more tools",
    "web_search": "the model cannot search the web by its vendor's own tool",
    "web_search_2025_08_26": "as web_search",
    "web_search_preview": "as web_search",
    "web_search_preview_2025_03_11": "as web_search",
}
"""Tools that the vendor runs and that agents send with every request; other tools of a vendor are refused."""

DROPPED_MEMBERS: Mapping[str, str] = {
    "allowed_callers": "the model calls tools directly",
    "async": "how the client runs the tool",
    "defer_loading": "the model sees all tools at once",
    "description": "that of a namespace; its functions keep theirs",
    "format": "a grammar is told to the model, but not enforced",
    "output_schema": "no other vendor shows it to its model",
}
"""Members of a tool that the hub has no word for."""

INPUT = "input"
_FUNCTIONS = ("function", "custom")
_KEPT = frozenset({"type", "name", "description", "parameters", "strict", "tools"})
_INPUT_SCHEMA = Raw(
    b'{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}'
)
_ANY_OBJECT = Raw(b'{"type":"object","properties":{}}')
_UNUSUAL = re.compile(r"[^a-zA-Z0-9_-]")


class ClientName(NamedTuple):
    """What the client calls a tool."""

    name: str
    namespace: str | None = None
    is_custom: bool = False


class _Kind(msgspec.Struct):
    type: str = ""
    name: Any = None
    description: Raw = Raw()
    tools: Raw = Raw()


class _Function(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: Raw = Raw()
    strict: bool | None = None


class _Grammar(msgspec.Struct):
    type: str = "text"
    syntax: str = ""
    definition: str = ""


class _Custom(msgspec.Struct):
    name: str
    description: str | None = None
    format: _Grammar | None = None


class _Found(NamedTuple):
    place: str
    kind: str
    client: ClientName
    raw: Raw


class ToolNames:
    """The table of one request: the hub's name of each tool, and the client's."""

    def __init__(self, clients: Sequence[ClientName]) -> None:
        self._hubs: dict[tuple[str, str | None], str] = {}
        self._clients: dict[str, ClientName] = {}
        for client in sorted(clients, key=_is_in_namespace):
            if (client.name, client.namespace) in self._hubs:
                continue
            hub = _joined(client.name, client.namespace)
            while hub in self._clients:
                hub = _short(f"{hub}_")
            self._clients[hub] = client
            self._hubs[client.name, client.namespace] = hub

    def hub_name(self, name: str, namespace: str | None) -> str:
        """The name in the hub, also of a tool that is offered no longer."""
        return self._hubs.get((name, namespace)) or _joined(name, namespace)

    def client_name(self, hub: str) -> ClientName:
        """What the client calls it; a tool that it never offered keeps its name."""
        return self._clients.get(hub) or ClientName(hub)


def tool_names(request: Request) -> ToolNames:
    """The table of a request. Errors: InvalidRequest, Unsupported."""
    return _names_of(_tools(request))


class ReadTools(NamedTuple):
    """The tools in the hub's words, the places of what is dropped by the tables, and the table of names."""

    tools: tuple[Tool, ...]
    dropped: tuple[str, ...]
    names: ToolNames


def read_tools(request: Request) -> ReadTools:
    """The tools of a request.

    Errors: Unsupported for tools that the vendor runs; InvalidRequest.
    """
    all_found = _tools(request)
    names = _names_of(all_found)
    tools: list[Tool] = []
    dropped: list[str] = []
    for found in all_found:
        hub = names.hub_name(found.client.name, found.client.namespace)
        if found.kind in _FUNCTIONS:
            tools.append(_function(found, hub) if found.kind == "function" else _custom(found, hub))
            dropped += _dropped_members(found)
        elif found.kind == "namespace":
            dropped.append(f"{found.place}.description")
        elif found.kind in DROPPED_KINDS:
            dropped.append(f"{found.place} ({found.kind})")
        else:
            text = f"{found.place}: a tool of type {found.kind[:40]!r} is run by its vendor and cannot be carried to another API"
            raise Unsupported(text, param=found.place)
    return ReadTools(tuple(tools), tuple(dropped), names)


def custom_arguments(text: str) -> str:
    """The input of a custom tool as the arguments of its function."""
    return msgspec.json.encode({INPUT: text}).decode()


def custom_input(arguments: str) -> str:
    """The input that a model gave a custom tool; arguments of another shape are taken for the input themselves."""
    try:
        given = msgspec.json.decode(arguments, type=dict[str, object]).get(INPUT)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return arguments
    return given if isinstance(given, str) else arguments


def _names_of(found: Sequence[_Found]) -> ToolNames:
    return ToolNames([each.client for each in found if each.kind in _FUNCTIONS])


def _tools(request: Request) -> list[_Found]:
    found: list[_Found] = []
    for index, raw in enumerate(field(request, "tools", list[Raw]) or ()):
        place = f"tools[{index}]"
        kind = member(raw, _Kind, place)
        if kind.type != "namespace":
            found.append(_found(place, raw, None))
            continue
        if is_said(kind.description):
            found.append(_Found(place, kind.type, ClientName(str(kind.name)), raw))
        inner = member(kind.tools, list[Raw], f"{place}.tools") if is_said(kind.tools) else []
        found += [_found(f"{place}.tools[{position}]", each, str(kind.name)) for position, each in enumerate(inner)]
    return found


def _found(place: str, raw: Raw, namespace: str | None) -> _Found:
    kind = member(raw, _Kind, place)
    return _Found(place, kind.type, ClientName(str(kind.name), namespace, kind.type == "custom"), raw)


def _dropped_members(found: _Found) -> list[str]:
    members: Mapping[str, Raw] = member(found.raw, dict[str, Raw], found.place)
    names = [name for name, value in members.items() if name not in _KEPT and is_said(value) and bytes(value) != b"false"]
    return [f"{found.place}.{name}" for name in names if name != "format" or b'"grammar"' in bytes(members[name])]


def _function(found: _Found, name: str) -> Tool:
    tool: _Function = member(found.raw, _Function, found.place)
    schema = tool.parameters if is_said(tool.parameters) else _ANY_OBJECT
    return Tool(name=name, description=tool.description, schema=schema, is_strict=bool(tool.strict))


def _custom(found: _Found, name: str) -> Tool:
    """A grammar is told in the description: no other vendor can hold a model to it."""
    tool: _Custom = member(found.raw, _Custom, found.place)
    description = tool.description
    if tool.format is not None and tool.format.definition:
        rule = f"The input follows this {tool.format.syntax} grammar:\n{tool.format.definition}"
        description = f"{description}\n\n{rule}" if description else rule
    return Tool(name=name, description=description, schema=_INPUT_SCHEMA)


def _joined(name: str, namespace: str | None) -> str:
    if namespace is None:
        return name
    return _short(_UNUSUAL.sub("_", f"{namespace}{'' if namespace.endswith('__') else '__'}{name}"))


def _short(name: str) -> str:
    if len(name) <= MAX_NAME_CHARS:
        return name
    return f"{name[: MAX_NAME_CHARS - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _is_in_namespace(client: ClientName) -> bool:
    return client.namespace is not None
