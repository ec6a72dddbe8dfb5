"""The parts of a conversation as the content blocks of a request. Knows nothing of the request's other fields."""

import re
from base64 import b64decode
from hashlib import sha256

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import (
    Audio,
    CacheTtl,
    File,
    Image,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from taskfit.wire.anthropic_messages.words import IMAGE_TYPES, Block, cache_control
from taskfit.wire.turns import Turn, arguments_of, at

_PLAIN_ID = re.compile(r"[a-zA-Z0-9_-]+")


def write_block(part: Part, place: int, turn: Turn) -> Block:
    """One block. Errors: Unsupported, InvalidRequest; both with the message's place as `param`."""
    match part:
        case Text() | Refusal():
            return _text(part)
        case Thinking():
            return _thoughts(part)
        case ToolCall():
            fields: Block = {"type": "tool_use", "id": _call_id(part.id), "name": part.name, "input": arguments_of(part, place)}
            return _marked(fields, part.cache)
        case ToolResult():
            return _result(part, place)
        case Audio():
            raise Unsupported(f"{at(place)}: this model takes no audio", param=at(place))
        case Image() | File():
            if turn.side == "assistant":
                kind = "images" if isinstance(part, Image) else "files"
                raise Unsupported(f"{at(place)}: this model takes {kind} only from the user", param=at(place))
            return _shown(part, place)


def _text(part: Text | Refusal) -> Block:
    return _marked({"type": "text", "text": part.text}, part.cache if isinstance(part, Text) else None)


def _thoughts(part: Thinking) -> Block:
    """Only thoughts that this API signed come here."""
    signature = part.signature.value if part.signature else ""
    if part.is_redacted:
        return {"type": "redacted_thinking", "data": signature}
    return {"type": "thinking", "thinking": part.text, "signature": signature}


def _result(result: ToolResult, place: int) -> Block:
    fields: Block = {"type": "tool_result", "tool_use_id": _call_id(result.call_id), "content": _result_content(result, place)}
    if result.is_error:
        fields["is_error"] = True
    return _marked(fields, result.cache)


def _result_content(result: ToolResult, place: int) -> object:
    """A lone text is a string, as most servers write it."""
    match result.parts:
        case ():
            return ""
        case (Text(text=text, cache=None),):
            return text
        case parts:
            return [_text(part) if isinstance(part, Text) else _shown(part, place) for part in parts]


def _shown(part: Image | File, place: int) -> Block:
    if isinstance(part, Image):
        return _marked({"type": "image", "source": _image_source(part, place)}, part.cache)
    fields: Block = {"type": "document", "source": _file_source(part, place)}
    if part.name is not None:
        fields["title"] = part.name
    if part.has_citations:
        fields["citations"] = {"enabled": True}
    return _marked(fields, part.cache)


def _image_source(image: Image, place: int) -> Block:
    if image.data is None:
        return {"type": "url", "url": _address(image.url, place)}
    if image.media_type not in IMAGE_TYPES:
        raise Unsupported(
            f"{at(place)}: this model takes images of the types {', '.join(IMAGE_TYPES)}, not {str(image.media_type)[:40]!r}",
            param=at(place),
        )
    return {"type": "base64", "media_type": image.media_type, "data": image.data}


def _file_source(file: File, place: int) -> Block:
    """PDF as it is, text of any kind as text."""
    if file.text is not None:
        return {"type": "text", "media_type": "text/plain", "data": file.text}
    if file.data is None:
        return {"type": "url", "url": _address(file.url, place)}
    media_type = (file.media_type or "").partition(";")[0].strip().lower()
    if media_type == "application/pdf":
        return {"type": "base64", "media_type": media_type, "data": file.data}
    if media_type.startswith("text/") or media_type == "application/json":
        return {"type": "text", "media_type": "text/plain", "data": _decoded(file.data, place)}
    raise Unsupported(f"{at(place)}: this model takes PDF and text, not files of type {media_type[:40]!r}", param=at(place))


def _address(url: str | None, place: int) -> str:
    if not url:
        raise InvalidRequest(f"{at(place)}: an image or a file needs data or an address", param=at(place))
    return url


def _decoded(data: str, place: int) -> str:
    try:
        return b64decode(data, validate=True).decode()
    except ValueError as error:
        raise InvalidRequest(f"{at(place)}: the file is not base64 of UTF-8 text", param=at(place)) from error


def _call_id(call_id: str) -> str:
    """The id as the API allows it; one of another vendor's with other characters becomes a digest, in call and result alike."""
    if _PLAIN_ID.fullmatch(call_id):
        return call_id
    return "call_" + sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _marked(fields: Block, cache: CacheTtl | None) -> Block:
    if cache is not None:
        fields["cache_control"] = cache_control(cache)
    return fields
