"""Sources made ready to be looked things up in. Each part is built when it is first needed, once, in linear time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Final

from taskfit.checks.claims import FIRST_IDEOGRAPH, Claim, stem, stems_of
from taskfit.checks.facts import Day, Fact, days_in, number_keys, plain, words_of
from taskfit.checks.plain_words import KIN, SPELLED

_WINDOW_WORDS: Final = 40
_MOST_PLACES: Final = 64  # of one word: what is everywhere tells nothing


class SourceIndex:
    """Everything that was given, as one text. Of a claim's other words only the sources count: a question is no witness."""

    def __init__(self, texts: Iterable[str], sources: Iterable[str] = ()) -> None:
        self._sources = sources
        self._text = " ".join(plain("\n".join(texts)).split())
        self._words = words_of(self._text)

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return frozenset(self._words)

    @cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset([stem(word) for word in self._vocabulary])

    @cached_property
    def _line(self) -> str:
        return f" {' '.join(self._words)} "

    @cached_property
    def _squeezed(self) -> str:
        return "".join(self._words)

    @cached_property
    def _numbers(self) -> frozenset[str]:
        return frozenset(number_keys(self._text))

    @cached_property
    def _rounded(self) -> frozenset[tuple[str, int]]:
        """Every number with one to three digits that count, and a five at the end rounded up as well as down."""
        ways = [(digits, way) for digits in (1, 2, 3) for way in (ROUND_HALF_UP, ROUND_HALF_DOWN)]
        return frozenset([(_rounded(number, digits, way), digits) for number in self._numbers for digits, way in ways])

    @cached_property
    def _read_days(self) -> frozenset[Day]:
        return frozenset([day for day in days_in(self._words) if day[0] or day[2]])

    @cached_property
    def _days(self) -> frozenset[Day]:
        """Each date also without its day, and without its year."""
        days = self._read_days
        return days | {(year, month, 0) for year, month, _ in days} | {(0, month, day) for _, month, day in days}

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, ...]]:
        """In which windows of the sources each stem stands. A window is so many words; what is searched is two in a row."""
        places: defaultdict[str, list[int]] = defaultdict(list)
        words = words_of(plain("\n".join(self._sources)))
        for number, start in enumerate(range(0, len(words), _WINDOW_WORDS)):
            for found in stems_of(words[start : start + _WINDOW_WORDS]):
                if len(places[found]) < _MOST_PLACES:
                    places[found].append(number)
        return {found: tuple(numbers) for found, numbers in places.items()}

    def has(self, fact: Fact) -> bool:
        """Whether the sources have a fact as it is said."""
        match fact.kind:
            case "number":
                return any(self._has_number(str(key), is_rough=fact.is_rough) for key in fact.keys)
            case "date":
                is_known = any(self._has_day(key) for key in fact.keys if isinstance(key, tuple))
                return is_known or self.has_words(f" {' '.join(words_of(fact.text))} ")
            case "name":
                return all(self._has_name(str(key)) for key in fact.keys) or self._has_initials(fact)
            case "quotation":
                return self.has_words(*[str(key) for key in fact.keys])
            case "identifier":
                return any(str(key) in self._squeezed for key in fact.keys)

    def has_words(self, *phrases: str) -> bool:
        """Whether every phrase stands in the sources word for word. A phrase is words in lower case with a space around each."""
        return all(phrase in self._line for phrase in phrases)

    def share_of(self, claim: Claim) -> float:
        """The share of a claim's words that stand together in the sources, 0 to 1; 1 for a claim without words."""
        if not claim.stems:
            return 1.0
        counts: defaultdict[int, int] = defaultdict(int)
        for found in claim.stems:
            windows = self._places.get(found, ())
            for number in dict.fromkeys([place for window in windows for place in (window - 1, window)]):
                counts[number] += 1
        return max(counts.values(), default=0) / len(claim.stems)

    def knows(self, words: list[str]) -> float:
        """The share of words that stand anywhere in the sources, 0 to 1: next to none where the languages differ. Words of signs
        that are not set apart by spaces count as known where the sources have such words, too."""
        known = self._vocabulary
        has_ideographs = any(word > FIRST_IDEOGRAPH for word in known)
        asked = [word for word in words if not word.isdecimal()]
        count = sum([word in known or (has_ideographs and word > FIRST_IDEOGRAPH) for word in asked])
        return count / max(1, len(asked))

    def _has_number(self, number: str, *, is_rough: bool) -> bool:
        if number in self._numbers or any(f" {spelled} " in self._line for spelled in SPELLED.get(number, ())):
            return True
        digits = len(number.replace(".", "").strip("0"))
        return is_rough and digits <= 3 and (_rounded(number, digits), digits) in self._rounded

    def _has_day(self, day: Day) -> bool:
        year, month, date = day
        if day in self._days:
            return True
        return (0, month, date) in self._read_days and (not year or str(year) in self._numbers)

    def _has_name(self, word: str) -> bool:
        known = self._vocabulary
        return word in known or stem(word) in self._stems or KIN.get(word, "") in known or any(
            people in known for people, country in KIN.items() if country == word
        )

    def _has_initials(self, fact: Fact) -> bool:
        """WHO, where the sources have the World Health Organization."""
        letters = str(fact.keys[0])
        if len(fact.keys) > 1 or not fact.text.isupper() or not 2 <= len(letters) <= 6:
            return False
        return letters in self._initials

    @cached_property
    def _initials(self) -> str:
        return "".join([word[0] for word in self._words if word not in ("of", "the", "and", "for", "in", "on", "de")])


def _rounded(number: str, digits: int, way: str = ROUND_HALF_UP) -> str:
    """Errors: none; a number with an exponent beyond reason never comes here, because its text was cut."""
    value = Decimal(number)
    return str(value.quantize(Decimal((0, (1,), value.adjusted() - digits + 1)), rounding=way).normalize())
