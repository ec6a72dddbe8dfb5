"""A Messages request in the hub's words, for upstreams of another dialect.

What the hub cannot carry is refused, with the field's name; what changes nothing in the answer is dropped, by the table below
and those of blocks.py and tools.py.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Raw

from taskfit.errors import Unsupported
from taskfit.values.conversation import Conversation, Effort, Message, OutputSchema, Reasoning, Speaker, Text
from taskfit.values.request import Request
from taskfit.wire.anthropic_messages.blocks import Content, content_blocks, read_content
from taskfit.wire.anthropic_messages.tools import Offered
from taskfit.wire.anthropic_messages.words import SERVICE_TIERS
from taskfit.wire.bodies import field, is_said
from taskfit.wire.crossing import dropped_fields

CARRIED = frozenset({
    "max_tokens", "messages", "metadata", "model", "output_config", "output_config.effort", "output_config.format",
    "output_format", "service_tier", "stop_sequences", "stream", "system", "temperature", "thinking", "tool_choice", "tools",
    "top_k", "top_p",
})  # fmt: skip

DROPPED: Mapping[str, str] = {
    "billing_policy": "says who pays the vendor",
    "cache_control": "marks the whole request for the vendor's cache; marks at parts are carried",
    "compaction": "sums up long histories on the vendor's servers; the history is sent as it is",
    "context_management": "clears old parts of the history on the vendor's servers; the history is sent as it is",
    "diagnostics": "asks for the reasons of cache misses at the vendor",
    "fallback_credit_token": "pays for the vendor's own fallback",
    "fallbacks": "names the vendor's own fallback models; ladders are configured in the gateway",
    "speed": "a faster tier of the vendor",
    "user_profile_id": "bookkeeping of the vendor",
    "output_config.task_budget": "a hint for the vendor's own models how long a task may take",
    "messages.output_config": "the effort for one turn; that of the request holds",
}
"""Fields that another dialect lacks and that do not change what is asked, with the reason."""

_HARMLESS: Mapping[str, tuple[bytes, ...]] = {"inference_geo": (b'"global"',), "mcp_servers": (b"[]",), "container": (b"{}",)}
_NULL = Raw(b"null")


class _Message(msgspec.Struct):
    role: str
    content: Raw = _NULL
    clear_at: str | None = None
    output_config: Raw = _NULL


class _Thinking(msgspec.Struct):
    type: str
    budget_tokens: int | None = None
    display: Literal["summarized", "omitted"] | None = None


class _Format(msgspec.Struct):
    type: str
    schema: Raw = _NULL


class _OutputConfig(msgspec.Struct):
    effort: Effort | None = None
    format: _Format | None = None


class _Metadata(msgspec.Struct):
    user_id: str | None = None


def read_conversation(request: Request) -> Conversation:
    """The request in the hub's words.

    Errors: Unsupported, with `param`, for a field that the hub cannot carry; InvalidRequest for one of the wrong type.
    """
    if request.outline.max_output_tokens == 0:
        raise Unsupported("max_tokens: only models of this API take 0, which fills their cache", param="max_tokens")
    dropped = dropped_fields(_fields(request), carried=CARRIED, table=DROPPED, harmless=_HARMLESS)
    offered = Offered(dropped)
    for index, tool in enumerate(field(request, "tools", list[Raw]) or ()):
        offered.declare(tool, f"tools[{index}]")
    messages = (*_system(request, dropped), *_messages(request, offered, dropped))
    choice, is_parallel = offered.choose(request.fields.get("tool_choice", _NULL))
    config = field(request, "output_config", _OutputConfig) or _OutputConfig()
    metadata = field(request, "metadata", _Metadata)
    return Conversation(
        messages=messages,
        tools=offered.tools,
        tool_choice=choice,
        output=_output(config.format or field(request, "output_format", _Format)),
        max_output_tokens=request.outline.max_output_tokens,
        temperature=field(request, "temperature", float),
        top_p=field(request, "top_p", float),
        top_k=field(request, "top_k", int),
        stop=tuple(field(request, "stop_sequences", list[str]) or ()),
        parallel_tool_calls=is_parallel,
        reasoning=_reasoning(field(request, "thinking", _Thinking), config.effort),
        service_tier=_service_tier(field(request, "service_tier", str)),
        user=metadata.user_id if metadata else None,
        dropped=tuple(dict.fromkeys(dropped)),
    )


def _fields(request: Request) -> Mapping[str, Raw]:
    """The request's fields, and those inside its `output_config` by their paths."""
    config = field(request, "output_config", dict[str, Raw]) or {}
    return {**request.fields, **{f"output_config.{name}": value for name, value in config.items()}}


def _system(request: Request, dropped: list[str]) -> tuple[Message, ...]:
    parts = read_content(request.fields.get("system", _NULL), "system", dropped)
    return (Message(role="system", parts=_only_text(parts, "system")),) if parts else ()


def _messages(request: Request, offered: Offered, dropped: list[str]) -> Iterator[Message]:
    messages: list[_Message] = field(request, "messages", list[_Message]) or []
    last_user = max([index for index, message in enumerate(messages) if message.role == "user"], default=-1)
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        if message.role != "system":
            yield Message(role=_role(message.role, place), parts=read_content(message.content, f"{place}.content", dropped))
            continue
        if is_said(message.output_config):
            dropped.append("messages.output_config")
        is_gone = message.clear_at == "next_user_message" and index < last_user
        texts = _instructions(message.content, f"{place}.content", offered)
        if texts and not is_gone:
            yield Message(role="system", parts=texts)


def _instructions(content: Raw, place: str, offered: Offered) -> tuple[Text, ...]:
    """The texts of a system message among the others; its changes of the tools are made."""
    texts: list[Text] = []
    for at, block in content_blocks(content, place):
        if block.type in ("tool_addition", "tool_removal"):
            offered.change(block, at)
        elif block.type == "text":
            texts.append(_text(block))
        else:
            raise Unsupported(f"{at}: only text can be carried as instructions", param=at)
    return tuple(texts)


def _text(block: Content) -> Text:
    return Text(text=block.text or "", cache=block.cache)


def _only_text(parts: tuple[Any, ...], place: str) -> tuple[Text, ...]:
    for index, part in enumerate(parts):
        if not isinstance(part, Text):
            raise Unsupported(f"{place}[{index}]: only text can be carried as instructions", param=f"{place}[{index}]")
    return parts


def _role(role: str, place: str) -> Speaker:
    match role:
        case "user" | "assistant":
            return role
        case _:
            raise Unsupported(
                f"{place}: the role {role[:40]!r} cannot be carried to a model of another API", param=f"{place}.role"
            )


def _output(wanted: _Format | None) -> OutputSchema | None:
    """This API holds every answer to the schema strictly."""
    if wanted is None:
        return None
    if wanted.type != "json_schema" or not is_said(wanted.schema):
        raise Unsupported("this output format cannot be carried to a model of another API", param="output_config.format")
    return OutputSchema(schema=wanted.schema, is_strict=True)


def _reasoning(thinking: _Thinking | None, effort: Effort | None) -> Reasoning | None:
    if thinking is None:
        return None if effort is None else Reasoning(effort=effort)
    is_shown = None if thinking.display is None else thinking.display == "summarized"
    match thinking.type:
        case "disabled":
            return Reasoning(effort="none")
        case "enabled":
            return Reasoning(effort=effort, budget_tokens=thinking.budget_tokens, is_shown=is_shown)
        case "adaptive" | "between_tools":
            return Reasoning(effort=effort, is_adaptive=True, is_shown=is_shown)
        case _:
            raise Unsupported(
                f"thinking.type: {thinking.type[:40]!r} cannot be carried to a model of another API", param="thinking.type"
            )


def _service_tier(tier: str | None) -> str | None:
    return None if tier is None else SERVICE_TIERS.get(tier, tier)
