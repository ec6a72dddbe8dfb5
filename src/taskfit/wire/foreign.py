"""JSON that a model's server sent, read without trust: whatever the bytes are, only an UpstreamError comes out.

Knows no dialect.
"""

import json
import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from taskfit import errors

T = TypeVar("T")

ABSURD_TOKENS = 10**9
"""No single answer uses that many; a number above it is a fault of the upstream and must not reach a ledger."""

MESSAGE_CHARS = 500
NULL = msgspec.Raw(b"null")
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KEY_LIKE = re.compile(r"(?=[\w+/=*-]*\d)[\w+/=*-]{32,}|\b(?:[sr]k-[\w*-]{4,}|AIza[\w*-]{8,}|Bearer \S+)")
UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


class _Fault(msgspec.Struct, frozen=True, kw_only=True):
    """The part of an error object that Anthropic and Google share, as far as it is of the right type."""

    type: object = None
    status: object = None
    message: object = None


_FAULT = msgspec.json.Decoder(_Fault)


def read_json(payload: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """The payload as the decoder's type. NaN and Infinity, which Python servers write, are read as null (so msgspec writes them).

    Errors: InvalidAnswer for broken JSON, wrong types, invalid UTF-8, and nesting that is too deep.
    """
    try:
        return decoder.decode(payload)
    except UNREADABLE as error:
        return mended(bytes(payload), decoder, error)[0]


def read_sound(payload: bytes, decoder: msgspec.json.Decoder[T]) -> tuple[T, bytes]:
    """The same, and the payload for a client of the same dialect: the very one, unless something had to become null.

    Errors: as above.
    """
    try:
        return decoder.decode(payload), payload
    except UNREADABLE as error:
        return mended(payload, decoder, error)


def read_or_none(payload: msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T | None:
    """As read_json, for a part that an answer can do without: None where it cannot be read."""
    try:
        return read_json(payload, decoder)
    except errors.InvalidAnswer:
        return None


def is_null(raw: msgspec.Raw) -> bool:
    """Whether the member is absent or null."""
    return bytes(raw) == b"null"


def object_text(raw: msgspec.Raw) -> str:
    """A JSON object as compact text, its numbers as the upstream wrote them; "{}" for null.

    Errors: InvalidAnswer for anything that is not an object.
    """
    if is_null(raw):
        return "{}"
    read_json(raw, _OBJECT)
    try:
        return msgspec.json.format(bytes(raw), indent=-1).decode()
    except UNREADABLE as error:
        raise _unreadable(bytes(raw), error) from error


def are_plausible(*counts: int) -> bool:
    """Whether all of them can be token counts of one answer."""
    return min(counts) >= 0 and max(counts) <= ABSURD_TOKENS


def fault_of(raw: msgspec.Raw, table: Mapping[str, type[errors.UpstreamError]]) -> errors.UpstreamError:
    """The error that an upstream put into a 200 or into a stream, by the `type` or `status` of its error object.

    What the table lacks, and what is no error object, is an UpstreamFailure. Whatever looks like a key is starred out.
    """
    fault = read_or_none(raw, _FAULT) or _Fault()
    name = fault.type if isinstance(fault.type, str) else fault.status if isinstance(fault.status, str) else ""
    message = fault.message if isinstance(fault.message, str) else "no message"
    text = _KEY_LIKE.sub("***", f"{name or 'error'}: {message}"[:MESSAGE_CHARS])
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return table.get(name, errors.UpstreamFailure)(f"an error inside a successful answer: {text}")


def mended(payload: bytes, decoder: msgspec.json.Decoder[T], error: Exception) -> tuple[T, bytes]:
    """What `read_sound` gives where the decoder has raised an `error` of UNREADABLE. Errors: as there."""
    if b"NaN" not in payload and b"Infinity" not in payload:
        raise _unreadable(payload, error) from error
    try:
        sound = msgspec.json.encode(json.loads(payload.decode()))
        return decoder.decode(sound), sound
    except UNREADABLE as again:
        raise _unreadable(payload, again) from again


def _unreadable(payload: bytes, error: Exception) -> errors.InvalidAnswer:
    """JSON is not quoted: it may hold the model's words, which no log may have."""
    found = "a page of HTML" if payload.lstrip()[:1] == b"<" else f"{len(payload)} bytes that cannot be read"
    return errors.InvalidAnswer(f"the answer is {found}: {error}")
