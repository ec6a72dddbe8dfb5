"""What is done on a connection to answer one request, as a list of acts: pure, so that a fault is a list like any other.

Knows no dialect; connection.py performs the acts.
"""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Literal, TypeAlias

import msgspec

Headers: TypeAlias = Sequence[tuple[str, str]]
JSON: Headers = (("content-type", "application/json"),)
EVENTS: Headers = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
LAST_CHUNK = b"0\r\n\r\n"


class Send(msgspec.Struct, frozen=True):
    """Write bytes, and wait until the system has taken them."""

    data: bytes


class Pause(msgspec.Struct, frozen=True):
    """Wait, unless the client leaves."""

    seconds: float


class Hang(msgspec.Struct, frozen=True):
    """Wait until the client leaves or the upstream is closed."""


class End(msgspec.Struct, frozen=True):
    """End the connection: "close" as after an answer, "reset" with a TCP reset."""

    how: Literal["close", "reset"]


Act: TypeAlias = Send | Pause | Hang | End
Acts: TypeAlias = tuple[Act, ...]
"""Without an `End` the connection stays open for the next request."""


def head(status: int, headers: Headers) -> bytes:
    """Status line and headers."""
    lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def plain(body: bytes, *, status: int = 200, headers: Headers = JSON, length: int | None = None) -> Acts:
    """An answer with a Content-Length, which may lie."""
    framing = ("content-length", str(len(body) if length is None else length))
    return (Send(head(status, [*headers, framing]) + body),)


def stream(pieces: Iterable[bytes], *, headers: Headers = EVENTS, delay_s: float = 0.0) -> Acts:
    """A chunked answer, a write for each piece. The last one takes the end of the body with it, so that a client
    which leaves once it has everything is not taken for one that left early."""
    writes = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece]
    if not writes:
        writes = [b""]
    writes[-1] += LAST_CHUNK
    acts: list[Act] = [Send(head(200, [*headers, ("transfer-encoding", "chunked")]))]
    for position, data in enumerate(writes):
        if delay_s and position:
            acts.append(Pause(delay_s))
        acts.append(Send(data))
    return tuple(acts)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Overloaded" if status == 529 else "Unknown"
