"""What a task does by default when nothing else is left: a failing model is called once more, a rate limit is waited for."""

from collections.abc import Callable, Iterator

import pytest

from taskfit.pipeline.escalate import BACKOFF_S
from taskfit.testing import Fault, SeenRequest, UpstreamThread
from taskfit.values.attempt import Attempt
from tests.walk.house import CONFIGURATION, House, Served, fresh, serving

DEFAULTS = "defaults: {{retries: 0, max_wait: 0s}}\n"
TASKS = """
  alone: {{ladder: [mini], deadline: 20s}}
  brisk: {{ladder: [mini], deadline: 20s, max_wait: 100ms}}
"""
NAMED_S = 0.2


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamThread) -> Iterator[Served]:
    assert DEFAULTS in CONFIGURATION
    with serving(tmp_path_factory.mktemp("patience"), upstream, CONFIGURATION.replace(DEFAULTS, "") + TASKS) as served:
        yield served


@pytest.fixture
def house(served: Served) -> House:
    return fresh(served)


def failing(times: int, fault: Fault) -> Callable[[SeenRequest], str | Fault]:
    """A model that fails so often, and then answers."""
    asked: list[SeenRequest] = []

    def entry(seen: SeenRequest) -> str | Fault:
        asked.append(seen)
        return fault if len(asked) <= times else "Here I am."

    return entry


def rate_limited(named: str | None) -> Fault:
    return Fault.status(429, retry_after=named)


def paused_s(attempts: tuple[Attempt, ...]) -> float:
    """From the end of the last attempt but one to the beginning of the last."""
    before, last = attempts[-2:]
    return (last.started_ms - before.started_ms - (before.duration_ms or 0.0)) / 1e3


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_model_that_fails_is_called_once_more_where_there_is_no_other(house: House, stream: bool) -> None:
    house.upstream.script({"mini": failing(1, Fault.status(503))})
    reply = house.ask(model="task:alone", stream=stream)
    record = house.last_record()
    assert (reply.streamed_text if stream else reply.text) == "Here I am."
    assert [attempt.error for attempt in record.attempts] == ["upstream_overloaded", None]
    assert paused_s(record.attempts) == pytest.approx(BACKOFF_S, abs=0.1)
    assert reply.headers["x-taskfit-attempts"] == "2"


def test_it_is_not_called_a_third_time(house: House) -> None:
    house.upstream.script({"mini": failing(2, Fault.status(503))})
    assert house.ask(model="task:alone").status == 503
    assert house.asked() == ["mini", "mini"]


def test_another_model_comes_before_the_same_one_again(house: House) -> None:
    house.upstream.script({"mini": failing(1, Fault.status(503)), "general": Fault.status(500)})
    assert house.ask(model="task:default").text == "Here I am."
    assert house.asked() == ["mini", "general", "mini"]


def test_a_request_that_was_refused_is_not_sent_again(house: House) -> None:
    house.upstream.script({"mini": failing(1, Fault.status(400))})
    assert house.ask(model="task:alone").status == 400
    assert house.asked() == ["mini"]


def test_a_rate_limit_that_names_a_time_is_waited_for(house: House) -> None:
    house.upstream.script({"mini": failing(1, rate_limited(str(NAMED_S)))})
    assert house.ask(model="task:alone").text == "Here I am."
    attempts = house.last_record().attempts
    assert [attempt.error for attempt in attempts] == ["upstream_rate_limited", None]
    assert NAMED_S - 0.01 <= paused_s(attempts) < NAMED_S + 0.2


def test_the_next_request_waits_for_it_too_instead_of_asking_in_vain(house: House) -> None:
    house.upstream.script({"mini": failing(1, rate_limited(str(NAMED_S)))})
    assert house.ask(model="task:brisk").status == 429
    assert house.ask(model="task:alone").text == "Here I am."
    latest = house.records()[0]
    assert [attempt.error for attempt in latest.attempts] == [None]
    assert latest.attempts[0].started_ms > 20


@pytest.mark.parametrize(("task", "named"), [("brisk", "0.2"), ("alone", "11")], ids=["of the task", "by default"])
def test_a_rate_limit_that_names_more_than_the_task_waits_is_told_at_once(house: House, task: str, named: str) -> None:
    house.upstream.script({"mini": failing(1, rate_limited(named))})
    reply = house.ask(model=f"task:{task}")
    assert reply.status == 429
    assert house.asked() == ["mini"]
    assert house.last_record().latency_ms < 2000


def test_a_rate_limit_is_not_waited_for_where_another_model_can_answer(house: House) -> None:
    house.upstream.script({"mini": rate_limited("5")})
    reply = house.ask(model="task:default")
    assert reply.text == "I am general."
    assert house.last_record().latency_ms < 2000


def test_no_wait_goes_beyond_the_deadline(house: House) -> None:
    house.upstream.script({"mini": rate_limited("5")})
    assert house.ask(model="task:alone", headers={"x-taskfit-deadline-ms": "400"}).status == 429
    assert house.last_record().latency_ms < 2000
