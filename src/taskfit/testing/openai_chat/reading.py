"""What a chat completions request asks for. Knows nothing of what the vendor refuses."""

from typing import Any

from taskfit.testing.reply import SeenRequest
from taskfit.testing.tolerant import at, number_at, object_at, objects, source_of, strings, text_at, texts_of


def read(request: SeenRequest) -> None:
    """Fill in what the body says."""
    body = request.body
    turns = objects(body.get("messages"))
    parts = [part for turn in turns for part in objects(turn.get("content"))]
    request.model = str(body.get("model", ""))
    request.is_stream = body.get("stream") is True
    users = [turn for turn in turns if turn.get("role") == "user"]
    request.text = "".join(texts_of(users[-1].get("content"))) if users else ""
    request.prompt = "".join(["".join(texts_of(turn.get("content"))) for turn in turns])
    request.images = tuple([source_of(url) for part in parts if (url := text_at(part, "image_url", "url"))])
    request.files = tuple([name for part in parts if (name := _file(part))])
    request.tool_results = {
        str(turn.get("tool_call_id")): "".join(texts_of(turn.get("content"))) for turn in turns if turn.get("role") == "tool"
    }
    functions = [tool.get("function") for tool in objects(body.get("tools"))]
    request.tools = tuple([str(function.get("name")) for function in objects(functions)])
    request.tool_choice = tool_choice_of(body)
    request.schema = object_at(body, "response_format", "json_schema", "schema")
    request.stops = strings(body.get("stop"))
    limit = number_at(body, "max_completion_tokens")
    request.max_output_tokens = number_at(body, "max_tokens") if limit is None else limit
    request.effort_or_budget = text_at(body, "reasoning_effort")
    request.choices = number_at(body, "n") or 1


def tool_choice_of(body: dict[str, Any]) -> str | None:
    """The mode, or the name of the function that is forced; chat nests the name, responses do not."""
    choice = body.get("tool_choice")
    return choice if isinstance(choice, str) else text_at(choice, "function", "name") or text_at(choice, "name")


def _file(part: dict[str, Any]) -> str | None:
    """A document's media type or id; a sound's media type."""
    if part.get("type") == "input_audio":
        return f"audio/{at(part, 'input_audio', 'format')}"
    data = text_at(part, "file", "file_data")
    return source_of(data) if data else text_at(part, "file", "file_id")
