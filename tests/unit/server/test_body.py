"""Reading a body: the limit holds before and while it is read, whatever the pieces."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskfit.errors import IncompleteBody, InvalidRequest, RequestError, TooLarge, UnsupportedMedia
from taskfit.server.body import read_body

JSON = {b"content-type": b"application/json"}


class Pieces:
    """What a server's `receive` gives; counts how much was asked for."""

    def __init__(self, pieces: Sequence[bytes], *, leaves: bool = False) -> None:
        self._messages: list[dict[str, Any]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        self._messages.append(
            {"type": "http.disconnect"} if leaves else {"type": "http.request", "body": b"", "more_body": False}
        )
        self.taken = 0

    async def __call__(self) -> dict[str, Any]:
        self.taken += 1
        return self._messages[self.taken - 1]


def read(pieces: Pieces, headers: dict[bytes, bytes] | None = None, *, max_bytes: int = 10) -> bytes:
    return asyncio.run(read_body({**JSON, **(headers or {})}, pieces, max_bytes=max_bytes))


@given(st.lists(st.binary(max_size=6), max_size=6))
def test_pieces_add_up_or_are_too_many(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    if len(whole) <= 10:
        assert read(Pieces(pieces)) == whole
        return
    with pytest.raises(TooLarge):
        read(Pieces(pieces))


def test_nothing_is_read_of_a_body_that_is_announced_as_too_large() -> None:
    pieces = Pieces([b"x"])
    with pytest.raises(TooLarge):
        read(pieces, {b"content-length": b"11"})
    assert pieces.taken == 0


def test_reading_stops_with_the_piece_that_is_too_much() -> None:
    pieces = Pieces([b"123456", b"7890123", b"never"])
    with pytest.raises(TooLarge):
        read(pieces)
    assert pieces.taken == 2


def test_a_client_that_leaves_is_told_apart() -> None:
    for pieces in (Pieces([b"x"], leaves=True), Pieces([], leaves=True)):
        with pytest.raises(IncompleteBody):
            read(pieces)


@pytest.mark.parametrize(("headers", "wanted"), [
    ({b"content-type": b"text/plain"}, UnsupportedMedia), ({b"content-type": b""}, UnsupportedMedia),
    ({b"content-type": b"application/json-seq"}, UnsupportedMedia), ({b"content-encoding": b"gzip"}, UnsupportedMedia),
    ({b"content-length": b"-1"}, InvalidRequest), ({b"content-length": b"1e3"}, InvalidRequest),
])  # fmt: skip
def test_what_cannot_be_read_is_refused_first(headers: dict[bytes, bytes], wanted: type[RequestError]) -> None:
    pieces = Pieces([b"{}"])
    with pytest.raises(wanted):
        read(pieces, headers)
    assert pieces.taken == 0
