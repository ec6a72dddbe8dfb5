"""What a generateContent request asks for, in camelCase and in snake_case. Knows nothing of what the vendor refuses."""

from typing import Any

from taskfit.testing.grammar import encode
from taskfit.testing.reply import SeenRequest
from taskfit.testing.tolerant import Object, at, either, number_at, object_at, objects, strings, text_at, texts_of

CHOICES = {"AUTO": "auto", "VALIDATED": "auto", "ANY": "required", "NONE": "none"}
SETTINGS = (
    "responseLogprobs", "responseJsonSchema", "responseSchema", "responseMimeType", "stopSequences", "maxOutputTokens",
    "thinkingConfig", "candidateCount",
)  # fmt: skip
RESULT_KEYS = ("result", "output", "error")


def read(request: SeenRequest) -> None:
    """Fill in what the body says."""
    body, settings = request.body, settings_of(request.body)
    turns = objects(body.get("contents"))
    parts = [part for turn in turns for part in objects(turn.get("parts"))]
    users = [texts_of(turn.get("parts")) for turn in turns if turn.get("role", "user") == "user"]
    spoken = [text for turn in turns for text in texts_of(turn.get("parts"))]
    results = [found for part in parts if isinstance(found := either(part, "functionResponse"), dict)]
    media = [name for part in [*parts, *_nested(results)] if (name := _source(part))]
    request.text = "".join(users[-1]) if users else ""
    request.prompt = "".join([*texts_of(at(either(body, "systemInstruction"), "parts")), *spoken])
    request.images = tuple([name for kind, name in media if kind.startswith("image/")])
    request.files = tuple([name for kind, name in media if not kind.startswith("image/")])
    request.tool_results = {str(item.get("id") or item.get("name")): result_text(item.get("response")) for item in results}
    request.tools = tuple([str(item.get("name")) for item in declarations_of(body)])
    request.tool_choice = _tool_choice(body)
    request.thinking = tuple([value for part in parts if isinstance(value := either(part, "thoughtSignature"), str)])
    request.schema = object_at(settings, "responseJsonSchema") or object_at(settings, "responseSchema")
    request.stops = strings(settings.get("stopSequences"))
    request.max_output_tokens = number_at(settings, "maxOutputTokens")
    thinking = settings.get("thinkingConfig")
    level, budget = either(thinking, "thinkingLevel"), either(thinking, "thinkingBudget")
    request.effort_or_budget = level if isinstance(level, str) else budget if isinstance(budget, int) else None
    request.choices = number_at(settings, "candidateCount") or 1


def settings_of(body: Object) -> Object:
    """The members of `generationConfig` that are read here, in camelCase."""
    config = either(body, "generationConfig")
    return {name: value for name in SETTINGS if (value := either(config, name)) is not None}


def declarations_of(body: Object) -> list[Object]:
    """The function declarations of all tools."""
    return [item for tool in objects(body.get("tools")) for item in objects(either(tool, "functionDeclarations"))]


def result_text(response: Any) -> str:
    """The text of a function's response: that of its only member, where it has a usual name, else JSON."""
    if isinstance(response, dict) and len(response) == 1 and next(iter(response)) in RESULT_KEYS:
        value = next(iter(response.values()))
        return value if isinstance(value, str) else encode({"": value})[4:-1].decode()
    return encode(response).decode() if isinstance(response, dict) else ""


def _tool_choice(body: Object) -> str | None:
    config = either(either(body, "toolConfig"), "functionCallingConfig")
    mode = CHOICES.get((text_at(config, "mode") or "").upper())
    names = strings(either(config, "allowedFunctionNames"))
    return names[0] if mode == "required" and len(names) == 1 else mode


def _nested(results: list[Object]) -> list[Object]:
    return [part for item in results for part in objects(item.get("parts"))]


def _source(part: Object) -> tuple[str, str] | None:
    """The media type, and what there is to see: the same for bytes, the address of a file."""
    data, file = either(part, "inlineData"), either(part, "fileData")
    if data is not None:
        kind = str(either(data, "mimeType"))
        return kind, kind
    uri = text_at(file, "fileUri") or text_at(file, "file_uri")
    return (str(either(file, "mimeType")), uri) if uri else None
