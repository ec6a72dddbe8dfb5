"""Escalate: plan and trail in, the next step out. PURE.

A walk always ends: each Try adds an attempt, and there are never more attempts than candidates, nor more calls than
`max_attempts`. A rung whose dialect cannot carry the request is an attempt without a call.
"""

from taskfit.values.attempt import Attempt, Trail
from taskfit.values.money import Usd
from taskfit.values.plan import Plan
from taskfit.values.step import Accept, GiveUp, Step, Try

FINAL_KINDS = frozenset({"upstream_refused", "invalid_request"})
"""Failures that another model would not mend: the request itself is at fault."""

UNCALLED = "unsupported"
"""What an attempt fails of whose dialect cannot carry the request: no model was called."""

WORTH_TRYING_S = 0.005
"""With less than this left of the deadline no other model is called: timers are not finer, and the call would be billed."""


def next_step(plan: Plan, trail: Trail, elapsed_s: float) -> Step:
    """What to do now. Units: seconds since the walk began."""
    if trail:
        last = trail[-1]
        if last.state == "answered" and is_good_enough(last, plan.bar):
            return Accept(attempt=len(trail) - 1)
        if last.state == "cut":
            return GiveUp(kind="cut_answer", why="the answer broke off after its beginning had been sent")
        if last.state == "failed" and last.error in FINAL_KINDS:
            return _best_or(trail, GiveUp(kind=last.error or "all_failed", why="the request itself was refused"))
    return _next_rung(plan, trail, elapsed_s)


def is_good_enough(attempt: Attempt, bar: float) -> bool:
    """Whether an answered attempt reaches the bar and no check rejects it; one that no check has judged does."""
    if attempt.confidence is None:
        return True
    return attempt.confidence >= bar and all(verdict.judgement != "reject" for verdict in attempt.verdicts)


def _next_rung(plan: Plan, trail: Trail, elapsed_s: float) -> Step:
    tried, called = len(trail), calls(trail)
    rungs_left = min(len(plan.candidates) - tried, plan.max_attempts - called)
    left_s = plan.deadline_s - elapsed_s
    if not plan.candidates:
        return GiveUp(kind="no_candidate", why="no model of the ladder can take this request")
    if rungs_left <= 0:
        return _best_or(trail, GiveUp(kind=_common_kind(trail), why=_why_exhausted(plan, tried)))
    if left_s < WORTH_TRYING_S:
        return _best_or(trail, GiveUp(kind="deadline_exceeded", why=f"the deadline of {plan.deadline_s:g} s has passed"))
    candidate = plan.candidates[tried]
    if plan.max_cost is not None and spent(trail) + (candidate.worst_cost or 0) > plan.max_cost:
        return _best_or(
            trail, GiveUp(kind="budget_exceeded", why="the next rung could exceed the cap on the cost of this request")
        )
    share_s = left_s / rungs_left
    wait_s = share_s if plan.first_byte_s is None else min(plan.first_byte_s, left_s)
    return Try(candidate=candidate, first_byte_s=wait_s)


def calls(trail: Trail) -> int:
    """How many models were called."""
    return sum([attempt.error != UNCALLED for attempt in trail])


def spent(trail: Trail) -> Usd:
    """What the attempts have cost so far, as far as their prices are known."""
    return sum([attempt.cost or 0 for attempt in trail])


def _best_or(trail: Trail, otherwise: GiveUp) -> Step:
    answered = [(attempt.confidence or 0.0, -index) for index, attempt in enumerate(trail) if attempt.state == "answered"]
    if not answered:
        return otherwise
    return Accept(attempt=-max(answered)[1], is_below_bar=True)


def _common_kind(trail: Trail) -> str:
    kinds = {attempt.error for attempt in trail}
    if len(kinds) == 1 and (kind := kinds.pop()) is not None:
        return kind
    return "all_failed"


def _why_exhausted(plan: Plan, tried: int) -> str:
    if tried < len(plan.candidates):
        return f"the limit of {plan.max_attempts} attempts was reached"
    return "every rung was tried"
