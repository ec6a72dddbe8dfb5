"""Gathered writes: order, closing, and that one lost connection harms no other."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from taskfit.gathering import GatheredTransport

Runner = Callable[[Coroutine[Any, Any, None]], None]


class Sink(asyncio.Protocol):
    """Keeps what comes in."""

    def __init__(self) -> None:
        self.received = b""
        self.grew = asyncio.Event()
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.grew.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(None)


async def connect() -> tuple[GatheredTransport, Sink]:
    """A gathered transport, and what stands at its other end."""
    loop = asyncio.get_running_loop()
    near, far = socket.socketpair()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=near)
    _, sink = await loop.create_connection(Sink, sock=far)
    return GatheredTransport(transport, loop), sink


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Runner:
    """Both event loops: they differ in what a lost transport does."""
    runner: Runner = request.param
    return runner


def test_pieces_of_one_turn_arrive_in_order_and_a_close_writes_first(run: Runner) -> None:
    async def scene() -> None:
        transport, sink = await connect()
        transport.write(b"one ")
        transport.write(b"two ")
        transport.close()
        await sink.ended
        assert sink.received == b"one two "

    run(scene())


def test_a_connection_that_was_lost_does_not_silence_the_others(run: Runner) -> None:
    async def scene() -> None:
        lost, _ = await connect()
        steady, sink = await connect()
        lost.wrapped.abort()
        for said in (b"first", b"second"):
            lost.write(b"nobody reads this")
            steady.write(said)
            sink.grew.clear()
            await asyncio.wait_for(sink.grew.wait(), 5)
        assert sink.received == b"firstsecond"
        steady.close()
        await sink.ended

    run(scene())


def test_an_abort_drops_what_was_pending(run: Runner) -> None:
    async def scene() -> None:
        transport, sink = await connect()
        transport.write(b"too late")
        transport.abort()
        await sink.ended
        assert sink.received == b""

    run(scene())
