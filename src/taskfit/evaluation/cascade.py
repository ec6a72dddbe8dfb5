"""Two-stage cascades: a weak model answers, and the least confident answers go to a strong one. Curves and what is read off them.

Answers of equal confidence are taken in random order, of which the curve is the mean: between two points it is a straight line.
PGR, the performance gap recovered, is (quality - weak) / (strong - weak); APGR is its mean over all shares of strong calls, and
CPT(x) the smallest share of strong calls at which PGR reaches x. Knows no check and no calibration.
Source: RouteLLM, arXiv 2406.18665, section 3 (there for routers, which pay only one of the two models).
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from taskfit.numerics import Floats, Integers, np

GRID: Final = np.linspace(0.0, 1.0, 201)
"""The shares of strong calls at which curves of several folds are averaged."""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What both models made of the same prompts. Scores 0 to 1; costs in USD, None where they are not known. Shapes: (rows,)."""

    weak: Floats
    strong: Floats
    weak_cost: Floats | None = None
    strong_cost: Floats | None = None

    def of(self, rows: Integers) -> "Answers":
        """Those of these rows."""
        weak_cost = None if self.weak_cost is None else self.weak_cost[rows]
        strong_cost = None if self.strong_cost is None else self.strong_cost[rows]
        return Answers(weak=self.weak[rows], strong=self.strong[rows], weak_cost=weak_cost, strong_cost=strong_cost)


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Points of a cascade from no strong call to all of them, for several weightings of the rows at once.

    `share` of the prompts goes to the strong model, `quality` is the mean score, `cost` the mean cost of a prompt in USD, and the
    weak call is always paid. Shapes: (weightings, points).
    """

    share: Floats
    quality: Floats
    cost: Floats | None


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """Answers in the order in which they are escalated; `starts` are the rows where another confidence begins."""

    answers: Answers
    order: Integers
    starts: Integers


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that one and the same calibration has ranked. Shapes: rows (some of all rows,)."""

    rows: Integers
    ranked: Ranked


def rank(answers: Answers, confidence: Floats) -> Ranked:
    """Least confident first. Shapes: confidence (rows,), finite."""
    order = np.argsort(confidence, kind="stable")
    ordered = confidence[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return Ranked(answers=answers, order=order, starts=starts)


def curve(ranked: Ranked, weights: Floats) -> Curve:
    """The curve under each weighting of the rows. Shapes: weights (weightings, rows), each line with a sum above 0."""
    answers = ranked.answers
    total = weights.sum(axis=1, keepdims=True)
    quality = weights @ answers.weak[:, None] / total + _cumulated(ranked, weights * (answers.strong - answers.weak)) / total
    cost = None
    if answers.weak_cost is not None and answers.strong_cost is not None:
        cost = weights @ answers.weak_cost[:, None] / total + _cumulated(ranked, weights * answers.strong_cost) / total
    return Curve(share=_cumulated(ranked, weights) / total, quality=quality, cost=cost)


def mean_curve(folds: Sequence[Fold], weights: Floats) -> Curve:
    """The mean of the folds' curves at the same share of strong calls, each fold with its weight.

    Ranking all folds in one line instead would compare the calibrations of different folds with each other, which no deployment
    does, and whose errors go against the folds' own luck: it underrates the signal. Shapes: weights (weightings, all rows).
    Sources: Forman and Scholz, Apples-to-apples in cross-validation studies (2010); Airola et al., Computational Statistics and
    Data Analysis 55 (2011) 1828.
    """
    total = np.sum([weights[:, fold.rows].sum(axis=1) for fold in folds], axis=0)
    quality, cost = np.zeros((2, len(weights), len(GRID)))
    for fold in folds:
        mine = weights[:, fold.rows]
        lines = np.flatnonzero(mine.sum(axis=1))
        made = curve(fold.ranked, mine[lines])
        part = (mine[lines].sum(axis=1) / total[lines])[:, None]
        quality[lines] += part * _on_grid(made.share, made.quality)
        if made.cost is not None:
            cost[lines] += part * _on_grid(made.share, made.cost)
    has_cost = all(fold.ranked.answers.strong_cost is not None for fold in folds)
    return Curve(share=np.broadcast_to(GRID, quality.shape), quality=quality, cost=cost if has_cost else None)


def apgr(curve: Curve) -> Floats:
    """The area under PGR over the share of strong calls; nan where the strong model is not the better. Shapes: (weightings,)."""
    area = ((curve.quality[:, 1:] + curve.quality[:, :-1]) / 2 * np.diff(curve.share, axis=1)).sum(axis=1)
    return np.asarray((area - curve.quality[:, 0]) / _gap(curve))


def cpt(curve: Curve, recovered: float) -> Floats:
    """The smallest share of strong calls at which `recovered` of the gap is closed; nan as for `apgr`. Shapes: (weightings,)."""
    wanted = curve.quality[:, 0] + recovered * _gap(curve)
    return _first_reaching(curve.share, curve.quality, wanted)


def saving_at(curve: Curve, quality_share: float) -> Floats:
    """1 - cost / cost of the strong model alone, at the least cost for `quality_share` of the strong model's quality.

    Below 0 where the cascade costs more than the strong model alone; nan where it never gets there, or costs are not known.
    The point is chosen on the very rows that it is measured on, so this flatters: held_out.py chooses it elsewhere.
    """
    if curve.cost is None:
        return np.full(len(curve.share), np.nan)
    strong_cost = curve.cost[:, -1] - curve.cost[:, 0]
    reached = _first_reaching(curve.cost, curve.quality, quality_share * curve.quality[:, -1])
    return np.asarray(1 - reached / strong_cost)


def bar_for(ranked: Ranked, confidence: Floats, quality_share: float) -> float:
    """The confidence from which on answers are accepted, for `quality_share` of the strong quality with the fewest strong calls.

    Infinity where all must be escalated. Shapes: confidence (rows,), as it was ranked by.
    """
    made = curve(ranked, np.ones((1, len(confidence))))
    enough = np.flatnonzero(made.quality[0] >= quality_share * made.quality[0, -1] - 1e-12)
    blocks = int(enough[0])
    return float(confidence[ranked.order[ranked.starts[blocks]]]) if blocks < len(ranked.starts) else float("inf")


def auroc(confidence: Floats, right: Floats) -> float | None:
    """The chance that a right answer is the more confident of one right and one wrong, equals counted half; None without both.

    A score above 0.5 counts as right.
    """
    is_right = right > 0.5
    rights, wrongs = int(is_right.sum()), int((~is_right).sum())
    if not rights or not wrongs:
        return None
    _, inverse, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    return float((mean_rank[inverse][is_right].sum() - rights * (rights + 1) / 2) / (rights * wrongs))


def _cumulated(ranked: Ranked, amounts: Floats) -> Floats:
    """Sums over what is escalated, from nothing to all. Shapes: (weightings, rows) to (weightings, blocks + 1)."""
    blocks = np.add.reduceat(amounts[:, ranked.order], ranked.starts, axis=1)
    return np.concatenate([np.zeros((len(amounts), 1)), np.cumsum(blocks, axis=1)], axis=1)


def _on_grid(share: Floats, values: Floats) -> Floats:
    """Shapes: (weightings, points) to (weightings, GRID)."""
    lines = [np.interp(GRID, at, line) for at, line in zip(share, values, strict=True)]
    return np.array(lines).reshape(len(share), len(GRID))


def _gap(curve: Curve) -> Floats:
    gap = curve.quality[:, -1] - curve.quality[:, 0]
    return np.where(gap > 0, gap, np.nan)


def _first_reaching(along: Floats, quality: Floats, wanted: Floats) -> Floats:
    """Where quality first reaches what is wanted, on the straight line to that point; nan where it never does."""
    is_enough = quality >= wanted[:, None] - 1e-12
    at = is_enough.argmax(axis=1)
    lines = np.arange(len(quality))
    before = np.maximum(at - 1, 0)
    rise = quality[lines, at] - quality[lines, before]
    part = np.where(rise > 0, (wanted - quality[lines, before]) / np.where(rise > 0, rise, 1.0), 0.0)
    found = along[lines, before] + np.clip(part, 0.0, 1.0) * (along[lines, at] - along[lines, before])
    return np.where(is_enough.any(axis=1), found, np.nan)
