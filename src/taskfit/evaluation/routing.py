"""What choosing by a fitted router comes to on outcomes that it was not fitted on, beside what anyone could do without one.

Beside it stand the best single model, the best random mix of single models, the table of single models with the task given, and
the oracle, which knows each answer's score beforehand. Every figure has its paired bootstrap interval over questions, and holds
fixed what was fitted. Knows no artefact and no file.
Source of AIQ: RouterBench, arXiv 2403.12031, section 3.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from taskfit.evaluation.intervals import Figure, bootstrapped_together
from taskfit.numerics import Floats, Integers, np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.routers.advice import advised
from taskfit.training.fitting import FittedPolicies, fit_policies, of_rungs, sweep, task_cells, trades_for
from taskfit.training.folds import complain_of_one_question, folds_of, groups_of
from taskfit.training.following import ways_of
from taskfit.training.frontier import aiq, hull, saving_at
from taskfit.training.policies import Trials
from taskfit.training.predicting import fit_predictor, predicted_cells
from taskfit.values.fitted import FittedRouter
from taskfit.values.policy import ALL

Tasks: TypeAlias = Literal["given", "predicted", "none"]
"""What a router is told of a prompt: its task, its text, or nothing."""

RESAMPLES: Final = 1000
GIVEN_FOLDS: Final = 5
NEARLY: Final = 0.99

NEVER: Final = -1e9
"""The saving at a quality that is never had: less than any, so that an interval of savings is that of their order."""

LEAST_SAVING: Final = -1e4
"""What is below comes of NEVER: no quality is had at ten thousand times the cost."""

Progress: TypeAlias = Callable[[str, float], None]


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """What came of each prompt at each point. Shapes: (points, prompts). Units: score 0 to 1; USD; seconds, nan where unknown."""

    quality: Floats
    cost_usd: Floats
    latency_s: Floats | None = None


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A corner of a curve's hull. Units: USD and seconds for one prompt; `latency_s` is the mean over the share of the prompts of
    which it is known."""

    cost_usd: float
    quality: float
    latency_s: float | None = None
    latency_known_share: float = 0.0


class Figures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a way to choose comes to. `quality`, `cost_usd` and `latency_s` are those of its best point.

    `aiq` is the mean quality over the costs from the cheapest to the best single model's; the savings are shares of the best
    single model's cost, at its quality and at 99 % of it; `max_quality` is the highest quality reached, `over_best_single` what
    that is more. None: never reached, or not known. `ci95` has low and high ends by the names of the figures.
    """

    quality: float | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    latency_known_share: float | None = None
    aiq: float | None = None
    saving_at_best_single: float | None = None
    saving_at_99: float | None = None
    max_quality: float | None = None
    over_best_single: float | None = None
    apgr: float | None = None
    cpt50: float | None = None
    cpt80: float | None = None
    model: str | None = None
    points: tuple[Point, ...] = ()
    ci95: Mapping[str, tuple[float | None, float | None]] = {}


class ColdTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task whose outcomes were left out of the fit.

    `random_mix` is that of all models and knows the task's own outcomes; `learned_mix` is that of the models between which
    anyone would have mixed by the outcomes of the other tasks, in the proportions that suit this one. The areas are those over
    costs at which all three have something. `over_random_mix` and `over_learned_mix` are the router's AIQ less theirs, with
    `ci95` and `learned_ci95`. None where the best single model costs nothing, or no costs are known.
    """

    task: str
    prompts: int
    router: float | None
    random_mix: float | None
    over_random_mix: float | None
    ci95: tuple[float, float] | None
    learned_mix: float | None
    over_learned_mix: float | None
    learned_ci95: tuple[float, float] | None


class RoutingReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one evaluation. `folds` None: a router that was fitted before, on `seen_prompts` of these prompts, which
    flatters it; None: that is not known. `repeats` is how often the folds were drawn. `rungs`: of the policies only those were
    followed that an advised ladder of so many rungs can; None: all. `thin` are cells with too few rows.

    `over_random_mix` and `over_given_task` are the router's AIQ less theirs, paired.
    """

    prompts: int
    models: tuple[str, ...]
    tasks: int
    told: Tasks
    folds: int | None
    best_single: Figures
    random_mix: Figures
    given_task_table: Figures
    oracle: Figures
    router: Figures
    over_random_mix: Figures
    over_given_task: Figures
    singles: Mapping[str, Point]
    repeats: int = 1
    rungs: int | None = None
    thin: tuple[str, ...] = ()
    cold: tuple[ColdTask, ...] = ()
    seen_prompts: int | None = 0


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What fits a router's table, and the names of the cells that it sees of other prompts."""

    fit: Callable[[Trials], FittedPolicies]
    cells: Callable[[Trials, OutcomeTable], Sequence[tuple[str, ...]]]


def measured_out_of_fold(
    trials: Trials, told: Told, *, tasks: Tasks, folds: int, repeats: int = 1, seed: int, progress: Progress,
    resamples: int = RESAMPLES,
) -> RoutingReport:  # fmt: skip
    """Each prompt by what was fitted on the other folds, the mean over `repeats` draws of the folds."""
    router, thin = out_of_fold(trials, told, folds=folds, repeats=repeats, seed=seed, progress=progress)
    given, _ = out_of_fold(
        singles_only(trials), given_tasks(seed=seed), folds=folds, repeats=repeats, seed=seed, progress=progress
    )
    report = report_of(trials, router, given, told=tasks, folds=folds, thin=thin, seed=seed, resamples=resamples)
    return msgspec.structs.replace(report, repeats=repeats)


def measured_router(
    trials: Trials, fitted: FittedRouter, *, tasks: Tasks, seed: int, progress: Progress, resamples: int = RESAMPLES
) -> RoutingReport:
    """What a router comes to that was fitted on other outcomes. The table of given tasks is fitted on these, out of fold."""
    table = trials.table
    ways = ways_of(fitted.table.policies, table.models)
    if tasks == "given":
        cells: Sequence[tuple[str, ...]] = task_cells(table.tasks, table.families)
    elif tasks == "predicted" and fitted.predictor is not None:
        cells = predicted_cells(fitted.predictor, table.prompts)
    else:
        cells = ((ALL,),) * len(table.prompts)
    router = made_by(FittedPolicies(table=fitted.table, ways=ways), trials, cells)
    given, _ = out_of_fold(singles_only(trials), given_tasks(seed=seed), folds=GIVEN_FOLDS, seed=seed, progress=progress)
    thin = tuple([name for name, cell in fitted.table.cells.items() if cell.is_thin])
    return report_of(trials, router, given, told=tasks, folds=None, thin=thin, seed=seed, resamples=resamples)


def out_of_fold(
    trials: Trials, told: Told, *, folds: int, repeats: int = 1, seed: int, progress: Progress
) -> tuple[Curve, tuple[str, ...]]:
    """What comes of each prompt by what was fitted on the other folds, and the cells that were thin in any of them.

    The mean over `repeats` draws of the folds, by `seed` and those after it: which prompts fall together is no finding. The
    trades are the same in each draw. A latency is known where it is in all of them. Errors: ConfigurationError where all prompts
    ask the same.
    """
    complain_of_one_question(trials.table.prompts)
    shape = len(trades_for(trials)), len(trials.table.prompts)
    total = Curve(quality=np.zeros(shape), cost_usd=np.zeros(shape), latency_s=np.zeros(shape))
    thin: dict[str, None] = {}
    for repeat in range(repeats):
        fold = folds_of(trials.table.prompts, folds=folds, seed=seed + repeat)
        _add_by_fold(total, trials, told, fold=fold, thin=thin, progress=_in_repeat(progress, repeat, repeats))
    progress("done", 1.0)
    latency_s = None if total.latency_s is None else total.latency_s / repeats
    return Curve(quality=total.quality / repeats, cost_usd=total.cost_usd / repeats, latency_s=latency_s), tuple(thin)


def left_out(trials: Trials, told: Told, tasks: Sequence[str], *, seed: int, progress: Progress) -> tuple[ColdTask, ...]:
    """Each of these tasks by what was fitted on all others."""
    found = []
    names = np.array(trials.table.tasks, dtype=object)
    for number, task in enumerate(tasks):
        progress(f"without {task}", number / len(tasks))
        is_out = names == task
        others, own = of_rows(trials, np.flatnonzero(~is_out)), of_rows(trials, np.flatnonzero(is_out))
        made = _swept(others, own, told, trades_for(trials))
        found.append(_cold(task, own, made, mixed=_mixed_models(others), seed=seed))
    return tuple(found)


def singles_only(trials: Trials) -> Trials:
    """The same outcomes with nothing that a cascade could be made of."""
    table = trials.table
    bare = msgspec.structs.replace(
        table, answers=np.zeros_like(table.answers), confidence=np.full_like(table.confidence, np.nan), responses={}
    )
    return Trials(table=bare, cost_usd=trials.cost_usd)


def of_rows(trials: Trials, rows: Integers) -> Trials:
    """Some of the prompts."""
    verdicts = None if trials.verdicts is None else trials.verdicts[rows]
    return Trials(table=trials.table.of(rows), cost_usd=trials.cost_usd[rows], verdicts=verdicts)


def given_tasks(*, seed: int = 0) -> Told:
    """A router that is told each prompt's task."""
    return Told(
        fit=lambda trials: fit_policies(trials, seed=seed), cells=lambda _, table: task_cells(table.tasks, table.families)
    )


def told_by_text(*, seed: int = 0) -> Told:
    """A router that is told each prompt's text alone, and predicts its task where it is sure enough."""

    def cells(fitting: Trials, table: OutcomeTable) -> Sequence[tuple[str, ...]]:
        predictor = fit_predictor(fitting.table, seed=seed)
        return ((ALL,),) * len(table.prompts) if predictor is None else predicted_cells(predictor, table.prompts)

    return Told(fit=lambda trials: fit_policies(trials, seed=seed), cells=cells)


def no_tasks(*, seed: int = 0) -> Told:
    """A router that is told nothing."""
    return Told(fit=lambda trials: fit_policies(trials, seed=seed), cells=lambda _, table: ((ALL,),) * len(table.prompts))


def of_ladder(told: Told, *, most_rungs: int) -> Told:
    """The same router where a ladder has but so many rungs: those that are advised by what was fitted (routers/advice.py)."""

    def fit(trials: Trials) -> FittedPolicies:
        fitted = told.fit(trials)
        cells = fitted.table.cells
        tasks = [cell for name, cell in cells.items() if name.startswith("task:")]
        found = advised(fitted.table, tasks or (cells[ALL],), most_rungs=most_rungs)
        return of_rungs(fitted, found[-1].rungs) if found else fitted

    return Told(fit=fit, cells=told.cells)


def made_by(fitted: FittedPolicies, trials: Trials, cells: Sequence[tuple[str, ...]]) -> Curve:
    """What comes of a table that was fitted elsewhere."""
    swept = sweep(fitted, trials, cells, trades_for(trials))
    return Curve(quality=swept.quality, cost_usd=swept.cost_usd, latency_s=swept.latency_s)


def report_of(
    trials: Trials, router: Curve, given: Curve, *, told: Tasks, folds: int | None, thin: tuple[str, ...] = (), seed: int = 0,
    resamples: int = RESAMPLES,
) -> RoutingReport:  # fmt: skip
    """All figures, over the same resamples of the questions. Each prompt has been answered by each model."""
    table = trials.table
    singles = Curve(quality=table.score.T, cost_usd=trials.cost_usd.T, latency_s=table.latency_s.T)
    means, costs = singles.quality.mean(axis=1), singles.cost_usd.mean(axis=1)
    best, cheapest = int(np.argmax(means)), int(np.argmin(costs))
    curves = {"router": router, "baseline": given, "mix": singles, "oracle": oracle_of(singles, trades_for(trials))}
    statistics = _Statistics(curves, best=best, cheapest=cheapest)
    groups = groups_of(table.prompts)
    figures = bootstrapped_together(statistics, groups, seed=seed, resamples=resamples)
    said = dict(zip(statistics.names, figures, strict=True))
    read = {name: _figures(said, name, curve) for name, curve in curves.items()}
    single = Figures(model=table.models[best], **_pick(said, "best", ("quality", "cost_usd")))
    return RoutingReport(
        prompts=len(table.prompts),
        models=table.models,
        tasks=len(set(filter(None, table.tasks))),
        told=told,
        folds=folds,
        best_single=single,
        random_mix=read["mix"],
        given_task_table=read["baseline"],
        oracle=read["oracle"],
        router=read["router"],
        over_random_mix=Figures(**_pick(said, "over_mix", ("aiq",))),
        over_given_task=Figures(**_pick(said, "over_baseline", ("aiq",))),
        singles={
            model: _point(float(costs[place]), float(means[place]), singles, place) for place, model in enumerate(table.models)
        },
        thin=thin,
    )


def oracle_of(singles: Curve, trades: Floats) -> Curve:
    """At each trade, the best model for each prompt by the very score that it got."""
    quality = np.empty((len(trades), singles.quality.shape[1]))
    cost = np.empty_like(quality)
    rows = np.arange(quality.shape[1])
    for line, trade in enumerate(trades.tolist()):
        taken = np.argmax(singles.quality - max(trade, 1e-12) * singles.cost_usd, axis=0)
        quality[line], cost[line] = singles.quality[taken, rows], singles.cost_usd[taken, rows]
    return Curve(quality=quality, cost_usd=cost)


class _Statistics:
    """All figures of all curves under one weighting of the prompts after the other.

    `is_common`: areas are those over costs at which all curves have something, not from the cheapest model's cost on.
    """

    OF_CURVE: Final = ("quality", "cost_usd", "aiq", "saving_at_best_single", "saving_at_99", "over_best_single")

    def __init__(self, curves: Mapping[str, Curve], *, best: int, cheapest: int, is_common: bool = False) -> None:
        self._curves, self._is_common = curves, is_common
        self._best, self._cheapest = best, cheapest
        self.names = (
            *(f"{name}.{figure}" for name in curves for figure in self.OF_CURVE),
            "best.quality", "best.cost_usd", "over_mix.aiq", "over_baseline.aiq",
        )  # fmt: skip

    def __call__(self, weights: Floats) -> Floats:
        total = weights.sum(axis=1, keepdims=True)
        means = {
            name: (weights @ curve.quality.T / total, weights @ curve.cost_usd.T / total) for name, curve in self._curves.items()
        }
        return np.array([
            self._line({name: np.column_stack([cost[row], quality[row]]) for name, (quality, cost) in means.items()})
            for row in range(len(weights))
        ])

    def _line(self, points: Mapping[str, Floats]) -> Sequence[float]:
        best_cost, best_quality = points["mix"][self._best]
        low = points["mix"][self._cheapest][0]
        line: list[float] = []
        areas = {}
        hulls = {name: hull(of_curve[:, 0], of_curve[:, 1]) for name, of_curve in points.items()}
        if self._is_common:
            low = max(float(corners[0, 0]) for corners in hulls.values())
        for name, corners in hulls.items():
            most_cost, most_quality = corners[-1]
            areas[name] = aiq(corners, low, best_cost) if best_cost > 0 else np.nan
            line += [
                most_quality, most_cost, areas[name], _saving_at(corners, best_quality, best_cost),
                _saving_at(corners, NEARLY * best_quality, best_cost), most_quality - best_quality,
            ]  # fmt: skip
        return [*line, best_quality, best_cost, areas["router"] - areas["mix"], areas["router"] - areas["baseline"]]


def _saving_at(points: Floats, quality: float, reference_cost: float) -> float:
    """That of training/frontier.py; nan where the reference costs nothing, NEVER where the quality is never had."""
    saving = saving_at(points, quality, reference_cost)
    return NEVER if np.isnan(saving) and reference_cost > 0 else saving


def _in_repeat(progress: Progress, repeat: int, repeats: int) -> Progress:
    """Progress within one draw of the folds, as that of all."""
    which = "" if repeats == 1 else f"repeat {repeat + 1} of {repeats}, "
    return lambda doing, share: progress(f"{which}{doing}", (repeat + share) / repeats)


def _add_by_fold(total: Curve, trials: Trials, told: Told, *, fold: Integers, thin: dict[str, None], progress: Progress) -> None:
    trades = trades_for(trials)
    numbers = np.unique(fold).tolist()
    for number in numbers:
        progress(f"fold {number + 1} of {len(numbers)}", number / len(numbers))
        is_in = fold == number
        inside, outside = np.flatnonzero(is_in), np.flatnonzero(~is_in)
        part = _swept(of_rows(trials, outside), of_rows(trials, inside), told, trades, thin)
        total.quality[:, inside] += part.quality
        total.cost_usd[:, inside] += part.cost_usd
        assert total.latency_s is not None and part.latency_s is not None
        total.latency_s[:, inside] += part.latency_s


def _swept(fitting: Trials, measured: Trials, told: Told, trades: Floats, thin: dict[str, None] | None = None) -> Curve:
    fitted = told.fit(fitting)
    if thin is not None:
        thin.update(dict.fromkeys(name for name, cell in fitted.table.cells.items() if cell.is_thin))
    swept = sweep(fitted, measured, told.cells(fitting, measured.table), trades)
    return Curve(quality=swept.quality, cost_usd=swept.cost_usd, latency_s=swept.latency_s)


def _mixed_models(trials: Trials) -> Integers:
    """The models on the hull of single models: those that a random mix is of."""
    quality, cost = trials.table.score.mean(axis=0), trials.cost_usd.mean(axis=0)
    corners = {tuple(corner) for corner in hull(cost, quality).tolist()}
    return np.flatnonzero([point in corners for point in zip(cost.tolist(), quality.tolist(), strict=True)])


def _cold(task: str, trials: Trials, router: Curve, *, mixed: Integers, seed: int) -> ColdTask:
    singles = Curve(quality=trials.table.score.T, cost_usd=trials.cost_usd.T)
    learned = Curve(quality=singles.quality[mixed], cost_usd=singles.cost_usd[mixed])
    best, cheapest = int(np.argmax(singles.quality.mean(axis=1))), int(np.argmin(singles.cost_usd.mean(axis=1)))
    curves = {"router": router, "baseline": learned, "mix": singles}
    statistics = _Statistics(curves, best=best, cheapest=cheapest, is_common=True)
    figures = bootstrapped_together(statistics, groups_of(trials.table.prompts), seed=seed, resamples=RESAMPLES)
    said = dict(zip(statistics.names, figures, strict=True))
    over_mix, over_learned = said["over_mix.aiq"], said["over_baseline.aiq"]
    return ColdTask(
        task=task,
        prompts=len(trials.table.prompts),
        router=said["router.aiq"].value,
        random_mix=said["mix.aiq"].value,
        over_random_mix=over_mix.value,
        ci95=_ends(over_mix),
        learned_mix=said["baseline.aiq"].value,
        over_learned_mix=over_learned.value,
        learned_ci95=_ends(over_learned),
    )


def _ends(figure: Figure) -> tuple[float, float] | None:
    return None if figure.ci95 is None else (figure.ci95.low, figure.ci95.high)


def _figures(said: Mapping[str, Figure], name: str, curve: Curve) -> Figures:
    picked = _pick(said, name, _Statistics.OF_CURVE)
    points = np.column_stack([curve.cost_usd.mean(axis=1), curve.quality.mean(axis=1)])
    corners = hull(points[:, 0], points[:, 1])
    at = {tuple(point): place for place, point in reversed(list(enumerate(points.tolist())))}
    shown = tuple([_point(cost, quality, curve, at[cost, quality]) for cost, quality in corners.tolist()])
    ci95 = picked.pop("ci95")
    if "quality" in ci95:
        ci95 = {**ci95, "max_quality": ci95["quality"]}
    best = shown[-1]
    share = None if best.latency_s is None else best.latency_known_share
    return Figures(
        **picked, max_quality=picked["quality"], latency_s=best.latency_s, latency_known_share=share, points=shown, ci95=ci95
    )


def _point(cost_usd: float, quality: float, curve: Curve, place: int) -> Point:
    latency, share = _times(None if curve.latency_s is None else curve.latency_s[place])
    return Point(cost_usd=cost_usd, quality=quality, latency_s=latency, latency_known_share=share)


def _pick(said: Mapping[str, Figure], name: str, figures: Sequence[str]) -> dict[str, Any]:
    """The figures of one curve by their own names, and their intervals as `ci95`."""
    found = {figure: said[f"{name}.{figure}"] for figure in figures}
    values = {figure: _had(each.value) for figure, each in found.items()}
    ends = {
        figure: (_had(each.ci95.low), _had(each.ci95.high))
        for figure, each in found.items()
        if each.ci95 is not None and values[figure] is not None
    }
    return {**values, "ci95": ends}


def _had(value: float | None) -> float | None:
    return None if value is None or value < LEAST_SAVING else value


def _times(latency_s: Floats | None) -> tuple[float | None, float]:
    """The mean over the prompts of which it is known, and their share. Shapes: (prompts,)."""
    known = np.empty(0) if latency_s is None else latency_s[np.isfinite(latency_s)]
    return (float(known.mean()), len(known) / len(latency_s)) if latency_s is not None and len(known) else (None, 0.0)
