"""A request that has come in, as conditions see it: the request itself, the time, and how the models are doing.

Knows neither tasks nor ladders. Conditions are compiled once and remembered by their text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec

from taskfit.pipeline.house import House
from taskfit.pipeline.surroundings import Surroundings
from taskfit.rules.conditions import Condition, Decision, compile_condition
from taskfit.rules.requests import arrival_members, clock_members, live_members
from taskfit.values.profile import Profile
from taskfit.values.request import Request

NOTHING: Final = frozenset[str]()


class Reads(msgspec.Struct, frozen=True, kw_only=True):
    """What a condition reads: members of the request, names of its headers, models of `live` as they are written."""

    request: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    live: tuple[str, ...] = ()


@dataclass(slots=True)
class Arrival:
    """One request, with what a condition over it may read besides."""

    request: Request
    profile: Profile
    house: House
    surroundings: Surroundings
    _reads: frozenset[str] = NOTHING
    _members: Mapping[str, Any] | None = None

    def decide(self, text: str) -> Decision:
        """What a condition comes to now."""
        reads = reads_of(text)
        variables = {
            "request": self._request_members(reads.request),
            "now": clock_members(self.surroundings.clock.time()),
            "live": self._live(reads.live),
        }
        return compiled(text).decide(variables)

    def _request_members(self, wanted: frozenset[str]) -> Mapping[str, Any]:
        """Those of the request, worked out once as long as nothing more is read."""
        if self._members is None or not wanted <= self._reads:
            self._reads |= wanted
            self._members = arrival_members(self.request, self.profile, reads=self._reads)
        return self._members

    def _live(self, names: tuple[str, ...]) -> Mapping[str, Mapping[str, Any]]:
        """How models are doing, by the names that the condition calls them."""
        if not names:
            return {}
        known = self.surroundings.conditions.current()
        models = {name: self.house.aliases.get(name, name) for name in names}
        found = {name: known.get(model) or known.get(f"{model.partition('/')[0]}/") for name, model in models.items()}
        return {name: live_members(condition) for name, condition in found.items()}


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
