"""The sum of many replays: what is exact, what chance lets one estimate, and what is unknown."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from taskfit.evaluation.intervals import Figure, Interval
from taskfit.evaluation.replay import replay_all
from taskfit.evaluation.what_if import WhatIf, is_surely_worse, sum_up
from taskfit.outcomes.judging import Evidence
from taskfit.protocols import Router
from taskfit.values.record import Record
from taskfit.values.task import CheckUse, Explore, Fit, Task
from tests.unit.evaluation.replayed import (
    CASCADE,
    LARGE,
    SMALL,
    answered,
    escalated,
    fitted,
    label,
    log_of,
    plan_of,
    record,
    under,
    with_id,
)

EXPLORING = Task(name="default", ladder=(SMALL, LARGE), fit=Fit(share=1.0), explore=Explore(share=0.3))
ALONE = msgspec.structs.replace(CASCADE, ladder=(LARGE,))


def report(evidences: Sequence[Evidence], *tasks: Task, router: Router | None = None) -> WhatIf:
    gateway, clock = under(*tasks, router=router)
    return sum_up(replay_all(evidences, gateway, clock, key_names={}))


def has(figure: Figure, truth: float) -> bool:
    return figure.ci95 is not None and figure.ci95.low <= truth <= figure.ci95.high


def walks(rows: int = 40) -> list[Evidence]:
    """Every fourth request goes up; its large answer is right, and small ones are mostly."""
    found = []
    for row in range(rows):
        name = f"rec-{row:03}"
        made = with_id(escalated() if row % 4 == 0 else record(answered("p/small")), name, session=f"s{row // 2}")
        found.append(Evidence(record=made, labels=(label(float(row % 5 > 0), of=name),)))
    return found


def test_the_same_configuration_changes_nothing() -> None:
    same = report(walks(), CASCADE)
    assert (same.requests, same.groups, same.exact.share, same.same.share, same.judged) == (40, 20, 1.0, 1.0, 40)
    for compared in (same.cost_usd, same.latency_p50_s, same.latency_p95_s, same.quality, same.strong_share):
        assert compared.new == compared.actual
        assert compared.difference == Figure(value=0.0, ci95=Interval(low=0.0, high=0.0))
        assert (compared.exact, compared.estimated, compared.unknown) == (40, 0, 0)
    assert same.cost_usd.actual.value == pytest.approx((30 * 100 + 10 * 1100) / 40 / 1e6)
    assert same.strong_share.actual.value == 0.25
    assert same.latency_p50_s.actual.value == pytest.approx(0.102)


def test_what_went_up_says_nothing_of_what_did_not() -> None:
    alone = report(walks(), ALONE)
    assert (alone.exact.requests, alone.estimated.requests, alone.unknown.requests) == (10, 0, 30)
    assert alone.reasons == {"p/large was never asked": 30}
    assert (alone.quality.exact, alone.quality.unknown) == (10, 30)
    assert alone.effective_sample_size is None
    assert (alone.cost_usd.exact, alone.cost_usd.typical, alone.cost_usd.unknown) == (10, 30, 0)
    assert alone.cost_usd.new.value == pytest.approx(0.001)
    assert alone.strong_share.new.value == 1.0


def test_a_policy_that_was_never_tried_is_unknown() -> None:
    judged = CheckUse(name="judge")
    other = report(walks(), msgspec.structs.replace(CASCADE, checks=(judged,)))
    assert (other.unknown.share, other.quality.new.value, other.cost_usd.new.value) == (1.0, None, None)
    assert other.quality.why == "too few judged answers that the new configuration would give"
    assert not is_surely_worse(other, 0.0)


def test_without_labels_there_is_no_quality() -> None:
    bare = report([Evidence(record=record(answered("p/small")))] * 3, CASCADE)
    assert (bare.quality.new.value, bare.quality.why, bare.quality.unknown) == (None, "no labels", 3)
    assert bare.cost_usd.new.value == pytest.approx(0.0001)


def test_requests_that_say_nothing_are_left_out_and_counted() -> None:
    others = [with_id(escalated(), str(number), outcome=outcome) for number, outcome in enumerate(("refused", "cancelled"))]
    numbers = with_id(escalated(), "rec-e", dialect="openai-embeddings")
    trouble = answered("p/small", None, state="failed", error="upstream_unauthorized", cost=0)
    failed = record(trouble, id="rec-f", outcome="failed", model=None)
    alone = msgspec.structs.replace(CASCADE, ladder=(SMALL,))
    made = report([Evidence(record=each) for each in (*others, numbers, failed, escalated())], alone)
    assert (made.requests, made.left_out) == (2, {"refused": 1, "cancelled": 1, "embeddings": 1})
    assert made.answered_share.actual.value == 0.5


def test_exploration_tells_what_another_policy_is_worth(tmp_path: Path) -> None:
    then = fitted(tmp_path / "then", small=0.9, large=0.6)
    log = log_of(EXPLORING, then, 800)
    assert 0.1 < np.mean([each.record.model == "p/large" for each in log]) < 0.2
    made = report(log, EXPLORING, router=fitted(tmp_path / "new", small=0.5, large=0.9))
    assert made.ways == {"p/large": 800}
    assert made.estimated.share > 0.8
    assert made.unknown.requests == 0
    assert made.quality.new.value == pytest.approx(0.9, abs=0.06)
    assert has(made.quality.new, 0.9)
    assert made.quality.inverse_propensity is not None
    assert has(made.quality.inverse_propensity, 0.9)
    assert has(made.quality.difference, 0.9 - (0.85 * 0.6 + 0.15 * 0.9))
    assert made.cost_usd.new.value == pytest.approx(0.001)
    assert made.effective_sample_size is not None
    assert 80 < made.effective_sample_size < 200


def test_no_share_is_said_to_be_beyond_what_it_can_be(tmp_path: Path) -> None:
    log = log_of(EXPLORING, fitted(tmp_path / "then", small=0.9, large=0.6), 100)
    made = report(log, EXPLORING, router=fitted(tmp_path / "new", small=0.5, large=0.9))
    for figure in (made.quality.new, made.quality.inverse_propensity, made.strong_share.new, made.answered_share.new):
        assert figure is not None
        assert figure.ci95 is not None
        assert 0 <= figure.ci95.low <= (figure.value or 0) <= figure.ci95.high <= 1


def test_the_policy_of_then_without_its_exploration_is_worth_what_it_chose(tmp_path: Path) -> None:
    then = fitted(tmp_path / "then", small=0.9, large=0.6)
    made = report(log_of(EXPLORING, then, 300), EXPLORING, router=then)
    assert made.ways == {"p/small": 300}
    assert made.quality.new.value == pytest.approx(0.6, abs=0.06)
    assert made.cost_usd.new.value == pytest.approx(0.0001)


def test_without_exploration_another_policy_is_unknown(tmp_path: Path) -> None:
    plain = msgspec.structs.replace(EXPLORING, explore=None)
    log = log_of(plain, fitted(tmp_path / "then", small=0.9, large=0.6), 50)
    made = report(log, plain, router=fitted(tmp_path / "new", small=0.5, large=0.9))
    assert (made.unknown.share, made.reasons, made.quality.new.value) == (1.0, {"p/large was never asked": 50}, None)
    assert (made.cost_usd.new.value, made.cost_usd.unknown) == (None, 50)


def test_too_few_draws_are_not_made_much_of(tmp_path: Path) -> None:
    log = log_of(EXPLORING, fitted(tmp_path / "then", small=0.9, large=0.6), 30)
    made = report(log, EXPLORING, router=fitted(tmp_path / "new", small=0.5, large=0.9))
    assert made.estimated.requests == 0
    assert 0 < made.exact.requests < 10


def audited(row: int) -> Evidence:
    """Of every fifth request the large answer is known too; the small one is right in half of all."""
    name = f"rec-{row:03}"
    plan = msgspec.structs.replace(plan_of(), is_audited=row % 5 == 0)
    made: Record = record(answered("p/small"), plan=plan, id=name)
    if row % 5:
        return Evidence(record=made)
    last = plan_of(msgspec.structs.replace(ALONE, checks=()))
    beside = record(answered("p/large", None), id=f"aud-{row}", audit_of=name, plan=last)
    said = label(float(row % 2), of=name, model="p/small", source="audit")
    return Evidence(record=made, audits=(beside,), labels=(said,))


def test_audits_are_a_random_sample_of_what_the_last_rung_says() -> None:
    made = report([audited(row) for row in range(100)], ALONE)
    assert (made.audits, made.exact.requests, made.estimated.requests, made.unknown.requests) == (20, 20, 80, 0)
    assert (made.quality.new.value, made.quality.actual.value) == (1.0, 0.5)
    assert made.effective_sample_size == 20


def test_a_loss_of_quality_is_told_where_it_is_certain() -> None:
    refused = [Evidence(record=with_id(escalated(), f"rec-{row}"), labels=(label(1.0, of=f"rec-{row}"),)) for row in range(30)]
    worse = report(refused, msgspec.structs.replace(CASCADE, ladder=(SMALL,)))
    assert worse.quality.difference.value == -1.0
    assert is_surely_worse(worse, 0.5)
    assert not is_surely_worse(report(refused, CASCADE), 0.0)


def refused_or_not(row: int, *, is_judged: bool) -> Evidence:
    """A check rejects every fifth answer, all of which go out; of the others three in four are right."""
    name = f"rec-{row:03}"
    made = record(answered("p/large", 0.0 if row % 5 == 0 else 1.0), plan=plan_of(ALONE), id=name)
    said = (label(float(row % 4 > 0), of=name),) if is_judged and row % 5 else ()
    return Evidence(record=made, labels=said)


def test_answers_that_a_check_rejected_count_for_themselves_alone() -> None:
    made = report([refused_or_not(row, is_judged=row % 3 == 0) for row in range(300)], ALONE)
    assert (made.judged, made.quality.exact + made.quality.estimated) == (140, 300)
    assert made.quality.actual.value == pytest.approx(0.8 * 0.75)
    assert made.quality.new.value == pytest.approx(0.8 * 0.75)


def test_rejections_alone_say_nothing_of_the_answers_that_were_not_rejected() -> None:
    made = report([refused_or_not(row, is_judged=False) for row in range(300)], ALONE)
    assert (made.judged, made.quality.actual.value, made.quality.new.value, made.quality.unknown) == (60, None, None, 300)
    assert made.quality.why == "too few judged answers that the new configuration would give"
