"""Plain text of a YAML file as values: the core schema of YAML 1.2, and `${NAME}` from the environment.

`no`, `off`, `12:30:45` and dates are text here, unlike in YAML 1.1; `1e3` is a number.
Source: YAML 1.2.2, section 10.3.2.
"""

import re
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

Core: TypeAlias = str | int | float | bool | None

NULL = re.compile(r"null|Null|NULL|~|")
TRUE = re.compile(r"true|True|TRUE")
FALSE = re.compile(r"false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+")
BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
LONGEST_NUMBER = 100

VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def core_value(text: str) -> Core:
    """What a plain scalar means. A number of more than a hundred characters is text."""
    if NULL.fullmatch(text):
        return None
    if TRUE.fullmatch(text):
        return True
    if FALSE.fullmatch(text):
        return False
    return _number(text) if len(text) <= LONGEST_NUMBER else text


def _number(text: str) -> str | int | float:
    if INTEGER.fullmatch(text):
        return int(text)
    if BASED.fullmatch(text):
        return int(text, 0)
    if FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


class BadReference(msgspec.Struct, frozen=True, kw_only=True):
    """A `${…}` that cannot be replaced."""

    found: str
    wanted: str
    try_: str


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """Text with its `${…}` replaced."""

    text: str
    bad: tuple[BadReference, ...] = ()
    is_from_environment: bool = False


def fill(text: str, environ: Mapping[str, str]) -> Filled:
    """Replace each `${NAME}` by the environment's value; `$${` stands for `${` itself."""
    if "${" not in text:
        return Filled(text=text)
    bad: list[BadReference] = []
    names: list[str] = []

    def value_of(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        names.append(match[1])
        problem = _problem(match, environ)
        if problem is not None:
            bad.append(problem)
            return ""
        return environ[match[1]]

    filled = VARIABLE.sub(value_of, text)
    return Filled(text=filled, bad=tuple(bad), is_from_environment=bool(names))


def _problem(match: re.Match[str], environ: Mapping[str, str]) -> BadReference | None:
    name = match[1]
    if not match[2] or not NAME.fullmatch(name):
        shown = "".join(c if c.isprintable() else "?" for c in match[0][:60])
        return BadReference(
            found=f"{shown}, which names no environment variable",
            wanted="${NAME}, with a name of letters, digits and underscores",
            try_="$${ where ${ itself is meant",
        )
    if not environ.get(name):
        state = "empty" if name in environ else "not set"
        return BadReference(
            found=f"${{{name}}}, but the environment variable {name} is {state}",
            wanted=f"a value for {name} in the environment",
            try_=f"export {name}=…",
        )
    if any("\ud800" <= character <= "\udfff" for character in environ[name]):
        return BadReference(
            found=f"${{{name}}}, but the environment variable {name} is not UTF-8",
            wanted="text in UTF-8",
            try_=f"export {name}=…",
        )
    return None
