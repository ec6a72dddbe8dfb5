"""The events of a streamed answer on their way to the client's socket.

Knows no dialect: a writer makes bytes of each event.
"""

import asyncio

from taskfit.errors import TaskfitError
from taskfit.pipeline.stream import Walk
from taskfit.server.exchange import Exchange
from taskfit.server.headers import answer_head, cost_comment
from taskfit.values.answer import Delta, Event
from taskfit.wire.dialect import StreamWriter

GRACE_S = 5.0
"""How much longer than the deadline a client may take to read its stream."""
TICK_S = 5.0
SILENT_TICKS = 3
"""After 15 to 20 seconds of silence in the middle of a stream its client is told that it goes on. Counted in ticks: a look at the
clock for each event would cost more than what it is for."""


class Relay:
    """Receives the events of one walk. `close` it when the walk has ended, however it has."""

    def __init__(self, exchange: Exchange, walk: Walk, writer: StreamWriter, *, tick_s: float = TICK_S) -> None:
        self._exchange = exchange
        self._walk = walk
        self._writer = writer
        self._tick_s = tick_s
        self._out = exchange.out
        self._write, self._write_event = exchange.out.write, writer.write
        self._model = ""
        self._silent_ticks = 0
        self._is_over = False
        self._ticking: asyncio.TimerHandle | None = None
        self._latest_end = 0.0

    def take(self, event: Event) -> None:
        """See attempt.Receiver."""
        assert isinstance(event, Delta)
        if not self._exchange.is_answered:
            self._begin()
        self._silent_ticks = 0
        self._write(self._write_event(event, model=self._model))

    @property
    def is_full(self) -> bool:
        """See attempt.Receiver."""
        return self._out.is_full

    async def drain(self) -> None:
        """See attempt.Receiver. Errors: TimeoutError when the client takes far longer than the walk may."""
        async with asyncio.timeout_at(self._latest_end):
            await self._out.drain()

    def end(self, closing: bytes) -> None:
        """The answer is whole and its record kept; `closing` is what its writer ends with."""
        if not self._exchange.is_answered:
            self._begin()
        self._is_over = True
        self._out.end(self._writer.comment(cost_comment(self._walk)) + closing)

    def break_off(self, error: TaskfitError) -> None:
        """End a stream that has begun, and is not over, with an error event and without the terminal one, so that nobody takes it
        for whole."""
        if self._exchange.is_answered and not self._is_over:
            self._is_over = True
            self._out.end(self._writer.fail(error))

    def close(self) -> None:
        """Nothing more is sent."""
        if self._ticking is not None:
            self._ticking.cancel()

    def _begin(self) -> None:
        self._exchange.is_answered = True
        self._model = self._walk.model or ""
        self._out.begin(200, answer_head(self._walk, is_stream=True, media=self._exchange.stream_media))
        loop = asyncio.get_running_loop()
        deadline_s = self._walk.plan.deadline_s if self._walk.plan else 0.0
        self._latest_end = loop.time() + deadline_s - self._walk.elapsed_ms() / 1e3 + GRACE_S
        self._ticking = loop.call_later(self._tick_s, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._silent_ticks += 1
        if self._silent_ticks > SILENT_TICKS:
            self._silent_ticks = 0
            self._out.write(self._writer.ping())
        self._ticking = loop.call_later(self._tick_s, self._tick, loop)
