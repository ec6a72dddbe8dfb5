"""Record: what the row of one walk is made of."""

from collections.abc import Sequence
from random import getrandbits

from taskfit.values.attempt import Attempt
from taskfit.values.card import ModelCard, cost_of
from taskfit.values.money import Usd
from taskfit.values.plan import Plan

MAX_ASKED_CHARS = 200
PERSON = "person"
"""Who answered, where a person wrote the answer."""


def new_record_id(at: float) -> str:
    """An id that sorts by time. Units: seconds since the epoch."""
    return "rec-" + (int(at * 1e6) << 48 | getrandbits(48)).to_bytes(13, "big").hex()


def shown(text: str) -> str:
    """A client's text as it may stand in a record or a log line: short, and without control characters."""
    cut = text[:MAX_ASKED_CHARS]
    return cut if cut.isprintable() else ascii(cut)[1:-1]


def to_micros(ms: float) -> float:
    """Milliseconds to three places, as a record shows them; `round` with places is far slower."""
    return round(ms * 1e3) / 1e3


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


def filter_of(plan: Plan, answered: Attempt) -> str | None:
    """The model of the filter that answered in the models' place."""
    candidate = plan.candidates[answered.candidate] if plan.candidates else None
    return answered.model if candidate is not None and candidate.form == "filter" else None


def baseline_cost(baseline: ModelCard, answered: Attempt) -> Usd | None:
    """What another model would have cost for the same tokens. Units: micro-dollars; None: its price or the tokens are unknown."""
    return None if answered.usage is None else cost_of(baseline.price, answered.usage)
