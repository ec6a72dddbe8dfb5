"""Members that servers add to OpenAI's and that an answer or a history can do without: read where they have the known form.

Knows no member.
"""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def read_as(wanted: type[T], value: Any) -> T | None:
    """A decoded value as the type `wanted`; None where it is absent, null, or of another form."""
    if value is None:
        return None
    try:
        return msgspec.convert(value, wanted)
    except (msgspec.ValidationError, RecursionError):
        return None
