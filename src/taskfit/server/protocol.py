"""uvicorn's HTTP protocol with what it lacks: a time limit for a slow head or body, a limit for the head's size, word to the
application when the client has left, and an answer that leaves in one write.

Knows nothing of routes. Takes the head of an answer as ready-made lines, see asgi.py, and gives the application no more of a
scope than it asks for: what uvicorn does for any application costs more than all that is done here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from taskfit.gathering import GatheredTransport
from taskfit.server.asgi import Message, Receive, Scope, Send

CONNECTION = "taskfit.connection"
OUTLET = "taskfit.outlet"
"""Where the scope holds the connection, and where the answer is written."""

HEAD_TIMEOUT_S = 10.0
BODY_TIMEOUT_S = 60.0
MAX_HEAD_BYTES = 65_536
MAX_PIPELINED = 32
"""Requests that may wait for the answers before theirs; a client that sends more is closed."""
HTTP_VERSIONS = ("1.1", "1.0")
_BROKEN = b"Internal Server Error"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_TOO_LARGE_BODY = (
    b'{"error":{"message":"the head is over 65536 bytes","type":"invalid_request_error","param":null,"code":"headers_too_large"}}'
)
_HEAD_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_TOO_LARGE_BODY), _TOO_LARGE_BODY)
)


class Cycle:
    """One request and its answer, which may be written from any callback. The head leaves with the first piece of the body.

    In the place of uvicorn's: the protocol sets `body`, `more_body` and `disconnected`, and then says `set`.
    """

    __slots__ = (
        "_has_news", "_head", "_protocol", "_waiter", "body", "chunked_encoding", "disconnected", "expects_continue", "flow",
        "keep_alive", "more_body", "response_complete", "response_started", "scope", "transport",
    )  # fmt: skip

    def __init__(self, protocol: "TimedProtocol", scope: Scope) -> None:
        self.scope = scope
        self.transport = protocol.transport
        self.flow: FlowControl = protocol.flow
        self.expects_continue = protocol.expect_100_continue
        self.keep_alive = scope["http_version"] != "1.0" and protocol.parser.should_keep_alive()
        self._protocol = protocol
        self._has_news = False
        self._waiter: asyncio.Future[None] | None = None
        self.body = bytearray()
        self.more_body = True
        self.disconnected = self.response_started = self.response_complete = self.chunked_encoding = False
        self._head: bytes | None = None

    async def run(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        """Have the application answer. It answers its own errors; should it not, the client is told that much."""
        try:
            await app(self.scope, self.receive, self.send)
        finally:
            if not self.response_complete and not self.disconnected:
                self._give_up()

    async def receive(self) -> Message:
        """What has come of the body since the last call; waits for something. See the ASGI specification."""
        if self.expects_continue and not self.transport.is_closing():
            self.expects_continue = False
            self.transport.write(_CONTINUE)
        if not self.disconnected and not self.response_complete:
            self.flow.resume_reading()
            if not self._has_news:
                await self._news()
            self._has_news = False
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self.body = self.body, bytearray()
        return {"type": "http.request", "body": bytes(body), "more_body": self.more_body}

    @property
    def message_event(self) -> "Cycle":
        """What uvicorn sets: an asyncio.Event of its own would cost more than all else that a cycle is made of."""
        return self

    def set(self) -> None:
        """Something has come, or the client has left."""
        self._has_news = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def is_full(self) -> bool:
        """Whether the client reads more slowly than it is written to."""
        return self.flow.write_paused and not self.disconnected

    async def drain(self) -> None:
        """Return when there is room again, or nobody left."""
        while self.is_full:
            await self.flow.drain()

    def begin(self, status: int, head: bytes, *, length: int | None = None, closes: bool = False) -> None:
        """See asgi.Outlet. What the body is like is said beside the head, which may quote a client's words."""
        self.response_started = True
        self.expects_continue = False
        self.chunked_encoding = length is None and self.scope["http_version"] != "1.0"  # which ends with the connection
        self.keep_alive = self.keep_alive and not closes
        framing = b"\r\ntransfer-encoding: chunked" if self.chunked_encoding else b""
        if length is not None:
            framing = b"\r\ncontent-length: %d" % length
        closing = b"" if self.keep_alive else b"\r\nconnection: close"
        self._head = b"%b%b%b%b\r\n\r\n" % (STATUS_LINE[status], head, framing, closing)

    def write(self, piece: bytes) -> None:
        """A piece of the body."""
        if self.disconnected or not piece:
            return
        if self.chunked_encoding:
            piece = b"%x\r\n%s\r\n" % (len(piece), piece)
        if self._head is None:
            self.transport.write(piece)
        else:
            self._write(piece)

    def end(self, piece: bytes = b"", trailers: bytes = b"") -> None:
        """The last piece, and nothing after it but trailers, where they can be told."""
        if self.disconnected:
            return
        if self.chunked_encoding:
            last = b"0\r\n%s\r\n\r\n" % trailers if trailers else b"0\r\n\r\n"
            piece = b"%x\r\n%s\r\n%s" % (len(piece), piece, last) if piece else last
        self._write(piece)
        self.response_complete = True
        self.set()
        if not self.keep_alive:
            self.transport.close()
        self._protocol.on_response_complete()

    async def send(self, message: Message) -> None:
        """Nothing: what is to be sent is written to the outlet."""

    async def _news(self) -> None:
        """Return when something has come; one at a time may wait."""
        while not self._has_news:
            self._waiter = self._protocol.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def _give_up(self) -> None:
        if self.response_started:
            self.transport.close()
        else:
            self.begin(500, b"content-type: text/plain; charset=utf-8", length=len(_BROKEN), closes=True)
            self.end(_BROKEN)

    def _write(self, piece: bytes) -> None:
        if self._head is not None:
            is_bodiless = self.scope["method"] == "HEAD"
            piece, self._head = self._head if is_bodiless else self._head + piece, None
        self.transport.write(piece)


class TimedProtocol(HttpToolsProtocol):
    """One client connection."""

    head_timeout_s = HEAD_TIMEOUT_S
    body_timeout_s = BODY_TIMEOUT_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_left = False
        self._is_head_done = False
        self._is_message_done = False
        self._head_bytes = 0
        self._unsent = 0
        self._task: asyncio.Task[None] | None = None
        self._next: Cycle | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._due = inf
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Wait for the first head, but not for ever."""
        super().connection_made(GatheredTransport(transport, self.loop))  # type: ignore[arg-type]  # is one but by inheritance
        self._expect_within(self.head_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left: what was being done for it is cancelled."""
        if self._alarm is not None:
            self._alarm.cancel()
        self.has_left = True
        super().connection_lost(exc)
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and keep time while a request is incomplete."""
        if not self._is_head_done and self._is_head_too_large(data):
            if not self._is_answering():  # in the middle of an answer nothing may stand but the answer
                self.transport.write(_HEAD_TOO_LARGE)
            self.transport.close()
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        except httptools.HttpParserUpgrade:
            self._unsupported_upgrade_warning()
        if not self._is_message_done and self._due == inf:
            if self._is_head_done:
                if not self.pipeline:  # else nothing is read until its turn comes
                    self._expect_within(self.body_timeout_s)
            elif not self._is_answering():
                self._expect_within(self.head_timeout_s)

    def on_message_begin(self) -> None:
        """A new request on this connection."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = self._is_head_done = self._is_message_done = False
        self._due = inf

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; what comes behind a chunked body is no header (RFC 9110, section 6.5.1) and is only counted."""
        if not self._is_head_done:
            name = name.lower()
            self.headers.append((name, value))
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            return
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise ValueError("trailers too large")

    def on_headers_complete(self) -> None:
        """The head is whole: start the application, and from now on it is the body that must hurry."""
        self._is_head_done = True
        self._head_bytes = 0
        self._due = inf
        version = self.parser.get_http_version()
        if version not in HTTP_VERSIONS:
            raise ValueError("not HTTP/1")  # the parser turns it into its own error, which is answered with 400
        is_answering = self._is_answering()
        if is_answering and len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("too many requests at once on one connection")
        scope = self._new_scope(version)
        cycle = Cycle(self, scope)
        scope[OUTLET] = self.cycle = cycle  # type: ignore[assignment]  # has what uvicorn's protocol needs of its own
        if is_answering:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))  # type: ignore[arg-type]  # as above
        else:
            self._start(cycle)

    def on_body(self, body: bytes) -> None:
        """A piece of the body; more is not read while much of it waits."""
        cycle: Cycle = self.cycle  # type: ignore[assignment]  # see on_headers_complete
        if not cycle.response_complete:
            cycle.body += body
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
            cycle.set()

    def on_message_complete(self) -> None:
        """The request is whole."""
        cycle: Cycle = self.cycle  # type: ignore[assignment]  # see on_headers_complete
        self._is_message_done = True
        self._is_head_done = False
        self._head_bytes = 0
        if cycle.response_complete:  # before its body had come
            self._expect_within(self.timeout_keep_alive)
        else:
            cycle.more_body = False
            cycle.set()
            self._due = inf

    def on_response_complete(self) -> None:
        """The answer has gone out: the next request of this connection, or none for a while."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if not self.pipeline:
            self.flow.resume_reading()
        if self.pipeline:
            self._start(self.pipeline.pop()[0])  # type: ignore[arg-type]  # as above
            if not self._is_message_done:
                self._expect_within(self.body_timeout_s)
        else:
            self._expect_within(self.timeout_keep_alive if self._is_message_done else self.head_timeout_s)

    def send_400_response(self, msg: str) -> None:
        """For what is no HTTP; in the middle of an answer nothing may stand but the answer."""
        if self.pipeline or (self._is_answering() and self.cycle.response_started):
            self.transport.close()
        else:
            super().send_400_response(msg)

    def _new_scope(self, version: str) -> Scope:
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        return {
            "type": "http",
            "http_version": version,
            "method": self.parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "query_string": url.query or b"",
            "headers": self.headers,
            CONNECTION: self,
        }

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _start(self, cycle: Cycle) -> None:
        self._next = cycle
        if self._waiter is not None:
            if not self._waiter.done():
                self._waiter.set_result(None)
        elif self._task is None:
            self._task = self.loop.create_task(self._serve())
            self.tasks.add(self._task)
            self._task.add_done_callback(self.tasks.discard)

    async def _serve(self) -> None:
        """Answer the requests of this connection, one after the other: a task for each would cost more than waking one."""
        try:
            while not self.has_left:
                cycle, self._next = self._next, None
                if cycle is not None:
                    await cycle.run(self.app)
                    continue
                self._waiter = self.loop.create_future()
                try:
                    await self._waiter
                finally:
                    self._waiter = None
        finally:
            self._task = None
            if self._next is not None:  # one that nobody will answer
                self.transport.close()

    def _is_head_too_large(self, data: bytes) -> bool:
        """Whether the head that is coming in is over the limit with this piece."""
        if self._head_bytes + len(data) <= MAX_HEAD_BYTES:
            self._head_bytes += len(data)
            return False
        end = data.find(b"\r\n\r\n")
        self._head_bytes += len(data) if end < 0 else end
        return self._head_bytes > MAX_HEAD_BYTES

    def _expect_within(self, seconds: float) -> None:
        """Close the connection unless the next thing has come by then.

        One alarm per connection, which goes off early and sleeps on: setting a new one for each request would cost more than
        all else that is done here.
        """
        self._due = self.loop.time() + seconds
        if self._alarm is None or self._alarm.when() > self._due:
            self._set_alarm()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self.loop.call_at(self._due, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        self._alarm = None
        if self._due == inf or self.transport.is_closing():
            return
        if self.loop.time() < self._due:
            self._set_alarm()
        elif self._is_still_reading():
            self._expect_within(self.body_timeout_s)
        else:
            self.transport.abort()  # closing would wait for a client that does not read

    def _is_still_reading(self) -> bool:
        """Whether the client has read some of what it was sent since this was asked last, and has not read all of it."""
        unsent, before = self.transport.get_write_buffer_size(), self._unsent
        self._unsent = unsent
        return unsent > 0 and (before == 0 or unsent < before)
