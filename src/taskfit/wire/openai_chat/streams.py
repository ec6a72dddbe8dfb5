"""A streamed answer of this dialect, from the bytes of its body in any chunking to Deltas."""

from collections.abc import Iterator

from taskfit.errors import CutAnswer
from taskfit.values.answer import Delta
from taskfit.wire.openai_chat.answers import StreamReader
from taskfit.wire.sse import DONE, SseReader


class DeltaReader:
    """Reads one stream. It is whole once a finish was seen: some servers never send `[DONE]`, some send it twice, and what
    comes after it is nobody's answer.

    `hides_usage`: the usage was asked for by us alone, and the client shall not see it.
    """

    def __init__(self, *, hides_usage: bool) -> None:
        self._frames = SseReader()
        self._reader = StreamReader(hides_usage=hides_usage)
        self._has_finished = False
        self.is_done = False

    def feed(self, chunk: bytes) -> Iterator[Delta]:
        """The Deltas that this chunk completes. Errors: InvalidAnswer; UpstreamError for an error event."""
        return self._read(self._frames.feed(chunk))

    def finish(self) -> Iterator[Delta]:
        """What the end of the body completes. Errors: as for `feed`; CutAnswer where no finish was seen."""
        yield from self._read(self._frames.finish())
        if not self._has_finished:
            raise CutAnswer("the stream ended without a finish reason")

    def _read(self, payloads: list[bytes]) -> Iterator[Delta]:
        for payload in payloads:
            if payload == DONE:
                self.is_done = True
            if self.is_done:
                return
            delta = self._reader.read(payload)
            if delta.finish is not None:
                self._has_finished = True
            yield delta
