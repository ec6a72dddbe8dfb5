"""Errors in OpenAI's shape: the table from kind to type and code. Knows no framing.

Source: OpenAI's error reference; its SDKs read `error.message`, `error.code`, `error.param` and `error.type`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from taskfit.errors import RequestError, TaskfitError
from taskfit.wire.failures import kind_of


class _Shape(NamedTuple):
    type: str
    code: str


_INVALID = "invalid_request_error"
_SERVER = "server_error"
TABLE: Mapping[str, _Shape] = {
    "invalid_request": _Shape(_INVALID, "invalid_request"),
    "unsupported": _Shape(_INVALID, "unsupported"),
    "no_candidate": _Shape(_INVALID, "no_candidate"),
    "upstream_refused": _Shape(_INVALID, "upstream_refused"),
    "context_exceeded": _Shape(_INVALID, "context_length_exceeded"),
    "content_refused": _Shape(_INVALID, "content_filter"),
    "unauthenticated": _Shape(_INVALID, "invalid_api_key"),
    "budget_exceeded": _Shape(_INVALID, "budget_exceeded"),
    "forbidden": _Shape("permission_error", "forbidden"),
    "model_not_found": _Shape(_INVALID, "model_not_found"),
    "not_found": _Shape(_INVALID, "not_found"),
    "method_not_allowed": _Shape(_INVALID, "method_not_allowed"),
    "incomplete_body": _Shape(_INVALID, "incomplete_body"),
    "conflict": _Shape(_INVALID, "conflict"),
    "too_large": _Shape(_INVALID, "too_large"),
    "unsupported_media": _Shape(_INVALID, "unsupported_media"),
    "headers_too_large": _Shape(_INVALID, "headers_too_large"),
    "review_rejected": _Shape(_INVALID, "review_rejected"),
    "in_review": _Shape(_SERVER, "in_review"),
    "upstream_rate_limited": _Shape("rate_limit_error", "rate_limit_exceeded"),
    "internal_error": _Shape(_SERVER, "internal_error"),
    "all_failed": _Shape(_SERVER, "all_failed"),
    "upstream_failure": _Shape(_SERVER, "upstream_failure"),
    "upstream_unreachable": _Shape(_SERVER, "upstream_unreachable"),
    "upstream_unauthorized": _Shape(_SERVER, "upstream_unauthorized"),
    "upstream_model_missing": _Shape(_SERVER, "upstream_model_missing"),
    "invalid_answer": _Shape(_SERVER, "invalid_answer"),
    "cut_answer": _Shape(_SERVER, "cut_answer"),
    "overloaded": _Shape(_SERVER, "overloaded"),
    "upstream_overloaded": _Shape(_SERVER, "upstream_overloaded"),
    "store_unavailable": _Shape(_SERVER, "store_unavailable"),
    "deadline_exceeded": _Shape(_SERVER, "deadline_exceeded"),
    "upstream_timeout": _Shape(_SERVER, "upstream_timeout"),
}


class _Inner(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: str


class _Body(msgspec.Struct):
    error: _Inner


def write_failure(error: TaskfitError, *, request_id: str = "") -> bytes:  # noqa: ARG001  # every dialect has this signature
    """The body of an error reply, or the payload of an error event. OpenAI tells the request's id in a header only."""
    shape = TABLE.get(kind_of(error), TABLE["internal_error"])
    param = error.param if isinstance(error, RequestError) else None
    return msgspec.json.encode(_Body(_Inner(message=error.caller_text, type=shape.type, param=param, code=shape.code)))
