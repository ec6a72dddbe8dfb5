"""One run of a program, and the macros that go through a list in it: `all`, `exists`, `exists_one`, `filter`, `map`.

Knows no syntax but the weight of its parts. Every member that a macro visits is paid for, so that macros within macros over long
lists end early.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from taskfit.rules import syntax
from taskfit.rules.quantities import LISTS, Exhausted, Purse, Undecided, kind_of
from taskfit.rules.syntax import Tree


@dataclass(slots=True)
class Run:
    """One run of a program. `bound` are the values of the macros' names, by depth; `example` is a member of a list for which
    an `all` did not hold, with its place."""

    variables: Mapping[str, Any]
    purse: Purse
    bound: list[Any]
    example: tuple[str, Any] | None = None


Program: TypeAlias = Callable[[Run], Any]
Truth: TypeAlias = Callable[[Run], bool]
Reach: TypeAlias = Callable[[Run, Any], Any]


@dataclass(slots=True, frozen=True)
class Loop:
    """A macro's way through a list, or through the keys of a mapping. Each member costs `price` steps."""

    depth: int
    price: int
    said: str
    body: Program
    where: Truth | None

    def _members(self, run: Run, value: Any) -> Any:
        if type(value) in LISTS or isinstance(value, dict):
            return value
        raise Undecided(f"{self.said} is {kind_of(value)}, not a list")

    def all(self, run: Run, value: Any) -> bool:
        """Whether it holds for all; a member that cannot be decided counts only when no other one decides."""
        spend, price, bound, depth = run.purse.spend, self.price, run.bound, self.depth
        problem: Undecided | None = None
        for place, member in enumerate(self._members(run, value)):
            spend(price)
            bound[depth] = member
            try:
                if not self.body(run):
                    run.example = (f"{self.said}[{place}]", member)
                    return False
            except Exhausted:
                raise
            except Undecided as undecided:
                problem = problem or undecided
        if problem is not None:
            raise problem
        return True

    def exists(self, run: Run, value: Any) -> bool:
        """Whether it holds for one; as for `all`."""
        spend, price, bound, depth = run.purse.spend, self.price, run.bound, self.depth
        problem: Undecided | None = None
        for member in self._members(run, value):
            spend(price)
            bound[depth] = member
            try:
                if self.body(run):
                    return True
            except Exhausted:
                raise
            except Undecided as undecided:
                problem = problem or undecided
        if problem is not None:
            raise problem
        return False

    def exists_one(self, run: Run, value: Any) -> bool:
        """Whether it holds for exactly one."""
        return len(self.filter(run, value)) == 1

    def filter(self, run: Run, value: Any) -> list[Any]:
        """Those for which it holds."""
        spend, price, bound, depth = run.purse.spend, self.price, run.bound, self.depth
        kept = []
        for member in self._members(run, value):
            spend(price)
            bound[depth] = member
            if self.body(run):
                kept.append(member)
        return kept

    def map(self, run: Run, value: Any) -> list[Any]:
        """What the body makes of each, or of each for which `where` holds."""
        spend, price, bound, depth = run.purse.spend, self.price, run.bound, self.depth
        made = []
        for member in self._members(run, value):
            spend(price)
            bound[depth] = member
            if self.where is None or self.where(run):
                made.append(self.body(run))
        return made


def weight(tree: Tree) -> int:
    """How many parts a tree has: about what running it costs. What a macro in it visits is paid for when it runs."""
    own = 3 * len(tree.rest) if isinstance(tree, syntax.Sum) else 3
    steps = sum(map(_step_weight, tree.steps)) if isinstance(tree, syntax.Chain) else 0
    return own + steps + sum(map(weight, syntax.parts_of(tree)))


def _step_weight(step: syntax.Step) -> int:
    match step:
        case syntax.Member() | syntax.Macro():
            return 3
        case syntax.Item(key=key):
            return 3 + weight(key)
        case syntax.Method(arguments=arguments):
            return 10 + sum(map(weight, arguments))
    assert_never(step)
