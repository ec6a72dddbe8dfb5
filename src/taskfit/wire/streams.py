"""A streamed answer of any dialect, from the bytes of its body in any chunking to Deltas.

Knows what all dialects share: a stream is whole once a finish was seen, and what comes after its terminal event is nobody's
answer. Some servers never send `[DONE]`, some send it twice.
"""

from collections.abc import Callable

from taskfit.errors import CutAnswer
from taskfit.values.answer import Delta
from taskfit.wire.dialect import PayloadReader
from taskfit.wire.sse import DONE, SseReader

_BLANK_LINE = b"\n\n"


class DeltaReader:
    """Reads one stream, and gives each Delta to `put` as soon as it is read: an error comes after those before it.

    `is_done` says that the terminal event has come.
    """

    def __init__(self, reader: PayloadReader, put: Callable[[Delta], object]) -> None:
        self._frames = SseReader()
        self._read = reader.read
        self._put = put
        self._has_finished = False
        self.is_done = False

    def feed(self, chunk: bytes) -> None:
        """What this chunk completes. Errors: InvalidAnswer; UpstreamError for an error event; what `put` raises."""
        for payload, whole in self._frames.feed(chunk):
            if payload == DONE:
                self.is_done = True
            if self.is_done:
                return
            for delta in self._read(payload, whole):
                if delta.finish is not None:
                    self._has_finished = True
                if delta.is_terminal:
                    self.is_done = True
                self._put(delta)

    def finish(self) -> None:
        """What the end of the body completes. Errors: as for `feed`; CutAnswer where no finish was seen."""
        self.feed(_BLANK_LINE)
        if not self._has_finished:
            raise CutAnswer("the stream ended without a finish reason")
