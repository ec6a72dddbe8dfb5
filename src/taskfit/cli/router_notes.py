"""What `taskfit config check` says of a ladder by what the configured router has learned: rungs that do not earn their place,
that are out of order, that it does not know, that it lacks. Figures are those of the task's cell. Knows no price and no request.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from taskfit.cli.ladder_notes import Said
from taskfit.cli.router_ladder import as_written
from taskfit.routers.advice import addition
from taskfit.routers.aims import cells_of_dial, names_of
from taskfit.routers.choosing import cell_for
from taskfit.routers.idle import DOLLARS_PER, idle_rungs
from taskfit.values.fitted import FittedRouter
from taskfit.values.policy import Estimate
from taskfit.values.task import Task


def router_notes(task: Task, fitted: FittedRouter) -> Iterator[Said]:
    """All that is to be said of this task's ladder; nothing of a ladder of one rung, which leaves nothing to choose."""
    rungs = [rung.id for rung in task.ladder if rung.form != "filter"]
    if len(rungs) < 2:
        return
    names = _table_names(task, fitted)
    yield from _unknown(rungs, names)
    if len(names) < 2:
        return
    yield from _idle(task, fitted, names)
    yield from _order(task, fitted, names)
    yield from _missing(task, fitted, names)


def _table_names(task: Task, fitted: FittedRouter) -> Mapping[str, str]:
    """From rungs of the ladder to what the table calls them, of those that it knows."""
    known = {rung for policy in fitted.table.policies for rung in policy.rungs}
    found = {rung.id: name for name, rung in names_of(task.ladder).items() if name in known}
    return {rung.id: found[rung.id] for rung in task.ladder if rung.id in found}


def _unknown(rungs: list[str], names: Mapping[str, str]) -> Iterator[Said]:
    missing = [rung for rung in rungs if rung not in names]
    if not missing:
        return
    what = ", ".join(missing)
    if len(names) < 2:
        said = f"the router knows nothing of {what}, so there is nothing to choose between: the ladder's own order holds"
    else:
        said = f"the router knows nothing of {what}: asked only where the rungs that it knows fail"
    yield "ladder", said, "outcomes of it too: taskfit records export --outcomes, taskfit router train"


def _idle(task: Task, fitted: FittedRouter, names: Mapping[str, str]) -> Iterator[Said]:
    rung_of = {name: rung for rung, name in names.items()}
    for name, reason in idle_rungs(fitted.table, task.name, tuple(names.values())):
        rung = rung_of[name]
        yield "ladder", f"{rung} does not earn its place: {reason}", f"a ladder without {rung}"


def _order(task: Task, fitted: FittedRouter, names: Mapping[str, str]) -> Iterator[Said]:
    """Rungs that are worse than the one before them: a walk that goes up would go down."""
    table = fitted.table
    cell = table.cells[cell_for(table, [f"task:{task.name}"])]
    singles = {policy.rungs[0]: cell.estimates[place] for place, policy in enumerate(table.policies) if len(policy.rungs) == 1}
    known = [(rung, estimate) for rung, name in names.items() if (estimate := singles.get(name)) is not None]
    for (one, first), (other, second) in pairwise(known):
        if second.high < first.low:
            said = f"{other} comes after {one} and is worse: quality {_figure(second)} after {_figure(first)}"
            yield "ladder", f"{said}; an answer that is not good enough goes up to a worse model", f"{other} before {one}"


def _missing(task: Task, fitted: FittedRouter, names: Mapping[str, str]) -> Iterator[Said]:
    """Rungs with which the same quality would cost much less."""
    cells, rungs = cells_of_dial(fitted, task), tuple(names.values())
    found = addition(fitted.table, cells, rungs, is_checked=bool(task.checks), bar=task.bar)
    if found is None or task.error_budget is not None:  # under a promise the ladder is followed in its own order
        return
    now, better = found
    costs = f"${now.cost_usd * DOLLARS_PER:.4g} for {DOLLARS_PER:,} requests, and ${better.cost_usd * DOLLARS_PER:.4g}"
    lacking = " and ".join(better.added)
    said = f"the router expects a mean quality of {now.quality:.3f} to cost {costs} if the ladder had {lacking}"
    yield "ladder", said, f"{', '.join(map(as_written, better.added))} in the ladder; taskfit router ladder shows more"


def _figure(estimate: Estimate) -> str:
    return f"{estimate.quality:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
