"""Record: everything about one walk as one row."""

from collections.abc import Sequence
from random import getrandbits

from taskfit.values.attempt import Attempt, Trail
from taskfit.values.card import ModelCard, cost_of
from taskfit.values.money import Usd
from taskfit.values.plan import Plan
from taskfit.values.profile import Profile
from taskfit.values.record import Outcome, Record
from taskfit.values.request import Request

MAX_ASKED_CHARS = 200
PERSON = "person"
"""Who answered, where a person wrote the answer."""


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
    person_ms: float = 0.0,
    profile: Profile | None = None,
    plan: Plan | None = None,
    trail: Trail = (),
    accepted: int | None = None,
    is_below_bar: bool = False,
    is_decided: bool = False,
    review_id: str | None = None,
    masked: tuple[str, ...] = (),
    template: str | None = None,
    baseline: ModelCard | None = None,
    first_token_ms: float | None = None,
    error: str | None = None,
    error_text: str | None = None,
    audit_of: str | None = None,
) -> Record:
    """The row of one walk; `accepted` is the number of the attempt that answered, `is_decided`: a person did."""
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
        model=PERSON if is_decided else None if answered is None else answered.model,
        confidence=None if answered is None else answered.confidence,
        is_below_bar=is_below_bar,
        review_id=review_id,
        filtered_by=None if answered is None or plan is None else _filter_of(plan, answered),
        masked=masked,
        template=template,
        cost=total_cost(trail),
        baseline=None if baseline is None else baseline.id,
        baseline_cost=None
        if baseline is None or answered is None or answered.usage is None
        else cost_of(baseline.price, answered.usage),
        latency_ms=round(latency_ms, 3),
        first_token_ms=None if first_token_ms is None else round(first_token_ms, 3),
        overhead_ms=round(overhead_ms(trail, latency_ms - person_ms), 3),
        error=error,
        error_text=error_text,
        audit_of=audit_of,
    )


def total_cost(trail: Sequence[Attempt]) -> Usd | None:
    """The sum over all attempts and their checks; None where one has no known price. Units: micro-dollars."""
    total = 0
    for attempt in trail:
        if attempt.cost is None:
            return None
        total += attempt.cost
        for verdict in attempt.verdicts:
            if verdict.cost is None:
                return None
            total += verdict.cost
    return total


def overhead_ms(trail: Sequence[Attempt], elapsed_ms: float) -> float:
    """The part of the time that was not spent waiting for models; what two attempts waited at once counts once."""
    waited, until = 0.0, 0.0
    for attempt in trail:
        if attempt.verdicts:
            waited += sum([verdict.latency_ms for verdict in attempt.verdicts if verdict.cost != 0])
        duration_ms = elapsed_ms - attempt.started_ms if attempt.duration_ms is None else attempt.duration_ms
        begin, end = max(until, attempt.started_ms), attempt.started_ms + duration_ms
        if end > begin:
            waited += end - begin
            until = end
    return max(0.0, elapsed_ms - waited)


def _filter_of(plan: Plan, answered: Attempt) -> str | None:
    """The model of the filter that answered in the models' place."""
    candidate = plan.candidates[answered.candidate] if plan.candidates else None
    return answered.model if candidate is not None and candidate.form == "filter" else None
