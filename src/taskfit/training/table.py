"""What policies made of prompts, to the table that a router chooses by: cells, shrunk to their parents, with frontiers.

The quality of policy p in cell c is modelled as policy_p + difficulty_c + interaction_cp. Policies are compared within a cell, so
all that matters for the choice is the interaction; that is what is shrunk: each cell's to its parent's, task to family to none at
all. A cell of few rows so keeps the order of policies that holds elsewhere, at its own level of difficulty. Where all policies
were tried on the same prompts, a cascade's interaction is told by its models first (training/standing.py).
Source: two-way layout with random interactions, e.g. Searle, Casella and McCulloch, Variance Components (1992), chapter 4.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from taskfit.numerics import Floats, Integers, np
from taskfit.routers.choosing import frontier_of
from taskfit.training.policies import Made
from taskfit.training.standing import CAUTION, LEVEL_WEIGHT, Held, Standing
from taskfit.values.policy import ALL, Cell, Estimate, Point, Policy, PolicyTable

PRIOR_WEIGHT: Final = 100.0
"""A cell's own interaction counts half from so many outcomes on, where tasks are too few to tell."""

WEIGHTS: Final = (5.0, 300.0)
"""The least and the greatest prior weight."""

FEWEST_ROWS: Final = 30
"""A cell of fewer rows is thin."""

FEWEST_TIMES: Final = 20
"""A p95 of fewer latencies is taken from the parent."""

Z95: Final = 1.959963984540054
ROUNDS: Final = 20
LEAST_VARIANCE: Final = 1e-4
TRADES: Final = 80
"""Points of the frontier of all requests, before the hull of them is taken."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A cell's name, its parent's, and the prompts that are in it. Parents come before their children."""

    name: str
    parent: str | None
    rows: Integers


class Belief(msgspec.Struct, frozen=True, kw_only=True):
    """What is held of one cell. Shapes: (policies,) each. `variance` is that of the estimated quality, `interaction` what sets
    policies apart beyond their means; `known` counts outcomes. Latencies are nan where nothing is known; `held` is None where
    policies are not told by their models."""

    difficulty: float
    interaction: Floats
    variance: Floats
    cost_usd: Floats
    latency_s: Floats
    latency_p95_s: Floats
    known: Integers
    rows: int
    held: Held | None = None


def fit_table(
    policies: Sequence[Policy],
    made: Made,
    groups: Sequence[Group],
    *,
    prior_weight: float | None = None,
    standing: Standing | None = None,
) -> PolicyTable:
    """The table. `groups` begin with ALL. Shapes: made (prompts, policies).

    Policies of which no outcome is known at all have no estimate anywhere. `prior_weight` None: what the tasks themselves say,
    see `prior_weight_of`. `standing`: how policies are told by their models, in place of one weight for all.
    """
    effects = policy_effects(made.quality, groups)
    if prior_weight is None:
        prior_weight = prior_weight_of(made.quality, groups)
    beliefs: dict[str, Belief] = {}
    for group in groups:
        parent = None if group.parent is None else beliefs[group.parent]
        belief = _believe(made, effects, group, parent, prior_weight=prior_weight)
        beliefs[group.name] = belief if standing is None else _told(belief, standing, group, parent)
    known = beliefs[ALL].known
    cells = {group.name: _cell(group, beliefs[group.name], effects, known) for group in groups}
    return PolicyTable(
        policies=tuple(policies),
        cells=cells,
        frontiers=_frontiers(cells, groups),
        best_single=_best_single(policies, cells[ALL]),
    )


def groups_in(
    tasks: Sequence[str], families: Sequence[str], marks: Mapping[str, Sequence[int]] | None = None
) -> tuple[Group, ...]:
    """The cells of prompts: all of them, families, tasks, and `marks`, further cells by name with the places of their prompts."""
    found = [Group(name=ALL, parent=None, rows=np.arange(len(tasks)))]
    family_of = {task: family for task, family in zip(tasks, families, strict=True) if task and family}
    for family in sorted(set(filter(None, families))):
        rows = np.array([row for row, other in enumerate(families) if other == family], dtype=np.int64)
        found.append(Group(name=f"family:{family}", parent=ALL, rows=rows))
    places: dict[str, list[int]] = {}
    for row, task in enumerate(tasks):
        places.setdefault(task, []).append(row)
    for task in sorted(filter(None, places)):
        parent = f"family:{family_of[task]}" if task in family_of else ALL
        found.append(Group(name=f"task:{task}", parent=parent, rows=np.array(places[task], dtype=np.int64)))
    marked = [Group(name=name, parent=ALL, rows=np.array(rows, dtype=np.int64)) for name, rows in sorted((marks or {}).items())]
    return (*found, *marked)


def policy_effects(quality: Floats, groups: Sequence[Group]) -> Floats:
    """The mean quality of each policy; where policies were tried on different prompts, as if each had been tried on the same
    share of each task. Shapes: (prompts, policies) to (policies,); nan where a policy was never tried."""
    is_known = ~np.isnan(quality)
    counts = is_known.sum(axis=0)
    filled = np.where(is_known, quality, 0.0)
    effects = filled.sum(axis=0) / np.maximum(counts, 1)
    if is_known.all():
        return np.asarray(effects)
    tasks = [group.rows for group in groups if group.name.startswith("task:")] or [np.arange(len(quality))]
    sums = np.array([filled[rows].sum(axis=0) for rows in tasks])
    numbers = np.array([is_known[rows].sum(axis=0) for rows in tasks])
    sizes = np.array([len(rows) for rows in tasks])
    for _ in range(ROUNDS):
        residual = (sums - numbers * effects).sum(axis=1)
        level = residual / np.maximum(numbers.sum(axis=1), 1)
        level -= (level * sizes).sum() / sizes.sum()
        effects = (sums - numbers * level[:, None]).sum(axis=0) / np.maximum(numbers.sum(axis=0), 1)
    return np.asarray(np.where(counts > 0, effects, np.nan))


def prior_weight_of(quality: Floats, groups: Sequence[Group]) -> float:
    """CAUTION times the variance of a policy's standing within a task, divided by the variance of its standing between tasks, by
    the method of moments: tasks that differ much in what is best for them count for themselves sooner. Within WEIGHTS.

    A policy's standing is its quality less the mean of all policies on the same prompt. Shapes: (prompts, policies).
    Source: empirical Bayes, e.g. Morris, JASA 78 (1983) 47.
    """
    tasks = [group.rows for group in groups if group.name.startswith("task:")]
    standing = quality - _mean(quality.T)[:, None]
    standing = standing - _mean(standing)
    means = [_mean(standing[rows]) for rows in tasks]
    counts = np.array([(~np.isnan(standing[rows])).sum(axis=0) for rows in tasks]).reshape(len(tasks), quality.shape[1])
    tried = (counts >= 2).sum(axis=0) >= 2
    if not tried.any():
        return PRIOR_WEIGHT
    counts = np.where(counts >= 2, counts, 0)[:, tried]
    total = counts.sum(axis=0)
    squares = np.array([np.nansum((standing[rows] - mean) ** 2, axis=0) for rows, mean in zip(tasks, means, strict=True)])[
        :, tried
    ]
    within = np.where(counts > 0, squares, 0.0).sum(axis=0) / np.maximum(total - (counts > 0).sum(axis=0), 1)
    seen = np.where(counts > 0, np.array(means)[:, tried] ** 2, 0.0)
    between = (counts * seen).sum(axis=0) / total - within * (counts > 0).sum(axis=0) / total
    least, most = WEIGHTS
    if between.mean() <= 0:
        return most
    return float(np.clip(CAUTION * within.mean() / between.mean(), least, most))


def _believe(made: Made, effects: Floats, group: Group, parent: Belief | None, *, prior_weight: float) -> Belief:
    residual = made.quality[group.rows] - effects
    known = (~np.isnan(residual)).sum(axis=0)
    total = np.nansum(residual, axis=0)
    times = made.latency_s[group.rows]
    shared = float(total.sum()) / max(1, int(known.sum()))
    if parent is None:
        spread = np.nansum((residual - shared) ** 2, axis=0) / np.maximum(known - 1, 1)
        return Belief(
            difficulty=0.0,
            interaction=np.zeros(len(effects)),
            variance=np.maximum(spread, LEAST_VARIANCE) / np.maximum(known, 1),
            cost_usd=_mean(made.cost_usd[group.rows]),
            latency_s=_mean(times),
            latency_p95_s=_p95(times, None),
            known=known,
            rows=len(group.rows),
        )
    rows = len(group.rows)
    difficulty = (rows * shared + LEVEL_WEIGHT * parent.difficulty) / (rows + LEVEL_WEIGHT)
    weight = prior_weight / (known + prior_weight)
    interaction = (total - known * difficulty + prior_weight * parent.interaction) / (known + prior_weight)
    spread = np.nansum((residual - total / np.maximum(known, 1)) ** 2, axis=0) / np.maximum(known - 1, 1)
    within = np.maximum(np.where(known >= FEWEST_ROWS, spread, parent.variance * np.maximum(parent.known, 1)), LEAST_VARIANCE)
    return Belief(
        difficulty=difficulty,
        interaction=interaction,
        variance=within * (known + CAUTION * prior_weight) / (known + prior_weight) ** 2 + weight**2 * parent.variance,
        cost_usd=_shrunk_mean(made.cost_usd[group.rows], parent.cost_usd),
        latency_s=_shrunk_mean(times, parent.latency_s),
        latency_p95_s=_p95(times, parent.latency_p95_s),
        known=known,
        rows=rows,
    )


def _told(belief: Belief, standing: Standing, group: Group, parent: Belief | None) -> Belief:
    """The belief with what the models of each policy tell of it, where they tell of the cell.

    Where they do not tell of its parent, the cell is drawn to what holds everywhere.
    """
    if not standing.tells_of(group.rows):
        return belief
    everywhere = standing.everywhere()
    held = everywhere if parent is None else standing.within(group.rows, parent.held or everywhere)
    level, interaction, variance = standing.deviations(held)
    return msgspec.structs.replace(belief, difficulty=level, interaction=interaction, variance=variance, held=held)


def _cell(group: Group, belief: Belief, effects: Floats, everywhere: Integers) -> Cell:
    """`everywhere` counts the outcomes of each policy in all cells. Shapes: (policies,)."""
    quality = np.clip(np.nan_to_num(effects) + belief.difficulty + belief.interaction, 0.0, 1.0)
    half = Z95 * np.sqrt(belief.variance)
    below, above = _least_doubt(effects, everywhere)
    low, high = np.maximum(quality - np.maximum(half, below), 0.0), np.minimum(quality + np.maximum(half, above), 1.0)
    estimates = tuple(
        Estimate(
            quality=round(float(quality[place]), 6),
            low=round(float(low[place]), 6),
            high=round(float(high[place]), 6),
            cost_usd=float(f"{belief.cost_usd[place]:.6g}"),
            rows=int(belief.known[place]),
            latency_s=_known(belief.latency_s[place]),
            latency_p95_s=_known(belief.latency_p95_s[place]),
        )
        if everywhere[place] > 0
        else None
        for place in range(len(effects))
    )
    return Cell(parent=group.parent, rows=belief.rows, estimates=estimates, is_thin=belief.rows < FEWEST_ROWS)


def _least_doubt(effects: Floats, known: Integers) -> tuple[Floats, Floats]:
    """How far below and above its estimate the quality of a policy of few outcomes may be at least: three that are all right do
    not differ, and say little. None for one of more outcomes, whose own spread tells. Shapes: (policies,).

    Source: Wilson, JASA 22 (1927) 209.
    """
    mean, count = np.clip(np.nan_to_num(effects), 0.0, 1.0), np.maximum(known, 1)
    centre = (mean + Z95**2 / (2 * count)) / (1 + Z95**2 / count)
    half = Z95 / (1 + Z95**2 / count) * np.sqrt(mean * (1 - mean) / count + Z95**2 / (4 * count**2))
    are_few = known < FEWEST_ROWS
    below, above = np.maximum(mean - centre + half, 0.0), np.maximum(centre + half - mean, 0.0)
    return np.where(are_few, below, 0.0), np.where(are_few, above, 0.0)


def _frontiers(cells: Mapping[str, Cell], groups: Sequence[Group]) -> dict[str, tuple[Point, ...]]:
    """Those of each cell; that of ALL is what comes of choosing in each task, where tasks are known."""
    frontiers = {name: frontier_of(cell) for name, cell in cells.items() if name.startswith(("task:", "family:"))}
    tasks = [(len(group.rows), cells[group.name]) for group in groups if group.name.startswith("task:")]
    frontiers[ALL] = _mixed(tasks) if tasks else frontier_of(cells[ALL])
    return frontiers


def _mixed(tasks: Sequence[tuple[int, Cell]]) -> tuple[Point, ...]:
    """What one trade for all tasks comes to over their requests, from the dearest to the cheapest."""
    corners = [point.trade for _, cell in tasks for point in frontier_of(cell) if point.trade > 0]
    if not corners:
        corners = [1.0]
    trades = np.concatenate([[0.0], np.geomspace(min(corners) / 2, max(corners) * 2, TRADES)])
    share = np.array([rows for rows, _ in tasks], dtype=np.float64)
    share /= share.sum()
    quality, cost = np.zeros(len(trades)), np.zeros(len(trades))
    for part, (_, cell) in zip(share, tasks, strict=True):
        known = [estimate for estimate in cell.estimates if estimate is not None]
        qualities = np.array([estimate.quality for estimate in known])
        costs = np.array([estimate.cost_usd for estimate in known])
        picked = (qualities - trades[:, None] * costs).argmax(axis=1)
        quality += part * qualities[picked]
        cost += part * costs[picked]
    points: list[Point] = []
    for trade, mean, usd in zip(trades.tolist(), quality.round(6).tolist(), cost.tolist(), strict=True):
        if points and usd < points[-1].cost_usd and mean >= points[-1].quality:
            points.pop()
        if not points or usd < points[-1].cost_usd:
            points.append(Point(trade=trade, quality=mean, cost_usd=float(f"{usd:.6g}")))
    return tuple(points)


def _best_single(policies: Sequence[Policy], cell: Cell) -> str:
    """By the lower end where few outcomes are known, as in choosing."""
    singles = [
        (estimate.quality if estimate.rows >= FEWEST_ROWS else estimate.low, policy.rungs[0])
        for policy, estimate in zip(policies, cell.estimates, strict=True)
        if estimate is not None and len(policy.rungs) == 1
    ]
    return max(singles, key=lambda single: single[0])[1] if singles else policies[0].rungs[0]


def _mean(values: Floats) -> Floats:
    counts = (~np.isnan(values)).sum(axis=0)
    return np.asarray(np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan))


def _shrunk_mean(values: Floats, parent: Floats) -> Floats:
    """To the parent's with LEVEL_WEIGHT, where both are known."""
    counts = (~np.isnan(values)).sum(axis=0)
    total = np.nansum(values, axis=0)
    return np.asarray(np.where(np.isnan(parent), np.nan, (total + LEVEL_WEIGHT * parent) / (counts + LEVEL_WEIGHT)))


def _p95(times: Floats, parent: Floats | None) -> Floats:
    """The parent's where too few are known."""
    found = np.full(times.shape[1], np.nan) if parent is None else parent.copy()
    for place in np.flatnonzero((~np.isnan(times)).sum(axis=0) >= FEWEST_TIMES):
        column = times[:, place]
        found[place] = np.quantile(column[~np.isnan(column)], 0.95)
    return found


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
