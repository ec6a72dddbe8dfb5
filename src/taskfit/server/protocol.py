"""uvicorn's HTTP protocol with what it lacks: a time limit for a slow head or body, a limit for the head's size, and word to the
application when the client has left.

Knows nothing of routes. Without this class (under another ASGI server) the application works, but has none of the three.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONNECTION = "taskfit.connection"
"""Where the scope holds the connection."""

HEAD_TIMEOUT_S = 10.0
BODY_TIMEOUT_S = 60.0
MAX_HEAD_BYTES = 65_536

_TOO_LARGE_BODY = (
    b'{"error":{"message":"the head is over 65536 bytes","type":"invalid_request_error","param":null,"code":"headers_too_large"}}'
)
_HEAD_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_TOO_LARGE_BODY), _TOO_LARGE_BODY)
)


class TimedProtocol(HttpToolsProtocol):
    """One client connection."""

    head_timeout_s = HEAD_TIMEOUT_S
    body_timeout_s = BODY_TIMEOUT_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_left = False
        self._departures: set[Callable[[], object]] = set()
        self._is_head_done = False
        self._is_message_done = False
        self._head_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def when_left(self, callback: Callable[[], object]) -> None:
        """Call back once when the client leaves; at once if it has."""
        if self.has_left:
            callback()
        else:
            self._departures.add(callback)

    def forget(self, callback: Callable[[], object]) -> None:
        """Do not call back any more."""
        self._departures.discard(callback)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Wait for the first head, but not for ever."""
        super().connection_made(transport)
        self._arm(self.head_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who asked to know."""
        self._disarm()
        self.has_left = True
        super().connection_lost(exc)
        departures, self._departures = self._departures, set()
        for callback in departures:
            callback()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and keep time while a request is incomplete."""
        if not self._is_head_done and self._is_head_too_large(data):
            self.transport.write(_HEAD_TOO_LARGE)
            self.transport.close()
            return
        super().data_received(data)
        if self._is_message_done:
            self._disarm()
        elif self._timer is None:
            self._arm(self.body_timeout_s if self._is_head_done else self.head_timeout_s)

    def on_message_begin(self) -> None:
        """A new request on this connection."""
        super().on_message_begin()
        self._is_head_done = self._is_message_done = False
        self.scope[CONNECTION] = self  # type: ignore[literal-required]  # ASGI lets servers add keys

    def on_headers_complete(self) -> None:
        """The head is whole: from now on it is the body that must hurry."""
        super().on_headers_complete()
        self._is_head_done = True
        self._head_bytes = 0
        self._disarm()

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        self._is_message_done = True
        self._is_head_done = False

    def _is_head_too_large(self, data: bytes) -> bool:
        """Whether the head that is coming in is over the limit with this piece."""
        if self._head_bytes + len(data) <= MAX_HEAD_BYTES:
            self._head_bytes += len(data)
            return False
        end = data.find(b"\r\n\r\n")
        self._head_bytes += len(data) if end < 0 else end
        return self._head_bytes > MAX_HEAD_BYTES

    def _arm(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._give_up)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
