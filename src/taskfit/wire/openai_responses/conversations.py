"""A Responses request in the hub's words, for upstreams of another dialect.

Items become turns: what the model said, thought and called between two words of the other side is one turn of the assistant; the
output of each call is a turn of the user's. What the hub cannot carry is refused with the field's name; what changes nothing in
the answer is dropped, by the tables below.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import (
    Conversation,
    Effort,
    Message,
    OutputSchema,
    Part,
    Reasoning,
    Signature,
    Speaker,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from taskfit.values.request import Request
from taskfit.wire.bodies import field, is_said, member
from taskfit.wire.crossing import dropped_fields
from taskfit.wire.openai_responses.parts import read_output, read_parts
from taskfit.wire.openai_responses.requests import DIALECT
from taskfit.wire.openai_responses.tools import ReadTools, ToolNames, custom_arguments, read_tools
from taskfit.wire.signatures import unseal_or_none

CARRIED = frozenset({
    "include", "input", "instructions", "max_output_tokens", "model", "parallel_tool_calls", "reasoning", "safety_identifier",
    "service_tier", "store", "stream", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "user",
})  # fmt: skip

DROPPED: Mapping[str, str] = {
    "client_metadata": "bookkeeping of the client",
    "context_management": "OpenAI's way to shorten a long conversation; the model sees all of it",
    "include": "what OpenAI's own tools found",
    "image": "how OpenAI compresses images",
    "input[].content[].detail": "how finely OpenAI renders a file",
    "input[].phase": "marks what was said on the way to an answer",
    "max_tool_calls": "limits OpenAI's own tools only",
    "metadata": "bookkeeping of the client",
    "prompt_cache_key": "OpenAI's cache; it names the session for the gateway",
    "prompt_cache_options": "OpenAI's cache",
    "prompt_cache_retention": "OpenAI's cache",
    "reasoning.context": "which thoughts OpenAI shows to its model again",
    "reasoning.mode": "how OpenAI runs its model",
    "stream_options": "padding against eavesdroppers on the lengths of events",
    "text.verbosity": "no other vendor has it",
    "truncation": "a conversation that is too long is refused, not cut",
}
"""Fields that the hub has no word for and that do not change what is asked."""

DROPPED_ITEMS: Mapping[str, str] = dict.fromkeys(
    ("code_interpreter_call", "file_search_call", "image_generation_call", "mcp_approval_request", "mcp_approval_response",
     "mcp_call", "mcp_list_tools", "tool_search_call", "tool_search_output", "web_search_call"),
    "what OpenAI's own tools did; the model's words about it stay",
)  # fmt: skip
"""Items of the input that another vendor's model cannot be shown."""

CALL_MARK = "call:"
"""Before a foreign signature that belongs to a call, then the call's id, percent-encoded, and a colon: clients keep what proves
thoughts, but nothing of the kind beside a call."""

_HARMLESS: Mapping[str, tuple[bytes, ...]] = {"background": (b"false",)}
_EFFORTS: Mapping[str, Effort] = {
    "none": "none", "minimal": "minimal", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max",
}  # fmt: skip
_SPEAKERS: Mapping[str, Speaker] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_LOGPROBS = "message.output_text.logprobs"
_INCLUDED = (_LOGPROBS, "reasoning.encrypted_content")


class _Kind(msgspec.Struct):
    type: str = "message"


class _MessageItem(msgspec.Struct):
    role: str
    content: Raw
    phase: Raw = Raw()


class _Words(msgspec.Struct):
    text: str = ""


class _Thought(msgspec.Struct):
    id: str | None = None
    summary: list[_Words] | None = None
    content: list[_Words] | None = None
    encrypted_content: str | None = None


class _Call(msgspec.Struct):
    call_id: str
    name: str
    arguments: str = ""
    input: str = ""
    namespace: str | None = None


class _Output(msgspec.Struct):
    call_id: str
    output: Raw


class _Choice(msgspec.Struct):
    type: str
    name: str | None = None
    namespace: str | None = None
    mode: str = "auto"
    tools: list[Raw] | None = None


class _Format(msgspec.Struct):
    type: str = "text"
    name: str = "answer"
    schema: Raw = Raw()
    description: str | None = None
    strict: bool | None = None


class _TextSettings(msgspec.Struct):
    format: _Format | None = None
    verbosity: Raw = Raw()


class _ReasoningSettings(msgspec.Struct):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None
    context: Raw = Raw()
    mode: Raw = Raw()


def read_conversation(request: Request) -> Conversation:
    """The request in the hub's words.

    Errors: Unsupported, with `param`, for what the hub cannot carry; InvalidRequest for a field of the wrong type.
    """
    dropped = dropped_fields(request.fields, carried=CARRIED, table=DROPPED, harmless=_HARMLESS)
    read = read_tools(request)
    tools, choice = _choice(request, read)
    if not tools and read.dropped and choice is not None and choice.mode in ("required", "named"):
        raise Unsupported("tools: none of them can be carried to a model of another API, but one must be called", param="tools")
    history = _History(read.names)
    history.read(request)
    text = field(request, "text", _TextSettings) or _TextSettings()
    reasoning, dropped_reasoning = _reasoning(field(request, "reasoning", _ReasoningSettings))
    if any(name not in _INCLUDED for name in field(request, "include", list[Any]) or ()):
        dropped.append("include")
    if is_said(text.verbosity):
        dropped.append("text.verbosity")
    return Conversation(
        messages=history.messages(),
        tools=tools,
        tool_choice=choice,
        output=_output(text.format),
        max_output_tokens=request.outline.max_output_tokens,
        temperature=field(request, "temperature", float),
        top_p=field(request, "top_p", float),
        logprobs=_logprobs(request),
        parallel_tool_calls=field(request, "parallel_tool_calls", bool),
        reasoning=reasoning,
        service_tier=field(request, "service_tier", str),
        user=field(request, "user", str) or field(request, "safety_identifier", str),
        dropped=(*dropped, *dropped_reasoning, *read.dropped, *history.dropped),
    )


class _History:
    """Turns in the making. `_open` holds the parts of the assistant's turn that has not ended."""

    def __init__(self, names: ToolNames) -> None:
        self.dropped: list[str] = []
        self._names = names
        self._messages: list[Message] = []
        self._open: list[Part] = []
        self._call_signatures: dict[str, Signature] = {}
        self._readers: Mapping[str, Callable[[Raw, str], None]] = {
            "message": self._message,
            "reasoning": self._thought,
            "function_call": self._call,
            "custom_tool_call": self._custom_call,
            "function_call_output": self._result,
            "custom_tool_call_output": self._result,
        }

    def read(self, request: Request) -> None:
        instructions = field(request, "instructions", str)
        if instructions:
            self._add("system", (Text(text=instructions),))
        said = field(request, "input", str | list[Raw])
        if isinstance(said, str):
            self._add("user", (Text(text=said),))
            return
        for index, raw in enumerate(said or ()):
            self._item(raw, f"input[{index}]")

    def messages(self) -> tuple[Message, ...]:
        self._close()
        return tuple(self._messages)

    def _item(self, raw: Raw, place: str) -> None:
        kind = member(raw, _Kind, place).type
        read = self._readers.get(kind)
        if read is not None:
            read(raw, place)
        elif kind in DROPPED_ITEMS:
            self.dropped.append(f"{place} ({kind})")
        else:
            raise Unsupported(f"{place}: an item of type {kind[:40]!r} cannot be carried to a model of another API", param=place)

    def _message(self, raw: Raw, place: str) -> None:
        item = member(raw, _MessageItem, place)
        role = _SPEAKERS.get(item.role)
        if role is None:
            text = f"{place}: the role {item.role[:40]!r} cannot be carried to a model of another API"
            raise Unsupported(text, param=f"{place}.role")
        if is_said(item.phase):
            self.dropped.append(f"{place}.phase")
        self._add(role, read_parts(item.content, role, f"{place}.content", self.dropped))

    def _thought(self, raw: Raw, place: str) -> None:
        item = member(raw, _Thought, place)
        signature = unseal_or_none(item.encrypted_content, DIALECT)
        text = "\n\n".join([words.text for words in item.summary or item.content or ()])
        if signature is not None and signature.origin != DIALECT and signature.value.startswith(CALL_MARK):
            call_id, _, value = signature.value.removeprefix(CALL_MARK).partition(":")
            self._call_signatures[unquote(call_id)] = Signature(origin=signature.origin, value=value)
        elif text or signature is not None:
            self._open.append(Thinking(text=text, signature=signature, is_redacted=not text, id=item.id))

    def _call(self, raw: Raw, place: str) -> None:
        item = member(raw, _Call, place)
        self._add_call(item, item.arguments)

    def _custom_call(self, raw: Raw, place: str) -> None:
        item = member(raw, _Call, place)
        self._add_call(item, custom_arguments(item.input))

    def _add_call(self, item: _Call, arguments: str) -> None:
        name = self._names.hub_name(item.name, item.namespace)
        signature = self._call_signatures.get(item.call_id)
        self._open.append(ToolCall(id=item.call_id, name=name, arguments=arguments, signature=signature))

    def _result(self, raw: Raw, place: str) -> None:
        item = member(raw, _Output, place)
        parts = read_output(item.output, f"{place}.output", self.dropped)
        self._add("user", (ToolResult(call_id=item.call_id, parts=parts),))

    def _add(self, role: Speaker, parts: tuple[Part, ...]) -> None:
        if role == "assistant":
            self._open += parts
            return
        self._close()
        self._messages.append(Message(role=role, parts=parts))

    def _close(self) -> None:
        if self._open:
            self._messages.append(Message(role="assistant", parts=tuple(self._open)))
            self._open = []


def _choice(request: Request, read: ReadTools) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """The choice, and the tools that it leaves: `allowed_tools` takes away all others."""
    tools, names = read.tools, read.names
    choice = field(request, "tool_choice", str | _Choice)
    match choice:
        case None:
            return tools, None
        case "auto" | "none" | "required":
            return tools, ToolChoice(mode=choice)
        case _Choice(type="function" | "custom", name=str(name)):
            return tools, ToolChoice(mode="named", name=names.hub_name(name, choice.namespace))
        case _Choice(type="allowed_tools", mode="auto" | "required" as mode):
            asked = [member(raw, _Choice, "tool_choice.tools") for raw in choice.tools or ()]
            allowed = {names.hub_name(each.name, each.namespace) for each in asked if each.name is not None}
            return tuple([tool for tool in tools if tool.name in allowed]), ToolChoice(mode=mode)
        case _:
            raise Unsupported("this tool_choice cannot be carried to a model of another API", param="tool_choice")


def _output(wanted: _Format | None) -> OutputSchema | None:
    match wanted:
        case None | _Format(type="text"):
            return None
        case _Format(type="json_object"):
            return OutputSchema()
        case _Format(type="json_schema"):
            if not is_said(wanted.schema):
                raise InvalidRequest("text.format.schema: expected a JSON Schema", param="text.format.schema")
            return OutputSchema(
                name=wanted.name, schema=wanted.schema, description=wanted.description, is_strict=bool(wanted.strict)
            )
        case _:
            raise Unsupported("this text.format cannot be carried to a model of another API", param="text.format.type")


def _reasoning(wanted: _ReasoningSettings | None) -> tuple[Reasoning | None, tuple[str, ...]]:
    if wanted is None:
        return None, ()
    dropped = [f"reasoning.{name}" for name in ("context", "mode") if is_said(getattr(wanted, name))]
    if wanted.effort is not None and wanted.effort not in _EFFORTS:
        raise Unsupported(f"reasoning.effort: {wanted.effort[:40]!r} is none that other models know", param="reasoning.effort")
    effort = _EFFORTS[wanted.effort] if wanted.effort is not None else None
    is_shown = True if wanted.summary or wanted.generate_summary else None
    said: Reasoning | None = Reasoning(effort=effort, is_shown=is_shown) if effort or is_shown else None
    return said, tuple(dropped)


def _logprobs(request: Request) -> int | None:
    """How many alternatives for each token: asked for by `include`, or by a number above 0 alone."""
    alternatives: int | None = field(request, "top_logprobs", int)
    included: list[Any] = field(request, "include", list[Any]) or []
    if _LOGPROBS in included:
        return alternatives or 0
    return alternatives or None
