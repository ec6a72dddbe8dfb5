"""A Conversation as the body of `POST /v1/messages`.

What the API cannot carry is refused, with the field's name. Knows no HTTP.
"""

import hashlib
import re

import msgspec

from taskfit import errors
from taskfit.values.conversation import Conversation, Image, OutputSchema, Part, Text, Tool, ToolCall, ToolResult
from taskfit.wire.turns import Turn, arguments_of, at, body_of, instructions, turns

IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")

_PLAIN_ID = re.compile(r"[a-zA-Z0-9_-]+")


def write_request(conversation: Conversation, *, model: str, is_stream: bool, default_max_tokens: int) -> bytes:
    """The body of a request; what the conversation does not say is absent, but for `max_tokens`, which must be there.

    Errors: Unsupported for what the API cannot carry, InvalidRequest for a history that it cannot take; both with `param`.
    """
    max_tokens = conversation.max_output_tokens
    fields: dict[str, object] = {
        "model": model,
        "max_tokens": default_max_tokens if max_tokens is None else max_tokens,
        "messages": [_message(turn) for turn in turns(conversation)],
    }
    if system := instructions(conversation):
        fields["system"] = system
    fields.update(_sampling(conversation))
    if conversation.tools:
        fields["tools"] = [_tool(tool) for tool in conversation.tools]
    if (choice := _tool_choice(conversation)) is not None:
        fields["tool_choice"] = choice
    if conversation.output is not None:
        fields["output_config"] = {"format": {"type": "json_schema", "schema": _output_schema(conversation.output)}}
    if is_stream:
        fields["stream"] = True
    return body_of(fields)


def _sampling(conversation: Conversation) -> dict[str, object]:
    fields: dict[str, object] = {}
    if conversation.temperature is not None:
        if conversation.temperature > 1:
            raise errors.Unsupported(
                f"temperature: this model takes 0 to 1, not {conversation.temperature:g}", param="temperature"
            )
        fields["temperature"] = conversation.temperature
    if conversation.top_p is not None:
        fields["top_p"] = conversation.top_p
    if conversation.stop:
        fields["stop_sequences"] = conversation.stop
    return fields


def _message(turn: Turn) -> dict[str, object]:
    return {"role": turn.side, "content": [_block(part, place, turn) for place, part in turn.parts]}


def _block(part: Part, place: int, turn: Turn) -> dict[str, object]:
    match part:
        case Text():
            return {"type": "text", "text": part.text}
        case Image():
            if turn.side == "assistant":
                raise errors.Unsupported(f"{at(place)}: this model takes images only from the user", param=at(place))
            return {"type": "image", "source": _image_source(part, place)}
        case ToolCall():
            return {"type": "tool_use", "id": _call_id(part.id), "name": part.name, "input": arguments_of(part, place)}
        case ToolResult():
            return {"type": "tool_result", "tool_use_id": _call_id(part.call_id), "content": part.text}


def _image_source(image: Image, place: int) -> dict[str, object]:
    if image.data is None:
        return {"type": "url", "url": image.url}
    if image.media_type not in IMAGE_TYPES:
        raise errors.Unsupported(
            f"{at(place)}: this model takes images of the types {', '.join(IMAGE_TYPES)}, not {str(image.media_type)[:40]!r}",
            param=at(place),
        )
    return {"type": "base64", "media_type": image.media_type, "data": image.data}


def _call_id(call_id: str) -> str:
    """The id as the API allows it; one of another vendor's with other characters becomes a digest, in call and result alike."""
    if _PLAIN_ID.fullmatch(call_id):
        return call_id
    return "call_" + hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _tool(tool: Tool) -> dict[str, object]:
    fields: dict[str, object] = {"name": tool.name, "input_schema": tool.schema}
    if tool.description is not None:
        fields["description"] = tool.description
    if tool.is_strict:
        fields["strict"] = True
    return fields


def _tool_choice(conversation: Conversation) -> dict[str, object] | None:
    """None where nothing was said that the API would not do anyway."""
    choice = conversation.tool_choice
    if not conversation.tools:
        if choice is not None and choice.mode in ("required", "named"):
            raise errors.InvalidRequest("tool_choice: a tool is asked for, but there are no tools", param="tool_choice")
        return None
    is_serial = conversation.parallel_tool_calls is False
    if choice is None and not is_serial:
        return None
    mode = "auto" if choice is None else choice.mode
    if mode == "none":
        return {"type": "none"}
    fields: dict[str, object] = {"type": {"auto": "auto", "required": "any", "named": "tool"}[mode]}
    if mode == "named" and choice is not None:
        fields["name"] = choice.name
    if is_serial:
        fields["disable_parallel_tool_use"] = True
    return fields


def _output_schema(output: OutputSchema) -> msgspec.Raw:
    if output.schema is None:
        raise errors.Unsupported("response_format: this model needs a JSON Schema for JSON output", param="response_format")
    return output.schema
