"""What a run of scenes adds up to. Pure: played scenes and records in, figures out."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

import msgspec

from taskfit.demo.models import ladder_of
from taskfit.demo.play import Played, alias_of
from taskfit.values.money import Usd
from taskfit.values.record import Record


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a run.

    `by_rung` counts answers by the place of their model on the ladder, from 0. `cost` is what all requests cost, failed ones
    too; `answered_cost` and `baseline_cost` are those of the answered ones, with these models and with the baseline alone.
    Units: micro-dollars; milliseconds.
    """

    requests: int
    as_expected: int
    answered: int
    by_rung: tuple[int, ...]
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
    rungs = Counter(_rung(one) for one in answered)
    ids = {record.id for record in records}
    return Tally(
        requests=len(played),
        as_expected=sum(not one.complaints for one in played),
        answered=len(answered),
        by_rung=tuple(rungs[rung] for rung in range(max(rungs, default=-1) + 1)),
        calls=sum(len(record.attempts) for record in records),
        cost=sum(record.cost or 0 for record in records),
        answered_cost=sum(one.record.cost or 0 for one in answered if one.record),
        baseline_cost=sum(one.record.baseline_cost or 0 for one in answered if one.record),
        records=len(kept),
        has_one_record_each=len(kept) == len(played) == len(ids) and {record.id for record in kept} == ids,
        overhead_p50_ms=median([record.overhead_ms for record in records]) if records else 0.0,
    )


def _rung(one: Played) -> int:
    ladder, alias = ladder_of(one.scene), alias_of(one.record.model) if one.record else None
    return ladder.index(alias) if alias in ladder else 0
