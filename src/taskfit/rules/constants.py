"""Which constants a condition compares a variable with. Knows no value and no variable."""

from collections.abc import Iterator

import msgspec

from taskfit.rules.syntax import Chain, Comparison, List, Literal, Member, Name, Tree, parse, parts_of

EQUALITIES = ("==", "!=", "in")


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """`request.kind == "code"`: the variable with its members, and the constant, which begins at `start` of the condition."""

    keys: tuple[str, ...]
    constant: object
    start: int


def compared_with(text: str) -> tuple[Compared, ...]:
    """Every comparison for equality of a variable with a constant, or with those of a list, but for those within macros.

    Errors: BadCondition for what is no condition.
    """
    return tuple(_compared(parse(text)))


def _compared(tree: Tree) -> Iterator[Compared]:
    if isinstance(tree, Comparison) and tree.operator in EQUALITIES:
        for one, other in ((tree.left, tree.right), (tree.right, tree.left)):
            keys = _keys(one)
            for constant in _constants(other) if keys else ():
                yield Compared(keys=keys, constant=constant.value, start=constant.start)
    for part in parts_of(tree):
        yield from _compared(part)


def _keys(tree: Tree) -> tuple[str, ...]:
    """Empty for what is no variable with members that are written out."""
    if not isinstance(tree, Chain) or not isinstance(tree.head, Name):
        return ()
    members = [step.name for step in tree.steps if isinstance(step, Member)]
    return (tree.head.name, *members) if len(members) == len(tree.steps) else ()


def _constants(tree: Tree) -> Iterator[Literal]:
    parts = tree.items if isinstance(tree, List) else (tree,)
    for part in parts:
        if isinstance(part, Literal):
            yield part
