"""The error tree in this dialect's words: status name and details; the HTTP status is shared with all dialects. Knows no framing.

Source: google.rpc.Code, and the details of google/rpc/error_details.proto that Google's own APIs send.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from taskfit.errors import RequestError, TaskfitError
from taskfit.wire.failures import kind_of, status_of

DOMAIN = "taskfit"

WORDS: Mapping[str, str] = {
    "invalid_request": "INVALID_ARGUMENT",
    "unsupported": "INVALID_ARGUMENT",
    "no_candidate": "FAILED_PRECONDITION",
    "upstream_refused": "INVALID_ARGUMENT",
    "context_exceeded": "INVALID_ARGUMENT",
    "content_refused": "FAILED_PRECONDITION",
    "unauthenticated": "UNAUTHENTICATED",
    "budget_exceeded": "RESOURCE_EXHAUSTED",
    "forbidden": "PERMISSION_DENIED",
    "model_not_found": "NOT_FOUND",
    "not_found": "NOT_FOUND",
    "method_not_allowed": "UNIMPLEMENTED",
    "incomplete_body": "INVALID_ARGUMENT",
    "conflict": "ABORTED",
    "too_large": "INVALID_ARGUMENT",
    "unsupported_media": "INVALID_ARGUMENT",
    "headers_too_large": "INVALID_ARGUMENT",
    "review_rejected": "FAILED_PRECONDITION",
    "in_review": "UNAVAILABLE",
    "upstream_rate_limited": "RESOURCE_EXHAUSTED",
    "internal_error": "INTERNAL",
    "all_failed": "UNAVAILABLE",
    "upstream_failure": "UNAVAILABLE",
    "upstream_unreachable": "UNAVAILABLE",
    "upstream_unauthorized": "UNAVAILABLE",
    "upstream_model_missing": "UNAVAILABLE",
    "invalid_answer": "UNAVAILABLE",
    "cut_answer": "UNAVAILABLE",
    "overloaded": "UNAVAILABLE",
    "upstream_overloaded": "UNAVAILABLE",
    "store_unavailable": "UNAVAILABLE",
    "deadline_exceeded": "DEADLINE_EXCEEDED",
    "upstream_timeout": "DEADLINE_EXCEEDED",
}
"""The name of google.rpc.Code for each kind."""

_TYPE = "type.googleapis.com/google.rpc."
_encode = msgspec.json.Encoder().encode


def write_failure(error: TaskfitError, *, request_id: str = "") -> bytes:
    """The body of an error reply, or the payload of an error event."""
    kind = kind_of(error)
    inner = {
        "code": status_of(error), "message": error.caller_text, "status": WORDS.get(kind, "INTERNAL"),
        "details": _details(error, kind, request_id),
    }  # fmt: skip
    return _encode({"error": inner})


def _details(error: TaskfitError, kind: str, request_id: str) -> list[dict[str, Any]]:
    details: list[dict[str, Any]] = [{"@type": f"{_TYPE}ErrorInfo", "reason": kind.upper(), "domain": DOMAIN}]
    if isinstance(error, RequestError) and error.param is not None:
        violation = {"field": error.param, "description": error.caller_text}
        details.append({"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]})
    if error.retry_after_s is not None:
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{error.retry_after_s:g}s"})
    if request_id:
        details.append({"@type": f"{_TYPE}RequestInfo", "requestId": request_id})
    return details
