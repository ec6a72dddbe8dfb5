"""The members that Gemini's messages have: protobuf's JSON refuses every other, in camelCase or in snake_case.

What a function's arguments and results, and a schema given as JSON Schema, have in them is theirs.
Source: the vendor's API reference for v1beta, and the official SDK's types, as of 2026-11.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from taskfit.testing.tolerant import Object, objects, snake

REQUEST = (
    "model", "contents", "systemInstruction", "generationConfig", "safetySettings", "tools", "toolConfig", "cachedContent",
    "serviceTier", "store", "labels",
)  # fmt: skip
CONTENT = ("parts", "role")
PART = (
    "text", "thought", "thoughtSignature", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode",
    "codeExecutionResult", "videoMetadata", "mediaResolution", "toolCall", "toolResponse", "partMetadata",
    "audioTranscription", "mediaProcessing", "speechMetadata", "documentMetadata", "spreadsheetMetadata", "audioMetadata",
)  # fmt: skip
SETTINGS = (
    "candidateCount", "stopSequences", "maxOutputTokens", "temperature", "topP", "topK", "seed", "presencePenalty",
    "frequencyPenalty", "responseLogprobs", "logprobs", "responseMimeType", "responseSchema", "responseJsonSchema",
    "_responseJsonSchema", "responseFormat", "responseModalities", "thinkingConfig", "speechConfig", "imageConfig",
    "mediaResolution", "enableEnhancedCivicAnswers", "audioTranscriptionConfig", "translationConfig", "continuationToken",
)  # fmt: skip
TOOL = (
    "functionDeclarations", "googleSearch", "googleSearchRetrieval", "codeExecution", "urlContext", "computerUse",
    "fileSearch", "googleMaps", "mcpServers",
)  # fmt: skip
FUNCTION = ("name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema", "behavior")
CALL = ("id", "name", "args", "partialArgs", "willContinue")
RESULT = ("id", "name", "response", "parts", "willContinue", "scheduling")
THINKING = ("includeThoughts", "thinkingBudget", "thinkingLevel")
SCHEMA = (
    "type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties", "required",
    "minProperties", "maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf", "propertyOrdering", "default",
    "items", "minimum", "maximum", "additionalProperties", "ref", "defs", "$ref", "$defs",
)  # fmt: skip

Inside = Mapping[str, tuple[tuple[str, ...], "Inside"]]

_PART: Inside = {"functionCall": (CALL, {}), "functionResponse": (RESULT, {})}
_CONTENT: Inside = {"parts": (PART, _PART)}
INSIDE: Inside = {
    "contents": (CONTENT, _CONTENT),
    "systemInstruction": (CONTENT, _CONTENT),
    "generationConfig": (SETTINGS, {"thinkingConfig": (THINKING, {})}),
    "tools": (TOOL, {"functionDeclarations": (FUNCTION, {})}),
}


def unknown_names(body: Object) -> Iterator[tuple[str, str]]:
    """Each member that does not exist, with the place where it stands, as the vendor writes it; "" for the top level."""
    yield from _unknown(body, REQUEST, INSIDE, "")
    config = _member(body, "generationConfig")
    if isinstance(config, dict):
        yield from _unknown_in_schema(_member(config, "responseSchema"), "generation_config.response_schema")
    for at, tool in enumerate(objects(body.get("tools"))):
        for number, item in enumerate(objects(_member(tool, "functionDeclarations"))):
            place = f"tools[{at}].function_declarations[{number}].parameters"
            yield from _unknown_in_schema(item.get("parameters"), place)


def _unknown(value: Object, known: tuple[str, ...], inside: Inside, place: str) -> Iterator[tuple[str, str]]:
    names = {spelling: name for name in known for spelling in (name, snake(name))}
    for key, member in value.items():
        if key not in names:
            yield key, place
            continue
        within = inside.get(names[key])
        if within is not None:
            yield from _unknown_below(member, *within, f"{place}.{snake(key)}" if place else snake(key))


def _unknown_below(member: Any, known: tuple[str, ...], inside: Inside, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(member, dict):
        yield from _unknown(member, known, inside, place)
    if isinstance(member, list):
        for at, item in enumerate(member):
            yield from _unknown_below(item, known, inside, f"{place}[{at}]")


def _unknown_in_schema(schema: Any, place: str) -> Iterator[tuple[str, str]]:
    if not isinstance(schema, dict):
        return
    yield from _unknown(schema, SCHEMA, {}, place)
    for name in ("items", "additionalProperties"):
        yield from _unknown_in_schema(_member(schema, name), f"{place}.{snake(name)}")
    for at, item in enumerate(objects(_member(schema, "anyOf"))):
        yield from _unknown_in_schema(item, f"{place}.any_of[{at}]")
    properties = schema.get("properties")
    for name, item in properties.items() if isinstance(properties, dict) else ():
        yield from _unknown_in_schema(item, f"{place}.properties[{name}]")


def _member(value: Object, name: str) -> Any:
    return value.get(name, value.get(snake(name)))
