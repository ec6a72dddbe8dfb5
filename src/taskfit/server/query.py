"""The parameters of lists: only those that a list knows, with numbers in their bounds."""

from collections.abc import Sequence

from starlette.datastructures import QueryParams

from taskfit.errors import InvalidRequest

MAX_LIMIT = 1000
DEFAULT_LIMIT = 50
KEY = "key"
"""Where Gemini's clients put their key."""


def read_params(query: bytes, names: Sequence[str]) -> QueryParams:
    """What stands behind the question mark. Errors: InvalidRequest for a name that is none of these."""
    params = QueryParams(query)
    for name in params:
        if name not in names and name != KEY:
            raise InvalidRequest(f"unknown parameter {name[:40]!r}; there are {', '.join(names)}", param=name[:40])
    return params


def read_limit(params: QueryParams) -> int:
    """How many rows are wanted at most. Errors: InvalidRequest."""
    limit = read_number(params, "limit")
    if limit is None:
        return DEFAULT_LIMIT
    if not (limit.is_integer() and 1 <= limit <= MAX_LIMIT):
        raise InvalidRequest(f"limit wants a whole number from 1 to {MAX_LIMIT}", param="limit")
    return int(limit)


def read_number(params: QueryParams, name: str) -> float | None:
    """One number; None where it is not said. Errors: InvalidRequest."""
    text = params.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError as error:
        raise InvalidRequest(f"{name} wants a number", param=name) from error
    if not abs(number) < 1e12:
        raise InvalidRequest(f"{name} wants a number below 10^12", param=name)
    return number
