"""What a dialect must be able to say, so that every script and every fault works in each of them.

Knows no dialect: each is a package or module of its own.
"""

import json
from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from taskfit.testing.reply import Reply, SeenRequest
from taskfit.values.request import Dialect

Payload: TypeAlias = dict[str, Any]
Part: TypeAlias = Literal["start", "ping", "block", "text", "tool", "finish", "usage", "end", "error"]

CREATED_S = 1_767_225_600
"""When all answers were made, so that the same script always gives the same bytes."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a stream. `part` says what it is for, whatever the dialect calls it; `data` bytes are sent as they are."""

    part: Part
    data: Payload | bytes
    event: str | None = None


class Complaint(msgspec.Struct, frozen=True):
    """What a vendor's server refuses a request for, in its words; `param` and `code` where the dialect has a place for them."""

    message: str
    param: str | None = None
    code: str | None = None


class Grammar(Protocol):
    """How one vendor's API reads and writes."""

    dialect: Dialect
    newline: bytes

    def read(self, request: SeenRequest) -> None:
        """Fill in what the body says, of whatever types it is."""
        ...

    def complaint(self, request: SeenRequest) -> Complaint | None:
        """What the vendor's own server refuses of this request; None where it would answer."""
        ...

    def whole(self, request: SeenRequest, reply: Reply) -> Payload:
        """The body of a plain answer."""
        ...

    def frames(self, request: SeenRequest, reply: Reply) -> list[Frame]:
        """The events of a streamed answer; none in a dialect that does not stream."""
        ...

    def error(self, request: SeenRequest, status: int, message: str | None = None, retry_after: str | None = None) -> Payload:
        """The body of an error; without a message, the vendor's usual one for the status."""
        ...

    def refusal(self, request: SeenRequest, complaint: Complaint) -> Payload:
        """The body of the 400 for a complaint."""
        ...

    def missing_model(self, request: SeenRequest) -> Payload:
        """The body of the 404 for a model that does not exist."""
        ...

    def context_exceeded(self, request: SeenRequest) -> Payload:
        """The body of the 400 for a prompt that does not fit."""
        ...

    def stream_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """The event that tells of a failure in the middle of a stream, after those that went before it."""
        ...

    def bare_error(self, request: SeenRequest, before: Sequence[Frame]) -> Frame:
        """The other event that tells of one, in a dialect that has two; else the same."""
        ...

    def headers(self, request: SeenRequest) -> tuple[tuple[str, str], ...]:
        """The vendor's own response headers: the request's id, where it sends one."""
        ...


def encode(payload: Payload | bytes) -> bytes:
    """Compact JSON. The standard library writes NaN where asked to, which a stricter encoder refuses."""
    if isinstance(payload, bytes):
        return payload
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def encode_frame(frame: Frame, newline: bytes) -> bytes:
    """One server-sent event.

    Source: the WHATWG HTML standard, 9.2 "Server-sent events".
    """
    name = b"" if frame.event is None else b"event: " + frame.event.encode() + newline
    return name + b"data: " + encode(frame.data) + newline + newline
