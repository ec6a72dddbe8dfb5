"""What Gemini's own server refuses of a generateContent request, as far as that is certain.

Source: the vendor's API reference and its page on thought signatures, and the messages of its 400s as users quote them.
"""

import re
from collections.abc import Iterator
from typing import Any

from taskfit.testing.gemini_generate.members import unknown_names
from taskfit.testing.gemini_generate.reading import declarations_of, settings_of
from taskfit.testing.grammar import Complaint
from taskfit.testing.reply import SeenRequest
from taskfit.testing.tolerant import Object, either, objects, strings

ROLES = ("user", "model", "function")
FUNCTION_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
MAX_STOPS = 5
SIGNING_MODELS = re.compile(r"gemini-([3-9]|\d\d)")


def complaint(request: SeenRequest) -> Complaint | None:
    """The first thing that is wrong; None where nothing is."""
    return next(_complaints(request), None)


def _complaints(request: SeenRequest) -> Iterator[Complaint]:
    body = request.body
    for name, place in unknown_names(body):
        within = f" at '{place}'" if place else ""
        yield Complaint(f'Invalid JSON payload received. Unknown name "{name}"{within}: Cannot find field.')
    contents = body.get("contents")
    if not contents or not isinstance(contents, list):
        yield Complaint("* GenerateContentRequest.contents: contents is not specified\n")
        return
    for position, turn in enumerate(objects(contents)):
        yield from _about_turn(turn, position)
    turns = _joined(objects(contents))
    yield from _about_calls(turns)
    if SIGNING_MODELS.search(request.model):
        yield from _about_signatures(turns)
    yield from _about_settings(body)


def _about_turn(turn: Object, position: int) -> Iterator[Complaint]:
    place = f"contents[{position}]"
    if turn.get("role", "user") not in ROLES:
        yield Complaint("Please use a valid role: user, model.")
    parts = objects(turn.get("parts"))
    if not parts:
        yield Complaint(f"* GenerateContentRequest.{place}.parts: contents.parts must not be empty.\n")
    for at, part in enumerate(parts):
        yield from _about_part(part, f"{place}.parts[{at}]")


def _about_part(part: Object, place: str) -> Iterator[Complaint]:
    call, result = either(part, "functionCall"), either(part, "functionResponse")
    for value, name, member in ((call, "function_call", "args"), (result, "function_response", "response")):
        if value is None:
            continue
        held = value.get(member) if isinstance(value, dict) else value
        if held is not None and not isinstance(held, dict):
            yield Complaint(f"Invalid value at '{place}.{name}.{member}' (type.googleapis.com/google.protobuf.Struct)")
        if not isinstance(value, dict) or not value.get("name"):
            yield Complaint(f"* GenerateContentRequest.{place}.{name}.name: Name cannot be empty.\n")


def _joined(contents: list[Object]) -> list[Object]:
    """A model's neighbouring contents as one turn: Google's own SDK sends one for each chunk of the stream that it received."""
    turns: list[Object] = []
    for content in contents:
        if turns and turns[-1].get("role") == content.get("role") == "model":
            turns[-1] = {**turns[-1], "parts": [*objects(turns[-1].get("parts")), *objects(content.get("parts"))]}
        else:
            turns.append(content)
    return turns


def _about_calls(turns: list[Object]) -> Iterator[Complaint]:
    """Results come directly after their calls, and there are as many."""
    calls = [len(_named(turn, "functionCall")) for turn in turns]
    results = [len(_named(turn, "functionResponse")) for turn in turns]
    for called, answered in zip([0, *calls], [*results, 0], strict=True):
        if called != answered and answered:
            text = "Please ensure that the number of function response parts is equal to the number of function call parts"
            yield Complaint(f"{text} of the function call turn.")
    if calls and calls[0]:
        text = "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
        yield Complaint(text)
    for position, called in enumerate(calls):
        if called and position + 1 < len(turns) and not results[position + 1]:
            yield Complaint("Please ensure that function response turn comes immediately after a function call turn.")


def _about_signatures(turns: list[Object]) -> Iterator[Complaint]:
    """The first call of each model's turn since the user last spoke must be signed."""
    spoken = [at for at, turn in enumerate(turns) if turn.get("role", "user") == "user" and not _named(turn, "functionResponse")]
    since = spoken[-1] + 1 if spoken else 0
    for position, turn in enumerate(turns[since:], start=since):
        calls = _named(turn, "functionCall")
        if calls and not either(calls[0], "thoughtSignature"):
            name = either(calls[0], "functionCall").get("name")
            text = "Function call is missing a thought_signature in functionCall parts."
            yield Complaint(f"{text} Additional data, function call `default_api:{name}` , position {position + 1}.")


def _about_settings(body: Object) -> Iterator[Complaint]:
    settings, declared = settings_of(body), declarations_of(body)
    if len(strings(settings.get("stopSequences"))) > MAX_STOPS:
        yield Complaint(f"* GenerateContentRequest.generation_config.stop_sequences: at most {MAX_STOPS} are allowed.\n")
    has_schema = "responseSchema" in settings or "responseJsonSchema" in settings
    if has_schema and settings.get("responseMimeType") != "application/json":
        place = "GenerateContentRequest.generation_config.response_mime_type"
        yield Complaint(f"* {place}: must be application/json with a schema.\n")
    for position, item in enumerate(declared):
        if not FUNCTION_NAME.fullmatch(str(item.get("name"))):
            place = f"GenerateContentRequest.tools[0].function_declarations[{position}].name"
            yield Complaint(f"* {place}: Invalid function name. Must start with a letter or an underscore.\n")
    config: Any = either(either(body, "toolConfig"), "functionCallingConfig")
    if config and not declared:
        yield Complaint("Function calling config is set without function_declarations.")


def _named(turn: Object, name: str) -> list[Object]:
    """The parts of that kind."""
    return [part for part in objects(turn.get("parts")) if isinstance(either(part, name), dict)]
