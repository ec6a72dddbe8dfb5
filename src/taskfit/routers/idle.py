"""Which rungs of a ladder do not earn their place, by what a table expects of them for a task. Pure Python.

A rung earns its place where some trade of quality for cost takes a policy that asks it. Knows no configuration.
"""

from collections.abc import Iterator, Sequence

from taskfit.routers.choosing import cell_for, frontier_of
from taskfit.values.policy import Cell, Estimate, Policy, PolicyTable

DOLLARS_PER = 1000
"""Costs are told for so many requests: for one they are hard to read."""


def idle_rungs(table: PolicyTable, task: str, ladder: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The ids of rungs that no point on the task's frontier uses, each with the reason in figures.

    `ladder` are the ids of the task's rungs. Only policies that these can follow count; a rung of which the table knows nothing
    is not judged. A task that the table does not know is judged by all requests.
    """
    cell = table.cells[cell_for(table, [f"task:{task}"])]
    within = frozenset(place for place, policy in enumerate(table.policies) if set(policy.rungs) <= set(ladder))
    used = {rung for policy in _on_frontier(table, cell, within) for rung in policy.rungs}
    found = []
    for rung in dict.fromkeys(ladder):
        known = [place for place in within if rung in table.policies[place].rungs and cell.estimates[place] is not None]
        if rung not in used and known:
            found.append((rung, _reason(table, cell, rung, within)))
    return tuple(found)


def _on_frontier(table: PolicyTable, cell: Cell, within: frozenset[int]) -> Iterator[Policy]:
    corners = {(point.quality, point.cost_usd) for point in frontier_of(cell, allowed=within)}
    for place in within:
        estimate = cell.estimates[place]
        if estimate is not None and (estimate.quality, estimate.cost_usd) in corners:
            yield table.policies[place]


def _reason(table: PolicyTable, cell: Cell, rung: str, within: frozenset[int]) -> str:
    """Who is better and cheaper than the best that the rung takes part in; else that no mix of cost and quality needs it."""
    own = [place for place in within if rung in table.policies[place].rungs and cell.estimates[place] is not None]
    place = min(own, key=lambda place: (len(table.policies[place].rungs), -_known(cell, place).quality))
    mine = _known(cell, place)
    better = [
        other
        for other in within
        if rung not in table.policies[other].rungs
        and (estimate := cell.estimates[other]) is not None
        and estimate.quality >= mine.quality
        and estimate.cost_usd <= mine.cost_usd
    ]
    said = f"{table.policies[place].id} has {_figures(mine)}"
    if not better:
        return f"{said}; others together give more for the same cost"
    best = max(better, key=lambda other: (_known(cell, other).quality, -_known(cell, other).cost_usd))
    return f"{said}; {table.policies[best].id} has {_figures(_known(cell, best))}"


def _known(cell: Cell, place: int) -> Estimate:
    estimate = cell.estimates[place]
    assert estimate is not None, "only known ones are asked for"
    return estimate


def _figures(estimate: Estimate) -> str:
    return (
        f"quality {estimate.quality:.3f} ({estimate.low:.3f} to {estimate.high:.3f}) at "
        f"${estimate.cost_usd * DOLLARS_PER:.4g} for {DOLLARS_PER:,} requests"
    )
