"""Every error has its type and code; none shows what is for the operator."""

import json

import pytest

from taskfit import errors
from taskfit.errors import InReview, InvalidRequest, MethodNotAllowed, RequestError, TaskfitError, UpstreamError, WalkFailed
from taskfit.wire.failures import STATUSES
from taskfit.wire.openai_chat import write_failure
from taskfit.wire.openai_chat.failures import TABLE

CLASSES = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, TaskfitError)]
RAISED = [each for each in CLASSES if each not in {TaskfitError, WalkFailed, RequestError, errors.ConfigurationError}]


def made(wanted: type[TaskfitError]) -> TaskfitError:
    if issubclass(wanted, MethodNotAllowed):
        return wanted("text", allowed=("GET",))
    if issubclass(wanted, InReview):
        return wanted("rev-1", due_at=1.0)
    if issubclass(wanted, UpstreamError):
        return wanted("for the operator")
    return wanted("text", operator_text="for the operator")


@pytest.mark.parametrize("wanted", RAISED)
def test_every_kind_is_in_the_table_and_none_shows_the_operator_s_text(wanted: type[TaskfitError]) -> None:
    error = made(wanted)
    assert error.kind in TABLE
    body = json.loads(write_failure(error, request_id="r-1"))["error"]
    assert set(body) == {"message", "type", "param", "code"}
    assert body["message"] == error.caller_text
    assert "operator" not in body["message"]


def test_the_field_at_fault_is_named() -> None:
    assert (
        json.loads(write_failure(InvalidRequest("text", param="messages[0].role"), request_id="r-1"))["error"]["param"]
        == "messages[0].role"
    )


def test_every_kind_that_has_a_status_has_a_type() -> None:
    assert set(TABLE) == set(STATUSES)


def test_an_error_of_a_kind_that_the_table_lacks_is_our_own() -> None:
    error = WalkFailed("text", reason="no such kind", operator_text="x")
    assert json.loads(write_failure(error, request_id="r-1"))["error"]["type"] == "server_error"
