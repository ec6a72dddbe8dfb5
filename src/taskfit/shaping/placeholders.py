"""What stands in the place of personal data: `[EMAIL_1]`, and how models spell it when they repeat it.

Square brackets need no escape in JSON, HTML, XML or SQL, and do not look like a tag that wants to be closed; the whole is four
tokens or so in the vocabularies of the vendors. Knows no value.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

LONGEST_CHARS: Final = 64
"""No spelling is longer."""

MAYBE: Final = re.compile(r"[\[\\&%\uFF3B\u3010]")
"""What every spelling, and every beginning of one, has in it."""

_NUMBER: Final = r"[0-9]{1,7}"
_BETWEEN: Final = r"(?:\\{0,2}_|[ \-])"


class _Brackets(NamedTuple):
    """One way to write the brackets. `begins` and `ends` are the beginnings of the opening and of the closing one."""

    opening: str
    closing: str
    begins: str
    ends: str


_BRACKETS: Final = (
    _Brackets(r"\[", r"\]", "", ""),
    _Brackets(r"\\{1,2}\[", r"\\{1,2}\]", r"\\{1,2}", r"\\{1,2}"),                                   # Markdown, also inside JSON
    _Brackets(r"&(?:#91|#x5b|lsqb|lbrack);", r"&(?:#93|#x5d|rsqb|rbrack);", r"&[#0-9a-z]{0,6}", r"&[#0-9a-z]{0,6}"),
    _Brackets(r"%5B", r"%5D", r"%5?", r"%5?"),                                                      # inside an address
    _Brackets("\uFF3B", "\uFF3D", "", ""), _Brackets("\u3010", "\u3011", "", ""),                     # as Chinese is set
)  # fmt: skip


class Found(NamedTuple):
    """One spelling of a placeholder in a text. Units: characters."""

    start: int
    end: int
    label: str
    number: int


def placeholder(label: str, number: int) -> str:
    """The text in the place of the value with this number."""
    return f"[{label}_{number}]"


def expression(labels: Iterable[str]) -> str:
    """A pattern, without groups that capture, of all spellings of placeholders with these labels; for RE2 and for `re`."""
    name = f"(?:{'|'.join(labels)}){_BETWEEN}{_NUMBER}"
    forms = [f"{each.opening} ?{name} ?{each.closing}" for each in _BRACKETS]
    return f"(?i:{'|'.join(forms)})"


class Spellings:
    """Finds placeholders with some labels, and what may become one."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._whole = re.compile(expression(labels))
        self._beginning = re.compile(_beginnings(labels), re.IGNORECASE)
        self._name = re.compile(rf"({'|'.join(labels)}){_BETWEEN}({_NUMBER})", re.IGNORECASE)

    def find(self, text: str) -> list[Found]:
        """Every placeholder in the text, however it is spelt."""
        return [self._found(match) for match in self._whole.finditer(text)] if MAYBE.search(text) else []

    def tail(self, text: str, start: int) -> int:
        """From where on the text, from `start`, may be the beginning of a placeholder; its length where it is none."""
        match = self._beginning.search(text, max(start, len(text) - LONGEST_CHARS))
        return len(text) if match is None else match.start()

    def _found(self, match: re.Match[str]) -> Found:
        name = self._name.search(match[0])
        assert name is not None
        return Found(match.start(), match.end(), name[1].upper(), int(name[2]))


@lru_cache(maxsize=64)
def spellings(labels: tuple[str, ...]) -> Spellings:
    """Those of some labels, compiled once."""
    return Spellings(labels)


def _beginnings(labels: Sequence[str]) -> str:
    """A pattern of what a spelling may be when a text ends in its middle."""
    cut = sorted({label[:length] for label in labels for length in range(1, len(label) + 1)}, key=len, reverse=True)
    forms = []
    for each in _BRACKETS:
        number = rf"{_NUMBER}(?: ?(?:{each.ends})?)" if each.ends else rf"{_NUMBER} ?"
        name = rf"(?:{'|'.join(cut)}|(?:{'|'.join(labels)})(?:\\{{1,2}}|{_BETWEEN}(?:{number})?))"
        forms.append(rf"{each.opening} ?{name}?")
        forms += [each.begins] if each.begins else []
    return rf"(?:{'|'.join(forms)})\Z"
