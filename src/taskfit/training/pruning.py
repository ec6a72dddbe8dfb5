"""Which policies are kept: those near the frontier, so that the best of many noisy figures is not merely the luckiest one.

A cascade is kept where its mean over all prompts lies near the hull of all policies; single models are always kept, as they cost
nothing to keep and are what is known best. What was found to be best on five sets of outcomes, by folds, is the tolerance here.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from taskfit.numerics import Floats, Integers, np
from taskfit.training.folds import folds_of
from taskfit.training.frontier import hull, quality_at
from taskfit.training.policies import Trials, Way, follow_each

TOLERANCE: Final = 0.02
"""How much worse than the frontier, at its own cost, a cascade may be. Units: quality."""

MOST_CASCADES: Final = 128
MOST_PROMPTS: Final = 10_000
"""Means over more prompts would be no surer than the choice needs: a sample is taken."""

FEWEST_SHARED: Final = 200
"""From so many prompts on that all models were tried on, only those are compared: others would compare easy with hard ones."""


def near_frontier(trials: Trials, ways: Sequence[Way], *, seed: int = 0) -> tuple[Way, ...]:
    """Those that are kept, in their order."""
    sample = _of(trials, _sample(trials, seed=seed))
    means = [_means(quality, cost) for quality, cost, _ in follow_each(sample, ways)]
    quality, cost = np.array([mean[0] for mean in means]), np.array([mean[1] for mean in means])
    is_known = np.isfinite(quality)
    if not is_known.any():
        return tuple([way for way in ways if len(way.stages) == 1])
    gap = np.full(len(ways), np.inf)
    corners = hull(cost[is_known], quality[is_known])
    gap[is_known] = quality_at(corners, cost[is_known]) - quality[is_known]
    is_single = np.array([len(way.stages) == 1 for way in ways])
    order = [place for place in np.argsort(gap, kind="stable").tolist() if not is_single[place] and gap[place] <= TOLERANCE]
    kept = {*np.flatnonzero(is_single).tolist(), *order[:MOST_CASCADES]}
    return tuple([way for place, way in enumerate(ways) if place in kept])


def _sample(trials: Trials, *, seed: int) -> Integers:
    table = trials.table
    is_shared = ~np.isnan(table.score).any(axis=1)
    rows = np.flatnonzero(is_shared) if is_shared.sum() >= FEWEST_SHARED else np.arange(len(table.prompts))
    if len(rows) <= MOST_PROMPTS:
        return rows
    part = folds_of([table.prompts[row] for row in rows], folds=-(-len(rows) // MOST_PROMPTS), seed=seed)
    return np.asarray(rows[part == 0])


def _of(trials: Trials, rows: Integers) -> Trials:
    """Without texts, which are not looked at."""
    bare = msgspec.structs.replace(trials.table, responses={}).of(rows)
    verdicts = None if trials.verdicts is None else trials.verdicts[rows]
    return Trials(table=bare, cost_usd=trials.cost_usd[rows], verdicts=verdicts)


def _means(quality: Floats, cost: Floats) -> tuple[float, float]:
    """Over the prompts for which the quality is known; nan where it is for none."""
    is_known: Floats = ~np.isnan(quality)
    if not is_known.any():
        return np.nan, np.nan
    return float(quality[is_known].mean()), float(cost[is_known].mean())
