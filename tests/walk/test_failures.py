"""When a model fails, the next rung answers inside one deadline; when all fail, one clear error says what was tried."""

import time

import pytest

from taskfit.testing import Fault, Reply
from tests.walk.house import House

MENDED_ELSEWHERE = {
    "rate limited": (Fault.status(429, retry_after="7"), "upstream_rate_limited"),
    "failed": (Fault.status(500), "upstream_failure"),
    "bad gateway": (Fault.status(502), "upstream_failure"),
    "overloaded": (Fault.status(503), "upstream_overloaded"),
    "overloaded in another word": (Fault.status(529), "upstream_overloaded"),
    "gateway timeout": (Fault.status(504), "upstream_timeout"),
    "key refused": (Fault.status(401), "upstream_unauthorized"),
    "forbidden": (Fault.status(403), "upstream_unauthorized"),
    "model gone": (Fault.status(404), "upstream_model_missing"),
    "context exceeded": (Fault.context_exceeded(), "context_exceeded"),
    "reset": (Fault.reset(), "upstream_unreachable"),
    "html": (Fault.html(), "invalid_answer"),
    "bad json": (Fault.bad_json(), "invalid_answer"),
    "error in a 200": (Fault.error_200(), "upstream_failure"),
    "empty": (Fault.empty(), "invalid_answer"),
    "no choices": (Fault.zero_chunks(), "invalid_answer"),
    "cut": (Fault.cut(), "cut_answer"),
    "too long a length": (Fault.long_length(), "cut_answer"),
    "redirect": (Fault.redirect("http://127.0.0.1:9/"), "upstream_failure"),
    "huge header": (Fault.huge_header(), "invalid_answer"),
    "deep JSON": (Fault.deep_json(), "invalid_answer"),
    "gzip bomb": (Fault.gzip_bomb(), "invalid_answer"),
}
WHOLE_AFTER_ALL = {
    "split inside characters": Fault.split_utf8("I am mini."),
    "gzip unasked": Fault.gzip("I am mini."),
    "no usage": Fault.no_usage("I am mini."),
    "NaN for usage": Fault.nan_usage("I am mini."),
    "absurd usage": Fault.absurd_usage(said="I am mini."),
    "another model": Fault.wrong_model(said="I am mini."),
}


@pytest.mark.parametrize("name", MENDED_ELSEWHERE)
def test_the_next_rung_answers_when_the_first_one_fails(house: House, name: str) -> None:
    fault, kind = MENDED_ELSEWHERE[name]
    house.upstream.script({"mini": fault})
    reply = house.ask(model="auto")
    record = house.last_record()
    assert (reply.status, reply.text) == (200, "I am general.")
    assert reply.headers["x-taskfit-model"] == "up/general"
    assert reply.headers["x-taskfit-attempts"] == "2"
    assert [(attempt.model, attempt.state) for attempt in record.attempts] == [("up/mini", "failed"), ("up/general", "answered")]
    assert record.outcome == "answered"
    assert record.attempts[0].error == kind


SOUND_AT_FIRST = {"bad json", "cut", "deep JSON", "gzip bomb", "too long a length"}
"""As streams, these break after their first events: see test_streams.py."""


@pytest.mark.parametrize("name", [name for name in MENDED_ELSEWHERE if name not in SOUND_AT_FIRST])
def test_a_fault_before_the_first_byte_of_a_stream_is_not_seen(house: House, name: str) -> None:
    fault, _ = MENDED_ELSEWHERE[name]
    house.upstream.script({"mini": fault})
    reply = house.ask(model="auto", stream=True)
    assert (reply.status, reply.streamed_text) == (200, "I am general.")
    assert reply.headers["x-taskfit-model"] == "up/general"
    assert house.last_record().attempts[0].state == "failed"


def test_an_upstream_that_nobody_answers_at_is_passed_over(house: House) -> None:
    assert house.ask(model="task:fallen").text == "I am general."
    attempts = house.last_record().attempts
    assert attempts[0].error == "upstream_unreachable"
    assert attempts[0].cost == 0


def test_a_model_that_does_not_begin_in_time_is_passed_over(house: House) -> None:
    house.upstream.script({"mini": Fault.hang()})
    assert house.ask(model="task:hurried").text == "I am general."
    assert house.last_record().attempts[0].error == "upstream_timeout"
    house.upstream.wait_until(lambda: house.upstream.requests[0].client_left)


@pytest.mark.parametrize("name", WHOLE_AFTER_ALL)
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_is_odd_and_whole_is_delivered(house: House, name: str, stream: bool) -> None:
    house.upstream.script({"mini": WHOLE_AFTER_ALL[name]})
    reply = house.ask(stream=stream)
    assert reply.status == 200
    assert (reply.streamed_text if stream else reply.text) == "I am mini."
    record = house.last_record()
    assert record.outcome == "answered"
    usage = record.attempts[0].usage
    assert usage is not None
    assert 0 < usage.input_tokens < 100
    assert 0 < usage.output_tokens < 100
    assert usage.is_estimate == ("usage" in name)


def test_when_all_fail_one_clear_error_says_what_was_tried(house: House) -> None:
    house.upstream.script({"mini": Fault.status(500), "general": Fault.status(429, retry_after="7"), "expert": Fault.html()})
    reply = house.ask(model="task:three")
    record = house.last_record()
    assert reply.status == 502
    assert reply.error["code"] == "all_failed"
    for model in ("up/mini", "up/general", "up/expert"):
        assert model in reply.error["message"]
    assert reply.headers["x-should-retry"] == "false"
    assert (record.outcome, record.status, record.error) == ("failed", 502, "all_failed")
    assert len(record.attempts) == 3
    assert house.asked() == ["mini", "general", "expert"]


def test_when_all_are_limited_the_wait_is_passed_on_and_a_retry_is_not_asked_for(house: House) -> None:
    house.upstream.script({"mini": Fault.status(429, retry_after="3"), "general": Fault.status(429, retry_after="7")})
    reply = house.ask(model="auto")
    assert reply.status == 429
    assert reply.headers["retry-after"] == "7"
    assert reply.headers["x-should-retry"] == "false"
    assert house.asked() == ["mini", "general"]


def test_a_request_that_the_upstream_refuses_goes_to_no_other_model(house: House) -> None:
    house.upstream.script(
        {"mini": Fault.status(400, {"error": {"message": "temperature is odd", "type": "invalid_request_error"}})}
    )
    reply = house.ask(model="auto")
    assert reply.status == 400
    assert "temperature is odd" in reply.error["message"]
    assert reply.error["code"] == "upstream_refused"
    assert house.asked() == ["mini"]
    assert house.last_record().outcome == "refused"


def test_the_status_of_a_refusal_is_passed_on(house: House) -> None:
    house.upstream.script({"mini": Fault.status(422)})
    assert house.ask(model="auto").status == 422
    assert house.last_record().status == 422


def test_a_key_that_the_upstream_refuses_is_not_the_caller_s_fault(house: House) -> None:
    house.upstream.script({"mini": Fault.status(401)})
    reply = house.ask(model="mini")
    assert reply.status == 502
    assert reply.error["code"] == "upstream_unauthorized"


def test_a_context_that_no_model_can_hold_is_said_in_openai_s_words(house: House) -> None:
    house.upstream.script({"mini": Fault.context_exceeded(), "general": Fault.context_exceeded()})
    reply = house.ask(model="auto")
    assert (reply.status, reply.error["code"]) == (400, "context_length_exceeded")


@pytest.mark.parametrize("stream", [False, True])
def test_the_caller_s_deadline_is_obeyed(house: House, stream: bool) -> None:
    house.upstream.script({"mini": Fault.hang(), "general": Fault.hang()})
    began = time.monotonic()
    reply = house.ask(model="auto", stream=stream, headers={"x-taskfit-deadline-ms": "300"})
    assert time.monotonic() - began < 3
    assert reply.status == 504
    assert reply.headers["x-should-retry"] == "false"
    record = house.last_record()
    assert (record.outcome, record.status) == ("timed_out", 504)
    assert record.latency_ms < 1000


def test_a_stream_that_stalls_ends_at_the_deadline_with_an_error_event(house: House) -> None:
    house.upstream.script({"mini": Reply("I am slow.", chunk_delay_s=0.2)})
    reply = house.ask(stream=True, headers={"x-taskfit-deadline-ms": "300"})
    assert reply.status == 200
    assert "[DONE]" not in reply.events
    assert "error" in reply.payloads[-1]
    assert house.last_record().attempts[0].state == "cut"


def test_a_plain_answer_that_stalls_ends_at_the_deadline(house: House) -> None:
    house.upstream.script({"mini": Fault.slow(5.0)})
    reply = house.ask(headers={"x-taskfit-deadline-ms": "200"})
    assert (reply.status, reply.error["code"]) == (504, "upstream_timeout")


def test_a_checked_answer_that_is_rejected_goes_to_the_next_rung(house: House) -> None:
    house.upstream.script({"mini": "I'm sorry, but I can't help with that."})
    reply = house.ask(model="task:checked")
    assert reply.text == "I am general."
    record = house.last_record()
    assert [attempt.state for attempt in record.attempts] == ["answered", "answered"]
    assert record.attempts[0].verdicts[0].judgement == "reject"
    assert record.model == "up/general"
    assert (record.cost or 0) > (record.attempts[1].cost or 0)


def test_the_best_answer_below_the_bar_is_given_when_nothing_better_is_left(house: House) -> None:
    house.upstream.script({"mini": "I'm sorry, but I can't help with that.", "general": Fault.status(500)})
    reply = house.ask(model="task:checked")
    assert reply.text.startswith("I'm sorry")
    record = house.last_record()
    assert record.is_below_bar
    assert record.model == "up/mini"
    assert reply.headers["x-taskfit-model"] == "up/mini"


def test_an_error_names_no_address_and_no_key_of_an_upstream(house: House) -> None:
    told = f"key sk-live-0123456789abcdef01 at http://10.1.2.3:8000/v1 for {house.upstream.url}"
    house.upstream.script({"mini": Fault.status(400, {"error": {"message": told, "type": "invalid_request_error"}})})
    message = house.ask().error["message"]
    assert "sk-live" not in message
    assert "10.1.2.3" not in message
    assert house.upstream.url not in message
    unreachable = house.ask(model="unreachable")
    assert unreachable.status == 502
    assert "127.0.0.1" not in unreachable.body.decode()
