"""The session that a request belongs to, from what clients send in their bodies. Knows no dialect's field names."""

from typing import Any

import msgspec

from taskfit.values.request import Terms

MAX_SESSION_CHARS = 128


def with_session(terms: Terms, name: Any) -> Terms:
    """The terms with this session, unless they have one. Only a short plain text names a session; other values are not judged."""
    if terms.session is not None or not isinstance(name, str) or not 0 < len(name) <= MAX_SESSION_CHARS:
        return terms
    return msgspec.structs.replace(terms, session=name) if name.isascii() and name.isprintable() else terms
