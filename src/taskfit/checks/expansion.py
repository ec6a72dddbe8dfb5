"""How long a text may become when its signs are brought into their plain forms. Knows no check."""

from typing import Final

MOST_FOLD: Final = 18
"""One sign may become so many by NFKC and NFKD: U+FDFA, a whole sentence."""
_SENTENCES: Final = ("\ufdfa", "\ufdfb")


def most_plain_chars(text: str) -> int:
    """The most signs that the text may have then."""
    return len(text) if text.isascii() else len(text) * MOST_FOLD


def without_sentences(text: str) -> str:
    """The text without the two signs of Arabic that stand for sentences: nothing else becomes more than seven times as long."""
    for sign in _SENTENCES:
        text = text.replace(sign, " ")
    return text
