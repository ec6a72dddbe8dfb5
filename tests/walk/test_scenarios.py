"""Each kind of failure, in each delivery, plain and streamed: what the caller gets, and what the record says of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from taskfit.testing import Fault, Reply, UpstreamThread
from taskfit.testing.script import Script
from tests.walk.house import CONFIGURATION, House, Served, fresh, serving

GOOD = "The answer is 42, which anybody can work out who adds six sevens up, one after the other, until there is none left."
REFUSAL = "I'm sorry, but I can't help with that. Let us speak of something else, which is what I always say for a long while."
WRONG = "The answer is forty-one, which anybody can work out who adds six sevens up, one after the other, but for one of them."
TASKS = """
  checked: {{ladder: [mini, general], deadline: 20s, first_byte: 300ms, checks: *checks, deliver: checked}}
  early: {{ladder: [mini, general], deadline: 20s, first_byte: 300ms, checks: *checks, deliver: early, early_chars: 60}}
  provisional: {{ladder: [mini, general], deadline: 20s, first_byte: 300ms, checks: *checks, deliver: provisional}}
"""
BASE = CONFIGURATION.partition("  hurried:")[0]
CHECKS = "[truncated, refusal, {{pattern: {{must: '42'}}}}]"
DELIVERIES = ("checked", "early", "provisional")


@dataclass(frozen=True)
class Kind:
    """One way to fail. `plain` and `streamed` are what the first model does; `error` the kind of a failure that nobody sees."""

    plain: Script
    streamed: Script | None = None
    error: str | None = None


TROUBLE = {
    "overloaded": Kind(Fault.status(503), error="upstream_overloaded"),
    "rate limited": Kind(Fault.status(429, retry_after="7"), error="upstream_rate_limited"),
    "failed": Kind(Fault.status(500), error="upstream_failure"),
    "reset": Kind(Fault.reset(), error="upstream_unreachable"),
    "silent": Kind(Fault.hang(), error="upstream_timeout"),
    "context window": Kind(Fault.context_exceeded(), error="context_exceeded"),
    "content policy": Kind(
        Fault.status(400, {"error": {"message": "filtered", "type": "invalid_request_error", "code": "content_filter"}}),
        error="content_refused",
    ),
    "not an answer": Kind(Fault.html(), error="invalid_answer"),
    "cut at once": Kind(Fault.cut(GOOD), Fault.cut_stream(0, GOOD), error="cut_answer"),
}
"""Failures before anything of an answer has come."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, upstream: UpstreamThread) -> Iterator[Served]:
    text = BASE + TASKS.replace("*checks", CHECKS)
    with serving(tmp_path_factory.mktemp("scenarios"), upstream, text) as served:
        yield served


@pytest.fixture
def scene(served: Served) -> House:
    house = fresh(served)
    house.upstream.script({"general": GOOD})
    return house


def script_of(kind: Kind, *, stream: bool) -> Script:
    return kind.streamed if stream and kind.streamed is not None else kind.plain


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("deliver", DELIVERIES)
@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_before_the_answer_is_never_seen(scene: House, name: str, deliver: str, stream: bool) -> None:
    kind = TROUBLE[name]
    scene.upstream.script({"mini": script_of(kind, stream=stream)})
    reply = scene.ask(model=f"task:{deliver}", stream=stream)
    record = scene.last_record()
    assert reply.status == 200
    assert (reply.streamed_text if stream else reply.text) == GOOD
    first, second = record.attempts
    assert (first.model, first.state, first.error) == ("up/mini", "failed", kind.error)
    assert (second.model, second.state) == ("up/general", "answered")
    assert (record.outcome, record.model, record.is_below_bar) == ("answered", "up/general", False)
    assert [verdict.judgement for verdict in second.verdicts] == ["accept", "accept", "accept"]
    assert record.cost == sum((attempt.cost or 0) for attempt in record.attempts)


BAD_ANSWERS: dict[str, tuple[str | Reply, str]] = {
    "refusal": (REFUSAL, "refusal"),
    "invalid output": (WRONG, "pattern"),
    "truncated": (Reply(f"Well: {GOOD}", finish="length"), "truncated"),
}
STOPPED = {"refusal"}
"""What can be told from the beginning of an answer."""


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("deliver", DELIVERIES)
@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_answer_is_held_back_wherever_it_can_be(scene: House, name: str, deliver: str, stream: bool) -> None:
    said, check = BAD_ANSWERS[name]
    scene.upstream.script({"mini": said})
    reply = scene.ask(model=f"task:{deliver}", stream=stream)
    record = scene.last_record()
    text = said if isinstance(said, str) else said.text
    rejecting = record.attempts[0].verdicts[-1]
    assert (rejecting.check, rejecting.judgement) == (check, "reject")
    assert rejecting.reason
    if not stream or deliver == "checked" or (deliver == "early" and name in STOPPED):
        assert (reply.streamed_text if stream else reply.text) == GOOD
        state = "stopped" if stream and deliver == "early" else "answered"
        assert [attempt.state for attempt in record.attempts] == [state, "answered"]
        assert (record.model, record.is_below_bar) == ("up/general", False)
        assert text not in reply.body.decode()
    else:
        assert reply.streamed_text == text
        assert [attempt.model for attempt in record.attempts] == ["up/mini"]
        assert record.is_below_bar
        verdict = next(comment for comment in reply.comments if comment.startswith("taskfit.verdict "))
        assert '"accepted":false' in verdict
        assert check in verdict


@pytest.mark.parametrize("deliver", DELIVERIES)
def test_a_stream_that_is_cut_in_its_middle_falls_over_unseen_or_ends_with_an_error(scene: House, deliver: str) -> None:
    scene.upstream.script({"mini": Fault.cut_stream(20, GOOD)})
    reply = scene.ask(model=f"task:{deliver}", stream=True)
    record = scene.last_record()
    if deliver == "checked":
        assert reply.streamed_text == GOOD
        assert [attempt.state for attempt in record.attempts] == ["failed", "answered"]
        return
    assert GOOD.startswith(reply.streamed_text)
    assert "[DONE]" not in reply.events
    assert reply.payloads[-1]["error"]["code"] == "cut_answer"
    assert (record.outcome, record.error, record.attempts[-1].state) == ("failed", "cut_answer", "cut")


def test_before_its_commit_an_early_stream_that_is_cut_falls_over_unseen(scene: House) -> None:
    scene.upstream.script({"mini": Fault.cut_stream(4, GOOD)})
    reply = scene.ask(model="task:early", stream=True)
    assert reply.streamed_text == GOOD
    assert [attempt.state for attempt in scene.last_record().attempts] == ["failed", "answered"]


@pytest.mark.parametrize("deliver", DELIVERIES)
def test_a_good_stream_passes_every_delivery_and_costs_one_call(scene: House, deliver: str) -> None:
    scene.upstream.script({"mini": GOOD})
    reply = scene.ask(model=f"task:{deliver}", stream=True)
    record = scene.last_record()
    assert reply.streamed_text == GOOD
    assert reply.events[-1] == "[DONE]"
    assert [attempt.model for attempt in record.attempts] == ["up/mini"]
    assert record.confidence == 1.0
    told = [comment for comment in reply.comments if comment.startswith("taskfit.verdict ")]
    assert len(told) == (deliver != "checked")


def test_trailers_tell_the_verdict_of_what_was_delivered_before_it(scene: House) -> None:
    scene.upstream.script({"mini": WRONG})
    body = b'{"model": "task:provisional", "stream": true, "messages": [{"role": "user", "content": "6 x 7?"}]}'
    raw = scene.raw(scene.head(body, extra="connection: close\r\n")).decode()
    head, _, rest = raw.partition("\r\n\r\n")
    assert "trailer: x-taskfit-confidence, x-taskfit-verdict, x-taskfit-cost-usd" in head
    assert rest.endswith("\r\n\r\n")
    trailers = rest[rest.rindex("\r\n0\r\n") + 5 :]
    assert "x-taskfit-verdict: rejected" in trailers
    assert "x-taskfit-confidence: 0.0000" in trailers


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_when_every_model_fails_the_best_bad_answer_is_given_and_marked(scene: House, stream: bool) -> None:
    scene.upstream.script({"mini": WRONG, "general": Fault.status(500)})
    reply = scene.ask(model="task:checked", stream=stream)
    assert (reply.streamed_text if stream else reply.text) == WRONG
    assert scene.last_record().is_below_bar
