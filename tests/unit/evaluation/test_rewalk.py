"""One recorded request under another configuration: what is known for certain, and what cannot be told and why."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskfit.evaluation.replay import Made
from taskfit.outcomes.judging import Evidence
from taskfit.values.calibration import Calibration
from taskfit.values.task import ErrorBudget, Filter, Match, Rung, Task, TemplateUse
from taskfit.values.verdict import Verdict
from tests.unit.evaluation.replayed import (
    CASCADE,
    HUGE,
    LARGE,
    REFUSAL,
    SMALL,
    again,
    answered,
    escalated,
    fitted,
    label,
    plan_of,
    promised,
    record,
)


def with_(task: Task, **facts: Any) -> Task:
    return msgspec.structs.replace(task, **facts)


ALONE = with_(CASCADE, ladder=(LARGE,))
CHEAP = with_(CASCADE, ladder=(SMALL,))


def test_under_its_own_configuration_a_request_goes_as_it_went() -> None:
    done = again(Evidence(record=escalated(), labels=(label(0.8),)), CASCADE)
    assert done.is_same
    assert done.is_taken
    assert done.new == done.actual == Made(cost_usd=0.0011, latency_s=0.802, quality=0.8, is_strong=True, is_answered=True)


def test_a_rung_that_was_asked_is_known_without_the_one_before_it() -> None:
    done = again(Evidence(record=escalated(), labels=(label(0.8),)), ALONE)
    assert not done.is_same
    assert done.new is not None
    assert (done.new.cost_usd, done.new.quality, done.new.is_strong) == (0.001, 0.8, True)
    assert done.new.latency_s == pytest.approx(0.702)
    assert done.way == "p/large"


def test_a_rejected_answer_has_the_quality_that_its_check_says() -> None:
    done = again(Evidence(record=escalated(), labels=(label(0.8),)), CHEAP)
    assert done.new is not None
    assert (done.new.cost_usd, done.new.quality, done.new.is_strong) == (0.0001, 0.0, False)
    assert done.new.latency_s == pytest.approx(0.102)


def test_a_rung_that_was_never_asked_is_not_known() -> None:
    done = again(record(answered("p/small")), ALONE)
    assert (done.new, done.reason, done.single) == (None, "p/large was never asked", "p/large")


def test_an_audit_tells_what_another_rung_says_whose_check_makes_no_difference() -> None:
    audit = record(answered("p/large", None), plan=plan_of(with_(ALONE, checks=())), id="rec-2", audit_of="rec-1")
    told = label(0.0, model="p/small")
    labels = (msgspec.structs.replace(told, source="audit"),)
    audited = Evidence(record=record(answered("p/small")), audits=(audit,), labels=labels)
    done = again(audited, ALONE)
    assert done.actual.quality == 0.0
    assert done.new is not None
    assert (done.new.quality, done.new.cost_usd) == (1.0, 0.001)
    longer = again(audited, with_(CASCADE, ladder=(LARGE, HUGE)))
    assert (longer.new, longer.reason) == (None, "its checks were not run on that answer")


@pytest.mark.parametrize(("bar", "asked"), [(0.5, 0.0011), (0.2, 0.0001)])
def test_another_bar_is_held_against_the_recorded_verdicts(bar: float, asked: float) -> None:
    unsure = answered("p/small", 0.3, verdicts=(Verdict(check="refusal", judgement="unsure", score=0.3),))
    walked = record(unsure, answered("p/large", place=1, start_ms=100.0))
    done = again(walked, with_(CASCADE, bar=bar))
    assert done.new is not None
    assert done.new.cost_usd == asked


def test_with_fewer_checks_the_verdicts_of_the_others_count() -> None:
    verdicts = (Verdict(check="length", judgement="accept", score=1.0), Verdict(check="refusal", judgement="reject", score=0.0))
    both = with_(CASCADE, checks=(msgspec.structs.replace(REFUSAL, name="length"), REFUSAL))
    walked = record(
        answered("p/small", 0.0, verdicts=verdicts), answered("p/large", place=1, start_ms=100.0), plan=plan_of(both)
    )
    done = again(walked, with_(both, checks=both.checks[:1]))
    assert done.new is not None
    assert done.new.cost_usd == 0.0001


def test_a_check_that_asks_a_model_and_was_not_run_leaves_the_cost_unknown() -> None:
    done = again(record(answered("p/small")), with_(CHEAP, checks=(msgspec.structs.replace(REFUSAL, name="judge"),)))
    assert done.reason == "checks that cost something were not run on that answer"


def test_a_calibration_of_verdicts_is_applied_and_one_of_signals_is_not() -> None:
    mild = Calibration(intercept=0.0, weights={"check.refusal": 2.0})
    done = again(record(answered("p/small", 0.6)), with_(CASCADE, calibration=mild, bar=0.7))
    assert done.is_same
    of_signals = Calibration(intercept=0.0, weights={"signal.mean_logprob": 2.0}, fitted_at=2e9)
    done = again(record(answered("p/small", 0.6)), with_(CASCADE, calibration=of_signals))
    assert done.reason == "the confidence was calibrated otherwise"


def test_without_a_fitted_bar_the_last_rung_answers() -> None:
    promised = with_(CASCADE, error_budget=ErrorBudget(max_error=0.1, sure=0.9))
    assert again(escalated(), promised).way == "p/large"


def test_where_a_bar_is_fitted_no_router_is_asked(tmp_path: Path) -> None:
    router = fitted(tmp_path, small=0.2, large=0.9)
    assert again(escalated(), CASCADE, router=router).way == "p/large"
    assert again(escalated(), promised(CASCADE, bar=0.8), router=router).way == "p/small > p/large at 0.8 by refusal"


def test_limits_that_would_have_cut_a_call_are_seen() -> None:
    walked = record(answered("p/small"))
    assert "deadline" in again(walked, with_(CASCADE, deadline_s=0.05)).reason
    assert "first byte" in again(record(answered("p/small", first_token_ms=90.0)), with_(CASCADE, first_byte_s=0.05)).reason
    late = answered("p/small", None, state="failed", error="upstream_timeout", cost=0)
    given_up = record(late, answered("p/large", place=1, start_ms=100.0))
    assert "waited for longer" in again(given_up, CASCADE).reason
    assert again(given_up, with_(CASCADE, first_byte_s=0.1)).new is not None


def test_what_reads_the_text_cannot_be_told() -> None:
    of_text = Task(name="t", ladder=(SMALL,), match=Match(when='request.prompt.contains("sum")'))
    assert again(escalated(), of_text).reason == "the task t is recognised by what records do not keep: when"
    beside = with_(of_text, match=Match(surface=("shop",), when=of_text.match.when))
    assert again(escalated(), beside).is_same, "its surface is another one, whatever the text says"
    header = with_(of_text, match=Match(kind=("code",), headers={"x-plan": ("gold",)}))
    assert again(escalated(), header).reason.endswith("headers")
    screened = with_(CASCADE, ladder=(Rung(models=(), form="filter", filter=Filter(answer="no", rule="true")), SMALL))
    assert again(escalated(), screened).reason == "a filter reads the text, which is not kept"
    assert "template" in again(escalated(), with_(CASCADE, template=TemplateUse(source="x", version="2"))).reason


def test_what_records_keep_chooses_the_task() -> None:
    task = Task(name="t", ladder=(SMALL,), match=Match(key=("shop",), when='request.kind == "code" && now.hour < 24'))
    assert again(escalated(key_id="key-1"), task).way == "p/small"
    assert again(escalated(key_id="key-2"), task).is_same


def test_a_request_that_names_its_task_or_model_still_does() -> None:
    plan = plan_of(msgspec.structs.replace(CASCADE, name="t"))
    named = msgspec.structs.replace(plan, chosen_by="the request names the task t")
    assert again(escalated(plan=named), Task(name="t", ladder=(LARGE,))).way == "p/large"
    assert again(escalated(asked="task:t", plan=named), Task(name="t", ladder=(LARGE,))).way == "p/large"
    assert again(escalated(asked="p/small")).way == "p/small"
    assert again(escalated(asked="gone")).reason == "the new configuration has no model or task gone"
    assert again(escalated(profile=None)).reason == "its record has no profile"
