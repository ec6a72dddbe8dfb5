"""What a way to answer made of recorded prompts: its quality and cost, beside single models, a random mix and the oracle.

Every figure has its interval, over the same resamples, so that differences are paired. Knows no way to answer by name.
"""

from collections.abc import Sequence

import msgspec

from taskfit.evaluation.intervals import Figure, Statistic, bootstrapped
from taskfit.numerics import Floats, Integers, np


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One way to answer. `strong_share` of the prompts went to the strong model. Units: mean score 0 to 1; USD for one prompt."""

    name: str
    quality: Figure
    cost_usd: Figure | None = None
    strong_share: Figure | None = None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy made of each prompt. `cost` None: not known. Shapes: (rows,)."""

    quality: Floats
    cost: Floats | None = None


def measured(name: str, tried: Tried, groups: Integers, *, seed: int, is_strong: Floats | None = None) -> Policy:
    """The policy's means with their intervals. Shapes: groups as for `bootstrapped`; is_strong (rows,), 0 or 1."""
    return Policy(
        name=name,
        quality=bootstrapped(mean_of(tried.quality), groups, seed=seed),
        cost_usd=None if tried.cost is None else bootstrapped(mean_of(tried.cost), groups, seed=seed),
        strong_share=None if is_strong is None else bootstrapped(mean_of(is_strong), groups, seed=seed),
    )


def difference(one: Tried, other: Tried, groups: Integers, *, seed: int) -> Figure:
    """How much better one is, paired by prompt."""
    return bootstrapped(mean_of(one.quality - other.quality), groups, seed=seed)


def over_random_mix(tried: Tried, models: Sequence[Tried], groups: Integers, *, seed: int) -> Figure | None:
    """How much better it is than the best random mix of these models at its own cost, paired; None where a cost is not known."""
    if tried.cost is None or any(model.cost is None for model in models):
        return None
    mean_quality, mean_cost = mean_of(tried.quality), mean_of(tried.cost)

    def gain(weights: Floats) -> Floats:
        return mean_quality(weights) - mixed_quality(models, weights, mean_cost(weights))

    return bootstrapped(gain, groups, seed=seed)


def mixed_quality(models: Sequence[Tried], weights: Floats, budget: Floats) -> Floats:
    """The quality of the best random mix of models whose mean cost is within the budget; nan where even the cheapest is not.

    Shapes: weights (weightings, rows); budget (weightings,). Each model has a cost.
    """
    points = [(mean_of(model.cost)(weights), mean_of(model.quality)(weights)) for model in models if model.cost is not None]
    best = np.full(len(weights), -np.inf)
    for cost, quality in points:
        best = np.maximum(best, np.where(cost <= budget, quality, -np.inf))
        for dearer_cost, dearer_quality in points:
            is_between = (cost <= budget) & (budget < dearer_cost)
            part = (budget - cost) / np.where(is_between, dearer_cost - cost, 1.0)
            best = np.maximum(best, np.where(is_between, quality + part * (dearer_quality - quality), -np.inf))
    return np.where(np.isfinite(best), best, np.nan)


def oracle(models: Sequence[Tried]) -> Tried:
    """The best answer to each prompt, at the cost of the cheapest model that gives it. Costs as far as all are known."""
    quality = np.stack([model.quality for model in models])
    best = quality.max(axis=0)
    if any(model.cost is None for model in models):
        return Tried(quality=best)
    costs = np.stack([model.cost for model in models if model.cost is not None])
    return Tried(quality=best, cost=np.where(quality == best, costs, np.inf).min(axis=0))


def best_of(models: Sequence[Tried]) -> int:
    """The place of the single model with the best mean."""
    return max(range(len(models)), key=lambda place: float(models[place].quality.mean()))


def mean_of(values: Floats) -> Statistic:
    """The weighted mean of the rows. Shapes: values (rows,)."""
    return lambda weights: np.asarray(weights @ values / weights.sum(axis=1))
