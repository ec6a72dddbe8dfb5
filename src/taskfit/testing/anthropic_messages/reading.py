"""What a messages request asks for. Knows nothing of what the vendor refuses."""

from taskfit.testing.reply import SeenRequest
from taskfit.testing.tolerant import Object, at, number_at, object_at, objects, strings, text_at, texts_of

CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def read(request: SeenRequest) -> None:
    """Fill in what the body says. The texts of tool results are no part of `text`, but of `prompt`."""
    body = request.body
    turns = objects(body.get("messages"))
    users = [turn for turn in turns if turn.get("role") == "user"]
    parts = [part for turn in turns for part in _with_nested(turn)]
    results = [part for part in parts if part.get("type") == "tool_result"]
    request.model = str(body.get("model", ""))
    request.is_stream = body.get("stream") is True
    request.text = "".join(texts_of(users[-1].get("content"))) if users else ""
    spoken = [text for turn in turns for text in texts_of(turn.get("content"))]
    told = [text for result in results for text in texts_of(result.get("content"))]
    request.prompt = "".join([*texts_of(body.get("system")), *spoken, *told])
    request.images = tuple([name for part in parts if (name := _source(part, "image"))])
    request.files = tuple([name for part in parts if (name := _source(part, "document"))])
    request.tool_results = {str(part.get("tool_use_id")): "".join(texts_of(part.get("content"))) for part in results}
    request.tools = tuple([str(tool.get("name")) for tool in objects(body.get("tools"))])
    request.tool_choice = CHOICES.get(str(at(body, "tool_choice", "type"))) or text_at(body, "tool_choice", "name")
    secrets = [text_at(part, "signature") or text_at(part, "data") for part in parts if "thinking" in str(part.get("type"))]
    request.thinking = tuple([secret for secret in secrets if secret])
    request.schema = object_at(body, "output_config", "format", "schema") or object_at(body, "output_format", "schema")
    request.stops = strings(body.get("stop_sequences"))
    request.max_output_tokens = number_at(body, "max_tokens")
    budget = number_at(body, "thinking", "budget_tokens")
    request.effort_or_budget = text_at(body, "output_config", "effort") if budget is None else budget


def _with_nested(turn: Object) -> list[Object]:
    """The blocks of a turn, and those of its tool results."""
    parts = objects(turn.get("content"))
    return [*parts, *[inner for part in parts if part.get("type") == "tool_result" for inner in objects(part.get("content"))]]


def _source(part: Object, kind: str) -> str | None:
    """The media type of bytes, else the address or the id of a file."""
    if part.get("type") != kind:
        return None
    names = [text_at(part, "source", name) for name in ("media_type", "url", "file_id", "type")]
    return next(filter(None, names), None)
