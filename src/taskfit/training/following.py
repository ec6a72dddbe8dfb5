"""How policies that were fitted elsewhere are followed through a table of outcomes, by the names of its models."""

from collections.abc import Mapping, Sequence

import msgspec

from taskfit.errors import ConfigurationError
from taskfit.training.policies import Stage, Way
from taskfit.values.policy import Policy
from taskfit.values.task import rung_of


def ways_of(policies: Sequence[Policy], models: Sequence[str]) -> tuple[Way, ...]:
    """Errors: ConfigurationError for a rung that these models cannot make."""
    place_of = {model: place for place, model in enumerate(models)}
    return tuple([_way(policy, place_of) for policy in policies])


def _way(policy: Policy, place_of: Mapping[str, int]) -> Way:
    stages = [_stage(name, place_of, policy) for name in policy.rungs]
    bars = (*policy.bars, *([None] * (len(policy.rungs) - 1 - len(policy.bars))))
    gated = [_gated(stage, bar) for stage, bar in zip(stages[:-1], bars, strict=True)]
    return Way(policy=policy, stages=(*gated, msgspec.structs.replace(stages[-1], gate="none")))


def _stage(name: str, place_of: Mapping[str, int], policy: Policy) -> Stage:
    """Models are called in the order of the id. What was recorded of a rung as a whole may bear its id as well."""
    rung = rung_of(name)
    if rung.form != "single" and all(model in place_of for model in rung.models):
        places = tuple([place_of[model] for model in rung.models])
        if rung.form == "agree":
            return Stage(models=places, gate="agreement")
        if rung.first_to is not None:
            return Stage(models=places, gate="votes", first_to=rung.first_to)
    if name in place_of:
        return Stage(models=(place_of[name],))
    raise ConfigurationError(f"the policy {policy.id} cannot be followed: these outcomes have no {name}")


def _gated(stage: Stage, bar: float | None) -> Stage:
    """A single model's answer goes by the bar, or by the check."""
    if len(stage.models) > 1:
        return stage
    return msgspec.structs.replace(stage, gate="check" if bar is None else "bar", bar=bar)
