"""A walk that gave up, as the error that its caller sees, and how a walk ended, as its record says it."""

from collections.abc import Sequence

from taskfit.errors import InReview, InternalError, NoCandidate, RequestError, TaskfitError, WalkFailed
from taskfit.pipeline.attempt import LiveAttempt
from taskfit.values.plan import Plan
from taskfit.values.record import Outcome
from taskfit.values.step import GiveUp
from taskfit.wire.failures import kind_of, status_of

STATUS_OK = 200
STATUS_IN_REVIEW = 202
STATUS_CLIENT_LEFT = 499

_AS_THE_UPSTREAM_SAID = frozenset({"upstream_refused", "context_exceeded", "content_refused", "unsupported", "invalid_request"})
_BUSY = frozenset({"upstream_rate_limited", "upstream_overloaded"})
_TIMEOUTS = frozenset({"deadline_exceeded", "upstream_timeout"})


def walk_failure(step: GiveUp, plan: Plan, attempts: Sequence[LiveAttempt]) -> TaskfitError:
    """One clear error: what was tried and what each model said, in words that are safe for the caller."""
    if step.kind == "no_candidate":
        reasons = "; ".join(f"{dropped.model}: {dropped.reason}" for dropped in plan.dropped)
        return NoCandidate(f"no model of the task {plan.task} can take this request: {reasons}")
    errors = [(live.card.id, live.error) for live in attempts if live.error is not None]
    last = errors[-1][1] if errors else None
    if isinstance(last, RequestError) and step.kind == last.kind:
        return last
    told = [f"{model}: {_lower_first(error.caller_text)}" for model, error in errors]
    told += [f"{live.card.id}: a check rejected the answer" for live in attempts if live.state == "stopped"]
    said = "; ".join(told)
    return WalkFailed(
        f"{_lead(step)}{said or 'no model was called'}",
        reason=step.kind,
        operator_text="; ".join(f"{model}: {error}" for model, error in errors) or step.why,
        status=getattr(last, "status", None),
        retry_after_s=_retry_after_s(step, plan, errors),
    )


def ending_of(error: BaseException | None, *, is_answered: bool) -> tuple[Outcome, int, str | None, str | None]:
    """Outcome, status, and kind and text of the error, where there is one. `error` is what left the walk."""
    match error:
        case None if is_answered:
            return "answered", STATUS_OK, None, None
        case InReview():
            return "in_review", STATUS_IN_REVIEW, None, None
        case TaskfitError():
            kind = kind_of(error)
            outcome: Outcome = "refused" if isinstance(error, RequestError) else outcome_of(kind)
            return outcome, status_of(error), kind, str(error)[:1000]
        case TimeoutError():
            return "timed_out", STATUS_CLIENT_LEFT, "deadline_exceeded", "the client read too slowly"
        case Exception():
            return "failed", status_of(InternalError("")), InternalError.kind, f"{type(error).__name__}: {error}"[:1000]
        case _:
            return "cancelled", STATUS_CLIENT_LEFT, None, None


def outcome_of(kind: str) -> Outcome:
    """How a record names the end of a walk that failed with an error of this kind."""
    if kind in _TIMEOUTS:
        return "timed_out"
    return "refused" if kind in _AS_THE_UPSTREAM_SAID else "failed"


def _retry_after_s(step: GiveUp, plan: Plan, errors: Sequence[tuple[str, TaskfitError]]) -> float | None:
    """The longest wait that an upstream asked for, where waiting was all that it asked for."""
    if step.kind not in _BUSY:
        return None
    if not errors:
        return min((candidate.ready_in_s for candidate in plan.candidates if candidate.ready_in_s), default=None)
    return max((error.retry_after_s or 0 for _, error in errors), default=0) or None


def _lead(step: GiveUp) -> str:
    if step.kind in _AS_THE_UPSTREAM_SAID or step.kind == "cut_answer":
        return ""
    return f"no model answered, {step.why}: "


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
