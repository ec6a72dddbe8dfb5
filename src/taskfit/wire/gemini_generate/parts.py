"""The parts of one content of a client's request in the hub's words, and which call a tool's result answers.

Google's calls need no ids: a call without one gets one by its place, and a result without one answers the first open call of its
function. Knows nothing of what stands around the contents.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest, Unsupported
from taskfit.values.conversation import Audio, File, Image, Part, Text, Thinking, ToolCall, ToolResult
from taskfit.wire.bodies import member
from taskfit.wire.gemini_generate.members import Members
from taskfit.wire.gemini_generate.seals import read_signature, standard_base64

UNSIGNED = "skip_thought_signature_validator"
"""From Gemini 3 on, the first call of a model's turn needs a signature; Google documents this word for a call that has none."""

_GOOGLE_ONLY = frozenset({"generativelanguage.googleapis.com", "www.youtube.com", "youtube.com", "youtu.be"})
_RESULT_KEYS = ("output", "result")


class Calls:
    """The calls of a history, in their order, and which of them are still open."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._open: dict[str, str] = {}
        self._open_by_name: dict[str, dict[str, None]] = {}   # keeps their order, and forgets any in constant time

    def begin(self, call_id: str | None, name: str) -> str:
        """The id of a call: its own, or one by its place."""
        number = len(self._ids)
        while not call_id:
            made = f"call_{number}"
            call_id, number = (made if made not in self._ids else None), number + 1
        self._ids.add(call_id)
        self._open[call_id] = name
        self._open_by_name.setdefault(name, {})[call_id] = None
        return call_id

    def end(self, call_id: str | None, name: str, place: str) -> str:
        """The id of the call that a result answers. Errors: InvalidRequest where none is open."""
        found = call_id if call_id in self._open else next(iter(self._open_by_name.get(name, ())), None)
        if found is None:
            raise InvalidRequest(f"{place}: no earlier content calls the function {name[:80]!r}", param=place)
        del self._open_by_name[self._open.pop(found)][found]
        return found


def read_parts(content: Members, calls: Calls, table: Mapping[str, str], dropped: set[str]) -> Iterator[Part]:
    """The parts of a content. Errors: Unsupported for a kind that the hub lacks; InvalidRequest."""
    for part in content.list_of("parts"):
        yield from _part(part, calls, table, dropped)
        part.settle(table, dropped)
    content.settle(table, dropped)


def _part(part: Members, calls: Calls, table: Mapping[str, str], dropped: set[str]) -> Iterator[Part]:
    sealed, is_thought = part.take("thoughtSignature", str), part.take("thought", bool) or False
    signature, is_redacted = (None, False) if not sealed or sealed == UNSIGNED else read_signature(sealed)
    if (call := part.inner("functionCall")) is not None:
        name = _named(call)
        call_id = calls.begin(call.take("id", str), name)
        yield ToolCall(id=call_id, name=name, arguments=_arguments(call), signature=signature)
        call.settle(table, dropped)
        return
    text = part.take("text", str) or ""
    if is_thought:
        yield Thinking(text=text, signature=signature, is_redacted=is_redacted)
        return
    if text:
        yield Text(text=text)
    if (answer := part.inner("functionResponse")) is not None:
        yield _result(answer, calls, table, dropped)
    yield from _media(part)
    if signature is not None:
        yield Thinking(signature=signature, is_redacted=is_redacted)


def _named(members: Members) -> str:
    name: str | None = members.take("name", str)
    if not name:
        raise InvalidRequest(f"{members.place}: a function needs a name", param=members.at("name"))
    return name


def _arguments(call: Members) -> str:
    raw = call.raw("args")
    if raw is None:
        return "{}"
    member(raw, dict[str, Raw], call.at("args"))
    return bytes(raw).decode()


def _result(answer: Members, calls: Calls, table: Mapping[str, str], dropped: set[str]) -> ToolResult:
    call_id = calls.end(answer.take("id", str), _named(answer), answer.place)
    said = answer.take("response", dict[str, Raw]) or {}
    parts: list[Text | Image | File] = [Text(text=text)] if (text := _told(said)) else []
    for part in answer.list_of("parts"):
        for media in _media(part):
            if isinstance(media, Audio):
                raise Unsupported(
                    f"{part.place}: audio from a tool cannot be carried to a model of another API", param=part.place
                )
            parts.append(media)
        part.settle(table, dropped)
    answer.settle(table, dropped)
    return ToolResult(call_id=call_id, parts=tuple(parts), is_error=_is_error(said))


def _is_error(said: Mapping[str, Raw]) -> bool:
    return set(said) == {"error"}


def _told(said: Mapping[str, Raw]) -> str:
    """A result's text: what stands alone under a key that Google documents, else the whole object as JSON."""
    if not said:
        return ""
    (name, value), *others = said.items()
    if others or name not in (*_RESULT_KEYS, "error"):
        return msgspec.json.encode(said).decode()
    return msgspec.json.decode(value, type=str) if bytes(value).startswith(b'"') else bytes(value).decode()


def _media(part: Members) -> Iterator[Image | File | Audio]:
    if (inline := part.inner("inlineData")) is not None:
        kind, data = (inline.take("mimeType", str) or "").strip(), inline.take("data", str)
        if not kind or data is None:
            raise InvalidRequest(f"{inline.place}: inline data needs a mimeType and data", param=inline.place)
        yield _inline(kind.lower(), standard_base64(data), inline)
    if (linked := part.inner("fileData")) is not None:
        kind, url = (linked.take("mimeType", str) or "").lower(), linked.take("fileUri", str)
        if not url:
            raise InvalidRequest(f"{linked.place}: a file needs a fileUri", param=linked.at("fileUri"))
        yield _linked(kind, url, linked)


def _inline(kind: str, data: str, inline: Members) -> Image | File | Audio:
    name = inline.take("displayName", str)
    if kind.startswith("image/"):
        return Image(data=data, media_type=kind)
    if kind.startswith("audio/"):
        return Audio(data=data, media_type=kind)
    _refuse_video(kind, inline)
    if kind.partition(";")[0] == "text/plain":
        try:
            return File(text=b64decode(data, validate=True).decode(), media_type="text/plain", name=name)
        except ValueError as error:
            place = inline.at("data")
            raise InvalidRequest(f"{place}: not base64 of UTF-8 text", param=place) from error
    return File(data=data, media_type=kind, name=name)


def _linked(kind: str, url: str, linked: Members) -> Image | File:
    name = linked.take("displayName", str)
    if url.startswith("gs://") or _host(url) in _GOOGLE_ONLY:
        raise Unsupported(
            f"{linked.place}: a file that only Google can reach cannot be carried to another API", param=linked.place
        )
    if kind.startswith("image/"):
        return Image(url=url, media_type=kind)
    _refuse_video(kind, linked)
    if kind.startswith("audio/"):
        raise Unsupported(f"{linked.place}: audio can be carried to a model of another API only inline", param=linked.place)
    return File(url=url, media_type=kind or None, name=name)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _refuse_video(kind: str, media: Members) -> None:
    if kind.startswith("video/"):
        raise Unsupported(f"{media.place}: video cannot be carried to a model of another API", param=media.place)
