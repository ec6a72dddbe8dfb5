"""Splits an answer into its claims: the sentences that say something of the world. Knows no source.

Code, headings, questions, and what an assistant says of itself are no claims. Linear; a sentence of more than 1,000 characters is
cut.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

import msgspec

from taskfit.checks.facts import Fact, FactKind, facts_of, plain, words_of
from taskfit.checks.plain_words import ABBREVIATIONS, ENDINGS, SMALL_TALK, STOPWORDS

MOST_CLAIMS: Final = 400
_LONGEST_CHARS: Final = 1_000
_FENCE: Final = "```"

_MARKER: Final = re.compile(r"[ \t>#]{0,20}(?:(?:[-*+\u2022\u2013]|\d{1,3}[.)]|[a-zA-Z][.)])[ \t]+)?")
_CITED: Final = re.compile(r"\[\^?\d{1,3}(?:[,-] ?\d{1,3}){0,20}\]|\u3010[^\u3011\n]{0,60}\u3011|\]\([^()\s]{0,300}\)")
_END: Final = re.compile(r"[.!?\u3002\uff01\uff1f][\"')\]]{0,3}(?:\s+|(?<=[\u3002\uff01\uff1f]))")
FIRST_IDEOGRAPH: Final = "\u2e80"
_SHORTEST_STEM: Final = 4


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence: as written, the facts in it, and the stems of the words that say something."""

    text: str
    facts: tuple[Fact, ...]
    stems: frozenset[str]


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """What is left of a word in lower case without its endings, at least four letters: Germany and German are one.

    Crude on purpose: it makes equal what may be, and a name that differs within stays another one.
    """
    while (shorter := _without_ending(word)) != word:
        word = shorter
    return word


def _without_ending(word: str) -> str:
    for ending in ENDINGS if word.endswith(ENDINGS) else ():
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def stems_of(words: list[str]) -> frozenset[str]:
    """Those of the words that say something. Scripts without spaces give pairs of signs."""
    found = [stem(word) for word in words if len(word) > 2 and word not in STOPWORDS]
    pairs = [word[at : at + 2] for word in words if word > FIRST_IDEOGRAPH for at in range(len(word) - 1)]
    return frozenset([*found, *pairs] if pairs else found)


def claims_of(answer: str, kinds: tuple[FactKind, ...]) -> tuple[Claim, ...]:
    """The first claims of an answer, at most `MOST_CLAIMS`."""
    claims: list[Claim] = []
    text = plain(answer)
    wanted = kinds if not _writes_nouns_large(text) else tuple([kind for kind in kinds if kind != "name"])
    for sentence in _sentences(text):
        facts = facts_of(sentence, wanted)
        is_small_talk = sentence.lower().startswith(SMALL_TALK)
        stems = frozenset[str]() if is_small_talk else stems_of(words_of(sentence))
        if facts or stems:
            claims.append(Claim(text=sentence, facts=facts, stems=stems))
        if len(claims) == MOST_CLAIMS:
            break
    return tuple(claims)


def _sentences(text: str) -> Iterator[str]:
    is_code = False
    for line in text.split("\n"):
        if line.lstrip().startswith(_FENCE):
            is_code = not is_code
            continue
        if is_code or not line.strip():
            continue
        marker = _MARKER.match(line)
        bare = _CITED.sub(" ", line[marker.end() if marker else 0 :]).strip(" |")
        if "#" not in line[: marker.end() if marker else 0] and not bare.endswith(":"):
            yield from _split(bare)


def _split(line: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(line):
        if end[0][0] == "." and _is_abbreviation(line[max(0, end.start() - 12) : end.start()]):
            continue
        sentence = line[start : end.end()].strip()
        start = end.end()
        if not sentence.endswith("?"):
            yield from _pieces(sentence)
    if not line.endswith("?"):
        yield from _pieces(line[start:].strip())


def _pieces(sentence: str) -> Iterator[str]:
    yield from [sentence[at : at + _LONGEST_CHARS] for at in range(0, len(sentence), _LONGEST_CHARS)]


def _is_abbreviation(before: str) -> bool:
    word = before.rpartition(" ")[2].lstrip("(\"'")
    return (len(word) == 1 and word.isalpha() and word != "I") or word.lower() in ABBREVIATIONS


def _writes_nouns_large(text: str) -> bool:
    """Whether the language gives every noun a capital letter, as German does: then a capital letter names nothing."""
    words = text[: 4 * _LONGEST_CHARS].split()
    inner = [word for before, word in pairwise(words) if len(word) > 3 and before[-1] not in ".:!?"]
    large = sum(word[0].isupper() for word in inner)
    small = {"der", "die", "das", "und", "ist", "nicht", "ein", "eine"}.intersection(text[: 4 * _LONGEST_CHARS].lower().split())
    return len(small) > 1 and large > len(inner) / 5
