"""A Conversation as the body of a Responses request.

Nothing is left with the vendor: `store` is false, and thoughts come back encrypted. What the API cannot carry is refused, with
the field's name; what changes nothing in the answer is dropped, by the table below. Knows no HTTP.
"""

from collections.abc import Mapping
from typing import Any

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import (
    Conversation,
    Message,
    OutputSchema,
    Reasoning,
    Refusal,
    Signature,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from taskfit.wire.dialect import Written
from taskfit.wire.efforts import effort_of
from taskfit.wire.openai_responses.parts import annotation_of, input_part
from taskfit.wire.openai_responses.requests import DIALECT
from taskfit.wire.turns import FOREIGN_REASONING, at, body_of, with_own_reasoning

DROPPED: Mapping[str, str] = {
    "cache": "OpenAI caches prompts by itself",
    "is_error": "the output of a call says itself that it failed",
    FOREIGN_REASONING: "it means nothing to another vendor's model",
    "seed": "the API has none",
    "service_tier": "a tier of another vendor",
    "top_k": "the API has none; top_p narrows the choice, too",
    "user": "the API takes 64 characters",
}
"""What of the hub the API lacks and that does not change what is asked."""

MAX_USER_CHARS = 64
SERVICE_TIERS = frozenset({"auto", "default", "fast", "flex", "priority", "scale", "ultrafast"})

_ENCRYPTED = "reasoning.encrypted_content"
_LOGPROBS = "message.output_text.logprobs"


def write_conversation(conversation: Conversation, *, model: str, is_stream: bool) -> Written:
    """The body of a request; what the conversation does not say is absent.

    Errors: Unsupported for what the API cannot carry, InvalidRequest; both with `param`.
    """
    _refuse(conversation)
    own, foreign = with_own_reasoning(conversation, DIALECT)
    dropped = [*foreign, *_dropped(conversation)]
    messages = own.messages
    fields: dict[str, object] = {"model": model}
    if (instructions := _instructions(messages)) is not None:
        fields["instructions"] = instructions
        messages = messages[1:]
    skipped = len(own.messages) - len(messages)
    fields["input"] = [item for place, message in enumerate(messages, skipped) for item in _items(message, place)]
    fields |= {"store": False, **_tools(own), **_settings(own)}
    if is_stream:
        fields["stream"] = True
    return Written(body_of(fields), tuple(dropped))


def _refuse(conversation: Conversation) -> None:
    said = {
        "stop": bool(conversation.stop),
        "n": conversation.choices != 1,
        "frequency_penalty": bool(conversation.frequency_penalty),
        "presence_penalty": bool(conversation.presence_penalty),
    }
    for name, is_said in said.items():
        if is_said:
            raise Unsupported(f"{name}: OpenAI's Responses API has no such field", param=name)


def _dropped(conversation: Conversation) -> list[str]:
    parts = [part for message in conversation.messages for part in message.parts]
    is_cached = any(getattr(part, "cache", None) for part in (*parts, *conversation.tools))
    said = {
        "cache": is_cached,
        "is_error": any(isinstance(part, ToolResult) and part.is_error for part in parts),
        "seed": conversation.seed is not None,
        "service_tier": conversation.service_tier is not None and conversation.service_tier not in SERVICE_TIERS,
        "top_k": conversation.top_k is not None,
        "user": conversation.user is not None and len(conversation.user) > MAX_USER_CHARS,
    }
    return [name for name, is_dropped in said.items() if is_dropped]


def _instructions(messages: tuple[Message, ...]) -> str | None:
    """The text of a first system turn that is one text, unless it is all there is."""
    if len(messages) < 2 or messages[0].role != "system" or len(messages[0].parts) != 1:
        return None
    part = messages[0].parts[0]
    return part.text if isinstance(part, Text) and part.text else None


def _items(message: Message, place: int) -> list[dict[str, Any]]:
    if message.role == "assistant":
        return _assistant_items(message, place)
    items: list[dict[str, Any]] = []
    content: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            _flush(items, message.role, content)
            content = []
            items.append(_result(part, place))
        elif message.role == "system" and not isinstance(part, Text):
            raise Unsupported(f"{at(place)}: this model takes only text as instructions", param=at(place))
        else:
            content.append(input_part(part, at(place)))
    _flush(items, message.role, content)
    return items


def _assistant_items(message: Message, place: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    content: list[dict[str, Any]] = []
    for part in message.parts:
        match part:
            case Text():
                content.append(_output_text(part))
            case Refusal():
                content.append({"type": "refusal", "refusal": part.text})
            case Thinking(signature=Signature()) | ToolCall():
                _flush(items, "assistant", content)
                content = []
                items.append(_call(part) if isinstance(part, ToolCall) else _thought(part))
            case _:
                raise Unsupported(f"{at(place)}: a model of this API cannot have said this", param=at(place))
    _flush(items, "assistant", content)
    return items


def _flush(items: list[dict[str, Any]], role: str, content: list[dict[str, Any]]) -> None:
    if content:
        items.append({"type": "message", "role": role, "content": content})


def _output_text(text: Text) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "output_text", "text": text.text}
    if text.citations:
        written["annotations"] = [annotation_of(citation, len(text.text)) for citation in text.citations]
    return written


def _thought(thought: Thinking) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": thought.text}] if thought.text else []
    written: dict[str, Any] = {"type": "reasoning", "summary": summary}
    if thought.id is not None:
        written["id"] = thought.id
    if thought.signature is not None:
        written["encrypted_content"] = thought.signature.value
    return written


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = call.arguments if call.arguments.strip() else "{}"
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}


def _result(result: ToolResult, place: int) -> dict[str, Any]:
    output: object = result.text
    if len(result.parts) > 1 or any(not isinstance(part, Text) for part in result.parts):
        output = [input_part(part, at(place)) for part in result.parts]
    return {"type": "function_call_output", "call_id": result.call_id, "output": output}


def _tools(conversation: Conversation) -> dict[str, object]:
    fields: dict[str, object] = {}
    if conversation.tools:
        fields["tools"] = [_tool(tool) for tool in conversation.tools]
    choice = conversation.tool_choice
    if choice is not None:
        if not conversation.tools and choice.mode in ("required", "named"):
            raise InvalidRequest("tool_choice: a tool is asked for, but there are no tools", param="tool_choice")
        fields["tool_choice"] = {"type": "function", "name": choice.name} if choice.mode == "named" else choice.mode
    if conversation.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = conversation.parallel_tool_calls
    return fields


def _tool(tool: Tool) -> dict[str, object]:
    """`strict` is always said: without it the API makes a schema strict where it can."""
    fields: dict[str, object] = {"type": "function", "name": tool.name, "parameters": tool.schema, "strict": tool.is_strict}
    if tool.description is not None:
        fields["description"] = tool.description
    return fields


def _settings(conversation: Conversation) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name in ("max_output_tokens", "temperature", "top_p"):
        value = getattr(conversation, name)
        if value is not None:
            fields[name] = value
    if conversation.output is not None:
        fields["text"] = {"format": _format(conversation.output)}
    if conversation.reasoning is not None:
        fields |= _reasoning(conversation.reasoning)
    include = [_ENCRYPTED] if _thinks(conversation) else []
    if conversation.logprobs is not None:
        include.append(_LOGPROBS)
        fields["top_logprobs"] = conversation.logprobs
    if include:
        fields["include"] = include
    if conversation.service_tier in SERVICE_TIERS:
        fields["service_tier"] = conversation.service_tier
    if conversation.user is not None and len(conversation.user) <= MAX_USER_CHARS:
        fields["user"] = conversation.user
    return fields


def _format(output: OutputSchema) -> dict[str, object]:
    if output.schema is None:
        return {"type": "json_object"}
    fields: dict[str, object] = {
        "type": "json_schema", "name": output.name, "schema": output.schema, "strict": output.is_strict,
    }  # fmt: skip
    if output.description is not None:
        fields["description"] = output.description
    return fields


def _reasoning(wanted: Reasoning) -> dict[str, object]:
    """The model decides where it shall decide, and where nothing was said of how much."""
    effort = wanted.effort
    if effort is None and wanted.budget_tokens is not None:
        effort = effort_of(wanted.budget_tokens)
    fields: dict[str, object] = {} if effort is None else {"effort": effort}
    if wanted.is_shown:
        fields["summary"] = "auto"
    return {"reasoning": fields} if fields else {}


def _thinks(conversation: Conversation) -> bool:
    """Whether thoughts are to be expected: then they must come back in a form that can be sent again."""
    wanted = conversation.reasoning
    if wanted is not None:
        return wanted.effort != "none" and wanted.budget_tokens != 0
    return any(isinstance(part, Thinking) for message in conversation.messages for part in message.parts)
