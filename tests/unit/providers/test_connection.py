"""What a Connection sends, hands over and keeps."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import pytest
import uvloop

from taskfit.errors import ConfigurationError, InternalError, InvalidRequest, Unreachable
from taskfit.providers.connection import Connection, Limits, Reply
from tests.unit.providers.upstreams import OK, Peer, Script, answers_always, hangs, sends, sends_and_stays, upstream

Run: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]
Call: TypeAlias = Callable[[Connection], Coroutine[Any, Any, None]]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    chosen: Run = request.param
    return chosen


@asynccontextmanager
async def connected(
    url: str, *, headers: Sequence[tuple[str, str]] = (), limits: Limits | None = None, proxy: str | None = None
) -> AsyncIterator[Connection]:
    connection = Connection(url, headers=headers, limits=limits or Limits(), proxy=proxy)
    await connection.open()
    try:
        yield connection
    finally:
        await connection.close()


async def post(connection: Connection, body: bytes = b"{}", path: str = "/chat") -> Reply:
    return await connection.post(path, body, first_byte_s=5, total_s=10)


async def post_and_read(connection: Connection, body: bytes = b"{}") -> bytes:
    reply = await post(connection, body)
    return await reply.read()


async def collect(reply: Reply) -> list[bytes]:
    return [piece async for piece in reply.chunks()]


def chunked(*pieces: bytes, head: bytes = b"") -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\n" + head + b"transfer-encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


def sized(body: bytes, head: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + head + b"content-length: %d\r\n\r\n" % len(body) + body


KEY = [("X-Key", "k")]


def test_a_post_sends_one_clean_request_and_hands_over_status_headers_and_body(run: Run) -> None:
    answer = b"HTTP/1.1 201 Made\r\nX-One: a\r\nx-one: b\r\nContent-Length: 4\r\n\r\nbody"

    async def walk() -> None:
        async with upstream(sends_and_stays(answer)) as server, connected(f"{server.url}/v1/", headers=KEY) as connection:
            reply = await connection.post("/chat", b'{"a":1}', first_byte_s=5, total_s=5, headers=[("x-beta", "b")])
            assert (reply.status, await reply.read(), await reply.read()) == (201, b"body", b"body")
            assert reply.headers == {"x-one": "a, b", "content-length": "4"}
            head, _, body = server.requests[0].partition(b"\r\n\r\n")
            assert body == b'{"a":1}'
            assert head.split(b"\r\n") == [
                b"POST /v1/chat HTTP/1.1", f"host: 127.0.0.1:{server.port}".encode(), b"accept-encoding: identity",
                b"user-agent: taskfit", b"x-key: k", b"content-type: application/json", b"content-length: 7", b"x-beta: b",
            ]

    run(walk())


def test_a_get_sends_no_body(run: Run) -> None:
    async def walk() -> None:
        async with upstream(answers_always) as server, connected(server.url) as connection:
            reply = await connection.get("/models?a=b", first_byte_s=5, total_s=5)
            assert await reply.read() == b"ok"
            assert server.requests[0].startswith(b"GET /models?a=b HTTP/1.1\r\n")
            assert b"content-length" not in server.requests[0]

    run(walk())


def test_requests_one_after_the_other_share_a_socket(run: Run) -> None:
    async def walk() -> None:
        async with upstream(answers_always) as server, connected(server.url) as connection:
            for _ in range(5):
                assert await post_and_read(connection) == b"ok"
            assert (server.connections, len(server.requests)) == (1, 5)

    run(walk())


def test_requests_at_the_same_time_get_their_own_answers(run: Run) -> None:
    async def echo(peer: Peer) -> None:
        while True:
            body = (await peer.request()).partition(b"\r\n\r\n")[2]
            await peer.send(sized(body))

    async def walk() -> None:
        async with upstream(echo) as server, connected(server.url) as connection:
            for _ in range(3):
                asked = [b"%d" % number for number in range(40)]
                assert await asyncio.gather(*(post_and_read(connection, body) for body in asked)) == asked
            assert server.connections == 40

    run(walk())


def test_the_socket_used_last_is_used_next(run: Run) -> None:
    async def walk() -> None:
        async with upstream(answers_always) as server, connected(server.url) as connection:
            await asyncio.gather(post_and_read(connection), post_and_read(connection))
            assert connection._pool is not None
            newest = next(reversed(connection._pool._idle))
            await post_and_read(connection)
            assert next(reversed(connection._pool._idle)) is newest
            assert server.connections == 2

    run(walk())


def test_a_small_answer_that_arrived_is_read_without_suspending(run: Run) -> None:
    async def walk() -> None:
        async with upstream(answers_always) as server, connected(server.url) as connection:
            reading = (await post(connection)).read()
            with pytest.raises(StopIteration) as stopped:
                reading.send(None)
            assert stopped.value.value == b"ok"

    run(walk())


@pytest.mark.parametrize("pieces", [(), (b"a",), (b"a" * 70000, b"b", b"c" * 300000)])
def test_a_chunked_body_is_whole_and_its_socket_is_reused(run: Run, pieces: tuple[bytes, ...]) -> None:
    async def walk() -> None:
        answer = chunked(*pieces)
        async with upstream(sends_and_stays(answer, answer)) as server, connected(server.url) as connection:
            assert await post_and_read(connection) == b"".join(pieces)
            assert b"".join(await collect(await post(connection))) == b"".join(pieces)
            assert server.connections == 1

    run(walk())


def test_pieces_are_handed_over_as_they_arrive(run: Run) -> None:
    async def walk() -> None:
        go_on = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            for piece in (b"one", b"two"):
                await peer.send(b"3\r\n%b\r\n" % piece)
                await go_on.wait()
                go_on.clear()
            await peer.send(b"0\r\n\r\n")

        async with upstream(script) as server, connected(server.url) as connection:
            seen = []
            async for piece in (await post(connection)).chunks():
                seen.append(piece)
                go_on.set()
            assert seen == [b"one", b"two"]

    run(walk())


def test_interim_answers_are_skipped(run: Run) -> None:
    async def walk() -> None:
        answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK
        async with upstream(sends_and_stays(answer)) as server, connected(server.url) as connection:
            reply = await post(connection)
            assert (reply.status, await reply.read(), "link" in reply.headers) == (200, b"ok", False)

    run(walk())


def test_an_answer_without_a_length_ends_with_its_connection(run: Run) -> None:
    async def walk() -> None:
        async with upstream(sends(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")) as server, connected(server.url) as connection:
            assert await post_and_read(connection) == b"until the end"
            assert b"".join(await collect(await post(connection))) == b"until the end"
            assert server.connections == 2

    run(walk())


def test_an_answer_without_content_has_an_empty_body(run: Run) -> None:
    async def walk() -> None:
        answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        async with upstream(sends_and_stays(answer, OK)) as server, connected(server.url) as connection:
            assert await post_and_read(connection) == b""
            assert await post_and_read(connection) == b"ok"
            assert server.connections == 1

    run(walk())


def test_redirects_are_not_followed(run: Run) -> None:
    async def walk() -> None:
        async with upstream(answers_always) as elsewhere:
            answer = b"HTTP/1.1 307 Moved\r\nlocation: %b/\r\ncontent-length: 0\r\n\r\n" % elsewhere.url.encode()
            async with upstream(sends_and_stays(answer)) as server, connected(server.url) as connection:
                reply = await post(connection)
                assert (reply.status, await reply.read(), elsewhere.connections) == (307, b"", 0)

    run(walk())


def raw_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


TEXT = b"a text that is long enough to be worth it " * 5000


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT[:1000], mtime=0) + gzip.compress(TEXT[1000:], mtime=0) + b"\0\0"),
        ("Deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("identity", TEXT),
    ],
)
def test_a_coding_that_was_not_asked_for_is_undone(run: Run, coding: str, body: bytes) -> None:
    async def walk() -> None:
        answer = sized(body, head=f"content-encoding: {coding}\r\n".encode())
        async with upstream(sends_and_stays(answer, answer)) as server, connected(server.url) as connection:
            assert await post_and_read(connection) == TEXT
            assert b"".join(await collect(await post(connection))) == TEXT
            assert server.connections == 1

    run(walk())


def test_a_slow_reader_slows_the_upstream_down(run: Run) -> None:
    size = 32 * 1024 * 1024

    async def walk() -> None:
        is_stuck = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.answer(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
            peer.writer.write(b"x" * size)
            drained = asyncio.ensure_future(peer.writer.drain())
            await asyncio.wait([drained], timeout=0.3)
            assert not drained.done()
            is_stuck.set()
            await drained
            await peer.until_gone()

        async with upstream(script) as server, connected(server.url) as connection:
            reply = await post(connection)
            pieces = reply.chunks()
            total = len(await anext(pieces))
            await is_stuck.wait()
            assert reply._buffered_bytes < 1024 * 1024
            async for piece in pieces:
                assert len(piece) < 1024 * 1024
                total += len(piece)
            assert total == size

    run(walk())


def test_close_drops_idle_sockets_and_lets_calls_in_flight_finish(run: Run) -> None:
    async def walk() -> None:
        go_on = asyncio.Event()

        async def waits(peer: Peer) -> None:
            await peer.request()
            await go_on.wait()
            await peer.send(OK)
            await peer.until_gone()

        async with upstream(waits, sends_and_stays(OK)) as server, connected(server.url) as connection:
            flying = asyncio.ensure_future(post_and_read(connection))
            await server.was_asked.wait()
            await post_and_read(connection)
            await connection.close()
            await server.client_left.wait()
            server.client_left.clear()
            go_on.set()
            assert await flying == b"ok"
            await server.client_left.wait()
            assert connection._pool is not None
            assert len(connection._pool) == 0

    run(walk())


def test_a_call_after_close_is_served_on_a_socket_of_its_own(run: Run) -> None:
    async def walk() -> None:
        async with upstream(sends_and_stays(OK)) as server, connected(server.url) as connection:
            await connection.close()
            assert await post_and_read(connection) == b"ok"
            await server.client_left.wait()

    run(walk())


def test_old_idle_sockets_are_closed_without_being_asked(run: Run) -> None:
    async def walk() -> None:
        async with upstream(sends_and_stays(OK)) as server, connected(server.url, limits=Limits(keepalive_s=0.02)) as connection:
            await post_and_read(connection)
            await server.client_left.wait()

    run(walk())


def test_a_socket_past_its_age_is_not_reused(run: Run) -> None:
    async def walk() -> None:
        async with upstream(answers_always) as server, connected(server.url, limits=Limits(keepalive_s=0)) as connection:
            await post_and_read(connection)
            await post_and_read(connection)
            assert server.connections == 2

    run(walk())


def test_the_pool_keeps_no_more_than_its_limit(run: Run) -> None:
    async def walk() -> None:
        async with upstream(answers_always) as server, connected(server.url, limits=Limits(max_pool=2)) as connection:
            await asyncio.gather(*(post_and_read(connection) for _ in range(5)))
            assert connection._pool is not None
            assert len(connection._pool) == 2

    run(walk())


@pytest.mark.parametrize(
    "answer",
    [
        OK + b" and more",
        OK + OK,
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
    ],
    ids=["garbage", "second answer", "close", "1.0"],
)
def test_a_socket_that_is_not_clean_after_the_answer_is_not_reused(run: Run, answer: bytes) -> None:
    async def walk() -> None:
        async with upstream(sends_and_stays(answer), answers_always) as server, connected(server.url) as connection:
            assert await post_and_read(connection) == b"ok"
            await server.client_left.wait()
            assert await post_and_read(connection) == b"ok"
            assert server.connections == 2

    run(walk())


def test_an_idle_socket_that_speaks_is_closed(run: Run) -> None:
    async def walk() -> None:
        go_on = asyncio.Event()

        async def speaks(peer: Peer) -> None:
            await peer.answer()
            await go_on.wait()
            await peer.send(OK)
            await peer.until_gone()

        async with upstream(speaks) as server, connected(server.url) as connection:
            await post_and_read(connection)
            go_on.set()
            await server.client_left.wait()
            assert connection._pool is not None
            assert len(connection._pool) == 0

    run(walk())


async def closes_on_the_second_request(peer: Peer) -> None:
    await peer.answer()
    await peer.request()


async def resets_on_the_second_request(peer: Peer) -> None:
    await peer.answer()
    await peer.request()
    peer.reset()


@pytest.mark.parametrize("script", [closes_on_the_second_request, resets_on_the_second_request])
def test_a_reused_socket_that_closes_before_a_byte_is_replaced_once(run: Run, script: Script) -> None:
    async def walk() -> None:
        async with upstream(script, answers_always) as server, connected(server.url) as connection:
            assert [await post_and_read(connection), await post_and_read(connection)] == [b"ok", b"ok"]
            assert (server.connections, len(server.requests)) == (2, 3)

    run(walk())


def test_a_fresh_socket_that_closes_before_a_byte_is_not_replaced(run: Run) -> None:
    async def walk() -> None:
        async with upstream(closes_on_the_second_request, sends(b"")) as server, connected(server.url) as connection:
            await post_and_read(connection)
            with pytest.raises(Unreachable, match="before a byte"):
                await post(connection)
            assert (server.connections, len(server.requests)) == (2, 3)

    run(walk())


LONG = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun"


def test_closing_an_unfinished_reply_closes_its_socket(run: Run) -> None:
    async def walk() -> None:
        async with upstream(sends_and_stays(LONG)) as server, connected(server.url) as connection:
            reply = await post(connection)
            await reply.close()
            await reply.close()
            await server.client_left.wait()

    run(walk())


def test_leaving_a_stream_early_closes_its_socket(run: Run) -> None:
    async def walk() -> None:
        async with upstream(sends_and_stays(LONG)) as server, connected(server.url) as connection:
            pieces = (await post(connection)).chunks()
            assert await anext(pieces) == b"begun"
            await pieces.aclose()
            await server.client_left.wait()

    run(walk())


def test_closing_a_finished_reply_keeps_its_socket(run: Run) -> None:
    async def walk() -> None:
        async with upstream(answers_always) as server, connected(server.url) as connection:
            for _ in range(2):
                reply = await post(connection)
                await reply.read()
                await reply.close()
            assert server.connections == 1

    run(walk())


async def begin_to_read(connection: Connection) -> None:
    await (await post(connection)).read()


async def begin_to_stream(connection: Connection) -> None:
    await collect(await post(connection))


@pytest.mark.parametrize(
    ("answer", "call"), [(b"", begin_to_read), (LONG, begin_to_read), (LONG, begin_to_stream)], ids=["head", "body", "pieces"]
)
def test_a_cancelled_call_closes_its_socket(run: Run, answer: bytes, call: Call) -> None:
    async def walk() -> None:
        is_answered = asyncio.Event()

        async def script(peer: Peer) -> None:
            await peer.answer(answer)
            is_answered.set()
            await peer.until_gone()

        async with upstream(script) as server, connected(server.url) as connection:
            flying = asyncio.ensure_future(call(connection))
            await is_answered.wait()
            for _ in range(5):
                await asyncio.sleep(0)
            flying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await flying
            await server.client_left.wait()

    run(walk())


def test_proxies_of_the_environment_are_not_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def walk() -> None:
        async with upstream(answers_always) as server, connected(server.url) as connection:
            assert await post_and_read(connection) == b"ok"

    run(walk())


def test_a_configured_proxy_gets_the_whole_address(run: Run) -> None:
    async def walk() -> None:
        async with upstream(answers_always) as proxy:
            way = f"http://me:secret@127.0.0.1:{proxy.port}"
            async with connected("http://models.example/v1", proxy=way) as connection:
                assert await post_and_read(connection) == b"ok"
            lines = proxy.requests[0].split(b"\r\n")
            assert lines[:2] == [b"POST http://models.example/v1/chat HTTP/1.1", b"host: models.example"]
            assert b"proxy-authorization: Basic bWU6c2VjcmV0" in lines

    run(walk())


@pytest.mark.parametrize(
    "url",
    [
        "", "127.0.0.1:80", "ftp://a", "http://", "http://a b", "http://a\r\nx: y", "http://a?b", "http://a#b",
        "http://user:pw@a", "http://a:99999", "http://a:0", "http://ä", "http://[::1",
    ],
)
def test_a_url_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Connection(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["https://a:1", "http://a:1/path", "a:1", "socks5://a:1"])
def test_a_proxy_that_cannot_be_used_is_refused(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="proxy"):
        Connection("http://a", proxy=proxy)


@pytest.mark.parametrize(
    ("name", "value"),
    [("x-key", "secret\r\nx: y"), ("x-key", "secret\n"), ("x-key", "secret\0"), ("x-key", "secret€"), ("x key", "secret"),
     ("", "secret"), ("Content-Length", "secret"), ("transfer-encoding", "secret")],
)
def test_header_fields_that_cannot_be_sent_are_refused_without_telling_their_value(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Connection("http://a", headers=[(name, value)])
    assert "secret" not in str(caught.value)


def test_header_fields_of_a_call_and_paths_are_checked_too(run: Run) -> None:
    async def walk() -> None:
        async with connected("http://127.0.0.1:9") as connection:
            with pytest.raises(InvalidRequest, match="x-beta"):
                await connection.post("/chat", b"", first_byte_s=1, total_s=1, headers=[("x-beta", "a\r\nb: c")])
            for path in ("chat", "/a b", "/a\r\nb", "/ä", "/a#b"):
                with pytest.raises(InternalError):
                    await post(connection, path=path)

    run(walk())


def test_a_connection_must_be_opened_first(run: Run) -> None:
    async def walk() -> None:
        with pytest.raises(InternalError, match="opened"):
            await post(Connection("http://127.0.0.1:9"))

    run(walk())


def test_many_paths_do_not_fill_the_memory(run: Run) -> None:
    async def walk() -> None:
        async with upstream(answers_always) as server, connected(server.url) as connection:
            connection._post_heads.update({f"/{number}": b"" for number in range(1024)})
            await post(connection)
            assert len(connection._post_heads) == 1

    run(walk())


def test_hanging_calls_do_not_keep_others_waiting(run: Run) -> None:
    async def walk() -> None:
        async with upstream(hangs, answers_always) as server, connected(server.url) as connection:
            hanging = asyncio.ensure_future(post_and_read(connection))
            await server.was_asked.wait()
            assert await post_and_read(connection) == b"ok"
            hanging.cancel()
            await asyncio.gather(hanging, return_exceptions=True)

    run(walk())
