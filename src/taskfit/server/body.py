"""Reading a request's body: a limit before and while it is read, and the content types that are taken."""

from collections.abc import Mapping

from taskfit.errors import IncompleteBody, InvalidRequest, TooLarge, UnsupportedMedia
from taskfit.server.asgi import Receive

MAX_BODY_BYTES = 32 * 1024 * 1024


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, *, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The whole body. How long it may take is the connection's business.

    Errors: TooLarge, before reading where the length is announced; UnsupportedMedia; IncompleteBody when the client leaves first.
    """
    _check_media(headers)
    announced = headers.get(b"content-length")
    if announced is not None and int(announced) > max_bytes:
        raise TooLarge(f"the body is over {max_bytes} bytes")
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > max_bytes:
            raise TooLarge(f"the body is over {max_bytes} bytes")
        return body
    return await _read_pieces(message, receive, max_bytes)


async def _read_pieces(message: Mapping[str, object], receive: Receive, max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise IncompleteBody("the body did not arrive whole, or not in time")
        piece = message.get("body", b"")
        assert isinstance(piece, bytes)
        size += len(piece)
        if size > max_bytes:
            raise TooLarge(f"the body is over {max_bytes} bytes")
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)
        message = await receive()


def _check_media(headers: Mapping[bytes, bytes]) -> None:
    media = headers.get(b"content-type", b"")
    if media != b"application/json" and media.partition(b";")[0].strip().lower() != b"application/json":
        raise UnsupportedMedia("the body must be JSON: send content-type: application/json")
    encoding = headers.get(b"content-encoding")
    if encoding is not None and encoding != b"identity":
        raise UnsupportedMedia("an encoded body is not taken: send it without content-encoding")
    length = headers.get(b"content-length")
    if length is not None and not length.isdigit():
        raise InvalidRequest("content-length wants a number")
