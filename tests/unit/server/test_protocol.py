"""What a client hears of an application that does not answer."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from uvicorn.server import ServerState

from taskfit.server.asgi import Receive, Scope, Send, write_whole
from taskfit.server.protocol import OUTLET, TimedProtocol

REQUEST = b"GET /x?a=1 HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def serving(app: object) -> AsyncIterator[tuple[ServerState, tuple[str, int]]]:
    """An application behind the protocol, on a port of its own."""
    config, state, loop = _config(app), ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: TimedProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0)
    async with server:
        yield state, server.sockets[0].getsockname()


def _config(app: object) -> uvicorn.Config:
    return uvicorn.Config(app, ws="none", proxy_headers=False, log_config=None)  # type: ignore[arg-type]  # an ASGI application


async def _ended(state: ServerState) -> None:
    """No task is left, soon."""
    await asyncio.wait_for(asyncio.gather(*state.tasks, return_exceptions=True), 5)
    await asyncio.sleep(0)
    assert not state.tasks


async def _answer_of(app: object) -> bytes:
    """All bytes that a client gets for one request."""
    async with serving(app) as (state, address):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(REQUEST)
        answer = await reader.read()
        writer.close()
        await _ended(state)
    return answer


def test_a_request_that_nobody_answers_is_answered_with_500_and_the_connection_ends() -> None:
    async def leave(scope: Scope, receive: Receive, send: Send) -> None:
        assert (scope["path"], scope["query_string"], dict(scope["headers"])) == ("/x", b"a=1", {b"host": b"x"})

    answer = asyncio.run(_answer_of(leave))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"\r\nconnection: close\r\n" in answer
    assert answer.endswith(b"\r\n\r\nInternal Server Error")


def test_an_answer_that_is_left_in_its_middle_is_cut_off() -> None:
    async def leave_early(scope: Scope, receive: Receive, send: Send) -> None:
        scope[OUTLET].begin(200, b"content-type: text/plain")
        scope[OUTLET].write(b"half")

    answer = asyncio.run(_answer_of(leave_early))
    assert answer.endswith(b"\r\n\r\n4\r\nhalf\r\n"), "without the chunk that ends a whole answer"


def test_one_task_answers_all_requests_of_a_connection_and_ends_with_it() -> None:
    tasks: set[asyncio.Task[None] | None] = set()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        tasks.add(asyncio.current_task())
        await asyncio.sleep(0)
        write_whole(scope[OUTLET], 200, b"content-type: text/plain", scope["path"].encode())

    async def visit() -> None:
        async with serving(answer) as (state, address):
            reader, writer = await asyncio.open_connection(*address)
            for path in (b"/at-1", b"/at-2"):
                writer.write(REQUEST.replace(b"/x?a=1", path))
                assert (await reader.readuntil(path)).startswith(b"HTTP/1.1 200 ")
            writer.write(REQUEST.replace(b"/x?a=1", b"/at-3") + REQUEST.replace(b"/x?a=1", b"/at-4"))
            await reader.readuntil(b"/at-3")
            await reader.readuntil(b"/at-4")
            assert len(state.tasks) == 1
            writer.close()
            await writer.wait_closed()
            await _ended(state)

    asyncio.run(visit())
    assert len(tasks) == 1


def test_a_connection_that_is_lost_before_its_task_began_leaves_none() -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("nobody waits for it")

    async def visit() -> None:
        async with serving(answer) as (state, _):
            protocol = TimedProtocol(config=_config(answer), server_state=state, app_state={})
            near, far = socket.socketpair()
            transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, sock=near)
            protocol.data_received(REQUEST)
            protocol.connection_lost(None)
            assert len(state.tasks) == 1
            await _ended(state)
            transport.abort()
            far.close()

    asyncio.run(visit())
