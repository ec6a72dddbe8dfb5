"""What a Connection makes of upstreams that misbehave."""

import asyncio
import gzip
import socket
import tracemalloc
import zlib
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any, TypeAlias

import pytest
import uvloop

from taskfit.errors import CutAnswer, InvalidAnswer, Unreachable, UpstreamError, UpstreamTimeout
from taskfit.providers.connection import Connection, Limits
from tests.unit.providers.upstreams import OK, Peer, Script, answers_always, hangs, sends, sends_and_stays, upstream

Run: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
SIZED = HEAD + b"content-length: 10\r\n\r\n"


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    chosen: Run = request.param
    return chosen


async def failure_of(
    url: str, *, limits: Limits | None = None, first_byte_s: float = 5, total_s: float = 10, stream: bool = False
) -> UpstreamError:
    """The error that a whole call ends with."""
    connection = Connection(url, headers=[("authorization", "Bearer sk-secret")], limits=limits or Limits())
    await connection.open()
    try:
        with pytest.raises(UpstreamError) as caught:
            reply = await connection.post("/chat", b"{}", first_byte_s=first_byte_s, total_s=total_s)
            if stream:
                async for _ in reply.chunks():
                    pass
            else:
                await reply.read()
        assert connection._pool is not None
        assert len(connection._pool) == 0
        assert "sk-secret" not in str(caught.value)
        return caught.value
    finally:
        await connection.close()


def check(run: Run, script: Script, kind: type[UpstreamError], text: str, **options: Any) -> None:
    async def walk() -> None:
        for stream in (False, True):
            async with upstream(script) as server:
                error = await failure_of(server.url, stream=stream, **options)
                assert (type(error), text in str(error)) == (kind, True), str(error)
                assert f"127.0.0.1:{server.port}" in str(error)
                assert str(server.port) not in error.caller_text

    run(walk())


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (b"", Unreachable, "before a byte"),
        (b"HTTP/1.1 2", CutAnswer, "in the middle of the answer's head"),
        (HEAD + b"content-length: 10\r\n", CutAnswer, "in the middle of the answer's head"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", CutAnswer, "in the middle of the answer's head"),
        (SIZED, CutAnswer, "in the middle of the body"),
        (SIZED + b"short", CutAnswer, "in the middle of the body"),
        (CHUNKED, CutAnswer, "in the middle of the body"),
        (CHUNKED + b"5\r\nab", CutAnswer, "in the middle of the body"),
        (CHUNKED + b"2\r\nab\r\n", CutAnswer, "in the middle of the body"),
        (CHUNKED + b"2\r\nab\r\n0\r\n", CutAnswer, "in the middle of the body"),
    ],
)
def test_an_answer_that_breaks_off_is_not_an_answer(run: Run, answer: bytes, kind: type[UpstreamError], text: str) -> None:
    check(run, sends(answer), kind, text)


@pytest.mark.parametrize(
    "answer",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"220 mail.example ESMTP\r\n",
        b"<html>captive</html>\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n",
        HEAD + b"bad header\r\n\r\n",
        HEAD + b"name : space\r\n\r\n",
        HEAD + b"a: \x00\r\n\r\n",
        HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\nabc",
        HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"content-length: -2\r\n\r\n",
        HEAD + b"content-length: 99999999999999999999999999\r\n\r\n",
        CHUNKED + b"xyz\r\n",
        CHUNKED + b"100000000000000000\r\n",
        CHUNKED + b"2\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\nPRI",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\nPRI",
    ],
)
def test_malformed_http_is_an_invalid_answer(run: Run, answer: bytes) -> None:
    check(run, sends_and_stays(answer), InvalidAnswer, "malformed HTTP")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (HEAD + b"a: %b\r\n" % (b"x" * 3000), "header fields"),
        (HEAD + b"a: %b\r\n\r\n" % (b"x" * 3000), "header fields"),
        (HEAD + b"".join(b"a%d: b\r\n" % number for number in range(500)) + b"\r\n", "header fields"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 200, "header fields"),
        (CHUNKED + b"0\r\n" + b"a: b\r\n" * 1000, "header fields"),
        (CHUNKED + b"0" * 4000, "header fields"),
    ],
    ids=["endless value", "long value", "many fields", "interim answers", "trailers", "chunk size"],
)
def test_a_head_over_the_limit_is_an_invalid_answer(run: Run, answer: bytes, text: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(answer[:100])
        await peer.send(answer[100:])
        await peer.until_gone()

    check(run, script, InvalidAnswer, text, limits=Limits(max_head_bytes=2000))


def test_a_head_within_the_limit_is_fine_with_any_body(run: Run) -> None:
    async def walk() -> None:
        body = b"x" * 100000
        async with upstream(sends(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)) as server:
            connection = Connection(server.url, limits=Limits(max_head_bytes=100))
            await connection.open()
            reply = await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)
            assert await reply.read() == body
            await connection.close()

    run(walk())


async def resets(peer: Peer) -> None:
    await peer.request()
    peer.reset()


def test_a_reset_before_the_answer_means_unreachable(run: Run) -> None:
    check(run, resets, Unreachable, "before a byte")


def test_a_reset_in_the_body_cuts_the_answer_and_names_its_cause(run: Run) -> None:
    async def walk() -> None:
        go_on = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.answer(HEAD + b"\r\nwithout length")
            await go_on.wait()
            peer.reset()

        async with upstream(script) as server:
            connection = Connection(server.url)
            await connection.open()
            pieces = (await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)).chunks()
            assert await anext(pieces) == b"without length"
            go_on.set()
            with pytest.raises(CutAnswer, match="lost") as caught:
                await anext(pieces)
            assert isinstance(caught.value.__cause__, ConnectionError)
            assert caught.value.status == 200
            await connection.close()

    run(walk())


def test_what_came_before_the_cut_is_handed_over_first(run: Run) -> None:
    async def walk() -> None:
        async with upstream(sends(SIZED + b"begun")) as server:
            connection = Connection(server.url)
            await connection.open()
            reply = await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)
            seen = []
            with pytest.raises(CutAnswer):
                async for piece in reply.chunks():
                    seen.append(piece)   # noqa: PERF401  # the error comes after the pieces
            assert b"".join(seen) == b"begun"
            with pytest.raises(CutAnswer):
                await reply.read()
            await connection.close()

    run(walk())


def test_silence_ends_with_the_time_for_the_first_byte(run: Run) -> None:
    check(run, hangs, UpstreamTimeout, "time for the first one", first_byte_s=0.03)


def test_a_head_without_a_body_ends_with_the_time_for_the_first_byte(run: Run) -> None:
    check(run, sends_and_stays(SIZED), UpstreamTimeout, "time for the first one", first_byte_s=0.03)


def test_a_gap_in_the_body_ends_with_the_idle_limit(run: Run) -> None:
    check(run, sends_and_stays(SIZED + b"a"), UpstreamTimeout, "middle of the answer", limits=Limits(idle_s=0.03))


async def drips(peer: Peer) -> None:
    await peer.answer(HEAD + b"content-length: 1000000\r\n\r\n")
    while not peer.writer.is_closing():
        await peer.send(b"x")
        await asyncio.sleep(0.005)


def test_a_dripping_body_ends_with_the_total_limit(run: Run) -> None:
    check(run, drips, UpstreamTimeout, "whole of it", total_s=0.6, limits=Limits(idle_s=0.4))


def test_a_steady_body_outlives_the_idle_limit(run: Run) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(HEAD + b"content-length: 10\r\n\r\n")
        for _ in range(10):
            await peer.send(b"x")
            await asyncio.sleep(0.05)

    async def walk() -> None:
        async with upstream(script) as server:
            connection = Connection(server.url, limits=Limits(idle_s=0.4))
            await connection.open()
            reply = await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)
            assert await reply.read() == b"x" * 10
            await connection.close()

    run(walk())


def test_an_abandoned_reply_loses_its_socket_when_its_time_is_over(run: Run) -> None:
    async def walk() -> None:
        async with upstream(sends_and_stays(SIZED)) as server:
            connection = Connection(server.url)
            await connection.open()
            await connection.post("/chat", b"{}", first_byte_s=5, total_s=0.3)
            await server.client_left.wait()
            await connection.close()

    run(walk())


def test_time_limits_of_one_call_do_not_reach_into_the_next(run: Run) -> None:
    async def walk() -> None:
        go_on = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.answer()
            await peer.request()
            await go_on.wait()
            await peer.send(OK)

        async with upstream(script) as server:
            connection = Connection(server.url)
            await connection.open()
            await (await connection.post("/chat", b"{}", first_byte_s=0.3, total_s=0.3)).read()
            asyncio.get_running_loop().call_later(0.4, go_on.set)
            assert await (await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)).read() == b"ok"
            assert server.connections == 1
            await connection.close()

    run(walk())


def test_a_refused_connection_is_unreachable(run: Run) -> None:
    async def walk() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            error = await failure_of(f"http://127.0.0.1:{port}")
        assert isinstance(error, Unreachable)
        assert f"127.0.0.1:{port}: cannot connect" in str(error)
        assert isinstance(error.__cause__, OSError)

    run(walk())


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 80 + ".invalid"])
def test_a_name_that_does_not_resolve_is_unreachable(run: Run, host: str) -> None:
    async def walk() -> None:
        error = await failure_of(f"http://{host}:81")
        assert isinstance(error, Unreachable)
        assert f"{host}:81" in str(error)

    run(walk())


def test_a_connection_that_is_not_accepted_ends_with_the_connect_limit(run: Run) -> None:
    async def walk() -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            address = full.getsockname()
            fillers = [socket.socket() for _ in range(8)]
            for filler in fillers:   # the backlog is full after one or two: further handshakes get no answer
                filler.setblocking(False)
                filler.connect_ex(address)
            error = await failure_of(f"http://127.0.0.1:{address[1]}", limits=Limits(connect_s=0.05))
            for filler in fillers:
                filler.close()
        assert isinstance(error, UpstreamTimeout)
        assert "no connection in time" in str(error)

    run(walk())


@cache
def bomb(size: int) -> bytes:
    engine = zlib.compressobj(9, wbits=31)
    return b"".join(engine.compress(b"\0" * 1048576) for _ in range(size // 1048576)) + engine.flush()


@pytest.mark.parametrize("stream", [False, True])
def test_a_compression_bomb_stops_at_the_cap_in_bounded_memory(run: Run, stream: bool) -> None:
    body = bomb(128 * 1024 * 1024)
    answer = HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body) + body

    async def walk() -> None:
        async with upstream(sends_and_stays(answer)) as server:
            connection = Connection(server.url, limits=Limits(max_body_bytes=1048576))
            await connection.open()
            reply = await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)
            tracemalloc.start()
            try:
                with pytest.raises(InvalidAnswer, match="more than 1048576 bytes"):
                    _ = [len(piece) async for piece in reply.chunks()] if stream else await reply.read()
                assert tracemalloc.get_traced_memory()[1] < 8 * 1048576
            finally:
                tracemalloc.stop()
            await connection.close()

    run(walk())


@pytest.mark.parametrize(
    ("head", "body", "kind"),
    [
        (b"content-encoding: gzip\r\n", b"this is not gzip at all", InvalidAnswer),
        (b"content-encoding: gzip\r\n", gzip.compress(b"text", mtime=0) + b"and more", InvalidAnswer),
        (b"content-encoding: deflate\r\n", b"\x78\x9cnot deflate", InvalidAnswer),
        (b"content-encoding: gzip\r\n", gzip.compress(b"text" * 1000, mtime=0)[:-9], CutAnswer),
        (b"content-encoding: gzip\r\n", b"\x1f", CutAnswer),
        (b"content-encoding: br\r\n", b"text", InvalidAnswer),
        (b"content-encoding: gzip, gzip\r\n", b"text", InvalidAnswer),
    ],
)
def test_a_body_that_cannot_be_inflated_is_refused(run: Run, head: bytes, body: bytes, kind: type[UpstreamError]) -> None:
    async def walk() -> None:
        async with upstream(sends_and_stays(HEAD + head + b"content-length: %d\r\n\r\n" % len(body) + body)) as server:
            for stream in (False, True):
                connection = Connection(server.url)
                await connection.open()
                reply = await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)
                with pytest.raises(kind):
                    _ = [piece async for piece in reply.chunks()] if stream else await reply.read()
                await connection.close()

    run(walk())


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"content-length: 2000\r\n\r\n" + b"x" * 2000,
        HEAD + b"content-length: 99999999\r\n\r\n",
        HEAD + b"\r\n" + b"x" * 2000,
        CHUNKED + b"7d0\r\n" + b"x" * 2000 + b"\r\n",
    ],
    ids=["sized", "announced", "until the end", "chunked"],
)
def test_a_whole_body_over_the_cap_is_refused(run: Run, answer: bytes) -> None:
    async def walk() -> None:
        async with upstream(sends_and_stays(answer)) as server:
            connection = Connection(server.url, limits=Limits(max_body_bytes=1000))
            await connection.open()
            reply = await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)
            with pytest.raises(InvalidAnswer, match="more than 1000 bytes"):
                await reply.read()
            await connection.close()

    run(walk())


def test_an_early_refusal_of_a_large_request_is_still_an_answer(run: Run) -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig"

    async def refuses(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(refusal)
        await peer.until_gone()

    async def walk() -> None:
        async with upstream(refuses, answers_always) as server:
            connection = Connection(server.url)
            await connection.open()
            reply = await connection.post("/chat", b"x" * 20_000_000, first_byte_s=5, total_s=5)
            assert (reply.status, await reply.read()) == (413, b"big")
            reply = await connection.post("/chat", b"{}", first_byte_s=5, total_s=5)
            assert (reply.status, await reply.read(), server.connections) == (200, b"ok", 2)
            await connection.close()

    run(walk())
