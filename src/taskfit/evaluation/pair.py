"""A router between two models: how much of the gap in quality it closes for how many calls of the strong one, out of fold.

The router pays one of the two models. Figures as RouteLLM defines them (arXiv 2406.18665, section 3); see cascade.py. Each fold
is ranked by the model that was fitted on the others, and the curves of the folds are averaged at the same share of strong calls.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.evaluation.cascade import Answers, Fold, apgr, cpt, mean_curve, rank
from taskfit.evaluation.intervals import Figure, bootstrapped_together
from taskfit.numerics import Floats, Integers, np
from taskfit.outcomes.matrix import OutcomeTable
from taskfit.training.folds import complain_of_one_question, folds_of, groups_of
from taskfit.training.gain import cell_of, fit_gain, predict_gain
from taskfit.values.fitted import GainModel

Progress = Callable[[str, float], None]
DRAWS: Final = 5
"""How often a few labels are drawn; which ones they are is no finding."""


class PairReport(msgspec.Struct, frozen=True, kw_only=True):
    """`labels` None: all labels of the other folds; else so many of them. `folds` None: a router that was fitted before, on
    `seen_prompts` of these prompts, which flatters it; None: that is not known. The figures are the mean over `draws`: of the
    folds, which are drawn `repeats` times, and DRAWS times as often where a few labels are drawn too. A random mix has an APGR
    of 0.5, a CPT50 of 0.5 and a CPT80 of 0.8."""

    prompts: int
    weak: str
    strong: str
    labels: int | None
    folds: int | None
    draws: int
    weak_quality: float
    strong_quality: float
    apgr: Figure
    cpt50: Figure
    cpt80: Figure
    repeats: int = 1
    seen_prompts: int | None = 0


def measure_pair(
    table: OutcomeTable, *, weak: str, strong: str, labels: int | None, folds: int, repeats: int = 1, seed: int,
    progress: Progress,
) -> PairReport:  # fmt: skip
    """Out of fold. Errors: ConfigurationError where the pair has too few prompts, these all ask the same, or the strong model is
    not the better one."""
    both = _both(table, weak, strong)
    complain_of_one_question(both.prompts)
    drawn: list[Sequence[Fold]] = []
    draws = repeats if labels is None else repeats * DRAWS
    for draw in range(draws):
        fold = folds_of(both.prompts, folds=folds, seed=seed + draw)
        which = "" if draws == 1 else f"draw {draw + 1} of {draws}, "
        made = []
        for number in np.unique(fold).tolist():  # of fewer questions than folds, each is one
            progress(f"{which}fold {number + 1} of {folds}", (draw * folds + number) / (draws * folds))
            inside = np.flatnonzero(fold == number)
            within = both.of(np.flatnonzero(fold != number))
            model = fit_gain(within, weak=weak, strong=strong, labels=labels, seed=seed + draw, is_for_new_tasks=False)
            made.append(_fold(both, model, inside))
        drawn.append(made)
    progress("done", 1.0)
    report = _report(both, drawn, labels=labels, folds=folds, seed=seed)
    return msgspec.structs.replace(report, repeats=repeats)


def measure_fitted(table: OutcomeTable, model: GainModel, *, seed: int) -> PairReport:
    """What a model that was fitted elsewhere comes to. Errors: as for `measure_pair`."""
    both = _both(table, model.weak, model.strong)
    return _report(both, [[_fold(both, model, np.arange(len(both.prompts)))]], labels=None, folds=None, seed=seed)


def _both(table: OutcomeTable, weak: str, strong: str) -> OutcomeTable:
    missing = [model for model in (weak, strong) if model not in table.models]
    if missing or weak == strong:
        found = f"{weak}, {strong}"
        raise ConfigurationError(f"these are no pair\n  found   {found}\n  wanted  two of: {', '.join(table.models)}")
    both = table.among((weak, strong)).answered_by_all()
    if len(both.prompts) and both.score[:, 1].mean() > both.score[:, 0].mean():
        return both
    if not len(both.prompts):
        raise ConfigurationError(f"no prompt was answered by both {weak} and {strong}")
    means = both.score.mean(axis=0)
    raise ConfigurationError(
        f"{strong} is not the better one, so there is no gap to close\n  found   {weak} {means[0]:.3f}, {strong} {means[1]:.3f}\n"
        f"  try     --pair {strong},{weak}"
    )


def _fold(both: OutcomeTable, model: GainModel, rows: Integers) -> Fold:
    prompts = [both.prompts[row] for row in rows.tolist()]
    gain = predict_gain(model, prompts, [cell_of(both.tasks[row]) for row in rows.tolist()])
    return Fold(rows=rows, ranked=rank(_answers(both).of(rows), -gain))


def _answers(both: OutcomeTable) -> Answers:
    return Answers(weak=both.score[:, 0], strong=both.score[:, 1])


def _report(
    both: OutcomeTable, drawn: Sequence[Sequence[Fold]], *, labels: int | None, folds: int | None, seed: int
) -> PairReport:
    def statistics(weights: Floats) -> Floats:
        curves = [mean_curve(made, weights) for made in drawn]
        figures = [np.column_stack([apgr(curve), cpt(curve, 0.5), cpt(curve, 0.8)]) for curve in curves]
        return np.asarray(np.mean(figures, axis=0))

    area, half, most = bootstrapped_together(statistics, groups_of(both.prompts), seed=seed)
    means = both.score.mean(axis=0)
    return PairReport(
        prompts=len(both.prompts),
        weak=both.models[0],
        strong=both.models[1],
        labels=labels,
        folds=folds,
        draws=len(drawn),
        weak_quality=float(means[0]),
        strong_quality=float(means[1]),
        apgr=area,
        cpt50=half,
        cpt80=most,
    )
