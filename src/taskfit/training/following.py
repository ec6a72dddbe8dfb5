"""How policies that were fitted elsewhere are followed through a table of outcomes, by the names of its models."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from taskfit.errors import ConfigurationError
from taskfit.training.policies import Stage, Way
from taskfit.values.policy import Policy
from taskfit.values.task import Rung

MOST_MEMBERS = 3


def ways_of(policies: Sequence[Policy], models: Sequence[str]) -> tuple[Way, ...]:
    """Errors: ConfigurationError for a rung that these models cannot make."""
    members = _members(models)
    return tuple([_way(policy, members) for policy in policies])


def _way(policy: Policy, members: Mapping[str, tuple[int, ...]]) -> Way:
    unknown = [rung for rung in policy.rungs if rung not in members]
    if unknown:
        raise ConfigurationError(f"the policy {policy.id} cannot be followed: these outcomes have no {unknown[0]}")
    bars = (*policy.bars, *([None] * (len(policy.rungs) - 1 - len(policy.bars))))
    stages = [_gated(members[rung], bar) for rung, bar in zip(policy.rungs[:-1], bars, strict=True)]
    return Way(policy=policy, stages=(*stages, Stage(models=members[policy.rungs[-1]])))


def _gated(models: tuple[int, ...], bar: float | None) -> Stage:
    if len(models) > 1:
        return Stage(models=models, gate="agreement")
    return Stage(models=models, gate="check") if bar is None else Stage(models=models, gate="bar", bar=bar)


def _members(models: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """The places of the models of each rung that there could be, by its id."""
    found: dict[str, tuple[int, ...]] = {model: (place,) for place, model in enumerate(models)}
    for count in range(2, MOST_MEMBERS + 1):
        for places in combinations(range(len(models)), count):
            found[Rung(models=tuple([models[place] for place in places]), form="agree").id] = places
    return found
