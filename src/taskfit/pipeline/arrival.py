"""A request that has come in, as conditions see it: the request itself, the time, and how the models are doing.

Knows neither tasks nor ladders. Conditions are compiled once and remembered by their text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from taskfit.pipeline.house import House
from taskfit.pipeline.surroundings import Surroundings
from taskfit.rules.conditions import Condition, Decision, compile_condition
from taskfit.rules.requests import arrival_variables
from taskfit.values.condition import Condition as Live
from taskfit.values.profile import Profile
from taskfit.values.request import Request


class Reads(msgspec.Struct, frozen=True, kw_only=True):
    """What a condition reads: members of the request, names of its headers in lower case, models of `live` as they are written."""

    request: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    live: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class Arrival:
    """One request, with what a condition over it may read besides."""

    request: Request
    profile: Profile
    house: House
    surroundings: Surroundings

    def decide(self, text: str) -> Decision:
        """What a condition comes to now."""
        reads = reads_of(text)
        variables = arrival_variables(
            self.request, self.profile, reads=reads.request, at=self.surroundings.clock.time(), live=self._live(reads.live)
        )
        return compiled(text).decide(variables)

    def _live(self, names: tuple[str, ...]) -> Mapping[str, Live | None]:
        """How models are doing, by the names that the condition calls them; None where nothing is known."""
        if not names:
            return {}
        known = self.surroundings.conditions.current()
        models = {name: self.house.aliases.get(name, name) for name in names}
        return {name: known.get(model) or known.get(f"{model.partition('/')[0]}/") for name, model in models.items()}


@lru_cache(maxsize=256)
def compiled(text: str) -> Condition:
    """The condition of a text that was read with the configuration."""
    return compile_condition(text)


@lru_cache(maxsize=256)
def reads_of(text: str) -> Reads:
    """What the condition of a text reads."""
    paths = [path.keys for path in compiled(text).paths]
    of_request = [keys for keys in paths if keys[0] == "request"]
    return Reads(
        request=frozenset([str(keys[1]) for keys in of_request if len(keys) > 1]),
        headers=frozenset([str(keys[2]) for keys in of_request if len(keys) > 2 and keys[1] == "headers"]),
        live=tuple(dict.fromkeys([str(keys[1]) for keys in paths if keys[0] == "live" and len(keys) > 1])),
    )


def why_undecided(text: str, decision: Decision) -> str:
    """What keeps a condition from being decided, for a person, in words that are those of the condition: never a value."""
    if not decision.absent:
        return decision.problem
    written = " ".join(text.split()).replace("'", '"')
    return f"{decision.absent} is missing" if decision.absent in written else "something that it reads is missing"
