"""The one error tree.

    TaskfitError
    ├── ConfigurationError          the file, the environment or a plug-in's settings
    ├── RequestError                the caller's fault; nothing was or will be called
    │   ├── InvalidRequest          malformed, wrong type, out of range
    │   ├── Unsupported             understood, but not supported (yet)
    │   ├── TooLarge                the body or the input is over a limit
    │   ├── IncompleteBody, UnsupportedMedia, HeadersTooLarge
    │   ├── Unauthenticated, Forbidden
    │   ├── ModelNotFound           no such model, alias or task
    │   ├── NotFound, MethodNotAllowed
    │   ├── Conflict                somebody else was faster
    │   └── NoCandidate             no model of the ladder can take this request
    ├── Overloaded                  we cannot take it now: outbox full, draining
    ├── UpstreamError               one attempt failed; the walk decides what comes next
    │   ├── Unreachable, UpstreamTimeout, UpstreamOverloaded, RateLimited, UpstreamFailure
    │   ├── UpstreamRefused         the upstream says that the request is wrong
    │   ├── ContextExceeded, ContentRefused, UpstreamUnauthorized, UpstreamModelMissing
    │   └── InvalidAnswer, CutAnswer
    ├── WalkFailed                  every rung was tried, or no time or money was left; or a person rejected the answer
    ├── InReview                    a person decides; the caller has to come back
    ├── StoreUnavailable            the store cannot be read or written
    └── InternalError               our own fault

Each class says what it is (`kind`, stable, on the wire) and whether a retry makes sense. Each error has two texts:
`caller_text` may be shown to anyone, `str(error)` is for the operator. Neither may hold a key.
Knows no HTTP status: each dialect has its own table from kind to status.
"""

from typing import ClassVar, Literal, TypeAlias

Retry: TypeAlias = Literal["never", "later", "elsewhere"]


class TaskfitError(Exception):
    """Any error of taskfit. `retry_after_s` is a hint in seconds, None where there is none."""

    kind: ClassVar[str] = "internal_error"
    retry: ClassVar[Retry] = "never"

    def __init__(self, caller_text: str, *, operator_text: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(operator_text or caller_text)
        self.caller_text = caller_text
        self.retry_after_s = retry_after_s


class ConfigurationError(TaskfitError):
    """The configuration cannot be used; the text holds every complaint."""

    kind = "configuration_error"


class RequestError(TaskfitError):
    """The caller's fault. `param` names the offending field, as a path into the body."""

    kind = "invalid_request"

    def __init__(self, caller_text: str, *, param: str | None = None, operator_text: str | None = None) -> None:
        super().__init__(caller_text, operator_text=operator_text)
        self.param = param


class InvalidRequest(RequestError):
    """Malformed, of the wrong type, or out of range."""


class Unsupported(RequestError):
    """Understood, but not supported."""

    kind = "unsupported"


class TooLarge(RequestError):
    """Over a limit of the server or of the task."""

    kind = "too_large"


class IncompleteBody(RequestError):
    """The body did not arrive whole, or not in time."""

    kind = "incomplete_body"


class UnsupportedMedia(RequestError):
    """The body is not JSON by its content type, or is encoded."""

    kind = "unsupported_media"


class HeadersTooLarge(RequestError):
    """Too many headers, or too long ones."""

    kind = "headers_too_large"


class Unauthenticated(RequestError):
    """No key, or not one of ours."""

    kind = "unauthenticated"


class Forbidden(RequestError):
    """The key is valid but may not do this."""

    kind = "forbidden"


class ModelNotFound(RequestError):
    """No model, alias or task of that name."""

    kind = "model_not_found"


class NotFound(RequestError):
    """No such route or object, or not one that this caller may see."""

    kind = "not_found"


class MethodNotAllowed(RequestError):
    """The route exists, the method does not."""

    kind = "method_not_allowed"

    def __init__(self, caller_text: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(caller_text)
        self.allowed = allowed


class Conflict(RequestError):
    """Somebody else was faster: what shall be changed is held by another, decided, or not as the caller saw it."""

    kind = "conflict"


class NoCandidate(RequestError):
    """No model of the task's ladder can take this request; the text says why for each."""

    kind = "no_candidate"


class Overloaded(TaskfitError):
    """We cannot take the request now."""

    kind = "overloaded"
    retry = "later"


class UpstreamError(TaskfitError):
    """One attempt failed. `status` is the upstream's HTTP status, None where it never gave one."""

    kind = "upstream_failure"
    retry: ClassVar[Retry] = "elsewhere"

    def __init__(
        self,
        operator_text: str,
        *,
        caller_text: str = "",
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(caller_text or self.summary(), operator_text=operator_text, retry_after_s=retry_after_s)
        self.status = status

    @classmethod
    def summary(cls) -> str:
        """The kind in a caller's words."""
        return (cls.__doc__ or cls.kind).splitlines()[0].rstrip(".")


class Unreachable(UpstreamError):
    """The model's server could not be reached."""

    kind = "upstream_unreachable"


class UpstreamTimeout(UpstreamError):
    """The model did not answer in time."""

    kind = "upstream_timeout"


class UpstreamOverloaded(UpstreamError):
    """The model's server is overloaded."""

    kind = "upstream_overloaded"


class RateLimited(UpstreamError):
    """The model's server limits our rate."""

    kind = "upstream_rate_limited"


class UpstreamFailure(UpstreamError):
    """The model's server failed."""


class UpstreamRefused(UpstreamError):
    """The model's server refused the request."""

    kind = "upstream_refused"
    retry = "never"


class ContextExceeded(UpstreamError):
    """The request does not fit into the model's context window."""

    kind = "context_exceeded"


class ContentRefused(UpstreamError):
    """The model's server refused the content."""

    kind = "content_refused"


class UpstreamUnauthorized(UpstreamError):
    """The model's server did not accept the gateway's credentials."""

    kind = "upstream_unauthorized"


class UpstreamModelMissing(UpstreamError):
    """The model's server does not know the model."""

    kind = "upstream_model_missing"


class InvalidAnswer(UpstreamError):
    """The model's server sent something that is not an answer."""

    kind = "invalid_answer"


class CutAnswer(UpstreamError):
    """The answer broke off."""

    kind = "cut_answer"


class WalkFailed(TaskfitError):
    """The walk ended without an answer. `reason` is a kind: `all_failed`, `deadline_exceeded`, `budget_exceeded`, or that
    of the one upstream error that ended it. `status` is the upstream's own where it refused the request."""

    kind = "all_failed"

    def __init__(
        self, caller_text: str, *, reason: str, operator_text: str, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(caller_text, operator_text=operator_text, retry_after_s=retry_after_s)
        self.reason = reason
        self.status = status


class InReview(TaskfitError):
    """A person decides on the answer; the text says where to ask for it later."""

    kind = "in_review"

    def __init__(self, case_id: str, *, due_at: float) -> None:
        super().__init__(f"a person decides on this answer: ask for GET /v1/reviews/{case_id} later")
        self.case_id = case_id
        self.due_at = due_at


class StoreUnavailable(TaskfitError):
    """The store cannot be read or written now."""

    kind = "store_unavailable"
    retry = "later"


class InternalError(TaskfitError):
    """Our own fault."""
