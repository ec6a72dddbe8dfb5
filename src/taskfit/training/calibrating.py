"""Rows of features, and whether each answer was right, to a Calibration.

The ridge is chosen by folds within the rows, by the log-likelihood of the rows left out, so nothing outside of them is looked at.
A feature that a row lacks counts as the mean of the rows that have it, here and when the calibration is used.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from taskfit.errors import ConfigurationError
from taskfit.numerics import Floats, Integers, np
from taskfit.training.folds import folds_of
from taskfit.training.logistic import fit_logistic, log_loss
from taskfit.values.calibration import Calibration

RIDGES: Final = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
INNER_FOLDS: Final = 5
FEWEST_ROWS: Final = 30
"""Fewer say too little of a rate, let alone of what it hangs on."""

Features = Mapping[str, float]


def fit_calibration(
    rows: Sequence[Features], right: Sequence[float], *, questions: Sequence[str], seed: int = 0, ridge: float | None = None
) -> Calibration:
    """The calibration of these rows. `right` is 0 to 1; `questions` keeps duplicates on one side of the inner folds.

    `ridge` None: chosen among RIDGES. Errors: ConfigurationError for too few rows, or none that is right, or none that is wrong.
    """
    _complain(right)
    names = sorted({name for row in rows for name in row})
    features, missing = matrix_of(rows, names)
    truth = np.asarray(right, dtype=np.float64)
    if ridge is None:
        ridge = choose_ridge(features, truth, questions=questions, seed=seed)
    model = fit_logistic(features, truth, ridge=ridge)
    weights = {name: weight for name, weight in zip(names, model.weights, strict=True) if weight}
    return Calibration(
        intercept=model.intercept,
        weights=weights,
        missing={name: missing[name] for name in weights},
        rows=len(rows),
        fitted_at=round(time.time(), 3),
    )


def matrix_of(rows: Sequence[Features], names: Sequence[str]) -> tuple[Floats, Mapping[str, float]]:
    """The rows as numbers, and what stands in for a feature that a row lacks. Shapes: (rows, names)."""
    features = np.array([[row.get(name, np.nan) for name in names] for row in rows], dtype=np.float64).reshape(-1, len(names))
    features[~np.isfinite(features)] = np.nan
    counts = np.maximum(1, (~np.isnan(features)).sum(axis=0))
    means = np.nansum(features, axis=0) / counts
    filled = np.where(np.isnan(features), means, features)
    return filled, dict(zip(names, means.tolist(), strict=True))


def choose_ridge(features: Floats, right: Floats, *, questions: Sequence[str], seed: int) -> float:
    """The ridge under which rows that were left out are likeliest; of equals the larger."""
    fold = folds_of(questions, folds=INNER_FOLDS, seed=seed + 1)
    losses = {ridge: _left_out_loss(features, right, fold, ridge) for ridge in RIDGES}
    return min(losses, key=lambda ridge: (losses[ridge], -ridge))


def _left_out_loss(features: Floats, right: Floats, fold: Integers, ridge: float) -> float:
    total = 0.0
    for number in range(INNER_FOLDS):
        is_out = fold == number
        if not is_out.any() or is_out.all():
            continue
        model = fit_logistic(features[~is_out], right[~is_out], ridge=ridge)
        total += log_loss(model.intercept + features[is_out] @ np.array(model.weights), right[is_out]) * int(is_out.sum())
    return total


def _complain(right: Sequence[float]) -> None:
    if len(right) < FEWEST_ROWS:
        raise ConfigurationError(f"a calibration needs at least {FEWEST_ROWS} answers\n  found   {len(right)}")
    wrong = [share for share in right if share < 1]
    if not wrong or not any(right):
        what = "is wrong" if not wrong else "is right"
        raise ConfigurationError(
            f"a calibration needs right answers and wrong ones\n  found   none of {len(right)} {what}\n"
            "  try     more answers, or harder questions"
        )
