"""What becomes of a request's fields when it crosses to a model of another API: carried, dropped by a table, or refused.

Knows no dialect's field names.
"""

from collections.abc import Collection, Mapping

from msgspec import Raw

from taskfit.errors import Unsupported
from taskfit.wire.bodies import is_said

_NAME_CHARS = 80


def dropped_fields(
    fields: Mapping[str, Raw], *, carried: Collection[str], table: Mapping[str, str], harmless: Mapping[str, tuple[bytes, ...]]
) -> list[str]:
    """The fields that are said and that the `table` names. What is null, or has a `harmless` value, says nothing.

    Errors: Unsupported, with `param`, for one that is neither carried nor in the table.
    """
    dropped = []
    for name, value in fields.items():
        if name in carried or not is_said(value) or bytes(value) in harmless.get(name, ()):
            continue
        if name not in table:
            known = name[:_NAME_CHARS]
            raise Unsupported(f"the field {known} cannot be carried to a model of another API", param=known)
        dropped.append(name)
    return dropped
