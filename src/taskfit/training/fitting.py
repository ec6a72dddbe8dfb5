"""Outcomes to a table of policies, and a table of policies over outcomes that it was not fitted on.

The policies that are tried, the ones that are kept and what is expected of them all come from the same prompts; what comes of
choosing by them is measured on others (`sweep`), by the function that chooses at run time.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from taskfit.numerics import Floats, Integers, np
from taskfit.routers.advice import is_left_by_itself
from taskfit.routers.choosing import cell_for, choose
from taskfit.training.policies import Trials, Way, every_way, follow
from taskfit.training.pruning import near_frontier
from taskfit.training.standing import standing_of
from taskfit.training.table import fit_table, groups_in
from taskfit.values.policy import ALL, PolicyTable

STEPS: Final = 200
"""Trades of a sweep, beside 0."""


class FittedPolicies(msgspec.Struct, frozen=True, kw_only=True):
    """The table, and for each of its policies how to follow it through outcomes of the same models."""

    table: PolicyTable
    ways: tuple[Way, ...]


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What came of each trade for each prompt. Shapes: trades (trades,), the others (trades, prompts). `policy` is its place.

    Units: score 0 to 1, nan where an outcome that is needed is not known; USD; seconds.
    """

    trades: Floats
    policy: Integers
    quality: Floats
    cost_usd: Floats
    latency_s: Floats


def fit_policies(
    trials: Trials,
    *,
    marks: Mapping[str, Sequence[int]] | None = None,
    prior_weight: float | None = None,
    seed: int = 0,
) -> FittedPolicies:
    """The policies that are worth keeping, and what is expected of them. `marks` are cells beside those of tasks and families."""
    ways = near_frontier(trials, every_way(trials), seed=seed)
    groups = groups_in(trials.table.tasks, trials.table.families, marks)
    policies = [way.policy for way in ways]
    made = follow(trials, ways)
    tasks = [group.rows for group in groups if group.name.startswith("task:")]
    standing = standing_of(trials, made.quality, tasks) if prior_weight is None else None
    return FittedPolicies(table=fit_table(policies, made, groups, prior_weight=prior_weight, standing=standing), ways=ways)


def of_rungs(fitted: FittedPolicies, rungs: Collection[str]) -> FittedPolicies:
    """The policies alone that a ladder of these rungs can follow where the task has no checks, without frontiers."""
    table = fitted.table
    places = [
        place
        for place, policy in enumerate(table.policies)
        if set(policy.rungs) <= set(rungs) and is_left_by_itself(policy)
    ]
    cells = {
        name: msgspec.structs.replace(cell, estimates=tuple([cell.estimates[place] for place in places]))
        for name, cell in table.cells.items()
    }
    policies = tuple([table.policies[place] for place in places])
    return FittedPolicies(
        table=msgspec.structs.replace(table, policies=policies, cells=cells, frontiers={}),
        ways=tuple([fitted.ways[place] for place in places]),
    )


def sweep(
    fitted: FittedPolicies,
    trials: Trials,
    cells: Sequence[tuple[str, ...]],
    trades: Floats,
    *,
    max_latency_s: float | None = None,
) -> Swept:
    """What comes of choosing at each trade. `cells` are the names of each prompt's cells, the most telling first."""
    known = [cell_for(fitted.table, names) for names in cells]
    names, cell_of = np.unique(np.array(known, dtype=object), return_inverse=True)
    picked = np.zeros((len(trades), len(names)), dtype=np.int64)
    for line, trade in enumerate(trades.tolist()):
        for place, name in enumerate(names.tolist()):
            chosen = choose(fitted.table, (name,), trade, max_latency_s=max_latency_s)
            picked[line, place] = 0 if chosen is None else chosen
    policy = picked[:, cell_of]
    made, rows = follow(trials, fitted.ways), np.arange(len(cells))
    return Swept(
        trades=trades,
        policy=policy,
        quality=made.quality[rows, policy],
        cost_usd=made.cost_usd[rows, policy],
        latency_s=made.latency_s[rows, policy],
    )


def trades_for(trials: Trials) -> Floats:
    """The trades of a sweep: 0, and from where cost hardly counts to where hardly anything else does."""
    means = trials.cost_usd.mean(axis=0)
    least, most = float(means[means > 0].min(initial=np.inf)), float(means.max(initial=0.0))
    if not np.isfinite(least):
        return np.zeros(1)
    return np.concatenate([[0.0], np.geomspace(0.01 / most, 30.0 / least, STEPS)])


def task_cells(tasks: Sequence[str], families: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The cells of prompts whose tasks are given."""
    found = []
    for task, family in zip(tasks, families, strict=True):
        names = [f"task:{task}"] if task else []
        found.append((*names, *([f"family:{family}"] if family else []), ALL))
    return tuple(found)
