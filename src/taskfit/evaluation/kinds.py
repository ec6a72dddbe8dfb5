"""How well a profiler tells the kind of work before and after it was trained on requests, measured on others than those."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from taskfit.evaluation.intervals import Figure, bootstrapped_together
from taskfit.numerics import Booleans, Floats, np
from taskfit.outcomes.labelled import LabelledRequest
from taskfit.profilers.linear import told_by
from taskfit.training.folds import folds_of, groups_of
from taskfit.training.kinds import complain, fit_part
from taskfit.values.fitted import TextWeights

FOLDS: Final = 5
RESAMPLES: Final = 2000

Progress: TypeAlias = Callable[[str, float], None]


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of the requests: `told` any kind, `right` of those that were told one, and `told_rightly` of all."""

    told: Figure
    right: Figure
    told_rightly: Figure


class KindsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Before is the model to begin with; after, each request by a model that was trained on the other folds. `gained` is what
    more is told rightly, paired. `least` is the probability below which no kind is told."""

    requests: int
    kinds: tuple[str, ...]
    folds: int
    least: float
    before: Telling
    after: Telling
    gained: Figure


def measure_kinds(
    requests: Sequence[LabelledRequest], prior: TextWeights, *, least: float, seed: int, progress: Progress
) -> KindsReport:
    """Out of fold, with 95% bootstrap intervals over different prompts. Errors: as for `fit_kinds`."""
    complain(requests, prior)
    questions = [request.question for request in requests]
    fold = folds_of(questions, folds=FOLDS, seed=seed)
    told, right = np.zeros((2, len(requests)), dtype=np.bool_), np.zeros((2, len(requests)), dtype=np.bool_)
    for number in range(FOLDS):
        progress(f"fold {number + 1} of {FOLDS}", number / (FOLDS + 1))
        within = [request for request, of in zip(requests, fold.tolist(), strict=True) if of != number]
        models = (prior, fit_part(within, prior, seed=seed))
        for place in np.flatnonzero(fold == number).tolist():
            for side, model in enumerate(models):
                kind, _ = told_by(model, requests[place].outline, least=least)
                told[side, place], right[side, place] = kind != "unknown", kind == requests[place].kind
    groups = groups_of(questions)
    figures = bootstrapped_together(lambda weights: _shares(weights, told, right), groups, seed=seed, resamples=RESAMPLES)
    return KindsReport(
        requests=len(requests),
        kinds=tuple(sorted({request.kind for request in requests})),
        folds=FOLDS,
        least=least,
        before=Telling(told=figures[0], right=figures[1], told_rightly=figures[2]),
        after=Telling(told=figures[3], right=figures[4], told_rightly=figures[5]),
        gained=figures[6],
    )


def _shares(weights: Floats, told: Booleans, right: Booleans) -> Floats:
    """Shapes: weights (resamples, requests); told and right (2, requests); to (resamples, 7)."""
    total = weights.sum(axis=1)
    columns = []
    for side in range(2):
        of_told, rightly = weights @ told[side], weights @ right[side]
        of_these = np.divide(rightly, of_told, out=np.full_like(total, np.nan), where=of_told > 0)
        columns += [of_told / total, of_these, rightly / total]
    return np.stack([*columns, columns[5] - columns[2]], axis=1)
