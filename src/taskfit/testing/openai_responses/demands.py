"""What OpenAI's own server refuses of a responses request, as far as that is certain.

Source: the vendor's API reference, and the messages of its 400s as users quote them.
"""

from collections.abc import Iterator
from itertools import zip_longest

from taskfit.testing.grammar import Complaint
from taskfit.testing.openai_responses.reading import items_of
from taskfit.testing.tolerant import Object, at, number_at, objects

MOVED = {
    "messages": "input", "max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens",
    "response_format": "text.format", "reasoning_effort": "reasoning.effort", "verbosity": "text.verbosity",
}  # fmt: skip
UNKNOWN = (
    "stop", "n", "seed", "logprobs", "logit_bias", "frequency_penalty", "presence_penalty", "functions", "function_call",
    "modalities", "audio", "prediction", "web_search_options",
)  # fmt: skip
"""Members of chat completions that responses do not have."""
ASSISTANT_PARTS = ("output_text", "refusal")
OTHER_PARTS = ("input_text", "input_image", "input_file", "input_audio")
MIN_OUTPUT_TOKENS = 16


def complaint(body: Object) -> Complaint | None:
    """The first thing that is wrong; None where nothing is."""
    return next(_complaints(body), None)


def _complaints(body: Object) -> Iterator[Complaint]:
    for name, place in MOVED.items():
        if name in body:
            text = f"Unsupported parameter: '{name}'. In the Responses API, this parameter has moved to '{place}'."
            yield Complaint(text, name, "unsupported_parameter")
    for name in UNKNOWN:
        if name in body:
            yield Complaint(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    if not any(body.get(name) for name in ("input", "previous_response_id", "prompt", "conversation")):
        yield Complaint("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    items = items_of(body)
    for position, item in enumerate(items):
        yield from _about_content(item, f"input[{position}]")
    if not body.get("previous_response_id") and not body.get("conversation"):
        yield from _about_calls(items)
    yield from _about_reasoning(items, is_stored=body.get("store") is not False)
    yield from _about_options(body)


def _about_content(item: Object, place: str) -> Iterator[Complaint]:
    """What an assistant said is output; what anybody else said is input."""
    allowed = ASSISTANT_PARTS if item.get("role") == "assistant" else OTHER_PARTS
    if item.get("type", "message") != "message":
        return
    for position, part in enumerate(objects(item.get("content"))):
        if part.get("type") not in allowed:
            supported = ", ".join(f"'{name}'" for name in allowed)
            text = f"Invalid value: '{part.get('type')}'. Supported values are: {supported}."
            yield Complaint(text, f"{place}.content[{position}]", "invalid_value")


def _about_calls(items: list[Object]) -> Iterator[Complaint]:
    called = [item.get("call_id") for item in items if item.get("type") == "function_call"]
    answered = [item.get("call_id") for item in items if item.get("type") == "function_call_output"]
    for call in answered:
        if call not in called:
            yield Complaint(f"No tool call found for function call output with call_id {call}.", "input")
    for call in called:
        if call not in answered:
            yield Complaint(f"No tool output found for function call {call}.", "input")


def _about_reasoning(items: list[Object], *, is_stored: bool) -> Iterator[Complaint]:
    """A thought goes with what it led to, and without its encrypted form it is only a name of what is stored."""
    for item, follower in zip_longest(items, items[1:]):
        if item.get("type") != "reasoning":
            continue
        if follower is None or follower.get("role", "assistant") != "assistant" or follower.get("type") == "function_call_output":
            text = f"Item '{item.get('id')}' of type 'reasoning' was provided without its required following item."
            yield Complaint(text, "input")
        if not item.get("encrypted_content") and not is_stored:
            text = f"Item with id '{item.get('id')}' not found. Items are not persisted when `store` is set to false."
            yield Complaint(text, "input")


def _about_options(body: Object) -> Iterator[Complaint]:
    limit = number_at(body, "max_output_tokens")
    if limit is not None and limit < MIN_OUTPUT_TOKENS:
        text = f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {MIN_OUTPUT_TOKENS}."
        yield Complaint(text, "max_output_tokens", "integer_below_min_value")
    for position, tool in enumerate(objects(body.get("tools"))):
        if tool.get("type") == "function" and not tool.get("name"):
            place = f"tools[{position}].name"
            yield Complaint(f"Missing required parameter: '{place}'.", place, "missing_required_parameter")
    wanted = at(body, "text", "format")
    if at(wanted, "type") == "json_schema":
        for name in ("name", "schema"):
            if not at(wanted, name):
                place = f"text.format.{name}"
                yield Complaint(f"Missing required parameter: '{place}'.", place, "missing_required_parameter")
