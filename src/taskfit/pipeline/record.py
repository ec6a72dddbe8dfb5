"""Record: everything about one walk as one row."""

from random import getrandbits

from taskfit.values.attempt import Trail
from taskfit.values.card import ModelCard, cost_of
from taskfit.values.money import Usd
from taskfit.values.plan import Plan
from taskfit.values.profile import Profile
from taskfit.values.record import Outcome, Record
from taskfit.values.request import Request

MAX_ASKED_CHARS = 200


def new_record_id(at: float) -> str:
    """An id that sorts by time. Units: seconds since the epoch."""
    return f"rec-{int(at * 1e6):014x}{getrandbits(48):012x}"


def shown(text: str) -> str:
    """A client's text as it may stand in a record or a log line: short, and without control characters."""
    cut = text[:MAX_ASKED_CHARS]
    return cut if cut.isprintable() else ascii(cut)[1:-1]


def write_record(
    request: Request,
    *,
    record_id: str,
    at: float,
    outcome: Outcome,
    status: int,
    latency_ms: float,
    profile: Profile | None = None,
    plan: Plan | None = None,
    trail: Trail = (),
    accepted: int | None = None,
    is_below_bar: bool = False,
    baseline: ModelCard | None = None,
    first_token_ms: float | None = None,
    error: str | None = None,
    error_text: str | None = None,
) -> Record:
    """The row of one walk; `accepted` is the number of the attempt that answered."""
    answered = None if accepted is None else trail[accepted]
    return Record(
        id=record_id,
        request_id=request.id,
        at=at,
        dialect=request.dialect,
        asked=shown(request.model),
        outcome=outcome,
        status=status,
        is_stream=request.is_stream,
        task=None if plan is None else plan.task,
        surface=request.terms.surface,
        session=request.terms.session,
        key_id=request.caller.key_id,
        team=request.caller.team,
        profile=profile,
        plan=plan,
        attempts=trail,
        model=None if answered is None else answered.model,
        confidence=None if answered is None else answered.confidence,
        is_below_bar=is_below_bar,
        cost=total_cost(trail),
        baseline=None if baseline is None else baseline.id,
        baseline_cost=None
        if baseline is None or answered is None or answered.usage is None
        else cost_of(baseline.price, answered.usage),
        latency_ms=round(latency_ms, 3),
        first_token_ms=None if first_token_ms is None else round(first_token_ms, 3),
        overhead_ms=round(overhead_ms(trail, latency_ms), 3),
        error=error,
        error_text=error_text,
    )


def total_cost(trail: Trail) -> Usd | None:
    """The sum over all attempts and their checks; None where one has no known price. Units: micro-dollars."""
    total = 0
    for attempt in trail:
        if attempt.cost is None:
            return None
        total += attempt.cost + sum([verdict.cost for verdict in attempt.verdicts])
    return total


def overhead_ms(trail: Trail, elapsed_ms: float) -> float:
    """The part of the time that was not spent waiting for models."""
    waited = sum([attempt.duration_ms or 0.0 for attempt in trail])
    return max(0.0, elapsed_ms - waited)
