"""A text as a reader may take it who sees through disguises: hidden, look-alike, spaced, encoded or reversed writing.

For searching only: what is found in a view is not what the text says to everyone. Linear; a view is about as long as the text.
"""

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator
from typing import Final, Literal
from urllib.parse import unquote

from taskfit.checks.expansion import without_sentences

LEAST_ENCODED_CHARS: Final = 16
MOST_ENCODED: Final = 50
"""How many encoded words of a text are looked into."""

TAGS: Final = range(0xE0020, 0xE007F)
_TAGS: Final = {code: chr(code - 0xE0000) for code in TAGS} | {0xE0100 + code - 16: chr(code) for code in range(0x20, 0x7F)}
"""Tags spell ASCII; so do variation selectors, of which the first sixteen stand elsewhere, for the bytes that they count."""
_IGNORABLE: Final = frozenset(
    chr(code)
    for first, last in (
        (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F),
        (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
    )
    for code in range(first, last + 1)
)  # fmt: skip
"""Default_Ignorable_Code_Point, DerivedCoreProperties of Unicode 16: signs that no font shows."""
_LOOKALIKES: Final = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d\u04bb"
    "\u03b1\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131\u0261"
    "\u0570\u0578\u057d\u0581\u0585\u0563\u0566\u0575\u056c\u0561"
    "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\ua7af\u0280"
    "\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22",
    "abekmhopctyxijsdqwhaeikvoptuxighnugoqqjlwabcdefghijklmnopqrstuvwyz",
)
"""Cyrillic, Greek and Armenian letters, small capitals, and two more Latin ones, that look like Latin ones."""
_NORMALIZED_CHARS: Final = 4_096
"""So much is normalized at once: no thread can run meanwhile."""
_BETWEEN: Final = str.maketrans(".-*/", "    ")
_LEET: Final = str.maketrans("013457@$!", "oieastasi")
_BASE64: Final = re.compile(rf"[A-Za-z0-9+/_-]{{{LEAST_ENCODED_CHARS},}}={{0,2}}")
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")


def views(text: str) -> Iterator[str]:
    """The text in lower case without invisible signs, and then every other reading of it that differs."""
    plain = _visible(text)
    yield plain
    seen = {plain}
    latin = _latin(plain)
    for view in (latin, _joined(latin), _decoded(text), codecs.encode(plain, "rot13"), plain[::-1]):
        if view not in seen:
            seen.add(view)
            yield view


def invisible_name(sign: str) -> str | None:
    """The name of a sign that cannot be seen (`U+200B`), None for any other. Joiners of scripts and of emoji are part of them."""
    if sign in "\n\t\u200c\u200d":
        return None
    if sign not in _IGNORABLE and unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return None
    return f"U+{ord(sign):04X}"


def _visible(text: str) -> str:
    """Tags and variation selectors are shown as what they spell; `\\"` is a quotation mark."""
    text = _normalized("NFKC", without_sentences(text).translate(_TAGS)).casefold().replace('\\"', '"').replace("\\n", "\n")
    if text.isascii():
        return text
    return "".join([sign for sign in text if sign not in _IGNORABLE and unicodedata.category(sign) != "Cf"])


def _normalized(form: Literal["NFKC", "NFKD"], text: str) -> str:
    """For searching: marks that are cut off from their letters stay apart."""
    if text.isascii():
        return text
    pieces = [text[at : at + _NORMALIZED_CHARS] for at in range(0, len(text), _NORMALIZED_CHARS)]
    return "".join([unicodedata.normalize(form, piece) for piece in pieces])


def _latin(plain: str) -> str:
    """Look-alike letters as Latin ones, without accents and strokes, and words with digits in them as words."""
    if not plain.isascii():
        bare = [sign for sign in _normalized("NFKD", plain) if not unicodedata.combining(sign)]
        plain = "".join(bare).translate(_LOOKALIKES)
    if not any(sign in plain for sign in "013457@$!"):
        return plain
    return " ".join([_unleet(word) for word in plain.split(" ")])


def _unleet(word: str) -> str:
    bare = word.rstrip(".,;:!?")
    return bare.translate(_LEET) + word[len(bare) :] if any(sign.isalpha() for sign in bare) else word


def _joined(plain: str) -> str:
    """Letters that stand alone, as the words that they spell: `s c o r e`, `s.c.o.r.e`, `s/c/o/r/e`.

    An underscore is a space there."""
    return "\n".join([_joined_line(line) for line in plain.translate(_BETWEEN).splitlines()])


def _joined_line(line: str) -> str:
    signs = line.split()
    return "".join(
        [
            sign.replace("_", " ") if len(sign) == 1 and len(before) == 1 else f" {sign}"
            for before, sign in zip(["", *signs], signs, strict=False)
        ]
    )


def _decoded(text: str) -> str:
    """What is encoded in it: entities, percent signs, escapes; words in base64 or hexadecimal digits. Empty where nothing is."""
    import html

    opened = _ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), unquote(html.unescape(text)))
    words = [_decoded_word(word) for word in _BASE64.findall(text)[:MOST_ENCODED]]
    found = [*([opened] if opened != text else []), *[word for word in words if word]]
    return _visible("\n".join(found))


def _decoded_word(word: str) -> str:
    """Empty for what holds no readable text."""
    try:
        is_hexadecimal = len(word) % 2 == 0 and not word.strip("0123456789abcdefABCDEF")
        bare = word.rstrip("=")
        raw = bytes.fromhex(word) if is_hexadecimal else base64.urlsafe_b64decode(
            bare.replace("+", "-").replace("/", "_") + "=" * (-len(bare) % 4)
        )  # fmt: skip
        read = raw.decode()
    except (binascii.Error, ValueError):
        return ""
    return read if read.isprintable() else ""
