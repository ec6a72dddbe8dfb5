"""One rule of a table, and what it makes of an answer. Knows neither where rules are written nor where answers come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import msgspec

from taskfit.rules.conditions import Condition
from taskfit.rules.fields import FieldRule, Nothing, Place, find, glance, is_filled, told_missing, written
from taskfit.rules.quantities import Exhausted, Purse, Undecided
from taskfit.rules.quotations import shown

MOST_VALUES: Final = 6
NOT_SHOWN: Final = frozenset({"text", "output", "request.prompt", "request.instructions", "request.input"})
"""Whole texts, whose beginning says nothing about a rule."""

Otherwise: TypeAlias = Literal["reject", "unsure"]


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says. `holds` None: it could not be worked out. `applies` is false where its `when` does not hold.

    `found` says what was found, where it does not hold or could not be worked out; `is_too_much`: it would take too many steps.
    """

    holds: bool | None
    applies: bool = True
    found: str = ""
    is_too_much: bool = False


HOLDS: Final = Ruling(holds=True)
SKIPPED: Final = Ruling(holds=True, applies=False)


@dataclass(slots=True, frozen=True)
class Rule:
    """One rule. What it wants are `required` places, `fields` and `then`; all must be met where `when` holds."""

    name: str
    because: str = ""
    otherwise: Otherwise = "reject"
    when: Condition | None = None
    then: Condition | None = None
    fields: tuple[FieldRule, ...] = ()
    required: tuple[Place, ...] = ()

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Its `when` and its `then`, those that it has."""
        return tuple([condition for condition in (self.when, self.then) if condition is not None])

    def judge(self, variables: Mapping[str, Any], purse: Purse) -> Ruling:
        """What it makes of an answer. `variables` has the answer as `output`; fields are looked for in there."""
        if self.when is not None:
            decision = self.when.decide(variables, purse)
            if decision.holds is False or decision.absent:
                return SKIPPED
            if decision.holds is None:
                return Ruling(holds=None, found=decision.problem, is_too_much=decision.is_too_much)
        try:
            breach = self._breach(variables, purse)
        except Exhausted as exhausted:
            return Ruling(holds=None, found=str(exhausted), is_too_much=True)
        except Undecided as undecided:
            return Ruling(holds=None, found=str(undecided))
        return Ruling(holds=False, found=breach) if breach else HOLDS

    def _breach(self, variables: Mapping[str, Any], purse: Purse) -> str:
        """The first thing that is wrong; empty where nothing is."""
        document = variables["output"]
        for wanted in self.required:
            left, values = purse.left, glance(wanted, document, purse)
            if values is None or not all(map(is_filled, values)):
                purse.left = left
                breach = _unfilled(wanted, document, purse)
                if breach:
                    return breach
        for field in self.fields:
            breach = field.breach(document, purse)
            if breach:
                return breach
        return "" if self.then is None else self._unmet(self.then, variables, purse)

    def _unmet(self, then: Condition, variables: Mapping[str, Any], purse: Purse) -> str:
        decision = then.decide(variables, purse)
        if decision.holds:
            return ""
        if decision.is_too_much:
            raise Exhausted
        if decision.absent:
            return decision.problem
        if decision.holds is None:
            return _sentence(decision.problem, self._values(variables))
        example = () if decision.example is None else (decision.example,)
        return _sentence(f"{one_spaced(then.text)} does not hold", (*example, *self._values(variables)))

    def _values(self, variables: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        """What its conditions read, each once."""
        read = {path: value for condition in self.conditions for path, value in condition.values(variables)}
        return tuple([(path, value) for path, value in read.items() if path not in NOT_SHOWN])


def _unfilled(wanted: Place, document: Any, purse: Purse) -> str:
    for place, value in find(wanted, document, purse):
        if isinstance(value, Nothing):
            return told_missing(place, value)
        if not is_filled(value):
            return f"{written(place)} is {shown(value)}"
    return ""


def one_spaced(text: str) -> str:
    """A condition on one line."""
    return " ".join(text.split())


def _sentence(says: str, values: tuple[tuple[str, Any], ...]) -> str:
    if not values:
        return says
    named = [f"{path} is {shown(value)}" for path, value in values[:MOST_VALUES]]
    return f"{says}: {', '.join(named)}"
