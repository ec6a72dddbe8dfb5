"""How policies that were fitted elsewhere are followed through a table of outcomes, by the names of its models."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.training.policies import Stage, Way
from taskfit.values.policy import Policy
from taskfit.values.task import Rung

MOST_MEMBERS: Final = 3
_VOTE: Final = re.compile(r"vote\((?P<models>.+), first to (?P<votes>[1-9][0-9]?)\)")


def ways_of(policies: Sequence[Policy], models: Sequence[str]) -> tuple[Way, ...]:
    """Errors: ConfigurationError for a rung that these models cannot make."""
    stages = {**_stages(models), **_votes({rung for policy in policies for rung in policy.rungs}, models)}
    return tuple([_way(policy, stages) for policy in policies])


def _way(policy: Policy, stages: Mapping[str, Stage]) -> Way:
    unknown = [rung for rung in policy.rungs if rung not in stages]
    if unknown:
        raise ConfigurationError(f"the policy {policy.id} cannot be followed: these outcomes have no {unknown[0]}")
    bars = (*policy.bars, *([None] * (len(policy.rungs) - 1 - len(policy.bars))))
    gated = [_gated(stages[rung], bar) for rung, bar in zip(policy.rungs[:-1], bars, strict=True)]
    return Way(policy=policy, stages=(*gated, msgspec.structs.replace(stages[policy.rungs[-1]], gate="none")))


def _gated(stage: Stage, bar: float | None) -> Stage:
    """A single model's answer goes by the bar, or by the check."""
    if len(stage.models) > 1:
        return stage
    return msgspec.structs.replace(stage, gate="check" if bar is None else "bar", bar=bar)


def _stages(models: Sequence[str]) -> Mapping[str, Stage]:
    """Models, and those that must agree, by the ids of their rungs."""
    found = {model: Stage(models=(place,)) for place, model in enumerate(models)}
    for count in range(2, MOST_MEMBERS + 1):
        for places in combinations(range(len(models)), count):
            rung = Rung(models=tuple([models[place] for place in places]), form="agree")
            found[rung.id] = Stage(models=places, gate="agreement")
    return found


def _votes(rungs: Iterable[str], models: Sequence[str]) -> Mapping[str, Stage]:
    """Those of the rungs that are votes of these models, whose order is that in which they are asked."""
    place_of = {model: place for place, model in enumerate(models)}
    found = {}
    for rung in rungs:
        vote = _VOTE.fullmatch(rung)
        names = [] if vote is None else vote["models"].split(", ")
        if vote is not None and all(name in place_of for name in names):
            places = tuple([place_of[name] for name in names])
            found[rung] = Stage(models=places, gate="votes", first_to=int(vote["votes"]))
    return found
