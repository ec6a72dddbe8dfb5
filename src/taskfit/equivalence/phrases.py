"""A short statement of an answer as a key: `number 42`, `choice b`, `said yes`, or `text` with its bare words.

Articles, case, accents, punctuation, currency signs, TeX and the names of what is counted make no difference; a unit of measure
does, and so does every sign in what looks like code. Knows English and SI words only; any other text is compared as it stands.
"""

import unicodedata
from itertools import pairwise
from typing import Final

from taskfit.equivalence.numbers import number_key

SHORT_CHARS: Final = 240
SHORT_WORDS: Final = 30
MANY_WORDS: Final = 3
"""Behind a letter with a dot: it is a choice with its text, not a name with an initial."""

ARTICLES: Final = frozenset({"a", "an", "the"})
YES: Final = frozenset({"yes", "true", "yeah", "yep"})
NO: Final = frozenset({"no", "false", "nope"})
FILLERS: Final = frozenset({
    "are", "can", "cannot", "cant", "correct", "did", "didnt", "do", "does", "doesnt", "dont", "he", "i", "is", "isnt", "it",
    "not", "she", "that", "thats", "they", "this", "was", "wasnt", "we", "were", "you",
})  # fmt: skip
"""What may stand after "yes" or "no" without saying more."""
CODE_SIGNS: Final = frozenset("[]{}<>=;*_\\|+^~#@&:%")
ACCENTS: Final = ("\u0300", "\u036f")
"""The first and the last of the marks that stand on Latin, Greek and Cyrillic letters."""

_QUOTES: Final = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "`": "'"})
_TEX: Final = (
    ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\left", ""), ("\\right", ""), ("\\!", ""), ("\\,", ""), ("\\;", " "),
    ("\\ ", " "), ("\\$", ""), ("\\%", "%"), ("\\(", ""), ("\\)", ""), ("\\[", ""), ("\\]", ""), ("^{\\circ}", "°"),
    ("^\\circ", "°"), ("\\cdot", "*"), ("\\times", "*"), ("\\pi", "pi"), ("\\{", "{"), ("\\}", "}"),
)  # fmt: skip
_TEX_WRAPPERS: Final = ("\\text", "\\textbf", "\\mathrm", "\\mathbf", "\\mbox")


def is_short(text: str) -> bool:
    """Whether a text is an answer by itself, rather than an explanation."""
    return len(text) <= SHORT_CHARS and len(text.split()) <= SHORT_WORDS


def key_of(statement: str, *, is_marked: bool = False) -> str:
    """The key of a short statement; empty where nothing is left of it. `is_marked`: it is known to state the answer, so that an
    explanation may follow, and a letter with a dot is a choice."""
    plain = _without_tex(unicodedata.normalize("NFKC", statement).translate(_QUOTES)).strip().rstrip(".,;!").strip(" '\"*_$")
    value = _first_sentence(plain) if is_marked else plain
    for key in (_choice(value, plain), _said(value, is_marked=is_marked), number_key(value, most_words=12 if is_marked else 3)):
        if key:
            return key
    return _text(plain)


def _first_sentence(text: str) -> str:
    """Up to the first full stop, unless it belongs to an initial or to a number ("No. 5")."""
    at = text.find(". ", 2)
    return text[:at] if at > 0 and not text[at + 2].isdigit() else text


def _choice(value: str, plain: str) -> str:
    """A single letter, or several; in brackets, or before a bracket, a colon, or a dot with many words behind it."""
    words = value.lower().removeprefix("option ").removeprefix("choice ")
    if len(words) > 1 and words[0] == "(" and words[2:3] == ")" and _is_letter(words[1]):
        return f"choice {words[1]}"
    if len(words) > 1 and _is_letter(words[0]) and words[1] in "):" and words[2:3] in ("", " "):
        return f"choice {words[0]}"
    if words[1:3] == ". " or (words[1:2] == "." and len(words) == 2):
        rest = plain.lower().removeprefix("option ").removeprefix("choice ")[2:].split()
        is_choice = _is_letter(words[0]) and (not rest or len(rest) >= MANY_WORDS or not rest[0][0].isalpha())
        return f"choice {words[0]}" if is_choice else ""
    head = words.partition(" because ")[0]
    if len(head) > 20:
        return ""
    letters = [_letter(part) for part in head.replace(",", " ").replace("&", " ").replace(" and ", " ").split()]
    return f"choice {''.join(sorted(letters))}" if letters and all(map(_is_letter, letters)) else ""


def _letter(part: str) -> str:
    """`a`, `a.`, `a)` and `(a)` as `a`."""
    bare = part[1:] if part[:1] == "(" and part[2:] == ")" else part
    return bare[0] if len(bare) == 2 and bare[1] in ").:" else bare


def _is_letter(sign: str) -> bool:
    return len(sign) == 1 and "a" <= sign <= "z"


def _said(value: str, *, is_marked: bool) -> str:
    """Yes or no, where nothing else is said, or where it is marked and only explained further."""
    first, *rest = value.lower().replace("'", "").split() or [""]
    word = first.rstrip(",.;:!-\u2013\u2014")
    if word not in YES and word not in NO:
        return ""
    is_explained = is_marked and (word != first or rest[:1] in (["because"], ["since"], ["as"])) and not _is_numbered(rest)
    is_bare = all(other.strip(",.;:!") in FILLERS for other in rest)
    return ("said yes" if word in YES else "said no") if is_bare or is_explained else ""


def _is_numbered(rest: list[str]) -> bool:
    """Whether "no" is short for "number"."""
    return bool(rest) and rest[0][0].isdigit()


def _text(plain: str) -> str:
    if _is_code(plain):
        return f"text {_code(plain)}".rstrip()
    bare = _without_punctuation(unicodedata.normalize("NFKD", plain.casefold().replace("'", "")))
    words = [word for word in bare.split() if word not in ARTICLES] or bare.split()
    return f"text {' '.join(words)}" if words else (f"text {plain}" if plain else "")


def _without_punctuation(text: str) -> str:
    """Without accents too. What stands before a digit and not behind a letter belongs to a number."""
    first, last = ACCENTS
    kept = []
    for at, sign in enumerate(text):
        if first <= sign <= last:
            continue
        is_of_number = sign in "-./" and text[at + 1 : at + 2].isdigit() and not text[at - 1 : at].isalpha()
        kept.append(sign if is_of_number or unicodedata.category(sign)[0] != "P" else " ")
    return "".join(kept)


def _is_code(plain: str) -> bool:
    """Whether punctuation says something: a sign of code, or one that is doubled."""
    if not CODE_SIGNS.isdisjoint(plain):
        return True
    return any(one == other and unicodedata.category(one)[0] == "P" for one, other in pairwise(plain))


def _code(plain: str) -> str:
    """With one kind of quotation mark, and without white space beside signs."""
    words = " ".join(plain.replace('"', "'").split())
    kept = [
        sign
        for at, sign in enumerate(words)
        if sign != " " or (words[at - 1].isalnum() and at + 1 < len(words) and words[at + 1].isalnum())
    ]
    return "".join(kept)


def _without_tex(text: str) -> str:
    if "\\" not in text and "$" not in text:
        return text
    for written, plain in _TEX:
        text = text.replace(written, plain)
    for wrapper in _TEX_WRAPPERS:
        text = text.replace(wrapper + "{", "{")
    text = _without_fractions(text).replace("$", "")
    return text[1:-1] if text[:1] == "{" and text[-1:] == "}" and text.count("{") == 1 else text


def _without_fractions(text: str) -> str:
    r"""`\frac{a}{b}` as `a/b`, where a and b hold no braces."""
    pieces = text.split("\\frac{")
    written = [pieces[0]]
    for piece in pieces[1:]:
        top, middle, rest = piece.partition("}{")
        bottom, end, after = rest.partition("}")
        is_plain = bool(middle and end) and "{" not in top + bottom
        written.append(f"{top}/{bottom}{after}" if is_plain else "\\frac{" + piece)
    return "".join(written)
