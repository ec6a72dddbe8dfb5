"""Which policies there are over some models, and what each would have made of each prompt, by what was recorded.

Policies are single models; pairs and triples of cheap models that must agree, with a model behind them; triples of which two must
agree, the dearest being asked where the others differ, with a model behind them; models whose recorded confidence must reach a
bar, with a model behind them; and models whose answer a check must accept, with a model behind them. All calls are paid. The
number of policies is bounded, whatever the number of models. Fits nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Final, Literal, TypeAlias

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.numerics import Booleans, Floats, Integers, np
from taskfit.outcomes.matrix import NO_ANSWER, OutcomeTable
from taskfit.training.call_keys import keyed_by_calls
from taskfit.training.frontier import hull, quality_at
from taskfit.training.voting import votes_of
from taskfit.values.policy import Policy
from taskfit.values.task import Rung

Gate: TypeAlias = Literal["none", "agreement", "votes", "bar", "check"]
"""What an answer must pass to be accepted."""

Followed: TypeAlias = tuple[Floats, Floats, Floats]
"""Quality, cost and latency of one policy. Shapes: each (prompts,)."""

MOST_MODELS: Final = 12
"""Of more models, cascades are made of those that stand nearest to the frontier of single ones."""

ANSWERED: Final = 0.5
"""A model's answers, confidences or verdicts are used where they are known for at least this share of the prompts."""

BARS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of the answers that stand below the bars that are tried."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Models, by their place, that are called at once, and what their answer must pass. `bar` for the gate of that name,
    and for the share of the votes that the commonest answer must have, where so many votes are not enough.
    `first_to`: no more are called than it takes until one answer has so many votes."""

    models: tuple[int, ...]
    gate: Gate = "none"
    bar: float | None = None
    first_to: int | None = None


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A policy, and how to follow it through a table of outcomes. The last stage has no gate."""

    policy: Policy
    stages: tuple[Stage, ...]


class Trials(msgspec.Struct, frozen=True, kw_only=True):
    """What models made of prompts, costs without gaps, and what a check says of each answer: 1 accepted, 0 rejected, nan unknown.

    Shapes: verdicts (prompts, models).
    """

    table: OutcomeTable
    cost_usd: Floats
    verdicts: Floats | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What policies made of prompts. Shapes: (prompts, policies), quality nan where an outcome that is needed is not known.
    Units: score 0 to 1; USD; seconds, nan where not known."""

    quality: Floats
    cost_usd: Floats
    latency_s: Floats


def trials_of(table: OutcomeTable, *, verdicts: Floats | None = None) -> Trials:
    """Costs that lack are taken to be the mean of the model's, and logarithms of probabilities become probabilities. Errors:
    ConfigurationError where all costs of a model lack, though those of others are known; where none is known at all, calls cost
    nothing."""
    table = _with_probabilities(keyed_by_calls(table))
    is_known: Booleans = ~np.isnan(table.cost_usd)
    if not is_known.any():
        return Trials(table=table, cost_usd=np.zeros(table.cost_usd.shape), verdicts=verdicts)
    counts: Integers = is_known.sum(axis=0)
    lacking = [model for model, count in zip(table.models, counts.tolist(), strict=True) if not count]
    if lacking:
        raise ConfigurationError(
            f"no cost of {', '.join(lacking)} is known\n  wanted  cost_usd for each answer, 0 for models that cost nothing\n"
            "  try     leave those models out"
        )
    means = np.nansum(table.cost_usd, axis=0) / counts
    return Trials(table=table, cost_usd=np.where(is_known, table.cost_usd, means), verdicts=verdicts)


def every_way(trials: Trials) -> tuple[Way, ...]:
    """All policies that what was recorded allows, single models first, in the order of the table's models."""
    singles = [_way((Stage(models=(place,)),), trials.table.models) for place in range(len(trials.table.models))]
    stages = [*_agreements(trials), *_votes(trials), *_bars(trials), *_checks(trials)]
    return (*singles, *[_way(pair, trials.table.models) for pair in stages])


def follow(trials: Trials, ways: Sequence[Way]) -> Made:
    """What each policy made of each prompt."""
    shape = len(trials.table.prompts), len(ways)
    made = Made(quality=np.empty(shape), cost_usd=np.empty(shape), latency_s=np.empty(shape))
    for place, each in enumerate(follow_each(trials, ways)):
        made.quality[:, place], made.cost_usd[:, place], made.latency_s[:, place] = each
    return made


def follow_one(trials: Trials, way: Way) -> Followed:
    """See follow_each."""
    return next(follow_each(trials, (way,)))


def follow_each(trials: Trials, ways: Iterable[Way]) -> Iterator[Followed]:
    """One policy after the other. Models that are called at once take as long as the slowest. Neighbours that begin with the same
    stage share what comes of it."""
    begun: tuple[Stage, _Tried] | None = None
    for way in ways:
        if begun is None or begun[0] != way.stages[0]:
            begun = way.stages[0], _tried(trials, way.stages[0])
        yield _followed(trials, way, begun[1])


def _followed(trials: Trials, way: Way, first: "_Tried") -> Followed:
    rows = len(trials.table.prompts)
    is_open, is_unknown = np.ones(rows, dtype=np.bool_), np.zeros(rows, dtype=np.bool_)
    quality, cost, latency = np.full(rows, np.nan), np.zeros(rows), np.zeros(rows)
    for place, stage in enumerate(way.stages):
        tried = _tried(trials, stage) if place else first
        cost += np.where(is_open, tried.cost_usd, 0.0)
        latency += np.where(is_open, tried.latency_s, 0.0)
        is_unknown |= is_open & np.isnan(tried.score)
        is_accepted = is_open & tried.is_accepted
        quality[is_accepted] = tried.score[is_accepted]
        is_open &= ~is_accepted
    quality[is_unknown] = np.nan
    return quality, cost, latency


class _Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of one stage. `score` is nan where that of a model that is asked is not known. Shapes: each (prompts,)."""

    score: Floats
    cost_usd: Floats
    latency_s: Floats
    is_accepted: Booleans


def _tried(trials: Trials, stage: Stage) -> _Tried:
    return _at_once(trials, stage) if stage.first_to is None else _in_rounds(trials, stage, first_to=stage.first_to)


def _at_once(trials: Trials, stage: Stage) -> _Tried:
    places = list(stage.models)
    score = trials.table.score[:, places]
    return _Tried(
        score=np.where(np.isnan(score).any(axis=1), np.nan, score[:, 0]),
        cost_usd=trials.cost_usd[:, places].sum(axis=1),
        latency_s=trials.table.latency_s[:, places].max(axis=1),
        is_accepted=_passes(trials, stage),
    )


def _in_rounds(trials: Trials, stage: Stage, *, first_to: int) -> _Tried:
    places = list(stage.models)
    table, rows = trials.table, np.arange(len(trials.table.prompts))
    votes = votes_of(table.answers[:, places], first_to=first_to)
    asked = np.logical_or.reduce(votes.rounds)
    is_enough = votes.is_decided & (first_to >= (stage.bar or 0.0) * asked.sum(axis=1))
    score, latency_s = table.score[:, places], table.latency_s[:, places]
    return _Tried(
        score=np.where((asked & np.isnan(score)).any(axis=1), np.nan, score[rows, votes.taken]),
        cost_usd=(trials.cost_usd[:, places] * asked).sum(axis=1),
        latency_s=sum([np.where(each, latency_s, 0.0).max(axis=1) for each in votes.rounds], np.zeros(len(rows))),
        is_accepted=is_enough if stage.gate == "votes" else np.ones(len(rows), dtype=np.bool_),
    )


def _passes(trials: Trials, stage: Stage) -> Booleans:
    """Whether the answer is accepted there; what is not known is not accepted."""
    match stage.gate:
        case "agreement":
            keys = trials.table.answers[:, list(stage.models)]
            return np.asarray((keys[:, 0] != NO_ANSWER) & (keys == keys[:, :1]).all(axis=1))
        case "bar":
            assert stage.bar is not None, "the gate has one"
            return np.asarray(trials.table.confidence[:, stage.models[0]] >= stage.bar)
        case "check":
            assert trials.verdicts is not None, "the gate is used where there are verdicts"
            return np.asarray(trials.verdicts[:, stage.models[0]] == 1)
        case _:
            return np.ones(len(trials.table.prompts), dtype=np.bool_)


def _way(stages: tuple[Stage, ...], models: Sequence[str]) -> Way:
    rungs = tuple([_rung(stage, models) for stage in stages])
    bars = tuple([stage.bar for stage in stages[:-1]])
    return Way(policy=Policy(rungs=rungs, bars=bars if any(bar is not None for bar in bars) else ()), stages=stages)


def _rung(stage: Stage, models: Sequence[str]) -> str:
    members = tuple([models[place] for place in stage.models])
    if stage.first_to is not None:
        return Rung(models=members, form="vote", first_to=stage.first_to).id
    return Rung(models=members, form="agree" if stage.gate == "agreement" else "single").id


def _agreements(trials: Trials) -> Iterator[tuple[Stage, ...]]:
    finals = nearest_models(trials)
    for count in (2, 3):
        for members in combinations(_answering(trials), count):
            for final in finals:
                if final not in members:
                    yield Stage(models=members, gate="agreement"), Stage(models=(final,))


def _votes(trials: Trials) -> Iterator[tuple[Stage, ...]]:
    """The cheapest first. Without a model behind them they would be the agreement of two with the third behind it."""
    mean_cost = trials.cost_usd.mean(axis=0)
    finals = nearest_models(trials)
    for members in combinations(sorted(_answering(trials), key=lambda place: mean_cost[place]), 3):
        for final in finals:
            if final not in members:
                yield Stage(models=members, gate="votes", first_to=2), Stage(models=(final,))


def _answering(trials: Trials) -> Sequence[int]:
    """The models whose answers can be compared."""
    answers = trials.table.answers
    return [place for place in nearest_models(trials) if (answers[:, place] != NO_ANSWER).mean() >= ANSWERED]


def _bars(trials: Trials) -> Iterator[tuple[Stage, ...]]:
    finals = nearest_models(trials)
    for place in finals:
        known = trials.table.confidence[:, place]
        known = known[np.isfinite(known)]
        if len(known) < ANSWERED * len(trials.table.prompts) or not _are_probabilities(known):
            continue
        for bar in np.unique(np.quantile(known, BARS, method="higher")).tolist():
            for final in finals:
                if final != place:
                    yield Stage(models=(place,), gate="bar", bar=bar), Stage(models=(final,))


def _with_probabilities(table: OutcomeTable) -> OutcomeTable:
    """Confidences as the walk has them, which is what a bar is held against."""
    confidence = table.confidence.copy()
    for column in confidence.T:
        known = column[~np.isnan(column)]
        if (known < 0).any() and (known <= 0).all():
            column[:] = np.exp(column)
    return msgspec.structs.replace(table, confidence=confidence)


def _are_probabilities(confidence: Floats) -> bool:
    """On another scale no answer that is given could be held against a bar."""
    return bool(((confidence >= 0) & (confidence <= 1)).all())


def _checks(trials: Trials) -> Iterator[tuple[Stage, ...]]:
    if trials.verdicts is None:
        return
    finals = nearest_models(trials)
    for place in finals:
        known = trials.verdicts[:, place]
        if np.isnan(known).mean() > 1 - ANSWERED or not (known == 0).any():
            continue
        for final in finals:
            if final != place:
                yield Stage(models=(place,), gate="check"), Stage(models=(final,))


def nearest_models(trials: Trials) -> tuple[int, ...]:
    """The places of at most MOST_MODELS models, in order: those nearest below the frontier of single models."""
    table = trials.table
    if len(table.models) <= MOST_MODELS:
        return tuple(range(len(table.models)))
    quality, cost = np.nan_to_num(_means(table.score)), trials.cost_usd.mean(axis=0)
    gap = quality_at(hull(cost, quality), cost) - quality
    return tuple(sorted(np.argsort(gap, kind="stable")[:MOST_MODELS].tolist()))


def _means(values: Floats) -> Floats:
    """Means of the columns, nan where nothing is known."""
    counts = (~np.isnan(values)).sum(axis=0)
    return np.asarray(np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan))
