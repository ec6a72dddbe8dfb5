"""Reads JSON text by the letter of RFC 8259, and says of a beginning whether it can still become JSON.

Mends nothing. Takes linear time whatever the text is.
"""

import json
import re
from functools import lru_cache
from typing import Any, Final

import msgspec

LONGEST_QUOTE: Final = 30
MOST_DIGITS: Final = 400
"""A number with more digits in a row takes quadratic time to read, and is refused: a double has 17, its range 309."""

MOST_SHARED_CHARS: Final = 50_000
"""The value of a longer text is not kept: it takes several times the memory of its text."""

_STRIDE: Final = 100
_MANY_DIGITS: Final = re.compile(rf"[0-9]{{{MOST_DIGITS // _STRIDE}}}")
"""What is left of a run of too many digits where only every hundredth character is looked at."""
_DIGITS_OR_STRING: Final = re.compile(r'"(?>(?:[^"\\]++|\\.)*)"?+|[0-9]++', re.DOTALL)

_DECODER: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()

_SPACE: Final = re.compile(r"[ \t\r\n]*+")
# Groups are atomic, (?>(?:…)*), and not possessive, (?:…)*+, which Python before 3.11.5 gets wrong where a part of one matches.
_CHARS: Final = r'(?>(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)'
_WHOLE: Final = re.compile(
    '"' + _CHARS + r'"|-?+(?:0|[1-9][0-9]*+)(?>(?:\.[0-9]++)?)(?>(?:[eE][+-]?+[0-9]++)?)(?![0-9.eE+-])|true|false|null'
)
_STRING: Final = re.compile('"' + _CHARS + r"(?>(?:\\(?>(?:u[0-9a-fA-F]{0,3}+)?))?)")
_NUMBER: Final = re.compile(r"-?+(?>(?:0|[1-9][0-9]*+)?)(?>(?:(?<=[0-9])\.[0-9]*+)?)(?>(?:(?<=[0-9])[eE][+-]?+[0-9]*+)?)")
_WORDS: Final = ("true", "false", "null")


class NotJson(ValueError):
    """A text that is not JSON, or that two readers may read differently; the text says why."""


def read_json(text: str) -> Any:
    """The value of a JSON text. Errors: NotJson, also for a key that is given twice with different values."""
    if has_huge_number(text):
        raise NotJson(f"a number of more than {MOST_DIGITS} digits")
    try:
        value = _DECODER.decode(text)
        if isinstance(value, (dict, list)) and not _has_all_colons(value, text):
            json.loads(text, object_pairs_hook=_keys_once, parse_int=str, parse_float=str)
    except RecursionError as error:
        raise NotJson("nested too deeply") from error
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise NotJson(_explained(str(error), text)) from error
    return value


def read_shared_json(text: str) -> Any:
    """The same for checks that read one answer, one after the other: it is read once, and nobody may change the value."""
    return _read_last(text) if len(text) <= MOST_SHARED_CHARS else read_json(text)


_read_last: Final = lru_cache(maxsize=1)(read_json)


def has_huge_number(text: str) -> bool:
    """Whether more than `MOST_DIGITS` digits follow each other outside strings."""
    if len(text) <= MOST_DIGITS or _MANY_DIGITS.search(text[::_STRIDE]) is None:
        return False
    runs = [found.end() - found.start() for found in _DIGITS_OR_STRING.finditer(text) if found[0][0] != '"']
    return max(runs, default=0) > MOST_DIGITS


def _has_all_colons(value: Any, text: str) -> bool:
    """Whether writing the value again takes as many colons as the text has: then no key was given twice.

    A key that is given again takes one colon, and those of its first value, with it. Escapes are looked at by the letter.
    """
    return "\\u003" not in text and _ENCODER.encode(value).count(b":") == text.count(":")


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        for name, value in pairs:
            if read[name] != value:
                raise NotJson(f"the key {quoted(name)} is given twice, with different values")
    return read


def _explained(error: str, text: str) -> str:
    if not text.strip():
        return "it is empty"
    begins = text.lstrip()[0]
    if begins not in '{["-0123456789tfn':
        return f"it begins with {quoted(text.strip())}"
    return error.removeprefix("JSON is malformed: ")


def quoted(text: str) -> str:
    """The beginning of a text for a person, on one line."""
    line = " ".join(text[: LONGEST_QUOTE + 1].split())
    return f'"{line}"' if len(text) <= LONGEST_QUOTE else f'"{line[: LONGEST_QUOTE - 1]}…"'


def prefix_fault(text: str) -> str | None:
    """What keeps a text from being the beginning of JSON text; None where nothing does."""
    at, closers, wants = 0, list[str](), "value"
    while True:
        at = _after(_SPACE, text, at)
        if at == len(text):
            return None
        sign = text[at]
        if sign in "]}" and wants in ("comma", f"first {sign}"):
            if not closers or closers.pop() != sign:
                return _fault(text, at)
            at, wants = at + 1, "comma" if closers else "end"
        elif sign == "," and wants == "comma":
            at, wants = at + 1, "key" if closers[-1] == "}" else "value"
        elif sign == ":" and wants == "colon":
            at, wants = at + 1, "value"
        elif sign in "[{" and wants in ("value", "first ]"):
            closer = "]" if sign == "[" else "}"
            closers.append(closer)
            at, wants = at + 1, f"first {closer}"
        elif wants in ("value", "first ]") or (sign == '"' and wants in ("key", "first }")):
            end = _after(_WHOLE, text, at)
            if end == at:
                return None if _is_cut_scalar(text, at) else _fault(text, at)
            at, wants = end, "colon" if wants in ("key", "first }") else "comma" if closers else "end"
        else:
            return _fault(text, at)


def _is_cut_scalar(text: str, at: int) -> bool:
    """Whether the text ends in the middle of a string, a number or a word."""
    cut = _STRING if text[at] == '"' else _NUMBER
    rest = text[at : at + 6]
    return (text[at] in '"-0123456789' and _after(cut, text, at) == len(text)) or any(word.startswith(rest) for word in _WORDS)


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()


def _fault(text: str, at: int) -> str:
    return f"{quoted(text[at:])} cannot stand {'at the beginning' if not text[:at].strip() else f'at character {at + 1}'} of JSON"
