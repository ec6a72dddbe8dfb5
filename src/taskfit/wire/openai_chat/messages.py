"""The messages of a chat completion request in the hub's words.

Each message becomes one of the hub, in its place, so that an error names the message that the client wrote. Knows nothing of the
fields around them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import (
    Audio,
    CacheTtl,
    File,
    Image,
    Message,
    Part,
    Refusal,
    Speaker,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from taskfit.wire.data_urls import read_data_url
from taskfit.wire.openai_chat.calls import custom_arguments
from taskfit.wire.openai_chat.citations import read_citations
from taskfit.wire.openai_chat.thoughts import read_call_signature, read_thoughts

AUDIO_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
"""OpenAI's names of formats that are not the media type's own."""

_SPEAKERS: dict[str, Speaker] = {
    "system": "system", "developer": "system", "user": "user", "tool": "user", "function": "user", "assistant": "assistant",
}  # fmt: skip


class CacheControl(msgspec.Struct):
    """The mark of a prompt that shall be cached."""

    ttl: str | None = None


class _ImageUrl(msgspec.Struct):
    url: str
    detail: str | None = None


class _File(msgspec.Struct):
    file_data: str | None = None
    file_url: str | None = None
    file_id: str | None = None
    filename: str | None = None


class _InputAudio(msgspec.Struct):
    data: str
    format: str


class _Chunk(msgspec.Struct):
    text: str = ""


class WirePart(msgspec.Struct):
    """One part of a message's content, of any type."""

    type: str
    text: str | None = None
    refusal: str | None = None
    thinking: str | list[_Chunk] | None = None
    image_url: _ImageUrl | str | None = None
    file: _File | None = None
    input_audio: _InputAudio | None = None
    cache_control: CacheControl | None = None
    prompt_cache_breakpoint: CacheControl | None = None


class _Function(msgspec.Struct):
    name: str
    arguments: str = ""


class _Custom(msgspec.Struct):
    name: str
    input: str = ""


class _Call(msgspec.Struct):
    id: str
    type: str = "function"
    function: _Function | None = None
    custom: _Custom | None = None
    extra_content: Any = None
    cache_control: CacheControl | None = None


class WireMessage(msgspec.Struct):
    """One message of any role."""

    role: str
    content: str | list[WirePart] | None = None
    name: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None
    function_call: _Function | None = None
    audio: Any = None
    annotations: Any = None
    reasoning_content: str | None = None
    reasoning: Any = None
    thinking_blocks: Any = None
    reasoning_details: Any = None
    cache_control: CacheControl | None = None


def read_messages(messages: Iterable[WireMessage]) -> Iterator[Message]:
    """Each message in the hub's words. Errors: Unsupported, InvalidRequest; both with `param`."""
    calls: dict[str, str] = {}  # the id that stands for the last old-fashioned call of a function
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        role = _SPEAKERS.get(message.role)
        if role is None:
            raise InvalidRequest(f"{place}.role: unknown: {message.role[:40]!r}", param=f"{place}.role")
        if message.function_call is not None:
            calls[message.function_call.name] = f"call_{index}"
        match message.role:
            case "tool" | "function":
                parts: tuple[Part, ...] = (_result(message, _call_id(message, calls, place), place),)
            case "assistant":
                parts = _assistant_parts(message, index, place)
            case _:
                parts = _parts(message, place)
        yield Message(role=role, parts=parts)


def cache_of(control: CacheControl | None, breakpoint_: CacheControl | None = None) -> CacheTtl | None:
    """A mark that the prompt up to here shall be cached: `cache_control` as at Anthropic, or OpenAI's own breakpoint, whose
    lifetimes (half an hour, half a day) become the next one that the hub knows."""
    if control is not None:
        return "1h" if control.ttl == "1h" else "5m"
    if breakpoint_ is None:
        return None
    return "5m" if breakpoint_.ttl is None else "1h"


def _call_id(message: WireMessage, calls: dict[str, str], place: str) -> str:
    if message.role == "tool":
        if message.tool_call_id is None:
            raise InvalidRequest(f"{place}: a tool message needs a tool_call_id", param=f"{place}.tool_call_id")
        return message.tool_call_id
    if message.name is None or message.name not in calls:
        raise InvalidRequest(f"{place}: a function message needs the name of a function that was called", param=f"{place}.name")
    return calls[message.name]


def _result(message: WireMessage, call_id: str, place: str) -> ToolResult:
    parts: list[Text | Image | File] = []
    for part in _parts(message, place):
        if not isinstance(part, Text | Image | File):
            raise Unsupported(f"{place}: the answer of a tool can hold text, images and files only", param=f"{place}.content")
        parts.append(part)
    marks = [part.cache for part in parts if part.cache is not None]
    plain = tuple([msgspec.structs.replace(part, cache=None) if part.cache else part for part in parts])
    return ToolResult(call_id=call_id, parts=plain, cache=marks[-1] if marks else None)


def _assistant_parts(message: WireMessage, index: int, place: str) -> tuple[Part, ...]:
    if message.audio is not None:
        text = f"{place}.audio: a spoken answer is kept by its vendor and cannot be carried to another model"
        raise Unsupported(text, param=f"{place}.audio")
    spoken = list(_parts(message, place))
    if (cited := read_citations(message.annotations)) and spoken and isinstance(spoken[-1], Text):
        spoken[-1] = msgspec.structs.replace(spoken[-1], citations=cited)
    refused = (Refusal(text=message.refusal),) if message.refusal else ()
    calls = [_call(call, f"{place}.tool_calls[{at}]") for at, call in enumerate(message.tool_calls or ())]
    if message.function_call is not None:
        old = message.function_call
        calls.append(ToolCall(id=f"call_{index}", name=old.name, arguments=old.arguments))
    return (*_thoughts(message), *spoken, *refused, *calls)


def _thoughts(message: WireMessage) -> tuple[Thinking, ...]:
    text = message.reasoning_content
    if text is None and isinstance(message.reasoning, str):
        text = message.reasoning
    return read_thoughts(message.thinking_blocks, message.reasoning_details, text)


def _call(call: _Call, place: str) -> ToolCall:
    if call.custom is not None:
        name, arguments = call.custom.name, custom_arguments(call.custom.input)
    elif call.function is not None:
        name, arguments = call.function.name, call.function.arguments
    else:
        raise InvalidRequest(f"{place}: a tool call needs its function", param=f"{place}.function")
    signature, cache = read_call_signature(call.extra_content), cache_of(call.cache_control)
    return ToolCall(id=call.id, name=name, arguments=arguments, signature=signature, cache=cache)


def _parts(message: WireMessage, place: str) -> tuple[Part, ...]:
    """The content; a mark on the message itself is one on its last part."""
    if isinstance(message.content, str):
        cache = cache_of(message.cache_control)
        return (Text(text=message.content, cache=cache),) if message.content else ()
    parts = [_part(part, f"{place}.content[{index}]") for index, part in enumerate(message.content or ())]
    if message.cache_control is not None and parts and isinstance(parts[-1], Text | Image | File | Audio):
        parts[-1] = msgspec.structs.replace(parts[-1], cache=cache_of(message.cache_control))
    return tuple(parts)


def _part(part: WirePart, place: str) -> Part:
    cache = cache_of(part.cache_control, part.prompt_cache_breakpoint)
    match part.type:
        case "text" | "input_text" | "output_text":
            return Text(text=part.text or "", cache=cache)
        case "refusal":
            return Refusal(text=part.refusal or "")
        case "thinking" if part.thinking is not None:
            said = part.thinking
            return Thinking(text=said if isinstance(said, str) else "".join([chunk.text for chunk in said]))
        case "image_url" if part.image_url is not None:
            return _image(part.image_url, cache, f"{place}.image_url")
        case "input_audio" if part.input_audio is not None:
            sound = part.input_audio
            return Audio(data=sound.data, media_type=AUDIO_TYPES.get(sound.format, f"audio/{sound.format}"), cache=cache)
        case "file" if part.file is not None:
            return _file(part.file, cache, f"{place}.file")
        case "image_url" | "input_audio" | "file" | "thinking":
            raise InvalidRequest(f"{place}: a part of this type needs its {part.type}", param=f"{place}.{part.type}")
        case _:
            raise Unsupported(
                f"{place}: a part of type {part.type[:40]!r} cannot be carried to a model of another API", param=place
            )


def _image(given: _ImageUrl | str, cache: CacheTtl | None, place: str) -> Image:
    url, detail = (given, None) if isinstance(given, str) else (given.url, given.detail)
    inline = read_data_url(url, place=place)
    if inline is None:
        return Image(url=url, detail=detail, cache=cache)
    return Image(media_type=inline[0], data=inline[1], detail=detail, cache=cache)


def _file(given: _File, cache: CacheTtl | None, place: str) -> File:
    """Clients give the data as a data URL, some as an address, and some as bare base64 with the type in the file's name."""
    url = given.file_url or given.file_data
    if url is None:
        kept = "a file that a vendor keeps cannot be carried to a model of another API; send it as file_data"
        if given.file_id is not None:
            raise Unsupported(f"{place}.file_id: {kept}", param=f"{place}.file_id")
        raise InvalidRequest(f"{place}.file_data: is missing", param=f"{place}.file_data")
    inline = read_data_url(url, place=f"{place}.file_data")
    if inline is not None:
        return File(media_type=inline[0], data=inline[1], name=given.filename, cache=cache)
    if _is_address(url):
        return File(url=url, name=given.filename, cache=cache)
    return File(media_type="application/pdf", data=url, name=given.filename, cache=cache)


def _is_address(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://", "gs://", "s3://"))
