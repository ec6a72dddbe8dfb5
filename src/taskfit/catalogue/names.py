"""Finds the known names nearest to one that is not known. Knows nothing of what the names stand for."""

import difflib
import itertools
from collections.abc import Iterable

LONGEST_COMPARED = 100
MOST_COMPARED = 500
MOST_COMPARED_CLOSELY = 20
LEAST_LIKENESS = 0.6


def nearest(name: str, known: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """The known names most like `name`, best first, fit to be shown: control characters are escaped.

    A name without its provider ("gpt-5.4-nano") finds the model that ends with it. Only the first 100 characters of
    each of the first 500 names take part, and only the 20 that share most letters with `name` are compared closely, so
    that the work is bounded (some 20 ms) whatever a caller sends.
    """
    wanted = name[:LONGEST_COMPARED].strip().casefold()
    matcher = difflib.SequenceMatcher(None, "", wanted, autojunk=False)
    candidates = dict.fromkeys(itertools.islice(known, MOST_COMPARED))
    promising = sorted(((_bound(matcher, candidate), candidate) for candidate in candidates), reverse=True)
    close = [
        (_likeness(matcher, candidate), candidate)
        for bound, candidate in promising[:MOST_COMPARED_CLOSELY]
        if bound >= LEAST_LIKENESS
    ]
    best = sorted((pair for pair in close if pair[0] >= LEAST_LIKENESS), key=lambda pair: (-pair[0], pair[1]))
    return tuple(shown(candidate) for _, candidate in best[:most])


def shown(name: str, *, longest: int = LONGEST_COMPARED) -> str:
    """A name fit for a message: what cannot be printed is escaped, what is too long is cut with an ellipsis."""
    cut = name if len(name) <= longest else name[:longest] + "…"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)


def _bound(matcher: "difflib.SequenceMatcher[str]", candidate: str) -> float:
    """An upper bound of `_likeness`, found in linear time."""
    best = 0.0
    for form in _forms(candidate):
        matcher.set_seq1(form)
        if matcher.real_quick_ratio() >= LEAST_LIKENESS:
            best = max(best, matcher.quick_ratio())
    return best


def _likeness(matcher: "difflib.SequenceMatcher[str]", candidate: str) -> float:
    best = 0.0
    for form in _forms(candidate):
        matcher.set_seq1(form)
        best = max(best, matcher.ratio())
    return best


def _forms(candidate: str) -> tuple[str, ...]:
    """The name, and the name without its provider."""
    whole = candidate[:LONGEST_COMPARED].casefold()
    _, slash, bare = whole.partition("/")
    return (whole, bare) if slash else (whole,)
