"""The vocabulary of ASGI, as far as it is used here. Source: the ASGI specification 3.0, HTTP."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Pairs: TypeAlias = list[tuple[bytes, bytes]]


async def send_whole(send: Send, status: int, pairs: Pairs, body: bytes) -> None:
    """A reply whose body is known."""
    pairs.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
