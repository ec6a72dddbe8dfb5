"""What a fitted router aims at for one task: which policies its ladder can follow, and what quality a dollar has to buy. PURE."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from taskfit.routers.choosing import FEWEST_ROWS, cell_for, latency_of, trade_for
from taskfit.values.fitted import FittedRouter, GainModel
from taskfit.values.money import MICRO, Usd
from taskfit.values.policy import ALL, Cell, Policy
from taskfit.values.task import DEFAULT_TASK, Explore, Fit, Rung, Task

OWN_VERDICT = ("agree", "samples", "vote")
"""Rungs that reject their own answer where the voices differ."""


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for all requests of a task.

    `allowed` are the places of the policies that the ladder can follow, `singles` those of single rungs by their ids, `models`
    what each of them calls. `names` leads from the rungs of the table to those of the ladder. `fallback` is what is taken
    where nothing else is known. `pair` are the places of the weak and the strong model where the gain between them is known, and
    `least_gain` is what sends a request to the strong one. Units: quality for one USD; seconds.
    """

    allowed: frozenset[int]
    singles: Mapping[str, int]
    models: Mapping[int, frozenset[str]]
    names: Mapping[str, str]
    fallback: int
    trade: float
    max_latency_s: float | None
    pair: tuple[int, int] | None
    least_gain: float

    def affordable(self, cell: Cell, explore: Explore, max_cost: Usd | None) -> tuple[int, ...]:
        """The single rungs that may be tried out, in the order of the ladder: not those that are known to be too slow."""
        caps = [cap for cap in (explore.max_cost, max_cost) if cap is not None]
        most = min(caps) / MICRO if caps else float("inf")
        return tuple([
            place
            for place in self.singles.values()
            if (estimate := cell.estimates[place]) is not None and estimate.cost_usd <= most
            if self.max_latency_s is None or (latency_of(estimate) or 0.0) <= self.max_latency_s
        ])


def aim_for(fitted: FittedRouter, task: Task) -> Aim | None:
    """None where the table knows fewer than two policies that the ladder can follow."""
    table = fitted.table
    names = names_of(task.ladder)
    whole = table.cells[ALL].estimates
    usable = [
        place
        for place, policy in enumerate(table.policies)
        if whole[place] is not None and _can_follow(policy, names, task)
    ]
    if len(usable) < 2:
        return None
    allowed = frozenset(usable)
    order = {rung.id: number for number, rung in enumerate(task.ladder)}
    found = {names[policy.rungs[0]].id: place for place in usable if len((policy := table.policies[place]).rungs) == 1}
    singles = dict(sorted(found.items(), key=lambda single: order[single[0]]))
    fit = Fit(share=1.0) if task.fit == Fit() else task.fit
    budget = None if fit.budget is None else fit.budget / MICRO
    cells = cells_of_dial(fitted, task)
    share = fit.share if fit.overall is None else fit.overall
    mixed = cells if len(cells) > 1 or fit.overall is not None else ()
    trade = trade_for(table, task.name, fit=share, budget_usd=budget, quality=fit.quality, allowed=allowed, mixed=mixed)
    pair = _pair(fitted.gain, names, singles)
    return Aim(
        allowed=allowed,
        singles=singles,
        models={place: frozenset(_models(table.policies[place], names)) for place in usable},
        names={name: rung.id for name, rung in names.items()},
        fallback=_best(singles.values() or usable, fitted),
        trade=trade,
        max_latency_s=None if task.slo is None else task.slo.p95_s,
        pair=pair,
        least_gain=0.0 if pair is None or fitted.gain is None else _least_gain(fitted, fitted.gain, task, fit, pair),
    )


def cells_of_dial(fitted: FittedRouter, task: Task) -> Sequence[Cell]:
    """The cells over whose requests a task's dial is held: those of all tasks where it says so; of requests that name no task,
    those of the tasks that their texts tell; else the task's own. That of all requests where there are none of these."""
    cells = fitted.table.cells
    if task.fit.overall is not None:
        return [cell for name, cell in cells.items() if name.startswith("task:")] or (cells[ALL],)
    if fitted.predictor is not None and task.name == DEFAULT_TASK:
        told = [cells[name] for output in fitted.predictor.text.outputs if (name := f"task:{output}") in cells]
        if told:
            return told
    return (cells[cell_for(fitted.table, [f"task:{task.name}"])],)


def names_of(ladder: Sequence[Rung]) -> Mapping[str, Rung]:
    """What a table may call the rungs of a ladder: by their ids, or without the providers."""
    bare = {_bare(rung): rung for rung in reversed(ladder) if rung.form != "filter"}
    return bare | {rung.id: rung for rung in ladder if rung.form != "filter"}


def _bare(rung: Rung) -> str:
    models = tuple([model.partition("/")[2] for model in rung.models])
    merger = None if rung.merger is None else rung.merger.partition("/")[2]
    return msgspec.structs.replace(rung, models=models, merger=merger).id


def _can_follow(policy: Policy, names: Mapping[str, Rung], task: Task) -> bool:
    """Whether each rung is in the ladder, and what would leave it is there: its own verdict, or the task's checks."""
    if any(rung not in names for rung in policy.rungs):
        return False
    bars = (*policy.bars, *([None] * len(policy.rungs)))
    for rung, bar in zip(policy.rungs[:-1], bars, strict=False):
        asked = names[rung]
        if asked.form not in OWN_VERDICT and not task.checks:
            return False
        if leaves_what_is_decided(asked, task.bar):
            return False
        if bar is not None and not 0 <= bar <= 1:
            return False
    return True


def leaves_what_is_decided(rung: Rung, bar: float) -> bool:
    """Whether the votes that decide may be a smaller share than the bar asks for."""
    return rung.first_to is not None and rung.first_to < bar * len(rung.models) * rung.count


def _models(policy: Policy, names: Mapping[str, Rung]) -> Iterator[str]:
    for rung in policy.rungs:
        yield from names[rung].models


def _pair(gain: GainModel | None, names: Mapping[str, Rung], singles: Mapping[str, int]) -> tuple[int, int] | None:
    if gain is None or gain.weak not in names or gain.strong not in names:
        return None
    weak, strong = singles.get(names[gain.weak].id), singles.get(names[gain.strong].id)
    return None if weak is None or strong is None else (weak, strong)


def _best(places: Collection[int], fitted: FittedRouter) -> int:
    whole = fitted.table.cells[ALL].estimates

    def quality(place: int) -> float:
        estimate = whole[place]
        if estimate is None:
            return -1.0
        return estimate.quality if estimate.rows >= FEWEST_ROWS else estimate.low

    return max(places, key=quality)


def _least_gain(fitted: FittedRouter, gain: GainModel, task: Task, fit: Fit, pair: tuple[int, int]) -> float:
    """The gain from which on a request goes to the strong model: that of the share of strong calls which the dial leads to.

    By what is known of the task, as the dial is for its requests; of one with too few prompts, by what is known of all.
    """
    own = f"task:{task.name}"
    has_own = own in gain.cell_steps and fit.overall is None
    cell, steps = (own, gain.cell_steps[own]) if has_own else (ALL, gain.steps)
    cells = fitted.table.cells
    weak, strong = (cells.get(cell, cells[ALL]).estimates[place] for place in pair)
    if weak is None or strong is None:
        weak, strong = (cells[ALL].estimates[place] for place in pair)
    assert weak is not None and strong is not None
    if fit.budget is not None:
        rise = strong.cost_usd - weak.cost_usd
        share = 1.0 if rise <= 0 else (fit.budget / MICRO - weak.cost_usd) / rise
    else:
        said = fit.share if fit.overall is None else fit.overall
        wanted = (1.0 if said is None else said) * (strong.quality - weak.quality)
        if fit.quality is not None:
            wanted = fit.quality - weak.quality
        share = _share_for(steps, wanted)
    place = min(len(steps) - 1, max(0, round(share * (len(steps) - 1))))
    return steps[place] if place else float("inf")


def _share_for(steps: Sequence[float], wanted: float) -> float:
    """The smallest share of strong calls that is expected to gain so much; that which gains most where it cannot be had."""
    total, best, best_share = 0.0, 0.0, 0.0
    for number, step in enumerate(steps[1:], 1):
        total += (step + steps[number - 1]) / 2 / (len(steps) - 1)
        if total >= wanted - 1e-12:
            return number / (len(steps) - 1)
        if total > best:
            best, best_share = total, number / (len(steps) - 1)
    return best_share
