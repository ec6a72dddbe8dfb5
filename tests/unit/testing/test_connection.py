"""HTTP/1.1 as it is spoken to a scripted upstream."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from taskfit.testing import Fault, Reply, ScriptedUpstream
from taskfit.testing.script import Script
from tests.unit.testing.wire import DIALECTS, call, read, request_bytes, talk


def connected(check: Callable[[ScriptedUpstream, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
    async def run() -> None:
        async with ScriptedUpstream() as upstream:
            upstream.script({"m": "Bern."})
            reader, writer = await asyncio.open_connection("127.0.0.1", int(upstream.url.rsplit(":", 1)[1]))
            try:
                await check(upstream, reader, writer)
            finally:
                writer.close()
                await writer.wait_closed()

    asyncio.run(run())


async def next_answer(reader: asyncio.StreamReader) -> str:
    head = await reader.readuntil(b"\r\n\r\n")
    seen = read(head)
    body = await reader.readexactly(int(seen.headers["content-length"]))
    return str(json.loads(body)["choices"][0]["message"]["content"])


def test_a_connection_takes_one_request_after_the_other() -> None:
    async def check(upstream: ScriptedUpstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = request_bytes(*call("openai", stream=False))
        writer.write(sent)
        assert await next_answer(reader) == "Bern."
        writer.write(sent)
        assert await next_answer(reader) == "Bern."
        assert [request.connection for request in upstream.requests] == [1, 1]

    connected(check)


def test_pipelined_requests_are_answered_in_order() -> None:
    async def check(upstream: ScriptedUpstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream.script({"m": ["one", "two"]})
        writer.write(request_bytes(*call("openai", stream=False)) * 2)
        assert [await next_answer(reader), await next_answer(reader)] == ["one", "two"]

    connected(check)


def test_a_stream_leaves_the_connection_open_for_the_next_request() -> None:
    async def check(upstream: ScriptedUpstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request_bytes(*call("openai", stream=True)))
        assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
        writer.write(request_bytes(*call("openai", stream=False)))
        assert await next_answer(reader) == "Bern."

    connected(check)


def test_a_request_may_come_byte_by_byte() -> None:
    async def check(upstream: ScriptedUpstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in request_bytes(*call("openai", stream=False)):
            writer.write(bytes([byte]))
            await writer.drain()
        assert await next_answer(reader) == "Bern."

    connected(check)


def test_a_request_may_be_chunked() -> None:
    async def check(upstream: ScriptedUpstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path, body = call("openai", stream=False)
        data = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        chunks = b"5\r\n%b\r\n%x;name=value\r\n%b\r\n0\r\n\r\n" % (data[:5], len(data) - 5, data[5:])
        writer.write(head + chunks)
        assert await next_answer(reader) == "Bern."
        assert upstream.requests[0].raw == data

    connected(check)


def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    async def check(upstream: ScriptedUpstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, _, body = request_bytes(*call("openai", stream=False), headers="Expect: 100-continue\r\n").partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert await next_answer(reader) == "Bern."

    connected(check)


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nspace : x\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"a" * (1 << 20) + b"\r\n",
    ],
    ids=["words", "version", "colon", "space", "length", "chunk", "endless"],
)
def test_what_is_not_http_is_refused_and_the_connection_closed(sent: bytes) -> None:
    async def run() -> None:
        async with ScriptedUpstream() as upstream:
            seen = read(await talk(upstream.url, sent))
            assert seen.status == 400
            assert upstream.requests == []

    asyncio.run(run())


@pytest.mark.parametrize("sent", [b"", b"POST / HT", b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc"])
def test_a_client_that_leaves_before_its_request_is_whole_is_not_answered(sent: bytes) -> None:
    async def check(upstream: ScriptedUpstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        writer.write_eof()
        assert await reader.read() == b""
        assert upstream.requests == []

    connected(check)


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_the_connection_closes_when_the_client_wants_that(version: str) -> None:
    async def run() -> None:
        async with ScriptedUpstream() as upstream:
            upstream.script({"m": "Bern."})
            headers = "connection: close\r\n" if version == "HTTP/1.1" else ""
            sent = request_bytes(*call("openai", stream=False), headers=headers).replace(b"HTTP/1.1", version.encode(), 1)
            assert read(await talk(upstream.url, sent)).is_whole

    asyncio.run(run())


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_uvloop_carries_the_same_bytes(dialect: str, stream: bool) -> None:
    async def said(script: Script) -> bytes:
        async with ScriptedUpstream() as upstream:
            upstream.script({"m": script})
            try:
                return await talk(upstream.url, request_bytes(*call(dialect, stream=stream), headers="connection: close\r\n"))
            except ConnectionResetError:
                return b"reset"

    for script in ("Bern.", Fault.reset(), Fault.cut(), Fault.split_utf8(), Fault.big_line(), Fault.gzip()):
        assert uvloop.run(said(script)) == asyncio.run(said(script))


def test_uvloop_closes_what_hangs_and_notices_who_left() -> None:
    async def run() -> None:
        async with ScriptedUpstream() as upstream:
            upstream.script({"m": Fault.hang()})
            port = int(upstream.url.rsplit(":", 1)[1])
            clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            for _, writer in clients:
                writer.write(request_bytes(*call("openai", stream=False)))
            await upstream.wait_until(lambda: len(upstream.requests) == 2)
            (_, leaving), (staying, writer) = clients
            leaving.close()
            await leaving.wait_closed()
            await upstream.wait_until(lambda: sorted(request.client_left for request in upstream.requests) == [False, True])
            await upstream.close()
            assert await staying.read() == b""
            writer.close()
            await writer.wait_closed()

    uvloop.run(run())


def test_a_client_that_reads_slowly_gets_every_byte() -> None:
    async def check(upstream: ScriptedUpstream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        text = "x" * 8_000_000
        upstream.script({"m": Reply(text, chunks=1)})
        writer.write(request_bytes(*call("openai", stream=False)))
        assert await next_answer(reader) == text

    connected(check)
