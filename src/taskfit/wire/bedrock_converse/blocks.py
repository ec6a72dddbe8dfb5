"""The parts of a turn as Converse's content blocks.

What the API has no place for is refused, with the message's path. Knows no request around the turns.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from taskfit import errors
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
from taskfit.wire.turns import Side, Turn, arguments_of, at

Block: TypeAlias = dict[str, object]

IMAGE_FORMATS: Mapping[str, str] = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
DOCUMENT_FORMATS: Mapping[str, str] = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
AUDIO_FORMATS: Mapping[str, str] = {
    "audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav", "audio/flac": "flac", "audio/ogg": "ogg",
    "audio/opus": "opus", "audio/aac": "aac", "audio/mp4": "mp4", "audio/m4a": "m4a", "audio/webm": "webm",
}  # fmt: skip

_CALL_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9()\[\]-]+")
_NAME_CHARS = 200


def blocks_of(turn: Turn, *, has_cache: bool) -> list[Block]:
    """One turn's content. `has_cache` false: cache marks are left out. Errors: Unsupported, InvalidRequest; both with `param`."""
    blocks: list[Block] = []
    for place, part in turn.parts:
        blocks.append(_block(part, place, turn.side))
        if has_cache:
            blocks.extend(cache_point(_mark(part)))
    return blocks


def cache_point(ttl: CacheTtl | None) -> Iterable[Block]:
    """The block that marks what stands before it, or none. Five minutes are what the API takes where nothing is said."""
    if ttl is None:
        return ()
    return ({"cachePoint": {"type": "default"} if ttl == "5m" else {"type": "default", "ttl": ttl}},)


def _mark(part: Part) -> CacheTtl | None:
    """The cache mark of a part, or the last one inside a tool's result, in which the API takes none."""
    inner = [each.cache for each in part.parts if each.cache] if isinstance(part, ToolResult) else []
    return getattr(part, "cache", None) or (inner[-1] if inner else None)


def _block(part: Part, place: int, side: Side) -> Block:
    if side == "assistant" and isinstance(part, (Image, File, Audio)):
        raise errors.Unsupported(f"{at(place)}: this model takes images and files only from the user", param=at(place))
    match part:
        case Text() | Refusal():
            return {"text": part.text}
        case Image() | File() | Audio():
            return _media(part, place)
        case Thinking():
            return {"reasoningContent": _reasoning(part)}
        case ToolCall():
            return {"toolUse": {"toolUseId": _call_id(part.id), "name": part.name, "input": arguments_of(part, place)}}
        case ToolResult():
            return {"toolResult": _result(part, place)}


def _reasoning(part: Thinking) -> Block:
    """Thoughts that this dialect signed; what others signed has been left out before."""
    value = part.signature.value if part.signature is not None else ""
    if part.is_redacted:
        return {"redactedContent": value}
    return {"reasoningText": {"text": part.text, "signature": value}}


def _result(part: ToolResult, place: int) -> Block:
    content = [{"text": inner.text} if isinstance(inner, Text) else _media(inner, place) for inner in part.parts]
    result: Block = {"toolUseId": _call_id(part.call_id), "content": [block for block in content if block.get("text") != ""]}
    return {**result, "status": "error"} if part.is_error else result


def _media(part: Image | File | Audio, place: int) -> Block:
    match part:
        case Image():
            return {"image": {"format": _format(part, IMAGE_FORMATS, place), "source": _source(part, place)}}
        case Audio():
            return {"audio": {"format": _format(part, AUDIO_FORMATS, place), "source": {"bytes": part.data}}}
        case File():
            return {"document": _document(part, place)}


def _document(part: File, place: int) -> Block:
    source = {"text": part.text} if part.text is not None else _source(part, place)
    document: Block = {"format": "txt" if part.text is not None else _format(part, DOCUMENT_FORMATS, place),
                       "name": _document_name(part, place), "source": source}   # fmt: skip
    return {**document, "citations": {"enabled": True}} if part.has_citations else document


def _source(part: Image | File, place: int) -> Block:
    if part.data is not None:
        return {"bytes": part.data}
    if part.url is not None and part.url.startswith("s3://"):
        return {"s3Location": {"uri": part.url}}
    raise errors.Unsupported(
        f"{at(place)}: this model takes images and files as data or from s3://, not from another address", param=at(place)
    )


def _format(part: Image | File | Audio, formats: Mapping[str, str], place: int) -> str:
    """By the media type, or by the ending of an address that has none."""
    named = (part.media_type or "").partition(";")[0].strip().lower()
    ending = "" if isinstance(part, Audio) or part.url is None else part.url.rpartition(".")[2].lower()
    if named in formats:
        return formats[named]
    if not named and ending.replace("jpg", "jpeg") in formats.values():
        return ending.replace("jpg", "jpeg")
    raise errors.Unsupported(
        f"{at(place)}: this model takes the types {', '.join(formats)}, not {named[:40]!r}", param=at(place)
    )


def _document_name(part: File, place: int) -> str:
    """A name of the characters that the API allows; one without its own is named by its place, which says nothing to a model."""
    name = _NOT_IN_A_NAME.sub(" ", part.name or "").strip()[:_NAME_CHARS]
    return name or f"document {place + 1}"


def _call_id(call_id: str) -> str:
    """The id as the API allows it; one of another vendor's that it does not becomes a digest, in call and result alike."""
    if _CALL_ID.fullmatch(call_id):
        return call_id
    return "call_" + hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:24]
