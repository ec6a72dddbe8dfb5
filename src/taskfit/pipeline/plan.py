"""Plan: what will be tried, in which order, and what is left out and why. PURE: values in, a value out.

So `explain`, replay and property tests call the very function that production calls.
"""

from collections.abc import Mapping, Sequence

from taskfit.values.card import ModelCard, cost_of
from taskfit.values.money import Usd, format_usd
from taskfit.values.plan import Candidate, Dropped, Plan, Ranked
from taskfit.values.profile import Profile
from taskfit.values.request import Request
from taskfit.values.task import Task
from taskfit.values.usage import Usage

TYPICAL_OUTPUT_TOKENS = 256
"""What an answer is taken to cost when nothing is known of its length."""


def make_plan(
    request: Request,
    profile: Profile,
    task: Task,
    *,
    cards: Mapping[str, ModelCard],
    ranking: Sequence[Ranked] | None,
    chosen_by: str,
) -> Plan:
    """The ordered rungs for one request. `ranking` None: the ladder's own order holds."""
    terms = request.terms
    max_cost = _least(task.max_cost, terms.max_cost)
    ranked = ranking if ranking is not None else [Ranked(model=model) for model in task.ladder]
    candidates: list[Candidate] = []
    dropped: list[Dropped] = []
    for rank in ranked:
        card = cards[rank.model]
        candidate = _candidate(card, rank, request, profile)
        reason = _reason_to_drop(candidate, profile, max_cost)
        if reason is None:
            candidates.append(candidate)
        else:
            dropped.append(Dropped(model=card.id, reason=reason))
    if ranking is not None:
        kept = {rank.model for rank in ranking}
        dropped += [Dropped(model=model, reason="the router left it out") for model in task.ladder if model not in kept]
    return Plan(
        task=task.name,
        chosen_by=chosen_by,
        candidates=tuple(candidates),
        dropped=tuple(dropped),
        checks=tuple([use.name for use in task.checks]),
        bar=task.bar,
        deadline_s=task.deadline_s if terms.deadline_s is None else min(task.deadline_s, terms.deadline_s),
        first_byte_s=task.first_byte_s,
        max_cost=max_cost,
        max_attempts=task.max_attempts,
    )


def _candidate(card: ModelCard, rank: Ranked, request: Request, profile: Profile) -> Candidate:
    limit = request.outline.max_output_tokens
    typical = TYPICAL_OUTPUT_TOKENS if limit is None else min(limit, TYPICAL_OUTPUT_TOKENS)
    choices = request.outline.choices
    expected = cost_of(card.price, Usage(input_tokens=profile.input_tokens, output_tokens=typical * choices))
    worst = expected
    if limit is not None and limit > typical:
        worst = cost_of(card.price, Usage(input_tokens=profile.input_tokens, output_tokens=limit * choices))
    return Candidate(
        card=card,
        expected_cost=expected,
        worst_cost=worst,
        expected_quality=rank.expected_quality,
        expected_latency_s=rank.expected_latency_s,
    )


def _reason_to_drop(candidate: Candidate, profile: Profile, max_cost: Usd | None) -> str | None:
    card = candidate.card
    if card.context_tokens is not None and profile.input_tokens > card.context_tokens:
        return f"the input is about {profile.input_tokens} tokens, its window {card.context_tokens}"
    if profile.needs_tools and card.has_tools is False:
        return "it cannot call tools"
    if profile.needs_schema and card.has_json_schema is False:
        return "it cannot follow a JSON schema"
    if profile.needs_vision and card.has_vision is False:
        return "it cannot see images"
    if max_cost is None:
        return None
    if candidate.worst_cost is None:
        return "its price is unknown and the cost is capped; give it a price under models"
    if candidate.worst_cost > max_cost:
        return f"it could cost ${format_usd(candidate.worst_cost)}, the cap is ${format_usd(max_cost)}"
    return None


def _least(first: Usd | None, second: Usd | None) -> Usd | None:
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
