"""A tree as a program: nested closures, made once and run often. Knows neither where a value comes from nor what it decides.

Where the CEL specification leaves nothing to choose, it is followed: `&&` and `||` pass over an error in one part when another
part decides, so do `all` and `exists`; values of two kinds are never equal. What differs is numbers (see quantities.py), and
that a member of something that is no mapping is absent, since a model may write anything.
"""

from difflib import get_close_matches
from typing import Any, Final, assert_never

from taskfit.rules import syntax
from taskfit.rules.functions import FUNCTIONS
from taskfit.rules.macros import Loop, Program, Reach, Run, Truth, weight
from taskfit.rules.patterns import BadPattern, compile_part
from taskfit.rules.quantities import (
    CHARS_PER_STEP,
    EXACT,
    LISTS,
    Absent,
    Exhausted,
    Undecided,
    compute,
    is_equal,
    is_in,
    is_less,
    kind_of,
    number,
)
from taskfit.rules.syntax import Operation, Tree
from taskfit.rules.tokens import BadCondition

DEEPEST_MACROS: Final = 3
"""Macros within macros."""
LONGEST_SAID: Final = 60
SAID_ELSEWHERE: Final = {
    "len": "size", "length": "size", "count": "size", "any": "exists", "every": "all", "some": "exists", "forall": "all",
    "regex": "matches", "match": "matches", "includes": "contains", "startswith": "startsWith", "endswith": "endsWith",
    "float": "double", "number": "double", "str": "string", "date": "timestamp", "unique": "distinct",
    "gtin": "ean", "upc": "ean", "strip": "trim", "tolower": "lower", "toupper": "upper",
}  # fmt: skip
"""What other languages call a function."""


class Builder:
    """Makes programs of one condition's text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._bound: list[str] = []

    def build(self, tree: Tree) -> Program:
        """The program of a tree. Errors: BadCondition for an unknown function, a wrong number of arguments, a bad pattern."""
        match tree:
            case syntax.Literal(value=value):
                return _constant(value)
            case syntax.Name():
                return self._name(tree)
            case syntax.Chain():
                return self._chain(tree)
            case syntax.Call(function=function, arguments=arguments, start=start):
                return self._call(function, arguments, at=start)
            case syntax.Has(of=of):
                return _has(self.build(of))
            case syntax.List(items=items):
                return _list([self.build(item) for item in items])
            case syntax.Map(entries=entries):
                return self._map(entries)
            case _:
                return self._operation(tree)

    def _operation(self, tree: Operation) -> Program:
        match tree:
            case syntax.Not(of=of):
                return _not(self.truth(of))
            case syntax.Minus(of=of):
                return _minus(self.build(of), self.said(of))
            case syntax.Logic(operator=operator, parts=parts):
                return _logic([self.truth(part) for part in parts], decides=operator == "||")
            case syntax.Comparison():
                return self._comparison(tree)
            case syntax.Sum():
                return self._sum(tree)
            case syntax.Choice(condition=condition, one=one, other=other):
                return _choice(self.truth(condition), self.build(one), self.build(other))
        assert_never(tree)

    def said(self, tree: Tree) -> str:
        """What the condition calls a part of it, shortened."""
        written = " ".join(self._text[tree.start : tree.end].split())
        return written if len(written) <= LONGEST_SAID else f"{written[:LONGEST_SAID]}…"

    def truth(self, tree: Tree) -> Truth:
        """A part that must be true or false."""
        program, said = self.build(tree), self.said(tree)
        if isinstance(tree, syntax.Comparison | syntax.Logic | syntax.Not | syntax.Has):
            return program  # it cannot be anything else

        def run_truth(run: Run) -> bool:
            value = program(run)
            if isinstance(value, bool):
                return value
            raise Undecided(f"{said} is {kind_of(value)}, not true or false")

        return run_truth

    def _name(self, tree: syntax.Name) -> Program:
        name = tree.name
        depth = self._depth_of(name)
        if depth >= 0:
            return lambda run: run.bound[depth]

        def run_name(run: Run) -> Any:
            try:
                return run.variables[name]
            except KeyError:
                raise Absent(name) from None

        return run_name

    def _chain(self, tree: syntax.Chain) -> Program:
        head = self.build(tree.head)
        reaches = [self._reach(tree, place) for place in range(len(tree.steps))]
        if len(reaches) == 1:
            reach = reaches[0]
            if isinstance(tree.head, syntax.Name) and isinstance(tree.steps[0], syntax.Member):
                return self._member_of_name(tree.head.name, tree.steps[0].name, otherwise=lambda run: reach(run, head(run)))
            return lambda run: reach(run, head(run))

        def run_chain(run: Run) -> Any:
            value = head(run)
            for reach in reaches:
                value = reach(run, value)
            return value

        return run_chain

    def _member_of_name(self, name: str, member: str, *, otherwise: Program) -> Program:
        """What most conditions read, `buyer.state`; `otherwise` says why where it is not there."""
        depth = self._depth_of(name)

        def run_member(run: Run) -> Any:
            try:
                return run.variables[name][member]
            except (KeyError, TypeError, IndexError):
                return otherwise(run)

        def run_bound_member(run: Run) -> Any:
            try:
                return run.bound[depth][member]
            except (KeyError, TypeError, IndexError):
                return otherwise(run)

        return run_member if depth < 0 else run_bound_member

    def _depth_of(self, name: str) -> int:
        """At which depth a macro binds the name; -1 for a variable."""
        return len(self._bound) - 1 - self._bound[::-1].index(name) if name in self._bound else -1

    def _reach(self, tree: syntax.Chain, place: int) -> Reach:
        step = tree.steps[place]
        start = self._text[tree.start : tree.steps[place - 1].end if place else tree.head.end]
        before = " ".join(start.split())[-LONGEST_SAID:]
        match step:
            case syntax.Member(name=name):
                return _member(name, before)
            case syntax.Item(key=key):
                return _item(self.build(key), before)
            case syntax.Method(function=function, arguments=arguments, at=at):
                return self._method(function, arguments, before, at=at)
            case syntax.Macro():
                return self._macro(step, before)
        assert_never(step)

    def _call(self, function: str, arguments: tuple[Tree, ...], *, at: int) -> Program:
        if not arguments:
            self._refuse_call(function, 0, at=at)
        first, said = self.build(arguments[0]), self.said(arguments[0])
        reach = self._method(function, arguments[1:], said, at=at)
        return lambda run: reach(run, first(run))

    def _method(self, function: str, arguments: tuple[Tree, ...], said: str, *, at: int) -> Reach:
        if function == "matches":
            return self._matches(arguments, said, at=at)
        self._refuse_call(function, 1 + len(arguments), at=at)
        body = FUNCTIONS[function].body
        programs = [self.build(argument) for argument in arguments]
        if not programs:
            return lambda run, value: body(run.purse, said, value)
        return lambda run, value: body(run.purse, said, value, *[program(run) for program in programs])

    def _refuse_call(self, function: str, count: int, *, at: int) -> None:
        known = FUNCTIONS.get(function)
        if known is None:
            valid = [*FUNCTIONS, "matches", "has", *syntax.MACROS]
            close = get_close_matches(function, valid, n=1)
            try_ = SAID_ELSEWHERE.get(function.lower(), close[0] if close else "")
            raise BadCondition(at, found=f"an unknown function {function}", wanted="a function that conditions have", try_=try_)
        if not known.least <= count <= known.most:
            wanted = str(known.least) if known.least == known.most else f"{known.least} to {known.most}"
            raise BadCondition(at, found=f"{function} of {count} values", wanted=f"{function} of {wanted}")

    def _matches(self, arguments: tuple[Tree, ...], said: str, *, at: int) -> Reach:
        match arguments:
            case (syntax.Literal(value=str() as pattern),):
                pass
            case _:
                wanted = "a pattern that is written out"
                raise BadCondition(at, found="matches without one", wanted=wanted, try_='matches(order.id, "^[A-Z]{2}[0-9]+$")')
        try:
            test = compile_part(pattern)
        except BadPattern as error:
            raise BadCondition(arguments[0].start, found=f"a bad pattern: {error}", wanted="a pattern in RE2's syntax") from error

        def reach_matches(run: Run, value: Any) -> bool:
            if not isinstance(value, str):
                raise Undecided(f"{said} is {kind_of(value)}, not text")
            run.purse.spend(20 + len(value) // CHARS_PER_STEP)
            return test(value)

        return reach_matches

    def _macro(self, step: syntax.Macro, before: str) -> Reach:
        if len(self._bound) >= DEEPEST_MACROS:
            wanted = f"at most {DEEPEST_MACROS} within each other"
            raise BadCondition(step.end - 1, found=f"{step.macro} within {DEEPEST_MACROS} others", wanted=wanted)
        depth = len(self._bound)
        self._bound.append(step.name)
        body = self.build(step.body) if step.macro == "map" else self.truth(step.body)
        where = None if step.where is None else self.truth(step.where)
        self._bound.pop()
        price = weight(step.body) + (0 if step.where is None else weight(step.where))
        loop = Loop(depth=depth, price=price, said=before, body=body, where=where)
        match step.macro:
            case "all":
                return loop.all
            case "exists":
                return loop.exists
            case "filter":
                return loop.filter
            case "map":
                return loop.map
            case _:
                return loop.exists_one

    def _map(self, entries: tuple[tuple[Tree, Tree], ...]) -> Program:
        for key, _ in entries:
            if not isinstance(key, syntax.Literal) or not isinstance(key.value, str):
                raise BadCondition(key.start, found=self.said(key), wanted='a key as text, such as {"KA": 29}')
        programs = [(self.build(key), self.build(value)) for key, value in entries]
        return lambda run: {key(run): value(run) for key, value in programs}

    def _comparison(self, tree: syntax.Comparison) -> Program:
        left, right = self.build(tree.left), self.build(tree.right)
        said = self.said(tree.left), self.said(tree.right)
        match tree.operator:
            case "==" if isinstance(tree.right, syntax.Literal) and isinstance(tree.right.value, str):
                return _is_text(left, tree.right.value)
            case "==":
                return lambda run: is_equal(left(run), right(run), run.purse)
            case "!=":
                return lambda run: not is_equal(left(run), right(run), run.purse)
            case "in":
                return lambda run: is_in(left(run), right(run), said=said[1], purse=run.purse)
            case "<":
                return lambda run: is_less(left(run), right(run), said=said, purse=run.purse)
            case ">=":
                return lambda run: not is_less(left(run), right(run), said=said, purse=run.purse)
            case ">":
                return lambda run: is_less(right(run), left(run), said=said[::-1], purse=run.purse)
            case _:
                return lambda run: not is_less(right(run), left(run), said=said[::-1], purse=run.purse)

    def _sum(self, tree: syntax.Sum) -> Program:
        first = self.build(tree.first)
        rest = []
        before = self.said(tree.first)
        for operator, part in tree.rest:
            rest.append((operator, self.build(part), (before, self.said(part))))
            before = " ".join(self._text[tree.first.start : part.end].split())[-LONGEST_SAID:]

        def run_sum(run: Run) -> Any:
            value = first(run)
            for operator, program, said in rest:
                value = compute(operator, value, program(run), said=said, purse=run.purse)
            return value

        return run_sum


def _constant(value: object) -> Program:
    return lambda _: value


def _is_text(program: Program, text: str) -> Truth:
    """Whether it is a text that is written out, which costs nothing."""

    def run_is_text(run: Run) -> bool:
        value = program(run)
        return isinstance(value, str) and value == text

    return run_is_text


def _has(program: Program) -> Program:
    def run_has(run: Run) -> bool:
        try:
            program(run)
        except Absent:
            return False
        return True

    return run_has


def _list(programs: list[Program]) -> Program:
    return lambda run: [program(run) for program in programs]


def _not(truth: Truth) -> Truth:
    return lambda run: not truth(run)


def _minus(program: Program, said: str) -> Program:
    return lambda run: -value if isinstance(value := number(program(run), said), int) else EXACT.minus(value)


def _logic(truths: list[Truth], *, decides: bool) -> Truth:
    """All or any of the parts; `decides` is the truth of one part that settles it."""

    def run_logic(run: Run) -> bool:
        problem: Undecided | None = None
        for truth in truths:
            try:
                if truth(run) is decides:
                    return decides
            except Exhausted:
                raise
            except Undecided as undecided:
                problem = problem or undecided
        if problem is not None:
            raise problem
        return not decides

    return run_logic


def _choice(condition: Truth, one: Program, other: Program) -> Program:
    return lambda run: one(run) if condition(run) else other(run)


def _member(name: str, before: str) -> Reach:
    path = f"{before}.{name}"

    def reach_member(_: Run, value: Any) -> Any:
        try:
            return value[name]
        except KeyError:
            raise Absent(path) from None
        except (TypeError, IndexError):
            raise Absent(path, f"{before} is {kind_of(value)}") from None

    return reach_member


def _item(key: Program, before: str) -> Reach:
    def reach_item(run: Run, value: Any) -> Any:
        wanted = key(run)
        if isinstance(value, dict):
            if isinstance(wanted, str) and wanted in value:
                return value[wanted]
            raise Absent(f'{before}["{wanted}"]' if isinstance(wanted, str) else f"{before}[{wanted}]")
        if type(value) not in LISTS:
            raise Absent(f"{before}[{wanted}]", f"{before} is {kind_of(value)}")
        place = number(wanted, "the place in a list")
        if not 0 <= place < len(value):
            raise Absent(f"{before}[{place}]", f"{before} has {len(value)}")
        if place != int(place):
            raise Undecided(f"{before}[{place}] is no place in a list")
        return value[int(place)]

    return reach_item
