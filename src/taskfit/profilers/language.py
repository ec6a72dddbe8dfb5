"""The language of a text: by its script, and where several share one by little words and letters. Pure Python, a few µs.

Looks at the beginning and at the end, where a request mostly stands; what lies between is the material. Says nothing where there
is too little to tell, and cannot tell what is not in the table: Serbian in Cyrillic may pass for its neighbour.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from taskfit.features.languages import LETTERS, WORDS

HEAD_CHARS: Final = 400
TAIL_CHARS: Final = 200
FEWEST: Final = 1.2
"""How much little words must weigh together."""
FEWEST_OF_FEW: Final = 0.9
FEW_WORDS: Final = 5
LEAD: Final = 1.1
"""How much heavier the first language must be than the second."""
FEWEST_SIGNS: Final = 2
"""Letters of another script before they count."""
SHARE: Final = 0.2
"""How much of the letters a script must have: a term of it in a Latin text is none."""

_GREEK, _HEBREW, _ARABIC, _INDIC, _THAI, _KANA, _HAN, _HANGUL, _OTHER = (bytes([code]) for code in b"GHADTJZK.")


def _scripts() -> bytes:
    """The script of a character by the first byte of its code."""
    table = bytearray(_OTHER * 256)
    ranges: Mapping[bytes, Iterable[int]] = {
        _GREEK: [0x03, 0x1F], _HEBREW: [0x05], _ARABIC: [0x06, 0xFB, 0xFE], _INDIC: [0x09], _THAI: [0x0E],
        _KANA: [0x30], _HAN: range(0x34, 0xA0), _HANGUL: [0x11, *range(0xAC, 0xD8)],
    }  # fmt: skip
    for script, firsts in ranges.items():
        for first in firsts:
            table[first : first + 1] = script
    return bytes(table)


_SCRIPT_OF: Final = _scripts()
_ALONE: Final = ((_GREEK, "el"), (_HEBREW, "he"), (_INDIC, "hi"), (_THAI, "th"), (_HANGUL, "ko"))
"""Scripts of one language of the table."""
_PERSIAN: Final = frozenset("پچژگکی")
_URDU: Final = frozenset("ٹڈڑےں")

_KANA_SIGN: Final = re.compile("[\u3041-\u30ff]")
_FOLD: Final = bytes([code if code > 127 or chr(code).isalpha() or code == 39 else 32 for code in range(256)])
_PLAIN_LETTERS: Final = bytes([code for code in range(128) if not chr(code).isalpha()])


def _shares() -> dict[bytes, tuple[tuple[str, float], ...]]:
    """Each little word with its languages; one of several languages counts less for each."""
    owners: dict[bytes, list[str]] = {}
    for code, words in WORDS.items():
        for word in dict.fromkeys(words.encode().split()):
            owners.setdefault(word, []).append(code)
    return {word: tuple([(code, len(codes) ** -0.75) for code in codes]) for word, codes in owners.items()}


_OWNERS: Final = _shares()
_KNOWN: Final = frozenset(_OWNERS)
_LETTER_OF: Final = {letter: code for code, letters in LETTERS.items() for letter in letters}


def language_of(text: str) -> str:
    """The ISO 639-1 code of a text's language; empty where it cannot be told."""
    seen = text if len(text) <= HEAD_CHARS + TAIL_CHARS else f"{text[:HEAD_CHARS]} {text[-TAIL_CHARS:]}"
    return _by_words(seen) if seen.isascii() else _by_script(seen) or _by_words(seen)


def _by_script(seen: str) -> str:
    """Empty where the letters are Latin or Cyrillic."""
    scripts = seen.encode("utf-16-be", "replace")[::2].translate(_SCRIPT_OF)
    counts = {script: scripts.count(script) for script in (_HAN, _KANA, _HANGUL, _ARABIC, *[script for script, _ in _ALONE])}
    most = max(counts, key=counts.__getitem__)
    if counts[most] < FEWEST_SIGNS or counts[most] < SHARE * _letters(seen):
        return ""
    if most in (_HAN, _KANA):
        kana = len(_KANA_SIGN.findall(seen))
        return "ja" if kana * 10 >= counts[_HAN] + kana else "zh"
    if most == _ARABIC:
        signs = set(seen)
        return "" if signs & _URDU else "fa" if signs & _PERSIAN else "ar"
    return dict(_ALONE).get(most, "")


def _letters(seen: str) -> int:
    plain = seen.encode("ascii", "ignore")
    return len(plain.translate(None, _PLAIN_LETTERS)) + len(seen) - len(plain)


def _by_words(seen: str) -> str:
    lower = seen.lower()
    words = lower.encode("utf-8", "replace").translate(_FOLD).split()
    weights: dict[str, float] = {}
    for word in _KNOWN.intersection(words):
        for code, weight in _OWNERS[word]:
            weights[code] = weights.get(code, 0.0) + weight
    if not lower.isascii():
        for letter, code in _LETTER_OF.items():
            if letter in lower:
                weights[code] = weights.get(code, 0.0) + 1.0
    if not weights:
        return ""
    best = max(weights, key=weights.__getitem__)
    second = max([weight for code, weight in weights.items() if code != best], default=0.0)
    fewest = FEWEST_OF_FEW if len(words) <= FEW_WORDS else FEWEST
    return best if weights[best] >= fewest and weights[best] >= LEAD * second else ""
