"""Choosing among policies by what a table expects of each: argmax(quality - trade * cost) in the request's cell.

For given expectations no other rule recovers more quality for the same money (Dekoninck et al., arXiv 2410.10347, theorem 1).
Pure Python, as it runs for each request. Knows no rung, no ladder and no way in which the table was made.
"""

from collections.abc import Iterable, Sequence, Set
from itertools import pairwise
from math import inf, sqrt
from operator import itemgetter
from typing import Final

from taskfit.values.policy import ALL, Cell, Estimate, Point, PolicyTable

FEWEST_ROWS: Final = 30
"""A policy of which fewer outcomes are known altogether counts with the lower end of its interval."""

TRADES: Final = 80
"""Points of a mixed frontier at most, beside that of no price at all; it is exact where the cells have no more corners."""

ROUNDING: Final = 1e-9
"""Of a quality: means that are summed up in another order differ by less."""

BEYOND: Final = 2.0
"""How far beyond the last corner of a frontier a trade is set that chooses the cheapest policy."""


def cell_for(table: PolicyTable, names: Iterable[str]) -> str:
    """The first of these cells that the table has, else ALL."""
    return next((name for name in names if name in table.cells), ALL)


def choose(
    table: PolicyTable,
    names: Iterable[str],
    trade: float,
    *,
    max_latency_s: float | None = None,
    allowed: Set[int] | None = None,
) -> int | None:
    """The place of the policy to take, None where none is allowed. `names` are the request's cells, the most telling first.

    A policy whose p95 of latency (the mean, where that is all that is known) is above `max_latency_s` is passed over; where all
    are, the fastest is taken. `allowed` are places of policies, None: all. Of equals the cheaper. Units: `trade` quality for one
    USD.
    """
    cell = table.cells[cell_for(table, names)]
    counted = table.cells[ALL].estimates
    best, fastest = None, None
    best_value, best_cost, least_s = -inf, inf, inf
    for place, estimate in enumerate(cell.estimates):
        if estimate is None or (allowed is not None and place not in allowed):
            continue
        if max_latency_s is not None and (took_s := latency_of(estimate)) is not None and took_s > max_latency_s:
            if took_s < least_s:
                fastest, least_s = place, took_s
            continue
        whole = counted[place]
        quality = estimate.quality if whole is not None and whole.rows >= FEWEST_ROWS else estimate.low
        value = quality - trade * estimate.cost_usd
        if value > best_value or (value == best_value and estimate.cost_usd < best_cost):
            best, best_value, best_cost = place, value, estimate.cost_usd
    return best if best is not None else fastest


def latency_of(estimate: Estimate) -> float | None:
    """What is held against a limit of latency. Units: seconds; None: not known."""
    return estimate.latency_p95_s if estimate.latency_p95_s is not None else estimate.latency_s


def frontier_of(cell: Cell, *, allowed: Set[int] | None = None) -> tuple[Point, ...]:
    """The corners of the cell's hull, the dearest first, each with a trade at which it is chosen: 0 for the dearest, and between
    the slopes on its two sides for the others. Empty where nothing is known."""
    corners = _corners(cell, allowed)
    slopes = [(dear.quality - cheap.quality) / (dear.cost_usd - cheap.cost_usd) for cheap, dear in pairwise(corners)]
    points = []
    for place, corner in enumerate(corners):
        below, above = slopes[place] if place < len(slopes) else 0.0, slopes[place - 1] if place else inf
        trade = 0.0 if not below else below * BEYOND if above == inf else sqrt(below * above)
        points.append(Point(trade=trade, quality=corner.quality, cost_usd=corner.cost_usd))
    return tuple(reversed(points))


def mixed_frontier(cells: Sequence[Cell], *, allowed: Set[int] | None = None) -> tuple[Point, ...]:
    """What one trade for the requests of all these cells comes to, where each is chosen for in its own, the dearest first. Empty
    where nothing is known."""
    hulls = [(cell.rows, points) for cell in cells if cell.rows and (points := frontier_of(cell, allowed=allowed))]
    whole = sum([rows for rows, _ in hulls])
    found: list[Point] = []
    for trade in _trades(hulls):
        quality = cost = 0.0
        for rows, points in hulls:
            _, each = max([(point.quality - trade * point.cost_usd, point) for point in points], key=itemgetter(0))
            quality, cost = quality + rows / whole * each.quality, cost + rows / whole * each.cost_usd
        if not found or cost < found[-1].cost_usd:
            found.append(Point(trade=trade, quality=quality, cost_usd=cost))
    return tuple(found)


def _trades(hulls: Sequence[tuple[int, Sequence[Point]]]) -> Sequence[float]:
    """0, and from where cost hardly counts to where hardly anything else does."""
    slopes = sorted({
        (dear.quality - cheap.quality) / (dear.cost_usd - cheap.cost_usd)
        for _, points in hulls
        for dear, cheap in pairwise(points)
    })
    if not slopes:
        return [0.0] if hulls else []
    if len(slopes) <= TRADES:  # between two of them nothing changes
        return [0.0, *[sqrt(below * above) for below, above in pairwise(slopes)], slopes[-1] * BEYOND]
    least, most = slopes[0] / BEYOND, slopes[-1] * BEYOND
    return [0.0, *[least * (most / least) ** (step / (TRADES - 1)) for step in range(TRADES)]]


def trade_for(
    table: PolicyTable,
    task: str,
    *,
    fit: float | None = None,
    budget_usd: float | None = None,
    quality: float | None = None,
    allowed: Set[int] | None = None,
    mixed: Sequence[Cell] = (),
) -> float:
    """The trade for a task's dial. `task` that the table does not have: that of all requests. `mixed` are the cells where its
    requests are chosen for in several, else it is the task's own that counts.

    `fit`, 0 to 1, is the share of the quality between the cheapest and the best single model that is to be had; `budget_usd`
    the mean cost of a request that is not to be passed; `quality` the mean that is to be had. Of several the highest demand on
    quality holds as far as the budget allows. Without any: `fit` 1. What cannot be had is come as near to as may be.
    """
    name = cell_for(table, [f"task:{task}"])
    told = [cell for cell in mixed if cell.rows]
    if told:
        points = mixed_frontier(told, allowed=allowed)
    else:
        points = frontier_of(table.cells[name], allowed=allowed) if allowed is not None else table.frontiers.get(name, ())
    if not points:
        return 0.0
    if fit is None and quality is None and budget_usd is None:
        fit = 1.0
    recovering = -inf if fit is None else _recovering(table, told or [table.cells[name]], fit, allowed)
    floor = max(-inf if quality is None else quality, recovering)
    within = [point for point in points if budget_usd is None or point.cost_usd <= budget_usd] or [points[-1]]
    if floor == -inf:
        return within[0].trade
    enough = [point for point in within if point.quality >= floor - ROUNDING]
    return enough[-1].trade if enough else within[0].trade


def _recovering(table: PolicyTable, cells: Sequence[Cell], fit: float, allowed: Set[int] | None) -> float:
    """The quality of the cheapest single model over the requests of these cells and this share of what the best one has over
    it."""
    singles = [
        made
        for place, policy in enumerate(table.policies)
        if len(policy.rungs) == 1 and (allowed is None or place in allowed) and (made := _over(cells, place)) is not None
    ]
    if not singles:
        return inf
    _, least = min(singles, key=lambda made: (made[0], -made[1]))
    return least + fit * (max(quality for _, quality in singles) - least)


def _over(cells: Sequence[Cell], place: int) -> tuple[float, float] | None:
    """Cost and quality of one policy over the requests of all these cells, None where it is not known in one."""
    known = [(cell.rows, estimate) for cell in cells if (estimate := cell.estimates[place]) is not None]
    if len(known) < len(cells):
        return None
    if len(known) == 1:
        return known[0][1].cost_usd, known[0][1].quality
    whole = sum([rows for rows, _ in known])
    cost = sum([rows * estimate.cost_usd for rows, estimate in known]) / whole
    return cost, sum([rows * estimate.quality for rows, estimate in known]) / whole


def _corners(cell: Cell, allowed: Set[int] | None) -> Sequence[Estimate]:
    """From the cheapest to the best, quality and cost rising strictly, slopes falling."""
    known = [
        estimate
        for place, estimate in enumerate(cell.estimates)
        if estimate is not None and (allowed is None or place in allowed)
    ]
    corners: list[Estimate] = []
    for estimate in sorted(known, key=lambda estimate: (estimate.cost_usd, -estimate.quality)):
        if corners and estimate.quality <= corners[-1].quality:
            continue
        while len(corners) >= 2 and _slope(corners[-2], corners[-1]) <= _slope(corners[-2], estimate):
            corners.pop()
        corners.append(estimate)
    return corners


def _slope(cheap: Estimate, dear: Estimate) -> float:
    rise = dear.cost_usd - cheap.cost_usd
    return (dear.quality - cheap.quality) / rise if rise > 0 else inf
