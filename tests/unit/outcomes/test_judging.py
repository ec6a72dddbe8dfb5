"""A record tells which answers there were; labels and verdicts tell what they are worth."""

from typing import Any

import msgspec
import pytest

from taskfit.outcomes.judging import Evidence, best_rows, judged_rows
from taskfit.outcomes.writing import OutcomeRow
from taskfit.values.attempt import Attempt
from taskfit.values.card import ModelCard
from taskfit.values.plan import Candidate, Plan
from taskfit.values.policy import Estimate, Routing
from taskfit.values.record import Record
from taskfit.values.review import Label, ReviewCase, Source
from taskfit.values.verdict import Judgement, Verdict

CARDS = {name: ModelCard(id=f"p/{name}", provider="p", name=name) for name in ("small", "large", "huge")}
ROUTING = Routing(
    policy="p/small > p/large",
    cell="all",
    expected=Estimate(quality=0.5, low=0.4, high=0.6, cost_usd=0.1, rows=9),
    propensity=0.25,
)


def attempt(name: str, place: int, *verdicts: Verdict, **facts: Any) -> Attempt:
    kept: dict[str, Any] = {"state": "answered", "cost": 1500, "duration_ms": 250.0, "confidence": 0.5, **facts}
    return Attempt(model=f"p/{name}", provider="p", started_ms=0.0, candidate=place, verdicts=verdicts, **kept)


def record(*attempts: Attempt, **facts: Any) -> Record:
    candidates = tuple(Candidate(card=card, rung=place) for place, card in enumerate(CARDS.values()))
    plan = Plan(task="t", chosen_by="name", candidates=candidates, deadline_s=9.0, routing=ROUTING)
    kept: dict[str, Any] = {"model": attempts[-1].model if attempts else None, "plan": plan, "task": "t", **facts}
    return Record(
        **{"id": "rec-1", "request_id": "r", "at": 1.8e9, "dialect": "openai-chat", "asked": "auto", "outcome": "answered",
           "status": 200, "attempts": attempts, **kept}
    )  # fmt: skip


def label(source: Source, **facts: Any) -> Label:
    return Label(id=f"lab-{source}", record_id="rec-1", at=1.8e9, source=source, **facts)


def verdict(check: str, judgement: Judgement, score: float = 0.0) -> Verdict:
    return Verdict(check=check, judgement=judgement, score=score)


def told(evidence: Evidence) -> list[tuple[str, str | None, float | None]]:
    return [(row.model.removeprefix("p/"), row.source, row.score) for row in judged_rows(evidence)]


def test_of_a_record_of_which_nothing_is_known_there_is_no_row() -> None:
    accepted = attempt("small", 0, verdict("json_schema", "accept", 1.0), verdict("code", "accept", 1.0))
    assert told(Evidence(record=record(accepted))) == []
    assert told(Evidence(record=record(accepted), labels=[label("feedback", comment="hm")])) == []


def test_a_row_has_what_the_attempt_cost_and_took() -> None:
    (row,) = judged_rows(Evidence(record=record(attempt("small", 0)), labels=[label("feedback", is_good=True)]))
    assert row == OutcomeRow(
        prompt_id="rec-1", task="t", model="p/small", score=1.0, cost_usd=0.0015, latency_s=0.25, confidence=0.5,
        source="feedback", propensity=0.25, at=1.8e9,
    )  # fmt: skip


def test_a_rejection_is_a_score_and_an_acceptance_is_none() -> None:
    walked = record(
        attempt("small", 0, verdict("json_schema", "reject")), attempt("large", 1, verdict("json_schema", "accept", 1.0))
    )
    assert told(Evidence(record=walked)) == [("small", "check", 0.0), ("large", None, None)]


def test_an_answer_that_a_check_stopped_midway_is_one_and_a_failure_is_none() -> None:
    walked = record(
        attempt("small", 0, verdict("language", "reject"), state="stopped"),
        attempt("large", 1, state="failed"),
        attempt("huge", 2),
    )
    assert told(Evidence(record=walked)) == [("small", "check", 0.0), ("huge", None, None)]


def test_that_a_model_doubts_its_answer_does_not_make_it_wrong() -> None:
    assert told(Evidence(record=record(attempt("small", 0, verdict("self_check", "reject"), verdict("logprob", "reject"))))) == []


@pytest.mark.parametrize("form", ["agree", "samples", "vote"])
def test_that_the_voices_of_a_rung_differ_does_not_make_its_answer_wrong(form: str) -> None:
    assert told(Evidence(record=record(attempt("small", 0, verdict(form, "reject", 1 / 3))))) == []


def test_a_judge_gives_its_score_unless_it_is_unsure() -> None:
    assert told(Evidence(record=record(attempt("small", 0, verdict("judge", "accept", 0.8))))) == [("small", "judge", 0.8)]
    assert told(Evidence(record=record(attempt("small", 0, verdict("judge", "reject", 0.2))))) == [("small", "judge", 0.2)]
    assert told(Evidence(record=record(attempt("small", 0, verdict("judge", "unsure", 0.5))))) == []


def test_people_speak_of_the_answer_that_was_given() -> None:
    walked = record(attempt("small", 0), attempt("large", 1))
    scored = label("feedback", score=0.75, is_good=True)
    assert told(Evidence(record=walked, labels=[scored])) == [("large", "feedback", 0.75), ("small", None, None)]
    assert told(Evidence(record=walked, labels=[label("feedback", corrected="41")]))[0] == ("large", "feedback", 0.0)
    assert told(Evidence(record=msgspec.structs.replace(walked, model="person"), labels=[label("feedback", is_good=True)])) == []


def test_a_reviewer_speaks_of_the_answer_of_the_case_which_has_its_text() -> None:
    walked = record(attempt("small", 0), attempt("large", 1), model=None, outcome="in_review")
    case = ReviewCase(
        id="rev-1", record_id="rec-1", task="t", at=0.0, due_at=1.0, why="unsure", dialect="openai-chat", request=b"{}",
        answer="42", model="p/small",
    )  # fmt: skip
    evidence = Evidence(record=walked, labels=[label("review", is_good=False)], case=case, question="6 x 7?", body="{}")
    first, second = judged_rows(evidence)
    assert (first.model, first.source, first.score, first.response) == ("p/small", "review", 0.0, "42")
    assert (second.model, second.score, second.response) == ("p/large", None, None)
    assert {(row.prompt, row.request) for row in (first, second)} == {("6 x 7?", "{}")}


def test_an_audit_judges_the_first_rung_by_the_last_one_in_a_walk_of_its_own() -> None:
    walked = record(attempt("small", 0))
    audit = record(attempt("huge", 0, cost=90_000), id="rec-2", audit_of="rec-1")
    evidence = Evidence(record=walked, labels=[label("audit", score=0.0, model="p/small")], audits=[audit])
    assert told(evidence) == [("small", "audit", 0.0), ("huge", "audit", 1.0)]
    yardstick = judged_rows(evidence)[1]
    assert (yardstick.prompt_id, yardstick.cost_usd, yardstick.propensity) == ("rec-1", 0.09, None)


def test_an_audit_of_a_walk_that_went_up_to_the_last_rung_needs_no_other() -> None:
    walked = record(attempt("small", 0), attempt("large", 1), attempt("huge", 2))
    evidence = Evidence(record=walked, labels=[label("audit", score=1.0, model="p/small")])
    assert told(evidence) == [("small", "audit", 1.0), ("huge", "audit", 1.0), ("large", None, None)]


def test_each_source_has_a_row_and_the_weightiest_is_the_best() -> None:
    walked = record(attempt("small", 0, verdict("judge", "accept", 0.9), verdict("length", "reject")))
    sources: tuple[Source, ...] = ("feedback", "audit", "review")
    labels = [label(source, score=place / 4, model="p/small") for place, source in enumerate(sources)]
    rows = judged_rows(Evidence(record=walked, labels=labels))
    assert [row.source for row in rows] == ["feedback", "audit", "review", "judge", "check"]
    for gone in range(3, 0, -1):
        (best,) = best_rows(judged_rows(Evidence(record=walked, labels=labels[:gone])))
        assert best.source == sources[gone - 1]
    (best,) = best_rows(judged_rows(Evidence(record=walked)))
    assert best.source == "judge"


def test_of_one_source_the_last_word_counts() -> None:
    labels = [label("feedback", is_good=True), label("feedback", is_good=False)]
    assert told(Evidence(record=record(attempt("small", 0)), labels=labels)) == [("small", "feedback", 0.0)]


def test_a_model_that_was_asked_twice_has_one_best_row() -> None:
    walked = record(attempt("small", 0, verdict("length", "reject")), attempt("small", 0))
    evidence = Evidence(record=walked, labels=[label("feedback", is_good=True)])
    assert [(row.source, row.score) for row in best_rows(judged_rows(evidence))] == [("feedback", 1.0)]


def test_an_ensemble_answers_under_the_name_of_its_rung() -> None:
    pair = Candidate(card=CARDS["small"], form="agree", members=(CARDS["small"], CARDS["large"]))
    samples = Candidate(card=CARDS["small"], form="samples", members=(CARDS["small"],) * 3, rung=1)
    sieve = Candidate(card=CARDS["small"], form="filter", rung=2)
    plan = Plan(task="t", chosen_by="name", candidates=(pair, samples, sieve), deadline_s=9.0)
    walked = record(attempt("small", 0), attempt("small", 1), attempt("small", 2), plan=plan)
    rows = judged_rows(Evidence(record=walked, labels=[label("audit", score=1.0, model="agree(p/small, p/large)")]))
    assert [row.model for row in rows] == ["agree(p/small, p/large)", "samples(p/small x 3)"]
