"""Values as a person reads them in a reason: short, on one line. Knows no rule."""

from decimal import Decimal
from typing import Any, Final

import msgspec

MOST_CHARS: Final = 40
MOST_MEMBERS: Final = 10


def shown(value: Any) -> str:
    """A value in short: text in quotation marks, a number as it is, a list or a mapping only where it is small."""
    match value:
        case str():
            short = value if len(value) <= MOST_CHARS else f"{value[:MOST_CHARS]}…"
            return one_line(f'"{short}"')
        case list() | tuple() | dict():
            return _shown_members(value)
        case Decimal():
            return format(value, "f") if -30 < value.adjusted() < 30 else str(value)
        case None | bool() | int() | float():
            return one_line(msgspec.json.encode(value).decode())[: MOST_CHARS * 2]
        case _:
            return one_line(str(value))[: MOST_CHARS * 2]


def one_line(text: str) -> str:
    """Foreign text with its control characters and line breaks escaped."""
    return "".join([sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text])


def _shown_members(value: list[Any] | tuple[Any, ...] | dict[str, Any]) -> str:
    kind = "a mapping" if isinstance(value, dict) else "a list"
    members = value.values() if isinstance(value, dict) else value
    if not value:
        return f"an empty {kind[2:]}"
    if len(value) > MOST_MEMBERS or any(isinstance(member, list | tuple | dict) for member in members):
        return f"{kind} of {len(value)}"
    if isinstance(value, dict):
        inner = ", ".join([f"{one_line(key[:MOST_CHARS])}: {shown(member)}" for key, member in value.items()])
    else:
        inner = ", ".join([shown(member) for member in value])
    if len(inner) > 2 * MOST_CHARS:
        return f"{kind} of {len(value)}"
    return f"{{{inner}}}" if isinstance(value, dict) else f"[{inner}]"
