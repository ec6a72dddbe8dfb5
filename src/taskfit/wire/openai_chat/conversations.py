"""A chat completion request in the hub's words, for upstreams of another dialect.

What the hub cannot carry is refused, with the field's name; what changes nothing in the answer is dropped, by the table below.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import Conversation, Effort, OutputSchema, Reasoning, Tool, ToolChoice
from taskfit.values.request import Request
from taskfit.wire.bodies import field, is_said
from taskfit.wire.crossing import dropped_fields
from taskfit.wire.openai_chat.calls import CUSTOM_SCHEMA
from taskfit.wire.openai_chat.messages import CacheControl, WireMessage, cache_of, read_messages

CARRIED = frozenset({
    "frequency_penalty", "function_call", "functions", "logprobs", "max_completion_tokens", "max_tokens", "messages", "model",
    "n", "parallel_tool_calls", "presence_penalty", "reasoning", "reasoning_effort", "response_format", "safety_identifier",
    "seed", "service_tier", "stop", "stream", "stream_options", "temperature", "thinking", "tool_choice", "tools", "top_k",
    "top_logprobs", "top_p", "user",
})  # fmt: skip
DROPPED: Mapping[str, str] = {
    "messages[].name": "names of participants, which other APIs lack; a name that matters belongs into the text",
    "metadata": "labels for the vendor's own dashboard",
    "prediction": "a hint that makes the same answer come faster",
    "prompt_cache_key": "where the vendor keeps a cached prompt; the gateway uses it to stay with one upstream",
    "prompt_cache_options": "how the vendor caches prompts",
    "prompt_cache_retention": "how long the vendor keeps a cached prompt",
    "provider": "routing inside OpenRouter",
    "store": "whether the vendor keeps the answer for its dashboard",
    "tools[].format": "the grammar of a custom tool's input: the tool is offered as a function that takes any text",
    "transforms": "prompt compression inside OpenRouter",
    "usage": "OpenRouter's switch for costs in the usage",
    "verbosity": "a wish for shorter or longer answers, which other APIs have no word for",
}
"""Fields that the hub has no word for and that do not change what is asked, with the reason for a person."""

_HARMLESS: Mapping[str, tuple[bytes, ...]] = {"logit_bias": (b"{}",), "modalities": (b'["text"]',)}
"""Values that ask for nothing."""

_EFFORTS: Mapping[str, Effort] = {
    "none": "none", "minimal": "minimal", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max",
}  # fmt: skip
_NULL = Raw(b"null")
_NO_ARGUMENTS = Raw(b'{"type":"object","properties":{}}')


class _FunctionTool(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: Raw = _NULL
    strict: bool | None = None


class _CustomTool(msgspec.Struct):
    name: str
    description: str | None = None
    format: Raw = _NULL


class _Tool(msgspec.Struct):
    type: str
    function: _FunctionTool | None = None
    custom: _CustomTool | None = None
    cache_control: CacheControl | None = None


class _Named(msgspec.Struct):
    name: str


class _Allowed(msgspec.Struct):
    mode: str
    tools: list["_Choice"]


class _Choice(msgspec.Struct):
    type: str = "function"
    function: _Named | None = None
    custom: _Named | None = None
    allowed_tools: _Allowed | None = None


class _Schema(msgspec.Struct):
    name: str = "answer"
    schema: Raw = _NULL
    description: str | None = None
    strict: bool | None = None


class _Format(msgspec.Struct):
    type: str
    json_schema: _Schema | None = None


class _Thinking(msgspec.Struct):
    type: str
    budget_tokens: int | None = None


class _Reasoning(msgspec.Struct):
    effort: str | None = None
    max_tokens: int | None = None
    exclude: bool | None = None
    enabled: bool | None = None


def read_conversation(request: Request) -> Conversation:
    """The request in the hub's words.

    Errors: Unsupported, with `param`, for a field that the hub cannot carry; InvalidRequest for one of the wrong type.
    """
    dropped = dropped_fields(request.fields, carried=CARRIED, table=DROPPED, harmless=_HARMLESS)
    messages: list[WireMessage] = field(request, "messages", list[WireMessage]) or []
    if any(message.name is not None and message.role not in ("function", "tool") for message in messages):
        dropped.append("messages[].name")
    tools, choice = _tools(request, dropped)
    if choice is not None and choice.mode in ("required", "named") and not tools:
        raise InvalidRequest("tool_choice: asks for a call, and there is no tool to call", param="tool_choice")
    is_legacy = not is_said(request.fields.get("tools")) and bool(tools)
    return Conversation(
        messages=tuple(read_messages(messages)),
        tools=tools,
        tool_choice=choice,
        output=_output(field(request, "response_format", _Format)),
        max_output_tokens=request.outline.max_output_tokens,
        temperature=field(request, "temperature", float),
        top_p=field(request, "top_p", float),
        top_k=field(request, "top_k", int),
        stop=_stop(field(request, "stop", str | list[str])),
        seed=field(request, "seed", int),
        choices=request.outline.choices,
        frequency_penalty=field(request, "frequency_penalty", float) or None,
        presence_penalty=field(request, "presence_penalty", float) or None,
        logprobs=(field(request, "top_logprobs", int) or 0) if field(request, "logprobs", bool) else None,
        parallel_tool_calls=False if is_legacy else field(request, "parallel_tool_calls", bool),
        reasoning=_reasoning(request),
        service_tier=field(request, "service_tier", str),
        user=field(request, "safety_identifier", str) or field(request, "user", str),
        dropped=tuple(dropped),
    )


def _tools(request: Request, dropped: list[str]) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    if not is_said(request.fields.get("tools")) and is_said(request.fields.get("functions")):
        functions: list[_FunctionTool] = field(request, "functions", list[_FunctionTool])
        wanted: str | _Named | None = field(request, "function_call", str | _Named)
        choice = _Choice(function=wanted) if isinstance(wanted, _Named) else wanted
        return tuple([_function(function) for function in functions]), _tool_choice(choice)
    offered: list[_Tool] = field(request, "tools", list[_Tool]) or []
    if any(tool.custom is not None and is_said(tool.custom.format) and _is_grammar(tool.custom.format) for tool in offered):
        dropped.append("tools[].format")
    tools = tuple([_tool(tool, f"tools[{index}]") for index, tool in enumerate(offered)])
    given: str | _Choice | None = field(request, "tool_choice", str | _Choice)
    if isinstance(given, _Choice) and given.allowed_tools is not None:
        return _allowed(tools, given.allowed_tools)
    return tools, _tool_choice(given)


def _is_grammar(form: Raw) -> bool:
    return b'"grammar"' in bytes(form)


def _tool(tool: _Tool, place: str) -> Tool:
    cache = cache_of(tool.cache_control)
    if tool.type == "function" and tool.function is not None:
        return msgspec.structs.replace(_function(tool.function), cache=cache)
    if tool.type == "custom" and tool.custom is not None:
        return Tool(name=tool.custom.name, description=tool.custom.description, schema=CUSTOM_SCHEMA, cache=cache)
    raise Unsupported(f"{place}: a tool of type {tool.type[:40]!r} cannot be carried to a model of another API", param=place)


def _function(function: _FunctionTool) -> Tool:
    schema = _unless_null(function.parameters) or _NO_ARGUMENTS
    return Tool(name=function.name, description=function.description, schema=schema, is_strict=bool(function.strict))


def _unless_null(raw: Raw) -> Raw | None:
    return None if bytes(raw) == b"null" else raw


def _allowed(tools: tuple[Tool, ...], allowed: _Allowed) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """Only the tools that the model may use now: other APIs have no list beside the list."""
    names = {named.name for choice in allowed.tools if (named := choice.function or choice.custom) is not None}
    return tuple([tool for tool in tools if tool.name in names]), _tool_choice(allowed.mode)


def _tool_choice(choice: str | _Choice | None) -> ToolChoice | None:
    match choice:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(mode=choice)
        case _Choice(type="function", function=_Named(name=name)) | _Choice(type="custom", custom=_Named(name=name)):
            return ToolChoice(mode="named", name=name)
        case _:
            raise Unsupported("this tool_choice cannot be carried to a model of another API", param="tool_choice")


def _output(wanted: _Format | None) -> OutputSchema | None:
    match wanted:
        case None | _Format(type="text"):
            return None
        case _Format(type="json_object"):
            return OutputSchema()
        case _Format(type="json_schema", json_schema=_Schema() as asked):
            schema = _unless_null(asked.schema)
            return OutputSchema(name=asked.name, schema=schema, description=asked.description, is_strict=bool(asked.strict))
        case _:
            raise Unsupported("this response_format cannot be carried to a model of another API", param="response_format.type")


def _stop(stop: str | list[str] | None) -> tuple[str, ...]:
    if stop is None:
        return ()
    return (stop,) if isinstance(stop, str) else tuple(stop)


def _reasoning(request: Request) -> Reasoning | None:
    """OpenAI's effort; beside it `thinking` as at Anthropic and DeepSeek, and `reasoning` as at OpenRouter, which many send."""
    effort: str | None = field(request, "reasoning_effort", str)
    thinking: _Thinking | None = field(request, "thinking", _Thinking)
    more: _Reasoning | None = field(request, "reasoning", _Reasoning)
    if effort is None and thinking is None and more is None:
        return None
    more = more or _Reasoning()
    thinking = thinking or _Thinking(type="")
    is_off = thinking.type == "disabled" or more.enabled is False
    return Reasoning(
        effort="none" if is_off else _effort(effort or more.effort),
        budget_tokens=_budget(thinking.budget_tokens or more.max_tokens),
        is_adaptive=thinking.type == "adaptive" or (thinking.type == "enabled" and thinking.budget_tokens is None),
        is_shown=None if more.exclude is None else not more.exclude,
    )


def _budget(tokens: int | None) -> int | None:
    if tokens is not None and tokens < 0:
        raise InvalidRequest("thinking.budget_tokens: must not be negative", param="thinking.budget_tokens")
    return tokens


def _effort(name: str | None) -> Effort | None:
    if name is None:
        return None
    effort = _EFFORTS.get(name)
    if effort is None:
        wanted = ", ".join(_EFFORTS)
        raise InvalidRequest(f"reasoning_effort: found {name[:40]!r}, wanted one of {wanted}", param="reasoning_effort")
    return effort
