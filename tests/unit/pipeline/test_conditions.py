"""Breakers, cooldowns and latencies of models, as calls come and go."""

import pytest

from taskfit.errors import RateLimited, TaskfitError, Unreachable, UpstreamFailure, UpstreamRefused
from taskfit.pipeline.attempt import LiveAttempt
from taskfit.pipeline.collect import Collector
from taskfit.pipeline.conditions import FEWEST_FAILURES, FEWEST_LATENCIES, FORGET_S, PAUSE_S, Conditions
from taskfit.testing import Clock
from taskfit.values.attempt import State
from taskfit.values.card import ModelCard


class Lately:
    """The conditions of some models, by a clock that a test sets."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.conditions = Conditions(self.clock.monotonic)

    def call(
        self, model: str = "up/a", error: TaskfitError | None = None, *, state: State | None = None, took_ms: float = 100
    ) -> None:
        provider, _, name = model.partition("/")
        self.conditions.begin(model, provider)
        live = LiveAttempt(
            ModelCard(id=model, provider=provider, name=name), 0, 0.0, Collector(), None, self.clock.monotonic, 0.0
        )
        live.first_token_ms, live.duration_ms = took_ms / 2, took_ms
        live.error, live.state = error, state or ("answered" if error is None else "failed")
        self.conditions.note(live)

    def fail(self, times: int = FEWEST_FAILURES, model: str = "up/a", error: type[TaskfitError] = UpstreamFailure) -> None:
        for _ in range(times):
            self.call(model, error("it broke"))

    def ready_in_s(self, model: str = "up/a") -> float:
        condition = self.conditions.current().get(model)
        return 0.0 if condition is None else condition.ready_in_s


@pytest.fixture
def lately() -> Lately:
    return Lately()


def test_nothing_is_known_of_a_model_that_was_never_called(lately: Lately) -> None:
    assert lately.conditions.current() == {}


def test_a_breaker_opens_when_half_of_the_last_calls_failed(lately: Lately) -> None:
    lately.fail(FEWEST_FAILURES - 1)
    assert lately.ready_in_s() == 0
    lately.fail(1)
    assert lately.ready_in_s() == PAUSE_S
    assert "its breaker is open: 5 of the last 5 calls failed" in lately.conditions.current()["up/a"].reason


def test_a_model_that_mostly_answers_stays_closed(lately: Lately) -> None:
    for _ in range(30):
        lately.call()
    lately.fail(9)
    assert lately.ready_in_s() == 0
    lately.fail(1)
    assert lately.ready_in_s() > 0


def test_after_the_pause_one_probe_is_let_through_and_its_success_closes_the_breaker(lately: Lately) -> None:
    lately.fail()
    lately.clock.advance(PAUSE_S)
    assert lately.ready_in_s() == 0
    lately.conditions.begin("up/a", "up")
    assert lately.ready_in_s() > 0
    lately.call()
    assert lately.ready_in_s() == 0
    assert not lately.conditions.current().get("up/a", None) or not lately.conditions.current()["up/a"].is_open


def test_a_failed_probe_doubles_the_pause(lately: Lately) -> None:
    lately.fail()
    lately.clock.advance(PAUSE_S)
    lately.fail(1)
    assert lately.ready_in_s() == 2 * PAUSE_S


def test_a_rate_limit_leaves_a_model_alone_for_as_long_as_it_asks(lately: Lately) -> None:
    lately.call(error=RateLimited("slow down", retry_after_s=7))
    assert lately.ready_in_s() == 7
    assert not lately.conditions.current()["up/a"].is_open
    lately.clock.advance(7.5)
    assert lately.ready_in_s() == 0


def test_an_absurd_retry_after_is_bounded(lately: Lately) -> None:
    lately.call(error=RateLimited("go away", retry_after_s=10**9))
    assert lately.ready_in_s() == 3600


def test_a_provider_that_cannot_be_reached_is_left_alone_with_all_its_models(lately: Lately) -> None:
    lately.call("up/b")
    lately.call("other/a")
    for _ in range(FEWEST_FAILURES):
        lately.call("up/a", Unreachable("no route"))
    assert lately.ready_in_s("up/b") == PAUSE_S
    assert "its provider's breaker" in lately.conditions.current()["up/b"].reason
    assert lately.ready_in_s("other/a") == 0


def test_a_refused_request_and_one_that_was_called_off_say_nothing_of_the_server(lately: Lately) -> None:
    for _ in range(20):
        lately.call(error=UpstreamRefused("bad request"))
        lately.call(state="cancelled")
    assert lately.ready_in_s() == 0


def test_percentiles_are_known_after_twenty_calls(lately: Lately) -> None:
    for number in range(FEWEST_LATENCIES):
        assert lately.conditions.current().get("up/a") is None or lately.conditions.current()["up/a"].latency_p95_s is None
        lately.call(took_ms=100 * (number + 1))
    condition = lately.conditions.current()["up/a"]
    assert condition.latency_p50_s == pytest.approx(1.1)
    assert condition.latency_p95_s == pytest.approx(2.0)
    assert condition.first_token_p95_s == pytest.approx(1.0)


def test_a_model_that_nobody_calls_for_five_minutes_is_no_longer_known_to_be_slow(lately: Lately) -> None:
    for _ in range(100):
        lately.call(took_ms=5000)
    assert lately.conditions.current()["up/a"].latency_p95_s == 5.0
    lately.clock.advance(FORGET_S + 1)
    forgotten = lately.conditions.current()["up/a"]
    assert (forgotten.latency_p50_s, forgotten.latency_p95_s, forgotten.first_token_p95_s) == (None, None, 2.5)
    for _ in range(FEWEST_LATENCIES):
        lately.call(took_ms=100)
    assert lately.conditions.current()["up/a"].latency_p95_s == pytest.approx(0.1), "by the new answers alone"


def test_failures_are_forgotten_when_a_model_was_not_called_for_five_minutes(lately: Lately) -> None:
    for _ in range(10):
        lately.call()
    lately.fail(4)
    assert lately.conditions.current()["up/a"].error_share == pytest.approx(4 / 14)
    lately.clock.advance(FORGET_S + 1)
    assert lately.conditions.current()["up/a"].error_share == 0
    lately.fail(1)
    assert lately.conditions.current()["up/a"].error_share == 1, "by the new call alone"
    assert lately.ready_in_s() == 0, "and one failure opens no breaker"


def test_failures_of_a_provider_are_forgotten_whatever_its_next_call_comes_to(lately: Lately) -> None:
    lately.fail(4, error=Unreachable)
    lately.clock.advance(FORGET_S + 1)
    lately.call()
    lately.fail(1, model="up/b", error=Unreachable)
    assert lately.ready_in_s("up/") == 0, "one failure opens no breaker"


def test_an_open_breaker_outlasts_any_silence_and_waits_for_its_probe(lately: Lately) -> None:
    lately.fail()
    lately.clock.advance(10 * FORGET_S)
    assert lately.conditions.current()["up/a"].is_open
    lately.fail(1)
    assert lately.ready_in_s() == 2 * PAUSE_S
