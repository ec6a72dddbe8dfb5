"""Gathered writes: what is written during one turn of the event loop goes out at its end, all of it together.

A turn serves many connections. Writing at once would switch between Python and the kernel's network code for each of them, and
both are large enough to push each other out of the processor's caches; measured, gathering saves a quarter of the CPU of a
request (docs/decisions/0006-gathered-writes.md). Nothing waits longer than the turn. Knows nothing of HTTP.
"""

import asyncio
from weakref import WeakKeyDictionary


class _Turn:
    """The transports of one event loop that have something to write."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call_soon = loop.call_soon
        self.waiting: list[GatheredTransport] = []

    def schedule(self) -> None:
        """Write what the first one and all that join it hold, at the end of this turn."""
        self._call_soon(self._end)

    def _end(self) -> None:
        waiting, self.waiting = self.waiting, []
        for transport in waiting:
            transport.flush()


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turn] = WeakKeyDictionary()


class GatheredTransport:
    """A transport whose writes are gathered. What else is asked of one is the wrapped transport's own; closing writes first.

    Not by `__getattr__`: a class that has it pays for a search at each look at any attribute.
    """

    __slots__ = (
        "_pending", "_turn", "_write", "get_extra_info", "get_write_buffer_size", "is_closing", "pause_reading", "resume_reading",
        "set_write_buffer_limits", "wrapped",
    )  # fmt: skip

    def __init__(self, wrapped: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.wrapped = wrapped
        self.is_closing = wrapped.is_closing
        self.pause_reading = wrapped.pause_reading
        self.resume_reading = wrapped.resume_reading
        self.get_extra_info = wrapped.get_extra_info
        self.get_write_buffer_size = wrapped.get_write_buffer_size
        self.set_write_buffer_limits = wrapped.set_write_buffer_limits
        self._write = wrapped.write
        self._pending: list[bytes] = []
        turn = _turns.get(loop)
        if turn is None:
            turn = _turns[loop] = _Turn(loop)
        self._turn = turn

    def write(self, data: bytes) -> None:
        """Write at the end of this turn of the loop."""
        pending = self._pending
        if not pending:
            turn = self._turn
            if not turn.waiting:
                turn.schedule()
            turn.waiting.append(self)
        pending.append(data)

    def flush(self) -> None:
        """Write what is pending now."""
        pending = self._pending
        if pending:
            data = pending[0] if len(pending) == 1 else b"".join(pending)
            pending.clear()
            if not self.is_closing():  # uvloop raises for a write to a transport that is lost, and others wait behind this one
                self._write(data)

    def close(self) -> None:
        """Write what is pending, then close."""
        self.flush()
        self.wrapped.close()

    def abort(self) -> None:
        """Close at once; what is pending is lost."""
        self._pending.clear()
        self.wrapped.abort()
