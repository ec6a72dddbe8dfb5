"""Every answer, stream and error carries the headers of the public interface."""

import re

import pytest

from taskfit.testing import Fault
from tests.walk.house import House, ask

OURS = ("record", "task", "model", "attempts", "confidence", "cost-usd", "overhead-ms")


def test_a_plain_answer_tells_its_whole_walk_in_headers(house: House) -> None:
    reply = house.ask("6 x 7?", model="auto")
    record = house.last_record()
    assert reply.status == 200
    assert reply.text == "I am mini."
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-taskfit-record"] == record.id
    assert reply.headers["x-taskfit-task"] == "default"
    assert reply.headers["x-taskfit-model"] == "up/mini"
    assert reply.headers["x-taskfit-attempts"] == "1"
    assert reply.headers["x-taskfit-confidence"] == "unknown"
    assert reply.headers["x-taskfit-cost-usd"] == reply.headers["x-litellm-response-cost"] == f"{(record.cost or 0) / 1e6:.6f}"
    assert record.cost == 2 + 3 * 2
    assert 0 <= float(reply.headers["x-taskfit-overhead-ms"]) < 1000
    assert reply.headers["x-request-id"] == record.request_id


def test_a_stream_tells_its_walk_in_headers_and_its_cost_at_the_end(house: House) -> None:
    reply = house.ask("6 x 7?", model="task:default", stream=True)
    record = house.last_record()
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.headers["x-taskfit-record"] == record.id
    assert reply.headers["x-taskfit-model"] == "up/mini"
    assert reply.headers["x-taskfit-attempts"] == "1"
    assert reply.headers["x-taskfit-cost-usd"] == "pending"
    assert "x-litellm-response-cost" not in reply.headers
    assert reply.comments == [f"x-taskfit-cost-usd={(record.cost or 0) / 1e6:.6f}"]
    assert record.cost == 8
    assert reply.body.rstrip().endswith(b"data: [DONE]")


def test_an_unknown_price_is_said_and_not_zero(house: House) -> None:
    house.upstream.script({"unpriced": "So be it."})
    reply = house.ask(model="unpriced")
    assert reply.headers["x-taskfit-cost-usd"] == "unknown"
    assert "x-litellm-response-cost" not in reply.headers
    assert house.last_record().cost is None


def test_the_confidence_of_a_checked_answer_stands_in_its_header(house: House) -> None:
    reply = house.ask(model="task:checked")
    confidence = house.last_record().confidence
    assert confidence is not None
    assert reply.headers["x-taskfit-confidence"] == f"{confidence:.4f}"


def test_a_failed_walk_carries_the_same_headers(house: House) -> None:
    house.upstream.script({"mini": Fault.status(500), "general": Fault.status(500)})
    reply = house.ask(model="auto")
    assert reply.status == 502
    assert reply.headers["x-taskfit-record"] == house.last_record().id
    assert reply.headers["x-taskfit-task"] == "default"
    assert reply.headers["x-taskfit-attempts"] == "2"
    assert reply.headers["x-taskfit-model"] == "up/general"
    assert reply.headers["x-should-retry"] == "false"
    assert {f"x-taskfit-{name}" for name in OURS} <= set(reply.headers)


@pytest.mark.parametrize("body", [b"{", b'{"model": "nobody", "messages": [{"role": "user", "content": "hi"}]}'])
def test_a_refused_request_names_its_record_and_is_not_to_be_sent_again(house: House, body: bytes) -> None:
    reply = house.post(body)
    assert reply.status in {400, 404}
    assert reply.headers["x-taskfit-record"] == house.last_record().id
    assert reply.headers["x-should-retry"] == "false"
    assert reply.headers["x-request-id"] == house.last_record().request_id


@pytest.mark.parametrize("stream", [False, True])
def test_a_sane_request_id_is_taken_over(house: House, stream: bool) -> None:
    reply = house.ask(stream=stream, headers={"x-request-id": "abc-123_DEF:4"})
    assert reply.headers["x-request-id"] == "abc-123_DEF:4"
    assert house.last_record().request_id == "abc-123_DEF:4"


@pytest.mark.parametrize("insane", ["", "x" * 129, "two words", "na\xefve", "tab\tbed"])
def test_an_insane_request_id_is_replaced(house: House, insane: str) -> None:
    reply = house.ask(headers={"x-request-id": insane})
    assert re.fullmatch("req-[0-9a-f]{24}", reply.headers["x-request-id"])


def test_errors_carry_the_request_id_too(house: House) -> None:
    assert house.get("/nowhere", {"x-request-id": "mine"}).headers["x-request-id"] == "mine"
    assert house.post(b"{", {"x-request-id": "mine"}).headers["x-request-id"] == "mine"
    assert house.request("GET", "/v1/models", headers={"x-request-id": "mine"}, key=None).headers["x-request-id"] == "mine"


def test_the_terms_in_the_headers_reach_the_walk(house: House) -> None:
    reply = house.ask(model="auto", headers={"x-taskfit-task": "three", "x-taskfit-surface": "shop", "x-taskfit-session": "s-1"})
    record = house.last_record()
    assert reply.headers["x-taskfit-task"] == record.task == "three"
    assert (record.surface, record.session) == ("shop", "s-1")


def test_a_surface_finds_its_task(house: House) -> None:
    assert house.ask(model="auto", headers={"x-taskfit-surface": "desk"}).headers["x-taskfit-task"] == "desk"
    assert house.asked() == ["general"]


@pytest.mark.parametrize(
    ("headers", "task"),
    [
        ({"X-Tenant": "acme", "x-taskfit-plan": "gold"}, "tenant"),
        ({"X-Tenant": "acme"}, "default"),
        ({"x-taskfit-plan": "gold"}, "default"),
        ({"X-Stage": "test"}, "tested"),
        ({"x-stage": "live"}, "default"),
    ],
)
def test_headers_that_a_match_names_find_its_task(house: House, headers: dict[str, str], task: str) -> None:
    assert house.ask(model="auto", headers=headers).headers["x-taskfit-task"] == task
    record = house.last_record()
    assert record.plan is not None
    why = 'tested was passed over, its condition is undecided: request.headers["x-stage"] is missing'
    assert (why in record.plan.chosen_by) == (task == "default" and headers != {"x-stage": "live"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-taskfit-deadline-ms", "0"),
        ("x-taskfit-deadline-ms", "-5"),
        ("x-taskfit-deadline-ms", "soon"),
        ("x-taskfit-deadline-ms", "99999999999"),
        ("x-taskfit-max-cost-usd", "NaN"),
        ("x-taskfit-max-cost-usd", "sNaN"),
        ("x-taskfit-max-cost-usd", "-1"),
        ("x-taskfit-max-cost-usd", "1e999999999"),
        ("x-taskfit-max-cost-usd", "free"),
        ("x-taskfit-session", "x" * 129),
        ("x-taskfit-surface", "caf\xe9"),
        ("x-taskfit-store", "full"),
        ("x-taskfit-cache", "yes"),
    ],
)
def test_a_header_that_cannot_be_obeyed_is_refused_by_name(house: House, name: str, value: str) -> None:
    reply = house.ask(headers={name: value})
    assert reply.status == 400
    assert reply.error["param"] == name
    assert house.last_record().outcome == "refused"
    assert house.asked() == []


def test_an_unknown_task_in_the_header_is_not_found(house: House) -> None:
    reply = house.ask(model="auto", headers={"x-taskfit-task": "thre"})
    assert reply.status == 404
    assert "nearest: three" in reply.error["message"]


def test_a_cap_on_the_cost_drops_what_could_exceed_it(house: House) -> None:
    reply = house.post(ask(model="task:three", max_tokens=1000), {"x-taskfit-max-cost-usd": "0.00001"})
    assert reply.status == 400
    assert reply.error["code"] == "no_candidate"
    assert house.asked() == []
