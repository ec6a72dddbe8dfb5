"""The vocabulary of ASGI, as far as it is used here. Source: the ASGI specification 3.0, HTTP.

One liberty is taken with it: an answer is not sent as messages but written to an Outlet, which our own protocol puts into the
scope, so that a callback can write it. Headers go there as ready-made lines.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class Outlet(Protocol):
    """Where one answer is written. After its client has left, everything is taken and nothing happens."""

    @property
    def is_full(self) -> bool:
        """Whether the client reads more slowly than it is written to."""
        ...

    async def drain(self) -> None:
        """Return when there is room again, or nobody left."""

    def begin(self, status: int, head: bytes, *, length: int | None = None, closes: bool = False) -> None:
        """The head, as `head_of` makes it. `length` is that of the body in bytes; None: it goes out in chunks. `closes`: the
        connection ends with this answer."""

    def write(self, piece: bytes) -> None:
        """A piece of the body."""

    def end(self, piece: bytes = b"", trailers: bytes = b"") -> None:
        """The last piece, and nothing after it. `trailers` are header lines, as `head_of` makes them, that follow a body which
        went out in chunks."""


def head_of(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Header lines, as one piece: the form in which this application hands its headers to its protocol.

    Errors: RuntimeError for a line break in a name or a value.
    """
    lines = [name + b": " + value for name, value in pairs]
    if any(b"\n" in line or b"\r" in line for line in lines):
        raise RuntimeError("a header of the answer holds a line break")
    return b"\r\n".join(lines)


def write_whole(out: Outlet, status: int, head: bytes, body: bytes, *, closes: bool = False) -> None:
    """A reply whose body is known. `head` is made by `head_of`."""
    out.begin(status, head, length=len(body), closes=closes)
    out.end(body)
