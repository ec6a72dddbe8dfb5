"""A stream's events on their way to the socket: pings in a silence, one end, and a slow client that is not waited for."""

import asyncio
from typing import Any

import pytest

from taskfit.errors import InternalError
from taskfit.pipeline.gateway import Gateway
from taskfit.server.exchange import Exchange
from taskfit.server.keyring import Keyring
from taskfit.server.protocol import OUTLET
from taskfit.server.relay import Relay
from taskfit.values.answer import Delta
from taskfit.wire import anthropic_messages, openai_chat
from tests.unit.pipeline.walking import Stage, says


class Out:
    """An outlet that keeps what is written; it can be full."""

    def __init__(self) -> None:
        self.head = b""
        self.pieces: list[bytes] = []
        self.trailers = b""
        self.ends = 0
        self.is_full = False

    async def drain(self) -> None:
        await asyncio.Event().wait()

    def begin(self, status: int, head: bytes, *, length: int | None = None, closes: bool = False) -> None:
        self.head = head

    def write(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def end(self, piece: bytes = b"", trailers: bytes = b"") -> None:
        self.pieces.append(piece)
        self.trailers = trailers
        self.ends += 1


def relay_to(out: Out, dialect: Any = openai_chat, *, tick_s: float = 60.0) -> Relay:
    stage = Stage({"a": says("42")})
    gateway = Gateway(stage.house, store=stage.store, outbox=stage.outbox, clock=stage.clock)
    scope: dict[str, Any] = {"headers": [], "query_string": b"", OUTLET: out}
    walk = stage.walk(stream=True)
    walk.prepare()
    writer = dialect.new_writer(walk.request, reply_id="rec-1", created=1)
    return Relay(Exchange(gateway, Keyring(gateway, is_auth_on=False), scope), walk, writer, tick_s=tick_s)


def said(text: str) -> Delta:
    return Delta(dialect="gemini-generate", text=text)


@pytest.mark.parametrize(("dialect", "ping"), [(openai_chat, b":"), (anthropic_messages, b"event: ping\n")])
def test_a_silence_in_a_stream_is_told_with_pings_and_speech_without(dialect: Any, ping: bytes) -> None:
    async def run() -> None:
        out = Out()
        relay = relay_to(out, dialect, tick_s=0.01)
        relay.take(said("a"))
        async with asyncio.timeout(20):
            while not any(piece.startswith(ping) for piece in out.pieces[1:]):  # noqa: ASYNC110  # a ping has no event
                await asyncio.sleep(0.01)
        relay.close()
        spoken = len(out.pieces)
        await asyncio.sleep(0.05)
        assert len(out.pieces) == spoken, "a ping after the end"

    asyncio.run(run())


def test_a_stream_ends_once() -> None:
    async def run() -> Out:
        out = Out()
        relay = relay_to(out)
        relay.take(said("a"))
        relay.end(b"data: [DONE]\n\n")
        relay.break_off(InternalError("late"))
        relay.close()
        return out

    out = asyncio.run(run())
    assert out.ends == 1
    assert out.pieces[-1].endswith(b"data: [DONE]\n\n")


def test_a_stream_that_never_began_is_not_broken_off() -> None:
    async def run() -> Out:
        out = Out()
        relay_to(out).break_off(InternalError("early"))
        return out

    out = asyncio.run(run())
    assert (out.head, out.ends) == (b"", 0)


def test_a_client_that_does_not_read_is_not_waited_for_beyond_the_deadline() -> None:
    async def run() -> None:
        out = Out()
        relay = relay_to(out)
        relay.take(said("a"))
        relay._latest_end = asyncio.get_running_loop().time() + 0.02
        with pytest.raises(TimeoutError):
            await relay.drain()
        relay.close()

    asyncio.run(run())
