"""Servers on real sockets that behave, byte by byte, as a test's script says."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: "Upstream") -> None:
        self.reader = reader
        self.writer = writer
        self._upstream = upstream

    async def request(self) -> bytes:
        """The next request, whole."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        size = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        whole = head + await self.reader.readexactly(size)
        self._upstream.requests.append(whole)
        self._upstream.was_asked.set()
        return whole

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, data: bytes = OK) -> None:
        await self.request()
        await self.send(data)

    def reset(self) -> None:
        """Close with RST."""
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def until_gone(self) -> None:
        """Return when the client has closed."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass
        self._upstream.client_left.set()


Script: TypeAlias = Callable[[Peer], Coroutine[Any, Any, None]]


class Upstream:
    """Its n-th connection follows the n-th script, further ones the last."""

    def __init__(self, scripts: tuple[Script, ...]) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.was_asked = asyncio.Event()
        self.client_left = asyncio.Event()
        self.port = 0
        self._scripts = scripts
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts[min(self.connections, len(self._scripts) - 1)]
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await script(Peer(reader, writer, self))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.client_left.set()
        except asyncio.CancelledError:
            pass   # the test is over
        finally:
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)


@asynccontextmanager
async def upstream(*scripts: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Upstream]:
    state = Upstream(scripts)
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0, ssl=tls)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        await state.stop()
        await server.wait_closed()


def sends(*answers: bytes) -> Script:
    """Answers each request with the next of these bytes, then closes."""
    async def script(peer: Peer) -> None:
        for each in answers:
            await peer.answer(each)
    return script


def sends_and_stays(*answers: bytes) -> Script:
    """Answers each request with the next of these bytes, then waits until the client goes."""
    async def script(peer: Peer) -> None:
        for each in answers:
            await peer.answer(each)
        await peer.until_gone()
    return script


async def answers_always(peer: Peer) -> None:
    """A well-behaved server."""
    while True:
        await peer.answer()


async def hangs(peer: Peer) -> None:
    """Takes the request and says nothing."""
    await peer.request()
    await peer.until_gone()
