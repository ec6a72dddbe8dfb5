"""One answer of an upstream on its way: filled by its socket, read by one reader.

Knows no parser and no event loop's transport: what it needs of its socket is a `Line`.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from typing import Final, Protocol

import msgspec

from taskfit.errors import CutAnswer, InternalError, InvalidAnswer, Unreachable, UpstreamError
from taskfit.providers.inflate import Inflater

HIGH_WATER_BYTES: Final = 256 * 1024
_MAX_LOOSE_PIECES: Final = 4096

_HEAD, _PIECE, _WHOLE, _NOTHING = range(4)   # what the one reader of an answer waits for


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one upstream may take. Units as the names say; `max_body_bytes` counts inflated bytes of whole answers.

    `idle_s` is the longest gap between two pieces of a body. Pooled sockets older than `keepalive_s` are closed, not reused.
    """

    connect_s: float = 5.0
    idle_s: float = 60.0
    keepalive_s: float = 30.0
    max_head_bytes: int = 65536
    max_body_bytes: int = 64 * 1024 * 1024
    max_pool: int = 512


class Line(Protocol):
    """What an answer needs of its socket. Deadlines are points of the loop's clock."""

    limits: Limits
    peer: str

    def watch(self, deadline: float) -> None:
        """Give up the answer at this time, or at its total limit."""

    def watch_gap(self) -> None:
        """Give up the answer when nothing comes within the idle limit."""

    def watch_total(self) -> None:
        """Nobody waits: only the total limit holds."""

    def watch_rest(self, rest_s: float) -> None:
        """Nobody reads on: close unless the answer ends within this time."""

    def new_waiter(self) -> "asyncio.Future[None]":
        """A future of the socket's loop."""
        ...

    def pause(self) -> None:
        """Read no more until `resume`."""

    def resume(self) -> None:
        """Read on, if reading was paused."""

    def fail(self, error: UpstreamError) -> None:
        """End the answer with this error and close."""

    def drop(self) -> None:
        """Close at once."""


class Reply:
    """A status, header fields, and a body that is read once, whole or in pieces.

    It has one reader. A reader that leaves early (by cancellation, `close`, or closing the generator) closes the socket;
    the socket of a complete answer is back in its pool already.
    """

    __slots__ = (
        "_buffered_bytes", "_first_at", "_has_taker_stopped", "_headers", "_inflater", "_is_begun", "_is_complete",
        "_joined", "_parts", "_pieces", "_socket", "_taker", "_taker_error", "_waiter", "_wants", "_whole", "failure",
        "fields", "received_bytes", "status",
    )

    def __init__(self, socket: Line, first_at: float) -> None:
        self.status = 0
        self.fields: list[tuple[bytes, bytes]] = []
        self.received_bytes = 0
        self._socket = socket
        self._first_at = first_at
        self._pieces: list[bytes] = []
        self._buffered_bytes = 0
        self._joined = 0   # so many pieces at the front are large ones
        self._is_complete = False
        self._is_begun = False   # reading in pieces
        self._inflater: Inflater | None = None
        self._parts: Iterator[bytes] = iter(())   # inflated, and not yet given out
        self.failure: UpstreamError | None = None   # why it ended early
        self._waiter: asyncio.Future[None] | None = None
        self._taker: Callable[[bytes], bool] | None = None
        self._taker_error: Exception | None = None
        self._has_taker_stopped = False
        self._wants = _HEAD
        self._headers: dict[str, str] | None = None
        self._whole: bytes | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case; repeated fields are joined by a comma."""
        if self._headers is None:
            found: dict[str, str] = {}
            for raw_name, raw_value in self.fields:
                name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
                found[name] = f"{found[name]}, {value}" if name in found else value
            self._headers = found
        return self._headers

    async def read(self) -> bytes:
        """The whole body, inflated.

        Errors: CutAnswer, UpstreamTimeout; InvalidAnswer when it is larger than the limit or cannot be inflated.
        """
        if self._whole is None:
            self._whole = await (self._read_plain() if self._coding() is None else self._read_coded())
        return self._whole

    def whole_body(self) -> bytes:
        """The whole of a plain body, where it is there already; empty where it must be read."""
        if self._whole is None and self._is_complete and not self._is_begun and self._coding() is None:
            if self._buffered_bytes > self._socket.limits.max_body_bytes:
                return b""
            self._whole = self._take()
        return self._whole or b""

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Pieces of the body as they arrive, inflated; whatever arrived between two reads comes as one piece.

        Reading from the upstream stops while 256 KiB wait for the reader. Errors: as `read`, after all that came before.
        """
        self._begin_reading()
        try:
            while True:
                while piece := self._next_piece():
                    yield piece
                if self._is_at_end():
                    return
                await self._wait(_PIECE)
        finally:
            self._abandon()

    async def pump(self, take: Callable[[bytes], bool]) -> bool:
        """Give every piece to `take` in the very callback that received it: no task is woken for it.

        Returns True as soon as `take` returns False, and more may come then; False at the end of the body. Errors: as `read`,
        and what `take` raises. Close the reply when leaving early.
        """
        self._begin_reading()
        while True:
            while piece := self._next_piece():
                if not take(piece):
                    return True
            if self._is_at_end():
                return False
            if self._inflater is None:
                self._taker = take
            try:
                await self._wait(_PIECE)
            finally:
                self._taker, error, self._taker_error = None, self._taker_error, None
            if error is not None:
                raise error
            if self._has_taker_stopped:
                self._has_taker_stopped = False
                return True

    def release(self, rest_s: float) -> None:
        """Nobody reads on, but the body may end within this time, so that its socket can be used again."""
        if not self._is_complete and self.failure is None:
            self._wants = _NOTHING
            self._socket.watch_rest(rest_s)

    async def close(self) -> None:
        """Leave. May be called again."""
        self._abandon()
        self._pieces.clear()

    # for Connection

    async def wait_for_head(self) -> bool:
        """Whether an answer began. False: the socket was lost before a byte came, and `failure` says how."""
        if not self.status and self.failure is None:
            await self._wait(_HEAD)
        if self.status:
            return True
        if isinstance(self.failure, Unreachable):
            return False
        self._raise_failure()
        raise InternalError("an answer without a head")

    # for Socket

    def keep(self, piece: bytes) -> None:
        """A piece of the body; another callback follows, or nothing more comes."""
        if piece:
            self._pieces.append(piece)
            self.received_bytes += len(piece)
            self._buffered_bytes += len(piece)

    def add(self, piece: bytes) -> None:
        """A piece of the body, and more may come."""
        if self._taker is not None:
            self._hand_over(self._taker, piece)
            return
        self.keep(piece)
        if self._wants == _NOTHING:
            self._take()
        elif self._wants == _WHOLE:
            self._look_at_whole()
        else:
            self._wake()
            if self._buffered_bytes > HIGH_WATER_BYTES:
                self._socket.pause()

    def head_arrived(self) -> None:
        """The status and the header fields are there."""
        if self._wants == _HEAD:
            self._wake()

    def end(self, failure: UpstreamError | None) -> None:
        """Nothing more comes. None: the answer is complete."""
        self.failure = failure
        self._is_complete = failure is None
        self._wake()

    def judge_loss(self, cause: Exception | None, *, has_begun: bool) -> UpstreamError | None:
        """What the loss of the socket means here; None: it was the answer's proper end."""
        peer = self._socket.peer
        failure: UpstreamError | None = None
        how = f"was lost ({type(cause).__name__}: {cause})" if cause is not None else "was closed"
        if not has_begun and not self.status:
            failure = Unreachable(f"{peer}: the connection {how} before a byte of an answer came")
        elif not self.status:
            failure = CutAnswer(f"{peer}: the connection {how} in the middle of the answer's head")
        elif cause is not None or not {"content-length", "transfer-encoding"}.isdisjoint(self.headers):
            failure = CutAnswer(f"{peer}: the connection {how} in the middle of the body", status=self.status)
        if failure is not None:
            failure.__cause__ = cause
        return failure

    # inside

    def _look_at_whole(self) -> None:
        """Something more has come of a body that is wanted whole."""
        if self._buffered_bytes > self._socket.limits.max_body_bytes:
            self._socket.fail(self._too_large())
        elif self._waiter is not None:
            self._join_loose_pieces()
            self._socket.watch_gap()

    def _hand_over(self, take: Callable[[bytes], bool], piece: bytes) -> None:
        """A piece to a taker that has had all before it; it is the pumping coroutine that hears of what it raises."""
        self.received_bytes += len(piece)
        try:
            goes_on = take(piece)
        except Exception as error:   # noqa: BLE001  # raised again where it belongs
            self._taker_error = error
        else:
            if goes_on:
                self._socket.watch_gap()
                return
            self._has_taker_stopped = True
        self._taker = None
        self._wake()

    def _begin_reading(self) -> None:
        if not self._is_begun:
            self._is_begun = True
            coding = self._coding()
            self._inflater = None if coding is None else Inflater(coding, self._socket.limits.max_body_bytes, self._socket.peer)

    def _next_piece(self) -> bytes:
        return self._take() if self._inflater is None else self._take_part(self._inflater)

    def _is_at_end(self) -> bool:
        """Whether the body is complete. Errors: as `read`."""
        if self._is_complete:
            if self._inflater is not None:
                self._inflater.finish()
            return True
        self._raise_failure()
        return False

    async def _wait(self, wants: int) -> None:
        socket = self._socket
        self._wants = wants
        if wants != _HEAD:
            if self.received_bytes:
                socket.watch_gap()
            else:
                socket.watch(self._first_at)
            socket.resume()
        self._waiter = socket.new_waiter()
        try:
            await self._waiter
        except BaseException:   # cancelled, or the coroutine was closed: whoever waited has left
            self._abandon()
            raise
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            self._socket.watch_total()
            waiter.set_result(None)

    async def _read_plain(self) -> bytes:
        limit = self._socket.limits.max_body_bytes
        if not self._is_complete and self.failure is None:
            if int(self.headers.get("content-length", "0")) > limit or self._buffered_bytes > limit:
                self._abandon()
                raise self._too_large()
            await self._wait(_WHOLE)
        self._raise_failure()
        if self._buffered_bytes > limit:
            raise self._too_large()
        return self._take()

    async def _read_coded(self) -> bytes:
        parts: list[bytes] = []
        pieces = self.chunks()
        try:
            async for part in pieces:
                parts.append(part)
                await asyncio.sleep(0)   # a small body may inflate for a tenth of a second
        finally:
            await pieces.aclose()
        return b"".join(parts)

    def _join_loose_pieces(self) -> None:
        """An object per piece costs thirty times a body that comes in chunks of two bytes."""
        if len(self._pieces) - self._joined > _MAX_LOOSE_PIECES:
            self._pieces[self._joined :] = [b"".join(self._pieces[self._joined :])]
            self._joined += 1

    def _take(self) -> bytes:
        pieces = self._pieces
        if not pieces:
            return b""
        self._buffered_bytes = self._joined = 0
        if len(pieces) == 1:
            return pieces.pop()
        taken = b"".join(pieces)
        pieces.clear()
        return taken

    def _take_part(self, inflater: Inflater) -> bytes:
        """The next inflated part of what is there. Errors: InvalidAnswer."""
        part = next(self._parts, b"")
        while not part and (piece := self._take()):
            self._parts = inflater.feed(piece)
            part = next(self._parts, b"")
        return part

    def _coding(self) -> str | None:
        """The coding to undo, None for a plain body. Errors: InvalidAnswer for one that we did not ask for and cannot undo."""
        for raw_name, _ in self.fields:
            if raw_name.lower() in (b"content-encoding", b"transfer-encoding"):
                break
        else:
            return None
        transfer, coding = (self.headers.get(name, "").strip().lower() for name in ("transfer-encoding", "content-encoding"))
        if transfer not in ("", "chunked") or coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            self._abandon()
            raise InvalidAnswer(f"{self._socket.peer}: a body in a coding that was not asked for", status=self.status)
        return coding if coding not in ("", "identity") else None

    def _abandon(self) -> None:
        if not self._is_complete and self.failure is None and self._wants != _NOTHING:
            self.failure = CutAnswer(f"{self._socket.peer}: the answer was left before its end", status=self.status or None)
            self._socket.drop()

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure from self.failure.__cause__

    def _too_large(self) -> InvalidAnswer:
        limit = self._socket.limits.max_body_bytes
        return InvalidAnswer(f"{self._socket.peer}: a body of more than {limit} bytes", status=self.status)
