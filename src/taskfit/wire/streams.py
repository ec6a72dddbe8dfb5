"""A streamed answer of any dialect, from the bytes of its body in any chunking to Deltas.

Knows what all dialects share: a stream is whole once a finish was seen, and what comes after its terminal event is nobody's
answer. Some servers never send `[DONE]`, some send it twice.
"""

from collections.abc import Iterable, Iterator, Sequence

from taskfit.errors import CutAnswer
from taskfit.values.answer import Delta
from taskfit.wire.dialect import PayloadReader
from taskfit.wire.sse import DONE, Frame, SseReader


class DeltaReader:
    """Reads one stream. `is_done` says that its terminal event has come."""

    def __init__(self, reader: PayloadReader) -> None:
        self._frames = SseReader()
        self._read_payload = reader.read
        self._has_finished = False
        self.is_done = False

    def feed(self, chunk: bytes) -> Iterable[Delta]:
        """The Deltas that this chunk completes, each as soon as it is read: an error comes after those before it.

        Errors: InvalidAnswer; UpstreamError for an error event.
        """
        frames = self._frames.feed(chunk)
        return self._read_one(frames[0]) if len(frames) == 1 else self._read(frames)

    def finish(self) -> Iterator[Delta]:
        """What the end of the body completes. Errors: as for `feed`; CutAnswer where no finish was seen."""
        yield from self._read(self._frames.finish())
        if not self._has_finished:
            raise CutAnswer("the stream ended without a finish reason")

    def _read(self, frames: list[Frame]) -> Iterator[Delta]:
        for frame in frames:
            yield from self._read_one(frame)

    def _read_one(self, frame: Frame) -> Sequence[Delta]:
        payload, whole = frame
        if payload == DONE:
            self.is_done = True
        if self.is_done:
            return ()
        deltas = self._read_payload(payload, whole)
        for delta in deltas:
            if delta.finish is not None:
                self._has_finished = True
            if delta.is_terminal:
                self.is_done = True
        return deltas
