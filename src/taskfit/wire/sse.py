"""Server-sent events: bytes in any chunking to payloads, and payloads to bytes.

Knows the framing only (WHATWG HTML, section 9.2), nothing of what the payloads mean. Fields other than `data` are skipped: every
dialect that we speak repeats the event's type inside its payload.
"""

from taskfit.errors import InvalidAnswer

MAX_EVENT_BYTES = 16 * 1024 * 1024
DONE = b"[DONE]"
DONE_EVENT = b"data: [DONE]\n\n"


def event(payload: bytes) -> bytes:
    """One event. A payload with line breaks becomes several lines of data, which a reader joins again."""
    if b"\n" in payload:
        payload = payload.replace(b"\n", b"\ndata: ")
    return b"data: " + payload + b"\n\n"


def comment(text: str) -> bytes:
    """A line that every reader skips; keeps a connection alive, or says something to a person who looks."""
    return b": " + text.encode() + b"\n\n"


class SseReader:
    """Collects chunks and gives the data of each complete event; memory is bounded by the largest event.

    Errors: InvalidAnswer for an event over `max_event_bytes`.
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._rest = bytearray()
        self._ended_in_cr = False
        self._is_at_start = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads of the events that this chunk completes, in order."""
        if not self._rest and not self._ended_in_cr and chunk.endswith(b"\n\n") and b"\r" not in chunk:
            self._is_at_start = False
            if chunk.startswith(b"data: ") and chunk.find(b"\n") == len(chunk) - 2:
                return [chunk[6:-2]]
            return _payloads(chunk.removeprefix(b"\xef\xbb\xbf"))
        return self._feed_slowly(chunk)

    def finish(self) -> list[bytes]:
        """The payload of an event that the end of the stream left without its blank line."""
        rest = bytes(self._rest)
        self._rest.clear()
        return _payloads(rest)

    def _feed_slowly(self, chunk: bytes) -> list[bytes]:
        if self._ended_in_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._ended_in_cr = chunk.endswith(b"\r") or (self._ended_in_cr and not chunk)
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
        return _payloads(complete)


def _payloads(complete: bytes) -> list[bytes]:
    payloads = []
    for block in complete.split(b"\n\n"):
        if not block:
            continue
        if block.startswith(b"data: ") and b"\n" not in block:
            payloads.append(block[6:])
        elif (payload := _payload_of_lines(block)) is not None:
            payloads.append(payload)
    return payloads


def _payload_of_lines(block: bytes) -> bytes | None:
    data = []
    for line in block.split(b"\n"):
        if line == b"data":
            data.append(b"")
        elif line.startswith(b"data:"):
            data.append(line[6:] if line[5:6] == b" " else line[5:])
    return b"\n".join(data) if data else None
