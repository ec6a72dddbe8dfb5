"""The router that chooses by outcomes: argmax(quality - trade * cost) in the request's cell, or by the gain between two models.

What does not depend on a request's text is worked out once for each task and cell, and then looked up. Pure Python. Knows nothing
of how the table came to be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final
from zlib import crc32

import msgspec

from taskfit.artefacts.router import read_router
from taskfit.features.keys import cells_of
from taskfit.features.scoring import expected_gain, predicted_task
from taskfit.protocols import Scene
from taskfit.routers.aims import Aim, aim_for
from taskfit.routers.choosing import cell_for, choose, latency_of
from taskfit.values.plan import Ranked, Ranking
from taskfit.values.policy import Considered, Estimate, Routing
from taskfit.values.profile import Profile
from taskfit.values.request import Request
from taskfit.values.task import DEFAULT_TASK, Task

MOST_REMEMBERED: Final = 1_000
"""Tasks whose aims are kept; then all are made again."""


class FittedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`folder` is what `taskfit router train` wrote."""

    folder: str


@dataclass(slots=True, frozen=True)
class _Known:
    """What was worked out for one task; `rankings` by cell, policy and whether it was drawn."""

    task: Task
    aim: Aim | None
    rankings: dict[tuple[str, int, bool], Ranking]


class FittedRouter:
    """Ranks by what was learned; declines where nothing is known of a ladder's rungs."""

    Settings: ClassVar[type[msgspec.Struct]] = FittedSettings

    def __init__(self, name: str, settings: FittedSettings) -> None:
        """Errors: ConfigurationError where the folder has no router that can be used."""
        self.name = name
        self.fitted = read_router(Path(settings.folder))
        self._known: dict[int, _Known] = {}

    async def open(self) -> None:
        """Nothing to acquire: it was read when it was built, so that mistakes are found by a check of the configuration."""

    async def close(self) -> None:
        """Nothing to release."""

    def rank(self, request: Request, profile: Profile, task: Task, scene: Scene) -> Ranking | None:
        """See protocols.Router. None: fewer than two policies are known for this ladder."""
        aim = self._aim(task)
        return None if aim is None else self._rank(aim, self._cell(request, profile, task), request, task, scene)

    def rank_in(self, cell: str, request: Request, task: Task, scene: Scene) -> Ranking | None:
        """The same for a request whose cell is known, and whose text may be lost: a recorded one."""
        aim = self._aim(task)
        return None if aim is None else self._rank(aim, cell, request, task, scene)

    def _rank(self, aim: Aim, cell: str, request: Request, task: Task, scene: Scene) -> Ranking:
        slow = _slow_models(aim, scene)
        chosen = self._chosen(request, aim, cell, slow)
        if task.explore is not None:
            drawn = self._drawn(aim, cell, task, scene.lot)
            if drawn is not None and drawn != chosen:  # what is drawn and would be chosen has the chance of both
                return self._ranking(aim, task, cell, drawn, is_exploring=True)
        ranking = self._ranking(aim, task, cell, chosen, is_exploring=False)
        if not slow or ranking.routing is None:
            return ranking
        return msgspec.structs.replace(ranking, routing=msgspec.structs.replace(ranking.routing, too_slow=slow))

    def consider(self, request: Request, profile: Profile, task: Task, scene: Scene) -> tuple[Considered, ...]:
        """See protocols.ExplainingRouter."""
        aim = self._aim(task)
        if aim is None:
            return ()
        cell = self._cell(request, profile, task)
        slow = _slow_models(aim, scene)
        chosen = self._chosen(request, aim, cell, slow)
        table = self.fitted.table
        best = self._estimate(cell, chosen)
        found = [
            Considered(
                policy=table.policies[place].id,
                cell=cell,
                estimate=estimate,
                reason=_too_slow(estimate, aim, place, slow) or _why_not(estimate, best, aim),
            )
            for place, estimate in enumerate(table.cells[cell].estimates)
            if estimate is not None and place in aim.allowed and place != chosen
        ]
        found.sort(key=lambda each: -_worth(each.estimate, aim.trade))
        return (Considered(policy=table.policies[chosen].id, cell=cell, estimate=best), *found)

    def _aim(self, task: Task) -> Aim | None:
        """Remembered by the task itself. A whole dictionary is swapped at a time, because `explain` asks from another thread."""
        if len(task.ladder) < 2:
            return None
        known = self._known.get(id(task))
        if known is None or known.task is not task:
            known = _Known(task=task, aim=aim_for(self.fitted, task), rankings={})
            if len(self._known) >= MOST_REMEMBERED:
                self._known = {}
            self._known[id(task)] = known
        return known.aim

    def _cell(self, request: Request, profile: Profile, task: Task) -> str:
        """The cell that the table has; for a request that names no task, perhaps by its text."""
        cells = self.fitted.table.cells
        named = task.name if task.name != DEFAULT_TASK else None
        cell = cell_for(self.fitted.table, cells_of(request, profile, task=named))
        predictor = self.fitted.predictor
        if predictor is None or named is not None or cell.startswith(("prompt:", "tools:", "key:", "surface:")):
            return cell
        predicted = predicted_task(predictor, request.outline.prompt)
        name = None if predicted is None else f"task:{predicted}"
        return name if name is not None and name in cells else cell

    def _chosen(self, request: Request, aim: Aim, cell: str, slow: Mapping[str, float]) -> int:
        """What is best among the quick, the fastest where none is; `slow` are models with what they have taken of late."""
        allowed = frozenset([place for place in aim.allowed if not slow.keys() & aim.models[place]]) if slow else aim.allowed
        if not allowed:
            of_late = {place: max(slow.get(model, 0.0) for model in aim.models[place]) for place in aim.allowed}
            return min(aim.singles.values() or aim.allowed, key=of_late.__getitem__)
        chosen = choose(self.fitted.table, (cell,), aim.trade, max_latency_s=aim.max_latency_s, allowed=allowed)
        chosen = aim.fallback if chosen is None else chosen
        gain, pair = self.fitted.gain, aim.pair
        if gain is None or pair is None or chosen not in pair:
            return chosen
        weak, strong = pair
        wanted = strong if expected_gain(gain, request.outline.prompt, cell) > aim.least_gain else weak
        return chosen if _too_slow(self._estimate(cell, wanted), aim, wanted, slow) else wanted

    def _drawn(self, aim: Aim, cell: str, task: Task, lot: float) -> int | None:
        """A single rung that is to be tried out, for the share of requests whose lot it is."""
        explore = task.explore
        assert explore is not None
        draw = crc32(f"explore {lot!r}".encode()) / 2**32
        if draw >= explore.share:
            return None
        rungs = aim.affordable(self.fitted.table.cells[cell], explore, task.max_cost)
        return rungs[int(draw / explore.share * len(rungs))] if rungs else None

    def _ranking(self, aim: Aim, task: Task, cell: str, place: int, *, is_exploring: bool) -> Ranking:
        known = self._known.get(id(task))
        rankings = known.rankings if known is not None and known.task is task else {}
        key = (cell, place, is_exploring)
        found = rankings.get(key)
        if found is None:
            found = rankings[key] = self._made(aim, task, cell, place, is_exploring=is_exploring)
        return found

    def _made(self, aim: Aim, task: Task, cell: str, place: int, *, is_exploring: bool) -> Ranking:
        policy, estimate = self.fitted.table.policies[place], self._estimate(cell, place)
        filters = [Ranked(model=rung.id) for rung in task.ladder if rung.form == "filter"]
        rungs = [self._ranked(aim, aim.names[rung], cell) for rung in policy.rungs]
        taken = {ranked.model for ranked in rungs}
        reserves = [
            msgspec.structs.replace(self._ranked(aim, rung.id, cell), is_reserve=True)
            for rung in task.ladder
            if rung.form != "filter" and rung.id not in taken
        ]
        reserves.sort(key=lambda ranked: -(ranked.expected_quality or 0.0))
        return Ranking(
            rungs=(*filters, *rungs, *reserves),
            routing=Routing(
                policy=policy.id,
                cell=cell,
                expected=estimate,
                trade=aim.trade,
                propensity=self._propensity(aim, task, cell, place, is_exploring=is_exploring),
                is_exploring=is_exploring,
                fingerprint=self.fitted.manifest.data[:16],
            ),
            bar=policy.bars[0] if policy.bars else None,
        )

    def _ranked(self, aim: Aim, rung: str, cell: str) -> Ranked:
        place = aim.singles.get(rung)
        estimate = None if place is None else self.fitted.table.cells[cell].estimates[place]
        if estimate is None:
            return Ranked(model=rung)
        return Ranked(model=rung, expected_quality=estimate.quality, expected_latency_s=estimate.latency_s)

    def _propensity(self, aim: Aim, task: Task, cell: str, place: int, *, is_exploring: bool) -> float:
        """With which probability this policy is taken where that one is the best: by choice, by the draw, or by both."""
        if task.explore is None:
            return 1.0
        rungs = aim.affordable(self.fitted.table.cells[cell], task.explore, task.max_cost)
        share = task.explore.share if rungs else 0.0
        drawn = share / len(rungs) if place in rungs else 0.0
        return drawn if is_exploring else 1 - share + drawn

    def _estimate(self, cell: str, place: int) -> Estimate:
        estimate = self.fitted.table.cells[cell].estimates[place] or self.fitted.table.cells["all"].estimates[place]
        assert estimate is not None, "a policy of the table is known in the cell of all requests"
        return estimate


def _worth(estimate: Estimate, trade: float) -> float:
    return estimate.quality - trade * estimate.cost_usd


def _slow_models(aim: Aim, scene: Scene) -> Mapping[str, float]:
    """Models of the ladder that have been slower of late than the task promises, with their p95 in seconds."""
    limit_s = aim.max_latency_s
    if limit_s is None:
        return {}
    slow = {
        model: condition.latency_p95_s
        for model, condition in scene.conditions.items()
        if condition.latency_p95_s is not None and condition.latency_p95_s > limit_s
    }
    return {model: took_s for model, took_s in slow.items() if any(model in models for models in aim.models.values())}


def _too_slow(estimate: Estimate, aim: Aim, place: int, slow: Mapping[str, float]) -> str:
    """Why a policy does not keep what the task promises, empty where it does, or where nothing is known of its latency."""
    if aim.max_latency_s is None:
        return ""
    promised = f"{aim.max_latency_s:.3g} s are promised"
    took_s = latency_of(estimate)
    if took_s is not None and took_s > aim.max_latency_s:
        return f"it takes {took_s:.3g} s, and {promised}"
    late = [f"{model} took {slow[model]:.3g} s of late" for model in sorted(slow.keys() & aim.models[place])]
    return f"{', '.join(late)}, and {promised}" if late else ""


def _why_not(estimate: Estimate, best: Estimate, aim: Aim) -> str:
    if estimate.quality <= best.quality and estimate.cost_usd >= best.cost_usd:
        return "no better and no cheaper"
    if estimate.quality > best.quality:
        return "better, and not worth its cost"
    if _worth(estimate, aim.trade) > _worth(best, aim.trade):
        return "too little is known of it"
    return "cheaper, and not good enough"
