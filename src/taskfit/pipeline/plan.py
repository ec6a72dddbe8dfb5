"""Plan: what will be tried, in which order, and what is left out and why. PURE: values in, a value out.

So `explain`, replay and property tests call the very function that production calls.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from taskfit.pipeline.affordable import cost_of_calls
from taskfit.values.card import ModelCard, Price, cost_of
from taskfit.values.condition import Condition
from taskfit.values.money import Usd, format_usd
from taskfit.values.plan import TYPICAL_OUTPUT_TOKENS, Candidate, Dropped, Plan, Ranked, Ranking
from taskfit.values.profile import Profile
from taskfit.values.request import Request
from taskfit.values.task import Rung, Task
from taskfit.values.usage import Usage

RULE = ModelCard(id="taskfit/rule", provider="", name="rule", price=Price(input=0, output=0), source="taskfit")
"""Who answers where a filter's rule lets a request go no further: no model at all."""

UNRANKED = Ranked(model="")
NOTHING_REACHES = 1.01
"""A bar above every confidence."""

_Sizes: TypeAlias = tuple[Usage, Usage | None]
"""What a typical answer uses, and the longest that the caller allows, where that is more."""


def make_plan(
    request: Request,
    profile: Profile,
    task: Task,
    *,
    cards: Mapping[str, ModelCard],
    ranking: Ranking | None,
    chosen_by: str,
    conditions: Mapping[str, Condition],
    lot: float = 1.0,
    lapsed: str = "",
) -> Plan:
    """The ordered rungs for one request. `ranking` None: the ladder's own order holds. `conditions` are those of the models, by
    their ids, as far as anything is known of them. `lot`, 0 to 1, is what was drawn for this request: below the task's share of
    reviews, a person looks at it; above 1 - its share of audits, its first answer is compared. `lapsed` says why a fitted bar
    does not hold, and then the last rung is asked, whatever the router says."""
    terms, outline = request.terms, request.outline
    max_cost = _least(task.max_cost, terms.max_cost)
    candidates: list[Candidate] = []
    dropped: list[Dropped] = []
    limit, choices = outline.max_output_tokens, outline.choices
    typical = TYPICAL_OUTPUT_TOKENS if limit is None else min(limit, TYPICAL_OUTPUT_TOKENS)
    size = Usage(input_tokens=profile.input_tokens, output_tokens=typical * choices)
    longest = None if limit is None or limit == typical else msgspec.structs.replace(size, output_tokens=limit * choices)
    if lapsed:
        ranking = last_rung_first(task)
    for place, rung, rank in _ranked(task, ranking):
        for candidate in _candidates(place, rung, rank, cards, (size, longest)):
            reason = _reason_to_drop(candidate, profile, max_cost)
            if reason is None:
                candidates.append(candidate)
            else:
                dropped.append(Dropped(model=_name(rung, candidate), reason=reason))
    if ranking is not None:
        kept = {rank.model for rank in ranking.rungs}
        dropped += [Dropped(model=rung.id, reason="the router left it out") for rung in task.ladder if rung.id not in kept]
    if conditions:
        candidates = _told_of(candidates, conditions)
        candidates = _leave_out_unwell(candidates, dropped, conditions)
    hedge = task.hedge
    return msgspec.structs.replace(
        _empty_plan(task, chosen_by),
        candidates=tuple(candidates),
        dropped=tuple(dropped),
        deadline_s=task.deadline_s if terms.deadline_s is None else min(task.deadline_s, terms.deadline_s),
        max_cost=max_cost,
        hedge_after_s=None if hedge is None else hedge.after_s or _usual_first_byte_s(candidates, conditions),
        bar=_bar(task, ranking, lapsed),
        is_sampled=lot < task.review.share,
        trusted_rung=_trusted_rung(task, ranking, lapsed),
        is_audited=len(task.ladder) > 1 and lot > 1.0 - task.audit_share,
        lapsed=lapsed,
        routing=None if ranking is None else ranking.routing,
        input_tokens=profile.input_tokens,
        max_output_tokens=limit,
        choices=choices,
    )


def _empty_plan(task: Task, chosen_by: str) -> Plan:
    """What the contract alone says. Apart, because a call with more than 15 keyword arguments passes through a dict."""
    return Plan(
        task=task.name,
        chosen_by=chosen_by,
        candidates=(),
        checks=tuple([use.name for use in task.checks]) if task.checks else (),
        bar=task.bar,
        deadline_s=task.deadline_s,
        first_byte_s=task.first_byte_s,
        max_attempts=task.max_attempts,
        max_wait_s=task.max_wait_s,
        retries=task.retries,
        deliver=task.deliver,
        continues_cut=task.continues_cut,
        review=task.review.when,
    )


def last_rung_first(task: Task) -> Ranking:
    """What is safe where nobody can say how good the cheaper rungs are: the last one, and the others where it does not answer."""
    filters = [Ranked(model=rung.id) for rung in task.ladder if rung.form == "filter"]
    models = [rung.id for rung in task.ladder if rung.form != "filter"]
    reserves = [Ranked(model=model, is_reserve=True) for model in reversed(models[:-1])]
    return Ranking(rungs=(*filters, Ranked(model=models[-1]), *reserves) if models else ())


def _bar(task: Task, ranking: Ranking | None, lapsed: str) -> float:
    """The strictest of the task's own, the fitted one and the policy's."""
    bar, budget = task.bar, task.error_budget
    if budget is not None and budget.bar is not None and not lapsed:
        bar = NOTHING_REACHES if budget.bar.value is None else budget.bar.value
    return bar if ranking is None or ranking.bar is None else max(bar, ranking.bar)


def _trusted_rung(task: Task, ranking: Ranking | None, lapsed: str) -> int | None:
    """The last rung of what is followed, where its bar was fitted; None where a person set the bar, which holds for all rungs."""
    budget = task.error_budget
    if budget is not None and budget.bar is not None and not lapsed:
        return len(task.ladder) - 1
    if ranking is None or ranking.bar is None:
        return None
    asked = [rank.model for rank in ranking.rungs if not rank.is_reserve]
    return next((place for place, rung in enumerate(task.ladder) if rung.id == asked[-1]), None)


def _ranked(task: Task, ranking: Ranking | None) -> Iterable[tuple[int, Rung, Ranked]]:
    """The rungs in the order in which they are tried, each with its place in the ladder."""
    if ranking is None:
        return [(place, rung, UNRANKED) for place, rung in enumerate(task.ladder)]
    places = {rung.id: place for place, rung in enumerate(task.ladder)}
    return [(places[rank.model], task.ladder[places[rank.model]], rank) for rank in ranking.rungs]


def _candidates(
    place: int, rung: Rung, rank: Ranked, cards: Mapping[str, ModelCard], sizes: _Sizes
) -> Sequence[Candidate]:
    """One, and one more for each other provider of its model."""
    if rung.form != "single":
        return (_several(place, rung, rank, cards, sizes),)
    first = _single(cards[rung.models[0]], place, 0, rank, sizes)
    if not rung.alternates:
        return (first,)
    return [first, *[_single(cards[model], place, number, rank, sizes) for number, model in enumerate(rung.alternates, 1)]]


def _several(place: int, rung: Rung, rank: Ranked, cards: Mapping[str, ModelCard], sizes: _Sizes) -> Candidate:
    """A rung that is more than one call, or none: an ensemble, or a filter."""
    members = tuple([cards[model] for model in rung.models for _ in range(rung.count)])
    if rung.form == "filter":
        return Candidate(card=members[0] if members else RULE, rung=place, form="filter", expected_cost=0, worst_cost=0)
    merger = None if rung.merger is None else cards[rung.merger]
    size, longest = sizes
    worst = cost_of_calls(members, merger, size if longest is None else longest)
    return Candidate(
        card=merger if rung.form == "synthesis" and merger is not None else members[0],
        rung=place,
        is_reserve=rank.is_reserve,
        form=rung.form,
        members=members,
        merger=merger,
        first_to=rung.first_to,
        expected_cost=cost_of_calls(members[: rung.first_to], merger, size),
        worst_cost=worst,
        expected_quality=rank.expected_quality,
        expected_latency_s=rank.expected_latency_s,
    )


def _single(card: ModelCard, place: int, number: int, rank: Ranked, sizes: _Sizes) -> Candidate:
    size, longest = sizes
    expected = cost_of(card.price, size)
    return Candidate(
        card=card,
        rung=place,
        is_alternate=number > 0,
        is_reserve=rank.is_reserve,
        expected_cost=expected,
        worst_cost=expected if longest is None else cost_of(card.price, longest),
        expected_quality=rank.expected_quality,
        expected_latency_s=rank.expected_latency_s,
    )


def _told_of(candidates: list[Candidate], conditions: Mapping[str, Condition]) -> list[Candidate]:
    """With the latency that was measured, where the router expects none."""
    measured = [conditions[each.card.id].latency_p50_s if each.card.id in conditions else None for each in candidates]
    return [
        candidate
        if latency_s is None or candidate.expected_latency_s is not None
        else msgspec.structs.replace(candidate, expected_latency_s=latency_s)
        for candidate, latency_s in zip(candidates, measured, strict=True)
    ]


def _reason_to_drop(candidate: Candidate, profile: Profile, max_cost: Usd | None) -> str | None:
    if not candidate.members:
        lack = _what_it_lacks(candidate.card, profile)
        if lack is not None:
            return lack
    for card in candidate.members:
        lack = _what_it_lacks(card, profile)
        if lack is not None:
            return f"{card.id}: {lack}"
    if max_cost is None:
        return None
    if candidate.expected_cost is None:
        return "its price is unknown and the cost is capped; give it a price under models"
    if candidate.expected_cost > max_cost:
        return f"it would cost about ${format_usd(candidate.expected_cost)}, the cap is ${format_usd(max_cost)}"
    return None


def _what_it_lacks(card: ModelCard, profile: Profile) -> str | None:
    if card.context_tokens is not None and profile.input_tokens > card.context_tokens:
        return f"the input is about {profile.input_tokens} tokens, its window {card.context_tokens}"
    if profile.needs_tools and card.has_tools is False:
        return "it cannot call tools"
    if profile.needs_schema and card.has_json_schema is False:
        return "it cannot follow a JSON schema"
    if profile.needs_vision and card.has_vision is False:
        return "it cannot see images"
    return None


def _leave_out_unwell(
    candidates: list[Candidate], dropped: list[Dropped], conditions: Mapping[str, Condition]
) -> list[Candidate]:
    """Without those whose breaker is open or that want to be left alone; where nothing else is left, they are kept after all:
    a broken model may have been mended, and one that named a time is waited for."""
    unwell = {index: condition for index, candidate in enumerate(candidates) if (condition := _trouble(candidate, conditions))}
    if not unwell:
        return candidates
    if not any(index not in unwell and candidate.form != "filter" for index, candidate in enumerate(candidates)):
        return [
            msgspec.structs.replace(candidate, ready_in_s=unwell[index].ready_in_s)
            if index in unwell and not unwell[index].is_open
            else candidate
            for index, candidate in enumerate(candidates)
        ]
    dropped += [Dropped(model=candidates[index].card.id, reason=unwell[index].reason) for index in unwell]
    return [candidate for index, candidate in enumerate(candidates) if index not in unwell]


def _trouble(candidate: Candidate, conditions: Mapping[str, Condition]) -> Condition | None:
    for card in candidate.members or (candidate.card,):
        for name in (card.id, f"{card.provider}/"):
            condition = conditions.get(name)
            if condition is not None and condition.ready_in_s > 0:
                return condition
    return None


def _usual_first_byte_s(candidates: Sequence[Candidate], conditions: Mapping[str, Condition]) -> float | None:
    """The p95 of what the first candidate took to begin lately; None where too little is known."""
    condition = conditions.get(candidates[0].card.id) if candidates else None
    return None if condition is None else condition.first_token_p95_s


def _name(rung: Rung, candidate: Candidate) -> str:
    return candidate.card.id if rung.form == "single" else rung.id


def _least(first: Usd | None, second: Usd | None) -> Usd | None:
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
