"""A generateContent request in the hub's words, for upstreams of another dialect.

What the hub cannot carry is refused, with the field's path; what changes nothing in the answer is dropped, by the table below.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import Conversation, Message, OutputSchema, Part, Speaker, Text, Tool, ToolChoice
from taskfit.values.request import Request
from taskfit.wire.bodies import MAX_STOPS, member
from taskfit.wire.gemini_generate.members import Members
from taskfit.wire.gemini_generate.parts import Calls, read_parts
from taskfit.wire.gemini_generate.schemas import EMPTY, json_schema
from taskfit.wire.gemini_generate.thinking import read_thinking

DROPPED: Mapping[str, str] = {
    "labels": "bookkeeping of the Google account",
    "model": "the path names the model",
    "safetySettings": "thresholds of Google's own filters; other vendors have no such setting",
    "store": "whether Google keeps a log",
    "contents.parts.documentMetadata": "tunes how Google reads a file",
    "contents.parts.audioMetadata": "tunes how Google reads a file",
    "contents.parts.mediaProcessing": "tunes how Google reads a file",
    "contents.parts.mediaResolution": "tunes what a file costs",
    "contents.parts.partMetadata": "the client's own notes",
    "contents.parts.spreadsheetMetadata": "tunes how Google reads a file",
    "contents.parts.functionResponse.scheduling": "for Google's live sessions only",
    "contents.parts.functionResponse.willContinue": "for Google's live sessions only",
    "generationConfig.enableEnhancedCivicAnswers": "a tuning of Google's own models",
    "generationConfig.mediaResolution": "tunes what a file costs",
    "generationConfig.modelSelectionConfig": "the gateway picks the model",
    "generationConfig.routingConfig": "the gateway picks the model",
    "toolConfig.functionCallingConfig.streamFunctionCallArguments": "arguments come whole",
    "toolConfig.includeServerSideToolInvocations": "about Google's own tools, which do not cross",
    "toolConfig.retrievalConfig": "about Google's own tools, which do not cross",
    "tools.functionDeclarations.behavior": "for Google's live sessions only",
    "tools.functionDeclarations.response": "what a tool answers is seen in its answer",
    "tools.functionDeclarations.responseJsonSchema": "what a tool answers is seen in its answer",
}
"""Fields that another dialect lacks and that do not change what is asked, with the reason."""

_SPEAKERS: dict[str, Speaker] = {"": "user", "user": "user", "function": "user", "model": "assistant", "system": "system"}
_TIERS = {"standard": "default", "service_tier_unspecified": None, "unspecified": None}
_JSON = "application/json"


def read_conversation(request: Request) -> Conversation:
    """The request in the hub's words.

    Errors: Unsupported, with `param`, for a field that the hub cannot carry; InvalidRequest for one of the wrong type.
    """
    body, dropped = Members(request.fields, ""), set[str]()
    messages = (*_instructions(body, dropped), *_messages(body, dropped))
    tools, choice = _tools(body, dropped)
    tier = (body.take("serviceTier", str) or "unspecified").lower()
    generation = _generation(body.inner("generationConfig"), dropped)
    body.settle(DROPPED, dropped)
    return Conversation(
        messages=messages, tools=tools, tool_choice=choice, service_tier=_TIERS.get(tier, tier), dropped=tuple(sorted(dropped)),
        **generation,
    )  # fmt: skip


def _instructions(body: Members, dropped: set[str]) -> Iterator[Message]:
    raw = body.raw("systemInstruction")
    if raw is None:
        return
    said: str | dict[str, Raw] = member(raw, str | dict[str, Raw], "systemInstruction")
    if isinstance(said, str):
        parts: tuple[Part, ...] = (Text(text=said),) if said else ()
    else:
        content = Members(said, "systemInstruction")
        content.take("role", str)
        parts = tuple(read_parts(content, Calls(), DROPPED, dropped))
    if parts:
        yield Message(role="system", parts=parts)


def _messages(body: Members, dropped: set[str]) -> Iterator[Message]:
    calls = Calls()
    for content in body.list_of("contents"):
        role = content.take("role", str) or ""
        if role not in _SPEAKERS:
            raise InvalidRequest(f"{content.at('role')}: {role[:40]!r} is none of user, model", param=content.at("role"))
        if parts := tuple(read_parts(content, calls, DROPPED, dropped)):
            yield Message(role=_SPEAKERS[role], parts=parts)


def _tools(body: Members, dropped: set[str]) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    tools: list[Tool] = []
    for group in body.list_of("tools"):
        tools += [_tool(declared, dropped) for declared in group.list_of("functionDeclarations")]
        group.settle(DROPPED, dropped)
    config = body.inner("toolConfig")
    if config is None:
        return tuple(tools), None
    calling = config.inner("functionCallingConfig")
    config.settle(DROPPED, dropped)
    return _calling(calling, tools, dropped) if calling is not None else (tuple(tools), None)


def _tool(declared: Members, dropped: set[str]) -> Tool:
    name = declared.take("name", str)
    if not name:
        raise InvalidRequest(f"{declared.place}: a function needs a name", param=declared.at("name"))
    schema, own = declared.raw("parametersJsonSchema"), declared.raw("parameters")
    if schema is None:
        schema = EMPTY if own is None else json_schema(own, declared.at("parameters"))
    tool = Tool(name=name, schema=schema, description=declared.take("description", str))
    declared.settle(DROPPED, dropped)
    return tool


def _calling(calling: Members, tools: list[Tool], dropped: set[str]) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """The choice of tools. Where only some may be called, the others are not shown to the model."""
    mode, allowed = (calling.take("mode", str) or "").upper(), calling.take("allowedFunctionNames", list[str]) or []
    calling.settle(DROPPED, dropped)
    if unknown := set(allowed) - {tool.name for tool in tools}:
        place = calling.at("allowedFunctionNames")
        raise InvalidRequest(f"{place}: there is no function {min(unknown)[:80]!r}", param=place)
    if allowed and mode != "NONE":
        tools = [tool for tool in tools if tool.name in allowed]
    place = calling.at("mode")
    match mode:
        case "" | "MODE_UNSPECIFIED":
            return tuple(tools), None
        case "AUTO":
            return tuple(tools), ToolChoice(mode="auto")
        case "VALIDATED":
            return tuple([msgspec.structs.replace(tool, is_strict=True) for tool in tools]), ToolChoice(mode="auto")
        case "NONE":
            return tuple(tools), ToolChoice(mode="none")
        case "ANY":
            return tuple(tools), ToolChoice(mode="named", name=allowed[0]) if len(allowed) == 1 else ToolChoice(mode="required")
        case _:
            raise InvalidRequest(f"{place}: {mode[:40]!r} is none of AUTO, ANY, NONE, VALIDATED", param=place)


def _generation(config: Members | None, dropped: set[str]) -> dict[str, Any]:
    if config is None:
        return {}
    if any(word.upper() != "TEXT" for word in config.take("responseModalities", list[str]) or ()):
        place = config.at("responseModalities")
        raise Unsupported(f"{place}: only TEXT can be carried to a model of another API", param=place)
    fields = {
        "max_output_tokens": config.whole("maxOutputTokens"),
        "temperature": config.take("temperature", float),
        "top_p": config.take("topP", float),
        "top_k": config.whole("topK"),
        "stop": _stop(config),
        "seed": config.whole("seed"),
        "choices": config.whole("candidateCount") or 1,
        "frequency_penalty": config.take("frequencyPenalty", float),
        "presence_penalty": config.take("presencePenalty", float),
        "logprobs": _logprobs(config),
        "output": _output(config),
        "reasoning": _reasoning(config, dropped),
    }
    config.settle(DROPPED, dropped)
    return fields


def _stop(config: Members) -> tuple[str, ...]:
    stop = config.take("stopSequences", list[str]) or []
    if len(stop) > MAX_STOPS:
        place = config.at("stopSequences")
        raise InvalidRequest(f"{place}: Expected `array` of length <= {MAX_STOPS}", param=place)
    return tuple(stop)


def _logprobs(config: Members) -> int | None:
    alternatives, is_asked = config.whole("logprobs"), config.take("responseLogprobs", bool)
    return (alternatives or 0) if is_asked else None


def _output(config: Members) -> OutputSchema | None:
    kind, own, schema = config.take("responseMimeType", str), config.raw("responseSchema"), config.raw("responseJsonSchema")
    if schema is None and own is not None:
        schema = json_schema(own, config.at("responseSchema"))
    if kind in (None, "", _JSON):
        return OutputSchema(schema=schema) if schema is not None or kind == _JSON else None
    if kind == "text/plain" and schema is None:
        return None
    place = config.at("responseMimeType")
    raise Unsupported(f"{place}: only text/plain and {_JSON} can be carried to a model of another API", param=place)


def _reasoning(config: Members, dropped: set[str]) -> Any:
    thinking = config.inner("thinkingConfig")
    reasoning = read_thinking(thinking)
    if thinking is not None:
        thinking.settle(DROPPED, dropped)
    return reasoning
