"""A plan loses no rung without a reason, and keeps none that it must not."""

from itertools import pairwise

from hypothesis import given, settings

from taskfit.values.plan import Plan
from taskfit.values.profile import Profile
from taskfit.values.request import Request
from taskfit.values.task import Task
from tests.property.plans import made_plans

Made = tuple[Request, Profile, Task, Plan]


def every_rung_is_a_candidate_or_dropped_with_a_reason(made: Made) -> None:
    _, _, task, plan = made
    kept = {candidate.rung for candidate in plan.candidates}
    dropped = [each.model for each in plan.dropped]
    for place, rung in enumerate(task.ladder):
        assert place in kept or any(model in dropped for model in (rung.id, *rung.models, *rung.alternates))
    assert all(each.reason for each in plan.dropped)


def an_alternate_comes_directly_behind_the_provider_that_it_stands_in_for(made: Made) -> None:
    _, _, _, plan = made
    for before, after in pairwise(plan.candidates):
        assert not after.is_alternate or after.rung == before.rung or all(
            candidate.is_alternate for candidate in plan.candidates if candidate.rung == after.rung
        )


def no_candidate_lacks_what_the_request_needs(made: Made) -> None:
    _, profile, _, plan = made
    for card in (card for candidate in plan.candidates for card in (candidate.members or (candidate.card,))):
        assert card.context_tokens is None or profile.input_tokens <= card.context_tokens
        assert not (profile.needs_tools and card.has_tools is False)
        assert not (profile.needs_schema and card.has_json_schema is False)
        assert not (profile.needs_vision and card.has_vision is False)


def under_a_cap_no_candidate_is_expected_to_exceed_it_or_has_an_unknown_price(made: Made) -> None:
    _, _, _, plan = made
    if plan.max_cost is not None:
        for candidate in plan.candidates:
            assert candidate.expected_cost is not None
            assert candidate.expected_cost <= plan.max_cost


def the_worst_cost_is_no_less_than_the_expected_one(made: Made) -> None:
    _, _, _, plan = made
    for candidate in plan.candidates:
        assert (candidate.worst_cost is None) == (candidate.expected_cost is None)
        assert (candidate.worst_cost or 0) >= (candidate.expected_cost or 0)


def an_unwell_model_stays_only_where_nothing_else_is_left(made: Made) -> None:
    _, _, _, plan = made
    assert plan.candidates or all(each.reason != "it is unwell" for each in plan.dropped)


def the_caller_can_tighten_the_task_s_limits_and_never_widen_them(made: Made) -> None:
    request, _, task, plan = made
    assert plan.deadline_s == min(task.deadline_s, request.terms.deadline_s or task.deadline_s)
    said = [limit for limit in (task.max_cost, request.terms.max_cost) if limit is not None]
    assert plan.max_cost == (min(said) if said else None)
    assert (plan.bar, plan.max_attempts, plan.first_byte_s) == (task.bar, task.max_attempts, task.first_byte_s)


PROMISES = (
    every_rung_is_a_candidate_or_dropped_with_a_reason,
    an_alternate_comes_directly_behind_the_provider_that_it_stands_in_for,
    no_candidate_lacks_what_the_request_needs,
    under_a_cap_no_candidate_is_expected_to_exceed_it_or_has_an_unknown_price,
    the_worst_cost_is_no_less_than_the_expected_one,
    an_unwell_model_stays_only_where_nothing_else_is_left,
    the_caller_can_tighten_the_task_s_limits_and_never_widen_them,
)


@settings(max_examples=150)
@given(made_plans())
def test_every_plan_keeps_its_promises(made: Made) -> None:
    """Each promise is held against each plan: drawing a plan costs a hundred times as much."""
    for keeps in PROMISES:
        keeps(made)
