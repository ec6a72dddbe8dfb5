"""What a responses request asks for. Knows nothing of what the vendor refuses."""

from typing import Any

from taskfit.testing.openai_chat.reading import tool_choice_of
from taskfit.testing.reply import SeenRequest
from taskfit.testing.tolerant import Object, number_at, object_at, objects, source_of, text_at, texts_of


def read(request: SeenRequest) -> None:
    """Fill in what the body says."""
    body = request.body
    items = items_of(body)
    contents = [item.get("output" if item.get("type") == "function_call_output" else "content") for item in items]
    parts = [part for content in contents for part in objects(content)]
    users = [item for item in items if item.get("role") == "user"]
    request.model = str(body.get("model", ""))
    request.is_stream = body.get("stream") is True
    request.text = "".join(texts_of(users[-1].get("content"))) if users else ""
    request.prompt = "".join([*texts_of(body.get("instructions")), *[text for content in contents for text in texts_of(content)]])
    request.images = tuple([name for part in parts if (name := _source(part, "input_image", "image_url"))])
    request.files = tuple([name for part in parts if (name := _source(part, "input_file", "file_url"))])
    request.tool_results = {
        str(item.get("call_id")): "".join(texts_of(item.get("output")))
        for item in items
        if item.get("type") == "function_call_output"
    }
    request.tools = tuple([str(tool.get("name")) for tool in objects(body.get("tools")) if tool.get("type") == "function"])
    request.tool_choice = tool_choice_of(body)
    request.thinking = tuple([secret for item in items if (secret := text_at(item, "encrypted_content"))])
    request.schema = object_at(body, "text", "format", "schema")
    request.max_output_tokens = number_at(body, "max_output_tokens")
    request.effort_or_budget = text_at(body, "reasoning", "effort")


def items_of(body: Object) -> list[Object]:
    """The input items; a bare text is one message of the user."""
    given: Any = body.get("input")
    return [{"role": "user", "content": given}] if isinstance(given, str) else objects(given)


def _source(part: Object, kind: str, address: str) -> str | None:
    if part.get("type") != kind:
        return None
    url = text_at(part, address) or text_at(part, "file_data")
    return source_of(url) if url else text_at(part, "file_id")
