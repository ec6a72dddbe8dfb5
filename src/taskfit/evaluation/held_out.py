"""Confidence and bars that were learned elsewhere: each fold is judged by a calibration of the other folds.

What is reported of a fold never took part in what judges it: not in the calibration, not in its ridge, not in the bar.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from taskfit.evaluation.cascade import Answers, Fold, bar_for, rank
from taskfit.evaluation.evidence import Evidence
from taskfit.numerics import Booleans, Floats, Integers, np
from taskfit.pipeline.confidence import calibrated
from taskfit.training.calibrating import fit_calibration
from taskfit.training.folds import folds_of

DECIMALS: Final = 12
"""Confidences that differ by less are equal: it is the order of summation that tells them apart."""

INNER: Final = 1_000_003
"""Added to a seed, so that folds within the other folds do not fall like folds of the next seed."""


class Cases(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured: prompts, the evidence for the weak model's answers, and what both models made of them.

    `questions` are the prompts' texts; those that ask the same stay on one side. Shapes: one entry for each row.
    """

    questions: Sequence[str]
    evidence: Sequence[Evidence]
    answers: Answers


class HeldOut(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned elsewhere says of each row. Shapes: (rows,), and (aims, rows).

    `confidence` is P(right), by a calibration of the other folds than the row's own `fold`. `standing` is the order in which the
    walk would accept: confidence, but a rejected answer below all others, since no confidence saves it there. `is_escalated`, for
    each share of the strong model's quality that is aimed at: it stands below the bar that reached that on the other folds with
    the fewest strong calls.
    """

    fold: Integers
    confidence: Floats
    standing: Floats
    is_escalated: Booleans


def judge_held_out(cases: Cases, *, aims: Sequence[float], folds: int, seed: int) -> HeldOut:
    """Errors: ConfigurationError where the other folds are too few or too alike to learn from."""
    rows = np.arange(len(cases.questions))
    fold = folds_of(cases.questions, folds=folds, seed=seed)
    confidence = _judged(cases, rows, fold, seed=seed)
    stands = _standing(cases, rows, confidence)
    is_escalated = np.zeros((len(aims), len(rows)), dtype=np.bool_)
    for number in np.unique(fold):
        inside, outside = fold == number, rows[fold != number]
        bars = _bars(cases, outside, aims, folds=folds, seed=seed)
        is_escalated[:, inside] = stands[inside] < np.array(bars)[:, None]
    return HeldOut(fold=fold, confidence=confidence, standing=stands, is_escalated=is_escalated)


def ranked_folds(answers: Answers, held_out: HeldOut) -> tuple[Fold, ...]:
    """Each fold in its own order."""
    found = [np.flatnonzero(held_out.fold == number) for number in np.unique(held_out.fold)]
    return tuple(Fold(rows=rows, ranked=rank(answers.of(rows), held_out.standing[rows])) for rows in found)


def _judged(cases: Cases, rows: Integers, fold: Integers, *, seed: int) -> Floats:
    """P(right) of each of these rows, by a calibration of those in other folds. Shapes: fold as rows."""
    confidence = np.zeros(len(rows))
    for number in np.unique(fold):
        is_inside = fold == number
        outside = rows[~is_inside]
        calibration = fit_calibration(
            [cases.evidence[row].features for row in outside],
            cases.answers.weak[outside].tolist(),
            questions=[cases.questions[row] for row in outside],
            seed=seed,
        )
        confidence[is_inside] = [calibrated(cases.evidence[row].features, calibration) for row in rows[is_inside]]
    return confidence


def _standing(cases: Cases, rows: Integers, confidence: Floats) -> Floats:
    """Confidence, less 1 where a check rejects."""
    is_rejected = np.array([cases.evidence[row].is_rejected for row in rows], dtype=np.float64)
    return np.round(confidence - is_rejected, DECIMALS)


def _bars(cases: Cases, rows: Integers, aims: Sequence[float], *, folds: int, seed: int) -> list[float]:
    """The bars that these rows want, each row judged by a calibration of the others: judged by its own, it would look surer than
    a new one does."""
    fold = folds_of([cases.questions[row] for row in rows], folds=folds, seed=seed + INNER)
    stands = _standing(cases, rows, _judged(cases, rows, fold, seed=seed))
    ranked = rank(cases.answers.of(rows), stands)
    return [bar_for(ranked, stands, aim) for aim in aims]
