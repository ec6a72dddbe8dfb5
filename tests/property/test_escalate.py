"""Every walk ends, within its attempts, its deadline and its budget, and on the best answer that it had."""

from itertools import pairwise
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.pipeline.affordable import calls_of, cost_of_calls
from taskfit.pipeline.escalate import FINAL_KINDS, WORTH_TRYING_S, calls, is_good_enough, next_step, spent
from taskfit.values.attempt import Attempt
from taskfit.values.plan import Plan
from taskfit.values.step import Accept, AskPerson, GiveUp, Step, Try
from taskfit.values.usage import Usage
from tests.property.plans import ended, most_tokens, plans


class Walked(NamedTuple):
    """One walk: its plan, all its steps, its trail, and the time of each step."""

    plan: Plan
    steps: list[Step]
    trail: list[Attempt]
    times: list[float]


MICRO = 3
"""Each call is rounded to a whole micro-dollar on its own."""


def walk(plan: Plan, data: st.DataObject) -> Walked:
    steps: list[Step] = []
    trail: list[Attempt] = []
    times = [0.0]
    while True:
        step = next_step(plan, trail, times[-1])
        steps.append(step)
        if not isinstance(step, Try):
            return Walked(plan, steps, trail, times)
        assert len(trail) < 40, "the walk does not end"
        began_s = times[-1] + step.after_s
        trail.append(data.draw(ended(plan, step, began_s)))
        times.append(began_s + data.draw(st.floats(0, plan.deadline_s)))


def every_walk_ends_within_its_calls(walked: Walked) -> None:
    plan, _, trail, _ = walked
    assert calls(trail) <= plan.max_attempts
    assert all(calls_of(plan.candidates[attempt.candidate]) <= plan.max_attempts for attempt in trail)


def no_walk_spends_more_than_its_cap(walked: Walked) -> None:
    plan, steps, trail, _ = walked
    hedged = any(isinstance(step, Try) and step.hedge is not None for step in steps)
    assert hedged or plan.max_cost is None or spent(trail) <= plan.max_cost + MICRO * calls(trail)


def both_of_a_race_together_cannot_exceed_the_cap(walked: Walked) -> None:
    plan, steps, trail, _ = walked
    for number, step in enumerate(steps):
        if isinstance(step, Try) and step.hedge is not None and plan.max_cost is not None:
            worst = [
                cost_of_calls(
                    (plan.candidates[each.candidate].card,),
                    None,
                    Usage(
                        input_tokens=plan.input_tokens,
                        output_tokens=most_tokens(plan, plan.candidates[each.candidate], each) * plan.choices,
                    ),
                )
                for each in (step, step.hedge)
            ]
            assert sum([cost or 0 for cost in worst]) <= plan.max_cost - spent(trail[:number]) + 2 * MICRO


def no_attempt_begins_after_the_deadline_or_may_wait_beyond_it(walked: Walked) -> None:
    plan, steps, _, times = walked
    for step, now_s in zip(steps, times, strict=True):
        if isinstance(step, Try):
            left_s = plan.deadline_s - now_s
            assert left_s >= WORTH_TRYING_S
            assert 0 < step.first_byte_s <= left_s - step.after_s + 1e-9
            assert step.after_s <= plan.max_wait_s
            assert plan.first_byte_s is None or step.first_byte_s <= plan.first_byte_s
            assert step.hedge is None or step.hedge.after_s < left_s


def a_candidate_is_called_again_only_after_passing_trouble(walked: Walked) -> None:
    _, _, trail, _ = walked
    for index, attempt in enumerate(trail):
        before = [earlier for earlier in trail[:index] if earlier.candidate == attempt.candidate]
        assert all(earlier.state == "failed" for earlier in before)
        assert not before or not any(earlier.state == "answered" for earlier in trail[:index])


def after_an_answer_that_is_not_good_enough_the_same_rung_is_not_asked_again(walked: Walked) -> None:
    plan, _, trail, _ = walked
    for before, after in pairwise(trail):
        if before.state in ("answered", "stopped", "passed"):
            assert plan.candidates[after.candidate].rung != plan.candidates[before.candidate].rung


def a_good_answer_is_taken_at_once_and_otherwise_the_best_one(walked: Walked) -> None:
    plan, steps, trail, _ = walked
    answered = [attempt for attempt in trail if attempt.state == "answered"]
    good = [attempt for attempt in answered if is_good_enough(attempt, plan.bar)]
    last = steps[-1]
    assert len(good) <= 1
    if isinstance(last, Accept | AskPerson) and last.attempt is not None:
        accepted = trail[last.attempt]
        assert accepted.state == "answered"
        kept = [attempt for attempt in answered if attempt.verdicts[0].judgement != "reject"] or answered
        assert (accepted.confidence or 0) == max(attempt.confidence or 0 for attempt in (good or kept))
        assert isinstance(last, AskPerson) or last.is_below_bar == (not good)
    else:
        assert not good
        assert not answered or any(attempt.state == "cut" for attempt in trail)


def a_person_is_asked_wherever_the_task_says_so(walked: Walked) -> None:
    plan, steps, trail, _ = walked
    last = steps[-1]
    if plan.review == "never" and not plan.is_sampled:
        assert not isinstance(last, AskPerson)
    if plan.review == "always" or plan.is_sampled:
        assert not isinstance(last, Accept) or last.is_below_bar
    if plan.review == "when_unsure" and not any(attempt.state == "cut" for attempt in trail):
        assert not isinstance(last, Accept) or not last.is_below_bar or trail[-1].error in FINAL_KINDS


def after_a_refusal_no_other_model_is_called_and_after_a_cut_only_to_go_on(walked: Walked) -> None:
    plan, _, trail, _ = walked
    for attempt in trail[:-1]:
        assert attempt.state != "cut" or plan.continues_cut
        is_final = attempt.error in FINAL_KINDS and plan.candidates[attempt.candidate].form == "single"
        assert not is_final or attempt.state == "cut"


def giving_up_has_a_kind_and_a_reason(walked: Walked) -> None:
    plan, steps, _, times = walked
    last = steps[-1]
    if isinstance(last, GiveUp):
        assert last.kind
        assert last.why
        assert (last.kind == "no_candidate") == (not plan.candidates)
        if last.kind == "deadline_exceeded":
            assert plan.deadline_s - times[-1] < WORTH_TRYING_S


def the_same_question_has_the_same_answer(walked: Walked) -> None:
    plan, _, trail, times = walked
    assert next_step(plan, tuple(trail), times[-1]) == next_step(plan, list(trail), times[-1])


PROMISES = (
    every_walk_ends_within_its_calls,
    no_walk_spends_more_than_its_cap,
    both_of_a_race_together_cannot_exceed_the_cap,
    no_attempt_begins_after_the_deadline_or_may_wait_beyond_it,
    a_candidate_is_called_again_only_after_passing_trouble,
    after_an_answer_that_is_not_good_enough_the_same_rung_is_not_asked_again,
    a_good_answer_is_taken_at_once_and_otherwise_the_best_one,
    a_person_is_asked_wherever_the_task_says_so,
    after_a_refusal_no_other_model_is_called_and_after_a_cut_only_to_go_on,
    giving_up_has_a_kind_and_a_reason,
    the_same_question_has_the_same_answer,
)


@settings(max_examples=150)
@given(plans(), st.data())
def test_every_walk_keeps_its_promises(plan: Plan, data: st.DataObject) -> None:
    """Each promise is held against each walk: drawing a walk costs a hundred times as much."""
    walked = walk(plan, data)
    for keeps in PROMISES:
        keeps(walked)
