"""The events of a streamed answer on their way to the client's socket.

Knows no dialect: a writer makes bytes of each event.
"""

import asyncio

from taskfit.errors import TaskfitError
from taskfit.pipeline.stream import Walk
from taskfit.server.exchange import Exchange
from taskfit.server.headers import answer_head, cost_comment, verdict_comment, verdict_trailers
from taskfit.values.answer import Delta, Event
from taskfit.wire.dialect import StreamWriter

GRACE_S = 5.0
"""How much longer than the deadline a client may take to read its stream."""
TICK_S = 5.0
SILENT_TICKS = 3
"""After 15 to 20 seconds of silence its client is told that a stream goes on: one that has begun, or one that is held for its
checks or for a person. Counted in ticks: a look at the clock for each event would cost more than what it is for."""


class Relay:
    """Receives the events of one walk. `close` it when the walk has ended, however it has.

    An answer that is held for long has its head sent before it is known which model will have written it, so that the client
    and whatever stands between do not take the connection for dead.
    """

    def __init__(self, exchange: Exchange, walk: Walk, writer: StreamWriter, *, tick_s: float = TICK_S) -> None:
        self._exchange = exchange
        self._walk = walk
        self._writer = writer
        self._tick_s = tick_s
        self._out = exchange.out
        self._write, self._write_event = exchange.out.write, writer.write
        self._model = ""
        self._silent_ticks = 0
        self._is_flowing = False
        self._is_over = False
        self._latest_end = 0.0
        self._loop = asyncio.get_running_loop()
        self._ticking = self._loop.call_later(tick_s, self._tick)

    def take(self, event: Event) -> None:
        """See attempt.Receiver."""
        assert isinstance(event, Delta)
        if not self._is_flowing:
            self._flow()
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
        comments = self._writer.comment(cost_comment(self._walk))
        trailers = b""
        if self._walk.tells_verdict:
            comments += self._writer.comment(verdict_comment(self._walk))
            trailers = verdict_trailers(self._walk)
        self._out.end(comments + closing, trailers)

    def break_off(self, error: TaskfitError) -> None:
        """End a stream that has begun, and is not over, with an error event and without the terminal one, so that nobody takes it
        for whole."""
        if self._exchange.is_answered and not self._is_over:
            self._is_over = True
            self._out.end(self._writer.fail(error))

    def close(self) -> None:
        """Nothing more is sent."""
        self._ticking.cancel()

    def _flow(self) -> None:
        """The first event of the answer has come."""
        self._is_flowing = True
        if not self._exchange.is_answered:
            self._begin()
        self._model = self._walk.model or ""

    def _begin(self) -> None:
        self._out.begin(200, answer_head(self._walk, is_stream=True, media=self._exchange.stream_media))
        self._exchange.is_answered = True
        deadline_s = self._walk.plan.deadline_s if self._walk.plan else 0.0
        self._latest_end = self._loop.time() + deadline_s - self._walk.elapsed_ms() / 1e3 + GRACE_S

    def _tick(self) -> None:
        self._silent_ticks += 1
        if self._silent_ticks > SILENT_TICKS and (self._exchange.is_answered or self._walk.is_holding):
            self._silent_ticks = 0
            if not self._exchange.is_answered:
                self._begin()
            self._out.write(self._writer.ping())
        self._ticking = self._loop.call_later(self._tick_s, self._tick)
