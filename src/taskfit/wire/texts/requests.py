"""Changes every text of a request's conversation in the request's own body.

The members are gone over as they came, so whatever is no text survives byte for byte: numbers, signatures, unknown members. What
is not known to be something else is taken for a text, so that a member which a vendor adds tomorrow is not passed over.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw

from taskfit.errors import InvalidRequest
from taskfit.values.request import Caller, Dialect, Request, Terms
from taskfit.wire import anthropic_messages, gemini_embeddings, gemini_generate, openai_chat, openai_embeddings, openai_responses
from taskfit.wire.bodies import member

Change: TypeAlias = Callable[[str], str]
_Members: TypeAlias = Callable[[Raw, int], Raw]

MAX_DEPTH = 64
"""How deeply a body may be nested whose texts are changed. Each level is read anew, so this bounds the work."""

FIELDS: Mapping[Dialect, tuple[str, ...]] = {
    "openai-chat": ("messages", "prediction"),
    "openai-responses": ("instructions", "prompt", "input"),
    "anthropic-messages": ("system", "messages"),
    "gemini-generate": ("systeminstruction", "contents"),
    "openai-embeddings": ("input",),
    "gemini-embeddings": ("title", "content", "requests"),
}
"""The fields of a body that hold its conversation, instructions first; their names as `_plain` has them."""

LABELS = frozenset({"user", "safety_identifier", "metadata"})
"""The fields of a body that say who asks, in all dialects; no conversation."""

SPEAKERS = frozenset({b'"user"', b'"assistant"', b'"system"', b'"developer"'})
"""Roles whose `name` is somebody's; that of others is a function's."""

UNTOUCHED = frozenset({
    "type", "role", "id", "name", "toolcallid", "callid", "tooluseid", "itemid", "fileid", "containerid", "container",
    "responseid", "approvalrequestid", "serverlabel", "servername", "toolname", "namespace", "model", "tasktype",
    "status", "phase", "detail", "format", "language", "outcome", "mediatype", "mimetype", "cachecontrol",
    "promptcachebreakpoint", "signature", "thoughtsignature", "encryptedcontent", "encryptedindex", "extracontent",
    "version", "imageurl", "url", "fileurl", "fileuri", "uri", "filedata", "filename", "displayname", "tools", "schema",
})  # fmt: skip
"""Members that hold no text: ids, names, types, addresses, proofs, base64, schemas."""

OPAQUE = frozenset({"input", "args", "response", "variables", "env"})
"""Members that hold somebody's own JSON: in there every string is a text, whatever it is called, and so is every name."""

BASE64 = frozenset({b'"base64"', b'"redacted_thinking"', b'"reasoning.encrypted"'})
"""Types of objects whose `data` is no text."""

ARGUMENTS = "arguments"
"""JSON inside a string."""

_WHO: dict[str, Any] = {"request_id": "", "terms": Terms(), "caller": Caller(), "headers": {}}
_any = msgspec.json.Decoder(Raw)
_encode = msgspec.json.Encoder().encode
_QUOTE, _LIST, _OBJECT = b'"[{'


def map_texts(request: Request, change: Change) -> Request:
    """The request with `change` applied to each text of its conversation once, in reading order; the very request where nothing
    changes. The arguments of calls are changed string by string. The outline follows.

    Errors: InvalidRequest for texts that cannot be read, or that are nested more than 64 deep.
    """
    changed: dict[str, Raw] = {}
    for wanted in FIELDS.get(request.dialect, ()):
        for name, raw in request.fields.items():
            if _plain(name) == wanted and (mapped := _Mapper(change, name).map(raw)) is not raw:
                changed[name] = mapped
    return with_fields(request, changed) if changed else request


def with_fields(request: Request, changed: Mapping[str, Raw]) -> Request:
    """The request with other fields, and what its outline says of texts and messages read from them."""
    fields = {**request.fields, **changed}
    seen = _read(request.dialect, _encode(fields), is_batch="requests" in fields).outline
    outline = msgspec.structs.replace(
        request.outline,
        text_chars=seen.text_chars, message_count=seen.message_count, prompt=seen.prompt, instructions=seen.instructions,
    )  # fmt: skip
    return msgspec.structs.replace(request, fields=fields, outline=outline)


def map_labels(request: Request, change: Change) -> Request:
    """The request with `change` applied to what it says of its people beside the conversation: `user`, `safety_identifier`, the
    values of `metadata` that are texts, and the names of those who speak. The very request where nothing changes.

    Errors: InvalidRequest for messages that cannot be read.
    """
    mapper = _Mapper(change, "metadata")
    changed = {name: mapper.label(raw) for name, raw in request.fields.items() if name in LABELS}
    if request.dialect == "openai-chat" and (messages := request.fields.get("messages")) is not None:
        changed["messages"] = _Mapper(change, "messages").names(messages)
    changed = {name: raw for name, raw in changed.items() if raw is not request.fields[name]}
    return with_fields(request, changed) if changed else request


def mapped_bytes(request: Request) -> int:
    """How much `map_texts` and `map_labels` go over, what holds no text included. Units: bytes of JSON."""
    wanted = FIELDS.get(request.dialect, ())
    return sum([memoryview(raw).nbytes for name, raw in request.fields.items() if name in LABELS or _plain(name) in wanted])


class _Mapper:
    """Changes the texts of one field; `place` is its name, for errors. What does not change is the very bytes it was."""

    def __init__(self, change: Change, place: str) -> None:
        self._change = change
        self._place = place

    def map(self, raw: Raw) -> Raw:
        """The field, whatever it is."""
        return self._walk(raw, 0, self._known_members)

    def label(self, raw: Raw) -> Raw:
        """A text, or an object whose own texts are changed; its names stay."""
        if _first(raw) == _QUOTE:
            return self._text(raw)
        if _first(raw) != _OBJECT:
            return raw
        given: dict[str, Raw] = member(raw, dict[str, Raw], self._place)
        return self._replaced(raw, given, {name: self._text(value) for name, value in given.items() if _first(value) == _QUOTE})

    def names(self, raw: Raw) -> Raw:
        """Messages, with the names of those who speak changed."""
        if _first(raw) != _LIST or b'"name"' not in bytes(raw):
            return raw
        given: list[Raw] = member(raw, list[Raw], self._place)
        mapped = [self._named(message) for message in given]
        return raw if all(one is other for one, other in zip(mapped, given, strict=True)) else Raw(_encode(mapped))

    def _named(self, raw: Raw) -> Raw:
        given: dict[str, Raw] = member(raw, dict[str, Raw], self._place)
        name = given.get("name")
        if name is None or _first(name) != _QUOTE or bytes(given.get("role", b"")) not in SPEAKERS:
            return raw
        return self._replaced(raw, given, {"name": self._text(name)})

    def _replaced(self, raw: Raw, given: Mapping[str, Raw], mapped: Mapping[str, Raw]) -> Raw:
        return raw if all(given[name] is value for name, value in mapped.items()) else Raw(_encode({**given, **mapped}))

    def _walk(self, raw: Raw, depth: int, members: _Members) -> Raw:
        """`members` goes over an object: of the conversation, or somebody's own."""
        first = _first(raw)
        if first == _QUOTE:
            return self._text(raw)
        if first not in (_LIST, _OBJECT):
            return raw
        if depth > MAX_DEPTH:
            raise InvalidRequest(f"{self._place}: nested more than {MAX_DEPTH} deep", param=self._place)
        return members(raw, depth) if first == _OBJECT else self._elements(raw, depth, members)

    def _text(self, raw: Raw) -> Raw:
        text: str = member(raw, str, self._place)
        changed = self._change(text)
        return raw if changed == text else Raw(_encode(changed))

    def _elements(self, raw: Raw, depth: int, members: _Members) -> Raw:
        given: list[Raw] = member(raw, list[Raw], self._place)
        mapped = [self._walk(element, depth + 1, members) for element in given]
        return raw if all(one is other for one, other in zip(mapped, given, strict=True)) else Raw(_encode(mapped))

    def _known_members(self, raw: Raw, depth: int) -> Raw:
        given: dict[str, Raw] = member(raw, dict[str, Raw], self._place)
        mapped = {name: self._member(_plain(name), value, given, depth) for name, value in given.items()}
        return raw if all(mapped[name] is value for name, value in given.items()) else Raw(_encode(mapped))

    def _member(self, plain: str, value: Raw, beside: Mapping[str, Raw], depth: int) -> Raw:
        if plain in UNTOUCHED or _is_base64(plain, beside):
            return value
        if plain == ARGUMENTS and _first(value) == _QUOTE:
            return self._json_text(value, depth)
        return self._walk(value, depth + 1, self._all_members if plain in OPAQUE else self._known_members)

    def _all_members(self, raw: Raw, depth: int) -> Raw:
        given: dict[str, Raw] = member(raw, dict[str, Raw], self._place)
        mapped = {self._change(name): self._walk(value, depth + 1, self._all_members) for name, value in given.items()}
        is_same = mapped.keys() == given.keys() and all(mapped[name] is value for name, value in given.items())
        return raw if is_same else Raw(_encode(mapped))

    def _json_text(self, raw: Raw, depth: int) -> Raw:
        """What is not JSON, as models sometimes write it, is a text like any other."""
        text: str = member(raw, str, self._place)
        try:
            inner = _any.decode(text)
        except (msgspec.MsgspecError, RecursionError):
            return self._text(raw)
        mapped = self._walk(inner, depth + 1, self._all_members)
        return raw if mapped is inner else Raw(_encode(bytes(mapped).decode()))


def _first(raw: Raw) -> int:
    return memoryview(raw)[0]


def _plain(name: str) -> str:
    """A member's name however it is spelt: `mime_type` is `mimeType`."""
    return name.replace("_", "").lower()


def _is_base64(plain: str, beside: Mapping[str, Raw]) -> bool:
    """Whether a member holds an image, a sound, a file or a proof, by what stands beside it."""
    kind = bytes(beside.get("type", b""))
    if plain == "data":
        return kind in BASE64 or any(_plain(name) in ("mimetype", "format") for name in beside)
    return plain == "result" and kind == b'"image_generation_call"'


def _read(dialect: Dialect, body: bytes, *, is_batch: bool) -> Request:
    match dialect:
        case "openai-chat":
            return openai_chat.read_request(body, **_WHO)
        case "openai-responses":
            return openai_responses.read_request(body, **_WHO)
        case "anthropic-messages":
            return anthropic_messages.read_count_request(body, **_WHO)   # which also takes a body without max_tokens
        case "gemini-generate":
            return gemini_generate.read_count_request(body, **_WHO, model="")
        case "openai-embeddings":
            return openai_embeddings.read_request(body, **_WHO)
        case "gemini-embeddings":
            method: gemini_embeddings.Method = "batchEmbedContents" if is_batch else "embedContent"
            return gemini_embeddings.read_request(body, **_WHO, model="", method=method)
        case "bedrock-converse":
            raise AssertionError("no client speaks this dialect")
