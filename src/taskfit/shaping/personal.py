"""Finds personal data and secrets in a text. Works on bytes with RE2, so the time is linear whatever the text.

Knows kinds, not what becomes of what it finds.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from taskfit.errors import ConfigurationError
from taskfit.shaping import placeholders
from taskfit.shaping.datafog_finder import DATAFOG, DATAFOG_LABELS, find_with_datafog, import_datafog
from taskfit.shaping.patterns import KINDS, ROWS
from taskfit.shaping.plausible import anything
from taskfit.shaping.views import View, views

ALL: Final = "all"
"""Stands for every kind of our own table."""

FORGED: Final = "placeholder"
"""The kind of what only looks like a placeholder."""

ROUNDS: Final = 3
"""How often a text is searched: what touches something that was found is told from it only when that is out of the way."""

SHORT_BYTES: Final = 64
"""A match that is not what it looks like is searched again from its second word on, if it is no longer than this."""

_WORD: Final = re.compile(rb"[0-9A-Za-z_\x80-\xff]+")

LONGEST_CHARS: Final = 254
"""A longer value is found in pieces of this length: what a model repeats must not grow without bound when it is put back."""

LONGEST_OF: Final[Mapping[str, int]] = {"login": 8_192, "secret": 8_192}
"""The kinds that may be longer."""


class Span(NamedTuple):
    """Where something personal stands. Units: characters. `label` is that of its placeholder."""

    start: int
    end: int
    kind: str
    label: str


class _Look(NamedTuple):
    kind: str
    label: str
    regex: Any
    extent: Callable[[str], int]


def find(text: str, kinds: Sequence[str]) -> tuple[Span, ...]:
    """What of these kinds is in the text, in its order. Of two that overlap the longer one counts.

    Errors: ConfigurationError for a kind that is not known, or whose package is missing.
    """
    return finder(tuple(kinds)).find(text)


@lru_cache(maxsize=64)
def finder(kinds: tuple[str, ...]) -> "Finder":
    """The finder of these kinds, compiled once. Errors: as for `find`."""
    return Finder(kinds)


class Finder:
    """Finds some kinds. `labels` are those that placeholders for them may have. What looks like such a placeholder is found, too,
    as the kind FORGED, so that nobody can pass off a text of his own for a masked one.
    """

    def __init__(self, kinds: Sequence[str]) -> None:
        """Errors: as for `find`."""
        self.kinds = _known(kinds)
        rows = [row for row in ROWS if row.kind in self.kinds]
        more = tuple(DATAFOG_LABELS.values()) if DATAFOG in self.kinds else ()
        self.labels = tuple(dict.fromkeys([*(row.label for row in rows), *more]))
        self._looks = [_Look(row.kind, row.label, _compiled(row.pattern), row.extent) for row in rows]
        forged = placeholders.expression(self.labels)
        self._looks.append(_Look(FORGED, "", _compiled(forged), anything))
        self._spellings = placeholders.spellings(self.labels)
        patterns = [f"(?:{pattern})" for pattern in (*(row.pattern for row in rows), forged)]
        self._anything = _compiled("|".join(patterns), captures=False)
        if DATAFOG in self.kinds:
            import_datafog()

    def find(self, text: str) -> tuple[Span, ...]:
        """What is in the text, in its order; nothing overlaps, and nothing is longer than its kind may be."""
        seen = views(text)
        found = [span for view in seen for span in self._in(view)]
        if DATAFOG in self.kinds:
            found += [Span(start, end, DATAFOG, label) for start, end, label in find_with_datafog(text)]
        elif len(seen) == 1:
            return tuple(_pieces(found)) if found else ()
        return tuple(_pieces(_longest_first(found, len(text))))

    def _in(self, view: View) -> list[Span]:
        """What is in one view, by the places of the text."""
        searched = left = view.text.encode()
        found: list[Span] = []
        for _ in range(ROUNDS):
            if self._anything.search(left) is None or not (more := self._round(left)):
                break
            found += more
            left = _blanked(left, more)
        return self._placed(view, searched, found) if found else found

    def _round(self, searched: bytes) -> list[Span]:
        """Units: bytes."""
        return _longest_first(
            [Span(start, end, look.kind, look.label) for look in self._looks for start, end in _matches(look, searched)],
            len(searched),
        )

    def _placed(self, view: View, searched: bytes, spans: list[Span]) -> list[Span]:
        """In their order, by characters; what only looks like a placeholder gets the label that it shows."""
        is_ascii = len(searched) == len(view.text)
        places = _characters(searched, {place for span in spans for place in span[:2]}, is_ascii=is_ascii)
        placed = []
        for span in sorted(spans):
            start, end = places[span.start], places[span.end]
            label = span.label or self._spellings.find(view.text[start:end])[0].label
            placed.append(Span(*view.placed(start, end), span.kind, label))
        return placed


def _known(kinds: Sequence[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys([kind for each in kinds for kind in (KINDS if each == ALL else (each,))]))
    unknown = [kind for kind in wanted if kind not in (*KINDS, DATAFOG)]
    if unknown:
        raise ConfigurationError(
            f"mask: there is no kind of personal data named {unknown[0][:40]!r}; one of: {', '.join((*KINDS, DATAFOG, ALL))}"
        )
    return wanted


def _compiled(pattern: str, *, captures: bool = True) -> Any:
    import re2  # type: ignore[import-untyped]

    options = re2.Options()
    options.log_errors = False
    options.never_capture = not captures
    return re2.compile(pattern.encode(), options)


def _matches(look: _Look, searched: bytes) -> Iterable[tuple[int, int]]:
    """Where one look is found. Units: bytes."""
    regex, extent = look.regex, look.extent
    group, place = min(regex.groups, 1), 0
    while (match := regex.search(searched, place)) is not None:
        start, end = match.span(group)
        if extent is not anything:
            chars = searched[start:end].decode("utf-8", "replace")
            length = len(chars[: extent(chars)].encode())
            if not length:
                place = _next_word(searched, start) if end - start <= SHORT_BYTES else end
                continue
            end = start + length
        yield start, end
        place = end


def _next_word(searched: bytes, start: int) -> int:
    match = _WORD.match(searched, start)
    return start + 1 if match is None else match.end()


def _blanked(searched: bytes, spans: Iterable[Span]) -> bytes:
    """Without what was found: what touches it may be told only now. No pattern has the sign that stands in its place."""
    left = bytearray(searched)
    for span in spans:
        left[span.start : span.end] = b"<" * (span.end - span.start)
    return bytes(left)


def _characters(searched: bytes, places: set[int], *, is_ascii: bool) -> dict[int, int]:
    """The places of bytes as places of characters."""
    if is_ascii:
        return {place: place for place in places}
    found: dict[int, int] = {}
    last = characters = 0
    for place in sorted(places):
        characters += len(searched[last:place].decode())
        found[place], last = characters, place
    return found


def _longest_first(spans: list[Span], length: int) -> list[Span]:
    """Spans that do not overlap, in their order: the longest of all is taken first, of two alike the one further in front.
    `length` is that of the text."""
    taken = bytearray(length if len(spans) > 1 else 0)
    kept = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if taken.find(1, span.start, span.end) < 0:
            taken[span.start : span.end] = b"\1" * (span.end - span.start)
            kept.append(span)
    return sorted(kept)


def _pieces(spans: list[Span]) -> Iterator[Span]:
    """Those that are too long in pieces."""
    for span in spans:
        longest = LONGEST_OF.get(span.kind, LONGEST_CHARS)
        for start in range(span.start, span.end, longest):
            yield span._replace(start=start, end=min(start + longest, span.end))
