"""What can be counted in a text without reading it: length, signs, numbers, negations, and the options of a question with a choice.

Each feature is a number of about 0 to 2, so that none outweighs the others; 0 where there is nothing of it. Linear in the text.
"""

from collections.abc import Sequence
from math import log1p
from typing import Final

from taskfit.features.words import MOST_BYTES

SURFACE: Final = (
    "length",
    "length_squared",
    "lines",
    "word_length",
    "distinct",
    "digits",
    "has_digits",
    "capitals",
    "formula",
    "code",
    "stops",
    "foreign",
    "questions",
    "gap",
    "quotations",
    "negations",
    "stressed_negation",
    "statements",
    "options",
    "option_length",
    "option_length_squared",
    "option_spread",
    "option_overlap",
    "option_in_stem",
    "option_numbers",
    "option_words",
    "option_absolute",
    "option_share",
    "stem_length",
    "stem_asks",
)
"""The names of the features, in their order."""

OPTION_FEATURES: Final = 12
"""How many of them are about options; they are the last ones."""

LETTERS: Final = "ABCDEFGHIJ"
NEGATIONS: Final = frozenset({"not", "except", "least", "never", "false", "incorrect", "neither", "no", "cannot", "without"})
STRESSED: Final = ("NOT", "EXCEPT", "LEAST")
STATEMENTS: Final = ("statement 1", "scenario 1", " ii", "(ii")
ABSOLUTE: Final = ("all of th", "none of th", "both ", "neither")


def _kinds() -> bytes:
    """For each byte the kind of sign that it is."""
    kinds = bytearray(b" " * 256)
    for kind, signs in (
        (b"d", b"0123456789"),
        (b"C", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        (b"f", b"+*/=^<>\\$%|_"),
        (b"c", b"{};`#[]&@~"),
        (b"s", b",:()\"'-"),
    ):
        for sign in signs:
            kinds[sign] = kind[0]
    return bytes(kinds)


KINDS: Final = _kinds()


def surface_of(text: str) -> tuple[float, ...]:
    """The features of a text, in the order of SURFACE. Of a long text the first and the last part of MOST_BYTES are looked at."""
    shown = text if len(text) <= MOST_BYTES else text[: MOST_BYTES // 2] + "\n" + text[-MOST_BYTES // 2 :]
    lower = shown.lower()
    words = lower.split()
    distinct = set(words)
    raw = shown.encode("utf-8", "replace")
    kinds = raw.translate(KINDS)
    size, count = len(raw) + 1, len(words) + 1
    digits = kinds.count(b"d")
    length = log1p(len(text)) / 8
    stem, options = parted(shown)
    return (
        length,
        length * length,
        log1p(shown.count("\n")) / 4,
        size / count / 8,
        len(distinct) / count,
        digits / size * 5,
        1.0 if digits else 0.0,
        kinds.count(b"C") / size * 10,
        kinds.count(b"f") / size * 20,
        kinds.count(b"c") / size * 20,
        kinds.count(b"s") / size * 20,
        (len(raw) - len(shown)) / size * 10,
        float(min(2, shown.count("?"))),
        1.0 if "__" in shown else 0.0,
        float(min(2, shown.count('"') // 2)),
        min(3, len(distinct & NEGATIONS)) / 2,
        _has_one(shown, STRESSED),
        _has_one(lower, STATEMENTS),
        *(_about_options(stem, options) if options else NO_OPTIONS),
    )


def parted(text: str) -> tuple[str, Sequence[str]]:
    """What stands before the options, and the options: lines that begin with the letters A, B, … and a stop, two at least."""
    options: list[str] = []
    stem_lines = -1
    lines = text.split("\n")
    for number, line in enumerate(lines):
        bare = line.lstrip(" (")
        if bare[1:2] in ").:" and len(options) < len(LETTERS) and bare[:1] == LETTERS[len(options)]:
            if not options:
                stem_lines = number
            options.append(bare[2:].strip())
    return ("\n".join(lines[:stem_lines]), options) if len(options) > 1 else (text, ())


def _about_options(stem: str, options: Sequence[str]) -> tuple[float, ...]:
    count = len(options)
    lower = [option.lower() for option in options]
    sizes = [len(option) for option in lower]
    whole = sum(sizes)
    words = [set(option.split()) for option in lower]
    total = sum([len(each) for each in words]) or 1
    union = set().union(*words)
    length = log1p(whole / count) / 4
    numeric = sum([option[-1:].isdigit() or option[:1].isdigit() or option[1:2].isdigit() for option in lower])
    return (
        count / 5,
        length,
        length * length,
        (max(sizes) - min(sizes)) / (whole / count + 1) / 2,
        1 - len(union) / total,
        len(union.intersection(stem.lower().split())) / (len(union) or 1),
        numeric / count,
        1.0 if total <= 2 * count else 0.0,
        _has_one("\n".join(lower), ABSOLUTE),
        whole / (whole + len(stem) + 1),
        log1p(len(stem)) / 8,
        1.0 if stem.rstrip().endswith("?") else 0.0,
    )


NO_OPTIONS: Final = (0.0,) * OPTION_FEATURES


def _has_one(text: str, marks: Sequence[str]) -> float:
    for mark in marks:
        if mark in text:
            return 1.0
    return 0.0
