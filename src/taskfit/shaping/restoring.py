"""Puts masked values back into a text that comes in pieces.

What may be the beginning of a placeholder is held back until it is one or is none, so the pieces add up to the whole however they
are cut; that is never more than a placeholder's length. Knows no values but those that it is given.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from taskfit.shaping.placeholders import MAYBE, Found, Spellings, spellings

SPARE_CHARS: Final = 1_000_000
"""What restoring may add to one answer beyond the answer's own length."""

_HEAD_CHARS: Final = 24
_LINE_CHARS: Final = 64
_JSON_HEAD: Final = re.compile(r"\{|\[+(?:[\"{]|-?[0-9][0-9.eE+\-]*,|(?:true|false|null),)")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,}) ?([\w\-+.]*)")
_JSON_TAGS: Final = frozenset({"json", "json5", "jsonc", "jsonl", "ndjson", "geojson"})
_encode = msgspec.json.Encoder().encode


def is_json_head(head: str) -> bool:
    """Whether a text that begins so, its spaces left out, is JSON: an object, or a list of what only JSON has in lists."""
    return _JSON_HEAD.match(head) is not None


class Allowance:
    """What restoring may add, so that a model that repeats a long value cannot fill the memory: as much as was read, and a spare
    amount. `within` is an allowance that several texts share."""

    __slots__ = ("_added", "_read", "_spare", "_within")

    def __init__(self, spare_chars: int = SPARE_CHARS, within: "Allowance | None" = None) -> None:
        self._spare = spare_chars
        self._within = within
        self._read = self._added = 0

    def read(self, chars: int) -> None:
        """Characters of an answer have come."""
        self._read += chars
        if self._within is not None:
            self._within.read(chars)

    def take(self, chars: int) -> bool:
        """Whether this many more may be added; then they are."""
        if self._added + chars > self._read + self._spare or not (self._within is None or self._within.take(chars)):
            return False
        self._added += chars
        return True


class _Surroundings:
    """Whether what comes next in a text stands in JSON: the text is JSON, or a fence that is open."""

    __slots__ = ("_fence", "_head", "_line", "_tag")

    def __init__(self) -> None:
        self._fence = ""   # the signs that opened the fence
        self._tag = ""
        self._head = ""    # the first characters that are no spaces, of the text or the fence
        self._line = ""    # the beginning of the line

    @property
    def is_json(self) -> bool:
        return self._tag in _JSON_TAGS if self._tag else is_json_head(self._head)

    def feed(self, text: str) -> None:
        """More of the text."""
        first, *rest = text.split("\n")
        self._go_on(first)
        for line in rest:
            self._end_line()
            self._go_on(line)

    def _go_on(self, text: str) -> None:
        if len(self._line) < _LINE_CHARS:
            self._line += text[: _LINE_CHARS - len(self._line)]
        if len(self._head) < _HEAD_CHARS:
            self._head = (self._head + "".join(text.split(maxsplit=_HEAD_CHARS)))[:_HEAD_CHARS]

    def _end_line(self) -> None:
        line, self._line = self._line, ""
        if "```" not in line and "~~~" not in line:
            return
        match = _FENCE.match(line)
        if match is None:
            return
        if not self._fence:
            self._fence, self._tag, self._head = match[1], match[2].lower(), ""
        elif match[1].startswith(self._fence) and not match[2]:
            self._fence, self._tag, self._head = "", "", "."


class TextRestorer:
    """Restores one text that comes in pieces."""

    __slots__ = ("_allowance", "_around", "_held", "_spellings", "_values", "has_restored")

    def __init__(self, values: Mapping[tuple[str, int], str], labels: Sequence[str], allowance: Allowance | None = None) -> None:
        """`values` by label and number; `labels` are those that placeholders may have. What is not allowed to be added stays a
        placeholder."""
        self._values = values
        self._spellings: Spellings = spellings(tuple(labels))
        self._held = ""
        self._around = _Surroundings()
        self._allowance = allowance or Allowance()
        self.has_restored = False

    def feed(self, piece: str) -> str:
        """What can be told after one more piece."""
        if not self._held and MAYBE.search(piece) is None:
            self._pass(piece)
            return piece
        text = self._held + piece
        told, place = [], 0
        for found in self._spellings.find(text):
            self._pass(text[place : found.start])
            told += [text[place : found.start], self._restored(found, text[found.start : found.end])]
            place = found.end
        end = self._spellings.tail(text, place)
        self._held = text[end:]
        self._pass(text[place:end])
        return "".join([*told, text[place:end]])

    def flush(self) -> str:
        """What is still held, when nothing more comes, or something else comes first."""
        held, self._held = self._held, ""
        return held

    def _pass(self, text: str) -> None:
        self._around.feed(text)
        self._allowance.read(len(text))

    def _restored(self, found: Found, spelt: str) -> str:
        """The value, escaped where it stands in JSON; what is not known, or not allowed, as it is spelt."""
        value = self._values.get((found.label, found.number))
        is_json = self._around.is_json
        self._pass(spelt)
        if value is None:
            return spelt
        written = _encode(value).decode()[1:-1] if is_json else value
        if not self._allowance.take(max(0, len(written) - len(spelt))):
            return spelt
        self.has_restored = True
        return written
