"""`data:` URLs, in which clients send images and files inline.

Source: RFC 2397. The data is handed on as base64 text and not decoded: the model's server checks it.
"""

from base64 import b64encode
from urllib.parse import unquote, unquote_to_bytes

from taskfit.errors import InvalidRequest


def read_data_url(url: str, *, place: str = "url") -> tuple[str, str] | None:
    """The media type, without its parameters, and the data as base64; None for a URL of another scheme.

    Data that is percent-encoded text becomes base64. `place` is the field that an error names.
    Errors: InvalidRequest for a data URL without data.
    """
    if url[:5].lower() != "data:":
        return None
    head, comma, data = url[5:].partition(",")
    if not comma:
        raise InvalidRequest(f"{place}: a data URL needs a comma before its data", param=place)
    media_type, *parameters = [word.strip() for word in head.split(";")]
    if parameters and parameters[-1].lower() == "base64":
        return media_type or "text/plain", _plain_base64(data)
    return media_type or "text/plain", b64encode(unquote_to_bytes(data)).decode()


def data_url(media_type: str, data: str) -> str:
    """A data URL of base64 data."""
    return f"data:{media_type};base64,{data}"


def _plain_base64(data: str) -> str:
    if "%" in data:
        data = unquote(data)
    return "".join(data.split()) if any(mark in data for mark in " \n\r\t") else data
