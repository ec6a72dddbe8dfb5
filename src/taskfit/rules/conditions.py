"""Conditions that people write, in CEL: compiled once, worked out often, never for long. Knows neither checks nor ladders.

An answer is data, and may be made to keep a rule busy: steps are counted, and a condition that takes too many is undecided.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from taskfit.rules.macros import Run, Truth
from taskfit.rules.paths import Path, Scope, paths_of, value_at
from taskfit.rules.programs import DEEPEST_MACROS, Builder
from taskfit.rules.quantities import Absent, Exhausted, Purse, Undecided
from taskfit.rules.requests import REQUEST
from taskfit.rules.syntax import parse

MOST_STEPS: Final = 50_000
"""Steps of one condition: some 5 ms of one core."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a condition comes to. `holds` None: undecided, and `problem` says why; `absent` is then the path of what is missing.

    `is_too_much`: it was given up for the steps that it would take. `example` is a member, with its place, of a list for which
    an `all` did not hold.
    """

    holds: bool | None
    problem: str = ""
    absent: str = ""
    is_too_much: bool = False
    example: tuple[str, Any] | None = None


HOLDS: Final = Decision(holds=True)


@dataclass(slots=True, frozen=True)
class Condition:
    """One compiled condition. `paths` are the variables that it reads."""

    text: str
    paths: tuple[Path, ...]
    _program: Truth

    def decide(self, variables: Mapping[str, Any], purse: Purse | None = None) -> Decision:
        """Work it out, with the steps of a purse (default: MOST_STEPS).

        Values are JSON's: None, bool, int, float or Decimal, str, list or tuple, dict with text keys.
        """
        purse = Purse(MOST_STEPS) if purse is None else purse
        run = Run(variables=variables, purse=purse, bound=[None] * DEEPEST_MACROS)
        try:
            holds = self._program(run)
        except Absent as absent:
            return Decision(holds=None, problem=str(absent), absent=absent.path)
        except Undecided as undecided:
            return Decision(holds=None, problem=str(undecided), is_too_much=isinstance(undecided, Exhausted))
        return HOLDS if holds else Decision(holds=False, example=run.example)

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether it holds; what is undecided does not."""
        return self.decide(variables).holds is True

    def values(self, variables: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        """What it reads and what stands there, for the variables that are there."""
        found = []
        for path in self.paths:
            try:
                found.append((str(path), value_at(path.keys, variables)))
            except LookupError:
                pass  # it is missing, which the decision says
        return tuple(found)


def compile_condition(text: str, scope: Scope = REQUEST) -> Condition:
    """A condition over the variables of a scope; without one, over `request` (see requests.py).

    Errors: BadCondition, a ValueError, with the character, what was found, what was wanted and what to try.
    """
    tree = parse(text)
    paths = paths_of(tree)
    for path in paths:
        scope.check(path)
    return Condition(text=text, paths=paths, _program=Builder(text).truth(tree))
