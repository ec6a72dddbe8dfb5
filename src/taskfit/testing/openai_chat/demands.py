"""What OpenAI's own server refuses of a chat completions request, as far as that is certain.

Members that it does not know pass, and so do schemas outside of its strict mode: compatible servers take more than the
vendor does.
Source: the vendor's API reference, and the messages of its 400s as users quote them.
"""

import re
from collections.abc import Iterator
from typing import Any

from taskfit.testing.grammar import Complaint
from taskfit.testing.tolerant import Object, at, objects, texts_of

ROLES = ("system", "assistant", "user", "function", "tool", "developer")
USER_PARTS = ("text", "image_url", "input_audio", "file")
ASSISTANT_PARTS = ("text", "refusal")
TEXT_PARTS = ("text",)
PARTS = {"user": USER_PARTS, "assistant": ASSISTANT_PARTS}
MAX_STOPS = 4
REASONING_MODELS = re.compile(r"(o\d|gpt-5)([.-]|$)")


def complaint(body: Object) -> Complaint | None:
    """The first thing that is wrong; None where nothing is."""
    return next(_complaints(body), None)


def _complaints(body: Object) -> Iterator[Complaint]:
    messages = body.get("messages")
    if not isinstance(messages, list):
        yield Complaint("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
        return
    if not messages:
        yield Complaint("Invalid 'messages': empty array. Expected an array with minimum length 1.", "messages", "empty_array")
    for position, message in enumerate(messages):
        yield from _about_message(message, f"messages[{position}]")
    yield from _about_calls(objects(messages))
    yield from _about_options(body)
    yield from _about_output(body)


def _about_message(message: Any, place: str) -> Iterator[Complaint]:
    if not isinstance(message, dict):
        yield Complaint(f"Invalid type for '{place}': expected an object.", place, "invalid_type")
        return
    role = message.get("role")
    if role not in ROLES:
        supported = ", ".join(f"'{name}'" for name in ROLES)
        yield Complaint(f"Invalid value: '{role}'. Supported values are: {supported}.", f"{place}.role", "invalid_value")
        return
    content = message.get("content")
    if content is None and not (role == "assistant" and (message.get("tool_calls") or message.get("refusal"))):
        yield Complaint("Invalid value for 'content': expected a string, got null.", f"{place}.content")
    allowed = PARTS.get(str(role), TEXT_PARTS)
    for position, part in enumerate(objects(content)):
        if part.get("type") not in allowed:
            supported = ", ".join(f"'{name}'" for name in allowed)
            text = f"Invalid value: '{part.get('type')}'. Supported values are: {supported}."
            yield Complaint(text, f"{place}.content[{position}].type", "invalid_value")


def _about_calls(messages: list[Object]) -> Iterator[Complaint]:
    """Each call has its answer directly after it, and no answer is without its call."""
    waiting: list[str] = []
    for position, message in enumerate(messages):
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in waiting:
                text = "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                yield Complaint(text, f"messages.[{position}].role")
            waiting = [call for call in waiting if call != message.get("tool_call_id")]
            continue
        if waiting:
            break
        waiting = [str(call.get("id")) for call in objects(message.get("tool_calls"))]
    if waiting:
        text = "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
        yield Complaint(f"{text} The following tool_call_ids did not have response messages: {', '.join(waiting)}", "messages")


def _about_options(body: Object) -> Iterator[Complaint]:
    if not body.get("tools"):
        for name in ("tool_choice", "parallel_tool_calls"):
            if body.get(name) is not None:
                yield Complaint(f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.", name)
    if body.get("stream_options") is not None and body.get("stream") is not True:
        text = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        yield Complaint(f"Invalid value for 'stream_options': {text}", "stream_options")
    if isinstance(body.get("stop"), list) and len(body["stop"]) > MAX_STOPS:
        text = f"Invalid 'stop': array too long. Expected an array with maximum length {MAX_STOPS}."
        yield Complaint(text, "stop", "array_above_max_length")
    if body.get("top_logprobs") is not None and body.get("logprobs") is not True:
        yield Complaint("'logprobs' must be true when 'top_logprobs' is given.", "top_logprobs")
    if body.get("max_tokens") is not None and REASONING_MODELS.match(str(body.get("model"))):
        text = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        yield Complaint(text, "max_tokens", "unsupported_parameter")


def _about_output(body: Object) -> Iterator[Complaint]:
    wanted = body.get("response_format")
    if at(wanted, "type") == "json_schema" and not at(wanted, "json_schema", "name"):
        place = "response_format.json_schema.name"
        yield Complaint(f"Missing required parameter: '{place}'.", place, "missing_required_parameter")
    if at(wanted, "type") == "json_object":
        texts = [text for message in objects(body.get("messages")) for text in texts_of(message.get("content"))]
        if "json" not in "".join(texts).lower():
            word = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
            yield Complaint(word, "messages")
