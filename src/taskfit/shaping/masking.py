"""Masks the personal data of one request, and knows how to put it back.

Each distinct value gets one placeholder, numbered in the order in which it first occurs: a later turn of the same talk gives the
same ones to the same values, so prompt caches and signed thoughts hold. What only looks like a placeholder is masked like a
value, so whatever bears a number is ours. What is masked shows in no `repr`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from taskfit.shaping.personal import FORGED, finder
from taskfit.shaping.placeholders import placeholder
from taskfit.shaping.restoring import Allowance, TextRestorer, is_json_head

ANSWERS_CHARS: Final = 16_000_000
"""What restoring the answers of one request, and what checks are shown of them, may add beyond their own length."""

_HEAD_CHARS: Final = 64
_text = msgspec.json.Decoder(str)


class Masking:
    """The values of one request and their placeholders. More texts may be masked at any time: what a check asks a model, say."""

    __slots__ = ("_allowance", "_finder", "_kinds", "_numbers", "_placeholders", "_values")

    def __init__(self, kinds: Sequence[str]) -> None:
        """Errors: ConfigurationError for a kind that is not known, or whose package is missing."""
        self._finder = finder(tuple(kinds))
        self._allowance = Allowance(ANSWERS_CHARS)
        self._placeholders: dict[str, str] = {}
        self._values: dict[tuple[str, int], str] = {}
        self._kinds: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def mask(self, text: str) -> str:
        """The text with placeholders for what is personal in it; the very text where nothing is."""
        spans = self._finder.find(text)
        if not spans:
            return text
        is_json = is_json_head("".join(text[:_HEAD_CHARS].split()))
        pieces, last = [], 0
        for span in spans:
            value = text[span.start : span.end]
            pieces += [text[last : span.start], self._placeholder(_read(value) if is_json else value, span.label, span.kind)]
            last = span.end
        return "".join([*pieces, text[last:]])

    def restore(self, text: str) -> str:
        """The text with the values in the places of their placeholders, however these are spelt; others stay as they are.

        In a text that is JSON, and in a fence of JSON, the values are escaped as in a JSON string. What would add more than the
        text's own length and 1 MB stays a placeholder.
        """
        restorer = self.new_restorer(self.new_allowance())
        return restorer.feed(text) + restorer.flush()

    def new_allowance(self) -> Allowance:
        """What may be added to one answer."""
        return Allowance(within=self._allowance)

    def new_restorer(self, allowance: Allowance) -> TextRestorer:
        """For one text that comes in pieces; those of one answer share an allowance."""
        return TextRestorer(self._values, self._finder.labels, allowance)

    @property
    def values(self) -> Mapping[tuple[str, int], str]:
        """The values by label and number. For tests; never to be shown."""
        return self._values

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of personal data that were found, for the record."""
        return tuple(self._kinds)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was masked, so that nothing has to be restored."""
        return not self._values

    def __repr__(self) -> str:
        return f"Masking({', '.join([f'{kind}: {count}' for kind, count in self._kinds.items()])})"

    def _placeholder(self, value: str, label: str, kind: str) -> str:
        written = self._placeholders.get(value)
        if written is None:
            number = self._numbers[label] = self._numbers.get(label, 0) + 1
            written = self._placeholders[value] = placeholder(label, number)
            self._values[label, number] = value
            if kind != FORGED:
                self._kinds[kind] = self._kinds.get(kind, 0) + 1
        return written


def _read(value: str) -> str:
    """What a part of a JSON string says: where it is put back, it is escaped anew, or is no JSON."""
    if "\\" not in value:
        return value
    try:
        return _text.decode(f'"{value}"')
    except msgspec.MsgspecError:
        return value
