"""The facts in a text that can be looked up word for word: numbers, dates, names, quotations, and identifiers such as A-320.

Reads digits in every notation that is common, dates in English, in ISO and in numbers. Names are words with a capital letter
where the sentence does not call for one, so they are found only in scripts and languages that write them so. Knows no source.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

from taskfit.checks.plain_words import MONTHS, NAMELESS, ROUGHLY

FactKind: TypeAlias = Literal["number", "date", "name", "quotation", "identifier"]

LONGEST_QUOTATION_CHARS: Final = 600
_SHORTEST_QUOTATION_WORDS: Final = 3
_LONGEST_NUMBER_CHARS: Final = 30
MOST_FACTS: Final = 40  # of one sentence

_PLAIN: Final = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u00b4": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"',
    "\u00bb": '"', "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00a0": " ",
    "\u202f": " ", "\u2009": " ", "*": " ", "\u00ad": None, "\u200b": None,
})  # fmt: skip

_GROUPING: Final = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}\b)")
WORD: Final = re.compile(r"[^\W_]+")
_NUMBER: Final = re.compile(r"\d+(?:[.,']\d+)*")
_SCALED: Final = re.compile(r" ?-?(thousand|million|billion|trillion|mio|bn|mn|tn)\b|[kmb]\b", re.IGNORECASE)
_SCALES: Final = {
    "thousand": 3, "k": 3, "million": 6, "m": 6, "mn": 6, "mio": 6, "billion": 9, "b": 9, "bn": 9, "trillion": 12, "tn": 12,
}  # fmt: skip
_PERCENT: Final = ("%", " %", " percent", " per cent")
_IDENTIFIER: Final = re.compile(r"\b(?:[^\W\d_]+[-/.]?\d[\w/.-]*\w|[^\W\d_]+-?\d|\d+[^\W\d_]+\d\w*)")
_IDENTIFYING: Final = re.compile(r"[^\W\d_][-/.]?\d|\d[^\W\d_]")
_TOKEN: Final = re.compile(r"[^\s;]+")
_ADDRESS: Final = re.compile(r"\b(?:https?://|www\.)[^\s<>\"')\]]+|[\w.+-]+@[\w-]+\.[\w.-]+\w")
_QUOTATION: Final = re.compile(r'"([^"\n]{1,' + str(LONGEST_QUOTATION_CHARS) + r'})"')
_GAP: Final = re.compile(r"\.\.\.|\u2026|\[[^\[\]]{0,60}\]")
_CHANGED_LETTER: Final = re.compile(r"\[(\w)\]")

_MONTH: Final = "(" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_DATES_IN_WORDS: Final = (
    (re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)? (?:of )?" + _MONTH + r"(?:,? (\d{4})\b)?"), "dmy"),
    (re.compile(r"\b" + _MONTH + r" (\d{1,2})(?:st|nd|rd|th)?\b(?!:|,\d)(?:,? (\d{4})\b)?"), "mdy"),
    (re.compile(r"\b" + _MONTH + r",? (?:of )?(\d{4})\b"), "my"),
)
_DATES_IN_NUMBERS: Final = (
    (re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b"), "ymd"),
    (re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})\b"), "??y"),
)
_JOINED: Final = re.compile(r"\d[-/.]\d")
Day: TypeAlias = tuple[int, int, int]
"""Year, month, day; 0 where it is not said."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact as written, and what to look for in a source: one of the `keys` of a number, a date or an identifier, all of them
    for the words of a name and the pieces of a quotation. `is_rough`: a number that is said to be about right."""

    kind: FactKind
    text: str
    keys: tuple[object, ...]
    is_rough: bool = False


def plain(text: str) -> str:
    """The text with one form of every quotation mark, dash and space, without marks of emphasis."""
    if text.isascii():
        return text.replace("*", " ")
    return unicodedata.normalize("NFKC", _GROUPING.sub(",", text).translate(_PLAIN)).translate(_PLAIN)


def words_of(text: str) -> list[str]:
    """The words of a plain text in lower case, numbers too."""
    return WORD.findall(text.lower())


def number_keys(text: str) -> Iterator[str]:
    """Every value that a number in a plain text may stand for: 1.234 is read both ways, and 4.2 million is 4.2 as well."""
    for found in _NUMBER.finditer(text):
        yield from _values(found[0], 0)
        scale = _SCALED.match(text, found.end())
        if scale is not None:
            yield from _values(found[0], _scale(scale))
        if text.startswith(_PERCENT, found.end()):
            yield from _values(found[0], -2)


def _scale(found: re.Match[str]) -> int:
    return _SCALES[found[0].strip(" -").lower()]


def _values(written: str, scale: int) -> tuple[str, ...]:
    """The plain forms of a number times ten to the power of `scale`; two where its last point may group digits."""
    if written.isdecimal() and scale >= 0:
        return ((written.lstrip("0") or "0") + "0" * scale,)
    if len(written) > _LONGEST_NUMBER_CHARS:
        return (written,)
    if written.isdecimal():
        return (_trimmed(written, "", scale),)
    head, _, tail = written.replace("'", ",").replace(",", ".").rpartition(".")
    mark = written[-len(tail) - 1]
    head = head.replace(".", "")
    if len(tail) != 3 or not head.strip("0"):
        return (_trimmed(head, tail, scale),)
    grouped = _trimmed(head + tail, "", scale)
    return (grouped,) if mark != "." else (grouped, _trimmed(head, tail, scale))


def _trimmed(head: str, tail: str, scale: int) -> str:
    if scale:
        head, _, tail = f"{Decimal(f'{head}.{tail}0').scaleb(scale):f}".partition(".")
    tail = tail.rstrip("0")
    return (head.lstrip("0") or "0") + (f".{tail}" if tail else "")


def days_of(sentence: str) -> Iterator[tuple[int, int, tuple[Day, ...]]]:
    """The dates of a plain sentence: where each begins and ends, and what it may mean."""
    lower = sentence.lower()
    has_numbers = _JOINED.search(lower) is not None
    has_month = len(lower) == len(sentence) and not MONTHS.keys().isdisjoint(WORD.findall(lower))
    for pattern, order in (*(_DATES_IN_NUMBERS if has_numbers else ()), *(_DATES_IN_WORDS if has_month else ())):
        for found in pattern.finditer(lower):
            days = tuple([day for day in _readings(found.groups(), order) if day[1] <= 12 and day[2] <= 31])
            if days:
                yield found.start(), found.end(), days


def days_in(words: list[str]) -> Iterator[Day]:
    """Every date that words in a row may be, whatever stands between them. Quicker and laxer than `days_of`: for sources."""
    padded = ["", "", *words, "", ""]
    for at in [place for place, word in enumerate(padded) if word in MONTHS]:
        month, before = MONTHS[padded[at]], padded[at - 1] if padded[at - 1] != "of" else padded[at - 2]
        after = padded[at + 1] if padded[at + 1] != "of" else padded[at + 2]
        yield _year(after), month, _day(before)
        yield _year(padded[at + 2]), month, _day(after)
    for at in [place for place, word in enumerate(padded) if len(word) == 4 and word.isdecimal()]:
        for first, second in ((padded[at + 1], padded[at + 2]), (padded[at - 1], padded[at - 2])):
            if _day(first) and _day(second):
                yield int(padded[at]), _day(first), _day(second)
                yield int(padded[at]), _day(second), _day(first)


def _day(word: str) -> int:
    digits = word[:-2] if word.endswith(("st", "nd", "rd", "th")) else word
    return int(digits) if len(digits) < 3 and digits.isdecimal() and 0 < int(digits) < 32 else 0


def _year(word: str) -> int:
    return int(word) if len(word) == 4 and word.isdecimal() else 0


def _readings(groups: tuple[str | None, ...], order: str) -> Iterator[Day]:
    numbers = [0 if group is None else MONTHS.get(group, 0) or int(group) for group in groups]
    if order == "??y":
        first, second, year = numbers
        year += 2000 if year < 50 else 1900 if year < 100 else 0
        yield year, first, second
        yield year, second, first
        return
    said = dict(zip(order, numbers, strict=True))
    yield said["y"], said["m"], said.get("d", 0)


def facts_of(sentence: str, kinds: Iterable[FactKind]) -> tuple[Fact, ...]:
    """The facts of one plain sentence. What is part of a quotation, an address or a date is not looked at again."""
    wanted = set(kinds)
    found: list[Fact] = []
    rest = sentence
    if '"' in rest:
        for quotation in _QUOTATION.finditer(sentence):
            said = _CHANGED_LETTER.sub(r"\1", quotation[1])
            pieces = [words for piece in _GAP.split(said) if len(words := words_of(piece)) > 1]
            if sum(map(len, pieces)) >= _SHORTEST_QUOTATION_WORDS:
                keys = tuple([" " + " ".join(words) + " " for words in pieces])
                found.append(Fact(kind="quotation", text=quotation[0], keys=keys))
                rest = _blanked(rest, quotation.start(), quotation.end())
    if "@" in rest or "www." in rest or "://" in rest:
        for address in _ADDRESS.finditer(rest):
            written = address[0].rstrip(".,;:!?/")
            found.append(Fact(kind="identifier", text=written, keys=("".join(words_of(written)),)))
            rest = _blanked(rest, address.start(), address.end())
    if _has_digit(rest):
        rest = _take_dates(rest, found)
        rest = _take_identifiers(rest, found)
        found += _numbers(rest)
    found += _names(rest)
    return tuple([fact for fact in found if fact.kind in wanted])[:MOST_FACTS]


def _has_digit(text: str) -> bool:
    return _NUMBER.search(text) is not None


def _blanked(text: str, start: int, end: int) -> str:
    return text[:start] + ";" * (end - start) + text[end:]


def _take_dates(rest: str, found: list[Fact]) -> str:
    for start, end, days in tuple(days_of(rest)):
        if ";" not in rest[start:end]:
            found.append(Fact(kind="date", text=rest[start:end].strip(), keys=days))
            rest = _blanked(rest, start, end)
    return rest


def _take_identifiers(rest: str, found: list[Fact]) -> str:
    for token in _TOKEN.finditer(rest):
        if token[0].isalpha() or _IDENTIFYING.search(token[0]) is None:
            continue
        for match in _IDENTIFIER.finditer(token[0]):
            if not _is_unit(match[0]):
                found.append(Fact(kind="identifier", text=match[0], keys=("".join(words_of(match[0])),)))
                rest = _blanked(rest, token.start() + match.start(), token.start() + match.end())
    return rest


def _is_unit(written: str) -> bool:
    """Whether letters only lean on a number: pre-1990, mid-2020, Q3."""
    head = written.rstrip("0123456789s").rstrip("-").lower()
    return head in ("pre", "post", "mid", "late", "early", "circa", "ca", "approx", "usd", "eur", "gbp", "rs", "inr", "no", "us")


def _numbers(rest: str) -> Iterator[Fact]:
    """Numbers, but for a result behind "=", which was worked out. A letter for a scale may also be a unit: 5m."""
    for match in _NUMBER.finditer(rest):
        before = rest[: match.start()].rstrip(" $\u20ac\u00a3\u00a5-")
        if before.endswith("="):
            continue
        scale = _SCALED.match(rest, match.end())
        end = match.end() if scale is None else scale.end()
        keys = _values(match[0], 0 if scale is None else _scale(scale))
        if scale is not None and len(scale[0]) == 1:
            keys += _values(match[0], 0)
        if rest.startswith(_PERCENT, match.end()):
            keys += _values(match[0], -2)
        is_rough = before.lower().endswith(ROUGHLY)
        yield Fact(kind="number", text=rest[match.start() : end].strip(), keys=keys, is_rough=is_rough)


_NAME: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_STARTS: Final = frozenset('.:;!?("[|>-\u2022/')


def _names(rest: str) -> Iterator[Fact]:
    """Runs of words with a capital letter. The first word of a sentence counts where the next one has a capital, too."""
    run: list[str] = []
    previous_end = start = 0
    for match in _NAME.finditer(rest):
        if not run and not match[0][0].isupper():
            previous_end = match.end()
            continue
        gap = rest[previous_end : match.start()]
        is_first = not previous_end or bool(_STARTS.intersection(gap))
        word = match[0].removesuffix("'s")
        is_capital = word[0].isupper() and word.lower() not in NAMELESS and len(word) > 1
        if run and (not is_capital or gap.strip(" -") or is_first):
            yield from _name(run, start, rest, previous_end)
            run = []
        if is_capital and (not is_first or _goes_on(rest, match.end()) or word.isupper()):
            start = start if run else match.start()
            run.append(word)
        previous_end = match.end()
    yield from _name(run, start, rest, previous_end)


def _goes_on(rest: str, end: int) -> bool:
    following = _NAME.match(rest, end + 1) if rest[end : end + 1] == " " else None
    return following is not None and following[0][0].isupper() and following[0].lower() not in NAMELESS


def _name(run: list[str], start: int, rest: str, end: int) -> Iterator[Fact]:
    if run:
        yield Fact(kind="name", text=rest[start:end].strip(), keys=tuple([word.lower() for word in run]))
