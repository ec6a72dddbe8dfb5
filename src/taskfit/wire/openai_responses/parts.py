"""Parts of the content of items: a client's JSON to the hub's parts, and the hub's parts to JSON.

Knows no items. Errors name the place of the part.
"""

import mimetypes
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import Audio, CacheTtl, Citation, File, Image, Part, Refusal, Speaker, Text
from taskfit.wire.bodies import member
from taskfit.wire.data_urls import data_url, read_data_url

_SOUNDS: Mapping[str, str] = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_FORMATS: Mapping[str, str] = {
    "audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3",
}  # fmt: skip
_DOCUMENT = "document-"
"""The beginning of the made-up file id of a cited document that came inside the request."""


class _Breakpoint(msgspec.Struct):
    ttl: str | None = None


class _Sound(msgspec.Struct):
    data: str
    format: str


class _Part(msgspec.Struct):
    type: str
    text: str | None = None
    refusal: str | None = None
    annotations: list[Raw] | None = None
    image_url: str | None = None
    detail: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    input_audio: _Sound | None = None
    prompt_cache_breakpoint: _Breakpoint | None = None


class _Annotation(msgspec.Struct):
    type: str = ""
    url: str | None = None
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None
    index: int | None = None
    file_id: str | None = None
    filename: str | None = None


_annotation = msgspec.json.Decoder(_Annotation)


def read_parts(content: Raw, role: Speaker, place: str, dropped: list[str]) -> tuple[Part, ...]:
    """The content of a message; `dropped` collects what of it the hub has no word for. Errors: Unsupported, InvalidRequest."""
    said = member(content, str | list[_Part], place)
    if isinstance(said, str):
        return (Text(text=said),) if said else ()
    dropped += [f"{place}[{index}].detail" for index, part in enumerate(said) if part.type == "input_file" and part.detail]
    return tuple([_part(part, role, f"{place}[{index}]") for index, part in enumerate(said)])


def read_output(output: Raw, place: str, dropped: list[str]) -> tuple[Text | Image | File, ...]:
    """What a tool answered; otherwise as for a message. Errors: Unsupported, InvalidRequest."""
    parts = read_parts(output, "user", place, dropped)
    for index, part in enumerate(parts):
        if not isinstance(part, (Text, Image, File)):
            text = f"{place}[{index}]: a tool's output can hold text, images and files"
            raise Unsupported(text, param=f"{place}[{index}]")
    return tuple([part for part in parts if isinstance(part, (Text, Image, File))])


def read_annotation(raw: Raw) -> Citation | None:
    """A citation; None for an annotation that is none, or that cannot be read."""
    try:
        found = _annotation.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if found.type == "url_citation" and found.url:
        return Citation(url=found.url, title=found.title or None, start=found.start_index, end=found.end_index)
    if found.type == "file_citation":
        number = (found.file_id or "").removeprefix(_DOCUMENT)
        document = int(number) if number != found.file_id and number.isdecimal() and len(number) < 9 else None
        return Citation(document=document, title=found.filename or None, start=found.index)
    return None


def annotation_of(citation: Citation, text_chars: int) -> dict[str, Any]:
    """A citation as an annotation of a text that is `text_chars` long so far, which stands in for an unknown place."""
    end = citation.end if citation.end is not None else text_chars
    start = citation.start if citation.start is not None else 0
    if citation.url is not None:
        title = citation.title or ""
        return {"type": "url_citation", "url": citation.url, "title": title, "start_index": start, "end_index": end}
    file_id = f"{_DOCUMENT}{citation.document or 0}"
    index = citation.start if citation.start is not None else text_chars
    return {"type": "file_citation", "file_id": file_id, "filename": citation.title or "", "index": index}


def input_part(part: Part, place: str) -> dict[str, Any]:
    """A part of what the user, the system or a tool says. Errors: Unsupported, with the place."""
    match part:
        case Text():
            return {"type": "input_text", "text": part.text}
        case Image():
            return _written_image(part, place)
        case File():
            return _written_file(part, place)
        case Audio():
            sound = _FORMATS.get(part.media_type)
            if sound is None:
                raise Unsupported(f"{place}: this model takes sound as WAV and MP3 only", param=place)
            return {"type": "input_audio", "input_audio": {"data": part.data, "format": sound}}
        case _:
            raise Unsupported(f"{place}: a user cannot say this to a model of this API", param=place)


def _part(part: _Part, role: Speaker, place: str) -> Part:
    match part.type:
        case "input_text" | "output_text" | "text" | "summary_text":
            citations = [found for raw in part.annotations or () if (found := read_annotation(raw)) is not None]
            return Text(text=part.text or "", citations=tuple(citations), cache=_cache(part))
        case "refusal":
            return Refusal(text=part.refusal or "")
        case "input_image" if role == "user":
            return _read_image(part, place)
        case "input_file" if role == "user":
            return _read_file(part, place)
        case "input_audio" if role == "user" and part.input_audio is not None:
            return _read_audio(part.input_audio, place)
        case _:
            text = f"{place}: a part of type {part.type[:40]!r} cannot be carried to a model of another API"
            raise Unsupported(text, param=place)


def _cache(part: _Part) -> CacheTtl | None:
    """The shortest time that other vendors sell, unless half a day is asked for."""
    mark = part.prompt_cache_breakpoint
    if mark is None:
        return None
    return "1h" if mark.ttl == "12h" else "5m"


def _read_image(part: _Part, place: str) -> Image:
    if part.image_url is None:
        raise _by_id(part, place, "image_url")
    inline = read_data_url(part.image_url, place=f"{place}.image_url")
    if inline is None:
        return Image(url=part.image_url, detail=part.detail, cache=_cache(part))
    return Image(data=inline[1], media_type=inline[0], detail=part.detail, cache=_cache(part))


def _read_file(part: _Part, place: str) -> File:
    if part.file_url is not None:
        return File(url=part.file_url, name=part.filename, cache=_cache(part))
    if part.file_data is None:
        raise _by_id(part, place, "file_data")
    guessed = mimetypes.guess_type(part.filename or "")[0] or "application/pdf"
    media_type, data = read_data_url(part.file_data, place=f"{place}.file_data") or (guessed, part.file_data)
    name = part.filename if part.filename != _name_for(media_type) else None
    text = _plain_text(data) if media_type == "text/plain" else None
    if text is not None:
        return File(text=text, media_type=media_type, name=name, cache=_cache(part))
    return File(data=data, media_type=media_type, name=name, cache=_cache(part))


def _by_id(part: _Part, place: str, wanted: str) -> InvalidRequest | Unsupported:
    if part.file_id is not None:
        text = f"{place}.file_id: a file that OpenAI keeps cannot be shown to a model of another API; send it as {wanted}"
        return Unsupported(text, param=f"{place}.file_id")
    return InvalidRequest(f"{place}.{wanted}: expected a text", param=f"{place}.{wanted}")


def _plain_text(data: str) -> str | None:
    try:
        return b64decode(data, validate=True).decode()
    except ValueError:
        return None


def _read_audio(sound: _Sound, place: str) -> Audio:
    media_type = _SOUNDS.get(sound.format)
    if media_type is None:
        raise InvalidRequest(f"{place}.input_audio.format: expected wav or mp3", param=f"{place}.input_audio.format")
    return Audio(data=sound.data, media_type=media_type)


def _written_image(image: Image, place: str) -> dict[str, Any]:
    if image.url is not None:
        url = image.url
    elif image.data is not None and image.media_type:
        url = data_url(image.media_type, image.data)
    else:
        raise InvalidRequest(f"{place}: the image has no media type", param=place)
    written: dict[str, Any] = {"type": "input_image", "image_url": url}
    if image.detail is not None:
        written["detail"] = image.detail
    return written


def _written_file(file: File, place: str) -> dict[str, Any]:
    if file.has_citations:
        raise Unsupported(f"{place}: this model cannot cite a document of the request", param=place)
    written: dict[str, Any] = {"type": "input_file"}
    if file.name is not None:
        written["filename"] = file.name
    if file.url is not None:
        return {**written, "file_url": file.url}
    media_type, data = file.media_type or "application/pdf", file.data
    if data is None:
        media_type, data = "text/plain", b64encode((file.text or "").encode()).decode()
    return {"filename": _name_for(media_type), **written, "file_data": data_url(media_type, data)}


def _name_for(media_type: str) -> str:
    """The API wants a name for inline data."""
    return f"unnamed{mimetypes.guess_extension(media_type) or ''}"
