"""Undoes gzip and deflate piece by piece, under a cap, in bounded memory. Knows no sockets."""

import zlib
from collections.abc import Iterator
from typing import Final

from taskfit.errors import CutAnswer, InvalidAnswer

PART_BYTES: Final = 64 * 1024
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


class Inflater:
    """Inflates one body. `coding` is gzip, x-gzip or deflate; `peer` names the upstream in an operator's texts."""

    __slots__ = ("_coding", "_engine", "_has_ended", "_held", "_left_bytes", "_limit_bytes", "_peer")

    def __init__(self, coding: str, limit_bytes: int, peer: str) -> None:
        self._coding = coding
        self._limit_bytes = self._left_bytes = limit_bytes
        self._peer = peer
        self._held = b""   # too little to tell zlib's framing from bare deflate
        self._has_ended = False
        self._engine: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The inflated parts of `data`, each of at most 64 KiB. Errors: InvalidAnswer."""
        data = self._held + data
        self._held = b""
        while data:
            if self._engine is None:
                data = data.lstrip(b"\0") if self._has_ended else data   # padding after a member is allowed
                if len(data) < 2:
                    self._held = data
                    return
                self._engine = zlib.decompressobj(self._window(data))
            engine = self._engine
            yield from self._parts(engine, data)
            data = b""
            if engine.eof:
                self._has_ended, self._engine, data = True, None, engine.unused_data

    def finish(self) -> None:
        """The body is complete. Errors: CutAnswer when it broke off inside a compressed stream."""
        if self._engine is not None or self._held:
            raise CutAnswer(f"{self._peer}: the {self._coding} body broke off")

    def _parts(self, engine: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
        while not engine.eof:
            try:
                part = engine.decompress(data, PART_BYTES)
            except zlib.error as error:
                raise InvalidAnswer(f"{self._peer}: a body that is not {self._coding}: {error}") from error
            self._left_bytes -= len(part)
            if self._left_bytes < 0:
                raise InvalidAnswer(f"{self._peer}: a {self._coding} body of more than {self._limit_bytes} bytes inflated")
            if part:
                yield part
            data = engine.unconsumed_tail
            if not data and len(part) < PART_BYTES:
                return

    def _window(self, begin: bytes) -> int:
        """RFC 9110 means zlib's framing by "deflate"; servers send bare deflate too."""
        if self._coding != "deflate":
            return _GZIP
        is_framed = begin[0] & 0x0F == 8 and int.from_bytes(begin[:2], "big") % 31 == 0
        return _ZLIB if is_framed else _RAW
