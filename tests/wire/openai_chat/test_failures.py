"""Every error has its status, type and code; none shows what is for the operator."""

import json

import pytest

from taskfit import errors
from taskfit.errors import InvalidRequest, MethodNotAllowed, RequestError, TaskfitError, UpstreamError, WalkFailed
from taskfit.wire.openai_chat import kind_of, status_of, write_failure
from taskfit.wire.openai_chat.failures import TABLE

CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, TaskfitError)]
RAISED = [each for each in CLASSES if each not in {TaskfitError, WalkFailed, RequestError, errors.ConfigurationError}]


def made(wanted: type[TaskfitError]) -> TaskfitError:
    if issubclass(wanted, MethodNotAllowed):
        return wanted("text", allowed=("GET",))
    if issubclass(wanted, UpstreamError):
        return wanted("for the operator")
    return wanted("text", operator_text="for the operator")


@pytest.mark.parametrize("wanted", RAISED)
def test_every_kind_is_in_the_table_and_none_shows_the_operator_s_text(wanted: type[TaskfitError]) -> None:
    error = made(wanted)
    assert error.kind in TABLE
    assert 400 <= status_of(error) < 600
    body = json.loads(write_failure(error))["error"]
    assert set(body) == {"message", "type", "param", "code"}
    assert body["message"] == error.caller_text
    assert "operator" not in body["message"]


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


def test_the_field_at_fault_is_named() -> None:
    assert json.loads(write_failure(InvalidRequest("text", param="messages[0].role")))["error"]["param"] == "messages[0].role"
