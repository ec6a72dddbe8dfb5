"""The text of a condition as tokens. Knows no grammar.

Source: the CEL specification, langdef.md, "Syntax": its lexical part, without bytes.
"""

import re
from typing import Final

import msgspec

LONGEST: Final = 2_000
"""Characters of one condition."""

CURLY: Final = "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
"""Quotation marks that word processors write."""

_TOKEN: Final = re.compile(
    r"""(?P<skip>[ \t\r\n\f]+|//[^\n]*)
    |(?P<text>[rR]?(?:\"\"\"(?s:.*?)\"\"\"|'''(?s:.*?)'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[uU]?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>===|!==|&&|\|\||==|!=|<>|<=|>=|[-+*/%!<>=?:.,()\[\]{}&|])""",
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\'\"`?])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.?))", re.DOTALL
)
_PLAIN_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class BadCondition(ValueError):
    """A text that is no condition. `at` counts its characters from 0; `found`, `wanted` and `try_` are for a person."""

    def __init__(self, at: int, *, found: str, wanted: str, try_: str = "") -> None:
        super().__init__(f"character {at + 1}: found {found}, wanted {wanted}" + (f"; try {try_}" if try_ else ""))
        self.at = at
        self.found = found
        self.wanted = wanted
        self.try_ = try_


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One token. `kind` is name, number, text, sign or end; `written` is its text; `start` and `end` count characters from 0."""

    kind: str
    written: str
    start: int
    end: int


def read_tokens(text: str) -> list[Token]:
    """All tokens, and one of the kind "end" after them. Errors: BadCondition."""
    if len(text) > LONGEST:
        raise BadCondition(LONGEST, found=f"more than {LONGEST:,} characters", wanted="a shorter condition", try_="two rules")
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text, place)
        place = match.end()
        kind = match.lastgroup
        if kind is not None and kind != "skip":
            tokens.append(Token(kind=kind, written=match[0], start=match.start(), end=place))
    return [*tokens, Token(kind="end", written="", start=len(text), end=len(text))]


def read_text(token: Token) -> str:
    """What a text token stands for. Errors: BadCondition for an escape that does not exist."""
    written = token.written
    is_raw = written[0] in "rR"
    quotes = 3 if written.endswith(('"""', "'''")) and len(written) - is_raw >= 6 else 1
    body = written[is_raw + quotes : -quotes]
    if is_raw:
        return body

    def value_of(match: re.Match[str]) -> str:
        plain, *codes, odd = match.groups()
        if odd is not None:
            wanted = 'an escape such as \\n, \\" or \\u00e9'
            raise BadCondition(token.start, found=f"the escape \\{odd}", wanted=wanted, try_=f'r"{body[:60]}"')
        if plain is not None:
            return _PLAIN_ESCAPES.get(plain, plain)
        return _character(token, next((code, base) for code, base in zip(codes, (16, 16, 16, 8), strict=True) if code))

    return _ESCAPE.sub(value_of, body)


def _character(token: Token, code: tuple[str, int]) -> str:
    number = int(*code)
    if number > 0x10FFFF or 0xD800 <= number < 0xE000:
        raise BadCondition(token.start, found=f"the character {code[0]}", wanted="a character of Unicode")
    return chr(number)


def _unreadable(text: str, place: int) -> BadCondition:
    sign = text[place]
    if sign in "\"'":
        return BadCondition(place, found=f"a text that opens with {sign} and does not close", wanted=f"{sign} at its end")
    if sign in CURLY:
        return BadCondition(place, found=sign, wanted="a straight quotation mark", try_='"')
    return BadCondition(
        place, found=sign if sign.isprintable() else repr(sign)[1:-1], wanted="a name, a number, a text or a sign"
    )
