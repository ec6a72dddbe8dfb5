"""Server-sent events: bytes in any chunking to payloads, and payloads to bytes.

Knows the framing only (WHATWG HTML, section 9.2), nothing of what the payloads mean. Fields other than `data` are not read: every
dialect that we speak repeats the event's type inside its payload. Only `event` stays in the frame that is passed on.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from taskfit.errors import InvalidAnswer

MAX_EVENT_BYTES = 16 * 1024 * 1024
MAX_OPENING_BYTES = 64 * 1024
"""How much of a stream is held back while its model has said nothing."""
DONE = b"[DONE]"
DONE_EVENT = b"data: [DONE]\n\n"
_LF, _CR = b"\n\r"   # numbers are found in bytes at once; for a piece of bytes, Python first fails to make a number of it


class Frame(NamedTuple):
    """One event: the payload of its `data` lines, and the whole of it: its `event` and its data, with LF for other line ends."""

    payload: bytes
    whole: bytes


_frame: Callable[[tuple[bytes, bytes]], Frame] = partial(tuple.__new__, Frame)
"""A frame of payload and whole, without the call in Python that a named tuple makes of it: there is one for each token."""


def event(payload: bytes, name: bytes | None = None) -> bytes:
    """One event. A payload with line breaks becomes several lines of data, which a reader joins again."""
    if _LF in payload:
        payload = payload.replace(b"\n", b"\ndata: ")
    if name is not None:
        return b"event: " + name + b"\ndata: " + payload + b"\n\n"
    return b"data: " + payload + b"\n\n"


def with_payload(whole: bytes, payload: bytes) -> bytes:
    """The event `whole` of a frame with another payload under the same name."""
    return event(payload, _name_of(whole))


def comment(text: str) -> bytes:
    """A line that every reader skips; keeps a connection alive, or says something to a person who looks."""
    return b": " + text.encode() + b"\n\n"


class SseReader:
    """Collects chunks and gives each complete event that has data; memory is bounded by the largest event.

    Errors: InvalidAnswer for an event over `max_event_bytes`.
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._rest = bytearray()
        self._ended_in_cr = False
        self._is_at_start = True

    def feed(self, chunk: bytes) -> list[Frame]:
        """The events that this chunk completes, in order."""
        if self._rest or self._ended_in_cr:
            return self._feed_slowly(chunk)
        line, _, rest = chunk.partition(b"\n")
        if rest == b"\n" and line[:6] == b"data: " and _CR not in line:   # one event of one line, as most are
            self._is_at_start = False
            return [_frame((line[6:], chunk))]
        if rest[-2:] == b"\n\n" and _CR not in chunk:
            self._is_at_start = False
            return _frames(chunk.removeprefix(b"\xef\xbb\xbf"))
        return self._feed_slowly(chunk)

    def finish(self) -> list[Frame]:
        """The event that the end of the stream left without its blank line."""
        rest = bytes(self._rest)
        self._rest.clear()
        return _frames(rest)

    def _feed_slowly(self, chunk: bytes) -> list[Frame]:
        if chunk:
            if self._ended_in_cr:
                chunk = chunk.removeprefix(b"\n")
            self._ended_in_cr = chunk.endswith(b"\r")
        searched = max(0, len(self._rest) - 1)
        self._rest += chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if self._is_at_start and len(self._rest) >= 3:
            self._is_at_start = False
            if self._rest.startswith(b"\xef\xbb\xbf"):
                del self._rest[:3]
        end = self._rest.rfind(b"\n\n", searched)
        if end < 0:
            if len(self._rest) > self._max_event_bytes:
                raise InvalidAnswer(f"an event of the stream is over {self._max_event_bytes} bytes")
            return []
        complete = bytes(self._rest[: end + 2])
        del self._rest[: end + 2]
        return _frames(complete)


def _frames(complete: bytes) -> list[Frame]:
    frames = []
    for block in complete.split(b"\n\n"):
        if block.startswith(b"data: ") and _LF not in block:
            frames.append(_frame((block[6:], block + b"\n\n")))
        elif block and (frame := _frame_of_lines(block)) is not None:
            frames.append(frame)
    return frames


def _frame_of_lines(block: bytes) -> Frame | None:
    """None for a block without data. Comments, `id` and `retry` are left out: some clients take them for broken JSON."""
    data, name = [], None
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    if not data:
        return None
    payload = b"\n".join(data)
    return Frame(payload, event(payload, name))


def _name_of(whole: bytes) -> bytes | None:
    first, _, _ = whole.partition(b"\n")
    return first.removeprefix(b"event: ") if first.startswith(b"event: ") else None
