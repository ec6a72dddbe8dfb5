"""What every dialect says alike of an error: its kind on the wire, and the HTTP status of each kind.

Each dialect's own failures.py has the words for the body. Knows no dialect.
"""

from collections.abc import Mapping

from taskfit.errors import TaskfitError, WalkFailed

STATUSES: Mapping[str, int] = {
    "in_review": 202,
    "invalid_request": 400,
    "unsupported": 400,
    "no_candidate": 400,
    "upstream_refused": 400,
    "context_exceeded": 400,
    "content_refused": 400,
    "unauthenticated": 401,
    "budget_exceeded": 402,
    "forbidden": 403,
    "model_not_found": 404,
    "not_found": 404,
    "method_not_allowed": 405,
    "incomplete_body": 408,
    "conflict": 409,
    "too_large": 413,
    "unsupported_media": 415,
    "review_rejected": 422,
    "upstream_rate_limited": 429,
    "headers_too_large": 431,
    "internal_error": 500,
    "all_failed": 502,
    "upstream_failure": 502,
    "upstream_unreachable": 502,
    "upstream_unauthorized": 502,
    "upstream_model_missing": 502,
    "invalid_answer": 502,
    "cut_answer": 502,
    "overloaded": 503,
    "upstream_overloaded": 503,
    "store_unavailable": 503,
    "deadline_exceeded": 504,
    "upstream_timeout": 504,
}
"""Every kind of error that a client can see."""


def kind_of(error: TaskfitError) -> str:
    """The kind on the wire: a failed walk has that of what ended it."""
    return error.reason if isinstance(error, WalkFailed) else error.kind


def status_of(error: TaskfitError) -> int:
    """The HTTP status; that of the upstream where it refused the request as such; 500 for a kind that the table lacks."""
    if isinstance(error, WalkFailed) and error.reason == "upstream_refused" and error.status is not None:
        return error.status
    return STATUSES.get(kind_of(error), STATUSES["internal_error"])
