"""A Conversation as the body of `generateContent` and `streamGenerateContent`.

The model and the wish for a stream are in the path, which is not written here. What the API cannot carry is refused, with the
field's name. Knows no HTTP.
"""

from taskfit import errors
from taskfit.values.conversation import Conversation, Image, Part, Text, Tool, ToolCall, ToolResult
from taskfit.wire.turns import Turn, arguments_of, at, body_of, instructions, turns

UNSIGNED = "skip_thought_signature_validator"
"""From Gemini 3 on, the first call of a model's turn needs a signature; Google documents this word for a call that has none."""


def write_request(conversation: Conversation, *, model: str) -> bytes:
    """The body of a request; what the conversation does not say is absent. `model` only decides what its history needs.

    Errors: Unsupported for what the API cannot carry, InvalidRequest for a history that it cannot take; both with `param`.
    """
    names: dict[str, str] = {}
    needs_signature = not model.removeprefix("models/").startswith(("gemini-1", "gemini-2"))
    contents = [_content(turn, names, needs_signature=needs_signature) for turn in turns(conversation)]
    fields: dict[str, object] = {"contents": contents}
    if system := instructions(conversation):
        fields["systemInstruction"] = {"parts": [{"text": system}]}
    if conversation.tools:
        fields["tools"] = [{"functionDeclarations": [_tool(tool) for tool in conversation.tools]}]
    if (calling := _calling(conversation)) is not None:
        fields["toolConfig"] = {"functionCallingConfig": calling}
    if generation := _generation(conversation):
        fields["generationConfig"] = generation
    return body_of(fields)


def _generation(conversation: Conversation) -> dict[str, object]:
    fields: dict[str, object] = {}
    if conversation.max_output_tokens is not None:
        fields["maxOutputTokens"] = conversation.max_output_tokens
    if conversation.temperature is not None:
        fields["temperature"] = conversation.temperature
    if conversation.top_p is not None:
        fields["topP"] = conversation.top_p
    if conversation.stop:
        fields["stopSequences"] = conversation.stop
    if conversation.output is not None:
        fields["responseMimeType"] = "application/json"
        if conversation.output.schema is not None:
            fields["responseJsonSchema"] = conversation.output.schema
    return fields


def _content(turn: Turn, names: dict[str, str], *, needs_signature: bool) -> dict[str, object]:
    parts: list[dict[str, object]] = []
    for place, part in turn.parts:
        written = _part(part, place, names)
        if needs_signature and isinstance(part, ToolCall):
            written["thoughtSignature"] = UNSIGNED
            needs_signature = False
        parts.append(written)
    return {"role": "model" if turn.side == "assistant" else "user", "parts": parts}


def _part(part: Part, place: int, names: dict[str, str]) -> dict[str, object]:
    """`names` collects the function of each call, because a result must repeat it."""
    match part:
        case Text():
            return {"text": part.text}
        case Image():
            return {"inlineData": _inline_data(part, place)}
        case ToolCall():
            names[part.id] = part.name
            return {"functionCall": {"id": part.id, "name": part.name, "args": arguments_of(part, place)}}
        case ToolResult():
            if part.call_id not in names:
                text = f"{at(place)}: no earlier message calls a tool with the id {part.call_id[:80]!r}"
                raise errors.InvalidRequest(text, param=at(place))
            name = names[part.call_id]
            return {"functionResponse": {"id": part.call_id, "name": name, "response": {"output": part.text}}}


def _inline_data(image: Image, place: int) -> dict[str, object]:
    if image.data is None:
        raise errors.Unsupported(
            f"{at(place)}: this model takes an image only as data (a data: URL with base64), not from an address", param=at(place)
        )
    if not image.media_type:
        raise errors.InvalidRequest(f"{at(place)}: the image has no media type", param=at(place))
    return {"mimeType": image.media_type, "data": image.data}


def _tool(tool: Tool) -> dict[str, object]:
    fields: dict[str, object] = {"name": tool.name, "parametersJsonSchema": tool.schema}
    if tool.description is not None:
        fields["description"] = tool.description
    return fields


def _calling(conversation: Conversation) -> dict[str, object] | None:
    """None where nothing was said that the API would not do anyway. Strict tools ask for validated calls."""
    choice = conversation.tool_choice
    if not conversation.tools:
        if choice is not None and choice.mode in ("required", "named"):
            raise errors.InvalidRequest("tool_choice: a tool is asked for, but there are no tools", param="tool_choice")
        return None
    mode = None if choice is None else choice.mode
    if conversation.parallel_tool_calls is False and mode != "none":
        raise errors.Unsupported(
            "parallel_tool_calls: this model cannot be held to one tool call at a time", param="parallel_tool_calls"
        )
    match mode:
        case "none":
            return {"mode": "NONE"}
        case "required":
            return {"mode": "ANY"}
        case "named":
            return {"mode": "ANY", "allowedFunctionNames": [choice.name] if choice is not None else []}
        case "auto" | None:
            if any(tool.is_strict for tool in conversation.tools):
                return {"mode": "VALIDATED"}
            return None if mode is None else {"mode": "AUTO"}
