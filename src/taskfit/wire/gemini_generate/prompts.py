"""A Conversation as the body of `generateContent` and `streamGenerateContent`.

The model and the wish for a stream are in the path, which is not written here. What the API cannot carry is refused, with the
field's name. Knows no HTTP.
"""

import mimetypes
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, assert_never
from urllib.parse import urlsplit

from taskfit import errors
from taskfit.values.conversation import (
    Audio,
    Conversation,
    File,
    Image,
    Part,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from taskfit.wire.dialect import Written
from taskfit.wire.gemini_generate.parts import UNSIGNED
from taskfit.wire.gemini_generate.seals import DIALECT
from taskfit.wire.gemini_generate.thinking import GEMINI_3, version_of, write_thinking
from taskfit.wire.turns import Turn, arguments_of, at, body_of, instructions, turns

DROPPED: Mapping[str, str] = {
    "cache": "this API caches long prompts by itself; it has no marks in the prompt",
    "citations": "the sources of an earlier answer, or the wish that a file be cited, have no place in a request",
    "detail": "how closely an image is looked at is not set for each image",
    "name": "a file has no name here",
    "output.description": "an output schema has no description beside it",
    "parallel_tool_calls": "this API cannot hold a model to one call at a time; common clients ask for it with every request",
    "reasoning": "this model cannot think as little or as much as asked; what is nearest is asked for",
    "reasoning of another vendor": "thoughts go back only to the API that signed them",
    "service_tier": "this API has no tier of that name",
    "user": "this API has no field for the end user",
}
"""What of the hub's words this API lacks and that does not change what is asked, with the reason."""

_TIERS = {"default": "standard", "standard": "standard", "flex": "flex", "priority": "priority"}


def write_conversation(
    conversation: Conversation,
    *,
    model: str,
    is_stream: bool,  # noqa: ARG001  # the path says it
) -> Written:
    """The body of a request; what the conversation does not say is absent.

    `model` decides what its history needs and how thinking is asked for. A stream is asked for in the path alone.
    Errors: Unsupported for what the API cannot carry, InvalidRequest for a history that it cannot take; both with `param`.
    """
    writer = _Writer(model)
    contents = [content for turn in turns(conversation) if (content := writer.content(turn))["parts"]]
    fields: dict[str, Any] = {"contents": contents}
    if system := instructions(conversation):
        fields["systemInstruction"] = {"parts": [{"text": system}]}
    if conversation.tools:
        fields["tools"] = [{"functionDeclarations": [_tool(tool) for tool in conversation.tools]}]
    if (calling := _calling(conversation)) is not None:
        fields["toolConfig"] = {"functionCallingConfig": calling}
    if generation := _generation(conversation, model, writer.dropped):
        fields["generationConfig"] = generation
    if (tier := _TIERS.get(conversation.service_tier or "")) is not None:
        fields["serviceTier"] = tier
    return Written(body_of(fields), tuple(sorted(writer.dropped | _dropped(conversation))))


def _dropped(conversation: Conversation) -> set[str]:
    """What is dropped of everything but the turns' own parts."""
    dropped = {"user"} if conversation.user is not None else set()
    if conversation.parallel_tool_calls is False and conversation.tools:
        dropped.add("parallel_tool_calls")
    if conversation.service_tier not in (None, "auto", *_TIERS):
        dropped.add("service_tier")
    if conversation.output is not None and conversation.output.description is not None:
        dropped.add("output.description")
    if any(tool.cache for tool in conversation.tools):
        dropped.add("cache")
    if any(_is_marked(part) for message in conversation.messages for part in message.parts):
        dropped.add("cache")
    return dropped


def _is_marked(part: Part) -> bool:
    return not isinstance(part, (Refusal, Thinking)) and part.cache is not None


def _generation(conversation: Conversation, model: str, dropped: set[str]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "maxOutputTokens": conversation.max_output_tokens,
        "temperature": conversation.temperature,
        "topP": conversation.top_p,
        "topK": conversation.top_k,
        "stopSequences": conversation.stop or None,
        "seed": conversation.seed,
        "candidateCount": conversation.choices if conversation.choices > 1 else None,
        "presencePenalty": conversation.presence_penalty,
        "frequencyPenalty": conversation.frequency_penalty,
        "responseLogprobs": None if conversation.logprobs is None else True,
        "logprobs": conversation.logprobs or None,
    }
    if conversation.output is not None:
        said |= {"responseMimeType": "application/json", "responseJsonSchema": conversation.output.schema}
    if conversation.reasoning is not None:
        thinking, is_kept = write_thinking(conversation.reasoning, model)
        said["thinkingConfig"] = thinking or None
        if not is_kept:
            dropped.add("reasoning")
    return {name: value for name, value in said.items() if value is not None}


class _Writer:
    """Writes the turns of one conversation; keeps the function of each call, because a result must repeat it."""

    def __init__(self, model: str) -> None:
        self.dropped: set[str] = set()
        self._names: dict[str, str] = {}
        self._version = version_of(model)

    def content(self, turn: Turn) -> dict[str, Any]:
        """One content. A signature on its own belongs to the text before it."""
        parts: list[dict[str, Any]] = []
        beside: list[dict[str, Any]] = []
        for place, part in turn.parts:
            if isinstance(part, Thinking):
                self._think(part, parts)
            elif isinstance(part, ToolResult):
                parts.append(self._result(part, place, beside))
            else:
                parts += beside
                beside = []
                parts.append(self._part(part, place))
        self._sign([part for part in parts if "functionCall" in part])
        return {"role": "model" if turn.side == "assistant" else "user", "parts": parts + beside}

    def _think(self, thinking: Thinking, parts: list[dict[str, Any]]) -> None:
        if thinking.signature is None or thinking.signature.origin != DIALECT:
            self.dropped.add("reasoning of another vendor")
            return
        signed = {"thoughtSignature": thinking.signature.value}
        if thinking.text:
            parts.append({"text": thinking.text, "thought": True, **signed})
        elif parts and set(parts[-1]) == {"text"}:
            parts[-1] |= signed
        else:
            parts.append({"text": "", **signed})

    def _sign(self, calls: list[dict[str, Any]]) -> None:
        if calls and self._version >= GEMINI_3:
            calls[0].setdefault("thoughtSignature", UNSIGNED)

    def _part(self, part: Text | Refusal | Image | File | Audio | ToolCall, place: int) -> dict[str, Any]:
        match part:
            case Text():
                if part.citations:
                    self.dropped.add("citations")
                return {"text": part.text}
            case Refusal():
                return {"text": part.text}
            case Image() | File() | Audio():
                return self._media(part, place)
            case ToolCall():
                return self._call(part, place)
        assert_never(part)

    def _call(self, call: ToolCall, place: int) -> dict[str, Any]:
        self._names[call.id] = call.name
        written: dict[str, Any] = {"functionCall": {"id": call.id, "name": call.name, "args": arguments_of(call, place)}}
        if call.signature is not None and call.signature.origin == DIALECT:
            written["thoughtSignature"] = call.signature.value
        elif call.signature is not None:
            self.dropped.add("reasoning of another vendor")
        return written

    def _result(self, result: ToolResult, place: int, beside: list[dict[str, Any]]) -> dict[str, Any]:
        """A result; what it cannot hold stands `beside` it: images before Gemini 3, and whatever has only an address."""
        if result.call_id not in self._names:
            text = f"{at(place)}: no earlier message calls a tool with the id {result.call_id[:80]!r}"
            raise errors.InvalidRequest(text, param=at(place))
        media = [self._media(part, place) for part in result.parts if not isinstance(part, Text)]
        inside = [part for part in media if "inlineData" in part and self._version >= GEMINI_3]
        beside += [part for part in media if part not in inside]
        response = {"error" if result.is_error else "output": result.text}
        written: dict[str, Any] = {"id": result.call_id, "name": self._names[result.call_id], "response": response}
        if inside:
            written["parts"] = inside
        return {"functionResponse": written}

    def _media(self, part: Image | File | Audio, place: int) -> dict[str, Any]:
        if isinstance(part, Image) and part.detail not in (None, "auto"):
            self.dropped.add("detail")
        if isinstance(part, File):
            self.dropped |= ({"name"} if part.name else set()) | ({"citations"} if part.has_citations else set())
            if part.text is not None:
                return _inline(b64encode(_utf8(part.text, place)).decode(), "text/plain")
        if part.data is None:
            return _linked(None if isinstance(part, Audio) else part.url, part.media_type, place)
        if not part.media_type:
            raise errors.InvalidRequest(f"{at(place)}: the {_kind(part)} has no media type", param=at(place))
        return _inline(part.data, part.media_type)


def _inline(data: str, media_type: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": media_type, "data": data}}


def _linked(url: str | None, media_type: str | None, place: int) -> dict[str, Any]:
    """Google fetches https addresses and what is in its own storage. The media type may be left to it where nothing tells it."""
    if url is None or not url.startswith(("https://", "gs://")):
        text = f"{at(place)}: this model takes a file from an https address or as data (a data: URL with base64)"
        raise errors.Unsupported(text, param=at(place))
    kind = media_type or _guess(url)
    return {"fileData": {"mimeType": kind, "fileUri": url} if kind else {"fileUri": url}}


def _guess(url: str) -> str | None:
    try:
        return mimetypes.guess_type(urlsplit(url).path, strict=False)[0]
    except ValueError:
        return None


def _utf8(text: str, place: int) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise errors.InvalidRequest(f"{at(place)}: the file's text is not valid Unicode", param=at(place)) from error


def _kind(part: Image | File | Audio) -> str:
    return type(part).__name__.lower()


def _tool(tool: Tool) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": tool.name, "parametersJsonSchema": tool.schema}
    if tool.description is not None:
        fields["description"] = tool.description
    return fields


def _calling(conversation: Conversation) -> dict[str, Any] | None:
    """None where nothing was said that the API would not do anyway. Strict tools ask for validated calls."""
    choice = conversation.tool_choice
    if not conversation.tools:
        if choice is not None and choice.mode in ("required", "named"):
            raise errors.InvalidRequest("tool_choice: a tool is asked for, but there are no tools", param="tool_choice")
        return None
    mode = None if choice is None else choice.mode
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
