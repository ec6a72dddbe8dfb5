"""Rejections of checks are known of all answers, other words of few: the table must not say that a model is mostly wrong."""

from collections.abc import Sequence

import pytest

from taskfit.outcomes.exporting import rejections_kept, thinned
from taskfit.outcomes.judging import Evidence, best_rows, judged_rows
from taskfit.outcomes.writing import OutcomeRow
from taskfit.values.review import Label
from tests.unit.outcomes.test_judging import attempt, record, verdict


def walks(count: int, *, audited_each: int | None) -> list[Evidence]:
    """A check rejects four of ten answers, and three of ten are right without its saying anything."""
    found = []
    for number in range(count):
        is_rejected = number % 10 < 4
        made = attempt("small", 0, verdict("rules", "reject" if is_rejected else "accept"))
        name = f"rec-{number:05}"
        is_audited = audited_each is not None and number // 10 % audited_each == 0
        said = Label(id="lab", record_id=name, at=1.8e9, source="audit", model="p/small", score=float(number % 10 >= 7))
        found.append(Evidence(record=record(made, id=name), labels=(said,) if is_audited else ()))
    return found


def exported(evidences: Sequence[Evidence]) -> list[OutcomeRow]:
    kept = rejections_kept(evidences)
    return [row for evidence in evidences for row in thinned(best_rows(judged_rows(evidence)), kept)]


def scores(rows: Sequence[OutcomeRow]) -> list[float]:
    return [row.score for row in rows if row.score is not None]


def test_rejections_beside_audits_leave_a_model_as_good_as_the_audits_say() -> None:
    rows = exported(walks(5000, audited_each=10))
    found = scores(rows)
    assert len(found) == 500
    assert sum(found) / len(found) == pytest.approx(0.3)
    silent = [row for row in rows if row.score is None]
    assert {(row.source, row.cost_usd, row.latency_s) for row in silent} == {(None, 0.0015, 0.25)}


def test_as_many_rejections_have_a_score_as_other_answers_where_these_are_judged_alone() -> None:
    evidences = [
        each for each in walks(5000, audited_each=1) if each.record.attempts[0].verdicts[0].judgement == "accept"
    ] + [
        each for each in walks(5000, audited_each=None) if each.record.attempts[0].verdicts[0].judgement == "reject"
    ]  # fmt: skip
    assert len(scores(exported(evidences))) == 5000, "all of both"
    few = [without_labels(each) if number % 5 else each for number, each in enumerate(evidences)]
    found = scores(exported(few))
    assert len(found) == pytest.approx(1000, rel=0.1), "a fifth of both"
    assert sum(found) / len(found) == pytest.approx(0.3, abs=0.03)


def without_labels(evidence: Evidence) -> Evidence:
    return Evidence(record=evidence.record)


def test_rejections_alone_are_no_scores_but_where_all_answers_were_rejected() -> None:
    assert scores(exported(walks(100, audited_each=None))) == []
    assert scores(exported([each for each in walks(100, audited_each=None) if int(each.record.id[-1]) < 4])) == [0.0] * 40
