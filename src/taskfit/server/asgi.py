"""The vocabulary of ASGI, as far as it is used here. Source: the ASGI specification 3.0, HTTP.

One liberty is taken with it: headers go to our own protocol as ready-made lines, not as a list of pairs.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


def head_of(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Header lines, as one piece: the form in which this application hands its headers to its protocol.

    Errors: RuntimeError for a line break in a name or a value.
    """
    lines = [name + b": " + value for name, value in pairs]
    if any(b"\n" in line or b"\r" in line for line in lines):
        raise RuntimeError("a header of the answer holds a line break")
    return b"\r\n".join(lines)


async def send_whole(send: Send, status: int, head: bytes, body: bytes) -> None:
    """A reply whose body is known. `head` is made by `head_of`."""
    await send({"type": "http.response.start", "status": status, "headers": b"%s\r\ncontent-length: %d" % (head, len(body))})
    await send({"type": "http.response.body", "body": body})
