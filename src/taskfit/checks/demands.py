"""What a request demands of its answer: a schema, or calls of its tools. Knows no check and no answer.

Every dialect's own reader reads it, over the few members that say it, so that neither a long conversation nor something that no
other vendor's API has keeps a check from its work.
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from taskfit.errors import RequestError
from taskfit.values.conversation import OutputSchema, Tool, ToolChoice
from taskfit.values.request import Dialect, Request

_OUTPUT: Final[Mapping[Dialect, Collection[str]]] = {
    "openai-chat": ("response_format",),
    "openai-responses": ("text",),
    "anthropic-messages": ("output_config", "output_format"),
    "gemini-generate": ("generationConfig", "generation_config"),
}
_CHOICE: Final[Mapping[Dialect, Collection[str]]] = {
    "openai-chat": ("tool_choice", "function_call"),
    "openai-responses": ("tool_choice",),
    "anthropic-messages": ("tool_choice",),
    "gemini-generate": ("toolConfig", "tool_config"),
}
_TOOLS: Final = ("tools", "functions")
_CHANGES: Final = (b'"tool_addition"', b'"tool_removal"')
"""Blocks by which a Messages conversation changes its tools on the way."""


class OfferedTools(msgspec.Struct, frozen=True, kw_only=True):
    """The tools that may be called now, by the name that a call gives; one name may stand for tools of several namespaces.

    A tool without a known schema is None. `is_whole` is false where the request also offers what only one vendor's models can
    use, whether or not the gateway sees it called.
    """

    by_name: Mapping[str, tuple[Tool | None, ...]]
    choice: ToolChoice | None
    is_whole: bool


def demanded_output(request: Request) -> OutputSchema | None:
    """The JSON that the answer shall be; None where the request does not ask for any. Errors: RequestError."""
    names = [name for name in _OUTPUT.get(request.dialect, ()) if name in request.fields]
    if not names:
        return None
    from taskfit.wire.dialects import conversation_of

    return conversation_of(_only(request, names)).output


def offered_tools(request: Request) -> OfferedTools:
    """The tools of a request and how they may be chosen. What cannot be read is left out; never raises."""
    choices = _CHOICE.get(request.dialect, ())
    names = [name for name in (*_TOOLS, *choices) if name in request.fields]
    if _changes_its_tools(request):
        names.append("messages")
    if not names:
        return OfferedTools(by_name={}, choice=None, is_whole=True)
    only = _only(request, names)
    return _read(only) or _readable_part(only)


def _changes_its_tools(request: Request) -> bool:
    said = request.fields.get("messages")
    if said is None or request.dialect != "anthropic-messages":
        return False
    messages = bytes(said)
    return any(change in messages for change in _CHANGES)


def _only(request: Request, names: Collection[str]) -> Request:
    return _with(request, {name: request.fields[name] for name in names})


def _read(request: Request) -> OfferedTools | None:
    from taskfit.wire.dialects import conversation_of

    try:
        conversation = conversation_of(request)
    except RequestError:
        return None
    is_whole = not any(place.startswith("tools[") and place.endswith(")") for place in conversation.dropped)
    return OfferedTools(by_name=_by_name(request, conversation.tools), choice=conversation.tool_choice, is_whole=is_whole)


def _by_name(request: Request, tools: Collection[Tool]) -> dict[str, tuple[Tool | None, ...]]:
    """A function of a namespace has its joined name for upstreams of another API, and its plain one for those of its own."""
    known: dict[str, tuple[Tool | None, ...]] = {tool.name: (tool,) for tool in tools}
    if request.dialect != "openai-responses":
        return known
    from taskfit.wire.openai_responses.tools import tool_names

    names = tool_names(request)
    for tool in tools:
        plain = names.client_name(tool.name).name
        if plain != tool.name:
            known[plain] = (*known.get(plain, ()), tool)
    return known


def _readable_part(request: Request) -> OfferedTools:
    """Without the tools that only one vendor has (a browser, a shell), of which the name is kept, if they say one.

    A choice that cannot be told without them is no choice here.
    """
    fields, strange = dict(request.fields), dict[str, tuple[None]]()
    for field in [field for field in _TOOLS if field in fields]:
        readable: list[msgspec.Raw] = []
        for raw in _items(fields[field]):
            if _read(_with(request, {field: _listed([raw])})) is not None:
                readable.append(raw)
            elif (name := _name_of(raw)) is not None:
                strange[name] = (None,)
        fields[field] = _listed(readable)
    bare = {name: raw for name, raw in fields.items() if name in _TOOLS}
    read = _read(_with(request, fields)) or _read(_with(request, bare))
    if read is None:
        return OfferedTools(by_name=strange, choice=None, is_whole=False)
    return OfferedTools(by_name=strange | dict(read.by_name), choice=read.choice, is_whole=False)


def _with(request: Request, fields: Mapping[str, msgspec.Raw]) -> Request:
    return msgspec.structs.replace(request, fields=fields)


def _listed(items: Collection[msgspec.Raw]) -> msgspec.Raw:
    return msgspec.Raw(b"[" + b",".join([bytes(item) for item in items]) + b"]")


class _Named(msgspec.Struct):
    name: str


def _items(raw: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.MsgspecError:
        return []


def _name_of(raw: msgspec.Raw) -> str | None:
    try:
        return msgspec.json.decode(raw, type=_Named).name
    except (msgspec.MsgspecError, RecursionError):
        return None
