"""Which contract a request comes under, and what is said about it."""

from dataclasses import replace
from typing import Any

import pytest

from taskfit.errors import Unreachable, UpstreamFailure
from taskfit.pipeline.attempt import LiveAttempt
from taskfit.pipeline.collect import Collector
from taskfit.pipeline.matching import headers_read, tells_read
from taskfit.profilers.rules import RuleProfiler, RuleSettings
from taskfit.values.plan import Plan
from taskfit.values.request import Caller, Terms
from taskfit.values.task import Filter, Match, Rung, Task
from taskfit.wire.openai_chat import read_request
from tests.unit.pipeline.walking import Stage, says

LADDER = (Rung(models=("up/mini",)),)
NIGHT_S = 1_767_232_800.0  # 2026-01-01, a Thursday, 02:00 UTC
GERMAN = "Fasse den folgenden Text bitte in drei Sätzen zusammen: Das Paket ist nicht angekommen."
SECRET = "Why is this key refused: sk-proj-abcdefghijklmnopqrstuvwx"  # made up


def stage_of(*tasks: Task) -> Stage:
    stage = Stage({"mini": says("42"), "big": says("42")})
    by_name = {task.name: task for task in (*tasks, stage.house.tasks["default"])}
    stage.house = replace(
        stage.house,
        tasks=by_name,
        checks=dict.fromkeys(by_name, ()),
        profiler=RuleProfiler("rules", RuleSettings(tells=tells_read(by_name))),  # type: ignore[arg-type]  # words of TELLS
        matched_headers=headers_read(by_name),
    )
    return stage


def task_of(name: str = "own", **match: Any) -> Task:
    return Task(name=name, ladder=LADDER, match=Match(**match))


def planned(stage: Stage, prompt: str = "What is 6 x 7?", *, caller: Caller = Caller(), **terms: Any) -> Plan:  # noqa: B008  # frozen
    body = b'{"model": "auto", "messages": [{"role": "user", "content": "%s"}]}' % prompt.encode()
    request = read_request(body, request_id="r", terms=Terms(**terms), caller=caller, headers={})
    return stage.walk_of(request).explain()


KEY = Caller(key_id="key-1", key_name="shop", team="red")


@pytest.mark.parametrize(
    ("match", "asked", "other"),
    [
        ({"surface": ("support",)}, {"surface": "support"}, {"surface": "chat"}),
        ({"kind": ("code",)}, {"prompt": "Write a Python function."}, {}),
        ({"language": ("de", "fr")}, {"prompt": GERMAN}, {}),
        ({"sensitivity": ("secret",)}, {"prompt": SECRET}, {"prompt": "Mail jane@example.org."}),
        ({"key": ("key-1",)}, {"caller": KEY}, {}),
        ({"key": ("shop",)}, {"caller": KEY}, {"caller": Caller(key_id="key-2")}),
        ({"team": ("red",)}, {"caller": KEY}, {}),
        ({"plan": ("gold", "silver")}, {"plan": "silver"}, {"plan": "free"}),
        ({"headers": {"x-tenant": ("a", "b")}}, {"headers": {"x-tenant": "b"}}, {"headers": {"x-tenant": "c"}}),
        ({"when": "request.text_chars < 20"}, {}, {"prompt": "A much longer question than that?"}),
        ({"when": 'request.headers["x-a"] == "1"'}, {"headers": {"x-a": "1"}}, {"headers": {"x-a": "2"}}),
        ({"when": 'request.language == "de" && request.sensitivity == "none"'}, {"prompt": GERMAN}, {}),
    ],
)
def test_each_field_of_a_match_decides(match: dict[str, Any], asked: dict[str, Any], other: dict[str, Any]) -> None:
    stage = stage_of(task_of(**match))
    assert planned(stage, **asked).task == "own"
    assert planned(stage, **other).task == "default"


def test_every_field_must_hold_and_an_empty_match_never_does() -> None:
    stage = stage_of(task_of("never"), task_of("both", surface=("support",), plan=("gold",), when="request.message_count == 1"))
    assert planned(stage, surface="support", plan="gold").task == "both"
    assert planned(stage, surface="support").task == "default"
    assert planned(stage, plan="gold").task == "default"


def test_the_first_match_wins_and_is_told() -> None:
    first = task_of("first", plan=("gold",), headers={"x-tenant": ("a",)}, when="request.text_chars\n  < 4000")
    stage = stage_of(first, task_of("second", plan=("gold",)))
    plan = planned(stage, plan="gold", headers={"x-tenant": "a"})
    assert plan.task == "first"
    assert plan.chosen_by == "the first task whose match holds (plan gold, header x-tenant a, when request.text_chars < 4000)"
    assert planned(stage, plan="gold").task == "second"


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("request.key == 'shop'", "request.key is missing"),
        ('request.headers["x-a"] == "1"', 'request.headers["x-a"] is missing'),
        ("request.text_chars < 'a'", "request.text_chars is a number and 'a' is text, which have no order"),
        ('{"a": 1}[request.prompt] == 1', "something that it reads is missing"),
        ("live.first.latency_p95_s > 1", "live.first.latency_p95_s is missing"),
    ],
)
def test_an_undecided_condition_does_not_match_and_says_why_without_a_value(when: str, problem: str) -> None:
    plan = planned(stage_of(task_of("strange", when=when)))
    assert plan.task == "default"
    assert plan.chosen_by == f"no task's match holds; strange was passed over, its condition is undecided: {problem}"


def test_conditions_read_the_gateways_clock() -> None:
    stage = stage_of(task_of("night", when="now.hour < 6 && now.weekday <= 5"))
    stage.clock.set_time(NIGHT_S)
    assert planned(stage).task == "night"
    stage.clock.advance(3600 * 5)
    assert planned(stage).task == "default"
    stage.clock.set_time(NIGHT_S + 2 * 86_400)
    assert planned(stage).task == "default"


def note(stage: Stage, error: UpstreamFailure | Unreachable | None, model: str = "up/mini") -> None:
    live = LiveAttempt(stage.house.cards[model], 0, 0.0, Collector(), None, stage.clock.monotonic, 0.0)
    live.error, live.state, live.duration_ms = error, "answered" if error is None else "failed", 3000.0
    stage.conditions.note(live)


def test_conditions_read_how_models_are_doing() -> None:
    stage = stage_of(
        task_of("open", when='live["up/mini"].is_open'),
        task_of("failing", when="live.first.error_share > 0.2"),
        task_of("slow", when='has(live["up/mini"].latency_p50_s) && live["up/mini"].latency_p50_s >= 3'),
    )
    assert planned(stage).task == "default"
    for _ in range(20):
        note(stage, None)
    assert planned(stage).task == "slow"
    for _ in range(6):
        note(stage, UpstreamFailure("it broke"))
    assert planned(stage).task == "failing"
    for _ in range(14):
        note(stage, UpstreamFailure("it broke"))
    assert planned(stage).task == "open"


def test_a_model_of_a_provider_that_cannot_be_reached_is_open() -> None:
    stage = stage_of(task_of("open", when='live["up/big"].is_open'))
    for _ in range(5):
        note(stage, Unreachable("no route"))
    assert planned(stage).task == "open"


def filtered(rule: str) -> Rung:
    return Rung(models=(), form="filter", filter=Filter(answer="not now", rule=rule))


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("now.hour >= 6", "its rule does not hold"),
        ('request.headers["x-a"] == "1" && !live["up/mini"].is_open', 'its rule is undecided: request.headers["x-a"] is missing'),
    ],
)
def test_filters_read_the_same(rule: str, why: str) -> None:
    stage = Stage({"mini": says("42")}, rungs=(filtered(rule), *LADDER))
    stage.clock.set_time(NIGHT_S)
    _, record = stage.run()
    assert record.filtered_by is not None
    assert record.attempts[0].combined == why


def test_a_filter_lets_on_what_its_condition_allows() -> None:
    stage = Stage({"mini": says("42")}, rungs=(filtered('now.hour < 6 && live["up/mini"].error_share == 0'), *LADDER))
    stage.clock.set_time(NIGHT_S)
    _, record = stage.run()
    assert record.model == "up/mini"


def test_only_what_tasks_read_is_handed_on_and_told() -> None:
    tasks = {
        "a": task_of("a", headers={"x-a": ("1",)}),
        "b": task_of("b", when='has(request.headers["x-b"]) || request.headers.stage == "test" || request.language == "de"'),
        "c": Task(name="c", ladder=(filtered('request.headers["x-c"] != ""'), *LADDER)),
    }
    assert headers_read(tasks) == {"x-a", "x-b", "stage", "x-c"}
    assert tells_read(tasks) == ("language",)
    assert tells_read({"d": task_of("d", sensitivity=("none",))}) == ("sensitivity",)
    assert tells_read({"e": task_of("e", surface=("x",))}) == ()
