"""Two cheap models answer; what they agree on is accepted, and the rest goes to a strong one. Measured on recorded answers.

Answers are compared as the walk compares them (taskfit.equivalence): the final answers where they were recorded, else the whole
responses. Of more than two cheap models the pair is chosen, on other folds than it is measured on; whether a pair that was named
had been chosen on these very rows is for whoever names it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final, TypeAlias

import msgspec

from taskfit.equivalence import canonical, same
from taskfit.errors import ConfigurationError
from taskfit.evaluation.intervals import Figure, Statistic, bootstrapped
from taskfit.evaluation.policies import Policy, Tried, best_of, difference, mean_of, measured, oracle, over_random_mix
from taskfit.numerics import Booleans, Floats, Integers, np
from taskfit.outcomes.reading import Outcome
from taskfit.training.folds import folds_of, groups_of

Pair: TypeAlias = tuple[int, int]
"""The places of two cheap models."""

MOST_COST: Final = 0.5
"""A pair is chosen among those that, with the strong model behind them, cost at most this share of the strong model alone."""


class AgreementReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a pair that must agree, with a strong model behind it, made of the prompts.

    `pairs` says for how many prompts each pair was the one: a single one where it was named. `quality_when_agreed` is that of the
    accepted answers. `cost_of_strong` is the share of the strong model's cost. What it has over strong, best single and random
    mix (of all models, at its own cost) are differences of quality, paired by prompt.
    """

    prompts: int
    models: tuple[str, ...]
    pairs: Mapping[str, int]
    singles: tuple[Policy, ...]
    best_single: str
    cascade: Policy
    oracle: Policy
    agreed_share: Figure
    quality_when_agreed: Figure
    cost_of_strong: Figure
    over_strong: Figure
    over_best_single: Figure
    over_random_mix: Figure | None


class Cascade(msgspec.Struct, frozen=True, kw_only=True):
    """What one pair makes of each prompt. Shapes: is_agreed (rows,), 0 or 1."""

    tried: Tried
    is_agreed: Floats


def measure_agreement(rows: Sequence[tuple[Outcome, ...]], *, folds: int, seed: int) -> AgreementReport:
    """`rows` are the outcomes of two cheap models or more, and of the strong one, on each prompt.

    Errors: ConfigurationError where a cost or an answer lacks.
    """
    names = tuple(outcome.model for outcome in rows[0])
    questions = [row[0].prompt for row in rows]
    groups = groups_of(questions)
    models = tuple(tried_by([row[place] for row in rows]) for place in range(len(names)))
    cascades = dict(every_pair(rows, models))
    chosen = choose(cascades, models[-1], folds_of(questions, folds=folds, seed=seed))
    cascade = assembled(cascades, chosen)
    tried, is_agreed, best = cascade.tried, cascade.is_agreed, best_of(models)
    accepted = is_agreed * tried.quality
    return AgreementReport(
        prompts=len(rows),
        models=names,
        pairs={f"{names[one]}, {names[other]}": int((chosen == place).sum()) for place, (one, other) in enumerate(cascades)
               if (chosen == place).any()},
        singles=tuple(measured(name, model, groups, seed=seed) for name, model in zip(names, models, strict=True)),
        best_single=names[best],
        cascade=measured("agree, else strong", tried, groups, seed=seed, is_strong=1 - is_agreed),
        oracle=measured("oracle", oracle(models), groups, seed=seed),
        agreed_share=bootstrapped(mean_of(is_agreed), groups, seed=seed),
        quality_when_agreed=bootstrapped(_ratio(accepted, is_agreed), groups, seed=seed),
        cost_of_strong=bootstrapped(_ratio(_cost(tried), _cost(models[-1])), groups, seed=seed),
        over_strong=difference(tried, models[-1], groups, seed=seed),
        over_best_single=difference(tried, models[best], groups, seed=seed),
        over_random_mix=over_random_mix(tried, models, groups, seed=seed),
    )  # fmt: skip


def every_pair(rows: Sequence[tuple[Outcome, ...]], models: Sequence[Tried]) -> Iterator[tuple[Pair, Cascade]]:
    """What each pair of cheap models makes of the prompts, with the last model behind it."""
    keys = [[canonical(said(outcome)) for outcome in row[:-1]] for row in rows]
    for one, other in combinations(range(len(models) - 1), 2):
        is_agreed = np.array([_agree(key[one], key[other], row[one], row[other]) for key, row in zip(keys, rows, strict=True)])
        yield (one, other), cascade_of((models[one], models[other], models[-1]), is_agreed)


def cascade_of(models: tuple[Tried, Tried, Tried], is_agreed: Booleans) -> Cascade:
    """The first one's answer where the first two agree, else the third one's; both cheap calls are always paid."""
    first, second, strong = models
    quality = np.where(is_agreed, first.quality, strong.quality)
    cost = _cost(first) + _cost(second) + np.where(is_agreed, 0.0, _cost(strong))
    return Cascade(tried=Tried(quality=quality, cost=cost), is_agreed=is_agreed.astype(np.float64))


def choose(cascades: Mapping[Pair, Cascade], strong: Tried, fold: Integers) -> Integers:
    """The place of the pair for each row: the best on the other folds of those that cost no more than MOST_COST there, or else
    the cheapest."""
    found = list(cascades.values())
    chosen = np.zeros(len(fold), dtype=np.int64)
    for number in np.unique(fold) if len(found) > 1 else ():
        outside = fold != number
        most = MOST_COST * float(_cost(strong)[outside].mean())
        costs = [float(_cost(cascade.tried)[outside].mean()) for cascade in found]
        quality = [float(cascade.tried.quality[outside].mean()) for cascade in found]
        within = [place for place, cost in enumerate(costs) if cost <= most] or [int(np.argmin(costs))]
        chosen[~outside] = max(within, key=quality.__getitem__)
    return chosen


def assembled(cascades: Mapping[Pair, Cascade], chosen: Integers) -> Cascade:
    """Each row by the pair that was chosen for it."""
    found, rows = list(cascades.values()), np.arange(len(chosen))
    quality = np.stack([cascade.tried.quality for cascade in found])[chosen, rows]
    cost = np.stack([_cost(cascade.tried) for cascade in found])[chosen, rows]
    is_agreed = np.stack([cascade.is_agreed for cascade in found])[chosen, rows]
    return Cascade(tried=Tried(quality=quality, cost=cost), is_agreed=is_agreed)


def said(outcome: Outcome) -> str:
    """The final answer, else the response. Errors: ConfigurationError where neither was recorded."""
    text = outcome.answer if outcome.answer is not None else outcome.response
    if text is None:
        raise ConfigurationError(
            f"{outcome.prompt_id}: no answer of {outcome.model} was recorded\n  wanted  an answer or a response to compare"
        )
    return text


def tried_by(outcomes: Sequence[Outcome]) -> Tried:
    """What one model made of the prompts. Errors: ConfigurationError where a cost lacks."""
    lacking = next((outcome for outcome in outcomes if outcome.cost_usd is None), None)
    if lacking is not None:
        raise ConfigurationError(
            f"{lacking.prompt_id}: no cost of {lacking.model} was recorded\n  wanted  cost_usd for each answer; "
            "what agreement saves cannot be said without"
        )
    costs = np.array([outcome.cost_usd for outcome in outcomes], dtype=np.float64)
    return Tried(quality=np.array([outcome.score for outcome in outcomes]), cost=costs)


def _agree(one_key: str, other_key: str, one: Outcome, other: Outcome) -> bool:
    return one_key == other_key if one_key and other_key else same(said(one), said(other))


def _cost(model: Tried) -> Floats:
    assert model.cost is not None, "`tried_by` has seen to it"
    return model.cost


def _ratio(above: Floats, below: Floats) -> Statistic:
    """The quotient of two means; nan where there is nothing to divide by."""

    def ratio(weights: Floats) -> Floats:
        divisor = weights @ below
        return np.where(divisor > 0, weights @ above / np.where(divisor > 0, divisor, 1.0), np.nan)

    return ratio
