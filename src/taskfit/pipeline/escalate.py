"""Escalate: plan and trail in, the next step out. PURE.

A walk always ends: each Try adds an attempt that makes at least one call, and there are never more calls than `max_attempts`;
a rung whose dialect cannot carry the request is an attempt without a call, and is not tried again.

What comes after a failure depends on its kind. Trouble at a provider leads to another provider of the same model, then up the
ladder. An answer that is not good enough leads up the ladder at once: the same model elsewhere would say the same. A full context
window leads to a model with a larger one, a truncated answer to one that may write more. A reserve is asked only where no rung
has answered. When nothing else is left, a model that
asked for patience is waited for.
"""

from collections.abc import Sequence

import msgspec

from taskfit.pipeline.affordable import affordable_tokens, calls_of
from taskfit.values.attempt import Attempt
from taskfit.values.money import Usd
from taskfit.values.plan import Candidate, Plan
from taskfit.values.step import Accept, AskPerson, GiveUp, Step, Try

FINAL_KINDS = frozenset({"upstream_refused", "invalid_request"})
"""Failures that another model would not mend: the request itself is at fault."""

PASSING_KINDS = frozenset({"upstream_overloaded", "upstream_rate_limited", "upstream_unreachable", "upstream_failure"})
"""Failures that the same model may have got over a little later."""

UNCALLED = "unsupported"
"""What an attempt fails of whose dialect cannot carry the request: no model was called."""

WORTH_TRYING_S = 0.005
"""With less than this left of the deadline no other model is called: timers are not finer, and the call would be billed."""

BACKOFF_S = 0.25
"""The wait before the first retry of a model that did not say how long it wants to be left alone; twice as long each time."""


_CUT = GiveUp(kind="cut_answer", why="the answer broke off after its beginning had been sent")


def next_step(plan: Plan, trail: Sequence[Attempt], elapsed_s: float) -> Step:
    """What to do now. Units: seconds since the walk began."""
    if not plan.candidates:
        return GiveUp(kind="no_candidate", why="no model of the ladder can take this request")
    if trail:
        best = _best(plan, trail)
        if best is not None and (trail[best].is_given or _is_enough(plan, trail[best])):
            return _end_with(plan, trail, best, None)
        if not plan.continues_cut and any(attempt.state == "cut" for attempt in trail):
            return _CUT
        last = trail[_latest(trail)]
        if last.state == "failed" and last.error in FINAL_KINDS and plan.candidates[last.candidate].form == "single":
            return _end(plan, trail, GiveUp(kind=last.error or "", why="the request itself was refused"))
    return _next_candidate(plan, trail, elapsed_s)


def is_good_enough(attempt: Attempt, bar: float) -> bool:
    """Whether an answered attempt reaches the bar and no check rejects it; one that no check has judged does."""
    if attempt.confidence is None:
        return True
    return attempt.confidence >= bar and not _is_rejected(attempt)


def _is_enough(plan: Plan, attempt: Attempt) -> bool:
    """Whether it may go out. Under a fitted bar the trusted rung's answer may, unless a check rejects it, and no other may of
    which nobody says how sure it is; a filter's own answer always may."""
    candidate = plan.candidates[attempt.candidate]
    if plan.trusted_rung is None or candidate.form == "filter":
        return is_good_enough(attempt, plan.bar)
    if candidate.rung == plan.trusted_rung:
        return not _is_rejected(attempt)
    return attempt.confidence is not None and is_good_enough(attempt, plan.bar)


def _latest(trail: Sequence[Attempt]) -> int:
    """The last attempt that says something: not one that was called off, and of a race the one that answered."""
    for index in range(len(trail) - 1, -1, -1):
        if trail[index].state != "cancelled":
            is_lost_hedge = trail[index].is_hedge and index > 0 and trail[index - 1].state == "answered"
            return index - 1 if is_lost_hedge else index
    return len(trail) - 1


def _end(plan: Plan, trail: Sequence[Attempt], otherwise: GiveUp) -> Step:
    """The end of a walk. `otherwise` is why no better answer will be had."""
    best = _best(plan, trail)
    return _end_without(plan, trail, otherwise) if best is None else _end_with(plan, trail, best, otherwise)


def _end_with(plan: Plan, trail: Sequence[Attempt], best: int, otherwise: GiveUp | None) -> Step:
    """The best answer goes to the caller, or to a person where the task wants that.

    `otherwise` is why no better one will be had; None: it is good enough, or the caller has it.
    """
    is_good = _is_enough(plan, trail[best])
    if plan.review == "always":
        return AskPerson(attempt=best, why="every answer of this task is looked at")
    if plan.is_sampled:
        return AskPerson(attempt=best, why="it is in the sample that is looked at")
    if plan.review == "when_unsure" and not is_good:
        return AskPerson(attempt=best, why=f"no answer reached the bar: {otherwise.why if otherwise else 'the caller has it'}")
    return Accept(attempt=best, is_below_bar=not is_good)


def _end_without(plan: Plan, trail: Sequence[Attempt], otherwise: GiveUp) -> Step:
    """The end of a walk without an answer."""
    if any(attempt.state == "cut" for attempt in trail):
        return _CUT
    if plan.review == "never" or otherwise.kind in FINAL_KINDS:
        return otherwise
    return AskPerson(attempt=None, why=f"no model answered: {otherwise.why}")


def _next_candidate(plan: Plan, trail: Sequence[Attempt], elapsed_s: float) -> Step:
    left_s = plan.deadline_s - elapsed_s
    calls_left = plan.max_attempts - calls(trail) if trail else plan.max_attempts
    chosen = _untried(plan, trail) if trail else 0
    after_s = 0.0
    if chosen is None or plan.candidates[chosen].ready_in_s > elapsed_s:
        chosen, after_s = _patient(plan, trail, elapsed_s, chosen)
    if chosen is None and not trail:
        return _end(plan, trail, GiveUp(kind="upstream_rate_limited", why="every model wants to be left alone"))
    if chosen is None:
        return _end(plan, trail, GiveUp(kind=_common_kind(trail), why="every rung was tried"))
    candidate = plan.candidates[chosen]
    if calls_of(candidate) > calls_left:
        why = f"the limit of {plan.max_attempts} attempts was reached"
        return _end(plan, trail, GiveUp(kind=_common_kind(trail), why=why))
    if left_s < WORTH_TRYING_S:
        why = f"the deadline of {plan.deadline_s:g} s has passed"
        return _end(plan, trail, GiveUp(kind="deadline_exceeded", why=why))
    patience_s = _patience_s(plan, trail, left_s - after_s, calls_left)
    hedge = None
    if plan.hedge_after_s is not None and after_s + plan.hedge_after_s < left_s and calls_left > 1 and not _has_begun(trail):
        hedge = _hedge(plan, trail, chosen, left_s - plan.hedge_after_s)
    limit = None
    if plan.max_cost is not None:
        left = plan.max_cost - spent(trail)
        room = affordable_tokens(plan, candidate, left)
        if room is None:
            why = "the next rung could exceed the cap on the cost of this request"
            return _end(plan, trail, GiveUp(kind="budget_exceeded", why=why))
        limit = room.limit
        if hedge is not None:
            limit, hedge = _share(plan, candidate, hedge, left) or (limit, None)
    return Try(candidate=chosen, after_s=after_s, first_byte_s=patience_s, max_output_tokens=limit, hedge=hedge)


def _hedge(plan: Plan, trail: Sequence[Attempt], chosen: int, left_s: float) -> Try | None:
    """The next single candidate after the chosen one: another provider of its model, else the next rung."""
    tried = {attempt.candidate for attempt in trail}
    if plan.candidates[chosen].form != "single" or plan.hedge_after_s is None:
        return None
    for index in range(chosen + 1, len(plan.candidates)):
        if index not in tried and plan.candidates[index].form == "single" and not plan.candidates[index].ready_in_s:
            return Try(candidate=index, after_s=plan.hedge_after_s, first_byte_s=left_s)
    return None


def _share(plan: Plan, first: Candidate, hedge: Try, left: Usd) -> tuple[int | None, Try] | None:
    """What both of a race may write when each gets half of the money; None where that is too little."""
    mine = affordable_tokens(plan, first, left // 2)
    other = affordable_tokens(plan, plan.candidates[hedge.candidate], left // 2)
    if mine is None or other is None:
        return None
    return mine.limit, msgspec.structs.replace(hedge, max_output_tokens=other.limit)


def _patience_s(plan: Plan, trail: Sequence[Attempt], left_s: float, calls_left: int) -> float:
    """What this attempt may wait for its first byte: its share of what is left, where the task does not say."""
    if plan.first_byte_s is not None:
        return min(plan.first_byte_s, left_s)
    untried = len(plan.candidates) - len({attempt.candidate for attempt in trail}) if trail else len(plan.candidates)
    return left_s / max(1, min(untried, calls_left))


def _has_begun(trail: Sequence[Attempt]) -> bool:
    """Whether the caller has seen the beginning of an answer."""
    return any(attempt.is_given for attempt in trail)


def _untried(plan: Plan, trail: Sequence[Attempt]) -> int | None:
    """The next candidate in order that has not been tried and that may do better than the last attempt. Only a model goes on
    where an answer broke off: no ensemble, no filter."""
    last, tried, goes_on = trail[_latest(trail)], {attempt.candidate for attempt in trail}, _has_begun(trail)
    for index, candidate in enumerate(plan.candidates):
        if index not in tried and (candidate.form == "single" or not goes_on) and _may_do_better(plan, candidate, last):
            return index
    return None


def _may_do_better(plan: Plan, candidate: Candidate, last: Attempt) -> bool:
    failed = plan.candidates[last.candidate]
    card, before = candidate.card, failed.card
    if last.error == "context_exceeded":
        return card.context_tokens is None or before.context_tokens is None or card.context_tokens > before.context_tokens
    if last.state in ("answered", "stopped", "passed"):
        if candidate.is_reserve and last.state == "answered":
            return False
        if candidate.rung == failed.rung:
            return False
        if last.finish == "length" and _is_cut_by_model(plan, last):
            room, had = card.max_output_tokens, before.max_output_tokens
            return room is None or had is None or room > had
    return True


def _is_cut_by_model(plan: Plan, last: Attempt) -> bool:
    """Whether the model's own limit cut the answer, rather than the caller's or the cost cap's."""
    limits = [limit for limit in (plan.max_output_tokens, last.max_output_tokens) if limit is not None]
    return not limits or last.usage is None or last.usage.output_tokens < min(limits) - 1


def _patient(plan: Plan, trail: Sequence[Attempt], elapsed_s: float, untried: int | None) -> tuple[int | None, float]:
    """The candidate that is ready first, and how long that takes; None where none is worth waiting for."""
    ready: list[tuple[float, int]] = []
    if untried is not None:
        ready.append((plan.candidates[untried].ready_in_s, untried))
    has_answer = any(attempt.state == "answered" for attempt in trail)
    retries = len(trail) - len({attempt.candidate for attempt in trail if not attempt.is_hedge})
    for index in range(0 if has_answer else len(plan.candidates)):
        mine = [attempt for attempt in trail if attempt.candidate == index and attempt.state != "cancelled"]
        if not mine or mine[-1].error not in PASSING_KINDS or mine[-1].state != "failed":
            continue
        last = mine[-1]
        ended_s = (last.started_ms + (last.duration_ms or 0.0)) / 1e3
        if last.retry_after_s is not None:
            ready.append((ended_s + last.retry_after_s, index))
        elif retries < plan.retries:
            ready.append((ended_s + BACKOFF_S * 2 ** (len(mine) - 1), index))
    at_s, chosen = min(ready, default=(0.0, None))
    after_s = max(0.0, at_s - elapsed_s)
    if chosen is None or after_s > min(plan.max_wait_s, plan.deadline_s - elapsed_s - WORTH_TRYING_S):
        return None, 0.0
    return chosen, after_s


def calls(trail: Sequence[Attempt]) -> int:
    """How many calls of models were made; those of checks are not counted."""
    return sum([len(attempt.members) or 1 for attempt in trail if attempt.error != UNCALLED and attempt.provider])


def spent(trail: Sequence[Attempt]) -> Usd:
    """What the attempts and their checks have cost so far, as far as their prices are known. Units: micro-dollars."""
    return sum([(attempt.cost or 0) + sum([verdict.cost or 0 for verdict in attempt.verdicts]) for attempt in trail])


def _best(plan: Plan, trail: Sequence[Attempt]) -> int | None:
    """The answer that no check rejects, that has the highest confidence, and of equals the later one: its model stands higher.
    Under a fitted bar the trusted rung's answer stands above all that missed the bar."""
    best: int | None = None
    for index, attempt in enumerate(trail):
        if attempt.state == "answered" and (best is None or _standing(plan, attempt) >= _standing(plan, trail[best])):
            best = index
    return best


def _standing(plan: Plan, attempt: Attempt) -> tuple[bool, bool, float]:
    is_trusted = plan.trusted_rung is not None and plan.candidates[attempt.candidate].rung == plan.trusted_rung
    return not _is_rejected(attempt), is_trusted, attempt.confidence or 0.0


def _is_rejected(attempt: Attempt) -> bool:
    return any(verdict.judgement == "reject" for verdict in attempt.verdicts)


def _common_kind(trail: Sequence[Attempt]) -> str:
    kinds = {attempt.error for attempt in trail if attempt.state != "cancelled"}
    if len(kinds) == 1 and (kind := kinds.pop()) is not None:
        return kind
    return "all_failed"
