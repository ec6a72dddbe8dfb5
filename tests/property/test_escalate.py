"""Every walk ends, within its attempts, its deadline and its budget, and on the best answer that it had."""

from hypothesis import given
from hypothesis import strategies as st

from taskfit.pipeline.escalate import WORTH_TRYING_S, is_good_enough, next_step, spent
from taskfit.values.attempt import Attempt
from taskfit.values.plan import Plan
from taskfit.values.step import Accept, GiveUp, Step, Try
from tests.property.plans import ended, plans

Walked = tuple[list[Step], list[Attempt], list[float]]


def walk(plan: Plan, data: st.DataObject) -> Walked:
    """All steps of one walk, its trail, and the time of each step."""
    steps: list[Step] = []
    trail: list[Attempt] = []
    times = [0.0]
    while True:
        step = next_step(plan, tuple(trail), times[-1])
        steps.append(step)
        if not isinstance(step, Try):
            return steps, trail, times
        assert len(trail) < 20, "the walk does not end"
        trail.append(data.draw(ended(step.candidate)))
        times.append(times[-1] + data.draw(st.floats(0, 2 * plan.deadline_s)))


@given(plans(), st.data())
def test_every_walk_ends_within_its_attempts(plan: Plan, data: st.DataObject) -> None:
    _, trail, _ = walk(plan, data)
    assert len(trail) <= min(len(plan.candidates), plan.max_attempts)
    assert [attempt.model for attempt in trail] == [candidate.card.id for candidate in plan.candidates[: len(trail)]]


@given(plans(), st.data())
def test_no_walk_spends_more_than_its_cap(plan: Plan, data: st.DataObject) -> None:
    _, trail, _ = walk(plan, data)
    assert plan.max_cost is None or spent(tuple(trail)) <= plan.max_cost


@given(plans(), st.data())
def test_no_attempt_begins_after_the_deadline_or_may_wait_beyond_it(plan: Plan, data: st.DataObject) -> None:
    steps, _, times = walk(plan, data)
    for step, now_s in zip(steps, times, strict=True):
        if isinstance(step, Try):
            left_s = plan.deadline_s - now_s
            assert left_s >= WORTH_TRYING_S
            assert 0 < step.first_byte_s <= left_s
            assert plan.first_byte_s is None or step.first_byte_s <= plan.first_byte_s


@given(plans(), st.data())
def test_a_good_answer_is_taken_at_once_and_otherwise_the_best_one(plan: Plan, data: st.DataObject) -> None:
    steps, trail, _ = walk(plan, data)
    answered = [attempt for attempt in trail if attempt.state == "answered"]
    good = [attempt for attempt in answered if is_good_enough(attempt, plan.bar)]
    last = steps[-1]
    assert len(good) <= 1
    if isinstance(last, Accept):
        accepted = trail[last.attempt]
        assert accepted.state == "answered"
        assert last.is_below_bar == (not good)
        assert (accepted.confidence or 0) == max(attempt.confidence or 0 for attempt in (good or answered))
    else:
        assert not good
        assert not answered or trail[-1].state == "cut"


@given(plans(), st.data())
def test_after_a_refusal_or_a_cut_no_other_model_is_called(plan: Plan, data: st.DataObject) -> None:
    _, trail, _ = walk(plan, data)
    for attempt in trail[:-1]:
        assert attempt.state != "cut"
        assert attempt.error not in {"upstream_refused", "invalid_request"}


@given(plans(), st.data())
def test_giving_up_has_a_kind_and_a_reason(plan: Plan, data: st.DataObject) -> None:
    steps, trail, times = walk(plan, data)
    last = steps[-1]
    if isinstance(last, GiveUp):
        assert last.kind
        assert last.why
        assert (last.kind == "no_candidate") == (not plan.candidates)
        if last.kind == "deadline_exceeded":
            assert plan.deadline_s - times[-1] < WORTH_TRYING_S
        if not trail and plan.candidates:
            assert last.kind in {"deadline_exceeded", "budget_exceeded"}


@given(plans(), st.data())
def test_the_same_question_has_the_same_answer(plan: Plan, data: st.DataObject) -> None:
    _, trail, times = walk(plan, data)
    assert next_step(plan, tuple(trail), times[-1]) == next_step(plan, tuple(trail), times[-1])
