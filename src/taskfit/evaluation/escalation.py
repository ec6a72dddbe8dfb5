"""A two-stage cascade measured on recorded answers: real checks, calibrations fitted on other folds, baselines and intervals.

Knows the walk's checks and signals by name only.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from taskfit.evaluation.cascade import Answers, apgr, auroc, cpt, curve, mean_curve, rank, saving_at
from taskfit.evaluation.evidence import gather
from taskfit.evaluation.held_out import Cases, HeldOut, judge_held_out, ranked_folds
from taskfit.evaluation.intervals import Figure, Statistic, bootstrapped, bootstrapped_together
from taskfit.evaluation.policies import Policy, Tried, difference, mean_of, measured, oracle, over_random_mix
from taskfit.numerics import Floats, Integers, np
from taskfit.outcomes.reading import Outcome
from taskfit.training.calibrating import fit_calibration
from taskfit.training.folds import groups_of
from taskfit.values.calibration import Calibration

AIMS: Final = (1.0, 0.99, 0.95)
"""The shares of the strong model's quality for which a bar is set on the other folds."""

Calls: TypeAlias = tuple[float, float] | None
"""USD for a call of the weak and of the strong model."""


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """What is read off the whole curve, the mean of those of the folds; `auroc` is that of the confidence within a fold.

    `apgr_pooled` ranks all folds in one line, see `mean_curve`. The savings choose their point on the rows that they are measured
    on, which flatters.
    """

    apgr: Figure
    cpt50: Figure
    cpt80: Figure
    saving_at_strong: Figure
    saving_at_99: Figure
    apgr_pooled: Figure
    auroc: float | None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """The cascade at a bar that was set on the other folds, for `aim` of the strong model's quality.

    Differences are of quality, paired by prompt; the random mix is that of weak and strong at the same cost, or where costs are
    not known with the same share of strong calls. `saving` is 1 - cost / cost of the strong model alone.
    """

    aim: float
    policy: Policy
    over_strong: Figure
    over_random_mix: Figure
    saving: Figure | None


class CascadeReport(msgspec.Struct, frozen=True, kw_only=True):
    """One task's cascade, as the mean over `repeats` draws of the folds: which prompts fall together is no finding."""

    task: str
    weak: str
    strong: str
    signals: tuple[str, ...]
    prompts: int
    questions: int
    folds: int
    repeats: int
    seed: int
    singles: tuple[Policy, ...]
    oracle: Policy
    curves: Curves
    operations: tuple[Operation, ...]


def measure_cascade(
    pairs: Sequence[tuple[Outcome, ...]], *, signals: Sequence[str], folds: int, repeats: int, seed: int, calls: Calls = None
) -> CascadeReport:
    """`pairs` are the outcomes of weak and strong model on one task; `calls` counts instead of the costs that were recorded.

    Errors: ConfigurationError, as for `gather` and `fit_calibration`.
    """
    cases = cases_of(pairs, signals, calls)
    groups = groups_of(cases.questions)
    drawn = [judge_held_out(cases, aims=AIMS, folds=folds, seed=seed + number) for number in range(repeats)]
    weak, strong = pairs[0][0].model, pairs[0][1].model
    models = _singles(cases.answers)
    return CascadeReport(
        task=pairs[0][0].task,
        weak=weak,
        strong=strong,
        signals=tuple(signals),
        prompts=len(pairs),
        questions=int(groups.max()) + 1,
        folds=folds,
        repeats=repeats,
        seed=seed,
        singles=tuple(measured(name, model, groups, seed=seed) for name, model in zip((weak, strong), models, strict=True)),
        oracle=measured("oracle", oracle(models), groups, seed=seed),
        curves=_curves(cases.answers, drawn, groups, seed=seed),
        operations=tuple(
            _operation(
                aim, cases.answers, np.mean([held_out.is_escalated[place] for held_out in drawn], axis=0), groups, seed=seed
            )
            for place, aim in enumerate(AIMS)
        ),
    )


def calibrate(pairs: Sequence[tuple[Outcome, ...]], *, signals: Sequence[str], seed: int) -> Calibration:
    """The calibration of all rows, for use; what it is worth is what `measure_cascade` says of its like."""
    cases = cases_of(pairs, signals, None)
    rows = [evidence.features for evidence in cases.evidence]
    return fit_calibration(rows, cases.answers.weak.tolist(), questions=cases.questions, seed=seed)


def cases_of(pairs: Sequence[tuple[Outcome, ...]], signals: Sequence[str], calls: Calls) -> Cases:
    """The recorded answers before the checks."""
    scores = np.array([[outcome.score for outcome in pair] for pair in pairs])
    costs = [_costs([pair[place] for pair in pairs], None if calls is None else calls[place]) for place in range(2)]
    weak_cost, strong_cost = costs if all(cost is not None for cost in costs) else (None, None)
    answers = Answers(weak=scores[:, 0], strong=scores[:, 1], weak_cost=weak_cost, strong_cost=strong_cost)
    return Cases(
        questions=[pair[0].prompt for pair in pairs], evidence=gather([pair[0] for pair in pairs], signals), answers=answers
    )


def _costs(outcomes: Sequence[Outcome], call: float | None) -> Floats | None:
    if call is not None:
        return np.full(len(outcomes), call)
    costs = [outcome.cost_usd for outcome in outcomes]
    return None if None in costs else np.array(costs, dtype=np.float64)


def _singles(answers: Answers) -> tuple[Tried, Tried]:
    weak = Tried(quality=answers.weak, cost=answers.weak_cost)
    return weak, Tried(quality=answers.strong, cost=answers.strong_cost)


def _curves(answers: Answers, drawn: Sequence[HeldOut], groups: Integers, *, seed: int) -> Curves:
    folds = [fold for held_out in drawn for fold in ranked_folds(answers, held_out)]
    whole = [rank(answers, held_out.standing) for held_out in drawn]

    def read_off(weights: Floats) -> Floats:
        made = mean_curve(folds, weights)
        pooled = np.mean([apgr(curve(ranked, weights)) for ranked in whole], axis=0)
        return np.column_stack([
            apgr(made), cpt(made, 0.5), cpt(made, 0.8), saving_at(made, 1.0), saving_at(made, 0.99), pooled,
        ])  # fmt: skip

    read = bootstrapped_together(read_off, groups, seed=seed)
    areas = [
        area
        for held_out in drawn
        for number in np.unique(held_out.fold)
        if (area := auroc(held_out.confidence[held_out.fold == number], answers.weak[held_out.fold == number])) is not None
    ]
    return Curves(
        apgr=read[0], cpt50=read[1], cpt80=read[2], saving_at_strong=read[3], saving_at_99=read[4], apgr_pooled=read[5],
        auroc=float(np.mean(areas)) if areas else None,
    )  # fmt: skip


def _operation(aim: float, answers: Answers, is_strong: Floats, groups: Integers, *, seed: int) -> Operation:
    weak, strong = _singles(answers)
    cost = None
    if weak.cost is not None and strong.cost is not None:
        cost = weak.cost + is_strong * strong.cost
    tried = Tried(quality=weak.quality + is_strong * (strong.quality - weak.quality), cost=cost)
    over_mix = over_random_mix(tried, (weak, strong), groups, seed=seed)
    return Operation(
        aim=aim,
        policy=measured(f"cascade, aim {aim:.0%}", tried, groups, seed=seed, is_strong=is_strong),
        over_strong=difference(tried, strong, groups, seed=seed),
        over_random_mix=over_mix or bootstrapped(_over_mix_of_calls(tried, answers, is_strong), groups, seed=seed),
        saving=None if cost is None or strong.cost is None else bootstrapped(_saving(cost, strong.cost), groups, seed=seed),
    )


def _over_mix_of_calls(tried: Tried, answers: Answers, is_strong: Floats) -> Statistic:
    """The gain over a coin that calls the strong model as often."""

    def gain(weights: Floats) -> Floats:
        share = mean_of(is_strong)(weights)
        mixed = (1 - share) * mean_of(answers.weak)(weights) + share * mean_of(answers.strong)(weights)
        return mean_of(tried.quality)(weights) - mixed

    return gain


def _saving(cost: Floats, strong_cost: Floats) -> Statistic:
    return lambda weights: 1 - np.asarray((weights @ cost) / (weights @ strong_cost))
