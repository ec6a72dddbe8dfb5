"""What a policy would have come to that was not in force, from what was recorded under another one. Pure functions of numbers.

Requests are taken in strata. In a stratum the outcome under the new policy is known of some requests, each with the inverse of
the probability with which it came to be known: 1 where it is known for certain, 1 / propensity where exploration drew the very
policy that is asked about. Weights are normalised in each stratum, so that nothing hangs on how many were drawn. The doubly
robust estimate adds the weighted errors of a direct model to what that expects of all requests. Both hold where the propensities
are right, the second also where the model is.
Sources: Horvitz and Thompson, JASA 47 (1952) 663; Swaminathan and Joachims, The self-normalized estimator for counterfactual
learning (NeurIPS 2015); Dudik, Langford and Li, Doubly robust policy evaluation and learning (arXiv 1103.4601); the normalised
form: Thomas and Brunskill (arXiv 1604.00923).
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from taskfit.evaluation.intervals import Statistic
from taskfit.numerics import Booleans, Floats, Integers, np

LEAST_PROPENSITY: Final = 0.0005
"""Smaller ones count as this. Exploration of 0.1 % of the requests among two rungs has this: were it clipped, what was tried out
would count less than what is chosen anyway."""

FOLDS: Final = 5


class Stratum(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of which one figure is found together.

    `member` is 1 for those that it stands for. `weight` is 0 where the outcome under the new policy is not known; `value` is that
    outcome there, and `model` what a direct model expects of each member (0: there is none). `seen` is 1 where what really
    happened is known, which `actual` then is. Shapes: all (rows,), finite.
    """

    member: Floats
    weight: Floats
    value: Floats
    model: Floats
    seen: Floats
    actual: Floats


def inverse_propensities(is_taken: Booleans, propensity: Floats, *, least: float = LEAST_PROPENSITY) -> Floats:
    """The weights of outcomes that were drawn: 0 where another policy was taken. Shapes: (rows,); propensity above 0 to 1."""
    return np.asarray(np.where(is_taken, 1.0 / np.maximum(propensity, least), 0.0))


def effective_sample_size(weight: Floats) -> float:
    """How many equally weighted outcomes tell as much as these (Kish): (sum w)^2 / sum w^2; 0 where nothing is known."""
    squares = float((weight * weight).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0


def cross_fitted(value: Floats, is_known: Booleans, action: Integers, group: Integers) -> Floats:
    """What a direct model expects of each request: the mean of the known outcomes of its action, from the other folds of groups.

    Where those know nothing of the action it is the mean of all that they know; 0 where nothing is known. Shapes: (rows,).
    """
    expected = np.zeros(len(value))
    fold = np.random.default_rng(0).permutation(int(group.max(initial=-1)) + 1)[group] % FOLDS if len(group) else group
    for number in range(FOLDS):
        is_out = fold == number
        usable = is_known & ~is_out if (is_known & ~is_out).any() else is_known
        if not usable.any():
            continue
        expected[is_out] = value[usable].mean()
        for each in np.unique(action[is_out]).tolist():
            mine = usable & (action == each)
            if mine.any():
                expected[is_out & (action == each)] = value[mine].mean()
    return expected


def means_of(strata: Sequence[Stratum]) -> Statistic:
    """Four figures: what really happened, the self-normalised estimate, the doubly robust one, and its difference to the first.

    A stratum of which a resample has no known outcome is left out of it. Shapes: (resamples, rows) to (resamples, 4).
    """
    columns = np.column_stack([column for stratum in strata for column in _columns(stratum)])

    def statistic(weights: Floats) -> Floats:
        sums = (weights @ columns).reshape(len(weights), len(strata), _COLUMNS)
        members, known, values, residuals, models, seen, actuals = np.moveaxis(sums, 2, 0)
        is_there = (known > 0) & (seen > 0) & (members > 0)
        count = np.where(is_there, members, 0.0)
        share = count / np.maximum(count.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        actual = (share * _over(actuals, seen)).sum(axis=1)
        plain = (share * _over(values, known)).sum(axis=1)
        robust = (share * (_over(models, members) + _over(residuals, known))).sum(axis=1)
        robust = np.where(np.isclose(robust, actual, rtol=1e-12, atol=0.0), actual, robust)  # sums of the same in another order
        found = np.column_stack([actual, plain, robust, robust - actual])
        found[~is_there.any(axis=1)] = np.nan
        return found

    return statistic


def quantiles_of(strata: Sequence[Stratum], share: float) -> Statistic:
    """Three figures: the quantile of what really happened, the self-normalised one, and their difference. As `means_of`."""
    new, actual = _Pooled(strata, "weight", "value"), _Pooled(strata, "seen", "actual")

    def statistic(weights: Floats) -> Floats:
        before, after = actual.quantile(weights, share), new.quantile(weights, share)
        return np.column_stack([before, after, after - before])

    return statistic


_COLUMNS: Final = 7


def _columns(stratum: Stratum) -> tuple[Floats, ...]:
    known = stratum.weight
    return (
        stratum.member, known, known * stratum.value, known * (stratum.value - stratum.model), stratum.member * stratum.model,
        stratum.seen, stratum.seen * stratum.actual,
    )  # fmt: skip


def _over(sums: Floats, counts: Floats) -> Floats:
    return np.asarray(np.where(counts > 0, sums / np.where(counts > 0, counts, 1.0), 0.0))


class _Pooled:
    """The outcomes of all strata in order of size, each stratum with the weight of its members."""

    def __init__(self, strata: Sequence[Stratum], weight: str, value: str) -> None:
        self._strata = strata
        self._weight = weight
        rows = [np.flatnonzero(getattr(stratum, weight) > 0) for stratum in strata]
        self._rows = rows
        self._values = np.concatenate([getattr(stratum, value)[mine] for stratum, mine in zip(strata, rows, strict=True)])
        self._order = np.argsort(self._values, kind="stable")

    def quantile(self, weights: Floats, share: float) -> Floats:
        """Shapes: (resamples, rows) to (resamples,)."""
        parts = []
        for stratum, mine in zip(self._strata, self._rows, strict=True):
            own = weights[:, mine] * getattr(stratum, self._weight)[mine]
            parts.append(own * _over(weights @ stratum.member, own.sum(axis=1))[:, None])
        cumulated = np.cumsum(np.concatenate(parts, axis=1)[:, self._order], axis=1)
        if not cumulated.shape[1]:
            return np.full(len(weights), np.nan)
        total = cumulated[:, -1]
        at = (cumulated < share * total[:, None] * (1 - 1e-12)).sum(axis=1)
        return np.asarray(np.where(total > 0, self._values[self._order][np.minimum(at, cumulated.shape[1] - 1)], np.nan))
