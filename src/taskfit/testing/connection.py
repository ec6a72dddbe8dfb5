"""One connection of a scripted upstream: reads HTTP/1.1 requests, and performs acts down to the single byte.

Knows neither dialects nor scripts. A client that half-closes counts as one that left.
Source: RFC 9112 for the message format.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import cast

import msgspec

from taskfit.testing.acts import Act, Acts, End, Hang, Pause, Send

MAX_HEAD_BYTES = 1 << 20
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it came over the wire. `is_last` says that the client wants the connection closed after the answer."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    is_last: bool


class Malformed(Exception):
    """What came is not an HTTP/1.1 request."""


class ClientLeft(Exception):
    """The client closed before it had the whole answer."""


class Connection(asyncio.Protocol):
    """One client's socket. `on_open` is called once, when it is there."""

    def __init__(self, on_open: Callable[["Connection"], None]) -> None:
        self._on_open = on_open
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._gone = asyncio.Event()
        self._lost = asyncio.Event()
        self._writable.set()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there. Without a write buffer, `send` returns only once the system has all bytes."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit from it
        self._transport.set_write_buffer_limits(high=0)
        self._on_open(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._buffer += data
        self._arrived.set()

    def eof_received(self) -> bool:
        """The client sends no more. The transport is ended by us."""
        self._gone.set()
        self._arrived.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        for event in (self._lost, self._gone, self._arrived, self._writable):
            event.set()

    def pause_writing(self) -> None:
        """The system takes no more for now."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The system has taken everything."""
        self._writable.set()

    # Reading

    async def read_request(self) -> Incoming | None:
        """The next request; None when the client has gone instead. Errors: Malformed."""
        head = await self._take_until(b"\r\n\r\n")
        if head is None:
            return None
        method, target, version, headers = _parse_head(head)
        if headers.get("expect", "").lower() == "100-continue":
            await self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        is_chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        body = await self._take_chunks() if is_chunked else await self._take(_length(headers))
        if body is None:
            return None
        is_last = "close" in headers.get("connection", "").lower() or version == "HTTP/1.0"
        return Incoming(method=method, target=target, headers=headers, body=body, is_last=is_last)

    async def _take(self, size: int) -> bytes | None:
        while len(self._buffer) < size:
            if not await self._more():
                return None
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def _take_until(self, mark: bytes) -> bytes | None:
        while (place := self._buffer.find(mark)) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise Malformed("the head of the request is too long")
            if not await self._more():
                return None
        return await self._take(place + len(mark))

    async def _take_chunks(self) -> bytes | None:
        body = bytearray()
        while True:
            line = await self._take_until(b"\r\n")
            if line is None:
                return None
            size = _chunk_size(line)
            chunk = await self._take(size + 2) if size else await self._take_until(b"\r\n")
            if chunk is None:
                return None
            if not size:
                return bytes(body)
            body += chunk[:-2]

    async def _more(self) -> bool:
        if self._gone.is_set():
            return False
        self._arrived.clear()
        await self._arrived.wait()
        return True

    # Answering

    async def perform(self, acts: Acts) -> bool:
        """Whether the connection can take another request. Errors: ClientLeft, as soon as it shows."""
        for position, act in enumerate(acts):
            if self._gone.is_set():
                raise ClientLeft
            if isinstance(act, End):
                return self._end(act)
            await self._perform(act)
            if position + 1 < len(acts):
                await asyncio.sleep(0)
        return True

    async def send(self, data: bytes) -> None:
        """Write, and wait until the system has taken it. Errors: ClientLeft."""
        assert self._transport is not None
        if self._lost.is_set():
            raise ClientLeft
        self._transport.write(data)
        await self._writable.wait()
        if self._lost.is_set():
            raise ClientLeft

    async def _perform(self, act: Act) -> None:
        if isinstance(act, Send):
            await self.send(act.data)
        elif isinstance(act, Pause):
            await self._wait_for_leaving(act.seconds)
        elif isinstance(act, Hang):
            await self._wait_for_leaving(None)

    async def _wait_for_leaving(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._gone.wait()
        except TimeoutError:
            return
        raise ClientLeft

    def _end(self, end: End) -> bool:
        if end.how == "reset":
            assert self._transport is not None
            _reset_on_close(self._transport)
            self.drop()
        return False

    # Ending

    async def close(self) -> None:
        """Close, and wait until the socket is gone."""
        self.drop()
        await self._lost.wait()

    def drop(self) -> None:
        """Close at once; what the system has already taken still reaches the client."""
        assert self._transport is not None
        self._transport.abort()


def _reset_on_close(transport: asyncio.Transport) -> None:
    """Set on a second descriptor of the same socket, since not every event loop lets its own be touched."""
    handle = transport.get_extra_info("socket")
    with socket.socket(fileno=os.dup(handle.fileno())) as double:
        double.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


def _parse_head(head: bytes) -> tuple[str, str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    match first.split(" "):
        case [method, target, ("HTTP/1.1" | "HTTP/1.0") as version]:
            pass
        case _:
            raise Malformed(f"not a request line: {first[:100]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip():
            raise Malformed(f"not a header: {line[:100]!r}")
        headers[name.lower()] = value.strip()
    return method, target, version, headers


def _length(headers: dict[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not text.isdecimal():
        raise Malformed(f"not a length: {text[:100]!r}")
    return int(text)


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0].strip(), 16)
    except ValueError as error:
        raise Malformed(f"not a chunk size: {line[:100]!r}") from error
