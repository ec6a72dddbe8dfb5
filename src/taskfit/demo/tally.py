"""What a run of scenes adds up to. Pure: played scenes and records in, figures out."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

import msgspec

from taskfit.demo.play import Played
from taskfit.values.money import Usd
from taskfit.values.record import Record


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a run.

    `by_rung` counts answers by the place of their rung on the ladder, from 0. `decided` counts requests that a person decided as
    the scene says. `calls` are those of models. `cost` is what all requests cost, failed ones too; `answered_cost` and
    `baseline_cost` are those of the answered ones, with these models and with the baseline alone.
    Units: micro-dollars; milliseconds.
    """

    requests: int
    as_expected: int
    answered: int
    by_rung: tuple[int, ...]
    decided: int
    calls: int
    cost: Usd
    answered_cost: Usd
    baseline_cost: Usd
    records: int
    has_one_record_each: bool
    overhead_p50_ms: float

    @property
    def is_good(self) -> bool:
        """Whether every request ended as expected and left exactly one record."""
        return self.as_expected == self.requests and self.has_one_record_each


def tally_of(played: Sequence[Played], kept: Sequence[Record]) -> Tally:
    """`kept` are all records of the store."""
    records = [one.record for one in played if one.record is not None]
    answered = [one for one in played if one.record is not None and one.record.model is not None]
    rungs = Counter(_rung(one.record) for one in answered if one.record is not None)
    ids = {record.id for record in records}
    return Tally(
        requests=len(played),
        as_expected=sum(not one.complaints for one in played),
        answered=len(answered),
        by_rung=tuple(rungs[rung] for rung in range(max(rungs, default=-1) + 1)),
        decided=sum(one.scene.decision is not None and not one.complaints for one in played),
        calls=sum(max(len(attempt.members), bool(attempt.provider)) for record in records for attempt in record.attempts),
        cost=sum(record.cost or 0 for record in records),
        answered_cost=sum(one.record.cost or 0 for one in answered if one.record),
        baseline_cost=sum(one.record.baseline_cost or 0 for one in answered if one.record),
        records=len(kept),
        has_one_record_each=len(kept) == len(played) == len(ids) and {record.id for record in kept} == ids,
        overhead_p50_ms=median([record.overhead_ms for record in records]) if records else 0.0,
    )


def _rung(record: Record) -> int:
    """That of the last attempt of the model that answered."""
    places = [attempt.candidate for attempt in record.attempts if attempt.model == record.model]
    return record.plan.candidates[places[-1]].rung if record.plan is not None and places else 0
