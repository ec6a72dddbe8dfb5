"""Which variables a condition reads, and which it may. Knows no value."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

import msgspec

from taskfit.rules import syntax
from taskfit.rules.syntax import Tree
from taskfit.rules.tokens import BadCondition

Keys: TypeAlias = tuple[str | int, ...]


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """A variable with the members that are named after it: `buyer.state` is ("buyer", "state"), `lines[0]` ("lines", 0).

    `start` counts characters of the condition from 0.
    """

    keys: Keys
    start: int

    def __str__(self) -> str:
        return "".join([f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.keys])[1:]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The variables that a condition may read: names with their members (none: any). `is_open`: other names may be there too."""

    members: Mapping[str, Collection[str]]
    is_open: bool = False

    def check(self, path: Path) -> None:
        """Errors: BadCondition for a variable, or a member of a known one, that there never is."""
        name, *rest = path.keys
        if name not in self.members and not self.is_open:
            raise _unknown(path, str(name), self.members)
        known = self.members.get(str(name), ())
        if known and rest and rest[0] not in known:
            raise _unknown(path, f"{name}.{rest[0]}", [f"{name}.{member}" for member in known])


def paths_of(tree: Tree) -> tuple[Path, ...]:
    """Every variable that is read, once, in the order of the text; as far as its members are written out."""
    found = {path.keys: path for path in reversed(list(_read(tree, frozenset())))}
    return tuple(sorted(found.values(), key=lambda path: path.start))


def value_at(keys: Keys, variables: Mapping[str, Any]) -> Any:
    """What stands at a path. Errors: LookupError where nothing does."""
    value: Any = dict(variables)
    for key in keys:
        if not isinstance(value, dict if isinstance(key, str) else (list, tuple)):
            raise LookupError(key)
        value = value[key]  # type: ignore[index]  # the kind of the key goes with that of the value
    return value


def _unknown(path: Path, name: str, valid: Collection[str]) -> BadCondition:
    close = get_close_matches(name, valid, n=1, cutoff=0.5)
    wanted = f"one of: {', '.join(sorted(valid))}"
    return BadCondition(path.start, found=f"the unknown variable {name}", wanted=wanted, try_=close[0] if close else "")


def _read(tree: Tree, bound: frozenset[str]) -> Iterator[Path]:
    match tree:
        case syntax.Name(name=name, start=start):
            if name not in bound:
                yield Path(keys=(name,), start=start)
        case syntax.Chain(head=syntax.Name(name=name), start=start) if name not in bound:
            yield Path(keys=(name, *_keys(tree)), start=start)
            yield from _read_steps(tree, bound)
        case syntax.Chain(head=head):
            yield from _read(head, bound)
            yield from _read_steps(tree, bound)
        case _:
            for part in syntax.parts_of(tree):
                yield from _read(part, bound)


def _read_steps(tree: syntax.Chain, bound: frozenset[str]) -> Iterator[Path]:
    for step in tree.steps:
        match step:
            case syntax.Macro(name=name, body=body, where=where):
                for part in (body,) if where is None else (where, body):
                    yield from _read(part, bound | {name})
            case syntax.Item(key=key):
                yield from _read(key, bound)
            case syntax.Method(arguments=arguments):
                for argument in arguments:
                    yield from _read(argument, bound)
            case syntax.Member():
                pass


def _keys(tree: syntax.Chain) -> Iterator[str | int]:
    for step in tree.steps:
        match step:
            case syntax.Member(name=name):
                yield name
            case syntax.Item(key=syntax.Literal(value=str() | int() as key)) if not isinstance(key, bool):
                yield key
            case _:
                return
