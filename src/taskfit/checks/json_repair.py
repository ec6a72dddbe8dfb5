"""Mends JSON that a model wrote almost right: in a fence, with prose around it, as JavaScript or Python would write it, or
without its last brackets.

Mends form, never content: no value is made up, and what may be meant in two ways is left alone. One pass over the text for each
place where the JSON may begin, of which few are tried. Knows no schema.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

MOST_DEPTH: Final = 200
MOST_BEGINNINGS: Final = 8

_OPENING: Final = re.compile(r"[{\[]")
_FENCE: Final = re.compile(r"^[ \t]*+```[ \t]*+([A-Za-z0-9_-]*+)[^\n`]*+\n", re.MULTILINE)
_FENCE_END: Final = re.compile(r"^[ \t]*+```[ \t]*+$", re.MULTILINE)
_SPACE: Final = re.compile(r"[ \t\r\n]++")
_ODD_SPACE: Final = re.compile(r"[\s\ufeff\u200b]++")
_COMMENT: Final = re.compile(r"(?://|#)[^\n]*+|/\*(?>(?:[^*]++|\*(?!/))*)\*/")
_NUMBER: Final = re.compile(r"-?+(?:0|[1-9][0-9]*+)(?>(?:\.[0-9]++)?)(?>(?:[eE][+-]?+[0-9]++)?)(?![\w.+-])")
_LOOSE_NUMBER: Final = re.compile(r"([+-]?+)([0-9]*+)(?>(?:\.([0-9]*+))?)((?>(?:[eE][+-]?+[0-9]++)?))(?![\w.+-])")
_WORD: Final = re.compile(r"[A-Za-z_$][\w$-]*+")
_GOOD_STRING: Final = re.compile(r'"(?>(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
_PLAIN: Final = re.compile(r'[^"\'\\\x00-\x1f\u2018-\u201f]++')
_ESCAPE: Final = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_SHORT_ESCAPE: Final = re.compile(r"\\x([0-9a-fA-F]{2})")

_QUOTES: Final = {
    '"': '"', "'": "'", "\u201c": "\u201d\u201c", "\u201d": "\u201d", "\u201e": "\u201c\u201d", "\u2018": "\u2019\u2018",
    "\u2019": "\u2019",
}  # fmt: skip
"""What may close a string that begins with each."""

_VALUES: Final = {
    "true": "true", "false": "false", "null": "null", "True": "true", "False": "false", "None": "null", "TRUE": "true",
    "FALSE": "false", "NULL": "null", "undefined": "null", "NaN": "null", "nan": "null",
}  # fmt: skip
_CONTROLS: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_THOUGHTS_END: Final = "</think>"

FENCE, PROSE, COMMENTS, COMMAS = "a code fence", "text around it", "comments", "a comma too many"
QUOTES, KEYS, WORDS, NUMBERS = "quotation marks", "keys without quotes", "words of another language", "the form of a number"
CONTROLS, ESCAPES, ENDS, SPACES = "line breaks in text", "backslashes", "missing ends", "odd spaces"


class Mended(msgspec.Struct, frozen=True, kw_only=True):
    """JSON text, and what was mended in it, in a person's words."""

    text: str
    what: tuple[str, ...]


class _Broken(Exception):
    """The text cannot be mended."""


class _Ambiguous(Exception):
    """The text may hold several values."""


def mend_json(text: str) -> Mended | None:
    """The one JSON value that a whole answer was meant to be; None where there is none, or where it may be one of several.

    The text must be whole: an answer that was cut must not be closed.
    """
    bare = text.rpartition(_THOUGHTS_END)[2]  # behind the thoughts of a model that writes them into its answer
    around = (PROSE,) if len(bare) < len(text) else ()
    try:
        whole = _mended(bare, 0, around) if _begins_a_value(bare) else None
        return whole or _mended_inside(bare, around)
    except _Ambiguous:
        return None


def _mended_inside(text: str, around: tuple[str, ...]) -> Mended | None:
    inside = _unfenced(text)
    what = (*around, FENCE) if inside is not text else around
    if _begins_a_value(inside):
        return _mended(inside, 0, what)
    for opening in islice(_OPENING.finditer(inside), MOST_BEGINNINGS):
        mended = _mended(inside, opening.start(), (*what, PROSE))
        if mended is not None:
            return mended
    return None


def _unfenced(text: str) -> str:
    """What stands in the one fence that holds JSON, else the text. A fence may lack its end. Errors: _Ambiguous."""
    insides: list[str] = []
    at = 0
    while (fence := _FENCE.search(text, at)) is not None:
        end = _FENCE_END.search(text, fence.end())
        inside = text[fence.end() : end.start() if end is not None else len(text)]
        if fence[1].lower().startswith("json") or _begins_a_value(inside):
            insides.append(inside)
        at = end.end() if end is not None else len(text)
    if len(insides) > 1:
        raise _Ambiguous
    return insides[0] if insides else text


def _begins_a_value(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


def _mended(text: str, at: int, what: tuple[str, ...]) -> Mended | None:
    """The value that begins there; None where it cannot be mended. Errors: _Ambiguous where another may follow."""
    mender = _Mender(text, at)
    try:
        mender.read_document()
    except _Broken:
        return None
    rest = text[mender.at :].strip()
    if "{" in rest:
        raise _Ambiguous
    said = (*what, *mender.what, *((PROSE,) if rest else ()))
    return Mended(text="".join(mender.pieces).strip(), what=tuple(dict.fromkeys(said)))


class _Mender:
    """Reads one list or object from `at` on and writes it as JSON into `pieces`; afterwards `at` is behind it.

    `what` names what was mended, in the order of the text.
    """

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.pieces: list[str] = []
        self.what: dict[str, None] = {}
        self._closers: list[str] = []

    def read_document(self) -> None:
        """Errors: _Broken."""
        self._skip()
        self._open()
        while self._closers:
            if self._skips_to_end():
                self._close_all()
                return
            if self.text[self.at] in "]}":
                self._close(self.text[self.at])
            else:
                self._member()

    def _member(self) -> None:
        """One item of a list or one key with its value, and the comma after it, where one follows."""
        if self._closers[-1] == "}":
            self._key()
        if self.text[self.at] in "{[":
            self._open()
            return
        self._scalar()
        self._after_value()

    def _key(self) -> None:
        if self.text[self.at] in _QUOTES:
            self._string()
        else:
            self.pieces.append(f'"{self._take(_WORD)}"')
            self._note(KEYS)
        self._skip()
        if self._peek() != ":":
            raise _Broken
        self._copy(1)
        if self._skips_to_end():
            raise _Broken

    def _after_value(self) -> None:
        """A comma is kept where another member follows it."""
        if self._skips_to_end() or self.text[self.at] in "]}":
            return
        if self.text[self.at] != ",":
            raise _Broken
        comma = len(self.pieces)
        self._copy(1)
        if self._skips_to_end() or self.text[self.at] in "]}":
            self.pieces[comma] = ""
            self._note(COMMAS)

    def _open(self) -> None:
        sign = self._peek()
        if sign not in ("{", "[") or len(self._closers) == MOST_DEPTH:
            raise _Broken
        self._closers.append("}" if sign == "{" else "]")
        self._copy(1)

    def _close(self, sign: str) -> None:
        """A bracket closes what is open inside it too, where its own was opened."""
        if sign not in self._closers:
            raise _Broken
        while self._closers[-1] != sign:
            self.pieces.append(self._closers.pop())
            self._note(ENDS)
        self._closers.pop()
        self._copy(1)
        if self._closers:
            self._after_value()

    def _close_all(self) -> None:
        self.pieces += reversed(self._closers)
        self._closers.clear()
        self._note(ENDS)

    def _scalar(self) -> None:
        sign = self.text[self.at]
        if sign in _QUOTES:
            self._string()
        elif sign in "+-.0123456789":
            self._number()
        else:
            word = self._take(_WORD)
            value = _VALUES.get(word)
            if value is None:
                raise _Broken
            self.pieces.append(value)
            if value != word:
                self._note(WORDS)

    def _number(self) -> None:
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            self._copy(len(number[0]))
            return
        loose = _LOOSE_NUMBER.match(self.text, self.at)
        if loose is None or not (loose[2] or loose[3]) or (len(loose[2]) > 1 and loose[2][0] == "0"):
            raise _Broken
        sign = "-" if loose[1] == "-" else ""
        self.pieces.append(f"{sign}{loose[2] or '0'}{'.' + loose[3] if loose[3] else ''}{loose[4]}")
        self.at = loose.end()
        self._note(NUMBERS)

    def _string(self) -> None:
        """A string in any quotation marks, as JSON writes it. One without an end ends with the text."""
        good = _GOOD_STRING.match(self.text, self.at)
        if good is not None:
            self._copy(len(good[0]))
            return
        opening = self.text[self.at]
        closing = _QUOTES[opening]
        if opening != '"':
            self._note(QUOTES)
        self.at += 1
        self.pieces += ['"', *self._characters(closing), '"']

    def _characters(self, closing: str) -> Iterator[str]:
        text, end = self.text, len(self.text)
        while self.at < end:
            sign = text[self.at]
            if sign in closing:
                self.at += 1
                return
            if sign == "\\":
                yield self._escape()
            elif sign < " ":
                self.at += 1
                self._note(CONTROLS)
                yield _CONTROLS.get(sign, f"\\u{ord(sign):04x}")
            elif sign == '"':
                self.at += 1
                yield '\\"'
            else:
                plain = _PLAIN.match(text, self.at)
                piece = plain[0] if plain is not None else sign
                self.at += len(piece)
                yield piece
        self._note(ENDS)

    def _escape(self) -> str:
        """JSON's own stay, `\\xe9` of JavaScript and Python is `\\u00e9`, an apostrophe needs none, and before anything else the
        backslash itself was meant."""
        known = _ESCAPE.match(self.text, self.at)
        if known is not None:
            self.at = known.end()
            return known[0]
        self._note(ESCAPES)
        short = _SHORT_ESCAPE.match(self.text, self.at)
        if short is not None:
            self.at = short.end()
            return f"\\u00{short[1]}"
        self.at += 1
        if self._peek() == "'":
            self.at += 1
            return "'"
        return "\\\\"

    def _skips_to_end(self) -> bool:
        self._skip()
        return self.at == len(self.text)

    def _skip(self) -> None:
        """Pass space and comments. Space is kept as it is."""
        while self.at < len(self.text) and not ("!" < (sign := self.text[self.at]) <= "~" and sign not in "/#"):
            space = _SPACE.match(self.text, self.at)
            if space is not None:
                self._copy(len(space[0]))
            elif (comment := _COMMENT.match(self.text, self.at)) is not None:
                self.at = comment.end()
                self._note(COMMENTS)
            elif (odd := _ODD_SPACE.match(self.text, self.at)) is not None:
                self.at = odd.end()
                self.pieces.append(" ")
                self._note(SPACES)
            else:
                return

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _Broken
        self.at = found.end()
        return found[0]

    def _copy(self, count: int) -> None:
        self.pieces.append(self.text[self.at : self.at + count])
        self.at += count

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _note(self, what: str) -> None:
        self.what[what] = None
