"""What a client hears of an application that does not answer."""

import asyncio

import uvicorn
from uvicorn.server import ServerState

from taskfit.server.asgi import Receive, Scope, Send
from taskfit.server.protocol import OUTLET, TimedProtocol

REQUEST = b"GET /x?a=1 HTTP/1.1\r\nHost: x\r\n\r\n"


async def _answer_of(app: object) -> bytes:
    """All bytes that a client gets for one request."""
    config = uvicorn.Config(app, ws="none", proxy_headers=False, log_config=None)  # type: ignore[arg-type]  # an ASGI application
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: TimedProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(REQUEST)
        answer = await reader.read()
        writer.close()
    assert not state.tasks
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
