"""JSON out of a text that a model or a person wrote. Knows no rule."""

from typing import Any, Final

import msgspec

MOST_CHARS: Final = 256 * 1024
FENCE: Final = "```"

_JSON: Final = msgspec.json.Decoder()


class NotJson(ValueError):
    """A text that holds no JSON; the text of the error says why."""


def read_json(text: str) -> Any:
    """The value of a text that is JSON, or that has one fenced block, which is.

    Of a key that stands twice the last one counts. Errors: NotJson, also for more than 256 KiB and for very deep nesting.
    """
    if len(text) > MOST_CHARS:
        raise NotJson(f"it has more than {MOST_CHARS:,} characters")
    bare = text.strip()
    try:
        return _decode(bare)
    except NotJson:
        inner = fenced(bare)
        if inner is None:
            raise
        return _decode(inner)


def _decode(text: str) -> Any:
    try:
        return _JSON.decode(text)
    except RecursionError as error:
        raise NotJson("it is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise NotJson(str(error)) from error


def fenced(text: str) -> str | None:
    """What stands between the first fence, without its language, and the last one; None where there are no two.

    A text that begins as JSON is meant to be JSON: a fence in it is a part of one of its strings.
    """
    if text.startswith(("{", "[", '"')):
        return None
    start, end = text.find(FENCE), text.rfind(FENCE)
    if start == end:
        return None
    first, newline, rest = text[start + len(FENCE) : end].partition("\n")
    is_language = bool(newline) and (first.strip().isalnum() or not first.strip())
    return rest if is_language else first + newline + rest
