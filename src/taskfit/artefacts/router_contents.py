"""Whether the parts of a fitted router fit together: what their types cannot say, and a request would run into.

PURE. JSON has no nan and no infinity; a number that is too large gives them where it is summed. Knows no file.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from taskfit.features.surface import SURFACE
from taskfit.features.words import BUCKETS
from taskfit.values.fitted import GainModel, TaskPredictor, TextWeights
from taskfit.values.policy import ALL, Cell, Estimate, Policy, PolicyTable

Fault: TypeAlias = tuple[str, str, str]
"""Where in the part, what was found, what was wanted."""

MOST: Final = 1e9
"""No weight, cost or latency that was fitted is greater."""

SHOWN: Final = 80


def table_faults(table: PolicyTable, models: Collection[str]) -> Iterator[Fault]:
    """Of policies, cells and frontiers that are not of each other. `models` are those that the router was fitted on."""
    if not table.policies or ALL not in table.cells:
        yield "", "no policy, or no cell of all requests", f"policies, and a cell {ALL!r}"
        return
    singles = {policy.rungs[0] for policy in table.policies if len(policy.rungs) == 1}
    for place, policy in enumerate(table.policies):
        yield from _policy_faults(policy, f"policies[{place}]", models)
    if table.best_single not in singles and singles:
        yield "best_single", _said(table.best_single), f"a policy of one rung: {_listed(singles)}"
    for name, cell in table.cells.items():
        yield from _cell_faults(table, cell, f"cells.{name[:SHOWN]}")
    for name, points in table.frontiers.items():
        if name not in table.cells:
            yield f"frontiers.{name[:SHOWN]}", "a cell that is not there", f"one of: {_listed(table.cells)}"
        if any(not _is_figure(point.quality, point.cost_usd) or point.trade < 0 for point in points):
            yield f"frontiers.{name[:SHOWN]}", "a point that cannot be", "quality from 0 to 1, cost and trade of 0 or more"


def predictor_faults(predictor: TaskPredictor, cells: Collection[str]) -> Iterator[Fault]:
    """`cells` are those of the table."""
    if not 0 <= predictor.least <= 1:
        yield "least", f"{predictor.least:g}", "a probability from 0 to 1"
    if not 0 < predictor.sharpness <= MOST:
        yield "sharpness", f"{predictor.sharpness:g}", "a factor above 0"
    outputs = predictor.text.outputs
    reach = predictor.reach
    if reach and (len(reach) != len(outputs) or not 0 <= min(reach) <= max(reach) <= MOST):
        yield "reach", f"{len(reach)} numbers", f"{len(outputs)} from 0 to {MOST:g}, one for each task, or none"
    if len(outputs) < 2 or len(set(outputs)) < len(outputs):
        yield "text.outputs", f"{len(outputs)} tasks, {len(set(outputs))} different ones", "two different tasks or more"
    for task in outputs:
        if f"task:{task}" not in cells:
            yield "text.outputs", f"the task {_said(task)}, of which the table has no cell", "tasks of table.json"
    yield from _text_faults(predictor.text)


def gain_faults(gain: GainModel, models: Collection[str]) -> Iterator[Fault]:
    """`models` are those that the router was fitted on."""
    for role, model in (("weak", gain.weak), ("strong", gain.strong)):
        if model not in models:
            yield role, f"the unknown model {_said(model)}", f"one of: {_listed(models)}"
    if gain.weak == gain.strong:
        yield "strong", "the weak model once more", "another model"
    if len(gain.words) != BUCKETS:
        yield "words", f"{len(gain.words)} weights", f"{BUCKETS}, one for each bucket"
    by_cell = {f"cell_steps.{name[:SHOWN]}": steps for name, steps in gain.cell_steps.items()}
    for where, steps in {"steps": gain.steps, **by_cell}.items():
        if len(steps) < 2 or any(after > before for before, after in pairwise(steps)):
            yield where, f"{len(steps)} gains", "two or more, in falling order"
        yield from _too_large(where, steps)
    yield from _gain_cell_faults(gain)
    for part, numbers in (("words", gain.words), ("cells", gain.cells.values())):
        yield from _too_large(part, numbers)


def _gain_cell_faults(gain: GainModel) -> Iterator[Fault]:
    if ALL not in gain.cells:
        yield "cells", f"no cell {ALL!r}", "what holds for all requests"
    if other := gain.cells.keys() ^ gain.surface.keys():
        yield "surface", f"{_listed(other)} in only one of cells and surface", "the same cells in both"
    for name, line in gain.surface.items():
        where = f"surface.{name[:SHOWN]}"
        if len(line) != len(SURFACE):
            yield where, f"{len(line)} weights", f"{len(SURFACE)}, one for each feature"
        yield from _too_large(where, line)
    if unknown := gain.cell_steps.keys() - gain.cells.keys():
        yield "cell_steps", f"the unknown cell {_said(min(unknown))}", f"one of: {_listed(gain.cells)}"
    for name, factor in gain.spread.items():
        if name not in gain.cells or not 0 <= factor <= MOST:
            yield f"spread.{name[:SHOWN]}", f"{factor:g}", "a number of 0 or more for one of the cells"


def _policy_faults(policy: Policy, where: str, models: Collection[str]) -> Iterator[Fault]:
    """A rung of several models names them in brackets; that of one is the model."""
    if not policy.rungs:
        yield where, "no rung", "the rungs in the order in which they are asked"
    if len(policy.bars) > len(policy.rungs):
        yield where, f"{len(policy.bars)} bars for {len(policy.rungs)} rungs", "at most one for each rung"
    if any(bar is not None and not 0 <= bar <= 1 for bar in policy.bars):
        yield where, "a bar beyond 0 to 1", "a confidence from 0 to 1, or null"
    for rung in policy.rungs:
        if rung not in models and "(" not in rung:
            yield where, f"the unknown model {_said(rung)}", f"one of: {_listed(models)}"


def _cell_faults(table: PolicyTable, cell: Cell, where: str) -> Iterator[Fault]:
    if cell.parent is not None and cell.parent not in table.cells:
        yield where, f"the parent {_said(cell.parent)}, which is not there", "a cell of the table"
    if len(cell.estimates) != len(table.policies):
        yield where, f"{len(cell.estimates)} estimates", f"{len(table.policies)}, one for each policy"
        return
    if cell.rows < 0:
        yield where, f"{cell.rows} rows", "0 or more"
    whole = table.cells[ALL].estimates
    for place, estimate in enumerate(cell.estimates):
        if estimate is None:
            continue
        if not _is_possible(estimate):
            wanted = "0 <= low <= quality <= high <= 1, cost, latency and rows of 0 or more"
            yield f"{where}.estimates[{place}]", "figures that cannot be", wanted
        if place < len(whole) and whole[place] is None:
            said = f"an estimate of a policy of which the cell {ALL!r} knows nothing"
            yield f"{where}.estimates[{place}]", said, "null, or an estimate in both"


def _text_faults(text: TextWeights) -> Iterator[Fault]:
    count = len(text.outputs)
    lines: Mapping[str, Sequence[float]] = {
        "text.intercepts": text.intercepts,
        **{f"text.weights.{bucket}": line for bucket, line in text.weights.items()},
        **{f"text.surface.{name[:SHOWN]}": line for name, line in text.surface.items()},
    }
    for where, line in lines.items():
        if len(line) != count:
            yield where, f"{len(line)} numbers", f"{count}, one for each output"
        yield from _too_large(where, line)
    beyond = [bucket for bucket in text.weights if not 0 <= bucket < BUCKETS]
    if beyond:
        yield "text.weights", f"the bucket {beyond[0]}", f"0 to {BUCKETS - 1}"
    unknown = text.surface.keys() - set(SURFACE)
    if unknown:
        yield "text.surface", f"the unknown feature {_said(min(unknown))}", f"one of: {_listed(SURFACE)}"


def _too_large(where: str, numbers: Collection[float]) -> Iterator[Fault]:
    most = max(map(abs, numbers), default=0.0)
    if not most <= MOST:
        yield where, f"the number {most:g}", f"at most {MOST:g}"


def _is_possible(estimate: Estimate) -> bool:
    latencies = [each for each in (estimate.latency_s, estimate.latency_p95_s) if each is not None]
    return (
        0 <= estimate.low <= estimate.quality <= estimate.high <= 1
        and 0 <= estimate.cost_usd <= MOST
        and estimate.rows >= 0
        and all(0 <= latency_s <= MOST for latency_s in latencies)
    )


def _is_figure(quality: float, cost_usd: float) -> bool:
    return 0 <= quality <= 1 and 0 <= cost_usd <= MOST


def _said(text: str) -> str:
    return ascii(text[:SHOWN])


def _listed(names: Collection[str]) -> str:
    shown = [name[:SHOWN] for name in sorted(names)[:8]]
    return ", ".join(shown) + (", …" if len(names) > len(shown) else "")
