"""The walk itself: what it tries, what it holds, what it charges, and the one record that it leaves whatever happens."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import msgspec
import pytest

from taskfit.errors import (
    InvalidRequest,
    ModelNotFound,
    NoCandidate,
    Overloaded,
    RateLimited,
    TooLarge,
    Unreachable,
    Unsupported,
    UpstreamFailure,
    UpstreamRefused,
    WalkFailed,
)
from taskfit.pipeline.outbox import Outbox
from taskfit.pipeline.receivers import EventList
from taskfit.pipeline.stream import Walk
from taskfit.protocols import Call, Scene
from taskfit.values.answer import Answer, Delta, Event
from taskfit.values.embedding import Embeddings
from taskfit.values.plan import Ranked, Ranking
from taskfit.values.profile import Profile
from taskfit.values.request import Request, Terms
from taskfit.values.task import Bounds, Task
from taskfit.values.verdict import Verdict
from tests.unit.pipeline.walking import USAGE, Judge, Plugin, Stage, raises, says

STREAMS = [False, True]


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if not isinstance(event, Embeddings))


def likes(*good: str) -> Judge:
    """A check that accepts these texts and rejects all others."""

    def judge(answer: Answer) -> Verdict:
        is_good = answer.text in good
        return Verdict(check="taste", judgement="accept" if is_good else "reject", score=1.0 if is_good else 0.1, cost=3)

    return Judge("taste", judge)


@pytest.mark.parametrize("stream", STREAMS)
def test_the_first_model_answers(stream: bool) -> None:
    stage = Stage({"a": says("42"), "b": says("43")})
    events, record = stage.run(stream=stream)
    assert text_of(events) == "42"
    assert [call.model for call in stage.provider.calls] == ["a"]
    assert (record.outcome, record.status, record.model) == ("answered", 200, "up/a")
    assert record.cost == 10 + 5 * 2
    assert record.key_id == "key-1"
    assert record.is_stream is stream


@pytest.mark.parametrize("stream", STREAMS)
def test_the_next_model_answers_and_both_are_charged(stream: bool) -> None:
    stage = Stage({"a": raises(UpstreamFailure("500")), "b": says("43")})
    events, record = stage.run(stream=stream)
    assert text_of(events) == "43"
    assert [attempt.state for attempt in record.attempts] == ["failed", "answered"]
    first, second = (attempt.cost or 0 for attempt in record.attempts)
    assert first > 0
    assert record.cost == first + second


def test_a_call_that_did_no_work_costs_nothing() -> None:
    for error in (Unreachable("refused"), RateLimited("429"), UpstreamRefused("400"), Unsupported("no")):
        stage = Stage({"a": raises(error), "b": says("43")})
        try:
            stage.run()
        except WalkFailed:
            pass
        assert stage.last.attempts[0].cost == 0
        assert stage.last.attempts[0].usage is None


@pytest.mark.parametrize("stream", STREAMS)
def test_a_check_holds_the_answer_and_its_cost_is_charged(stream: bool) -> None:
    stage = Stage({"a": says("bad"), "b": says("good")}, checks=[likes("good")])
    events, record = stage.run(stream=stream)
    assert text_of(events) == "good"
    assert record.confidence == 1.0
    assert record.cost == 2 * (20 + 3)
    assert not record.is_below_bar


def test_the_best_answer_is_given_when_none_is_good() -> None:
    def judge(answer: Answer) -> Verdict:
        return Verdict(check="taste", judgement="unsure", score=0.3 if answer.text == "better" else 0.1)

    stage = Stage({"a": says("bad"), "b": says("better"), "c": says("worse")}, checks=[Judge("taste", judge)])
    events, record = stage.run()
    assert text_of(events) == "better"
    assert (record.is_below_bar, record.model, record.confidence) == (True, "up/b", 0.3)


def test_a_broken_check_judges_nothing_and_breaks_nothing() -> None:
    def judge(answer: Answer) -> Verdict:
        raise RuntimeError("no idea")

    events, record = Stage({"a": says("42")}, checks=[Judge("broken", judge)]).run()
    assert text_of(events) == "42"
    verdict = record.attempts[0].verdicts[0]
    assert (verdict.judgement, verdict.score, record.is_below_bar) == ("unsure", 0.4, True)
    assert "RuntimeError: no idea" in verdict.reason


def test_a_broken_provider_is_one_failed_attempt() -> None:
    stage = Stage({"a": raises(RuntimeError("a bug")), "b": says("43")})
    events, record = stage.run()
    assert text_of(events) == "43"
    assert record.attempts[0].error == "invalid_answer"
    assert "RuntimeError: a bug" in (record.attempts[0].reason or "")


def test_a_stream_that_breaks_after_its_beginning_is_cut_and_not_repeated() -> None:
    stage = Stage({"a": raises(UpstreamFailure("500"), after="It is"), "b": says("43")})
    with pytest.raises(WalkFailed) as failed:
        stage.run(stream=True)
    assert failed.value.reason == "cut_answer"
    assert [attempt.state for attempt in stage.last.attempts] == ["cut"]
    assert (stage.last.attempts[0].cost or 0) > 0


def test_a_stream_that_is_held_falls_over_after_its_beginning() -> None:
    stage = Stage({"a": raises(UpstreamFailure("500"), after="It is"), "b": says("good")}, checks=[likes("good")])
    events, record = stage.run(stream=True)
    assert text_of(events) == "good"
    assert [attempt.state for attempt in record.attempts] == ["failed", "answered"]


def test_an_answer_without_usage_is_charged_by_an_estimate_that_says_so() -> None:
    _, record = Stage({"a": says("x" * 40, usage=None)}).run()
    usage = record.attempts[0].usage
    assert usage is not None
    assert usage.is_estimate
    assert usage.output_tokens == 10


@pytest.mark.parametrize(("more", "wanted"), [
    ({"model": "nobody"}, ModelNotFound), ({"model": "task:nobody"}, ModelNotFound),
    ({"terms": Terms(task="nobody")}, ModelNotFound),
    ({"terms": Terms(max_cost=0)}, NoCandidate),
])  # fmt: skip
def test_a_request_that_no_model_may_see_leaves_its_record(more: dict[str, Any], wanted: type[Exception]) -> None:
    stage = Stage({"a": says("42")})
    with pytest.raises(wanted):
        stage.run(**more)
    assert stage.provider.calls == []
    assert (stage.last.outcome, stage.last.attempts, stage.last.cost) == ("refused", (), 0)


def test_an_input_over_the_bounds_leaves_its_record() -> None:
    stage = Stage({"a": says("42")}, bounds=Bounds(max_chars=3))
    with pytest.raises(TooLarge):
        stage.run()
    assert stage.last.status == 413


def test_a_request_error_of_an_adapter_is_the_caller_s_own() -> None:
    stage = Stage({"a": raises(InvalidRequest("messages[0]: no", param="messages[0]")), "b": says("43")})
    with pytest.raises(InvalidRequest) as refused:
        stage.run()
    assert refused.value.param == "messages[0]"
    assert (stage.last.outcome, stage.last.status) == ("refused", 400)


def test_what_one_dialect_cannot_carry_another_model_may() -> None:
    events, record = Stage({"a": raises(Unsupported("logit_bias")), "b": says("43")}).run()
    assert text_of(events) == "43"
    assert record.attempts[0].error == "unsupported"


@pytest.mark.parametrize("stream", STREAMS)
def test_a_cancelled_walk_leaves_a_record_with_its_running_attempt_priced(stream: bool) -> None:
    async def run() -> Walk:
        begun = asyncio.Event()

        async def hangs(call: Call) -> AsyncGenerator[Event, None]:
            if call.request.is_stream:
                yield Delta(dialect="openai-chat", text="x" * 40)
            begun.set()
            await asyncio.Event().wait()

        stage = Stage({"a": hangs})
        walk = stage.walk(stream=stream)

        async def consume() -> None:
            with walk:
                await walk.run(EventList())

        task = asyncio.create_task(consume())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stage.last == walk.record
        return walk

    record = asyncio.run(run()).record
    assert record is not None
    assert (record.outcome, record.status) == ("cancelled", 499)
    assert record.attempts[0].state == "cancelled"
    assert record.attempts[0].usage is not None
    assert record.attempts[0].usage.output_tokens == (10 if stream else 0)
    assert (record.cost or 0) > 0


def test_leaving_a_stream_early_closes_the_call() -> None:
    closed = []

    async def endless(call: Call) -> AsyncGenerator[Event, None]:
        try:
            while True:
                yield Delta(dialect="openai-chat", text="x")
                await asyncio.sleep(0)
        finally:
            closed.append(call.model)

    async def run() -> Stage:
        stage = Stage({"a": endless})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                with stage.walk(stream=True) as walk:
                    await walk.run(EventList())
        return stage

    assert asyncio.run(run()).last.outcome == "cancelled"
    assert closed == ["a"]


class Broken(EventList):
    """A receiver with a fault of its own."""

    def take(self, event: Event) -> None:
        raise ZeroDivisionError("mine")


@pytest.mark.parametrize("stream", [False, True])
def test_a_receiver_s_own_failure_is_not_taken_for_the_upstream_s(stream: bool) -> None:
    async def run(stage: Stage) -> None:
        with stage.walk(stream=stream) as walk:
            await walk.run(Broken())

    stage = Stage({"a": says("42"), "b": says("43")})
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run(stage))
    assert (stage.last.outcome, stage.last.status, stage.last.error) == ("failed", 500, "internal_error")


def test_without_a_place_in_the_outbox_nothing_begins() -> None:
    stage = Stage({"a": says("42")})
    stage.outbox = Outbox(stage.store, capacity=0)
    with pytest.raises(Overloaded) as refused:
        stage.run()
    assert refused.value.retry == "later"
    assert refused.value.retry_after_s
    assert stage.provider.calls == []
    assert stage.outbox.depth == 0


def test_time_that_has_passed_counts_against_the_deadline() -> None:
    async def run(stage: Stage) -> None:
        walk = stage.walk(terms=Terms(deadline_s=2.0))
        stage.clock.advance(3)
        with walk:
            await walk.run(EventList())

    stage = Stage({"a": says("42")})
    with pytest.raises(WalkFailed) as failed:
        asyncio.run(run(stage))
    assert failed.value.reason == "deadline_exceeded"
    assert (stage.last.outcome, stage.last.status, stage.last.latency_ms) == ("timed_out", 504, 3000.0)
    assert stage.provider.calls == []


def test_a_call_is_given_what_is_left_of_the_deadline() -> None:
    stage = Stage({"a": raises(UpstreamFailure("500")), "b": says("43")})
    walk = stage.walk()
    stage.clock.advance(4)

    async def run() -> None:
        with walk:
            await walk.run(EventList())

    asyncio.run(run())
    assert [(call.first_byte_s, call.total_s) for call in stage.provider.calls] == [(3.0, 6.0), (6.0, 6.0)]


def test_a_rung_that_cannot_carry_the_request_is_no_call() -> None:
    stage = Stage({"a": raises(Unsupported("n: one answer only", param="n")), "b": says("43")}, max_attempts=1)
    walks: list[Walk] = []

    async def run() -> None:
        with stage.walk() as walk:
            walks.append(walk)
            await walk.run(EventList())

    asyncio.run(run())
    assert (stage.last.outcome, stage.last.model) == ("answered", "up/b")
    assert walks[0].attempt_count == 1


class Ordering(Plugin):
    """A router with an order of its own."""

    def __init__(self, *models: str) -> None:
        super().__init__("ranking")
        self._models = models

    def rank(self, request: Request, profile: Profile, task: Task, scene: Scene) -> Ranking | None:
        return Ranking(rungs=tuple(Ranked(model=model) for model in self._models))


def test_a_router_s_order_holds_and_what_it_left_out_is_said() -> None:
    _, record = Stage({"a": says("42"), "b": says("43")}, router=Ordering("up/b")).run()
    assert record.model == "up/b"
    assert record.plan is not None
    assert [(each.model, each.reason) for each in record.plan.dropped] == [("up/a", "the router left it out")]


def test_the_record_tells_what_the_baseline_would_have_cost() -> None:
    _, record = Stage({"a": says("42"), "b": says("43")}).run()
    assert (record.baseline, record.baseline_cost) == ("up/b", 20)
    assert record.attempts[0].usage == USAGE


def test_a_record_can_be_written_and_read() -> None:
    _, record = Stage({"a": raises(UpstreamFailure("500")), "b": says("good")}, checks=[likes("good")]).run()
    assert msgspec.json.decode(msgspec.json.encode(record), type=type(record)) == record
