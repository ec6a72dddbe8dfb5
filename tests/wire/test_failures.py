"""Every error has its status, whatever the dialect."""

import pytest

from taskfit import errors
from taskfit.errors import InReview, MethodNotAllowed, RequestError, TaskfitError, UpstreamError, WalkFailed
from taskfit.wire.failures import STATUSES, kind_of, status_of

CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, TaskfitError)]
RAISED = [each for each in CLASSES if each not in {TaskfitError, WalkFailed, RequestError, errors.ConfigurationError}]


def made(wanted: type[TaskfitError]) -> TaskfitError:
    if issubclass(wanted, MethodNotAllowed):
        return wanted("text", allowed=("GET",))
    if issubclass(wanted, InReview):
        return wanted("rev-1", due_at=1.0)
    return wanted("for the operator") if issubclass(wanted, UpstreamError) else wanted("text")


@pytest.mark.parametrize("wanted", RAISED)
def test_every_kind_is_in_the_table(wanted: type[TaskfitError]) -> None:
    error = made(wanted)
    assert STATUSES[kind_of(error)] == status_of(error)
    assert 400 <= status_of(error) < 600 or (wanted is InReview and status_of(error) == 202)


@pytest.mark.parametrize("wanted", [each for each in RAISED if issubclass(each, RequestError)])
def test_the_caller_s_faults_are_4xx(wanted: type[TaskfitError]) -> None:
    assert 400 <= status_of(made(wanted)) < 500


@pytest.mark.parametrize(("reason", "status", "upstream"), [
    ("all_failed", 502, 500), ("deadline_exceeded", 504, None), ("budget_exceeded", 402, None), ("upstream_refused", 422, 422),
    ("upstream_refused", 400, None), ("upstream_unauthorized", 502, 401), ("upstream_rate_limited", 429, 429),
    ("no such kind", 500, 418),
])  # fmt: skip
def test_a_failed_walk_has_the_status_of_what_ended_it(reason: str, status: int, upstream: int | None) -> None:
    error = WalkFailed("text", reason=reason, operator_text="for the operator", status=upstream)
    assert (kind_of(error), status_of(error)) == (reason, status)
    assert error.retry == "never"
