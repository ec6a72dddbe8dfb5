"""HTTP/1.1 as a client speaks it: one socket, one answer at a time, and the pool of sockets that wait for the next one.

Callbacks only: no task per request, at most one future at a time, one timer per socket that is moved lazily. Parsing is
llhttp's (httptools), in its strict mode. Deadlines are points of the loop's clock.
Knows nothing of URLs, TLS, proxies or what an answer means.
"""

import asyncio
from typing import Final, cast

import httptools

from taskfit.errors import InvalidAnswer, UpstreamError, UpstreamTimeout
from taskfit.gathering import GatheredTransport
from taskfit.providers.reply import Limits, Reply

NEVER: Final = float("inf")


class Pool:
    """Idle sockets of one origin, last in, first out, so that the surplus of a busy hour grows old and goes."""

    __slots__ = ("_idle", "_is_open", "_limits", "_sweeper", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self.loop = loop
        self._limits = limits
        self._idle: dict[Socket, None] = {}   # keeps insertion order, pops the newest, forgets any in constant time
        self._is_open = True
        self._sweeper: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._idle)

    def take(self) -> "Socket | None":
        """The socket used last, if it still lives and is young enough."""
        oldest = self.loop.time() - self._limits.keepalive_s
        while self._idle:
            socket, _ = self._idle.popitem()
            if socket.idle_since > oldest and not socket.is_closing():
                return socket
            socket.drop()
        return None

    def put(self, socket: "Socket") -> None:
        """Keep a socket whose answer is complete, or close it when there is no room for it."""
        if not self._is_open or len(self._idle) >= self._limits.max_pool:
            socket.drop()
            return
        socket.idle_since = self.loop.time()
        self._idle[socket] = None
        if self._sweeper is None:
            self._sweeper = self.loop.call_later(self._limits.keepalive_s, self._sweep)

    def forget(self, socket: "Socket") -> None:
        """The socket is gone."""
        self._idle.pop(socket, None)

    def close(self) -> None:
        """Close every idle socket now, and each busy one when its answer is complete."""
        self._is_open = False
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        while self._idle:
            self._idle.popitem()[0].drop()

    def _sweep(self) -> None:
        self._sweeper = None
        oldest = self.loop.time() - self._limits.keepalive_s
        for socket in [each for each in self._idle if each.idle_since <= oldest]:
            del self._idle[socket]
            socket.drop()
        if self._idle:
            first = next(iter(self._idle))
            self._sweeper = self.loop.call_at(first.idle_since + self._limits.keepalive_s, self._sweep)


class Socket(asyncio.Protocol):
    """One connection to an upstream. `ask` it once, wait for the answer's end, ask again.

    `peer` names the upstream in an operator's texts. Errors reach the reader of the answer, never the event loop.
    """

    __slots__ = (
        "_answer", "_arrived", "_deadline", "_has_message_ended", "_is_bad", "_is_paused", "_keeps_alive", "_loop",
        "_overhead_bytes", "_parser", "_pool", "_timer", "_timer_at", "_total_at", "_transport", "idle_since", "limits",
        "on_body", "peer",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, pool: Pool, limits: Limits, peer: str) -> None:
        self.limits = limits
        self.peer = peer
        self.idle_since = 0.0
        self._loop = loop
        self._pool = pool
        self._arrived: list[bytes] = []   # what the parser has found of a body in the bytes that it is given
        self.on_body = self._arrived.append
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._transport: GatheredTransport | None = None
        self._answer: Reply | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = self._deadline = self._total_at = NEVER
        self._overhead_bytes = 0   # received since the last byte of a body: heads, trailers, chunk sizes
        self._has_message_ended = self._keeps_alive = self._is_bad = self._is_paused = False

    # for Connection and Pool

    def attach(self, transport: asyncio.BaseTransport) -> None:
        """Use this transport from now on (the event loop does not say so after an upgrade to TLS)."""
        self._transport = GatheredTransport(cast(asyncio.Transport, transport), self._loop)

    def ask(self, request: bytes, *, first_at: float, total_at: float) -> Reply:
        """Send one request; the answer is empty yet."""
        assert self._transport is not None
        reply = self._answer = Reply(self, first_at)
        self._has_message_ended = False
        self._overhead_bytes = 0
        self._total_at = total_at
        self.watch(first_at)
        self._transport.write(request)
        return reply

    def is_closing(self) -> bool:
        """Whether this socket must not be used for another request."""
        return self._is_bad or self._transport is None or self._transport.is_closing()

    def drop(self) -> None:
        """Close at once. An answer that is not complete stays so, without an error: its reader has left."""
        self._answer = None
        self._is_bad = True
        if self._transport is not None:
            self._transport.abort()

    # for Reply

    def watch(self, deadline: float) -> None:
        """Give up the answer at this time, or at its total limit."""
        self._deadline = deadline = min(deadline, self._total_at)
        if self._timer_at > deadline:
            self._arm(deadline)

    def watch_gap(self) -> None:
        """Give up the answer when nothing comes within the idle limit."""
        deadline = self._loop.time() + self.limits.idle_s
        if self._timer_at <= deadline < self._total_at:
            self._deadline = deadline   # the timer is early enough, and sleeps on
        else:
            self.watch(deadline)

    def watch_total(self) -> None:
        """Nobody waits: only the total limit holds."""
        self._deadline = self._total_at

    def watch_rest(self, rest_s: float) -> None:
        """Nobody reads on: close unless the answer ends within this time."""
        self.watch(self._loop.time() + rest_s)
        self.resume()

    def new_waiter(self) -> "asyncio.Future[None]":
        """A future of this socket's loop."""
        return self._loop.create_future()

    def pause(self) -> None:
        """Read no more for now."""
        if not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()

    def fail(self, error: UpstreamError) -> None:
        """End the answer with this error and close."""
        reply = self._answer
        self.drop()
        if reply is not None:
            reply.end(error)

    # the event loop's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.attach(transport)

    def data_received(self, data: bytes) -> None:
        reply = self._answer
        if reply is None or self._parser is None:
            self.drop()   # bytes that nobody asked for: whatever they are, they must not become the next answer
            return
        arrived = self._arrived
        self._overhead_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._has_message_ended:
                reply.keep(b"".join(arrived))
                self._fail_as_malformed(error)
                return
            self._is_bad = True
        piece = b"".join(arrived)
        arrived.clear()
        if self._has_message_ended:
            reply.keep(piece)
            self._finish(reply)
        elif piece:
            self._overhead_bytes = 0
            reply.add(piece)
        elif self._overhead_bytes > self.limits.max_head_bytes:
            what = f"more than {self.limits.max_head_bytes} bytes of header fields"
            self.fail(InvalidAnswer(f"{self.peer}: {what}", status=reply.status or None))
        elif reply.status:
            reply.head_arrived()

    def eof_received(self) -> None:
        self._is_bad = True

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_bad = True
        self._parser = None   # it holds this object
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pool.forget(self)
        reply, self._answer = self._answer, None
        if reply is not None:
            reply.end(reply.judge_loss(exc, has_begun=self._overhead_bytes > 0))

    # the parser's callbacks

    def on_message_begin(self) -> None:
        if self._has_message_ended:
            raise ValueError("bytes after the end of the answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._answer is not None and not self._answer.status:   # else a trailer
            self._answer.fields.append((name, value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None and self._answer is not None
        status = self._parser.get_status_code()
        if status < 200:
            if status < 100:
                raise ValueError(f"status {status}")
            self._answer.fields.clear()
            return
        limit = self.limits.max_head_bytes
        if self._overhead_bytes > limit and sum(len(name) + len(value) + 4 for name, value in self._answer.fields) > limit:
            raise ValueError(f"more than {limit} bytes of header fields")
        self._answer.status = status

    def on_message_complete(self) -> None:
        assert self._parser is not None and self._answer is not None
        if self._answer.status:
            self._has_message_ended = True
            self._keeps_alive = self._parser.should_keep_alive()

    # inside

    def _finish(self, reply: Reply) -> None:
        transport = self._transport
        assert transport is not None
        self._answer = None
        self._deadline = NEVER
        # An answer before the end of the request leaves bytes of that request in the way of the next one.
        if self._keeps_alive and not self._is_bad and not transport.is_closing() and not transport.get_write_buffer_size():
            self.resume()
            self._pool.put(self)
        else:
            self.drop()
        reply.end(None)

    def _fail_as_malformed(self, error: Exception) -> None:
        told = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) and error.__context__ else error
        what = "an upgrade that nobody asked for" if isinstance(error, httptools.HttpParserUpgrade) else str(told)
        status = self._answer.status if self._answer else 0
        failure = InvalidAnswer(f"{self.peer}: malformed HTTP: {what}", status=status or None)
        failure.__cause__ = error
        self.fail(failure)

    def _arm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._timer_at = NEVER
        reply = self._answer
        if reply is None:
            return
        now = self._loop.time()
        if now < self._deadline:
            self._arm(self._deadline)
            return
        if now >= self._total_at:
            what = "the answer was not complete in the time for the whole of it"
        elif reply.received_bytes:
            what = f"nothing came for {self.limits.idle_s:g} s in the middle of the answer"
        else:
            what = "no byte of an answer came in the time for the first one"
        self.fail(UpstreamTimeout(f"{self.peer}: {what}", status=reply.status or None))
