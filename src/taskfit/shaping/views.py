"""A text as it is searched: escapes of JSON read, signs that look alike written alike, signs that nobody sees left out.

A value is the same whether it is written `jane@x.org`, `jane\\u0040x.org` or in full-width letters. What is found in a view is
found in the text by `View.placed`. Linear time, whatever the text. Knows nothing of personal data.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

_UNSEEN: Final = (
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U0001d173-\U0001d17a\U000e0000-\U000e01ef"
)
"""Unicode's format characters (category Cf), and the marks that choose how a letter is drawn."""

_DOTS: Final = "\u00b7\u2024\u2027\u22c5\ufe52"
_ALIKE: Final = re.compile(
    rf"(?=[^\x00-\x7f])[\d\s{_DOTS}\u2010-\u2015\u2212\ufe58\ufe63\ufe6b\uff01-\uff5e\ud800-\udfff]"
)
"""Digits, spaces, dots and dashes of any script, full-width letters, and halves of surrogate pairs, which no UTF-8 has."""

_ESCAPE: Final = r"(?<!\\)\\++(?:u(?:([dD][89abAB][0-9a-fA-F]{2})\\++u([dD][c-fC-F][0-9a-fA-F]{2})|([0-9a-fA-F]{4}))|([nrt\"/]))"
"""One escape, however often it was escaped itself, as JSON inside JSON is."""

_ESCAPES: Final = re.compile(_ESCAPE)
_ESCAPES_AND_UNSEEN: Final = re.compile(rf"{_ESCAPE}|[{_UNSEEN}]+")
_IS_UNSEEN: Final = re.compile(rf"[{_UNSEEN}]")
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "/": "/"}


class View(NamedTuple):
    """`text` is what is searched. From the character `froms[n]` of it on it is the original from `starts[n]` on, as it stands
    there; where `ends[n]` is not 0 it is one character that stands for all of the original up to there.
    """

    text: str
    froms: Sequence[int] = (0,)
    starts: Sequence[int] = (0,)
    ends: Sequence[int] = (0,)

    def placed(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of the view stands in the original. Units: characters."""
        first, last = bisect_right(self.froms, start) - 1, bisect_right(self.froms, end - 1) - 1
        return self.starts[first] + start - self.froms[first], self.ends[last] or self.starts[last] + end - self.froms[last]


def views(text: str) -> tuple[View, ...]:
    """The views of a text. Two where it has signs that nobody sees: one without them, and one with spaces for them, since they
    may stand within a value as well as between two.
    """
    if text.isascii() and "\\" not in text:
        return (View(text),)
    alike = text if text.isascii() else _ALIKE.sub(lambda match: _plain(match[0]), text)
    has_escapes = "\\" in alike and _ESCAPES.search(alike) is not None
    view = _read(alike, _ESCAPES, "") if has_escapes else View(alike)
    if _IS_UNSEEN.search(view.text) is None:
        return (view,)
    return _read(alike, _ESCAPES_AND_UNSEEN, ""), _read(alike, _ESCAPES_AND_UNSEEN, " ")


def _plain(sign: str) -> str:
    """The sign of ASCII that is meant; the very sign where there is none."""
    code = ord(sign)
    if code < 0x80:
        return sign
    if 0xFF01 <= code <= 0xFF5E:
        return chr(code - 0xFEE0)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if sign in _DOTS:
        return "."
    category = unicodedata.category(sign)
    if category == "Nd":
        return str(unicodedata.decimal(sign))
    if category == "Zs":
        return " "
    if category == "Pd" or code == 0x2212:
        return "-"
    return "@" if code == 0xFE6B else sign


def _read(text: str, pattern: re.Pattern[str], unseen: str) -> View:
    """The text with each escape as the one sign that it stands for, and with `unseen` for what nobody sees."""
    pieces: list[str] = []
    froms, starts, ends = [], [], []
    chars = last = 0
    for match in pattern.finditer(text):
        start, end = match.span()
        if start > last:
            pieces.append(text[last:start])
            froms.append(chars)
            starts.append(last)
            ends.append(0)
            chars += start - last
        sign = _meant(match, unseen)
        if sign:
            pieces.append(sign)
            froms.append(chars)
            starts.append(start)
            ends.append(end)
            chars += 1
        last = end
    return View("".join([*pieces, text[last:]]), [*froms, chars], [*starts, last], [*ends, 0])


def _meant(match: re.Match[str], unseen: str) -> str:
    high, low, code, letter = match.groups()
    if letter is not None:
        return _LETTERS[letter]
    if high is not None:
        sign = chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    elif code is not None:
        sign = chr(int(code, 16))
    else:
        return unseen
    if match.re is _ESCAPES_AND_UNSEEN and _IS_UNSEEN.match(sign):
        return unseen
    return _plain(sign)
