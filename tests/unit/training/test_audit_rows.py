from typing import Any

import msgspec

from taskfit.training.audit_rows import audit_sample, by_record
from taskfit.values.attempt import Attempt
from taskfit.values.calibration import Calibration
from taskfit.values.card import ModelCard
from taskfit.values.plan import Candidate, Plan
from taskfit.values.record import Record
from taskfit.values.review import Label
from taskfit.values.task import Filter, Rung, Task, TemplateUse

TASK = Task(name="triage", ladder=(Rung(models=("a/small",)), Rung(models=("a/large",))))


def plan(**changes: Any) -> Plan:
    cards = [ModelCard(id=model, provider="a", name=model[2:], source="") for model in ("a/small", "a/large")]
    candidates = tuple([Candidate(card=card, rung=place) for place, card in enumerate(cards)])
    said = {"task": "triage", "chosen_by": "", "candidates": candidates, "deadline_s": 9.0, "is_audited": True}
    return Plan(**{**said, **changes})


def record(name: str, confidence: float | None, *, model: str = "a/small", is_escalated: bool = False, **changes: Any) -> Record:
    first = Attempt(
        model="a/small", provider="a", started_ms=0.0, state="answered", confidence=confidence, answered_as="small-0613"
    )
    last = Attempt(model="a/large", provider="a", started_ms=1.0, candidate=1, state="answered", confidence=0.99)
    said: dict[str, Any] = {
        "id": name, "request_id": name, "at": float(len(name)), "dialect": "openai", "asked": "auto", "outcome": "answered",
        "status": 200, "task": "triage", "plan": plan(), "attempts": (first, last) if is_escalated else (first,),
        "model": "a/large" if is_escalated else model,
    }  # fmt: skip
    return Record(**{**said, **changes})


def label(name: str, score: float | None = 1.0, **changes: Any) -> Label:
    said: dict[str, Any] = {"id": f"lab-{name}", "record_id": name, "at": 50.0, "source": "audit", "score": score}
    return Label(**{**said, "model": "a/small", **changes})


def test_rows_are_the_first_answers_whether_they_were_accepted_or_not() -> None:
    records = [record("b", 0.9), record("aa", 0.2, is_escalated=True), record("ccc", 0.7)]
    sample = audit_sample(records, by_record([label("b"), label("aa", 0.0, prompt="p")]), task=TASK)
    rows = [(row.record_id, row.confidence, row.loss, row.prompt) for row in sample.rows]
    assert rows == [("b", 0.9, 0.0, ""), ("aa", 0.2, 1.0, "p")]
    assert (sample.rung, sample.unjudged, sample.rows[0].answered_as) == ("a/small", 1, "small-0613")


def test_what_was_not_drawn_is_no_evidence_whoever_judged_it() -> None:
    escalated = record("a", 0.2, is_escalated=True, plan=plan(is_audited=False, review="when_unsure"))
    sample = audit_sample([escalated, record("bb", 0.4, plan=None)], by_record([label("a"), label("bb")]), task=TASK)
    assert (sample.rows, sample.unjudged) == ((), 0)


def test_what_users_say_of_answers_does_not_count() -> None:
    sampled = record("a", 0.8, plan=plan(is_sampled=True))
    sample = audit_sample([sampled], by_record([label("a", 0.0, source="feedback")]), task=TASK)
    assert (sample.rows, sample.unjudged) == ((), 1)


def test_a_reviewer_counts_where_the_request_was_drawn_for_review() -> None:
    drawn = plan(is_audited=False, is_sampled=True)
    review = label("a", None, source="review", model="", is_good=False)
    assert audit_sample([record("a", 0.8, plan=drawn)], by_record([review]), task=TASK).rows[0].loss == 1.0
    assert audit_sample([record("a", 0.8)], by_record([review]), task=TASK).unjudged == 1


def test_where_the_reviewer_saw_another_answer_the_first_one_counts_as_wrong() -> None:
    drawn = record("a", 0.3, is_escalated=True, plan=plan(is_audited=False, is_sampled=True))
    review = label("a", None, source="review", model="", is_good=True)
    (row,) = audit_sample([drawn], by_record([review]), task=TASK).rows
    assert (row.confidence, row.loss) == (0.3, 1.0)


def test_an_audit_counts_more_than_a_review_and_keeps_the_confidence_that_it_saw() -> None:
    drawn = record("a", None, attempts=(), plan=plan(is_sampled=True))
    review = label("a", None, source="review", model="", is_good=True)
    labels = [review, label("a", 0.0, confidence=0.6, answered_as="small-0613")]
    (row,) = audit_sample([drawn], by_record(labels), task=TASK).rows
    assert (row.confidence, row.loss, row.answered_as) == (0.6, 1.0, "small-0613")


def test_answers_of_another_version_template_or_first_rung_are_left_out() -> None:
    records = [record("a", 0.9), record("bb", 0.9, template="2"), record("ccc", 0.9), record("dddd", 0.9)]
    labels = [label("a", answered_as="small-0301"), label("bb"), label("ccc", model="a/tiny"), label("dddd")]
    sample = audit_sample(records, by_record(labels), task=TASK)
    assert ([row.record_id for row in sample.rows], sample.outdated) == (["dddd"], 3)
    versioned = msgspec.structs.replace(TASK, template=TemplateUse(source="", version="2"))
    assert [row.record_id for row in audit_sample(records, by_record(labels), task=versioned).rows] == ["bb"]


def test_confidences_from_before_the_calibration_are_left_out() -> None:
    task = msgspec.structs.replace(TASK, calibration=Calibration(intercept=0, weights={"check.a": 1.0}, fitted_at=2.0))
    sample = audit_sample([record("a", 0.9), record("bb", 0.9)], by_record([label("a"), label("bb")]), task=task)
    assert ([row.record_id for row in sample.rows], sample.outdated) == (["bb"], 1)


def test_answers_without_a_confidence_are_counted_and_failed_requests_are_not() -> None:
    records = [record("a", None), record("bb", 0.5, outcome="failed")]
    sample = audit_sample(records, by_record([label("a"), label("bb")]), task=TASK)
    assert (sample.rows, sample.unranked, sample.unjudged) == ((), 1, 0)


def test_a_filter_is_no_rung_that_answers() -> None:
    rung = Rung(models=("a/small",), form="filter", filter=Filter(answer="no", question="ok?"))
    task = msgspec.structs.replace(TASK, ladder=(rung, *TASK.ladder))
    candidates = tuple([msgspec.structs.replace(each, rung=each.rung + 1) for each in plan().candidates])
    shifted = record("a", 0.9, plan=plan(candidates=candidates))
    assert audit_sample([shifted], by_record([label("a")]), task=task).rows[0].confidence == 0.9


def test_a_model_that_the_caller_named_is_not_the_first_rung() -> None:
    large = ModelCard(id="a/large", provider="a", name="large", source="")
    pinned = plan(candidates=(Candidate(card=large),), is_audited=False, is_sampled=True)
    named = Attempt(model="a/large", provider="a", started_ms=0.0, state="answered", confidence=0.9, answered_as="large-0613")
    records = [record("a", 0.8), record("bb", None, plan=pinned, attempts=(named,), model="a/large")]
    review = label("bb", None, source="review", model="", is_good=True)
    sample = audit_sample(records, by_record([label("a"), review]), task=TASK)
    assert [row.record_id for row in sample.rows] == ["a"]
