"""Errors in Anthropic's shape: the table from kind to type.

Source: Anthropic's error reference; its SDKs read `error.type` and `error.message`, and the status. A type that they do not know
is an `api_error` to them.
"""

from collections.abc import Mapping

import msgspec

from taskfit.errors import TaskfitError, Unsupported
from taskfit.wire.anthropic_messages.words import THREAD
from taskfit.wire.failures import kind_of, status_of

TYPES: Mapping[int, str] = {
    401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large",
    429: "rate_limit_error", 500: "api_error", 502: "api_error", 503: "overloaded_error", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip
"""The type for each status; any other one below 500 is an `invalid_request_error`."""

_TYPES_OF_KINDS: Mapping[str, str] = {"store_unavailable": "api_error"}


_CODES: Mapping[str, str] = {THREAD: "thread_unsupported_request"}
"""What an SDK looks for to do without a field that is not supported."""


class _Details(msgspec.Struct):
    error_code: str


class _Inner(msgspec.Struct, omit_defaults=True):
    type: str
    message: str
    details: _Details | None = None


class _Body(msgspec.Struct):
    type: str
    error: _Inner
    request_id: str | None


def write_failure(error: TaskfitError, *, request_id: str | None) -> bytes:
    """The body of an error reply, or the payload of an error event."""
    code = _CODES.get(error.param or "") if isinstance(error, Unsupported) else None
    inner = _Inner(type=type_of(error), message=error.caller_text, details=None if code is None else _Details(error_code=code))
    return msgspec.json.encode(_Body(type="error", error=inner, request_id=request_id))


def type_of(error: TaskfitError) -> str:
    """The API's word for an error."""
    status = status_of(error)
    own = _TYPES_OF_KINDS.get(kind_of(error)) or TYPES.get(status)
    return own or ("invalid_request_error" if status < 500 else "api_error")
