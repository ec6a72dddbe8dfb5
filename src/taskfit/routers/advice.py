"""Which rungs a ladder should have, by what a table expects: few that together give the best single model's quality for the least
money. Pure Python.

Rungs are added policy by policy, always those of the one that saves most for each rung that it brings. Figures are what the table
expects, and the best of many policies looks a little better there than it is. Knows no configuration.
"""

from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

import msgspec

from taskfit.routers.aims import leaves_what_is_decided
from taskfit.routers.choosing import FEWEST_ROWS, ROUNDING, mixed_frontier
from taskfit.values.policy import ALL, Cell, Point, Policy, PolicyTable
from taskfit.values.task import rung_of

LEAST_SAVING: Final = 0.01
"""Of the best single model's cost; a policy that saves less for each rung that it brings is not worth them."""

WORTH_SAYING: Final = 0.1
"""What a rung more must save of a ladder's cost, that a person is told of it."""

MOST_ADDED: Final = 2
"""Rungs: those of one policy."""


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """A ladder: the ids of its rungs as the table calls them, those of them that came last, and what is expected of it.

    Rungs that are left by themselves stand first, the cheapest in front. `cost_usd` is what the `quality` that is wanted costs
    with it, `saving` the share of the best single model's cost that is saved, `most_quality` what the ladder can reach at any
    cost. `dial` is the share for `fit` that leads there: of what the best single model of the ladder has over its cheapest one.
    No dial asks for less than that one has. Units: quality, saving and dial 0 to 1; USD for one request.
    """

    rungs: tuple[str, ...]
    added: tuple[str, ...]
    quality: float
    cost_usd: float
    saving: float
    most_quality: float
    dial: float


def advised(table: PolicyTable, cells: Sequence[Cell], *, most_rungs: int, fit: float = 1.0) -> tuple[Advice, ...]:
    """Ladders that grow, that of the best single model alone first, for requests of these cells, which count by their rows.

    What is wanted is `fit` of the quality that the best single model has over the cheapest. Empty where no costs are known, or
    nothing is of a single model. Policies of which few outcomes are known, and those that the checks of a task would decide, are
    left out.
    """
    known = _Known(table, cells)
    singles = known.singles
    best = max(singles, key=lambda name: (singles[name].quality, -singles[name].cost_usd), default=None)
    if best is None or not singles[best].cost_usd > 0:
        return ()
    low = min(singles.values(), key=lambda point: (point.cost_usd, -point.quality)).quality
    aim = Point(trade=0.0, quality=low + fit * (singles[best].quality - low), cost_usd=singles[best].cost_usd)
    found = [known.advice((best,), (best,), aim)]
    while (better := known.next(found[-1], aim, most_rungs=most_rungs)) is not None:
        found.append(better)
    return tuple([msgspec.structs.replace(each, rungs=known.in_order(each.rungs)) for each in found])


def addition(
    table: PolicyTable, cells: Sequence[Cell], rungs: Sequence[str], *, is_checked: bool = False, bar: float = 0.0
) -> tuple[Advice, Advice] | None:
    """What is expected of a ladder as it stands, at the quality of its best single model, and with the rungs of one policy more,
    the one that would save most; None where none would save a tenth of the cost. `rungs` are called as in the table.
    `is_checked`: the task has checks, which decide cascades too. `bar` is the task's, which leaves votes that stay below it."""
    known = _Known(table, cells, is_checked=is_checked, bar=bar)
    singles = {name: point for name, point in known.singles.items() if name in rungs}
    if not singles:
        return None
    aim = max(singles.values(), key=lambda point: point.quality)
    if not aim.cost_usd > 0:
        return None
    now = known.advice(tuple(rungs), (), aim)
    better = known.next(now, aim, most_rungs=len(rungs) + MOST_ADDED)
    return None if better is None or better.cost_usd > (1 - WORTH_SAYING) * now.cost_usd else (now, better)


class _Known:
    """What is asked of a table again and again. The `aim` of a ladder is a quality, and what the best single model costs.
    `singles` are the models' own points."""

    def __init__(self, table: PolicyTable, cells: Sequence[Cell], *, is_checked: bool = False, bar: float = 0.0) -> None:
        whole = table.cells[ALL].estimates
        self._cells = cells
        self._policies = {
            place: policy
            for place, policy in enumerate(table.policies)
            if (estimate := whole[place]) is not None and estimate.rows >= FEWEST_ROWS
            if is_checked or is_left_by_itself(policy)
            if not any(leaves_what_is_decided(rung_of(rung), bar) for rung in policy.rungs[:-1])
        }
        names = [policy.rungs[0] for policy in self._policies.values() if len(policy.rungs) == 1]
        self.singles = {name: points[0] for name in names if (points := self._points((name,)))}

    def advice(self, rungs: tuple[str, ...], added: tuple[str, ...], aim: Point) -> Advice:
        """What is expected of these rungs."""
        points = self._points(rungs)
        singles = [point for name, point in self.singles.items() if name in rungs]
        low = min(singles, key=lambda point: (point.cost_usd, -point.quality)).quality
        gap = max(point.quality for point in singles) - low
        wanted = max(aim.quality, low)
        cost = _cost_of(points, wanted)
        return Advice(
            rungs=rungs,
            added=added,
            quality=aim.quality,
            cost_usd=cost,
            saving=1 - cost / aim.cost_usd,
            most_quality=points[0].quality,
            dial=min((wanted - low) / gap, 1.0) if gap > 0 else 1.0,
        )

    def in_order(self, rungs: Sequence[str]) -> tuple[str, ...]:
        """Those that are left by themselves first, the cheapest in front."""
        return tuple(sorted(rungs, key=lambda rung: (rung_of(rung).form == "single", self._least_cost(rung))))

    def next(self, now: Advice, aim: Point, *, most_rungs: int) -> Advice | None:
        """With the policy more that saves most for each rung that it brings; None where none saves enough."""
        best, most_gain = None, LEAST_SAVING
        for added in dict.fromkeys(self._additions(now.rungs)):
            if len(now.rungs) + len(added) > most_rungs:
                continue
            advice = self.advice((*now.rungs, *added), added, aim)
            gain = (advice.saving - now.saving) / len(added)
            if gain > most_gain:
                best, most_gain = advice, gain
        return best

    def _additions(self, rungs: Sequence[str]) -> Iterator[tuple[str, ...]]:
        for policy in self._policies.values():
            if added := tuple([rung for rung in policy.rungs if rung not in rungs]):
                yield added

    def _points(self, rungs: Sequence[str]) -> Sequence[Point]:
        """The frontier of a ladder with these rungs, the dearest point first."""
        followed = [place for place, policy in self._policies.items() if set(policy.rungs) <= set(rungs)]
        return mixed_frontier(self._cells, allowed=frozenset(followed))

    def _least_cost(self, rung: str) -> float:
        """Of the policies that begin with it."""
        places = frozenset([place for place, policy in self._policies.items() if policy.rungs[0] == rung])
        points = mixed_frontier(self._cells, allowed=places)
        return points[-1].cost_usd if points else inf


def is_left_by_itself(policy: Policy) -> bool:
    """Whether no checks of a task are needed to follow it: they alone say when a single model is left."""
    return not policy.bars and all(rung_of(rung).form != "single" for rung in policy.rungs[:-1])


def _cost_of(points: Sequence[Point], quality: float) -> float:
    """What the cheapest point with this quality costs. Units: USD."""
    return min([point.cost_usd for point in points if point.quality >= quality - ROUNDING], default=points[0].cost_usd)
