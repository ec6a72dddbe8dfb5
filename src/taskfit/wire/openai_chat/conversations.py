"""A chat completion request in the hub's words, for upstreams of another dialect.

What the hub cannot carry is refused, with the field's name; what changes nothing in the answer is dropped, by the table below.
"""

from typing import Any

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import (
    Conversation,
    Image,
    Message,
    OutputSchema,
    Part,
    Speaker,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.values.request import Request

CARRIED = frozenset({
    "max_completion_tokens", "max_tokens", "messages", "model", "parallel_tool_calls", "response_format", "stop", "stream",
    "stream_options", "temperature", "tool_choice", "tools", "top_p",
})  # fmt: skip
DROPPED = frozenset({"metadata", "prompt_cache_key", "safety_identifier", "seed", "service_tier", "store", "user"})
"""Fields that another dialect lacks and that do not change what is asked."""

_HARMLESS: dict[str, bytes] = {
    "frequency_penalty": b"0", "logprobs": b"false", "n": b"1", "presence_penalty": b"0", "modalities": b'["text"]',
}  # fmt: skip


_NULL = Raw(b"null")   # msgspec takes nothing but null for Raw | None


class _Url(msgspec.Struct):
    url: str


class _Part(msgspec.Struct):
    type: str
    text: str | None = None
    image_url: _Url | None = None
    refusal: str | None = None


class _Function(msgspec.Struct):
    name: str
    arguments: str = ""


class _Call(msgspec.Struct):
    id: str
    function: _Function


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None


class _FunctionTool(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: Raw = _NULL
    strict: bool | None = None


class _Tool(msgspec.Struct):
    type: str
    function: _FunctionTool | None = None


class _Named(msgspec.Struct):
    name: str


class _Choice(msgspec.Struct):
    type: str
    function: _Named | None = None


class _Schema(msgspec.Struct):
    name: str = "answer"
    schema: Raw = _NULL
    strict: bool | None = None


class _Format(msgspec.Struct):
    type: str
    json_schema: _Schema | None = None


def read_conversation(request: Request) -> Conversation:
    """The request in the hub's words.

    Errors: Unsupported, with `param`, for a field that the hub cannot carry; InvalidRequest for one of the wrong type.
    """
    _refuse_unknown(request)
    messages = _field(request, "messages", list[_Message]) or []
    return Conversation(
        messages=tuple(_message(message, f"messages[{index}]") for index, message in enumerate(messages)),
        tools=tuple(_tool(tool, f"tools[{index}]") for index, tool in enumerate(_field(request, "tools", list[_Tool]) or ())),
        tool_choice=_tool_choice(_field(request, "tool_choice", str | _Choice)),
        output=_output(_field(request, "response_format", _Format)),
        max_output_tokens=request.outline.max_output_tokens,
        temperature=_field(request, "temperature", float),
        top_p=_field(request, "top_p", float),
        stop=_stop(_field(request, "stop", str | list[str])),
        parallel_tool_calls=_field(request, "parallel_tool_calls", bool),
    )


def _refuse_unknown(request: Request) -> None:
    for name, value in request.fields.items():
        if name in CARRIED or name in DROPPED:
            continue
        if bytes(value) not in (b"null", _HARMLESS.get(name)):
            raise Unsupported(f"the field {name} cannot be carried to a model of another API", param=name)


def _field(request: Request, name: str, wanted: Any) -> Any:
    raw = request.fields.get(name)
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=wanted | None)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{name}: {error}", param=name) from error
    except RecursionError as error:
        raise InvalidRequest(f"{name}: nested too deeply", param=name) from error


def _message(message: _Message, place: str) -> Message:
    if message.role == "tool":
        if message.tool_call_id is None:
            raise InvalidRequest(f"{place}: a tool message needs a tool_call_id", param=f"{place}.tool_call_id")
        text = "".join(part.text for part in _parts(message, place) if isinstance(part, Text))
        return Message(role="user", parts=(ToolResult(call_id=message.tool_call_id, text=text),))
    calls = tuple(
        ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments) for call in message.tool_calls or ()
    )
    return Message(role=_role(message.role, place), parts=(*_parts(message, place), *calls))


def _role(role: str, place: str) -> Speaker:
    match role:
        case "system" | "developer":
            return "system"
        case "user":
            return "user"
        case "assistant":
            return "assistant"
        case _:
            raise Unsupported(
                f"{place}: the role {role[:40]!r} cannot be carried to a model of another API", param=f"{place}.role"
            )


def _parts(message: _Message, place: str) -> tuple[Part, ...]:
    if isinstance(message.content, str):
        return (Text(text=message.content),) if message.content else ()
    parts = tuple(_part(part, f"{place}.content[{index}]") for index, part in enumerate(message.content or ()))
    return (*parts, Text(text=message.refusal)) if message.refusal else parts


def _part(part: _Part, place: str) -> Part:
    match part.type:
        case "text":
            return Text(text=part.text or "")
        case "refusal":
            return Text(text=part.refusal or "")
        case "image_url" if part.image_url is not None:
            return _image(part.image_url.url)
        case _:
            raise Unsupported(
                f"{place}: a part of type {part.type[:40]!r} cannot be carried to a model of another API", param=place
            )


def _image(url: str) -> Image:
    if not url.startswith("data:"):
        return Image(url=url)
    head, _, data = url.removeprefix("data:").partition(",")
    media_type, _, encoding = head.partition(";")
    if encoding != "base64":
        raise InvalidRequest("an image's data URL must be base64", param="image_url")
    return Image(data=data, media_type=media_type)


def _tool(tool: _Tool, place: str) -> Tool:
    if tool.type != "function" or tool.function is None:
        raise Unsupported(f"{place}: a tool of type {tool.type[:40]!r} cannot be carried to a model of another API", param=place)
    schema = _unless_null(tool.function.parameters) or Raw(b'{"type":"object","properties":{}}')
    return Tool(
        name=tool.function.name, description=tool.function.description, schema=schema, is_strict=bool(tool.function.strict)
    )


def _unless_null(raw: Raw) -> Raw | None:
    return None if bytes(raw) == b"null" else raw


def _tool_choice(choice: str | _Choice | None) -> ToolChoice | None:
    match choice:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(mode=choice)
        case _Choice(type="function", function=_Named(name=name)):
            return ToolChoice(mode="named", name=name)
        case _:
            raise Unsupported("this tool_choice cannot be carried to a model of another API", param="tool_choice")


def _output(wanted: _Format | None) -> OutputSchema | None:
    match wanted:
        case None | _Format(type="text"):
            return None
        case _Format(type="json_object"):
            return OutputSchema()
        case _Format(type="json_schema", json_schema=_Schema(name=name, schema=schema, strict=strict)):
            return OutputSchema(name=name, schema=_unless_null(schema), is_strict=bool(strict))
        case _:
            raise Unsupported("this response_format cannot be carried to a model of another API", param="response_format.type")


def _stop(stop: str | list[str] | None) -> tuple[str, ...]:
    if stop is None:
        return ()
    return (stop,) if isinstance(stop, str) else tuple(stop)
