"""Errors in OpenAI's shape: the table from kind to status, type and code.

Source: OpenAI's error reference; its SDKs read `error.message`, `error.code`, `error.param` and `error.type`.
"""

from typing import NamedTuple

import msgspec

from taskfit.errors import RequestError, TaskfitError, WalkFailed


class _Shape(NamedTuple):
    status: int
    type: str
    code: str


_INVALID = "invalid_request_error"
_SERVER = "server_error"
TABLE: dict[str, _Shape] = {
    "invalid_request": _Shape(400, _INVALID, "invalid_request"),
    "unsupported": _Shape(400, _INVALID, "unsupported"),
    "no_candidate": _Shape(400, _INVALID, "no_candidate"),
    "upstream_refused": _Shape(400, _INVALID, "upstream_refused"),
    "context_exceeded": _Shape(400, _INVALID, "context_length_exceeded"),
    "content_refused": _Shape(400, _INVALID, "content_filter"),
    "unauthenticated": _Shape(401, _INVALID, "invalid_api_key"),
    "budget_exceeded": _Shape(402, _INVALID, "budget_exceeded"),
    "forbidden": _Shape(403, "permission_error", "forbidden"),
    "model_not_found": _Shape(404, _INVALID, "model_not_found"),
    "not_found": _Shape(404, _INVALID, "not_found"),
    "method_not_allowed": _Shape(405, _INVALID, "method_not_allowed"),
    "incomplete_body": _Shape(408, _INVALID, "incomplete_body"),
    "too_large": _Shape(413, _INVALID, "too_large"),
    "unsupported_media": _Shape(415, _INVALID, "unsupported_media"),
    "headers_too_large": _Shape(431, _INVALID, "headers_too_large"),
    "upstream_rate_limited": _Shape(429, "rate_limit_error", "rate_limit_exceeded"),
    "internal_error": _Shape(500, _SERVER, "internal_error"),
    "all_failed": _Shape(502, _SERVER, "all_failed"),
    "upstream_failure": _Shape(502, _SERVER, "upstream_failure"),
    "upstream_unreachable": _Shape(502, _SERVER, "upstream_unreachable"),
    "upstream_unauthorized": _Shape(502, _SERVER, "upstream_unauthorized"),
    "upstream_model_missing": _Shape(502, _SERVER, "upstream_model_missing"),
    "invalid_answer": _Shape(502, _SERVER, "invalid_answer"),
    "cut_answer": _Shape(502, _SERVER, "cut_answer"),
    "overloaded": _Shape(503, _SERVER, "overloaded"),
    "upstream_overloaded": _Shape(503, _SERVER, "upstream_overloaded"),
    "store_unavailable": _Shape(503, _SERVER, "store_unavailable"),
    "deadline_exceeded": _Shape(504, _SERVER, "deadline_exceeded"),
    "upstream_timeout": _Shape(504, _SERVER, "upstream_timeout"),
}


class _Inner(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: str


class _Body(msgspec.Struct):
    error: _Inner


def kind_of(error: TaskfitError) -> str:
    """The kind on the wire: a failed walk has that of what ended it."""
    return error.reason if isinstance(error, WalkFailed) else error.kind


def status_of(error: TaskfitError) -> int:
    """The HTTP status; that of the upstream where it refused the request as such."""
    if isinstance(error, WalkFailed) and error.reason == "upstream_refused" and error.status is not None:
        return error.status
    return TABLE.get(kind_of(error), TABLE["internal_error"]).status


def write_failure(error: TaskfitError) -> bytes:
    """The body of an error reply, or the payload of an error event."""
    shape = TABLE.get(kind_of(error), TABLE["internal_error"])
    param = error.param if isinstance(error, RequestError) else None
    return msgspec.json.encode(_Body(_Inner(message=error.caller_text, type=shape.type, param=param, code=shape.code)))
